"""Dose and procedure records -> occasions: one treatment on one day, however many rows speak of it (docs/engine.md, 11)."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from .intervals import to_day

_DAY = ("person_id", "treatment", "session_day")
_NO_MG = ibis.null("float64")


def find_occasion(dose: ir.Table, procedure: ir.Table, known: Mapping[str, ir.Table]) -> ir.Table:
    """One row is one treatment on one day: whether a record says that it was given, its dose as a span, its route.

    Needs: `known`, the tables of `KNOWN_TREATMENTS`.
    Rule: a visit that includes the drug, the drug's own rows and units billed on one day are one session, never counted twice;
    their doses are the same dose, told by each as exactly as it can.
    Unknown when: no record says that it was given that day; the dose, where rows that are alike may be one row sent twice or two
    doses, where a code gives only a range, or where records contradict each other.
    """
    rows = _rows(dose, procedure, known)
    repeats = [c for c in rows.columns if c != "address"]
    once = rows.group_by(repeats).agg(n_rows=rows.count(), first_address=rows.address.min())
    # Of drug rows those that say most count: a dose charted as given, else a row that does not say, else a supply.
    rank = once.kind.cases(("administration", 0), ("supply", 2), else_=1)
    once = once.mutate(drug_rank=(once.sort == "drug").ifelse(rank, ibis.null("int8")))
    is_best = once.drug_rank == once.drug_rank.min().over(ibis.window(group_by=_DAY))
    once = once.mutate(
        is_drug=is_best.fill_null(False),
        is_units=(once.sort == "units") & once.is_in_date.fill_null(True),
        is_visit=(once.sort == "visit") & once.is_in_date.fill_null(True),
    )
    says_given = (once.kind == "administration") | (
        ((once.kind == "procedure") | (once.sort != "drug")) & once.is_in_date.fill_null(True)
    )
    day = once.group_by(*_DAY).agg(
        is_given=says_given.fill_null(False).any(),
        route=(once.route.nunique() == 1).ifelse(once.route.min(), ibis.null("string")),
        n_drug=once.is_drug.sum(),
        n_drug_known=(once.is_drug & once.mg.notnull()).sum(),
        drug_at_least=once.mg.sum(where=once.is_drug),
        drug_at_most=(once.mg * once.n_rows).sum(where=once.is_drug),
        n_units=once.is_units.sum(),
        n_units_known=(once.is_units & once.mg.notnull()).sum(),
        units_at_least=once.mg.sum(where=once.is_units),
        units_at_most=(once.mg * once.n_rows).sum(where=once.is_units),
        visit_at_most=once.mg_at_most.min(where=once.is_visit),
        visit_above=once.mg_above.max(where=once.is_visit),
        is_dose_impossible=once.is_impossible.any(),
        is_code_out_of_date=(~once.is_in_date.fill_null(True)).any(),
        n_records=once.n_rows.sum(),
        n_repeated_records=(once.n_rows - 1).sum(),
        minute=once.minute.min(),
        address=once.first_address.min(),
    )
    return _with_dose(day.join(known["known_treatment"], "treatment", how="inner"))


def _rows(dose: ir.Table, procedure: ir.Table, known: Mapping[str, ir.Table]) -> ir.Table:
    """Every row that speaks of a treatment, with what its code says: its `sort` is `drug`, `units`, `visit` or `procedure`."""
    name = known["known_treatment_name"]
    drugs, sets = (name.filter(name.use == use).drop("use") for use in ("drug", "procedure"))
    of_drug = dose.join(drugs, dose.ingredient == drugs.name).select(
        "person_id",
        "treatment",
        session_day=dose.given_day,
        kind=dose.kind,
        code=dose.code,
        quantity=dose.quantity,
        mg=dose.mg,
        route=dose.route,
        minute=dose.minute,
        address=dose.address,
        is_drug_row=True,
    )
    of_set = procedure.join(sets, procedure.procedure == sets.name).select(
        "person_id",
        "treatment",
        session_day=procedure.procedure_day,
        kind=ibis.literal("procedure"),
        code=procedure.code,
        quantity=procedure.quantity,
        mg=_NO_MG,
        route=ibis.null("string"),
        minute=ibis.null("int32"),
        address=procedure.address,
        is_drug_row=False,
    )
    rows = of_drug.union(of_set.select(of_drug.columns))
    code = known["known_billing_code"].rename(billed="code", billed_for="treatment")
    rows = rows.left_join(code, [rows.treatment == code.billed_for, rows.code == code.billed])
    from_day, until_day = to_day(rows.valid_from), to_day(rows.valid_until)
    is_in_date = (rows.session_day >= from_day).fill_null(True) & (rows.session_day <= until_day).fill_null(True)
    sort = ibis.cases(
        (rows.mg_per_unit.notnull(), "units"),
        (rows.billed.notnull(), "visit"),
        (rows.is_drug_row, "drug"),
        else_="procedure",
    )
    rows = rows.mutate(
        sort=sort,
        is_in_date=rows.billed.notnull().ifelse(is_in_date, ibis.null("boolean")),
        mg=rows.mg_per_unit.notnull().ifelse(rows.quantity * rows.mg_per_unit, rows.mg),
    )
    limits = known["known_treatment"].select("treatment", "possible_at_least", "possible_at_most", "multiple_of")
    rows = rows.join(limits, "treatment", how="inner")
    is_whole = rows.mg - (rows.mg / rows.multiple_of).floor() * rows.multiple_of == 0
    is_possible = (rows.mg >= rows.possible_at_least) & (rows.mg <= rows.possible_at_most) & is_whole.fill_null(True)
    is_wrong = rows.mg.notnull() & ~is_possible.fill_null(True)
    return rows.select(
        *_DAY,
        "kind",
        "sort",
        "code",
        "quantity",
        "route",
        "minute",
        "is_in_date",
        "mg_at_most",
        "mg_above",
        "address",
        mg=is_wrong.ifelse(_NO_MG, rows.mg),
        # A supply may hold several sessions' doses, which is nothing wrong.
        is_impossible=is_wrong & (rows.kind != "supply").fill_null(True),
    )


def _with_dose(day: ir.Table) -> ir.Table:
    """What the day's records say of the dose, taken together: `mg_at_least`, `mg_at_most`, and `mg` where they are the same."""
    most, step = day.possible_at_most, day.multiple_of
    spans = []
    for sort in ("drug", "units"):
        is_known = (day[f"n_{sort}"] > 0) & (day[f"n_{sort}"] == day[f"n_{sort}_known"])
        low, high = day[f"{sort}_at_least"], day[f"{sort}_at_most"]
        # Rows that are alike are one row when they would be too much as two doses.
        high = (high > most).fill_null(False).ifelse(low, high)
        is_known = is_known & ~(low > most).fill_null(False)
        spans.append((is_known.ifelse(low, _NO_MG), is_known.ifelse(high, _NO_MG)))
    next_dose = ((day.visit_above / step).floor() + 1) * step
    is_visit = day.visit_at_most.notnull() | day.visit_above.notnull()
    visit_low = ibis.coalesce(next_dose, day.visit_above, day.possible_at_least)
    visit_high = ibis.coalesce(day.visit_at_most, most)
    spans.append((is_visit.ifelse(visit_low, _NO_MG), is_visit.ifelse(visit_high, _NO_MG)))
    day = day.mutate(**{f"low_{n}": low for n, (low, _) in enumerate(spans)})
    day = day.mutate(**{f"high_{n}": high for n, (_, high) in enumerate(spans)})
    lows, highs = ([day[f"{end}_{n}"] for n in range(len(spans))] for end in ("low", "high"))
    low, high = _greatest(lows), _least(highs)
    contradicts = (low > high).fill_null(False)
    day = day.mutate(
        is_dose_contradictory=contradicts,
        mg_at_least=contradicts.ifelse(_least(lows), low),
        mg_at_most=contradicts.ifelse(_greatest(highs), high),
    )
    is_exact = day.mg_at_least == day.mg_at_most
    kept = ("is_given", "route", "mg_at_least", "mg_at_most", "is_dose_contradictory", "is_dose_impossible",
            "is_code_out_of_date", "n_records", "n_repeated_records", "minute", "address")  # fmt: skip
    return day.select(*_DAY, *kept, mg=is_exact.ifelse(day.mg_at_least, _NO_MG))


def _greatest(values: list[ir.FloatingValue]) -> ir.FloatingValue:
    """The greatest of those that are known."""
    known = [v.fill_null(float("-inf")) for v in values]
    return ibis.greatest(*known).nullif(float("-inf"))


def _least(values: list[ir.FloatingValue]) -> ir.FloatingValue:
    known = [v.fill_null(float("inf")) for v in values]
    return ibis.least(*known).nullif(float("inf"))
