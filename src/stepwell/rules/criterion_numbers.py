"""The criteria of a trial and the choices of forms as numbers, in one place: forms are translated to them, rules ask by them."""

from __future__ import annotations

CRITERIA_OF_A_TRIAL = (
    "trial.role",
    "trial.use",
    "trial.drug",
    "trial.min_duration",
    "trial.min_dose",
    "trial.min_supplies",
    "trial.preceded_by",
    "trial.recent",
    "trial.diagnosed",
    "trial.still_ill",
    "failure.improvement",
    "failure.not_remitted",
    "failure.intolerant",
    "failure.switched",
    "failure.added_to",
    "failure.taken",
)
(ROLE, USE, DRUG, MIN_DURATION, MIN_DOSE, MIN_SUPPLIES, PRECEDED_BY, RECENT, DIAGNOSED, STILL_ILL,
 IMPROVEMENT, NOT_REMITTED, INTOLERANT, SWITCHED, ADDED_TO, TAKEN) = range(len(CRITERIA_OF_A_TRIAL))  # fmt: skip
FIRST_FAILURE = IMPROVEMENT
"""The criteria from here on are ways in which a trial fails."""

BASES = ("supply", "prescriptions", "eras")
SUPPLY, PRESCRIPTIONS, ERAS = range(len(BASES))
STRETCHES = ("episode", "ever", "days")
IN_EPISODE, EVER, IN_DAYS = range(len(STRETCHES))
TIED_TO = (None, "first diagnosis", "first trial", "procedure")
NOT_TIED, AFTER_DIAGNOSIS, AFTER_TRIAL, BEFORE_PROCEDURE = range(len(TIED_TO))
DATED_AT = ("trial start", "trial end", "next treatment start", "next prescription")
AT_START, AT_END, AT_NEXT_TREATMENT, AT_NEXT_PRESCRIPTION = range(len(DATED_AT))
DISTINCT = ("ingredient", "class", "course")
BY_INGREDIENT, BY_CLASS, BY_COURSE = range(len(DISTINCT))
STOP_REASONS = ("intolerance", "no effect", "other")
"""In the order in which they are kept when two were recorded on one day."""
INTOLERANCE = 0
NONE = -1
"""No word, no set, no criterion."""
