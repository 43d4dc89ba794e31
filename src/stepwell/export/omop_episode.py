"""Trials, steps and series as rows of OMOP's EPISODE and EPISODE_EVENT (CDM 5.4), with the vocabulary that they use.

A step is the parent of the trials that began in it. An event is a source row behind an episode, by its address.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import reduce
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.csv

from stepwell.errors import Problem, QuestionError
from stepwell.output import new_folder
from stepwell.result import Result
from stepwell.version import __version__

from .omop_concepts import FIELDS, STANDARD, TREATMENT_REGIMEN, Concepts
from .people import chosen

_TITLE = "The result cannot be exported as OMOP episodes."
_STEP, _TRIAL, _SERIES = "step", "trial", "series"


def export_omop_episode(result: Result, out: Path | str, people: Sequence[str] = (), first_id: int = 1) -> dict:
    """Writes `episode.csv`, `episode_event.csv`, `stepwell_concept.csv`, `stepwell_vocabulary.csv` and `export.json` into a new
    folder, and returns what `export.json` says.

    `people` are ids of the source; none means everybody. `episode_id` begins with `first_id`.
    Raises `QuestionError` where the folder holds something, a person is unknown, or the records were not an OMOP CDM.
    """
    ids = chosen(result, people)
    with new_folder(out, "Nothing was exported.") as folder:
        persons = _persons(result, ids)
        concepts, episodes = _episodes(result, persons, first_id)
        events, left_out = _events(result, episodes)
        rows = {
            "episode": _write(folder / "episode.csv", _episode_rows(episodes, concepts)),
            "episode_event": _write(folder / "episode_event.csv", events),
            "stepwell_concept": _write(folder / "stepwell_concept.csv", _memtable(concepts.concept_rows())),
            "stepwell_vocabulary": _write(folder / "stepwell_vocabulary.csv", _memtable(concepts.vocabulary_rows())),
        }
        made = _manifest(result, episodes, rows, left_out)
        (folder / "export.json").write_text(json.dumps(made, indent=2, sort_keys=True) + "\n", "utf-8")
    return made


def _persons(result: Result, ids: Sequence[int] | None) -> ir.Table:
    """`person_id` and `omop_id`, the person's id in the CDM."""
    person = result.table("person")
    if ids is not None:
        person = person.filter(person.person_id.isin(ids))
    omop_id = person.source_person_id.try_cast("int64")
    wrong = person.filter(~person.address.startswith("person/") | omop_id.isnull()).count().to_pyarrow().as_py()
    if wrong:
        found = f"{wrong:,} of its people were not read from OMOP's table person"
        problem = Problem(
            str(result.folder), found, "a result of an OMOP CDM", "export it with --as fhir, or run the CDM"
        )
        raise QuestionError(_TITLE, [problem])
    return person.select("person_id", omop_id=omop_id)


def _episodes(result: Result, persons: ir.Table, first_id: int) -> tuple[Concepts, ir.Table]:
    """The concepts, and all episodes with their numbers, parents and keys in the result."""
    trial = result.table("trial")
    trial = trial.filter(trial.setting == result.manifest["step_setting"])
    step, series = result.table("step"), result.table("series")
    parts = [
        step.select(
            "person_id",
            "start_date",
            "end_date",
            kind=ibis.literal(_STEP),
            treatment=step.ingredients,
            number=step.step_number,
            of_episode=step.episode_number,
            is_open=(step.ended == "still treated").fill_null(False),
            source_value=ibis.literal("step ")
            + step.episode_number.cast("string")
            + "."
            + step.step_number.cast("string"),
        ),
        trial.select(
            "person_id",
            "start_date",
            "end_date",
            kind=ibis.literal(_TRIAL),
            treatment=trial.ingredient,
            number=trial.trial_number,
            of_episode=trial.episode_number,
            is_open=trial.is_ongoing.fill_null(False) | ~trial.is_end_known,
            source_value=ibis.literal("trial ") + trial.trial_number.cast("string"),
        ),
        series.select(
            "person_id",
            "start_date",
            "end_date",
            kind=ibis.literal(_SERIES),
            treatment=series.treatment,
            number=series.series_number,
            of_episode=ibis.null("int32"),
            is_open=series.is_ongoing.fill_null(False),
            source_value=ibis.literal("series ") + series.treatment + " " + series.series_number.cast("string"),
        ),
    ]
    rows = reduce(lambda a, b: a.union(b), parts).join(persons, "person_id")
    order = ("person_id", "start_date", "kind", "treatment", "of_episode", "number")
    held = rows.order_by(order).to_pyarrow()
    held = held.append_column("episode_id", pa.array(range(first_id, first_id + held.num_rows), pa.int64()))
    known = held.select(["treatment"]).group_by("treatment").aggregate([]).column("treatment").to_pylist()
    return Concepts(result.knowledge, known), _with_parents(ibis.memtable(held))


def _with_parents(rows: ir.Table) -> ir.Table:
    """The rows with `parent_id`: the step in whose days a trial began. The steps of an episode do not overlap."""
    step = rows.filter(rows.kind == _STEP)
    step = step.select("person_id", "of_episode", "start_date", "end_date", parent_id="episode_id")
    trial = rows.filter(rows.kind == _TRIAL)
    found = trial.inner_join(
        step,
        [
            trial.person_id == step.person_id,
            trial.of_episode == step.of_episode,
            trial.start_date >= step.start_date,
            trial.start_date <= step.end_date,
        ],
        rname="step_{name}",
    ).select("episode_id", "parent_id")
    return rows.left_join(found, "episode_id", rname="trial_{name}").drop("trial_episode_id")


def _episode_rows(rows: ir.Table, concepts: Concepts) -> ir.Table:
    """The rows of EPISODE. An episode that goes on when observation ends, or whose end nobody knows, has no end."""
    kinds = {kind: concepts.kind(kind) for kind in (_STEP, _TRIAL, _SERIES)}
    treatments = rows.select("treatment").distinct().to_pyarrow().column("treatment").to_pylist()
    regimens = {treatment: concepts.regimen(treatment) for treatment in treatments}
    end = rows.is_open.ifelse(ibis.null("date"), rows.end_date)
    return rows.select(
        "episode_id",
        person_id="omop_id",
        episode_concept_id=ibis.literal(TREATMENT_REGIMEN.concept_id),
        episode_start_date=rows.start_date,
        episode_start_datetime=ibis.null("timestamp"),
        episode_end_date=end,
        episode_end_datetime=ibis.null("timestamp"),
        episode_parent_id=rows.parent_id,
        episode_number=rows.number,
        episode_object_concept_id=_lookup(rows.treatment, regimens),
        episode_type_concept_id=ibis.literal(concepts.derived),
        episode_source_value=rows.source_value,
        episode_source_concept_id=_lookup(rows.kind, kinds),
    ).order_by("episode_id")


def _lookup(column: ir.Column, values: dict[str, int]) -> ir.Value:
    return column.cases(*values.items()) if values else ibis.null("int64")


def _events(result: Result, rows: ir.Table) -> tuple[ir.Table, dict[str, int]]:
    """The rows of EPISODE_EVENT, and how many source rows of each other table are left out."""
    own = _of_trials(result, rows)
    of_steps = own.filter(own.parent_id.notnull()).select("address", episode_id="parent_id")
    found = own.select("address", "episode_id").union(of_steps).union(_of_series(result, rows)).distinct()
    parts = found.address.split("/")
    table, event_id = parts[0], parts[1].try_cast("int64")
    found = found.select(
        "episode_id", "address", table=table, event_id=event_id, field=_lookup(table, _field_ids())
    ).cache()
    is_known = found.field.notnull() & found.event_id.notnull()
    lost = found.filter(~is_known).group_by("table").agg(n=found.address.nunique()).order_by("table")
    left_out = {row["table"]: row["n"] for row in lost.to_pyarrow().to_pylist()}
    events = found.filter(is_known)
    events = events.select("episode_id", "event_id", episode_event_field_concept_id="field").distinct()
    return events.order_by(events.columns), left_out


def _field_ids() -> dict[str, int]:
    return {table: field.concept_id for table, field in FIELDS.items()}


def _of_trials(result: Result, rows: ir.Table) -> ir.Table:
    """The first source row of each supply of a trial."""
    trial = rows.filter(rows.kind == _TRIAL)
    trial = trial.select("episode_id", "parent_id", "person_id", "treatment", begun="start_date", ended="end_date")
    supply = result.table("exposure")
    return trial.inner_join(
        supply,
        [
            trial.person_id == supply.person_id,
            trial.treatment == supply.ingredient,
            supply.start_date >= trial.begun,
            supply.start_date <= trial.ended,
        ],
        rname="supply_{name}",
    ).select("episode_id", "parent_id", "address")


def _of_series(result: Result, rows: ir.Table) -> ir.Table:
    """The source rows of the sessions of a series: its procedures, and the doses of its drug on their days."""
    session = result.table("session")
    session = session.filter(session.series_number.notnull())
    series = rows.filter(rows.kind == _SERIES)
    keys = [("person_id", "person_id"), ("treatment", "treatment"), ("series_number", "number")]
    days = session.inner_join(series, keys, rname="of_{name}")
    days = days.select("episode_id", "person_id", "treatment", "address", day="session_date")
    found = [days.select("address", "episode_id")]
    for table, date, what, given in (
        ("procedure", "procedure_date", "procedure", "procedures"),
        ("dose", "given_date", "ingredient", "ingredients"),
    ):
        pairs = [
            {"given_as": id_, "given_for": name}
            for name, form in result.knowledge.treatments.items()
            for id_ in getattr(form, given)
        ]
        records = result.table(table)
        records = records.select("address", who="person_id", given=records[date], given_as=records[what])
        records = records.inner_join(ibis.memtable(pa.Table.from_pylist(pairs)), "given_as")
        on_days = [days.person_id == records.who, days.day == records.given, days.treatment == records.given_for]
        found.append(days.drop("address").inner_join(records, on_days).select("address", "episode_id"))
    return reduce(lambda a, b: a.union(b), found)


def _memtable(rows: list[dict]) -> ir.Table:
    return ibis.memtable(pa.Table.from_pylist(rows).cast(_without_nulls(rows)))


def _without_nulls(rows: list[dict]) -> pa.Schema:
    """Text for columns that hold nothing."""
    inferred = pa.Table.from_pylist(rows).schema
    return pa.schema([(f.name, pa.string() if pa.types.is_null(f.type) else f.type) for f in inferred])


def _write(file: Path, rows: ir.Table) -> int:
    """Writes rows as CSV, batch by batch, and returns how many there are."""
    n = 0
    with rows.to_pyarrow_batches() as batches, pyarrow.csv.CSVWriter(file, batches.schema) as writer:
        for batch in batches:
            writer.write(batch)
            n += batch.num_rows
    return n


def _manifest(result: Result, episodes: ir.Table, rows: dict, left_out: dict[str, int]) -> dict:
    kinds = episodes.group_by("kind").agg(n=episodes.count()).order_by("kind").to_pyarrow().to_pylist()
    return {
        "made_by": f"stepwell {__version__}, export --as omop-episode",
        "result_of": result.manifest["stepwell"],
        "source": result.manifest["source"]["fingerprint"],
        "trials_built_by": result.manifest["step_setting"],
        "episodes": {row["kind"]: row["n"] for row in kinds},
        "rows": rows,
        "source_rows_left_out": left_out,
        "standard_concepts": [{"id": c.concept_id, "name": c.name, "seen": c.seen} for c in STANDARD],
    }
