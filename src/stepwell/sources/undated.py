"""Rows of what is looked for that have no usable day: none is written, it is only a month or a year, or it is impossible.

They are in no record table. They become rows of `code_gap`, so that their absence there says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from ..tables import CODE_GAP
from ..tables.ranges import DAY
from .source import Loss
from .stored import run, store
from .tally import Finding
from .values import span

UNREAD, WITHOUT_DAY = CODE_GAP.by_name["reason"].values

_WHAT = {
    "condition": "diagnoses",
    "procedure": "procedures",
    "measurement": "scores",
    "answer": "answers",
    "vital": "vital signs",
}


def ends_of(date: ir.DateColumn) -> dict[str, ir.DateScalar]:
    """The first and the last day of rows together; NULL, which is any day, where one of them has no day."""
    is_dated, none = date.notnull().all(), ibis.null("date")
    return {"first_date": is_dated.ifelse(date.min(), none), "last_date": is_dated.ifelse(date.max(), none)}


Gaps = list[ir.Table]
"""Collects the rows of `code_gap`, one table per record table that has any."""


def note_undated(
    gaps: Gaps,
    con: ibis.BaseBackend,
    rows: ir.Table,
    losses: Sequence[Loss],
    undated: Sequence[Finding],
    record: str,
    named: str,
    where: str,
) -> list[Loss]:
    """Adds the rows without a usable day to `gaps`; returns the line of `attrition`.

    `rows` has `person_id`, the column `named` (code set, instrument or vital sign) and `written`, the cell of the day. `undated`
    are the findings by which rows without a usable day were left out, and `losses` what was counted of them.
    """
    if not {f.what for f in undated} & {loss.what for loss in losses}:
        return []
    is_undated = ibis.or_(*(f.when.fill_null(False) for f in undated))
    first, last = span(rows.written)
    is_known = ((first >= ibis.date(DAY.at_least)) & (last <= ibis.date(DAY.at_most))).fill_null(False)
    first, last = (is_known.ifelse(end, ibis.null("date")) for end in (first, last))
    found = rows.filter(is_undated & rows.person_id.notnull())
    found = found.select("person_id", codeset=named, first_date=first, last_date=last)
    each = found.group_by("person_id", "codeset", "first_date", "last_date").agg(n_rows=found.count())
    each = store(con, each.mutate(record=ibis.literal(record), reason=ibis.literal(WITHOUT_DAY)), where)
    counted = run(each.agg(n_rows=each.n_rows.sum(), n_people=each.person_id.nunique()), where).to_pylist()[0]
    if not counted["n_people"]:
        return []
    gaps.append(each)
    what = (
        f"of these, {_WHAT[record]} of what is looked for, without a usable day: what depends on when they were is unknown for "
        "these people; add the days"
    )
    return [Loss(record, what, "read as unknown", int(counted["n_rows"]), int(counted["n_people"]))]
