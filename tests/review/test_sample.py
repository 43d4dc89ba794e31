"""Who is drawn: strata, allocation, weights, and the same people for the same seed."""

from __future__ import annotations

from collections import Counter

import pytest

from stepwell.errors import QuestionError
from stepwell.review import STRATA, draw_sample
from stepwell.review.sample import allocate


def _by_hand(result, definition):
    """The stratum of everybody, in a plain loop over the tables."""
    rows = {
        name: result.table(name).to_pyarrow().to_pylist() for name in ("person", "determination", "trial", "episode")
    }
    setting = result.manifest["setting_of"][definition]
    strata = {}
    for judged in rows["determination"]:
        if judged["definition"] != definition:
            continue
        person = judged["person_id"]
        episodes = [e for e in rows["episode"] if e["person_id"] == person]
        if not (any(e["n_diagnoses"] > 0 for e in episodes) and any(e["n_trials"] > 0 for e in episodes)):
            continue
        drugs = {
            t["ingredient"]
            for t in rows["trial"]
            if (t["person_id"], t["setting"], t["role"]) == (person, setting, "antidepressant")
        }
        stratum = judged["verdict"]
        if stratum == "not met":
            stratum = "not-met-enough-drugs" if len(drugs) >= judged["n_needed"] else "not-met-fewer-drugs"
        strata[next(p["source_person_id"] for p in rows["person"] if p["person_id"] == person)] = stratum
    return strata


def test_a_sample_is_drawn_by_stratum_and_its_weights_give_the_population_again(result, sample):
    strata = _by_hand(result, sample.definition)
    assert Counter(strata.values()) == {s.name: s.people for s in sample.strata}
    assert len(sample.strata) == len(STRATA), "the records of this test have people of every stratum"
    assert all(strata[chart.person] == chart.stratum for chart in sample.charts)
    assert len({chart.person for chart in sample.charts}) == len(sample.charts) == 8
    drawn = Counter(chart.stratum for chart in sample.charts)
    assert drawn == {s.name: s.sampled for s in sample.strata}
    assert sum(s.weight * drawn[s.name] for s in sample.strata) == pytest.approx(len(strata))
    assert sample.outside == result.manifest["rows"]["person"] - len(strata)


def test_the_seed_decides_who_is_drawn_and_in_which_order(result, sample):
    assert draw_sample(result, "sforzini-2022", 8, seed=1) == sample
    other = draw_sample(result, "sforzini-2022", 8, seed=2)
    assert {c.person for c in other.charts} != {c.person for c in sample.charts}
    assert other.id != sample.id
    orders = {tuple(c.stratum for c in draw_sample(result, "us-label", 8, seed=s).charts) for s in range(6)}
    assert len(orders) > 1, "the order of the pages is the same for every seed"
    assert not any(list(order) == sorted(order) for order in orders), "the order of the pages gives the strata away"


def test_everybody_is_drawn_equally_often(result):
    seeds, n = range(12), 80
    whole = draw_sample(result, "sforzini-2022", n)
    times = Counter(c.person for s in seeds for c in draw_sample(result, "sforzini-2022", n, seed=s).charts)
    for stratum in whole.strata:
        people = [p for p, name in _by_hand(result, whole.definition).items() if name == stratum.name]
        share = stratum.sampled / stratum.people
        expected = share * len(seeds)
        # Variance of a binomial count, over people: a draw that prefers some is far above it.
        spread = sum((times[p] - expected) ** 2 for p in people) / len(people)
        assert spread < 1.8 * expected * (1 - share) + 0.3, stratum.name


@pytest.mark.parametrize(
    ("sizes", "n", "take", "expected"),
    [
        ((100, 100, 100, 100), 50, {}, (13, 13, 12, 12)),
        ((4, 100, 100, 100), 50, {}, (4, 16, 15, 15)),
        ((4, 9, 0, 100), 50, {}, (4, 9, 0, 37)),
        ((4, 9, 0, 10), 50, {}, (4, 9, 0, 10)),
        ((100, 100, 100, 100), 50, {"met": 30}, (30, 7, 7, 6)),
    ],
)
def test_small_strata_are_read_whole_and_the_others_share_the_rest(sizes, n, take, expected):
    shares = allocate(dict(zip(STRATA, sizes, strict=True)), n, take)
    assert tuple(shares.values()) == expected


def test_numbers_that_do_not_fit_are_all_named(result):
    with pytest.raises(QuestionError) as error:
        draw_sample(result, "sforzini-2022", 8, take={"met": 100_000, "unknown": 0, "nobody": 1})
    assert [p.where for p in error.value.problems] == ["--take met=100000", "--take unknown=0", "--take nobody=1"]
    with pytest.raises(QuestionError) as error:
        draw_sample(result, "sforzini-2022", 3)
    assert "at least 4" in error.value.problems[0].expected
    with pytest.raises(QuestionError, match="no such definition"):
        draw_sample(result, "li-2019", 8)
