"""The forms of treatments given in sessions: what in the records is a session of one, what a series is, and by which days it is
followed. What a series should be like stands in `regimen.py`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from .cited import Cited, Day, Days, Form, Mg, Sessions
from .criteria import AtMostDays, Diagnosed, Id
from .definition import Status

Route = Literal["nasal", "intravenous", "intramuscular", "subcutaneous", "oral", "other"]


class BillingCode(Cited):
    """A code that stands for a session: a visit with the drug in it, up to or above so many mg, or a unit of the drug."""

    code: str
    valid_from: Day | None = None
    valid_until: Day | None = None
    mg_per_unit: Mg | None = None
    mg_at_most: Mg | None = None
    mg_above: Mg | None = None

    @model_validator(mode="after")
    def _is_a_unit_or_a_visit(self):
        if sum(v is not None for v in (self.mg_per_unit, self.mg_at_most, self.mg_above)) != 1:
            raise ValueError(
                "a code says what a unit holds or how much a visit does; write one of mg_per_unit, mg_at_most, mg_above"
            )
        return self


class PossibleDose(Cited):
    """What a record of one session can give as its dose. Anything else is another unit or a slip, and read as unknown."""

    at_least: Mg
    at_most: Mg
    multiple_of: Mg | None = None

    @model_validator(mode="after")
    def _is_a_range(self):
        if self.at_most < self.at_least or self.multiple_of == 0:
            raise ValueError("no dose is possible; write at_least, at_most not below it, and multiple_of above 0")
        return self


class Routes(Cited):
    """A session is given in one of these ways."""

    any_of: tuple[Route, ...] = Field(min_length=1)


class DoseAtMost(Cited):
    """More than this in one day is given for something else."""

    at_most: Mg


class Apart(Cited):
    """On a day with a procedure of these code sets the drug is given for that."""

    any_of: tuple[Id, ...] = Field(min_length=1)


class Repeated(Cited):
    """So many days within so many days, anywhere in the series, are a treatment; a single day may be anything."""

    at_least: Annotated[Sessions, Field(ge=2)]
    within: Days


class Again(Cited):
    """An unbroken series begins anew, as a re-induction, with the first of so many sessions within so many days that come more
    than `after` days after its first session and at least `pause` days after the session before."""

    at_least: Annotated[Sessions, Field(ge=2)]
    within: Days
    after: Days
    pause: Days


class Checkpoint(Cited):
    """The latest score from day `first` to day `last` after the first session (day 0) tells how it stands then."""

    label: str
    first: Days
    last: Days

    @model_validator(mode="after")
    def _is_a_window(self):
        if self.last < self.first or self.first < 1:
            raise ValueError(
                "the window holds no day after the first session; write first as the day after or later, and last not below it"
            )
        return self


class Treatment(Form):
    """One treatment given in sessions. A field that is left empty is not asked."""

    id: Id
    status: Status
    label: str
    summary: str
    ingredients: tuple[Id, ...] = ()
    procedures: tuple[Id, ...] = ()
    """Code sets of its procedures and visits."""
    codes: tuple[BillingCode, ...] = ()
    phases_of: Id | None = None
    """The regimen whose phases its series are divided into."""
    alive: Cited
    given: Cited
    possible: PossibleDose | None = None
    routes: Routes | None = None
    dose: DoseAtMost | None = None
    apart: Apart | None = None
    diagnosed: Diagnosed | None = None
    repeated: Repeated | None = None
    pause: AtMostDays
    """A longer pause between two sessions begins a new series."""
    again: Again | None = None
    checkpoints: tuple[Checkpoint, ...] = ()

    @model_validator(mode="after")
    def _has_something_to_look_for(self):
        if not self.ingredients and not self.procedures:
            raise ValueError("nothing says what to look for; write ingredients, procedures, or both")
        return self


class Baseline(Cited):
    """The latest score from so many days before the first session to its day."""

    before: Days


class Bridge(Cited):
    """An antidepressant begun from so many days before the first session to so many days after it, and taken on the day that lies
    `still` days after the last session, has taken over."""

    before: Days
    after: Days
    still: Days


class Stretches(Cited):
    """How many days before the first session and after the last one medicines are counted in."""

    before: Days
    after: Days


class Lost(Cited):
    """Response is lost with the first later score that is no response any more. Within so many days of onset that is a relapse,
    later a recurrence."""

    relapse_within: Days


class Around(Cited):
    """Episodes begun in so many days before the first session are counted beside those of so many days after the last."""

    days: Days


class Following(Form):
    """`effect.yaml`: how a series is followed, whatever the treatment."""

    baseline: Baseline
    after_end: AtMostDays
    """Scores so long after the last session, or up to the next series, still tell of this one."""
    lost: Lost
    bridge: Bridge
    stretches: Stretches
    episodes: Around
