"""The forms of this room: an authorisation's fields, a status, a policy file, a payer's PDF form."""

from __future__ import annotations

import datetime as dt

from django import forms
from django.utils.translation import gettext_lazy as _

import stepwell

from .forms import LARGEST, FormError, read_fields
from .models import Authorisation
from .policies import forms_of, own_ids
from .status import NEXT, Status

_DAYS_BEFORE_END = 30
"""How many days before its end a re-authorisation is due where nobody enters a day."""
_LONGEST_LIFE = 10
_DAY = {"type": "date"}
_ANSWER = (
    "unit",
    "units_used",
    "due_again",
    "approval_number",
    "denied_on",
    "denial_reason",
    "denial_number",
    "appeal_until",
)
_DATES = ("valid_from", "valid_to", "due_again", "monitoring_checked", "denied_on", "appeal_until")


class AuthorisationForm(forms.ModelForm):
    """What is asked of the payer, and what the payer answered."""

    class Meta:
        model = Authorisation
        fields = (
            "policy",
            "kind",
            "benefit",
            "code",
            "units",
            "unit",
            "units_used",
            "valid_from",
            "valid_to",
            "due_again",
            "approval_number",
            "prescriber",
            "height_cm",
            "weight_kg",
            "monitoring_checked",
            "denied_on",
            "denial_reason",
            "denial_number",
            "appeal_until",
        )
        widgets = {
            **{name: forms.DateInput(attrs=_DAY, format="%Y-%m-%d") for name in _DATES},
            "denial_reason": forms.Textarea(attrs={"rows": 3}),
        }
        help_texts = {
            "code": _("Such as J0013 (esketamine, per mg, since 1 January 2026), G2082 or G2083 (Medicare)."),
            "unit": _("As the payer's answer says; empty: by the code (J0013, S0013: mg; G2082, G2083: visits)."),
            "units_used": _(
                "Before or outside this clinic's sessions here; signed sessions are counted by themselves."
            ),
            "due_again": _("Empty: thirty days before the end."),
            "denial_reason": _("In the payer's words; “not given” where there is none."),
        }

    def __init__(self, *args, clinic_id: int, today: dt.date, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today
        own = own_ids(clinic_id)
        choices = [(f.id, f"{f.title} ({_('the clinic’s own') if f.id in own else f.id})") for f in forms_of(clinic_id)]
        self.fields["policy"] = forms.ChoiceField(
            label=_("Policy"), choices=choices, help_text=_("Whose criteria are laid beside the records.")
        )
        self.fields["code"].widget.attrs |= {"list": "codes", "autocomplete": "off"}
        self.order_fields(self.Meta.fields)
        if self.instance._state.adding:
            # The payer has not answered yet.
            for name in _ANSWER:
                del self.fields[name]

    @property
    def codes(self) -> list[str]:
        """The billing codes that stepwell knows."""
        return sorted({c.code for t in stepwell.load_knowledge().treatments.values() for c in t.codes})

    def clean_code(self):
        """Letters and digits in capitals."""
        code = self.cleaned_data["code"].strip().upper()
        if code and not code.isalnum():
            raise forms.ValidationError(_("A code has letters and digits only."))
        return code

    def clean(self):
        """Days in order and in the reach of an authorisation; measures that a person can have."""
        given = super().clean()
        for name in _DATES:
            day = given.get(name)
            if day is not None and abs(day.year - self.today.year) > _LONGEST_LIFE:
                self.add_error(name, _("This day lies too far away; look at the year."))
        for name in ("monitoring_checked", "denied_on"):
            if given.get(name) is not None and given[name] > self.today:
                self.add_error(name, _("This day lies in the future."))
        self._in_order("valid_from", "valid_to", _("The end lies before the beginning."))
        self._in_order("denied_on", "appeal_until", _("The last day for an appeal lies before the denial."))
        self._in_order("due_again", "valid_to", _("A re-authorisation is due before the end."), name="due_again")
        for name, least, most in (("height_cm", 50, 250), ("weight_kg", 20, 400)):
            if given.get(name) is not None and not least <= given[name] <= most:
                words = _("Enter a number between %(least)d and %(most)d.") % {"least": least, "most": most}
                self.add_error(name, words)
        if given.get("valid_to") and not given.get("due_again") and "due_again" not in self.errors:
            given["due_again"] = self.instance.due_again = max(
                given["valid_to"] - dt.timedelta(days=_DAYS_BEFORE_END), given.get("valid_from") or dt.date.min
            )
        return given

    def _in_order(self, first: str, last: str, words: str, name: str | None = None) -> None:
        given = self.cleaned_data
        if given.get(first) and given.get(last) and given[last] < given[first]:
            self.add_error(name or last, words)


class StatusForm(forms.Form):
    """The next status and its day."""

    status = forms.ChoiceField(label=_("Status"))
    day = forms.DateField(label=_("On"), widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"))
    note = forms.CharField(label=_("Note"), max_length=500, required=False)

    def __init__(self, *args, now: Status, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["status"].choices = [(s.value, s.value) for s in Status if s in NEXT[now] or self.is_bound]


class PolicyForm(forms.Form):
    """A policy file, as a file or as text."""

    text = forms.CharField(
        label=_("The policy file"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false", "class": "code"}),
        help_text=_("In the form of stepwell's own files (YAML); docs/prior-authorisation.md shows one."),
    )
    file = forms.FileField(label=_("Or upload it"), required=False)

    def clean(self):
        """The text of the file where one was uploaded, else what was written."""
        given = super().clean()
        upload = given.get("file")
        if upload is not None:
            try:
                given["text"] = upload.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", _("This file is no text in UTF-8."))
        if not (given.get("text") or "").strip() and not self.errors:
            self.add_error("text", _("Write the policy, or upload it."))
        return given


class FormFileForm(forms.Form):
    """A payer's PDF form."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Such as: Cigna, esketamine, 2026."))
    file = forms.FileField(label=_("The payer's form (PDF with fields)"))

    def clean_file(self):
        """The bytes of a form that can be filled."""
        upload = self.cleaned_data["file"]
        data = upload.read(LARGEST + 1)
        try:
            read_fields(data)
        except FormError as error:
            raise forms.ValidationError(str(error)) from None
        return data
