"""The tables of staging: the trials judged for it, and one row per person and model."""

from __future__ import annotations

from .declare import Column, Table

_ITEMS = {
    "duration": "how long the episode has lasted",
    "severity": "how severe it is",
    "failed": "failed trials",
    "raised": "failed trials whose dose was raised",
    "added_to": "failed trials to which a drug was added",
    "augmented": "drugs added to an antidepressant",
    "ect": "electroconvulsive therapy",
}


def _counted(name: str, words: str, unit: str = "") -> tuple[Column, Column]:
    """How many there are for certain, and with those of which it is unknown."""
    more = "The same, with those of which it is unknown."
    return (
        Column(name, "int32", words, unit=unit),
        Column(f"{name}_possible", "int32", more, unit=unit, null="nobody can say how many more there are"),
    )


def _points(name: str, words: str) -> tuple[Column, Column]:
    """The points of one item."""
    null = "not asked by the model, or the model does not apply"
    return (
        Column(f"{name}_points_at_least", "float64", f"Points for {words}, at least.", unit="points", null=null),
        Column(
            f"{name}_points_at_most",
            "float64",
            "The same, at most.",
            unit="points",
            null=f"{null}; or nobody can say how many more",
        ),
    )


def make_staged_trial(judged_trial: Table) -> Table:
    """`staged_trial`: the columns of `judged_trial`, under a rule that several models share."""
    rule = Column("rule", "string", "The rule by which trials failed, named in run.json with the models that use it.")
    kept = tuple(c for c in judged_trial.columns if c.name != "rule")
    return Table(
        "staged_trial",
        "one trial of a person's last episode under the rule by which models call a trial failed (NULL: unknown, or not asked)",
        ("rule", "person_id", "trial_number"),
        (rule, *kept),
    )


STAGE = Table(
    "stage",
    "one person under one staging model, in their last episode; where least and most differ, both are possible",
    ("staging", "person_id"),
    (
        Column("staging", "string", "Staging model with version."),
        Column("person_id", "int64", "The person, numbered on reading."),
        Column(
            "applies",
            "boolean",
            "Whether the model stages the person at all: enough failed trials, or, for a profile, an episode.",
            null="unknown",
        ),
        Column("index_date", "date", "The last recorded day of the last episode.", null="no episode"),
        Column("episode_number", "int32", "The last episode.", null="no episode"),
        Column("n_days_episode", "int32", "Its days up to the index day.", unit="days", null="no episode"),
        Column("is_onset_known", "boolean", "Whether enough time before it was observed to say that it began then."),
        Column("instrument", "string", "Instrument of the latest score.", null="unscored, or not asked"),
        Column("severity_date", "date", "Day of the latest score around the index day.", null="unscored, or not asked"),
        Column("severity_total", "float64", "That score.", unit="points", null="unscored, or not asked"),
        Column("is_psychotic", "boolean", "A diagnosis of psychotic depression in it.", null="unknown, or not asked"),
        *_counted("n_failed", "Different failed trials, counted as the model counts them."),
        *_counted("n_classes", "Different classes among them."),
        *_counted("n_days_failed", "From the first day of the first failed trial to the last day of the last.", "days"),
        *_counted("n_raised", "Failed trials whose dose was raised."),
        *_counted("n_added_to", "Failed trials to which another drug was added."),
        *_counted("n_augmented", "Drugs added to an antidepressant."),
        *_counted("n_intolerant", "Antidepressants stopped for intolerance."),
        Column(
            "n_ect",
            "int32",
            "Days with electroconvulsive therapy in it.",
            unit="days",
            null="nobody can say, or not asked",
        ),
        *(column for name, words in _ITEMS.items() for column in _points(name, words)),
        Column(
            "points_at_least", "float64", "Sum of the points, at least.", unit="points", null="not staged, or no points"
        ),
        Column(
            "points_at_most",
            "float64",
            "The same, at most.",
            unit="points",
            null="not staged, or no points; or nobody can say how many more",
        ),
        Column("stage_at_least", "string", "The stage, at least.", null="not staged for certain, or no stages"),
        Column("stage_at_most", "string", "The stage, at most.", null="not staged, or no stages"),
        Column("present", "string", "Ids of the stages or signs that are present.", null="not staged, or neither"),
        Column("unknown", "string", "Ids of those of which it is unknown.", null="not staged, or neither"),
        Column("is_complete", "boolean", "Whether nothing that is missing could change the answer."),
    ),
)
