"""An OMOP CDM that lives in a database: which schema holds it, whether it may be read, and each table in proper types.

A database declares its types, so here they must be right: a date that is kept as text is said to be of the wrong type, not read
as well as may be. Only the columns that stepwell reads are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import ibis
import pyarrow as pa
from ibis.util import gen_name

from ..errors import Problem, SourceError
from .cdm_columns import KIND_OF
from .files import RawTable
from .omop import REQUIRED_COLUMNS, REQUIRED_TABLES
from .vocabulary import VOCABULARY

_KINDS: dict[str, tuple[pa.DataType, frozenset[str], str]] = {
    "id": (pa.int64(), frozenset({"whole", "number", "text"}), "a whole number or text"),
    "whole": (pa.int64(), frozenset({"whole", "number"}), "a whole number"),
    "number": (pa.float64(), frozenset({"whole", "number"}), "a number"),
    "date": (pa.date32(), frozenset({"date"}), "a date or a timestamp"),
    "time": (pa.string(), frozenset({"date", "text"}), "a timestamp"),
    "text": (pa.string(), frozenset({"text", "whole", "number", "other"}), "text"),
}
"""What a column holds: the type it is read in, what kinds of type it may have in the database, and how to say so."""


@dataclass(frozen=True)
class StoredColumn:
    """A column as the database declares it: its own name, the name of its type, the kind that is (`whole`, `number`, `date`,
    `text`, `other`), and whether this user may read it."""

    name: str
    type: str
    kind: str
    may_be_read: bool = True


def find_home(schemas: Mapping[str, Mapping[str, str]], asked: str, where: str) -> str:
    """The schema that holds the CDM: the one asked for, or else the only one with `person` and `drug_exposure`.

    `schemas` gives for every schema its tables, by their names in lower case.
    """
    homes = [s for s, tables in schemas.items() if all(name in tables for name in REQUIRED_TABLES)]
    both = " and ".join(REQUIRED_TABLES)
    if asked:
        if asked in homes:
            return asked
        found = (
            f"the schema {asked!r} lacks {' and '.join(t for t in REQUIRED_TABLES if t not in schemas[asked])}"
            if asked in schemas
            else f"there is no schema {asked!r}"
        )
        expected = f"a schema with the tables {both}"
        remedy = f"here they are in {', '.join(map(repr, homes))}" if homes else "look up the name of the schema"
        raise SourceError("This database holds no CDM there.", [Problem(where, found, expected, remedy)])
    if len(homes) != 1:
        n_tables = sum(map(len, schemas.values()))
        found = f"{both} are in {len(homes)} schemas: {', '.join(homes)}" if homes else f"{n_tables} tables, no CDM"
        remedy = (
            "name the schema" if homes else "see that this is the right database and that this user may see its tables"
        )
        problem = Problem(where, found, f"one schema with the tables {both}", remedy)
        raise SourceError("This database holds no CDM that stepwell can tell.", [problem])
    return homes[0]


def homes_of_tables(
    schemas: Mapping[str, Mapping[str, str]], home: str, vocabulary: str, where: str
) -> dict[str, tuple[str, str]]:
    """For every table of a CDM that is there, its schema and its own name. Vocabularies often live in a schema of their own."""
    if vocabulary and "concept" not in schemas.get(vocabulary, ()):
        found = (
            f"the schema {vocabulary!r} has no table concept" if vocabulary in schemas else f"no schema {vocabulary!r}"
        )
        raise SourceError("The vocabularies are not there.", [Problem(where, found, "the schema that holds concept")])
    others = [s for s, tables in schemas.items() if s != home and "concept" in tables]
    if not vocabulary and "concept" not in schemas[home] and len(others) > 1:
        problem = Problem(
            where, f"several schemas hold vocabularies: {', '.join(others)}", "one", "name it: vocabulary=..."
        )
        raise SourceError("This database holds no vocabulary that stepwell can tell.", [problem])
    of_words = vocabulary or (home if "concept" in schemas[home] else (others or [home])[0])
    homes = {name: of_words if name in VOCABULARY else home for name in REQUIRED_COLUMNS}
    return {name: (schema, schemas[schema][name]) for name, schema in homes.items() if name in schemas[schema]}


def open_table(
    con, name: str, where: str, relation: str, columns: Iterable[StoredColumn]
) -> tuple[RawTable | None, list[Problem]]:
    """One table of a CDM as a view with the columns that stepwell reads, in the types that it reads them in.

    `relation` is the table's name as SQL says it.
    """
    known, problems, selected, schema = [], [], [], {}
    for column in columns:
        kind = KIND_OF.get(column.name.lower())
        if kind is None:
            continue
        known.append(column)
        type_, kinds, expected = _KINDS[kind]
        if not column.may_be_read:
            problems.append(_no_right(f"{where}, column {column.name}", relation))
        elif column.kind not in kinds:
            remedy = f"give stepwell a view of the table in which the column is {expected}"
            problems.append(Problem(f"{where}, column {column.name}", f"is of type {column.type}", expected, remedy))
        if kind == "id" and column.kind == "text":
            type_ = pa.string()
        elif kind in ("id", "whole") and column.kind == "number":
            type_ = pa.float64()  # 1e300 and 6.6 are read as what they are, and are no whole numbers
        selected.append(con.engine.selected(column.name, type_))
        schema[column.name.lower()] = type_
    if known and not any(c.may_be_read for c in known):
        return None, [_no_right(where, relation)]
    if problems:
        return None, problems
    if not known:
        missing = ", ".join(REQUIRED_COLUMNS[name])
        return None, [
            Problem(where, "has none of the columns of this table", f"the columns {missing}", "see the table")
        ]
    view = gen_name(f"stepwell_raw_{name}")
    con.engine.name(view, f"SELECT {', '.join(selected)} FROM {relation}")
    return RawTable(name, where, con.named(view, ibis.Schema.from_pyarrow(pa.schema(schema)))), []


def _no_right(where: str, relation: str) -> Problem:
    remedy = f"ask its owner for GRANT SELECT ON {relation} (and USAGE on its schema) for this user"
    return Problem(where, "this user may not read it", "the right to read it", remedy)
