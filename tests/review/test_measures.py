"""The estimators against a population of which everything is known, and against published or hand-made numbers."""

from __future__ import annotations

from random import Random

import pytest
from statsmodels.stats.proportion import proportion_confint

from stepwell.review import MEASURES
from stepwell.review.measures import UNDECIDED, estimate
from stepwell.review.sample import MET, NOT_MET, STRATA, UNKNOWN, Stratum

PPV, NPV, SENSITIVITY, SPECIFICITY = MEASURES
POPULATION = {
    # stratum: people, and how many of 100 have the condition by the reviewers
    "met": (300, 80),
    "unknown": (500, 40),
    "not-met-enough-drugs": (700, 15),
    "not-met-fewer-drugs": (1500, 2),
}


def _strata(sampled: dict[str, int], people: dict[str, int] | None = None) -> list[Stratum]:
    return [Stratum(n, (people or {}).get(n, POPULATION[n][0]), k) for n, k in sampled.items()]


def _everybody(rng: Random) -> list[tuple[str, str]]:
    """One population: the stratum of each person, and what the reviewers would say of them."""
    whole = sum(n for n, _ in POPULATION.values())
    people = []
    for _ in range(whole):
        (stratum,) = rng.choices(list(POPULATION), [n for n, _ in POPULATION.values()])
        people.append((stratum, MET if rng.random() < POPULATION[stratum][1] / 100 else NOT_MET))
    return people


def _true_shares() -> dict[str, float]:
    """The four measures in the endless population, by a plain count of people."""
    met = {name: n * share / 100 for name, (n, share) in POPULATION.items()}
    unmet = {name: n - met[name] for name, (n, _) in POPULATION.items()}
    no = [name for name in POPULATION if name.startswith("not-met")]
    return {
        "PPV": met["met"] / (met["met"] + unmet["met"]),
        "NPV": sum(unmet[n] for n in no) / sum(unmet[n] + met[n] for n in no),
        "sensitivity": met["met"] / (met["met"] + sum(met[n] for n in no)),
        "specificity": sum(unmet[n] for n in no) / (unmet["met"] + sum(unmet[n] for n in no)),
    }


def test_estimates_are_right_on_average_and_intervals_hold_the_truth_as_often_as_they_say():
    """A plain loop: draw a population, draw a stratified sample from it, estimate; again and again."""
    rng, true, rounds = Random(1), _true_shares(), 250
    sums, held = dict.fromkeys(true, 0.0), dict.fromkeys(true, 0)
    for _ in range(rounds):
        people: dict[str, list[str]] = {name: [] for name in POPULATION}
        for stratum, reference in _everybody(rng):
            people[stratum].append(reference)
        strata, cells = [], {}
        for stratum, said in people.items():
            read = rng.sample(said, 40)
            strata.append(Stratum(stratum, len(said), len(read)))
            cells |= {(stratum, r): read.count(r) for r in (MET, NOT_MET)}
        for measure in MEASURES:
            found = estimate(measure, strata, cells).among_decided
            sums[measure.short] += found.value
            held[measure.short] += found.low <= true[measure.short] <= found.high
    for name, truth in true.items():
        assert sums[name] / rounds == pytest.approx(truth, abs=0.03), name
        # 95 % of 250: within four standard errors.
        assert 0.89 <= held[name] / rounds <= 0.998, (name, held[name] / rounds)


def test_weights_are_not_left_out():
    """The same sample read without weights gives another sensitivity, far from the truth."""
    sampled = dict.fromkeys(POPULATION, 100)
    cells = {(name, MET): share for name, (_, share) in POPULATION.items()}
    cells |= {(name, NOT_MET): 100 - share for name, (_, share) in POPULATION.items()}
    found = {m.short: estimate(m, _strata(sampled), cells).among_decided.value for m in MEASURES}
    assert found == pytest.approx(_true_shares())
    assert found["sensitivity"] != pytest.approx(80 / (80 + 15 + 2), abs=0.1)


def test_a_share_of_one_stratum_has_wilson_s_interval():
    cells = {("met", MET): 11, ("met", NOT_MET): 2, ("met", UNDECIDED): 1}
    found = estimate(PPV, _strata({"met": 14}), cells).among_decided
    low, high = proportion_confint(11, 13, method="wilson")
    assert (found.value, found.of) == (11 / 13, 13)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_where_the_strata_are_the_population_nothing_is_weighted():
    """Two strata of equal weight and one share: a simple random sample, whose interval is near Wilson's of all."""
    strata = _strata(
        {"not-met-enough-drugs": 50, "not-met-fewer-drugs": 50},
        {"not-met-enough-drugs": 10_000, "not-met-fewer-drugs": 10_000},
    )
    cells = {(s.name, r): n for s in strata for r, n in ((NOT_MET, 40), (MET, 10))}
    found = estimate(NPV, strata, cells).among_decided
    low, high = proportion_confint(80, 100, method="wilson")
    assert found.value == pytest.approx(0.8)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.015)


def test_no_error_found_among_many_people_is_no_proof_that_there_is_none():
    """None of 12 in a stratum of 5,000: the estimate is 100 %, the interval says how little that is."""
    strata = [Stratum("met", 100, 12), Stratum("not-met-fewer-drugs", 5000, 12)]
    cells = {("met", MET): 12, ("not-met-fewer-drugs", NOT_MET): 12}
    found = estimate(SENSITIVITY, strata, cells).among_decided
    assert (found.value, found.high) == (1.0, 1.0)
    # Wilson's upper limit of 0 of 12 stands for 1,213 people beside the 100 who are found.
    worst = proportion_confint(0, 12, method="wilson")[1] * 5000
    assert found.low == pytest.approx(100 / (100 + worst), abs=0.02)
    assert found.low < 0.1


def test_open_cases_are_bounds_and_never_answers():
    """The definition's unknown is in no estimate of sensitivity, and in both bounds; an undecided chart too."""
    strata = _strata(dict.fromkeys(POPULATION, 10), dict.fromkeys(POPULATION, 10))
    cells = {
        ("met", MET): 7, ("met", NOT_MET): 2, ("met", UNDECIDED): 1,
        ("unknown", MET): 4, ("unknown", NOT_MET): 5, ("unknown", UNDECIDED): 1,
        ("not-met-enough-drugs", MET): 1, ("not-met-enough-drugs", NOT_MET): 8, ("not-met-enough-drugs", UNDECIDED): 1,
        ("not-met-fewer-drugs", NOT_MET): 10,
    }  # fmt: skip
    found = {m.short: estimate(m, strata, cells) for m in MEASURES}
    bounds = {name: (e.least, e.among_decided.value, e.most) for name, e in found.items()}
    assert bounds["sensitivity"] == pytest.approx(
        (7 / (7 + 4 + 1 + 1 + 1), 7 / 8, (7 + 1 + 4 + 1) / (7 + 1 + 4 + 1 + 1))
    )
    assert bounds["specificity"] == pytest.approx(
        (18 / (18 + 2 + 1 + 5 + 1), 18 / 20, (18 + 1 + 5 + 1) / (18 + 1 + 5 + 1 + 2))
    )
    # A predictive value is of those of whom the definition decides: only the reviewers' open cases are bounds.
    assert bounds["PPV"] == pytest.approx((7 / 10, 7 / 9, 8 / 10))
    assert bounds["NPV"] == pytest.approx((18 / 20, 18 / 19, 19 / 20))


def test_what_no_chart_can_tell_is_not_estimated():
    strata = _strata({"unknown": 5, "not-met-fewer-drugs": 5})
    cells = {("unknown", MET): 5, ("not-met-fewer-drugs", NOT_MET): 5}
    found = {m.short: estimate(m, strata, cells) for m in MEASURES}
    assert found["PPV"].among_decided is None
    assert found["PPV"].least is None
    assert found["sensitivity"].among_decided is None
    assert (found["sensitivity"].least, found["sensitivity"].most) == (0, 1)
    assert STRATA["unknown"][0] == UNKNOWN


def test_every_interval_holds_its_estimate_and_every_estimate_lies_within_its_bounds():
    """Drawn counts, with strata of one person and of a million, without an error and without a decided chart."""
    rng = Random(4)
    for _ in range(1500):
        strata, cells = [], {}
        for name in rng.sample(list(STRATA), rng.randint(1, len(STRATA))):
            people = rng.choice([1, 2, 3, 10, 100, 10**6])
            n = rng.randint(1, min(people, 30))
            met = rng.choice([0, n, rng.randint(0, n)])
            undecided = rng.choice([0, n - met])
            strata.append(Stratum(name, people, n))
            cells |= {(name, MET): met, (name, UNDECIDED): undecided, (name, NOT_MET): n - met - undecided}
        for measure in MEASURES:
            found = estimate(measure, strata, cells)
            share = found.among_decided
            if share is None:
                continue
            assert 0 <= share.low <= share.value + 1e-9, (measure.short, strata, cells)
            assert share.value - 1e-9 <= share.high <= 1, (measure.short, strata, cells)
            assert found.least - 1e-9 <= share.value <= found.most + 1e-9, (measure.short, strata, cells)
