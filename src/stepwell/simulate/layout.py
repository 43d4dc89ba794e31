"""How the compiled walk keeps what it reads and writes: plain records and columns, one declaration each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .quantities import STEPS
from .states import Resistance, State, Treatment

DRUGS = 64
"""Rows that `drug.csv` may have: one bit each."""

_BY_STEP, _BY_DRUG, _BY_TREATMENT = (STEPS,), (DRUGS,), (len(Treatment),)

PARAMETERS = np.dtype(
    [
        ("horizon", "f8"),
        ("failed_before", "i8"),
        # who
        ("female", "f8"),
        ("youngest", "f8"),
        ("usual", "f8"),
        ("oldest", "f8"),
        ("frailty_sd", "f8"),
        ("never", "f8"),
        # death: hazards per day
        ("death_rate", "f8"),
        ("death_growth", "f8"),
        ("death_at_age", "f8"),
        ("death_years", "f8"),
        ("death_ill", "f8"),
        ("suicide_ill", "f8"),
        ("suicide_resistant", "f8"),
        ("suicide_well", "f8"),
        # trial
        ("remission_odds", "f8", _BY_STEP),
        ("response_odds", "f8", _BY_STEP),
        ("intolerance", "f8", _BY_STEP),
        ("given_up", "f8"),
        ("onset_least", "f8"),
        ("onset_mean", "f8"),
        ("onset_reached", "f8"),
        ("intolerance_least", "f8"),
        ("intolerance_width", "f8"),
        ("given_up_least", "f8"),
        ("given_up_width", "f8"),
        ("judged_least", "f8"),
        ("judged_width", "f8"),
        ("underdosed", "f8"),
        ("adequate_days", "f8"),
        # next step
        ("goes_on", "f8", _BY_STEP),
        ("goes_on_relapsed", "f8"),
        ("at_once", "f8"),
        ("pause_least", "f8"),
        ("pause_width", "f8"),
        ("adds", "f8"),
        ("adds_antidepressant", "f8"),
        ("stays", "f8"),
        ("stays_remission_rate", "f8"),
        ("stays_step_rate", "f8"),
        ("lost_remission_rate", "f8"),
        ("lost_return_rate", "f8"),
        # being well
        ("relapse_shape", "f8"),
        ("remission_scale", "f8", _BY_STEP),
        ("response_scale", "f8", _BY_STEP),
        ("recovery_days", "f8"),
        ("after_recovery", "f8"),
        ("continued_least", "f8"),
        ("continued_width", "f8"),
        ("kept", "f8"),
        # courses
        ("beside", "i8", _BY_TREATMENT),
        ("course_remission_odds", "f8", _BY_TREATMENT),
        ("course_response_odds", "f8", _BY_TREATMENT),
        ("course_stopped", "f8", _BY_TREATMENT),
        ("course_onset_least", "f8", _BY_TREATMENT),
        ("course_onset_mean", "f8", _BY_TREATMENT),
        ("course_onset_reached", "f8", _BY_TREATMENT),
        ("course_days", "f8", _BY_TREATMENT),
        ("course_sessions", "f8", _BY_TREATMENT),
        ("early_helped", "f8", _BY_TREATMENT),
        ("early_unhelped", "f8", _BY_TREATMENT),
        ("course_shape", "f8", _BY_TREATMENT),
        ("course_scale", "f8", _BY_TREATMENT),
        ("maintained", "f8", _BY_TREATMENT),
        ("maintained_remission", "f8", _BY_TREATMENT),
        ("maintained_response", "f8", _BY_TREATMENT),
        ("maintained_mean", "f8", _BY_TREATMENT),
        ("maintained_every", "f8", _BY_TREATMENT),
        ("again", "f8", _BY_TREATMENT),
        ("again_remission", "f8", _BY_TREATMENT),
        ("again_response", "f8", _BY_TREATMENT),
        # psychotherapy
        ("therapy_uptake", "f8"),
        ("therapy_ratio", "f8"),
        ("therapy_days", "f8"),
        # drugs: running sums of the odds of being chosen
        ("first_drugs", "f8", _BY_DRUG),
        ("later_drugs", "f8", _BY_DRUG),
        ("added_drugs", "f8", _BY_DRUG),
        ("is_antidepressant", "i8", _BY_DRUG),
        ("antidepressants", "u8"),
    ]
)
"""Shares are probabilities, times days, hazards per day, odds odds."""

PERSON = np.dtype(
    [
        ("base", "u8"),
        ("day", "f8"),
        ("since", "f8"),
        ("phase", "i8"),
        ("state", "i8"),
        # who
        ("is_female", "i8"),
        ("age", "f8"),
        ("frailty", "f8"),
        ("is_never", "i8"),
        ("is_mortal", "i8"),
        ("hazard", "f8"),
        ("other_left", "f8"),
        ("suicide_left", "f8"),
        ("clocks_day", "f8"),
        ("death_day", "f8"),
        ("death_cause", "i8"),
        # where in the episode
        ("episode", "i8"),
        ("step", "i8"),
        ("n_failed", "i8"),
        ("n_started", "i8"),
        ("n_steps", "i8"),
        ("is_relapsed", "i8"),
        ("goes_on", "i8"),
        ("is_resistant", "i8", (len(Resistance),)),
        # what is taken
        ("drug", "i8"),
        ("added", "i8"),
        ("adds", "i8"),
        ("tried", "u8"),
        ("tried_now", "u8"),
        ("is_dosed", "i8"),
        ("given", "i8"),
        ("treatment", "i8"),
        ("is_again", "i8"),
        # occurrences
        ("trial", "i8"),
        ("decision", "i8"),
        ("course", "i8"),
        ("well", "i8"),
        # being well, and what ends when; infinite where it does not
        ("begun", "f8"),
        ("next_day", "f8"),
        ("drug_end", "f8"),
        ("course_end", "f8"),
        ("on_until", "f8"),
        ("therapy_end", "f8"),
        ("maintained_from", "f8"),
        # the log
        ("row", "i8"),
        # outcomes
        ("days_in", "f8", (len(State),)),
        ("days_resistant", "f8"),
        ("resistant_day", "f8", (len(Resistance),)),
        ("n_relapses", "i8"),
        ("n_recurrences", "i8"),
        ("n_remissions", "i8"),
        ("n_courses", "i8", _BY_TREATMENT),
        ("n_sessions", "f8", _BY_TREATMENT),
        ("days_maintained", "f8"),
        ("cause", "i8"),
    ]
)


WINDOW = 256
"""Events of one person that are written at a time; who has more is drawn again for the next so many."""

EVENT_COLUMNS = {
    "day": np.float64,
    "event": np.uint8,
    "state": np.uint8,
    "episode": np.int16,
    "step": np.int16,
    "trial": np.int16,
    "course": np.int16,
    "what": np.int16,
    "value": np.float64,
}
"""The columns of the event table (all but `person`)."""

# The walk hands this record on in place of arrays: counting the references to nine arrays would cost more than the walk.
LOG = np.dtype([("first", "i8"), *((name, kind, (WINDOW,)) for name, kind in EVENT_COLUMNS.items())])
"""The window that begins with the event number `first`; one that begins after all events only lets them be counted."""


class Events(NamedTuple):
    """The columns of the event table, for the compiled code."""

    day: np.ndarray
    event: np.ndarray
    state: np.ndarray
    episode: np.ndarray
    step: np.ndarray
    trial: np.ndarray
    course: np.ndarray
    what: np.ndarray
    value: np.ndarray

    @classmethod
    def of(cls, n: int) -> Events:
        """Room for so many events."""
        return cls(*(np.empty(n, EVENT_COLUMNS[name]) for name in cls._fields))


class Outcomes(NamedTuple):
    """The columns of the outcomes (all but `person`)."""

    days: np.ndarray
    days_in: np.ndarray
    days_resistant: np.ndarray
    resistant_day: np.ndarray
    n_trials: np.ndarray
    n_relapses: np.ndarray
    n_recurrences: np.ndarray
    n_remissions: np.ndarray
    n_courses: np.ndarray
    n_sessions: np.ndarray
    days_maintained: np.ndarray
    died_day: np.ndarray
    cause: np.ndarray
    n_events: np.ndarray

    @classmethod
    def of(cls, n: int) -> Outcomes:
        """Room for so many people."""
        wide = {
            "days_in": len(State),
            "resistant_day": len(Resistance),
            "n_courses": len(Treatment),
            "n_sessions": len(Treatment),
        }
        kind = {"cause": "i1"}
        return cls(
            *(
                np.empty((n, wide[name]) if name in wide else n, kind.get(name, "i4" if name[:2] == "n_" else "f8"))
                for name in cls._fields
            )
        )
