"""The rows read from FHIR as tables of a CDM: the newest version of each resource, references resolved, a supply and an answered
questionnaire counted once."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis.util import gen_name

from ..files import SOURCE_ADDRESS
from ..source import Loss
from ..stored import STORED
from .concepts import MEASUREMENT
from .reading import Reading
from .resources import DELETED, IN_ERROR, MISSHAPEN
from .rows import COLUMNS, Rows
from .scores import settle_scores

_RECORD = f"r.record AS {SOURCE_ADDRESS}"
_KEYS = {
    "observation_period": f"r.record AS observation_period_id, {_RECORD},",
    "condition_occurrence": f"r.record AS condition_occurrence_id, {_RECORD},",
    "procedure_occurrence": f"r.record AS procedure_occurrence_id, {_RECORD},",
    "measurement": f"r.record AS measurement_id, {_RECORD}, t.seq,",
    "drug_exposure": f"r.record AS drug_exposure_id, {_RECORD},",
    "visit_occurrence": f"{_RECORD},",
    "person": f"{_RECORD},",
}
"""The columns that name the resource of a row."""
_REFERENCES = {"person_id", "visit_occurrence_id", "medication_id", "order_id"}
"""Columns that hold the id of another resource, which a bundle may call by another name."""


def build_cdm(con: ibis.BaseBackend, rows: Rows, reading: Reading) -> tuple[dict[str, ir.Table], list[Loss]]:
    """The tables of the CDM by name, all of them, and what had to be said."""
    return _Builder(con, rows, reading).build()


class _Builder:
    def __init__(self, con: ibis.BaseBackend, rows: Rows, reading: Reading):
        self._con, self._db = con, con.con
        self._totals = _totals(reading)
        self._concepts = rows.finish(reading.concepts)
        self._read = rows.names
        self._has_alias = rows.count("alias") > 0
        self._notes = sorted(reading.notes.items())
        self.losses: list[Loss] = []

    def build(self) -> tuple[dict[str, ir.Table], list[Loss]]:
        """`build_cdm`."""
        self._newest()
        tables = {name: self._table(name) for name in ("death", "allergy", *_KEYS)}
        tables["condition_occurrence"] = self._diagnoses(tables["condition_occurrence"])
        tables["drug_exposure"] = self._drugs(tables["drug_exposure"])
        tables["measurement"], found = settle_scores(self._db, tables["measurement"], self._totals)
        self.losses += found
        self.losses += [Loss(table, what, effect, n) for (table, what, effect), n in self._notes]
        for name in self._read.values():
            self._db.execute(f"DROP TABLE {name}")
        tables["concept"] = self._concepts
        return {name: self._con.table(table) for name, table in tables.items()}, self.losses

    def _newest(self) -> None:
        """`self._kept`: the resources that are read (`seq`, `record`), each in its newest version: that of the latest
        `meta.lastUpdated`, else the last one read. Patients of the same time stay side by side: they may contradict."""
        order = f"(fate = '{DELETED}') IS TRUE DESC, updated DESC"
        newest = self._new(
            f"""SELECT * FROM {self._read["resource"]} QUALIFY CASE WHEN type = 'Patient'
            THEN rank() OVER (PARTITION BY record ORDER BY {order})
            ELSE row_number() OVER (PARTITION BY record ORDER BY {order}, seq DESC) END = 1"""
        )
        if n_older := self._count(self._read["resource"]) - self._count(newest):
            what = "older versions of a resource that is there more than once: the one updated last is read"
            self.losses.append(Loss("fhir", what, "corrected", n_older))
            if not self._count(f"{newest} WHERE fate = '{DELETED}'"):
                what = "no deletions came with these several versions: whether a resource was deleted is not known"
                self.losses.append(Loss("fhir", what, "kept", 0))
        fates = self._db.execute(
            f"SELECT type, fate, count(*) FROM {newest} WHERE fate IS NOT NULL GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        words = {IN_ERROR: "resources that were entered in error", DELETED: "resources that were deleted"}
        for type_, fate, n in fates:
            if fate != MISSHAPEN:
                self.losses.append(Loss(type_, words.get(fate, fate), "left out", n))
        self._kept = self._new(
            f"SELECT seq, record FROM {newest} WHERE fate IS NULL OR (fate = '{MISSHAPEN}' AND type <> 'Patient')"
        )
        self._misshapen = self._new(f"SELECT seq FROM {newest} WHERE fate = '{MISSHAPEN}'")

    def _table(self, name: str) -> str:
        """The rows of the resources that are read. Of a misshapen one only its mark is: what else was read of it is not used."""
        columns, joins = [], []
        for n, column in enumerate(COLUMNS[name].split()):
            if self._has_alias and column in _REFERENCES and not (name == "person" and column == "person_id"):
                joins.append(f"LEFT JOIN (SELECT called, min(means) means FROM {self._read['alias']} GROUP BY called) "
                             f"a{n} ON t.{column} = a{n}.called")  # fmt: skip
                columns.append(f"coalesce(a{n}.means, t.{column}) AS {column}")
            else:
                columns.append(f"t.{column}")
        marks = [c for c in COLUMNS[name].split() if c != "person_id"]
        is_mark = " AND ".join(f"t.{c} IS NULL" for c in marks)
        return self._new(
            f"""SELECT {_KEYS.get(name, "")} {", ".join(columns)} FROM {self._read[name]} t
            JOIN {self._kept} r ON t.seq = r.seq {" ".join(joins)}
            WHERE t.seq NOT IN (SELECT seq FROM {self._misshapen}) OR ({is_mark})"""
        )

    def _diagnoses(self, diagnoses: str) -> str:
        """`condition_occurrence` with each diagnosis of a claim once, and none where a Condition says it of the same day."""
        kept = self._new(
            f"""SELECT * EXCLUDE (same_code, billed) FROM {diagnoses} QUALIFY billed IS NULL OR row_number() OVER (
            PARTITION BY person_id, condition_start_date, same_code ORDER BY billed IS NULL DESC, {SOURCE_ADDRESS}) = 1"""
        )
        if n := self._count(diagnoses) - self._count(kept):
            what = "diagnoses of claims that are there as a Condition, or in another claim, of the same day and code"
            self.losses.append(Loss("condition", what, "corrected", n))
        return kept

    def _drugs(self, drugs: str) -> str:
        """`drug_exposure` with the drugs of the Medications referred to, and without the orders that a dispensing names."""
        medication = self._new(
            f"""SELECT t.medication_id, t.of_concept_id, t.of_value FROM {self._read["medication"]} t
            JOIN {self._kept} r ON t.seq = r.seq"""
        )
        unresolved = self._count(
            f"""{drugs} d LEFT JOIN {medication} m ON d.medication_id = m.medication_id
            WHERE coalesce(d.drug_concept_id::VARCHAR, d.drug_source_value, m.of_concept_id::VARCHAR, m.of_value) IS NULL"""
        )
        if unresolved:
            what = (
                "resources whose drug is not said, or is a Medication that is not in the source: an unidentified drug"
            )
            self.losses.append(Loss("medication", what, "read as unknown", unresolved))
        id_ = f"split_part({SOURCE_ADDRESS}, '/', 2)"
        named = self._new(
            f"""SELECT order_id, max_by({SOURCE_ADDRESS}, (drug_exposure_start_date, {SOURCE_ADDRESS})) AS last_supply
            FROM {drugs} WHERE origin = 'dispense' AND order_id IS NOT NULL GROUP BY order_id"""
        )
        orders = f"(SELECT *, {id_} AS id FROM {drugs} WHERE origin = 'order')"
        twice = []
        for found, what in (
            (
                f"SELECT o.{SOURCE_ADDRESS} FROM {orders} o SEMI JOIN {named} s ON o.id = s.order_id",
                "prescriptions whose dispensing is in the source: what was dispensed is read",
            ),
            (
                f"""SELECT r.{SOURCE_ADDRESS} FROM {drugs} r
                SEMI JOIN (SELECT {id_} AS id FROM {drugs} WHERE origin IN ('order', 'dispense')) o ON r.order_id = o.id
                WHERE r.origin = 'report'""",
                "statements about a prescription or a dispensing that is in the source",
            ),
        ):
            twice.append(self._new(found))
            if n := self._count(twice[-1]):
                self.losses.append(Loss("medication", what, "left out", n))
        return self._new(
            f"""SELECT d.drug_exposure_id, d.{SOURCE_ADDRESS}, d.person_id,
                coalesce(d.drug_concept_id, m.of_concept_id) AS drug_concept_id,
                coalesce(d.drug_source_value, m.of_value) AS drug_source_value,
                d.drug_exposure_start_date, d.drug_exposure_start_datetime, d.verbatim_end_date, d.drug_type_concept_id,
                d.days_supply, d.quantity,
                CASE WHEN d.units_per_day IS NULL AND d.stated_mg_per_day IS NULL THEN o.units_per_day
                    ELSE d.units_per_day END AS units_per_day,
                CASE WHEN d.units_per_day IS NULL AND d.stated_mg_per_day IS NULL THEN o.stated_mg_per_day
                    ELSE d.stated_mg_per_day END AS stated_mg_per_day,
                coalesce(d.stop_reason, CASE WHEN s.order_id IS NOT NULL THEN o.stop_reason END) AS stop_reason,
                coalesce(d.route_source_value, o.route_source_value) AS route_source_value, d.dose_unit_source_value,
                d.visit_occurrence_id, d.valid_from, d.valid_until, o.id AS of_order
            FROM {drugs} d LEFT JOIN {medication} m ON d.medication_id = m.medication_id
            LEFT JOIN {orders} o ON CASE d.origin WHEN 'dispense' THEN d.order_id END = o.id
            LEFT JOIN {named} s ON d.{SOURCE_ADDRESS} = s.last_supply
            {" ".join(f"ANTI JOIN {t} ON d.{SOURCE_ADDRESS} = {t}.{SOURCE_ADDRESS}" for t in twice)}"""
        )

    def _new(self, select: str) -> str:
        name = gen_name(f"{STORED}_fhir")
        self._db.execute(f"CREATE TEMP TABLE {name} AS {select}")
        return name

    def _count(self, of: str) -> int:
        return int(self._db.execute(f"SELECT count(*) FROM {of}").fetchone()[0])


def _totals(reading: Reading) -> dict[str, tuple[int, int]]:
    """Of each instrument whose items are simply added up: how many items it has, and the concept of its total."""
    found = {}
    for i in reading.knowledge.all_instruments.values():
        s = i.scoring
        is_sum = s is not None and not s.as_percent and s.counts_from is None and len(s.groups) == len(i.items)
        codes = [x.codes.get("loinc") for x in i.items]
        # Items that a longer instrument asks too are read as its items.
        if is_sum and i.loinc and all(reading.items.get(c or "", ("",))[0] == i.id for c in codes):
            found[i.id] = len(i.items), reading.concepts.id(MEASUREMENT, "LOINC", i.loinc[0])
    return found
