"""By which vocabulary each diagnosis or procedure is coded, and which rows nobody could identify.

The absence of a code says something only where every row of a person can be read: it is in a vocabulary of which the code set
holds the codes. The rows of which that is not so are gathered, per person and code set, in the record table `code_gap`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import ibis
import ibis.expr.types as ir
import polars as pl

from ..knowledge.forms import Codeset, Knowledge
from ..tables import CODE_GAP
from .people import People
from .source import CodedRows, Loss
from .source_value import SHAPES, is_of
from .stored import keep, run
from .undated import UNREAD, ends_of

OWN = "STEPWELL"
"""The vocabulary of own records that name the code set itself."""
LOCAL_FROM = 2_000_000_000
"""Concept ids from here on are a site's own (OMOP's convention): without its vocabulary tables they say nothing."""

_PARTS = ("standard", "source", "value")
CODING = tuple(f"in_{part}" for part in _PARTS)
"""The columns that say how a row is coded."""

_OF_RECORD = {
    "condition": ("ICD10CM", "ICD10", "ICD9CM", "SNOMED"),
    "procedure": ("CPT4", "HCPCS", "ICD10PCS", "ICD9Proc", "SNOMED"),
}
"""The vocabularies of which a bare source value may be a code."""
_TOGETHER = "|"
_NOUN = {"condition": "diagnosis", "procedure": "procedure"}


@dataclass(frozen=True)
class Coding:
    """One way in which rows are coded: the vocabularies of the standard concept, the source concept and the source value, as far
    as each is known. A value that may be a code of several vocabularies has their names with `|` between; a standard concept that
    is not a site's own has `OMOP` last."""

    standard: str | None
    source: str | None
    value: str | None
    n_rows: int = 0

    @property
    def named(self) -> tuple[str, str] | None:
        """The vocabulary and the place by which the code is known, as recorded before the standard concept; None: by none."""
        places = ((self.source, "source concept"), (self.value, "source value"), (self.standard, "standard concept"))
        known = ((_named(v), way) for v, way in places if v and set(v.split(_TOGETHER)) & {*SHAPES, "OMOP", OWN})
        return next(known, None)

    def unread_by(self, codesets: Iterable[Codeset], record: str, *, has_hierarchy: bool) -> list[str]:
        """The ids of the code sets whose codes are in none of its vocabularies."""
        places = [p for p in (self.standard, self.source, self.value) if p]
        return [s.id for s in codesets if not any(_speaks(s, p, record, has_hierarchy) for p in places)]


def _named(place: str) -> str:
    return " or ".join(place.removesuffix("|OMOP").split(_TOGETHER))


def _speaks(codeset: Codeset, place: str, record: str, has_hierarchy: bool) -> bool:
    """Whether the set holds the codes of that vocabulary, so that a row written in it is known to be in the set or not.

    A value that may be a code of two code systems is known only where the set holds the codes of both.
    """
    if place == OWN or (place in SHAPES and place not in _OF_RECORD[record]):
        return True  # the set itself, or a diagnosis among procedures, which is none
    held = {c.vocabulary for c in codeset.codes} - set(codeset.partial) | set(codeset.without)
    if not has_hierarchy:
        held -= {c.vocabulary for c in codeset.codes if c.match == "descendants"}
    if held & {"CPT4", "HCPCS"}:
        held |= {"CPT4", "HCPCS"}  # two levels of one system
    parts = place.split(_TOGETHER)
    if "OMOP" in parts:
        return bool(held & set(parts))
    systems = groupby(sorted(parts), key=lambda v: v.removesuffix("CM") if v.startswith("ICD10") else v)
    return all(held & set(of_system) for _system, of_system in systems)


def with_coding(keys: pl.DataFrame, record: str) -> pl.DataFrame:
    """The keys of a CDM table (`Codes.keys`) with their coding: `in_standard`, `in_source`, `in_value` (`Coding`)."""
    held = pl.col("standard_vocabulary")
    of_omop = pl.concat_str(held + _TOGETHER, pl.lit("OMOP"), ignore_nulls=True)
    value = pl.concat_str(
        pl.when(is_of(v)).then(pl.lit(f"{v}{_TOGETHER}")).otherwise(pl.lit("")) for v in _OF_RECORD[record]
    ).str.strip_suffix(_TOGETHER)
    return keys.with_columns(
        in_standard=pl.when(pl.col("standard") < LOCAL_FROM).then(of_omop).otherwise(held),
        in_source="source_vocabulary",
        in_value=pl.when(value != "").then(value).otherwise(None),
    )


def find_gap(
    con: ibis.BaseBackend,
    people: People,
    rows_coded: Callable[[pl.DataFrame], ir.Table],
    codings: Sequence[Coding],
    where: str,
    record: str,
    knowledge: Knowledge,
    *,
    has_hierarchy: bool,
    value_is: str = "source value",
) -> tuple[ir.Table | None, list[Loss]]:
    """The rows of `code_gap` (None: there are none) and the lines of `attrition`, given how many rows of a record table have each
    coding. `rows_coded` gives the `person_id`, `date` and `codeset` of the rows, from pairs of a coding (`in_standard`,
    `in_source`, `in_value`) and a `codeset`. `value_is`: what holds the code of a row that no concept settles."""
    sets = [s for s in knowledge.codesets.values() if record in s.records]
    unread = {c: c.unread_by(sets, record, has_hierarchy=has_hierarchy) for c in codings}
    most = knowledge.completeness[record].unidentified_at_most / 100 * sum(c.n_rows for c in codings)
    of_source = [s.id for s in sets if sum(c.n_rows for c in codings if s.id in unread[c]) > most]
    is_whole = len(of_source) == len(sets)
    pairs = [
        (c.standard, c.source, c.value, name)
        for c, names in unread.items()
        for name in ([None] if names and (is_whole or len(names) == len(sets)) else names)
    ]
    losses: list[Loss] = list(_losses(codings, record, value_is))
    if not pairs:
        return None, losses
    schema = dict.fromkeys((*CODING, "codeset"), pl.String)
    found = rows_coded(pl.DataFrame(pairs, schema=schema, orient="row"))
    found = found.filter(found.person_id.notnull())
    each = found.group_by("person_id", "codeset").agg(**ends_of(found.date), n_rows=found.count())
    labels = {s.id: s.label for s in sets}
    some = sorted({name for names in unread.values() for name in names})
    n_rows = sum(c.n_rows for c, names in unread.items() if names)
    n_people = int(run(each.person_id.nunique(), where).as_py())
    names = f"every {_NOUN[record]}" if len(some) == len(sets) else ", ".join(labels[name] for name in some)
    why = "unidentified, or in a vocabulary that a code set does not hold"
    why += (
        ""
        if has_hierarchy
        else " (or holds only with all that lies below a code, for which concept_ancestor is missing)"
    )
    what = f"rows that may hide a {_NOUN[record]}: {why}; for these people the absence is unknown of: {names}"
    losses.append(Loss(record, what, "read as unknown", n_rows, n_people))
    if of_source:
        share = f"{knowledge.completeness[record].unidentified_at_most:g} %"
        names = f"every {_NOUN[record]}" if is_whole else ", ".join(labels[name] for name in of_source)
        what = (
            f"such rows are more than {share} of all: for everybody in this source the absence is unknown of: {names}"
        )
        losses.append(Loss(record, what, "read as unknown", 0))
        each = _for_everybody(con, people, each, [None] if is_whole else of_source, where)
    return each.mutate(record=ibis.literal(record), reason=ibis.literal(UNREAD)), losses


def codings_of(rows: pl.DataFrame) -> list[Coding]:
    """The different codings of keys, or of groups of rows, which stand for `n_rows` each; in an order that is always the same."""
    counted = rows.group_by(*CODING).agg(pl.col("n_rows").sum())
    found = [Coding(*row) for row in counted.select(*CODING, "n_rows").iter_rows()]
    return sorted(found, key=lambda c: [str(part) for part in (c.standard, c.source, c.value)])


def all_gaps(gaps: Sequence[ir.Table]) -> ir.Table:
    """The gaps of all record tables as one table."""
    parts = [gap.select(*CODE_GAP.schema).cast(CODE_GAP.schema) for gap in gaps]
    if len(parts) == 1:
        return parts[0]
    rows = ibis.union(*parts)
    # Diagnoses stand in two tables of a CDM.
    return rows.group_by(CODE_GAP.key).agg(n_rows=rows.n_rows.sum()).select(*CODE_GAP.schema).cast(CODE_GAP.schema)


def _for_everybody(
    con: ibis.BaseBackend, people: People, each: ir.Table, sets: Sequence[str | None], where: str
) -> ir.Table:
    """The same rows with one for each of these sets and every person, on any day, in the place of those of the set."""
    asked = keep(con, pl.DataFrame({"of_set": sets}, schema={"of_set": pl.String}))
    everybody = people.numbers.select(of_person="person_id").cross_join(asked)
    everybody = everybody.left_join(
        each, [everybody.of_person == each.person_id, everybody.of_set.identical_to(each.codeset)]
    )
    everybody = everybody.select(
        person_id="of_person",
        codeset="of_set",
        first_date=ibis.null("date"),
        last_date=ibis.null("date"),
        n_rows=everybody.n_rows.fill_null(0),
    )
    kept = each.join(asked, each.codeset.identical_to(asked.of_set), how="anti")
    return everybody.union(kept.select(*everybody.columns))


def _losses(codings: Iterable[Coding], record: str, value_is: str) -> Iterator[CodedRows]:
    """How many rows are known by which vocabulary and place, most of all first."""
    known: dict[tuple[str, str] | None, int] = {}
    for coding in codings:
        known[coding.named] = known.get(coding.named, 0) + coding.n_rows
    for named, n in sorted(known.items(), key=lambda found: (found[0] is None, -found[1], found[0] or ())):
        if named is None:
            what = (
                "rows whose code nobody could identify: no vocabulary table holds the concept, and the source value is no code "
                "of a known vocabulary; add the vocabulary tables that hold the concepts"
            )
            yield CodedRows(record, what, "read as unknown", n)
        else:
            vocabulary, way = named
            way = value_is if way == "source value" else way
            yield CodedRows(record, f"rows coded in {vocabulary}, by the {way}", "kept", n, None, None, vocabulary, way)
