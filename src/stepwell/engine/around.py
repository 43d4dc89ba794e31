"""What lies around the sessions of a series: other measures, psychotherapy, answers about suicide (docs/engine.md, 14).

Nothing here decides anything: what lies around a dose is not thereby due to it.
"""

from __future__ import annotations

from collections.abc import Iterable

import ibis
import ibis.expr.types as ir

from stepwell.knowledge.around import TherapyAround
from stepwell.knowledge.instrument import Instrument
from stepwell.knowledge.treatment import Following

_SERIES = ["person_id", "treatment", "series_number"]
_MEASURE = ["instrument", "item"]
_NO_TEXT, _NO_DAY = ibis.null("string"), ibis.null("int64")


def find_trajectory(
    series: ir.Table,
    session: ir.Table,
    measurement: ir.Table,
    answer: ir.Table,
    instruments: Iterable[Instrument],
    following: Following,
) -> ir.Table:
    """One row is one value of one measure on one day around one series.

    Needs: `series`, `session`, and the records `measurement` and `answer`, with days as integers.
    Rule: from the window of the baseline to so many days after the last session, or to the next series. Of two values of a day
    the worse counts (the higher, where no way is better).
    Unknown when: there is no value before the first session (`change`); no smallest change that means something to a
    person was seen for the measure (`is_meaningful`).
    """
    instruments = tuple(instruments)
    values = _values(measurement, answer, instruments)
    spans = _spans(series, following)
    near = spans.join(values, "person_id", how="inner")
    near = near.filter(
        near.value_day >= near.start_day - following.baseline.before,
        near.value_day <= near.until_day,
    )
    latest = _latest_session(near, session, "value_day")
    by_measure = ibis.window(group_by=[*_SERIES, *_MEASURE])
    is_before = latest.value_day <= latest.start_day
    rows = latest.mutate(
        n_days=latest.value_day - latest.start_day,
        n_days_since=latest.value_day - latest.session_day,
        baseline_day=is_before.ifelse(latest.value_day, _NO_DAY).max().over(by_measure),
    )
    at_baseline = (rows.value_day == rows.baseline_day).ifelse(rows.value, ibis.null("float64"))
    rows = rows.mutate(baseline_value=at_baseline.max().over(by_measure))
    is_after = rows.value_day > rows.start_day
    rows = rows.mutate(change=is_after.ifelse(rows.value - rows.baseline_value, ibis.null("float64")))
    improved = ibis.cases((rows.better == "higher", rows.change > 0), (rows.better == "lower", rows.change < 0))
    return rows.mutate(is_better=improved, is_meaningful=_is_meaningful(rows, instruments))


def _values(measurement: ir.Table, answer: ir.Table, instruments: tuple[Instrument, ...]) -> ir.Table:
    """Totals, other totals, items and own questions: one value a day for each."""
    words = {i.id: {"higher is better": "higher", "higher is worse": "lower"}.get(i.direction) for i in instruments}
    known = [(name, way) for name, way in words.items() if way]
    better = measurement.instrument.cases(*known) if known else _NO_TEXT
    totals = measurement.select(
        "person_id", "instrument", item=_NO_TEXT, value_day="measured_day", value="total", better=better
    )
    others = answer.select("person_id", "instrument", "item", "value", "better", value_day="answered_day")
    rows = totals.union(others.select(*totals.columns))
    rows = rows.filter(rows.value.notnull())
    worst = (rows.better.max() == "higher").ifelse(rows.value.min(), rows.value.max())
    return rows.group_by("person_id", "instrument", "item", "value_day").agg(
        value=(rows.better.max().isnull()).ifelse(rows.value.max(), worst), better=rows.better.max()
    )


def _is_meaningful(rows: ir.Table, instruments: tuple[Instrument, ...]) -> ir.BooleanValue:
    """Whether a total changed by the smallest amount that was seen to mean something to a person; recalled ones never count."""
    limits = []
    for i in instruments:
        seen = [c for c in i.meaningful_change if c.about == "within a person" and c.seen not in (None, "recalled")]
        if seen:
            first = seen[0]
            needed = first.points if first.points is not None else first.percent / 100 * rows.baseline_value.abs()
            limits.append((i.id, rows.change.abs() >= needed, tuple(i.profile)))
    own_items = {item for _, _, profile in limits for item in profile}
    is_whole = rows.item.isnull() | rows.item.isin(sorted(own_items)) if own_items else rows.item.isnull()
    judged = ibis.cases(*((rows.instrument == name, enough) for name, enough, _ in limits)) if limits else None
    return ibis.null("boolean") if judged is None else is_whole.ifelse(judged, ibis.null("boolean"))


def _spans(series: ir.Table, following: Following) -> ir.Table:
    """Each series with the last day that still tells of it: so many days after its end, or the day before the next one."""
    later = ibis.window(group_by=["person_id", "treatment"], order_by="series_number")
    spans = series.filter(series.start_day.notnull()).mutate(next_day=series.start_day.lead().over(later))
    until = spans.end_day + following.after_end.at_most
    return spans.select(*_SERIES, "start_day", until_day=ibis.least(until, spans.next_day.fill_null(until + 1) - 1))


def _latest_session(rows: ir.Table, session: ir.Table, day: str) -> ir.Table:
    """The rows with number, day and minute of the last session of their series on that day or before it."""
    given = session.filter(session.session_number.notnull()).select(
        *_SERIES, "session_number", session_day="session_day", session_minute="minute"
    )
    keys = rows.select(*_SERIES, day).distinct()
    before = keys.join(given, _SERIES, how="inner")
    before = before.filter(before.session_day <= before[day])
    last = before.group_by(*_SERIES, day).agg(
        session_number=before.session_number.argmax(before.session_day),
        session_minute=before.session_minute.argmax(before.session_day),
        session_day=before.session_day.max(),
    )
    return rows.left_join(last, [*_SERIES, day]).drop(*(f"{key}_right" for key in (*_SERIES, day)))


def find_therapy(
    series: ir.Table, session: ir.Table, procedure: ir.Table, asked: TherapyAround, following: Following
) -> ir.Table:
    """One row is one day with psychotherapy from the window of the baseline to the end of what still tells of a series.

    Needs: `series`, `session` and the record `procedure`, with days as integers.
    Rule: days, and hours where both times are recorded. The stretch of the day itself holds only what came after the dose.
    Unknown when: a time is missing on the day of a session (`within` is NULL, `is_order_known` false): which came first
    is then nobody's guess.
    """
    rows = procedure.filter(procedure.procedure == "psychotherapy")
    days = rows.group_by("person_id", therapy_day=rows.procedure_day).agg(
        therapy_minute=rows.minute.max(), n_records=rows.count(), address=rows.address.min()
    )
    spans = _spans(series, following)
    near = spans.join(days, "person_id", how="inner")
    near = near.filter(
        near.therapy_day >= near.start_day - following.baseline.before, near.therapy_day <= near.until_day
    )
    near = _latest_session(near, session, "therapy_day")
    near = near.mutate(
        n_days_since=near.therapy_day - near.session_day,
        minutes=(near.therapy_day - near.session_day) * 24 * 60 + near.therapy_minute - near.session_minute,
    )
    is_order_known = (near.n_days_since != 0) | near.minutes.notnull() | near.session_day.isnull()
    is_after = (near.n_days_since > 0) | (near.minutes >= 0)
    within = ibis.cases(*((near.n_days_since.between(s.first, s.last), s.label) for s in asked.stretches))
    return near.mutate(
        hours_since=near.minutes / 60,
        is_order_known=is_order_known.fill_null(True),
        within=is_after.fill_null(False).ifelse(within, _NO_TEXT),
    )


def find_concern(
    measurement: ir.Table, answer: ir.Table, series: ir.Table, instruments: Iterable[Instrument]
) -> ir.Table:
    """One row is one administration of an instrument that asks about death, suicide or self-harm, and one such item of it.

    Needs: the records `measurement` and `answer`, and `series`, with days as integers.
    Rule: the greatest answer of a day. The baseline is the last answer before the first session of a series, or on its day;
    while there is no series, the first answer there is.
    Unknown when: the item is unanswered, or no answer to it is recorded beside the total; that is never read as "no".
    """
    asking = [(i, item) for i in instruments if i.safety is not None for item in i.safety.items]
    known = ibis.memtable(
        [{"instrument": i.id, "item": item, "lowest": float(i.safety.at_least)} for i, item in asking],
        schema={"instrument": "string", "item": "string", "lowest": "float64"},
    )
    given = answer.join(known, _MEASURE, how="inner")
    given = given.group_by("person_id", "instrument", "item", "lowest", "answered_day").agg(value=given.value.max())
    asked = measurement.select("person_id", "instrument", answered_day="measured_day").distinct()
    asked = asked.semi_join(known, "instrument")
    silent = asked.anti_join(given, ["person_id", "instrument", "answered_day"])
    silent = silent.mutate(item=_NO_TEXT, lowest=ibis.null("float64"), value=ibis.null("float64"))
    state = ibis.cases((given.value >= given.lowest, "above zero"), (given.value.notnull(), "zero"), else_="unanswered")
    rows = given.mutate(state=state).union(
        silent.mutate(state=ibis.literal("not recorded")).select(*given.columns, "state")
    )
    return _with_baseline(rows, series).drop("lowest")


def _with_baseline(rows: ir.Table, series: ir.Table) -> ir.Table:
    """The rows with this person's baseline for each item and day: from the last series begun by then, else the first answer."""
    answered = rows.filter(rows.value.notnull()).select(
        "person_id", *_MEASURE, earlier_day="answered_day", earlier_value="value"
    )
    keys = rows.filter(rows.item.notnull()).select("person_id", *_MEASURE, "answered_day")
    begun = (
        keys.select("person_id", "answered_day")
        .distinct()
        .join(series.select("person_id", "start_day"), "person_id", how="inner")
    )
    begun = begun.filter(begun.start_day < begun.answered_day)
    begun = begun.group_by("person_id", "answered_day").agg(begun_day=begun.start_day.max())
    keys = keys.left_join(begun, ["person_id", "answered_day"]).drop("person_id_right", "answered_day_right")
    pairs = keys.join(answered, ["person_id", *_MEASURE], how="inner")
    pairs = pairs.filter(pairs.earlier_day < pairs.answered_day)
    in_time = pairs.begun_day.isnull() | (pairs.earlier_day <= pairs.begun_day)
    usable = pairs.filter(in_time)
    # Without a series the first answer is the baseline, with one the last before it.
    rank = usable.begun_day.isnull().ifelse(-usable.earlier_day, usable.earlier_day)
    best = usable.group_by("person_id", *_MEASURE, "answered_day").agg(
        baseline_value=usable.earlier_value.argmax(rank), baseline_day=usable.earlier_day.argmax(rank)
    )
    on = ["person_id", *_MEASURE, "answered_day"]
    joined = rows.left_join(best, on).drop(*(f"{key}_right" for key in on))
    return joined.mutate(has_risen=joined.value > joined.baseline_value)
