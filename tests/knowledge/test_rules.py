"""Rules are shared by branches that ask the same of a trial, and by no others."""

from __future__ import annotations

import pytest
from clinic import KNOWLEDGE, branch, define
from drawn import complete, parse

from stepwell.in_memory import determine_records
from stepwell.knowledge.rules import rules_of
from stepwell.tables import MEDICATION
from stepwell.why import of_branches

ASKED = {"min_duration": 28, "improvement": 25.0}


def rule(*, as_code: bool = False, max_gap: int = 14, **asked):
    (found,) = rules_of(define(branch(**(ASKED | asked)), as_code=as_code, max_gap=max_gap))
    return found


@pytest.mark.parametrize(
    "counted", [{"count": 3}, {"distinct": "class"}, {"within": 365}, {"taken": (3, "ingredient")}]
)
def test_how_trials_are_counted_is_no_part_of_the_rule(counted):
    assert rule(**counted).id == rule().id


def test_who_says_so_is_no_part_of_the_rule():
    (own,) = rules_of(define(branch(**ASKED)))
    cited = own.branch.trial.min_duration.model_copy(update={"choice": "Another reason for the same number."})
    trial = own.branch.trial.model_copy(update={"min_duration": cited})
    form = define(branch(**ASKED))
    (other,) = rules_of(form.model_copy(update={"branch": (own.branch.model_copy(update={"trial": trial}),)}))
    assert other.branch != own.branch
    assert other.id == own.id


@pytest.mark.parametrize(
    "asked",
    [
        {"min_duration": 29},
        {"improvement": 50.0},
        {"min_dose": 28},
        {"dated": "trial start"},
        {"added": (1, 14)},
        {"max_gap": 15},
        {"as_code": True},
    ],
    ids=lambda asked: next(iter(asked)),
)
def test_whatever_is_asked_of_a_trial_makes_another_rule(asked):
    assert rule(**asked).id != rule().id


def test_definitions_that_share_a_rule_share_its_rows():
    """Each trial is there once, and each definition finds it, under each of its branches."""
    asked = branch(min_duration=28, having_taken=True)
    one = define(asked, name="one")
    two = define(
        branch(min_duration=28, having_taken=True, count=3), branch(min_duration=56, having_taken=True), name="two"
    )
    medication = """
        ingredient  | start_date | end_date
        sertraline  | 2020-01-01 | 2020-02-10
        venlafaxine | 2020-02-11 | 2020-04-30
    """
    records = complete({"medication": parse(medication, MEDICATION)})
    judged = determine_records(records, [one, two], KNOWLEDGE)["judged_trial"].to_pylist()
    assert len(judged) == 4
    of_one, of_two = (of_branches(judged, [r.id for r in rules_of(form)]) for form in (one, two))
    assert [(j["trial_number"], j["branch"], j["counts"]) for j in of_one] == [(1, 1, True), (2, 1, True)]
    assert [(j["trial_number"], j["branch"], j["counts"]) for j in of_two] == [
        (1, 1, True),
        (1, 2, False),
        (2, 1, True),
        (2, 2, True),
    ]
