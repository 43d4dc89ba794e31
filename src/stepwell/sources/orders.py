"""Whether a drug row was ordered or supplied. An order and its dispensing are one supply: the order is left out.

A row says so by its type of record (`drug_type_concept_id`): a prescription is an order; a dispensing, a pharmacy claim, a dose
that was given and a patient's own report say that the drug was supplied. A row of another type, or of none, says neither.
"""

from __future__ import annotations

import polars as pl

from ..knowledge.forms import Knowledge
from ..tables import MEDICATION
from .cells import chosen, days_after
from .findings import Finding, settle
from .source import Loss

ORDER, FILL, TAKEN = "order", "fill", "taken"
"""Ordered; handed over by a pharmacy, or paid for; given or reported as taken."""

KNOWN_TYPES = {
    38000177: ORDER,
    32838: ORDER,
    38000175: FILL,
    32825: FILL,
    32869: FILL,
    32818: TAKEN,
    38000180: TAKEN,
    32865: TAKEN,
}
"""OMOP type concepts: Prescription written, EHR prescription; Prescription dispensed in pharmacy, EHR dispensing record, Pharmacy
claim; EHR administration record, Inpatient administration, Patient self-report. Others are known by their names in `concept`."""
_BY_NAME = (
    ("administ", TAKEN),
    ("self-report", TAKEN),
    ("dispens", FILL),
    ("pharmacy claim", FILL),
    ("claim", TAKEN),
    ("prescri", ORDER),
    ("order", ORDER),
)
"""What a part of a type's name says; the first that is in it."""


def find_origins(type_ids: pl.Series, names: pl.DataFrame) -> dict[int, str]:
    """Whether each of these types of record is an order, a fill, or a drug that was taken; types that say none of these are left
    out. `names` are the names of the concepts in the vocabulary."""
    ids = type_ids.drop_nulls().unique()
    found = {id_: KNOWN_TYPES[id_] for id_ in ids if id_ in KNOWN_TYPES}
    unknown = ids.filter(~ids.is_in(list(KNOWN_TYPES)))
    named = names.filter(pl.col("concept_id").is_in(unknown.implode())).drop_nulls("called")
    for id_, name in named.select("concept_id", "called").sort("concept_id", "called").iter_rows():
        origin = next((of for part, of in _BY_NAME if part in name.lower()), None)
        if origin is not None:
            found.setdefault(id_, origin)
    return dict(sorted(found.items()))


def origin_of(type_id: pl.Expr, origins: dict[int, str]) -> pl.Expr:
    """`order`, `fill` or `taken`; NULL where the type of record says none of these."""
    return type_id.replace_strict(origins, default=None, return_dtype=pl.String)


def settle_orders(rows: pl.DataFrame, knowledge: Knowledge) -> tuple[pl.DataFrame, list[Loss]]:
    """The rows of `medication` (with `person_id`, `ingredient`, `address`, `start_date`, `origin`, `valid_from`, `valid_until`,
    `of_order`) without the orders that were dispensed, and with `is_supplied`.

    An order was dispensed where the same person has a fill of the same ingredient on a day on which the order was valid, unless
    the fill names another order (`of_order`). An order is valid to the day that it states, else for as many days as
    `drug_records.yaml` says. `is_supplied` of an order that was never dispensed is false where any fill of the person lies at
    most so many days before or after its first day: then fills of theirs are recorded at that time. Else it is unknown.
    """
    if (rows["origin"] == ORDER).any():
        is_dispensed, is_among_fills = _matched(rows, knowledge)
        rows = rows.join(is_dispensed, ["person_id", "address", "ingredient"], how="left")
        rows = rows.join(is_among_fills, ["person_id", "address"], how="left")
    else:  # Many sources hold fills alone, and millions of them.
        rows = rows.with_columns(is_dispensed=None, is_among_fills=None)
    origin = pl.col("origin")
    rows = rows.with_columns(
        is_supplied=chosen(
            ((origin == ORDER) & pl.col("is_among_fills"), False),
            (origin == ORDER, pl.lit(None, pl.Boolean)),
            (origin.is_not_null(), True),
        )
    )
    return settle(
        MEDICATION.name,
        rows,
        [
            Finding(
                (origin == ORDER) & pl.col("is_dispensed"),
                "prescriptions of a drug that was dispensed while they were valid: what was dispensed is read",
                "left out",
            ),
            Finding(
                origin == ORDER,
                "prescriptions that nobody recorded as dispensed: trials only under definitions that read prescriptions",
                "kept",
            ),
        ],
    )


def _matched(rows: pl.DataFrame, knowledge: Knowledge) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The orders (`person_id`, `address`, `ingredient`) that were dispensed, with `is_dispensed`, and the orders (`person_id`,
    `address`) of people with a fill at that time, with `is_among_fills`."""
    limit = knowledge.drug_records.dispensed.within if knowledge.drug_records is not None else None
    told = rows.filter(pl.col("origin").is_in([ORDER, FILL])).drop_nulls(["person_id", "start_date"])
    fills = told.filter(pl.col("origin") == FILL).select("person_id", "ingredient", "of_order", filled_on="start_date")
    start = pl.col("start_date")
    first = pl.min_horizontal(pl.coalesce("valid_from", start), start)
    until = pl.col("valid_until")
    if limit is not None:
        until = pl.coalesce(until, days_after(first, limit))
    orders = told.filter(pl.col("origin") == ORDER).select(
        "person_id", "ingredient", "address", "start_date", first=first, until=until
    )
    free = fills.filter(pl.col("of_order").is_null())
    dispensed = _with_next(orders, "first", free, ["person_id", "ingredient"])
    dispensed = dispensed.filter((pl.col("filled_on") <= pl.col("until")) | pl.col("until").is_null())
    if limit is None:
        among = orders.join(fills, "person_id", how="semi")
    else:
        near = orders.with_columns(since=days_after(start, -limit))
        among = _with_next(near, "since", fills, ["person_id"]).filter(pl.col("filled_on") <= days_after(start, limit))
    return (
        dispensed.select("person_id", "address", "ingredient", is_dispensed=True).unique(),
        among.select("person_id", "address", is_among_fills=True).unique(),
    )


def _with_next(orders: pl.DataFrame, since: str, fills: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """The orders with the day of the first fill (`filled_on`) on the day `since` or later; without those that have none."""
    found = orders.sort(since).join_asof(
        fills.select(*by, "filled_on").sort("filled_on"),
        left_on=since,
        right_on="filled_on",
        by=by,
        strategy="forward",
        coalesce=False,
        check_sortedness=False,  # Polars cannot check it within the groups.
    )
    return found.drop_nulls("filled_on")
