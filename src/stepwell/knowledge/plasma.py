"""The form of a published set of parameters from which a concentration in plasma can be drawn over time.

A set is a network: places that hold an amount, passages between them, intakes by which a dose comes in. Everything is linear, so
that `plasma_curve` can solve it exactly. What is drawn from it is an illustration of how the drug comes and goes in the
people whom the authors studied. It never says what anybody's own concentration was, and nothing in stepwell is decided by it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from .cited import Cited, Form, Percent, exactly_one, quantity
from .criteria import Id
from .definition import Status

Litres = Annotated[float, quantity("a volume", {"L": 1})]
LitresPerHour = Annotated[float, quantity("a flow", {"L/h": 1, "L/min": 60})]
PerHour = Annotated[float, quantity("a rate", {"per hour": 1})]
Hours = Annotated[float, quantity("a time", {"hours": 1, "hour": 1, "minutes": 1 / 60, "minute": 1 / 60})]
DoseMg = Annotated[float, quantity("a dose", {"mg": 1})]
MgPerKg = Annotated[float, quantity("a dose by weight", {"mg/kg": 1})]
Kg = Annotated[float, quantity("a weight", {"kg": 1})]
NgPerMl = Annotated[float, quantity("a concentration", {"ng/mL": 1})]
NgHoursPerMl = Annotated[float, quantity("an area", {"ng*h/mL": 1})]


class Place(Form):
    """One compartment. Without a volume it holds an amount only, such as the nose."""

    id: Id
    volume: Litres | None = None


class Passage(Form):
    """How the drug goes from one place to another, or leaves: by a flow of plasma or by a rate."""

    from_: Id = Field(alias="from")
    to: Id | None = None
    """Empty: it leaves."""
    flow: LitresPerHour | None = None
    rate: PerHour | None = None
    both_ways: bool = False
    """The same flow goes back."""

    _one = exactly_one("flow", "rate")


class Intake(Form):
    """One way in which a dose, or each device of it, comes in."""

    into: Id
    share: Percent | None = None
    """So much of it; empty: what the other intakes leave."""
    later: Percent = 100
    """Of a second and further device, this share of that share."""
    passing: Percent = 100
    """Of what goes this way, so much is not lost on it."""
    over: Hours | None = None
    """Evenly over so long; empty: at once, or as long as the infusion."""


class Devices(Cited):
    """A dose is sprayed by devices of so much, one after the other."""

    each: DoseMg
    apart: Hours


class Infusion(Cited):
    """A dose runs in by weight, evenly."""

    per_kg: MgPerKg
    weight: Kg
    """Of the person drawn."""
    over: Hours


class OtherHalf(Cited):
    """The other form of a racemic drug, half of each dose: the same places, but other clearance."""

    clearance: Percent
    """Of that of the form described."""


class Measured(Form):
    """One substance whose concentration is given."""

    id: Id
    label: str
    place: Id
    is_drawn: bool = True


class Exposure(Cited):
    """What was published of one dose, to check the set by."""

    of: Id
    dose: DoseMg
    over: Hours | None = None
    """Of an infusion other than the usual one."""
    single_form: bool = False
    """Of the form described alone, not of the racemic drug."""
    cmax: NgPerMl | None = None
    auc: NgHoursPerMl | None = None
    """From 0 to 24 hours."""
    fits: bool = True
    """Whether the set gives these figures again, within two per cent. False: it is known that it does not, and why is said."""
    note: str | None = None

    @model_validator(mode="after")
    def _has_a_figure(self):
        if self.cmax is None and self.auc is None:
            raise ValueError("nothing to check by; write cmax, auc, or both")
        if not self.fits and not self.note:
            raise ValueError("what does not fit needs a word; write note: why")
        return self


class Plasma(Form):
    """One file of `plasma/`: a published parameter set, by whom, for whom, and how well it gives published figures again."""

    id: Id
    status: Status
    label: str
    summary: str
    treatment: Id
    """The treatment in sessions that it is drawn under."""
    route: Literal["nasal", "intravenous"]
    sampled: str
    """Where blood was taken: arteries and veins give different curves."""
    people: str
    by_default: bool = False
    """Whether it is the one drawn where none is asked for."""
    devices: Devices | None = None
    infusion: Infusion | None = None
    places: tuple[Place, ...] = Field(min_length=1)
    passages: tuple[Passage, ...] = Field(min_length=1)
    intakes: tuple[Intake, ...] = Field(min_length=1)
    parameters_from: Cited
    other_half: OtherHalf | None = None
    measured: tuple[Measured, ...] = Field(min_length=1)
    published: tuple[Exposure, ...] = ()
    not_held: tuple[str, ...] = ()

    _one = exactly_one("devices", "infusion")

    @model_validator(mode="after")
    def _holds_together(self):
        places = {place.id: place for place in self.places}
        named = [*(p.from_ for p in self.passages), *(p.to for p in self.passages if p.to)]
        named += [*(i.into for i in self.intakes), *(m.place for m in self.measured)]
        unknown = sorted({name for name in named if name not in places})
        if unknown:
            raise ValueError(f"{', '.join(unknown)} is no place of this set; write it under places")
        flows = [p for p in self.passages if p.flow is not None]
        ends = {p.from_ for p in flows} | {p.to for p in flows if p.both_ways} | {m.place for m in self.measured}
        without = sorted(name for name in ends if name is None or places[name].volume is None)
        if without:
            raise ValueError(f"{', '.join(map(str, without))} has no volume; write volume")
        if sum(i.share is None for i in self.intakes) > 1:
            raise ValueError("two intakes take what the others leave; write share for one of them")
        measured = {m.id for m in self.measured}
        strangers = sorted({e.of for e in self.published} - measured)
        if strangers:
            raise ValueError(f"{', '.join(strangers)} is not measured in this set; write it under measured")
        return self
