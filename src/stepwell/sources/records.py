"""What the record tables ask of every source, once its own tables and columns have been understood."""

from __future__ import annotations

import polars as pl

from ..knowledge.forms import Knowledge
from ..tables import MEASUREMENT, OBSERVATION_PERIOD, PERSON
from ..tables.ranges import BIRTH, LEAST_FRACTION
from .cells import chosen, is_whole, unsigned_zero
from .findings import Finding, settle
from .source import Loss
from .undated import undated_rows


def merge_rows(rows: pl.DataFrame, people: pl.DataFrame) -> tuple[pl.DataFrame, list[Loss]]:
    """One row per person from rows with `person_id`, `birth_earliest_date`, `birth_latest_date`, `sex`, `death_date`,
    `is_partly_unreadable` (a month or day of birth that is none), `address`. Rows that contradict each other widen the birth
    range and make the sex unknown. `people` has the `person_id` and `source_person_id` of everybody."""
    sex, n_rows = pl.col("sex"), rows.height
    known = rows.filter(pl.col("person_id").is_not_null())
    each = known.group_by("person_id").agg(
        pl.col("birth_earliest_date").min(),
        pl.col("birth_latest_date").max(),
        sex=pl.when(sex.min() == sex.max()).then(sex.min()),
        death_date=pl.col("death_date").min(),
        is_partly=pl.col("is_partly_unreadable").fill_null(False).any(),
        address=pl.col("address").min(),
    )
    unborn, partly = (each.filter(of).height for of in (pl.col("birth_earliest_date").is_null(), pl.col("is_partly")))
    what = "people whose month or day of birth is none: the birth is known less exactly"
    losses = [
        Loss(PERSON.name, "rows without a person id", "left out", n_rows - known.height, None, known.height),
        Loss(PERSON.name, "further rows of a person already there", "corrected", known.height - each.height),
        Loss(PERSON.name, f"people whose birth is missing or outside {BIRTH}", "kept", unborn, unborn),
        Loss(PERSON.name, what, "read as unknown", partly, partly),
    ]
    named = people.select("person_id", "source_person_id")
    return named.join(each.drop("is_partly"), "person_id"), losses


def settle_periods(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[Loss]]:
    """Observation periods from rows with `person_id`, `start_date`, `end_date`, `end_is_marker`, `address`."""
    kept, losses = settle(
        OBSERVATION_PERIOD.name,
        rows,
        [
            Finding(pl.col("person_id").is_null(), "periods of people who are not in person", "left out"),
            Finding(pl.col("start_date").is_null(), "periods without a usable first day", "left out"),
            Finding(
                pl.col("end_is_marker"),
                'periods that end on a day such as 9999-12-31 ("still observed"): nobody can say how far they reach',
                "left out",
            ),
            Finding(pl.col("end_date").is_null(), "periods without a usable last day", "left out"),
            Finding(pl.col("end_date") < pl.col("start_date"), "periods that end before they start", "left out"),
        ],
    )
    return kept.group_by("person_id", "start_date", "end_date").agg(pl.col("address").min()), losses


def settle_scores(rows: pl.DataFrame, knowledge: Knowledge) -> tuple[pl.DataFrame, pl.DataFrame, list[Loss]]:
    """Scores from rows with `person_id`, `instrument`, `measured_date`, `first` and `last` (the ends of what its cell can mean),
    `value`, `is_from_text`, `address`, with the rows of `code_gap`: totals outside the instrument's range are unknown, and scores
    without a day leave a gap."""
    instruments, value = knowledge.instruments.values(), pl.col("value")
    low, high = (
        chosen(*((pl.col("instrument") == i.id, float(end(i))) for i in instruments), otherwise=0.0)
        for end in (lambda i: i.at_least, lambda i: i.at_most)
    )
    # A prorated total may have a fraction; one that is nearly nothing is a 0 that a reader of SAS files turned into 5.4e-79.
    is_trace = (value > 0) & (value < LEAST_FRACTION)
    rows = rows.with_columns(is_total=value.is_between(low, high) & ~is_trace)
    is_total = pl.col("is_total")
    rows = rows.with_columns(total=pl.when(is_total).then(unsigned_zero(value)))
    undated = Finding(pl.col("measured_date").is_null(), "scores without a usable date", "left out")
    kept, losses = settle(
        MEASUREMENT.name,
        rows,
        [
            Finding(pl.col("person_id").is_null(), "scores of people who are not in person", "left out"),
            undated,
            Finding(value.is_null(), "scores without a value: the instrument was given, no total is recorded", "kept"),
            Finding(value.is_not_null() & ~is_total, "scores outside the instrument's range", "read as unknown"),
            Finding(is_total & ~is_whole(value), "scores that are no whole numbers (prorated?)", "kept"),
            Finding(pl.col("is_from_text") & is_total, "scores written as text and read as numbers", "kept"),
        ],
    )
    gap, counted = undated_rows(rows, [undated], MEASUREMENT.name, "instrument")
    return kept.select("person_id", "instrument", "measured_date", "total", "address"), gap, [*losses, counted]
