"""What the pages show of the stock: lots with what is on hand, the lines of a time, who received a lot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q, Sum
from django.utils import timezone

from stepwell.clinic.access.models import Clinic

from .ledger import all_on_hand, of_same_number
from .models import LedgerLine, Lot
from .products import Product, product_of

SOON = timedelta(days=60)
"""From how many days before its expiry a lot is shown as expiring soon."""


@dataclass(frozen=True)
class LotRow:
    """One lot as the list shows it."""

    lot: Lot
    product: Product
    on_hand: int
    is_recalled: bool
    state: str
    """`recalled`, `expired`, `soon` or `good`."""


def lots_of(clinic: Clinic, today: date) -> list[LotRow]:
    """The clinic's lots by product, the first to expire first."""
    lots = list(Lot.objects.filter(clinic=clinic).select_related("person"))
    on_hand = all_on_hand(lots)
    recalls = LedgerLine.objects.filter(lot__clinic=clinic, kind="recall", corrections=None)
    recalled = set(recalls.values_list("lot__treatment", "lot__route", "lot__lot_number"))
    rows = []
    for lot in lots:
        is_recalled = (lot.treatment, lot.route, lot.lot_number) in recalled
        state = _state(lot, is_recalled, today)
        rows.append(LotRow(lot, product_of(lot), on_hand.get(lot.pk, 0), is_recalled, state))
    return sorted(rows, key=lambda row: (row.product.label, row.lot.expires, row.lot.lot_number, row.lot.pk))


def _state(lot: Lot, is_recalled: bool, today: date) -> str:
    if is_recalled:
        return "recalled"
    if lot.expires < today:
        return "expired"
    return "soon" if lot.expires <= today + SOON else "good"


@dataclass(frozen=True)
class LineRow:
    """One line as the ledger shows it. `left` is what was on hand of its lot after it."""

    line: LedgerLine
    product: Product
    left: int
    by: str


def lines_of(clinic: Clinic, first: date, last: date, lot: Lot | None = None) -> list[LineRow]:
    """The lines of these days in the clinic's zone, the oldest first."""
    start = datetime.combine(first, time.min, clinic.zone)
    end = datetime.combine(last + timedelta(days=1), time.min, clinic.zone)
    lines = LedgerLine.objects.filter(lot__clinic=clinic)
    if lot is not None:
        lines = lines.filter(lot=lot)
    before = lines.filter(at__lt=start).values("lot_id").annotate(n=Sum("n_devices")).order_by()
    left = {row["lot_id"]: row["n"] for row in before}
    rows = []
    found = lines.filter(at__gte=start, at__lt=end).select_related("lot", "person", "user", "witness", "corrects")
    for line in found.order_by("number"):
        left[line.lot_id] = left.get(line.lot_id, 0) + line.n_devices
        by = line.user.full_name if line.user else line.actor
        rows.append(LineRow(line, product_of(line.lot), left[line.lot_id], by))
    return rows


def first_day(clinic: Clinic) -> date:
    """The day of the first line; today where there is none."""
    first = LedgerLine.objects.filter(lot__clinic=clinic).order_by("number").first()
    return (first.at if first else timezone.now()).astimezone(clinic.zone).date()


@dataclass(frozen=True)
class Recipient:
    """One person who received a lot: on which days, how many devices or how many mg."""

    person: object
    days: tuple[date, ...]
    n_devices: int
    mg: float


def recipients(lot: Lot) -> list[Recipient]:
    """Who received devices of this lot number, by name; a use that was taken back does not count."""
    lines = LedgerLine.objects.filter(Q(kind="use") | Q(corrects__kind="use"), lot__in=of_same_number(lot))
    visits: dict = {}
    for line in lines.select_related("person").order_by("number"):
        visits.setdefault((line.person, line.session_id), []).append(line)
    by_person: dict = {}
    for (person, _session), found in visits.items():
        mg = sum(line.mg or 0 for line in found)
        if mg > 0:
            day = found[0].at.astimezone(lot.clinic.zone).date()
            by_person.setdefault(person.survivor(), []).append((day, -sum(line.n_devices for line in found), mg))
    people = sorted(by_person, key=lambda one: (one.family_name, one.given_name, str(one.pk)))
    return [_recipient(person, by_person[person]) for person in people]


def _recipient(person, visits: Iterable[tuple[date, int, float]]) -> Recipient:
    visits = list(visits)
    days = tuple(sorted({day for day, _, _ in visits}))
    return Recipient(person, days, sum(n for _, n, _ in visits), sum(mg for _, _, mg in visits))
