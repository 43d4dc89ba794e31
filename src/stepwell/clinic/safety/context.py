"""What every page shows of this room: to staff how many alerts call them, to patients who reads their answers now."""

from __future__ import annotations

from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from stepwell.clinic.access.policy import ALLOWED, Action, Role

from .hours import reading
from .inbox import n_calling
from .words import for_patient


def safety(request) -> dict:
    """The variables `n_calling` and `may_be_called` (staff), and `who_reads` (patients)."""
    actor = getattr(request, "actor", None)
    if actor is None:
        return {}
    if actor.role is Role.PATIENT:
        return {"who_reads": SimpleLazyObject(lambda: _who_reads(request))}
    if Action.HANDLE_ALERT not in ALLOWED[actor.role]:
        return {}
    return {"may_be_called": True, "n_calling": n_calling(actor)}


def _who_reads(request) -> str:
    person = request.person
    return for_patient(reading(person.clinic, timezone.now()), person.zone)
