"""The results of a review as plain values, for `--json`: what may be shown, and None or `withheld` for the rest."""

from __future__ import annotations

from stepwell.report.proportion import Proportion

from .sample import STRATA
from .table import REFERENCES, Shown


def plain_scored(shown: Shown) -> dict:
    """The same counts and measures as the tables for a paper hold, with agreement between reviewers."""
    scored = shown.scored
    sample = scored.sample
    return {
        "definition": sample.definition,
        "question": sample.question,
        "among": sample.among,
        "reviewers": [form.name for form in scored.forms],
        "not_filled_in": list(scored.untouched),
        "strata": [
            {
                "stratum": s.name,
                "label": STRATA[s.name][1],
                "people": _count(shown, "people", s.name),
                "charts": _count(shown, "charts", s.name),
                "reviewers_say": {r: _count(shown, s.name, r) for r in REFERENCES},
            }
            for s in sample.strata
        ],
        "measures": [
            {
                "measure": line.measure.name,
                **_share(line.among_decided),
                "least": line.least,
                "most": line.most,
                "withheld": line.is_withheld,
            }
            for line in shown.lines
        ],
        "agreement": [
            {"reviewers": [a.first, a.second], "same": _share(a.same), "kappa": a.kappa and _share(a.kappa)}
            for a in scored.agreements
        ],
        "charts_that_differ": len(scored.disagreed),
        "settled": len(scored.settled),
    }


def _count(shown: Shown, *key: str) -> int | str:
    count = shown.counts[key]
    return count.text if count.n is None else count.n


def _share(share: Proportion | None) -> dict:
    if share is None:
        return {"estimate": None, "low": None, "high": None, "charts": None}
    return {"estimate": share.value, "low": share.low, "high": share.high, "charts": share.of}
