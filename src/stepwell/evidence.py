"""The only place where a verdict is made. A verdict is a nullable boolean: met, not met, or NULL for unknown.

SQL's own NULL logic is this logic, so a criterion stays one column from the engine to the file. What is unknown is never
read as "no": a comparison with a missing value is unknown, and a conclusion drawn from it is unknown too, unless the other
verdicts settle it either way.
"""

from __future__ import annotations

from functools import reduce
from operator import and_, or_

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


def any_of(*verdicts: ir.BooleanValue) -> ir.BooleanValue:
    """Met when any is met, else unknown when any is unknown, else not met. Any of nothing is not met."""
    return reduce(or_, verdicts) if verdicts else NOT_MET


def any_row(verdict: ir.BooleanColumn) -> ir.BooleanValue:
    """`any_of` over the rows of a group."""
    return judge(verdict.any(), verdict.count() < verdict.isnull().count())
