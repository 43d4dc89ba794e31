"""The truth agrees with a plain reading of docs/engine.md (tests/oracle.py) over the records without noise."""

from collections import defaultdict
from datetime import date
from itertools import pairwise

import numpy as np
import oracle
import pytest

from stepwell.simulate.parameters import parameters
from stepwell.simulate.records.truth import completed_years
from stepwell.tables import TRUTH

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

    def of(r: dict) -> str:
        known = strength.get(r["drug_concept_id"])
        return ingredient[known["ingredient_concept_id"] if known else r["drug_concept_id"]]

    def mg_per_day(r: dict) -> float | None:
        known = strength.get(r["drug_concept_id"])
        return known and known["amount_value"] * r["quantity"] / r["days_supply"]

    medication = [
        {
            "person_id": r["person_id"],
            "ingredient": of(r),
            "start_date": r["drug_exposure_start_date"],
            "end_date": r["drug_exposure_end_date"],
            "end_basis": "days supply",
            "mg_per_day": mg_per_day(r),
            "dose_basis": "-",
            "labelled_use": None,
            "stop_reason": reason.get(r["stop_reason"], r["stop_reason"]),
            "is_supplied": True,
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
        if r["measurement_source_value"] in label
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
    for table in TRUTH:
        assert tidy[table.name].equals(untidy[table.name])


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


def test_states_follow_one_another_without_a_gap(tidy):
    last = {str(r["person_id"]): r["observation_period_end_date"] for r in tidy.rows("observation_period")}
    own = defaultdict(list)
    for r in tidy.rows("truth_state"):
        own[r["source_person_id"]].append(r)
    assert len(own) > 300
    for person, rows in own.items():
        for one, following in pairwise(rows):
            assert (following["start_date"] - one["end_date"]).days == 1
            assert one["state"] != following["state"]
        assert rows[-1]["end_date"] == last[person]
        assert rows[0]["state"] == "ill" or rows[0]["start_date"] == rows[0]["end_date"]
    assert {r["state"] for rows in own.values() for r in rows} == {"ill", "response", "remission", "recovery"}


def test_true_exposures_are_the_supplies(tidy):
    """Every day of every true dose is supplied once, and no other day is."""
    true, supplied = defaultdict(int), defaultdict(int)
    for r in tidy.rows("truth_exposure"):
        true[r["source_person_id"]] += (r["end_date"] - r["start_date"]).days + 1
    for r in tidy.rows("drug_exposure"):
        supplied[str(r["person_id"])] += r["days_supply"] if r["visit_occurrence_id"] is None else 0
    assert true == {person: days for person, days in supplied.items() if days}
    assert len(true) > 300


def test_series_are_their_sessions_and_say_what_they_did(tidy):
    sessions = defaultdict(list)
    for r in tidy.rows("truth_session"):
        sessions[r["source_person_id"], r["course_number"]].append(r)
    series = tidy.rows("truth_series")
    assert len(series) == len(sessions) > 20
    state = defaultdict(list)
    for r in tidy.rows("truth_state"):
        state[r["source_person_id"]].append(r)
    n_helped = 0
    for r in series:
        own = sessions[r["source_person_id"], r["course_number"]]
        assert (r["start_date"], r["end_date"], r["n_sessions"]) == (
            own[0]["session_date"],
            own[-1]["session_date"],
            len(own),
        )
        assert [s["session_number"] for s in own] == list(range(1, len(own) + 1))
        days = [r[f"{name}_date"] for name in ("response", "remission", "lost")]
        known = [d for d in days if d]
        assert known == sorted(known)
        assert not known or known[0] >= r["start_date"]
        if r["remission_date"] and r["remission_date"] != r["lost_date"]:
            n_helped += 1
            (now,) = [
                s for s in state[r["source_person_id"]] if s["start_date"] <= r["remission_date"] <= s["end_date"]
            ]
            assert now["state"] == "remission"
    assert n_helped > 3
