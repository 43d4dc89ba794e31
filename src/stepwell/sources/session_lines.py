"""Drugs given in sessions, and the readings taken around them, from the lines of stepwell's own folder."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ..knowledge.forms import Knowledge
from ..tables import MONITORING
from ..tables.ranges import (
    DAY,
    QUANTITY,
    SESSION_DOSE,
    SESSION_MINUTES,
    STRENGTH,
)
from .doses import session_ingredients, settle_doses
from .drugs import NamedDrugs
from .files import RawTable
from .people import People
from .routes import route
from .session_readings import ranges_of_readings
from .source import Loss
from .tally import Finding, settle
from .values import clock, day, is_outside, number, rounded, within

_KINDS = {"administration": "administration", "prescription": "supply", "dispensing": "supply", "supply": "supply"}


def read_dose_lines(raw: RawTable, drugs: NamedDrugs, knowledge: Knowledge) -> tuple[ir.Table, list[Loss]]:
    """The lines of drugs that are given in sessions."""
    named = drugs.on_engine
    named = named.filter(named.ingredient.isin(session_ingredients(knowledge)))
    rows = raw.rows.join(named, raw.rows.drug.lower() == named.called)
    strength = ibis.coalesce(within(STRENGTH, number(rows.strength_mg)), rows.mg_per_unit)
    quantity, stated = number(rows.quantity), number(rows.mg)
    mg = ibis.coalesce(within(SESSION_DOSE, stated), within(SESSION_DOSE, strength * within(QUANTITY, quantity)))
    rows = rows.select(
        "person_id",
        "ingredient",
        "address",
        given_date=day(rows.start_date).value,
        kind=rows.kind.lower().cases(*_KINDS.items()),
        code=ibis.null("string"),
        quantity=within(QUANTITY, quantity),
        mg=mg,
        route=route(rows.route),
        minute=clock(rows.time),
        is_quantity_outside=is_outside(QUANTITY, quantity),
        is_dose_outside=is_outside(SESSION_DOSE, stated),
        is_time_unreadable=ibis.literal(False),
    )
    return settle_doses(rows, raw.where)


def read_monitoring_lines(
    con: ibis.BaseBackend, people: People, raw: RawTable, knowledge: Knowledge
) -> tuple[ir.Table, list[Loss]]:
    """The lines of monitoring.csv."""
    rows, ranges = raw.rows, ranges_of_readings(knowledge)
    kind, minutes, value = rows.kind.lower(), number(rows.minutes), number(rows.value)
    is_possible = ibis.cases(*((kind == k, value.between(r.at_least, r.at_most)) for k, r in ranges.items()))
    rows = rows.select(
        "person_id",
        "address",
        session_date=day(rows.session_date).value,
        kind=kind,
        minutes=rounded(within(SESSION_MINUTES, minutes)).cast("int32"),
        value=is_possible.ifelse(value + 0.0, ibis.null("float64")),
        is_minute_outside=is_outside(SESSION_MINUTES, minutes),
        is_value_outside=value.notnull() & ~is_possible,
    )
    kept, losses, _n = settle(
        MONITORING.name,
        raw.where,
        rows,
        [
            Finding(rows.session_date.isnull(), f"readings dated outside {DAY}", "left out"),
            Finding(rows.is_minute_outside, f"readings with minutes outside {SESSION_MINUTES}", "read as unknown"),
            Finding(rows.is_value_outside, "readings outside the range of what was read", "read as unknown"),
        ],
    )
    return kept.select(*MONITORING.schema), losses
