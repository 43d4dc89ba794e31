"""Lines of an own folder that their source declares to be sessions of a treatment, or of what a trial compared it with."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ..knowledge.forms import Knowledge
from ..tables import DECLARED_SESSION
from ..tables.ranges import DAY, MG_PER_KG
from .drugs import NamedDrugs
from .files import RawTable
from .source import Loss
from .tally import Finding, settle
from .values import day, is_outside, number, within


def is_comparator(rows: ir.Table) -> ir.BooleanValue:
    """Whether a placebo or another drug was given in the treatment's place."""
    return (rows.kind.lower() == "comparator").fill_null(False)


def without_comparators(raw: RawTable) -> RawTable:
    """The lines of medication.csv that are medicines of the person's own."""
    return RawTable(raw.name, raw.where, raw.rows.filter(~is_comparator(raw.rows)))


def declared_problems(
    rows: ir.Table, drugs: NamedDrugs, knowledge: Knowledge
) -> list[tuple[ir.BooleanValue, str, str]]:
    """What can be wrong with the columns `session`, `arm` and `mg_per_kg` of a line: when, what was found, what is expected."""
    treatments = {t.id: t.ingredients for t in knowledge.treatments.values() if t.ingredients}
    said, has_session = rows.session.lower(), rows.session.notnull()
    named = drugs.on_engine
    own = []
    for treatment, ingredients in treatments.items():
        names = named.filter(named.ingredient.isin(ingredients)).called
        own.append((said == treatment) & rows.drug.lower().isin(names))
    ids = ", ".join(sorted(treatments))
    is_told = rows.arm.notnull() | rows.mg_per_kg.notnull()
    return [
        (has_session & said.notin(list(treatments)), "an unknown treatment in session", f"one of {ids}"),
        (
            has_session & said.isin(list(treatments)) & ~ibis.or_(*own).fill_null(False) & ~is_comparator(rows),
            "a session of one treatment with another drug",
            "the treatment's own drug, or kind comparator",
        ),
        (is_comparator(rows) & ~has_session, "a comparator of nothing", f"in session, one of {ids}"),
        (is_told & ~has_session, "arm or mg_per_kg of a line that is no declared session", f"in session, one of {ids}"),
    ]


def read_declared(raw: RawTable) -> tuple[ir.Table, list[Loss]]:
    """The record table `declared_session`, and what is wrong with its rows."""
    rows = raw.rows.filter(raw.rows.session.notnull())
    for_weight = rows.drug + ibis.coalesce(ibis.literal(" ") + rows.mg_per_kg + " mg/kg", ibis.literal(""))
    stated = number(rows.mg_per_kg)
    rows = rows.select(
        "person_id",
        "address",
        session_date=day(rows.start_date).value,
        treatment=rows.session.lower(),
        is_comparator=is_comparator(rows),
        arm=ibis.coalesce(rows.arm, for_weight),
        mg_per_kg=within(MG_PER_KG, stated),
        is_dose_outside=is_outside(MG_PER_KG, stated),
    )
    findings = [
        Finding(rows.session_date.isnull(), f"declared sessions dated outside {DAY}", "left out"),
        Finding(
            rows.is_dose_outside, f"declared sessions with a dose for the weight outside {MG_PER_KG}", "read as unknown"
        ),
    ]
    findings.append(
        Finding(
            rows.is_comparator, "sessions of what a treatment was compared with: no doses, and no medicines", "kept"
        )
    )
    kept, losses, _n = settle(DECLARED_SESSION.name, raw.where, rows, findings)
    return kept.select(*DECLARED_SESSION.schema), losses
