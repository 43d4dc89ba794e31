"""The vocabulary tables: what is asked of them, and that no more of them is brought here than that."""

from __future__ import annotations

import ibis
import polars as pl
import pytest
from cdm_headers import CONCEPT, DRUG, PERSON, SERTRALINE, STRENGTH

from stepwell.sources import stored
from stepwell.sources.files import RawTable
from stepwell.sources.vocabulary import Vocabulary

CODES = pl.DataFrame({"vocabulary": ["ICD10CM", "RxNorm"], "plain": ["F331", "36437"]})


@pytest.fixture
def vocabulary():
    """The vocabulary tables with these rows, each under its header of OMOP."""
    con = ibis.duckdb.connect()

    def tables(**of: tuple[str, list[tuple]]) -> Vocabulary:
        rows = {
            name: con.create_table(
                name, pl.DataFrame(values, dict.fromkeys(header.split(","), pl.String), orient="row")
            )
            for name, (header, values) in of.items()
        }
        return Vocabulary(con, {name: RawTable(name, name, table) for name, table in rows.items()})

    return tables


CONCEPTS = [
    ("7", "Sertraline", "Drug", "RxNorm", "Ingredient", "S", "36437", None),
    ("7", "Sertraline", "Drug", "RxNorm", "Ingredient", "S", "36437", None),
    ("7", "Sertraline as a device", "Device", "Local", None, None, "x", None),
    ("8", " null ", "Condition", "ICD10CM", "4-char code", None, "F33.1", None),
    ("0", "No matching concept", "Metadata", "None", "Undefined", None, "No matching concept", None),
    ("9", "Never asked for", "Drug", "RxNorm", "Ingredient", "S", "F33.1", None),
]


def test_of_concept_the_rows_asked_for_come_once_each(vocabulary):
    told = vocabulary(concept=(CONCEPT, CONCEPTS))
    rows = told.concepts([7, 8, 7, 0, 4711]).sort("concept_id", "domain").rows()
    assert rows == [
        (7, "Sertraline as a device", "Device", "Local", None, "x"),
        (7, "Sertraline", "Drug", "RxNorm", "Ingredient", "36437"),
        (8, None, "Condition", "ICD10CM", "4-char code", "F33.1"),
    ]
    assert sorted(told.concepts_coded(CODES)["concept_id"]) == [7, 8], "by the vocabulary and the code without dots"
    assert told.concepts([]).is_empty()
    assert told.concepts_coded(CODES.clear()).is_empty()


def test_of_ancestors_and_strengths_the_rows_asked_for_come_once_each(vocabulary):
    pairs = [("1", "10", "1", "1"), ("1", "10", "2", "2"), ("2", "10", "1", "1"), ("11", "11", "0", "0")]
    header = "ancestor_concept_id,descendant_concept_id,min_levels_of_separation,max_levels_of_separation"
    strength = ("10", "1", "20", "8576", None, None, None, None, None)
    rows = [(*strength, None), (*strength, None), (*strength, "D"), ("12", *strength[1:], None)]
    told = vocabulary(concept_ancestor=(header, pairs), drug_strength=(STRENGTH, rows))
    assert told.below([1, 11, 99], [10, 11, 99]).sort("above").rows() == [(1, 10), (11, 11)]
    assert list(told.with_ancestors([10, 11, 99])) == [10], "nothing is its own ancestor"
    found = told.strengths([10, 99]).select("drug_concept_id", "amount_value", "denominator_value", "is_valid")
    assert found.sort("is_valid").rows() == [(10, 20.0, None, False), (10, 20.0, None, True)]
    assert told.states_units


def test_where_tables_are_missing_nothing_is_known(vocabulary):
    told = vocabulary()
    full = vocabulary(concept=(CONCEPT, CONCEPTS))
    assert told.concepts([7]).schema == full.concepts([7]).schema
    frames = told.concepts([7]), told.concepts_coded(CODES), told.below([1], [7]), told.strengths([7])
    assert [frame.height for frame in frames] == [0, 0, 0, 0]
    assert told.with_ancestors([7]).is_empty()
    assert not told.states_units


def test_a_large_vocabulary_is_not_brought_here_whole(folder, opened, monkeypatch):
    """Two drugs in two rows, one of them in no vocabulary table; each of these holds 5,000 rows."""
    fetched = []
    execute = stored.run

    def counted(expr, where):
        found = execute(expr, where)
        fetched.append(getattr(found, "num_rows", 1))
        return found

    monkeypatch.setattr(stored, "run", counted)
    n = range(5_000)
    concept = [f"{900_000 + i},Ibuprofen {i} MG Oral Tablet,Drug,RxNorm,Clinical Drug,S,x{i}," for i in n]
    concept.append('77,"Sertraline 50 MG Oral Tablet",Drug,RxNorm,Clinical Drug,S,x,')
    ancestor = [f"{SERTRALINE},{900_000 + i},1,1" for i in n]
    strength = [f"{900_000 + i},{SERTRALINE},20,8576,,,,,," for i in n]
    found = opened(
        folder(
            person=[PERSON, "1,8532,1980,5,17"],
            drug_exposure=[DRUG, "1,1,77,2020-01-01,,,,30,30,,", "2,1,4711,2020-01-01,,,,30,30,ibuprofen,"],
            concept=[CONCEPT, *concept],
            concept_ancestor=["ancestor_concept_id,descendant_concept_id,x,y", *ancestor],
            drug_strength=[STRENGTH, *strength],
        )
    )
    assert found.rows("medication", "ingredient", "mg_per_day") == [("sertraline", 50.0)]
    assert fetched, "nothing was counted"
    assert sum(fetched) < 100
