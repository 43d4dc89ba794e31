"""Shows sessions: the list of a person, one sheet, and what is due on it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from stepwell.clinic.access.policy import Action, may
from stepwell.clinic.history import lines
from stepwell.clinic.people.models import Person
from stepwell.clinic.safety import review

from . import carried, clock, dosing, leaving, orders, second, sheets, signing
from .models import Session
from .order_views import versions_in_words
from .plan_views import session_of
from .sheet_words import (
    DESPITE,
    DISSOCIATION,
    LEAVING,
    SEDATION,
    reading_cards,
    rows_of_checks,
    status_of,
    versions_of,
)
from .sheets import Sheet


@dataclass(frozen=True)
class Told:
    """What was refused, and what had been typed: the page is shown again with both."""

    messages: list[str] = field(default_factory=list)
    typed: Mapping = field(default_factory=dict)
    is_conflict: bool = False


def sessions(request: HttpRequest, person: Person) -> HttpResponse:
    """The person's orders with every change, and the list of their sheets."""
    every = sheets.of_person(person)
    context = {
        "person": person,
        "orders": [(one, versions_in_words(one)) for one in orders.current(person)],
        "rows": [(one, status_of(one)) for one in reversed(every)],
        "may_order": may(request.actor, Action.WRITE_ORDER, person),
        "may_plan": may(request.actor, Action.PLAN_SESSION, person),
    }
    return render(request, "sessions/sessions.html", context)


def sheet(request: HttpRequest, person: Person, session: uuid.UUID) -> HttpResponse:
    """One sheet."""
    return show(request, person, session_of(person, session))


def due(request: HttpRequest, person: Person, session: uuid.UUID) -> HttpResponse:
    """What is due on one sheet, for the page that is open."""
    found = sheets.of(session_of(person, session))
    return render(request, "sessions/due.html", {"person": person, "sheet": found, "due": found.due()})


def show(request: HttpRequest, person: Person, session: Session, told: Told | None = None) -> HttpResponse:
    """The sheet as it stands; after a refusal with what was typed, so that nothing is lost."""
    told = told or Told()
    found, now = sheets.of(session), clock.now()
    may_run = may(request.actor, Action.RUN_SESSION, person)
    is_open = not (found.is_signed or found.is_cancelled)
    context = {
        "person": person,
        "sheet": found,
        "told": told,
        "typed": told.typed,
        "once": uuid.uuid4(),
        "due": found.due(now),
        "elapsed": found.elapsed(now),
        "phase": found.protocol.phase(found.order.phase),
        "may_enter": may_run and is_open,
        "may_add": may_run and found.is_signed,
        "may_plan": may(request.actor, Action.PLAN_SESSION, person) and is_open and not found.is_given,
        "status": status_of(found),
        "versions": versions_of(session),
    }
    if is_open:
        context |= _to_enter(request, found, now, told, may_run)
    else:
        context |= {"checks": rows_of_checks(found.checks, {}), "discharge": rows_of_checks(found.discharge, {})}
    context["folds"] = _open_parts(found, context["due"], told)
    context["cards"] = reading_cards(found, context["due"], told)
    status = (409 if told.is_conflict else 422) if told.messages else 200
    return render(request, "sessions/sheet.html", context, status=status)


def _open_parts(found: Sheet, due: list, told: Told) -> dict[str, bool]:
    """Which of the parts that can be folded stand open: what is to be done now, what is incomplete, and what was just refused."""
    typed = told.typed.get("what", "")
    is_over = any(one.key == "departure" and one.state == "due" for one in due)
    has_begun = any(check.answer for check in found.discharge) or found.reading("end") is not None
    return {
        "before": typed == "answer" or any(check.answer is None for check in found.checks),
        "leaving": is_over or has_begun or typed in ("leave", "discharge") or told.typed.get("moment") == "end",
    }


def _to_enter(request: HttpRequest, found: Sheet, now: clock.Stamp, told: Told, may_run: bool) -> dict:
    """What only a sheet that is still open shows: hindrances, concerns, lots, blanks."""
    hindrances = dosing.hindrances(found) if found.departure is None else []
    needs_dose = found.departure is None and len(found.doses) < found.n_devices_ordered
    return {
        "checks": rows_of_checks(found.checks, carried.shown_beside(found) if may_run else {}),
        "discharge": rows_of_checks(found.discharge, {}),
        "unread": review.unread(found.person) if may_run else [],
        "unread_scores": lines.unread_scores(found.person) if may_run and not found.is_given else [],
        "needs_dose": needs_dose,
        "hindrances": hindrances if needs_dose else [],
        "dose_concerns": dosing.concerns(found, now) if needs_dose and not hindrances else [],
        "dose_number": len(found.doses) + 1,
        "usual_mg": f"{dosing.usual_mg(found):g}",
        "lots": dosing.lots_for(found) if needs_dose and may_run else [],
        "despite": DESPITE,
        "leaving": LEAVING,
        "leaving_concerns": leaving.concerns(found, now) if found.departure is None else [],
        "colleagues": second.colleagues(request.actor) if may_run else [],
        "blanks": signing.blanks(found),
        "sedation": SEDATION,
        "dissociation": DISSOCIATION,
        "typed_event": told.typed.get("event", "") if told.typed.get("what") == "event" else "",
        "no_stock": _("No lot of this product is in stock. Write the lot number that stands on the package."),
    }
