"""One choice at a time: no value is invented, one thing changes, and the share moves as it should."""

from __future__ import annotations

import pytest

from stepwell.compare import render_varied, vary
from stepwell.compare.choices import find_options
from stepwell.errors import QuestionError
from stepwell.knowledge.loader import load
from stepwell.simulate import simulate


@pytest.fixture(scope="module")
def options():
    knowledge = load()
    return tuple(find_options(knowledge.definitions["us-label"], knowledge))


def values(options, choice):
    return {o.value: o for o in options if o.choice == choice}


def test_the_values_are_those_of_other_definitions(options):
    knowledge = load()
    others = {
        b.trial.min_duration.at_least for d in knowledge.definitions.values() for b in d.branch if b.trial.min_duration
    }
    base = knowledge.definitions["us-label"].branch[0].trial.min_duration.at_least
    assert set(values(options, "Minimum time")) <= {f"{n} days" for n in others - {base}}
    for option in options:
        assert all(user in knowledge.definitions for user in option.used_by)


def test_a_single_choice_changes_a_single_thing(options):
    base = load().definitions["us-label"]
    by_class = values(options, "Different by")["different classes"].definition
    assert by_class.branch[0].count.distinct == "class"
    assert by_class.branch[0].trial == base.branch[0].trial
    assert by_class.branch[0].failure == base.branch[0].failure
    assert by_class.trials == base.trials
    assert by_class.who == base.who


def test_a_changed_value_no_longer_names_its_source(options):
    changed = values(options, "Number")["3 trials"].definition.branch[0].count
    assert changed.at_least == 3
    assert changed.source is None
    assert changed.choice


def test_the_base_definition_is_no_variant_of_itself_and_none_comes_twice(options):
    asked = [o.definition.model_dump_json(exclude={"id", "title"}) for o in options]
    assert len(set(asked)) == len(asked)
    assert len({o.definition.id for o in options}) == len(options)
    assert "2 trials" not in values(options, "Number")


def test_recalled_values_say_so(options):
    knowledge = load()
    recalled = [o for o in options if o.used_by and all(knowledge.definitions[i].rests_on_recall for i in o.used_by)]
    assert recalled
    assert all(o.is_recalled for o in recalled)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("varied") / "records"
    simulate(200, 3, folder)
    return folder


def test_fewer_trials_are_met_by_more_people(source, tmp_path):
    varied = vary(source, "lo-2025", suppress_below=0)
    met = {(v.option.choice, v.option.value): v.found.counts["met"].n for v in varied.variants}
    assert met["Number", "2 trials"] <= varied.found.counts["met"].n
    assert met["Number", "3 trials"] <= met["Number", "2 trials"]
    widths = [most.value - least.value for _, least, most in varied.spans]
    assert widths == sorted(widths, reverse=True)
    page = render_varied(varied, suppress_below=0)
    assert "Which single choice moves the answer most" in page
    assert "<svg" in page


def test_an_unknown_definition_and_a_result_are_each_one_clear_error(source, result):
    with pytest.raises(QuestionError, match="no such definition"):
        vary(source, "no-such")
    with pytest.raises(QuestionError, match="needs the records"):
        vary(result.folder, "lo-2025")
