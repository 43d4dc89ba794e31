"""Ages in words: completed years, and what a birth known only to its year or month leaves open."""

from __future__ import annotations

from datetime import date

from stepwell.tables.ranges import AGE


def completed_years(born: date, day: date) -> int:
    """Completed years on the day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def age_between(earliest: date | None, latest: date | None, day: date) -> tuple[int, int] | None:
    """Completed years on the day of somebody born from `earliest` to `latest`, at least and at most; None where the birth is not
    known, and where it gives no age that a person has."""
    if earliest is None or latest is None:
        return None
    low, high = completed_years(latest, day), completed_years(earliest, day)
    # Somebody born some day this year may be less than a year old.
    return (max(low, AGE.at_least), high) if high >= AGE.at_least and high <= AGE.at_most else None


def show_age(earliest: date | None, latest: date | None, day: date) -> str | None:
    """The age on the day of somebody born from `earliest` to `latest`: `45`; `about 45, from the year of birth`; `44 to 47`.
    None where it is not known.

    Of the two ages that a year of birth allows, the one that is reached in that year is said.
    """
    ages = age_between(earliest, latest, day)
    if ages is None:
        return None
    low, high = ages
    if low == high:
        return str(low)
    is_year = (earliest.year, earliest.month, earliest.day) == (latest.year, 1, 1) and latest.timetuple()[1:3] == (
        12,
        31,
    )
    return f"about {high}, from the year of birth" if is_year else f"{low} to {high}"
