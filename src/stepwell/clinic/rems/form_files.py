"""The monitoring forms as dated files: their fields, from where each is prefilled, in which copies they were seen.

A form is never called current: programmes change their forms. What a copy did not show is listed in `cut_off`, not invented.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

import stepwell

_FILES = Path(__file__).parent / "forms"
_CLASSES = Path(__file__).parent / "drug_classes.yaml"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class FormField(_Part):
    """One field. `prefilled_from` names a value of `prefill.py`; without one a person answers. `only` asks it only after these
    answers to another field."""

    id: str
    label: str
    kind: Literal["text", "day", "number", "yes-no", "choice", "pressure"]
    required: bool = True
    prefilled_from: str = Field("", alias="from")
    choices: dict[str, str] = {}
    only: dict[str, tuple[str, ...]] = {}
    at_most: int = 0


class FormPart(_Part):
    """The fields under one title."""

    title: str
    fields: tuple[FormField, ...]


class Copy(_Part):
    """A copy in which the form was seen, and when it was looked at."""

    what: str
    url: str
    seen: Literal["primary", "secondary"]
    seen_on: date


class CutOff(_Part):
    """What the copies did not show, after which field."""

    after: str
    what: str


class MonitoringForm(_Part):
    """One version of a form. `form` is the same over its versions: protocols name it. `described`: the day that the copies give
    themselves."""

    id: str
    form: str
    program: str
    title: str
    described: date
    copies: tuple[Copy, ...] = Field(min_length=1)
    cut_off: tuple[CutOff, ...] = ()
    parts: tuple[FormPart, ...]
    digest: str
    """Of the file, so that a submission says by which text it was made."""

    @model_validator(mode="after")
    def _fields_are_known(self):
        names = [field.id for field in self.fields()]
        asked = [after for field in self.fields() for after in field.only] + [one.after for one in self.cut_off]
        if len(names) != len(set(names)) or not set(asked) <= set(names):
            raise ValueError("a field is named twice, or one that is not there is referred to")
        return self

    def fields(self) -> Iterator[FormField]:
        """Every field, in order."""
        for part in self.parts:
            yield from part.fields


class DrugClass(_Part):
    """The drugs that a form means by a class."""

    label: str
    drugs: tuple[str, ...] = ()
    group: str = ""
    check: str
    """The id of the check of a protocol that asks for them."""


@cache
def forms() -> dict[str, MonitoringForm]:
    """Every form by its id, the one described last first."""
    found = [_read(file) for file in sorted(_FILES.glob("*.yaml"))]
    return {form.id: form for form in sorted(found, key=lambda form: (form.described, form.id), reverse=True)}


def _read(file: Path) -> MonitoringForm:
    text = file.read_bytes()
    return MonitoringForm.model_validate({**yaml.safe_load(text), "digest": hashlib.sha256(text).hexdigest()})


def versions_of(form: str) -> list[MonitoringForm]:
    """The versions of a form that a protocol names, the one described last first."""
    return [one for one in forms().values() if one.form == form]


@cache
def drug_classes() -> dict[str, tuple[str, frozenset[str]]]:
    """The check that asks for each class, and its ingredients."""
    found = {name: DrugClass.model_validate(one) for name, one in yaml.safe_load(_CLASSES.read_bytes()).items()}
    known = stepwell.load_knowledge().interacting
    return {
        name: (
            one.check,
            frozenset(one.drugs) | {i for i, row in known.items() if one.group and row.group == one.group},
        )
        for name, one in found.items()
    }
