"""The tables of prior authorisation. Packets and statuses are kept as they were: rows are added, not changed."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from stepwell.clinic.access.models import Clinic
from stepwell.clinic.people.models import Person

from .status import Status
from .units import UNITS, UseOfUnits, use_of


class Authorisation(models.Model):
    """One request to one payer for one person, and what became of it. `version` rises with every change."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="authorisations")
    number = models.PositiveIntegerField()
    """Of the clinic, from 1: how calendars name it without saying whose it is."""
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="authorisations")
    version = models.PositiveIntegerField(default=1)
    policy = models.CharField(_("policy"), max_length=80)
    kind = models.CharField(
        _("request"),
        max_length=5,
        default="first",
        choices=[("first", _("first authorisation")), ("again", _("continued treatment"))],
    )
    benefit = models.CharField(
        _("benefit"),
        max_length=8,
        blank=True,
        choices=[("medical", _("medical (buy and bill)")), ("pharmacy", _("pharmacy"))],
    )
    code = models.CharField(_("code it is issued for"), max_length=10, blank=True)
    units = models.PositiveIntegerField(_("units"), null=True, blank=True)
    unit = models.CharField(_("what one unit is"), max_length=6, blank=True, choices=UNITS)
    """Empty: by the code that it is issued for."""
    units_used = models.PositiveIntegerField(_("units used elsewhere"), default=0)
    """Before the clinic used stepwell, or in another place; sessions here are counted by `units.py`."""
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    due_again = models.DateField(_("re-authorisation due"), null=True, blank=True)
    approval_number = models.CharField(_("approval number"), max_length=60, blank=True)
    prescriber = models.CharField(_("prescriber"), max_length=120, blank=True)
    height_cm = models.FloatField(_("height (cm)"), null=True, blank=True)
    weight_kg = models.FloatField(_("weight (kg)"), null=True, blank=True)
    monitoring_checked = models.DateField(_("prescription monitoring programme checked on"), null=True, blank=True)
    denied_on = models.DateField(_("denied on"), null=True, blank=True)
    denial_reason = models.TextField(_("reason for the denial"), blank=True)
    denial_number = models.CharField(_("number of the denial"), max_length=60, blank=True)
    appeal_until = models.DateField(_("last day for an appeal"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    preloaded_use: UseOfUnits | None = None
    """Set by `units.preload`; no column."""

    class Meta:
        ordering = ("-created_at", "-number")
        constraints = [models.UniqueConstraint(fields=["clinic", "number"], name="authorisation_number_once")]

    def __str__(self) -> str:
        return f"authorisation {self.number}"

    @property
    def status(self) -> Status:
        """The latest status; draft before the first."""
        last = self.steps.order_by("number").last()
        return Status(last.status) if last else Status.DRAFT

    @property
    def use(self) -> UseOfUnits:
        """The units that were used, session by session."""
        return self.preloaded_use or use_of(self)

    @property
    def units_left(self) -> float | None:
        """Units that were authorised and are not used yet; None where none are stated, or nobody can say what one unit is."""
        return self.use.left


class Step(models.Model):
    """One status that an authorisation took, on which day."""

    append_only = True

    authorisation = models.ForeignKey(Authorisation, models.PROTECT, related_name="steps")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=20, choices=[(s.value, s.value) for s in Status])
    day = models.DateField()
    note = models.CharField(max_length=500, blank=True)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("number",)
        constraints = [models.UniqueConstraint(fields=["authorisation", "number"], name="step_number_once")]

    def __str__(self) -> str:
        return f"{self.status}, {self.day:%Y-%m-%d}"


class Packet(models.Model):
    """One packet as it was made: its whole content, so that it can be shown again. An edit makes the next one."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    authorisation = models.ForeignKey(Authorisation, models.PROTECT, related_name="packets")
    number = models.PositiveIntegerField()
    content = models.TextField()
    """`PacketContent` as JSON."""
    digest = models.CharField(max_length=64)
    lines = models.JSONField(default=list)
    """The ids and versions of the lines that were read."""
    actor = models.CharField(max_length=80)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("number",)
        constraints = [models.UniqueConstraint(fields=["authorisation", "number"], name="packet_number_once")]

    def __str__(self) -> str:
        return f"packet {self.number} of {self.authorisation}"


class PolicyFile(models.Model):
    """A payer's policy that the clinic wrote down as a file of stepwell's own form. The latest version of an id is used."""

    append_only = True

    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="policy_files")
    policy = models.CharField(max_length=80)
    number = models.PositiveIntegerField()
    text = models.TextField()
    actor = models.CharField(max_length=80)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("policy", "number")
        constraints = [models.UniqueConstraint(fields=["clinic", "policy", "number"], name="policy_version_once")]

    def __str__(self) -> str:
        return f"{self.policy}, {self.number}"


class FormFile(models.Model):
    """A payer's PDF form, and which value of a packet goes into which field."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="form_files")
    name = models.CharField(_("name"), max_length=120)
    data = models.BinaryField()
    mapping = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name", "added_at")

    def __str__(self) -> str:
        return self.name
