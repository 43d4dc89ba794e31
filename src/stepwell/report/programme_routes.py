"""Response at the end of the induction by the route of the sessions: laid side by side, not compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .programme_beside import series_key
from .proportion import Proportion, wilson

SEVERAL, NOT_EVERY = "several routes", "route not recorded for every session"


@dataclass(frozen=True)
class ByRoute:
    """Series of one route with a score at the end of the induction."""

    route: str
    n_scored: int
    n_responded: int
    response: Proportion


def summarise_routes(own: dict, is_whole_shown: bool, below: int) -> tuple[ByRoute, ...] | None:
    """One line a route, where there is more than one; None where a line has a count of 1 to `below` - 1, in response or not.

    All lines or none: their sums are the counts of all series at that checkpoint, which must be shown themselves.
    """
    routes = _routes(own["session"])
    groups: dict[str, list[bool]] = {}
    for r in own["series_response"]:
        if r["checkpoint"] == "end of induction" and r["is_response"] is not None:
            groups.setdefault(routes.get(series_key(r), NOT_EVERY), []).append(r["is_response"])
    if len(groups) < 2:
        return ()
    counts = [n for verdicts in groups.values() for n in (sum(verdicts), len(verdicts) - sum(verdicts))]
    if not is_whole_shown or any(0 < n < below for n in counts):
        return None
    return tuple(
        ByRoute(route, len(verdicts), sum(verdicts), wilson(sum(verdicts), len(verdicts)))
        for route, verdicts in sorted(groups.items())
    )


def _routes(sessions: Sequence[dict]) -> dict[tuple, str]:
    """The route of each series."""
    found: dict[tuple, set[str | None]] = {}
    for session in sessions:
        found.setdefault(series_key(session), set()).add(session["route"])
    return {
        key: NOT_EVERY if None in routes else SEVERAL if len(routes) > 1 else next(iter(routes))
        for key, routes in found.items()
    }
