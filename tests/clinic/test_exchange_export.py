"""The exported CSV folder gives the verdicts that the clinic shows."""

from __future__ import annotations

import csv
import datetime as dt
import json

import pytest

import stepwell
from stepwell.clinic.exchange.export import export
from stepwell.clinic.history import forms, lines

DEFINITIONS = ["us-label", "sforzini-2022", "gsrd"]
FIRST = {"drug": "Zoloft", "ingredient": "sertraline", "mg_per_day": 150, "start": "2023-01-10", "stop": "2023-05-20"}
SECOND = {
    "drug": "venlafaxine",
    "ingredient": "venlafaxine",
    "mg_per_day": 225,
    "start": "2023-05-25",
    "stop": "2023-11-01",
}
THIRD = {"drug": "bupropion", "ingredient": "bupropion", "mg_per_day": 300, "start": "2023-11-05", "stop": "2024-03-01"}
NO_EFFECT = {"stop_reasons": ["did not help"]}
COMPLETE = {"start": "2020-01-01", "stop": "2026-11-01", "complete": ["condition", "procedure"]}
DEPRESSION = ("condition", {"condition": "major-depression", "day": "2023-01-02"})
HISTORIES = {
    "three trials": [
        DEPRESSION,
        ("medication", FIRST | NO_EFFECT),
        ("medication", SECOND | NO_EFFECT),
        ("medication", THIRD),
    ],
    "one trial": [DEPRESSION, ("medication", FIRST)],
    "with scores, sessions and readings": [
        DEPRESSION,
        ("medication", FIRST | NO_EFFECT),
        ("medication", SECOND),
        ("score", {"instrument": "phq-9", "day": "2023-01-09", "total": 20}),
        ("score", {"instrument": "phq-9", "day": "2023-05-01", "total": 16, "items": {"9": None, "1": 2}}),
        ("treatment", {"treatment": "ect", "start": "2025-02-03", "n_sessions": 1}),
        ("vital", {"day": "2025-02-03", "systolic": 130, "diastolic": 80}),
        ("medication", {"drug": "Xanax", "ingredient": "alprazolam", "start": "2024-05-01"}),
    ],
    "a drug without a day": [
        DEPRESSION,
        ("medication", FIRST),
        ("medication", {k: SECOND[k] for k in ("drug", "ingredient")}),
    ],
    "a drug that nobody knows": [
        DEPRESSION,
        ("medication", FIRST),
        ("medication", {"drug": "the blue one", "start": "2024-01-02"}),
    ],
    "nothing": [],
}


SAME_IN_FHIR = {
    "medication": ("ingredient", "start_date", "end_date", "mg_per_day", "stop_reason"),
    "measurement": ("instrument", "measured_date", "total"),
    "vital": ("vital", "measured_date", "mmhg"),
}


def _rows(table, fields) -> list:
    return sorted((tuple(row[name] for name in fields) for row in table.to_pylist()), key=str)


@pytest.fixture
def office(actor):
    return actor("prescriber")


def _tell(person, actor, history) -> None:
    for kind, content in [*history, *([("observation", COMPLETE)] if history else [])]:
        checked, problems = forms.check(kind, content, today=dt.date(2026, 11, 29), born=person.birth_date)
        assert not problems
        lines.add(person, kind, checked, actor=actor, state="confirmed", origin="clinician")


@pytest.mark.long
@pytest.mark.parametrize("unidentified", [False, True], ids=["all drugs known", "a drug that nobody knows"])
def test_a_run_of_the_folder_gives_the_verdicts_that_the_clinic_shows(unidentified, home, person, office, tmp_path):
    home.definitions = DEFINITIONS
    home.save()
    # What nobody could identify says of everybody in a folder that silence is unknown.
    told_of = [name for name in HISTORIES if (name == "a drug that nobody knows") == unidentified]
    for name in told_of:
        _tell(person(given_name="=cmd|x", record_number=name), office, HISTORIES[name])
    told = export(tmp_path / "out")
    assert (told["people"], told["verdicts"], told["differ"]) == (len(told_of), 3 * len(told_of), 0)
    with (tmp_path / "out" / "verdicts.csv").open() as file:
        clinic = {(row["person_id"], row["definition"]): row["clinic"] for row in csv.DictReader(file)}
    assert unidentified or {"met", "not met", "unknown"} == set(clinic.values())
    read = stepwell.read_records(tmp_path / "out" / "csv")
    ids = {row["person_id"]: row["source_person_id"] for row in read.tables["person"].to_pylist()}
    judged = stepwell.determine_records(read.tables, DEFINITIONS, has=read.has)["determination"].to_pylist()
    assert clinic == {(ids[row["person_id"]], row["definition"]): row["verdict"] for row in judged}
    fhir = stepwell.read_records(tmp_path / "out" / "fhir")
    assert fhir.tables["person"].num_rows == len(told_of)
    for name, fields in SAME_IN_FHIR.items():
        assert _rows(fhir.tables[name], fields) == _rows(read.tables[name], fields), name
    with (tmp_path / "out" / "verdicts.csv").open() as file:
        said = [(row["clinic"], row["fhir"]) for row in csv.DictReader(file)]
    assert all(there in (here, "unknown") for here, there in said), "FHIR says less, never something else"
    with (tmp_path / "out" / "people.csv").open() as file:
        assert {row["given_name"] for row in csv.DictReader(file)} == {"'=cmd|x"}


def test_every_version_and_a_merged_person_are_in_the_export(home, person, office, tmp_path):
    from stepwell.clinic.people.merging import merge

    kept, other = person(), person(family_name="Dow")
    _tell(kept, office, HISTORIES["one trial"])
    _tell(other, office, [("medication", SECOND)])
    lines.reject(lines.current(other)[0], office, "not hers")
    merge(office, kept, other)
    told = export(tmp_path / "out")
    assert told["people"] == 1
    history = [json.loads(line) for line in (tmp_path / "out" / "history.jsonl").read_text("utf-8").splitlines()]
    assert [h["state"] for h in history if h["content"].get("drug") == "venlafaxine"] == ["confirmed", "rejected"]
    with (tmp_path / "out" / "csv" / "medication.csv").open() as file:
        assert [row["drug"] for row in csv.DictReader(file)] == ["sertraline"]
