"""A small untidy clinic from its files to its result: every table, what was left out, a person told, the programme counted."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.report.programme import summarise_programme
from stepwell.runner import run
from stepwell.tables import SESSIONS

DAY = date(2026, 3, 2)
INDUCTION = (0, 3, 7, 10, 14, 17, 21, 24)


def _write(folder: Path, name: str, header: str, rows: list[tuple]) -> None:
    lines = [header, *(",".join("" if c is None else str(c) for c in row) for row in rows)]
    (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")


@pytest.fixture(scope="module")
def clinic(tmp_path_factory) -> Path:
    """ann: a whole induction with visits and readings, response and loss. ben: esketamine after death, in the wrong unit, twice a
    day, a code out of date. cy: ketamine infusions, and an anaesthetic. dee: nothing of the kind."""
    folder = tmp_path_factory.mktemp("clinic")
    people = [("ann", 1980, None), ("ben", 1950, "2026-06-01"), ("cy", 1990, None), ("dee", 1970, None)]
    _write(folder, "person", "person_id,birth_date,death_date", people)
    seen = [(p, "2020-01-01", "2027-12-31") for p, *_ in people]
    _write(folder, "observation_period", "person_id,start_date,end_date", seen)
    codes = [(p, "2025-12-01", "ICD10CM", "F33.2") for p, *_ in people]
    _write(folder, "condition", "person_id,condition_date,vocabulary,code", codes)
    esketamine = [("ann", "esketamine", DAY + timedelta(n), "administration", 84 if n else 56, None) for n in INDUCTION]
    esketamine += [
        ("ben", "esketamine", "2026-07-01", "administration", 56, None),
        ("ben", "esketamine", "2026-05-01", "administration", 0.056, None),
        ("ben", "esketamine", "2026-05-04", "administration", 28, None),
        ("ben", "esketamine", "2026-05-04", "administration", 28, None),
        ("ben", "esketamine", "2026-05-07", "supply", 224, None),
    ]
    ketamine = [("cy", "ketamine", DAY + timedelta(n), "administration", 40, "iv") for n in (0, 2, 4, 7, 9, 11)]
    ketamine.append(("cy", "ketamine", "2026-01-07", "administration", 150, "iv"))
    drugs = [
        ("ann", "sertraline", "2025-12-01", None, None, None),
        ("dee", "sertraline", "2025-12-01", None, None, None),
    ]
    _write(folder, "medication", "person_id,drug,start_date,kind,mg,route", [*drugs, *esketamine, *ketamine])
    visits = [("ann", DAY + timedelta(n), "HCPCS", "G2083" if n else "G2082") for n in INDUCTION]
    _write(
        folder,
        "procedure",
        "person_id,procedure_date,vocabulary,code",
        [*visits, ("ben", "2026-05-10", "HCPCS", "S0013")],
    )
    scores = [("ann", DAY + timedelta(n), "madrs", t) for n, t in ((-1, 36), (1, 30), (28, 10), (60, 9), (100, 28))]
    _write(folder, "measurement", "person_id,measured_date,instrument,total", scores)
    readings = [("ann", DAY + timedelta(n), "observed", None, 120) for n in INDUCTION]
    readings += [("ann", DAY, "form sent", None, 8), ("ann", "2026-01-01", "systolic", -5, 120)]
    _write(folder, "monitoring", "person_id,session_date,kind,minutes,value", readings)
    return folder


@pytest.fixture(scope="module")
def result(clinic, tmp_path_factory):
    return run(clinic, tmp_path_factory.mktemp("sessions") / "result", definitions=["ohdsi-1009"])


def test_every_table_is_written_and_opens(result):
    rows = result.manifest["rows"]
    assert {t.name: rows[t.name] for t in SESSIONS} == {
        "session": 20, "series": 3, "judged_session": 42, "judged_series": 7, "series_response": 18, "effect": 3, "load": 9,
        "arm_response": 0,
    }  # fmt: skip
    effect = next(r for r in result.rows_of("effect", result.person_id("ann")))
    assert (effect["onset_date"], effect["ended"]) == (DAY + timedelta(28), "relapse")


def test_what_was_wrong_is_counted_and_said(result):
    found = {r["what"]: (r["effect"], r["n_rows"]) for r in result.table("attrition").to_pyarrow().to_pylist()
             if r["table"] in ("session", "monitoring")}  # fmt: skip
    words = {
        "before birth or after death": ("left out", 1),
        "given for something else": ("left out", 1),
        "nobody can tell whether": ("kept", 2),
        "which are one session": ("corrected", 9),
        "rows that are alike": ("kept", 1),
        "a dose that no session has": ("read as unknown", 1),
        "outside its dates": ("read as unknown", 1),
        "a day without a session": ("left out", 1),
    }
    assert len(found) == len(words)
    for part, counted in words.items():
        assert [v for k, v in found.items() if part in k] == [counted], part


def test_a_person_is_told_line_by_line(result):
    told = CliRunner().invoke(app, ["why", str(result.folder), "ann"], env={"COLUMNS": "200"})
    assert told.exit_code == 0
    for words in (
        "Esketamine nasal spray",
        "8 sessions (8 induction): first series",
        "2 Mar 2026   induction  1     56 mg",
        "Form sent after 8 days",
        "end of induction: 10 on 30 Mar 2026, 72.2 % better: response, remission",
        "relapse on",
        "nobody here was compared",
        "call or text 988",
    ):
        assert words in told.output, words
    assert "Esketamine" not in CliRunner().invoke(app, ["why", str(result.folder), "dee"]).output


def test_the_evidence_of_a_series_as_rows(result):
    rows = result.series_evidence("cy")
    (dose,) = [r for r in rows if r["criterion"] == "session.dose" and r["verdict"] == "not met"]
    assert (dose["session_date"], dose["found"]) == (date(2026, 1, 7), "Dose 150 mg")
    assert "at most 100 mg that day" in dose["sentence"]
    assert all(r["source"] or r["choice"] for r in rows)
    told = CliRunner().invoke(app, ["why", str(result.folder), "cy", "--json"])
    assert [
        r
        for r in json.loads(told.output)["answer"]
        if r.get("criterion") == "session.dose" and r["verdict"] == "not met"
    ]


@pytest.mark.parametrize(
    ("person", "told", "not_told"), [("ann", "below 65", "from 65"), ("ben", "from 65", "below 65")]
)
def test_a_rule_is_told_to_those_of_its_age(result, person, told, not_told):
    """One row for a criterion of a whole series, with all rules that were asked; those of another age are not among them."""
    rows = [r for r in result.series_evidence(person) if r["rule"] == "spravato-eu@1"]
    sentences = [r["sentence"] for r in rows if r["criterion"] in ("regimen.dose", "regimen.pressure_before")]
    assert sentences
    assert all(f"{told} years" in s and f"{not_told} years" not in s for s in sentences)
    of_the_series = [r["criterion"] for r in rows if r["session_number"] is None]
    assert len(of_the_series) == len(set(of_the_series)) == 5
    (frequency,) = [r for r in rows if r["criterion"] == "regimen.frequency" and r["session_number"] is None]
    assert "weeks 1 to 4" in frequency["sentence"]
    assert "from week 9" in frequency["sentence"]


def test_the_programme_is_counted(result):
    found = summarise_programme(result, "esketamine")
    assert (found.n_people, found.n_series, found.n_sessions, found.n_uncertain_series) == (2, 2, 10, 0)
    (end,) = [c for c in found.checkpoints if c.checkpoint == "end of induction"]
    assert (end.n_series, end.n_scored, end.n_judged, end.response.value, end.remission.value) == (2, 1, 1, 1.0, 1.0)
    assert found.durability.n_series == 1
    assert found.durability.curves["lost"].at(72)[0] == 1.0
    late = next(a for a in found.adherence if (a.regimen, a.criterion) == ("spravato-us-trd@1", "regimen.form"))
    assert (late.n_met, late.n_not_met, late.n_unknown) == (0, 1, 1)
    assert [m.stretch for m in found.load] == ["before", "during", "after"]
    assert summarise_programme(result, "tms").n_series == 0


def test_a_source_without_such_treatments_has_the_tables_empty(records, tmp_path):
    """And no stage is run for them."""
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in records.glob("*.parquet"):
        if file.stem in ("person", "observation_period", "condition_occurrence"):
            (bare / file.name).write_bytes(file.read_bytes())
    _drugs(records, bare)
    found = run(bare, tmp_path / "result", definitions=["ohdsi-1009"])
    assert {found.manifest["rows"][t.name] for t in SESSIONS} == {0}
    assert found.table("series").to_pyarrow().num_rows == 0
    assert not {"dose", "monitoring"} & set(found.manifest["has"])


def _drugs(records: Path, bare: Path) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(records / "drug_exposure.parquet")
    # By the source's own entry: without vocabulary tables a drug is found by its name too.
    keep = ["ketamine" not in (entry or "").lower() for entry in table["drug_source_value"].to_pylist()]
    pq.write_table(table.filter(keep), bare / "drug_exposure.parquet")
