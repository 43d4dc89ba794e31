"""The forms of an order."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stepwell.clinic.authorisation.models import Authorisation
from stepwell.clinic.people.models import Person

from . import dosing, orders, protocol_files
from .models import END_REASONS, SUPPLIES, Order
from .protocol import DoseRule, Protocol

_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class ProtocolForm(forms.Form):
    """Which protocol is ordered."""

    protocol = forms.ChoiceField(label=gettext_lazy("Protocol"), widget=forms.RadioSelect)

    def __init__(self, data, clinic_id: int):
        super().__init__(data)
        files = protocol_files.available().values()
        self.fields["protocol"].choices = [
            (file.protocol.id, file.protocol.title) for file in files if protocol_files.is_confirmed(file, clinic_id)
        ]


class OrderForm(forms.Form):
    """Phase, dose, supply, authorisation and day of re-evaluation; and why, where an order is changed."""

    phase = forms.ChoiceField(label=gettext_lazy("Phase"), widget=forms.RadioSelect)
    dose = forms.CharField(label=gettext_lazy("Dose (mg)"), max_length=20)
    supply = forms.ChoiceField(
        label=gettext_lazy("Supply"),
        choices=[("", gettext_lazy("not decided yet")), *SUPPLIES],
        required=False,
    )
    authorisation = forms.ModelChoiceField(
        Authorisation.objects.none(), label=gettext_lazy("Authorisation"), required=False
    )
    reevaluate_on = forms.DateField(
        label=gettext_lazy("Re-evaluation on"),
        widget=_DAY,
        required=False,
        help_text=gettext_lazy("By this day the prescriber judges whether it is worth going on."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=400, required=False)

    def __init__(self, data, person: Person, protocol: Protocol, order: Order | None = None):
        initial = {}
        if order is not None:
            names = ("phase", "supply", "authorisation", "reevaluate_on")
            initial = {name: getattr(order, name) for name in names} | {"dose": f"{order.dose_mg:g}"}
        super().__init__(data, initial=initial)
        self.fields["phase"].choices = [
            (phase.id, f"{phase.label}; {_('sessions a week')}: {phase.sessions_a_week}") for phase in protocol.phases
        ]
        rules = orders.doses_for(person, protocol)
        choices = sorted({mg for rule in rules for mg in rule.any_of})
        if choices:
            known = [(f"{mg:g}", f"{mg:g} mg") for mg in choices]
            self.fields["dose"] = forms.ChoiceField(label=_("Dose"), choices=known, widget=forms.RadioSelect)
        self.fields["dose"].help_text = _("For the next session the protocol has: %s.") % (
            "; ".join(map(_dose_help, rules)) or _("none for this age")
        )
        self.fields["authorisation"].queryset = Authorisation.objects.filter(person_id__in=person.ids())
        self.fields["authorisation"].empty_label = _("none")
        self.fields["authorisation"].label_from_instance = _authorisation_label
        self.fields["reason"].required = order is not None
        if order is not None:
            self.fields["reason"].label = _("Why it changes")

    def clean_dose(self) -> float:
        """mg. A dose in another unit is told, not converted."""
        mg, unit = dosing.read_dose(self.cleaned_data["dose"])
        if mg is None:
            raise forms.ValidationError(_("This is no number. Write the dose in mg, such as 40."))
        if unit != "mg":
            raise forms.ValidationError(_("This is not in mg. Write the dose in mg."))
        return mg


def _dose_help(rule: DoseRule) -> str:
    words = orders.in_words(rule)
    if rule.usual_by_weight is None:
        return words
    return _("%(doses)s (usual: %(usual)s mg for each kg of body weight; nothing is calculated here)") % {
        "doses": words,
        "usual": f"{rule.usual_by_weight:g}",
    }


def _authorisation_label(one: Authorisation) -> str:
    left = one.units_left
    words = [str(one), one.approval_number, str(one.status)]
    if left is not None:
        words.append(_("%d units left") % left)
    return ", ".join(word for word in words if word)


class EndForm(forms.Form):
    """Why a treatment ends."""

    ended_for = forms.ChoiceField(label=gettext_lazy("Why it ends"), choices=END_REASONS, widget=forms.RadioSelect)
    reason = forms.CharField(label=gettext_lazy("In words"), max_length=400, required=False)
