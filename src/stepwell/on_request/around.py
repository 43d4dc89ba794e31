"""What lies around the sessions of a series: other measures, psychotherapy, answers about suicide (docs/engine.md, 14).

Nothing here decides anything: what lies around a dose is not thereby due to it.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from stepwell.knowledge.around import TherapyAround
from stepwell.knowledge.instrument import Instrument
from stepwell.knowledge.treatment import Following

_SERIES = ["person_id", "treatment", "series_number"]
_MEASURE = ["instrument", "item"]
_BETTER = {"higher is better": "higher", "higher is worse": "lower"}


def find_trajectory(
    series: pl.DataFrame,
    session: pl.DataFrame,
    measurement: pl.DataFrame,
    answer: pl.DataFrame,
    instruments: Iterable[Instrument],
    following: Following,
) -> pl.DataFrame:
    """One row is one value of one measure on one day around one series.

    Needs: `series`, `session`, and the records `measurement` and `answer`, with days as integers.
    Rule: from the window of the baseline to so many days after the last session, or to the next series. Of two values of a day
    the worse counts (the higher, where no way is better).
    Unknown when: there is no value before the first session (`change`); no smallest change that means something to a
    person was seen for the measure (`is_meaningful`).
    """
    instruments = tuple(instruments)
    near = _near(series, _values(measurement, answer, instruments), "value_day", following)
    by_measure = [*_SERIES, *_MEASURE]
    day, value = pl.col("value_day"), pl.col("value")
    rows = _with_latest_session(near, session, "value_day").with_columns(
        n_days=day - pl.col("start_day"),
        n_days_since=day - pl.col("session_day"),
        baseline_day=day.filter(day <= pl.col("start_day")).max().over(by_measure),
    )
    baseline_value = value.filter(day == pl.col("baseline_day")).max().over(by_measure)
    rows = rows.with_columns(baseline_value=baseline_value)
    rows = rows.with_columns(change=pl.when(day > pl.col("start_day")).then(value - pl.col("baseline_value")))
    better, change = pl.col("better"), pl.col("change")
    is_better = pl.when(better == "higher").then(change > 0).when(better == "lower").then(change < 0)
    return rows.with_columns(is_better=is_better, is_meaningful=_is_meaningful(instruments))


def _values(measurement: pl.DataFrame, answer: pl.DataFrame, instruments: tuple[Instrument, ...]) -> pl.DataFrame:
    """Totals, other totals, items and own questions: one value a day for each."""
    known = {i.id: _BETTER.get(i.direction) for i in instruments}
    better = pl.col("instrument").replace_strict(known, default=None, return_dtype=pl.String)
    no_item = pl.lit(None, pl.String)
    totals = measurement.select(
        "person_id", "instrument", item=no_item, value_day="measured_day", value="total", better=better
    )
    others = answer.select("person_id", "instrument", "item", "value", "better", value_day="answered_day")
    rows = pl.concat([totals, others.select(totals.columns)]).filter(pl.col("value").is_not_null())
    better, value = pl.col("better").max(), pl.col("value")
    worst = pl.when(better == "higher").then(value.min()).otherwise(value.max())
    return rows.group_by("person_id", *_MEASURE, "value_day").agg(value=worst, better=better)


def _is_meaningful(instruments: tuple[Instrument, ...]) -> pl.Expr:
    """Whether a total changed by the smallest amount that was seen to mean something to a person; recalled ones never count."""
    limits, own_items = {}, set()
    for i in instruments:
        seen = [c for c in i.meaningful_change if c.about == "within a person" and c.seen not in (None, "recalled")]
        if seen:
            limits[i.id] = seen[0]
            own_items |= set(i.profile)
    needed = (
        pl.when(pl.col("instrument") == name).then(
            pl.lit(float(limit.points))
            if limit.points is not None
            else limit.percent / 100 * pl.col("baseline_value").abs()
        )
        for name, limit in limits.items()
    )
    is_whole = pl.col("item").is_null() | pl.col("item").is_in(sorted(own_items))
    return pl.when(is_whole).then(pl.col("change").abs() >= pl.coalesce(pl.lit(None, pl.Float64), *needed))


def _near(series: pl.DataFrame, rows: pl.DataFrame, day: str, following: Following) -> pl.DataFrame:
    """The rows from the window of a series' baseline to the last day that still tells of it: so many days after its end, or the
    day before the next one."""
    spans = series.filter(pl.col("start_day").is_not_null())
    next_day = pl.col("start_day").shift(-1).over("person_id", "treatment", order_by="series_number")
    until_day = pl.min_horizontal(pl.col("end_day") + following.after_end.at_most, next_day - 1)
    spans = spans.select(*_SERIES, "start_day", until_day=until_day)
    from_day = pl.col("start_day") - following.baseline.before
    return spans.join(rows, on="person_id").filter(pl.col(day).is_between(from_day, "until_day"))


def _with_latest_session(rows: pl.DataFrame, session: pl.DataFrame, day: str) -> pl.DataFrame:
    """The rows with number, day and minute of the last session of their series on that day or before it."""
    given = session.filter(pl.col("session_number").is_not_null()).select(
        *_SERIES, "session_number", "session_day", session_minute="minute"
    )
    before = rows.select(*_SERIES, day).unique().join(given, on=_SERIES).filter(pl.col("session_day") <= pl.col(day))
    last = before.sort("session_day", "session_number").group_by(*_SERIES, day, maintain_order=True).last()
    return rows.join(last, on=[*_SERIES, day], how="left")


def find_therapy(
    series: pl.DataFrame, session: pl.DataFrame, procedure: pl.DataFrame, asked: TherapyAround, following: Following
) -> pl.DataFrame:
    """One row is one day with psychotherapy from the window of the baseline to the end of what still tells of a series.

    Needs: `series`, `session` and the record `procedure`, with days as integers.
    Rule: days, and hours where both times are recorded. The stretch of the day itself holds only what came after the dose.
    Unknown when: a time is missing on the day of a session (`within` is NULL, `is_order_known` false): which came first
    is then nobody's guess.
    """
    rows = procedure.filter(pl.col("procedure") == "psychotherapy")
    days = rows.group_by("person_id", therapy_day="procedure_day").agg(
        therapy_minute=pl.col("minute").max(), n_records=pl.len(), address=pl.col("address").min()
    )
    near = _with_latest_session(_near(series, days, "therapy_day", following), session, "therapy_day")
    n_days, minutes = pl.col("n_days_since"), pl.col("minutes")
    near = near.with_columns(n_days_since=pl.col("therapy_day") - pl.col("session_day"))
    near = near.with_columns(minutes=n_days * 24 * 60 + pl.col("therapy_minute") - pl.col("session_minute"))
    is_order_known = (n_days != 0) | minutes.is_not_null() | pl.col("session_day").is_null()
    is_after = (n_days > 0) | (minutes >= 0)
    within = (pl.when(n_days.is_between(s.first, s.last)).then(pl.lit(s.label)) for s in asked.stretches)
    return near.with_columns(
        hours_since=minutes / 60,
        is_order_known=is_order_known.fill_null(True),
        within=pl.when(is_after).then(pl.coalesce(*within)),
    )


def find_concern(
    measurement: pl.DataFrame, answer: pl.DataFrame, series: pl.DataFrame, instruments: Iterable[Instrument]
) -> pl.DataFrame:
    """One row is one administration of an instrument that asks about death, suicide or self-harm, and one such item of it.

    Needs: the records `measurement` and `answer`, and `series`, with days as integers.
    Rule: the greatest answer of a day. The baseline is the last answer before the first session of a series, or on its day;
    while there is no series, the first answer there is.
    Unknown when: the item is unanswered, or no answer to it is recorded beside the total; that is never read as "no".
    """
    asking = [(i.id, item, float(i.safety.at_least)) for i in instruments if i.safety for item in i.safety.items]
    lowest = pl.DataFrame(asking, {"instrument": pl.String, "item": pl.String, "lowest": pl.Float64}, orient="row")
    value = pl.col("value")
    state = pl.when(value >= pl.col("lowest")).then(pl.lit("above zero"))
    state = state.when(value.is_not_null()).then(pl.lit("zero")).otherwise(pl.lit("unanswered"))
    given = answer.join(lowest, on=_MEASURE)
    given = given.group_by("person_id", *_MEASURE, "lowest", "answered_day").agg(value.max()).with_columns(state=state)
    asked = measurement.select("person_id", "instrument", answered_day="measured_day").unique()
    asked = asked.join(lowest, on="instrument", how="semi")
    silent = asked.join(given, on=["person_id", "instrument", "answered_day"], how="anti")
    rows = pl.concat([given, silent.with_columns(state=pl.lit("not recorded"))], how="diagonal")
    return _with_baseline(rows, series)


def _with_baseline(rows: pl.DataFrame, series: pl.DataFrame) -> pl.DataFrame:
    """The rows with this person's baseline for each item and day: from the last series begun by then, else the first answer."""
    on = ["person_id", *_MEASURE, "answered_day"]
    answered = rows.filter(pl.col("value").is_not_null()).select(
        "person_id", *_MEASURE, baseline_day="answered_day", baseline_value="value"
    )
    keys = rows.filter(pl.col("item").is_not_null()).select(on)
    begun = keys.select("person_id", "answered_day").unique()
    begun = begun.join(series.select("person_id", begun_day="start_day"), on="person_id")
    begun = begun.filter(pl.col("begun_day") < pl.col("answered_day"))
    begun = begun.group_by("person_id", "answered_day").agg(pl.col("begun_day").max())
    keys = keys.join(begun, on=["person_id", "answered_day"], how="left")
    pairs = keys.join(answered, on=["person_id", *_MEASURE])
    day, begun_day = pl.col("baseline_day"), pl.col("begun_day")
    pairs = pairs.filter(day < pl.col("answered_day"), (day <= begun_day).fill_null(True))
    # Without a series the first answer is the baseline, with one the last before it.
    rank = pl.when(begun_day.is_null()).then(-day).otherwise(day)
    best = pairs.sort(rank).group_by(on, maintain_order=True).agg(pl.col("baseline_value", "baseline_day").last())
    rows = rows.join(best, on=on, how="left")
    return rows.with_columns(has_risen=pl.col("value") > pl.col("baseline_value"))
