"""Session sheets as rows of stepwell's record tables, merged with those of the history: the one place that reads both.

A dose of a sheet is a dose charted as given. What the history says of the same sessions is not counted again: a row of an
imported file about a day that has a sheet, and a line such as "6 sessions in March" where that many sheets of the time that it
names are there. Where the line says more sessions than there are sheets, the others stay open: they may have been given
elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Any

import stepwell
from stepwell.clinic.history import forms, partial_dates
from stepwell.clinic.history.records import OUT_OF_USE, PERSON_ID, records_of
from stepwell.tables import RECORDS

from . import clock

Rows = dict[str, list[dict]]
Source = Callable[[Sequence], Iterable[tuple[str, dict]]]
_sources: list[Source] = []
_TABLES = {table.name: table for table in RECORDS}
_READINGS = (
    ("systolic", "systolic"),
    ("diastolic", "diastolic"),
    ("spo2", "oxygen saturation"),
    ("sedation", "moaa-s"),
)
"""The fields of a reading that `monitoring` knows. Dissociation in words is no score of a scale and has no place there."""
_VITALS = (
    ("systolic", "blood-pressure-systolic", "mmhg"),
    ("diastolic", "blood-pressure-diastolic", "mmhg"),
    ("spo2", "oxygen-saturation", "percent"),
)
_STOPPED = {"side effects": "intolerance", "no response": "no effect"}
_CARE_ONLY, _UNIDENTIFIED = "given in care only", "unidentified drugs"


def person_records(person: Any, lines: Iterable, sheets: Iterable) -> tuple[Rows, set[str]]:
    """The record tables of a person's lines and sheets (`sheets.given`), and the names of those that there are, for
    `stepwell.determine_records` and `stepwell.explain_records`."""
    given = [sheet for sheet in sheets if sheet.is_given]
    lines = [line for line in lines if line.state not in OUT_OF_USE]
    records, has = records_of(without_repeats(lines, given), person)
    made = sheet_rows(given)
    _drop_repeats(records, made)
    _say_care_only(records, made, lines)
    for table, rows in made.items():
        whole = [{c: row.get(c) for c in _TABLES[table].by_name} | {"person_id": PERSON_ID} for row in rows]
        records[table] = sorted([*records.get(table, ()), *whole], key=lambda row: tuple(map(str, row.values())))
    return dict(sorted(records.items())), has | set(records)


def sheet_rows(sheets: Iterable) -> Rows:
    """Rows of `dose`, `medication`, `monitoring` and `vital` of the sheets on which a dose was given."""
    made: Rows = {}
    sheets = list(sheets)
    ended = _ended(sheets)
    for sheet in sheets:
        for table, row in (*_dose(sheet, ended.get(sheet.session.pk)), *_readings(sheet)):
            made.setdefault(table, []).append(row)
    for source in _sources:
        for table, row in source(sheets):
            made.setdefault(table, []).append(row)
    return made


def add_source(source: Source) -> None:
    """Has `source` give further rows of the sheets: rooms that stand after this one call it when they start."""
    if source not in _sources:
        _sources.append(source)


def hidden_doses(sheets: Iterable) -> list[dict]:
    """The rows of `incomplete_medication` of a person of whom these sheets are left out, since nobody has signed them."""
    n = sum(ingredient_of(sheet.order.treatment) is not None for sheet in sheets)
    row = {"person_id": PERSON_ID, "reason": _UNIDENTIFIED, "ingredient": None, "n_rows": n, "n_of": n}
    return [row] if n else []


def ingredient_of(treatment: str) -> str | None:
    """The ingredient of a treatment; None of a drug that stepwell does not know."""
    known = stepwell.load_knowledge()
    if treatment in known.treatments:
        return next(iter(known.treatments[treatment].ingredients), None)
    return treatment if treatment in known.ingredients else None


def day_of(sheet) -> date:
    """The day of its first dose, in the clinic's zone; the planned day where none was given."""
    return _local(sheet).date() if sheet.doses else sheet.day


def _local(sheet) -> datetime:
    return sheet.doses[0].at.astimezone(sheet.zone)


def _dose(sheet, ended_for: str | None) -> Iterable[tuple[str, dict]]:
    """One row of all devices of a visit, so that two devices of one minute are not taken for one that was sent twice."""
    ingredient = ingredient_of(sheet.order.treatment)
    if ingredient is None or not sheet.doses:
        return
    began, routes = _local(sheet), {dose.route for dose in sheet.doses}
    address = sheet.doses[0].address
    yield (
        "medication",
        {
            "ingredient": ingredient,
            "start_date": began.date(),
            "dose_basis": "unknown: no strength",
            "stop_reason": None if ended_for is None else _STOPPED.get(ended_for, "other"),
            "is_supplied": True,
            "address": address,
        },
    )
    if not any(ingredient in t.ingredients for t in stepwell.load_knowledge().treatments.values()):
        return
    yield (
        "dose",
        {
            "given_date": began.date(),
            "ingredient": ingredient,
            "kind": "administration",
            "mg": sum(dose.mg for dose in sheet.doses),
            "route": routes.pop() if len(routes) == 1 else None,
            "minute": began.hour * 60 + began.minute,
            "address": address,
        },
    )


def _ended(sheets: Sequence) -> dict[Any, str]:
    """Why the order ended, at the last session given by it."""
    from .models import Order

    last = {sheet.order.order: sheet for sheet in sheets if sheet.doses}
    latest: dict[Any, Order] = {}
    for order in Order.objects.filter(order__in=last).order_by("version"):
        latest[order.order] = order
    return {
        last[key].session.pk: order.ended_for
        for key, order in latest.items()
        if order.state == "ended" and order.ended_for
    }


def _readings(sheet) -> Iterable[tuple[str, dict]]:
    day = day_of(sheet)
    for reading in sheet.readings:
        minutes = minutes_of(sheet, reading)
        # While the person is still there, the last reading is not that of the end.
        for field, kind in _READINGS if sheet.departure is not None else ():
            if (value := getattr(reading, field)) is not None:
                row = {"session_date": day, "kind": kind, "minutes": minutes, "value": float(value)}
                yield "monitoring", row | {"address": reading.address}
        # After a dose the pressure is that of the dose: only what was read before it tells of the person.
        for field, vital, unit in _VITALS if minutes is not None and minutes <= 0 else ():
            if (value := getattr(reading, field)) is not None:
                row = {"vital": vital, "measured_date": day, unit: float(value), "address": reading.address}
                yield "vital", row
    if sheet.departed_at is not None and sheet.minutes is not None:
        row = {"session_date": day, "kind": "observed", "minutes": None, "value": float(int(sheet.minutes))}
        yield "monitoring", row | {"address": sheet.doses[0].address}


def minutes_of(sheet, reading) -> int | None:
    """Minutes from the first dose to the reading, 0 or less before it; None where the clocks do not say."""
    first = sheet.doses[0]
    is_before = reading.moment == "before" or _number(reading) < _number(first)
    earlier, later = (reading.stamp, first.stamp) if is_before else (first.stamp, reading.stamp)
    elapsed = clock.between(earlier, later).minutes
    if is_before:
        # A reading that was entered late is one of before the dose all the same.
        return 0 if elapsed is None or elapsed < 0 else -round(elapsed)
    return None if elapsed is None else max(round(elapsed), 1)


def _number(part) -> int:
    return getattr(part.entry, "first", part.entry).number


class _Fewer:
    """A line with the sessions taken off that have a sheet."""

    def __init__(self, line, content: dict):
        self._line, self.content = line, content

    def __getattr__(self, name: str):
        return getattr(self._line, name)


def without_repeats(lines: Iterable, sheets: Sequence) -> list:
    """The lines without what the sheets say already: a line about sessions is left out, or says fewer of them."""
    days: dict[str, list[date]] = {}
    for sheet in sheets:
        days.setdefault(sheet.order.treatment, []).append(day_of(sheet))
    zone = sheets[0].zone if sheets else None
    kept = []
    for line in lines:
        content = _rest(line, days, zone)
        if content is line.content:
            kept.append(line)
        elif content is not None:
            kept.append(_Fewer(line, content))
    return kept


def _rest(line, days: Mapping[str, list[date]], zone: tzinfo | None) -> dict | None:
    """What the line says beyond the sheets; None: nothing."""
    if line.kind != "treatment" or not days:
        return line.content
    said = forms.read(line.kind, line.content)
    own = days.get(said.treatment, [])
    span = _span(said, line.at.astimezone(zone).date())
    if said.had != "yes" or said.records or span is None:
        return line.content
    n_same = sum(span[0] <= day <= span[1] for day in own)
    begins_here = said.start is None or any(_may_be(said.start, day) for day in own)
    if not n_same or (said.n_sessions is None and not begins_here):
        return line.content
    # Where no sheet lies in the time at which it began, at least the first session was given elsewhere.
    n_rest = max((said.n_sessions or 1) - n_same, 0 if begins_here else 1)
    if not n_rest:
        return None
    rest = {"n_sessions": n_rest}
    if begins_here and said.start and partial_dates.is_day(said.start):
        # That day has its sheet: the sessions without one are of no certain day.
        rest["start"] = said.start[:7]
    return line.content | rest


def _may_be(partial: str, day: date) -> bool:
    return partial_dates.first_day(partial) <= day <= partial_dates.last_day(partial)


def _span(said, told: date) -> tuple[date, date] | None:
    """The days of which the line can speak: from the earliest first day to the latest last day, and never after it was told."""
    if said.start is None and said.stop is None:
        return None
    first = partial_dates.first_day(said.start or said.stop)
    is_one = said.n_sessions == 1 and said.stop is None
    last = partial_dates.last_day(said.start if is_one else said.stop) if is_one or said.stop else told
    return first, min(last, told)


def _drop_repeats(records: Rows, made: Rows) -> None:
    """Takes out rows of files about a dose of a day that has a sheet: their doses would be added to those of the sheet."""
    days = {(row["given_date"], row["ingredient"]) for row in made.get("dose", ())}
    again = {
        (row["given_date"], row["ingredient"], row["address"])
        for row in records.get("dose", ())
        if (row["given_date"], row["ingredient"]) in days and row["kind"] != "supply"
    }
    tables = {"dose": "given_date", "medication": "start_date"}
    for table, column in tables.items():
        if table in records:
            rows = records[table]
            records[table] = [r for r in rows if (r[column], r["ingredient"], r["address"]) not in again]
            if not records[table]:
                del records[table]


def _say_care_only(records: Rows, made: Rows, lines: Sequence) -> None:
    """Says so where every drug known of the person was given in the clinic: what they take at home is then unknown."""
    told = any(line.kind == "observation" and line.state == "confirmed" for line in lines)
    n = len(made.get("medication", ()))
    if n and not told and not any(records.get(t) for t in ("medication", "concomitant", "incomplete_medication")):
        row = {"person_id": PERSON_ID, "reason": _CARE_ONLY, "ingredient": None, "n_rows": n, "n_of": n}
        records["incomplete_medication"] = [row]
