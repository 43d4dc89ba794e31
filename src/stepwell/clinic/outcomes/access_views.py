"""The page that makes a report for CMS ACCESS: what would be in it, what is missing, and the file."""

from __future__ import annotations

import json

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stepwell.clinic import events
from stepwell.clinic.access.models import User
from stepwell.clinic.access.policy import Action
from stepwell.clinic.history.lines import current, in_use
from stepwell.clinic.people.models import Person

from .access_report import Asked, answered, guide, report

_LETTERS = r"^[A-Za-z0-9-]+$"


class ReportForm(forms.Form):
    """What CMS asks besides the scores."""

    kind = forms.ChoiceField(label=_("Report"))
    participant = forms.RegexField(_LETTERS, label=_("ACCESS participant id of the clinic"), max_length=40)
    payer = forms.RegexField(_LETTERS, label=_("Payer id"), max_length=40)
    member = forms.RegexField(
        r"^[A-Za-z0-9]{11}$",
        label=_("Medicare Beneficiary Identifier"),
        help_text=_("11 letters and digits, as on the card."),
    )
    npi = forms.RegexField(r"^\d{10}$", label=_("Your NPI"), help_text=_("10 digits."))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = list(guide()["report_types"].items())


def report_page(request: HttpRequest, person: Person) -> HttpResponse:
    """Shows what the report would hold; sent, it is the file."""
    found, missing = answered(in_use(current(person)))
    form = ReportForm(request.POST or None, initial={"member": person.member_id})
    if request.method == "POST" and form.is_valid() and found:
        author = User.objects.get(pk=request.actor.user_id).full_name
        asked = Asked(author=author, **form.cleaned_data)
        made = report(person, found, asked, timezone.now().astimezone(person.clinic.zone))
        events.record(request.actor, Action.EXPORT, person=person, detail={"to": "CMS ACCESS", "kind": asked.kind})
        answer = HttpResponse(json.dumps(made, indent=1, ensure_ascii=False), content_type="application/fhir+json")
        answer["Content-Disposition"] = f'attachment; filename="access-{asked.kind}.json"'
        return answer
    shown = {"person": person, "form": form, "found": found, "missing": missing, "guide": guide()}
    return render(request, "outcomes/access.html", shown, status=422 if form.errors else 200)
