"""stepwell's result of the clinic's people: of one, and of all together, as a run over the export gives it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from django.db.models import Exists, Max, OuterRef

import stepwell
from stepwell.clinic.access.models import Clinic
from stepwell.clinic.chart.judging import explain, knowledge
from stepwell.clinic.history.lines import current, in_use
from stepwell.clinic.history.models import Line
from stepwell.clinic.people.models import Person
from stepwell.clinic.sessions import sheets
from stepwell.clinic.sessions.models import Entry, Order, Session
from stepwell.clinic.sessions.records import person_records

OUTCOMES_CONSENT = "outcomes"
"""The consent document by which a person says whether they are counted on the programme page. A person who does not agree that
the clinic uses the answers of an intake is not counted either."""


@dataclass(frozen=True)
class OfPerson:
    """One person's result, with the lines and sheets that it rests on."""

    result: stepwell.Result
    key: str
    lines: Sequence
    sheets: Sequence


@dataclass(frozen=True)
class OfClinic:
    """The result of several people, each by the text of their id."""

    result: stepwell.Result
    people: dict[str, Person]
    shown: dict[str, Any] = field(default_factory=dict)
    """What pages made of it, so that it is made once."""


def of_person(person: Person) -> OfPerson:
    """The result of a person's lines in use and sheets, without a definition: what sessions did asks for none."""
    lines, of_sessions = in_use(current(person)), sheets.of_person(person)
    return OfPerson(explain(person, lines, of_sessions, (), ()), str(person.pk), lines, of_sessions)


_kept: dict[tuple[int, bool], tuple[str, OfClinic]] = {}
_lock = Lock()


def of_clinic(clinic: Clinic, *, is_counted: bool = False) -> OfClinic:
    """The result of everybody in the clinic; with `is_counted`, without those who do not want to be counted. It is made again
    when a line, an entry, an order or a person changed."""
    stamp, key = _stamp(clinic), (clinic.pk, is_counted)
    with _lock:
        if key not in _kept or _kept[key][0] != stamp:
            left_out = refused(clinic) if is_counted else set()
            people = Person.objects.filter(clinic=clinic, merged_into=None).select_related("clinic")
            _kept[key] = (stamp, pool(people.exclude(pk__in=left_out), clinic.definitions))
        return _kept[key][1]


def pool(people: Iterable[Person], definitions: Sequence[str] = (), label: str = "this clinic") -> OfClinic:
    """The people judged together, numbered as `stepwell run` numbers them: in the order of their ids."""
    found = sorted(people, key=lambda person: str(person.pk))
    records: dict[str, list[dict]] = {}
    has: set[str] = set()
    for number, person in enumerate(found, 1):
        own, own_has = person_records(person, in_use(current(person)), sheets.of_person(person))
        has |= own_has
        for table, rows in own.items():
            records.setdefault(table, []).extend(row | {"person_id": number} for row in rows)
    result = stepwell.explain_records(records, list(definitions), knowledge(), has=has, label=label)
    return OfClinic(result, {str(person.pk): person for person in found})


def refused(clinic: Clinic) -> set:
    """The people whose latest answer to the consent of outcomes is no."""
    newer = Line.objects.filter(line=OuterRef("line"), version__gt=OuterRef("version"))
    lines = Line.objects.filter(
        ~Exists(newer), kind="consent", person__clinic=clinic, content__document=OUTCOMES_CONSENT
    )
    said: dict = {}
    for line in in_use(lines.select_related("person").order_by("at", "id")):
        said[line.person.survivor().pk] = line.content.get("agreed") is True
    return {person for person, agreed in said.items() if not agreed}


def _stamp(clinic: Clinic) -> str:
    """Changes with everything that the result rests on."""
    people = Person.objects.filter(clinic=clinic)
    lines, orders = (m.objects.filter(person__clinic=clinic) for m in (Line, Order))
    parts = [
        knowledge().digest,
        clinic.definitions,
        list(people.order_by("pk").values_list("pk", "birth_date", "sex", "merged_into")),
        (lines.count(), lines.aggregate(Max("at"))),
        (orders.count(), orders.aggregate(Max("at"))),
        Entry.objects.filter(session__clinic=clinic).aggregate(Max("number")),
        Session.objects.filter(clinic=clinic).count(),
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()
