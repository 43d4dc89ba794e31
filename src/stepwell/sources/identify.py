"""By which vocabulary each diagnosis or procedure is coded, and which rows nobody could identify.

The absence of a code says something only where every row of a person can be read: it is in a vocabulary of which the code set
holds the codes. The rows of which that is not so are gathered, per person and code set, in the record table `code_gap`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import polars as pl

from ..knowledge.forms import Codeset, Knowledge
from ..tables import CODE_GAP
from .source import CodedRows, Loss
from .source_value import SHAPES, is_of
from .undated import GAP_SCHEMA, UNREAD, as_gap, ends_of

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


@dataclass(frozen=True)
class GapPlan:
    """What is to be read of the rows that may hide a code, by all rows of the source. `pairs` has one row per coding
    (`in_standard`, `in_source`, `in_value`) and code set of whose codes nobody can say whether it is one (NULL: of none);
    `for_everybody`, the code sets (None: every one) of which the absence is unknown for everybody; `counted`, the lines that
    count all rows; `what`, what is said of the rows; `about_everybody`, what is said of the source."""

    record: str
    pairs: pl.DataFrame
    for_everybody: tuple[str | None, ...]
    counted: tuple[Loss, ...]
    what: str
    about_everybody: tuple[Loss, ...]


def plan_gap(
    codings: Sequence[Coding],
    record: str,
    knowledge: Knowledge,
    *,
    has_hierarchy: bool,
    value_is: str = "source value",
) -> GapPlan:
    """What is to be read of the rows of a record table, given how many have each coding. `value_is`: what holds the code of a row
    that no concept settles."""
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
    schema = dict.fromkeys((*CODING, "codeset"), pl.String)
    labels = {s.id: s.label for s in sets}
    some = sorted({name for names in unread.values() for name in names})
    names = f"every {_NOUN[record]}" if len(some) == len(sets) else ", ".join(labels[name] for name in some)
    why = "unidentified, or in a vocabulary that a code set does not hold"
    why += (
        ""
        if has_hierarchy
        else " (or holds only with all that lies below a code, for which concept_ancestor is missing)"
    )
    what = f"rows that may hide a {_NOUN[record]}: {why}; for these people the absence is unknown of: {names}"
    about: tuple[Loss, ...] = ()
    if of_source:
        share = f"{knowledge.completeness[record].unidentified_at_most:g} %"
        names = f"every {_NOUN[record]}" if is_whole else ", ".join(labels[name] for name in of_source)
        said = (
            f"such rows are more than {share} of all: for everybody in this source the absence is unknown of: {names}"
        )
        about = (Loss(record, said, "read as unknown", 0),)
    everybody = ((None,) if is_whole else tuple(of_source)) if of_source else ()
    frame = pl.DataFrame(pairs, schema=schema, orient="row")
    return GapPlan(record, frame, everybody, tuple(_losses(codings, record, value_is)), what, about)


def gap_rows(rows: pl.DataFrame, people: pl.DataFrame, plan: GapPlan) -> tuple[pl.DataFrame, Loss]:
    """The rows of `code_gap` that the rows of some people (`person_id`, `date`, and their coding) make, and the line that counts
    them. `people` has the `person_id` of each of them."""
    is_unread = rows.join(plan.pairs.select(CODING).unique(), CODING, "semi", nulls_equal=True)
    found = is_unread.filter(pl.col("person_id").is_not_null()).join(plan.pairs, CODING, nulls_equal=True)
    each = found.group_by("person_id", "codeset").agg(**ends_of("date"), n_rows=pl.len().cast(pl.Int64))
    counted = Loss(plan.record, plan.what, "read as unknown", is_unread.height, each["person_id"].n_unique())
    if plan.for_everybody:
        asked = pl.DataFrame({"codeset": plan.for_everybody}, {"codeset": pl.String})
        on = ["person_id", "codeset"]
        everybody = people.select("person_id").join(asked, how="cross").join(each, on, "left", nulls_equal=True)
        everybody = everybody.with_columns(
            pl.lit(None, pl.Date).alias("first_date"),
            pl.lit(None, pl.Date).alias("last_date"),
            pl.col("n_rows").fill_null(0),
        )
        each = pl.concat([everybody, each.join(asked, "codeset", "anti", nulls_equal=True)])
    return as_gap(each, plan.record, UNREAD), counted


def codings_of(rows: pl.DataFrame) -> list[Coding]:
    """The different codings of keys, or of groups of rows, which stand for `n_rows` each; in an order that is always the same."""
    counted = rows.group_by(*CODING).agg(pl.col("n_rows").sum())
    found = [Coding(*row) for row in counted.select(*CODING, "n_rows").iter_rows()]
    return sorted(found, key=lambda c: [str(part) for part in (c.standard, c.source, c.value)])


def all_gaps(gaps: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The gaps of all record tables as one table. Diagnoses stand in two tables of a CDM."""
    rows = pl.concat([GAP_SCHEMA.to_frame(), *gaps])
    return rows.group_by(CODE_GAP.key).agg(pl.col("n_rows").sum()).select(GAP_SCHEMA.names())


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
