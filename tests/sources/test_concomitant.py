"""Drugs that interact with esketamine and ketamine: found in every kind of source, and seen by no trial and no determination."""

from __future__ import annotations

import pytest
from cdm_headers import CONCEPT, DRUG, PERSON, STRENGTH

from stepwell.knowledge.loader import load
from stepwell.runner import run
from stepwell.sources.concomitant import only_interacting

K = load()
PEOPLE = [PERSON, "1,8532,1980,5,17"]
MG = 8576
ANCESTOR = "ancestor_concept_id,descendant_concept_id,min_levels_of_separation,max_levels_of_separation"
LOOKED_FOR = sorted(only_interacting(K).ingredients)


def fill(number, concept_id, value=""):
    return f"{number},1,{concept_id},2020-01-01,,,,30,30,{value},"


def test_every_drug_is_found_by_its_name_in_a_cdm(folder, opened):
    """Two hundred and some products with the label in their names, as whole words; each gives one supply with its last day."""
    labels = {name: K.label_of_drug(name) for name in LOOKED_FOR}
    concept = [
        f'{900 + n},"{labels[d]} 10 MG Oral Tablet",Drug,RxNorm,Clinical Drug,S,x,' for n, d in enumerate(LOOKED_FOR)
    ]
    fills = [fill(100 + n, 900 + n) for n, _ in enumerate(LOOKED_FOR)]
    found = opened(folder(person=PEOPLE, concept=[CONCEPT, *concept], drug_exposure=[DRUG, *fills]))
    assert found.rows("concomitant", "ingredient") == LOOKED_FOR
    assert {str(d) for d in found.rows("concomitant", "end_date")} == {"2020-01-30"}
    assert "concomitant" in found.source.has
    kept = {i for i in found.rows("medication", "ingredient") if i != "selegiline-transdermal"}
    assert not kept


WITH_ID = [d for d in LOOKED_FOR if only_interacting(K).ingredients[d].omop]


@pytest.mark.parametrize("way", ["its own concept", "drug_strength", "concept_ancestor"])
def test_every_drug_with_an_id_is_found_by_it(folder, opened, way):
    """By the ingredient's own concept, and by products that say nothing in their names."""
    ids = [only_interacting(K).ingredients[d].omop[0] for d in WITH_ID]
    products = ids if way == "its own concept" else [90_000_000 + n for n, _ in enumerate(ids)]
    tables = {"person": PEOPLE, "drug_exposure": [DRUG, *(fill(100 + n, p) for n, p in enumerate(products))]}
    if way == "drug_strength":
        tables["drug_strength"] = [STRENGTH, *(f"{p},{i},10,{MG},,,,,," for p, i in zip(products, ids, strict=True))]
    elif way == "concept_ancestor":
        tables["concept_ancestor"] = [ANCESTOR, *(f"{i},{p},1,1" for p, i in zip(products, ids, strict=True))]
    found = opened(folder(**tables))
    assert found.rows("concomitant", "ingredient") == WITH_ID


def test_the_partner_in_a_combination_is_found(folder, opened):
    """Chlordiazepoxide with amitriptyline counts as amitriptyline among the trials, and is a depressant all the same."""
    concept = [CONCEPT, '900,"amitriptyline 25 MG / chlordiazepoxide 10 MG Oral Tablet",Drug,RxNorm,Clinical Drug,S,x,']
    found = opened(folder(person=PEOPLE, concept=concept, drug_exposure=[DRUG, fill(1, 900)]))
    assert found.rows("medication", "ingredient") == ["amitriptyline"]
    assert found.rows("concomitant", "ingredient") == ["chlordiazepoxide"]


RECORDS = {
    "person": ["person_id,birth_date", "anna,1980-05-17"],
    "observation_period": ["person_id,start_date,end_date", "anna,2018-01-01,2025-06-30"],
    "condition": ["person_id,condition_date,vocabulary,code", "anna,2025-01-05,ICD10CM,F33.1"],
    "medication": [
        "person_id,drug,start_date,end_date,mg_per_day",
        "anna,sertraline,2025-01-10,2025-02-13,100",
        "anna,venlafaxine,2025-02-20,2025-06-30,150",
    ],
    "measurement": ["person_id,measured_date,instrument,total", "anna,2025-01-08,phq-9,19", "anna,2025-02-12,phq-9,18"],
}
NOT_DERIVED = {"concomitant", "attrition"}


def test_they_change_no_determination_and_no_derived_row(tmp_path):
    """The same person with and without every drug of the list, by every definition that these records can answer."""
    results = {}
    more = [f"anna,{K.label_of_drug(d)},2025-03-01,2025-04-01," for d in LOOKED_FOR if d != "selegiline"]
    for name, lines in (("without", []), ("with", more)):
        place = tmp_path / name
        place.mkdir()
        for table, rows in RECORDS.items():
            text = "\n".join([*rows, *(lines if table == "medication" else [])]) + "\n"
            (place / f"{table}.csv").write_text(text, encoding="utf-8")
        results[name] = run(place, tmp_path / f"result-{name}", definitions=["all"])
    with_, without = results["with"], results["without"]
    assert with_.table("concomitant").count().to_pyarrow().as_py() == len(more)
    assert set(with_.tables) == set(without.tables)
    for name in set(with_.tables) - NOT_DERIVED:
        assert with_.table(name).to_pyarrow().equals(without.table(name).to_pyarrow()), name
