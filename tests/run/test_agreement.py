"""The engine against people whose truth is known: at no noise it finds every one of them, and no others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stepwell.runner import run
from stepwell.simulate import simulate
from stepwell.validation.agreement import LEVELS, compare, validate
from stepwell.validation.validation_page import explained, knob_costs, write_validation


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


@pytest.fixture(scope="module")
def found():
    return validate(400, 3)


@pytest.mark.long
def test_noise_costs_certainty_and_the_command_says_so(found):
    rows = {(r["noise"], r["definition"]): r for r in found.by_definition}
    assert {noise for noise, _ in rows} == set(LEVELS)
    assert len(rows) == len(LEVELS) * 6
    assert all(r["sensitivity"] == r["predictive_value"] == 1 for (noise, _), r in rows.items() if noise == "off")
    scored = [rows[noise, "sforzini-2022@1"] for noise in LEVELS]
    assert [r["sensitivity"] for r in scored] == sorted((r["sensitivity"] for r in scored), reverse=True)
    assert scored[2]["n_true_unknown"] > scored[0]["n_true_unknown"]
    assert "0 verdicts of met, and in the dates of 0 definitions" in explained(found)


@pytest.mark.long
def test_trials_are_found_to_the_day_without_noise_and_less_with_it(found):
    rows = {r["noise"]: r for r in found.by_trial}
    off = rows["off"]
    assert off["n_true"] == off["n_found"] == off["n_exact"] > 500
    assert off["start_error_days"] == off["end_error_days"] == [0, 0, 0]
    assert off["n_adequacy_wrong"] == off["n_outcome_wrong"] == 0
    assert off["n_adequacy_right"] > 0.9 * off["n_true"]
    exact = [rows[level]["n_exact"] for level in LEVELS]
    assert exact == sorted(exact, reverse=True)
    assert rows["double"]["n_adequacy_wrong"] > 0


@pytest.mark.long
def test_the_page_shows_what_was_found(found, tmp_path):
    row = dict(found.by_definition[0])
    knob = row | {"noise": "missing_fill", "sensitivity": 0.5, "n_true_unknown": row["n_true"] // 4}
    page = write_validation(replace(found, by_knob=(knob,)), tmp_path).read_text("utf-8")
    assert page.count("<svg") == 2
    assert "missing fill" in page
    assert "Nobody here exists" in page
    for r in found.by_definition:
        assert f"{r['n_true']:,}" in page


@pytest.mark.long
def test_what_a_knob_costs_is_the_difference_to_no_noise(found):
    row = dict(found.by_definition[0])
    knob = row | {"noise": "missing_fill", "sensitivity": 0.75, "predictive_value": 0.9, "n_true_unknown": 3}
    (cost,) = knob_costs(replace(found, by_knob=(knob,)))
    assert (cost["cost"], round(cost["wrong"], 6), cost["unknown"]) == (0.25, 0.1, 3 / row["n_true"])
