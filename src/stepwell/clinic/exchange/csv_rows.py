"""Record tables of one person as lines of stepwell's own CSV folder (`stepwell template`).

What that folder cannot say exactly is written so that it says less, never more: a day of which only the year is known becomes
a day that nobody knows, a diagnosis that may be one of few becomes one that nobody could identify.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

NO_DAY = "9999-12-31"
"""What stepwell reads as a day that nobody knows."""
UNIDENTIFIED = "a drug that nobody could identify"
_KINDS = {True: "dispensing", False: "prescription", None: "supply"}
Rows = dict[str, list[dict]]


def csv_rows(person: str, records: dict[str, list[dict]]) -> Rows:
    """The lines of each file."""
    made: Rows = defaultdict(list)
    readers = {
        "person": _person,
        "observation_period": _as_is("start_date", "end_date"),
        "condition": _coded("condition_date", "codeset"),
        "procedure": _coded("procedure_date", "procedure"),
        "measurement": _as_is("measured_date", "instrument", "total"),
        "vital": _as_is("measured_date", "vital", "mmhg", "percent"),
        "monitoring": _as_is("session_date", "kind", "minutes", "value"),
        "answer": _answer,
        "code_gap": _gap,
    }
    for table, reader in readers.items():
        for row in records.get(table, ()):
            for file, line in reader(row):
                made[file or table].append({"person_id": person, **line})
    made["medication"] += [{"person_id": person, **line} for line in _drugs(records)]
    return {name: [_told(line) for line in _distinct(lines)] for name, lines in made.items()}


def _told(line: dict) -> dict:
    return {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in line.items()}


def _distinct(lines: list[dict]) -> list[dict]:
    return list({tuple(sorted((k, str(v)) for k, v in line.items())): line for line in lines}.values())


def _as_is(*columns: str):
    return lambda row: [("", {column: row.get(column) for column in columns})]


def _person(row: dict):
    first, last = row["birth_earliest_date"], row["birth_latest_date"]
    birth = first
    if first != last and first is not None:
        birth = f"{first:%Y}" if first.month != last.month else f"{first:%Y-%m}"
    yield "", {"birth_date": birth, "sex": row["sex"], "death_date": row["death_date"]}


def _coded(day: str, codeset: str):
    def read(row: dict):
        is_ours = (row["vocabulary"] or "").lower() == "stepwell" or not row["code"]
        code = row[codeset] if is_ours else row["code"]
        line = {day: row[day], "vocabulary": "stepwell" if is_ours else row["vocabulary"], "code": code}
        if row.get("quantity") is not None:
            line["quantity"] = row["quantity"]
        if row.get("minute") is not None:
            line["time"] = _time(row["minute"])
        yield "", line

    return read


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _answer(row: dict):
    line = {name: row.get(name) for name in ("answered_date", "instrument", "item", "value")}
    if row.get("instrument") is None:
        line |= {name: row.get(name) for name in ("at_least", "at_most", "better")}
    yield "", line


def _gap(row: dict):
    record, what = row["record"], row["codeset"]
    is_whole = row["reason"] == "without a day" and what is not None
    if record in ("condition", "procedure"):
        coded = {"vocabulary": "stepwell", "code": what} if is_whole else {"vocabulary": "OMOP", "code": "0"}
        yield record, {f"{record}_date": NO_DAY if is_whole else row["first_date"] or NO_DAY, **coded}
    elif what is not None:
        day, name = {
            "measurement": ("measured_date", "instrument"),
            "answer": ("answered_date", "instrument"),
            "vital": ("measured_date", "vital"),
        }[record]
        yield record, {day: NO_DAY, name: what}


def _drugs(records: dict[str, list[dict]]) -> Iterable[dict]:
    doses = {(d["address"], d["given_date"], d["ingredient"]): d for d in records.get("dose", ())}
    for row in records.get("medication", ()):
        line = {"drug": row["ingredient"], "start_date": row["start_date"], "stop_reason": row["stop_reason"]}
        line |= {"mg_per_day": row["mg_per_day"], "kind": _KINDS[row["is_supplied"]], **_end(row)}
        dose = doses.pop((row["address"], row["start_date"], row["ingredient"]), None)
        yield line | (_given(dose) if dose else {})
    for dose in doses.values():
        yield {"drug": dose["ingredient"], "start_date": dose["given_date"], **_given(dose)}
    for row in records.get("concomitant", ()):
        yield {"drug": row["ingredient"], "start_date": row["start_date"], "kind": "dispensing", **_end(row)}
    for row in records.get("declared_session", ()):
        session = {"session": row["treatment"], "arm": row["arm"], "mg_per_kg": row["mg_per_kg"]}
        kind = "comparator" if row["is_comparator"] else "administration"
        yield {"drug": row["treatment"], "start_date": row["session_date"], "kind": kind, **session}
    incomplete = records.get("incomplete_medication", ())
    for drug in undated(records):
        yield {"drug": drug, "start_date": NO_DAY, "kind": "dispensing"}
    if {row["reason"] for row in incomplete if row["ingredient"] is None} - {"given in care only"}:
        yield {"drug": UNIDENTIFIED, "start_date": NO_DAY, "kind": "dispensing"}


def undated(records: dict[str, list[dict]]) -> list[str]:
    """The drugs of which nobody can say when they were taken."""
    return [row["ingredient"] for row in records.get("incomplete_medication", ()) if row["ingredient"] is not None]


def _end(row: dict) -> dict:
    if row["end_basis"] == "administration":
        return {"kind": "administration"}
    if row["end_basis"] == "days supply":
        return {"days_supply": (row["end_date"] - row["start_date"]).days + 1}
    return {"end_date": row["end_date"]}


def _given(dose: dict) -> dict:
    line = {name: dose[name] for name in ("mg", "route", "quantity") if dose.get(name) is not None}
    if dose.get("kind") == "administration":
        line["kind"] = "administration"
    if dose.get("minute") is not None:
        line["time"] = _time(dose["minute"])
    return line
