"""Totals, bands and findings of single administrations: the worked examples of every instrument, and the rules at their edges."""

import pytest

from stepwell.errors import QuestionError
from stepwell.knowledge import load
from stepwell.knowledge.score import find_instrument, score, score_items

INSTRUMENTS = load().all_instruments
TOTALLED = [name for name, form in INSTRUMENTS.items() if form.scoring is not None]
EXAMPLES = [(i, n) for i, form in INSTRUMENTS.items() for n in range(len(form.worked_examples))]


def scored(name, items):
    form = INSTRUMENTS[name]
    (row,) = score_items(form, [{i.item: items.get(i.item) for i in form.items}]).to_pylist()
    return row


@pytest.mark.parametrize(("name", "number"), EXAMPLES)
def test_worked_examples(name, number):
    example = INSTRUMENTS[name].worked_examples[number]
    row = scored(name, example.items)
    assert score(INSTRUMENTS[name], example.items) == row["total"] == example.total
    assert {column: row[column] for column in example.also} == example.also


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_every_instrument_has_an_example_that_is_known_and_one_that_is_not(name):
    form = INSTRUMENTS[name]
    rows = [scored(name, example.items) for example in form.worked_examples]
    assert any(row["unknown_because"] for row in rows)
    assert any(not row["unknown_because"] for row in rows)


@pytest.mark.parametrize("name", [name for name, form in INSTRUMENTS.items() if form.findings or form.subscales])
def test_every_finding_and_further_score_stands_in_an_example(name):
    form = INSTRUMENTS[name]
    shown = {column for example in form.worked_examples for column in example.also}
    assert {part.id.replace("-", "_") for part in (*form.findings, *form.subscales)} <= shown


@pytest.mark.parametrize("name", TOTALLED)
@pytest.mark.parametrize("end", ["at_least", "at_most"])
def test_the_scale_ends_where_the_items_end(name, end):
    form = INSTRUMENTS[name]
    assert score(form, {item.item: getattr(item, end) for item in form.items}) == getattr(form, end)


@pytest.mark.parametrize("name", TOTALLED)
def test_one_missing_group_too_many_leaves_the_total_unknown(name):
    form = INSTRUMENTS[name]
    groups, allowed = form.scoring.groups, form.scoring.missing_at_most
    for missing in range(min(allowed + 2, len(groups) + 1)):
        answered = {item for group in groups[missing:] for item in group}
        row = scored(name, {item.item: item.at_most for item in form.items if item.item in answered})
        assert (row["total"] is None) == (missing > allowed or missing == len(groups))
        assert row["is_prorated"] == (None if row["total"] is None else missing > 0)
        assert (row["unknown_because"] is None) == (row["total"] is not None)


def test_nothing_answered_is_no_score():
    assert score(INSTRUMENTS["phq-9"], {}) is None
    assert scored("phq-9", {})["unknown_because"] == "nothing answered"


def test_too_little_answered_says_how_little():
    row = scored("phq-9", dict.fromkeys("123456", 1))
    assert row["unknown_because"] == "3 of 9 items unanswered; at most 2 may be"
    assert (row["n_answered"], row["n_items"]) == (6, 9)
    qids = {str(n): 1 for n in range(1, 17) if n != 5}
    assert scored("qids-sr16", qids)["unknown_because"] == "1 of 9 groups of items unanswered; at most 0 may be"


def test_the_domains_of_the_qids_are_not_its_items():
    qids = INSTRUMENTS["qids-sr16"]
    assert score(qids, {item.item: 1 for item in qids.items}) == 9


@pytest.mark.parametrize(
    ("total", "band"), [(4, "none or minimal"), (5, "mild"), (9, "mild"), (10, "moderate"), (27, "severe")]
)
def test_bands_at_their_edges(total, band):
    answers = dict(zip("123456789", [3] * (total // 3) + [total % 3] * (total < 27) + [0] * 9, strict=False))
    assert scored("phq-9", answers) | {"total": total, "band": band} == scored("phq-9", answers)


def test_a_prorated_total_between_two_bands_is_in_the_lower_one():
    row = scored("phq-9", {"1": 3, "2": 3, "3": 3, "4": 0, "5": 0, "6": 0, "7": 0, "8": 0})
    assert row["total"] == 10.125
    row = scored("phq-9", {"1": 3, "2": 2, "3": 2, "4": 0, "5": 0, "6": 0, "7": 0})
    assert (row["total"], row["band"]) == (9.0, "mild")
    row = scored("phq-9", {"1": 2, "2": 2, "3": 2, "4": 2, "5": 0, "6": 0, "7": 0, "8": 0})
    assert (row["total"], row["band"]) == (9.0, "mild")
    row = scored("madrs", dict(zip("123456789", [2] * 8 + [1], strict=True)))
    assert row["total"] == pytest.approx(18.888888888888889)
    row = scored("madrs", dict(zip("123456789", [2] * 9, strict=True)))
    assert (row["total"], row["band"]) == (20.0, "moderate")
    row = scored("gad-7", {"1": 2, "2": 2, "3": 2, "4": 1, "5": 1, "6": 0})
    assert row["total"] == pytest.approx(9.3333333333333)
    assert row["band"] == "mild"


@pytest.mark.parametrize(("answer", "verdict"), [(0, "not met"), (1, "met"), (3, "met"), (None, "unknown")])
def test_the_item_on_self_harm_is_noted_whatever_the_total(answer, verdict):
    row = scored("phq-9", dict.fromkeys("12345678", 0) | {"9": answer})
    assert row["safety"] == verdict
    assert row["total"] == (answer or 0) * 1.0


def test_no_item_on_death_no_verdict():
    assert scored("gad-7", dict.fromkeys("1234567", 3))["safety"] is None


def test_what_is_only_recalled_says_so_on_every_row():
    assert scored("phq-9", {})["recalled"] is None
    assert scored("rrs", {})["recalled"] == "total, brooding, reflection"
    assert scored("sds", {})["recalled"] == "functional_response, functional_remission"


@pytest.mark.parametrize("answers", [{"1": 4}, {"1": -1}, {"10": 0}, {"one": 1}])
def test_answers_that_are_none_are_refused_without_being_repeated(answers):
    with pytest.raises(QuestionError) as caught:
        score(INSTRUMENTS["phq-9"], answers)
    assert len(caught.value.problems) == 1
    assert str(caught.value).count("phq-9") == 1
    assert "4" not in caught.value.problems[0].found


def test_an_instrument_that_does_not_exist():
    with pytest.raises(QuestionError) as caught:
        find_instrument("phq9")
    assert caught.value.problems[0].remedy == "did you mean `phq-9`?"
