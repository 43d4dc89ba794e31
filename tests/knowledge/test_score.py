import pytest

from stepwell.errors import QuestionError
from stepwell.knowledge import load
from stepwell.knowledge.score import score

INSTRUMENTS = load().instruments
EXAMPLES = [(i, n) for i, form in INSTRUMENTS.items() for n in range(len(form.worked_examples))]


@pytest.mark.parametrize(("name", "number"), EXAMPLES)
def test_worked_examples(name, number):
    example = INSTRUMENTS[name].worked_examples[number]
    assert score(INSTRUMENTS[name], example.items) == example.total


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_every_instrument_has_a_full_a_prorated_or_unscorable_example(name):
    totals = [example.total for example in INSTRUMENTS[name].worked_examples]
    assert None in totals
    assert any(total is not None for total in totals)


@pytest.mark.parametrize("name", INSTRUMENTS)
@pytest.mark.parametrize("end", ["at_least", "at_most"])
def test_the_scale_ends_where_the_items_end(name, end):
    form = INSTRUMENTS[name]
    assert score(form, {item.item: getattr(item, end) for item in form.items}) == getattr(form, end)


def test_one_missing_group_too_many_leaves_the_total_unknown():
    phq9 = INSTRUMENTS["phq-9"]
    answers = dict.fromkeys([item.item for item in phq9.items], 1)
    allowed = phq9.scoring.missing_at_most
    for missing in range(allowed + 2):
        given = dict(list(answers.items())[missing:])
        assert (score(phq9, given) is None) == (missing > allowed)


def test_nothing_answered_is_no_score():
    assert score(INSTRUMENTS["phq-9"], {}) is None


def test_the_domains_of_the_qids_are_not_its_items():
    qids = INSTRUMENTS["qids-sr16"]
    assert score(qids, {item.item: 1 for item in qids.items}) == 9


@pytest.mark.parametrize("answers", [{"1": 4}, {"1": -1}, {"10": 0}, {"one": 1}])
def test_answers_that_are_none_are_refused_without_being_repeated(answers):
    with pytest.raises(QuestionError) as caught:
        score(INSTRUMENTS["phq-9"], answers)
    assert len(caught.value.problems) == 1
    assert str(caught.value).count("phq-9") == 1
    assert "4" not in caught.value.problems[0].found
