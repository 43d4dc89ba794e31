"""stepwell's own folder: nine CSV files with plain columns, for records that are in no database.

Written by hand or by a small script, so it is read strictly: a date or a number that cannot be read, a word that is not in
the list, a person who is not in person.csv are errors with file and line, all at once. Drugs and codes that are not looked
for are counted, as in any other source.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import partial

import ibis
import ibis.expr.types as ir
import polars as pl

from ..errors import Problem, SourceError
from ..knowledge.forms import Knowledge
from ..tables import CODE_GAP, CONCOMITANT, DECLARED_SESSION, DOSE, INCOMPLETE_MEDICATION
from .coded_lines import count_codings, line_codings
from .concomitant import only_interacting
from .csv_checks import Wrong, find_wrong, problems_of
from .csv_medication import count_names, count_own_rows, find_own_drugs
from .csv_part import OwnPlan, clean_lines, gap_section, read_lines
from .csvform import FILES, REQUIRED_FILES
from .drugs import NamedDrugs
from .files import RawTable, column_problems, line_numbers
from .identify import plan_gap
from .incomplete import count_people
from .parts import Parts, ReadTables
from .people import number_people
from .source import Loss, Source
from .stored import keep, run
from .values import text

_PERSON = "person_id"
_CODED = ("condition", "procedure")
_WHERE_ANY = (DECLARED_SESSION.name, DOSE.name, CODE_GAP.name, INCOMPLETE_MEDICATION.name)
"""The record tables that a folder has only where they have rows. The others it has where it has the file."""


def check_files(tables: dict[str, RawTable]) -> list[Problem]:
    """Missing files, missing columns, unknown columns."""
    problems = [
        Problem("", f"no {name}.csv", "person.csv and medication.csv", "see `stepwell template` for empty files")
        for name in REQUIRED_FILES
        if name not in tables
    ]
    for name, raw in tables.items():
        names = [f.name for f in FILES[name]]
        needed = [f.name for f in FILES[name] if f.is_required]
        problems += column_problems(raw, needed, names, strict=True)
    return problems


def read_csv_folder(tables: dict[str, RawTable], con: ibis.BaseBackend, knowledge: Knowledge) -> Source:
    """The records of an own folder.

    Raises SourceError with every wrong file, column and cell.
    """
    if problems := check_files(tables):
        raise SourceError("This folder cannot be read as stepwell's own.", problems)
    n_rows = _row_counts(tables)
    where = {name: tables[name].where for name, n in n_rows.items() if n}
    if "person" not in where:
        raise _nobody(tables["person"].where)
    lines = {name: _lines(con, tables[name], n_rows[name]) for name in where}
    people = number_people(con, lines["person"].source_id, where["person"])
    parts = Parts(con, {name: people.attach(rows, "source_id") for name, rows in lines.items()}, where, people)
    plan = _plan(parts, where, knowledge)
    read = parts.read(partial(read_lines, plan=plan))
    has = frozenset(name for name in read.tables if _is_there(name, read, plan))
    drug_rows = None
    if plan.drugs is not None:
        counted = count_own_rows(plan.drugs, knowledge)
        drug_rows = count_people(read.tables[INCOMPLETE_MEDICATION.name], counted, plan.where["medication"])
    losses = tuple(_losses(read, plan, has))
    return Source(read.tables, has, losses, read.counts, drug_rows, frames=read.frames, scratch=read.scratch)


def _row_counts(tables: dict[str, RawTable]) -> dict[str, int]:
    """How many rows each file has. Raises SourceError with every file that cannot be read to its end."""
    counts, problems = {}, []
    for name, raw in tables.items():
        try:
            counts[name] = int(run(raw.rows.count(), raw.where).as_py())
        except SourceError as error:
            problems += error.problems
    if problems:
        raise SourceError("These records cannot be read.", problems)
    return counts


def _nobody(where: str) -> SourceError:
    problem = Problem(where, "no people", "one line per person", "fill in the file")
    return SourceError("There is nobody in this source.", [problem])


def _lines(con: ibis.BaseBackend, raw: RawTable, n_rows: int) -> ir.Table:
    """The rows of a file with the `line` on which each begins, the id of its person (`source_id`) and its other cells as text."""
    cells = {f.name: raw.rows[f.name].cast("string") for f in FILES[raw.name] if raw.has(f.name) and f.name != _PERSON}
    rows = raw.rows.select(**cells, source_id=text(raw.rows[_PERSON]), line=ibis.row_number() + 2)
    is_text = raw.path.is_file() and raw.path.suffix.lower() != ".parquet"
    lines = line_numbers(raw.path, n_rows) if is_text else None
    if lines is None:
        return rows
    places = pl.DataFrame({"at": range(2, n_rows + 2), "begun": lines}, schema={"at": pl.Int64, "begun": pl.Int64})
    begun = keep(con, places)
    return rows.join(begun, rows.line == begun.at).drop("line", "at").rename(line="begun")


def _plan(parts: Parts, where: dict[str, str], knowledge: Knowledge) -> OwnPlan:
    """What is worked out of all lines before they are read. Raises SourceError with every cell that is wrong."""
    drugs = interacting = None
    if "medication" in where:
        drugs, interacting = _find_drugs(parts, where["medication"], knowledge)
    found: dict[str, list[list[Wrong]]] = {name: [] for name in where}
    coded: dict[str, list[pl.DataFrame]] = {name: [] for name in _CODED if name in where}
    n_lines = dict.fromkeys(where, 0)
    for part in parts:
        for name, lines in clean_lines(part, where).items():
            n_lines[name] += lines.height
            found[name].append(find_wrong(name, lines, drugs, knowledge))
            if name in coded:
                coded[name].append(count_codings(lines))
    if not n_lines["person"]:
        raise _nobody(where["person"])
    where = {name: file for name, file in where.items() if n_lines[name]}
    if "medication" not in where:
        drugs = interacting = None
    if problems := [p for name, file in where.items() for p in problems_of(file, found[name])]:
        raise SourceError("Some lines cannot be read.", problems)
    gaps = {
        name: plan_gap(
            line_codings(pl.concat(coded[name])),
            name,
            knowledge,
            has_hierarchy=False,
            value_is="vocabulary that the file names",
        )
        for name in _CODED
        if name in where
    }
    return OwnPlan(knowledge, where, gaps, drugs, interacting)


def _find_drugs(
    parts: Iterable[Mapping[str, pl.DataFrame]], where: str, knowledge: Knowledge
) -> tuple[NamedDrugs, ...]:
    """What the drugs of medication.csv are: those that are looked for, and those that only interact."""
    counted = [count_names(clean_lines(part, {"medication": where})["medication"]) for part in parts]
    return find_own_drugs(pl.concat(counted), knowledge, only_interacting(knowledge))


def _is_there(name: str, read: ReadTables, plan: OwnPlan) -> bool:
    """Whether the folder has this record table at all."""
    if name in _WHERE_ANY:
        n_rows, _n_people = read.counts.tables[name]
        return n_rows > 0
    return ("medication" if name == CONCOMITANT.name else name) in plan.where


def _losses(read: ReadTables, plan: OwnPlan, has: Collection[str]) -> list[Loss]:
    """All findings, with those about the whole folder in their places."""
    losses = []
    for section, found in read.losses.items():
        gap = next((gap for name, gap in plan.gaps.items() if gap_section(name) == section), None)
        if gap is not None:
            losses += [*gap.counted, *found, *gap.about_everybody]
        elif section != DOSE.name or section in has:
            losses += found
    return losses
