"""What staff say about billing a session: minutes by whom, the code of the visit, problems that are taken as they are."""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from stepwell.clinic import events
from stepwell.clinic.access.policy import Action, Actor
from stepwell.clinic.sessions.models import Session
from stepwell.clinic.sessions.sheets import Sheet

from .billed import Minutes
from .checks import Problem
from .models import Statement

_SAYS_NOTHING = ("planned change", "signature", "addendum", "cancelled")


class Conflict(Exception):  # noqa: N818
    """Somebody else has changed the statement since it was shown; `statement` is how it stands now."""

    def __init__(self, statement: Statement):
        self.statement = statement
        super().__init__(str(statement))


@dataclass(frozen=True)
class Presence:
    """Who entered something at a session, from when to when. It is a help for memory, not a length."""

    name: str
    first: datetime
    last: datetime
    entries: int


def of_sessions(sessions: Iterable[Session]) -> dict[uuid.UUID, list[Statement]]:
    """The latest version of each statement of each session, in the order in which they were first said; none that is struck."""
    latest: dict = {}
    for one in Statement.objects.filter(session__in=list(sessions)).select_related("user").order_by("number"):
        latest[one.statement] = one
    found: dict = defaultdict(list)
    for one in latest.values():
        if not one.content.get("struck"):
            found[one.session_id].append(one)
    return found


def add(
    session: Session,
    kind: str,
    content: dict,
    *,
    actor: Actor,
    once: uuid.UUID,
    statement: uuid.UUID | None = None,
    seen: int = 0,
) -> Statement:
    """Adds a statement, or the version after `seen` of one. The same page sent twice is one row."""
    same = Statement.objects.filter(once=once).first()
    if same is not None:
        return same
    statement = statement or uuid.uuid4()
    try:
        with transaction.atomic():
            made = Statement.objects.create(
                clinic_id=session.clinic_id,
                session=session,
                statement=statement,
                version=seen + 1,
                kind=kind,
                content=content,
                user_id=actor.user_id,
                actor=actor.name,
                at=timezone.now(),
                once=once,
            )
    except IntegrityError:
        raise Conflict(Statement.objects.filter(statement=statement).order_by("-version").first()) from None
    detail = {"statement": str(statement), "version": made.version, "kind": kind}
    events.record(actor, Action.WRITE_CLAIMS, person=session.person, detail=detail)
    return made


def minutes_in(statements: Iterable[Statement]) -> Minutes:
    """The minutes of the day: all of the billing clinician, and those of clinical staff with the patient."""
    said = [one.content for one in statements if one.kind == "minutes"]
    clinician = [one["minutes"] for one in said if one["whose"] == "clinician"]
    staff = [one["minutes"] for one in said if one["whose"] == "staff" and one["doing"] == "with the patient"]
    return Minutes(sum(clinician) if clinician else None, sum(staff) if staff else None)


def visit_in(statements: Iterable[Statement]) -> str:
    """The code of the visit that the clinician chose last; empty where none was chosen, `none` where there is no visit."""
    return next((one.content["code"] for one in reversed(list(statements)) if one.kind == "visit"), "")


def accepted_in(statements: Iterable[Statement], problem: Problem) -> Statement | None:
    """Who took the problem as it is; None where nobody did, or where it says something else by now."""
    said = [one for one in statements if one.kind == "accepted" and one.content["problem"] == problem.id]
    return next((one for one in reversed(said) if one.content["words"] == digest_of(problem)), None)


def digest_of(problem: Problem) -> str:
    """Of what a problem says: taking it as it is holds only for those words."""
    return hashlib.sha256(problem.words.encode()).hexdigest()[:16]


def presence(sheet: Sheet) -> list[Presence]:
    """Who entered something at the session, by the sheet."""
    times: dict = defaultdict(list)
    for entry in sheet.entries:
        if entry.user is not None and entry.kind not in _SAYS_NOTHING:
            times[entry.user.full_name].append(entry.at)
    found = [Presence(name, min(at), max(at), len(at)) for name, at in times.items()]
    return sorted(found, key=lambda one: (one.first, one.name))
