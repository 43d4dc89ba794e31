"""An order and its dispensing are one supply: where a person was dispensed a drug, its orders are left out.

Only sources that say of each drug row whether it was ordered or dispensed have this (`supply_origin`, from FHIR).
"""

from __future__ import annotations

import ibis.expr.types as ir

from .files import RawTable
from .source import Loss
from .tally import Finding, settle

ORDER, DISPENSE = "order", "dispense"
_DISPENSED = (DISPENSE, "claim")


def without_dispensed_orders(rows: ir.Table, raw: RawTable) -> tuple[ir.Table, list[Loss]]:
    """The rows of `medication` (with `person_id`, `ingredient`, `origin`) without orders of an ingredient of which the same
    person has a row that was dispensed or paid for. An order that was never dispensed is read as prescribed."""
    if not raw.has("supply_origin"):
        return rows.drop("origin"), []
    supplied = rows.filter(rows.origin.isin(_DISPENSED)).select(of_person="person_id", of_ingredient="ingredient")
    same = [rows.person_id == supplied.of_person, rows.ingredient == supplied.of_ingredient]
    rows = rows.left_join(supplied.distinct(), same)
    is_order = rows.origin == ORDER
    kept, losses, _n = settle(
        "medication",
        raw.where,
        rows,
        [
            Finding(
                is_order & rows.of_person.notnull(),
                "prescriptions of a drug that the person was also dispensed: what was dispensed is read",
                "left out",
            ),
            Finding(is_order, "prescriptions of which nobody recorded that they were dispensed: read as taken", "kept"),
        ],
    )
    return kept.drop("origin", "of_person", "of_ingredient"), losses
