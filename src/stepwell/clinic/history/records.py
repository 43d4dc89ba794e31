"""The lines of a person's history as stepwell's record tables: the only place that knows both.

Silence is never "no". A "no" or a "don't know" makes no record of the thing. A drug or a condition that nobody could identify,
and a day that is only a month or a year, make a row of `code_gap` or `incomplete_medication`: an absence then says nothing. A
person was observed only where a clinician confirmed that the history is complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

import stepwell
from stepwell.tables import INCOMPLETE_MEDICATION, RECORDS

from . import forms, partial_dates
from .drug_rows import DRUG_WITHOUT_DAY, drug_rows, row_if_left_out

PERSON_ID = 1
OUT_OF_USE = ("rejected", "struck")
UNREAD, WITHOUT_DAY = "could not be read", "without a day"
PROCEDURES = {
    "psychotherapy": "psychotherapy",
    "ect": "ect",
    "tms": "tms",
    "esketamine": "esketamine-session",
}
"""The code set of procedures of each treatment. Ketamine has none: no code says that it was given for depression."""
_TABLES = {table.name: table for table in RECORDS}
_BETTER = {"higher is better": "higher", "higher is worse": "lower"}
Rows = Iterator[tuple[str, dict]]


class LineLike(Protocol):
    """What is read of a line."""

    line: Any
    version: int
    kind: str
    content: dict
    state: str
    person: Any


def address_of(line: LineLike) -> str:
    """Where a row of a record table comes from: `line/<uuid>@<version>`."""
    return f"line/{line.line}@{line.version}"


def records_of(lines: Iterable[LineLike], person: Any = None) -> tuple[dict[str, list[dict]], set[str]]:
    """The record tables that hold these lines, and the names of the tables that the history has at all, for
    `stepwell.determine_records`.

    `person` has `id`, `birth_date` and `sex`; without one, it is that of the first line. Rejected and struck lines are left
    out. Which others are read is for the caller to say: all, or the confirmed ones alone.
    """
    lines = [line for line in lines if line.state not in OUT_OF_USE]
    person = person if person is not None else next(line.person for line in lines)
    found: dict[str, dict[tuple, dict]] = {"person": {(): _person(person)}}
    has = {"person"}
    counted = {"n_of": 0}
    for line in lines:
        content = forms.read(line.kind, line.content)
        has |= _has(line, content)
        counted["n_of"] += isinstance(content, forms.Taken)
        for table, row in _rows(line, content):
            row = {"person_id": PERSON_ID, "address": address_of(line), **row}
            row = {c: row.get(c) for c in _TABLES[table].by_name}
            _add(found.setdefault(table, {}), _TABLES[table].key, row)
    for row in found.get("incomplete_medication", {}).values():
        row["n_of"] = row["n_of"] or counted["n_of"]
    for table, row in _not_complete(lines, has | set(found)):
        _add(found.setdefault(table, {}), _TABLES[table].key, {"person_id": PERSON_ID, **row})
    records = {name: sorted(rows.values(), key=_order) for name, rows in sorted(found.items())}
    return records, has | set(records)


def hidden_drugs(lines: Sequence[LineLike]) -> list[dict]:
    """The rows of `incomplete_medication` of a person of whom these lines are left out, since nobody has confirmed them."""
    contents = [forms.read(line.kind, line.content) for line in lines if line.kind in ("medication", "medicine")]
    found: dict[tuple, dict] = {}
    for content in contents:
        if row := row_if_left_out(content):
            _add(found, INCOMPLETE_MEDICATION.key, {"person_id": PERSON_ID, **row, "n_of": len(contents)})
    return list(found.values())


def _add(rows: dict[tuple, dict], key: tuple[str, ...], row: dict) -> None:
    """Adds the row. Rows of one key are one; gaps add up how many rows they stand for."""
    values = tuple(row[column] for column in key)
    if values in rows and "n_rows" in row:
        rows[values]["n_rows"] += row["n_rows"]
    rows.setdefault(values, row)


def _order(row: Mapping) -> tuple:
    return tuple(str(value) for value in row.values())


def _person(person: Any) -> dict:
    return {
        "person_id": PERSON_ID,
        "source_person_id": str(person.id),
        "birth_earliest_date": person.birth_date,
        "birth_latest_date": person.birth_date,
        "sex": person.sex or None,
        "death_date": None,
        "address": f"person/{person.id}",
    }


def _has(line: LineLike, content: forms.Content) -> set[str]:
    """The tables that the history has because of this line, whether or not it fills them."""
    if isinstance(content, forms.Observation):
        return {"medication", "concomitant", *content.complete} if _is_observed(line) else set()
    return {"medication", "concomitant"} if isinstance(content, forms.Medication) else set()


def _is_observed(line: LineLike) -> bool:
    """Whether the line says that the history is complete for a span: only a clinician can."""
    return line.kind == "observation" and line.state == "confirmed"


def _rows(line: LineLike, content: forms.Content) -> Rows:
    if isinstance(content, forms.Observation):
        if _is_observed(line):
            start, stop = (partial_dates.first_day(d) for d in (content.start, content.stop))
            yield "observation_period", {"start_date": start, "end_date": stop}
    elif content.records:
        yield from _imported(content)
    elif isinstance(content, forms.Taken):
        yield from drug_rows(content)
    else:
        yield from _READERS.get(type(content), lambda _content: ())(content)


def _imported(content: forms.Content) -> Rows:
    """The rows as the import read them; person and address are those of the line."""
    for record in content.records:
        types = {name: column.type for name, column in _TABLES[record.table].by_name.items()}
        row = {k: v for k, v in record.row.items() if k not in ("person_id", "address")}
        dates = {k: date.fromisoformat(v) for k, v in row.items() if types[k] == "date" and v is not None}
        yield record.table, row | dates


def _gap(record: str, codeset: str | None, reason: str, start: str | None, stop: str | None, n_rows: int) -> Rows:
    first = None if start is None else partial_dates.first_day(start)
    last = None if stop is None else partial_dates.last_day(stop)
    if first is None or last is None:
        first = last = None
    row = {"record": record, "codeset": codeset, "reason": reason, "first_date": first, "last_date": last}
    yield "code_gap", row | {"n_rows": n_rows}


def _condition(content: forms.Condition) -> Rows:
    code = content.condition
    if content.had == "don't know":
        yield from _gap("condition", code or None, UNREAD, None, None, 0)
    elif content.had == "yes" and not code:
        yield from _gap("condition", None, UNREAD, content.day, content.day, 1)
    elif content.had == "yes" and partial_dates.is_day(content.day):
        day = partial_dates.first_day(content.day)
        yield "condition", {"condition_date": day, "codeset": code, "vocabulary": "stepwell", "code": code}
    elif content.had == "yes":
        yield from _gap("condition", code, WITHOUT_DAY, content.day, content.day, 1)


def _treatment(content: forms.Treatment) -> Rows:
    """One row for a session whose day is known; the other sessions, and those of unknown days, are gaps."""
    kind = content.treatment
    procedure = PROCEDURES.get(kind)
    is_given = content.had == "yes"
    if content.had == "no" or kind == "other":
        return
    if kind == "ketamine":
        yield from _ketamine(content)
        return
    if not is_given:
        yield from _gap("procedure", procedure, UNREAD, None, None, 0)
        return
    end = content.stop or content.start
    if procedure is None:
        yield from _gap("procedure", None, UNREAD, content.start, end, 1)
        return
    # How many there were is seldom known: there may then have been further ones.
    more = content.n_sessions or 2
    if partial_dates.is_day(content.start):
        day = partial_dates.first_day(content.start)
        row = {"procedure_date": day, "procedure": procedure, "vocabulary": "stepwell", "code": procedure}
        yield "procedure", row
        more -= 1
    if more:
        last = content.stop or (content.start if content.n_sessions == 1 else None)
        yield from _gap("procedure", procedure, WITHOUT_DAY, content.start, last, more)


def _ketamine(content: forms.Treatment) -> Rows:
    """A session declared by the history where its day is known; else a drug of which nobody can say when it was given."""
    if content.had == "yes" and partial_dates.is_day(content.start):
        day = partial_dates.first_day(content.start)
        row = {"session_date": day, "treatment": "ketamine", "is_comparator": False, "arm": "ketamine"}
        yield "declared_session", row
        if (content.n_sessions or 1) == 1 and content.stop in (None, content.start):
            return
    yield "incomplete_medication", {"reason": DRUG_WITHOUT_DAY, "ingredient": "ketamine", "n_rows": 1}


def _score(content: forms.Score) -> Rows:
    knowledge = stepwell.load_knowledge()
    form = knowledge.all_instruments[content.instrument]
    is_followed = form.id in knowledge.instruments
    if not partial_dates.is_day(content.day):
        if content.total is not None:
            record = "measurement" if is_followed else "answer"
            yield from _gap(record, form.id, WITHOUT_DAY, content.day, content.day, 1)
        if content.items:
            yield from _gap("answer", form.id, WITHOUT_DAY, content.day, content.day, len(content.items))
        return
    day = partial_dates.first_day(content.day)
    if is_followed:
        yield "measurement", {"instrument": form.id, "measured_date": day, "total": content.total}
    better = _BETTER.get(form.direction)
    shared = {"answered_date": day, "instrument": form.id, "better": better}
    if not is_followed and content.total is not None:
        ends = {"at_least": float(form.at_least), "at_most": float(form.at_most)}
        yield "answer", {**shared, "item": None, "value": content.total, **ends}
    known = {item.item: item for item in form.items}
    for name, value in content.items.items():
        ends = {"at_least": float(known[name].at_least), "at_most": float(known[name].at_most)}
        yield "answer", {**shared, "item": name, "value": value, **ends}


def _vital(content: forms.Vital) -> Rows:
    for field, vital in forms.VITALS.items():
        value = getattr(content, field)
        if value is None:
            continue
        if partial_dates.is_day(content.day):
            unit = "percent" if field == "oxygen" else "mmhg"
            yield "vital", {"vital": vital, "measured_date": partial_dates.first_day(content.day), unit: value}
        else:
            yield from _gap("vital", vital, WITHOUT_DAY, content.day, content.day, 1)


_READERS = {
    forms.Condition: _condition,
    forms.Treatment: _treatment,
    forms.Score: _score,
    forms.Vital: _vital,
}
"""Goals and consents are no records."""


def _not_complete(lines: Iterable[LineLike], has: set[str]) -> Rows:
    """A gap in every table that the history has and that no clinician called complete, for each span of which a clinician said
    that its drugs are. Else the absence of a condition there would be read as none."""
    for line in lines:
        if not _is_observed(line):
            continue
        content = forms.read(line.kind, line.content)
        for record in ("condition", "procedure"):
            if record in has and record not in content.complete:
                yield from _gap(record, None, UNREAD, content.start, content.stop, 0)
