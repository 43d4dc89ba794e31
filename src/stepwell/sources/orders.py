"""Whether a drug row was ordered or supplied. An order and its dispensing are one supply: the order is left out.

A row says so by its type of record (`drug_type_concept_id`): a prescription is an order; a dispensing, a pharmacy claim, a dose
that was given and a patient's own report say that the drug was supplied. A row of another type, or of none, says neither.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ..knowledge.forms import Knowledge
from .files import RawTable
from .source import Loss
from .stored import run, store
from .tally import Finding, settle
from .values import concept, day, days_after, text

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


def find_origins(raw: RawTable, concepts: RawTable | None) -> dict[int, str]:
    """Whether each type of record that occurs in `drug_exposure` is an order, a fill, or a drug that was taken; types that say
    none of these are left out."""
    occurring = raw.rows.select(type_id=concept(raw.column("drug_type_concept_id", "int64"))).distinct()
    ids = [row["type_id"] for row in run(occurring, raw.where).to_pylist() if row["type_id"] is not None]
    found = {id_: KNOWN_TYPES[id_] for id_ in ids if id_ in KNOWN_TYPES}
    unknown = [id_ for id_ in ids if id_ not in KNOWN_TYPES]
    if concepts is not None and unknown:
        named = concepts.rows.select(type_id=concept(concepts.rows.concept_id), name=text(concepts.rows.concept_name))
        named = named.filter(named.type_id.isin(unknown) & named.name.notnull())
        for row in sorted(run(named, concepts.where).to_pylist(), key=lambda row: (row["type_id"], row["name"])):
            origin = next((of for part, of in _BY_NAME if part in row["name"].lower()), None)
            if origin is not None:
                found.setdefault(row["type_id"], origin)
    return dict(sorted(found.items()))


def origin_of(type_id: ir.IntegerValue, origins: dict[int, str]) -> ir.StringValue:
    """`order`, `fill` or `taken`; NULL where the type of record says none of these."""
    return type_id.cases(*origins.items()) if origins else ibis.null("string")


def settle_orders(
    con: ibis.BaseBackend, rows: ir.Table, where: str, occurring: set[str], knowledge: Knowledge
) -> tuple[ir.Table, list[Loss]]:
    """The rows of `medication` (with `person_id`, `ingredient`, `address`, `start_date`, `origin`, `valid_from`, `valid_until`,
    `of_order`) without the orders that were dispensed, and with `is_supplied`.

    An order was dispensed where the same person has a fill of the same ingredient on a day on which the order was valid, unless
    the fill names another order (`of_order`). An order is valid to the day that it states, else for as many days as
    `drug_records.yaml` says. `is_supplied` of an order that was never dispensed is false where any fill of the person lies at
    most so many days before or after its first day: then fills of theirs are recorded at that time. Else it is unknown.
    """
    is_order = rows.origin == ORDER
    is_supplied = rows.origin.notnull().ifelse(True, ibis.null("boolean"))
    findings = []
    if ORDER in occurring:
        is_supplied = is_order.ifelse(ibis.null("boolean"), is_supplied)
        findings.append(
            Finding(
                is_order,
                "prescriptions that nobody recorded as dispensed: trials only under definitions that read prescriptions",
                "kept",
            )
        )
    if {ORDER, FILL} <= occurring:
        told = rows.filter(rows.origin.isin((ORDER, FILL)) & rows.start_date.notnull())
        told = told.select(
            "person_id", "ingredient", "address", "start_date", "origin", "valid_from", "valid_until", "of_order"
        )
        is_dispensed, is_among_fills = _matched(con, store(con, told, where), where, knowledge)
        rows = rows.left_join(is_dispensed, ["address", "ingredient"]).drop("address_right", "ingredient_right")
        rows = rows.left_join(is_among_fills, rows.address == is_among_fills.address).drop("address_right")
        is_order = rows.origin == ORDER
        is_supplied = ibis.cases(
            (is_order & rows.is_among_fills.notnull(), False), (is_order, ibis.null("boolean")), else_=is_supplied
        )
        findings.insert(
            0,
            Finding(
                is_order & rows.is_dispensed.notnull(),
                "prescriptions of a drug that was dispensed while they were valid: what was dispensed is read",
                "left out",
            ),
        )
    rows = rows.mutate(is_supplied=is_supplied)
    if not findings:
        return rows, []
    kept, losses, _n = settle("medication", where, rows, findings)
    return kept, losses


def _matched(con: ibis.BaseBackend, told: ir.Table, where: str, knowledge: Knowledge) -> tuple[ir.Table, ir.Table]:
    """The orders (`address`, `ingredient`) that were dispensed, and the orders (`address`) of people with a fill at that time."""
    limit = knowledge.drug_records.dispensed.within if knowledge.drug_records is not None else None
    fills = told.filter(told.origin == FILL).select(
        of_person="person_id", of_ingredient="ingredient", filled_on="start_date", names_order="of_order"
    )
    orders = told.filter(told.origin == ORDER)
    first = ibis.least(ibis.coalesce(day(orders.valid_from).value, orders.start_date), orders.start_date)
    until = day(orders.valid_until).value
    if limit is not None:
        until = ibis.coalesce(until, days_after(first, ibis.literal(limit)))
    orders = orders.select("person_id", "ingredient", "address", "start_date", first=first, until=until)
    free = fills.filter(fills.names_order.isnull())
    same = [
        orders.person_id == free.of_person,
        orders.ingredient == free.of_ingredient,
        free.filled_on >= orders.first,
        (free.filled_on <= orders.until) | orders.until.isnull(),
    ]
    dispensed = orders.semi_join(free, same).select("address", "ingredient").distinct()
    near = [orders.person_id == fills.of_person]
    if limit is not None:
        near += [
            fills.filled_on >= days_after(orders.start_date, ibis.literal(-limit)),
            fills.filled_on <= days_after(orders.start_date, ibis.literal(limit)),
        ]
    among = orders.semi_join(fills, near).select("address").distinct()
    return (
        store(con, dispensed.mutate(is_dispensed=ibis.literal(True)), where),
        store(con, among.mutate(is_among_fills=ibis.literal(True)), where),
    )
