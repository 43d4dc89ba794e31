"""Plans, moves and cancels sessions."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from stepwell.clinic import events
from stepwell.clinic.access.models import Clinic
from stepwell.clinic.access.policy import Action, Actor

from . import entries, orders, protocol_files, sheets
from .models import Entry, Order, Session
from .refusals import Refused
from .sheets import Sheet

FURTHEST = timedelta(days=400)


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """That time of that day in the zone. Refuses a time that the change to summer time leaves out; of a time that comes twice in
    autumn it is the first one."""
    local = datetime.combine(day, at, zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise Refused(_("This time does not exist on that day: the clocks are set forward. Choose another time."))
    return local


def plan(order: Order, *, planned_at: datetime, chair: str, actor: Actor, once: uuid.UUID) -> Session:
    """A planned session by the latest version of the order. The same `once` sent twice is one session."""
    with transaction.atomic():
        clinic = Clinic.objects.select_for_update(no_key=True).get(pk=order.clinic_id)
        known = Session.objects.filter(once=once).first()
        if known is not None:
            return known
        held = orders.latest(order)
        if held.state != "active":
            raise Refused(_("This order is ended. No session can be planned by it."))
        day = planned_at.astimezone(clinic.zone).date()
        wrong = list(_wrong(clinic, held, day, planned_at, chair))
        if wrong:
            raise Refused(wrong)
        made = Session.objects.create(
            person=held.person,
            clinic=clinic,
            order=held,
            day=day,
            planned_at=planned_at,
            chair=chair.strip(),
            actor=actor.name,
            at=timezone.now(),
            once=once,
        )
        detail = {"session": str(made.pk), "planned": "planned"}
        events.record(actor, Action.PLAN_SESSION, person=held.person, detail=detail)
    return made


def move(session: Session, *, planned_at: datetime, chair: str, actor: Actor, once: uuid.UUID, note: str = "") -> Entry:
    """Another day, time or chair; not once a dose was given."""
    with transaction.atomic():
        clinic = Clinic.objects.select_for_update(no_key=True).get(pk=session.clinic_id)
        with entries.locked(session) as sheet:
            known = entries.written(once, session)
            if known is not None:
                return known
            _refuse_begun(sheet)
            day = planned_at.astimezone(clinic.zone).date()
            wrong = list(_wrong(clinic, sheet.order, day, planned_at, chair, besides=session))
            if wrong:
                raise Refused(wrong)
            content = {"day": day.isoformat(), "planned_at": planned_at, "chair": chair.strip(), "note": note}
            return entries.add(sheet, "planned change", content, actor=actor, once=once, action=Action.PLAN_SESSION)


def cancel(session: Session, *, by: str, actor: Actor, once: uuid.UUID, note: str = "") -> Entry:
    """It does not take place; not once a dose was given."""
    with entries.locked(session) as sheet:
        known = entries.written(once, session)
        if known is not None:
            return known
        _refuse_begun(sheet)
        content = {"by": by, "note": note}
        return entries.add(sheet, "cancelled", content, actor=actor, once=once, action=Action.PLAN_SESSION)


def _refuse_begun(sheet: Sheet) -> None:
    if sheet.is_given:
        raise Refused(_("A dose was given at this session. It cannot be moved or cancelled."))


def _wrong(
    clinic: Clinic, order: Order, day: date, planned_at: datetime, chair: str, besides: Session | None = None
) -> Iterator[str]:
    today = timezone.localdate(timezone=clinic.zone)
    if day < today:
        yield _("The day lies in the past.")
    if day > today + FURTHEST:
        yield _("The day lies more than a year ahead.")
    others = [s for s in sheets.of_day(clinic, day) if not s.is_cancelled and (not besides or s.session != besides)]
    ids = set(order.person.survivor().ids())
    if any(sheet.person.pk in ids for sheet in others):
        yield _("This person has a session on that day already. Move or cancel it first.")
    protocol = protocol_files.kept([order.protocol_digest])[order.protocol_digest]
    ends = planned_at + timedelta(minutes=protocol.earliest_end.at_least)
    taken = [sheet for sheet in others if chair.strip() and sheet.chair == chair.strip()]
    if any(s.planned_at < ends and planned_at < _planned_end(s) for s in taken):
        yield _("Chair %s is taken at that time. Choose another chair or time.") % chair.strip()


def _planned_end(sheet: Sheet) -> datetime:
    return sheet.planned_at + timedelta(minutes=sheet.protocol.earliest_end.at_least)
