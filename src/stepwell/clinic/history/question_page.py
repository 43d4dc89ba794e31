"""The page of one question, as a patient sees it: of an intake, or of a questionnaire between visits."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from stepwell.clinic.people.models import Person

from . import answers, drugs
from .answering import MONTHS, WEEKS, in_words, read_answer
from .models import Answer, Link
from .questionnaire import Page, Questionnaire


@dataclass(frozen=True)
class Sitting:
    """What a patient answers: the questions, the id under which the answers are kept, and where the pages are."""

    link: Link
    asked: uuid.UUID
    questions: Questionnaire
    address: Callable[[Page], str]
    """Where the page of a question is."""
    go_on: str
    """The name of the page that leads to the next question."""
    leave: str
    """The name of the page that ends the patient's session."""
    then: Callable[[Answer], None] = lambda answer: None
    """Runs in the transaction of each answer."""
    notice: str = ""
    """What the patient must know on each page."""


def link_of(request: HttpRequest, person: Person, opens: str) -> Link:
    """The link by which the patient came, where it opens the page of that name: a link to questionnaires, which lives for days,
    opens neither the intake nor the patient's own page."""
    link = Link.objects.filter(pk=request.actor.link_id, person=person, opens=opens).first()
    if link is None:
        raise Http404
    return link


def answer_page(
    request: HttpRequest, person: Person, sitting: Sitting, part: str, question: str, turn: int
) -> HttpResponse:
    """One question. An answer is stored before the next page is shown."""
    kept = answers.latest(sitting.asked)
    page = sitting.questions.page(answers.values(kept), part, question, turn)
    if page is None:
        return redirect(sitting.go_on)
    now = kept.get(page.key)
    if request.method != "POST":
        if request.headers.get("HX-Request") and page.question.kind == "drug":
            return render(request, "history/drugs_found.html", _drugs(request.GET.get("q", "")))
        return render(request, "history/question.html", _context(request, person, sitting, page, kept, now))
    today = timezone.localdate(timezone=person.zone)
    value, problem = read_answer(page, request.POST, today, person.birth_date)
    if value is None:
        context = _context(request, person, sitting, page, kept, now) | {"problem": problem, "posted": request.POST}
        return render(request, "history/question.html", context, status=422)
    where = {"asked": sitting.asked, "questions": sitting.questions.name}
    try:
        made, is_again = answers.save(
            sitting.link, page, value, once=_once(request), seen=_seen(request), then=sitting.then, **where
        )
    except answers.Elsewhere as told:
        context = _context(request, person, sitting, page, kept, told.answer) | {"elsewhere": told.answer}
        return render(request, "history/question.html", context, status=409)
    if is_again:
        at = timezone.localtime(made.at, person.zone)
        messages.info(request, _("This answer was saved already, at %s. It is there once.") % at.strftime("%H:%M"))
    return redirect(sitting.go_on)


def _once(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("once", ""))
    except ValueError:
        raise Http404 from None


def _seen(request: HttpRequest) -> int:
    seen = request.POST.get("seen", "")
    return int(seen) if seen.isdigit() else 0


def _drugs(written: str) -> dict:
    return {"q": written[:200], "found": drugs.search(written[:200]), "is_asked": len(written.strip()) > 2}


def _context(
    request: HttpRequest, person: Person, sitting: Sitting, page: Page, kept: dict[tuple, Answer], now: Answer | None
) -> dict:
    said = answers.values(kept)
    before = sitting.questions.before(said, page)
    steps = _steps(sitting.questions, said)
    last = answers.last_of(kept)
    value = now.value["value"] if now is not None else None
    context = {
        "page": page,
        "question": page.question,
        "nth": steps.index(_step(sitting.questions, page)) + 1,
        "n_parts": len(steps),
        "is_short": len(sitting.questions.parts) == 1,
        "before": sitting.address(before) if before else "",
        "saved_at": timezone.localtime(last.at, person.zone) if last else None,
        "once": uuid.uuid4(),
        "seen": now.number if now is not None else 0,
        "value": value,
        "said": in_words(page, now.value) if now is not None else "",
        "is_unknown": now is not None and bool(now.value.get("unknown")),
        "months": MONTHS,
        "units": WEEKS,
        "in_danger": in_danger(sitting.questions, said),
        "person": person,
        "leave": sitting.leave,
        "notice": sitting.notice,
    }
    if page.question.kind == "date" and value:
        context |= dict(zip(("year", "month", "day"), value.split("-"), strict=False))
    if page.question.kind == "drug":
        context |= _drugs(request.GET.get("q") or (value or {}).get("drug", ""))
    return context


def _step(questions: Questionnaire, page: Page) -> str:
    return page.question.id if len(questions.parts) == 1 else page.part.id


def _steps(questions: Questionnaire, said: dict) -> list[str]:
    """How far a patient is, is counted in parts; in questions where there is one part only."""
    if len(questions.parts) > 1:
        return [part.id for part in questions.parts]
    return [page.question.id for page in questions.pages(said)]


def in_danger(questions: Questionnaire, said: dict[tuple[str, int], dict]) -> bool:
    """Whether an item about death and self-harm was answered above zero: 988 and 911 are then said once more, large."""
    return any(
        (given := said.get((f"{part.id}.{item}", 0))) is not None and given["value"] not in (None, "0")
        for part in questions.parts
        for item in part.safety_items
    )
