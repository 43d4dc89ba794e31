"""Tells who is on call, by e-mail, that an alert went to them. The message names no patient and holds no health data."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from stepwell.clinic.safety.models import AlertStep, Notice

from . import transports
from .models import Message

EVERY = timedelta(minutes=5)
"""After an attempt that failed, the next one."""
MOST = 12


def notify(now: datetime | None = None) -> int:
    """Tries for every alert that went to somebody and that nobody has taken or closed since. Returns how many messages left."""
    now = now or timezone.now()
    waiting = AlertStep.objects.filter(what="escalated", owner__isnull=False).exclude(notices__outcome="sent")
    waiting = waiting.exclude(alert__steps__what__in=("taken", "closed"))
    return sum(_try(step, now) for step in waiting.select_related("alert__clinic", "owner").prefetch_related("notices"))


def _try(step: AlertStep, now: datetime) -> bool:
    """One attempt, where it is due. The row that begins it is unique: two workers never make one attempt twice."""
    if not step.owner.email:
        return False
    begun = sorted(notice.attempt for notice in step.notices.all() if notice.outcome == "begun")
    last = max((notice.at for notice in step.notices.all()), default=None)
    if len(begun) >= MOST or (last is not None and now < last + EVERY):
        return False
    attempt = len(begun) + 1
    try:
        with transaction.atomic():
            Notice.objects.create(step=step, attempt=attempt, outcome="begun", at=now)
    except IntegrityError:
        return False
    outcome, why = "sent", ""
    clinic = step.alert.clinic
    message = Message(id=uuid.uuid5(step.alert_id, f"step {step.number}"), clinic=clinic)
    try:
        transports.send("email", step.owner.email, text_of(clinic.name), message)
    except transports.NotSent as problem:
        outcome, why = "failed", problem.why
    Notice.objects.create(step=step, attempt=attempt, outcome=outcome, why=why, at=now)
    return outcome == "sent"


def text_of(clinic: str) -> str:
    """What the message says."""
    address = settings.DIRECTORY.address.rstrip("/") + reverse("inbox")
    return (
        f"{clinic}: you are on call, and something in the clinic's inbox waits for you. Please sign in: {address}\n"
        "It stays open until somebody takes it. Please do not answer this message."
    )
