"""Staff enter the answers of a scale about suicide as numbers. No wording is shipped: the items are named as the knowledge files
name them, and the scale itself is on the clinic's own sheet."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

import stepwell
from stepwell.clinic.history import forms as history_forms
from stepwell.clinic.history import lines
from stepwell.clinic.history.models import Line
from stepwell.clinic.people.models import Person

from .tiers import safety_items

_NOT_ASKED, _NOT_ANSWERED = "", "none"


def forms_to_enter() -> list[tuple[str, str]]:
    """The instruments that ask about suicide, by name; the screener first."""
    known = stepwell.load_knowledge()
    found = {instrument: known.all_instruments[instrument].label for instrument, _item in known.safety_items}
    return sorted(found.items(), key=lambda pair: (pair[0] != "c-ssrs-screener", pair[1].lower()))


class AnswersForm(forms.Form):
    """The day, and each item about suicide. `content` is the line's content, once the form is valid."""

    day = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, instrument: str, person: Person, *args, **named):
        super().__init__(*args, **named)
        self.instrument, self.person, self.content = instrument, person, None
        self.fields["day"].label = _("Day")
        form = stepwell.load_knowledge().all_instruments[instrument]
        for item in form.items:
            if item.item in safety_items(instrument):
                self.fields[f"item-{item.item}"] = _item_field(item)

    def clean(self):
        """At least one answer; no day to come; nothing answered that is asked only after a yes to another."""
        cleaned = super().clean()
        said = {
            name.removeprefix("item-"): v for name, v in cleaned.items() if name.startswith("item-") and v != _NOT_ASKED
        }
        items = {item: None if v == _NOT_ANSWERED else float(v) for item, v in said.items()}
        if not items:
            raise forms.ValidationError(_("Enter at least one answer."))
        for item in stepwell.load_knowledge().all_instruments[self.instrument].items:
            if item.only_after and items.get(item.item) and items.get(item.only_after) == 0:
                told = _("This is a yes, and item %s, after which alone it is asked, is a no.") % item.only_after
                self.add_error(f"item-{item.item}", told)
        if self.errors:
            return cleaned
        data = {"instrument": self.instrument, "day": cleaned["day"].isoformat(), "items": items}
        today = timezone.localdate()
        self.content, problems = history_forms.check("score", data, today=today, born=self.person.birth_date)
        for field, told in problems.items():
            self.add_error("day" if field == "day" else None, f"{told[:1].upper()}{told[1:]}.")
        # The content drops what is None; asked and not answered is said all the same.
        if self.content is not None:
            self.content["items"] = items
        return cleaned


def _item_field(item) -> forms.ChoiceField:
    is_yes_no = (item.at_least, item.at_most) == (0, 1)
    numbers = range(int(item.at_least), int(item.at_most) + 1)
    named = [(str(n), (_("no"), _("yes"))[n] if is_yes_no else str(n)) for n in numbers]
    after = _("Asked only after a yes to item %s.") % item.only_after if item.only_after else ""
    return forms.ChoiceField(
        label=_("Item %(item)s (%(label)s)") % {"item": item.item, "label": item.label},
        choices=[(_NOT_ASKED, _("not asked")), *named, (_NOT_ANSWERED, _("asked, not answered"))],
        required=False,
        help_text=after,
    )


def enter(request: HttpRequest, person: Person, instrument: str) -> HttpResponse:
    """The form of one instrument. What is entered is a confirmed line of the history, with its alert."""
    label = dict(forms_to_enter()).get(instrument)
    if label is None:
        raise Http404
    form = AnswersForm(instrument, person, request.POST or None, initial={"day": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        _store(request, person, form.content)
        return redirect("alerts", person=person.pk)
    context = {"person": person, "label": label, "form": form, "once": _once(request) or uuid.uuid4()}
    return render(request, "safety/enter.html", context, status=422 if form.errors else 200)


def _once(request: HttpRequest) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.POST.get("once", ""))
    except ValueError:
        return None


def _store(request: HttpRequest, person: Person, content: dict) -> None:
    once = _once(request)
    if once is None:
        raise Http404
    if Line.objects.filter(line=once).exists():
        messages.info(request, _("This was saved already. It is there once."))
        return
    how = {"state": "confirmed", "origin": "clinician", "source": _("typed by the clinic")}
    lines.add(person, "score", content, actor=request.actor, line=once, **how)
    messages.success(request, _("Saved at %s.") % timezone.localtime().strftime("%H:%M"))
