"""The days that are certain where only months or years are known, for a clinician who judges by them."""

from __future__ import annotations

from typing import NamedTuple

from . import forms, partial_dates


class Certain(NamedTuple):
    """A drug's line for the days on which it was certainly taken."""

    content: dict
    words: str
    """Those days: `29 February 2024 to 1 June 2024`, or `from 31 January 2025 on`."""
    said: str
    """What was said of the time: `February 2024 to June 2024`."""


def certain_of(kind: str, content: dict) -> Certain | None:
    """The line with the days that are certain as its days; None where the days are known already, or none is certain.

    "February 2024 to June 2024" is certain from 29 February to 1 June: it may have been longer and cannot have been shorter.
    Where only the end is missing, only the first day is set."""
    if kind not in ("medication", "medicine"):
        return None
    read = forms.read(kind, content)
    is_whole = all(partial_dates.is_day(day) for day in (read.start, read.stop) if day is not None)
    span = partial_dates.certain_days(read.start, read.stop, read.taken_on, read.weeks)
    if span is None or (is_whole and read.start is not None):
        return None
    first, last, _is_end_known = span
    has_end = read.stop is not None or read.weeks is not None
    days = {"start": first.isoformat()} | ({"stop": last.isoformat()} if has_end else {})
    kept = {name: value for name, value in content.items() if name not in ("start", "stop", "weeks", "records")}
    if "unknown" in kept:
        kept["unknown"] = [name for name in kept["unknown"] if name not in days]
    made, problems = forms.check(kind, kept | days)
    if problems:
        return None
    start = partial_dates.in_words(days["start"])
    words = f"{start} to {partial_dates.in_words(days['stop'])}" if has_end else f"from {start} on"
    said = " to ".join(partial_dates.in_words(day) for day in dict.fromkeys((read.start, read.stop)) if day)
    return Certain(made, words, said)
