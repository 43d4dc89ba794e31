"""Readings on the days of doses, from a CDM: blood pressure, oxygen saturation, and the scales of dissociation and sedation.

They are taken on the days of doses only: blood pressure is the commonest measurement there is.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ..knowledge.forms import Knowledge
from ..tables import MONITORING
from ..tables.ranges import FORM_SENT, OBSERVED_MINUTES, SESSION_MINUTES, Range
from .codes import CODED, Codes, instrument_codes
from .csvform import MONITORED
from .files import RawTable
from .people import People
from .records import empty
from .source import Loss
from .stored import store
from .tally import Finding, settle, without_repeats
from .values import day, minute_of, number, within
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


def read_readings(
    coded: Codes,
    con: ibis.BaseBackend,
    people: People,
    filled: dict[str, RawTable],
    dose: ir.Table,
    knowledge: Knowledge,
) -> tuple[ir.Table, list[Loss]]:
    """`monitoring`: the rows of the measurement and observation tables on the days of doses, with the minutes since the day's
    first dose began (NULL where either time is not recorded)."""
    raws = [filled[name] for name in ("measurement", "observation") if name in filled]
    if not raws:
        return empty(con, MONITORING.schema), []
    where = " and ".join(raw.where for raw in raws)
    days = store(con, dose.group_by("person_id", "given_date").agg(began=dose.minute.min()), where)
    codes = [code for code in vital_codes(knowledge) if code.set_id in _AROUND]
    codes += instrument_codes(_scales(knowledge).values())
    parts, ids = [], []
    for raw in raws:
        name = raw.name
        found = coded.find(raw, CODED[name], codes)
        kind = found.set_id.cases(*_AROUND.items(), else_=found.set_id)
        ids.append(found.select(kind=kind, id=f"{name}_id"))
        told = RawTable(name, raw.where, found)
        written = [number(told.column(c)) for c in ("value_as_string", "value_source_value")]
        rows = found.select(
            id="person_id",
            given_date=day(found[f"{name}_date"]).value,
            kind=kind,
            measured_at=told.column(f"{name}_datetime"),
            stated=ibis.coalesce(number(told.column("value_as_number", "float64")), *written),
            address=told.address(f"{name}_id"),
        )
        # The time is read of the readings on days of doses alone.
        rows = people.attach(rows, "id").join(days, ["person_id", "given_date"])
        minutes = within(SESSION_MINUTES, minute_of(rows.measured_at) - rows.began).cast("int32")
        parts.append(rows.select("person_id", "kind", "address", "stated", session_date="given_date", minutes=minutes))
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    is_usable = _is_possible(rows, knowledge)
    rows = rows.mutate(
        value=is_usable.ifelse(rows.stated, ibis.null("float64")), is_misprint=rows.stated.notnull() & ~is_usable
    )
    kept, losses, _n = settle(
        MONITORING.name,
        where,
        rows,
        [
            Finding(rows.minutes.isnull(), "readings on the day of a dose without a time before or after it", "kept"),
            Finding(rows.is_misprint, "readings on the day of a dose outside the range of any", "read as unknown"),
        ],
    )
    kept, repeats = without_repeats(MONITORING.name, where, kept.select(*MONITORING.schema), ids, "kind")
    return kept, losses + repeats


def _scales(knowledge: Knowledge) -> dict:
    """The scales of monitoring that have a place in `monitoring`, by id."""
    return {i: knowledge.all_instruments[i] for i in MONITORED if i in knowledge.all_instruments}


def _is_possible(rows: ir.Table, knowledge: Knowledge) -> ir.BooleanValue:
    """Whether a value lies in the range of its kind, beyond which it is a misprint."""
    ranges = ranges_of_readings(knowledge).items()
    return ibis.cases(*((rows.kind == kind, rows.stated.between(r.at_least, r.at_most)) for kind, r in ranges))
