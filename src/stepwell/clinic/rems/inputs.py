"""The forms of this room: how a monitoring form was sent, the enrolment of a patient and of the setting, a later receipt."""

from __future__ import annotations

import datetime as dt
import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import CHANNELS, PatientEnrolment, Receipt, SettingEnrolment
from .submissions import Sent

_DAY = {"type": "date"}
_FIRST_YEAR = 2019
"""The programme began in 2019; an earlier year is a slip."""


class _Once(forms.Form):
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class SentForm(_Once):
    """How it was sent. stepwell sends nothing itself."""

    channel = forms.ChoiceField(label=_("How it was submitted"), choices=CHANNELS, widget=forms.RadioSelect)
    day = forms.DateField(label=_("On"), widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"))
    receipt = forms.CharField(
        label=_("Receipt"),
        max_length=120,
        required=False,
        help_text=_("The number or time of the website or the fax; it can be added later."),
    )
    beyond = forms.CharField(
        label=_("What you entered on the live form that is not asked here"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Such as onset and resolution, or details of a serious adverse event."),
    )
    reason = forms.CharField(label=_("Why it is submitted again"), max_length=400, required=False)

    def __init__(self, *args, session_day: dt.date, today: dt.date, again: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.session_day, self.today = session_day, today
        if again:
            self.fields["reason"].required = True
        else:
            del self.fields["reason"]

    def clean_day(self):
        """A day from the session on, not in the future."""
        day = self.cleaned_data["day"]
        if not self.session_day <= day <= self.today:
            raise forms.ValidationError(_("This day lies before the session or in the future."))
        return day

    @property
    def sent(self) -> Sent:
        """What was said."""
        given = self.cleaned_data
        words = {name: given.get(name, "").strip() for name in ("receipt", "reason", "beyond")}
        return Sent(channel=given["channel"], day=given["day"], **words)


class ReceiptForm(_Once):
    """A receipt that came later."""

    receipt = forms.CharField(label=_("Receipt"), max_length=Receipt._meta.get_field("receipt").max_length)


class _Enrolment(forms.ModelForm):
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args, today: dt.date, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["day"].widget = forms.DateInput(attrs=_DAY, format="%Y-%m-%d")

    def clean_day(self):
        """A day since the programme began, not in the future."""
        day = self.cleaned_data["day"]
        if day > self.today or day.year < _FIRST_YEAR:
            raise forms.ValidationError(
                _("This day lies in the future, or before the programme began (%d).") % _FIRST_YEAR
            )
        return day

    def validate_unique(self):
        """The same page sent twice is not an error: the view finds the row."""


class PatientForm(_Enrolment):
    """The enrolment of a patient."""

    class Meta:
        model = PatientEnrolment
        fields = ("state", "day", "number", "note", "once")
        help_texts = {"day": _("From the signed enrolment form; it comes before the first dose.")}


class SettingForm(_Enrolment):
    """The certification of the setting."""

    class Meta:
        model = SettingEnrolment
        fields = (
            "state",
            "day",
            "number",
            "authorised_representative",
            "prescriber_on_site",
            "provider_on_site",
            "oximeter_on_site",
            "name",
            "address",
            "address_2",
            "city",
            "state_code",
            "zip_code",
            "once",
        )
        help_texts = {"name": _("Monitoring forms are prefilled with this name and address.")}
