"""Quality measures of a result: who is in each, who reached what it asks, and why, person by person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from stepwell.errors import Problem, QuestionError
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.quality import QualityMeasure
from stepwell.knowledge.quality_card import asked, excluded_words, outcome, standing, window_words
from stepwell.knowledge.sentences import provenance
from stepwell.on_request.quality import find_quality
from stepwell.on_request.rows import to_date
from stepwell.result import Result
from stepwell.tables.quality import QUALITY
from stepwell.why.found import show_date, show_number
from stepwell.why.gaps import say_hidden

from .rows import people_in_parts, read_rows

_NEEDED = {
    "person": ("birth_earliest_date", "birth_latest_date", "death_date"),
    "observation_period": ("start_date", "end_date"),
    "condition": ("condition_date", "codeset", "vocabulary", "code", "address"),
    "procedure": ("procedure_date", "procedure"),
    "measurement": ("instrument", "measured_date", "total"),
    "exposure": ("ingredient", "start_date", "end_date", "is_end_known"),
    "code_gap": ("record", "codeset", "first_date", "last_date"),
    "incomplete_medication": ("reason",),
}
"""The tables that are read, and their columns beside the person."""
_SAID = {True: "met", False: "not met", None: "unknown"}


@dataclass(frozen=True)
class Counted:
    """One measure, counted: people included, and of them reached, not reached and unknown; people who may be included."""

    measure: QualityMeasure
    included: int
    reached: int
    not_reached: int
    unknown: int
    perhaps_included: int


def quality(result: Result, ids: Sequence[str] = ()) -> pa.Table:
    """Everybody of a result under the measures asked (all, if none is named): rows of the declared table `quality`.

    Raises QuestionError for a measure that does not exist.
    """
    rows: list[dict] = []
    gaps = _gaps_by_person(result)
    for measure, person in _found(result, _measures(ids, result.knowledge)):
        rows.append(_row(measure, result.knowledge, person, gaps.get(person["person_id"], [])))
    table = pa.Table.from_pylist(rows, schema=QUALITY.arrow_schema)
    return table.sort_by([(column, "ascending") for column in QUALITY.key])


def with_source_ids(result: Result, rows: pa.Table) -> pa.Table:
    """Rows of `quality` with the source's id of each person as the column `source_person_id`, before stepwell's `person_id`."""
    people = result.table("person").select("person_id", "source_person_id").to_pyarrow()
    ids = dict(zip(*(people[name].to_pylist() for name in people.column_names), strict=True))
    source_ids = pa.array([ids[person_id] for person_id in rows["person_id"].to_pylist()], pa.string())
    return rows.add_column(rows.column_names.index("person_id"), "source_person_id", source_ids)


def count_quality(table: pa.Table, knowledge: Knowledge) -> list[Counted]:
    """One line for each measure of a table that `quality` made."""
    counted = []
    for measure in knowledge.quality.values():
        rows = [r for r in table.select(["measure", "included", "reached"]).to_pylist() if r["measure"] == measure.name]
        inside = [r["reached"] for r in rows if r["included"] == "met"]
        perhaps = sum(r["included"] == "unknown" for r in rows)
        if rows:
            counts = (inside.count(verdict) for verdict in ("met", "not met", "unknown"))
            counted.append(Counted(measure, len(inside), *counts, perhaps))
    return counted


def plain_counts(counted: Counted) -> dict:
    """One measure, counted, as plain values."""
    measure = counted.measure
    return {
        "measure": measure.name,
        "title": measure.title,
        "standing": standing(measure),
        "included": counted.included,
        "reached": counted.reached,
        "not_reached": counted.not_reached,
        "unknown": counted.unknown,
        "perhaps_included": counted.perhaps_included,
    }


def unanswerable(result: Result, ids: Sequence[str] = ()) -> list[str]:
    """What these records cannot say for anybody, so that nobody is surely in a measure that asks for it: one sentence each."""
    has = set(result.manifest["has"])
    deaths = _holds_deaths(result)
    sentences: dict[str, None] = {}
    for measure in _measures(ids, result.knowledge):
        excluded = measure.excluded
        if excluded.care is not None and "procedure" not in has:
            sentences[f"The records hold no procedures: nobody knows of {' or '.join(excluded.care.any_of)}."] = None
        if "condition" not in has:
            sentences[
                "The records hold no diagnoses: nobody knows who has depression, or what would leave people out."
            ] = None
        if excluded.death is not None and not deaths:
            sentences["The records hold no deaths: only who was observed to the end is known to have lived."] = None
    return list(sentences)


def _measures(ids: Sequence[str], knowledge: Knowledge) -> list[QualityMeasure]:
    unknown = [i for i in ids if i not in knowledge.quality]
    if unknown:
        expected = f"one of {', '.join(knowledge.quality)}"
        raise QuestionError("There is no such measure.", [Problem(i, "unknown measure", expected) for i in unknown])
    return [knowledge.quality[i] for i in ids] or list(knowledge.quality.values())


def _found(result: Result, measures: Sequence[QualityMeasure]) -> Iterator[tuple[QualityMeasure, dict]]:
    """Everybody under each measure, some people at a time."""
    drugs = [i.ingredient for i in result.knowledge.ingredients.values() if i.role == "antidepressant"]
    has, holds_deaths = frozenset(result.manifest["has"]), _holds_deaths(result)
    for people in people_in_parts(result):
        records = {
            name: read_rows(result, name, people, needed) for name, needed in _NEEDED.items() if name in result.tables
        }
        for measure in measures:
            found = find_quality(records, drugs, measure, has, holds_deaths=holds_deaths)
            days = {name.replace("_day", "_date"): to_date(pl.col(name)) for name in ("start_day", "end_day")}
            for person in found.with_columns(**days).iter_rows(named=True):
                yield measure, person


def _holds_deaths(result: Result) -> bool:
    return bool(result.table("person").death_date.notnull().any().to_pyarrow().as_py())


def _gaps_by_person(result: Result) -> dict[int, list[dict]]:
    gaps: dict[int, list[dict]] = {}
    for row in result.table("code_gap").to_pyarrow().to_pylist() if "code_gap" in result.tables else ():
        gaps.setdefault(row["person_id"], []).append(row)
    return gaps


def _row(measure: QualityMeasure, knowledge: Knowledge, person: dict, gaps: Sequence[dict]) -> dict:
    path, field = outcome(measure)
    included = person["is_included"]
    words = _words(measure, person, gaps)
    return {
        "measure": measure.name,
        "person_id": person["person_id"],
        "included": _SAID[included],
        "reached": None if included is False else _SAID[person["is_reached"]],
        **{name: person[name] for name in ("start_date", "start_total", "end_date", "end_total", "n_days_covered")},
        "found": words,
        "sentence": f"{words}. Asked: {asked(path, field)} ({provenance(field, knowledge).strip('[]')})",
    }


_EXCLUDED = {"no_diagnosis": "diagnosis", "no_care": "care", "no_death": "death"}


def _left_out(measure: QualityMeasure, person: dict, verdict: bool | None) -> list[str]:
    """What leaves a person out (`verdict` False), or may do so (None), in words."""
    return [
        excluded_words(name, getattr(measure.excluded, name))
        for column, name in _EXCLUDED.items()
        if getattr(measure.excluded, name) is not None and person[column] is verdict
    ]


def _words(measure: QualityMeasure, person: dict, gaps: Sequence[dict]) -> str:
    if person["is_included"] is False:
        found = _left_out(measure, person, False) if person["is_entered"] else []
        return f"Left out: {'; '.join(found)}" if found else "Not in the measure"
    if person["is_included"] is None:
        found = _left_out(measure, person, None) if person["is_entered"] else []
        doubt = f": the records cannot say whether there was {'; or '.join(found)}" if found else ""
        if not person["is_entered"]:
            doubt = say_hidden(gaps, "condition", measure.start.diagnoses)
            doubt += say_hidden(gaps, "answer", ()) if measure.start.score is not None else ""
            doubt += _undated(measure, gaps)
        return f"Not known whether in the measure{doubt}"
    since = show_date(person["start_date"])
    if measure.covered:
        words = f"An antidepressant at hand on {person['n_days_covered']} of {measure.covered.of} days from {since}"
        doubt = "; a supply of unknown length, or time not observed, may hold more"
        return words + (doubt if person["is_reached"] is None else "")
    begun = f"{show_number(person['start_total'])} points on {since}"
    if person["end_date"] is None:
        return f"{begun}; no score {window_words(measure.follow_up)}"
    doubt = _undated(measure, gaps) if person["is_reached"] is None else ""
    return f"{begun}, {show_number(person['end_total'])} on {show_date(person['end_date'])}{doubt}"


def _undated(measure: QualityMeasure, gaps: Sequence[dict]) -> str:
    """The scores of the measure that have no usable day, in words; or nothing."""
    return say_hidden(gaps, "measurement", [measure.start.score.instrument]) if measure.start.score is not None else ""
