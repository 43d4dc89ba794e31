"""Who needs to be looked at, and why: one list for nurses and prescribers. Each reason names what it was read from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path

import yaml
from django.utils.translation import gettext_lazy as _

from stepwell.clinic.access.models import Clinic
from stepwell.clinic.people.models import Person

from .results import OfClinic

KINDS = {
    "alert": _("answer about suicide"),
    "relapse": _("response lost"),
    "worse": _("worse"),
    "not reached": _("not reached"),
    "overdue": _("questionnaire not answered"),
    "visit": _("planned visit open"),
    "no score": _("no score"),
    "not signed": _("sheet not signed"),
    "judge": _("to be judged again"),
}
"""The kinds of reasons, in the order in which they are looked at."""
_ORDER = list(KINDS)


@dataclass(frozen=True)
class Reason:
    """Why somebody is on the list: of which kind, in words, and where it can be looked at (a route's name and its parts)."""

    kind: str
    words: str
    route: str = ""
    parts: tuple = ()

    @property
    def label(self) -> str:
        """The kind in words."""
        return KINDS[self.kind]


@dataclass
class Row:
    """One person with every reason, the gravest first."""

    person: Person
    reasons: list[Reason] = field(default_factory=list)
    score: str = ""
    """The latest score in words."""
    session: date | None = None
    """The day of the last session."""


@dataclass(frozen=True)
class Found:
    """The list, how many reasons of each kind there are, and how many people have none."""

    rows: list[Row]
    counts: dict[str, int]
    n_without: int

    @property
    def kinds(self) -> list[tuple[str, str, int]]:
        """Kind, words and number of people, of the kinds that there are."""
        return [(kind, KINDS[kind], self.counts[kind]) for kind in _ORDER if kind in self.counts]


@cache
def rules() -> dict[str, int]:
    """How many days each rule of `caseload.yaml` asks for."""
    read = yaml.safe_load((Path(__file__).parent / "caseload.yaml").read_text("utf-8"))
    return {name: rule["days"] for name, rule in read.items() if isinstance(rule, dict)}


def find(clinic: Clinic, of: OfClinic, today: date, now: datetime) -> Found:
    """Everybody in the clinic with at least one reason; the gravest first, then by name."""
    from . import reasons_of_rooms, reasons_of_scores

    rows = {key: Row(person) for key, person in of.people.items()}
    sources: Iterable[Iterator[tuple[str, Reason]]] = (
        reasons_of_scores.find(of, rows, today),
        reasons_of_rooms.find(clinic, today, now),
    )
    for source in sources:
        for key, reason in source:
            if key in rows:
                rows[key].reasons.append(reason)
    listed = [row for row in rows.values() if row.reasons]
    counts: dict[str, int] = {}
    for row in listed:
        row.reasons.sort(key=lambda reason: _ORDER.index(reason.kind))
        for kind in {reason.kind for reason in row.reasons}:
            counts[kind] = counts.get(kind, 0) + 1
    listed.sort(key=lambda row: (_ORDER.index(row.reasons[0].kind), str(row.person), str(row.person.pk)))
    return Found(listed, counts, len(rows) - len(listed))
