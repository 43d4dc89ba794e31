"""Dates as people remember them: a day (2021-03-05), a month (2021-03) or a year (2021), and what is certain of them."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from stepwell.tables.ranges import DAY

_SHAPE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
FIRST_YEAR = DAY.at_least.year
_DAYS_OF_A_WEEK = 7


def parse(text: str) -> str:
    """The date in its one spelling. Raises ValueError for what is no day, month or year."""
    match = _SHAPE.fullmatch(text.strip())
    if match is None:
        raise ValueError("is no date; write a day (2021-03-05), a month (2021-03) or a year (2021)")
    year, month, day = match.groups()
    if int(year) < FIRST_YEAR:
        raise ValueError(f"has a year before {FIRST_YEAR}")
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        raise ValueError("is no day of the calendar") from None
    return "-".join(part for part in match.groups() if part)


def is_day(text: str | None) -> bool:
    """Whether the day itself is known."""
    return text is not None and len(text) == len("2021-03-05")


def first_day(text: str) -> date:
    """The earliest day that it can be."""
    year, month, day = (*map(int, text.split("-")), 1, 1)[:3]
    return date(year, month, day)


def last_day(text: str) -> date:
    """The latest day that it can be."""
    parts = [int(part) for part in text.split("-")]
    year, month = parts[0], parts[1] if len(parts) > 1 else 12
    return date(year, month, parts[2] if len(parts) > 2 else calendar.monthrange(year, month)[1])


def in_words(text: str) -> str:
    """`5 March 2021`, `March 2021`, `2021`."""
    day = first_day(text)
    month = calendar.month_name[day.month]
    return {1: text, 2: f"{month} {day.year}"}.get(len(text.split("-")), f"{day.day} {month} {day.year}")


def certain_days(
    start: str | None, stop: str | None, taken_on: str | None, weeks: float | None
) -> tuple[date, date, bool] | None:
    """The days on which something certainly went on: first, last, and whether it certainly ended there. None where no day is.

    It went on from the latest day on which it can have begun to the earliest on which it can have ended. "March 2021 to August
    2021" is certain from 31 March to 1 August. A length in weeks counts only where one of the two ends is missing.
    """
    n_days = None if weeks is None else max(round(weeks * _DAYS_OF_A_WEEK), 1)
    if start is None and stop is not None and n_days is not None:
        first, last = last_day(stop) - timedelta(n_days - 1), first_day(stop)
        return (first, last, is_day(stop)) if first <= last else None
    if start is None:
        known = taken_on or (stop if is_day(stop) else None)
        return None if known is None else (first_day(known), first_day(known), taken_on is None)
    first = last_day(start)
    if stop is not None:
        last, is_end_known = first_day(stop), is_day(stop)
    elif taken_on is not None:
        last, is_end_known = first_day(taken_on), False
    elif n_days is not None:
        last, is_end_known = first_day(start) + timedelta(n_days - 1), is_day(start)
    else:
        last, is_end_known = first, False
    return (first, last, is_end_known) if first <= last else None


def is_exact(start: str | None, stop: str | None, weeks: float | None) -> bool:
    """Whether the first day is known."""
    return is_day(start) or (start is None and is_day(stop) and weeks is not None)
