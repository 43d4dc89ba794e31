"""The rule: whom an answer about suicide or self-harm calls. A pure function of the answers; nothing here reads the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

import stepwell

INTERRUPT, REVIEW, INBOX = "interrupt", "review", "inbox"
TIERS = (INTERRUPT, REVIEW, INBOX)
"""Calls staff now; is read before the next dose; enters the inbox. All three are in the inbox, and none closes by itself."""
Answers = Mapping[str, float | None]
"""Answers by item; None: asked and not answered."""


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Number(_Form):
    value: int
    choice: str


class _Words(_Form):
    values: tuple[str, ...]
    choice: str


class Rule(_Form):
    """The dated file."""

    id: str
    date: date
    rises_by: _Number
    recall_days: _Number
    interrupting_replies: _Words
    interrupting_items: dict[str, tuple[str, ...] | str]
    escalate_after_minutes: _Number

    @property
    def name(self) -> str:
        """The id with its date."""
        return f"{self.id} {self.date.isoformat()}"


@cache
def rule() -> Rule:
    """The rule that holds."""
    return Rule.model_validate(yaml.safe_load(Path(__file__).with_name("tiers.yaml").read_text("utf-8")))


@dataclass(frozen=True)
class Called:
    """Whom an answer calls, and why: `reason` is a word of `words.REASONS`."""

    tier: str
    reason: str


@cache
def safety_items(instrument: str) -> dict[str, float]:
    """The items of the instrument that ask about suicide or self-harm: from which answer on one is a sign."""
    return {item: at for (name, item), at in stepwell.load_knowledge().safety_items.items() if name == instrument}


def asked(instrument: str, items: Answers) -> dict[str, float | None]:
    """The answers to those items, as far as they were asked."""
    return {item: items[item] for item in safety_items(instrument) if item in items}


def level(instrument: str, items: Answers) -> float:
    """How much was said: the answer, and of an instrument that is read as levels the level, from 0. What was not answered adds
    nothing: `call` looks at it first."""
    levels = stepwell.load_knowledge().all_instruments[instrument].levels
    if not levels:
        return max((v for v in asked(instrument, items).values() if v is not None), default=0.0)
    graded = [one for one in levels if one.any_of]
    for rank, one in enumerate(graded):
        for part in one.any_of:
            least = float(part.answer_at_least)
            if any((items.get(item) or 0) >= least for item in part.items):
                return float(len(graded) - rank)
    return 0.0


def is_sign(instrument: str, items: Answers) -> bool | None:
    """Whether any answer is a sign; None where one was asked and not answered, and no other is a sign."""
    said = asked(instrument, items)
    if any(v is not None and v >= safety_items(instrument)[item] for item, v in said.items()):
        return True
    return None if any(v is None and _applies(instrument, item, items) for item, v in said.items()) else False


def _applies(instrument: str, item: str, items: Answers) -> bool:
    """Whether the item is to be asked at all: some are asked only after a yes to another."""
    form = next(i for i in stepwell.load_knowledge().all_instruments[instrument].items if i.item == item)
    return form.only_after is None or items.get(form.only_after) != 0


def call(
    instrument: str,
    items: Answers,
    *,
    before: float | None,
    had_sign: bool,
    reply: str | None,
    is_old: bool,
    is_waiting: bool = False,
) -> Called | None:
    """Whom the answers call; None: nobody. `before` is the level of the person's baseline (None: there is none), `had_sign` says
    whether any earlier answer was a sign, `reply` is the answer to the question that follows, `is_old` says that the answers are
    of another time than now, and `is_waiting` that an earlier answer interrupted and nobody has closed its alert."""
    sign = is_sign(instrument, items) if asked(instrument, items) else False
    if reply in rule().interrupting_replies.values:
        return Called(INTERRUPT, reply)
    if not sign:
        return Called(REVIEW, "unanswered") if sign is None and not is_old else None
    if is_old:
        return Called(INBOX, "old")
    gravest = rule().interrupting_items.get(instrument, ())
    if any((items.get(item) or 0) >= 1 for item in gravest):
        return Called(INTERRUPT, "level")
    now = level(instrument, items)
    if before is None or not had_sign:
        return Called(INTERRUPT, "again" if is_waiting else "first")
    if now - before >= rule().rises_by.value:
        return Called(INTERRUPT, "rise")
    return Called(REVIEW, "same" if now == before else "lower")
