"""What the record tables ask of every source, once its own tables and columns have been understood."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend
from ibis.util import gen_name

from ..knowledge.forms import Knowledge
from ..tables import MEASUREMENT, OBSERVATION_PERIOD
from .people import People
from .source import Loss
from .tally import Finding, settle


def empty(con: Backend, schema: ibis.Schema) -> ir.Table:
    """A table of this schema without rows, on the connection."""
    return con.create_table(gen_name("stepwell_empty"), schema=schema, temp=True)


def merge_rows(people: People, rows: ir.Table, where: str) -> tuple[ir.Table, list[Loss]]:
    """One row per person from rows with `person_id`, `birth_earliest_date`, `birth_latest_date`, `sex`, `death_date`,
    `address`. Rows that contradict each other widen the birth range and make the sex unknown."""
    earlier = rows.group_by("person_id").order_by("address").mutate(n=ibis.row_number())
    kept, losses, _ = settle(
        "person",
        where,
        earlier,
        [
            Finding(earlier.person_id.isnull(), "rows without a person id", "left out"),
            Finding(
                (earlier.n > 0) & earlier.person_id.notnull(), "further rows of a person already there", "corrected"
            ),
            Finding(earlier.birth_earliest_date.isnull(), "people whose birth year is missing or no year", "kept"),
        ],
    )
    merged = kept.group_by("person_id").agg(
        birth_earliest_date=kept.birth_earliest_date.min(),
        birth_latest_date=kept.birth_latest_date.max(),
        sex=(kept.sex.nunique() == 1).ifelse(kept.sex.min(), ibis.null("string")),
        death_date=kept.death_date.min(),
        address=kept.address.min(),
    )
    numbers = people.numbers.select("person_id", "source_person_id")
    return numbers.join(merged, "person_id"), losses


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


def settle_scores(rows: ir.Table, where: str, knowledge: Knowledge) -> tuple[ir.Table, list[Loss]]:
    """Scores from rows with `person_id`, `instrument`, `measured_date`, `value`, `is_from_text`, `is_marker`, `address`:
    totals outside the instrument's range are unknown."""
    instruments = knowledge.instruments.values()
    low = ibis.cases(*((rows.instrument == i.id, i.at_least) for i in instruments), else_=0.0)
    high = ibis.cases(*((rows.instrument == i.id, i.at_most) for i in instruments), else_=0.0)
    is_total = rows.value.between(low, high)
    rows = rows.mutate(total=is_total.ifelse(rows.value, ibis.null("float64")))
    kept, losses, _n = settle(
        MEASUREMENT.name,
        where,
        rows,
        [
            Finding(rows.person_id.isnull(), "scores of people who are not in person", "left out"),
            Finding(rows.measured_date.isnull(), "scores without a usable date", "left out"),
            Finding(
                rows.value.isnull(), "scores without a value: the instrument was given, no total is recorded", "kept"
            ),
            Finding(rows.value.notnull() & ~is_total, "scores outside the instrument's range", "read as unknown"),
            Finding(rows.is_from_text & is_total, "scores written as text and read as numbers", "kept"),
        ],
    )
    return kept.select("person_id", "instrument", "measured_date", "total", "address").distinct(), losses
