"""Records whose drugs nobody can identify, and hospital records: nobody is "not met" for want of a drug, and every page says
why."""

from __future__ import annotations

from collections import Counter

import pytest
from typer.testing import CliRunner

from stepwell.candidacy import assess
from stepwell.cli import app
from stepwell.engines import connect
from stepwell.knowledge.loader import load
from stepwell.report.page import render_report
from stepwell.report.quality import quality
from stepwell.result import Result
from stepwell.runner import run
from stepwell.sources import open_source
from stepwell.sources.coverage import find_coverage

SERTRALINE, CITALOPRAM, IBUPROFEN = 739138, 797617, 1177480
SAID = "that nobody could identify"
PEOPLE = 6


def write(place, tables: dict[str, list[str]]):
    for name, lines in tables.items():
        (place / f"{name}.csv").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return place


def cdm(drugs: list[str], **more: list[str]) -> dict[str, list[str]]:
    """Six people, observed for ten years, with a diagnosis each and these drug rows."""
    ids = range(1, PEOPLE + 1)
    return {
        "person": ["person_id,gender_concept_id,year_of_birth", *(f"{i},8532,1970" for i in ids)],
        "observation_period": [
            "observation_period_id,person_id,observation_period_start_date,observation_period_end_date",
            *(f"{i},{i},2012-01-01,2021-12-31" for i in ids),
        ],
        "condition_occurrence": [
            "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_source_value",
            *(f"{10 * i + n},{i},0,2015-0{n}-01,F33.1" for i in ids for n in (1, 2, 3)),
        ],
        "drug_exposure": [
            "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_end_date,"
            "drug_type_concept_id,days_supply,quantity,visit_occurrence_id",
            *(f"{n},{line}" for n, line in enumerate(drugs, 1)),
        ],
        **more,
    }


LOCAL = ["concept_id,concept_name,domain_id,vocabulary_id,concept_code", "2000000001,Ward 7,Visit,Local,7"]


def unidentified(concept: bool) -> dict[str, list[str]]:
    """Clinical drugs that no vocabulary table holds."""
    drugs = [f"{i},{40000000 + i},2016-0{m}-01,,38000177,30,30," for i in range(1, PEOPLE + 1) for m in (1, 2, 3)]
    return cdm(drugs, **({"concept": LOCAL} if concept else {}))


@pytest.fixture(scope="module", params=[True, False], ids=["local concepts only", "no concept table"])
def unknown(request, tmp_path_factory) -> Result:
    place = tmp_path_factory.mktemp("unknown")
    (place / "records").mkdir()
    # The second is asked the definitions of a default run only: writing the plan of all takes most of a minute.
    asked = ["cepeda-2018", "li-2019", "ohdsi-1009-code", "us-label"] if request.param else []
    return run(write(place / "records", unidentified(request.param)), place / "result", definitions=asked)


def told(*arguments) -> str:
    """What a command prints, without its line breaks, which hang on the terminal."""
    return " ".join(CliRunner().invoke(app, [str(a) for a in arguments]).output.split())


def test_nobody_is_not_met_for_want_of_a_drug(unknown):
    rows = unknown.table("determination").to_pyarrow().to_pylist()
    assert {r["definition"] for r in rows} == {d.name for d in unknown.definitions}
    assert Counter(r["verdict"] for r in rows) == {"unknown": PEOPLE * len(unknown.definitions)}


def test_the_evidence_of_a_person_says_why(unknown):
    text = told("why", unknown.folder, "3")
    assert "No antidepressant or added drug in these records" not in text
    first = text.index("3 of the 3 drug rows of this person are of drugs that nobody could identify")
    assert first < text.index("No antidepressant or added drug among the drugs that are known of this person.")
    counts = [r for r in unknown.evidence("3") if r["criterion"] == "count"]
    assert counts
    assert all("not every drug of this person is known" in r["found"] for r in counts)
    assert not any("never observed" in r["found"] for r in counts)
    # The person has the diagnosis. Where there is no day up to which it would be counted, 0 would deny it.
    of_diagnosis = [r for r in unknown.evidence("3") if r["criterion"] == "who.diagnosis"]
    assert of_diagnosis
    for row in of_diagnosis:
        if row["verdict"] == "unknown":
            assert row["found"].startswith("No index day up to which a diagnosis of Major depression")
            assert row["value"] is None


def test_the_report_and_the_quality_measures_say_it_first(unknown):
    html = render_report(unknown)
    assert 0 < html.index(SAID) < html.index('class="notice"')
    assert "<strong>18 of 18 drug rows (100 %), of 6 people, are of drugs" in html
    rows = quality(unknown, ["amm-acute"]).to_pylist()
    assert [r["included"] for r in rows] == ["unknown"] * PEOPLE
    text = told("quality", unknown.folder, "--measure", "amm-acute")
    assert text.index(SAID) < text.index("perhaps in it")


def test_candidacy_reads_no_absence(unknown):
    """What is asked of drugs is unknown, and no drug counts as looked for and not found."""
    asked = ("trd.", "adequate", "antidepressant", "maoi")
    lines = [line for part in assess(unknown, "3")[1] for line in part.lines]
    drugs = [line for line in lines if line.definition is not None or any(a in line.path.lower() for a in asked)]
    assert len(drugs) > 5
    assert {line.stands for line in drugs if line.definition is not None} == {"unknown"}
    assert not any(line.found.is_none_recorded for line in lines if "maoi" in line.path.lower())


@pytest.mark.parametrize("concept", [True, False])
def test_check_says_what_cannot_be_answered_and_why(tmp_path, concept):
    knowledge = load()
    with connect(str(write(tmp_path, unidentified(concept)))) as place:
        opened = open_source(place.location, place.engine.tables, knowledge)
        coverage = find_coverage(opened, knowledge)
    text = coverage.as_markdown(opened, knowledge)
    assert text.index(SAID) < text.index("## Records")
    assert "CONCEPT_ANCESTOR and DRUG_STRENGTH (from athena.ohdsi.org)" in text
    assert (
        "Of 18 drug rows: 0 (0 %) of drugs that are looked for, 0 (0 %) of other known drugs, 18 (100 %) unidentified."
        in text
    )
    assert "an be answered**:" not in text
    assert "Can be asked" not in text
    assert "**Cannot be answered, and nobody is “not met” for want of a drug**" in text
    assert "No antidepressant and no other" not in text


def test_one_persons_unidentified_drug_is_that_persons_alone(tmp_path):
    """One row of a hundred: the others are judged as before."""
    known = "concept_id,concept_name,domain_id,vocabulary_id,concept_code"
    known = [known, f"{IBUPROFEN},ibuprofen 200 MG Oral Tablet,Drug,RxNorm,x"]
    drugs = [f"{i % PEOPLE + 1},{IBUPROFEN},2016-01-01,,38000177,30,30," for i in range(99)]
    records = write(tmp_path, cdm([*drugs, "2,40000001,2016-01-01,,38000177,30,30,"], concept=known))
    result = run(records, definitions=["cepeda-2018"])
    rows = {r["person_id"]: r["verdict"] for r in result.table("determination").to_pyarrow().to_pylist()}
    assert rows == {i: "unknown" if i == 2 else "not met" for i in range(1, PEOPLE + 1)}


def test_hospital_records_say_nothing_of_what_was_taken_between(tmp_path):
    """Two stays, a drug in each: no switch is certain, nor is anything not met. A fill outside the hospital makes it one."""
    stays = ["visit_occurrence_id,person_id,visit_concept_id,visit_start_date"]
    drugs = []
    for i in range(1, PEOPLE + 1):
        stays += [
            f"{10 * i},{i},9201,2016-01-01",
            f"{10 * i + 1},{i},262,2016-02-01",
            f"{10 * i + 2},{i},9202,2016-02-03",
        ]
        drugs += [f"{i},{SERTRALINE},2016-01-0{d},2016-01-0{d},32838,,1,{10 * i}" for d in (1, 2, 3)]
        drugs += [f"{i},{CITALOPRAM},2016-02-0{d},2016-02-0{d},32838,,1,{10 * i + 1}" for d in (1, 2)]
    drugs.append(f"6,{CITALOPRAM},2016-02-03,2016-03-10,32838,30,30,62")
    records = write(tmp_path, cdm(drugs, visit_occurrence=stays))
    result = run(records, definitions=["definitions-matter-1-class", "cepeda-2018"])
    rows = result.table("determination").to_pyarrow().to_pylist()
    verdicts = {(r["definition"].split("@")[0], r["person_id"]): r["verdict"] for r in rows}
    for person in range(1, PEOPLE):
        assert verdicts["definitions-matter-1-class", person] == "unknown"
        assert verdicts["cepeda-2018", person] == "unknown"
    assert verdicts["definitions-matter-1-class", 6] == "met"
    assert verdicts["cepeda-2018", 6] == "not met"
    assert "stays is unknown" in render_report(result)
    text = told("why", result.folder, "1")
    assert "Only drugs given in hospital or by staff are recorded" in text


def test_a_drug_without_a_day_is_not_no_drug(tmp_path):
    """The second antidepressant of one person has no day that can be read: whether two were taken in time is unknown."""
    two = [(SERTRALINE, "2016-01-01"), (CITALOPRAM, "2016-04-01")]
    drugs = [f"{i},{drug},{day},,38000177,60,60," for i in (1, 2) for drug, day in two]
    drugs[-1] = f"2,{CITALOPRAM},2016-04,,38000177,60,60,"
    drugs += [f"3,{SERTRALINE},2016-01-01,,38000177,60,60,", f"3,{IBUPROFEN},,,38000177,60,60,"]
    concepts = [
        "concept_id,concept_name,domain_id,vocabulary_id,concept_code,concept_class_id",
        f"{SERTRALINE},sertraline,Drug,RxNorm,36437,Ingredient",
        f"{CITALOPRAM},citalopram,Drug,RxNorm,2556,Ingredient",
        f"{IBUPROFEN},ibuprofen,Drug,RxNorm,5640,Ingredient",
    ]
    result = run(
        write(tmp_path, cdm(drugs, concept=concepts)), tmp_path / "out", definitions=["fabbri-2021"], stagings=()
    )
    rows = result.table("incomplete_medication").to_pyarrow().to_pylist()
    undated = {"reason": "drugs without a day", "ingredient": "citalopram"}
    assert rows == [{"person_id": 2, **undated, "n_rows": 1, "n_of": 2}]
    said = {r["person_id"]: r["verdict"] for r in result.table("determination").to_pyarrow().to_pylist()}
    assert (said[2], said[3]) == ("unknown", "not met")
    assert result.drug_rows["n_with_undated"] == 1
    told = CliRunner().invoke(app, ["why", str(tmp_path / "out"), "2"]).output
    assert "1 of the 2 drug rows of this person have no day (citalopram)" in " ".join(told.split())


ALPRAZOLAM = 781039


@pytest.mark.parametrize("shape", ["omop", "own"])
def test_a_drug_that_only_interacts_and_has_no_day_is_told_and_opens_no_trial(tmp_path, shape):
    """Its row was left out as that of any other drug: whether it is taken was then "none recorded"."""
    if shape == "omop":
        concepts = ["concept_id,concept_name,domain_id,vocabulary_id,concept_code,concept_class_id"]
        named = ((SERTRALINE, "sertraline", 36437), (ALPRAZOLAM, "alprazolam", 596))
        concepts += [f"{id_},{name},Drug,RxNorm,{code},Ingredient" for id_, name, code in named]
        drugs = [f"1,{SERTRALINE},2016-01-01,,38000177,60,60,", f"1,{ALPRAZOLAM},,,38000177,60,60,"]
        folder = write(tmp_path, cdm(drugs, concept=concepts))
    else:
        rows = ["person_id,drug,start_date,end_date", "1,sertraline,2016-01-01,2016-03-01", "1,alprazolam,9999-12-31,"]
        ill = ["person_id,condition_date,vocabulary,code", "1,2016-01-01,stepwell,major-depression"]
        seen = ["person_id,start_date,end_date", "1,2012-01-01,2021-12-31"]
        born = ["person_id,birth_date", "1,1980"]
        folder = write(tmp_path, {"person": born, "medication": rows, "condition": ill, "observation_period": seen})
    result = run(folder, tmp_path / "out", definitions=["fabbri-2021"], stagings=())
    (row,) = result.table("incomplete_medication").to_pyarrow().to_pylist()
    assert (row["reason"], row["ingredient"], row["n_rows"]) == ("interacting drugs without a day", "alprazolam", 1)
    (drugs,) = {r["verdict"] for r in result.table("determination").to_pyarrow().to_pylist()}
    assert drugs == "not met"
    assert result.drug_rows["n_with_undated_interacting"] == 1
    told = " ".join(CliRunner().invoke(app, ["why", str(tmp_path / "out"), "1"]).output.split())
    assert "are of a drug that only interacts and have no day (alprazolam): whether it is taken is unknown" in told
