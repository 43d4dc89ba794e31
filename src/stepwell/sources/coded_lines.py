"""Diagnoses and procedures of stepwell's own folder, whose lines name the vocabulary of their code."""

from __future__ import annotations

import polars as pl

from ..knowledge.forms import Knowledge
from ..tables.ranges import DAY, QUANTITY
from .cells import Cells, is_outside, within
from .coded import CODESET_COLUMN
from .codes import codeset_codes, plain_code
from .findings import Finding, settle
from .identify import CODING, OWN, Coding, codings_of
from .source import Loss
from .source_value import SHAPES
from .undated import undated_rows


def read_coded_lines(
    lines: pl.DataFrame, name: str, knowledge: Knowledge
) -> tuple[pl.DataFrame, pl.DataFrame, list[Loss]]:
    """Diagnoses or procedures, with the rows of `code_gap`: a code counts for the sets of its own vocabulary; a code taken out of
    a set wins."""
    column, date, cells = CODESET_COLUMN[name], f"{name}_date", Cells(lines)
    is_procedure = name == "procedure"
    when, (first, last) = cells.day(date), cells.span(date)
    quantity = cells.number("quantity")
    rows = lines.select(
        "person_id",
        "vocabulary",
        "code",
        "address",
        of=pl.col("vocabulary").str.to_uppercase(),
        plain=pl.col("code").str.to_uppercase().str.replace_all(".", "", literal=True),
        day=when.value,
        is_marker=when.is_marker,
        first=first,
        last=last,
        **({"stated": quantity, "minute": cells.clock("time")} if is_procedure else {}),
    )
    meant = _sets_of(rows.select("of", "plain").unique().drop_nulls(), name, knowledge)
    rows = rows.join(meant, ["of", "plain"], "left")
    has_set = pl.col("set_id").is_not_null()
    undated = Finding(pl.col("is_marker"), f"rows dated outside {DAY}", "left out")
    findings = [Finding(~has_set, "codes that are in no code set", "left out"), undated]
    if is_procedure:
        outside = is_outside(QUANTITY, pl.col("stated"))
        findings.append(Finding(outside, f"procedures with a quantity outside {QUANTITY}", "read as unknown"))
    kept, losses = settle(name, rows, findings)
    gap, counted = undated_rows(rows.filter(has_set), [undated], name, "set_id")
    more = {"quantity": within(QUANTITY, pl.col("stated")), "minute": pl.col("minute")} if is_procedure else {}
    kept = kept.select("person_id", "vocabulary", "code", "address", **{date: "day", column: "set_id"}, **more)
    return kept, gap, [*losses, counted]


def _sets_of(seen: pl.DataFrame, name: str, knowledge: Knowledge) -> pl.DataFrame:
    """One row per code (`of` a vocabulary, `plain`) and set that it is in."""
    sets = [s for s in knowledge.codesets.values() if name in s.records]
    codes = [
        (c.set_id, c.vocabulary.upper(), plain_code(c), c.match == "prefix", c.is_included) for c in codeset_codes(sets)
    ]
    codes += [(s.id, OWN, s.id.upper(), False, True) for s in sets]
    texts = dict.fromkeys(("set_id", "of", "code"), pl.String)
    schema = {**texts, "is_prefix": pl.Boolean, "is_included": pl.Boolean}
    known = pl.DataFrame(codes, schema=schema, orient="row")
    begun = known.filter("is_prefix")["code"].str.len_chars().unique().sort()
    found = [seen.with_columns(code="plain").join(known, ["of", "code"])]
    found += [
        seen.with_columns(code=pl.col("plain").str.slice(0, n)).join(
            known.filter(pl.col("is_prefix") & (pl.col("code").str.len_chars() == n)), ["of", "code"]
        )
        for n in begun
    ]
    hits = pl.concat(found).group_by("of", "plain", "set_id").agg(pl.col("is_included").all())
    return hits.filter("is_included").drop("is_included")


def count_codings(lines: pl.DataFrame) -> pl.DataFrame:
    """How many lines (`n_rows`) name each `vocabulary` (upper case)."""
    return lines.group_by(pl.col("vocabulary").str.to_uppercase()).agg(n_rows=pl.len().cast(pl.Int64))


def line_codings(counted: pl.DataFrame) -> list[Coding]:
    """The codings of the lines of a whole file, from what `count_codings` gives of one part or of all parts together."""
    return codings_of(counted.select("n_rows", **_coding(pl.col("vocabulary"))))


def line_rows(lines: pl.DataFrame, name: str) -> pl.DataFrame:
    """The lines with their `person_id`, `date` and coding: those in a vocabulary of which a code set holds no codes may hide a
    code."""
    called = pl.col("vocabulary").str.to_uppercase()
    return lines.select("person_id", date=Cells(lines).day(f"{name}_date").value, **_coding(called))


def _coding(called: pl.Expr) -> dict[str, pl.Expr]:
    """The coding of lines: no concept, and the vocabulary that they name (in upper case) as stepwell writes it."""
    names = {v.upper(): v for v in (*SHAPES, "OMOP", OWN)}
    in_standard, in_source, in_value = CODING
    named = called.replace_strict(names, default=None, return_dtype=pl.String)
    return {in_standard: pl.lit(None, pl.String), in_source: pl.lit(None, pl.String), in_value: named}
