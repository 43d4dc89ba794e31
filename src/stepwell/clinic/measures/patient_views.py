"""The pages on which a patient answers questionnaires: one question a page, saved at once, then a receipt."""

from __future__ import annotations

import uuid
from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from stepwell.clinic.access.actors import dismiss_patient
from stepwell.clinic.history import links
from stepwell.clinic.history.answers import last_of, latest, values
from stepwell.clinic.history.question_page import Sitting, answer_page, in_danger, link_of
from stepwell.clinic.history.questionnaire import Page, Questionnaire
from stepwell.clinic.people.models import Person
from stepwell.clinic.safety.watch import REPLY

from . import finishing, library, outbox, requests
from .models import Request, Response
from .outbox import OPENS
from .requests import Stand


def go_on(request: HttpRequest, person: Person) -> HttpResponse:
    """Leads to the first question without an answer, of whatever is open; to the end where there is none."""
    link_of(request, person, OPENS)
    for stand in requests.open_of(person):
        form = library.questionnaires().get(stand.request.instrument)
        page = form and form.next_page(values(latest(stand.request.pk)))
        if page:
            return redirect(_address(stand.request, page))
    return redirect("questionnaire_end")


def question(
    request: HttpRequest, person: Person, asked: uuid.UUID, part: str, question: str, turn: int
) -> HttpResponse:
    """One question. What is answered too late is kept, and told."""
    link = link_of(request, person, OPENS)
    found = Request.objects.select_for_update().filter(pk=asked, person_id__in=person.ids()).first()
    if found is None:
        raise Http404
    stand, form = requests.stand_of(found), library.questionnaires().get(found.instrument)
    if stand.state in ("finished", "late") or form is None:
        messages.info(request, _told_finished(stand, person))
        return redirect("questionnaire_end")
    is_late = not stand.is_open
    if is_late and request.method != "POST" and question != REPLY:
        return render(request, "measures/closed.html", {"stand": stand, "last": _saved_at(found, person)}, status=410)
    sitting = _sitting(request, link, stand, form)
    response = answer_page(request, person, sitting, part, question, turn)
    if is_late and response.status_code == 302:
        return _after_late(request, stand, form)
    return response


def _sitting(request: HttpRequest, link, stand: Stand, form: Questionnaire) -> Sitting:
    how = "kiosk" if link.is_kiosk else "own device"
    return Sitting(
        link,
        stand.request.pk,
        form,
        partial(_address, stand.request),
        go_on="questionnaire",
        leave="questionnaire_leave",
        then=lambda answer: finishing.after_answer(stand, form, request.actor, how, answer),
        notice=""
        if stand.is_open
        else _("The clinic has closed this questionnaire. What you answer is kept all the same."),
    )


def _after_late(request: HttpRequest, stand: Stand, form: Questionnaire) -> HttpResponse:
    """After an answer that came too late: the question about today where it follows, else the end, which tells."""
    page = form.next_page(values(latest(stand.request.pk)))
    if page is not None and page.question.id == REPLY:
        return redirect(_address(stand.request, page))
    told = _(
        "This questionnaire was closed before you answered. Your answer is kept, and the clinic sees that it came late."
    )
    messages.warning(request, told)
    return redirect("questionnaire_end")


def _told_finished(stand: Stand, person: Person) -> str:
    at = timezone.localtime(stand.last_at, person.zone).strftime("%H:%M") if stand.last_at else ""
    return (
        _("You have finished this questionnaire already, at %s. Your answers are saved.") % at
        if at
        else _("The clinic has these answers already.")
    )


def _saved_at(found: Request, person: Person):
    last = last_of(latest(found.pk))
    return timezone.localtime(last.at, person.zone) if last else None


def _address(found: Request, page: Page) -> str:
    return reverse("questionnaire_question", args=(found.pk, page.part.id, page.question.id, page.turn))


def end(request: HttpRequest, person: Person) -> HttpResponse:
    """The receipt: what is saved since this link was made, and when, in the patient's own time zone."""
    link = link_of(request, person, OPENS)
    stands, title = requests.of_person(person), library.titles()
    done = [
        (title(r.request.instrument), timezone.localtime(r.at, person.zone))
        for r in Response.objects.filter(person_id__in=person.ids(), at__gte=link.made_at).select_related("request")
    ]
    danger = False
    for stand in stands:
        form = library.questionnaires().get(stand.request.instrument)
        is_now = stand.last_at is not None and stand.last_at >= link.made_at
        danger |= form is not None and is_now and in_danger(form, values(latest(stand.request.pk)))
    context = {
        "done": done,
        "is_open": any(stand.state in ("untouched", "started") for stand in stands),
        "in_danger": danger,
        "is_kiosk": link.is_kiosk,
        "person": person,
    }
    return render(request, "measures/end.html", context)


def new_link(request: HttpRequest, token: str) -> HttpResponse:
    """Sends a new link to the person of the closed one, by the way that they agreed to, once for each link. The page says the
    same whether or not there is anything to send."""
    link = links.find_link(token)
    if request.method == "POST" and link is not None and link.opens == OPENS and link.failed_tries < links.MOST_TRIES:
        stands = requests.open_of(link.person)
        if stands:
            asked, once = [stand.request for stand in stands], f"new link {link.pk}"
            outbox.queue(link.person, asked, "new link", once=once, not_before=timezone.now())
    return render(request, "measures/new_link.html")


def leave(request: HttpRequest, person: Person) -> HttpResponse:
    """Ends the patient's session in this browser. Everything that was answered is kept."""
    if request.method != "POST":
        return redirect("questionnaire")
    is_kiosk = link_of(request, person, OPENS).is_kiosk
    dismiss_patient(request)
    return render(request, "history/left.html", {"is_kiosk": is_kiosk})
