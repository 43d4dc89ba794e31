"""How many units of an authorisation are used: the one home of that rule. Signed sessions count, each by the unit that the payer
counts in; what was used elsewhere is what the office typed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import stepwell

if TYPE_CHECKING:
    from stepwell.clinic.sessions.sheets import Sheet

    from .models import Authorisation

UNITS = (
    ("mg", gettext_lazy("1 mg of the drug")),
    ("visit", gettext_lazy("1 visit")),
    ("device", gettext_lazy("1 device")),
)


@dataclass(frozen=True)
class Unit:
    """What one unit is: `kind` `mg`, `visit`, `device`, or empty where nobody can say; `mg` in one unit; who says so."""

    kind: str
    mg: float = 1
    said_by: str = ""


@dataclass(frozen=True)
class Used:
    """One line of the sum. `units` None: it cannot be counted. `counts` False: it is shown and not counted yet."""

    what: str
    units: float | None
    day: date | None = None
    session: UUID | None = None
    counts: bool = True


@dataclass(frozen=True)
class UseOfUnits:
    """The sum line by line. `used` and `left` are None where a line cannot be counted, `left` also where no units are stated."""

    unit: Unit
    lines: tuple[Used, ...]
    units: int | None

    @property
    def used(self) -> float | None:
        """All units that are used."""
        counted = [line.units for line in self.lines if line.counts]
        return None if None in counted else _whole(sum(counted))

    @property
    def left(self) -> float | None:
        """Those that are not used; below 0 where more were used than authorised."""
        return None if self.units is None or self.used is None else _whole(self.units - self.used)

    @property
    def last(self) -> float | None:
        """What the last counted session used; None where there is none."""
        return next((line.units for line in reversed(self.lines) if line.counts and line.session), None)

    @property
    def in_words(self) -> str:
        """`88 of 1288`, or why nobody can say; empty where no units are stated."""
        if self.units is None:
            return ""
        if self.left is None:
            return _("not known: enter what one unit is")
        if self.left < 0:
            return _("0 of %(all)s; %(over)s more were used") % {"all": self.units, "over": -self.left}
        return _("%(left)s of %(all)s") % {"left": self.left, "all": self.units}

    def before(self, session: UUID) -> float | None:
        """What was left before that session, by the order in which sessions were given."""
        if self.units is None:
            return None
        left: float = self.units
        for line in self.lines:
            if line.session == session:
                return left
            if line.counts and line.units is None:
                return None
            left -= (line.units or 0) if line.counts else 0
        return left

    def of(self, session: UUID) -> float | None:
        """What that session uses, signed or not."""
        return next((line.units for line in self.lines if line.session == session), None)


def _whole(number: float) -> float:
    """The number without decimals where it has none."""
    return int(number) if float(number).is_integer() else round(number, 2)


def unit_of(one: Authorisation) -> Unit:
    """What one unit of the authorisation is: as the office read it in the payer's answer, else by the code it is issued for."""
    code = next((c for t in stepwell.load_knowledge().treatments.values() for c in t.codes if c.code == one.code), None)
    mg = code.mg_per_unit if code is not None and code.mg_per_unit is not None else 1
    if one.unit:
        return Unit(one.unit, mg, _("as entered"))
    if code is None:
        return Unit("")
    return Unit("visit" if code.mg_per_unit is None else "mg", mg, _("by the code %s") % one.code)


def use_of(one: Authorisation) -> UseOfUnits:
    """The use of one authorisation, session by session."""
    return uses_of([one])[one.pk]


def preload(authorisations: Iterable[Authorisation]) -> list[Authorisation]:
    """The authorisations, each with its use read already: one look at the sessions for all of them."""
    wanted = list(authorisations)
    uses = uses_of(wanted)
    for one in wanted:
        one.preloaded_use = uses[one.pk]
    return wanted


def uses_of(authorisations: Iterable[Authorisation]) -> dict[UUID, UseOfUnits]:
    """The use of each authorisation. A session counts for the authorisation of the order by which its dose was given."""
    from stepwell.clinic.sessions import sheets
    from stepwell.clinic.sessions.models import Order, Session

    wanted = list(authorisations)
    families = Order.objects.filter(authorisation__in=wanted).values("order")
    found = [sheet for sheet in sheets.of_sessions(Session.objects.filter(order__order__in=families)) if sheet.is_given]
    return {one.pk: _sum(one, [s for s in found if s.order.authorisation_id == one.pk]) for one in wanted}


def _sum(one: Authorisation, given: list[Sheet]) -> UseOfUnits:
    unit = unit_of(one)
    lines = [_line(sheet, unit) for sheet in given]
    if one.units_used:
        lines.insert(0, Used(_("used elsewhere, as the office entered"), one.units_used))
    return UseOfUnits(unit, tuple(lines), one.units)


def needed(one: Authorisation, sheet: Sheet) -> float | None:
    """How many units a planned session will use by its order; None where nobody can say what one unit is."""
    unit = unit_of(one)
    units = {"mg": _whole(sheet.order.dose_mg / unit.mg), "visit": 1, "device": sheet.n_devices_ordered}
    return units.get(unit.kind)


def _line(sheet: Sheet, unit: Unit) -> Used:
    n_devices = sum(len(dose.devices) for dose in sheet.doses)
    units = {"mg": _whole(sheet.mg / unit.mg), "visit": 1, "device": n_devices}.get(unit.kind)
    words = _("session: %(mg)g mg, %(n)d devices") % {"mg": sheet.mg, "n": n_devices}
    if not sheet.is_signed:
        words += " · " + _("not signed, not counted yet")
    return Used(words, units, sheet.day, sheet.session.pk, sheet.is_signed)
