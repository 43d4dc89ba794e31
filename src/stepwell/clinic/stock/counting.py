"""Counts: what is in the cabinet against what the ledger says."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext as _

from stepwell.clinic.access.models import Clinic
from stepwell.clinic.access.policy import Actor

from .ledger import Refused, add_line, all_on_hand, counted, lock_clinic, locked
from .models import LedgerLine, Lot
from .products import product_of, products


@dataclass(frozen=True)
class Count:
    """What was counted of one lot. `seen` is what the ledger said when the page was made; `why` explains a difference."""

    n: int
    seen: int
    why: str = ""


class Differs(Refused):
    """Counts differ from the ledger without an explanation: `lots` says by how much, by lot."""

    def __init__(self, lots: dict[int, str]):
        self.lots = lots
        super().__init__(
            _("What was counted differs from the ledger. Nothing was booked yet. Explain each difference.")
        )


class Stale(Refused):
    """The ledger changed while somebody counted: `lots` are to be counted again."""

    def __init__(self, lots: list[Lot]):
        self.lots = lots
        numbers = ", ".join(lot.lot_number for lot in lots)
        super().__init__(
            _("Since this page was made, the ledger changed for: %s. Nothing was booked. Count it again.") % numbers
        )


@transaction.atomic
def take(
    counts: Mapping[int, Count], *, actor: Actor, once: uuid.UUID, note: str = "", is_complete: bool = False
) -> list[LedgerLine]:
    """A line for each lot that was counted; all of them or none. The ledger then says what was counted.

    `is_complete` says that everything on hand was counted: then no lot may be missing, and it counts as the count that the law
    asks for. `note` says as of when.
    """
    clinic = lock_clinic(actor)
    names = {lot_id: uuid.uuid5(once, str(lot_id)) for lot_id in counts}
    known = list(LedgerLine.objects.filter(once__in=names.values()))
    if known:
        return known
    lots = {lot_id: locked(lot_id, actor) for lot_id in sorted(counts)}
    on_hand = all_on_hand(lots.values())
    _refuse_stale(clinic, lots, counts, on_hand, is_complete)
    differing = {
        pk: _("Counted %(n)s, the ledger says %(left)s.")
        % {"n": one.n, "left": counted(on_hand.get(pk, 0), product_of(lots[pk]))}
        for pk, one in counts.items()
        if one.n != on_hand.get(pk, 0) and not one.why.strip()
    }
    if differing:
        raise Differs(differing)
    return [
        add_line(
            lots[pk],
            "count",
            one.n - on_hand.get(pk, 0),
            actor,
            names[pk],
            counted=one.n,
            inventory=once if is_complete else None,
            note=" ".join(filter(None, (note.strip(), one.why.strip()))),
        )
        for pk, one in counts.items()
    ]


def _refuse_stale(clinic: Clinic, lots: dict, counts: Mapping[int, Count], on_hand: dict, is_complete: bool) -> None:
    moved = [lots[pk] for pk, one in counts.items() if one.seen != on_hand.get(pk, 0)]
    if is_complete:
        moved += [lot for lot in lots_on_hand(clinic) if lot.pk not in lots]
    if moved:
        raise Stale(moved)


def lots_on_hand(clinic: Clinic) -> list[Lot]:
    """The lots of which the ledger says that something is on hand, the first to expire first."""
    lots = list(Lot.objects.filter(clinic=clinic).select_related("person"))
    left = all_on_hand(lots)
    return [lot for lot in lots if left.get(lot.pk)]


@dataclass(frozen=True)
class NextCount:
    """When everything must be counted. `last` is None where the ledger has no complete count; `day` where it has no line."""

    last: date | None
    day: date | None


def next_count(clinic: Clinic) -> NextCount:
    """By when all that is on hand is to be counted: years after the last complete count, else after the first line."""
    lines = LedgerLine.objects.filter(lot__clinic=clinic)
    last = lines.filter(inventory__isnull=False).order_by("-number").first()
    first = last.at if last else lines.aggregate(at=Min("at"))["at"]
    if first is None:
        return NextCount(None, None)
    day = first.astimezone(clinic.zone).date()
    return NextCount(day if last else None, _years_later(day, products().rules["count_every_years"].value))


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return date(day.year + years, 2, 28)
