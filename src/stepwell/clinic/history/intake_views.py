"""The pages on which a patient answers: the link, one question a page, the end."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from stepwell.clinic.access.actors import dismiss_patient
from stepwell.clinic.people.models import Person

from . import intake, links
from .answering import MONTHS, in_words
from .answers import last_of, latest, values
from .intake_lines import summary
from .models import INTAKE
from .question_page import Sitting, answer_page, in_danger, link_of
from .questionnaire import Page
from .questionnaire import intake as questions


def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """The page of a link: the birth date opens it, in this browser alone. What is wrong with it is told."""
    link = links.find_link(token)
    if request.actor is not None and link is not None and request.actor.link_id == str(link.pk):
        return redirect(link.opens)
    if why := links.why_closed(link, request):
        return render(request, "history/link_closed.html", {"why": why, "link": link, "token": token}, status=410)
    if request.method != "POST":
        return render(request, "history/link.html", {"months": MONTHS, "link": link})
    links.bind(link, request)
    if links.try_birth_date(link, request, _birth_date(request.POST)):
        return redirect(link.opens)
    if why := links.why_closed(link, request):
        return render(request, "history/link_closed.html", {"why": why, "link": link, "token": token}, status=410)
    left = links.MOST_TRIES - link.failed_tries
    context = {"months": MONTHS, "link": link, "left": left}
    return render(request, "history/link.html", context, status=422)


def _birth_date(posted):
    from datetime import date

    try:
        return date(*(int(posted.get(name, "")) for name in ("year", "month", "day")))
    except ValueError:
        return None


def go_on(request: HttpRequest, person: Person) -> HttpResponse:
    """Leads to the first question without an answer; to the end where there is none."""
    link = link_of(request, person, INTAKE)
    page = None if intake.is_sent(link.intake) else questions().next_page(values(latest(link.intake)))
    return redirect("intake_end") if page is None else redirect(_url(page))


def question(request: HttpRequest, person: Person, part: str, question: str, turn: int) -> HttpResponse:
    """One question of the intake."""
    link = link_of(request, person, INTAKE)
    if intake.is_sent(link.intake):
        return redirect("intake_end")
    sitting = Sitting(link, link.intake, questions(), _url, go_on="intake", leave="intake_leave")
    return answer_page(request, person, sitting, part, question, turn)


def _url(page: Page) -> str:
    return reverse("intake_question", args=(page.part.id, page.question.id, page.turn))


def end(request: HttpRequest, person: Person) -> HttpResponse:
    """All answers, to be read once more; sending makes lines of them."""
    link = link_of(request, person, INTAKE)
    kept = latest(link.intake)
    answers = values(kept)
    if request.method == "POST":
        if questions().next_page(answers) is None:
            intake.send(person, link.intake, request.actor)
        return redirect("intake_end")
    parts = [
        (part, [(page, in_words(page, answers[page.key]), _url(page)) for page in pages])
        for part, pages in summary(questions(), answers)
    ]
    last = last_of(kept)
    context = {
        "parts": parts,
        "is_sent": intake.is_sent(link.intake),
        "is_whole": questions().next_page(answers) is None,
        "agreed": answers.get(("consent.agreed", 0), {}).get("value") == "yes",
        "saved_at": timezone.localtime(last.at, person.zone) if last else None,
        "in_danger": in_danger(questions(), answers),
        "is_kiosk": link.is_kiosk,
    }
    return render(request, "history/end.html", context)


def leave(request: HttpRequest, person: Person) -> HttpResponse:
    """Ends the patient's session in this browser. Everything that was answered is kept."""
    if request.method != "POST":
        return redirect("intake")
    is_kiosk = link_of(request, person, INTAKE).is_kiosk
    dismiss_patient(request)
    return render(request, "history/left.html", {"is_kiosk": is_kiosk})
