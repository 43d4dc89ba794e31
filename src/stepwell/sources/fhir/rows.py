"""Rows on their way into the database: gathered in Python, stored as tables of the connection in portions."""

from __future__ import annotations

import ibis
import pyarrow as pa
from ibis.util import gen_name

from ..stored import STORED
from .concepts import Concepts

_PORTION = 1 << 15
_TEXT, _WHOLE = pa.string(), pa.int64()


COLUMNS = {
    "resource": "type record updated fate",
    "person": "person_id gender_source_value year_of_birth month_of_birth day_of_birth",
    "death": "person_id death_date",
    "observation_period": "person_id observation_period_start_date observation_period_end_date",
    "visit_occurrence": "visit_occurrence_id person_id visit_concept_id visit_source_concept_id visit_start_date visit_end_date "
    "discharged_to_concept_id",
    "condition_occurrence": "person_id condition_concept_id condition_source_concept_id condition_source_value "
    "condition_start_date same_code billed",
    "procedure_occurrence": "person_id procedure_concept_id procedure_source_concept_id procedure_source_value procedure_date "
    "procedure_datetime quantity",
    "measurement": "person_id measurement_concept_id measurement_source_concept_id measurement_source_value measurement_date "
    "measurement_datetime value_as_number value_as_concept_id value_as_string instrument item points form",
    "drug_exposure": "person_id drug_concept_id drug_source_value medication_id drug_exposure_start_date "
    "drug_exposure_start_datetime verbatim_end_date drug_type_concept_id days_supply quantity units_per_day stated_mg_per_day "
    "stop_reason route_source_value dose_unit_source_value visit_occurrence_id origin order_id valid_from valid_until",
    "allergy": "person_id substance",
    "medication": "medication_id of_concept_id of_value",
    "alias": "called means",
}
"""The columns of each table beside `seq`, the number of the resource that a row was read from."""


class Rows:
    """The rows read so far, by table. Every table has the column `seq`."""

    def __init__(self, con: ibis.BaseBackend):
        self._con = con
        self._waiting: dict[str, list[tuple]] = {name: [] for name in COLUMNS}
        self._n = dict.fromkeys(COLUMNS, 0)
        self.names = {name: gen_name(f"{STORED}_fhir") for name in COLUMNS}
        for name, table in self.names.items():
            columns = ", ".join(f"{f.name} {'BIGINT' if f.type == _WHOLE else 'VARCHAR'}" for f in _schema(name))
            con.con.execute(f"CREATE TEMP TABLE {table} ({columns})")

    def add(self, table: str, *values: object) -> None:
        """Adds a row: its `seq`, then the values in the order of the columns."""
        waiting = self._waiting[table]
        waiting.append(values)
        if len(waiting) >= _PORTION:
            self._store(table)

    def mark(self, table: str, seq: int, person: str | None) -> None:
        """Adds a row of a person of which nothing else is known."""
        self.add(table, seq, *(person if c == "person_id" else None for c in COLUMNS[table].split()))

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return self._n[table] + len(self._waiting[table])

    def finish(self, concepts: Concepts) -> str:
        """Stores what waits, and the concepts; returns the name of their table."""
        for table in COLUMNS:
            self._store(table)
        name = gen_name(f"{STORED}_fhir")
        self._con.con.execute(
            f"CREATE TEMP TABLE {name} (concept_id BIGINT, concept_name VARCHAR, domain_id VARCHAR, vocabulary_id VARCHAR, "
            "concept_code VARCHAR, concept_class_id VARCHAR)"
        )
        columns = ("concept_id", "concept_name", "domain_id", "vocabulary_id", "concept_code", "concept_class_id")
        schema = pa.schema([(c, _WHOLE if c == "concept_id" else _TEXT) for c in columns])
        self._insert(name, concepts.rows(), schema)
        return name

    def _store(self, table: str) -> None:
        rows = self._waiting[table]
        if rows:
            self._n[table] += len(rows)
            self._insert(self.names[table], rows, _schema(table))
            self._waiting[table] = []

    def _insert(self, name: str, rows: list[tuple], schema: pa.Schema) -> None:
        if not rows:
            return
        columns = zip(*rows, strict=True)
        arrays = [_array(list(values), field.type) for values, field in zip(columns, schema, strict=True)]
        portion = pa.Table.from_arrays(arrays, schema=schema)
        view = gen_name("stepwell_portion")
        self._con.con.register(view, portion)
        self._con.con.execute(f"INSERT INTO {name} SELECT * FROM {view}")
        self._con.con.unregister(view)


def _schema(table: str) -> pa.Schema:
    names = ["seq", *COLUMNS[table].split()]
    return pa.schema(
        [(n, _WHOLE if n == "seq" or n == "updated" or n.endswith("concept_id") else _TEXT) for n in names]
    )


def _array(values: list, type_: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, type_)
    except UnicodeEncodeError:  # half a character, as `\\ud800` alone
        cleaned = [None if v is None else v.encode("utf-8", "replace").decode("utf-8") for v in values]
        return pa.array(cleaned, type_)
