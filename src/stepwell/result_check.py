"""What is wrong with a result folder that was damaged, cut short or written by another version: all of it, in one error.

The manifest is checked when a result is opened, a table when it is read for the first time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from stepwell.errors import Problem, QuestionError
from stepwell.paths import file_problem
from stepwell.tables import DERIVED, RECORDS, Table

DECLARED = {table.name: table for table in (*RECORDS, *DERIVED)}
_TITLE = "The result is damaged, or was made by another version of stepwell."
_REMEDY = "run the records again, or take a whole copy of the result"


class _Form(BaseModel):
    model_config = ConfigDict(strict=True)


class _Origin(_Form):
    label: str
    location: str
    fingerprint: str


class _MaxGap(_Form):
    at_most: int


class _Setting(_Form):
    max_gap: _MaxGap


class _Manifest(_Form):
    """The parts of `run.json` that commands read."""

    stepwell: str
    source: _Origin
    definitions: list[str]
    not_answerable: dict[str, list[str]]
    settings: dict[str, _Setting]
    setting_of: dict[str, str]
    rules_of: dict[str, list[str]]
    step_setting: str
    rule_of: dict[str, str] = {}
    has: list[str]
    knowledge: str
    rows: dict[str, int]
    only: list[str] = []


def read_manifest(folder: Path) -> dict:
    """The content of `run.json`. Raises `QuestionError` where the folder is no result, and where the file is damaged."""
    file = folder / "run.json"
    if problem := file_problem(file, ""):
        found = "no readable run.json" if problem.found == "no such file" else f"run.json {problem.found}"
        problem = Problem(str(folder), found, "a folder that `stepwell run --out` wrote", "run it first")
        raise QuestionError("This is no result of stepwell.", [problem])
    try:
        manifest = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):  # no JSON, no UTF-8, lists a thousand deep
        raise _damaged(folder, ["run.json cannot be read as JSON"]) from None
    try:
        _Manifest.model_validate(manifest)
    except ValidationError as error:
        raise _damaged(folder, map(_in_words, error.errors(include_url=False, include_input=False))) from None
    rows = manifest["rows"]
    found = [f"run.json names the table {name!a}, which no result has" for name in rows if name not in DECLARED]
    found += [f"run.json says {n} rows of {name}" for name, n in rows.items() if n < 0]
    found += [] if "person" in rows else ["run.json has no table person"]
    if manifest["step_setting"] not in manifest["settings"]:
        found.append("run.json has no settings of step_setting")
    for key in ("setting_of", "rules_of"):
        lost = [name for name in manifest["definitions"] if name not in manifest[key]]
        found += [f"run.json has no {key} of {name!a}" for name in lost]
    found += [
        f"run.json has no setting_of of {name!a}"
        for name in manifest.get("rule_of", ())
        if name not in manifest["setting_of"]
    ]
    if found:
        raise _damaged(folder, found)
    return manifest


def check_tables(folder: Path, manifest: dict, names: Iterable[str]) -> None:
    """Raises `QuestionError` with everything that is wrong with these tables."""
    problems: list[Problem] = []
    for name in names:
        try:
            if name not in manifest["rows"]:
                raise _damaged(folder, [f"there is no table {name}"])
            if manifest["rows"][name]:
                check_table(folder, name, manifest["rows"][name])
        except QuestionError as error:
            problems += error.problems
    if problems:
        raise QuestionError(_TITLE, problems)


def check_table(folder: Path, name: str, n_rows: int) -> list[Path]:
    """The Parquet files of a table. Raises `QuestionError` where one is missing, cut or of other columns than declared."""
    parts = sorted((folder / name).glob("*.parquet"))
    found, n_found = [], 0
    for part in parts:
        shown = f"{name}/{part.name}"
        try:
            if problem := file_problem(part, ""):
                found.append(f"{shown} {problem.found}")
                continue
            with pq.ParquetFile(part.absolute()) as file:
                n_found += file.metadata.num_rows
                found += _wrong_columns(file.schema_arrow, DECLARED[name], shown)
        except (OSError, pa.ArrowException, ValueError):
            found.append(f"{shown} is no whole Parquet file")
    if not found and n_found != n_rows:
        found.append(f"the table {name} has {n_found} rows, and run.json says {n_rows}")
    if found:
        raise _damaged(folder, found)
    return parts


def _wrong_columns(schema: pa.Schema, table: Table, shown: str) -> list[str]:
    types = {c.name: c.type for c in schema}
    declared = {c.name: c.type for c in table.arrow_schema}
    lost = [name for name in declared if name not in types]
    wrong = [name for name in declared if name in types and not _is_alike(types[name], declared[name])]
    return [f"{shown} has no column {name}" for name in lost] + [
        f"{shown}: the column {name} is of type {types[name]}, not {declared[name]}" for name in wrong
    ]


def _is_alike(found: pa.DataType, declared: pa.DataType) -> bool:
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_date)
    is_text = (pa.types.is_string(found) or pa.types.is_large_string(found)) and pa.types.is_string(declared)
    return is_text or found == declared or any(kind(found) and kind(declared) for kind in kinds)


def _in_words(error: dict) -> str:
    place = ".".join(str(part) for part in error["loc"][:2])
    if error["type"] == "missing":
        return f"run.json has no {place}"
    return f"run.json: {place or 'it'} is not what stepwell writes there ({error['type']})"


def _damaged(folder: Path, found: Iterable[str]) -> QuestionError:
    problems = [
        Problem(str(folder), words, "a result of this version of stepwell", _REMEDY) for words in dict.fromkeys(found)
    ]
    return QuestionError(_TITLE, problems)
