"""The forms of this room."""

from __future__ import annotations

from datetime import date

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stepwell.clinic.access.models import User
from stepwell.clinic.access.policy import ALLOWED, Action, Role
from stepwell.clinic.people.models import Person
from stepwell.clinic.sessions.sheets import Sheet

from . import pairs
from .models import REVIEWS, STATES

_TIME = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


def _sessions(sheets: list[Sheet]) -> list[tuple[str, str]]:
    named = [(str(s.session.pk), _session(s)) for s in sheets]
    return [("", _("no dose")), *named]


def _session(sheet: Sheet) -> str:
    what = _("%(mg)s mg given") % {"mg": f"{sheet.mg:g}"} if sheet.is_given else _("planned")
    return f"{sheet.day:%Y-%m-%d}, {sheet.order.treatment}, {what}"


class _Linked(forms.Form):
    """A form with the visit to which something belongs. `kept` is the version that is changed, or None."""

    session = forms.ChoiceField(required=False, label=gettext_lazy("Belongs to"))

    def __init__(self, person: Person, kept, *args, **named):
        super().__init__(*args, **named)
        self.fields["session"].choices = _sessions(pairs.linkable(person))
        if kept is not None:
            self.fields["reason"] = forms.CharField(
                label=_("Why it is changed"), max_length=400, required=self.must_say_why, widget=forms.TextInput()
            )

    must_say_why = False

    def clean_session(self) -> str | None:
        """The id, or None."""
        return self.cleaned_data["session"] or None


class AppointmentForm(_Linked):
    """When, how long, with whom, to which dose it belongs."""

    starts = forms.DateTimeField(label=gettext_lazy("Day and time"), widget=_TIME)
    minutes = forms.IntegerField(label=gettext_lazy("Minutes"), min_value=5, max_value=480)
    who = forms.ModelChoiceField(
        queryset=None,
        required=False,
        label=gettext_lazy("With"),
        empty_label=gettext_lazy("somebody outside the clinic"),
    )
    place = forms.CharField(
        required=False, max_length=120, label=gettext_lazy("Where, or with whom outside the clinic")
    )
    state = forms.ChoiceField(choices=STATES, label=gettext_lazy("State"))
    field_order = ("starts", "minutes", "who", "place", "session", "state", "reason")

    def __init__(self, person: Person, kept, *args, **named):
        super().__init__(person, kept, *args, **named)
        roles = [role.value for role in Role if Action.READ_THERAPY_NOTES in ALLOWED[role]]
        people = User.objects.filter(clinic=person.clinic, role__in=roles, is_active=True)
        self.fields["who"].queryset = people.order_by("last_name", "first_name")
        self.fields["who"].label_from_instance = lambda user: f"{user.full_name} ({user.role})"
        if kept is None:
            del self.fields["state"]

    def clean(self):
        """What took place or was missed is not in the future."""
        cleaned = super().clean()
        starts, state = cleaned.get("starts"), cleaned.get("state", "planned")
        if starts and state in ("kept", "missed") and starts > timezone.now():
            self.add_error("state", _("The appointment is in the future: it has not taken place."))
        return cleaned


class NoteForm(_Linked):
    """The day, the dose it is about, the note."""

    must_say_why = True
    day = forms.DateField(label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}))
    text = forms.CharField(label=gettext_lazy("Note"), max_length=40_000, widget=forms.Textarea(attrs={"rows": 14}))
    field_order = ("day", "session", "text", "reason")

    def clean_day(self) -> date:
        """Not in the future."""
        if self.cleaned_data["day"] > timezone.localdate():
            raise forms.ValidationError(_("This day is in the future."))
        return self.cleaned_data["day"]


class ReviewForm(forms.Form):
    """What the patient says of a goal."""

    said = forms.ChoiceField(choices=REVIEWS, label=gettext_lazy("Reached?"), widget=forms.RadioSelect)
    words = forms.CharField(
        required=False,
        max_length=1000,
        label=gettext_lazy("In the patient's words"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class PairingForm(forms.Form):
    """Whether the clinic wants a therapy note to each dose."""

    is_wanted = forms.BooleanField(required=False, label=gettext_lazy("A therapy note belongs to each dose"))
    since = forms.DateField(
        required=False,
        label=gettext_lazy("For doses from this day on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    within_days = forms.IntegerField(
        required=False, min_value=0, max_value=90, label=gettext_lazy("Within so many days after the dose")
    )

    def clean(self):
        """Both, where it is wanted."""
        cleaned = super().clean()
        if cleaned.get("is_wanted"):
            for name in ("since", "within_days"):
                if name not in self.errors and cleaned.get(name) is None:
                    self.add_error(name, _("This is needed."))
        return cleaned
