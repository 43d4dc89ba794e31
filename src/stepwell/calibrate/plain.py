"""The model beside what was published as plain values, for `--json`."""

from __future__ import annotations

from . import words
from .fit import Fit
from .search import Calibrated


def plain_fit(fit: Fit, found: Calibrated | None = None) -> dict:
    """Every published result with the model's number, in the unit of the result (shares from 0 to 1, ratios, days); and the
    numbers that were set, where any were."""
    set_anew = found and {
        "squared_misses": {"before": found.start, "after": found.found},
        "values": [
            {"study": study, "parameter": path, "value": value} for (study, path), value in found.values.items()
        ],
    }
    return {"people": fit.people, "seed": fit.seed, "results": [_row(row) for row in fit.rows], "set": set_anew}


def _row(row) -> dict:
    low, high = row.target.interval() or (None, None)
    return {
        "result": row.name,
        "what": row.target.what,
        "kind": row.kind,
        "study": row.study,
        "seen": row.target.seen,
        "published": {"value": row.target.value, "low": low, "high": high},
        "model": {"value": row.found.value, "low": row.found.low, "high": row.found.high},
        "agrees": row.is_met,
        "verdict": words.verdict(row),
    }
