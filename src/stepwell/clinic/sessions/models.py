"""Orders, sessions and what happens at them: rows are added and never changed."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from stepwell.clinic.access.models import Clinic, User
from stepwell.clinic.authorisation.models import Authorisation
from stepwell.clinic.people.models import Person

STATES = (("active", _("active")), ("ended", _("ended")))
SUPPLIES = (("medical", _("medical (buy and bill)")), ("pharmacy", _("pharmacy")))
END_REASONS = (
    ("remission", _("well enough without it")),
    ("no response", _("it did not help enough")),
    ("side effects", _("side effects")),
    ("cost", _("cost, insurance or supply")),
    ("patient's wish", _("the patient's wish")),
    ("other", _("another reason")),
)
ENTRY_KINDS = (
    "planned change",
    "check",
    "dose",
    "reading",
    "adverse event",
    "departure",
    "signature",
    "addendum",
    "cancelled",
)


class KeptProtocol(models.Model):
    """The text of a protocol file by which something was ordered, so that it can be read when the file has changed."""

    append_only = True

    digest = models.CharField(max_length=64, primary_key=True)
    protocol = models.CharField(max_length=80)
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "digest")

    def __str__(self) -> str:
        return f"{self.protocol} {self.digest[:12]}"


class ConfirmedProtocol(models.Model):
    """A prescriber looked at the values of a protocol that are only recalled, and confirmed them for the clinic."""

    append_only = True

    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="+")
    protocol = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "id")
        constraints = [models.UniqueConstraint(fields=["clinic", "digest"], name="one_confirmation_of_a_protocol")]

    def __str__(self) -> str:
        return f"{self.protocol} {self.digest[:12]}"


class Order(models.Model):
    """One version of one order of a treatment. `order` is the same over its versions; the latest one holds."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="orders")
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="orders")
    order = models.UUIDField(default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1)
    protocol = models.CharField(max_length=80)
    protocol_digest = models.CharField(max_length=64)
    phase = models.CharField(max_length=40)
    treatment = models.CharField(max_length=40)
    """Of stepwell's knowledge files: `esketamine`, `ketamine`."""
    route = models.CharField(max_length=20)
    dose_mg = models.FloatField()
    supply = models.CharField(max_length=8, blank=True, choices=SUPPLIES)
    authorisation = models.ForeignKey(Authorisation, models.PROTECT, null=True, blank=True, related_name="orders")
    reevaluate_on = models.DateField(null=True, blank=True)
    """The day by which the prescriber judges whether it is worth going on."""
    state = models.CharField(max_length=10, default="active", choices=STATES)
    ended_for = models.CharField(max_length=20, blank=True, choices=END_REASONS)
    reason = models.CharField(max_length=400, blank=True)
    """Why this version differs from the one before."""
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "id")
        constraints = [models.UniqueConstraint(fields=["order", "version"], name="one_version_of_an_order")]
        indexes = [models.Index(fields=["person", "order", "version"])]

    def __str__(self) -> str:
        return f"order/{self.order}@{self.version}"


class Session(models.Model):
    """One visit of one person. The row says for when it was first planned; what happens to it are entries."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="sessions")
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="sessions")
    order = models.ForeignKey(Order, models.PROTECT, related_name="sessions")
    """The version of the order by which it was planned."""
    day = models.DateField()
    planned_at = models.DateTimeField()
    chair = models.CharField(max_length=20, blank=True)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    once = models.UUIDField(unique=True, default=uuid.uuid4)

    class Meta:
        ordering = ("planned_at", "id")
        indexes = [models.Index(fields=["clinic", "day"])]

    def __str__(self) -> str:
        return f"session/{self.pk}"


class Entry(models.Model):
    """One version of one thing that happened at a session. `entry` is the same over its versions; `content` is what
    `forms.py` says; a struck entry has the content `{"struck": true}`."""

    append_only = True

    number = models.BigAutoField(primary_key=True)
    session = models.ForeignKey(Session, models.PROTECT, related_name="entries")
    entry = models.UUIDField(default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=20, choices=[(kind, kind) for kind in ENTRY_KINDS])
    content = models.JSONField(default=dict)
    at = models.DateTimeField()
    boot = models.CharField(max_length=40)
    """This start of the machine: ticks are compared only within one."""
    ticks = models.FloatField()
    """Seconds of the machine's monotonic clock."""
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    actor = models.CharField(max_length=80)
    reason = models.CharField(max_length=400, blank=True)
    once = models.UUIDField(unique=True)

    class Meta:
        ordering = ("number",)
        constraints = [models.UniqueConstraint(fields=["entry", "version"], name="one_version_of_an_entry")]

    def __str__(self) -> str:
        return self.address

    @property
    def address(self) -> str:
        """How records and evidence name it."""
        return f"session/{self.session_id}/{self.entry}@{self.version}"

    @property
    def is_struck(self) -> bool:
        """Whether it was struck out: it was entered by mistake."""
        return bool(self.content.get("struck"))
