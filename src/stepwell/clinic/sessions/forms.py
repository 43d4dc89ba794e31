"""What an entry of a session may say, by its kind. `check` gives the content, or every problem by field."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

import stepwell
from stepwell.clinic.history.forms import WORDS

Answer = Literal["yes", "no", "not known"]
Dissociation = Literal["none", "mild", "moderate", "severe"]
Looked = Literal["yes", "no", "not looked"]
Text = Annotated[str, Field(max_length=400)]
Short = Annotated[str, Field(max_length=60)]
LOWEST_PULSE, HIGHEST_PULSE = 20, 300
"""The range only keeps misprints out."""
NO_ADVERSE_EVENT = "no-adverse-event"
"""The check by which somebody says that there was none."""
NOT_TAKEN = "not-taken-"
"""Before the moment of a reading: the check by which somebody says that it was not taken."""
_MOST_MG = 1000
_VITALS = {
    "systolic": "blood-pressure-systolic",
    "diastolic": "blood-pressure-diastolic",
    "spo2": "oxygen-saturation",
}


class Content(BaseModel):
    """What every entry may say."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class PlannedChange(Content):
    """Another day, time or chair."""

    day: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    planned_at: AwareDatetime
    chair: Annotated[str, Field(max_length=20)] = ""
    note: Text = ""


class Check(Content):
    """The answer to one check of the protocol. `carried`: it is that of the last session; `confirmed`: somebody confirmed it."""

    check: Annotated[str, Field(min_length=1, max_length=60)]
    answer: Answer
    carried: bool = False
    confirmed: bool = True


class Device(Content):
    """One device or vial. `lot` is the key of the stock's lot; without one, the number of the lot is written."""

    lot: int | None = None
    lot_number: Annotated[str, Field(min_length=1, max_length=60)]
    serial: Short = ""


class Dose(Content):
    """What was given at one moment: one device, or an infusion or injection."""

    mg: Annotated[float, Field(gt=0, le=_MOST_MG)]
    devices: Annotated[tuple[Device, ...], Field(min_length=1, max_length=10)]
    route: Annotated[str, Field(min_length=1, max_length=20)]
    unit: Literal["mg"] = "mg"
    order: Short = ""
    """The version of the order by which it was given."""
    despite: Text = ""
    """Why it was given although a check was not as the protocol asks."""


class Reading(Content):
    """Vital signs and how the person is, at one moment. None: not measured."""

    moment: Annotated[str, Field(pattern=r"^(before|end|other|\d{1,3})$")]
    systolic: int | None = None
    diastolic: int | None = None
    pulse: Annotated[int, Field(ge=LOWEST_PULSE, le=HIGHEST_PULSE)] | None = None
    spo2: int | None = None
    sedation: Annotated[int, Field(ge=0, le=5)] | None = None
    """MOAA/S, 5: awake."""
    dissociation: Dissociation | None = None
    respiratory_depression: Looked = "not looked"

    @model_validator(mode="after")
    def _is_possible(self):
        known = stepwell.load_knowledge().vitals
        for field, vital in _VITALS.items():
            value = getattr(self, field)
            if value is not None and not known[vital].at_least <= value <= known[vital].at_most:
                low, high = known[vital].at_least, known[vital].at_most
                raise ValueError(
                    f"{field}: is no possible reading; it lies between {low:g} and {high:g} {known[vital].unit}"
                )
        if (self.systolic is None) != (self.diastolic is None):
            missing = "systolic" if self.systolic is None else "diastolic"
            raise ValueError(f"{missing}: is needed beside the other pressure")
        if self.systolic is not None and self.diastolic >= self.systolic:
            raise ValueError("diastolic: is not below the systolic pressure; perhaps the two are exchanged")
        measured = (self.systolic, self.pulse, self.spo2, self.sedation, self.dissociation)
        if all(value is None for value in measured) and self.respiratory_depression == "not looked":
            raise ValueError("systolic: nothing was entered")
        return self


class AdverseEvent(Content):
    """One adverse event, from its onset to its resolution. `serious` None: nobody said yet."""

    what: Annotated[str, Field(min_length=1, max_length=120)]
    serious: bool | None = None
    onset_at: AwareDatetime
    resolved_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _in_order(self):
        if self.resolved_at is not None and self.resolved_at < self.onset_at:
            raise ValueError("resolved_at: lies before the onset")
        return self


class Departure(Content):
    """The person left. Before the protocol's time, or with a criterion that is not met, with a reason and a second name."""

    reason: Text = ""
    second: int | None = None
    """The user id of the second member of staff, who confirmed with their own password or code."""
    second_name: Annotated[str, Field(max_length=200)] = ""


class Signature(Content):
    """Somebody signed what `seen` is the digest of."""

    seen: Annotated[str, Field(min_length=64, max_length=64)]
    protocol_digest: Annotated[str, Field(min_length=64, max_length=64)]


class Addendum(Content):
    """What is added after the signature."""

    text: Annotated[str, Field(min_length=1, max_length=4000)]


class Cancelled(Content):
    """It does not take place, or no dose was given."""

    by: Literal["patient", "clinic", "did not come"]
    note: Text = ""


FORMS: dict[str, type[Content]] = {
    "planned change": PlannedChange,
    "check": Check,
    "dose": Dose,
    "reading": Reading,
    "adverse event": AdverseEvent,
    "departure": Departure,
    "signature": Signature,
    "addendum": Addendum,
    "cancelled": Cancelled,
}


def check(kind: str, data: dict[str, Any]) -> tuple[dict | None, dict[str, str]]:
    """The content as plain values, and no problem; or None, and every problem by field. No message repeats a value."""
    try:
        content = FORMS[kind].model_validate(data)
    except ValidationError as error:
        return None, dict(map(_problem, error.errors()))
    return content.model_dump(mode="json"), {}


def read(kind: str, content: dict) -> Content:
    """The content of an entry as its form."""
    return FORMS[kind].model_validate(content)


def read_time(text: str | None) -> datetime | None:
    """A time of a content; None where there is none."""
    return None if text is None else datetime.fromisoformat(text)


def _problem(error: dict) -> tuple[str, str]:
    field = str(error["loc"][0]) if error["loc"] else ""
    if error["type"] != "value_error":
        if field == "unit":
            return field, "is not mg; write the dose in mg"
        return field, WORDS.get(error["type"], "cannot be read")
    words = str(error["ctx"]["error"])
    if not field:
        field, _, words = words.partition(": ")
    return field, words
