"""Appointments, notes, reviews of goals, and whether the clinic wants a note to each dose. Rows are added and never changed."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from stepwell.clinic.access.models import Clinic, User
from stepwell.clinic.people.models import Person
from stepwell.clinic.sessions.models import Session

STATES = (
    ("planned", _("planned")),
    ("kept", _("took place")),
    ("missed", _("missed")),
    ("cancelled", _("cancelled")),
)
REVIEWS = (
    ("not yet", _("not yet")),
    ("partly", _("partly reached")),
    ("reached", _("reached")),
    ("dropped", _("no longer wanted")),
)


class _Version(models.Model):
    """Who wrote a version of something, when and why."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1)
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    reason = models.CharField(max_length=400, blank=True)

    class Meta:
        abstract = True


class Appointment(_Version):
    """One version of one appointment with a therapist. `appointment` is the same over its versions; the latest one holds."""

    append_only = True

    appointment = models.UUIDField()
    person = models.ForeignKey(Person, models.PROTECT, related_name="appointments")
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="appointments")
    starts = models.DateTimeField(_("begins"))
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    who = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("with"))
    """None: somebody outside the clinic."""
    place = models.CharField(_("where, or with whom outside the clinic"), max_length=120, blank=True)
    session = models.ForeignKey(Session, models.PROTECT, null=True, related_name="appointments")
    """The visit with a dose that it belongs to; None: to none."""
    state = models.CharField(max_length=10, choices=STATES)

    class Meta:
        ordering = ("starts", "appointment", "version")
        constraints = [models.UniqueConstraint(fields=["appointment", "version"], name="appointment_version_once")]

    def __str__(self) -> str:
        return f"appointment of {self.starts:%Y-%m-%d %H:%M}"


class Note(_Version):
    """One version of one note of a therapist. It leaves the clinic in no export and no packet."""

    append_only = True

    note = models.UUIDField()
    person = models.ForeignKey(Person, models.PROTECT, related_name="therapy_notes")
    session = models.ForeignKey(Session, models.PROTECT, null=True, related_name="therapy_notes")
    """The visit with a dose that it is about; None: about none."""
    day = models.DateField(_("day"))
    text = models.TextField(_("note"))

    class Meta:
        ordering = ("day", "note", "version")
        constraints = [models.UniqueConstraint(fields=["note", "version"], name="note_version_once")]

    def __str__(self) -> str:
        return f"note of {self.day:%Y-%m-%d}, version {self.version}"


class GoalReview(models.Model):
    """What the patient says of one of their goals on one day. `goal` is a line of the history."""

    append_only = True

    id = models.UUIDField(primary_key=True, editable=False)
    """Made with the page: the same page sent twice is one review."""
    person = models.ForeignKey(Person, models.PROTECT, related_name="goal_reviews")
    goal = models.UUIDField(db_index=True)
    said = models.CharField(max_length=10, choices=REVIEWS)
    words = models.CharField(max_length=1000, blank=True)
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"review of a goal, {self.at:%Y-%m-%d}"


class Pairing(models.Model):
    """Whether the clinic wants a therapy note to each dose, from which day on, and within how many days. The last one holds."""

    append_only = True

    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="pairings")
    number = models.PositiveIntegerField()
    is_wanted = models.BooleanField()
    since = models.DateField(null=True)
    within_days = models.PositiveSmallIntegerField(null=True)
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        ordering = ("clinic", "number")
        constraints = [models.UniqueConstraint(fields=["clinic", "number"], name="pairing_once")]

    def __str__(self) -> str:
        return f"pairing {self.number}"
