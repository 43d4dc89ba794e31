"""Alerts and what was done about each, when the clinic is open and who is on call. Rows are added and never changed."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from stepwell.clinic.access.models import Clinic, User
from stepwell.clinic.people.models import Person

from .tiers import TIERS

STEPS = (
    ("taken", _("taken")),
    ("read", _("read")),
    ("escalated", _("escalated")),
    ("note", _("note")),
    ("closed", _("closed")),
)


class Alert(models.Model):
    """One answer about suicide or self-harm that calls somebody. It stays open until somebody closes it with a note."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="alerts")
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="alerts")
    tier = models.CharField(max_length=10, choices=[(tier, tier) for tier in TIERS])
    reason = models.CharField(max_length=20)
    instrument = models.CharField(max_length=60)
    source = models.UUIDField()
    """The response, the intake or the line whose answers these are."""
    day = models.DateField(null=True)
    """Of the answers; None: not known."""
    content = models.JSONField(default=dict)
    """`items`, `level`, `before` and `before_day` (the baseline), `reply`, `rule`, `lines` (several old answers are one)."""
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    once = models.UUIDField(unique=True)
    """Of the source and the answers: the same answers are one alert."""

    class Meta:
        ordering = ("at", "id")
        indexes = [models.Index(fields=["clinic", "tier"]), models.Index(fields=["person", "instrument"])]

    def __str__(self) -> str:
        return f"alert {self.pk}"


class AlertStep(models.Model):
    """What somebody did about an alert. `owner` is who has it from now on, where the step changes that."""

    append_only = True

    alert = models.ForeignKey(Alert, models.PROTECT, related_name="steps")
    number = models.PositiveIntegerField()
    what = models.CharField(max_length=10, choices=STEPS)
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True)
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        ordering = ("alert", "number")
        constraints = [models.UniqueConstraint(fields=["alert", "number"], name="alert_step_once")]

    def __str__(self) -> str:
        return f"{self.what}, step {self.number} of {self.alert}"


class Notice(models.Model):
    """One step of one attempt to tell who is on call that an alert went to them: it began, and what came of it."""

    append_only = True

    step = models.ForeignKey(AlertStep, models.PROTECT, related_name="notices")
    attempt = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=[(o, o) for o in ("begun", "sent", "failed")])
    why = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "id")
        constraints = [models.UniqueConstraint(fields=["step", "attempt", "outcome"], name="notice_outcome_once")]

    def __str__(self) -> str:
        return f"attempt {self.attempt}, {self.outcome}"


class Arrangement(models.Model):
    """When somebody reads the inbox, and after how many minutes an alert goes to who is on call. The last one holds."""

    append_only = True

    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="arrangements")
    number = models.PositiveIntegerField()
    hours = models.JSONField(default=dict)
    """By weekday (`"0"` is Monday): `[["08:00", "17:00"]]`, in the clinic's time zone."""
    closed_on = models.JSONField(default=list)
    """Days on which nobody reads: holidays."""
    escalate_after_minutes = models.PositiveIntegerField()
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        ordering = ("clinic", "number")
        constraints = [models.UniqueConstraint(fields=["clinic", "number"], name="arrangement_once")]

    def __str__(self) -> str:
        return f"arrangement {self.number}"


class Shift(models.Model):
    """Who is on call from when to when. A shift that is taken out is a new version of it."""

    append_only = True

    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="shifts")
    shift = models.UUIDField()
    version = models.PositiveIntegerField(default=1)
    who = models.ForeignKey(User, models.PROTECT, related_name="shifts")
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    is_out = models.BooleanField(default=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        ordering = ("starts", "shift", "version")
        constraints = [models.UniqueConstraint(fields=["shift", "version"], name="shift_version_once")]

    def __str__(self) -> str:
        return f"on call from {self.starts:%Y-%m-%d %H:%M}"
