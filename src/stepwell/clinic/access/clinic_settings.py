"""The clinic's settings: name, time zone, how to reach it, and the definitions and staging models that it works with."""

from __future__ import annotations

import re
from functools import cache
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import stepwell
from stepwell.clinic import events

from .models import Clinic
from .policy import Action


@cache
def _choices(kind: str) -> list[tuple[str, str]]:
    return [(one.id, f"{one.title} ({one.id})") for one in getattr(stepwell.load_knowledge(), kind).values()]


class ClinicForm(forms.ModelForm):
    """What a clinic says of itself."""

    definitions = forms.MultipleChoiceField(
        choices=lambda: _choices("definitions"),
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Definitions"),
        help_text=gettext_lazy("The person page judges by these."),
    )
    stagings = forms.MultipleChoiceField(
        choices=lambda: _choices("stagings"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        label=gettext_lazy("Staging models"),
    )

    class Meta:
        model = Clinic
        fields = ("name", "time_zone", "phone", "address", "npi", "definitions", "stagings")
        widgets = {"address": forms.Textarea(attrs={"rows": 3})}

    def clean_time_zone(self):
        """A name of the IANA list."""
        zone = self.cleaned_data["time_zone"].strip()
        if zone not in available_timezones():
            raise forms.ValidationError(_("Enter a time zone such as America/Chicago."))
        return zone

    def clean_npi(self):
        """Ten digits, or nothing."""
        npi = self.cleaned_data["npi"].strip()
        if npi and not re.fullmatch(r"[0-9]{10}", npi):
            raise forms.ValidationError(_("An NPI has ten digits."))
        return npi


def clinic_settings(request: HttpRequest) -> HttpResponse:
    """Shows and changes the settings."""
    form = ClinicForm(request.POST or None, instance=Clinic.objects.get(pk=request.actor.clinic_id))
    if request.method == "POST" and form.is_valid():
        form.save()
        events.record(request.actor, Action.MANAGE_CLINIC, detail={"changed": sorted(form.changed_data)})
        messages.success(request, _("Saved."))
        return redirect("clinic_settings")
    return render(request, "access/clinic_settings.html", {"form": form}, status=422 if form.errors else 200)
