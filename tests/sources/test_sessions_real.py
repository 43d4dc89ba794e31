"""Response and remission in trials that nobody here ran, as their own pages state them, by the functions that judge records."""

from __future__ import annotations

import csv
from datetime import date, timedelta

import pytest
from clinic import define
from drawn import complete

from stepwell.in_memory import determine_records
from stepwell.knowledge.change import Total, find_change
from stepwell.knowledge.loader import load

K = load()
DAY = date(2021, 3, 1)


@pytest.fixture
def adolescents(real_data):
    """Ten adolescents, one dose of esketamine, MADRS before and 24 hours after."""
    with (real_data / "lanp_esketamine_adolescents" / "Dataset.csv").open(encoding="latin-1") as file:
        return [(int(r["Id"]), float(r["MADRS_Baseline"]), float(r["MADRS_Post"])) for r in csv.DictReader(file)]


def test_a_case_series_of_esketamine(adolescents):
    """Two of the ten answer at 24 hours, one of them in remission: their MADRS fall from 44 to 10 and from 45 to 22."""
    assert len(adolescents) == 10
    records = complete(
        {
            "dose": [
                {"person_id": i, "given_date": DAY, "ingredient": "esketamine-nasal", "kind": "administration"}
                for i, _, _ in adolescents
            ],
            "measurement": [
                {"person_id": i, "instrument": "madrs", "measured_date": DAY + timedelta(day), "total": total}
                for i, before, after in adolescents
                for day, total in ((0, before), (1, after))
            ],
        }
    )
    found = determine_records(records, [define()], K, stagings=())["series_response"].to_pylist()
    at_24_hours = {r["person_id"]: r for r in found if r["checkpoint"] == "24 hours"}
    assert at_24_hours.keys() == {i for i, _, _ in adolescents}
    assert {i for i, r in at_24_hours.items() if r["is_response"]} == {4, 5}
    assert {i for i, r in at_24_hours.items() if r["is_remission"]} == {4}
    for i, before, after in adolescents:
        judged, row = find_change(Total("madrs", before), Total("madrs", after), K), at_24_hours[i]
        assert (row["baseline_total"], row["total"]) == (before, after)
        assert (row["is_response"], row["is_remission"]) == (judged.is_response, judged.is_remission)


def test_response_in_a_trial_of_an_antidepressant(real_data):
    """By the last score of each of the 172 patients on the HAM-D, 39.3 % were better by half on the drug and 27.3 % on placebo.
    Whoever was in remission at baseline already had nothing to respond from: to stepwell their response is unknown."""
    with (real_data / "depression_trials" / "rbmi__antidepressant_data.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    last: dict[str, dict] = {}
    for row in sorted(rows, key=lambda r: float(r["RELDAYS"])):
        last[row["PATIENT"]] = row
    assert len(last) == 172
    share = K.instruments["ham-d17"].response.at_least
    cut = K.instruments["ham-d17"].remission.at_most
    by_half = {}
    for arm in ("DRUG", "PLACEBO"):
        pairs = [(float(r["BASVAL"]), float(r["HAMDTL17"])) for r in last.values() if r["THERAPY"] == arm]
        judged = [find_change(Total("ham-d17", first), Total("ham-d17", then), K) for first, then in pairs]
        by_half[arm] = round(100 * sum(-j.change_pct >= share for j in judged) / len(judged), 1)
        for (first, _then), j in zip(pairs, judged, strict=True):
            assert j.is_response is (None if first <= cut else -j.change_pct >= share)
    assert by_half == {"DRUG": 39.3, "PLACEBO": 27.3}
