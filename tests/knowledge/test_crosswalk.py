"""Crosswalks describe groups; they never stand in for a score of one person's course."""

import pyarrow as pa
import pytest

from stepwell.errors import QuestionError
from stepwell.knowledge.change import Total, find_change
from stepwell.knowledge.crosswalk import describe_group


def refused(function, *arguments, **named):
    with pytest.raises(QuestionError) as caught:
        function(*arguments, **named)
    return caught.value.problems


def test_a_group_is_described_by_stretches():
    group = describe_group([5, 14, 15, None], of="qids-sr16", on="ham-d17")
    assert (group.n, group.n_outside, group.crosswalk) == (3, 0, "qids-ids-hrsd")
    assert group.mean == pytest.approx(34 / 3)
    assert (group.least_mean, group.greatest_mean) == (pytest.approx(43 / 3), pytest.approx(45 / 3))
    assert group.rows.to_pylist()[0] == {"total": 5.0, "n": 1, "least": 7.0, "greatest": 7.0}


def test_the_table_is_not_a_bijection():
    """A HAM-D17 of 18 stands beside a QIDS-SR16 of 14 and of 15: the counterpart is both."""
    group = describe_group([18, 18], of="ham-d17", on="qids-sr16")
    assert group.rows.to_pylist() == [{"total": 18.0, "n": 2, "least": 14.0, "greatest": 15.0}]


def test_there_and_back_never_loses_the_total():
    for total in range(28):
        (there,) = describe_group([total, total], of="qids-sr16", on="ids-sr30").rows.to_pylist()
        (back,) = describe_group([there["least"]] * 2, of="ids-sr30", on="qids-sr16").rows.to_pylist()
        assert back["least"] <= total <= back["greatest"]


def test_between_two_points_both_bound_it_and_outside_it_is_unknown():
    group = describe_group([15, 9, 40], of="ham-d17", on="madrs", crosswalk="ham-d-madrs")
    assert [(r["least"], r["greatest"]) for r in group.rows.to_pylist()] == [(None, None), (13.0, 26.0), (52.0, 53.0)]
    assert (group.n, group.n_outside, group.mean) == (3, 1, 27.5)


def test_a_group_outside_the_table_has_no_mean():
    group = describe_group([1, 2], of="ham-d17", on="madrs", crosswalk="ham-d-madrs")
    assert (group.n_outside, group.mean, group.least_mean, group.greatest_mean) == (2, None, None, None)


def test_a_prorated_total_between_two_rows():
    (row,) = describe_group([5.5, 5.5], of="qids-sr16", on="ids-sr30").rows.to_pylist()
    assert (row["least"], row["greatest"]) == (12, 16)


def test_one_persons_course_is_refused():
    course = pa.table({"person_id": ["a", "a", "b"], "total": [20.0, 8.0, 15.0]})
    (problem,) = refused(describe_group, course, of="qids-sr16", on="ham-d17")
    assert problem.where == "person_id"
    assert "find_change" in problem.remedy
    (problem,) = refused(describe_group, [20], of="qids-sr16", on="ham-d17")
    assert problem.found == "one person"


@pytest.mark.parametrize(
    ("of", "on", "name", "words"),
    [
        ("phq-9", "madrs", None, "their tables were not seen"),
        ("phq-9", "madrs", "phq-madrs-older", "its table was not seen"),
        ("ham-d17", "madrs", None, "several crosswalks link"),
        ("ham-d17", "madrs", "ham-d-madr", "does not link"),
        ("phq-9", "wsas", None, "no crosswalk links"),
        ("phq-9", "phq-9", None, "no crosswalk links"),
    ],
)
def test_where_no_table_links_the_scales(of, on, name, words):
    (problem,) = refused(describe_group, [10, 20], of=of, on=on, crosswalk=name)
    assert words in problem.found


def test_totals_that_are_none_are_counted_not_repeated():
    (problem,) = refused(describe_group, [10, 77], of="qids-sr16", on="ham-d17")
    assert problem.found == "1 totals are no totals of the QIDS-SR16"


# ---- change within one person


def test_response_is_refused_across_instruments_and_says_that_a_crosswalk_does_not_help():
    (problem,) = refused(find_change, Total("qids-sr16", 20), Total("ham-d17", 8))
    assert problem.where == "response"
    assert problem.expected == "one instrument for both"
    assert "crosswalk describes groups" in problem.remedy


@pytest.mark.parametrize(
    ("before", "after", "response", "remission"),
    [
        (20, 10, True, False),
        (20, 11, False, False),
        (20, 4, True, True),
        (20, 5, True, False),
        (4, 2, None, True),
        (0, 0, None, True),
    ],
)
def test_response_and_remission_at_their_edges(before, after, response, remission):
    judged = find_change(Total("phq-9", before), Total("phq-9", after))
    assert (judged.is_response, judged.is_remission) == (response, remission)


def test_changes_that_matter_are_those_within_a_person():
    judged = find_change(Total("madrs", 35), Total("madrs", 25))
    assert [(m.change.points, m.is_reached) for m in judged.meanings] == [(10, True)]
    judged = find_change(Total("madrs", 35), Total("madrs", 26))
    assert [m.is_reached for m in judged.meanings] == [False]
    assert judged.is_better is True


def test_where_more_is_better_and_where_neither_is():
    assert find_change(Total("who-5", 40), Total("who-5", 52)).is_better is True
    assert find_change(Total("who-5", 40), Total("who-5", 40)).is_better is None
    weight = find_change(Total("body-weight", 100), Total("body-weight", 107))
    assert weight.is_better is None
    assert weight.change_pct == pytest.approx(7)
    assert [m.is_reached for m in weight.meanings] == [True]
    lost = find_change(Total("body-weight", 100), Total("body-weight", 94))
    assert [m.is_reached for m in lost.meanings] == [False]


def test_a_change_says_which_of_its_cuts_nobody_has_verified():
    assert find_change(Total("phq-9", 20), Total("phq-9", 9)).recalled == ()
    assert find_change(Total("bdi-ii", 40), Total("bdi-ii", 11)).recalled == ("is_response", "is_remission")


def test_everything_wrong_with_a_change_is_told_at_once():
    problems = refused(find_change, Total("phq-9", 28), Total("phq9", 3))
    assert [p.where for p in problems] == ["baseline", "endpoint", "response"]
    (problem,) = refused(find_change, Total("c-ssrs-screener", 1), Total("c-ssrs-screener", 0))[:1]
    assert "has no total" in problem.found
