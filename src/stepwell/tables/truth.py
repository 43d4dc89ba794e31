"""The tables of the truth about simulated people. The engine never reads them."""

from __future__ import annotations

from .declare import Column, Table

_WHO = Column("source_person_id", "string", "The person's id in the simulated source.")

TRUTH_PERSON = Table(
    "truth_person",
    "one simulated person under one definition, as the simulator made it (never read by the engine)",
    ("source_person_id", "definition"),
    (
        _WHO,
        Column("definition", "string", "Id of the definition, without version."),
        Column("is_trd", "boolean", "Whether the simulated person truly meets it."),
        Column("met_date", "date", "When.", null="never met"),
    ),
)

TRUTH_TRIAL = Table(
    "truth_trial",
    "one simulated antidepressant trial against depression, as it truly was (short pauses bridged, by the definition that says "
    "which trials are adequate)",
    ("source_person_id", "trial_number"),
    (
        _WHO,
        Column("trial_number", "int32", "1, 2, 3 ... in order."),
        Column("step_number", "int32", "The step of the ladder it belongs to."),
        Column("ingredient", "string", "The ingredient's id."),
        Column("start_date", "date", "First day taken."),
        Column("end_date", "date", "Last day taken."),
        Column("is_adequate", "boolean", "Dose and duration truly adequate."),
        Column("improvement_pct", "float64", "True improvement at its end.", unit="%", null="nothing to improve"),
        Column("is_remission", "boolean", "True remission."),
        Column(
            "ended_for",
            "string",
            "Why it ended.",
            values=("remission kept", "no response", "intolerance", "lost", "observation ended", "given up"),
        ),
    ),
)

TRUTH_STATE = Table(
    "truth_state",
    "one stretch of illness or of being better, from the first treatment to the last day observed, without gaps",
    ("source_person_id", "start_date"),
    (
        _WHO,
        Column("start_date", "date", "First day of it."),
        Column("end_date", "date", "Last day of it."),
        Column("state", "string", "How the person truly was.", values=("ill", "response", "remission", "recovery")),
    ),
)

TRUTH_EXPOSURE = Table(
    "truth_exposure",
    "one drug truly taken every day at one dose, without a break",
    ("source_person_id", "ingredient", "start_date"),
    (
        _WHO,
        Column("ingredient", "string", "The ingredient's id."),
        Column("start_date", "date", "First day."),
        Column("end_date", "date", "Last day."),
        Column("mg_per_day", "float64", "The dose.", unit="mg/day"),
        Column("is_for_depression", "boolean", "Whether it was taken against depression."),
    ),
)

TRUTH_SESSION = Table(
    "truth_session",
    "one session that was truly given",
    ("source_person_id", "course_number", "session_number"),
    (
        _WHO,
        Column("treatment", "string", "What was given.", values=("esketamine", "ketamine", "ect", "tms")),
        Column("session_date", "date", "The day."),
        Column("course_number", "int32", "The course, 1, 2 ... in life over all treatments."),
        Column("session_number", "int32", "1, 2 ... within the course."),
        Column("phase", "string", "Whether it was one of the acute sessions.", values=("acute", "maintenance")),
        Column("mg", "float64", "The dose.", unit="mg", null="no drug was given"),
    ),
)

TRUTH_SERIES = Table(
    "truth_series",
    "one course of sessions with what it truly did",
    ("source_person_id", "course_number"),
    (
        _WHO,
        Column("treatment", "string", "What was given.", values=("esketamine", "ketamine", "ect", "tms")),
        Column("course_number", "int32", "1, 2 ... in life over all treatments."),
        Column("start_date", "date", "Day of the first session."),
        Column("end_date", "date", "Day of the last session within observation, maintenance included."),
        Column("n_sessions", "int32", "Sessions within observation."),
        Column("is_again", "boolean", "Whether it was given again, because it had helped, after a relapse."),
        Column(
            "early_response_date",
            "date",
            "Response on the day after the first session, which may not last.",
            null="none",
        ),
        Column("response_date", "date", "Response (or remission at once).", null="none within observation"),
        Column("remission_date", "date", "Remission.", null="none within observation"),
        Column(
            "lost_date",
            "date",
            "Relapse or recurrence. Going on from a response to a next step is neither.",
            null="none within observation",
        ),
    ),
)

TRUTH = (TRUTH_PERSON, TRUTH_TRIAL, TRUTH_STATE, TRUTH_EXPOSURE, TRUTH_SESSION, TRUTH_SERIES)
