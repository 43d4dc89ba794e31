"""The programme page in parts, and the quality measures that look at scores, both as they may be shown."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stepwell.knowledge.quality_card import standing
from stepwell.report.counts import split
from stepwell.report.disclosure import Count
from stepwell.report.programme_page import render_programme_parts
from stepwell.report.proportion import Proportion, wilson
from stepwell.report.quality import count_quality, quality, unanswerable
from stepwell.result import Result

SUPPRESS_BELOW = 5
_WIDTH = re.compile(r' style="width:(\d+(?:\.\d+)?)px"')
_SCORED = ("remission", "response")


@dataclass(frozen=True)
class Measured:
    """One quality measure as it may be shown: how many are in it, and of those reached, not reached, unknown."""

    title: str
    name: str
    standing: str
    included: Count
    reached: Count
    not_reached: Count
    unknown: Count
    share: Proportion | None


def programme_parts(result: Result) -> dict[str, str]:
    """`head` and `content` of the programme page as HTML without a style in any element, for pages whose content security policy
    refuses them. Counts from 1 to 4 are withheld, with what would reveal them."""
    parts = render_programme_parts(result, suppress_below=SUPPRESS_BELOW)
    return {name: _WIDTH.sub(r' width="\1"', text) for name, text in parts.items()}


def measured_quality(result: Result) -> tuple[list[Measured], list[str]]:
    """The quality measures of remission and response (CMS159 and its kin), and what these records cannot say for anybody."""
    wanted = [m.id for m in result.knowledge.quality.values() if m.id.startswith(_SCORED)]
    shown = []
    for counted in count_quality(quality(result, wanted), result.knowledge):
        parts = {"reached": counted.reached, "not reached": counted.not_reached, "unknown": counted.unknown}
        counts, whole = split(parts, SUPPRESS_BELOW)
        known = [counts["reached"].n, counts["not reached"].n]
        shown.append(
            Measured(
                title=counted.measure.title,
                name=counted.measure.name,
                standing=standing(counted.measure),
                included=whole,
                reached=counts["reached"],
                not_reached=counts["not reached"],
                unknown=counts["unknown"],
                share=None if None in known or not sum(known) else wilson(known[0], sum(known)),
            )
        )
    return shown, unanswerable(result, wanted)
