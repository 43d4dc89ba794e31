"""The record tables that every source is read into. A record is a row someone else wrote, with its address.

Names are stepwell's own, because the content is: `GLOSSARY.md` maps each to OMOP and FHIR. Dates are calendar dates,
inclusive at both ends. `person_id` is made on reading (1, 2, 3 ... in the order of the source's own ids); the source's id
stays in `person.source_person_id`. `address` names the source row so that a reader can find it again, such as
`drug_exposure/123`, `MedicationRequest/abc` or `medication.csv:17`. A value the source did not give, or gave as a sentinel
(0 days' supply, concept 0, a score of 99) or outside its range (`ranges.py`), is NULL here, and its count is among the
source's findings.
"""

from __future__ import annotations

from .declare import Column, Table
from .gaps import CODE_GAP, INCOMPLETE_MEDICATION
from .ranges import BIRTH, DAY, MG_PER_DAY, QUANTITY, SESSION_DOSE, SESSION_MINUTES

_PERSON = Column("person_id", "int64", "The person, numbered on reading.")
_ADDRESS = Column("address", "string", "Which source row this was read from.")

PERSON = Table(
    "person",
    "a person",
    ("person_id",),
    (
        _PERSON,
        Column("source_person_id", "string", "The person's id in the source, as text."),
        Column(
            "birth_earliest_date",
            "date",
            "The earliest day the person can have been born.",
            null="birth year unknown",
            range=BIRTH,
        ),
        Column(
            "birth_latest_date",
            "date",
            "The latest day the person can have been born.",
            null="birth year unknown",
            range=BIRTH,
        ),
        Column("sex", "string", "Sex as recorded.", null="not recorded", values=("female", "male", "other")),
        Column("death_date", "date", "Day of death.", null="no death recorded", range=DAY),
        _ADDRESS,
    ),
)

OBSERVATION_PERIOD = Table(
    "observation_period",
    "a span of time in which the absence of a record means something",
    ("person_id", "start_date", "end_date"),
    (
        _PERSON,
        Column("start_date", "date", "First day of the span.", range=DAY),
        Column("end_date", "date", "Last day of the span.", range=DAY),
        _ADDRESS,
    ),
)

CONDITION = Table(
    "condition",
    "one recorded diagnosis in one code set (a code in two sets gives two rows; a code in none gives no row)",
    ("person_id", "condition_date", "codeset", "vocabulary", "code", "address"),
    (
        _PERSON,
        Column("condition_date", "date", "Day of the diagnosis.", range=DAY),
        Column(
            "codeset", "string", "The code set of the knowledge files that holds the code, such as `major-depression`."
        ),
        Column("vocabulary", "string", "The vocabulary of the code, such as `ICD10CM`."),
        Column("code", "string", "The code as recorded."),
        _ADDRESS,
    ),
)

MEDICATION = Table(
    "medication",
    "one ingredient in one prescription, fill or administration (a combination product may give several rows)",
    ("person_id", "ingredient", "start_date", "address"),
    (
        _PERSON,
        Column(
            "ingredient",
            "string",
            "The ingredient's id in the knowledge files; other drugs are counted, then left out.",
        ),
        Column("start_date", "date", "First day of the supply.", range=DAY),
        Column(
            "end_date", "date", "Last day of the supply.", null="nobody can say how long the supply lasted", range=DAY
        ),
        Column(
            "end_basis",
            "string",
            "How the end was found.",
            null="the end is unknown",
            values=("days supply", "recorded end", "administration"),
        ),
        Column(
            "mg_per_day",
            "float64",
            "Daily dose of the ingredient.",
            unit="mg/day",
            null="the dose cannot be known",
            range=MG_PER_DAY,
        ),
        Column(
            "dose_basis",
            "string",
            "How the dose was found (strength, quantity and supply; recorded dose; patch), or what was missing for it.",
        ),
        Column(
            "labelled_use",
            "string",
            "A use other than depression for which this very product is labelled, such as `smoking cessation`; `not known` where "
            "only its form or route would say, and neither is recorded.",
            null="no such product",
        ),
        Column(
            "stop_reason",
            "string",
            "Why it was stopped, as far as the record says and stepwell recognises it.",
            null="not recorded",
            values=("intolerance", "no effect", "other"),
        ),
        Column(
            "is_supplied",
            "boolean",
            "Whether the drug was handed over, paid for, given or reported as taken; no: an order that was never dispensed, "
            "though fills of the person are recorded at that time.",
            null="an order of a time without fills of the person; or the record does not say whether it is an order",
        ),
        _ADDRESS,
    ),
)

CONCOMITANT = Table(
    "concomitant",
    "one drug that interacts with esketamine or ketamine and is no treatment of depression, in one supply or administration",
    ("person_id", "ingredient", "start_date", "address"),
    (
        _PERSON,
        Column("ingredient", "string", "The drug's id in `interacting.csv`."),
        Column("start_date", "date", "First day of the supply."),
        Column("end_date", "date", "Last day of the supply.", null="nobody can say how long the supply lasted"),
        Column(
            "end_basis",
            "string",
            "How the end was found.",
            null="the end is unknown",
            values=("days supply", "recorded end", "administration"),
        ),
        _ADDRESS,
    ),
)

MEASUREMENT = Table(
    "measurement",
    "one total of one instrument on one day",
    ("person_id", "instrument", "measured_date", "address"),
    (
        _PERSON,
        Column("instrument", "string", "The instrument's id in the knowledge files, such as `phq-9`."),
        Column("measured_date", "date", "Day on which it was filled in.", range=DAY),
        Column(
            "total", "float64", "Total score.", unit="points", null="the instrument was given, but no total is recorded"
        ),
        _ADDRESS,
    ),
)

PROCEDURE = Table(
    "procedure",
    "one procedure on one day: electroconvulsive therapy, magnetic stimulation, an (es)ketamine session, hospice care",
    ("person_id", "procedure_date", "procedure", "address"),
    (
        _PERSON,
        Column("procedure_date", "date", "Day of the procedure.", range=DAY),
        Column("procedure", "string", "The procedure's code set in the knowledge files, such as `ect`."),
        Column("vocabulary", "string", "The vocabulary of the code."),
        Column("code", "string", "The code as recorded."),
        Column("quantity", "float64", "Units billed or done.", null="not recorded", range=QUANTITY),
        Column("minute", "int32", "Minute of the day on which it began.", unit="minutes", null="no time recorded"),
        _ADDRESS,
    ),
)

VITAL = Table(
    "vital",
    "one vital sign measured once on one day",
    ("person_id", "vital", "measured_date", "address"),
    (
        _PERSON,
        Column("vital", "string", "Its id in the knowledge files, such as `blood-pressure-systolic`."),
        Column("measured_date", "date", "Day on which it was measured.", range=DAY),
        Column("mmhg", "float64", "A pressure.", unit="mmHg", null="no pressure, or no usable value is recorded"),
        Column("percent", "float64", "A saturation.", unit="%", null="no saturation, or no usable value is recorded"),
        _ADDRESS,
    ),
)

DOSE = Table(
    "dose",
    "one source row that says that a drug given in sessions was given, supplied or billed on one day",
    ("person_id", "given_date", "ingredient", "address"),
    (
        _PERSON,
        Column("given_date", "date", "The day.", range=DAY),
        Column("ingredient", "string", "The ingredient's id in the knowledge files."),
        Column(
            "kind",
            "string",
            "What sort of row it is: a dose charted as given, or a supply (prescription or fill).",
            null="the row does not say",
            values=("administration", "supply"),
        ),
        Column("code", "string", "The billing code that the row carries.", null="none"),
        Column("quantity", "float64", "Units of the row, as recorded.", null="not recorded", range=QUANTITY),
        Column(
            "mg",
            "float64",
            "Amount: recorded, or strength x quantity.",
            unit="mg",
            null="it cannot be known",
            range=SESSION_DOSE,
        ),
        Column(
            "route",
            "string",
            "How it was given.",
            null="not recorded, or not recognised",
            values=("nasal", "intravenous", "intramuscular", "subcutaneous", "oral", "transdermal", "topical", "other"),
        ),
        Column("minute", "int32", "Minute of the day on which it began.", unit="minutes", null="no time recorded"),
        _ADDRESS,
    ),
)

DECLARED_SESSION = Table(
    "declared_session",
    "one source row that its source declares to be a session of a treatment, or of what that treatment was compared with",
    ("person_id", "session_date", "treatment", "address"),
    (
        _PERSON,
        Column("session_date", "date", "The day."),
        Column("treatment", "string", "The treatment of which it is a session, or with which it was compared."),
        Column("is_comparator", "boolean", "Whether a placebo or another drug was given in the treatment's place."),
        Column("arm", "string", "The arm, as the source names it; else the drug, with its dose for the weight."),
        Column("mg_per_kg", "float64", "The dose for the weight.", unit="mg/kg", null="not recorded"),
        _ADDRESS,
    ),
)

MONITORING = Table(
    "monitoring",
    "one reading taken around a session, or one thing done about it",
    ("person_id", "session_date", "kind", "minutes", "address"),
    (
        _PERSON,
        Column("session_date", "date", "The day of the session it belongs to.", range=DAY),
        Column(
            "kind",
            "string",
            "What was read: a pressure (mmHg), oxygen saturation (%), a scale (points), how long the person was observed "
            "(minutes), how many days after the session its form was sent (days).",
            values=("systolic", "diastolic", "oxygen saturation", "moaa-s", "cadss", "observed", "form sent"),
        ),
        Column(
            "minutes",
            "int32",
            "Minutes from the start of the dose to the reading; 0 or less: before it.",
            unit="minutes",
            null="no time recorded, or not a reading",
            range=SESSION_MINUTES,
        ),
        Column("value", "float64", "The reading.", null="taken, but no value recorded"),
        _ADDRESS,
    ),
)

ANSWER = Table(
    "answer",
    "one answer to one item on one day, or one total of a scale by which no treatment of depression is judged",
    ("person_id", "answered_date", "instrument", "item", "address"),
    (
        _PERSON,
        Column("answered_date", "date", "The day.", range=DAY),
        Column(
            "instrument", "string", "The instrument's id in the knowledge files.", null="a question of the clinic's own"
        ),
        Column(
            "item",
            "string",
            "The item's number on the form; of a question of the clinic's own, what it is about.",
            null="the total of the instrument",
        ),
        Column("value", "float64", "The answer, or the total.", null="asked, but no answer that can be read"),
        Column("at_least", "float64", "The least answer there is.", null="nobody said"),
        Column("at_most", "float64", "The greatest answer there is.", null="nobody said"),
        Column("better", "string", "Which way is better.", null="neither, or nobody said", values=("higher", "lower")),
        _ADDRESS,
    ),
)

RECORDS = (
    PERSON,
    OBSERVATION_PERIOD,
    CONDITION,
    MEDICATION,
    CONCOMITANT,
    MEASUREMENT,
    PROCEDURE,
    VITAL,
    DOSE,
    DECLARED_SESSION,
    MONITORING,
    ANSWER,
    CODE_GAP,
    INCOMPLETE_MEDICATION,
)
