"""OMOP CDM 5.3 and 5.4 into the six record tables.

Needs: `person` and `drug_exposure`; everything else may be missing, and what then cannot be known is said. The vocabulary
tables (`concept`, `concept_ancestor`, `drug_strength`) are used where they hold rows.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import partial

import ibis
import ibis.expr.types as ir
import polars as pl

from ..errors import Problem, SourceError
from ..knowledge.forms import Knowledge
from ..tables import CODE_GAP
from .answers import answer_codes, find_answer_codes
from .cdm_columns import type_problems, without_others
from .cdm_part import CdmPlan, CodedPlan, read_cdm_part
from .coded import find_care
from .codes import CODED, Codes, Columns, SetCode, codeset_codes, instrument_codes
from .drug_part import DrugPlan, plan_drugs
from .drugs import Drugs, rows_by_kind, select_drug_rows
from .files import SOURCE_ADDRESS, RawTable, column_problems
from .identify import GapPlan, codings_of, plan_gap, with_coding
from .incomplete import select_care
from .ingredients import WAYS
from .parts import Parts, ReadTables
from .people import number_people
from .session_readings import reading_codes
from .source import DrugRows, Loss, Source
from .stored import fetch, filled_tables
from .unread_answers import unread_keys
from .values import concept
from .vitals import vital_codes
from .vocabulary import ANCESTOR, VOCABULARY, Vocabulary

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
_LEFT_OUT = {
    "unidentified": "rows of drugs that nobody could identify",
    "other": "rows of drugs that are not looked for",
    "set aside": "rows of drugs that are nearly always taken for something else",
    "combination": "rows of combination products that are no treatment of depression",
}
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
_DATES = {"condition_occurrence": "condition_start_date", "procedure_occurrence": "procedure_date"}


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
    return _Cdm(tables, filled, con, knowledge).read()


class _Cdm:
    """A CDM while it is read: what is looked for on the engine, and in which order its findings are told."""

    def __init__(
        self, tables: dict[str, RawTable], filled: dict[str, RawTable], con: ibis.BaseBackend, knowledge: Knowledge
    ):
        self._tables, self._filled, self._con, self._knowledge = tables, filled, con, knowledge
        self._vocabulary = Vocabulary(con, {name: filled[name] for name in VOCABULARY if name in filled})
        self._people = number_people(con, filled["person"].rows.person_id, filled["person"].where)
        self._codes = Codes(self._vocabulary, filled, knowledge)
        self._care = [
            ("observation" if raw.name == "observation" else f"{raw.name} {at.standard}", raw, at, date)
            for raw, at, date in find_care(filled)
        ]

    def read(self) -> Source:
        """`read_omop`."""
        plan = self._plan()
        rows = self._selected(plan)
        parts = Parts(self._con, rows, self._where(rows, plan), self._people)
        made = parts.read(partial(read_cdm_part, plan=plan))
        drug_rows = None if plan.drugs is None else plan.drugs.count_people(made.tables["incomplete_medication"])
        losses = tuple(self._losses(plan, made.losses))
        return Source(made.tables, self._has(plan, made, drug_rows), losses, made.counts, drug_rows, scratch=made.scratch)

    def _plan(self) -> CdmPlan:
        """What is looked for in the rows, by the ways in which they are coded and the drugs that they name."""
        filled, knowledge = self._filled, self._knowledge
        of_record = {
            "observation_period": ("observation_period",),
            "condition": ("condition_occurrence",),
            "measurement": ("measurement", "observation"),
            "procedure": ("procedure_occurrence",),
            "vital": ("measurement",),
            "answer": ("measurement", "observation"),
        }
        self._present = {name for name, of in of_record.items() if any(t in filled for t in of)}
        coded = {name: self._coded(name, filled[name], CODED[name]) for name in CODED if name in filled}
        for name, raw, columns, date in self._care:
            if name not in coded:
                hits = self._codes.hits(raw.name, columns, self._kind_codes("care"))
                coded[name] = CodedPlan(raw.name, date, {"care": hits})
        return CdmPlan(
            knowledge,
            frozenset(self._present | ({"procedure"} if self._care else set())),
            coded,
            tuple(name for name, *_of in self._care),
            {record: self._gap(record, coded[name]) for name, record in _GAPS.items() if name in coded},
            find_answer_codes(self._answer_concepts(), self._vocabulary),
            self._drugs(),
        )

    def _gap(self, record: str, coded: CodedPlan) -> GapPlan:
        has_hierarchy = ANCESTOR in self._vocabulary.tables
        return plan_gap(codings_of(coded.codings), record, self._knowledge, has_hierarchy=has_hierarchy)

    def _drugs(self) -> DrugPlan | None:
        raw = self._filled.get("drug_exposure")
        return None if raw is None else plan_drugs(raw, self._vocabulary, self._knowledge)

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
            return {_GAPS[name]: self._record_codes(_GAPS[name])}
        found = {
            "score": instrument_codes(self._knowledge.instruments.values()),
            "answer": answer_codes(self._knowledge),
            "reading": reading_codes(self._knowledge),
        }
        if name == "measurement":
            return found | {"vital": vital_codes(self._knowledge)}
        return found | {"condition": self._kind_codes("condition"), "care": self._kind_codes("care")}

    def _record_codes(self, record: str) -> list[SetCode]:
        return codeset_codes(s for s in self._knowledge.codesets.values() if record in s.records)

    def _kind_codes(self, kind: str) -> list[SetCode]:
        return codeset_codes(s for s in self._knowledge.codesets.values() if s.kind == kind)

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
            rows["care"] = select_care(raw, filled.get("visit_occurrence"), of)
        return rows

    def _attached(self, rows: ir.Table) -> ir.Table:
        return self._people.attach(rows, "id").drop("id")

    def _where(self, rows: Iterable[str], plan: CdmPlan) -> dict[str, str]:
        tables = {name: coded.table for name, coded in plan.coded.items()} | {"care": "drug_exposure"}
        return {name: self._filled[tables.get(name, name)].where for name in rows}

    def _has(self, plan: CdmPlan, made: ReadTables, drug_rows: DrugRows | None) -> frozenset[str]:
        """The record tables that the source has at all."""
        has = {"person"} | self._present
        if plan.drugs is not None:
            has |= {"medication", "concomitant"}
            has |= {"incomplete_medication"} if drug_rows.is_incomplete_for_some else set()
            has |= {"dose", "monitoring"} if plan.drugs.has_doses else set()
        is_open = any(gap.pairs.height for gap in plan.gaps.values()) or made.counts.tables[CODE_GAP.name][0]
        return frozenset(has | ({CODE_GAP.name} if is_open else set()))

    def _losses(self, plan: CdmPlan, made: Mapping[str, list[Loss]]) -> list[Loss]:
        """All findings in the order of the tables."""
        empty = (name for name in self._tables if name not in self._filled)
        losses = [Loss(name, "the table is there but has no rows", "kept", 0) for name in empty]
        losses += made["person"]
        for name in ("observation_period", "condition", "medication", "measurement", "procedure", "vital", "answer"):
            if name == "condition" and name in plan.records:
                losses += self._condition_losses(plan, made)
            elif name == "procedure" and name in plan.records:
                losses += self._procedure_losses(plan, made)
            elif name == "medication" and plan.drugs is not None:
                losses += [*self._drug_losses(plan.drugs.drugs), *made[name]]
            else:
                losses += made.get(name, [])
        return [*losses, *made.get("dose", []), *made.get("monitoring", [])]

    def _condition_losses(self, plan: CdmPlan, made: Mapping[str, list[Loss]]) -> list[Loss]:
        deep = self._without_hierarchy("condition", self._record_codes("condition"))
        losses = [*_gap_losses(plan, made, "condition"), *deep, *made["condition"]]
        if "observation" in plan.coded:
            again = self._without_hierarchy("condition", self._kind_codes("condition"))
            losses += [loss for loss in again if loss not in deep]
            losses += made["condition of observation"]
        return losses

    def _procedure_losses(self, plan: CdmPlan, made: Mapping[str, list[Loss]]) -> list[Loss]:
        losses = []
        if "procedure" in plan.gaps:
            deep = self._without_hierarchy("procedure", self._record_codes("procedure"))
            losses += [*_gap_losses(plan, made, "procedure"), *deep, *made["procedure"]]
        for name in plan.care:
            losses += self._without_hierarchy("procedure", self._kind_codes("care"))
            losses += made[f"procedure of {name}"]
        return losses

    def _without_hierarchy(self, record: str, codes: Iterable[SetCode]) -> list[Loss]:
        """What is said of codes that mean all that lies below them, where nothing says what that is."""
        n = sum(c.match == "descendants" for c in codes)
        if not n or ANCESTOR in self._vocabulary.tables:
            return []
        what = (
            f"{n} codes of the code sets mean 'and everything below', but there is no concept_ancestor to say what "
            "lies below them: they match only themselves"
        )
        return [Loss(record, what, "kept", 0)]

    def _drug_losses(self, drugs: Drugs) -> list[Loss]:
        """What is said of all drug rows by what their drugs are."""
        counts = rows_by_kind(drugs.keys)
        losses, remaining = [], sum(counts.values())
        for kind, what in _LEFT_OUT.items():
            if kind in counts:
                remaining -= counts[kind]
                losses.append(Loss("medication", what, "left out", counts[kind], None, remaining))
            without = drugs.keys.filter(~pl.col("has_concept"), pl.col("kind") == "unidentified")["n_rows"].sum()
            if kind == "unidentified" and without:
                what = "among these, rows without a drug concept (concept 0)"
                losses.append(Loss("medication", what, "left out", without))
        known = drugs.keys.filter(pl.col("kind") == "known")
        for way, n in known.group_by("way").agg(pl.col("n_rows").sum()).sort("way").iter_rows():
            losses.append(Loss("medication", f"rows whose ingredient was found by {WAYS[way]}", "kept", n))
        if not self._vocabulary.states_units:
            has_strengths = "drug_strength" in self._vocabulary.tables
            why = "drug_strength has no unit columns" if has_strengths else "no drug_strength"
            losses.append(Loss("medication", f"{why}: strengths are read from the names of the products", "kept", 0))
        return losses


def _cells(raw: RawTable, cells: Iterable[str], **named: str) -> ir.Table:
    """The rows with these cells, as far as there are any, and others by further names."""
    return raw.rows.select(*(c for c in cells if raw.has(c)), **named)


def _gap_losses(plan: CdmPlan, made: Mapping[str, list[Loss]], record: str) -> list[Loss]:
    gap = plan.gaps[record]
    return [*gap.counted, *made.get(f"{record} gap", []), *gap.about_everybody]
