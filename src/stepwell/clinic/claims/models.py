"""What staff say about billing a session, how payers want it, and what was handed to the biller: rows are only added."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from stepwell.clinic.access.models import Clinic, User
from stepwell.clinic.sessions.models import Session

WHOSE = (("clinician", _("the billing clinician")), ("staff", _("clinical staff")))
DOING = (("with the patient", _("with the patient")), ("other work", _("other work for the patient that day")))
WAYS = (("bundled", _("one code for the visit and the drug")), ("separate", _("the drug and the visit apart")))


class _Kept(models.Model):
    append_only = True

    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1)
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    once = models.UUIDField(unique=True)

    class Meta:
        abstract = True


class Statement(_Kept):
    """One version of what somebody says of a session: minutes of one person, the code of the visit, or that a problem is taken as
    it is. `statement` is the same over its versions."""

    number = models.BigAutoField(primary_key=True)
    session = models.ForeignKey(Session, models.PROTECT, related_name="statements")
    statement = models.UUIDField(default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=[(k, k) for k in ("minutes", "visit", "accepted")])
    content = models.JSONField(default=dict)

    class Meta:
        ordering = ("number",)
        constraints = [models.UniqueConstraint(fields=["statement", "version"], name="one_version_of_a_statement")]

    def __str__(self) -> str:
        return f"statement/{self.statement}@{self.version}"


class PayerRule(_Kept):
    """How a payer wants sessions to be billed, as the clinic was told. The latest version of a payer holds."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payer = models.CharField(_("payer"), max_length=120)
    key = models.CharField(max_length=120)
    """The name by which it is found: without case and double spaces."""
    treatment = models.CharField(max_length=40)
    way = models.CharField(_("way of billing"), max_length=10, choices=WAYS)
    prolonged = models.CharField(_("prolonged service"), max_length=10, blank=True)
    said_by = models.CharField(_("where it is from"), max_length=200)
    said_on = models.DateField(_("said on"))

    class Meta:
        ordering = ("key", "version")
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "key", "treatment", "version"], name="one_version_of_a_payer_rule"
            )
        ]

    def __str__(self) -> str:
        return self.payer


class ProductCode(_Kept):
    """The NDC that the clinic's biller uses for a dose; stepwell ships none."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    treatment = models.CharField(max_length=40)
    mg = models.FloatField(_("dose (mg)"))
    ndc = models.CharField(_("NDC"), max_length=13)

    class Meta:
        ordering = ("treatment", "mg", "version")
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "treatment", "mg", "version"], name="one_version_of_a_product_code"
            )
        ]

    def __str__(self) -> str:
        return self.ndc


class Handover(models.Model):
    """What was handed to the biller for one session: its rows as they were, so that a later change is seen."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="+")
    session = models.ForeignKey(Session, models.PROTECT, related_name="handovers")
    number = models.PositiveIntegerField()
    """Of the session, from 1."""
    batch = models.UUIDField(db_index=True)
    """The same for all sessions of one file."""
    rows = models.JSONField(default=list)
    digest = models.CharField(max_length=64)
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        ordering = ("session", "number")
        constraints = [models.UniqueConstraint(fields=["session", "number"], name="one_handover_of_a_number")]

    def __str__(self) -> str:
        return f"handover/{self.session_id}/{self.number}"
