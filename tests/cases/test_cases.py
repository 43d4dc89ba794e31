"""Named fictional people under the packaged definitions, each with the verdict, the date and the evidence expected.

One YAML file per definition, written as `stepwell.own.people` says. Nothing in them is anyone's record. They were worked out by
hand from docs/engine.md and the definition.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import oracle
import pytest
from agreement import by_engine, of_definition
from drawn import complete

from stepwell.knowledge.loader import load
from stepwell.own.people import as_records, read_people
from stepwell.own.trying import find_differences

KNOWLEDGE = load()
FILES = {path.stem: read_people(path, KNOWLEDGE) for path in sorted(Path(__file__).parent.glob("*.yaml"))}
CASES = [(definition, person.name) for definition, people in FILES.items() for person in people]


@cache
def answers(definition_id: str, by: str) -> dict[str, list[dict]]:
    """All people of one file in one run."""
    definition, records = KNOWLEDGE.definitions[definition_id], complete(as_records(FILES[definition_id]))
    if by == "engine":
        return of_definition(by_engine(records, [definition], KNOWLEDGE), definition)
    return oracle.determine(records, definition, KNOWLEDGE)


@pytest.mark.parametrize("by", ["engine", "oracle"])
@pytest.mark.parametrize(("definition_id", "name"), CASES, ids=[f"{d}-{n}" for d, n in CASES])
def test_case(definition_id, name, by):
    number, person = next((n, p) for n, p in enumerate(FILES[definition_id], 1) if p.name == name)
    own = {t: [r for r in rows if r["person_id"] == number] for t, rows in answers(definition_id, by).items()}
    assert list(find_differences({"date": None, **person.expected}, own)) == []


def test_every_definition_that_is_run_by_default_or_follows_a_program_has_cases():
    """The others have people made from their forms (`boundaries`)."""
    default = {d.id for d in KNOWLEDGE.definitions.values() if d.by_default or d.as_code}
    assert default <= FILES.keys() <= KNOWLEDGE.definitions.keys()


@pytest.mark.parametrize("definition_id", FILES)
def test_cases_reach_every_verdict(definition_id):
    """Somebody meets the definition, somebody does not, of somebody it is unknown (to a program nothing is)."""
    verdicts = {person.expected["verdict"] for person in FILES[definition_id]}
    is_program = KNOWLEDGE.definitions[definition_id].as_code is not None
    assert verdicts == {"met", "not met"} | ({"unknown"} if not is_program else set())


@pytest.mark.parametrize("definition_id", FILES)
def test_cases_try_every_criterion_on_both_sides(definition_id):
    """Each criterion that the definition asks is met in one case and not met in another."""
    definition, found = KNOWLEDGE.definitions[definition_id], answers(definition_id, "engine")
    rows = [
        (path, r)
        for r in found["determination"]
        for path in ("who.age", "who.diagnosis", "who.never", "who.washout", "count")
    ]
    rows += [(path, r) for r in found["judged_trial"] for path in r if path.startswith(("trial.", "failure."))]
    seen = {(path, r[path]) for path, r in rows}
    asked = {path for path, verdict in seen if verdict is not None}
    one_sided = {path for path in asked if not {(path, True), (path, False)} <= seen} - {"failure.taken"}
    if all(b.trial.use.is_ == "any" for b in definition.branch):
        one_sided.discard("trial.use")
    if all(len(b.trial.role.roles) > 1 for b in definition.branch):
        one_sided.discard("trial.role")
    assert not one_sided
