"""What the record tables ask of every source, once its own tables and columns have been understood."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis.util import gen_name

from ..knowledge.forms import Knowledge
from ..tables import MEASUREMENT, OBSERVATION_PERIOD
from ..tables.ranges import BIRTH, LEAST_FRACTION
from .people import People
from .source import Loss
from .stored import run
from .tally import Finding, settle
from .undated import Gaps, note_undated
from .values import is_whole


def empty(con: ibis.BaseBackend, schema: ibis.Schema) -> ir.Table:
    """A table of this schema without rows, on the connection."""
    return con.create_table(gen_name("stepwell_empty"), schema=schema, temp=True)


def merge_rows(people: People, rows: ir.Table, where: str) -> tuple[ir.Table, list[Loss]]:
    """One row per person from rows with `person_id`, `birth_earliest_date`, `birth_latest_date`, `sex`, `death_date`,
    `is_partly_unreadable` (a month or day of birth that is none), `address`. Rows that contradict each other widen the birth
    range and make the sex unknown."""
    each = rows.group_by("person_id").agg(
        n=rows.count(),
        birth_earliest_date=rows.birth_earliest_date.min(),
        birth_latest_date=rows.birth_latest_date.max(),
        sex=(rows.sex.min() == rows.sex.max()).ifelse(rows.sex.min(), ibis.null("string")),
        death_date=rows.death_date.min(),
        is_partly_unreadable=rows.is_partly_unreadable.fill_null(False).any(),
        address=rows.address.min(),
    )
    known = each.person_id.notnull()
    counts = run(
        each.agg(
            total=each.n.sum(),
            nobody=each.n.sum(where=~known).fill_null(0),
            further=(each.n - 1).sum(where=known).fill_null(0),
            unborn=(known & each.birth_earliest_date.isnull()).sum(),
            partly=(known & each.is_partly_unreadable).sum(),
        ),
        where,
    ).to_pylist()[0]
    losses = []
    if nobody := int(counts["nobody"]):
        remaining = int(counts["total"]) - nobody
        losses.append(Loss("person", "rows without a person id", "left out", nobody, None, remaining))
    if further := int(counts["further"]):
        losses.append(Loss("person", "further rows of a person already there", "corrected", further))
    if unborn := int(counts["unborn"]):
        losses.append(Loss("person", f"people whose birth is missing or outside {BIRTH}", "kept", unborn, unborn))
    if partly := int(counts["partly"]):
        what = "people whose month or day of birth is none: the birth is known less exactly"
        losses.append(Loss("person", what, "read as unknown", partly, partly))
    numbers = people.numbers.select("person_id", "source_person_id")
    return numbers.join(each.drop("n", "is_partly_unreadable"), "person_id"), losses


def settle_periods(rows: ir.Table, where: str) -> tuple[ir.Table, list[Loss]]:
    """Observation periods from rows with `person_id`, `start_date`, `end_date`, `end_is_marker`, `address`."""
    kept, losses, _n = settle(
        OBSERVATION_PERIOD.name,
        where,
        rows,
        [
            Finding(rows.person_id.isnull(), "periods of people who are not in person", "left out"),
            Finding(rows.start_date.isnull(), "periods without a usable first day", "left out"),
            Finding(
                rows.end_is_marker,
                'periods that end on a day such as 9999-12-31 ("still observed"): nobody can say how far they reach',
                "left out",
            ),
            Finding(rows.end_date.isnull(), "periods without a usable last day", "left out"),
            Finding(rows.end_date < rows.start_date, "periods that end before they start", "left out"),
        ],
    )
    one = kept.group_by("person_id", "start_date", "end_date").agg(address=kept.address.min())
    return one, losses


def settle_scores(
    gaps: Gaps, con: ibis.BaseBackend, rows: ir.Table, where: str, knowledge: Knowledge
) -> tuple[ir.Table, list[Loss]]:
    """Scores from rows with `person_id`, `instrument`, `measured_date`, `written` (its cell), `value`, `is_from_text`,
    `is_marker`, `address`: totals outside the instrument's range are unknown. Those without a day go to `gaps`."""
    instruments = knowledge.instruments.values()
    low = ibis.cases(*((rows.instrument == i.id, i.at_least) for i in instruments), else_=0.0)
    high = ibis.cases(*((rows.instrument == i.id, i.at_most) for i in instruments), else_=0.0)
    is_total = rows.value.between(low, high)
    # A prorated total may have a fraction; one that is nearly nothing is a 0 that a reader of SAS files turned into 5.4e-79.
    is_trace = (rows.value > 0) & (rows.value < LEAST_FRACTION)
    is_total = is_total & ~is_trace
    rows = rows.mutate(total=is_total.ifelse(rows.value + 0.0, ibis.null("float64")))
    undated = Finding(rows.measured_date.isnull(), "scores without a usable date", "left out")
    kept, losses, _n = settle(
        MEASUREMENT.name,
        where,
        rows,
        [
            Finding(rows.person_id.isnull(), "scores of people who are not in person", "left out"),
            undated,
            Finding(
                rows.value.isnull(), "scores without a value: the instrument was given, no total is recorded", "kept"
            ),
            Finding(rows.value.notnull() & ~is_total, "scores outside the instrument's range", "read as unknown"),
            Finding(is_total & ~is_whole(rows.value), "scores that are no whole numbers (prorated?)", "kept"),
            Finding(rows.is_from_text & is_total, "scores written as text and read as numbers", "kept"),
        ],
    )
    losses += note_undated(gaps, con, rows, losses, [undated], MEASUREMENT.name, "instrument", where)
    return kept.select("person_id", "instrument", "measured_date", "total", "address"), losses
