"""The lines of a person's history, the links by which patients answer, and their answers: rows are added and never changed."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from stepwell.clinic.access.models import User
from stepwell.clinic.people.models import Person

STATES = (
    ("reported", _("reported")),
    ("imported", _("imported")),
    ("confirmed", _("confirmed")),
    ("rejected", _("rejected")),
    ("struck", _("struck out")),
)
ORIGINS = (("patient", _("patient")), ("import", _("import")), ("clinician", _("clinic")))


class Line(models.Model):
    """One version of one statement of a history. `line` is the same over its versions; `content` is what `forms.py` says."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="lines")
    line = models.UUIDField(default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=20)
    content = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=STATES)
    origin = models.CharField(max_length=10, choices=ORIGINS)
    source = models.CharField(max_length=200, blank=True)
    """Where it is from, in words: the intake of a day, the name of an imported file."""
    actor = models.CharField(max_length=80)
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    """Who wrote this version; None for the patient."""
    at = models.DateTimeField()
    reason = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ("at", "id")
        constraints = [models.UniqueConstraint(fields=["line", "version"], name="one_version_of_a_line")]
        indexes = [models.Index(fields=["person", "line", "version"])]

    def __str__(self) -> str:
        return f"line/{self.line}@{self.version}"

    @property
    def address(self) -> str:
        """How records and evidence name it."""
        return f"line/{self.line}@{self.version}"


INTAKE = "intake"
"""What a link to an intake opens: the name of the page that leads to the first question."""


class Link(models.Model):
    """A link by which a patient answers: of one use, open for a time, bound to the browser that opens it. The token itself is
    not kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="links")
    intake = models.UUIDField()
    """The intake that it begins or goes on with. Of another link an id of its own."""
    opens = models.CharField(max_length=40, default=INTAKE)
    """The name of the page to which it leads: the intake, or the questionnaires that are open."""
    digest = models.CharField(max_length=64, unique=True)
    is_kiosk = models.BooleanField(default=False)
    """Whether it is answered on a device of the clinic."""
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    """None where it was sent by the clock."""
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    failed_tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("made_at", "id")

    def __str__(self) -> str:
        return f"link {self.pk}"


class Answer(models.Model):
    """One answer to one question. A later answer to the same question goes before an earlier one, and both are kept."""

    append_only = True

    number = models.BigAutoField(primary_key=True)
    link = models.ForeignKey(Link, models.PROTECT, related_name="answers")
    person = models.ForeignKey(Person, models.PROTECT, related_name="answers")
    intake = models.UUIDField(db_index=True)
    """The intake, or the request for a questionnaire."""
    questions = models.CharField(max_length=60)
    """The questionnaire and its date."""
    question = models.CharField(max_length=60)
    turn = models.PositiveSmallIntegerField(default=0)
    """Which of several trials or medicines it is about, from 0."""
    value = models.JSONField()
    at = models.DateTimeField()
    once = models.UUIDField(unique=True)
    """Made with the page that was answered: the same page sent twice is one answer."""

    class Meta:
        ordering = ("number",)
        indexes = [models.Index(fields=["intake", "question", "turn"])]

    def __str__(self) -> str:
        return f"answer {self.number}"


class Sent(models.Model):
    """An intake of which the answers became lines."""

    append_only = True

    intake = models.UUIDField(primary_key=True)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by_patient = models.BooleanField()
    """Whether the patient sent it, or the clinic took over what there was."""

    def __str__(self) -> str:
        return f"intake {self.intake}"
