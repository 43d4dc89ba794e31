"""One person's records as they were known on one day.

Everything later is left out, and what goes on that day is cut there: a supply that was to last longer, an observation that went
on. Trials are then built and judged anew by the engine, so that an earlier day gets the answer it would have had.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from stepwell.errors import Problem, QuestionError
from stepwell.knowledge.forms import Knowledge
from stepwell.result import Result
from stepwell.why.age import age_between, show_age
from stepwell.why.gaps import gaps_of

_DATED = {
    "condition": "condition_date",
    "measurement": "measured_date",
    "procedure": "procedure_date",
    "vital": "measured_date",
    "answer": "answered_date",
    "dose": "given_date",
    "declared_session": "session_date",
    "monitoring": "session_date",
}


@dataclass(frozen=True)
class Chart:
    """The rows of one person's record tables up to `day`, that day included."""

    person: str
    """The person's id in the source."""
    day: date
    last_day: date
    """The last day that is observed or recorded at all."""
    row: dict
    """The person's row of `person`."""
    periods: tuple[tuple[date, date], ...]
    """Observed time, first and last days."""
    condition: tuple[dict, ...]
    measurement: tuple[dict, ...]
    procedure: tuple[dict, ...]
    vital: tuple[dict, ...]
    answer: tuple[dict, ...]
    dose: tuple[dict, ...]
    declared_session: tuple[dict, ...]
    monitoring: tuple[dict, ...]
    medication: tuple[dict, ...]
    """Supplies and prescriptions; one that was to last longer ends on the day."""
    exposure: tuple[dict, ...]
    concomitant: tuple[dict, ...]
    """Supplies of drugs that only interact; the end is the day itself where it is later, the first day where it is unknown."""
    has: frozenset[str]
    """Record tables that the source has at all."""
    code_gap: tuple[dict, ...]
    """Rows of the person whose codes nobody could read, begun by then (`code_gap`)."""
    knowledge: Knowledge
    incomplete: tuple[dict, ...] = ()
    """Why the absence of a drug from the records says nothing; empty where it says something."""

    @property
    def age(self) -> tuple[int, int] | None:
        """Completed years on the day, at least and at most; None where the birth is not known."""
        earliest, latest = self.row["birth_earliest_date"], self.row["birth_latest_date"]
        return age_between(earliest, latest, self.day)

    @property
    def age_shown(self) -> str | None:
        """The age in words: `45`, `about 45, from the year of birth`; None where the birth is not known."""
        earliest, latest = self.row["birth_earliest_date"], self.row["birth_latest_date"]
        return show_age(earliest, latest, self.day)

    @property
    def is_observed(self) -> bool:
        """Whether the day lies in observed time."""
        return any(first <= self.day <= last for first, last in self.periods)

    def observed_days(self, within: int | None = None) -> int:
        """How many of the days up to the day were observed: of all, or of the last so many days."""
        start = date.min if within is None else self.day - timedelta(within)
        days: set[int] = set()
        for first, last in self.periods:
            days.update(range(max(first, start).toordinal(), last.toordinal() + 1))
        return len(days)

    def unread_since(self, first: date) -> list[dict]:
        """The rows of `code_gap` that reach that day or a later one."""
        return [g for g in self.code_gap if g["last_date"] is None or g["last_date"] >= first]

    def records(self, begun_from: date | None = None) -> dict[str, list[dict]]:
        """The record tables as the engine reads them; `begun_from` leaves out drugs begun before that day."""
        return {
            "person": [self.row],
            "observation_period": [
                {"person_id": self.row["person_id"], "start_date": first, "end_date": last, "address": ""}
                for first, last in self.periods
            ],
            "condition": list(self.condition),
            "medication": [r for r in self.medication if begun_from is None or r["start_date"] >= begun_from],
            "measurement": list(self.measurement),
            "procedure": list(self.procedure),
            "code_gap": list(self.code_gap),
            "incomplete_medication": list(self.incomplete),
        }


def read_chart(result: Result, person: str, day: date | None = None) -> Chart:
    """The person's records up to that day; without one, up to the last day that is observed or recorded.

    Raises `QuestionError` for a person whom the result does not hold, for one without any dated record, and for a day before
    the first record or after a recorded death. No message says a day or an id.
    """
    person_id = result.person_id(person)
    row = result.rows_of("person", person_id)[0]
    periods = [(r["start_date"], r["end_date"]) for r in result.rows_of("observation_period", person_id)]
    # A result of an earlier version may lack a table; without drugs nothing can be judged as of a day.
    kept = {name for name in (*_DATED, "concomitant") if name in result.tables} | {"medication", "exposure"}
    tables = dict.fromkeys((*_DATED, "concomitant"), ()) | {name: result.rows_of(name, person_id) for name in kept}
    starts = [first for first, _ in periods] + [r["start_date"] for r in tables["exposure"]]
    ends = [last for _, last in periods] + [r["end_date"] for r in tables["exposure"]]
    dated = [r[column] for name, column in _DATED.items() for r in tables[name]]
    if not (starts or dated):
        raise _no_day(result, "this person has no dated record", "a person with records", "look at `stepwell why`")
    first_day, last_day = min([*starts, *dated]), max([*ends, *dated])
    death = row["death_date"]
    last_day = min(last_day, death) if death is not None else last_day
    day = day or last_day
    if day < first_day:
        expected = "a day on which something was recorded already"
        raise _no_day(
            result, "the day lies before this person's first record", expected, "leave out --at for the last day"
        )
    if death is not None and day > death:
        expected = "a day on which the person was alive"
        raise _no_day(result, "the day lies after this person's death", expected, "leave out --at for the last day")
    return Chart(
        person=person,
        day=day,
        last_day=last_day,
        row=row,
        periods=tuple((first, min(last, day)) for first, last in periods if first <= day),
        medication=tuple(_until(r, day) for r in tables["medication"] if r["start_date"] <= day),
        exposure=tuple(r | {"end_date": min(r["end_date"], day)} for r in tables["exposure"] if r["start_date"] <= day),
        concomitant=tuple(_supply(r, day) for r in tables["concomitant"] if r["start_date"] <= day),
        has=frozenset(result.manifest["has"]),
        code_gap=tuple(g for g in gaps_of(result, person_id) if g["first_date"] is None or g["first_date"] <= day),
        knowledge=result.knowledge,
        incomplete=tuple(result.incomplete_of(person_id)),
        **{name: tuple(r for r in tables[name] if r[column] <= day) for name, column in _DATED.items()},
    )


def _until(row: dict, day: date) -> dict:
    """A row of `medication` as it was known on the day."""
    goes_on = row["end_date"] is not None and row["end_date"] > day
    return row | {"end_date": day, "end_basis": "recorded end"} if goes_on else row


def _supply(row: dict, day: date) -> dict:
    """A row of `concomitant` up to the day, with its end as `exposure` has it."""
    end = row["end_date"]
    return row | {"end_date": min(end or row["start_date"], day), "is_end_known": end is not None}


def sort_by_day(rows: Iterable[dict], column: str) -> list[dict]:
    """Latest first, those of one day in the order of their addresses."""
    by_address = sorted(rows, key=lambda row: str(row["address"]))
    return sorted(by_address, key=lambda row: row[column], reverse=True)


def _no_day(result: Result, found: str, expected: str, remedy: str) -> QuestionError:
    return QuestionError(
        "Candidacy cannot be shown for this day.", [Problem(str(result.folder), found, expected, remedy)]
    )
