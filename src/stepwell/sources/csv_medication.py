"""medication.csv of stepwell's own folder: prescriptions and fills by the name of the drug."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import polars as pl

from ..knowledge.forms import Knowledge
from ..tables.ranges import STRENGTH
from .declared_lines import is_comparator
from .drugs import NamedDrugs, find_named_drugs
from .files import RawTable
from .incomplete import INTERACTING_WITHOUT_DAY, WITHOUT_DAY, count_kinds, settle_incomplete
from .medication import settle_medication, stop_reason
from .orders import FILL, ORDER, TAKEN, settle_orders
from .people import People
from .product_use import by_route
from .routes import route
from .source import DrugRows, Loss
from .stored import fetch, run
from .tally import Finding, settle
from .values import day, number, within

ORIGIN_OF_KIND = {"prescription": ORDER, "dispensing": FILL, "administration": TAKEN}
"""What `kind` of a line says; `supply` may be either."""

_REMEDY = "write in medication.csv the name of the ingredient, or `other` for a drug that is known to be none of those looked for"


def find_own_drugs(con: ibis.BaseBackend, raw: RawTable, *knowledges: Knowledge) -> tuple[NamedDrugs, ...]:
    """What the drugs of medication.csv are by each body of knowledge. What a treatment was compared with is no row of a drug."""
    names = raw.rows.group_by(called=raw.rows.drug.lower()).agg(n_rows=(~is_comparator(raw.rows)).sum())
    found = fetch(names.filter(names.called.notnull()), raw.where).cast({"n_rows": pl.Int64})
    return tuple(find_named_drugs(con, found, knowledge) for knowledge in knowledges)


def read_own_medication(
    drugs: NamedDrugs, con: ibis.BaseBackend, people: People, raw: RawTable, knowledge: Knowledge
) -> tuple[ir.Table, list[Loss]]:
    """The lines of drugs that are looked for, with the findings about them."""
    rows, named, kinds = raw.rows, drugs.on_engine, drugs.kinds_on_engine
    rows = rows.left_join(named, rows.drug.lower() == named.called).drop("called")
    rows = rows.left_join(kinds, rows.drug.lower() == kinds.called)
    start, end = day(rows.start_date), day(rows.end_date)
    strength = number(rows.strength_mg)
    usable = within(STRENGTH, strength)
    rows = rows.select(
        "person_id",
        "ingredient",
        "address",
        is_looked_for=rows.ingredient.notnull(),
        is_unidentified=rows.kind_right == "unidentified",
        start_date=start.value,
        start_is_unreadable=ibis.literal(False),
        start_is_marker=start.is_marker,
        is_shifted=start.is_shifted,
        recorded_end=end.value,
        end_is_unusable=end.is_marker,
        is_administration=ibis.literal(False),
        supply=number(rows.days_supply),
        quantity=number(rows.quantity),
        stated_mg_per_day=number(rows.mg_per_day),
        units_per_day=ibis.null("float64"),
        stated_strength=strength,
        mg_per_unit=ibis.coalesce(usable, rows.mg_per_unit),
        per=usable.notnull().ifelse("unit", rows.per),
        strength_basis=usable.notnull().ifelse("recorded strength", rows.strength_basis),
        product_mg_per_unit=ibis.null("float64"),
        product_days_per_unit=ibis.null("float64"),
        labelled_use=by_route(rows.labelled_use, rows.ingredient, route(rows.route), knowledge),
        stop_reason=stop_reason(rows.stop_reason),
        valid_from=ibis.null("string"),
        valid_until=ibis.null("string"),
        of_order=ibis.null("string"),
        origin=rows.kind.lower().cases(*ORIGIN_OF_KIND.items()),
        is_no_number=ibis.literal(False),
        is_other_reason=ibis.literal(False),
    )
    kept, losses, _n = settle(
        "medication",
        raw.where,
        rows,
        [
            Finding(rows.is_unidentified, "drugs that nobody could identify", "left out"),
            Finding(~rows.is_looked_for, "drugs that are not looked for", "left out"),
        ],
    )
    kinds = run(rows.filter(rows.origin.notnull()).select("origin").distinct(), raw.where).to_pylist()
    kept, ordered = settle_orders(con, kept, raw.where, {row["origin"] for row in kinds}, knowledge)
    medication, found = settle_medication(kept, raw.where)
    return medication, losses + ordered + found


def find_own_incomplete(
    con: ibis.BaseBackend,
    people: People,
    raw: RawTable,
    drugs: NamedDrugs,
    interacting: NamedDrugs,
    knowledge: Knowledge,
) -> tuple[ir.Table, DrugRows]:
    """Whose lines name drugs that nobody knows, or that have no day, and of whom every line is of a drug given there and then."""
    kinds = drugs.kinds_on_engine
    rows = raw.rows.select("person_id", "drug", "start_date", way_given=raw.rows.kind.lower())
    rows = rows.join(kinds, rows.drug.lower() == kinds.called)
    counted = count_kinds(drugs.kinds, knowledge, _REMEDY)
    unidentified = rows.filter(rows.kind == "unidentified").select("person_id") if counted.n_unidentified else None
    is_given = (rows.way_given == "administration").fill_null(False)
    given, otherwise = (rows.filter(which).select("person_id") for which in (is_given, ~is_given))
    undated = {
        WITHOUT_DAY: _without_day(raw, drugs),
        INTERACTING_WITHOUT_DAY: _without_day(raw, interacting),
    }
    return settle_incomplete(con, people, rows, unidentified, undated, given, otherwise, counted, raw.where)


def _without_day(raw: RawTable, drugs: NamedDrugs) -> ir.Table | None:
    """The people and the `ingredient` of the lines of these drugs that have no usable first day; None where there are none."""
    named = drugs.on_engine
    rows = raw.rows.filter(day(raw.rows.start_date).value.isnull())
    rows = rows.join(named, rows.drug.lower() == named.called).select("person_id", "ingredient")
    return rows if run(rows.count(), raw.where).as_py() else None
