"""What goes with the codes of a treatment, as dated files: ways of billing, visits, prolonged services, each with its source."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

import stepwell

_FILES = Path(__file__).parent / "codes"
Way = Literal["bundled", "separate"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """A public page, its day as it gives it, and how it was seen."""

    title: str
    url: str
    dated: str
    seen: Literal["primary", "secondary", "recalled"]


class Rule(_Part):
    """One sentence and the page that says so."""

    text: str
    source: str


class WayOfBilling(_Part):
    """One of the ways in which payers want a session to be billed."""

    title: str
    whose: str
    says: tuple[Rule, ...]


class Visit(_Part):
    """The highest level of an office visit by time: from how many minutes of the clinician."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    code: str
    whom: str = Field(alias="for")
    at_least: int
    source: str


class Prolonged(_Part):
    """A prolonged service. Without `first_at` no units are counted."""

    code: str
    counts: Literal["clinician", "staff"]
    first_at: dict[str, int] = {}
    each: int = 0
    source: str
    says: str

    def units(self, visit: str, minutes: int) -> int | None:
        """The full units beside a visit of that code; None where the file cannot say."""
        first = self.first_at.get(visit)
        if first is None or not self.each:
            return None
        return 0 if minutes < first else 1 + (minutes - first) // self.each


class Codes(_Part):
    """One file: what goes with the codes of a treatment in a country."""

    id: str
    treatment: str
    country: str
    seen_on: date
    sources: dict[str, Source]
    ways: dict[Way, WayOfBilling]
    visits: tuple[Visit, ...]
    prolonged: tuple[Prolonged, ...]

    @model_validator(mode="after")
    def _sources_are_listed(self):
        named = [rule.source for way in self.ways.values() for rule in way.says]
        named += [one.source for one in (*self.visits, *self.prolonged)]
        if not set(named) <= set(self.sources):
            raise ValueError("a source is named that the file does not list")
        return self


@cache
def code_files() -> tuple[Codes, ...]:
    """Every file."""
    return tuple(Codes.model_validate(yaml.safe_load(file.read_bytes())) for file in sorted(_FILES.glob("*.yaml")))


def codes_for(treatment: str) -> Codes | None:
    """The file of the treatment; None where nobody wrote one."""
    return next((one for one in code_files() if one.treatment == treatment), None)


def drug_codes(treatment: str) -> tuple:
    """The codes of the treatment in stepwell's knowledge, with their days and milligrams."""
    known = stepwell.load_knowledge().treatments.get(treatment)
    return known.codes if known is not None else ()


def source_of(code) -> str:
    """Where a code of the knowledge is from, in words."""
    reference = stepwell.load_knowledge().references[code.source]
    return f"{reference.short or reference.title}; {code.locator}"
