"""The review: a clinician confirms, corrects or rejects each line."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from stepwell.clinic.access.policy import Action, Actor, may
from stepwell.clinic.people.models import Person

from . import intake, lines
from .certain import Certain, certain_of
from .entry_forms import FIELDS, EntryForm, initial_of
from .models import Line
from .questionnaire import intake as questions
from .words import KIND_LABELS, facts_of, title_of

SYMBOLS = {"reported": "◌", "imported": "⇩", "confirmed": "✓", "rejected": "✗", "struck": "—"}
_STATE_TOLD = {"confirmed": "confirmed", "rejected": "rejected", "struck": "struck out"}


@dataclass(frozen=True)
class Shown:
    """A line as the review shows it."""

    line: Line
    title: str
    facts: list[str]
    is_open: bool
    """Whether nobody has decided about it yet."""
    certain: Certain | None = None
    """The days that are certain, where only months or years are known."""

    @property
    def symbol(self) -> str:
        """The sign beside the word of its state."""
        return SYMBOLS[self.line.state]


def show(line: Line) -> Shown:
    """The line in words."""
    is_open = line.state in ("reported", "imported")
    certain = certain_of(line.kind, line.content)
    return Shown(line, title_of(line.kind, line.content), facts_of(line.kind, line.content), is_open, certain)


def review(request: HttpRequest, person: Person) -> HttpResponse:
    """Every line of the person by kind, with its state. An answer about suicide stands first."""
    shown = [show(line) for line in lines.current(person)]
    groups = [
        (kind, label, [one for one in shown if one.line.kind == kind])
        for kind, label in KIND_LABELS.items()
        if any(one.line.kind == kind for one in shown)
    ]
    progress = intake.progress_of(person)
    context = {
        "person": person,
        "groups": groups,
        "kinds": [(kind, KIND_LABELS[kind]) for kind in FIELDS],
        "n_open": sum(one.is_open for one in shown),
        "safety": safety_of(person),
        "unsent": [one for one in progress if one.n_answers and not one.is_sent],
        "may_confirm": may(request.actor, Action.CONFIRM_HISTORY, person),
        "may_write": may(request.actor, Action.WRITE_HISTORY, person),
    }
    return render(request, "history/review.html", context)


def safety_of(person: Person) -> list[tuple[str, str, object]]:
    """The patient's answers about death and self-harm that are above zero, in words, with the time."""
    form = questions()
    part = next(p for p in form.parts if p.id == "phq-9")
    words = {"phq-9.9": part.items["9"], "phq-9.safety": part.after[0].ask}
    said = []
    for answer in intake.safety_answers(person):
        value = answer.value["value"]
        choices = part.after[0].choices
        told = f"{value} of 3" if answer.question == "phq-9.9" else choices.get(value, _("prefers not to answer"))
        said.append((words[answer.question], told, timezone.localtime(answer.at, person.clinic.zone)))
    return said


def decide(request: HttpRequest, person: Person) -> HttpResponse:
    """Confirms, rejects or strikes out lines, one or many. Each names the version that was shown: a second reviewer is told."""
    if request.method != "POST":
        return redirect("review", person=person.pk)
    what, reason = request.POST.get("what", ""), request.POST.get("reason", "")[:400]
    if what not in ("confirm", "certain", "reject", "strike"):
        raise Http404
    chosen = [_seen(one) for one in request.POST.getlist("line")]
    known = {line.line: line for line in lines.current(person)}
    if not chosen or any(line not in known for line, _version in chosen):
        messages.warning(request, _("Choose at least one line first."))
        return redirect("review", person=person.pk)
    if what in ("reject", "strike") and not reason.strip():
        messages.error(request, _("Nothing was changed: write why."))
        return redirect(f"{reverse('review', args=[person.pk])}#line-{chosen[0][0]}")
    n, conflicts = 0, []
    for line, version in chosen:
        now = known[line]
        if now.version != version:
            conflicts.append(now)
            continue
        try:
            if what == "confirm":
                lines.confirm(now, request.actor)
            elif what == "certain":
                _take_certain_days(now, request.actor)
            else:
                getattr(lines, what)(now, request.actor, reason)
            n += 1
        except lines.Conflict as told:
            conflicts.append(told.line)
    for line in conflicts:
        messages.error(request, conflict_words(line))
    if n:
        did = {
            "confirm": _("confirmed"),
            "certain": _("confirmed"),
            "reject": _("rejected"),
            "strike": _("struck out"),
        }[what]
        told = ngettext("%(n)d line was %(did)s.", "%(n)d lines were %(did)s.", n) % {"n": n, "did": did}
        messages.success(request, told)
    return redirect(f"{reverse('review', args=[person.pk])}#line-{chosen[0][0]}")


def _take_certain_days(line: Line, actor: Actor) -> None:
    """A correction: the line for the days that are certain. Where there is nothing to narrow, the line is confirmed."""
    certain = certain_of(line.kind, line.content)
    if certain is None:
        lines.confirm(line, actor)
        return
    reason = _("Only the days that are certain from “%(said)s”.") % {"said": certain.said}
    lines.correct(line, actor, certain.content, reason)


def conflict_words(line: Line) -> str:
    """What the second of two reviewers is told."""
    who = line.user.full_name if line.user else _("somebody")
    at = timezone.localtime(line.at).strftime("%H:%M")
    did = _(_STATE_TOLD.get(line.state, "changed"))
    told = _(
        "“%(title)s” was %(did)s by %(who)s at %(at)s, after your page was shown. Nothing of yours was saved: look again."
    )
    return told % {"title": title_of(line.kind, line.content), "did": did, "who": who, "at": at}


def _seen(written: str) -> tuple[uuid.UUID, int]:
    """The line and the version that the page showed: `<uuid>@<version>`."""
    line, _at, version = written.partition("@")
    try:
        return uuid.UUID(line), int(version)
    except ValueError:
        raise Http404 from None


def correct(request: HttpRequest, person: Person, line: uuid.UUID) -> HttpResponse:
    """A correction: a new version, which confirms the line."""
    now = lines.find(person, line)
    if now is None or now.kind not in FIELDS:
        raise Http404
    how = {"today": timezone.localdate(), "born": person.birth_date, "kept": now.content}
    if request.method != "POST":
        form = EntryForm(now.kind, initial=initial_of(now.content), **how)
        return _corrected(request, person, now, form, 200)
    form = EntryForm(now.kind, request.POST, **how)
    if request.POST.get("version") != str(now.version):
        messages.error(request, conflict_words(now))
        return _corrected(request, person, now, form, 409)
    if not form.is_valid():
        return _corrected(request, person, now, form, 422)
    try:
        lines.correct(now, request.actor, form.content, request.POST.get("reason", "")[:400])
    except lines.Conflict as told:
        messages.error(request, conflict_words(told.line))
        return _corrected(request, person, told.line, form, 409)
    messages.success(request, _("The correction is a new version. The line is confirmed."))
    return redirect(f"{reverse('review', args=[person.pk])}#line-{line}")


def _corrected(request, person, line: Line, form: EntryForm, status: int) -> HttpResponse:
    from .drugs import all_drugs

    context = {
        "person": person,
        "line": line,
        "shown": show(line),
        "form": form,
        "versions": [(one, facts_of(one.kind, one.content)) for one in lines.versions(line)],
        "drug_names": all_drugs() if "drug" in form.fields else (),
    }
    return render(request, "history/correct.html", context, status=status)
