"""The clock: an alert that interrupts and that nobody has taken goes to who is on call, after the clinic's minutes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .hours import minutes_of, on_call
from .models import Alert, AlertStep
from .steps import Conflict, add, steps_of
from .tiers import INTERRUPT


def escalate_due(now: datetime | None = None) -> list[AlertStep]:
    """Everything that is due now. It may run at any time and at several places at once: who is on call gets an alert once."""
    now = now or timezone.now()
    waiting = Alert.objects.filter(tier=INTERRUPT).exclude(steps__what__in=("taken", "closed"))
    made = [_escalate(alert.pk, now) for alert in waiting.select_related("clinic")]
    return [step for step in made if step is not None]


@transaction.atomic
def _escalate(pk, now: datetime) -> AlertStep | None:
    """The step, where it is due. It is due again where another is on call since, or somebody at last."""
    alert = Alert.objects.select_for_update(of=("self",)).select_related("clinic", "person").get(pk=pk)
    steps = steps_of(alert)
    minutes, _own = minutes_of(alert.clinic)
    if now < alert.at + timedelta(minutes=minutes) or any(step.what in ("taken", "closed") for step in steps):
        return None
    who = on_call(alert.clinic, now)
    last = next((step for step in reversed(steps) if step.what == "escalated"), None)
    if last is not None and (who is None or last.owner_id == who.pk):
        return None
    note = "" if who is not None else _("Nobody was on call.")
    try:
        return add(alert, "escalated", None, owner=who, note=note, seen=steps[-1].number if steps else 0)
    except Conflict:
        return None
