"""OMOP CDM 5.3 and 5.4 into the six record tables.

Needs: `person` and `drug_exposure`; everything else may be missing, and what then cannot be known is said. The vocabulary
tables (`concept`, `concept_ancestor`, `drug_strength`) are used where they hold rows.
"""

from __future__ import annotations

import difflib
from functools import partial

import ibis

from ..errors import Problem, SourceError
from ..knowledge.forms import Knowledge
from ..tables import CODE_GAP, INCOMPLETE_MEDICATION
from .cdm_columns import type_problems, without_others
from .cdm_findings import CdmFindings
from .cdm_part import read_cdm_part
from .cdm_rows import CdmRows
from .files import RawTable, column_problems
from .parts import ReadTables
from .source import DrugRows, Loss, Source
from .stored import filled_tables

REQUIRED_TABLES = ("person", "drug_exposure")
REQUIRED_COLUMNS = {
    "person": ("person_id", "year_of_birth"),
    "observation_period": ("person_id", "observation_period_start_date", "observation_period_end_date"),
    "drug_exposure": ("drug_exposure_id", "person_id", "drug_concept_id", "drug_exposure_start_date"),
    "condition_occurrence": ("condition_occurrence_id", "person_id", "condition_concept_id", "condition_start_date"),
    "measurement": ("measurement_id", "person_id", "measurement_concept_id", "measurement_date"),
    "observation": ("observation_id", "person_id", "observation_concept_id", "observation_date"),
    "procedure_occurrence": ("procedure_occurrence_id", "person_id", "procedure_concept_id", "procedure_date"),
    "visit_occurrence": ("visit_occurrence_id", "person_id", "visit_concept_id", "visit_start_date"),
    "death": ("person_id", "death_date"),
    "concept": ("concept_id", "concept_name", "domain_id", "vocabulary_id", "concept_code"),
    "concept_ancestor": ("ancestor_concept_id", "descendant_concept_id"),
    "drug_strength": ("drug_concept_id", "ingredient_concept_id", "amount_value"),
}


def check_cdm(tables: dict[str, RawTable]) -> list[Problem]:
    """What keeps these tables from being read as a CDM."""
    problems = []
    for name in REQUIRED_TABLES:
        if name not in tables:
            near = difflib.get_close_matches(name, tables, 1, 0.75)
            remedy = f"rename {near[0]!r} to {name!r}" if near else f"add the table {name!r}"
            problems.append(Problem("", f"no table {name!r}", f"the tables {' and '.join(REQUIRED_TABLES)}", remedy))
    for name, raw in tables.items():
        required = REQUIRED_COLUMNS[name]
        problems += column_problems(raw, required, required, strict=False) + type_problems(raw)
    return problems


def read_omop(
    tables: dict[str, RawTable], con: ibis.BaseBackend, knowledge: Knowledge, *, is_made: bool = False
) -> Source:
    """The records of a CDM.

    `is_made` says that stepwell made the tables from other records, with columns of its own (`MADE_COLUMNS`).
    Raises SourceError with every missing table and column.
    """
    if problems := check_cdm(tables):
        raise SourceError("This is no OMOP CDM that stepwell can read.", problems)
    filled = filled_tables({name: without_others(raw, is_made=is_made) for name, raw in tables.items()})
    if "person" not in filled:
        raise SourceError("There is nobody in this source.", [Problem(tables["person"].where, "no rows", "people")])
    rows = CdmRows(filled, con, knowledge)
    made = rows.parts().read(partial(read_cdm_part, plan=rows.plan))
    of_drugs = rows.plan.drugs
    drug_rows = None if of_drugs is None else of_drugs.count_people(made.tables[INCOMPLETE_MEDICATION.name])
    empty = (name for name in tables if name not in filled)
    losses = [Loss(name, "the table is there but has no rows", "kept", 0) for name in empty]
    losses += CdmFindings(knowledge, rows.vocabulary, rows.plan, made.losses).losses()
    has = _has(rows, made, drug_rows)
    return Source(made.tables, has, tuple(losses), made.counts, drug_rows, frames=made.frames, scratch=made.scratch)


def _has(rows: CdmRows, made: ReadTables, drug_rows: DrugRows | None) -> frozenset[str]:
    """The record tables that a CDM has at all."""
    plan, has = rows.plan, {"person", *rows.present}
    if drug_rows is not None:
        has |= {"medication", "concomitant"}
        has |= {"incomplete_medication"} if drug_rows.is_incomplete_for_some else set()
        has |= {"dose", "monitoring"} if plan.drugs.has_doses else set()
    is_open = any(gap.pairs.height for gap in plan.gaps.values()) or made.counts.tables[CODE_GAP.name][0]
    return frozenset(has | ({CODE_GAP.name} if is_open else set()))
