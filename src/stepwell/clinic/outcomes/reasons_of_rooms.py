"""Reasons that the other rooms give: open alerts, questionnaires and messages, planned visits, sheets, orders."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from stepwell.clinic.access.models import Clinic
from stepwell.clinic.measures import library, stuck
from stepwell.clinic.people.models import Person
from stepwell.clinic.safety.inbox import cards
from stepwell.clinic.sessions import sheets
from stepwell.clinic.sessions.models import Entry, Order, Session

from .caseload import Reason, rules

Found = Iterator[tuple[str, Reason]]
_NOT_REACHED = ("failed", "no contact")
_OVERDUE = ("late", "expired", "started")


def find(clinic: Clinic, today: date, now: datetime) -> Found:
    """The key of a person with each reason."""
    yield from _alerts(clinic, now)
    yield from _questionnaires(clinic, now)
    yield from _visits(clinic, today)
    yield from _orders(clinic, today)


def _key(person: Person) -> str:
    return str(person.survivor().pk)


def _alerts(clinic: Clinic, now: datetime) -> Found:
    of_person: dict[str, list] = {}
    for card in cards(clinic, now):
        of_person.setdefault(_key(card.alert.person), []).append(card)
    for key, waiting in of_person.items():
        first = waiting[0]  # the gravest, and of those the oldest
        owner = first.owner.full_name if first.owner is not None else _("nobody has taken it")
        words = _("%(tier)s: %(why)s; waits %(waits)s, %(owner)s")
        said = words % {"tier": first.tier, "why": first.why, "waits": first.waits, "owner": owner}
        if len(waiting) > 1:
            more = ngettext("and %(n)d more", "and %(n)d more", len(waiting) - 1) % {"n": len(waiting) - 1}
            said = f"{said}; {more}"
        yield key, Reason("alert", said, "alerts", (first.alert.person_id,))


def _questionnaires(clinic: Clinic, now: datetime) -> Found:
    for group, waiting in stuck.of_clinic(clinic, now).items():
        kind = "not reached" if group in _NOT_REACHED else "overdue" if group in _OVERDUE else None
        title = str(next((title for name, title, _about in stuck.GROUPS if name == group), group))
        alike: dict[tuple, list[str]] = {}
        for one in waiting if kind else ():
            key = (one.person, one.stand.request.day, str(one.why).strip(" ."))
            alike.setdefault(key, []).append(_title(one.stand.request.instrument))
        for (person, day, why), asked in alike.items():
            words = _("%(what)s of %(day)s: %(how)s") % {
                "what": ", ".join(sorted(asked)),
                "day": _day(day),
                "how": f"{title[:1].lower()}{title[1:]}" + (f" ({why})" if why else ""),
            }
            yield _key(person), Reason(kind, words, "questionnaires_of", (person.pk,))


def _title(instrument: str) -> str:
    form = library.questionnaires().get(instrument)
    return form.title if form is not None else instrument


def _visits(clinic: Clinic, today: date) -> Found:
    """Visits of days gone by about which nothing was entered, and sheets that nobody signed."""
    first = today - timedelta(days=rules()["visits"])
    days = set(Session.objects.filter(clinic=clinic, day__range=(first, today)).values_list("day", flat=True))
    moved = Entry.objects.filter(session__clinic=clinic, kind="planned change", content__day__gte=first.isoformat())
    days |= {date.fromisoformat(day) for day in moved.values_list("content__day", flat=True)}
    for day in sorted(day for day in days if first <= day < today):
        for sheet in sheets.of_day(clinic, day):
            if sheet.is_cancelled or sheet.is_signed:
                continue
            where = ("session_sheet", (sheet.person.pk, sheet.session.pk))
            if sheet.is_given:
                words = _("The sheet of %(day)s is not signed") % {"day": _day(day)}
                yield _key(sheet.person), Reason("not signed", words, *where)
            else:
                words = _("Planned for %(day)s; nobody entered whether they came") % {"day": _day(day)}
                yield _key(sheet.person), Reason("visit", words, *where)


def _orders(clinic: Clinic, today: date) -> Found:
    """Orders of which the prescriber was to judge by now whether it is worth going on."""
    newer = Order.objects.filter(order=OuterRef("order"), version__gt=OuterRef("version"))
    due = Order.objects.filter(~Exists(newer), clinic=clinic, state="active", reevaluate_on__lte=today)
    for order in due.select_related("person"):
        words = _("Whether it is worth going on was to be judged by %(day)s") % {"day": _day(order.reevaluate_on)}
        yield _key(order.person), Reason("judge", words, "outcomes", (order.person.survivor().pk,))


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
