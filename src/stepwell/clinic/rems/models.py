"""Enrolments of settings and patients, and the forms as they were submitted: rows are added and never changed."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from stepwell.clinic.access.models import Clinic, User
from stepwell.clinic.people.models import Person
from stepwell.clinic.sessions.models import Session

STATES = (("enrolled", _("enrolled")), ("ended", _("ended")))
CHANNELS = (("online", _("online, on the programme's website")), ("fax", _("by fax")))


class _Kept(models.Model):
    """Who wrote a row when. `once` was made with the page: the same page sent twice is one row."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    once = models.UUIDField(unique=True)

    class Meta:
        abstract = True


class SettingEnrolment(_Kept):
    """What the clinic says of its own enrolment in a programme. The latest row holds."""

    program = models.CharField(max_length=40)
    state = models.CharField(_("certification"), max_length=10, choices=STATES)
    day = models.DateField(_("since"))
    number = models.CharField(_("enrolment number"), max_length=60, blank=True)
    authorised_representative = models.CharField(_("authorised representative"), max_length=120, blank=True)
    prescriber_on_site = models.BooleanField(
        _("a prescriber is on site while the drug is given and people are monitored")
    )
    provider_on_site = models.BooleanField(_("a healthcare provider who monitors is on site"))
    oximeter_on_site = models.BooleanField(_("a pulse oximeter is on site"))
    name = models.CharField(_("name of the setting, as enrolled"), max_length=200)
    address = models.CharField(_("address, line 1"), max_length=120)
    address_2 = models.CharField(_("address, line 2"), max_length=120, blank=True)
    city = models.CharField(_("city"), max_length=80)
    state_code = models.CharField(_("state"), max_length=40)
    zip_code = models.CharField(_("ZIP"), max_length=10)

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.program}: {self.state}"


class PatientEnrolment(_Kept):
    """That a person is enrolled in a programme from a day on, or not any more. The latest row holds."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="enrolments")
    program = models.CharField(max_length=40)
    state = models.CharField(_("enrolment"), max_length=10, choices=STATES)
    day = models.DateField(_("since"))
    number = models.CharField(_("number in the programme"), max_length=60, blank=True)
    note = models.CharField(_("note"), max_length=400, blank=True)

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.program}: {self.state}"


class Submission(_Kept):
    """One form as somebody said that they submitted it. `content` is the whole of it, so that it is shown exactly as it was."""

    session = models.ForeignKey(Session, models.PROTECT, related_name="submissions")
    person = models.ForeignKey(Person, models.PROTECT, related_name="submissions")
    number = models.PositiveIntegerField()
    """Of the session, from 1."""
    form = models.CharField(max_length=80)
    form_digest = models.CharField(max_length=64)
    content = models.TextField()
    digest = models.CharField(max_length=64)
    last_entry = models.BigIntegerField()
    """The number of the session's last entry that it was filled from."""
    channel = models.CharField(max_length=10, choices=CHANNELS)
    day = models.DateField()
    """The day on which it was sent, in the clinic's zone."""
    receipt = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=400, blank=True)
    """Why it was submitted again."""

    class Meta:
        ordering = ("session", "number")
        constraints = [models.UniqueConstraint(fields=["session", "number"], name="one_submission_of_a_number")]

    def __str__(self) -> str:
        return f"submission/{self.session_id}/{self.number}"


class Receipt(_Kept):
    """A receipt that came after the submission: the confirmation of a fax, a number that the website gave later."""

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="receipts")
    receipt = models.CharField(_("receipt"), max_length=120)

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return self.receipt
