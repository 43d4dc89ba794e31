"""Record tables in, result tables out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stepwell.knowledge.definition import Definition
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.staging import Staging
from stepwell.tables import DERIVED

from .person import judge_people
from .records import Batch, as_rows
from .results import as_tables
from .rows import (
    COUNT,
    DETERMINATION_ROW,
    EPISODE_ROW,
    EXPOSURE_ROW,
    JUDGED_ROW,
    STAGE_ROW,
    STEP_ROW,
    TRIAL_ROW,
    Made,
    Records,
    Room,
)
from .sessions.medication_burden import N_STRETCHES
from .sessions.numbers import Treatments
from .sessions.person import judge_people_sessions
from .sessions.results import session_tables
from .sessions.rows import (
    ARM_ROW,
    BURDEN_ROW,
    EFFECT_ROW,
    JUDGED_SERIES_ROW,
    JUDGED_SESSION_ROW,
    RESPONSE_ROW,
    RUN_ROW,
    SERIES_ROW,
    SESSION_ROW,
    Found,
)
from .sessions.treatment_day import ENTRY
from .staging.failed_trials import COUNTED
from .staging.numbers import ITEMS
from .translation import Question, translate

_DERIVED = {table.name: table for table in DERIVED}
_LEAST_ROOM = 100_000
"""Rows of each table that are made before they are turned into Arrow, as long as one person has no more."""


def judge_records(
    tables: Mapping[str, pa.Table],
    definitions: Sequence[Definition],
    knowledge: Knowledge,
    has: Iterable[str],
    stagings: Sequence[Staging] = (),
) -> dict[str, pa.Table]:
    """Judges the people of these record tables by the definitions, and stages them by the staging models. `has` names the record
    tables that the source holds at all.

    Returns `exposure`, `trial`, `episode`, `judged_trial`, `determination`, `step`, with staging models `staged_trial` and
    `stage`, and where the records can speak of treatments given in sessions the tables of those; each with its declared columns,
    in the order of its key.
    """
    procedures = tables["procedure"]["procedure"].unique().to_pylist()
    n_given = tables["dose"].num_rows + tables["declared_session"].num_rows
    has_sessions = holds_sessions(n_given, procedures, knowledge)
    question = translate(tuple(definitions), tuple(stagings), knowledge, frozenset(has), has_sessions)
    return judge(question, tables)


def holds_sessions(n_given: int, procedures: Iterable[str], knowledge: Knowledge) -> bool:
    """Whether records with so many doses and declared sessions, and procedures of these sets, can speak of a treatment given in
    sessions."""
    asked = {name for t in knowledge.treatments.values() for name in t.procedures}
    return bool(knowledge.treatments) and (n_given > 0 or not asked.isdisjoint(procedures))


def judge(question: Question, tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The result tables of the people of these record tables."""
    batch = as_rows(tables, question.names)
    parts = list(_judge(batch, question))
    return {name: _together(name, [part[name] for part in parts]) for name in parts[0]}


def _together(name: str, parts: Sequence[pa.Table]) -> pa.Table:
    """The parts of one table, each in the order of its key, as a whole in that order: the rows of one setting, rule or definition
    after one another."""
    first = _DERIVED[name].key[0]
    if len(parts) == 1 or first == "person_id":
        return pa.concat_tables(parts)
    slices: dict[str, list[pa.Table]] = {}
    for part in parts:
        runs = pc.run_end_encode(part[first].combine_chunks())
        begin = 0
        for value, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            slices.setdefault(value, []).append(part.slice(begin, end - begin))
            begin = end
    return pa.concat_tables([parts[0].slice(0, 0), *(t for value in sorted(slices) for t in slices[value])])


def _judge(batch: Batch, question: Question) -> Iterator[dict[str, pa.Table]]:
    """Judges everybody; gives the tables of what was made whenever the room for it is full, and at the end."""
    records, n_people = batch.records, len(batch.records.person)
    made, room = _room_for(records, question)
    first = 0
    while True:
        made.n[:] = 0
        end = judge_people(first, 0, records, question.known, question.request, room, made)
        tables = as_tables(made, batch, question.names)
        if question.treatments is not None:
            found = _found_room(records, first, end, question.treatments)
            judge_people_sessions(
                first, end, 0, records, question.known, question.request, question.treatments, room, made, found
            )
            tables |= session_tables(found, batch, question.names)
        yield tables
        first = end
        if first == n_people:
            return


def _room_for(records: Records, question: Question) -> tuple[Made, Room]:
    """Room for what any one person may need, and for a good deal of what all of them need."""
    request, treatments = question.request, question.treatments
    of_tables = {name: first for name, first in records._asdict().items() if name.endswith("_first")}
    of_one = {name: int(np.diff(first).max(initial=0)) for name, first in of_tables.items()}
    most = max(of_one.values())
    n_settings, n_rules = len(request.setting), len(request.rule)

    def rows(dtype: np.dtype, of_a_person: int) -> np.recarray:
        return np.recarray(max(of_a_person, _LEAST_ROOM), dtype)

    n_drugs = of_one["medication_first"]
    made = Made(
        exposure=rows(EXPOSURE_ROW, n_drugs),
        trial=rows(TRIAL_ROW, n_drugs * n_settings),
        episode=rows(EPISODE_ROW, (n_drugs + of_one["condition_first"]) * n_settings),
        judged=rows(JUDGED_ROW, n_drugs * n_rules),
        determination=rows(DETERMINATION_ROW, len(request.definition)),
        step=rows(STEP_ROW, n_drugs),
        begun=np.empty(max(n_drugs, _LEAST_ROOM), np.int16),
        staged=rows(JUDGED_ROW, n_drugs * len(request.stagings.rule)),
        stage=rows(STAGE_ROW, len(request.stagings.staging)),
        n=np.zeros(len(Made._fields) - 1, np.int64),
    )
    n_codes = max(1, len(treatments.code)) if treatments is not None else 0
    n_entries = (of_one["dose_first"] + of_one["procedure_first"]) * n_codes
    room = Room(
        keys=np.empty(max(most, n_entries) + 1, np.int64),
        score_keys=np.empty(most + 1, np.int64),
        days=np.empty(most + 1, np.int64),
        doses=np.empty(max(most, n_entries, len(question.names.drug)) + 1),
        counts=np.recarray(2, COUNT),
        first_judged=np.zeros(n_rules + 1, np.int64),
        staged_trials=np.recarray(n_drugs, TRIAL_ROW),
        counted=np.zeros((len(COUNTED), 2), np.int64),
        points=np.zeros((len(ITEMS), 2)),
        entries=np.recarray(n_entries, ENTRY),
        runs=np.recarray(of_one["declared_first"], RUN_ROW),
        supplied=np.recarray(n_drugs, EXPOSURE_ROW),
    )
    return made, room


def _found_room(records: Records, first: int, end: int, treatments: Treatments) -> Found:
    """Room for all that can be found of the sessions of these people."""
    n_rows = sum(int(of[end] - of[first]) for of in (records.dose_first, records.procedure_first))
    n_days = n_rows * len(treatments.treatment)
    most_checkpoints = int(treatments.treatment["n_checkpoints"].max())
    n_regimens = len(treatments.regimen)
    n_declared = int(records.declared_first[end] - records.declared_first[first])
    return Found(
        session=np.recarray(n_days, SESSION_ROW),
        series=np.recarray(n_days, SERIES_ROW),
        judged_session=np.recarray(n_days * n_regimens, JUDGED_SESSION_ROW),
        judged_series=np.recarray(n_days * n_regimens, JUDGED_SERIES_ROW),
        response=np.recarray(n_days * most_checkpoints, RESPONSE_ROW),
        effect=np.recarray(n_days, EFFECT_ROW),
        burden=np.recarray(n_days * N_STRETCHES, BURDEN_ROW),
        arm=np.recarray(n_declared * most_checkpoints, ARM_ROW),
        n=np.zeros(len(Found._fields) - 1, np.int64),
    )
