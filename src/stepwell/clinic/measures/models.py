"""What is asked of whom and when, what was answered, and the messages about it: rows are added and never changed."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from stepwell.clinic.access.models import Clinic, User
from stepwell.clinic.history.models import Link
from stepwell.clinic.people.models import Person

CHANNELS = (("email", _("e-mail")), ("sms", _("text message")), ("none", _("no messages; asked at the clinic")))
WHYS = (("due", _("due")), ("reminder", _("reminder")), ("again", _("sent again")), ("new link", _("new link")))
OUTCOMES = (("begun", _("begun")), ("sent", _("sent")), ("failed", _("failed")), ("not needed", _("not needed")))
HOWS = (
    ("own device", _("on the patient’s device")),
    ("kiosk", _("on a device of the clinic")),
    ("paper", _("on paper, typed in by staff")),
    ("taken over", _("not finished; taken over by staff")),
)


class Contact(models.Model):
    """How a person agreed to be reached. The last row holds; without one, nothing is sent."""

    append_only = True

    number = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, models.PROTECT, related_name="contacts")
    channel = models.CharField(max_length=8, choices=CHANNELS)
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        ordering = ("number",)

    def __str__(self) -> str:
        return f"contact {self.number}: {self.channel}"


class Plan(models.Model):
    """A schedule that was begun or ended for a person. The last row of each schedule holds."""

    append_only = True

    number = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, models.PROTECT, related_name="plans")
    schedule = models.CharField(max_length=60)
    is_on = models.BooleanField()
    day = models.DateField()
    """The first day, in the patient's time zone; of one that ended, the last."""
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        ordering = ("number",)

    def __str__(self) -> str:
        return f"{self.schedule} {'on' if self.is_on else 'off'} from {self.day}"


class Request(models.Model):
    """One questionnaire that is asked of one person. Its answers are kept under its id (`history.Answer.intake`)."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="requests")
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="requests")
    instrument = models.CharField(max_length=60)
    """The id of the questionnaire's file."""
    questions = models.CharField(max_length=80)
    """The id with the date of the file, as it was when it was asked."""
    schedule = models.CharField(max_length=60, blank=True)
    """The schedule with its date by which it was due; empty: asked by hand."""
    day = models.DateField()
    """The day on which it was due, in the patient's time zone."""
    due_from = models.DateTimeField()
    due_to = models.DateTimeField()
    """Until then it may be begun."""
    hours_to_finish = models.PositiveIntegerField()
    """From the first answer."""
    reminders = models.JSONField(default=list)
    """Hours after the first message."""
    is_sent = models.BooleanField(default=True)
    """Whether the patient is told by a message; else it is asked at the clinic."""
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    once = models.CharField(max_length=120, unique=True)
    """Of the person, the schedule, the questionnaire and the day, or made with the page: asked once."""

    class Meta:
        ordering = ("due_from", "id")
        indexes = [models.Index(fields=["person", "due_from"]), models.Index(fields=["clinic", "due_to"])]

    def __str__(self) -> str:
        return f"{self.questions} of {self.day}"


class Withdrawal(models.Model):
    """A request that is no longer asked, and why."""

    append_only = True

    request = models.OneToOneField(Request, models.PROTECT, primary_key=True, related_name="withdrawal")
    reason = models.CharField(max_length=400)
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"withdrawn: {self.request}"


class Response(models.Model):
    """A questionnaire that was finished."""

    append_only = True

    request = models.OneToOneField(Request, models.PROTECT, primary_key=True, related_name="response")
    person = models.ForeignKey(Person, models.PROTECT, related_name="responses")
    how = models.CharField(max_length=12, choices=HOWS)
    day = models.DateField()
    """The day of the last answer, in the patient's time zone."""
    content = models.JSONField(default=list)
    """The contents of the lines that it makes."""
    closed = models.CharField(max_length=10, blank=True)
    """`withdrawn` or `expired` where it was finished too late: it makes no line until staff take it over."""
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "request_id")

    def __str__(self) -> str:
        return f"response to {self.request}"


class ResponseLine(models.Model):
    """A line of the history that was made of a response."""

    append_only = True

    line = models.UUIDField(primary_key=True)
    response = models.ForeignKey(Response, models.PROTECT, related_name="lines")

    def __str__(self) -> str:
        return f"line {self.line}"


class Message(models.Model):
    """A message that is to be sent: the outbox. It says nothing about anybody's health; its link is made when it is sent."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="messages")
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="messages")
    requests = models.ManyToManyField(Request, related_name="messages", through="MessageRequest")
    why = models.CharField(max_length=10, choices=WHYS)
    not_before = models.DateTimeField()
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    once = models.CharField(max_length=160, unique=True)

    class Meta:
        ordering = ("not_before", "id")

    def __str__(self) -> str:
        return f"message {self.pk}"


class MessageRequest(models.Model):
    """A request that a message is about."""

    append_only = True

    message = models.ForeignKey(Message, models.PROTECT)
    request = models.ForeignKey(Request, models.PROTECT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "request"], name="once_in_a_message")]

    def __str__(self) -> str:
        return f"{self.message_id} about {self.request_id}"


class Sending(models.Model):
    """One step of one attempt to send a message: it began, and what came of it. An attempt that only began may have arrived."""

    append_only = True

    number = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(Message, models.PROTECT, related_name="sendings")
    attempt = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=OUTCOMES)
    channel = models.CharField(max_length=8, blank=True)
    to = models.CharField(max_length=254, blank=True)
    why = models.CharField(max_length=300, blank=True)
    """Why it could not be sent."""
    link = models.ForeignKey(Link, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint(
                fields=["message", "attempt"], condition=models.Q(outcome="begun"), name="an_attempt_begins_once"
            ),
            models.UniqueConstraint(
                fields=["message", "attempt"], condition=~models.Q(outcome="begun"), name="an_attempt_ends_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}, attempt {self.attempt}: {self.outcome}"


class Beat(models.Model):
    """When the worker ran last. Where it does not run, staff are told."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"ran at {self.at}"
