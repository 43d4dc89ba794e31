"""Writes lines of the ledger. Each is checked under a lock of its lot, so that two people cannot use the last device twice."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.db.models import F, FloatField, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from stepwell.clinic import events
from stepwell.clinic.access.models import Clinic
from stepwell.clinic.access.policy import Action, Actor
from stepwell.clinic.people.models import Person

from .models import LedgerLine, Lot
from .products import Product, product_of, products

NEARLY_NONE = 1e-6
"""mg below which nothing is left: sums of decimal fractions are not exact."""


class Refused(Exception):  # noqa: N818
    """The line was not written, and nothing else was; `message` says why and what to do."""

    def __init__(self, message: str):
        self.message = message
        super().__init__(message)


def on_hand(lot: Lot) -> int:
    """How many unopened devices or vials of the lot there are by the ledger."""
    return lot.lines.aggregate(n=Coalesce(Sum("n_devices"), 0))["n"]


def all_on_hand(lots: Iterable[Lot]) -> dict[int, int]:
    """`on_hand` of each lot by its id, in one query."""
    found = LedgerLine.objects.filter(lot__in=list(lots)).values("lot_id").annotate(n=Sum("n_devices"))
    return {row["lot_id"]: row["n"] for row in found.order_by()}


def remainder(lot: Lot) -> float:
    """mg that are left in opened vials and were neither given nor wasted."""
    used = Sum(-F("n_devices") * F("lot__mg_per_device"), output_field=FloatField(), filter=_from_vials())
    gone = Sum("mg", filter=Q(mg__isnull=False))
    sums = lot.lines.aggregate(used=Coalesce(used, 0.0), gone=Coalesce(gone, 0.0))
    left = sums["used"] - sums["gone"]
    return left if left > NEARLY_NONE else 0.0


def _from_vials() -> Q:
    """Lines of uses, and what was given back of them: the only lines that open a vial."""
    return Q(kind="use") | Q(corrects__kind="use")


def of_same_number(lot: Lot) -> QuerySet[Lot]:
    """The clinic's lots of this product and number: the same lot is there twice where a pharmacy dispensed from it too."""
    same = {name: getattr(lot, name) for name in ("clinic_id", "treatment", "route", "lot_number")}
    return Lot.objects.filter(**same).order_by("pk")


def is_recalled(lot: Lot) -> bool:
    """Whether a recall of this lot number is entered and was not taken back."""
    return LedgerLine.objects.filter(lot__in=of_same_number(lot), kind="recall", corrections=None).exists()


def usable(person: Person, treatment: str, route: str, day: date) -> list[Lot]:
    """The lots from which this person can get a dose on that day, the first to expire first, in a fixed number of queries."""
    given_by = {(p.treatment, p.route, p.mg_per_device) for p in products().products if route in p.given}
    found = Lot.objects.filter(clinic_id=person.clinic_id, treatment=treatment, expires__gte=day)
    ids, recalls = set(person.ids()), LedgerLine.objects.filter(kind="recall", corrections=None)
    recalls = recalls.filter(lot__clinic_id=person.clinic_id, lot__treatment=treatment)
    recalled = set(recalls.values_list("lot__route", "lot__lot_number"))
    lots = [
        lot
        for lot in found
        if (lot.treatment, lot.route, lot.mg_per_device) in given_by
        and (lot.person_id is None or lot.person_id in ids)
        and (lot.route, lot.lot_number) not in recalled
    ]
    left = all_on_hand(lots)
    return [lot for lot in lots if left.get(lot.pk, 0) > 0]


@transaction.atomic
def use(
    lot_id: int,
    n_devices: int,
    *,
    session: uuid.UUID,
    person: Person,
    actor: Actor,
    once: uuid.UUID,
    treatment: str = "",
    route: str = "",
    mg: float | None = None,
) -> LedgerLine:
    """The line of a dose, in the dose's own transaction: the caller's transaction fails where this raises `Refused`.

    `treatment` and `route` are the order's: with them, a lot of another product is refused. `mg` is what was given of these
    devices; without it, all that they hold. 0 devices with an `mg` are given from vials that were opened before. The same `once`
    sent twice is one line.
    """
    session = getattr(session, "pk", session)
    lot = locked(lot_id, actor)
    if (known := sent_before(once, lot=lot, kind="use", session_id=session)) is not None:
        return known
    product = product_of(lot)
    _refuse_another_product(lot, treatment, route)
    mg = _mg_given(lot, n_devices, mg)
    if lot.person_id is not None and lot.person_id not in person.ids():
        raise Refused(
            _("Lot %s was dispensed for another person. Nothing was booked. Take a lot of the clinic's own.")
            % lot.lot_number
        )
    today = timezone.localdate(timezone=lot.clinic.zone)
    if is_recalled(lot):
        raise Refused(_("Lot %s is recalled. Nothing was booked. Take another lot.") % lot.lot_number)
    if lot.expires < today:
        raise Refused(
            _("Lot %(lot)s expired on %(day)s. Nothing was booked. Take another lot.")
            % {"lot": lot.lot_number, "day": lot.expires.isoformat()}
        )
    left = on_hand(lot)
    if n_devices > left:
        raise Refused(
            _("Lot %(lot)s has %(left)s on hand by the ledger, and %(n)s are needed. Nothing was booked. %(remedy)s")
            % {
                "lot": lot.lot_number,
                "left": counted(left, product),
                "n": n_devices,
                "remedy": _("Take another lot, or count this one and explain the difference."),
            }
        )
    return add_line(lot, "use", -n_devices, actor, once, session_id=session, person=person, mg=mg)


def _refuse_another_product(lot: Lot, treatment: str, route: str) -> None:
    product = product_of(lot)
    if (treatment and treatment != product.treatment) or (route and route not in product.given):
        raise Refused(
            _(
                "Lot %(lot)s is %(product)s; the order is %(ordered)s. Nothing was booked. Take a lot of what is ordered."
            )
            % {"lot": lot.lot_number, "product": product.label, "ordered": f"{treatment} {route}".strip()}
        )


def _mg_given(lot: Lot, n_devices: int, mg: float | None) -> float:
    """mg of this use. Refuses a number that is no number of devices, and a dose in another unit than mg."""
    product = product_of(lot)
    is_number = isinstance(n_devices, int) and not isinstance(n_devices, bool) and n_devices >= 0
    if not is_number or (n_devices == 0 and mg is None):
        raise Refused(
            _("A use is entered in whole %s, 1 or more. Nothing was booked. Enter how many were used.") % product.units
        )
    held, opened = n_devices * lot.mg_per_device, remainder(lot)
    given = held if mg is None else mg
    words = {"mg": f"{given:g}", "n": counted(n_devices, product), "held": f"{held:g}", "lot": lot.lot_number}
    told = _("%(n)s of lot %(lot)s hold %(held)s mg, and the dose is %(mg)s mg. Nothing was booked.") % words
    if product.is_whole and abs(given - held) > NEARLY_NONE:
        raise Refused(f"{told} {_('Enter mg and devices that agree.')}")
    if given <= 0 or given - held > opened + NEARLY_NONE:
        rest = _("Opened ones hold %s mg more. Check the unit: doses are in mg.") % f"{opened:g}"
        raise Refused(f"{told} {rest}")
    return given


@transaction.atomic
def give_back(
    lot_id: int, n_devices: int, *, session: uuid.UUID, person: Person, actor: Actor, once: uuid.UUID, note: str
) -> LedgerLine:
    """Takes back a use that did not happen: a dose that the sheet corrected. `note` says why.

    Refuses more than the session used of the lot. A device that was used and spoilt is not given back: it is waste.
    """
    session = getattr(session, "pk", session)
    lot = locked(lot_id, actor)
    if (known := sent_before(once, lot=lot, kind="correction", session_id=session)) is not None:
        return known
    used = lot.lines.filter(kind="use", session_id=session).order_by("-number").first()
    sums = lot.lines.filter(_from_vials(), session_id=session).aggregate(
        n=Coalesce(-Sum("n_devices"), 0), mg=Coalesce(Sum("mg"), 0.0)
    )
    is_all = n_devices == sums["n"] and sums["mg"] > NEARLY_NONE
    if used is None or not (is_all or 0 < n_devices < sums["n"]):
        raise Refused(
            _("This session has used %(n)s of lot %(lot)s by the ledger. Nothing was booked. Enter no more than that.")
            % {"n": counted(sums["n"], product_of(lot)), "lot": lot.lot_number}
        )
    if not note.strip():
        raise Refused(_("Say why it is taken back. Nothing was booked."))
    mg = -sums["mg"] if is_all else -sums["mg"] * n_devices / sums["n"]
    return add_line(
        lot, "correction", n_devices, actor, once, session_id=session, person=person, mg=mg, corrects=used, note=note
    )


def locked(lot_id: int, actor: Actor) -> Lot:
    """The lot of the actor's clinic, held until the end of the transaction: SQLite's transactions are immediate, PostgreSQL
    locks the row."""
    found = Lot.objects.filter(pk=lot_id, clinic_id=actor.clinic_id).select_for_update(of=("self",))
    lot = found.select_related("clinic").first()
    if lot is None:
        raise Refused(_("This lot is not in the clinic's stock. Nothing was booked. Receive it first."))
    return lot


def lock_clinic(actor: Actor) -> Clinic:
    """The actor's clinic, held until the end of the transaction: lots are added by one person at a time."""
    return Clinic.objects.select_for_update(no_key=True).get(pk=actor.clinic_id)


def sent_before(once: uuid.UUID, **same) -> LedgerLine | None:
    """The line that this page made when it was sent before. Refuses another line under the same `once`."""
    known = LedgerLine.objects.filter(once=once).first()
    if known is not None and any(getattr(known, name) != value for name, value in same.items()):
        raise Refused(
            _("This page was sent before, as ledger line %s. Nothing was booked. Load it again.") % known.number
        )
    return known


def add_line(lot: Lot, kind: str, n_devices: int, actor: Actor, once: uuid.UUID, **more) -> LedgerLine:
    """Writes the line, with its event."""
    more["note"] = more.get("note", "").strip()
    line = LedgerLine.objects.create(
        lot=lot,
        kind=kind,
        n_devices=n_devices,
        actor=actor.name,
        user_id=actor.user_id,
        at=timezone.now(),
        once=once,
        **more,
    )
    detail = {"lot": lot.pk, "line": line.number, "kind": kind}
    events.record(actor, Action.WRITE_STOCK, person=more.get("person"), detail=detail)
    return line


def counted(n: int, product: Product) -> str:
    """The number with the product's unit: "1 device", "3 vials"."""
    return f"{n} {product.unit if n == 1 else product.units}"
