"""Every packaged definition on people made just inside and just outside each of its limits (`boundaries`)."""

from __future__ import annotations

import oracle
import pytest
from agreement import by_engine, of_definition
from cases.boundaries import people
from drawn import complete

from stepwell.knowledge.definition import CRITERIA
from stepwell.knowledge.loader import load

KNOWLEDGE = load()
SAID = {True: "met", False: "not met", None: "unknown"}


# Forms that follow a program are tried on people near its limits in `as_code`, and on those written down here.
IN_WORDS = [d for d in KNOWLEDGE.definitions.values() if d.as_code is None]


@pytest.mark.parametrize("definition", IN_WORDS, ids=lambda d: d.id)
def test_people_on_either_side_of_every_limit(definition):
    """Engine and oracle say of everybody what they were made for, and of the limit that was missed that it was."""
    cases = people(definition, KNOWLEDGE)
    tables: dict[str, list[dict]] = {}
    for person_id, case in enumerate(cases, 1):
        for name, rows in case.person.records(person_id).items():
            tables.setdefault(name, []).extend(rows)
    records = complete(tables)
    for by, found in (
        ("engine", of_definition(by_engine(records, [definition], KNOWLEDGE), definition)),
        ("oracle", oracle.determine(records, definition, KNOWLEDGE)),
    ):
        wrong = [line for person_id, case in enumerate(cases, 1) for line in differences(case, person_id, found)]
        assert not wrong, f"{by}:\n" + "\n".join(wrong)


def differences(case, person_id, found):
    """Where one person shows something else than expected."""
    (row,) = [r for r in found["determination"] if r["person_id"] == person_id]
    if row["verdict"] != case.verdict:
        yield f"{case.name}: {row['verdict']}, not {case.verdict}"
    if case.day is not None and row["met_date"] != case.day:
        yield f"{case.name}: met on {row['met_date']}, not {case.day}"
    if case.criterion is None:
        return
    path, expected = case.criterion
    assert path in CRITERIA, path
    if case.drug is None:
        verdicts = {row[path]}
    else:
        numbers = {
            t["trial_number"] for t in found["trial"] if (t["person_id"], t["ingredient"]) == (person_id, case.drug)
        }
        branch = int(case.name.split(",")[0].removeprefix("way "))
        verdicts = {
            j[path]
            for j in found["judged_trial"]
            if j["person_id"] == person_id and j["trial_number"] in numbers and j["branch"] == branch
        }
    if {SAID[v] for v in verdicts} != {expected}:
        yield f"{case.name}: {path} {sorted(map(str, verdicts))}, not {expected}"


def test_every_criterion_is_missed_by_somebody():
    """Over all definitions, each criterion that can be missed is, alone."""
    seen = {case.criterion[0] for d in IN_WORDS for case in people(d, KNOWLEDGE) if case.criterion}
    out_of_reach = {"trial.role", "failure.intolerant", "failure.taken", "taken", "added"}
    out_of_reach |= {"trial.recent", "trial.diagnosed"}  # asked by a program only
    assert set(CRITERIA) - seen <= out_of_reach
