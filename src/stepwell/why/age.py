"""Ages in words: completed years, and what a birth known only to its year or month leaves open."""

from __future__ import annotations

from datetime import date


def completed_years(born: date, day: date) -> int:
    """Completed years on the day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def show_age(earliest: date, latest: date, day: date) -> str:
    """The age on the day of somebody born from `earliest` to `latest`: `45`; `about 45, from the year of birth`; `44 to 47`.

    Of the two ages that a year of birth allows, the one that is reached in that year is said.
    """
    low, high = completed_years(latest, day), completed_years(earliest, day)
    if low == high:
        return str(low)
    is_year = (earliest.year, earliest.month, earliest.day) == (latest.year, 1, 1) and latest.timetuple()[1:3] == (
        12,
        31,
    )
    return f"about {high}, from the year of birth" if is_year else f"{low} to {high}"
