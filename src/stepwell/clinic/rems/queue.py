"""Which forms are to be submitted, computed from the signed sheets: no list that somebody has to keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext as _

from stepwell.clinic.access.models import Clinic
from stepwell.clinic.people.models import Person
from stepwell.clinic.sessions import protocol_files, sheets
from stepwell.clinic.sessions.models import Entry, KeptProtocol, Order, Session
from stepwell.clinic.sessions.sheets import Sheet

from .enrolment import patient_problems
from .form_files import MonitoringForm, forms, versions_of
from .models import Submission
from .submissions import Difference, differences, last_entry

SOON = 2
"""So many days before the last one a form is said to be due soon."""


@dataclass(frozen=True)
class Item:
    """One session whose form is to be submitted, or was. `until` is the last day, in the clinic's calendar."""

    sheet: Sheet
    form: MonitoringForm | None
    until: date
    today: date
    submission: Submission | None = None
    differences: tuple[Difference, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    @property
    def days_left(self) -> int:
        """Days until the last day; below 0 where it is over."""
        return (self.until - self.today).days

    @property
    def days_late(self) -> int:
        """Days since the last day."""
        return -self.days_left

    @property
    def state(self) -> str:
        """How it stands: not signed, overdue, due, waiting, differs, no receipt, submitted."""
        if self.submission is not None:
            if self.differences:
                return "differs"
            return "submitted" if self.receipt else "no receipt"
        if self.days_left < 0:
            return "overdue"
        if not self.sheet.is_signed:
            return "not signed"
        return "due" if self.days_left <= SOON else "waiting"

    @property
    def receipt(self) -> str:
        """The receipt, from the submission or later."""
        if self.submission is None:
            return ""
        later = list(self.submission.receipts.all())
        return later[-1].receipt if later else self.submission.receipt

    @property
    def word(self) -> str:
        """The state as a word for people."""
        return {
            "overdue": _("overdue"),
            "not signed": _("waits for the signature"),
            "due": _("due soon"),
            "waiting": _("to submit"),
            "differs": _("submitted, differs now"),
            "no receipt": _("submitted, no receipt"),
            "submitted": _("submitted"),
        }[self.state]

    @property
    def icon(self) -> str:
        """The state as a sign, beside its word."""
        return {"overdue": "⚠", "not signed": "✎", "due": "◔", "waiting": "○", "differs": "≠", "no receipt": "◌"}.get(
            self.state, "✓"
        )


_ORDER = ("overdue", "differs", "due", "not signed", "waiting", "no receipt", "submitted")


def open_items(clinic: Clinic, today: date) -> list[Item]:
    """What is to be done: the most urgent first."""
    asked = _asking(Session.objects.filter(clinic=clinic))
    entries = Entry.objects.filter(session=OuterRef("pk"))
    sent = Submission.objects.filter(session=OuterRef("pk"))
    newest = Submission.objects.filter(session=OuterRef("session")).order_by("-number").values("last_entry")[:1]
    newer = entries.filter(number__gt=newest)
    waiting = asked.filter(Exists(entries.filter(kind="dose"))).filter(~Exists(sent) | Exists(newer))
    return _items(waiting, today, lambda item: item.submission is None or bool(item.differences))


def submitted_items(clinic: Clinic, today: date, days: int = 30) -> list[Item]:
    """The forms submitted in the last days, those without a receipt before those with one."""
    recent = Submission.objects.filter(clinic=clinic, day__gte=today - timedelta(days=days)).values("session")
    return _items(Session.objects.filter(pk__in=recent), today, lambda item: True)


def items_of(person: Person, today: date) -> list[Item]:
    """The sessions of a person whose form is asked for, the latest first."""
    found = _items(_asking(Session.objects.filter(person_id__in=person.ids())), today, lambda item: item.sheet.is_given)
    return sorted(found, key=lambda item: item.sheet.first_dose_at, reverse=True)


def item_of(sheet: Sheet, today: date) -> Item | None:
    """How the form of one session stands; None where its protocol asks for none, or no dose was given."""
    return _item(sheet, today, sheet.session.submissions.last())


def _item(sheet: Sheet, today: date, submission: Submission | None) -> Item | None:
    asked = sheet.protocol.monitoring_form
    if asked is None or not sheet.is_given:
        return None
    versions = versions_of(asked.form)
    form = forms().get(submission.form) if submission else next(iter(versions), None)
    warnings = []
    if submission is None and form is not None:
        warnings += patient_problems(sheet.person.survivor(), form.program, sheet.day)
    if form is None:
        warnings.append(_("No copy of the form “%s” is held here: submit it by hand, and keep it.") % asked.form)
    return Item(
        sheet=sheet,
        form=form,
        until=sheet.day + timedelta(days=asked.within_days),
        today=today,
        submission=submission,
        differences=_differences(submission, sheet, form),
        warnings=tuple(warnings),
    )


def _differences(submission: Submission | None, sheet: Sheet, form: MonitoringForm | None) -> tuple[Difference, ...]:
    """Without a later entry the sheet says what it said: most forms need no look."""
    if submission is None or last_entry(sheet) <= submission.last_entry:
        return ()
    return tuple(differences(submission, sheet, form))


def _items(sessions: QuerySet[Session], today: date, wanted) -> list[Item]:
    every = sheets.of_sessions(sessions)
    sent = Submission.objects.filter(session__in=[sheet.session for sheet in every])
    latest = {one.session_id: one for one in sent.order_by("number").prefetch_related("receipts")}
    found = [_item(sheet, today, latest.get(sheet.session.pk)) for sheet in every]
    kept = [item for item in found if item is not None and wanted(item)]
    return sorted(kept, key=lambda item: (_ORDER.index(item.state), item.until, str(item.sheet.session.pk)))


def _asking(sessions: QuerySet[Session]) -> QuerySet[Session]:
    """The sessions of orders of which any version is by a protocol that asks for a form."""
    kept = protocol_files.kept(KeptProtocol.objects.values_list("digest", flat=True))
    asking = [digest for digest, protocol in kept.items() if protocol.monitoring_form is not None]
    families = Order.objects.filter(protocol_digest__in=asking).values("order")
    return sessions.annotate(family=F("order__order")).filter(family__in=families)
