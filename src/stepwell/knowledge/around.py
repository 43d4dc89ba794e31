"""The form of what is looked at around the sessions of a series. Nothing in it is a criterion of anything."""

from __future__ import annotations

from pydantic import Field, model_validator

from .cited import Cited, Days, Form


class Stretch(Form):
    """So many days after a session, the day of the session being day 0; on that day only what came after the dose."""

    label: str
    first: Days
    last: Days


class Said(Cited):
    """One sentence to stand beside what is shown."""

    text: str


class TherapyAround(Cited):
    """How the time between a session and psychotherapy is divided, so that it can be shown. None of it is known to matter."""

    stretches: tuple[Stretch, ...] = Field(min_length=1)
    evidence: tuple[Said, ...]

    @model_validator(mode="after")
    def _in_order(self):
        ends = [day for s in self.stretches for day in (s.first, s.last)]
        if ends != sorted(ends) or any(
            a.last >= b.first for a, b in zip(self.stretches, self.stretches[1:], strict=False)
        ):
            raise ValueError("stretches overlap or are out of order; write each after the one before it")
        return self


class Around(Form):
    """`around.yaml`."""

    therapy: TherapyAround
