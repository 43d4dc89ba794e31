"""What a line of a history may say, by its kind. `check` gives the content, or every problem by field.

`None` is "nobody said", and `unknown` names the fields to which somebody said "don't know". Neither is ever read as no.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

import stepwell
from stepwell.tables import RECORDS
from stepwell.tables.ranges import MG_PER_DAY

from . import drugs, partial_dates

Kind = Literal["medication", "treatment", "condition", "medicine", "score", "vital", "observation", "goal", "consent"]
IMPROVEMENTS = {
    "worse": "It got worse",
    "none": "No change",
    "little": "A little better",
    "half": "About half better",
    "much": "Much better",
    "all": "Completely better",
}
STOP_REASONS = {
    "did not help": "It did not help",
    "stopped helping": "It stopped helping",
    "side effects": "Side effects",
    "felt better": "I felt better",
    "cost": "Cost, insurance or supply",
    "other": "Another reason",
}
TREATMENTS = {
    "psychotherapy": "Talk therapy",
    "ect": "Electroconvulsive therapy (ECT)",
    "tms": "Magnetic stimulation (TMS)",
    "esketamine": "Esketamine nasal spray",
    "ketamine": "Ketamine infusions, injections or lozenges",
    "other": "Another treatment",
}
_LONGEST_NAME, _LONGEST_TEXT, _MOST_WEEKS, _MOST_SESSIONS = 200, 4000, 5200, 5000


def _partial(text: str) -> str:
    return partial_dates.parse(text)


def _not_later(text: str, info: ValidationInfo) -> str:
    context = info.context or {}
    today, born = context.get("today"), context.get("born")
    if today is not None and partial_dates.first_day(text) > today:
        raise ValueError("lies in the future")
    if born is not None and partial_dates.last_day(text) < born:
        raise ValueError("lies before the birth")
    return text


def _whole_day(text: str) -> str:
    if not partial_dates.is_day(text):
        raise ValueError("needs the day, such as 2021-03-05")
    return text


def _drug(ingredient: str) -> str:
    if not drugs.is_known(ingredient):
        raise ValueError("is no drug of the list")
    return ingredient


When = Annotated[str, AfterValidator(_partial), AfterValidator(_not_later)]
WholeDay = Annotated[When, AfterValidator(_whole_day)]
Name = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME)]
Text = Annotated[str, Field(max_length=_LONGEST_TEXT)]
Percent = Annotated[float, Field(ge=-100, le=100)]
Said = Literal["yes", "no", "don't know"]


class Record(BaseModel):
    """One row of a record table, as an import read it."""

    model_config = ConfigDict(extra="forbid")
    table: str
    row: dict[str, Any]

    @model_validator(mode="after")
    def _is_declared(self):
        tables = {table.name: table for table in RECORDS}
        if self.table not in tables or not set(self.row) <= set(tables[self.table].by_name):
            raise ValueError("is no row of a record table")
        return self


class Content(BaseModel):
    """What every line may say."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    note: Text = ""
    unknown: tuple[str, ...] = ()
    """The fields to which somebody said "don't know"."""
    records: tuple[Record, ...] = ()
    """The rows that an import read; a correction has none, its own fields then say everything."""
    from_address: str = ""
    """Where in the imported file it stood."""


class Taken(Content):
    """A drug that was taken."""

    drug: Name
    """As somebody wrote it; kept whatever it is."""
    ingredient: Annotated[str, AfterValidator(_drug)] = drugs.UNIDENTIFIED
    """Of the knowledge files; `other`: known to be none of those looked for; empty: nobody could identify it."""
    start: When | None = None
    stop: When | None = None
    taken_on: WholeDay | None = None
    """The day on which somebody said that it was still taken."""
    weeks: Annotated[float, Field(gt=0, le=_MOST_WEEKS)] | None = None

    @model_validator(mode="after")
    def _in_order(self):
        if self.stop is not None and self.taken_on is not None:
            raise ValueError("stop: it cannot have been stopped and still be taken; leave one of them empty")
        if self.start and self.stop and partial_dates.last_day(self.stop) < partial_dates.first_day(self.start):
            raise ValueError("stop: lies before the start")
        return self


class Helped(BaseModel):
    """What somebody says that a treatment did, and why it ended."""

    improvement: Literal[tuple(IMPROVEMENTS)] | None = None
    improvement_pct: Percent | None = None
    stop_reasons: tuple[Literal[tuple(STOP_REASONS)], ...] = ()


class Medication(Helped, Taken):
    """One trial of an antidepressant, or of a drug added to one."""

    mg_per_day: Annotated[float, Field(ge=MG_PER_DAY.at_least, le=MG_PER_DAY.at_most)] | None = None
    purpose: Literal["depression", "something else"] | None = None
    route: Literal["", "oral", "transdermal", "nasal", "intravenous", "intramuscular", "subcutaneous", "topical"] = ""
    supplied: Literal["yes", "no", "not known"] = "yes"
    """Whether it was handed over or taken; not known: only an order is recorded."""


class Medicine(Taken):
    """Another medicine, or one of which only whether it is taken was asked."""

    had: Said = "yes"
    dose: Annotated[str, Field(max_length=_LONGEST_NAME)] = ""


class Treatment(Helped, Content):
    """Psychotherapy, stimulation, or a drug given in sessions."""

    treatment: Literal[("", *TREATMENTS)] = ""
    """Empty: nobody could say which."""
    name: Annotated[str, Field(max_length=_LONGEST_NAME)] = ""
    had: Said = "yes"
    start: When | None = None
    stop: When | None = None
    n_sessions: Annotated[int, Field(ge=1, le=_MOST_SESSIONS)] | None = None

    @model_validator(mode="after")
    def _in_order(self):
        if self.start and self.stop and partial_dates.last_day(self.stop) < partial_dates.first_day(self.start):
            raise ValueError("stop: lies before the start")
        return self


class Condition(Content):
    """A diagnosis."""

    condition: str = ""
    """The code set of the knowledge files; empty: nobody could say which."""
    name: Annotated[str, Field(max_length=_LONGEST_NAME)] = ""
    had: Said = "yes"
    day: When | None = None

    @model_validator(mode="after")
    def _is_one(self):
        known = stepwell.load_knowledge().codesets
        if self.condition and (self.condition not in known or "condition" not in known[self.condition].records):
            raise ValueError("condition: is none of the list")
        if not self.condition and not self.name and self.had == "yes":
            raise ValueError("name: write which condition it is")
        return self


class Score(Content):
    """A questionnaire or rating scale on one day."""

    instrument: str = ""
    """Of the knowledge files; empty: a question of another clinic's own, as an import read it."""
    day: When | None = None
    total: float | None = None
    items: dict[str, float | None] = {}
    """The answers by item; None: asked and not answered."""

    @model_validator(mode="after")
    def _fits(self):
        form = stepwell.load_knowledge().all_instruments.get(self.instrument)
        if form is None and self.records and not self.instrument:
            return self
        if form is None:
            raise ValueError("instrument: is none of the list")
        if self.total is not None and not float(form.at_least) <= self.total <= float(form.at_most):
            raise ValueError(f"total: {form.label} goes from {form.at_least} to {form.at_most}")
        known = {item.item: item for item in form.items}
        for item, value in self.items.items():
            if item not in known:
                raise ValueError("items: no such question")
            if value is not None and not known[item].at_least <= value <= known[item].at_most:
                raise ValueError("items: an answer outside the scale")
        if self.total is None and not self.items and not self.records:
            raise ValueError("total: write the total")
        return self


class Vital(Content):
    """Blood pressure or oxygen saturation, measured once."""

    day: When | None = None
    systolic: float | None = None
    diastolic: float | None = None
    oxygen: float | None = None

    @model_validator(mode="after")
    def _fits(self):
        known = stepwell.load_knowledge().vitals
        for field, vital in VITALS.items():
            value = getattr(self, field)
            if value is not None and not known[vital].at_least <= value <= known[vital].at_most:
                raise ValueError(f"{field}: is no possible reading")
        is_empty = self.systolic is None and self.diastolic is None and self.oxygen is None
        if is_empty and not self.records:
            raise ValueError("systolic: write a reading")
        return self


VITALS = {
    "systolic": "blood-pressure-systolic",
    "diastolic": "blood-pressure-diastolic",
    "oxygen": "oxygen-saturation",
}


class Observation(Content):
    """A span of which a clinician says that the history is complete: all drugs, and what `complete` names besides."""

    start: WholeDay
    stop: WholeDay
    complete: tuple[Literal["condition", "procedure"], ...] = ()

    @model_validator(mode="after")
    def _in_order(self):
        if self.stop < self.start:
            raise ValueError("stop: lies before the start")
        return self


class Goal(Content):
    """What would be well enough, in the person's own words."""

    text: Text = ""
    enough_pct: Percent | None = None


class Consent(Content):
    """A consent: the text that was shown, by id and version, and the answer."""

    document: Name
    agreed: bool
    name: Annotated[str, Field(max_length=_LONGEST_NAME)] = ""


FORMS: dict[str, type[Content]] = {
    "medication": Medication,
    "treatment": Treatment,
    "condition": Condition,
    "medicine": Medicine,
    "score": Score,
    "vital": Vital,
    "observation": Observation,
    "goal": Goal,
    "consent": Consent,
}


def check(
    kind: str, data: dict, *, today: date | None = None, born: date | None = None
) -> tuple[dict | None, dict[str, str]]:
    """The content as plain values, and no problem; or None, and every problem by field. No message repeats a value."""
    context = {"today": today, "born": born}
    try:
        content = FORMS[kind].model_validate(data, context=context)
    except ValidationError as error:
        return None, dict(map(_problem, error.errors()))
    return content.model_dump(mode="json", exclude_defaults=True, exclude_none=True), {}


def read(kind: str, content: dict) -> Content:
    """The content of a line as its form."""
    return FORMS[kind].model_validate(content)


WORDS = {
    "missing": "is needed",
    "string_too_short": "is needed",
    "too_short": "is needed",
    "string_too_long": "is too long",
    "float_parsing": "is no number",
    "int_parsing": "is no whole number",
    "int_from_float": "is no whole number",
    "greater_than": "is too small to be possible",
    "greater_than_equal": "is too small to be possible",
    "less_than_equal": "is too large to be possible",
    "literal_error": "is none of the choices",
}
"""What is said of a field, by the type of pydantic's error."""


def _problem(error: dict) -> tuple[str, str]:
    field = str(error["loc"][0]) if error["loc"] else ""
    if error["type"] != "value_error":
        return field, WORDS.get(error["type"], "cannot be read")
    words = str(error["ctx"]["error"])
    if not field:
        field, _, words = words.partition(": ")
    return field, words
