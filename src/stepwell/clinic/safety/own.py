"""The clinic's own questions about suicide. No knowledge file says what an answer means: one above the least answer interrupts,
unless the same question was answered as high before; one that cannot be read is read by a clinician before the next dose."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator

from stepwell.candidacy import asks_about_suicide, is_own_sign
from stepwell.clinic.access.policy import Actor
from stepwell.clinic.history import lines as history
from stepwell.clinic.history.models import Line
from stepwell.clinic.history.partial_dates import last_day
from stepwell.clinic.people.models import Person

from .alerts import store
from .tiers import INBOX, INTERRUPT, REVIEW, Called, rule

INSTRUMENT = "own"


def rows_of(line: Line) -> list[dict]:
    """The answers of the line to own questions about suicide."""
    rows = [one["row"] for one in line.content.get("records", ()) if one["table"] == "answer"]
    return [row for row in rows if row.get("instrument") is None and asks_about_suicide(row.get("item"))]


def after_lines(person: Person, lines: Iterable[Line], old: Iterable[Line], actor: Actor) -> None:
    """The alerts of these lines; those that were `old` when they came are one alert."""
    lines, old = list(lines), [line for line in old if any(is_own_sign(row) for row in rows_of(line))]
    new = {line.line for line in lines}
    for line in lines:
        called = _called(person, line, new)
        new.discard(line.line)
        if called is not None:
            _store(person, line, called, actor, [])
    if old:
        gravest = max(old, key=lambda line: max(row["value"] or 0 for row in rows_of(line)))
        _store(person, gravest, Called(INBOX, "old"), actor, [str(line.line) for line in old])


def _called(person: Person, line: Line, later: set[uuid.UUID]) -> Called | None:
    signs = [(row, is_own_sign(row)) for row in rows_of(line)]
    if all(sign is False for _row, sign in signs):
        return None
    if not any(sign for _row, sign in signs):
        return Called(REVIEW, "unanswered" if all(row["value"] is None for row, _ in signs) else "unclear")
    pairs = [(row["value"], _before(person, line, row["item"], later)) for row, sign in signs if sign]
    if any(before is None for _now, before in pairs):
        return Called(INTERRUPT, "first")
    if any(now > before for now, before in pairs):
        return Called(INTERRUPT, "rise")
    return Called(REVIEW, "same" if any(now == before for now, before in pairs) else "lower")


def _before(person: Person, line: Line, item: str, later: set[uuid.UUID]) -> float | None:
    """The last answer to the question before this line, where it was a sign."""
    found = [(one, row) for one in _others(person, line, later) for row in rows_of(one) if row["item"] == item]
    last = max(found, key=lambda pair: (pair[0].content["day"], pair[0].at), default=None)
    return last[1]["value"] if last is not None and is_own_sign(last[1]) else None


def _others(person: Person, line: Line, later: set[uuid.UUID]) -> Iterator[Line]:
    day = line.content.get("day", "9999")
    for one in history.in_use(history.current(person)):
        is_before = one.kind == "score" and one.content.get("day", "9") < "9" and one.content["day"] <= day
        if is_before and one.line != line.line and one.line not in later:
            yield one


def _store(person: Person, line: Line, called: Called, actor: Actor, lines: list[str]) -> None:
    items = {row["item"]: row["value"] for row in rows_of(line)}
    content = {
        "items": items,
        "level": max((value for value in items.values() if value is not None), default=0),
        "is_sign": None,
        "before": None,
        "before_day": None,
        "reply": None,
        "rule": rule().name,
    } | ({"lines": lines} if lines else {})
    day = line.content.get("day")
    once = uuid.uuid5(line.line, f"own {sorted(items.items())}")
    known = last_day(day) if day else None
    store(person, called.tier, called.reason, INSTRUMENT, line.line, known, content, actor, once)
