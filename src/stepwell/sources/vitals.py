"""Vital signs: blood pressure and oxygen saturation, from a CDM and from own folders. They are no scores; the engine never
reads them."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ..knowledge.forms import Knowledge
from ..tables import VITAL
from .codes import CODED, NAME, Codes, SetCode
from .files import RawTable
from .people import People
from .source import Loss
from .tally import Finding, settle, without_repeats
from .undated import Gaps, note_undated
from .values import day, number


def read_vitals(
    coded: Codes,
    gaps: Gaps,
    con: ibis.BaseBackend,
    people: People,
    raws: list[RawTable],
    vocabulary: dict[str, RawTable],
    knowledge: Knowledge,
) -> tuple[ir.Table, list[Loss]]:
    """Vital signs among the measurements of a CDM."""
    (raw,) = raws
    rows = coded.find(raw, CODED[raw.name], vital_codes(knowledge))
    ids = rows.select(kind="set_id", id="measurement_id")
    told = RawTable(raw.name, raw.where, rows)
    stated = [number(told.column(c, t)) for c, t in (("value_as_number", "float64"), ("value_source_value", "string"))]
    rows = rows.select(
        id="person_id",
        vital="set_id",
        measured_date=day(rows.measurement_date).value,
        written=rows.measurement_date,
        value=ibis.coalesce(*stated),
        address=told.address("measurement_id"),
    )
    kept, losses = _settle(gaps, con, people.attach(rows, "id"), raw.where, knowledge)
    kept, repeats = without_repeats(VITAL.name, raw.where, kept, [ids], "vital")
    return kept, losses + repeats


def read_own_vitals(
    gaps: Gaps, con: ibis.BaseBackend, people: People, raw: RawTable, knowledge: Knowledge
) -> tuple[ir.Table, list[Loss]]:
    """Vital signs of an own folder."""
    rows = raw.rows
    called = rows.vital.lower()
    rows = rows.select(
        "person_id",
        "address",
        vital=ibis.cases(*((called == word, v) for word, v in vital_names(knowledge).items())),
        measured_date=day(rows.measured_date).value,
        written=rows.measured_date,
        value=is_percent(called, knowledge).ifelse(number(rows.percent), number(rows.mmhg)),
    )
    return _settle(gaps, con, rows, raw.where, knowledge)


def vital_names(knowledge: Knowledge) -> dict[str, str]:
    """The ids of vital signs by every name under which an own folder may write them, in lower case."""
    return {name.lower(): v.vital for v in knowledge.vitals.values() for name in (v.vital, v.label, *v.names)}


def is_percent(called: ir.StringColumn, knowledge: Knowledge) -> ir.BooleanValue:
    """Whether a vital sign, by any of its names in lower case, is read in per cent, and not in mmHg."""
    names = [name for name, v in vital_names(knowledge).items() if knowledge.vitals[v].unit == "%"]
    return called.isin(names).fill_null(False)


def vital_codes(knowledge: Knowledge) -> list[SetCode]:
    """The codes and names of vital signs."""
    return [
        SetCode(v.vital, vocabulary, str(code), "exact")
        for v in knowledge.vitals.values()
        for vocabulary, codes in (("LOINC", v.loinc), ("OMOP", v.omop), (NAME, v.names))
        for code in codes
    ]


def is_possible(vital: ir.StringColumn, value: ir.FloatingColumn, knowledge: Knowledge) -> ir.BooleanValue:
    """Whether a value lies in the range of its vital sign, beyond which it is a misprint."""
    vitals = knowledge.vitals.values()
    low = ibis.cases(*((vital == v.vital, v.at_least) for v in vitals), else_=0.0)
    high = ibis.cases(*((vital == v.vital, v.at_most) for v in vitals), else_=0.0)
    return value.between(low, high)


def _settle(
    gaps: Gaps, con: ibis.BaseBackend, rows: ir.Table, where: str, knowledge: Knowledge
) -> tuple[ir.Table, list[Loss]]:
    """Vital signs from rows with `person_id`, `vital`, `measured_date`, `written` (its cell), `value`, `address`; beyond the
    range they are unknown. Those without a day go to `gaps`."""
    is_usable = is_possible(rows.vital, rows.value, knowledge)
    usable, none = is_usable.ifelse(rows.value, ibis.null("float64")), ibis.null("float64")
    of_percent = is_percent(rows.vital, knowledge)
    rows = rows.mutate(mmhg=of_percent.ifelse(none, usable), percent=of_percent.ifelse(usable, none))
    undated = Finding(rows.measured_date.isnull(), "vital signs without a usable date", "left out")
    kept, losses, _n = settle(
        VITAL.name,
        where,
        rows,
        [
            Finding(rows.person_id.isnull(), "vital signs of people who are not in person", "left out"),
            undated,
            Finding(rows.value.isnull(), "vital signs without a value", "kept"),
            Finding(rows.value.notnull() & ~is_usable, "vital signs outside the range of any", "read as unknown"),
        ],
    )
    losses += note_undated(gaps, con, rows, losses, [undated], VITAL.name, "vital", where)
    return kept.select("person_id", "vital", "measured_date", "mmhg", "percent", "address"), losses
