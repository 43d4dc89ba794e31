"""What a row of the fit says: numbers with their intervals, and whether model and publication agree."""

from __future__ import annotations

from .fit import Kind, Row

KINDS: dict[Kind, tuple[str, str]] = {
    "calibrated": ("Calibrated to", "Free numbers of the model were set by these, so agreement is no merit."),
    "went in": (
        "Taken from the same source",
        "A number of the model is from the same result. Where it is not given back, something else works against it.",
    ),
    "held out": ("Held out", "Nothing was set by these: they judge the model."),
}
_MARKS = {
    "secondary": "second hand",
    "abstract": "abstract",
    "full-text": "full text",
    "recalled": "recalled, not verified",
}


def number(row: Row, value: float | None) -> str:
    """A value in the row's unit."""
    if value is None:
        return "–"
    if row.target.share is not None:
        return f"{100 * value:.1f}%"
    return f"{value:.2f}" if row.target.ratio is not None else f"{value:.0f} days"


def published(row: Row) -> str:
    """The published number with its interval."""
    return _with(row, row.target.value, row.target.interval())


def simulated(row: Row) -> str:
    """The model's number with its Monte-Carlo interval."""
    return _with(row, row.found.value, (row.found.low, row.found.high))


def verdict(row: Row) -> str:
    """`agrees`, or by how much it misses, or why it is not judged."""
    if row.found.value is None:
        return "nobody to count"
    if row.target.seen == "recalled":
        return "not judged: recalled"
    if row.is_met is None:
        return "not judged: no interval"
    return "agrees" if row.is_met else f"misses by {_difference(row)}"


def mark(row: Row) -> str:
    """How the published number was seen."""
    return _MARKS[row.target.seen] if row.target.seen else "assumed"


def _difference(row: Row) -> str:
    found, value = row.found.value, row.target.value
    if row.target.share is not None:
        return f"{100 * (found - value):+.1f} points".replace("-", "\u2212")
    return f"{found / value:.2f} times" if row.target.ratio is not None else f"{found - value:+.0f} days"


def _with(row: Row, value: float | None, interval: tuple | None) -> str:
    low, high = interval or (None, None)
    if value is None or low is None or high is None:
        return number(row, value)
    return f"{number(row, value)} ({number(row, low).rstrip('%')} to {number(row, high)})".replace(" days to", " to")
