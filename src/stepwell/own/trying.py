"""Trying a definition on people written down: everybody is judged by the engine, and held against what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from stepwell.in_memory import determine_records
from stepwell.knowledge.definition import CRITERIA, Definition
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.rules import rules_of
from stepwell.own.people import WrittenPerson, as_records
from stepwell.why import VERDICTS, evidence_of, of_branches
from stepwell.why.rows import with_age

Tables = Mapping[str, Sequence[dict]]
_JUDGED = ("failed", "counts")


@dataclass(frozen=True)
class Difference:
    """One thing that was expected otherwise, by the name under which it is written."""

    name: str
    expected: object
    found: object


@dataclass(frozen=True)
class Tried:
    """One person judged: the rows of the result about them, and everything that was expected otherwise."""

    person: WrittenPerson
    determination: dict
    trials: Mapping[int, dict]
    judged: tuple[dict, ...]
    evidence: tuple[dict, ...]
    differences: tuple[Difference, ...]


def try_people(people: Sequence[WrittenPerson], definition: Definition, knowledge: Knowledge) -> tuple[Tried, ...]:
    """Everybody under the definition, in their order. All record tables exist: what is not written down did not happen."""
    records = as_records(people)
    # Nobody is staged: the trials are then those of the definition's own setting alone.
    made = determine_records(records, [definition], knowledge)
    tables = {name: rows.to_pylist() for name, rows in made.items()}
    has = frozenset(records)
    tried = []
    for number, person in enumerate(people, 1):
        own = {name: [row for row in rows if row["person_id"] == number] for name, rows in tables.items()}
        trials = {trial["trial_number"]: trial for trial in own["trial"]}
        (determination,) = own["determination"]
        judged = tuple(of_branches(own["judged_trial"], [rule.id for rule in rules_of(definition)]))
        own["judged_trial"] = judged
        found = with_age(determination, records["person"][number - 1])
        evidence = tuple(evidence_of(found, trials, judged, definition, knowledge, has))
        differences = tuple(find_differences(person.expected, own))
        tried.append(Tried(person, determination, trials, judged, evidence, differences))
    return tuple(tried)


def find_differences(expected: Mapping[str, object], own: Tables) -> Iterator[Difference]:
    """Where the result rows of one person are not as expected. `drug: column` is of that drug's first trial, judged by the
    first branch that asks for its role."""
    (determination,) = own["determination"]
    for name, value in expected.items():
        drug, is_of_trial, column = name.rpartition(": ")
        row = _first_trial(drug, own) if is_of_trial else determination
        if row is None:
            yield Difference(name, value, "no such trial")
            continue
        column = "met_date" if column == "date" else column
        found = row[column]
        found = VERDICTS[found] if column in CRITERIA or column in _JUDGED else found
        if found != value:
            yield Difference(name, value, found)


def _first_trial(drug: str, own: Tables) -> dict | None:
    trial = next((t for t in own["trial"] if t["ingredient"] == drug), None)
    if trial is None:
        return None
    rows = [j for j in own["judged_trial"] if j["trial_number"] == trial["trial_number"]]
    return {**trial, **next((j for j in rows if j["trial.role"]), rows[0])}
