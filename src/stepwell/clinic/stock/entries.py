"""What staff enter on the pages of the stock, beside the doses of sessions."""

from __future__ import annotations

import uuid
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from stepwell.clinic.access.models import User
from stepwell.clinic.access.policy import Actor
from stepwell.clinic.people.models import Person

from .ledger import (
    NEARLY_NONE,
    Refused,
    add_line,
    all_on_hand,
    counted,
    is_recalled,
    lock_clinic,
    locked,
    of_same_number,
    on_hand,
    remainder,
    sent_before,
)
from .models import LedgerLine, Lot
from .products import Product, product_of


@transaction.atomic
def receive(
    product: Product,
    lot_number: str,
    expires: date,
    n_devices: int,
    *,
    actor: Actor,
    once: uuid.UUID,
    note: str = "",
    person: Person | None = None,
) -> LedgerLine:
    """The line of a delivery. A lot that is there already takes it; one of the same number with another expiry is refused.

    `person` is for whom a pharmacy dispensed it; None for the clinic's own stock. `note` says from whom it came.
    """
    clinic = lock_clinic(actor)
    if (known := sent_before(once, kind="receipt")) is not None:
        return known
    if n_devices < 1:
        raise Refused(_("Enter how many %s came, 1 or more. Nothing was booked.") % product.units)
    if expires < timezone.localdate(timezone=clinic.zone):
        raise Refused(
            _("A lot that has expired is not taken into stock. Nothing was booked. Send it back, or check the date.")
        )
    kind = {"clinic": clinic, "treatment": product.treatment, "route": product.route, "lot_number": lot_number.strip()}
    same = Lot.objects.filter(**kind, mg_per_device=product.mg_per_device)
    lots = list(same.exclude(expires=expires))
    left = all_on_hand(lots)
    if other := next((lot for lot in lots if left.get(lot.pk)), None):
        raise Refused(
            _(
                "Lot %(lot)s is in the ledger with the expiry %(day)s. Nothing was booked. Compare with the package. "
                "If the earlier entry is wrong, correct its receipt so that nothing is on hand, and enter it anew."
            )
            % {"lot": other.lot_number, "day": other.expires.isoformat()}
        )
    lot = same.filter(person=person, expires=expires).first() or Lot.objects.create(
        **kind,
        mg_per_device=product.mg_per_device,
        expires=expires,
        person=person,
        user_id=actor.user_id,
        actor=actor.name,
        at=timezone.now(),
    )
    return add_line(lot, "receipt", n_devices, actor, once, person=person, note=note)


@transaction.atomic
def waste(
    lot_id: int, n_devices: int, *, actor: Actor, once: uuid.UUID, witness: User, note: str, mg: float | None = None
) -> LedgerLine:
    """The line of devices that were destroyed before a witness; with an `mg` and no device, of the rest of opened vials."""
    lot = locked(lot_id, actor)
    if (known := sent_before(once, lot=lot, kind="waste")) is not None:
        return known
    if witness.pk == actor.user_id or witness.clinic_id != actor.clinic_id or not witness.is_active:
        raise Refused(_("The witness must be a second member of staff of the clinic. Nothing was booked."))
    _need_note(note)
    if mg is None:
        _need_on_hand(lot, n_devices)
        return add_line(lot, "waste", -n_devices, actor, once, witness=witness, note=note)
    left = remainder(lot)
    if n_devices or not 0 < mg <= left + NEARLY_NONE:
        raise Refused(
            _(
                "Opened vials of lot %(lot)s hold %(left)s mg by the ledger. Nothing was booked. Enter no more than that."
            )
            % {"lot": lot.lot_number, "left": f"{left:g}"}
        )
    return add_line(lot, "waste", 0, actor, once, witness=witness, note=note, mg=mg)


@transaction.atomic
def send_back(lot_id: int, n_devices: int, *, actor: Actor, once: uuid.UUID, note: str) -> LedgerLine:
    """The line of devices that went to the supplier or to whoever destroys them. `note` says to whom and by which document."""
    lot = locked(lot_id, actor)
    if (known := sent_before(once, lot=lot, kind="return")) is not None:
        return known
    _need_note(note)
    _need_on_hand(lot, n_devices)
    return add_line(lot, "return", -n_devices, actor, once, note=note)


@transaction.atomic
def recall(lot_id: int, *, actor: Actor, once: uuid.UUID, note: str) -> LedgerLine:
    """The line of a recall: from then on no lot of this number can be used. `note` says who recalled it and where that is
    written."""
    lot = locked(lot_id, actor)
    list(of_same_number(lot).select_for_update())
    if (known := sent_before(once, lot=lot, kind="recall")) is not None:
        return known
    if is_recalled(lot):
        raise Refused(_("Lot %s is recalled already. Nothing was booked.") % lot.lot_number)
    _need_note(note)
    return add_line(lot, "recall", 0, actor, once, note=note)


@transaction.atomic
def correct(
    line: LedgerLine, right: float, *, actor: Actor, once: uuid.UUID, note: str, witness: User | None = None
) -> LedgerLine:
    """The line that puts another one right: `right` is the number that it should have said (mg for the rest of a vial, 0 for a
    recall that was a mistake). The earlier line stays."""
    lot = locked(line.lot_id, actor)
    if (known := sent_before(once, lot=lot, kind="correction")) is not None:
        return known
    told = why_not_corrected(line)
    if told:
        raise Refused(told)
    _need_note(note)
    if line.kind == "waste" and (
        witness is None or witness.pk == actor.user_id or witness.clinic_id != actor.clinic_id
    ):
        raise Refused(_("What was wasted is corrected before a witness. Nothing was booked."))
    more = {"corrects": line, "note": note, "witness": witness}
    if line.kind == "recall":
        return add_line(lot, "correction", 0, actor, once, **more)
    change = right - stands_at(line)
    if not change or right < 0:
        raise Refused(
            _("The line says %g already. Nothing was booked. Enter another number, 0 or more.") % stands_at(line)
        )
    if line.mg is not None:
        if change > remainder(lot) + NEARLY_NONE:
            raise Refused(_("Opened vials hold no more than %g mg. Nothing was booked.") % remainder(lot))
        return add_line(lot, "correction", 0, actor, once, mg=change, **more)
    if right != int(right):
        raise Refused(_("Enter a whole number. Nothing was booked."))
    n_devices = int(change) if line.kind == "receipt" else -int(change)
    _need_on_hand(lot, max(-n_devices, 0), at_least=0)
    return add_line(lot, "correction", n_devices, actor, once, **more)


def stands_at(line: LedgerLine) -> float:
    """The number that a line says with its corrections: devices, or mg where it is the rest of a vial."""
    lines = [line, *line.corrections.all()]
    if line.mg is not None:
        return sum(one.mg or 0 for one in lines)
    return abs(sum(one.n_devices for one in lines))


def why_not_corrected(line: LedgerLine) -> str:
    """Why a line cannot be corrected here, and what to do instead; empty where it can be."""
    if line.kind == "use":
        return _("This line follows a session sheet: correct the dose there, and the ledger follows.")
    if line.kind == "count":
        return _("A count is not corrected: count again.")
    if line.kind == "correction":
        return _("Correct the line that this one corrects; both are kept.")
    if line.kind == "recall" and line.corrections.exists():
        return _("This recall was taken back already.")
    return ""


def _need_on_hand(lot: Lot, n_devices: int, at_least: int = 1) -> None:
    left = on_hand(lot)
    if not at_least <= n_devices <= left:
        product = product_of(lot)
        raise Refused(
            _("Lot %(lot)s has %(left)s on hand by the ledger. Nothing was booked. Enter a number up to that.")
            % {"lot": lot.lot_number, "left": counted(left, product)}
        )


def _need_note(note: str) -> None:
    if not note.strip():
        raise Refused(_("Say why. Nothing was booked."))
