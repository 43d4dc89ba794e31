"""The forms of this room: minutes, the code of a visit, a reason, how a payer wants sessions to be billed, an NDC."""

from __future__ import annotations

import datetime as dt
import re
import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from stepwell.clinic.access.models import User
from stepwell.clinic.access.policy import Role

from .billed import NO_PROLONGED, NO_VISIT
from .code_files import code_files
from .models import DOING, WAYS, WHOSE

_MOST_MINUTES = 720
_CODE = re.compile(r"[A-Z0-9]{5}")


class Once(forms.Form):
    """An id that is made with the page, so that the same page sent twice is one row."""

    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class MinutesForm(Once):
    """Who was there for a session, how long."""

    who = forms.ChoiceField(label=_("Who"))
    whose = forms.ChoiceField(label=_("As"), choices=WHOSE, widget=forms.RadioSelect)
    doing = forms.ChoiceField(label=_("Doing"), choices=DOING, widget=forms.RadioSelect, initial=DOING[0][0])
    minutes = forms.IntegerField(label=_("Minutes"), min_value=0, max_value=_MOST_MINUTES)
    note = forms.CharField(label=_("Note"), max_length=200, required=False)
    statement = forms.UUIDField(widget=forms.HiddenInput, required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    def __init__(self, *args, clinic_id: int, **kwargs):
        super().__init__(*args, **kwargs)
        staff = User.objects.filter(clinic_id=clinic_id, is_active=True).exclude(role=Role.ADMINISTRATOR)
        self.fields["who"].choices = [(str(one.pk), f"{one.full_name} ({one.role})") for one in staff.order_by("pk")]

    @property
    def content(self) -> dict:
        """What is kept."""
        given, names = self.cleaned_data, dict(self.fields["who"].choices)
        return {
            "who": int(given["who"]),
            "name": names[given["who"]],
            "whose": given["whose"],
            "doing": given["doing"],
            "minutes": given["minutes"],
            "note": given["note"].strip(),
        }


class VisitForm(Once):
    """The code of the visit that the clinician chose."""

    code = forms.CharField(
        label=_("Code of the visit (E/M)"),
        max_length=5,
        required=False,
        help_text=_("Five letters and digits. Empty: no visit is billed beside the drug."),
    )

    def clean_code(self):
        """A code of five letters and digits, or `none`."""
        code = self.cleaned_data["code"].strip().upper()
        if code and not _CODE.fullmatch(code):
            raise forms.ValidationError(_("A code has five letters and digits."))
        return code or NO_VISIT


class AcceptForm(Once):
    """Why a problem is taken as it is."""

    problem = forms.CharField(widget=forms.HiddenInput, max_length=40)
    words = forms.CharField(widget=forms.HiddenInput, max_length=16)
    reason = forms.CharField(label=_("Take it as it is, because"), max_length=400)


class PayerForm(Once):
    """How a payer wants sessions to be billed, as somebody was told."""

    payer = forms.CharField(label=_("Payer, as it stands on the person's card"), max_length=120)
    treatment = forms.ChoiceField(label=_("Treatment"))
    way = forms.ChoiceField(label=_("Way of billing"), choices=WAYS, widget=forms.RadioSelect)
    prolonged = forms.ChoiceField(
        label=_("Prolonged service"), required=False, help_text=_("Where the drug and the visit are billed apart.")
    )
    said_by = forms.CharField(
        label=_("Where it is from"),
        max_length=200,
        help_text=_("Such as: contract of March 2026; call of 3 May, Ms Ito."),
    )
    said_on = forms.DateField(label=_("Said on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    def __init__(self, *args, today: dt.date, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today
        codes = dict.fromkeys(one.code for file in code_files() for one in file.prolonged)
        self.fields["treatment"].choices = [(file.treatment, file.treatment) for file in code_files()]
        self.fields["prolonged"].choices = [
            ("", _("not known yet")),
            (NO_PROLONGED, _("none")),
            *((code, code) for code in codes),
        ]

    def clean_said_on(self):
        """A day that is not in the future."""
        day = self.cleaned_data["said_on"]
        if day > self.today:
            raise forms.ValidationError(_("This day lies in the future."))
        return day


class ProductForm(Once):
    """The NDC of a dose."""

    treatment = forms.ChoiceField(label=_("Treatment"))
    mg = forms.FloatField(label=_("Dose (mg)"), min_value=1, max_value=1000)
    ndc = forms.CharField(label=_("NDC"), max_length=13, help_text=_("Eleven digits as 5-4-2, from the package."))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["treatment"].choices = [(file.treatment, file.treatment) for file in code_files()]

    def clean_ndc(self):
        """Eleven digits, written as 5-4-2."""
        digits = self.cleaned_data["ndc"].replace("-", "").strip()
        if not re.fullmatch(r"[0-9]{11}", digits):
            raise forms.ValidationError(
                _("An NDC for a claim has eleven digits: 5-4-2. Ten digits of a package need a 0 more.")
            )
        return f"{digits[:5]}-{digits[5:9]}-{digits[9:]}"
