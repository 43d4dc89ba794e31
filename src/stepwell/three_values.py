"""Verdicts about a result, as Ibis expressions. A verdict is a nullable boolean: met, not met, or NULL for unknown.

SQL's own NULL logic is this logic. What is unknown is never read as "no": a comparison with a missing value is unknown, and a
conclusion drawn from it is unknown too, unless the other verdicts settle it either way. While a person is judged, a verdict is a
small number (`rules/verdicts.py`).
"""

from __future__ import annotations

from functools import reduce
from operator import and_

import ibis
import ibis.expr.types as ir

UNKNOWN = ibis.null("boolean")
MET = ibis.literal(True)
NOT_MET = ibis.literal(False)


def judge(met: ir.BooleanValue, unknown: ir.BooleanValue | bool = False) -> ir.BooleanValue:
    """Met where `met` holds, else unknown where `unknown` holds, else not met.

    For criteria in which a missing value is an answer that the rule spells out (no switch recorded in an observed time).
    A NULL in `met` or `unknown` counts as "does not hold"; name the missing value in `unknown` instead.
    """
    return ibis.cases((met, MET), (unknown, UNKNOWN), else_=NOT_MET)


def all_of(*verdicts: ir.BooleanValue) -> ir.BooleanValue:
    """Not met when any is not met, else unknown when any is unknown, else met. All of nothing is met."""
    return reduce(and_, verdicts) if verdicts else MET
