"""Records as tables of the OMOP CDM 5.4, with the small vocabulary that goes with them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa

from ..parameters import cdm_columns
from .arrow import clock, column, words
from .formulary import Formulary
from .history import Ended
from .listed import Listed, measured
from .made import STOP_REASON
from .vocabulary import product_concepts, product_name, vocabulary

_TYPES = {
    "integer": pa.int64(),
    "float": pa.float64(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "text": pa.string(),
}
_EMPTY = ("observation",)
"""Tables that are written without rows: nothing of them is simulated."""
LOINC_READINGS = {"systolic": "8480-6", "diastolic": "8462-4"}
"""The codes of readings of blood pressure; the others go by the name of their instrument."""


def loinc_of(what: str, f: Formulary) -> str | None:
    """The LOINC code of what is measured (`measured`): a pressure, an item, or an instrument's total."""
    if what in LOINC_READINGS:
        return LOINC_READINGS[what]
    name, _, item = what.partition("/")
    instrument = f.knowledge.all_instruments[name]
    if item:
        return next(i.codes["loinc"] for i in instrument.items if i.item == item)
    return next(iter(instrument.loinc), None)


@cache
def cdm_schema(table: str) -> pa.Schema:
    """The OMOP CDM 5.4 table's columns and types."""
    own = (c for c in cdm_columns() if c.table == table)
    return pa.schema([pa.field(c.column, _TYPES[c.type], nullable=c.required == "no") for c in own])


class Omop:
    """The tables of one chunk after the other."""

    def __init__(self, formulary: Formulary):
        self.f = formulary
        p = formulary.parameters
        self._types, self._concepts = p.types.of | p.of_visits.of, p.concepts.of | p.of_visits.of
        self._product_concept = np.array(product_concepts(formulary))
        self._product_name = [product_name(formulary, n) for n in range(len(formulary.products))]

    def tables(self, listed: Listed) -> dict[str, pa.Table]:
        """The rows of a chunk, by table."""
        made = {**self._of_people(listed), **self._of_care(listed), **self._of_measurement(listed)}
        return {name: _table(name, n, columns) for name, (n, columns) in made.items()}

    def constant(self) -> dict[str, pa.Table]:
        """What does not grow with the people."""
        rows = {name: pa.Table.from_pylist(r, schema=cdm_schema(name)) for name, r in vocabulary(self.f).items()}
        return rows | {name: cdm_schema(name).empty_table() for name in _EMPTY}

    def _of_people(self, listed: Listed) -> dict[str, tuple[int, dict]]:
        p, types = listed.people, self._types
        born = p.birth.astype("datetime64[D]")
        month = born.astype("datetime64[M]")
        died = np.flatnonzero(p.dies)
        person = {
            "person_id": p.person,
            "gender_concept_id": np.where(p.female, self._concepts["female"], self._concepts["male"]),
            "year_of_birth": born.astype("datetime64[Y]").astype(int) + 1970,
            "month_of_birth": month.astype(int) % 12 + 1,
            "day_of_birth": (born - month).astype(int) + 1,
            "race_concept_id": 0,
            "ethnicity_concept_id": 0,
            "person_source_value": pa.array(p.person).cast(pa.string()),
            "gender_source_value": words(["M", "F"], p.female),
        }
        observation_period = {
            "observation_period_id": p.person,
            "person_id": p.person,
            "observation_period_start_date": listed.observed_from,
            "observation_period_end_date": p.last_day,
            "period_type_concept_id": types["period"],
        }
        death = {"person_id": p.person[died], "death_date": p.last_day[died], "death_type_concept_id": types["record"]}
        seen = listed.visit
        visit = {
            "visit_occurrence_id": listed.number("visit"),
            "person_id": p.person[seen.row],
            "visit_concept_id": self._concepts["outpatient visit"],
            "visit_start_date": seen.day,
            "visit_end_date": seen.day,
            "visit_type_concept_id": types["record"],
        }
        return {
            "person": (len(p), person),
            "observation_period": (len(p), observation_period),
            "death": (len(died), death),
            "visit_occurrence": (len(seen), visit),
        }

    def _of_care(self, listed: Listed) -> dict[str, tuple[int, dict]]:
        p, types, d, c, done = listed.people, self._types, listed.drug, listed.condition, listed.procedure
        product = np.where(d.is_mapped, self._product_concept[d.product], 0)
        given = self.f.session_codes
        is_amount = np.array([r.strength_mg is None for r in given])[d.given] & d.is_dose
        drug = {
            "drug_exposure_id": listed.number("drug"),
            "person_id": p.person[d.row],
            "drug_concept_id": product,
            "drug_exposure_start_date": d.start,
            "drug_exposure_start_datetime": clock(d.start, d.minute),
            "drug_exposure_end_date": d.end,
            "drug_type_concept_id": np.where(d.is_dose, types["administration"], types["fill"]),
            "stop_reason": words([STOP_REASON.get(e, "") for e in Ended], d.stop),
            "quantity": pa.array(d.quantity.astype(float), mask=d.quantity < 0),
            "days_supply": pa.array(d.days_supply, mask=d.days_supply < 0),
            "visit_occurrence_id": _visits(listed, d),
            "drug_source_value": words(self._product_name, d.product),
            "drug_source_concept_id": product,
            "route_source_value": words([r.route for r in given], np.where(d.is_dose, d.given, -1)),
            "dose_unit_source_value": words(["mg"], np.where(is_amount, 0, -1)),
        }
        codes = list(self.f.codes.values())
        condition = {
            "condition_occurrence_id": listed.number("condition"),
            "person_id": p.person[c.row],
            "condition_concept_id": np.array([x.standard_concept_id for x in codes])[c.code],
            "condition_start_date": c.day,
            "condition_type_concept_id": types["record"],
            "visit_occurrence_id": _visits(listed, c),
            "condition_source_value": words([x.icd10cm for x in codes], c.code),
            "condition_source_concept_id": np.array([x.source_concept_id for x in codes])[c.code],
        }
        procedure = {
            "procedure_occurrence_id": listed.number("procedure"),
            "person_id": p.person[done.row],
            "procedure_concept_id": 0,
            "procedure_date": done.day,
            "procedure_datetime": clock(done.day, done.minute),
            "procedure_type_concept_id": types["record"],
            "visit_occurrence_id": _visits(listed, done),
            "procedure_source_value": words([r.code or "" for r in given], done.code),
            "procedure_source_concept_id": 0,
        }
        return {
            "drug_exposure": (len(d), drug),
            "condition_occurrence": (len(c), condition),
            "procedure_occurrence": (len(done), procedure),
        }

    def _of_measurement(self, listed: Listed) -> dict[str, tuple[int, dict]]:
        m, of = listed.measurement, measured(self.f)
        known = self.f.knowledge.all_instruments
        concepts = [known[i].omop[0] if i in self.f.instruments and known[i].omop else 0 for i in of]
        names = [loinc_of(i, self.f) or known[i].label for i in of]
        names[: len(self.f.instruments)] = [known[i].label for i in self.f.instruments]
        measurement = {
            "measurement_id": listed.number("measurement"),
            "person_id": listed.people.person[m.row],
            "measurement_concept_id": np.array(concepts)[m.kind],
            "measurement_date": m.day,
            "measurement_datetime": clock(m.day, m.minute),
            "measurement_type_concept_id": self._types["record"],
            "value_as_number": m.value.astype(float),
            "visit_occurrence_id": _visits(listed, m),
            "measurement_source_value": words(names, m.kind),
            "measurement_source_concept_id": 0,
        }
        return {"measurement": (len(m), measurement)}


def _visits(listed: Listed, rows) -> pa.Array:
    number = listed.visit_number(rows)
    return pa.array(number, mask=number < 0)


def _table(name: str, n: int, columns: dict) -> pa.Table:
    """Rows of a CDM table: what is not given is NULL."""
    schema = cdm_schema(name)
    assert columns.keys() <= set(schema.names), columns.keys() - set(schema.names)
    return pa.Table.from_arrays([column(columns.get(f.name), f, n) for f in schema], schema=schema)
