"""What staff enter on the pages of the stock, beside the doses of sessions."""

from __future__ import annotations

import uuid
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from stepwell.clinic.access.policy import Actor
from stepwell.clinic.people.models import Person

from .ledger import Refused, add_line, all_on_hand, is_recalled, lock_clinic, locked, sent_before
from .models import LedgerLine, Lot
from .products import Product


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
def recall(lot_id: int, *, actor: Actor, once: uuid.UUID, note: str) -> LedgerLine:
    """The line of a recall: from then on the lot cannot be used. `note` says who recalled it and where that is written."""
    lot = locked(lot_id, actor)
    if (known := sent_before(once, lot=lot, kind="recall")) is not None:
        return known
    if is_recalled(lot):
        raise Refused(_("Lot %s is recalled already. Nothing was booked.") % lot.lot_number)
    _need_note(note)
    return add_line(lot, "recall", 0, actor, once, note=note)


@transaction.atomic
def take_back_recall(line: LedgerLine, *, actor: Actor, once: uuid.UUID, note: str) -> LedgerLine:
    """The line that says that a recall was entered by mistake; the lot can be used again."""
    lot = locked(line.lot_id, actor)
    if (known := sent_before(once, lot=lot, kind="correction")) is not None:
        return known
    if line.kind != "recall" or line.corrections.exists():
        raise Refused(_("There is no recall in this line any more. Nothing was booked."))
    _need_note(note)
    return add_line(lot, "correction", 0, actor, once, corrects=line, note=note)


def _need_note(note: str) -> None:
    if not note.strip():
        raise Refused(_("Say why. Nothing was booked."))
