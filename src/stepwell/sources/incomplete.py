"""Whose drug records are incomplete: rows of drugs that nobody could identify, or nothing but what was given in care.

There the absence of a drug says nothing (`incomplete_medication`).
"""

from __future__ import annotations

from dataclasses import replace

import ibis
import ibis.expr.types as ir
import polars as pl

from ..knowledge.forms import Knowledge
from ..tables import INCOMPLETE_MEDICATION
from .drugs import Drugs, rows_by_kind
from .files import RawTable
from .medication import is_administration
from .people import People
from .records import empty
from .source import DrugRows
from .stored import run, store
from .values import concept, day, text
from .vocabulary import VOCABULARY

INPATIENT_VISITS = (9201, 262)
"""OMOP visit concepts: Inpatient Visit, Emergency Room and Inpatient Visit."""

_START = "drug_exposure_start_date"

UNIDENTIFIED, OF_SOURCE, WITHOUT_DAY, NOT_FETCHED, GIVEN_IN_CARE, INTERACTING_WITHOUT_DAY = (
    INCOMPLETE_MEDICATION.by_name["reason"].values
)


def count_kinds(kinds: pl.DataFrame, knowledge: Knowledge, remedy: str) -> DrugRows:
    """The rows of each kind of drug, from a frame of `kind` and `n_rows`."""
    counts = rows_by_kind(kinds)
    known, unidentified = counts.pop("known", 0), counts.pop("unidentified", 0)
    is_above, limit = False, knowledge.drug_records
    if limit is not None:
        is_above = 100 * unidentified > limit.unidentified.at_most * (known + unidentified + sum(counts.values()))
    return DrugRows(known, sum(counts.values()), unidentified, is_above=is_above, remedy=remedy)


def find_incomplete(
    con: ibis.BaseBackend,
    people: People,
    filled: dict[str, RawTable],
    drugs: Drugs,
    interacting: Drugs,
    vocabulary: dict[str, RawTable],
    knowledge: Knowledge,
) -> tuple[ir.Table, DrugRows]:
    """`incomplete_medication` of an OMOP source, and the numbers of its drug rows. `interacting` are the drugs that are looked
    for only because they interact."""
    raw = filled["drug_exposure"]
    rows = count_kinds(drugs.keys, knowledge, _remedy(vocabulary))
    unidentified = None
    if rows.n_unidentified:
        unidentified = drugs.unidentified_rows(raw, ["person_id"]).select(id="person_id")
    given, otherwise = _by_care(raw, filled.get("visit_occurrence"), vocabulary.get("concept"))
    undated = {}
    if run(raw.rows.filter(day(raw.rows[_START]).value.isnull()).count(), raw.where).as_py():
        undated = {WITHOUT_DAY: _without_day(drugs, raw), INTERACTING_WITHOUT_DAY: _without_day(interacting, raw)}
    unidentified, given, otherwise = (_of_people(people, of) for of in (unidentified, given, otherwise))
    undated = {reason: _of_people(people, of) for reason, of in undated.items()}
    everybody = _of_people(people, raw.rows.select(id="person_id"))
    return settle_incomplete(con, people, everybody, unidentified, undated, given, otherwise, rows, raw.where)


def _of_people(people: People, rows: ir.Table | None) -> ir.Table | None:
    return None if rows is None else people.attach(rows, "id").drop("id")


def settle_incomplete(
    con: ibis.BaseBackend,
    people: People,
    rows: ir.Table,
    unidentified: ir.Table | None,
    undated: dict[str, ir.Table | None],
    given: ir.Table,
    otherwise: ir.Table,
    counted: DrugRows,
    where: str,
) -> tuple[ir.Table, DrugRows]:
    """`incomplete_medication`, from tables of one `person_id` a drug row: all rows, the unidentified ones, those without a day
    (by reason, with their `ingredient`), those given in care, the others."""
    parts = []
    if unidentified is not None:
        parts.append(_of_person(unidentified, rows, UNIDENTIFIED))
        if counted.is_above:
            parts.append(
                people.numbers.select(
                    "person_id",
                    reason=ibis.literal(OF_SOURCE),
                    ingredient=ibis.null("string"),
                    n_rows=ibis.literal(counted.n_unidentified, "int64"),
                    n_of=ibis.literal(counted.n_rows, "int64"),
                )
            )
    parts += [_of_person(of, rows, reason) for reason, of in undated.items() if of is not None]
    # Few people have anything given in care: only of them it is asked what else they have.
    given = store(con, given.filter(given.person_id.notnull()).distinct(), where)
    if run(given.count(), where).as_py():
        only = given.anti_join(otherwise.semi_join(given, "person_id"), "person_id")
        parts.append(_of_person(rows.semi_join(only, "person_id"), rows, GIVEN_IN_CARE))
    if not parts:
        return empty(con, INCOMPLETE_MEDICATION.schema), counted
    found = store(con, ibis.union(*parts) if len(parts) > 1 else parts[0], where)
    each = run(found.group_by("reason").agg(n=found.person_id.nunique()), where).to_pylist()
    n_people = {row["reason"]: int(row["n"]) for row in each}
    return found, replace(
        counted,
        n_people=n_people.get(UNIDENTIFIED, 0),
        n_with_undated=n_people.get(WITHOUT_DAY, 0),
        n_with_undated_interacting=n_people.get(INTERACTING_WITHOUT_DAY, 0),
        n_given_in_care_only=n_people.get(GIVEN_IN_CARE, 0),
    )


def _without_day(drugs: Drugs, raw: RawTable) -> ir.Table | None:
    """The people (`id`) and `ingredient` of the rows of these drugs that have no usable first day; None where there are none."""
    if drugs.products.is_empty():
        return None
    told = drugs.rows_of(raw, ["person_id", _START])
    rows = told.rows.filter(day(told.column(_START)).value.isnull())
    return rows.select("ingredient", id="person_id") if run(rows.count(), raw.where).as_py() else None


def _remedy(vocabulary: dict[str, RawTable]) -> str:
    missing = [name.upper() for name in VOCABULARY if name not in vocabulary]
    if missing:
        tables = " and ".join(filter(None, (", ".join(missing[:-1]), missing[-1])))
        return f"add the vocabulary tables {tables} (from athena.ohdsi.org), and map rows without a concept"
    return "map these rows to concepts that CONCEPT, CONCEPT_ANCESTOR and DRUG_STRENGTH (from athena.ohdsi.org) hold"


def _of_person(concerned: ir.Table, rows: ir.Table, reason: str) -> ir.Table:
    """One row is one person, and where the rows concerned have one their `ingredient`, with how many of their rows those are."""
    concerned = concerned.filter(concerned.person_id.notnull())
    if "ingredient" not in concerned.columns:
        concerned = concerned.mutate(ingredient=ibis.null("string"))
    n = concerned.group_by("person_id", "ingredient").agg(n_rows=concerned.count())
    whole = rows.semi_join(n, "person_id")
    whole = whole.group_by("person_id").agg(n_of=whole.count())
    return n.join(whole, "person_id").select(
        "person_id",
        reason=ibis.literal(reason),
        ingredient=n.ingredient,
        n_rows=n.n_rows.cast("int64"),
        n_of=whole.n_of.cast("int64"),
    )


def _by_care(raw: RawTable, visits: RawTable | None, concepts: RawTable | None) -> tuple[ir.Table, ir.Table]:
    """The people (`id`) of the rows that were given in care, and of the others: by the visit, else by the type of the record."""
    rows = raw.rows.select(
        id="person_id",
        visit_id=text(raw.column("visit_occurrence_id")),
        is_given=is_administration(concept(raw.column("drug_type_concept_id", "int64")), concepts),
    )
    if visits is None:
        return rows.filter(rows.is_given).select("id"), rows.filter(~rows.is_given).select("id")
    of = visits.rows.select(of_visit=text(visits.rows.visit_occurrence_id), kind=concept(visits.rows.visit_concept_id))
    inpatient = of.filter(of.kind.isin(INPATIENT_VISITS))
    elsewhere = of.filter(of.kind.notnull() & ~of.kind.isin(INPATIENT_VISITS))
    in_hospital = rows.semi_join(inpatient, rows.visit_id == inpatient.of_visit)
    at_no_visit = rows.anti_join(of.filter(of.kind.notnull()), rows.visit_id == of.of_visit)
    outside = rows.semi_join(elsewhere, rows.visit_id == elsewhere.of_visit)
    given = in_hospital.select("id").union(at_no_visit.filter(at_no_visit.is_given).select("id"))
    return given, outside.select("id").union(at_no_visit.filter(~at_no_visit.is_given).select("id"))
