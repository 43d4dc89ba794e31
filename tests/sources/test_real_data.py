"""Records that nobody here wrote: what is found in them must not change unnoticed."""

from __future__ import annotations

from collections import Counter

import pytest

from stepwell.runner import run
from stepwell.sources import find_coverage


def test_synpuf_has_87_antidepressant_rows_in_22_people(real_data, opened):
    synpuf = opened(real_data / "synpuf50_omop52")
    coverage = find_coverage(synpuf.source, synpuf.knowledge)
    drugs = [i.ingredient for i in coverage.ingredients if i.role == "antidepressant"]
    medication = synpuf.source.tables["medication"]
    rows = synpuf.con.to_pyarrow(medication.filter(medication.ingredient.isin(drugs))).to_pylist()
    assert len({r["address"] for r in rows}) == len(rows) == 87
    assert len({r["person_id"] for r in rows}) == 22
    assert synpuf.lost("found by the source's own entry") == [("kept", 4)]
    assert synpuf.source.drug_rows.n_rows == 2140
    assert sum(r["mg_per_day"] is None for r in rows) == 4
    assert {r["dose_basis"] for r in rows if r["mg_per_day"] is None} == {
        "unknown: no quantity",
        "unknown: no days' supply",
    }


def test_synpuf_combination_counts_as_its_antidepressant_part_only(real_data, opened):
    synpuf = opened(real_data / "synpuf50_omop52")
    names = synpuf.con.read_csv(real_data / "synpuf50_omop52" / "concept.csv", all_varchar=True)
    exposure = synpuf.con.read_csv(real_data / "synpuf50_omop52" / "drug_exposure.csv", all_varchar=True)
    joined = exposure.join(names, exposure.drug_concept_id == names.concept_id)
    mixed = joined.filter(joined.concept_name.ilike("%amitriptyline%perphenazine%"))
    addresses = {f"drug_exposure/{i}" for i in mixed.drug_exposure_id.to_pyarrow().to_pylist()}
    found = dict(synpuf.rows("medication", "address", "ingredient"))
    assert len(addresses) == 6
    assert {found[a] for a in addresses} == {"amitriptyline"}


@pytest.mark.parametrize(
    ("name", "antidepressants", "people", "scores"),
    [("synthea1k_omop54_omoplite", 7, 7, 0), ("synthea27nj_omop54", 0, 0, 15)],
)
def test_synthea_has_no_usable_score(real_data, opened, name, antidepressants, people, scores):
    synthea = opened(real_data / name)
    coverage = find_coverage(synthea.source, synthea.knowledge)
    drugs = [i for i in coverage.ingredients if i.role == "antidepressant"]
    assert (sum(i.n_rows for i in drugs), sum(i.n_people for i in drugs)) == (antidepressants, people)
    assert sum(i.n_rows for i in coverage.instruments) == scores
    assert sum(i.n_usable for i in coverage.instruments) == 0
    scored = synthea.knowledge.definitions["sforzini-2022"]
    assert any("cannot be judged by improvement" in reason for reason in coverage.missing_for(scored))


def test_real_folders_are_numbered_in_the_order_of_their_ids(real_data, opened):
    synpuf = opened(real_data / "synpuf50_omop52")
    people = synpuf.source.tables["person"].order_by("person_id")
    ids = [int(i) for i in synpuf.con.to_pyarrow(people.source_person_id).to_pylist()]
    assert ids == sorted(ids)
    assert len(ids) == 50


def test_synpuf_diagnoses_are_read_in_icd_9_cm(real_data, opened):
    """What candidacy asks is found in a source of ICD-9-CM codes, and its absence counts there."""
    synpuf = opened(real_data / "synpuf50_omop52")
    condition = synpuf.source.tables["condition"]
    found = condition.group_by("codeset").agg(n=condition.count()).to_pyarrow().to_pylist()
    asked = ("aneurysm", "cardiovascular-event", "heart-or-lung-disease", "suicidality")
    assert {r["codeset"]: r["n"] for r in found if r["codeset"] in asked} == dict(
        zip(asked, (9, 86, 580, 1), strict=True)
    )
    gaps = synpuf.con.to_pyarrow(synpuf.source.tables["code_gap"]).to_pylist()
    hidden = {g["codeset"] for g in gaps if g["record"] == "condition"}
    assert not hidden & {*asked, "major-depression", "bipolar", "psychosis", "dementia", "substance-use"}
    assert synpuf.lost("rows coded in ICD9CM") == [("kept", 5121), ("kept", 313)]


def test_synthea_rows_whose_concept_is_not_held_are_read_by_their_value(real_data, opened):
    synthea = opened(real_data / "synthea1k_omop54_omoplite")
    assert synthea.lost("rows coded in SNOMED, by the source value") == [("kept", 314)]
    # Every diagnosis is written among the observations too, and is one all the same.
    condition = synthea.source.tables["condition"]
    counted = condition.group_by("codeset").agg(n=condition.count()).to_pyarrow().to_pylist()
    found = {r["codeset"]: r["n"] for r in counted}
    asked = ("cardiovascular-event", "major-depression", "pregnancy", "substance-use")
    assert [found[name] for name in asked] == [102, 3, 574, 10]
    assert synthea.lost("that stand among the diagnoses too") == [("corrected", 922)]
    gaps = synthea.con.to_pyarrow(synthea.source.tables["code_gap"]).to_pylist()
    # Without concept_ancestor nobody knows what lies below the codes of a set.
    of_bipolar = [g for g in gaps if g["codeset"] == "bipolar"]
    assert (len(of_bipolar), {g["first_date"] for g in of_bipolar}) == (1130, {None})


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "synpuf50_omop52",
            {"cepeda-2018": (1, 25, 24), "fabbri-2021": (0, 43, 7), "li-2019": (0, 39, 11), "us-label": (0, 39, 11)},
        ),
        (
            "synthea1k_omop54_omoplite",
            {"cepeda-2018": (0, 802, 328), "fabbri-2021": (0, 805, 325), "li-2019": (0, 802, 328)},
        ),
    ],
)
def test_the_verdicts_that_the_page_tells(real_data, tmp_path, name, expected):
    """Met, not met, unknown, as docs/real-data.md says them of a default run."""
    result = run(real_data / name, tmp_path / "result")
    rows = result.table("determination").to_pyarrow().to_pylist()
    counted = Counter((r["definition"].split("@")[0], r["verdict"]) for r in rows)
    found = {d.id: tuple(counted[d.id, v] for v in ("met", "not met", "unknown")) for d in result.definitions}
    assert found == expected
