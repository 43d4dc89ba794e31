"""Alerts in words, for staff; and for patients who reads their answers, and when."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

import stepwell

from .hours import Reading
from .models import Alert, AlertStep
from .own import INSTRUMENT

TIERS = {
    "interrupt": ("⚠", gettext_lazy("now")),
    "review": ("◉", gettext_lazy("before the next dose")),
    "inbox": ("◷", gettext_lazy("older answer")),
}
REASONS = {
    "yes": gettext_lazy("says that they may act on it today, or is not sure"),
    "plan": gettext_lazy("says that they have thought about how"),
    "declined": gettext_lazy("prefers not to say whether they may act on it today; that is not a no"),
    "level": gettext_lazy("intent, a plan, or behaviour in the last three months"),
    "first": gettext_lazy("the first answer above zero that is known"),
    "again": gettext_lazy("above zero again, while an earlier answer still waits for somebody"),
    "rise": gettext_lazy("higher than their last answer"),
    "same": gettext_lazy("the same as their last answer"),
    "lower": gettext_lazy("lower than their last answer, and above zero"),
    "unanswered": gettext_lazy("asked and not answered, which is not a no"),
    "unclear": gettext_lazy("a question of the clinic's own; which answers are a sign is not known"),
    "old": gettext_lazy("older than two weeks when it reached the clinic"),
}
STEPS = {
    "taken": gettext_lazy("took it"),
    "read": gettext_lazy("read it"),
    "note": gettext_lazy("noted"),
    "closed": gettext_lazy("closed it"),
    "escalated": gettext_lazy("went to"),
}


def answers_of(alert: Alert) -> list[str]:
    """Each answer in words, such as `PHQ-9, item 9 (self-harm): 2, more than half the days`."""
    return [one for item, value in alert.content["items"].items() if (one := _answer(alert, item, value))]


def signs_of(alert: Alert) -> list[str]:
    """The same without the answers that are no sign."""
    said = alert.content["items"].items()
    return [one for item, value in said if value != 0 and (one := _answer(alert, item, value))]


def _answer(alert: Alert, item: str, value: float | None) -> str:
    if alert.instrument == INSTRUMENT:
        said = _("not answered") if value is None else f"{value:g}"
        return _("the clinic's own question about %(item)s: %(said)s") % {"item": item, "said": said}
    form = stepwell.load_knowledge().all_instruments[alert.instrument]
    known = next(i for i in form.items if i.item == item)
    words = form.answers_in_words.words if form.answers_in_words else {}
    if value is None and known.only_after is not None:
        return ""
    if value is None:
        said = _("not answered")
    elif (known.at_least, known.at_most) == (0, 1):
        said = _("yes") if value else _("no")
    else:
        in_words = words.get(int(value), "")
        said = (
            f"{value:g}, {in_words}"
            if in_words
            else _("%(n)s of %(most)s") % {"n": f"{value:g}", "most": f"{known.at_most:g}"}
        )
    return f"{form.label}, {_('item')} {item} ({known.label}): {said}"


def told_of(step: AlertStep) -> str:
    """Whether who is on call was told of an alert that went to them."""
    notices = list(step.notices.all())
    sent = next((one for one in notices if one.outcome == "sent"), None)
    if sent is not None:
        return _("e-mail sent at %s") % timezone.localtime(sent.at).strftime("%H:%M")
    if step.owner is None:
        return ""
    if not step.owner.email:
        return _("not told: no e-mail address is known; phone them")
    failed = [one for one in notices if one.outcome == "failed"]
    if failed:
        return _("not told: %s; phone them") % failed[-1].why
    return _("not told yet; phone them")


def waiting(since: datetime, now: datetime) -> str:
    """How long something has waited: `12 min`, `3 h 05 min`, `2 days`."""
    minutes = max(0, int((now - since).total_seconds()) // 60)
    if minutes < 60:
        return _("%d min") % minutes
    if minutes < 24 * 60:
        return _("%(h)d h %(m)02d min") % {"h": minutes // 60, "m": minutes % 60}
    days = minutes // (24 * 60)
    return ngettext("%d day", "%d days", days) % days


def for_patient(found: Reading, zone) -> str:
    """Who reads the patient's answers, and when, in the patient's own zone. It promises nothing."""
    if found.is_now:
        words = _(
            "Staff of the clinic read these answers until %s (your time), beside their other work. It can take them a while."
        )
        return words % _moment(found.until, zone)
    said = _("Nobody at the clinic is reading this now.")
    if found.again is not None:
        said += " " + _("Nobody reads it until %s (your time).") % _moment(found.again, zone)
    elif not found.is_told:
        said += " " + _("The clinic has not said when it reads answers.")
    if found.on_call is not None:
        said += " " + _("Somebody is on call for the clinic, but does not watch these answers.")
    return said


def _moment(at: datetime, zone) -> str:
    here = at.astimezone(zone)
    is_today = here.date() == timezone.localdate(timezone=zone)
    return date_format(here, "H:i") if is_today else date_format(here, "l j F, H:i")
