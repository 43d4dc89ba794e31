"""What is entered about a person."""

from __future__ import annotations

import hashlib
import json
from zoneinfo import available_timezones

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .contact import FIELDS
from .models import Person

_OLDEST = 120


class PersonForm(forms.ModelForm):
    """Name, birth date and how to reach somebody."""

    class Meta:
        model = Person
        fields = FIELDS
        widgets = {"birth_date": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}
        help_texts = {
            "record_number": _("The number in the clinic's other system, if there is one."),
            "time_zone": _("Such as America/Chicago. Empty: the clinic's."),
        }

    @classmethod
    def digest(cls, person: Person) -> str:
        """Tells two states of a person apart: two windows must not overwrite each other."""
        values = [str(getattr(person, name)) for name in cls.Meta.fields]
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]

    def clean_birth_date(self):
        """A day that is not in the future and not longer ago than anybody lives."""
        day, today = self.cleaned_data["birth_date"], timezone.localdate()
        if day > today or today.year - day.year > _OLDEST:
            raise forms.ValidationError(_("Enter a birth date between %d years ago and today.") % _OLDEST)
        return day

    def clean_time_zone(self):
        """A name of the IANA list, or nothing."""
        zone = self.cleaned_data["time_zone"].strip()
        if zone and zone not in available_timezones():
            raise forms.ValidationError(_("Enter a time zone such as America/Chicago."))
        return zone
