"""Orders and fills: which rows say that a drug was supplied, and what a definition that reads only these says."""

from __future__ import annotations

import ibis
import pytest

import stepwell
from stepwell.knowledge.loader import load
from stepwell.sources import open_source
from stepwell.sources.coverage import find_coverage

SERTRALINE, FLUOXETINE = 739138, 755695
WRITTEN, DISPENSED, ORDERED, FILLED, CLAIMED, GIVEN, LISTED = 38000177, 38000175, 32838, 32825, 32869, 32818, 38000178
DRUG = "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_type_concept_id,days_supply,quantity"
CONCEPT = "concept_id,concept_name,domain_id,vocabulary_id,concept_code"
NAMED = (
    CONCEPT,
    "581452,Dispensed in Outpatient office,Type Concept,Drug Type,OMOP4822253",
    "99000001,Prescription of some country,Type Concept,Type Concept,x",
    "38000178,Medication list entry,Type Concept,Drug Type,y",
    f"{SERTRALINE},sertraline,Drug,RxNorm,36437",
    f"{FLUOXETINE},fluoxetine,Drug,RxNorm,4493",
)
FORM = """\
id: two-drugs
version: 1
status: draft
title: Two drugs taken
summary: Two antidepressants for four weeks each.
who: {}
trials:
  medication_evidence: {is: EVIDENCE, choice: For a test.}
branch:
  - trial:
      role: {is: antidepressant, choice: For a test.}
      use: {is: any, choice: For a test.}
      min_duration: {at_least: 28 days, choice: For a test.}
    failure:
      taken: {choice: For a test.}
    count: {at_least: 2 trials, distinct: ingredient, choice: For a test.}
    within: {is: ever, choice: For a test.}
    dated: {at: trial start, choice: For a test.}
"""


@pytest.fixture
def folder(tmp_path):
    def write(drugs: list[tuple], concept: tuple[str, ...] = (), n_people: int = 9):
        place = tmp_path / f"cdm{len(list(tmp_path.iterdir()))}"
        place.mkdir()
        people = [f"{n},8532,1980" for n in range(1, n_people + 1)]
        tables = {
            "person": ["person_id,gender_concept_id,year_of_birth", *people],
            "observation_period": [
                "observation_period_id,person_id,observation_period_start_date,observation_period_end_date",
                *(f"{n},{n},2015-01-01,2025-12-31" for n in range(1, n_people + 1)),
            ],
            "drug_exposure": [DRUG, *(",".join(map(str, (n, *row))) for n, row in enumerate(drugs, 1))],
        }
        tables |= {"concept": list(concept)} if concept else {}
        for name, lines in tables.items():
            (place / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return place

    return write


def supplied(place) -> dict[str, bool | None]:
    con = ibis.duckdb.connect()
    rows = con.to_pyarrow(open_source(place, con, load()).tables["medication"]).to_pylist()
    return {row["address"].partition("/")[2]: row["is_supplied"] for row in rows}


def test_the_type_of_an_omop_record_says_whether_it_was_supplied(folder):
    kinds = (WRITTEN, ORDERED, DISPENSED, FILLED, CLAIMED, GIVEN, LISTED, 0)
    rows = [(n, SERTRALINE, "2020-01-01", kind, 30, 30) for n, kind in enumerate(kinds, 1)]
    assert supplied(folder(rows)) == dict(
        zip("12345678", (None, None, True, True, True, True, None, None), strict=True)
    )
    rows = [(1, SERTRALINE, "2020-01-01", 581452, 30, 30), (2, SERTRALINE, "2020-01-01", 99000001, 30, 30)]
    assert supplied(folder(rows, NAMED)) == {"1": True, "2": None}


def test_an_order_that_was_dispensed_is_one_supply_in_omop_too(folder):
    """An order is left out only for a fill of its drug while it is valid; a fill of another drug shows that fills are known."""
    rows = [
        (1, SERTRALINE, "2020-01-01", ORDERED, 30, 30),
        (1, SERTRALINE, "2020-01-02", FILLED, 30, 30),
        (2, SERTRALINE, "2022-01-01", ORDERED, 30, 30),
        (2, SERTRALINE, "2015-01-02", FILLED, 30, 30),
        (3, SERTRALINE, "2020-01-01", ORDERED, 30, 30),
        (3, FLUOXETINE, "2020-12-31", FILLED, 30, 30),
        (4, SERTRALINE, "2020-01-01", ORDERED, 30, 30),
        (4, FLUOXETINE, "2021-01-01", FILLED, 30, 30),
        (5, SERTRALINE, "2020-01-02", ORDERED, 30, 30),
        (5, SERTRALINE, "2020-01-01", FILLED, 30, 30),
    ]
    found = supplied(folder(rows))
    assert found == {
        "2": True,
        "3": None,
        "4": True,
        "5": False,
        "6": True,
        "7": None,
        "8": True,
        "9": False,
        "10": True,
    }


def test_a_folder_of_csv_files_may_say_it(tmp_path):
    from stepwell.sources.template import write_template

    place = tmp_path / "own"
    write_template(place)
    with (place / "person.csv").open("a") as file:
        file.write("a,1980,,\n")
    lines = ["sertraline,2020-01-01,prescription", "fluoxetine,2020-02-01,dispensing", "citalopram,2020-03-01,supply"]
    lines += ["mirtazapine,2020-04-01,", "sertraline,2020-05-01,dispensing"]
    header = "person_id,drug,start_date,kind\n"
    (place / "medication.csv").write_text(header + "".join(f"a,{line}\n" for line in lines))
    con = ibis.duckdb.connect()
    rows = con.to_pyarrow(open_source(place, con, load()).tables["medication"]).to_pylist()
    assert {(row["ingredient"], row["is_supplied"]) for row in rows} == {
        ("fluoxetine", True), ("citalopram", None), ("mirtazapine", None), ("sertraline", True),
    }  # fmt: skip


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """What the two forms say of five people: their records, their verdicts, the result."""
    place = tmp_path_factory.mktemp("verdicts")
    cdm = place / "cdm"
    cdm.mkdir()
    rows = [
        # 1: two fills. 2: a fill and an order of that time. 3: a fill and an order years later. 4: orders only. 5: nothing said.
        (1, SERTRALINE, "2020-01-01", FILLED), (1, FLUOXETINE, "2020-03-01", FILLED),
        (2, SERTRALINE, "2020-01-01", FILLED), (2, FLUOXETINE, "2020-03-01", ORDERED),
        (3, SERTRALINE, "2016-01-01", FILLED), (3, FLUOXETINE, "2020-03-01", ORDERED),
        (4, SERTRALINE, "2020-01-01", ORDERED), (4, FLUOXETINE, "2020-03-01", ORDERED),
        (5, SERTRALINE, "2020-01-01", 0), (5, FLUOXETINE, "2020-03-01", 0),
    ]  # fmt: skip
    drugs = [f"{n},{p},{d},{day},{kind},60,60" for n, (p, d, day, kind) in enumerate(rows, 1)]
    people = range(1, 6)
    tables = {
        "person": ["person_id,gender_concept_id,year_of_birth", *(f"{n},8532,1980" for n in people)],
        "observation_period": [
            "observation_period_id,person_id,observation_period_start_date,observation_period_end_date",
            *(f"{n},{n},2015-01-01,2025-12-31" for n in people),
        ],
        "drug_exposure": [DRUG, *drugs],
    }
    for name, lines in tables.items():
        (cdm / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    files = []
    for evidence in ("prescribed", "supplied"):
        files.append(place / f"{evidence}.yaml")
        files[-1].write_text(FORM.replace("two-drugs", evidence).replace("EVIDENCE", evidence), encoding="utf-8")
    result = stepwell.run(cdm, place / "out", definition_files=files, definitions=())
    said = {}
    for row in result.table("determination").to_pyarrow().to_pylist():
        said.setdefault(row["definition"].partition("@")[0], {})[row["person_id"]] = row["verdict"]
    return cdm, said, result


def test_what_a_definition_reads_is_its_own_choice(verdicts):
    _cdm, said, _result = verdicts
    words = {True: "met", False: "not met", None: "unknown"}
    shown = {name: [words.get(v, v) for _n, v in sorted(of.items())] for name, of in said.items()}
    assert shown["prescribed"] == ["met"] * 5
    assert shown["supplied"] == ["met", "not met", "unknown", "unknown", "unknown"]


def test_the_evidence_says_what_is_not_known(verdicts):
    _cdm, _said, result = verdicts
    rows = [r for r in result.evidence("4") if r["definition"].startswith("supplied") and r["criterion"] == "count"]
    assert [("nobody recorded whether every drug" in r["found"], r["verdict"]) for r in rows] == [(True, "unknown")]
    rows = [r for r in result.evidence("4") if r["definition"].startswith("prescribed")]
    assert not any("nobody recorded whether" in r["found"] for r in rows)


def test_check_counts_them_and_says_who_asks(verdicts):
    cdm, _said, result = verdicts
    con, knowledge = ibis.duckdb.connect(), load()
    source = open_source(cdm, con, knowledge)
    coverage = find_coverage(source, knowledge)
    text = coverage.as_markdown(source, knowledge)
    assert (
        "4 of these rows say that the drug was supplied; 1 are prescriptions that were never dispensed; 5 do not say"
        in text
    )
    assert "(here none)" in text
    supplied_form = next(d for d in result.definitions if d.id == "supplied")
    assert coverage.missing_for(supplied_form) == []


def test_records_of_orders_alone_cannot_answer_what_was_supplied(folder, verdicts):
    con, knowledge = ibis.duckdb.connect(), load()
    source = open_source(folder([(1, SERTRALINE, "2020-01-01", ORDERED, 30, 30)]), con, knowledge)
    coverage = find_coverage(source, knowledge)
    form = {d.id: d for d in verdicts[2].definitions}
    assert coverage.missing_for(form["prescribed"]) == []
    assert [m.partition(",")[0] for m in coverage.missing_for(form["supplied"])] == [
        "no drug record says that the drug was supplied"
    ]
