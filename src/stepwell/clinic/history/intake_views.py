"""The pages on which a patient answers: the link, one question a page, the end."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from stepwell.clinic.access.actors import dismiss_patient
from stepwell.clinic.people.models import Person

from . import drugs, intake, links
from .answering import MONTHS, WEEKS, in_words, read_answer
from .intake_lines import summary
from .models import Answer, Link
from .questionnaire import Page
from .questionnaire import intake as questions


def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """The page of a link: the birth date opens it, in this browser alone. What is wrong with it is told."""
    link = links.find_link(token)
    if request.actor is not None and link is not None and request.actor.link_id == str(link.pk):
        return redirect("intake")
    if why := links.why_closed(link, request):
        return render(request, "history/link_closed.html", {"why": why}, status=410)
    if request.method != "POST":
        return render(request, "history/link.html", {"months": MONTHS, "is_kiosk": link.is_kiosk})
    links.bind(link, request)
    if links.try_birth_date(link, request, _birth_date(request.POST)):
        return redirect("intake")
    if why := links.why_closed(link, request):
        return render(request, "history/link_closed.html", {"why": why}, status=410)
    left = links.MOST_TRIES - link.failed_tries
    context = {"months": MONTHS, "is_kiosk": link.is_kiosk, "left": left}
    return render(request, "history/link.html", context, status=422)


def _birth_date(posted):
    from datetime import date

    try:
        return date(*(int(posted.get(name, "")) for name in ("year", "month", "day")))
    except ValueError:
        return None


def go_on(request: HttpRequest, person: Person) -> HttpResponse:
    """Leads to the first question without an answer; to the end where there is none."""
    link = _link(request, person)
    page = None if intake.is_sent(link.intake) else questions().next_page(intake.values(intake.latest(link.intake)))
    return redirect("intake_end") if page is None else redirect(_url(page))


def question(request: HttpRequest, person: Person, part: str, question: str, turn: int) -> HttpResponse:
    """One question. An answer is stored before the next page is shown."""
    link = _link(request, person)
    if intake.is_sent(link.intake):
        return redirect("intake_end")
    kept = intake.latest(link.intake)
    page = questions().page(intake.values(kept), part, question, turn)
    if page is None:
        return redirect("intake")
    now = kept.get(page.key)
    if request.method != "POST":
        if request.headers.get("HX-Request") and page.question.kind == "drug":
            return render(request, "history/drugs_found.html", _drugs(request.GET.get("q", "")))
        return render(request, "history/question.html", _context(request, person, page, kept, now))
    today = timezone.localdate(timezone=person.zone)
    value, problem = read_answer(page, request.POST, today, person.birth_date)
    if value is None:
        context = _context(request, person, page, kept, now) | {"problem": problem, "posted": request.POST}
        return render(request, "history/question.html", context, status=422)
    try:
        made, is_again = intake.save(link, page, value, once=_once(request), seen=_seen(request))
    except intake.Elsewhere as told:
        context = _context(request, person, page, kept, told.answer) | {"elsewhere": told.answer}
        return render(request, "history/question.html", context, status=409)
    if is_again:
        at = timezone.localtime(made.at, person.zone)
        messages.info(request, _("This answer was saved already, at %s. It is there once.") % at.strftime("%H:%M"))
    return redirect("intake")


def _once(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("once", ""))
    except ValueError:
        raise Http404 from None


def _seen(request: HttpRequest) -> int:
    seen = request.POST.get("seen", "")
    return int(seen) if seen.isdigit() else 0


def _link(request: HttpRequest, person: Person) -> Link:
    link = Link.objects.filter(pk=request.actor.link_id, person=person).first()
    if link is None:
        raise Http404
    return link


def _url(page: Page) -> str:
    return reverse("intake_question", args=(page.part.id, page.question.id, page.turn))


def _drugs(written: str) -> dict:
    return {"q": written[:200], "found": drugs.search(written[:200]), "is_asked": len(written.strip()) > 2}


def _context(request: HttpRequest, person: Person, page: Page, kept: dict[tuple, Answer], now: Answer | None) -> dict:
    form = questions()
    before = form.before(intake.values(kept), page)
    parts = [part.id for part in form.parts]
    last = max(kept.values(), key=lambda answer: answer.number, default=None)
    value = now.value["value"] if now is not None else None
    context = {
        "page": page,
        "question": page.question,
        "nth": parts.index(page.part.id) + 1,
        "n_parts": len(parts),
        "before": _url(before) if before else "",
        "saved_at": timezone.localtime(last.at, person.zone) if last else None,
        "once": uuid.uuid4(),
        "seen": now.number if now is not None else 0,
        "value": value,
        "said": in_words(page, now.value) if now is not None else "",
        "is_unknown": now is not None and bool(now.value.get("unknown")),
        "months": MONTHS,
        "units": WEEKS,
        "in_danger": _in_danger(kept),
        "person": person,
    }
    if page.question.kind == "date" and value:
        context |= dict(zip(("year", "month", "day"), value.split("-"), strict=False))
    if page.question.kind == "drug":
        context |= _drugs(request.GET.get("q") or (value or {}).get("drug", ""))
    return context


def _in_danger(kept: dict[tuple, Answer]) -> bool:
    """Whether the item about death and self-harm was answered above zero: 988 and 911 are then said once more, large."""
    item = kept.get((intake.SAFETY[0], 0))
    return item is not None and item.value["value"] not in (None, "0")


def end(request: HttpRequest, person: Person) -> HttpResponse:
    """All answers, to be read once more; sending makes lines of them."""
    link = _link(request, person)
    kept = intake.latest(link.intake)
    answers = intake.values(kept)
    if request.method == "POST":
        if questions().next_page(answers) is None:
            intake.send(person, link.intake, request.actor)
        return redirect("intake_end")
    parts = [
        (part, [(page, in_words(page, answers[page.key]), _url(page)) for page in pages])
        for part, pages in summary(questions(), answers)
    ]
    last = max(kept.values(), key=lambda answer: answer.number, default=None)
    context = {
        "parts": parts,
        "is_sent": intake.is_sent(link.intake),
        "is_whole": questions().next_page(answers) is None,
        "agreed": answers.get(("consent.agreed", 0), {}).get("value") == "yes",
        "saved_at": timezone.localtime(last.at, person.zone) if last else None,
        "in_danger": _in_danger(kept),
        "is_kiosk": link.is_kiosk,
    }
    return render(request, "history/end.html", context)


def leave(request: HttpRequest, person: Person) -> HttpResponse:
    """Ends the patient's session in this browser. Everything that was answered is kept."""
    if request.method != "POST":
        return redirect("intake")
    is_kiosk = _link(request, person).is_kiosk
    dismiss_patient(request)
    return render(request, "history/left.html", {"is_kiosk": is_kiosk})
