"""The programme page from the clinic's own data, by the code of stepwell's report: the same counts, the same suppression."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stepwell import Result
from stepwell.knowledge.quality_card import standing
from stepwell.report.counts import split
from stepwell.report.disclosure import Count
from stepwell.report.programme_page import render_programme_parts
from stepwell.report.proportion import Proportion, wilson
from stepwell.report.quality import count_quality, quality, unanswerable

SUPPRESS_BELOW = 5
_WIDTH = re.compile(r' style="width:(\d+(?:\.\d+)?)px"')


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


def programme_html(result: Result) -> dict[str, str]:
    """The head and the body of the programme page as HTML without styles, which the content security policy refuses."""
    parts = render_programme_parts(result, suppress_below=SUPPRESS_BELOW)
    return {name: _WIDTH.sub(r' width="\1"', text) for name, text in parts.items()}


def measured(result: Result) -> tuple[list[Measured], list[str]]:
    """The quality measures that look at scores (remission and response at 6 and 12 months), and what the records cannot say."""
    wanted = [m.id for m in result.knowledge.quality.values() if m.id.startswith(("remission", "response"))]
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
