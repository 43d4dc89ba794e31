"""The patient's own page: what was tried, what each did, what is being asked of the payer, in plain words."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

import stepwell
from stepwell.clinic.history.models import INTAKE
from stepwell.clinic.history.question_page import link_of
from stepwell.clinic.people.models import Person
from stepwell.errors import QuestionError

from . import evidence
from .compose import LABELS, compose
from .content import Coverage, PacketContent, Patient, Sender
from .models import Authorisation
from .packets import today_of
from .policies import knowledge_of
from .status import Status

_FORM = "esketamine-us"
"""The form by whose definition the present episode is found; its verdicts are not shown here."""

ASKED = {
    Status.DRAFT: _("We are preparing a request to your insurance."),
    Status.SENT: _("We have asked your insurance. It has not decided yet."),
    Status.APPROVED: _("Your insurance has agreed."),
    Status.DENIED: _("Your insurance has said no. We are looking at whether to appeal: to ask it to look again."),
    Status.APPEAL_SENT: _("We have asked your insurance to look again. It has not decided yet."),
    Status.APPEAL_APPROVED: _("Your insurance has looked again and has agreed."),
    Status.APPEAL_DENIED: _("Your insurance has looked again and has said no. Please ask us what can be done next."),
    Status.WITHDRAWN: _("We have taken this request back."),
}


def for_staff(request: HttpRequest, person: Person) -> HttpResponse:
    """The page as staff print it."""
    return _page(request, person, is_staff=True)


def for_patient(request: HttpRequest, person: Person) -> HttpResponse:
    """The page as the patient sees it."""
    link_of(request, person, INTAKE)
    return _page(request, person, is_staff=False)


def _page(request: HttpRequest, person: Person, *, is_staff: bool) -> HttpResponse:
    content = _content(person)
    asked = [_asked(one) for one in Authorisation.objects.filter(person_id__in=person.ids())]
    context = {"person": person, "content": content, "asked": asked, "is_staff": is_staff}
    return render(request, "authorisation/own_page.html", context)


def _content(person: Person) -> PacketContent | None:
    """What was tried; None where the history holds no day yet."""
    knowledge = stepwell.load_knowledge()
    definitions = list(knowledge.candidacies[_FORM].definitions)
    found = evidence.evidence_of(person, knowledge, definitions)
    try:
        return compose(
            found.result,
            found.key,
            _FORM,
            patient=Patient(name=f"{person.given_name} {person.family_name}"),
            coverage=Coverage(),
            sender=Sender(clinic=person.clinic.name),
            states=found.states,
            said=found.said,
            day=today_of(person.clinic),
        )
    except QuestionError:
        return None


def _asked(one: Authorisation) -> dict:
    """One request in plain words: for what, how it stands, and whether the use is off-label."""
    knowledge = knowledge_of(one.clinic_id)
    form = knowledge.candidacies.get(one.policy)
    treatment = knowledge.ingredients[form.treatment].label if form is not None else _("a treatment")
    is_off_label = form is not None and any(
        knowledge.candidacies[name].off_label for name in (form.id, LABELS.get(form.treatment)) if name
    )
    return {"one": one, "words": ASKED[one.status], "treatment": treatment, "is_off_label": is_off_label}
