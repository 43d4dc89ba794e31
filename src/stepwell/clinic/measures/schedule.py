"""When a questionnaire is due: rules in dated files, and a pure function of days. Nothing here reads the database or a clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AtBeginning(_Form):
    """On the first day of the schedule."""

    kind: Literal["beginning"]


class AfterTreatment(_Form):
    """A clock that begins anew at each treatment: some times at one distance, then at another.

    With 7 days, 4 times, then 14, it is due 7, 14, 21, 28, 42, 56 days after the last treatment. Where the next treatment falls
    on such a day it is still due on that day.
    """

    kind: Literal["after treatment"]
    every_days: int = Field(ge=1)
    times: int = Field(ge=1)
    then_every_days: int = Field(ge=1)


class BeforeDose(_Form):
    """So many days before each planned session; 0: on its day."""

    kind: Literal["before a dose"]
    days: int = Field(ge=0, le=14)


class EveryDays(_Form):
    """Every so many days from the beginning, whatever is given."""

    kind: Literal["every"]
    days: int = Field(ge=1)


Rule = Annotated[AtBeginning | AfterTreatment | BeforeDose | EveryDays, Field(discriminator="kind")]


class Asked(_Form):
    """Questionnaires that fall due by one rule."""

    questionnaires: tuple[str, ...] = Field(min_length=1)
    rule: Rule
    why: str = ""


class Schedule(_Form):
    """A dated schedule."""

    id: str
    date: date
    title: str
    about: str = ""
    source: str
    locator: str = ""
    seen: str = ""
    at: time = time(9)
    """The time of day at which a request begins, in the patient's time zone."""
    hours_untouched: int = Field(ge=1)
    """So long may it be begun. Counted in hours that pass, not by the clock on the wall."""
    hours_to_finish: int = Field(ge=1, le=7 * 24)
    """So long may it be finished, from the first answer."""
    reminders: tuple[int, ...] = ()
    """Hours after the first message."""
    fresh_days: int = Field(default=0, ge=0)
    """An answer so many days before the due day counts: the same is not asked on two days in a row by two rules."""
    asked: tuple[Asked, ...] = Field(min_length=1)

    @property
    def name(self) -> str:
        """The id with its date."""
        return f"{self.id} {self.date.isoformat()}"


def due_days(rule: Rule, *, begun: date, given: Sequence[date], planned: Iterable[date], until: date) -> list[date]:
    """The days from `begun` to `until` on which the rule makes a questionnaire due, in order, each once.

    `given` are the days of treatments, `planned` those of sessions that are planned. A treatment before `begun` starts the clock
    too: a schedule may begin in the middle of a series.
    """
    match rule:
        case AtBeginning():
            days = {begun}
        case EveryDays():
            days = set(_steps(begun, rule.days, until))
        case BeforeDose():
            days = {day - timedelta(days=rule.days) for day in planned}
        case AfterTreatment():
            treated = sorted(set(given))
            days = set()
            for day, following in zip(treated, [*treated, until][1:], strict=True):
                last = min(following, until)
                some = [day + timedelta(days=rule.every_days * n) for n in range(1, rule.times + 1)]
                days |= {one for one in (*some, *_steps(some[-1], rule.then_every_days, last)) if one <= last}
    return sorted(day for day in days if begun <= day <= until)


def _steps(after: date, days: int, until: date) -> list[date]:
    return [after + timedelta(days=n) for n in range(days, (until - after).days + 1, days)]


def begins_at(day: date, at: time, zone: ZoneInfo) -> datetime:
    """That time of that day in the zone, in UTC. A time that the clock skips is the moment after the change; of a time that comes
    twice, the first."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def window(schedule: Schedule, rule: Rule, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From when and until when a request of that day may be begun. One before a dose ends with the day of the dose."""
    first = begins_at(day, schedule.at, zone)
    last = first + timedelta(hours=schedule.hours_untouched)
    if isinstance(rule, BeforeDose):
        last = begins_at(day + timedelta(days=rule.days + 1), time(0), zone)
    return first, last
