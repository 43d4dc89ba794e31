"""Lots of drugs and the lines of the ledger: rows are added and never changed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from stepwell.clinic.access.models import Clinic, User
from stepwell.clinic.people.models import Person

KINDS = (
    ("receipt", _("received")),
    ("use", _("used")),
    ("waste", _("wasted")),
    ("return", _("returned")),
    ("count", _("counted")),
    ("recall", _("recalled")),
    ("correction", _("corrected")),
)
_OF_A_LOT = ["clinic", "treatment", "route", "lot_number", "mg_per_device", "expires"]


class Lot(models.Model):
    """One lot of one product, as it stands on the package."""

    append_only = True

    id = models.BigAutoField(primary_key=True)
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="lots")
    treatment = models.CharField(max_length=40)
    """`esketamine`, `ketamine`: a treatment of `products.yaml`."""
    route = models.CharField(max_length=20)
    """`nasal`, `injection`: how the product is made to be given."""
    lot_number = models.CharField(max_length=40)
    mg_per_device = models.FloatField()
    """mg in one device or vial."""
    expires = models.DateField()
    """The last day on which it may be used."""
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    """The only person who may get it, where a pharmacy dispensed it for somebody; None for the clinic's own stock."""
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        ordering = ("expires", "id")
        constraints = [
            models.UniqueConstraint(fields=_OF_A_LOT, condition=models.Q(person=None), name="one_row_of_a_lot"),
            models.UniqueConstraint(fields=[*_OF_A_LOT, "person"], name="one_row_of_a_lot_for_a_person"),
        ]

    def __str__(self) -> str:
        return f"lot {self.lot_number}"


class LedgerLine(models.Model):
    """One line of the ledger. What is on hand of a lot is the sum of `n_devices` over its lines."""

    append_only = True

    number = models.BigAutoField(primary_key=True)
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="lines")
    kind = models.CharField(max_length=12, choices=KINDS)
    n_devices = models.IntegerField()
    """How many devices or vials came (above 0) or went (below 0)."""
    mg = models.FloatField(null=True)
    """mg given (`use`), or wasted of vials that were opened before (`waste` of no device)."""
    counted = models.PositiveIntegerField(null=True)
    """What was counted (`count`); `n_devices` is the difference from what the ledger said."""
    inventory = models.UUIDField(null=True, db_index=True)
    """The same for all lines of one count of everything on hand."""
    session_id = models.UUIDField(null=True, db_index=True)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    corrects = models.ForeignKey("self", models.PROTECT, null=True, related_name="corrections")
    witness = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=400, blank=True)
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    once = models.UUIDField(unique=True)

    class Meta:
        ordering = ("number",)

    def __str__(self) -> str:
        return f"ledger line {self.number}"
