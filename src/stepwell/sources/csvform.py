"""The form of stepwell's own folder: which files, which columns, and what to write into them."""

from __future__ import annotations

from dataclasses import dataclass

from ..tables.ranges import (
    BIRTH,
    MG_PER_DAY,
    MG_PER_KG,
    OWN_SCALE,
    QUANTITY,
    SESSION_DOSE,
    SESSION_MINUTES,
    STRENGTH,
    SUPPLY,
    Range,
)


@dataclass(frozen=True)
class Field:
    """One column of an own file: how it is read, whether it may be empty, and what to write into it."""

    name: str
    kind: str
    is_required: bool
    explanation: str
    words: tuple[str, ...] = ()
    range: Range | None = None

    @property
    def told(self) -> str:
        """What to write into the column, and in which range it must be to be read."""
        return f"{self.explanation}; read from {self.range}" if self.range else self.explanation


def _person(explanation: str = "the person's id, any text; the same in all files") -> Field:
    return Field("person_id", "text", True, explanation)


MONITORED = ("systolic", "diastolic", "oxygen saturation", "moaa-s", "cadss", "observed", "form sent")

FILES: dict[str, tuple[Field, ...]] = {
    "person": (
        _person("the person's id, any text; one line per person"),
        Field(
            "birth_date",
            "birth",
            False,
            "the day (1980-05-17), the month (1980-05) or the year (1980) of birth",
            range=BIRTH,
        ),
        Field("sex", "word", False, "female, male or other", ("female", "male", "other", "f", "m")),
        Field("death_date", "date", False, "the day of death; empty when not known to have died"),
    ),
    "observation_period": (
        _person(),
        Field("start_date", "date", True, "the first day on which everything that happened would have been recorded"),
        Field("end_date", "date", True, "the last such day; a person may have several lines"),
    ),
    "condition": (
        _person(),
        Field("condition_date", "date", True, "the day of the diagnosis"),
        Field(
            "vocabulary", "text", True, "ICD10CM, ICD10, ICD9CM, SNOMED or OMOP; or stepwell for the name of a code set"
        ),
        Field("code", "text", True, "the code, with or without its dot (F33.1); or the code set (major-depression)"),
    ),
    "medication": (
        _person(),
        Field(
            "drug",
            "text",
            True,
            "the name of the ingredient, not a brand, or other: a drug that is none of those looked for; one line per "
            "prescription or fill",
        ),
        Field("start_date", "date", True, "the first day of this supply"),
        Field("end_date", "date", False, "the last day of this supply, where known"),
        Field("days_supply", "whole", False, "how many days this supply lasts; goes before end_date", range=SUPPLY),
        Field(
            "mg_per_day", "number", False, "the daily dose in mg; goes before strength and quantity", range=MG_PER_DAY
        ),
        Field("strength_mg", "number", False, "mg in one tablet or capsule", range=STRENGTH),
        Field("quantity", "number", False, "how many tablets or capsules", range=QUANTITY),
        Field(
            "stop_reason",
            "word",
            False,
            "why this drug was stopped after this supply: intolerance, no effect or other",
            ("intolerance", "no effect", "other"),
        ),
        Field(
            "kind",
            "word",
            False,
            "prescription (ordered), dispensing (handed over), supply (one of the two; the same as empty), administration "
            "(charted as given that day), or comparator (a placebo or another drug that a trial gave in place of the one named "
            "under session)",
            ("prescription", "dispensing", "supply", "administration", "comparator"),
        ),
        Field(
            "mg",
            "number",
            False,
            "for drugs given in sessions: mg in all; goes before strength and quantity",
            range=SESSION_DOSE,
        ),
        Field(
            "route",
            "text",
            False,
            "nasal, intravenous, intramuscular, subcutaneous, oral, transdermal; where sessions or the use depend on it",
        ),
        Field("time", "time", False, "for drugs given in sessions: when the dose began, as 09:30"),
        Field(
            "session",
            "text",
            False,
            "esketamine or ketamine, where this line certainly is a session of it against depression, such as a charted "
            "infusion of a trial; with kind comparator, what it is compared with; empty: stepwell judges by the records",
        ),
        Field("arm", "text", False, "of a declared session: the arm of the trial; empty: the drug and mg_per_kg"),
        Field(
            "mg_per_kg",
            "number",
            False,
            "of a declared session: the dose for each kg of weight; mg is never made of it",
            range=MG_PER_KG,
        ),
    ),
    "measurement": (
        _person(),
        Field("measured_date", "date", True, "the day on which the questionnaire was filled in"),
        Field("instrument", "text", True, "phq-9, qids-sr16, madrs or ham-d17"),
        Field("total", "number", False, "the total score; empty when it was given but not scored"),
    ),
    "procedure": (
        _person(),
        Field("procedure_date", "date", True, "the day of the procedure"),
        Field("vocabulary", "text", True, "HCPCS, CPT4, ICD10PCS, ICD9Proc, SNOMED or OMOP; or stepwell"),
        Field(
            "code", "text", True, "the code; or, with stepwell, the code set (ect, tms, esketamine-session, hospice)"
        ),
        Field(
            "quantity",
            "number",
            False,
            "units billed, such as mg of a drug code; empty where it says nothing",
            range=QUANTITY,
        ),
        Field("time", "time", False, "when it began, as 14:00"),
    ),
    "monitoring": (
        _person(),
        Field("session_date", "date", True, "the day of the session"),
        Field(
            "kind",
            "word",
            True,
            "systolic, diastolic (mmHg), oxygen saturation (%), moaa-s, cadss (points), observed (minutes), form sent (days)",
            MONITORED,
        ),
        Field(
            "minutes",
            "whole",
            False,
            "minutes from the start of the dose to the reading; 0 or less: before it",
            range=SESSION_MINUTES,
        ),
        Field("value", "number", False, "the reading; empty when it was taken but not written down"),
    ),
    "answer": (
        _person(),
        Field("answered_date", "date", True, "the day on which it was asked"),
        Field(
            "instrument",
            "text",
            False,
            "the id of a questionnaire (see `stepwell knowledge list`); empty: a question of your own",
        ),
        Field(
            "item",
            "text",
            False,
            "the number of the item; empty: the total; of your own question what it is about, such as insight, joy or motivation",
        ),
        Field("value", "number", False, "the answer, or the total; empty when it was asked and not answered"),
        Field(
            "at_least",
            "number",
            False,
            "the least answer there is; needed for a question of your own only",
            range=OWN_SCALE,
        ),
        Field(
            "at_most",
            "number",
            False,
            "the greatest answer there is; needed for a question of your own only",
            range=OWN_SCALE,
        ),
        Field(
            "better", "word", False, "higher or lower, for a question of your own; empty: neither", ("higher", "lower")
        ),
    ),
    "vital": (
        _person(),
        Field("measured_date", "date", True, "the day on which it was measured"),
        Field("vital", "text", True, "blood-pressure-systolic, blood-pressure-diastolic or oxygen-saturation"),
        Field("mmhg", "number", False, "a pressure in mmHg; empty when it was taken but not written down"),
        Field("percent", "number", False, "a saturation in per cent; empty when it was taken but not written down"),
    ),
}
REQUIRED_FILES = ("person", "medication")
