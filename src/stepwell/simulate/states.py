"""The words of the model: states, events, outcomes, treatments, and what counts as resistant. Numbers are fixed for good."""

from __future__ import annotations

from enum import IntEnum


class State(IntEnum):
    """What a person is in, at any time exactly one."""

    TRIAL = 0
    """Ill, in the acute phase of a trial (or of esketamine beside a new trial)."""
    BETWEEN = 1
    """Ill, the next treatment decided and not yet begun."""
    STAYS = 2
    """Ill, in care, staying on a treatment that did not help."""
    LOST = 3
    """Ill, out of care, without treatment."""
    COURSE = 4
    """Ill, in a course of ketamine, ECT or TMS."""
    RESPONSE = 5
    """Better, not well: response without remission."""
    REMISSION = 6
    """Well, for less than the time that makes a recovery."""
    RECOVERY = 7
    """Well for longer: what comes back now is a new episode."""
    DEAD = 8


class Event(IntEnum):
    """What happens to a person. `what` and `value` of a row of the event table mean what is said here, and else are -1 and 0."""

    ENTERED = 0
    """The first row of everybody; `value` is the age in years."""
    STARTED = 1
    """A trial begins while no antidepressant runs; `what` is the row of `drug.csv`, `value` 1 if its dose becomes adequate."""
    SWITCHED = 2
    """The same, in place of what ran."""
    ADDED = 3
    """The same, beside what runs."""
    DRUG_STOPPED = 4
    """A drug is taken no more; `what` is its row. The last day taken is the day before this one."""
    RESPONDED = 5
    """Response without remission is reached."""
    REMITTED = 6
    """Remission is reached."""
    FAILED = 7
    """A trial or course is over without response; `value` is the Outcome."""
    RELAPSED = 8
    """Ill again before recovery, or response lost."""
    RECOVERED = 9
    """Remission has lasted long enough to be a recovery."""
    RECURRED = 10
    """Ill again after recovery: the first row of a new episode."""
    STAYED = 11
    """No next step for now; the treatment goes on."""
    LEFT = 12
    """Out of care."""
    RETURNED = 13
    """Seeks a next step after having stayed or left."""
    COURSE_BEGAN = 14
    """`what` is the Treatment; `value` 1 if it is given again after a relapse."""
    EARLY_RESPONSE = 15
    """Response on the day after the first dose; `what` is the Treatment. It may not last."""
    COURSE_ENDED = 16
    """The acute sessions are over; `what` is the Treatment, `value` the sessions given."""
    MAINTENANCE_BEGAN = 17
    """`what` is the Treatment."""
    MAINTENANCE_ENDED = 18
    """`what` is the Treatment, `value` the sessions given."""
    THERAPY_BEGAN = 19
    """Psychotherapy in the days after doses."""
    THERAPY_ENDED = 20
    """Its assumed effect is over."""
    DECIDED = 24
    """A next treatment is decided on and begins later; `what` is the Treatment, -1 for a trial alone."""
    RESISTANT = 21
    """`what` is the Resistance that is met, for the first time in the episode."""
    DIED = 22
    """`value` is the Cause."""
    ENDED = 23
    """Alive at the horizon. Everybody's last row is this one or DIED."""


class Outcome(IntEnum):
    """What a trial or a course does."""

    REMISSION = 0
    RESPONSE = 1
    INTOLERANCE = 2
    GIVEN_UP = 3
    """Stopped by the person before it could be judged."""
    NO_RESPONSE = 4


class Treatment(IntEnum):
    """What is given in courses."""

    ESKETAMINE = 0
    """Beside a new trial, whose odds it changes."""
    KETAMINE = 1
    ECT = 2
    TMS = 3


class Resistance(IntEnum):
    """Rival truths about who is resistant, each judged within an episode."""

    TWO_FAILED = 0
    """Two different antidepressants failed: adequate in dose and length, and no response. Policies count by this one."""
    THIRD_START = 1
    """A third different antidepressant begins, whatever became of the others: what claims can see."""
    TWO_STEPS = 2
    """Two steps (trials or courses) are over without remission, for whatever reason."""


class Cause(IntEnum):
    """What a person dies of."""

    OTHER = 0
    SUICIDE = 1
