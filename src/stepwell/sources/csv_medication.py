"""medication.csv of stepwell's own folder: prescriptions and fills by the name of the drug."""

from __future__ import annotations

import polars as pl

from ..knowledge.forms import Knowledge
from ..tables import MEDICATION
from ..tables.ranges import STRENGTH
from .cells import Cells, within
from .declared_lines import is_comparator
from .drugs import NamedDrugs, find_named_drugs, named
from .findings import Finding, settle
from .incomplete import INTERACTING_WITHOUT_DAY, WITHOUT_DAY, count_kinds, settle_incomplete
from .medication import settle_medication, stop_reason
from .orders import FILL, ORDER, TAKEN, settle_orders
from .product_use import by_route
from .routes import route
from .source import DrugRows, Loss

ORIGIN_OF_KIND = {"prescription": ORDER, "dispensing": FILL, "administration": TAKEN}
"""What `kind` of a line says; `supply` may be either."""

_REMEDY = "write in medication.csv the name of the ingredient, or `other` for a drug that is known to be none of those looked for"


def count_names(lines: pl.DataFrame) -> pl.DataFrame:
    """How many lines (`n_rows`) have each name of a drug (`called`, lower case). What a treatment was compared with does
    not count."""
    names = lines.group_by(called=named(pl.col("drug"))).agg(n_rows=(~is_comparator()).sum().cast(pl.Int64))
    return names.drop_nulls("called")


def find_own_drugs(names: pl.DataFrame, *knowledges: Knowledge) -> tuple[NamedDrugs, ...]:
    """What the drugs of medication.csv are by each body of knowledge. `names` is what `count_names` gives, of one part or of all
    parts together."""
    names = names.group_by("called").agg(pl.col("n_rows").sum()).sort("called")
    return tuple(find_named_drugs(names, knowledge) for knowledge in knowledges)


def count_own_rows(drugs: NamedDrugs, knowledge: Knowledge) -> DrugRows:
    """The numbers of lines of each kind of drug, without those of people (`count_people`)."""
    return count_kinds(drugs.kinds, knowledge, _REMEDY)


def read_own_medication(
    lines: pl.DataFrame, drugs: NamedDrugs, knowledge: Knowledge
) -> tuple[pl.DataFrame, list[Loss]]:
    """The lines of drugs that are looked for, with the findings about them."""
    cells = Cells(lines)
    start, end = cells.day("start_date"), cells.day("end_date")
    # The lazy frame reads a cell once that several columns need.
    parsed = lines.lazy().select(
        "person_id",
        "address",
        called=named(pl.col("drug")),
        start_date=start.value,
        start_is_unreadable=pl.lit(False),
        start_is_marker=start.is_marker,
        is_shifted=start.is_shifted,
        recorded_end=end.value,
        end_is_unusable=end.is_marker,
        is_administration=pl.lit(False),
        supply=cells.number("days_supply"),
        quantity=cells.number("quantity"),
        stated_mg_per_day=cells.number("mg_per_day"),
        units_per_day=pl.lit(None, pl.Float64),
        stated_strength=cells.number("strength_mg"),
        product_mg_per_unit=pl.lit(None, pl.Float64),
        product_days_per_unit=pl.lit(None, pl.Float64),
        recorded_route=route(pl.col("route")),
        stop_reason=stop_reason(pl.col("stop_reason")),
        valid_from=pl.lit(None, pl.Date),
        valid_until=pl.lit(None, pl.Date),
        of_order=pl.lit(None, pl.String),
        origin=pl.col("kind").str.to_lowercase().replace_strict(ORIGIN_OF_KIND, default=None, return_dtype=pl.String),
        is_no_number=pl.lit(False),
        is_other_reason=pl.lit(False),
    )
    rows = parsed.collect().join(drugs.products, "called", how="left")
    rows = rows.join(drugs.kinds.select("called", of_kind="kind"), "called", how="left")
    kept, losses = settle(
        MEDICATION.name,
        rows,
        [
            Finding(pl.col("of_kind") == "unidentified", "drugs that nobody could identify", "left out"),
            Finding(pl.col("ingredient").is_null(), "drugs that are not looked for", "left out"),
        ],
    )
    usable = within(STRENGTH, pl.col("stated_strength"))
    is_stated, recorded = usable.is_not_null(), pl.col("recorded_route")
    kept = kept.with_columns(
        mg_per_unit=pl.coalesce(usable, "mg_per_unit"),
        per=pl.when(is_stated).then(pl.lit("unit")).otherwise("per"),
        strength_basis=pl.when(is_stated).then(pl.lit("recorded strength")).otherwise("strength_basis"),
        labelled_use=by_route(pl.col("labelled_use"), pl.col("ingredient"), recorded, knowledge),
    )
    kept, ordered = settle_orders(kept, knowledge)
    medication, found = settle_medication(kept)
    return medication, losses + ordered + found


def find_own_incomplete(
    lines: pl.DataFrame, people: pl.DataFrame, drugs: NamedDrugs, interacting: NamedDrugs, knowledge: Knowledge
) -> pl.DataFrame:
    """`incomplete_medication`: the people with unidentified drugs, those with drugs without a day, and those whose lines are all
    administrations."""
    rows = lines.select(
        "person_id",
        called=named(pl.col("drug")),
        is_given=(pl.col("kind").str.to_lowercase() == "administration").fill_null(False),
        is_undated=Cells(lines).day("start_date").value.is_null(),
    )
    rows = rows.join(drugs.kinds.select("called", "kind"), "called")
    undated = rows.filter("is_undated")
    without_day = {
        reason: undated.join(of.products, "called")
        for reason, of in ((WITHOUT_DAY, drugs), (INTERACTING_WITHOUT_DAY, interacting))
    }
    care = rows.group_by("person_id", "is_given").agg(n_rows=pl.len())
    unidentified = rows.filter(pl.col("kind") == "unidentified")
    return settle_incomplete(people, care, unidentified, without_day, count_own_rows(drugs, knowledge))
