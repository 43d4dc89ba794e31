"""What a location holds: an OMOP CDM as files, in a DuckDB file or in a database, or stepwell's own CSV folder."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
from ibis import BaseBackend
from ibis.util import gen_name

from ..errors import Problem, SourceError
from ..knowledge.forms import Knowledge
from ..paths import file_problem, literal, shown
from .csvdir import read_csv_folder
from .csvform import FILES
from .fhir import FHIR_SUFFIXES, fhir_files, holds_fhir, open_fhir
from .files import SUFFIXES, RawTable, fingerprint, lower_columns, open_file, table_name
from .omop import REQUIRED_COLUMNS, REQUIRED_TABLES, read_omop
from .postgres import open_postgres
from .source import Source
from .spark import open_catalogue
from .vocabulary import VOCABULARY

_NEEDS = (
    "an OMOP CDM (person and drug_exposure as CSV or Parquet, or in a DuckDB file), "
    "FHIR R4 (a folder of NDJSON, a bundle, a folder of bundles), or stepwell's own folder (person.csv and medication.csv)"
)
_SHOWN = 8


def open_source(location: str | Path, con: BaseBackend, knowledge: Knowledge, vocabulary: str = "") -> Source:
    """Opens, checks and reads the records at a location. Nothing is written there.

    The record tables lie on `con`; those of more than 12,500 people on DuckDB lie in files that go with the `Source`. On a DuckDB
    connection of Ibis the location is a path; on the `tables` of a PostgreSQL engine it is a schema; on those of Spark either.
    `vocabulary` is the schema of the vocabulary tables where they have one of their own. Raises SourceError with everything that
    is wrong: no such place, no known kind of source, unreadable files, wrong headers, wrong types, missing rights.
    """
    path = Path(location)
    if con.name == "postgres":
        return open_postgres(str(location), con, knowledge, vocabulary)
    if con.name == "pyspark" and not (location and path.is_dir()):
        return open_catalogue(str(location), con, knowledge, vocabulary)
    if not str(location) or not os.path.exists(path):
        raise SourceError("The source does not exist.", [Problem(shown(location), "no such file or folder", _NEEDS)])
    if path.is_dir():
        return _open_folder(path, con, knowledge)
    if problem := file_problem(path, _NEEDS):
        raise SourceError("The source cannot be read.", [problem])
    with path.open("rb") as file:
        mark = file.read(12)[8:12]
    if mark == b"DUCK":
        return _open_database(path, con, knowledge)
    if _is_text_of_fhir(path):
        return open_fhir(path, con, knowledge)
    raise SourceError(
        "This is no source that stepwell can read.",
        [
            Problem(
                path.name, "a single file that is no DuckDB database", _NEEDS, "name the folder that holds the tables"
            )
        ],
    )


def _open_folder(path: Path, con: BaseBackend, knowledge: Knowledge) -> Source:
    files = _tables_in(path)
    is_omop, is_own = "drug_exposure" in files, "medication" in files
    if is_omop and is_own:
        found = "both drug_exposure and medication"
        problem = Problem(path.name, found, "one of them", "keep OMOP tables and stepwell's own files apart")
        raise SourceError("This folder is two kinds of source at once.", [problem])
    if is_own and con.name != "duckdb":
        remedy = "leave the engine out: DuckDB reads such folders"
        problem = Problem(path.name, "a folder of stepwell's own CSV files", "an OMOP CDM", remedy)
        raise SourceError("This engine does not read such a folder.", [problem])
    if not is_own and not is_omop and "person" not in files:
        if any(map(holds_fhir, fhir_files(path))):
            return open_fhir(path, con, knowledge, {name: files[name][0] for name in VOCABULARY if name in files})
        raise SourceError("This is no source that stepwell can read.", [_unknown_folder(path)])
    problems, tables, used = [], {}, []
    for name in FILES if is_own else REQUIRED_COLUMNS:
        entries = files.get(name, [])
        if len(entries) > 1:
            names = ", ".join(e.name for e in entries)
            problems.append(
                Problem(name, f"the table is there more than once: {names}", "one file", "remove the others")
            )
        elif entries:
            known = [field.name for field in FILES[name]] if is_own else REQUIRED_COLUMNS[name]
            raw, found = open_file(con, entries[0], known, parallel=not is_own)
            problems += found
            used.append(entries[0])
            if raw is not None:
                tables[name] = raw
    if problems:
        raise SourceError(f"{len(problems)} of the files cannot be read.", problems)
    read = read_csv_folder if is_own else read_omop
    return read(tables, con, knowledge).named(path.name, str(path), fingerprint(used))


def _is_text_of_fhir(path: Path) -> bool:
    return path.name.lower().endswith(FHIR_SUFFIXES) or holds_fhir(path)


def _tables_in(path: Path) -> dict[str, list[Path]]:
    """The files and folders of parts that hold a table, by the table's name."""
    files: dict[str, list[Path]] = {}
    problems = []
    try:
        str(path).encode()
        entries = sorted(path.iterdir())
    except UnicodeEncodeError:
        problems, entries = [Problem(ascii(str(path)), "the path is not UTF-8", "a path in UTF-8", "rename it")], []
    except OSError as error:
        problems, entries = [_not_readable(path, error)], []
    for entry in entries:
        try:
            name = table_name(entry)
        except OSError as error:
            if entry.name.lower().removesuffix(".parquet") in {*FILES, *REQUIRED_COLUMNS}:
                problems.append(_not_readable(entry, error))
            continue
        if name is not None:
            files.setdefault(name, []).append(entry)
    if problems:
        raise SourceError("These records cannot be read.", problems)
    return files


def _not_readable(path: Path, error: OSError) -> Problem:
    found = f"cannot be looked into ({error.strerror or type(error).__name__})"
    return Problem(str(path), found, "a folder that this user may read", "ask for the right to read it")


def _open_database(path: Path, con: BaseBackend, knowledge: Knowledge) -> Source:
    catalog = gen_name("stepwell_source")
    try:
        con.raw_sql(f"ATTACH {literal(path.absolute())} AS {catalog} (READ_ONLY)")
        listed = con.raw_sql(
            "SELECT table_schema, table_name FROM information_schema.tables "
            f"WHERE table_catalog = '{catalog}' ORDER BY table_schema, table_name"
        ).fetchall()
    except duckdb.Error as error:
        problem = Problem(path.name, f"DuckDB cannot open the file ({type(error).__name__})", "a whole database file")
        raise SourceError("This database cannot be read.", [problem]) from None
    schemas: dict[str, dict[str, str]] = {}
    for schema, table in listed:
        schemas.setdefault(schema, {})[table.lower()] = table
    homes = [s for s, tables in schemas.items() if all(name in tables for name in REQUIRED_TABLES)]
    if len(homes) != 1:
        found = f"{len(homes)} schemas with person and drug_exposure" if homes else f"{len(listed)} tables, no CDM"
        problem = Problem(path.name, found, "one schema with the tables person and drug_exposure")
        raise SourceError("This database holds no CDM that stepwell can tell.", [problem])
    tables = {}
    for name in REQUIRED_COLUMNS:
        # Vocabularies often live in a schema of their own.
        home = next((s for s in [homes[0], *schemas] if name in schemas[s]), None)
        if home is not None and (home == homes[0] or name in ("concept", "concept_ancestor", "drug_strength")):
            rows = con.table(schemas[home][name], database=(catalog, home))
            tables[name] = RawTable(name, f"{path.name}, {home}.{schemas[home][name]}", lower_columns(rows))
    return read_omop(tables, con, knowledge).named(path.stem, str(path), fingerprint([path]))


def _unknown_folder(path: Path) -> Problem:
    names = sorted(e.name for e in path.iterdir())
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    return Problem(
        path.name,
        f"a folder with {shown}" if names else "an empty folder",
        f"{_NEEDS}; files end in {', '.join(SUFFIXES)}",
        "name the folder that holds the tables, or make an own folder with `stepwell template`",
    )
