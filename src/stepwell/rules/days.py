"""Days since 1970-01-01, intervals of days (both ends included), and what is done with days that may be missing (`NA`)."""

from __future__ import annotations

from stepwell.tables.ranges import AGE
from stepwell.tables.row_type import NA

from .compiled import compiled

_YOUNGEST, _OLDEST = int(AGE.at_least), int(AGE.at_most)


@compiled
def earlier(a, b):
    """The earlier of two days; a missing one is passed over."""
    return b if a == NA else a if b == NA else min(a, b)


@compiled
def later(a, b):
    """The later of two days; a missing one is passed over."""
    return max(a, b)  # NA is less than every day


@compiled
def days_in_common(a, b):
    """Days on which both intervals run; zero or less where they do not meet."""
    return min(a.end_day, b.end_day) - max(a.start_day, b.start_day) + 1


@compiled
def completed_years(birth_day, on_day):
    """Completed years from one day to another; NA where one of them is missing, or where they are no age that a person has."""
    if birth_day == NA or on_day == NA:
        return NA
    birth_year, birth_month, birth_day_of_month = calendar_date(birth_day)
    year, month, day_of_month = calendar_date(on_day)
    is_before_birthday = month < birth_month or (month == birth_month and day_of_month < birth_day_of_month)
    years = year - birth_year - (1 if is_before_birthday else 0)
    return years if _YOUNGEST <= years <= _OLDEST else NA


@compiled
def calendar_date(day):
    """Year, month and day of the month, by Hinnant's algorithm for the proleptic Gregorian calendar."""
    shifted = day + 719468  # days since 0000-03-01
    era = shifted // 146097
    day_of_era = shifted - era * 146097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    month = month_from_march + 3 if month_from_march < 10 else month_from_march - 9
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    return year, month, day_of_year - (153 * month_from_march + 2) // 5 + 1


@compiled
def observed_from_until(day, periods):
    """First and last day of the unbroken observation that holds the day: periods that overlap or adjoin taken together. NA, NA
    where no period holds it."""
    first, last = NA, NA
    for p in periods:
        if p.start_day <= day <= p.end_day:
            first, last = earlier(first, p.start_day), later(last, p.end_day)
    if first == NA:
        return NA, NA
    has_grown = True
    while has_grown:
        has_grown = False
        for p in periods:
            if p.start_day <= last + 1 and p.end_day >= first - 1 and (p.start_day < first or p.end_day > last):
                first, last = min(first, p.start_day), max(last, p.end_day)
                has_grown = True
    return first, last


@compiled
def observed_until(last_day, periods):
    """The last observed day after a trial's last day: the end of the latest-ending period that holds that day or begins on the
    day after it. NA without one."""
    found = NA
    for p in periods:
        if p.start_day - 1 <= last_day <= p.end_day:
            found = later(found, p.end_day)
    return found
