"""Quality measures of a small clinic, from its files to the counts that are printed."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow.csv
import pytest
from typer.testing import CliRunner

import stepwell
from stepwell.candidacy import assess
from stepwell.cli import app
from stepwell.report.quality import count_quality, quality
from stepwell.result import Result

START = date(2020, 1, 1)
YEAR_LATER = START + timedelta(366)
PEOPLE = ("in", "died", "hospice", "autism", "not", "unread", "never diagnosed", "unread later", "unread care")
UNDIAGNOSED = ("not", "never diagnosed")
FILES = {
    "person": ["person_id,birth_date,death_date", *(f"{p},1980,{'2020-06-01' * (p == 'died')}" for p in PEOPLE)],
    "observation_period": ["person_id,start_date,end_date", *(f"{p},2015-01-01,2022-12-31" for p in PEOPLE)],
    "medication": ["person_id,drug,start_date,days_supply,mg_per_day", "in,sertraline,2020-01-01,30,50"],
    "condition": [
        "person_id,condition_date,vocabulary,code",
        *(f"{p},2020-01-05,ICD10CM,F33.1" for p in PEOPLE if p not in UNDIAGNOSED),
        "autism,2021-02-01,ICD10CM,F84.0",
        # SNOMED codes mean all below them too, which nobody can look up here; few rows of many, they speak of these people alone.
        *(f"in,2019-01-{d:02d},ICD10CM,Z00.0" for d in range(1, 31)),
        *(f"{p},{day},SNOMED,999999" for p, day in (("unread", "2020-02-01"), ("never diagnosed", "2020-01-05"))),
        f"unread later,{YEAR_LATER + timedelta(61)},SNOMED,999999",
    ],
    "measurement": [
        "person_id,instrument,measured_date,total",
        *(f"{p},phq-9,{START},15" for p in PEOPLE),
        *(f"{p},phq-9,{YEAR_LATER},3" for p in PEOPLE if p != "died"),
    ],
    "procedure": [
        "person_id,procedure_date,vocabulary,code",
        "hospice,2020-03-01,HCPCS,T2042",
        *(f"in,2019-01-{d:02d},CPT4,99213" for d in range(1, 31)),
        "unread care,2020-03-01,ICD10PCS,0GTG4ZZ",
    ],
}


def run(place, files) -> Result:
    records = place / "records"
    records.mkdir(parents=True)
    for name, lines in files.items():
        (records / f"{name}.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return stepwell.run(records, out=place / "result", definitions=["clinic-two-classes"])


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return run(tmp_path_factory.mktemp("clinic"), FILES)


def rows_of(result: Result) -> dict[str, dict]:
    ids = {r["person_id"]: r["source_person_id"] for r in result.table("person").to_pyarrow().to_pylist()}
    rows = quality(result, ["remission-12-months"]).to_pylist()
    return {ids[row["person_id"]]: row for row in rows}


def test_who_is_left_out_and_why(result):
    """The sentence of each person names what leaves them out."""
    rows = rows_of(result)
    assert {p: (r["included"], r["reached"]) for p, r in rows.items()} == {
        "in": ("met", "met"),
        "died": ("not met", None),
        "hospice": ("not met", None),
        "autism": ("not met", None),
        "not": ("not met", None),
        "unread": ("unknown", "met"),
        "never diagnosed": ("unknown", "unknown"),
        "unread later": ("met", "met"),
        "unread care": ("unknown", "met"),
    }
    assert "Left out: death" in rows["died"]["found"]
    assert "Left out: hospice" in rows["hospice"]["found"]
    assert "pervasive-developmental" in rows["autism"]["found"]
    assert rows["not"]["found"] == "Not in the measure"
    (counted,) = count_quality(quality(result, ["remission-12-months"]), result.knowledge)
    assert (counted.included, counted.reached, counted.perhaps_included) == (2, 2, 3)


def test_codes_that_nobody_could_read_leave_it_open_and_say_so(result):
    """One row of a person that nobody could read may be what leaves them out, or the diagnosis by which they enter: the measure,
    `why` and candidacy all say so, and of the others nothing changes."""
    rows = rows_of(result)
    assert "cannot say whether there was a diagnosis of bipolar" in rows["unread"]["found"]
    assert "hospice or palliative-care" in rows["unread care"]["found"]
    assert rows["never diagnosed"]["found"] == (
        "Not known whether in the measure; 1 diagnosis row of this person could not be read, and may hold one"
    )
    said = "could not be read, and may hold one"
    found = {p: {e["criterion"]: e for e in result.evidence(p)} for p in ("never diagnosed", "not", "unread", "in")}
    verdicts = {p: (of["who.diagnosis"]["verdict"], said in of["who.diagnosis"]["found"]) for p, of in found.items()}
    assert verdicts == {
        "never diagnosed": ("unknown", True),
        "not": ("not met", False),
        "unread": ("met", False),
        "in": ("met", False),
    }
    never = {p: (of["who.never"]["verdict"], said in of["who.never"]["found"]) for p, of in found.items()}
    # Of "not" there is no day up to which it would be asked.
    assert found["not"]["who.never"]["found"].startswith("No index day up to which a diagnosis of Bipolar")
    assert never == {
        "never diagnosed": ("unknown", True),
        "not": ("unknown", False),
        "unread": ("unknown", True),
        "in": ("met", False),
    }
    printed = CliRunner().invoke(app, ["why", str(result.folder), "never diagnosed"])
    assert said in " ".join(printed.output.split())
    lines = [line for part in assess(result, "unread")[1] for line in part.lines if line.path.endswith("aneurysm")]
    assert {(line.verdict, line.found.is_none_recorded) for line in lines} == {("unknown", False)}
    lines = [line for part in assess(result, "in")[1] for line in part.lines if line.path.endswith("aneurysm")]
    assert {line.found.is_none_recorded for line in lines} == {True}


def test_records_without_procedures_leave_it_open_and_say_so(tmp_path):
    """Nobody can say that there was no hospice care; the sentence and the command say that, and what the source lacks."""
    result = run(tmp_path, {name: lines for name, lines in FILES.items() if name != "procedure"})
    row = rows_of(result)["in"]
    assert row["included"] == "unknown"
    assert "hospice or palliative-care" in row["found"]
    printed = CliRunner().invoke(app, ["quality", str(result.folder)])
    assert printed.exit_code == 0
    words = " ".join(printed.output.split())
    assert "no procedures: nobody knows of hospice or palliative-care" in words


def test_the_file_names_people_as_the_source_does(result, tmp_path):
    """And each id stands beside that person's own row."""
    path = tmp_path / "quality.csv"
    told = CliRunner().invoke(
        app, ["quality", str(result.folder), "--measure", "remission-12-months", "--out", str(path)]
    )
    assert told.exit_code == 0, told.output
    rows = {r["source_person_id"]: r for r in pyarrow.csv.read_csv(path).to_pylist()}
    assert set(rows) == set(PEOPLE)
    assert {p: r["found"] for p, r in rows.items()} == {p: r["found"] for p, r in rows_of(result).items()}
