"""Every column of a CDM that stepwell reads, and what it holds. Other columns are left behind: a site may call them anything."""

from __future__ import annotations

from dataclasses import replace

from ..errors import Problem
from .files import SOURCE_ADDRESS, RawTable

_READ = {
    "id": "person_id drug_exposure_id condition_occurrence_id measurement_id observation_id procedure_occurrence_id "
    "observation_period_id visit_occurrence_id",
    "whole": "year_of_birth month_of_birth day_of_birth days_supply concept_id gender_concept_id drug_concept_id "
    "drug_type_concept_id drug_source_concept_id condition_concept_id condition_source_concept_id measurement_concept_id "
    "measurement_source_concept_id observation_concept_id observation_source_concept_id procedure_concept_id "
    "procedure_source_concept_id ancestor_concept_id descendant_concept_id ingredient_concept_id amount_unit_concept_id "
    "numerator_unit_concept_id denominator_unit_concept_id route_concept_id value_as_concept_id "
    "visit_concept_id visit_source_concept_id discharged_to_concept_id discharge_to_concept_id",
    "number": "quantity value_as_number amount_value numerator_value denominator_value",
    "date": "birth_datetime observation_period_start_date observation_period_end_date drug_exposure_start_date "
    "drug_exposure_end_date verbatim_end_date condition_start_date measurement_date observation_date procedure_date death_date "
    "visit_start_date visit_end_date",
    "time": "drug_exposure_start_datetime measurement_datetime observation_datetime procedure_datetime",
    "text": "gender_source_value drug_source_value route_source_value dose_unit_source_value condition_source_value "
    "measurement_source_value observation_source_value procedure_source_value value_as_string value_source_value stop_reason "
    "concept_name domain_id vocabulary_id concept_class_id concept_code invalid_reason",
}
KIND_OF = {column: kind for kind, columns in _READ.items() for column in columns.split()}
"""Every column of a CDM that stepwell reads, with what it holds."""

MADE_COLUMNS = (SOURCE_ADDRESS, "valid_from", "valid_until", "of_order", "units_per_day", "stated_mg_per_day")
"""Columns that are no part of OMOP, of a CDM that stepwell itself made from other records (FHIR): the record that a row was made
from, the days on which an order may be dispensed, the order in the same records that a dispensing names, and what the
instructions say of a day. In a site's own CDM they may hold anything, and are left behind."""


def without_others(raw: RawTable, *, is_made: bool) -> RawTable:
    """The table with the columns that stepwell reads, and no others; with those of its own where it made the table."""
    wanted = {*KIND_OF, *MADE_COLUMNS} if is_made else KIND_OF
    return replace(raw, rows=raw.rows.select([c for c in raw.rows.columns if c in wanted]))


def type_problems(raw: RawTable) -> list[Problem]:
    """Columns of a type that holds no single value: lists, structures, bytes."""
    return [
        Problem(
            f"{raw.where}, column {name}",
            f"is of type {type(type_).__name__.lower()}",
            "numbers, text or dates, one value a row",
            "write the table anew with one value a row",
        )
        for name, type_ in raw.rows.schema().items()
        if name in KIND_OF and (type_.is_nested() or type_.is_binary())
    ]
