"""The forms in which staff type or correct a line: one for each kind, and one row a trial."""

from __future__ import annotations

from functools import cache

from django import forms as django_forms
from django.utils.translation import gettext_lazy as _

import stepwell

from . import drugs, forms

WHEN_HELP = _("A day (2021-03-05), a month (2021-03) or a year (2021). Empty: nobody knows.")
_NOT_CHOSEN = ("", _("not known"))
OTHER_CHOICE = (drugs.OTHER, _("another medicine, none of the list"))


@cache
def drug_choices() -> tuple[tuple[str, str], ...]:
    """The ingredients by name."""
    named = sorted({(d.ingredient, d.label) for d in drugs.all_drugs()}, key=lambda pair: pair[1].lower())
    return (("", _("find it by the name")), *named, OTHER_CHOICE)


@cache
def condition_choices() -> tuple[tuple[str, str], ...]:
    """The code sets of diagnoses."""
    known = [(s.id, s.label) for s in stepwell.load_knowledge().codesets.values() if "condition" in s.records]
    return (("", _("none of these")), *sorted(known, key=lambda pair: pair[1].lower()))


@cache
def instrument_choices() -> tuple[tuple[str, str], ...]:
    """The questionnaires and scales that have a total."""
    known = [(i.id, i.label) for i in stepwell.load_knowledge().all_instruments.values() if i.scoring is not None]
    return tuple(sorted(known, key=lambda pair: pair[1].lower()))


def _text(label, help_text="", long: bool = False, **more):
    widget = django_forms.Textarea(attrs={"rows": 3}) if long else django_forms.TextInput(attrs=more)
    return lambda: django_forms.CharField(label=label, help_text=help_text, required=False, widget=widget)


def _when(label):
    return _text(label, WHEN_HELP, autocomplete="off")


def _number(label, help_text=""):
    return _text(label, help_text, inputmode="decimal", autocomplete="off")


def _choice(label, choices):
    return lambda: django_forms.ChoiceField(label=label, choices=choices, required=False)


def _many(label, choices, help_text=""):
    return lambda: django_forms.MultipleChoiceField(
        label=label, choices=choices, required=False, help_text=help_text, widget=django_forms.CheckboxSelectMultiple
    )


_IMPROVEMENT = _choice(_("What it did"), [_NOT_CHOSEN, *forms.IMPROVEMENTS.items()])
_PERCENT = _number(_("Better by, in per cent"), _("0 is no change, 100 is completely well."))
_HAD = _choice(_("Was it there?"), [("yes", _("yes")), ("no", _("no")), ("don't know", _("not known"))])
_DRUG = _text(_("Drug, as the source writes it"), list="drug-names", autocomplete="off")
_INGREDIENT = _choice(_("Known as"), drug_choices)
_NOTE = _text(_("Note"), long=True)
_STILL = _text(_("Still taken on this day"), _("A day (2021-03-05), where it was not stopped."), autocomplete="off")
FIELDS = {
    "medication": {
        "drug": _DRUG,
        "ingredient": _INGREDIENT,
        "mg_per_day": _number(_("Dose, mg a day"), _("The dose of most of the time.")),
        "start": _when(_("Start")),
        "stop": _when(_("Stop")),
        "taken_on": _STILL,
        "weeks": _number(_("Length in weeks"), _("Where start or stop is not known.")),
        "purpose": _choice(
            _("Taken for"),
            [_NOT_CHOSEN, ("depression", _("depression")), ("something else", _("only something else"))],
        ),
        "improvement": _IMPROVEMENT,
        "improvement_pct": _PERCENT,
        "stop_reasons": _many(_("Why it was stopped"), forms.STOP_REASONS.items()),
        "note": _NOTE,
    },
    "treatment": {
        "treatment": _choice(_("Treatment"), [("", _("not known which")), *forms.TREATMENTS.items()]),
        "name": _text(_("Name, as the source writes it")),
        "had": _HAD,
        "start": _when(_("First session")),
        "stop": _when(_("Last session")),
        "n_sessions": _number(_("How many sessions")),
        "improvement": _IMPROVEMENT,
        "improvement_pct": _PERCENT,
        "note": _NOTE,
    },
    "condition": {
        "condition": _choice(_("Condition"), condition_choices),
        "name": _text(_("Name, as the source writes it"), _("Needed where it is none of the list.")),
        "had": _HAD,
        "day": _when(_("Day of the diagnosis")),
        "note": _NOTE,
    },
    "medicine": {
        "drug": _DRUG,
        "ingredient": _INGREDIENT,
        "had": _HAD,
        "dose": _text(_("Dose")),
        "start": _when(_("Start")),
        "stop": _when(_("Stop")),
        "taken_on": _STILL,
        "note": _NOTE,
    },
    "score": {
        "instrument": _choice(_("Questionnaire"), instrument_choices),
        "day": _when(_("Day")),
        "total": _number(_("Total")),
        "suicide_item": _number(
            _("Answer to the item about suicide or self-harm"),
            _("Item 9 of the PHQ-9, and its like. Empty: not known, which is not a no."),
        ),
        "note": _NOTE,
    },
    "vital": {
        "day": _when(_("Day")),
        "systolic": _number(_("Systolic, mmHg")),
        "diastolic": _number(_("Diastolic, mmHg")),
        "oxygen": _number(_("Oxygen saturation, %")),
        "note": _NOTE,
    },
    "observation": {
        "start": _text(_("From"), _("A day. From here to the last day, every drug that was taken is in the history.")),
        "stop": _text(_("To"), _("A day.")),
        "complete": _many(
            _("Complete in that time too"),
            [("condition", _("all diagnoses")), ("procedure", _("all sessions and talk therapy"))],
        ),
        "note": _NOTE,
    },
    "goal": {
        "text": _text(_("In the patient's words"), long=True),
        "enough_pct": _number(_("How much better would be enough, in per cent")),
        "note": _NOTE,
    },
}
"""The fields of each kind that can be typed. A consent is given by the patient alone."""
NUMBERS = {
    "mg_per_day", "weeks", "improvement_pct", "n_sessions", "total", "suicide_item", "systolic", "diastolic", "oxygen",
    "enough_pct",
}  # fmt: skip


class EntryForm(django_forms.Form):
    """One line of a kind. `content` is what it says, once the form is valid."""

    def __init__(self, kind: str, *args, today=None, born=None, kept: dict | None = None, **named):
        """`kept` is the content that is corrected: what the form has no field for stays."""
        super().__init__(*args, **named)
        self.kind, self.today, self.born, self.kept = kind, today, born, kept or {}
        self.content: dict | None = None
        for name, make in FIELDS[kind].items():
            self.fields[name] = make()

    def clean(self):
        """Checks the content as a whole; every problem goes to its field."""
        cleaned = super().clean()
        content, problems = forms.check(self.kind, self._data(cleaned), today=self.today, born=self.born)
        for field, words in problems.items():
            self.add_error(field if field in self.fields else None, f"{words[:1].upper()}{words[1:]}.")
        self.content = content
        return cleaned

    def _data(self, cleaned: dict) -> dict:
        data = {name: value for name, value in cleaned.items() if value not in ("", [], None)}
        for name in NUMBERS & data.keys():
            data[name] = data[name].replace(",", ".")
        if "drug" in data and "ingredient" not in data:
            data["ingredient"] = drugs.identify(data["drug"])
        left = {k: v for k, v in self.kept.items() if k not in self.fields and k not in ("records", "unknown")}
        if self.kind == "score":
            left = self._with_items(left, data)
        return left | data

    def _with_items(self, left: dict, data: dict) -> dict:
        """What stays of a score, with the answer about suicide that was typed."""
        if left.get("items") and data.get("instrument") != self.kept.get("instrument"):
            left.pop("items")
        item, said = suicide_item(data.get("instrument", "")), data.pop("suicide_item", None)
        if said is not None and item is None:
            self.add_error("suicide_item", _("This questionnaire has no such item. Leave it empty."))
        elif said is not None:
            left["items"] = {**left.get("items", {}), item: said}
        return left


def suicide_item(instrument: str) -> str | None:
    """The item about suicide of a questionnaire that has one; None where it has none, or several."""
    found = [item for name, item in stepwell.load_knowledge().safety_items if name == instrument]
    return found[0] if len(found) == 1 else None


def initial_of(content: dict) -> dict:
    """What the form shows of a content."""
    said = content.get("items", {}).get(suicide_item(content.get("instrument", "")))
    shown = content if said is None else content | {"suicide_item": said}
    return {k: f"{v:g}" if isinstance(v, float) else v for k, v in shown.items()}


TRIAL_FIELDS = ("drug", "mg_per_day", "start", "stop", "taken_on", "improvement_pct", "stop_reasons")
"""What one row of the fast form asks."""


_SHORT = {
    "drug": _("Drug"),
    "taken_on": _("Still taken on"),
    "improvement_pct": _("Better, %"),
    "mg_per_day": _("mg a day"),
}


class TrialForm(EntryForm):
    """One trial in one row."""

    def __init__(self, *args, **named):
        super().__init__("medication", *args, **named)
        for name in set(self.fields) - set(TRIAL_FIELDS):
            del self.fields[name]
        self.fields["stop_reasons"] = django_forms.ChoiceField(
            label=_("Why stopped"), choices=[_NOT_CHOSEN, *forms.STOP_REASONS.items()], required=False
        )
        for name, field in self.fields.items():
            field.help_text, field.label = "", _SHORT.get(name, field.label)

    def _data(self, cleaned: dict) -> dict:
        data = super()._data(cleaned)
        if "stop_reasons" in data:
            data["stop_reasons"] = [data["stop_reasons"]]
        return data

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed into the row."""
        return not any(self.data.get(self.add_prefix(name), "").strip() for name in self.fields)
