"""Readings on the days of doses, from a CDM: blood pressure, oxygen saturation, and the scales of dissociation and sedation.

They are taken on the days of doses only: blood pressure is the commonest measurement there is.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from ..knowledge.forms import Knowledge
from ..tables import MONITORING
from ..tables.ranges import FORM_SENT, OBSERVED_MINUTES, SESSION_MINUTES, Range
from .cells import Cells, chosen, within
from .codes import SetCode, instrument_codes
from .csvform import MONITORED
from .findings import Finding, settle, without_repeats
from .parts import Read
from .vitals import vital_codes

_AROUND = {
    "blood-pressure-systolic": "systolic",
    "blood-pressure-diastolic": "diastolic",
    "oxygen-saturation": "oxygen saturation",
}
"""The vital signs that are looked for, and what they are called around a session. A scale is called by its id."""


def ranges_of_readings(knowledge: Knowledge) -> dict[str, Range]:
    """The range of each kind of reading: of a vital sign, of a scale, of what was done about a session."""
    vitals = {kind: knowledge.vitals[vital] for vital, kind in _AROUND.items() if vital in knowledge.vitals}
    limits = {kind: Range(of.at_least, of.at_most) for kind, of in (vitals | _scales(knowledge)).items()}
    return {**limits, "observed": OBSERVED_MINUTES, "form sent": FORM_SENT}


def reading_codes(knowledge: Knowledge) -> list[SetCode]:
    """The codes and names of the readings that are taken around sessions."""
    codes = [code for code in vital_codes(knowledge) if code.set_id in _AROUND]
    return codes + instrument_codes(_scales(knowledge).values())


def read_readings(found: Mapping[str, pl.DataFrame], dose: pl.DataFrame, knowledge: Knowledge) -> Read:
    """`monitoring`: the readings on the days of doses, with the minutes since the day's first dose began (NULL where either time
    is not recorded). `found` has the rows of each raw table that are coded as a reading, with `person_id` and `set_id`."""
    days = dose.group_by("person_id", "given_date").agg(began=pl.col("minute").min())
    none = pl.DataFrame(schema=_STATED)
    rows = pl.concat([none, *(_stated_readings(name, rows, days) for name, rows in found.items())])
    is_possible = is_possible_value(knowledge)
    rows = rows.with_columns(
        value=pl.when(is_possible).then("stated"), is_misprint=pl.col("stated").is_not_null() & ~is_possible
    )
    kept, losses = settle(
        MONITORING.name,
        rows,
        [
            Finding(
                pl.col("minutes").is_null(),
                "readings on the day of a dose without a time before or after it",
                "kept",
            ),
            Finding(pl.col("is_misprint"), "readings on the day of a dose outside the range of any", "read as unknown"),
        ],
    )
    kept = kept.select(*MONITORING.schema).cast(MONITORING.schema.to_polars())
    kept, repeats = without_repeats(MONITORING.name, kept, "kind")
    return Read({MONITORING.name: kept}, {MONITORING.name: losses + repeats})


_STATED = {
    "person_id": pl.Int64,
    "session_date": pl.Date,
    "kind": pl.String,
    "minutes": pl.Int32,
    "stated": pl.Float64,
    "address": pl.String,
}


def _stated_readings(name: str, rows: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The readings of one raw table on the days of doses, with the columns of `_STATED`."""
    # Few readings are on days of doses: what else they say is read of these alone.
    rows = rows.with_columns(_day=Cells(rows).day(f"{name}_date").value)
    rows = rows.join(days, left_on=["person_id", "_day"], right_on=["person_id", "given_date"])
    cells = Cells(rows)
    return rows.select(
        "person_id",
        session_date="_day",
        kind=pl.col("set_id").replace(_AROUND),
        minutes=within(SESSION_MINUTES, cells.minute(f"{name}_datetime") - pl.col("began")),
        stated=pl.coalesce(cells.number(c) for c in ("value_as_number", "value_as_string", "value_source_value")),
        address=cells.address(name, f"{name}_id"),
    ).cast(_STATED)


def _scales(knowledge: Knowledge) -> dict:
    """The scales of monitoring that have a place in `monitoring`, by id."""
    return {i: knowledge.all_instruments[i] for i in MONITORED if i in knowledge.all_instruments}


def is_possible_value(knowledge: Knowledge) -> pl.Expr:
    """Whether the value `stated` lies in the range of its `kind`, beyond which it is a misprint."""
    ranges, stated = ranges_of_readings(knowledge).items(), pl.col("stated")
    cases = ((pl.col("kind") == kind, stated.is_between(r.at_least, r.at_most)) for kind, r in ranges)
    return chosen(*cases, otherwise=pl.lit(None, pl.Boolean))
