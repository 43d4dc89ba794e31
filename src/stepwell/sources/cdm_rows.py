"""What is looked for in a CDM, and the raw rows in which it may be: one statement a table asks the engine for them."""

from __future__ import annotations

from collections.abc import Iterable

import ibis
import ibis.expr.types as ir
import polars as pl

from ..knowledge.forms import Knowledge
from .answers import answer_codes, find_answer_codes
from .cdm_part import CdmPlan, CodedPlan
from .coded import find_care
from .codes import CODED, Codes, Columns, SetCode, codeset_codes, instrument_codes
from .drug_part import DrugPlan, plan_drugs
from .drugs import select_drug_rows
from .files import SOURCE_ADDRESS, RawTable
from .identify import GapPlan, codings_of, plan_gap, with_coding
from .incomplete import select_care
from .parts import Parts
from .people import number_people
from .session_readings import reading_codes
from .stored import fetch
from .unread_answers import unread_keys
from .values import concept
from .vitals import vital_codes
from .vocabulary import ANCESTOR, VOCABULARY, Vocabulary

_PERSON_CELLS = (
    "birth_datetime",
    "year_of_birth",
    "month_of_birth",
    "day_of_birth",
    "gender_concept_id",
    "gender_source_value",
    SOURCE_ADDRESS,
)
_PERIOD_CELLS = (
    "observation_period_id",
    "observation_period_start_date",
    "observation_period_end_date",
    SOURCE_ADDRESS,
)
_CODED_CELLS = (
    "{}_id",
    "{}_date",
    "{}_datetime",
    "condition_start_date",
    "procedure_date",
    "procedure_datetime",
    "visit_start_date",
    "visit_end_date",
    "quantity",
    "value_as_number",
    "value_as_string",
    "value_source_value",
    "value_as_concept_id",
    SOURCE_ADDRESS,
)
"""The cells of coded rows that are read; `{}` is the name of the table."""
_GAPS = {"condition_occurrence": "condition", "procedure_occurrence": "procedure"}
"""The tables of which every row is a diagnosis or a procedure, with the record that is made of them."""
_MADE_OF = {
    "condition": ("condition_occurrence", "observation"),
    "procedure": ("procedure_occurrence", "observation", "visit_occurrence"),
    "medication": ("drug_exposure",),
    "dose": ("drug_exposure",),
    "measurement": ("measurement", "observation"),
    "answer": ("measurement", "observation"),
    "vital": ("measurement",),
    "monitoring": ("measurement", "observation"),
}
"""The tables that hold the rows of each record table."""
_RECORDS = {
    "observation_period": ("observation_period",),
    "condition": ("condition_occurrence",),
    "measurement": ("measurement", "observation"),
    "procedure": ("procedure_occurrence",),
    "vital": ("measurement",),
    "answer": ("measurement", "observation"),
}
"""The record tables that a CDM has if it has one of these tables. Of drugs, the drug records tell."""
_DATES = {"condition_occurrence": "condition_start_date", "procedure_occurrence": "procedure_date"}


class CdmRows:
    """The filled tables of a CDM. `plan` is what is looked for in them, `present` the record tables that it has rows for."""

    def __init__(self, filled: dict[str, RawTable], con: ibis.BaseBackend, knowledge: Knowledge):
        self._filled, self._con, self._knowledge = filled, con, knowledge
        self.vocabulary = Vocabulary(con, {name: filled[name] for name in VOCABULARY if name in filled})
        self._people = number_people(con, filled["person"].rows.person_id, filled["person"].where)
        self._codes = Codes(self.vocabulary, filled, knowledge)
        self._care = [
            ("observation" if raw.name == "observation" else f"{raw.name} {at.standard}", raw, at, date)
            for raw, at, date in find_care(filled)
        ]
        self.present = frozenset(name for name, of in _RECORDS.items() if any(t in filled for t in of))
        self.plan = self._plan()

    def parts(self) -> Parts:
        """The raw rows in which anything may be that is looked for, some people at a time."""
        rows = self._selected(self.plan)
        return Parts(self._con, rows, self._where(rows, self.plan), self._people, self._ids())

    def _plan(self) -> CdmPlan:
        """What is looked for in the rows, by the ways in which they are coded and the drugs that they name."""
        filled, knowledge = self._filled, self._knowledge
        coded = {name: self._coded(name, filled[name], CODED[name]) for name in CODED if name in filled}
        for name, raw, columns, date in self._care:
            if name not in coded:
                hits = self._codes.hits(raw.name, columns, kind_codes(self._knowledge, "care"))
                coded[name] = CodedPlan(raw.name, date, {"care": hits})
        return CdmPlan(
            knowledge,
            self.present | ({"procedure"} if self._care else set()),
            coded,
            tuple(name for name, *_of in self._care),
            {record: self._gap(record, coded[name]) for name, record in _GAPS.items() if name in coded},
            find_answer_codes(self._answer_concepts(), self.vocabulary),
            self._drugs(),
        )

    def _gap(self, record: str, coded: CodedPlan) -> GapPlan:
        has_hierarchy = ANCESTOR in self.vocabulary.tables
        return plan_gap(codings_of(coded.codings), record, self._knowledge, has_hierarchy=has_hierarchy)

    def _drugs(self) -> DrugPlan | None:
        raw = self._filled.get("drug_exposure")
        return None if raw is None else plan_drugs(raw, self.vocabulary, self._knowledge)

    def _coded(self, name: str, raw: RawTable, columns: Columns) -> CodedPlan:
        """How the rows of a table with one code each are read, for everything that is looked for in it."""
        purposes = {purpose: self._codes.hits(name, columns, codes) for purpose, codes in self._purposes(name).items()}
        codings = unread = None
        keys = self._codes.keys(name, columns)
        if name in _GAPS:
            codings = with_coding(keys, _GAPS[name])
        if name in ("measurement", "observation"):
            unread = unread_keys(keys, self._knowledge)
        return CodedPlan(name, _DATES.get(name, f"{name}_date"), purposes, codings, unread)

    def _purposes(self, name: str) -> dict[str, list[SetCode]]:
        """The codes that are looked for in a table, by what for."""
        if name in _GAPS:
            return {_GAPS[name]: record_codes(self._knowledge, _GAPS[name])}
        found = {
            "score": instrument_codes(self._knowledge.instruments.values()),
            "answer": answer_codes(self._knowledge),
            "reading": reading_codes(self._knowledge),
        }
        if name == "measurement":
            return found | {"vital": vital_codes(self._knowledge)}
        return found | {
            "condition": kind_codes(self._knowledge, "condition"),
            "care": kind_codes(self._knowledge, "care"),
        }

    def _answer_concepts(self) -> pl.Series:
        """The concepts that stand as answers."""
        ids = [pl.Series(dtype=pl.Int64)]
        for raw in (self._filled.get(name) for name in ("measurement", "observation")):
            if raw is not None and raw.has("value_as_concept_id"):
                told = raw.rows.select(id=concept(raw.rows.value_as_concept_id)).distinct()
                ids.append(fetch(told, raw.where)["id"].cast(pl.Int64))
        return pl.concat(ids)

    def _selected(self, plan: CdmPlan) -> dict[str, ir.Table]:
        """The raw rows that are read, by name, on the engine."""
        filled, of = self._filled, self._people
        person = filled["person"]
        rows = {"person": of.attach(_cells(person, _PERSON_CELLS, source_id="person_id"), "source_id")}
        for name, cells in (("death", ("death_date",)), ("observation_period", _PERIOD_CELLS)):
            if name in filled:
                rows[name] = self._attached(_cells(filled[name], cells, id="person_id"))
        columns = {name: at for name, _raw, at, _date in self._care} | CODED
        for name, coded in plan.coded.items():
            raw, keys = filled[coded.table], coded.keys()
            if keys.len():
                cells = [c.format(coded.table) for c in _CODED_CELLS]
                found = self._codes.rows_of(raw, columns[name], keys, [*cells, "person_id"])
                rows[name] = self._attached(found.rename(id="person_id"))
        if plan.drugs is not None:
            raw = filled["drug_exposure"]
            rows["drug_exposure"] = select_drug_rows(raw, self._con, of, plan.drugs.drugs, plan.drugs.interacting)
            rows["care"] = select_care(raw, filled.get("visit_occurrence"), of, plan.drugs.administrations)
        return rows

    def _attached(self, rows: ir.Table) -> ir.Table:
        return self._people.attach(rows, "id").drop("id")

    def _where(self, rows: Iterable[str], plan: CdmPlan) -> dict[str, str]:
        tables = {name: coded.table for name, coded in plan.coded.items()} | {"care": "drug_exposure"}
        return {name: self._filled[tables.get(name, name)].where for name in rows}

    def _ids(self) -> dict[str, list[ir.Table]]:
        """By record table, the ids of the raw rows that it may be made of."""
        return {
            record: [
                self._filled[name].rows.select(id=f"{name}_id")
                for name in names
                if name in self._filled and self._filled[name].has(f"{name}_id")
            ]
            for record, names in _MADE_OF.items()
        }


def record_codes(knowledge: Knowledge, record: str) -> list[SetCode]:
    """The codes of all code sets that stand in a record table."""
    return codeset_codes(s for s in knowledge.codesets.values() if record in s.records)


def kind_codes(knowledge: Knowledge, kind: str) -> list[SetCode]:
    """The codes of all code sets of a kind."""
    return codeset_codes(s for s in knowledge.codesets.values() if s.kind == kind)


def _cells(raw: RawTable, cells: Iterable[str], **named: str) -> ir.Table:
    """The rows with these cells, as far as there are any, and others by further names."""
    return raw.rows.select(*(c for c in cells if raw.has(c)), **named)
