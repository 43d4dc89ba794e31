"""What a source can answer, and why it cannot."""

from __future__ import annotations

import json

import pytest
from cdm_headers import CONCEPT, CONDITION, DRUG, MEASUREMENT, PERIOD, PERSON, SERTRALINE

from stepwell.sources import find_coverage

PEOPLE = [PERSON, "1,8532,1980,5,17", "2,8507,1975,,"]
FILLS = [DRUG, f"1,1,{SERTRALINE},2020-01-01,,,,30,30,,", f"2,2,{SERTRALINE},2020-01-01,,,,,,,"]
NAMES = [CONCEPT, f"{SERTRALINE},sertraline 50 MG Oral Tablet,Drug,RxNorm,Clinical Drug,S,1,"]
SCORES = [MEASUREMENT, "1,1,3042932,2020-01-01,19,,", "2,1,3042932,2020-02-01,,,"]
DIAGNOSES = [CONDITION, "1,1,4152280,2020-01-01,,0"]
WHOLE = {
    "person": PEOPLE,
    "drug_exposure": FILLS,
    "concept": NAMES,
    "measurement": SCORES,
    "condition_occurrence": DIAGNOSES,
    "observation_period": [PERIOD, "1,1,2019-01-01,2021-01-01"],
}


@pytest.fixture
def cover(folder, opened):
    def read(**tables):
        found = opened(folder(**tables))
        return find_coverage(found.source, found.knowledge), found

    return read


def without_procedures(found):
    """The definitions that can be met without any procedure on record."""
    return [d for d in found.knowledge.definitions.values() if not all(b.within.before for b in d.branch)]


def test_everything_is_counted(cover):
    coverage, found = cover(**WHOLE)
    (sertraline,) = coverage.ingredients
    assert (sertraline.n_rows, sertraline.n_people, sertraline.n_with_dose, sertraline.n_with_end) == (2, 2, 1, 1)
    (phq,) = coverage.instruments
    assert (phq.n_rows, phq.n_usable, phq.n_people) == (2, 1, 1)
    assert [(c.codeset, c.n_rows, c.n_people) for c in coverage.codesets] == [("major-depression", 1, 1)]
    assert (coverage.n_with_birth, coverage.n_observed) == (2, 1)
    assert not any(coverage.missing_for(definition) for definition in without_procedures(found))


@pytest.mark.parametrize(
    ("without", "definition", "reason"),
    [
        ("measurement", "sforzini-2022", "no score is recorded"),
        ("condition_occurrence", "li-2019", "there are no diagnoses"),
    ],
)
def test_a_missing_table_rules_out_what_needs_it(cover, without, definition, reason):
    coverage, found = cover(**{k: v for k, v in WHOLE.items() if k != without})
    assert reason in "; ".join(coverage.missing_for(found.knowledge.definitions[definition]))


def test_scores_without_values_are_no_scores(cover):
    coverage, found = cover(**{**WHOLE, "measurement": [MEASUREMENT, "1,1,3042932,2020-01-01,,,"]})
    (reason,) = coverage.missing_for(found.knowledge.definitions["sforzini-2022"])
    assert reason.startswith("none of the 1 recorded scores has a usable value")


def test_a_minimum_dose_without_any_dose_cannot_be_judged(cover):
    doses = [d for d in WHOLE if d != "concept"]
    coverage, found = cover(**{d: WHOLE[d] for d in doses})
    asks = [d for d in found.knowledge.definitions.values() if all(b.trial.min_dose for b in d.branch)]
    others = [d for d in without_procedures(found) if not any(b.trial.min_dose for b in d.branch)]
    assert asks
    assert all("the dose is unknown in all 2 drug records" in "; ".join(coverage.missing_for(d)) for d in asks)
    assert others
    assert all(coverage.missing_for(d) == [] for d in others)


def test_no_drug_rows_rules_out_everything(cover):
    coverage, found = cover(**{**WHOLE, "drug_exposure": [DRUG]})
    assert all(coverage.missing_for(d) for d in found.knowledge.definitions.values())


def test_nobody_taking_an_antidepressant_is_an_answer(cover):
    """And `check` says beside it that nobody can be found to meet the definition."""
    names = [*NAMES, "1112807,aspirin,Drug,RxNorm,Ingredient,S,1191,"]
    rows = {"drug_exposure": [DRUG, "1,1,1112807,2020-01-01,,,,30,30,,"], "concept": names}
    coverage, found = cover(**{**WHOLE, **rows})
    assert all(not coverage.missing_for(d) for d in without_procedures(found))
    text = coverage.as_markdown(found.source, found.knowledge)
    after = text.partition("nobody can be found to meet it**, because no antidepressant was found:")[2]
    assert after
    assert after.index("**sforzini-2022@1**")
    assert "**Can be answered**" not in text


def test_a_diagnosis_that_nobody_has_is_said_beside_the_definition(cover):
    coverage, found = cover(**{**WHOLE, "condition_occurrence": [CONDITION, "1,1,201826,2020-01-01,,0"]})
    definition = found.knowledge.definitions["sforzini-2022"]
    assert coverage.unmet_because(definition) == ["none of the diagnoses it asks for was found"]
    coverage, found = cover(**WHOLE)
    assert coverage.unmet_because(definition) == []


def test_the_dose_of_a_session_is_a_known_dose(folder, opened):
    """`mg` of a line of an own folder; a definition still asks for mg a day, which such a line does not say."""
    found = opened(
        folder(
            person=["person_id", "p"],
            medication=["person_id,drug,start_date,mg", "p,ketamine,2024-01-01,40", "p,ketamine,2024-01-03,"],
        )
    )
    coverage = find_coverage(found.source, found.knowledge)
    (ketamine,) = coverage.ingredients
    assert (ketamine.n_rows, ketamine.n_with_dose, ketamine.n_with_session_dose) == (2, 0, 1)
    text = coverage.as_markdown(found.source, found.knowledge)
    assert "| rapid-acting | 2 | 1 | 50 % (session) | 0 % |" in text
    assert "Sessions, series and what followed them need no definition. Found: ketamine" in text


def test_a_definition_up_to_a_procedure_needs_procedures(cover):
    coverage, found = cover(**WHOLE)
    asks = [d for d in found.knowledge.definitions.values() if all(b.within.before for b in d.branch)]
    assert asks
    assert all("there are no procedures" in "; ".join(coverage.missing_for(d)) for d in asks)


def test_the_text_says_it_and_the_dict_is_plain(cover):
    coverage, found = cover(**{k: v for k, v in WHOLE.items() if k != "measurement"})
    text = coverage.as_markdown(found.source, found.knowledge)
    assert "improvement, response and remission stay unknown" in text
    assert "**sforzini-2022@1**" in text
    assert "| sertraline | antidepressant | 2 | 2 | 50 % | 50 % |" in text
    assert json.loads(json.dumps(coverage.as_dict()))["ingredients"][0]["ingredient"] == "sertraline"
