"""Series -> whether the indication of a regimen applies to them (docs/engine.md, 12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import ibis
import ibis.expr.types as ir

from stepwell.evidence import MET, NOT_MET, UNKNOWN
from stepwell.knowledge.instrument import Instrument
from stepwell.knowledge.regimen import Regimen

from .code_gap import add_hidden
from .intervals import without_breaks

_KEY = ["person_id", "series_number"]


def find_indicated(
    series: ir.Table,
    records: Mapping[str, ir.Table],
    regimen: Regimen,
    instruments: Iterable[Instrument],
    has: frozenset[str],
) -> ir.Table:
    """One row is one series of the regimen's treatment, with the verdict `is_indicated`.

    Needs: the records `condition`, `answer` and `observation_period`, with days as integers.
    Rule: met with a diagnosis of the code sets, or an answer that the regimen names, in the days before the first session or on
    its day.
    Unknown when: another item about suicide was answered above its least; nobody was asked; the source holds no diagnoses; the
    days before the first session were not observed, or records of theirs may hide a diagnosis. Not met only where the answers and
    the diagnoses both say so.
    """
    asked = regimen.indicated
    of_treatment = series.filter(series.treatment == regimen.treatment)
    span = of_treatment.select(*_KEY, "start_day", first_day=of_treatment.start_day - asked.within)

    coded = span.join(records["condition"], "person_id", how="inner")
    coded = coded.filter(
        coded.codeset.isin(asked.any_of), coded.condition_day.between(coded.first_day, coded.start_day)
    )
    coded = coded.select(*_KEY, was_coded=MET).distinct()

    answered = span.join(records["answer"], "person_id", how="inner")
    answered = answered.filter(answered.answered_day.between(answered.first_day, answered.start_day))
    named = ibis.or_(
        NOT_MET,
        *(
            (answered.instrument == a.instrument) & answered.item.isin(a.items) & (answered.value >= a.at_least)
            for a in asked.answers
        ),
    )
    safety = [(i.id, i.safety) for i in instruments if i.safety is not None]
    is_asking = ibis.or_(NOT_MET, *((answered.instrument == n) & answered.item.isin(s.items) for n, s in safety))
    above = ibis.or_(
        NOT_MET,
        *((answered.instrument == n) & answered.item.isin(s.items) & (answered.value >= s.at_least) for n, s in safety),
    )
    answers = answered.group_by(_KEY).agg(
        was_named=named.fill_null(False).any(),
        was_above=above.fill_null(False).any(),
        was_zero=(is_asking & answered.value.notnull() & ~above).fill_null(False).any(),
    )

    whole = without_breaks(records["observation_period"])
    held = span.join(whole, "person_id", how="inner")
    held = held.filter(held.from_day <= held.first_day, held.until_day >= held.start_day)
    held = held.select(*_KEY, was_observed=MET).distinct()

    for rows in (coded, answers, held):
        span = span.left_join(rows, _KEY).drop(*(f"{k}_right" for k in _KEY))
    span = add_hidden(span, records, "condition", asked.any_of, "is_hidden", until="start_day", within=asked.within)
    is_met = span.was_coded.fill_null(False) | span.was_named.fill_null(False)
    is_free = (
        span.was_zero.fill_null(False)
        & ~span.was_above.fill_null(False)
        & span.was_observed.fill_null(False)
        & ~span.is_hidden
        & ibis.literal("condition" in has)
    )
    return span.select(*_KEY, is_indicated=ibis.cases((is_met, MET), (is_free, NOT_MET), else_=UNKNOWN))
