"""What the fields of a form are prefilled with, each value with where it is from. What nobody said stays blank: a form is never
prefilled with a "no" from silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _

from stepwell.candidacy import show_date
from stepwell.clinic.history import drugs, forms, lines, partial_dates
from stepwell.clinic.sessions import sheets
from stepwell.clinic.sessions.sheet_parts import Reading
from stepwell.clinic.sessions.sheets import Sheet

from .enrolment import of_patient, of_setting
from .form_files import MonitoringForm, drug_classes

_AWAKE = 5
"""MOAA/S of somebody who is awake."""
_HERE = ("person", "clinic", "setting", "signer")


@dataclass(frozen=True)
class Value:
    """What stands in a field. An empty `text` is a blank; `hint` says what is known all the same."""

    text: str = ""
    source: str = ""
    hint: str = ""


def prefilled(form: MonitoringForm, sheet: Sheet) -> dict[str, Value]:
    """A value for every field of the form, from the sheet as it is now."""
    known = Known(sheet, form.program)
    return {one.id: known.value(one.prefilled_from) for one in form.fields()}


@dataclass
class Known:
    """What is known of one session; each `value` is looked up by its name in the form's file."""

    sheet: Sheet
    program: str

    def value(self, name: str) -> Value:
        """The value of `sheet.dose`, `person.sex`, `taken.opioids`; blank where the form's file names none."""
        if not name:
            return Value()
        room, _dot, what = name.partition(".")
        if room == "taken":
            return self._taken(what)
        if room in _HERE:
            return self._attribute(room, what)
        return getattr(self, f"_{room}_{what}")()

    def _attribute(self, room: str, what: str) -> Value:
        person, clinic = self.sheet.person, self.sheet.session.clinic
        found = {
            "person": (person, _("contact data")),
            "clinic": (clinic, _("the clinic's settings")),
            "setting": (self._setting, _("the setting's enrolment")),
            "signer": (self._signer, _("who signed the sheet")),
        }
        of, source = found[room]
        value = getattr(of, what, "") if of is not None else ""
        if not value:
            return Value(hint=_("Not entered: %s.") % source)
        return Value(value.isoformat() if hasattr(value, "isoformat") else str(value), source)

    @cached_property
    def _setting(self):
        return of_setting(self.sheet.session.clinic_id, self.program)

    @cached_property
    def _signer(self):
        return self.sheet.signature.user if self.sheet.signature else None

    @cached_property
    def _lines(self) -> list:
        return lines.in_use(lines.current(self.sheet.person))

    # Who takes what

    def _taken(self, name: str) -> Value:
        check, members = drug_classes()[name]
        taken = [line for line in self._lines if self._is_taken(line, members)]
        named = ", ".join(dict.fromkeys(drugs.label_of(line.content["ingredient"]) for line in taken))
        asked = next((one for one in self.sheet.checks if one.id == check and one.confirmed), None)
        answer = asked.answer if asked is not None else None
        source = _("the check “%s” of this session") % asked.rule.ask if asked is not None else ""
        if taken and answer == "no":
            return Value(hint=_("The history says %(drug)s, the check before the dose says no.") % {"drug": named})
        if taken:
            return Value("yes", _("the history: %s") % named)
        if answer == "no":
            return Value("no", source)
        if answer == "yes" and sum(one == check for one, _members in drug_classes().values()) == 1:
            return Value("yes", source)
        if answer == "yes":
            return Value(hint=_("The check before the dose says yes, of this class or another: ask which."))
        return Value(hint=_("None is in the history, which does not say that none is taken."))

    def _is_taken(self, line, members: frozenset[str]) -> bool:
        if line.kind not in ("medicine", "medication") or line.content.get("ingredient") not in members:
            return False
        read, day = forms.read(line.kind, line.content), self.sheet.day
        if getattr(read, "had", "yes") != "yes" or read.weeks is not None:
            return False
        if read.start and partial_dates.first_day(read.start) > day:
            return False
        if read.stop and partial_dates.last_day(read.stop) < day:
            return False
        return line.kind == "medicine" or read.taken_on is not None or bool(read.stop)

    def _history_first_treatment(self) -> Value:
        earlier = [one for one in sheets.given(self.sheet.person) if one.first_dose_at < self.sheet.first_dose_at]
        earlier = [one for one in earlier if one.order.treatment == self.sheet.order.treatment]
        if earlier:
            return Value("no", _("the session of %s") % show_date(earlier[0].day))
        treatment = self.sheet.order.treatment
        for line in self._lines:
            said = line.content
            if line.kind == "treatment" and said.get("treatment") == treatment and said.get("had", "yes") == "yes":
                return Value(hint=_("No session here before this one, but the history says that it was given before."))
        return Value(hint=_("No session here before this one. Whether it was given elsewhere is not known."))

    def _enrolment_patient(self) -> Value:
        found = of_patient(self.sheet.person.survivor(), self.program, self.sheet.day)
        if found is None:
            return Value(hint=_("No enrolment of the patient is entered."))
        is_in = found.state == "enrolled" and found.day <= self.sheet.day
        return Value("yes" if is_in else "no", _("the enrolment entered on %s") % show_date(found.day))

    # What the sheet says

    def _sheet_day(self) -> Value:
        return self._said(self.sheet.day.isoformat())

    def _sheet_dose(self) -> Value:
        mg = self.sheet.mg
        return self._said(f"{mg:g}" if mg in (56, 84) else "other") if mg else Value()

    def _sheet_dose_other(self) -> Value:
        mg = self.sheet.mg
        return self._said(f"{mg:g}") if mg and mg not in (56, 84) else Value()

    def _sheet_lots(self) -> Value:
        lots = dict.fromkeys(device.lot_number for dose in self.sheet.doses for device in dose.devices)
        return self._said(", ".join(lots))

    def _sheet_minutes(self) -> Value:
        minutes = self.sheet.minutes
        if minutes is None:
            return Value(hint=_("The sheet does not say when the patient left."))
        return self._said(str(int(minutes)))

    def _sheet_pressure_before(self) -> Value:
        return self._pressure("before")

    def _sheet_pressure_40(self) -> Value:
        return self._pressure("40")

    def _sheet_pressure_end(self) -> Value:
        return self._pressure("end")

    def _pressure(self, moment: str) -> Value:
        found = self.sheet.reading(moment)
        if found is None or found.systolic is None:
            return Value(hint=_("The sheet has no such reading."))
        return self._said(f"{found.systolic}/{found.diastolic}")

    def _sheet_oximetry(self) -> Value:
        return self._said(", ".join(f"{one.spo2}" for one in self.sheet.readings if one.spo2 is not None))

    def _sheet_sedation(self) -> Value:
        return self._event(lambda one: None if one.sedation is None else one.sedation < _AWAKE)

    def _sheet_dissociation(self) -> Value:
        return self._event(lambda one: None if one.dissociation is None else one.dissociation != "none")

    def _sheet_respiratory_depression(self) -> Value:
        said = {"yes": True, "no": False}
        return self._event(lambda one: said.get(one.respiratory_depression))

    def _event(self, seen: Callable[[Reading], bool | None]) -> Value:
        """Yes where any reading after the dose says so; no where each reading of the protocol looked and none says so."""
        after = [one for one in self.sheet.readings if one.moment != "before"]
        if any(seen(one) for one in after):
            return self._said("yes")
        asked = {rule.moment for rule in self.sheet.protocol.readings} - {"before"}
        looked = {one.moment for one in after if seen(one) is False}
        if asked and asked <= looked:
            return self._said("no")
        return Value(hint=_("No reading says yes, but not every reading looked."))

    def _sheet_serious(self) -> Value:
        events = self.sheet.adverse_events
        if any(one.serious for one in events):
            return self._said("yes")
        if self.sheet.denies_adverse_event or (events and all(one.serious is False for one in events)):
            return self._said("no")
        return Value(hint=_("Nobody said on the sheet whether there was one."))

    def _said(self, text: str) -> Value:
        return Value(text, _("the session sheet")) if text else Value()
