"""Adds lines and versions of lines. Nothing is changed: a correction is a new version, and what was said before can be read."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from stepwell.clinic import events
from stepwell.clinic.access.policy import Action, Actor
from stepwell.clinic.people.models import Person

from . import forms
from .models import Line
from .signals import lines_said

KINDS = tuple(forms.FORMS)


class Conflict(Exception):  # noqa: N818
    """Somebody else has reviewed the line since it was shown; `line` is how it stands now."""

    def __init__(self, line: Line):
        self.line = line
        super().__init__(str(line))


def current(person: Person) -> list[Line]:
    """The latest version of each line of the person, and of everybody merged into them; the oldest line of each kind first."""
    newer = Line.objects.filter(line=OuterRef("line"), version__gt=OuterRef("version"))
    lines = Line.objects.filter(~Exists(newer), person_id__in=person.ids()).select_related("person", "user")
    return sorted(lines, key=lambda line: (KINDS.index(line.kind), _first_date(line), str(line.line)))


def _first_date(line: Line) -> str:
    content = line.content
    return content.get("start") or content.get("day") or content.get("stop") or "9999"


def in_use(lines: Iterable[Line]) -> list[Line]:
    """Those that are neither rejected nor struck out."""
    return [line for line in lines if line.state not in ("rejected", "struck")]


def confirmed(lines: Iterable[Line]) -> list[Line]:
    """Those that a clinician confirmed."""
    return [line for line in lines if line.state == "confirmed"]


def unread_scores(person: Person) -> list[Line]:
    """The scores that the patient gave and nobody has confirmed."""
    every = (line for line in in_use(current(person)) if line.kind == "score")
    return [line for line in every if line.origin == "patient" and line.state == "reported"]


def find(person: Person, line: uuid.UUID) -> Line | None:
    """The latest version of that line of the person."""
    return next((one for one in current(person) if one.line == line), None)


def versions(line: Line) -> list[Line]:
    """Every version of the line, the first one first."""
    return list(Line.objects.filter(line=line.line).select_related("user").order_by("version"))


@transaction.atomic
def add(
    person: Person,
    kind: str,
    content: dict,
    *,
    actor: Actor,
    state: str,
    origin: str,
    source: str = "",
    line: uuid.UUID | None = None,
    answers: uuid.UUID | None = None,
) -> Line:
    """A new line. `content` is as `forms.check` gave it. `line` is its id, where a page that is sent twice must add it once.
    `answers` is the id of the questionnaire whose answers became the line."""
    forms.read(kind, content)
    line = Line.objects.create(
        line=line or uuid.uuid4(),
        person=person,
        kind=kind,
        content=content,
        state=state,
        origin=origin,
        source=source,
        actor=actor.name,
        user_id=actor.user_id,
        at=timezone.now(),
    )
    events.record(actor, Action.WRITE_HISTORY, person=person, detail={"line": str(line.line), "version": 1})
    lines_said.send(None, person=person, lines=[line], actor=actor, answers=answers)
    return line


@transaction.atomic
def add_imported(person: Person, contents: Iterable[tuple[str, dict]], *, actor: Actor, source: str) -> tuple[int, int]:
    """Adds a line for each kind and content that an import read; returns how many are new, and how many were there already."""
    known = {
        (line.kind, _spelt(line.content)) for line in Line.objects.filter(person_id__in=person.ids(), origin="import")
    }
    new, n_known, now = {}, 0, timezone.now()
    for kind, content in contents:
        key = kind, _spelt(content)
        n_known += key in known
        if key not in known:
            new.setdefault(key, content)
    made = Line.objects.bulk_create(
        Line(
            person=person,
            kind=kind,
            content=content,
            state="imported",
            origin="import",
            source=source[:200],
            actor=actor.name,
            user_id=actor.user_id,
            at=now,
        )
        for (kind, _spelling), content in new.items()
    )
    events.record(actor, Action.WRITE_HISTORY, person=person, detail={"imported": len(new)})
    lines_said.send(None, person=person, lines=made, actor=actor, answers=None)
    return len(new), n_known


def _spelt(content: dict) -> str:
    return json.dumps(content, sort_keys=True)


def confirm(line: Line, actor: Actor, reason: str = "") -> Line:
    """The line as it is, confirmed."""
    return _next(line, actor, line.content, "confirmed", reason)


@transaction.atomic
def correct(line: Line, actor: Actor, content: dict, reason: str = "") -> Line:
    """The line as the clinician corrected it, which confirms it."""
    forms.read(line.kind, content)
    made = _next(line, actor, content, "confirmed", reason, origin="clinician")
    lines_said.send(None, person=line.person, lines=[made], actor=actor, answers=None)
    return made


def reject(line: Line, actor: Actor, reason: str) -> Line:
    """The line, not to be used. It can be confirmed later."""
    return _next(line, actor, line.content, "rejected", reason)


def strike(line: Line, actor: Actor, reason: str) -> Line:
    """The line, struck out for good: it was entered by mistake."""
    if not reason.strip():
        raise ValueError("a line is struck out with a reason")
    return _next(line, actor, line.content, "struck", reason)


def _next(line: Line, actor: Actor, content: dict, state: str, reason: str, origin: str = "") -> Line:
    """The next version. It stays with the person for whom the line was written, so that a merge can be undone."""
    latest = Line.objects.filter(line=line.line).order_by("-version").first()
    if latest.version != line.version or latest.state == "struck":
        raise Conflict(latest)
    try:
        with transaction.atomic():
            made = Line.objects.create(
                person_id=line.person_id,
                line=line.line,
                version=line.version + 1,
                kind=line.kind,
                content=content,
                state=state,
                origin=origin or line.origin,
                source=line.source,
                actor=actor.name,
                user_id=actor.user_id,
                at=timezone.now(),
                reason=reason.strip(),
            )
    except IntegrityError:
        raise Conflict(Line.objects.filter(line=line.line).order_by("-version").first()) from None
    detail = {"line": str(line.line), "version": made.version, "state": state}
    events.record(actor, Action.CONFIRM_HISTORY, person=line.person, detail=detail)
    return made
