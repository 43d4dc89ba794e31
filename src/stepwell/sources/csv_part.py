"""The record tables of some people of stepwell's own folder, made of its lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from ..knowledge.forms import Knowledge
from ..tables import CODE_GAP, DECLARED_SESSION, DOSE
from ..tables.ranges import BIRTH, DAY
from .answers import read_own_answers
from .cells import Cells, chosen
from .coded_lines import line_rows, read_coded_lines
from .concomitant import only_interacting
from .csv_checks import score_names
from .csv_medication import find_own_incomplete, read_own_medication
from .csvform import FILES
from .declared_lines import read_declared, without_comparators
from .drugs import NamedDrugs
from .findings import Finding, settle
from .identify import GapPlan, all_gaps, gap_rows
from .parts import PEOPLE, Read
from .records import merge_rows, settle_periods, settle_scores
from .session_lines import read_dose_lines, read_monitoring_lines
from .source import Loss
from .vitals import read_own_vitals


@dataclass(frozen=True)
class OwnPlan:
    """What was worked out of a whole folder before its lines are read. `where`: the files that have lines, by table, as messages
    name them; `gaps`: what is to be said of the lines that may hide a code, by record; `drugs` and `interacting`: what the drugs
    of medication.csv are, None where it has no lines."""

    knowledge: Knowledge
    where: dict[str, str]
    gaps: dict[str, GapPlan]
    drugs: NamedDrugs | None
    interacting: NamedDrugs | None


def clean_lines(part: Mapping[str, pl.DataFrame], where: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """The lines of these files: `line`, `address`, `person_id`, the `source_id` of the person, and every other column of the form
    as text. Lines on which all cells are empty are no rows."""
    return {name: _cleaned(name, part[name], file) for name, file in where.items()}


def _cleaned(name: str, raw: pl.DataFrame, where: str) -> pl.DataFrame:
    cells = Cells(raw)
    columns = {f.name: cells.text(f.name) for f in FILES[name] if f.name != "person_id"}
    address = pl.lit(f"{where}:") + pl.col("line").cast(pl.String)
    lines = raw.select("line", "person_id", "source_id", address=address, **columns)
    return lines.filter(pl.any_horizontal(pl.col("source_id", *columns).is_not_null()))


def gap_section(record: str) -> str:
    """The section of the findings about the lines of a record that may hide a code."""
    return f"{record} gap"


def read_lines(part: Mapping[str, pl.DataFrame], plan: OwnPlan) -> Read:
    """The record tables of the people of one part."""
    people, lines, knowledge = part[PEOPLE], clean_lines(part, plan.where), plan.knowledge
    made, gaps = Read(), []
    if "medication" in lines:
        name, medication = DECLARED_SESSION.name, lines["medication"]
        made.tables[name], made.losses[name] = read_declared(medication)
        lines["medication"] = without_comparators(medication)
    readers = {
        "person": lambda rows: _persons(rows, people),
        "observation_period": _periods,
        "condition": lambda rows: read_coded_lines(rows, "condition", knowledge),
        "medication": lambda rows: read_own_medication(rows, plan.drugs, knowledge),
        "measurement": lambda rows: _scores(rows, knowledge),
        "procedure": lambda rows: read_coded_lines(rows, "procedure", knowledge),
        "vital": lambda rows: read_own_vitals(rows, knowledge),
        "monitoring": lambda rows: read_monitoring_lines(rows, knowledge),
        "answer": lambda rows: read_own_answers(rows, knowledge),
    }
    for name, reader in readers.items():
        if name in lines:
            made.tables[name], *gap, made.losses[name] = reader(lines[name])
            gaps += gap
    for name, gap_plan in plan.gaps.items():
        gap, counted = gap_rows(line_rows(lines[name], name), people, gap_plan)
        gaps.append(gap)
        made.losses[gap_section(name)] = [counted]
    made.tables[CODE_GAP.name] = all_gaps(gaps)
    if "medication" in lines:
        _add_drugs(made, lines["medication"], people, plan)
    return made


def _add_drugs(made: Read, lines: pl.DataFrame, people: pl.DataFrame, plan: OwnPlan) -> None:
    """Doses, drugs that only interact, and what the drug records do not tell."""
    made.tables[DOSE.name], made.losses[DOSE.name] = read_dose_lines(lines, plan.drugs, plan.knowledge)
    made.tables["concomitant"], _of_medication = read_own_medication(
        lines, plan.interacting, only_interacting(plan.knowledge)
    )
    made.tables["incomplete_medication"] = find_own_incomplete(
        lines, people, plan.drugs, plan.interacting, plan.knowledge
    )


def _persons(lines: pl.DataFrame, people: pl.DataFrame) -> tuple[pl.DataFrame, list[Loss]]:
    cells, sex = Cells(lines), pl.col("sex").str.to_lowercase()
    (first, last), death = cells.span("birth_date"), cells.day("death_date")
    rows = lines.select("person_id", "address", "sex", first=first, last=last, died=death.value, no_day=death.is_marker)
    is_possible = (pl.col("first") >= pl.lit(BIRTH.at_least)) & (pl.col("last") <= pl.lit(BIRTH.at_most))
    rows = rows.select(
        "person_id",
        "address",
        birth_earliest_date=pl.when(is_possible).then("first"),
        birth_latest_date=pl.when(is_possible).then("last"),
        sex=chosen(
            (sex.is_in(["female", "f"]), "female"), (sex.is_in(["male", "m"]), "male"), (sex == "other", "other")
        ),
        death_date="died",
        is_partly_unreadable=pl.lit(False),
        is_no_death="no_day",
    )
    outside = Finding(pl.col("is_no_death"), f"deaths dated outside {DAY}", "read as unknown")
    _rows, losses = settle("person", rows, [outside])
    merged, found = merge_rows(rows, people)
    return merged, losses + found


def _periods(lines: pl.DataFrame) -> tuple[pl.DataFrame, list[Loss]]:
    cells = Cells(lines)
    end = cells.day("end_date")
    rows = lines.select(
        "person_id",
        "address",
        start_date=cells.day("start_date").value,
        end_date=end.value,
        end_is_marker=end.is_marker,
    )
    return settle_periods(rows)


def _scores(lines: pl.DataFrame, knowledge: Knowledge) -> tuple[pl.DataFrame, pl.DataFrame, list[Loss]]:
    cells, called = Cells(lines), pl.col("instrument").str.to_lowercase()
    first, last = cells.span("measured_date")
    rows = lines.select(
        "person_id",
        "address",
        instrument=called.replace_strict(score_names(knowledge), default=None, return_dtype=pl.String),
        measured_date=cells.day("measured_date").value,
        first=first,
        last=last,
        value=cells.number("total"),
        is_from_text=pl.lit(False),
    )
    return settle_scores(rows, knowledge)
