"""What becomes of answers: the last one finishes the questionnaire, in its own transaction.

That an answer about suicide alerts staff is the safety room's part: it listens to every answer and every line, in the same
transaction.
"""

from __future__ import annotations

import uuid
from datetime import date

from django.db import IntegrityError, transaction
from django.utils import timezone

from stepwell.clinic import events
from stepwell.clinic.access.policy import Action, Actor, may
from stepwell.clinic.history import forms, lines
from stepwell.clinic.history.answers import latest, values
from stepwell.clinic.history.intake_lines import contents_of
from stepwell.clinic.history.models import Answer, Line
from stepwell.clinic.history.questionnaire import Questionnaire
from stepwell.clinic.people.models import Person

from .models import Request, Response, ResponseLine
from .requests import Stand


def after_answer(stand: Stand, form: Questionnaire, actor: Actor, how: str, answer: Answer) -> None:
    """Runs in the transaction of an answer: the response, where it was the last one."""
    if form.next_page(values(latest(answer.intake))) is None:
        finish(stand, form, actor, how)


def finish(stand: Stand, form: Questionnaire, actor: Actor, how: str) -> Response | None:
    """The response of all answers that there are, and the lines that it makes. None where it was finished before.

    One that was withdrawn or had expired makes no line: staff decide (`take_over`).
    """
    request = stand.request
    kept = latest(request.pk)
    days = {key: answer.at.astimezone(request.person.zone).date() for key, answer in kept.items()}
    day = max(days.values())
    contents = [
        {"kind": kind, "content": _checked(kind, content, day, request.person)}
        for kind, content in contents_of(form, values(kept), days)
    ]
    closed = "" if stand.is_open or how == "taken over" else "withdrawn" if stand.state == "withdrawn" else "expired"
    made = _respond(request, how, day, contents, closed, actor)
    if made is not None and not closed:
        _make_lines(made, actor)
    return made


def _respond(request: Request, how: str, day: date, contents: list, closed: str, actor: Actor) -> Response | None:
    fields = {"person": request.person, "how": how, "day": day, "content": contents, "closed": closed}
    try:
        with transaction.atomic():
            made = Response.objects.create(
                request=request, user_id=actor.user_id, actor=actor.name, at=timezone.now(), **fields
            )
    except IntegrityError:
        return None
    events.record(actor, Action.ANSWER_QUESTIONNAIRE, person=request.person, detail={"finished": str(request.pk)})
    return made


def _checked(kind: str, data: dict, day: date, person: Person) -> dict:
    """The content of the line. What does not fit is never lost: it stands in the note."""
    content, problems = forms.check(kind, data, today=day, born=person.birth_date)
    if content is None:
        kept = {name: value for name, value in data.items() if name not in problems}
        kept["note"] = f"Answers that do not fit together: {', '.join(sorted(problems))}."
        content, _problems = forms.check(kind, kept, today=day, born=person.birth_date)
    return content


def _make_lines(response: Response, actor: Actor, state: str = "reported", origin: str = "patient") -> list[Line]:
    made = []
    for one in response.content:
        source = f"Questionnaire of {response.day.isoformat()}"
        line = lines.add(
            response.person,
            one["kind"],
            one["content"],
            actor=actor,
            state=state,
            origin=origin,
            source=source,
            answers=response.request_id,
        )
        ResponseLine.objects.create(line=line.line, response=response)
        made.append(line)
    return made


@transaction.atomic
def take_over(stand: Stand, form: Questionnaire | None, actor: Actor) -> bool:
    """Makes lines of answers that the patient did not finish, or finished too late. False where there is nothing to take over."""
    kept = Response.objects.filter(request=stand.request).first()
    if kept is None:
        return bool(stand.n_answers and form is not None and finish(stand, form, actor, "taken over"))
    if not kept.closed or kept.lines.exists():
        return False
    return bool(_make_lines(kept, actor))


@transaction.atomic
def enter_paper(request: Request, content: dict, day: date, actor: Actor) -> Response | None:
    """The response of a sheet of paper that staff typed in, with its line. None where it was finished before.

    `content` is of a score line, as `forms.check` gave it. A clinician's line is confirmed, another's is not.
    """
    made = _respond(request, "paper", day, [{"kind": "score", "content": content}], "", actor)
    if made is None:
        return None
    state = "confirmed" if may(actor, Action.CONFIRM_HISTORY, request.person) else "reported"
    _make_lines(made, actor, state, "clinician")
    return made


def as_uuid(text: str) -> uuid.UUID | None:
    """The UUID, or None where it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
