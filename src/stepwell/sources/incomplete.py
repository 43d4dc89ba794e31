"""Whose drug records are incomplete: rows of drugs that nobody could identify, or nothing but what was given in care.

There the absence of a drug says nothing (`incomplete_medication`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import ibis
import ibis.expr.types as ir
import polars as pl

from ..knowledge.forms import Knowledge
from ..tables import INCOMPLETE_MEDICATION
from .drugs import rows_by_kind
from .files import RawTable
from .people import People
from .source import DrugRows
from .stored import fetch
from .values import concept, fits_int64, text, whole
from .vocabulary import VOCABULARY

INPATIENT_VISITS = (9201, 262)
"""OMOP visit concepts: Inpatient Visit, Emergency Room and Inpatient Visit."""

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


def remedy_for(vocabulary: Iterable[str]) -> str:
    """What would identify the drugs of a CDM that has these vocabulary tables."""
    missing = [name.upper() for name in VOCABULARY if name not in vocabulary]
    if missing:
        tables = " and ".join(filter(None, (", ".join(missing[:-1]), missing[-1])))
        return f"add the vocabulary tables {tables} (from athena.ohdsi.org), and map rows without a concept"
    return "map these rows to concepts that CONCEPT, CONCEPT_ANCESTOR and DRUG_STRENGTH (from athena.ohdsi.org) hold"


def count_people(found: ir.Table, counted: DrugRows, where: str) -> DrugRows:
    """The numbers of drug rows, with the numbers of people in all of `incomplete_medication`."""
    each = fetch(found.group_by("reason").agg(n=found.person_id.nunique()), where)
    n_people = dict(each.select("reason", "n").iter_rows())
    return replace(
        counted,
        n_people=n_people.get(UNIDENTIFIED, 0),
        n_with_undated=n_people.get(WITHOUT_DAY, 0),
        n_with_undated_interacting=n_people.get(INTERACTING_WITHOUT_DAY, 0),
        n_given_in_care_only=n_people.get(GIVEN_IN_CARE, 0),
    )


def select_care(raw: RawTable, visits: RawTable | None, people: People, administrations: Collection[int]) -> ir.Table:
    """How many rows (`n_rows`) of a `drug_exposure` table each person has with each type of record (`type_id`) and each kind of
    visit (`is_inpatient`; NULL where none is known, or where it settles nothing: the visit is none of an inpatient, and the type
    of record none of `administrations`)."""
    type_id = concept(raw.column("drug_type_concept_id", "int64"))
    if visits is None or not raw.has("visit_occurrence_id"):
        rows = raw.rows.select(id="person_id", type_id=type_id, is_inpatient=ibis.null("boolean"))
    else:
        ids = raw.rows.visit_occurrence_id, visits.rows.visit_occurrence_id
        key = whole if all(fits_int64(id_) for id_ in ids) else text
        rows = raw.rows.select(id="person_id", type_id=type_id, visit=key(ids[0]))
        of = visits.rows.select(of_visit=key(ids[1]), kind=concept(visits.rows.visit_concept_id))
        of = of.filter(of.kind.notnull())
        # Most visits settle nothing. A source may have hundreds of millions, more than fit into memory.
        inpatient = of.filter(of.kind.isin(INPATIENT_VISITS)).select(settling="of_visit")
        given = rows.filter(rows.type_id.isin(list(administrations))).select(settling="visit")
        settling = inpatient.union(given, distinct=True)
        of = of.semi_join(settling, of.of_visit == settling.settling)
        # Where an id stands for several visits, one elsewhere is enough.
        of = of.group_by("of_visit").agg(is_inpatient=of.kind.isin(INPATIENT_VISITS).all())
        rows = rows.left_join(of, rows.visit == of.of_visit)
    rows = people.attach(rows, "id")
    return rows.group_by("person_id", "type_id", "is_inpatient").agg(n_rows=rows.count())


def find_incomplete(
    people: pl.DataFrame,
    care: pl.DataFrame,
    unidentified: pl.DataFrame,
    known: pl.DataFrame,
    interacting: pl.DataFrame,
    administrations: tuple[int, ...],
    counted: DrugRows,
) -> pl.DataFrame:
    """`incomplete_medication` of people of a CDM, from the rows of `select_care`, those of unidentified drugs, those of drugs
    looked for and those of drugs that are looked for only because they interact (both with `ingredient` and `start_date`).
    `administrations` are the types of record of what was given there and then."""
    is_administration = pl.col("type_id").is_in(administrations).fill_null(False)
    care = care.select(
        "person_id", pl.col("n_rows").cast(pl.Int64), is_given=pl.coalesce("is_inpatient", is_administration)
    )
    rows = {WITHOUT_DAY: known, INTERACTING_WITHOUT_DAY: interacting}
    undated = {reason: of.filter(pl.col("start_date").is_null()) for reason, of in rows.items()}
    return settle_incomplete(people, care, unidentified, undated, counted)


def settle_incomplete(
    people: pl.DataFrame,
    care: pl.DataFrame,
    unidentified: pl.DataFrame,
    undated: Mapping[str, pl.DataFrame],
    counted: DrugRows,
) -> pl.DataFrame:
    """`incomplete_medication`, from how many drug rows (`n_rows`) of each person were given in care and how many were not
    (`is_given`), and from frames of one `person_id` a drug row: the unidentified ones, and those without a day (by reason, with
    their `ingredient`)."""
    each = care.drop_nulls("person_id").group_by("person_id")
    each = each.agg(pl.col("is_given").all(), n_of=pl.col("n_rows").sum())
    of_drug = pl.lit(None, pl.String)
    parts = [_of_person(unidentified.with_columns(ingredient=of_drug), each, UNIDENTIFIED)]
    if counted.is_above:
        everybody = people.select("person_id", n_rows=pl.lit(counted.n_unidentified), n_of=pl.lit(counted.n_rows))
        parts.append(everybody.with_columns(reason=pl.lit(OF_SOURCE), ingredient=of_drug))
    parts += [_of_person(rows, each, reason) for reason, rows in undated.items()]
    given = each.filter("is_given").select("person_id", "n_of", n_rows="n_of")
    parts.append(given.with_columns(reason=pl.lit(GIVEN_IN_CARE), ingredient=of_drug))
    schema = INCOMPLETE_MEDICATION.schema.to_polars()
    return pl.concat([part.select(*schema).cast(schema) for part in parts])


def _of_person(concerned: pl.DataFrame, each: pl.DataFrame, reason: str) -> pl.DataFrame:
    """One row is one person and `ingredient`, with how many of the person's rows are concerned."""
    n = concerned.group_by("person_id", "ingredient").agg(n_rows=pl.len())
    return n.join(each, "person_id").with_columns(reason=pl.lit(reason))
