"""Gives a dose: checks, order, device and stock in one transaction. Whatever does not fit is refused with the reason."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from math import ceil

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from stepwell.clinic.access.policy import Actor
from stepwell.clinic.history import lines
from stepwell.clinic.safety import review
from stepwell.clinic.stock import ledger
from stepwell.clinic.stock.models import Lot

from . import clock, entries, orders
from .models import Entry, Session
from .refusals import Refused
from .sheets import Sheet

_NEARLY_NONE = 1e-6


def hindrances(sheet: Sheet) -> list[str]:
    """Why no dose can be entered now; nothing where one can."""
    return list(_hindrances(sheet))


def _hindrances(sheet: Sheet) -> Iterator[str]:
    if sheet.departure is not None:
        yield _("The person has left. No dose can be entered.")
    if orders.latest(sheet.order).state != "active":
        yield _("The order is ended. No dose can be given by it: a prescriber writes another one.")
    n_unread = len(review.unread(sheet.person))
    if n_unread:
        yield ngettext(
            "%(n)d answer about suicide or self-harm is not read yet. Read it before the dose.",
            "%(n)d answers about suicide or self-harm are not read yet. Read them before the dose.",
            n_unread,
        ) % {"n": n_unread}
    if sheet.is_given:
        return
    unanswered = [check.rule.ask for check in sheet.checks if check.answer is None]
    if unanswered:
        yield _("Not answered yet: %s") % " · ".join(unanswered)
    before = sheet.reading("before")
    if before is None or before.systolic is None:
        yield _("The blood pressure before the dose is not entered yet.")


def concerns(sheet: Sheet, now: clock.Stamp | None = None) -> list[str]:
    """What is not as the protocol asks: a dose in spite of it needs a reason."""
    return list(_concerns(sheet, now or clock.now()))


def _concerns(sheet: Sheet, now: clock.Stamp) -> Iterator[str]:
    if sheet.doses:
        device = sheet.protocol.device
        rest = clock.between(sheet.doses[-1].stamp, now).minutes if device else None
        if rest is not None and rest < device.minutes_apart:
            yield _("The protocol asks for %(n)d minutes between two devices.") % {"n": device.minutes_apart}
        return
    if lines.unread_scores(sheet.person):
        yield _("A questionnaire that the patient answered is not read yet.")
    for check in sheet.checks:
        if check.answer is not None and not check.is_as_asked:
            words = f"{check.rule.ask} {answer_in_words(check.answer)}."
            yield f"{words} {check.rule.otherwise}".strip()
    before, limit = sheet.reading("before"), sheet.protocol.pressure_for(sheet.person.birth_date, sheet.day)
    if limit is None or before is None or before.systolic is None:
        return
    if before.systolic > limit.systolic_at_most or before.diastolic > limit.diastolic_at_most:
        words = {"high": f"{limit.systolic_at_most:g}", "low": f"{limit.diastolic_at_most:g}"}
        yield _("Blood pressure is above %(high)s or %(low)s mmHg: benefit and risk are weighed.") % words


def answer_in_words(answer: str) -> str:
    """An answer for people."""
    return {"yes": _("Yes"), "no": _("No"), "not known": _("Not known")}[answer]


def usual_mg(sheet: Sheet) -> float:
    """What one dose is by order and protocol: one device, or the whole dose."""
    return sheet.protocol.device.mg if sheet.protocol.device else sheet.order.dose_mg


def lots_for(sheet: Sheet) -> list[Lot]:
    """The clinic's lots that this dose can be taken from, the first to expire first."""
    return ledger.usable(sheet.person, sheet.order.treatment, sheet.order.route, sheet.day)


def give(
    session: Session,
    *,
    mg: float,
    unit: str,
    actor: Actor,
    once: uuid.UUID,
    lot: int | None = None,
    lot_number: str = "",
    serial: str = "",
    despite: str = "",
) -> Entry:
    """One device, or an infusion or injection, given now. With a `lot` of the stock its line of the ledger is written in the same
    transaction, and `stock.ledger.Refused` undoes both; without one the number on the package is written."""
    with entries.locked(session) as sheet:
        if (known := entries.written(once, session)) is not None:
            return known
        entries.refuse_closed(sheet, "dose")
        wrong = [*_hindrances(sheet), *_wrong_dose(sheet, mg, unit)]
        worries = concerns(sheet)
        if _is_part(sheet, mg):
            words = {"mg": f"{mg:g}", "ordered": f"{sheet.order.dose_mg:g}"}
            worries.append(_("%(mg)s mg are less than the ordered %(ordered)s mg.") % words)
        if not wrong and not despite.strip() and worries:
            wrong = [*worries, _("Say why the dose is given in spite of it. Nothing was saved yet.")]
        if wrong:
            raise Refused(wrong)
        held = Lot.objects.filter(pk=lot, clinic_id=sheet.session.clinic_id).first() if lot is not None else None
        n_devices = ceil(mg / held.mg_per_device) if held and sheet.protocol.device is None else 1
        device = {"lot": lot, "lot_number": held.lot_number if held else lot_number, "serial": serial}
        content = {
            "mg": mg,
            "devices": [device] * n_devices,
            "route": sheet.order.route,
            "unit": unit,
            "order": str(sheet.order.pk),
            "despite": despite,
        }
        made = entries.add(sheet, "dose", content, actor=actor, once=once)
        if lot is not None:
            ledger.use(
                lot,
                n_devices,
                session=session.pk,
                person=sheet.person,
                actor=actor,
                once=once,
                treatment=sheet.order.treatment,
                route=sheet.order.route,
                mg=mg,
            )
        return made


def _wrong_dose(sheet: Sheet, mg: float, unit: str) -> Iterator[str]:
    if unit != "mg":
        yield _("The dose is written in mg. Nothing was saved.")
    usual = usual_mg(sheet)
    if abs(mg - usual) > _NEARLY_NONE and not _is_part(sheet, mg):
        yield _(
            "The order is %(ordered)s mg, given as %(usual)s mg at a time. Nothing was saved. Check the dose and its unit."
        ) % {
            "ordered": f"{sheet.order.dose_mg:g}",
            "usual": f"{usual:g}",
        }
    if sheet.mg + usual > sheet.order.dose_mg + _NEARLY_NONE:
        yield _("The ordered dose of %s mg is given already. Nothing was saved.") % f"{sheet.order.dose_mg:g}"


def _is_part(sheet: Sheet, mg: float) -> bool:
    """Whether it is a part of the ordered dose where that is not counted in devices: an infusion that was stopped early."""
    return sheet.protocol.device is None and _NEARLY_NONE < mg < sheet.order.dose_mg - _NEARLY_NONE


def take_back(session: Session, entry: uuid.UUID, *, seen: int, reason: str, actor: Actor, once: uuid.UUID) -> Entry:
    """Strikes out a dose that was not given, and gives its device back to the stock in the same transaction."""
    with entries.locked(session) as sheet:
        if (known := entries.written(once, session)) is not None:
            return known
        dose = next((dose for dose in sheet.doses if dose.entry.entry == entry), None)
        if dose is None:
            raise Refused(_("This entry is not there any more. Nothing was changed. Load the page again."))
        entries.refuse_seen_before(dose.entry, seen)
        if sheet.departure is not None:
            raise Refused(_("The person has left. Nothing was changed. Write an addendum after signing."))
        made = entries.strike(sheet, dose.entry, actor=actor, once=once, reason=reason)
        lot = dose.devices[0].lot
        if lot is not None:
            same = {"session": session.pk, "person": sheet.person, "actor": actor, "once": once}
            ledger.give_back(lot, len(dose.devices), note=reason, **same)
        return made


def read_dose(text: str) -> tuple[float | None, str]:
    """What was typed as a dose: the number and its unit. A number alone is mg; None: no number."""
    compact = text.strip().replace(",", ".")
    number = compact.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZµμ/% ")
    unit = compact[len(number) :].strip() or "mg"
    try:
        return float(number), unit
    except ValueError:
        return None, unit
