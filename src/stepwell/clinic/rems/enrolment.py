"""Whether the setting and a patient are enrolled in a programme, and what is missing before the first dose."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stepwell.candidacy import show_date
from stepwell.clinic.people.models import Person

from .models import PatientEnrolment, SettingEnrolment

PROGRAMS = {"spravato-us": gettext_lazy("US programme for esketamine nasal spray (Spravato REMS)")}


def of_setting(clinic_id: int, program: str) -> SettingEnrolment | None:
    """What the clinic said last of its own enrolment; None where it said nothing."""
    return SettingEnrolment.objects.filter(clinic_id=clinic_id, program=program).last()


def of_patient(person: Person, program: str, day: date | None = None) -> PatientEnrolment | None:
    """What was entered last of the person's enrolment, also of somebody merged into them. With a `day`, an end after that day is
    passed over: the person was enrolled until then."""
    rows = PatientEnrolment.objects.filter(person_id__in=person.ids(), program=program)
    return next((one for one in reversed(rows) if day is None or one.state == "enrolled" or one.day <= day), None)


def setting_problems(clinic_id: int, program: str) -> Iterator[str]:
    """What is missing of the setting's enrolment, in words."""
    found = of_setting(clinic_id, program)
    if found is None:
        yield _("Nobody has entered that this clinic is certified.")
        return
    if found.state != "enrolled":
        yield _("The clinic's certification ended on %s.") % show_date(found.day)
    if not found.authorised_representative:
        yield _("No authorised representative is entered.")
    for name in ("prescriber_on_site", "provider_on_site", "oximeter_on_site"):
        if not getattr(found, name):
            yield _("Not confirmed: %s.") % found._meta.get_field(name).verbose_name


def patient_problems(person: Person, program: str, day: date) -> Iterator[str]:
    """Why the person cannot be said to be enrolled on that day."""
    return problems_with(of_patient(person, program, day), day)


def problems_with(found: PatientEnrolment | None, day: date) -> Iterator[str]:
    """The same of what was entered last; None where nothing was."""
    if found is None:
        yield _("The patient's enrolment is not entered; it comes before the first dose.")
    elif found.state != "enrolled":
        yield _("The patient's enrolment ended on %s.") % show_date(found.day)
    elif found.day > day:
        yield _("The patient was enrolled on %s, after this day; enrolment comes before the first dose.") % show_date(
            found.day
        )
