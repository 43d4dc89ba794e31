"""Diagnoses and procedures of stepwell's own folder, whose lines name the vocabulary of their code."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import polars as pl

from ..knowledge.forms import Knowledge
from ..tables.ranges import DAY, QUANTITY
from .codes import codeset_codes, plain_code
from .files import RawTable
from .identify import OWN, codings_of, find_gap
from .people import People
from .source import Loss
from .source_value import SHAPES
from .stored import fetch, keep, store
from .tally import Finding, settle
from .undated import Gaps, note_undated
from .values import clock, day, is_outside, number, within


def read_coded_lines(
    gaps: Gaps, con: ibis.BaseBackend, people: People, raw: RawTable, knowledge: Knowledge
) -> tuple[ir.Table, list[Loss]]:
    """Diagnoses or procedures: a code counts for the sets of its own vocabulary; a code taken out of a set wins."""
    column = {"condition": "codeset", "procedure": "procedure"}[raw.name]
    sets = [s for s in knowledge.codesets.values() if raw.name in s.records]
    codes = [
        (c.set_id, c.vocabulary.upper(), plain_code(c), c.match == "prefix", c.is_included) for c in codeset_codes(sets)
    ]
    codes += [(s.id, OWN, s.id.upper(), False, True) for s in sets]
    schema = {
        "set_id": "string",
        "of": "string",
        "set_code": "string",
        "is_prefix": "boolean",
        "is_included": "boolean",
    }
    known = ibis.memtable([dict(zip(schema, c, strict=True)) for c in codes], schema=schema)
    rows = raw.rows.mutate(of=raw.rows.vocabulary.upper(), plain=raw.rows.code.upper().replace(".", ""))
    seen = store(con, rows.select("of", "plain").distinct(), raw.where)
    hits = seen.join(
        known,
        [
            seen.of == known.of,
            (seen.plain == known.set_code) | (known.is_prefix & seen.plain.startswith(known.set_code)),
        ],
    )
    meant = hits.group_by("of", "plain", "set_id").agg(is_in=hits.is_included.all()).filter(ibis._.is_in)
    meant = store(con, meant.rename(meant_of="of", meant_plain="plain"), raw.where)
    rows = rows.left_join(meant, [rows.of == meant.meant_of, rows.plain == meant.meant_plain])
    date = f"{raw.name}_date"
    undated = Finding(day(rows[date]).is_marker, f"rows dated outside {DAY}", "left out")
    findings = [Finding(rows.set_id.isnull(), "codes that are in no code set", "left out"), undated]
    if raw.name == "procedure":
        outside = is_outside(QUANTITY, number(rows.quantity))
        findings.append(Finding(outside, f"procedures with a quantity outside {QUANTITY}", "read as unknown"))
    kept, losses, _n = settle(raw.name, raw.where, rows, findings)
    rows = rows.mutate(written=rows[date])
    losses += note_undated(gaps, con, rows, losses, [undated], raw.name, "set_id", raw.where)
    kept = kept.mutate(**{column: kept.set_id, date: day(kept[date]).value})
    more = {}
    if raw.name == "procedure":
        more = {"quantity": within(QUANTITY, number(kept.quantity)), "minute": clock(kept.time)}
    return kept.select("person_id", date, column, "vocabulary", "code", "address", **more), losses


def find_line_gap(
    con: ibis.BaseBackend, people: People, raw: RawTable, knowledge: Knowledge
) -> tuple[ir.Table | None, list[Loss]]:
    """Whose diagnoses or procedures may hide a code: those in a vocabulary of which a code set holds no codes."""
    names = {v.upper(): v for v in (*SHAPES, "OMOP", OWN)}
    called = raw.rows.vocabulary.upper()
    rows = raw.rows.select(
        "person_id",
        date=day(raw.rows[f"{raw.name}_date"]).value,
        of=ibis.cases(*((called == word, name) for word, name in names.items())),
    )
    counted = fetch(rows.group_by("of").agg(n_rows=rows.count()), raw.where)
    no_concept = {place: pl.lit(None, pl.String) for place in ("in_standard", "in_source")}
    codings = codings_of(counted.with_columns(**no_concept, in_value="of"))

    def rows_coded(pairs: pl.DataFrame) -> ir.Table:
        unread = keep(con, pairs.select("in_value", "codeset"))
        return rows.join(unread, rows.of.identical_to(unread.in_value))

    return find_gap(
        con,
        people,
        rows_coded,
        codings,
        raw.where,
        raw.name,
        knowledge,
        has_hierarchy=False,
        value_is="vocabulary that the file names",
    )
