"""The truth agrees with a plain reading of docs/engine.md (tests/oracle.py) over the records without noise."""

from collections import defaultdict
from datetime import date

import numpy as np
import oracle
import pytest

from stepwell.simulate.parameters import parameters
from stepwell.simulate.records.truth import completed_years

DEFINITIONS = parameters().truth.definitions


def record_tables(folder, knowledge) -> dict[str, list[dict]]:
    """The simulated OMOP rows as record tables, read by plain loops of the test's own."""
    address = {"address": "-"}
    person = [
        {
            "person_id": r["person_id"],
            "source_person_id": str(r["person_id"]),
            "birth_earliest_date": (born := date(r["year_of_birth"], r["month_of_birth"], r["day_of_birth"])),
            "birth_latest_date": born,
            "sex": None,
            "death_date": None,
            **address,
        }
        for r in folder.rows("person")
    ]
    period = [
        {
            "person_id": r["person_id"],
            "start_date": r["observation_period_start_date"],
            "end_date": r["observation_period_end_date"],
            **address,
        }
        for r in folder.rows("observation_period")
    ]
    holds = [
        (s.id, c.code)
        for s in knowledge.codesets.values()
        for c in s.codes
        if c.vocabulary == "ICD10CM" and c.match == "exact"
    ]
    holds += [(s, code) for s, code in (("bipolar", "F31.9"), ("psychosis", "F29"))]
    condition = [
        {
            "person_id": r["person_id"],
            "condition_date": r["condition_start_date"],
            "codeset": codeset,
            "vocabulary": "ICD10CM",
            "code": code,
            **address,
        }
        for r in folder.rows("condition_occurrence")
        for codeset, code in holds
        if code == r["condition_source_value"]
    ]
    strength = {r["drug_concept_id"]: r for r in folder.rows("drug_strength")}
    ingredient = {concept: i.ingredient for i in knowledge.ingredients.values() for concept in i.omop}
    reason = {"completed": "other", "not known": "other"}
    medication = [
        {
            "person_id": r["person_id"],
            "ingredient": ingredient[strength[r["drug_concept_id"]]["ingredient_concept_id"]],
            "start_date": r["drug_exposure_start_date"],
            "end_date": r["drug_exposure_end_date"],
            "end_basis": "days supply",
            "mg_per_day": strength[r["drug_concept_id"]]["amount_value"] * r["quantity"] / r["days_supply"],
            "dose_basis": "-",
            "labelled_use": None,
            "stop_reason": reason.get(r["stop_reason"], r["stop_reason"]),
            "address": f"drug_exposure/{r['drug_exposure_id']}",
        }
        for r in folder.rows("drug_exposure")
    ]
    label = {i.label: i.id for i in knowledge.instruments.values()}
    measurement = [
        {
            "person_id": r["person_id"],
            "instrument": label[r["measurement_source_value"]],
            "measured_date": r["measurement_date"],
            "total": r["value_as_number"],
            **address,
        }
        for r in folder.rows("measurement")
    ]
    return {
        "person": person,
        "observation_period": period,
        "condition": condition,
        "medication": medication,
        "measurement": measurement,
        "procedure": [],
    }


def apart(tables: dict[str, list[dict]]) -> list[dict[str, list[dict]]]:
    """The same for each person alone: the plain loops need not look for a person's rows among everybody's."""
    own: dict[int, dict[str, list[dict]]] = defaultdict(lambda: {name: [] for name in tables})
    for name, rows in tables.items():
        for r in rows:
            own[r["person_id"]][name].append(r)
    return list(own.values())


@pytest.fixture(scope="module")
def people(tidy, formulary):
    return apart(record_tables(tidy, formulary.knowledge))


@pytest.mark.parametrize("name", DEFINITIONS)
def test_truth_is_what_the_rules_say_of_records_without_noise(tidy, formulary, people, name):
    definition = formulary.knowledge.definitions[name]
    true = {
        r["source_person_id"]: r["met_date"] if r["is_trd"] else None
        for r in tidy.rows("truth_person")
        if r["definition"] == name
    }
    assert len(true) == len(people)
    met = {}
    for person in people:
        (row,) = oracle.determine(person, definition, formulary.knowledge)["determination"]
        met[str(row["person_id"])] = row["met_date"] if row["verdict"] == "met" else None
    assert met == true
    n = sum(d is not None for d in true.values())
    assert 10 < n < len(true) / 2, "neither nobody nor nearly everybody"


def test_true_trials_are_the_oracle_s(tidy, formulary, people):
    """Drug, days, adequacy and effect of each true trial, as the rules find them in the records."""
    reference = formulary.reference
    true = defaultdict(list)
    for r in tidy.rows("truth_trial"):
        true[r["source_person_id"]].append(r)
    n_same = n_scored = 0
    for person in people:
        found = oracle.determine(person, reference, formulary.knowledge)
        trials = {(t["ingredient"], t["start_date"]): t for t in found["trial"]}
        judged = {j["trial_number"]: j for j in found["judged_trial"]}
        for t in true[str(person["person"][0]["person_id"])]:
            same = trials[t["ingredient"], t["start_date"]]
            assert same["end_date"] == t["end_date"]
            asked = judged[same["trial_number"]]
            adequate = [asked[c] for c in ("trial.role", "trial.use", "trial.min_duration", "trial.min_dose")]
            assert t["is_adequate"] is all(v is True for v in adequate)
            n_same += 1
            if same["improvement_pct"] is not None:
                assert same["improvement_pct"] == t["improvement_pct"]
                assert same["is_remission"] is t["is_remission"]
                n_scored += 1
    assert n_same == len(tidy["truth_trial"])
    assert n_scored > n_same / 2


def test_truth_does_not_depend_on_the_noise(tidy, untidy):
    for table in ("truth_person", "truth_trial"):
        assert tidy[table].equals(untidy[table])


def test_everybody_has_a_truth_under_every_definition(tidy):
    rows = tidy.rows("truth_person")
    people = tidy["person"]["person_id"].to_pylist()
    assert [(r["source_person_id"], r["definition"]) for r in rows] == [
        (str(p), d) for p in people for d in sorted(DEFINITIONS)
    ]
    assert all((r["met_date"] is not None) is r["is_trd"] for r in rows)


@pytest.mark.parametrize(
    ("born", "day", "years"),
    [
        ("2000-02-29", "2018-02-28", 17),
        ("2000-02-29", "2018-03-01", 18),
        ("2000-03-01", "2018-02-28", 17),
        ("2000-03-01", "2018-03-01", 18),
        ("1969-12-31", "1970-12-31", 1),
        ("1960-07-01", "1969-06-30", 8),
    ],
)
def test_years_are_completed_on_the_birthday(born, day, years):
    born, day = (np.array([d], dtype="datetime64[D]").astype(np.int64) for d in (born, day))
    assert completed_years(born, day).tolist() == [years]
