"""The clinic's hours for the inbox, the minutes until an alert goes on, and who is on call."""

from __future__ import annotations

import re
import uuid
from datetime import date, datetime, time

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stepwell.clinic.access.models import Clinic

from . import hours

WEEKDAYS = (
    gettext_lazy("Monday"), gettext_lazy("Tuesday"), gettext_lazy("Wednesday"), gettext_lazy("Thursday"),
    gettext_lazy("Friday"), gettext_lazy("Saturday"), gettext_lazy("Sunday"),
)  # fmt: skip
_LONGEST_SHIFT_DAYS = 31


class HoursForm(forms.Form):
    """A first and a last time for each weekday, the days on which nobody reads, and the minutes."""

    minutes = forms.IntegerField(
        min_value=1,
        max_value=24 * 60,
        label=gettext_lazy("Minutes until an alert that nobody took goes to who is on call"),
    )
    closed_on = forms.CharField(
        required=False,
        label=gettext_lazy("Days on which nobody reads"),
        help_text=gettext_lazy("Holidays, such as 2026-12-25, with spaces or commas between them."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args, **named):
        super().__init__(*args, **named)
        for n, name in enumerate(WEEKDAYS):
            for end, words in (("from", _("from")), ("to", _("to"))):
                widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
                self.fields[f"{end}-{n}"] = forms.TimeField(label=f"{name}, {words}", required=False, widget=widget)

    @property
    def days(self):
        """The weekdays with their two fields."""
        return [(name, self[f"from-{n}"], self[f"to-{n}"]) for n, name in enumerate(WEEKDAYS)]

    def clean_closed_on(self) -> list[str]:
        """Days, in order."""
        found = []
        for word in re.split(r"[\s,;]+", self.cleaned_data["closed_on"].strip()):
            try:
                found += [date.fromisoformat(word).isoformat()] if word else []
            except ValueError:
                raise forms.ValidationError(_("Write days such as 2026-12-25.")) from None
        return sorted(set(found))

    def clean(self):
        """Both times of a day or none, in order."""
        cleaned = super().clean()
        self.hours = {}
        for n in range(len(WEEKDAYS)):
            start, stop = cleaned.get(f"from-{n}"), cleaned.get(f"to-{n}")
            if (start is None) != (stop is None):
                self.add_error(f"from-{n}" if start is None else f"to-{n}", _("Enter both times, or none."))
            elif start is not None and stop <= start:
                self.add_error(f"to-{n}", _("This is not after the first time."))
            elif start is not None:
                self.hours[str(n)] = [[start.strftime("%H:%M"), stop.strftime("%H:%M")]]
        return cleaned


class ShiftForm(forms.Form):
    """Who is on call from when to when, in the clinic's time."""

    who = forms.ModelChoiceField(queryset=None, label=gettext_lazy("Who"))
    starts = forms.DateTimeField(
        label=gettext_lazy("From"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    ends = forms.DateTimeField(
        label=gettext_lazy("To"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )

    def __init__(self, clinic: Clinic, *args, **named):
        super().__init__(*args, **named)
        from stepwell.clinic.access.models import User

        self.fields["who"].queryset = User.objects.filter(pk__in=[user.pk for user in hours.handlers(clinic)])
        self.fields["who"].label_from_instance = lambda user: f"{user.full_name} ({user.role})"

    def clean(self):
        """In order, and no longer than a month."""
        cleaned = super().clean()
        starts, ends = cleaned.get("starts"), cleaned.get("ends")
        if starts and ends and ends <= starts:
            self.add_error("ends", _("This is not after the beginning."))
        elif starts and ends and (ends - starts).days >= _LONGEST_SHIFT_DAYS:
            self.add_error("ends", _("This is longer than a month: look at the year."))
        return cleaned


def _initial(clinic: Clinic) -> dict:
    kept = hours.arrangement_of(clinic)
    minutes, _is_own = hours.minutes_of(clinic)
    if kept is None:
        return {"minutes": minutes}
    given = {"minutes": minutes, "closed_on": " ".join(kept.closed_on)}
    for day, spans in kept.hours.items():
        for start, stop in spans:
            given |= {f"from-{day}": time.fromisoformat(start), f"to-{day}": time.fromisoformat(stop)}
    return given


def arrangement(request: HttpRequest) -> HttpResponse:
    """Shows both forms and the shifts; keeps the hours."""
    clinic = Clinic.objects.get(pk=request.actor.clinic_id)
    form = HoursForm(request.POST if request.method == "POST" else None, initial=_initial(clinic))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        hours.arrange(clinic, request.actor, hours=form.hours, closed_on=data["closed_on"], minutes=data["minutes"])
        messages.success(request, _("Saved. The hours hold from now on."))
        return redirect("arrangement")
    return _page(request, clinic, form, ShiftForm(clinic))


def _page(request: HttpRequest, clinic: Clinic, form: HoursForm, shift_form: ShiftForm) -> HttpResponse:
    now = timezone.now()
    context = {
        "form": form,
        "shift_form": shift_form,
        "shifts": [s for s in hours.shifts(clinic) if s.ends > now],
        "reading": hours.reading(clinic, now),
        "is_own": hours.minutes_of(clinic)[1],
        "once": uuid.uuid4(),
        "now": now,
    }
    return render(request, "safety/arrangement.html", context, status=422 if form.errors or shift_form.errors else 200)


def shift(request: HttpRequest) -> HttpResponse:
    """Adds a shift, or takes one out."""
    clinic = Clinic.objects.get(pk=request.actor.clinic_id)
    if request.method != "POST":
        return redirect("arrangement")
    try:
        once = uuid.UUID(request.POST.get("once", ""))
    except ValueError:
        raise Http404 from None
    if request.POST.get("what") == "out":
        if not hours.take_out(clinic, request.actor, once):
            messages.info(request, _("This shift was taken out already."))
        return redirect("arrangement")
    form = ShiftForm(clinic, request.POST)
    if not form.is_valid():
        return _page(request, clinic, HoursForm(initial=_initial(clinic)), form)
    data: dict[str, datetime] = form.cleaned_data
    hours.add_shift(clinic, request.actor, data["who"], data["starts"], data["ends"], once)
    messages.success(request, _("Saved."))
    return redirect("arrangement")
