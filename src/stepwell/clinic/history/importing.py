"""Record tables that stepwell read from a file, as contents of lines: each keeps the rows, so that it is judged as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

import pyarrow as pa

import stepwell

from . import drugs, forms
from .drug_rows import DRUG_WITHOUT_DAY
from .records import PROCEDURES

Contents = Iterator[tuple[str, dict]]
_OF_REASON = {"intolerance": "side effects", "no effect": "did not help", "other": "other"}
_TREATMENT_OF = {procedure: treatment for treatment, procedure in PROCEDURES.items()}
_OF_GAP = {
    "condition": "condition",
    "procedure": "treatment",
    "measurement": "score",
    "answer": "score",
    "vital": "vital",
}
_BY = {
    "medication": ("address", "ingredient"),
    "dose": ("address", "ingredient"),
    "concomitant": ("address", "ingredient"),
    "declared_session": ("address", "treatment"),
    "condition": ("address", "condition_date"),
    "procedure": ("address", "procedure_date"),
    "measurement": ("address", "instrument"),
    "answer": ("address", "instrument"),
    "vital": ("address", "measured_date"),
    "monitoring": ("address", "session_date"),
    "code_gap": ("record", "codeset", "reason", "first_date", "last_date"),
    "incomplete_medication": ("reason", "ingredient"),
}
"""Rows that agree in these columns are one line."""
_ONE_LINE = {"dose": "medication", "answer": "measurement", "concomitant": "medication"}
"""Tables whose rows of one source row belong to the line of another table."""


_LEAST = {
    "medication": {"drug": "a drug"},
    "medicine": {"drug": "a drug"},
    "condition": {"had": "don't know"},
}
"""What a line says at least, where nothing else of a row fits its form."""


def contents_of_records(tables: Mapping[str, pa.Table], has: frozenset[str] | set[str], person_id: int) -> Contents:
    """The kind and the content of each line that the rows of one person make. An observed time becomes a line that says nothing
    until a clinician confirms it."""
    groups: dict[tuple, list[tuple[str, dict]]] = {}
    for name, columns in _BY.items():
        for row in tables[name].to_pylist() if name in tables else ():
            if row["person_id"] == person_id:
                key = (_ONE_LINE.get(name, name), *(row[c] for c in columns))
                groups.setdefault(key, []).append((name, row))
    for rows in groups.values():
        kind, data = _READERS[rows[0][0]](rows)
        yield kind, _checked(kind, data, rows)
    complete = sorted({"condition", "procedure"} & has)
    for row in tables["observation_period"].to_pylist() if "observation_period" in tables else ():
        if row["person_id"] == person_id:
            data = {"start": _iso(row["start_date"]), "stop": _iso(row["end_date"]), "complete": complete}
            yield "observation", forms.read("observation", data).model_dump(mode="json", exclude_defaults=True)


def _checked(kind: str, data: dict, rows: list[tuple[str, dict]]) -> dict:
    """The content with its rows. What the form does not take is in the rows all the same."""
    records = [{"table": name, "row": {k: _iso(v) for k, v in row.items()}} for name, row in rows]
    kept = {"records": records, "from_address": str(rows[0][1].get("address") or "")}
    data = {k: v for k, v in data.items() if v is not None}
    content, problems = forms.check(kind, data | kept)
    if content is None:
        content, problems = forms.check(kind, {k: v for k, v in data.items() if k not in problems} | kept)
    if content is None:
        content, _problems = forms.check(kind, _LEAST.get(kind, {}) | kept)
    return content


def _iso(value):
    return value.isoformat() if isinstance(value, date) else value


def _drug(rows: list[tuple[str, dict]]) -> tuple[str, dict]:
    """A supply; of several rows of one line the first says what it was."""
    row = next((r for name, r in rows if name == "medication"), rows[0][1])
    ingredient = row["ingredient"]
    start = _iso(row.get("start_date") or row.get("given_date"))
    data = {
        "drug": drugs.label_of(ingredient),
        "ingredient": ingredient,
        "start": start,
        "stop": _iso(row.get("end_date")),
    }
    if not any(name in ("medication", "dose") for name, _ in rows):
        return "medicine", data
    reason = _OF_REASON.get(row.get("stop_reason") or "")
    supplied = {True: "yes", False: "no", None: "not known"}[row.get("is_supplied", True)]
    data |= {"mg_per_day": row.get("mg_per_day"), "supplied": supplied, "stop_reasons": [reason] if reason else None}
    return "medication", data | ({"purpose": "something else"} if row.get("labelled_use") else {})


def _session(rows: list[tuple[str, dict]]) -> tuple[str, dict]:
    row = rows[0][1]
    day = _iso(row["session_date"])
    name = row["arm"] if row["is_comparator"] else ""
    kind = "other" if row["is_comparator"] else row["treatment"]
    return "treatment", {"treatment": kind, "name": name, "start": day, "stop": day, "n_sessions": 1}


def _condition(rows: list[tuple[str, dict]]) -> tuple[str, dict]:
    row = rows[0][1]
    return "condition", {"condition": row["codeset"], "name": row["code"], "day": _iso(row["condition_date"])}


def _procedure(rows: list[tuple[str, dict]]) -> tuple[str, dict]:
    row = rows[0][1]
    label = stepwell.load_knowledge().codesets[row["procedure"]].label
    kind = _TREATMENT_OF.get(row["procedure"], "other")
    day = _iso(row["procedure_date"])
    return "treatment", {
        "treatment": kind,
        "name": f"{label} ({row['code']})",
        "start": day,
        "stop": day,
        "n_sessions": 1,
    }


def _score(rows: list[tuple[str, dict]]) -> tuple[str, dict]:
    row = rows[0][1]
    day = _iso(row.get("measured_date") or row.get("answered_date"))
    read = [(name, r) for name, r in rows if name == "measurement" or r["item"] is None]
    totals = [r["total"] if name == "measurement" else r["value"] for name, r in read]
    items = {r["item"]: r["value"] for name, r in rows if name == "answer" and r["item"] is not None}
    data = {
        "instrument": row["instrument"] or "",
        "day": day,
        "total": next((t for t in totals if t is not None), None),
    }
    note = "" if row["instrument"] else ", ".join(f"{item}: {value}" for item, value in items.items())
    return "score", data | ({"items": items} if row["instrument"] else {"note": note})


def _vital(rows: list[tuple[str, dict]]) -> tuple[str, dict]:
    data = {"day": _iso(rows[0][1]["measured_date"])}
    names = {vital: field for field, vital in forms.VITALS.items()}
    for _name, row in rows:
        data[names[row["vital"]]] = row["percent"] if row["mmhg"] is None else row["mmhg"]
    return "vital", data


def _monitoring(rows: list[tuple[str, dict]]) -> tuple[str, dict]:
    row = rows[0][1]
    read = ", ".join(f"{r['kind']} {'?' if r['value'] is None else format(r['value'], 'g')}" for _, r in rows)
    return "vital", {"day": _iso(row["session_date"]), "note": f"Around a session: {read}"}


def _gap(rows: list[tuple[str, dict]]) -> tuple[str, dict]:
    """Rows that could not be read, or have no day: a line that keeps an absence from being read as none."""
    row = rows[0][1]
    kind, codeset = _OF_GAP[row["record"]], row["codeset"] or ""
    note = f"{row['n_rows']} rows of the file: {row['reason']}"
    named = {"condition": {"condition": codeset, "had": "don't know"}, "score": {"instrument": codeset}}.get(kind, {})
    return kind, named | {"note": note}


def _incomplete(rows: list[tuple[str, dict]]) -> tuple[str, dict]:
    """Drugs that nobody could identify, or a drug without a day, whose days can be added."""
    row = rows[0][1]
    note = f"{row['n_rows']} of {row['n_of']} rows of the file"
    ingredient = row["ingredient"]
    if ingredient is None:
        return "medicine", {"drug": row["reason"], "had": "don't know", "note": note}
    kind = "medication" if row["reason"] == DRUG_WITHOUT_DAY else "medicine"
    return kind, {"drug": drugs.label_of(ingredient), "ingredient": ingredient, "note": f"{note} say no day"}


_READERS = {
    "medication": _drug,
    "dose": _drug,
    "concomitant": _drug,
    "declared_session": _session,
    "condition": _condition,
    "procedure": _procedure,
    "measurement": _score,
    "answer": _score,
    "vital": _vital,
    "monitoring": _monitoring,
    "code_gap": _gap,
    "incomplete_medication": _incomplete,
}
