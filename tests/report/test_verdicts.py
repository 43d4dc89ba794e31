"""Shares and agreement against counts made by hand."""

from __future__ import annotations

from collections import Counter

import pytest

from stepwell.report.proportion import wilson
from stepwell.report.verdicts import (
    EVERYBODY,
    TREATED,
    cohen_kappa,
    count_verdicts,
    summarise_verdicts,
)

DEFINITIONS = ("one@1", "two@1")


def test_kappa_by_hand():
    """20 both, 5 and 10 one only, 15 neither: observed agreement 0.7, by chance 0.5 (Fleiss' textbook table)."""
    assert cohen_kappa(20, 5, 10, 15) == pytest.approx((0.7 - 0.5) / (1 - 0.5))
    assert cohen_kappa(7, 0, 0, 3) == 1
    assert cohen_kappa(0, 0, 0, 9) is None
    assert cohen_kappa(0, 0, 0, 0) is None


def test_unknown_is_a_share_of_its_own_and_leaves_the_agreement():
    patterns = Counter(
        {
            (True, ("met", "met")): 20,
            (True, ("met", "not met")): 10,
            (True, ("unknown", "met")): 30,
            (False, ("not met", "not met")): 40,
        }
    )
    verdicts = count_verdicts(patterns, DEFINITIONS, 0)
    one, _ = verdicts.shares_of(EVERYBODY)
    assert [one.counts[v].n for v in ("met", "not met", "unknown")] == [30, 40, 30]
    assert one.share("met") == wilson(30, 100)
    treated, _ = verdicts.shares_of(TREATED)
    assert treated.share("met") == wilson(30, 60)
    (pair,) = verdicts.agreements
    assert [c.n for c in (pair.both, pair.only_first, pair.only_second, pair.neither, pair.known)] == [
        20,
        10,
        0,
        40,
        70,
    ]
    assert pair.jaccard == pytest.approx(20 / 30)


def test_an_index_goes_with_the_counts_it_needs():
    patterns = Counter({(True, ("met", "met")): 20, (True, ("met", "not met")): 2, (True, ("not met", "not met")): 50})
    (pair,) = count_verdicts(patterns, DEFINITIONS, 5).agreements
    assert pair.only_first.n is None
    assert (pair.kappa, pair.jaccard) == (None, None)


def test_people_treated_elsewhere_in_small_number_cannot_be_subtracted():
    patterns = Counter({(True, ("met", "met")): 30, (False, ("met", "met")): 2, (False, ("not met", "not met")): 68})
    verdicts = count_verdicts(patterns, DEFINITIONS, 5)
    everybody, treated = verdicts.shares_of(EVERYBODY)[0], verdicts.shares_of(TREATED)[0]
    assert None in (everybody.counts["met"].n, treated.counts["met"].n)


def test_tables_are_read_by_person(table_of):
    determination = table_of(
        "determination",
        [
            {"definition": d, "person_id": p, "verdict": v}
            for p, verdicts in ((1, ("met", "unknown")), (2, ("not met", "met")))
            for d, v in zip(DEFINITIONS, verdicts, strict=True)
        ],
    )
    episode = table_of(
        "episode",
        [
            {"setting": s, "person_id": 1, "episode_number": 1, "n_trials": t, "n_diagnoses": 1}
            for s, t in (("a", 1), ("b", 0))
        ],
    )
    verdicts = summarise_verdicts(determination, episode, DEFINITIONS, 0)
    assert [verdicts.groups[g].n for g in (EVERYBODY, TREATED)] == [2, 1]
    assert [verdicts.shares_of(TREATED)[1].counts[v].n for v in ("met", "unknown")] == [0, 1]
