"""Verdicts about a result, as Polars expressions. A verdict is a nullable boolean: met, not met, or NULL for unknown.

Polars' own NULL logic is this logic. What is unknown is never read as "no": a comparison with a missing value is unknown, and a
conclusion drawn from it is unknown too, unless the other verdicts settle it either way. While a person is judged, a verdict is a
small number (`rules/verdicts.py`).
"""

from __future__ import annotations

from functools import reduce
from operator import and_

import polars as pl

UNKNOWN = pl.lit(None, pl.Boolean)
MET = pl.lit(True)
NOT_MET = pl.lit(False)


def judge(met: pl.Expr, unknown: pl.Expr) -> pl.Expr:
    """Met where `met` holds, else unknown where `unknown` holds, else not met.

    For criteria in which a missing value is an answer that the rule spells out (no switch recorded in an observed time).
    A NULL in `met` or `unknown` counts as "does not hold"; name the missing value in `unknown` instead.
    """
    return pl.when(met).then(MET).when(unknown).then(UNKNOWN).otherwise(NOT_MET)


def all_of(*verdicts: pl.Expr) -> pl.Expr:
    """Not met when any is not met, else unknown when any is unknown, else met. All of nothing is met."""
    return reduce(and_, verdicts, MET)
