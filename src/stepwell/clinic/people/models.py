"""The people whom the clinic treats."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from stepwell.clinic.access.models import Clinic, User
from stepwell.clinic.access.policy import ALLOWED, Action, Actor, Role


class PersonQuerySet(models.QuerySet):
    """People, narrowed to those whom an actor may know of."""

    def seen_by(self, actor: Actor | None) -> PersonQuerySet:
        """Staff who may read people see those of their clinic; a patient sees themselves; anybody else sees nobody."""
        if actor is None or actor.clinic_id is None:
            return self.none()
        if actor.role is Role.PATIENT:
            return self.filter(pk=actor.person_id, clinic_id=actor.clinic_id)
        if Action.READ_PEOPLE not in ALLOWED[actor.role]:
            return self.none()
        return self.filter(clinic_id=actor.clinic_id)


class Person(models.Model):
    """Somebody whom the clinic treats. `merged_into` names the person whom they turned out to be."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="people")
    record_number = models.CharField(_("record number"), max_length=40, blank=True)
    given_name = models.CharField(_("given name"), max_length=100)
    family_name = models.CharField(_("family name"), max_length=100)
    birth_date = models.DateField(_("birth date"))
    sex = models.CharField(
        _("sex"),
        max_length=6,
        blank=True,
        choices=[("female", _("female")), ("male", _("male")), ("other", _("other"))],
    )
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    payer = models.CharField(_("payer"), max_length=120, blank=True)
    member_id = models.CharField(_("member id"), max_length=60, blank=True)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PersonQuerySet.as_manager()

    class Meta:
        ordering = ("family_name", "given_name", "birth_date", "id")
        indexes = [models.Index(fields=["clinic", "family_name", "given_name"])]

    def __str__(self) -> str:
        return f"{self.family_name}, {self.given_name}"

    @property
    def zone(self):
        """The person's time zone, else the clinic's."""
        from zoneinfo import ZoneInfo

        return ZoneInfo(self.time_zone or self.clinic.time_zone)

    def survivor(self) -> Person:
        """The person into whom this one was merged, at the end of the chain; themselves where they were not."""
        person = self
        while person.merged_into_id:
            person = person.merged_into
        return person

    def ids(self) -> list[uuid.UUID]:
        """The ids under which this person's lines are kept: their own and those of everybody merged into them."""
        found, new = [self.pk], [self.pk]
        while new:
            new = list(Person.objects.filter(merged_into_id__in=new).values_list("pk", flat=True))
            found += new
        return found


class ContactVersion(models.Model):
    """One version of what was entered about a person (`contact.py`). Without an actor: it was there before versions were kept."""

    append_only = True

    person = models.ForeignKey(Person, models.PROTECT, related_name="contact_versions")
    number = models.PositiveIntegerField()
    values = models.JSONField(default=dict)
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    actor = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("person", "number")
        constraints = [models.UniqueConstraint(fields=["person", "number"], name="one_version_of_a_contact")]

    def __str__(self) -> str:
        return f"contact {self.number}"
