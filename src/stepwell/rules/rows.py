"""What one row of each table is inside the rules: records that someone else wrote, and rows that the rules make.

The types come from the declared tables (`stepwell.tables`), with a few fields more that only the rules need.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stepwell.tables import (
    ANSWER,
    CODE_GAP,
    CONDITION,
    DECLARED_SESSION,
    DETERMINATION,
    DOSE,
    EPISODE,
    EXPOSURE,
    JUDGED_TRIAL,
    MEASUREMENT,
    MEDICATION,
    MONITORING,
    OBSERVATION_PERIOD,
    PERSON,
    PROCEDURE,
    STAGE,
    STEP,
    TRIAL,
)
from stepwell.tables.row_type import row_type

from .criterion_numbers import CRITERIA_OF_A_TRIAL

MEDICATION_ROW = row_type(MEDICATION, leave_out=("person_id", "ingredient", "end_basis", "dose_basis"), drug="i2")
PERIOD_ROW = row_type(OBSERVATION_PERIOD, leave_out=("person_id", "address"))
CONDITION_ROW = row_type(CONDITION, leave_out=("person_id", "vocabulary", "code", "address"), record="i8")
"""`record` is the same for rows of one vocabulary, code and address: one record in two code sets is two rows."""
PROCEDURE_ROW = row_type(PROCEDURE, leave_out=("person_id", "vocabulary", "code", "minute"), code="i4")
DECLARED_ROW = row_type(DECLARED_SESSION, leave_out=("person_id",))
CODE_GAP_ROW = row_type(CODE_GAP, leave_out=("person_id",))
"""`codeset`: NONE where the rows may belong to any code set; of scores it is the number of the instrument.
`first_day`, `last_day`: NA where the gap is on any day."""
SCORE_ROW = row_type(MEASUREMENT, leave_out=("person_id", "address"))
PERSON_ROW = row_type(
    PERSON,
    leave_out=("source_person_id", "sex", "address"),
    lacks_drugs="i1",
    has_unidentified_drugs="i1",
    has_undated_drugs="i1",
    is_given_in_care_only="i1",
)
"""The last four are 1 where the person's drug records are incomplete, and in which way (docs/engine.md, 0)."""
DOSE_ROW = row_type(DOSE, leave_out=("person_id", "ingredient", "code"), drug="i2", code="i4")
MONITORING_ROW = row_type(MONITORING, leave_out=("person_id", "address"))
ANSWER_ROW = row_type(
    ANSWER, leave_out=("person_id", "item", "at_least", "at_most", "better", "address"), item_code="i2"
)

EXPOSURE_ROW = row_type(EXPOSURE, leave_out=("ingredient",), drug="i2", era_end_day="i4")
"""`era_end_day`: the latest end of any supply of the drug so far, which no later supply shortens."""
TRIAL_ROW = row_type(TRIAL, leave_out=("ingredient",), drug="i2", last_dose_adequate="i1", n_days_between="i4",
                     may_be_scored="i1")  # fmt: skip
"""`n_days_between`: days of it that lie between two supplies or doses. `may_be_scored`: a score without a day may be its own."""
EPISODE_ROW = row_type(EPISODE, joined_number="i4")
"""`joined_number`: the number of the first episode with which it is one, if diagnoses without a day lie in the pauses between."""
STEP_ROW = row_type(STEP, leave_out=("ingredients",), first_begun="i4", n_begun="i4", baseline_day="i4",
                    baseline_total="f8", endpoint_day="i4", endpoint_total="f8")  # fmt: skip
"""The drugs begun on a step are `n_begun` entries of the list `begun`, from `first_begun` on."""
DETERMINATION_ROW = row_type(DETERMINATION)
JUDGED_ROW = row_type(
    JUDGED_TRIAL,
    leave_out=CRITERIA_OF_A_TRIAL,
    verdict=("i1", (len(CRITERIA_OF_A_TRIAL),)),
    drug="i2",
    drug_class="i2",
    episode_number="i4",
    start_day="i4",
)
"""`verdict` has one entry per criterion, in the order of `CRITERIA_OF_A_TRIAL`."""


STAGE_ROW = row_type(STAGE, leave_out=("present", "unknown"), present="i8", unknown="i8")
"""`present` and `unknown` have one bit for each stage or sign of the model; NONE where they are not asked, or the model does not
apply."""


class Records(NamedTuple):
    """The records of some people. The rows of person i are `first[i]` up to `first[i + 1]` of each table."""

    person: np.ndarray
    medication: np.ndarray
    medication_first: np.ndarray
    period: np.ndarray
    period_first: np.ndarray
    condition: np.ndarray
    condition_first: np.ndarray
    procedure: np.ndarray
    procedure_first: np.ndarray
    score: np.ndarray
    score_first: np.ndarray
    dose: np.ndarray
    dose_first: np.ndarray
    monitoring: np.ndarray
    monitoring_first: np.ndarray
    answer: np.ndarray
    answer_first: np.ndarray
    code_gap: np.ndarray
    code_gap_first: np.ndarray
    declared: np.ndarray
    declared_first: np.ndarray


class Made(NamedTuple):
    """Room for the rows that the rules make; `n` says how many of each are filled, in this order."""

    exposure: np.ndarray
    trial: np.ndarray
    episode: np.ndarray
    judged: np.ndarray
    determination: np.ndarray
    step: np.ndarray
    begun: np.ndarray
    staged: np.ndarray
    stage: np.ndarray
    n: np.ndarray


EXPOSURES, TRIALS, EPISODES, JUDGED, DETERMINATIONS, STEPS, BEGUN, STAGED, STAGES = range(9)
"""Places in `Made.n`."""

COUNT = np.dtype(
    [("n_counted", "i4"), ("n_possible", "i4"), ("met_day", "i4"), ("stretch", "i4"), ("is_possible", "i1")], align=True
)
"""What was counted: the most in any one stretch, certain and possible; the first day with enough, and the stretch it was in (an
episode's number); whether there would be enough if everything unknown counted."""


class Incomplete(NamedTuple):
    """Whether the person's drug records are incomplete, as a rule sees it. A published program reads trials as they are
    recorded."""

    lacks_drugs: bool
    has_undated_drugs: bool
    is_given_in_care_only: bool


class PersonRows(NamedTuple):
    """The records of one person that the rules read, but for those of sessions."""

    person: np.ndarray
    """One row."""
    medication: np.ndarray
    periods: np.ndarray
    conditions: np.ndarray
    procedures: np.ndarray
    scores: np.ndarray
    gaps: np.ndarray
    incomplete: Incomplete


class Room(NamedTuple):
    """Room to work in, for as many rows of one table as one person has."""

    keys: np.ndarray
    score_keys: np.ndarray
    days: np.ndarray
    doses: np.ndarray
    counts: np.ndarray
    first_judged: np.ndarray
    """Where in `Made.judged` the trials of one person judged by each rule begin."""
    staged_trials: np.ndarray
    """The trials of the last episode."""
    counted: np.ndarray
    points: np.ndarray
    entries: np.ndarray
    """Rows that speak of one treatment."""
    runs: np.ndarray
    """Runs of declared sessions of one arm."""
    supplied: np.ndarray
    """The exposures of what is known to have been supplied."""
