"""Named fictional people under the packaged definitions, each with the verdict, the date and the evidence expected.

One YAML file per definition. A person is written shortly:

    Ada:
      story: why she is here
      born: 1980-05-01                     unless given: 1 January 1975; `unknown`: not recorded
      observed: 2015-01-01 2025-12-31      unless given: these days; `never`: no observation period
      diagnoses: {2020-01-01: major-depression}
      drugs:  [sertraline 2020-01-01 2020-02-28 100, ...]      `-`: end or dose not recorded; then the reason for stopping
      scores: [phq-9 2020-01-01 20, ...]
      expect:
        verdict: met
        date: 2020-04-30
        <column of determination>: value
        trials: {sertraline: {trial.min_dose: met, counts: not met}, ...}    the first trial of the drug, its first branch

Nothing in them is anyone's record. They were worked out by hand from docs/engine.md and the definition.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import oracle
import pytest
import yaml
from agreement import by_engine
from drawn import complete

from stepwell.knowledge.definition import CRITERIA
from stepwell.knowledge.load import load

KNOWLEDGE = load()
FILES = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(Path(__file__).parent.glob("*.yaml"))}
CASES = [(definition, name) for definition, people in FILES.items() for name in people]
SAID = {True: "met", False: "not met", None: "unknown"}
KEYS = {"story", "born", "observed", "diagnoses", "drugs", "scores", "expect"}


def records_of(person_id: int, case: dict) -> dict[str, list[dict]]:
    """The record rows of one written person."""
    assert case.keys() <= KEYS, f"not a field of a case: {case.keys() - KEYS}"
    born = case.get("born", date(1975, 1, 1))
    born = None if born == "unknown" else born
    tables = {
        "person": [{"birth_earliest_date": born, "birth_latest_date": born}],
        "observation_period": [],
        "condition": [{"condition_date": d, "codeset": codeset} for d, codeset in case.get("diagnoses", {}).items()],
        "medication": [supply(line) for line in case.get("drugs", [])],
        "measurement": [
            {"instrument": instrument, "measured_date": date.fromisoformat(day), "total": float(total)}
            for instrument, day, total in map(str.split, case.get("scores", []))
        ],
    }
    observed = case.get("observed", "2015-01-01 2025-12-31")
    if observed != "never":
        first, last = map(date.fromisoformat, observed.split())
        tables["observation_period"] = [{"start_date": first, "end_date": last}]
    return {name: [{"person_id": person_id, **row} for row in rows] for name, rows in tables.items()}


def supply(line: str) -> dict:
    ingredient, start, end, dose, *reason = line.split(maxsplit=4)
    assert ingredient in KNOWLEDGE.ingredients, ingredient
    return {
        "ingredient": ingredient,
        "start_date": date.fromisoformat(start),
        "end_date": None if end == "-" else date.fromisoformat(end),
        "mg_per_day": None if dose == "-" else float(dose),
        "stop_reason": reason[0] if reason else None,
    }


@cache
def answers(definition_id: str, by: str) -> dict[str, list[dict]]:
    """All people of one file in one run."""
    tables: dict[str, list[dict]] = {}
    for person_id, case in enumerate(FILES[definition_id].values(), start=1):
        for name, rows in records_of(person_id, case).items():
            tables.setdefault(name, []).extend(rows)
    definition, records = KNOWLEDGE.definitions[definition_id], complete(tables)
    if by == "engine":
        return by_engine(records, [definition], KNOWLEDGE)
    return oracle.determine(records, definition, KNOWLEDGE)


def answer(definition_id: str, name: str, by: str = "engine") -> dict[str, list[dict]]:
    """The rows of one person."""
    person_id = 1 + list(FILES[definition_id]).index(name)
    return {t: [r for r in rows if r["person_id"] == person_id] for t, rows in answers(definition_id, by).items()}


def judged(found: dict, drug: str) -> dict:
    """The first trial of a drug with its verdicts under the first branch that asks for its role."""
    trial = next(t for t in found["trial"] if t["ingredient"] == drug)
    rows = [j for j in found["judged_trial"] if j["trial_number"] == trial["trial_number"]]
    return {**trial, **next((j for j in rows if j["trial.role"]), rows[0])}


@pytest.mark.parametrize("by", ["engine", "oracle"])
@pytest.mark.parametrize(("definition_id", "name"), CASES, ids=[f"{d}-{n}" for d, n in CASES])
def test_case(definition_id, name, by):
    expected = dict(FILES[definition_id][name]["expect"])
    found = answer(definition_id, name, by)
    trials = expected.pop("trials", {})
    day = expected.pop("date", None)
    (row,) = found["determination"]
    assert (row["verdict"], row["met_date"]) == (expected.pop("verdict"), day)
    shown = {c: SAID[row[c]] if c in CRITERIA else row[c] for c in expected}
    assert shown == expected
    for drug, columns in trials.items():
        trial = judged(found, drug)
        verdicts = {c: SAID[trial[c]] if "." in c or c in ("failed", "counts") else trial[c] for c in columns}
        assert verdicts == columns, drug


def test_every_packaged_definition_has_cases():
    assert FILES.keys() == KNOWLEDGE.definitions.keys()


@pytest.mark.parametrize("definition_id", FILES)
def test_cases_reach_every_verdict(definition_id):
    """Somebody meets the definition, somebody does not, of somebody it is unknown."""
    verdicts = {case["expect"]["verdict"] for case in FILES[definition_id].values()}
    assert verdicts == {"met", "not met", "unknown"}


@pytest.mark.parametrize("definition_id", FILES)
def test_cases_try_every_criterion_on_both_sides(definition_id):
    """Each criterion that the definition asks is met in one case and not met in another."""
    definition, found = KNOWLEDGE.definitions[definition_id], answers(definition_id, "engine")
    rows = [(path, r) for r in found["determination"] for path in ("who.age", "who.diagnosis", "who.never", "count")]
    rows += [(path, r) for r in found["judged_trial"] for path in r if path.startswith(("trial.", "failure."))]
    seen = {(path, r[path]) for path, r in rows}
    asked = {path for path, verdict in seen if verdict is not None}
    one_sided = {path for path in asked if not {(path, True), (path, False)} <= seen} - {"failure.taken"}
    if all(b.trial.use.is_ == "any" for b in definition.branch):
        one_sided.discard("trial.use")
    assert not one_sided
