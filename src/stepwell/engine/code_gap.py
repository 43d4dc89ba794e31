"""Whose diagnoses or procedures may hide a code, so that its absence says nothing (docs/engine.md, 7): rows that nobody could
identify, or that are in a vocabulary of which the code set holds no codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import ibis
import ibis.expr.types as ir

from stepwell.three_values import MET, NOT_MET

CODE_GAP = "code_gap"
"""The record table. A source that has no gap does not have it, and then nothing is asked of it."""


def add_hidden(
    rows: ir.Table,
    records: Mapping[str, ir.Table],
    record: str,
    sets: Iterable[str],
    name: str,
    *,
    until: str | None = None,
    within: int | None = None,
    since: str | None = None,
) -> ir.Table:
    """The rows with `name`: whether records of their person may hide a code of these sets, in the days up to the column `until`
    (NULL: any day), not longer than `within` days before it and not before the column `since`.

    `records` holds `code_gap`, or not, where the source has no gaps.
    """
    if CODE_GAP not in records:
        return rows.mutate(**{name: NOT_MET})
    gap = records[CODE_GAP]
    gap = gap.filter(gap.record == record, gap.codeset.isnull() | gap.codeset.isin(list(sets)))
    gap = gap.select("person_id", "first_day", "last_day")
    key = ["person_id"]
    if until is not None:
        days = rows.select("person_id", until_day=rows[until], since_day=rows[since] if since else ibis.null("int64"))
        pair = days.distinct().join(gap, "person_id", how="inner")
        is_near = (pair.first_day <= pair.until_day).fill_null(True)
        if within is not None:
            is_near &= (pair.last_day >= pair.until_day - within).fill_null(True)
        is_near &= (pair.last_day >= pair.since_day).fill_null(True)
        key = ["person_id", "until_day"]
        gap = pair.filter(is_near)
    hidden = gap.select(*key).distinct().rename({f"hidden_{k}": k for k in key})
    same = [rows.person_id == hidden.hidden_person_id]
    if until is not None:
        same.append(rows[until].identical_to(hidden.hidden_until_day))
    hidden = hidden.mutate(**{name: MET})
    found = rows.left_join(hidden, same).select(*rows.columns, name)
    return found.mutate(**{name: found[name].fill_null(False)})
