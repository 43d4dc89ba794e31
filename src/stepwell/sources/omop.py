"""OMOP CDM 5.3 and 5.4 into the six record tables.

Needs: `person` and `drug_exposure`; everything else may be missing, and what then cannot be known is said. The vocabulary
tables (`concept`, `concept_ancestor`, `drug_strength`) are used where they hold rows.
"""

from __future__ import annotations

import difflib
from functools import partial

import ibis
import ibis.expr.types as ir
import polars as pl

from ..errors import Problem, SourceError
from ..knowledge.forms import Knowledge
from ..tables import RECORDS
from ..tables.ranges import BIRTH
from .answers import read_answers
from .cdm_columns import type_problems, without_others
from .coded import find_care, read_conditions, read_procedures
from .codes import CODED, Codes, instrument_codes
from .concomitant import only_interacting
from .doses import read_doses
from .drugs import Drugs, find_drugs, rows_by_kind
from .files import RawTable, column_problems
from .identify import all_gaps
from .incomplete import find_incomplete
from .ingredients import WAYS
from .medication import read_medication
from .people import People, number_people
from .records import empty, merge_rows, settle_periods, settle_scores
from .source import DrugRows, Loss
from .stored import filled_tables
from .tally import Finding, settle, without_repeats
from .undated import Gaps
from .values import concept, day, number, text, whole
from .vitals import read_vitals
from .vocabulary import VOCABULARY, Vocabulary

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
FEMALE, MALE = 8532, 8507
_SEX_WORDS = {"female": ("f", "female"), "male": ("m", "male")}


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
) -> tuple[dict[str, ir.Table], frozenset[str], list[Loss], DrugRows | None]:
    """The record tables, the names of those that the source has, the findings, and the numbers of its drug rows.

    `is_made` says that stepwell made the tables from other records, with columns of its own (`MADE_COLUMNS`).
    Raises SourceError with every missing table and column.
    """
    if problems := check_cdm(tables):
        raise SourceError("This is no OMOP CDM that stepwell can read.", problems)
    filled = filled_tables({name: without_others(raw, is_made=is_made) for name, raw in tables.items()})
    if "person" not in filled:
        raise SourceError("There is nobody in this source.", [Problem(tables["person"].where, "no rows", "people")])
    vocabulary = {name: filled[name] for name in VOCABULARY if name in filled}
    known = Vocabulary(con, vocabulary)
    losses = [Loss(name, "the table is there but has no rows", "kept", 0) for name in tables if name not in filled]
    people = number_people(con, filled["person"].rows.person_id, filled["person"].where)
    records: dict[str, ir.Table] = {}
    records["person"], found = _persons(people, filled["person"], filled.get("death"))
    losses += found
    has = {"person"}
    drugs, about = None, only_interacting(knowledge)
    if "drug_exposure" in filled:
        drugs, interacting = find_drugs(con, filled["drug_exposure"], known, knowledge, about)
    gaps: Gaps = []
    of_care = find_care(filled)
    coded = Codes(known, filled, knowledge)
    readers = {
        "observation_period": (_observation, ("observation_period",)),
        "condition": (partial(read_conditions, coded, filled.get("observation"), gaps), ("condition_occurrence",)),
        "medication": (partial(_medications, drugs), ("drug_exposure",)),
        "measurement": (partial(_measurements, coded, gaps), ("measurement", "observation")),
        "procedure": (partial(read_procedures, coded, of_care, gaps), ("procedure_occurrence",)),
        "vital": (partial(read_vitals, coded, gaps), ("measurement",)),
        "answer": (partial(read_answers, coded, gaps), ("measurement", "observation")),
    }
    for name, (reader, sources) in readers.items():
        present = [filled[s] for s in sources if s in filled]
        if present or (name == "procedure" and of_care):
            records[name], found = reader(con, people, present, vocabulary, knowledge)
            losses += found
        if present:
            has.add(name)
    drug_rows = None
    if drugs is not None:
        if not interacting.products.is_empty():
            raw = filled["drug_exposure"]
            found, _of_medication = read_medication(con, raw, interacting, people, vocabulary, about)
            records["concomitant"] = found
        has.add("concomitant")
        records["incomplete_medication"], drug_rows = find_incomplete(
            con, people, filled, drugs, interacting, vocabulary, knowledge
        )
        if drug_rows.is_incomplete_for_some:
            has.add("incomplete_medication")
        found = read_doses(coded, con, people, filled, drugs, vocabulary, knowledge)
        if found is not None:
            records["dose"], records["monitoring"], more = found
            losses += more
            has |= {"dose", "monitoring"}
    if gaps:
        records["code_gap"] = all_gaps(gaps)
        has.add("code_gap")
    for table in RECORDS:
        if table.name not in records:
            records[table.name] = empty(con, table.schema)
    tables = {t.name: records[t.name].select(*t.schema).cast(t.schema) for t in RECORDS}
    return tables, frozenset(has), losses, drug_rows


def _persons(people: People, person: RawTable, death: RawTable | None) -> tuple[ir.Table, list[Loss]]:
    raw = person.rows
    exact = day(person.column("birth_datetime"), BIRTH).value
    year, month, born = (whole(person.column(c, "int64")) for c in ("year_of_birth", "month_of_birth", "day_of_birth"))
    is_no_month = ~month.between(1, 12) | (month.isnull() & text(person.column("month_of_birth")).notnull())
    year = year.between(BIRTH.at_least.year, BIRTH.at_most.year).ifelse(year, ibis.null("int64"))
    month = month.between(1, 12).ifelse(month, ibis.null("int64"))
    born = born.between(1, 31).ifelse(born, ibis.null("int64"))

    def date(y: ir.Value, m: ir.Value, d: ir.Value) -> ir.DateValue:
        parts = y.cast("string"), m.cast("string").lpad(2, "0"), d.cast("string").lpad(2, "0")
        return (parts[0] + "-" + parts[1] + "-" + parts[2]).try_cast("date")

    whole_date = date(year, month, born)
    given_day = text(person.column("day_of_birth")).notnull() & year.notnull() & month.notnull()
    is_no_day = given_day & whole_date.isnull()
    first_of_month = date(year, month, ibis.literal(1))
    last_of_month = (first_of_month + ibis.interval(months=1) - ibis.interval(days=1)).cast("date")
    sex_id = concept(person.column("gender_concept_id", "int64"))
    word = text(person.column("gender_source_value")).lower()
    rows = raw.select(
        source_id=raw.person_id,
        birth_earliest_date=ibis.coalesce(whole_date, first_of_month, date(year, *map(ibis.literal, (1, 1))), exact),
        birth_latest_date=ibis.coalesce(whole_date, last_of_month, date(year, *map(ibis.literal, (12, 31))), exact),
        sex=ibis.cases(
            (sex_id == FEMALE, "female"),
            (sex_id == MALE, "male"),
            (sex_id.notnull(), "other"),
            (word.isin(_SEX_WORDS["female"]), "female"),
            (word.isin(_SEX_WORDS["male"]), "male"),
        ),
        death_date=ibis.null("date"),
        is_partly_unreadable=is_no_month | is_no_day,
        address=person.address("person_id"),
    )
    merged, losses = merge_rows(people, people.attach(rows, "source_id"), person.where)
    if death is None:
        return merged, losses
    dead = people.attach(death.rows.select(id=death.rows.person_id, died=day(death.rows.death_date).value), "id")
    dead, found, _n = settle(
        "person",
        death.where,
        dead,
        [
            Finding(dead.person_id.isnull(), "deaths of people who are not in person", "left out"),
            Finding(dead.died.isnull(), "deaths without a usable date", "read as unknown"),
        ],
    )
    dead = dead.group_by("person_id").agg(died=dead.died.min()).rename(dead_id="person_id")
    merged = merged.drop("death_date").left_join(dead, merged.person_id == dead.dead_id)
    return merged.rename(death_date="died").drop("dead_id"), losses + found


def _observation(con, people: People, raws: list[RawTable], vocabulary, knowledge) -> tuple[ir.Table, list[Loss]]:
    (raw,) = raws
    start, end = day(raw.rows.observation_period_start_date), day(raw.rows.observation_period_end_date)
    rows = raw.rows.select(
        id=raw.rows.person_id,
        start_date=start.value,
        end_date=end.value,
        end_is_marker=end.is_marker,
        address=raw.address("observation_period_id"),
    )
    rows = people.attach(rows, "id")
    return settle_periods(rows, raw.where)


def _medications(
    drugs: Drugs, con, people: People, raws: list[RawTable], vocabulary, knowledge
) -> tuple[ir.Table, list[Loss]]:
    (raw,) = raws
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
    if not Vocabulary(con, vocabulary).states_units:
        why = "drug_strength has no unit columns" if "drug_strength" in vocabulary else "no drug_strength"
        losses.append(Loss("medication", f"{why}: strengths are read from the names of the products", "kept", 0))
    rows, found = read_medication(con, raw, drugs, people, vocabulary, knowledge)
    return rows, losses + found


def _measurements(
    coded: Codes, gaps: Gaps, con, people: People, raws: list[RawTable], vocabulary, knowledge
) -> tuple[ir.Table, list[Loss]]:
    parts, ids = [], []
    codes = instrument_codes(knowledge.instruments.values())
    for raw in raws:
        name = raw.name
        rows = coded.find(raw, CODED[name], codes)
        ids.append(rows.select(kind="set_id", id=f"{name}_id"))
        told = RawTable(name, raw.where, rows)
        stated = number(told.column("value_as_number", "float64"))
        written = [number(told.column(c)) for c in ("value_as_string", "value_source_value")]
        when = day(rows[f"{name}_date"])
        parts.append(
            rows.select(
                id="person_id",
                instrument="set_id",
                measured_date=when.value,
                written=rows[f"{name}_date"].cast("string"),
                value=ibis.coalesce(stated, *written),
                is_from_text=stated.isnull() & ibis.coalesce(*written).notnull(),
                is_marker=when.is_marker,
                address=told.address(f"{name}_id"),
            )
        )
    rows = people.attach(ibis.union(*parts) if len(parts) > 1 else parts[0], "id")
    where = " and ".join(r.where for r in raws)
    kept, losses = settle_scores(gaps, con, rows, where, knowledge)
    kept, repeats = without_repeats("measurement", where, kept, ids, "instrument")
    return kept, losses + repeats
