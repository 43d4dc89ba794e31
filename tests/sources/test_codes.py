"""Which diagnoses and procedures belong to which code set."""

from __future__ import annotations

import dataclasses
import random

import duckdb
import pytest
from cdm_headers import CONCEPT, CONDITION, DRUG, PERSON, SERTRALINE

from stepwell.knowledge.forms import Code, Codeset
from stepwell.knowledge.loader import load
from stepwell.sources import find_coverage
from stepwell.sources.source_value import SHAPES

PEOPLE = [PERSON, "1,8532,1980,5,17"]
ANCESTOR = "ancestor_concept_id,descendant_concept_id,min_levels_of_separation,max_levels_of_separation"


def code(vocabulary: str, code: str, match: str = "exact", included: str = "yes") -> Code:
    return Code(vocabulary=vocabulary, code=code, match=match, included=included, choice="made for this test")


GLOOM = Codeset(
    id="gloom",
    kind="condition",
    label="Gloom",
    scope="made for this test",
    status="draft",
    choice="made for this test",
    codes=(code("OMOP", "100", "descendants"), code("ICD10CM", "F32", "prefix"), code("ICD9CM", "296.2", "prefix")),
    excluded=(code("OMOP", "130", "descendants", "no"), code("ICD10CM", "F32.81", "exact", "no")),
)
SNOMED = code("SNOMED", "1000001")
DULL = dataclasses.replace(load(), codesets={"gloom": GLOOM, "all-f": GLOOM.model_copy(update={"id": "all-f"})})
TREE = [ANCESTOR, "100,100,0,0", "100,110,1,1", "100,130,1,1", "130,130,0,0", "130,131,1,1", "100,131,2,2"]
CONCEPTS = [
    CONCEPT,
    "100,Gloom,Condition,SNOMED,Finding,S,1000001,",
    "110,Deep gloom,Condition,SNOMED,Finding,S,1100001,",
    "131,Gloom that swings,Condition,SNOMED,Finding,S,1310001,",
    "201,Gloom (ICD),Condition,ICD10CM,Code,,F32.1,",
    "202,Monthly gloom,Condition,ICD10CM,Code,,F32.81,",
    "203,Something else,Condition,Local,Code,,F32.1,",
]


@pytest.fixture
def gloom(folder, opened):
    """Addresses, vocabularies and codes of the rows in the set, given rows and vocabulary tables."""

    def read(*rows: str, **vocabulary: list[str]):
        lines = [CONDITION, *(f"{n},1,{row}" for n, row in enumerate(rows, 1))]
        found = opened(
            folder(person=PEOPLE, drug_exposure=[DRUG], condition_occurrence=lines, **vocabulary), knowledge=DULL
        )
        rows_found = found.rows("condition", "address", "codeset", "vocabulary", "code")
        return [(int(a.split("/")[1]), v, c) for a, s, v, c in rows_found if s == "gloom"], found

    return read


@pytest.mark.parametrize(("named", "expected"), [({"concept": CONCEPTS}, ("SNOMED", "1100001")), ({}, ("OMOP", "110"))])
def test_what_lies_below_belongs_and_what_is_taken_out_does_not(gloom, named, expected):
    rows = ("110,2020-01-01,,0", "131,2020-01-02,,0", "130,2020-01-03,,0", "999,2020-01-04,,0")
    assert gloom(*rows, concept_ancestor=TREE, **named)[0] == [(1, *expected)]


def test_without_a_hierarchy_only_the_concept_itself_and_that_is_said(gloom):
    (found, source) = gloom("110,2020-01-01,,0", "100,2020-01-02,,0")
    assert [n for n, *_code in found] == [2]
    assert source.lost("everything below") == [("kept", 0)]


def test_an_excluded_code_wins_in_whichever_column_it_stands(gloom):
    rows = ("100,2020-01-01,F32.81,202", "131,2020-01-02,F32.1,201", "100,2020-01-03,F32.1,201")
    assert gloom(*rows, concept=CONCEPTS, concept_ancestor=TREE)[0] == [(3, "ICD10CM", "F32.1")]


@pytest.mark.parametrize(
    ("standard", "source", "belongs"),
    [
        (0, 201, True),
        (0, 203, False),
        (0, 999, True),
        (0, 0, True),
        (999, 999, True),
        (0, "", True),
        (2000000001, 999, True),
    ],
    ids=["held", "held, local", "not held", "none", "neither is held", "empty", "local ones"],
)
def test_a_source_value_counts_unless_the_concept_table_holds_the_source_concept(gloom, standard, source, belongs):
    """A source concept that the concept table lacks must not hide the ICD code that stands beside it."""
    assert bool(gloom(f"{standard},2020-01-01,F32.1,{source}", concept=CONCEPTS)[0]) is belongs


def test_the_source_concept_tells_the_vocabulary_of_its_value(gloom):
    rows = ("0,2020-01-01,F32.1,203", "0,2020-01-02,F32.1,0", "0,2020-01-03,F32.1,201")
    assert [n for n, *_code in gloom(*rows, concept=CONCEPTS)[0]] == [2, 3]


@pytest.mark.parametrize(
    ("value", "belongs"),
    [
        ("F32.1", True),
        ("f321", True),
        (" F32.1 ", True),
        ("F32.81", False),
        ("F3", False),
        ("296.20", True),
        ("29620", True),
        ("2962", True),
        ("296201", False),
        ("29620001", False),
        ("ICD10CM:F32.1", True),
        ("icd-10-cm: f32.1", True),
        ("ICD10:F32.1", True),
        ("ICD9:F32.1", False),
        ("SNOMED:296", False),
        ("F32.1 - gloom", True),
        ("F32.1: gloom", True),
        ("F32.1 gloom of 2 weeks", True),
        ("F32.1 | gloom", True),
        ("F32.1+", True),
        ("F32.", True),
        ("F32.81 - monthly", False),
        ("296.2 - gloom", True),
        ("296 people", False),
        ('"F32.1, F41.1"', False),
        ("F32.1;F41.1", False),
        ("F32.1 F41.1", False),
        ("gloom F32.1", False),
        ("NULL", False),
        ("", False),
    ],
)
def test_bare_source_values(gloom, value, belongs):
    assert bool(gloom(f"0,2020-01-01,{value},0")[0]) is belongs


GAPS = ("person_id", "codeset", "first_date", "n_rows")


@pytest.mark.parametrize(
    ("row", "gap"),
    [
        ("100,2020-01-01,,0", set()),
        ("999,2020-01-01,,0", set()),
        ("0,2020-01-01,F32.1,0", set()),
        ("0,2020-01-01,Z99.9,0", set()),
        ("0,2020-01-01,Z99.9,999", set()),
        ("0,2020-01-01,,201", set()),
        ("0,2020-01-01,1000001,0", {"gloom"}),
        ("0,2020-01-01,V62.84,0", {"by-icd10"}),
        ("0,2020-01-01,296.2,0", {"by-icd10"}),
        ("0,2020-01-01,,0", {None}),
        ("0,2020-01-01,,203", {None}),
        ("0,2020-01-01,gloom,0", {None}),
        ("2000000001,2020-01-01,local 7,0", {None}),
        ("0,2020-01-01,F32.1;F41.1,0", {None}),
    ],
)
def test_whose_codes_could_not_be_read(folder, opened, row, gap):
    """A row is read by a set that holds codes of its vocabulary; one that nobody could identify may be of any set."""
    by_icd10 = Codeset(**{**dict(GLOOM), "id": "by-icd10", "excluded": ()})
    by_icd10 = by_icd10.model_copy(update={"codes": (*(c for c in GLOOM.codes if c.vocabulary != "ICD9CM"), SNOMED)})
    known = dataclasses.replace(DULL, codesets={"gloom": GLOOM, "by-icd10": by_icd10})
    rows = [f"{n},1,0,2019-01-01,F32.1,0" for n in range(2, 60)]
    place = folder(
        person=[*PEOPLE, "2,8532,1980,5,17"],
        drug_exposure=[DRUG],
        condition_occurrence=[CONDITION, f"1,1,{row}", *rows],
        concept=CONCEPTS,
        concept_ancestor=TREE,
    )
    found = opened(place, knowledge=known)
    gaps = found.con.to_pyarrow(found.source.tables["code_gap"]).to_pylist()
    assert {g["codeset"] for g in gaps} == gap
    assert all((g["person_id"], str(g["first_date"]), g["n_rows"]) == (1, "2020-01-01", 1) for g in gaps)
    assert ("code_gap" in found.source.has) is bool(gap)
    assert [n for effect, n in found.lost("nobody could identify")] == ([1] if gap == {None} else [])


def test_too_many_unread_codes_of_a_source_speak_of_everybody(folder, opened):
    """Above the stated share of a source's rows an absence is unknown also for people without such a row."""
    rows = [f"{n},1,0,2019-01-01,{'F32.1' if n % 5 else 'local 7'},0" for n in range(1, 51)]
    place = folder(person=[*PEOPLE, "2,8532,1980,5,17"], drug_exposure=[DRUG], condition_occurrence=[CONDITION, *rows])
    found = opened(place, knowledge=DULL)
    gaps = found.con.to_pyarrow(found.source.tables["code_gap"].order_by("person_id")).to_pylist()
    assert [tuple(g[c] for c in GAPS) for g in gaps] == [(1, None, None, 10), (2, None, None, 0)]
    assert found.lost("for everybody in this source") == [("read as unknown", 0)]


def test_check_says_by_which_vocabulary_and_place_rows_are_coded(folder, opened):
    rows = ["100,2020-01-01,F32.1,201", "100,2020-01-01,,0", "0,2020-01-01,f321,999", "0,2020-01-01,local 7,0"]
    lines = [CONDITION, *(f"{n},1,{row}" for n, row in enumerate(rows, 1))]
    place = folder(person=PEOPLE, drug_exposure=[DRUG], condition_occurrence=lines, concept=CONCEPTS)
    found = opened(place, knowledge=DULL)
    coverage = find_coverage(found.source, DULL)
    assert (
        "Of 4 diagnosis rows: ICD10CM 25.0 % (by the source concept), ICD10CM or ICD10 25.0 % (by the source value), "
        "SNOMED 25.0 % (by the standard concept), unidentified 25.0 %."
    ) in coverage.as_markdown(found.source, DULL)


def test_a_code_in_two_sets_gives_two_rows(gloom):
    _found, source = gloom("0,2020-01-01,F32.1,0")
    assert source.rows("condition", "codeset") == ["all-f", "gloom"]


def test_a_diagnosis_sent_twice_is_one(folder, opened):
    lines = [CONDITION, *(f"{n},1,0,2020-01-01,F32.1,0" for n in (7, 7, 8))]
    found = opened(folder(person=PEOPLE, drug_exposure=[DRUG], condition_occurrence=lines), knowledge=DULL)
    assert found.rows("condition", "address", "codeset") == [
        (f"condition_occurrence/{n}", s) for n in (7, 8) for s in ("all-f", "gloom")
    ]
    assert found.lost("sent more than once") == [("corrected", 2)]


def test_the_order_of_the_rows_does_not_matter(folder, opened):
    drugs = [f"{n},1,{SERTRALINE},2020-01-{1 + n % 28:02d},,,,{n % 3},{n % 40},," for n in range(400)]
    conditions = [f"{n},1,{(100, 131, 0)[n % 3]},2020-01-01,F32.{n % 9},0" for n in range(400)]

    def content(seed: int) -> list:
        random.Random(seed).shuffle(drugs)
        random.Random(seed).shuffle(conditions)
        place = folder(person=PEOPLE, drug_exposure=[DRUG, *drugs], condition_occurrence=[CONDITION, *conditions])
        found = opened(place, knowledge=DULL)
        tables = found.source.tables.values()
        return [found.con.to_pyarrow(t.order_by(list(t.columns))) for t in tables] + list(found.source.losses)

    assert content(1) == content(2)


def test_a_vocabulary_in_a_schema_of_its_own(tmp_path, opened):
    place = tmp_path / "site.db"
    with duckdb.connect(place) as con:
        con.execute("CREATE SCHEMA cdm; CREATE SCHEMA vocab")
        con.execute("CREATE TABLE cdm.person AS SELECT 1 AS person_id, 1980 AS year_of_birth")
        con.execute(
            "CREATE TABLE cdm.drug_exposure AS SELECT 1 AS drug_exposure_id, 1 AS person_id, 900 AS drug_concept_id, "
            "DATE '2020-01-01' AS drug_exposure_start_date"
        )
        con.execute(
            "CREATE TABLE vocab.concept AS SELECT 900 AS concept_id, 'Sertraline 50 MG Oral Tablet' AS concept_name, "
            "'Drug' AS domain_id, 'RxNorm' AS vocabulary_id, 'x' AS concept_code"
        )
    assert opened(place).rows("medication", "ingredient") == ["sertraline"]


def test_every_vocabulary_of_the_form_has_a_shape():
    named = set(Code.model_fields["vocabulary"].annotation.__args__)
    assert named - {"OMOP"} == set(SHAPES)
