"""The tables that stepwell makes. Stages of the engine, in order: exposure, trial (with its episode), episode, judged_trial,
determination, step. Inside the engine a day is an integer (`_day`, days since 1970-01-01); results carry dates (`_date`).
`trial` and `episode` exist once per way of building trials (`setting`), `judged_trial` once per way of judging them (`rule`):
definitions share both.
"""

from __future__ import annotations

from .declare import Column, Table
from .sessions import SESSIONS
from .staged import STAGE, make_staged_trial

_PERSON = Column("person_id", "int64", "The person, numbered on reading.")
_SETTING = Column("setting", "string", "The way of building trials, named in run.json with its values.")
_VERDICT = ("met", "not met", "unknown")
_NOT_SURE = "The same, counting drugs of which nobody can say whether they were given as antidepressants."


# fmt: off
_OF_A_TRIAL = (
    "trial.role", "trial.use", "trial.drug", "trial.min_duration", "trial.min_dose", "trial.min_supplies",
    "trial.preceded_by", "trial.recent", "trial.diagnosed", "trial.still_ill", "failure.improvement",
    "failure.not_remitted", "failure.intolerant", "failure.switched", "failure.added_to", "failure.taken",
)
# fmt: on


def _other(name: str, words: str) -> Column:
    """A day of another drug's treatment."""
    return Column(name, "date", words, null="none recorded")


EXPOSURE = Table(
    "exposure",
    "one ingredient, one stretch of supply with its dose; the next supply of the same ingredient ends it",
    ("person_id", "ingredient", "start_date"),
    (
        _PERSON,
        Column("ingredient", "string", "The ingredient's id."),
        Column("start_date", "date", "First day of the supply."),
        Column("end_date", "date", "Last day known to be supplied, cut where the next supply begins."),
        Column("is_end_known", "boolean", "Whether the record says how long the supply lasted."),
        Column("mg_per_day", "float64", "Daily dose.", unit="mg/day", null="the dose cannot be known"),
        Column(
            "is_antidepressant_use",
            "boolean",
            "Whether dose and product fit use as an antidepressant rather than for sleep, pain or smoking cessation.",
            null="the drug is often used for something else at a low dose, or in another form, and the dose or form is unknown",
        ),
        Column("stop_reason", "string", "Recorded reason for stopping.", null="not recorded"),
        Column(
            "n_records",
            "int32",
            "Source rows behind this stretch (a row sent twice counts twice here, not in the dose).",
        ),
        Column(
            "is_supplied",
            "boolean",
            "Whether any of those rows says that the drug was handed over, paid for, given or taken; no: all are orders that "
            "were never dispensed. A definition that reads what was supplied makes no trial of a stretch without yes.",
            null="not recorded",
        ),
        Column("address", "string", "The first of those rows."),
    ),
)

EPISODE = Table(
    "episode",
    "one depressive episode as the records show it: treatment and diagnoses without a longer pause",
    ("setting", "person_id", "episode_number"),
    (
        _SETTING,
        _PERSON,
        Column("episode_number", "int32", "1 for the person's first."),
        Column("start_date", "date", "First diagnosis or treatment."),
        Column("end_date", "date", "Last diagnosis or day of treatment."),
        Column("n_trials", "int32", "Antidepressant trials that began in it."),
        Column("n_diagnoses", "int32", "Days with a depression diagnosis in it."),
    ),
)

TRIAL = Table(
    "trial",
    "one unbroken course of one ingredient",
    ("setting", "person_id", "trial_number"),
    (
        _SETTING,
        _PERSON,
        Column("trial_number", "int32", "1, 2, 3 ... by first day, then ingredient."),
        Column("episode_number", "int32", "The episode it began in.", null="an added drug outside any episode"),
        Column("ingredient", "string", "The ingredient's id."),
        Column("drug_class", "string", "Its class."),
        Column(
            "role", "string", "Its role.", values=("antidepressant", "antipsychotic", "augmentation", "rapid-acting")
        ),
        Column("start_date", "date", "First day."),
        Column("end_date", "date", "Last day known to be supplied."),
        Column("is_end_known", "boolean", "Whether the last supply says how long it lasted."),
        Column("is_ongoing", "boolean", "Still running when observation ended.", null="observation unknown"),
        Column(
            "observed_until_date",
            "date",
            "Last observed day after the trial's end.",
            null="no observation period holds it",
        ),
        Column("n_days", "int32", "Days from first to last, bridged gaps included.", unit="days"),
        Column("n_gap_days", "int32", "Bridged days without supply.", unit="days"),
        Column("n_exposures", "int32", "Supplies joined."),
        Column("is_antidepressant_use", "boolean", "At any time at an antidepressant's dose.", null="dose unknown"),
        Column("first_mg_per_day", "float64", "First known dose.", unit="mg/day", null="no dose known"),
        Column(
            "max_mg_per_day",
            "float64",
            "Greatest known dose (shown, never judged by).",
            unit="mg/day",
            null="no dose known",
        ),
        Column(
            "min_adequate_mg_per_day",
            "float64",
            "Minimum adequate dose by the setting's standard.",
            unit="mg/day",
            null="the standard gives none for this drug",
        ),
        Column("n_days_adequate", "int32", "Days at or above the minimum adequate dose.", unit="days"),
        Column("n_days_dose_unknown", "int32", "Days on which that cannot be said.", unit="days"),
        Column("stop_reason", "string", "Recorded reason for stopping.", null="not recorded"),
        Column(
            "joined_trial_number", "int32", "The antidepressant trial already running when this one began.", null="none"
        ),
        _other("switch_date", "Start of the next other antidepressant at or after the end."),
        _other("possible_switch_date", _NOT_SURE),
        _other("class_switch_date", "Start of the next antidepressant of another class at or after the end."),
        _other("possible_class_switch_date", _NOT_SURE),
        _other("added_date", "Start of the first drug added while this one went on."),
        _other("possible_added_date", _NOT_SURE),
        _other(
            "antidepressant_before_date",
            "Last day, up to this trial's start, of another antidepressant begun before it or with it.",
        ),
        _other("possible_antidepressant_before_date", _NOT_SURE),
        _other("next_prescription_date", "Next antidepressant prescription after its last, if of another drug."),
        Column("instrument", "string", "Instrument of baseline and endpoint.", null="no instrument has both"),
        Column("baseline_date", "date", "Day of the baseline score.", null="unscored"),
        Column("baseline_total", "float64", "Baseline score.", unit="points", null="unscored"),
        Column("endpoint_date", "date", "Day of the endpoint score.", null="unscored"),
        Column("endpoint_total", "float64", "Endpoint score.", unit="points", null="unscored"),
        Column(
            "improvement_pct",
            "float64",
            "100 x (baseline - endpoint) / baseline.",
            unit="%",
            null="unscored, or too well at baseline",
        ),
        Column("is_remission", "boolean", "Endpoint at or below the instrument's remission cut.", null="unscored"),
        Column(
            "outcome",
            "string",
            "What became of it, scores before inference.",
            values=(
                "remission",
                "response",
                "partial response",
                "no response",
                "intolerance",
                "switched, unscored",
                "added to, unscored",
                "unknown",
            ),
        ),
        Column("address", "string", "The source row of its first supply."),
    ),
)

JUDGED_TRIAL = Table(
    "judged_trial",
    "one trial under one rule, with one column per criterion (NULL: unknown, or not asked by the rule); branches of definitions "
    "that ask the same of a trial share a rule",
    ("rule", "person_id", "trial_number"),
    (
        Column("rule", "string", "The rule, named in run.json with the definitions whose branches it is of."),
        _PERSON,
        Column("trial_number", "int32", "The trial, within the definition's setting."),
        *(Column(name, "boolean", f"Verdict of {name}.", null="unknown, or not asked") for name in _OF_A_TRIAL),
        Column("n_recent_drugs", "int32", "Drugs that trial.recent counts.", null="not asked, or not observed"),
        Column("n_recent_drugs_before", "int32", "Of these, begun before it.", null="not asked, or not observed"),
        Column("n_recent_diagnoses", "int32", "Days that trial.diagnosed counts.", null="not asked, or not observed"),
        Column("failed", "boolean", "Any of the rule's ways to fail.", null="unknown"),
        Column("added", "boolean", "Is an added drug that the branch counts.", null="unknown, or not asked"),
        Column("counts", "boolean", "Counts: all trial criteria, and failed.", null="unknown"),
        Column(
            "counted_date",
            "date",
            "The day on which it counts.",
            null="the treatment that would date it is not recorded",
        ),
    ),
)

DETERMINATION = Table(
    "determination",
    "one person under one definition",
    ("definition", "person_id"),
    (
        Column("definition", "string", "Definition with version."),
        _PERSON,
        Column("verdict", "string", "Whether the person meets the definition.", values=_VERDICT),
        Column("met_date", "date", "The day it was first met.", null="not met, or unknown"),
        Column("branch", "int32", "The branch by which it was first met.", null="not met, or unknown"),
        Column("episode_number", "int32", "The episode in which it was first met.", null="not met, or unknown"),
        Column(
            "index_date", "date", "The day on which age and earlier diagnoses were judged.", null="no antidepressant"
        ),
        Column("n_counted", "int32", "Most different trials that count, in one stretch."),
        Column("n_possible", "int32", "The same, with those of which it is unknown."),
        Column("n_needed", "int32", "How many the definition needs."),
        Column(
            "age_years", "int32", "Age on the index day (at least).", unit="years", null="birth or index day unknown"
        ),
        Column("n_diagnoses", "int32", "Days with a diagnosis that the definition asks for."),
        Column("n_excluding", "int32", "Days with a diagnosis that it excludes."),
        Column(
            "n_days_washout",
            "int32",
            "Days observed without a break before the first antidepressant.",
            unit="days",
            null="not asked, no antidepressant, or its first day not observed",
        ),
        *(
            Column(name, "boolean", f"Verdict of {name}.", null="unknown, or not asked")
            for name in ("who.age", "who.diagnosis", "who.never", "who.washout")
        ),
        Column("count", "boolean", "Verdict of the branches together: enough trials that count.", null="unknown"),
    ),
)

STEP = Table(
    "step",
    "one rung of a person's ladder in one episode: a first treatment, a switch, or an addition, up to the next rung",
    ("person_id", "episode_number", "step_number"),
    (
        _PERSON,
        Column("episode_number", "int32", "The episode."),
        Column("step_number", "int32", "1 for the first treatment of the episode."),
        Column("kind", "string", "How the rung was reached.", values=("start", "switch", "add")),
        Column("ingredients", "string", "What was begun on it, joined by ' + '."),
        Column("start_date", "date", "First day."),
        Column("end_date", "date", "Last day of treatment on it, or the day before the next rung."),
        Column("n_days", "int32", "Days on it.", unit="days"),
        Column("instrument", "string", "Instrument of baseline and endpoint.", null="unscored"),
        Column("improvement_pct", "float64", "Improvement on it.", unit="%", null="unscored"),
        Column("is_response", "boolean", "At least the instrument's response.", null="unscored"),
        Column(
            "is_remission", "boolean", "At or below the remission cut.", null="unscored, or in remission at the start"
        ),
        Column("is_intolerance", "boolean", "Recorded as stopped for intolerance."),
        Column(
            "ended",
            "string",
            "What came after.",
            null="observation unknown",
            values=("next step", "remission", "lost", "still treated"),
        ),
    ),
)

EVIDENCE = Table(
    "evidence",
    "one criterion judged for one subject (a person or a trial)",
    ("definition", "person_id", "branch", "trial_number", "criterion"),
    (
        Column("definition", "string", "Definition with version."),
        _PERSON,
        Column("branch", "int32", "The branch.", null="about the person"),
        Column("trial_number", "int32", "The trial.", null="about the person"),
        Column("criterion", "string", "Path of the field in the form, such as `trial.min_duration`."),
        Column("verdict", "string", "What the criterion says.", values=_VERDICT),
        Column("value", "string", "What was found.", null="nothing was found"),
        Column("unit", "string", "Unit of value and limit.", null="none"),
        Column("limit", "string", "What was asked.", null="nothing numeric"),
        Column(
            "comparison",
            "string",
            "How the two are compared.",
            null="not compared",
            values=("at least", "at most", "below", "is"),
        ),
        Column("source", "string", "Key of the reference that set the limit, with locator.", null="a stated choice"),
        Column("seen", "string", "How that source was seen.", null="a stated choice"),
        Column("choice", "string", "The reason, where it is a choice.", null="it has a source"),
        Column("address", "string", "The source row it was read from.", null="no single row"),
        Column("found", "string", "What was found, in words; where it is unknown, what is missing."),
        Column("sentence", "string", "The whole row as a sentence."),
    ),
)

ATTRITION = Table(
    "attrition",
    "one reason for which source rows or people were left out, changed or kept with a caution",
    ("number",),
    (
        Column("number", "int32", "The order in which it happened."),
        Column("table", "string", "The record table; of FHIR also a type of resource, or `fhir`."),
        Column("what", "string", "What was found, in words, without any patient's value."),
        Column("effect", "string", "What stepwell did.", values=("left out", "read as unknown", "kept", "corrected")),
        Column("n_rows", "int64", "Rows concerned."),
        Column("n_people", "int64", "People concerned.", null="not counted"),
        Column("n_remaining", "int64", "Rows that remain after this line.", null="not a loss"),
    ),
)

STAGED_TRIAL = make_staged_trial(JUDGED_TRIAL)

DERIVED = (EXPOSURE, EPISODE, TRIAL, JUDGED_TRIAL, DETERMINATION, STEP, STAGED_TRIAL, STAGE, *SESSIONS, ATTRITION)
