"""One made-up person at a time: what a result would hold of them, in memory, for the tests of candidacy."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from stepwell.candidacy import assess
from stepwell.candidacy.answers import Known
from stepwell.candidacy.chart import read_chart
from stepwell.candidacy.trials import find_definition, judge
from stepwell.knowledge.loader import load
from stepwell.result import Result

K = load()
DAY = date(2025, 6, 30)
ALL = frozenset(
    {
        "person",
        "observation_period",
        "condition",
        "medication",
        "measurement",
        "procedure",
        "vital",
        "answer",
        "concomitant",
    }
)


class Held:
    """What a result holds of one person, as rows. `has` names the tables that the source has at all."""

    def __init__(self, has=ALL, birth=date(1980, 5, 17), death=None, **tables):
        person = {"person_id": 1, "source_person_id": "anna", "sex": "female", "death_date": death, "address": "p/1"}
        births = birth if isinstance(birth, tuple) else (birth, birth)
        person |= {"birth_earliest_date": births[0], "birth_latest_date": births[1]}
        periods = tables.pop("observed", ((date(2018, 1, 1), date(2025, 12, 31)),))
        tables["observation_period"] = [{"start_date": first, "end_date": last} for first, last in periods]
        names = ("condition", "measurement", "procedure", "vital", "exposure", "observation_period", "answer", "dose")
        names += ("monitoring", "code_gap", "concomitant", "declared_session", "incomplete_medication")
        self.rows = {"person": [person]} | {name: tables.pop(name, []) for name in names}
        assert not tables, tables
        for name, rows in self.rows.items():
            for number, row in enumerate(rows):
                row.setdefault("address", f"{name}/{number}")
                row["person_id"] = 1
        self.rows["medication"] = [_medication(row) for row in self.rows["exposure"]]
        self.tables, self.knowledge, self.folder = tuple(self.rows), K, Path("held")
        held = has | {name for name in ("code_gap", "incomplete_medication") if self.rows[name]}
        self.manifest = {"has": sorted(held), "knowledge": K.digest, "source": {"label": "held"}}

    def person_id(self, person):
        assert person == "anna"
        return 1

    def rows_of(self, name, person_id):
        return [dict(row) for row in self.rows[name]]

    incomplete_of = Result.incomplete_of

    def evidence(self, person):
        return []


def _medication(row):
    """A stretch of supply as the record that it would be read from: building stretches from it gives it back."""
    columns = ("person_id", "ingredient", "start_date", "mg_per_day", "stop_reason", "is_supplied", "address")
    labelled = {True: None, False: "as read before", None: "not known"}[row["is_antidepressant_use"]]
    end = (row["end_date"], "recorded end") if row["is_end_known"] else (None, None)
    kept = {column: row[column] for column in columns if column in row}
    return kept | {"labelled_use": labelled, "end_date": end[0], "end_basis": end[1], "dose_basis": "recorded dose"}


def diagnosis(codeset, day, code="X"):
    return {"condition_date": day, "codeset": codeset, "vocabulary": "ICD10CM", "code": code}


def gap(record, codeset=None, first=date(2020, 1, 1), last=date(2024, 1, 1), n=3):
    """Rows that nobody could read, of those days."""
    return {"record": record, "codeset": codeset, "first_date": first, "last_date": last, "n_rows": n}


def undated(record, named, first=None, last=None, n=1):
    """Rows without a usable day."""
    return gap(record, named, first, last, n) | {"reason": "without a day"}


def score(instrument, day, total):
    return {"instrument": instrument, "measured_date": day, "total": None if total is None else float(total)}


def answered(instrument, item, day, value, *, better="lower"):
    known = {"instrument": instrument, "item": item, "answered_date": day, "at_least": 0.0, "at_most": 10.0}
    return known | {"value": None if value is None else float(value), "better": better}


def dose(ingredient, day, kind="administration"):
    return {"ingredient": ingredient, "given_date": day, "kind": kind, "route": None, "mg": None}


def declared(treatment, day, *, is_comparator=False):
    return {"treatment": treatment, "session_date": day, "is_comparator": is_comparator, "arm": None, "mg_per_kg": None}


def reading(kind, day, value, minutes=None):
    return {"session_date": day, "kind": kind, "value": float(value), "minutes": minutes}


def taken(drug, first, n_days=None):
    """A supply of a drug that is no treatment of depression; without days, of unknown length."""
    end = None if n_days is None else first + timedelta(n_days - 1)
    return {
        "ingredient": drug,
        "start_date": first,
        "end_date": end,
        "end_basis": None if end is None else "days supply",
    }


def session(procedure, day):
    return {"procedure_date": day, "procedure": procedure, "vocabulary": "HCPCS", "code": "X"}


def pressure(day, systolic=None, diastolic=None):
    sides = (("systolic", systolic), ("diastolic", diastolic))
    return [
        {"vital": f"blood-pressure-{side}", "measured_date": day, "mmhg": float(value)}
        for side, value in sides
        if value is not None
    ]


def supply(drug, first, n_days, mg=None, *, known=True, use=True):
    """A supply of so many days, at an adequate dose unless one is given."""
    doses = {m.ingredient: m.min_mg_per_day for m in K.dose_minima if m.standard == "mgh-atrq"}
    return {
        "ingredient": drug,
        "start_date": first,
        "end_date": first + timedelta(n_days - 1) if known else first,
        "is_end_known": known,
        "is_supplied": True,
        "mg_per_day": doses.get(drug, 1.0) if mg is None else mg,
        "is_antidepressant_use": use,
        "stop_reason": None,
        "n_records": 1,
    }


def answers(held, day=DAY):
    """What answers are found from for this person on that day."""
    chart = read_chart(held, "anna", day)
    judged = judge(chart, [find_definition("us-label", K)])
    return Known(chart, judged, judged["us-label"])


def one(held, form, day=DAY, **more):
    """The assessment of one form."""
    return assess(held, "anna", [form], day=day, **more)[1][0]


def line(assessment, path):
    return next(one for one in assessment.lines if one.path == path)
