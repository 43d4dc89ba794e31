"""What the simulated people are like: the cited files of `data/`, read as strictly as the knowledge files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from stepwell.errors import KnowledgeError, Problem
from stepwell.knowledge.cited import Cited, Form
from stepwell.knowledge.fill import columns_of, fill, fill_row
from stepwell.knowledge.written import Written, read_csv, read_yaml

from .csv_rows import CdmColumn, Drug, SessionCode, WrittenCode
from .forms import Parameters

DATA = Path(__file__).parent / "data"


@cache
def parameters(path: Path = DATA / "parameters.yaml") -> Parameters:
    """The parameters that are shipped, or another file's. Raises KnowledgeError with every problem of the file."""
    problems: list[Problem] = []
    written = read_yaml(path, path.name, problems)
    filled = fill(Parameters, written, problems) if written else None
    if filled is not None:
        problems += unresolved(filled, written)
    return _checked(filled, problems)


def drugs() -> tuple[Drug, ...]:
    """The rows of `drug.csv`."""
    return _rows("drug.csv", Drug)


def codes() -> tuple[WrittenCode, ...]:
    """The rows of `code.csv`."""
    return _rows("code.csv", WrittenCode)


def session_codes() -> tuple[SessionCode, ...]:
    """The rows of `session.csv`."""
    return _rows("session.csv", SessionCode)


def cdm_columns() -> tuple[CdmColumn, ...]:
    """The rows of `cdm_column.csv`."""
    return _rows("cdm_column.csv", CdmColumn)


@cache
def _rows(file: str, form: type[Form]) -> tuple:
    problems: list[Problem] = []
    rows = [fill_row(form, row, problems) for row in read_csv(DATA / file, file, tuple(columns_of(form)), problems)]
    return _checked(tuple(rows), problems)


def unresolved(filled: Parameters, written: Written) -> list[Problem]:
    """Sources that are cited but not listed, and listed but not cited."""
    cited: dict[str, str] = {}

    def visit(form: Form, path: tuple[str, ...]) -> None:
        if isinstance(form, Cited) and form.source is not None:
            cited.setdefault(form.source, written.at((*path, "source")))
        for name in type(form).model_fields:
            if isinstance(value := getattr(form, name), Form):
                visit(value, (*path, name))

    visit(filled, ())
    known = filled.references
    missing = [Problem(where, f"`{s}` is no reference of this file") for s, where in cited.items() if s not in known]
    unused = [Problem(written.at(("references", s)), f"`{s}` is cited nowhere") for s in known if s not in cited]
    return missing + unused


def _checked(value, problems: list[Problem]):
    if problems:
        raise KnowledgeError("The simulator's parameter files are wrong", problems)
    return value
