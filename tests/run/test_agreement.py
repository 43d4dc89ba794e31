"""The engine against people whose truth is known: at no noise it finds every one of them, and no others."""

from __future__ import annotations

import pytest

from stepwell.bench.agreement import compare, find_agreement
from stepwell.runner import run
from stepwell.simulate import simulate


@pytest.mark.long
@pytest.mark.parametrize("seed", [11, 12])
def test_without_noise_the_truth_is_found_to_the_day(seed, tmp_path):
    simulate(4000, seed, tmp_path / "records", noise="off")
    result = run(tmp_path / "records", tmp_path / "result")
    rows = compare(result, tmp_path / "records" / "truth" / "truth_person.parquet")
    assert {r["definition"].split("@")[0] for r in rows} >= {
        "sforzini-2022",
        "clinic-two-classes",
        "us-label",
        "fabbri-2021",
    }
    for row in rows:
        assert row["n_true"] >= 30, "too few true cases to mean anything"
        assert row["n_both"] == row["n_true"] == row["n_met"], row
        assert row["date_error_days"] == [0, 0, 0]


def test_noise_costs_certainty_and_the_command_says_so():
    rows = find_agreement(600, 3)
    off = {r["definition"]: r for r in rows if r["noise"] == "off"}
    noisy = {r["definition"]: r for r in rows if r["noise"] == "realistic"}
    assert off.keys() == noisy.keys()
    assert all(r["sensitivity"] == r["predictive_value"] == 1 for r in off.values() if r["n_true"])
    scored = noisy["sforzini-2022@1"]
    assert scored["n_true_unknown"] > off["sforzini-2022@1"]["n_true_unknown"]
