"""Verdicts. NOT_MET < UNKNOWN < MET, so that `all of` is the least of several verdicts and `any of` the greatest."""

from __future__ import annotations

from .compiled import compiled

NOT_MET, UNKNOWN, MET = 0, 1, 2
NOT_ASKED = -1
"""In place of a verdict: the rule does not ask this criterion."""


@compiled
def judge(is_met, is_possible):
    """Met where it is met, else unknown where it is possible, else not met."""
    return MET if is_met else UNKNOWN if is_possible else NOT_MET
