"""Why two definitions differ, person by person, on people of whom one knows why."""

from __future__ import annotations

import pytest

from stepwell.compare import compare, find_between
from stepwell.compare.aside import EVERYTHING, set_aside
from stepwell.errors import QuestionError
from stepwell.knowledge.definition import fields
from stepwell.knowledge.loader import load


def reasons(side):
    return {(r.verdict, r.criterion): r.people.n for r in side.reasons}


def test_the_one_thing_that_stands_in_the_way_is_named_and_counted(result):
    comparison = compare(result, suppress_below=0)
    between = find_between(result, comparison, "kubitz-2013", "liu-2021", suppress_below=0)
    kubitz, liu = between.sides
    assert kubitz.not_met.n == 4
    assert reasons(kubitz) == {("not met", "trial.role"): 3, ("not met", "trial.min_dose"): 1}
    assert liu.not_met.n == 1
    assert reasons(liu) == {("not met", "who.age"): 1}


def test_the_drug_that_one_definition_counts_is_named(result):
    comparison = compare(result, suppress_below=0)
    between = find_between(result, comparison, "kubitz-2013@1", "liu-2021", suppress_below=0)
    by_role = next(r for r in between.sides[0].reasons if r.criterion == "trial.role")
    assert [(name, n.n) for name, n in by_role.drugs] == [("quetiapine", 3)]
    said = "\n".join(between.sides[0].sentences())
    assert "In kubitz-2013@1, not in liu-2021@1: 4 people." in said
    assert "3 because of trial.role: an antidepressant (quetiapine 3)" in said


def test_reasons_add_up_to_everybody_who_is_in_one_and_not_in_the_other(result):
    comparison = compare(result, suppress_below=0)
    for side in find_between(result, comparison, "kubitz-2013", "liu-2021", suppress_below=0).sides:
        for verdict, count in (("not met", side.not_met), ("unknown", side.unknown)):
            assert sum(r.people.n for r in side.reasons if r.verdict == verdict) == count.n


def test_small_counts_are_withheld(result):
    between = find_between(result, compare(result), "kubitz-2013", "liu-2021")
    for side in between.sides:
        assert side.not_met.n is None
        assert all(r.people.n is None and not r.drugs for r in side.reasons)


def test_an_unknown_dose_is_a_reason_of_not_knowing(people, tmp_path):
    written = people()
    written.add(("sertraline", 0, 60, None), ("venlafaxine", 62, 130, 150.0), ("bupropion", 132, 200, 300.0))
    result = written.judge(tmp_path / "result", "kubitz-2013", "liu-2021")
    between = find_between(result, compare(result, suppress_below=0), "kubitz-2013", "liu-2021", suppress_below=0)
    assert between.sides[0].unknown.n == 1
    assert reasons(between.sides[0]) == {("unknown", "trial.min_dose"): 1}


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("kubitz-2013", "no-such", "no-such: was not run"),
        ("kubitz-2013", "sforzini-2022", "sforzini-2022: was not run"),
        ("liu-2021", "liu-2021@1", "is named twice"),
    ],
)
def test_a_definition_that_was_not_run_or_is_the_same_is_one_clear_error(result, first, second, found):
    with pytest.raises(QuestionError) as error:
        find_between(result, compare(result), first, second)
    assert found in str(error.value)


@pytest.mark.parametrize("definition", load().definitions.values(), ids=lambda d: d.id)
def test_each_thing_of_every_definition_is_set_aside_alone(definition):
    without = set_aside(definition)
    asked = {f"trial.{name}" for branch in definition.branch for name, _ in fields(branch.trial)}
    assert asked - {"trial.role", "trial.use"} <= set(without)
    assert list(without)[-1] == EVERYTHING
    assert len({definition.name, *(form.name for form in without.values())}) == len(without) + 1
    for path, form in without.items():
        assert (form.who, form.trials) == (definition.who, definition.trials)
        for branch, whole in zip(form.branch, definition.branch, strict=True):
            changed = {name for name in type(branch).model_fields if getattr(branch, name) != getattr(whole, name)}
            assert path == EVERYTHING or changed <= {path.split(".")[0]}
            assert branch.count.at_least == whole.count.at_least


def test_a_result_without_the_records_is_one_clear_error(people, tmp_path):
    written = people()
    written.add(("sertraline", 0, 60, 100.0), ("quetiapine", 62, 130, 300.0), ("venlafaxine", 132, 200, 150.0))
    result = written.judge(tmp_path / "result", "kubitz-2013", "liu-2021")
    del result.manifest["rows"]["medication"]
    with pytest.raises(QuestionError, match="no table medication"):
        find_between(result, compare(result, suppress_below=0), "kubitz-2013", "liu-2021", suppress_below=0)
