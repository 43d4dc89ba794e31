"""The tables of treatments given in sessions: (es)ketamine, electroconvulsive therapy, magnetic stimulation.

Stages of the engine, in order: session, series, judged_session, judged_series, series_response, effect, load, arm_response. A
source without such treatments has them empty.
"""

from __future__ import annotations

from .declare import Column, Table

_PERSON = Column("person_id", "int64", "The person, numbered on reading.")
_TREATMENT = Column("treatment", "string", "The treatment, as in `knowledge/data/treatment`, such as `esketamine`.")
_SERIES = Column("series_number", "int32", "1, 2, 3 ... among the person's series of this treatment.")
_REGIMEN = Column("regimen", "string", "Regimen with version, by whose rules it is judged.")
_UNASKED = "unknown, or not asked"

# fmt: off
OF_AN_OCCASION = ("session.alive", "session.given", "session.route", "session.dose", "session.apart", "session.diagnosed",
                  "session.repeated")
"""What a day's records are judged by before they are a session."""

OF_A_SESSION = ("regimen.indicated", "regimen.in_force", "regimen.first_dose", "regimen.dose", "regimen.frequency",
                "regimen.observed", "regimen.pressure_before", "regimen.pressure_after", "regimen.pressure_end",
                "regimen.oxygen", "regimen.sedation", "regimen.dissociation", "regimen.form")
"""What a session is judged by under a regimen."""

OF_A_SERIES = (*OF_A_SESSION, "regimen.missed")
"""What a series is judged by: every session's criteria together, and what only a whole series can show."""
# fmt: on

SESSION = Table(
    "session",
    "one treatment on one day, whatever number of records speaks of it, and whether they make it a session against depression",
    ("person_id", "treatment", "session_date"),
    (
        _PERSON,
        _TREATMENT,
        Column("session_date", "date", "The day."),
        Column(
            "is_session",
            "boolean",
            "Whether it is one: all of the criteria below that the treatment asks.",
            null="nobody can tell from these records",
        ),
        Column("is_declared", "boolean", "Whether the source declares it to be one: then only the life span is asked."),
        *(Column(name, "boolean", f"Verdict of {name}.", null=_UNASKED) for name in OF_AN_OCCASION),
        Column("series_number", "int32", "The series it belongs to.", null="certainly no session"),
        Column("session_number", "int32", "1, 2, 3 ... within the series.", null="certainly no session"),
        Column(
            "phase",
            "string",
            "The phase it falls into, by the regimen that the treatment's phases follow.",
            null="certainly no session, or no regimen gives phases",
            values=("induction", "optimisation", "maintenance"),
        ),
        Column("week", "int32", "Week of the series, from 1.", null="certainly no session"),
        Column(
            "n_days_since", "int32", "Days since the session before it in the series.", unit="days", null="the first"
        ),
        Column("route", "string", "How it was given.", null="not recorded, or recorded in two ways"),
        Column("mg", "float64", "The dose.", unit="mg", null="not known exactly"),
        Column("mg_at_least", "float64", "The dose, at least.", unit="mg", null="nobody can say"),
        Column("mg_at_most", "float64", "The dose, at most.", unit="mg", null="nobody can say"),
        Column("is_dose_contradictory", "boolean", "Whether its records contradict each other in the dose."),
        Column("is_dose_impossible", "boolean", "Whether a record gives a dose that no session has (another unit?)."),
        Column("is_code_out_of_date", "boolean", "Whether a code was used outside its dates of validity."),
        Column("n_records", "int32", "Source rows behind it."),
        Column("n_repeated_records", "int32", "Of these, rows that are like another of the same day in all they say."),
        Column("minute", "int32", "Minute of the day on which it began.", unit="minutes", null="no time recorded"),
        Column("address", "string", "The first of those rows."),
    ),
)

SERIES = Table(
    "series",
    "one series of sessions of one treatment: an induction and what followed it without a longer pause",
    ("person_id", "treatment", "series_number"),
    (
        _PERSON,
        _TREATMENT,
        _SERIES,
        Column(
            "is_series", "boolean", "Whether any of its days certainly is a session.", null="each of them may be none"
        ),
        Column("begun_by", "string", "Why it begins here.", values=("first", "pause", "re-induction")),
        Column("start_date", "date", "First session."),
        Column("end_date", "date", "Last session."),
        Column("n_sessions", "int32", "Days that certainly are sessions."),
        Column("n_sessions_possible", "int32", "The same, with those of which it is unknown."),
        Column("n_induction", "int32", "Of these, in the induction.", null="no regimen gives phases"),
        Column("n_optimisation", "int32", "In the optimisation.", null="no regimen gives phases"),
        Column("n_maintenance", "int32", "In the maintenance.", null="no regimen gives phases"),
        Column("n_days", "int32", "Days from the first to the last.", unit="days"),
        Column(
            "n_days_since",
            "int32",
            "Days since the last session of the series before.",
            unit="days",
            null="the person's first series of it",
        ),
        Column(
            "observed_until_date", "date", "Last day observed after it.", null="no observation period holds its end"
        ),
        Column(
            "is_ongoing",
            "boolean",
            "Whether it may have gone on when observation ended.",
            null="observation unknown",
        ),
        Column("age_years", "int32", "Age on the first day (at least).", unit="years", null="birth unknown"),
        Column("age_at_most", "int32", "Age on the first day, at most.", unit="years", null="birth unknown"),
        Column("mg_total_at_least", "float64", "All known doses together, at least.", unit="mg"),
        Column("address", "string", "The first row of its first session."),
    ),
)

_OF_A_JUDGED_SESSION = (
    Column("observed_minutes", "float64", "How long the person was observed.", unit="minutes", null="not recorded"),
    Column("systolic_before", "float64", "Last reading before the dose.", unit="mmHg", null="not recorded"),
    Column("diastolic_before", "float64", "The same, diastolic.", unit="mmHg", null="not recorded"),
    Column("systolic_after", "float64", "First reading in the window after it.", unit="mmHg", null="not recorded"),
    Column("diastolic_after", "float64", "The same, diastolic.", unit="mmHg", null="not recorded"),
    Column("systolic_end", "float64", "Last reading after that window.", unit="mmHg", null="not recorded"),
    Column("diastolic_end", "float64", "The same, diastolic.", unit="mmHg", null="not recorded"),
    Column("oxygen_before", "float64", "Last oxygen saturation before the dose.", unit="%", null="not recorded"),
    Column("oxygen_least", "float64", "Least oxygen saturation after it.", unit="%", null="not recorded"),
    Column("oxygen_end", "float64", "Last oxygen saturation.", unit="%", null="not recorded"),
    Column("moaa_s_least", "float64", "Deepest sedation.", unit="points", null="not recorded"),
    Column("moaa_s_end", "float64", "Last sedation score.", unit="points", null="not recorded"),
    Column("cadss_before", "float64", "Last dissociation score before the dose.", unit="points", null="not recorded"),
    Column("cadss_greatest", "float64", "Greatest dissociation score.", unit="points", null="not recorded"),
    Column("cadss_end", "float64", "Last dissociation score.", unit="points", null="not recorded"),
    Column(
        "form_days", "float64", "Days after the session on which its form was sent.", unit="days", null="unrecorded"
    ),
)

JUDGED_SESSION = Table(
    "judged_session",
    "one session of a series under one regimen, with one column per criterion (NULL: unknown, or not asked by the regimen)",
    ("regimen", "person_id", "series_number", "session_number"),
    (
        _REGIMEN,
        _PERSON,
        _SERIES,
        Column("session_number", "int32", "The session, within its series."),
        Column("phase", "string", "The regimen's phase.", null="outside all its phases"),
        Column("week", "int32", "Week of the series, from 1."),
        Column("n_in_week", "int32", "Its place among the sessions of that week."),
        *(Column(name, "boolean", f"Verdict of {name}.", null=_UNASKED) for name in OF_A_SESSION),
        *_OF_A_JUDGED_SESSION,
    ),
)

JUDGED_SERIES = Table(
    "judged_series",
    "one series under one regimen: all its sessions together (NULL: unknown, or not asked by the regimen)",
    ("regimen", "person_id", "series_number"),
    (
        _REGIMEN,
        _PERSON,
        _SERIES,
        *(Column(name, "boolean", f"Verdict of {name}, over all its sessions.", null=_UNASKED) for name in OF_A_SERIES),
        Column("n_sessions", "int32", "Sessions judged."),
        *(
            Column(f"n_not_met.{name.partition('.')[2]}", "int32", f"Sessions of which {name} is not met.")
            for name in OF_A_SESSION
        ),
        *(
            Column(f"n_unknown.{name.partition('.')[2]}", "int32", f"Sessions of which {name} is unknown.")
            for name in OF_A_SESSION
        ),
        Column("n_missed", "int32", "Sessions fewer than planned in the weeks before the last session's."),
    ),
)

SERIES_RESPONSE = Table(
    "series_response",
    "one series at one checkpoint, on the one scale by which the series is followed",
    ("person_id", "treatment", "series_number", "checkpoint_number"),
    (
        _PERSON,
        _TREATMENT,
        _SERIES,
        Column("checkpoint_number", "int32", "1, 2, 3 ... in the order of the days."),
        Column("checkpoint", "string", "What it is called, such as `24 hours` or `end of induction`."),
        Column("instrument", "string", "The scale of the series.", null="no scale has a baseline and a later score"),
        Column("baseline_total", "float64", "Score before the first session.", unit="points", null="unscored"),
        Column("measured_date", "date", "Day of the score at the checkpoint.", null="no score in its window"),
        Column("total", "float64", "That score.", unit="points", null="no score in its window"),
        Column("improvement_pct", "float64", "100 x (baseline - total) / baseline.", unit="%",
               null="unscored, or too well at baseline"),
        Column("is_response", "boolean", "Improvement at least the instrument's.", null="unscored, or too well before"),
        Column("is_remission", "boolean", "At or below the instrument's remission cut.", null="unscored"),
    ),
)  # fmt: skip

EFFECT = Table(
    "effect",
    "what one series did, on one scale: how fast, how far, how long it held, what took over; no controlled comparison",
    ("person_id", "treatment", "series_number"),
    (
        _PERSON,
        _TREATMENT,
        _SERIES,
        Column("instrument", "string", "The scale.", null="no scale has a baseline and a later score"),
        Column("n_scores", "int32", "Scores on it after the first session."),
        Column("baseline_date", "date", "Day of the baseline score.", null="unscored"),
        Column("baseline_total", "float64", "Baseline score.", unit="points", null="unscored"),
        Column("best_total", "float64", "Best score afterwards.", unit="points", null="unscored"),
        Column("best_improvement_pct", "float64", "Greatest improvement.", unit="%",
               null="unscored, or too well before"),
        Column("onset_date", "date", "First score in response.", null="none, or unscored"),
        Column("n_days_to_onset", "int32", "Days from the first session to it.", unit="days", null="no onset"),
        Column("n_sessions_to_onset", "int32", "Sessions before that day.", null="no onset"),
        Column("remission_date", "date", "First score in remission.", null="none, or unscored"),
        Column("last_response_date", "date", "Last score in response before it was lost.", null="no onset"),
        Column("lost_date", "date", "First later score at which response was lost.", null="no onset, or never seen lost"),
        Column("ended", "string", "How the benefit ended: lost within so many days of onset (relapse), lost later "
               "(recurrence), by the next series, by death, or not seen to end.",
               null="no onset", values=("relapse", "recurrence", "next series", "death", "not seen to end")),
        Column("end_date", "date", "The day of that; where it was not seen to end, the last score.", null="no onset"),
        Column("n_days_benefit", "int32", "Days from onset to the last score in response.", unit="days",
               null="no onset, or unscored"),
        Column("n_days_benefit_per_session", "float64", "That, for each session until then.", unit="days", null="no onset"),
        Column("bridge", "boolean", "Whether an antidepressant begun around the first session was still taken after the last.",
               null="not observed long enough, or an end of supply unknown"),
        Column("n_episodes_before", "int32", "Depressive episodes begun in the year before.", null="not observed"),
        Column("n_episodes_after", "int32", "Begun in the year after the last session.", null="not observed"),
    ),
)  # fmt: skip

LOAD = Table(
    "load",
    "the medicines taken around one series, in one stretch: before it, during it, after it",
    ("person_id", "treatment", "series_number", "stretch_number"),
    (
        _PERSON,
        _TREATMENT,
        _SERIES,
        Column("stretch_number", "int32", "1, 2, 3."),
        Column("stretch", "string", "Which stretch.", values=("before", "during", "after")),
        Column("start_date", "date", "Its first day."),
        Column("end_date", "date", "Its last day."),
        Column(
            "is_observed",
            "boolean",
            "Whether it lies whole inside unbroken observation, in complete drug records.",
            null="observation unknown",
        ),
        Column("n_antidepressants", "int32", "Different antidepressants taken in it."),
        Column(
            "n_psychotropics", "int32", "Those, and antipsychotics and augmentation agents; not the treatment's own."
        ),
        Column("n_dose_known", "int32", "Of these, with a known dose and a known greatest dose by the label."),
        Column(
            "label_share_pct",
            "float64",
            "Greatest daily doses of these as shares of the greatest by the label, added up.",
            unit="%",
            null="no dose and label known",
        ),
    ),
)

ARM_RESPONSE = Table(
    "arm_response",
    "one unbroken run of declared sessions of one arm at one checkpoint, followed as a series is; no test between arms is made",
    ("person_id", "treatment", "arm_number", "checkpoint_number"),
    (
        _PERSON,
        _TREATMENT,
        Column("arm_number", "int32", "1, 2, 3 ... among the person's runs: in a crossover, the order of the arms."),
        Column("checkpoint_number", "int32", "1, 2, 3 ... in the order of the days."),
        Column("arm", "string", "The arm."),
        Column("is_comparator", "boolean", "Whether a placebo or another drug was given in the treatment's place."),
        Column("start_date", "date", "First session of the run."),
        Column("end_date", "date", "Last session of the run."),
        Column("n_sessions", "int32", "Days with a declared session in it."),
        Column("mg_per_kg", "float64", "The dose for the weight.", unit="mg/kg", null="not recorded, or not the same in all"),
        *SERIES_RESPONSE.columns[4:],
        Column("address", "string", "The first row of its first session."),
    ),
)  # fmt: skip

SESSIONS = (SESSION, SERIES, JUDGED_SESSION, JUDGED_SERIES, SERIES_RESPONSE, EFFECT, LOAD, ARM_RESPONSE)

SERIES_EVIDENCE = Table(
    "series_evidence",
    "one criterion judged for one day, for one session under one regimen, or for a whole series under one",
    ("rule", "person_id", "treatment", "session_date", "series_number", "criterion"),
    (
        Column("rule", "string", "The treatment, or the regimen with version, whose rule it is."),
        _PERSON,
        _TREATMENT,
        Column("series_number", "int32", "The series.", null="certainly no session"),
        Column("session_number", "int32", "The session.", null="about the whole series, or certainly no session"),
        Column("session_date", "date", "Its day.", null="about the whole series"),
        Column("criterion", "string", "Such as `session.dose`, `regimen.frequency`."),
        Column("verdict", "string", "What the criterion says.", values=("met", "not met", "unknown")),
        Column("source", "string", "Key of the reference that set the rule, with locator.", null="a stated choice"),
        Column("seen", "string", "How that source was seen.", null="a stated choice"),
        Column("choice", "string", "The reason, where it is a choice.", null="it has a source"),
        Column("address", "string", "The source row it was read from.", null="no single row"),
        Column("found", "string", "What was found, in words."),
        Column("sentence", "string", "That, what was asked, and who says so."),
    ),
)
