"""The code sets against diagnoses that nobody here wrote."""

import csv
import os
from collections import defaultdict
from pathlib import Path

import pytest

from stepwell.knowledge import load

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("STEPWELL_DATA", ROOT.parent / "shared" / "data")) / "synpuf50_omop52"
CONDITIONS = {name: codeset for name, codeset in load().codesets.items() if codeset.kind == "condition"}


def sets_of(vocabulary: str, word: str) -> set[str]:
    def covers(code):
        same = word.startswith(code.code) if code.match == "prefix" else word == code.code
        return code.vocabulary == vocabulary and same

    return {
        name
        for name, codeset in CONDITIONS.items()
        if any(map(covers, codeset.codes)) and not any(map(covers, codeset.excluded))
    }


def with_dot(code: str) -> str:
    """An ICD-9-CM code with its dot, which stands after four characters in codes of causes (E950.0)."""
    n = 4 if code.startswith("E") else 3
    return f"{code[:n]}.{code[n:]}".rstrip(".")


@pytest.fixture(scope="module")
def diagnoses() -> list[tuple[str, str, str]]:
    """Person, ICD-9-CM code with its dot, OMOP standard concept."""
    file = DATA / "condition_occurrence.csv"
    if not file.exists():
        pytest.skip("the DE-SynPUF sample is not here; set STEPWELL_DATA to the folder that holds synpuf50_omop52")
    with file.open(encoding="utf-8", newline="") as rows:
        return [
            (row["person_id"], with_dot(row["condition_source_value"]), row["condition_concept_id"])
            for row in csv.DictReader(rows)
        ]  # fmt: skip


def test_source_code_and_standard_concept_lead_to_the_same_sets(diagnoses):
    whole = {name for name, codeset in CONDITIONS.items() if "OMOP" not in codeset.partial}
    differing = {
        (icd, omop)
        for _, icd, omop in diagnoses
        if sets_of("ICD9CM", icd) & whole != sets_of("OMOP", omop) & whole
        or sets_of("OMOP", omop) - sets_of("ICD9CM", icd)
    }
    assert not differing


def test_bipolar_and_demented_people_with_depression_are_not_taken_for_depressed_ones(diagnoses):
    people = defaultdict(set)
    for person, icd, _ in diagnoses:
        for name in sets_of("ICD9CM", icd):
            people[name].add(person)
    assert {name: len(people[name]) for name in ("major-depression", "depression-other", "bipolar", "dementia")} == {
        "major-depression": 5,
        "depression-other": 2,
        "bipolar": 12,
        "dementia": 14,
    }
