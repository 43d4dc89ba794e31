"""What is looked at around the sessions of a series, made from a result when it is asked for and not kept in it."""

from __future__ import annotations

from .declare import Column, Table

_PERSON = Column("person_id", "int64", "The person, numbered on reading.")
_TREATMENT = Column("treatment", "string", "The treatment, as in `knowledge/data/treatment`.")
_SERIES = Column("series_number", "int32", "1, 2, 3 ... among the person's series of this treatment.")
_INSTRUMENT = Column("instrument", "string", "The instrument's id.", null="a question of the clinic's own")
_SESSION = Column("session_number", "int32", "The last session on that day or before it.", null="before the first")

TRAJECTORY = Table(
    "trajectory",
    "one value of one measure on one day around one series: a score, another scale, an item, a question of the clinic's own",
    ("person_id", "treatment", "series_number", "instrument", "item", "value_date"),
    (
        _PERSON,
        _TREATMENT,
        _SERIES,
        _INSTRUMENT,
        Column("item", "string", "The item, or what the clinic's own question is about.", null="the total"),
        Column("value_date", "date", "The day."),
        Column("value", "float64", "The value."),
        Column("better", "string", "Which way is better.", null="neither, or nobody said", values=("higher", "lower")),
        Column("n_days", "int32", "Days since the first session; negative before it.", unit="days"),
        _SESSION,
        Column("n_days_since", "int32", "Days since that session.", unit="days", null="before the first session"),
        Column("baseline_value", "float64", "The last value before the first session or on its day.", null="none"),
        Column(
            "change", "float64", "Value minus baseline, after the first session.", null="no baseline, or not after it"
        ),
        Column("is_better", "boolean", "Whether it changed for the better.", null="no change, or no way is better"),
        Column(
            "is_meaningful",
            "boolean",
            "Whether the change is at least the smallest that means something to a person, as far as one was seen.",
            null="no change to judge, or no such number was seen",
        ),
    ),
)

THERAPY = Table(
    "therapy",
    "one day with psychotherapy during a series or soon after it, and how it lies to the sessions; never a criterion",
    ("person_id", "treatment", "series_number", "therapy_date"),
    (
        _PERSON,
        _TREATMENT,
        _SERIES,
        Column("therapy_date", "date", "The day."),
        _SESSION,
        Column("n_days_since", "int32", "Days since that session.", unit="days", null="before the first session"),
        Column("hours_since", "float64", "Hours from the beginning of that session; negative: therapy came first.",
               unit="hours", null="a time is not recorded"),
        Column("within", "string", "The stretch of time after the session that it falls into.",
               null="before the first session, before the dose of that day, or later than the last stretch"),
        Column("is_order_known", "boolean", "On the day of a session, whether it is known which came first."),
        Column("n_records", "int32", "Rows behind it."),
        Column("address", "string", "The first of them."),
    ),
)  # fmt: skip

CONCERN = Table(
    "concern",
    "one administration of an instrument that asks about death, suicide or self-harm, and what was answered",
    ("person_id", "instrument", "item", "answered_date"),
    (
        _PERSON,
        Column("instrument", "string", "The instrument's id."),
        Column("item", "string", "The item.", null="a total is recorded, and no item"),
        Column("answered_date", "date", "The day."),
        Column("value", "float64", "The answer; the greatest where there are several.", null="unanswered or not recorded"),
        Column(
            "state",
            "string",
            "What is known of it. No answer is never read as none.",
            values=("above zero", "zero", "unanswered", "not recorded"),
        ),
        Column("baseline_date", "date", "Day of this person's baseline: the last answer before the first session of any series, "
               "or on its day; without a series, the first answer there is.", null="none before this day"),
        Column("baseline_value", "float64", "The answer then.", null="none before this day"),
        Column("has_risen", "boolean", "Whether it is above that baseline.", null="no answer, or no baseline before it"),
    ),
)  # fmt: skip

AROUND = (TRAJECTORY, THERAPY, CONCERN)
