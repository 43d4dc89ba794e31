"""The clinic and its staff."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from .policy import Role


class Clinic(models.Model):
    """A clinic, with the definitions and staging models that it chose from stepwell's knowledge."""

    name = models.CharField(_("name"), max_length=200)
    time_zone = models.CharField(_("time zone"), max_length=64, default="America/New_York")
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    address = models.TextField(_("address"), blank=True)
    npi = models.CharField(_("NPI"), max_length=10, blank=True)
    definitions = models.JSONField(default=list)
    stagings = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The clinic's time zone."""
        return ZoneInfo(self.time_zone)


class User(AbstractUser):
    """Somebody who works in the clinic. Patients have no account."""

    clinic = models.ForeignKey(Clinic, models.PROTECT, null=True, related_name="users")
    role = models.CharField(_("role"), max_length=20, choices=[(r.value, r.value) for r in Role if r != Role.PATIENT])

    @property
    def full_name(self) -> str:
        """The name as others see it."""
        return self.get_full_name() or self.username
