"""The dosing instruction of a prescription ("sig") in English, read by a small grammar.

`read_sig` says what an instruction states and nothing else. Every word must be known (`sig_words.py`) and every part must fit
the grammar; otherwise the dose is unknown. Nothing is guessed: an instruction "as needed", a taper and a contradiction have no
dose.

    instruction = { amount | schedule | duration | remark }
    amount      = number [strength] unit ["(" mg or unit ")"]     1 tablet (20 mg total)
    schedule    = [count] period | time of the day | weekday      twice daily, every 8 hours, at bedtime
    duration    = ("for" | "x") number period                     for 14 days
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from .sig_grammar import Amount, Duration, Joint, Rate, Reader, Slot, Weekday
from .sig_numbers import ONE, NotUnderstoodError, Range
from .sig_words import Token, tokens

_LONGEST = 500
"""Characters of the longest text that is read. Longer texts are letters, not instructions."""


@dataclass(frozen=True)
class Span:
    """A number from `low` to `high`; equal when certain."""

    low: float
    high: float


@dataclass(frozen=True)
class Sig:
    """What an instruction states. None where it says nothing, or where its words are not all understood.

    `units` is a day's count of `unit`, which is None for "take 1 daily". `mg` is a day's milligrams, if the instruction states
    milligrams: "2 tablets daily" has no `mg`. `is_taper` is true where the dose changes along the way.
    """

    units: Span | None = None
    unit: str | None = None
    mg: Span | None = None
    days: Span | None = None
    is_as_needed: bool | None = None
    is_taper: bool | None = None


def read_sig(text: str | None) -> Sig:
    """What a dosing instruction states: units and milligrams a day, days, as needed, taper.

    >>> read_sig("1-2 tabs po bid for 14 days")
    Sig(units=Span(low=2.0, high=4.0), unit='tablet', mg=None, days=Span(low=14.0, high=14.0), is_as_needed=False, is_taper=False)
    """
    if not text or len(text) > _LONGEST:
        return Sig()
    words = tokens(text)
    seen = Sig(
        is_as_needed=any(word.kind == "PRN" for word in words) or None,
        is_taper=any(word.kind == "TAPER" for word in words) or _has_numbered_days(words) or None,
    )
    try:
        parts = Reader([word for word in words if word.kind not in ("PRN", "TAPER")]).parts()
        if seen.is_taper or _dose_follows_duration(parts):
            return replace(seen, is_taper=True)
        _refuse_loose_and(parts)
        days = _duration(parts)
        day = _daily(_clauses([part for part in parts if not isinstance(part, Duration)]))
    except NotUnderstoodError:
        return seen
    if seen.is_as_needed:
        return Sig(days=days, is_as_needed=True, is_taper=False)
    return replace(day, days=days, is_as_needed=False, is_taper=False)


def _has_numbered_days(words: list[Token]) -> bool:
    """Whether it says "day 1" or "week 2", as a plan of changing doses does; not "every day 1 tablet", "7 days 1 tablet"."""
    kinds = ["START", *(word.kind for word in words)]
    before = ("NUMBER", "EVERY", "EACH", "OTHER", "A", "PER", "/")
    threes = zip(kinds, kinds[1:], kinds[2:], strict=False)
    return any(b == "PERIOD" and c == "NUMBER" and a not in before for a, b, c in threes)


def _duration(parts: list[object]) -> Span | None:
    durations = [part for part in parts if isinstance(part, Duration)]
    if len(durations) > 1:
        raise NotUnderstoodError
    return _span(durations[0].days) if durations else None


def _dose_follows_duration(parts: list[object]) -> bool:
    """Whether it goes on with another amount after a duration: 1 tablet for 7 days, 2 tablets for 7 days."""
    kinds = [type(part) for part in parts if isinstance(part, Amount | Duration)]
    return (Amount, Duration, Amount) in zip(kinds, kinds[1:], kinds[2:], strict=False)


def _clauses(parts: list[object]) -> list[list[object]]:
    """Each amount with its schedule. With several amounts, each one's schedule must follow it."""
    starts = [i for i, part in enumerate(parts) if isinstance(part, Amount)]
    if len(starts) < 2:
        return [parts] if starts else []
    if any(not isinstance(part, Joint) for part in parts[: starts[0]]):
        raise NotUnderstoodError
    return [parts[a:b] for a, b in zip(starts, [*starts[1:], len(parts)], strict=True)]


def _daily(clauses: list[list[object]]) -> Sig:
    """The sum of all clauses."""
    if not clauses:
        raise NotUnderstoodError
    amounts = [next(part for part in clause if isinstance(part, Amount)) for clause in clauses]
    if len(clauses) == 1:
        rates = [_times_a_day(clauses[0])]
    else:
        slots = [slot for clause in clauses for slot in _only_slots(clause)]
        if len(set(slots)) != len(slots):
            raise NotUnderstoodError
        rates = [_times_a_day(clause) for clause in clauses]
    named = {a.unit for a in amounts if a.unit}
    has_bare = any(a.count and not a.unit for a in amounts)
    if len(named) > 1 or (has_bare and any(a.mg for a in amounts)):
        raise NotUnderstoodError  # "20 mg in the morning and 2 at bedtime"
    units = _sum([a.count and a.count * rate for a, rate in zip(amounts, rates, strict=True)])
    mg = _sum([a.mg and a.mg * rate for a, rate in zip(amounts, rates, strict=True)])
    if units is None and mg is None:
        raise NotUnderstoodError
    return Sig(units=units, unit=next(iter(named), None) if units else None, mg=mg)


def _sum(ranges: list[Range | None]) -> Span | None:
    if None in ranges:
        return None
    total = ranges[0]
    for more in ranges[1:]:
        total = total + more
    return _span(total)


def _span(number: Range) -> Span:
    return Span(float(number.low), float(number.high))


def _only_slots(clause: list[object]) -> list[str]:
    """The times of the day of a clause that is one of several: only then may they be added."""
    slots = {part.name for part in clause if isinstance(part, Slot)}
    rates = {part.a_day for part in clause if isinstance(part, Rate)}
    if not slots or rates - {ONE} or any(isinstance(part, Weekday) for part in clause):
        raise NotUnderstoodError
    return sorted(slots)


def _times_a_day(clause: list[object]) -> Range:
    """How often a day, if all that the clause says about it agrees."""
    rates = {part.a_day for part in clause if isinstance(part, Rate)}
    slots = {part.name for part in clause if isinstance(part, Slot)}
    weekdays = {part.name for part in clause if isinstance(part, Weekday)}
    if len(rates) > 1 or not (rates or slots or weekdays):
        raise NotUnderstoodError
    said = next(iter(rates), None)
    if weekdays:
        week = Range(Fraction(len(weekdays), 7), Fraction(len(weekdays), 7))
        if len(slots) > 1 or said not in (None, week):
            raise NotUnderstoodError
        return week
    if not slots:
        return said
    times = Range(Fraction(len(slots)), Fraction(len(slots)))
    if said is None and len(slots) > 1 and not _are_joined(clause):
        raise NotUnderstoodError
    if said is not None and len(slots) == 1 and said.high < 1 and said.low == said.high:
        return said  # "every other day at bedtime"
    if said not in (None, times):
        raise NotUnderstoodError
    return times


def _refuse_loose_and(parts: list[object]) -> None:
    """Refuse an "and" that joins neither two times of the day, nor two weekdays, nor a time of the day to the next amount.

    "1 tablet daily and at bedtime" may be once or twice a day; "1 tablet in the morning and" was cut off.
    """
    said = [None, *(part for part in parts if not isinstance(part, Joint) or part.is_and), None]
    for before, joint, after in zip(said, said[1:], said[2:], strict=False):
        if joint == Joint(is_and=True) and not (
            isinstance(before, Slot | Weekday) and isinstance(after, type(before) | Amount)
        ):
            raise NotUnderstoodError


def _are_joined(clause: list[object]) -> bool:
    """Whether the times of the day are a list that ends with "and": "in the morning, at noon and at bedtime"."""
    places = [i for i, part in enumerate(clause) if isinstance(part, Slot)]
    between = [clause[a + 1 : b] for a, b in pairwise(places)]
    return all(between) and Joint(is_and=True) in between[-1]
