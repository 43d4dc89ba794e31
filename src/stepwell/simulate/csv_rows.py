"""The rows of the simulator's CSV files: drugs, diagnosis codes, sessions, columns of the OMOP CDM."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stepwell.knowledge.cited import Cited, Form
from stepwell.knowledge.definition import Id


class Drug(Cited):
    """One row of `drug.csv`: a way in which a drug is used, with the strength of its unit and the daily doses."""

    ingredient: Id
    use: Literal["depression", "added", "sleep", "other"]
    strength_mg: float = Field(gt=0)
    mg_per_day: tuple[float, ...]
    first_weight_pct: float = Field(ge=0)
    later_weight_pct: float = Field(ge=0)


class WrittenCode(Cited):
    """One row of `code.csv`: the code that is written for a diagnosis."""

    name: Id
    """What it is written for: `first-episode`, `later-episode`, `miscoded` (in place of these), `bipolar`, `psychosis`."""
    icd10cm: str
    source_concept_id: int
    standard_concept_id: int
    snomed: str
    label: str


class SessionCode(Cited):
    """One row of `session.csv`: what is given and written at a session of a course."""

    treatment: Literal["esketamine", "ketamine", "ect", "tms"]
    when: Literal["first", "later"]
    share_pct: float = Field(gt=0)
    """How many courses have this, of those of the same treatment and place."""
    ingredient: Id | None = None
    strength_mg: float | None = Field(default=None, gt=0)
    """mg in one device; none where the amount itself is written."""
    mg: float | None = Field(default=None, gt=0)
    route: str | None = None
    vocabulary: str | None = None
    code: str | None = None


class CdmColumn(Form):
    """One row of `cdm_column.csv`: a column of an OMOP CDM 5.4 table."""

    table: str
    column: str
    type: Literal["integer", "float", "date", "datetime", "text"]
    required: Literal["yes", "no"]
