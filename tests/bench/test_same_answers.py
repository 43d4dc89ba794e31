"""What stands beside stepwell answers the same question: every person, every verdict, tidy records and untidy ones."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta

import pyarrow.parquet as pq
import pytest
from stepwell_bench.benchmark import JOBS
from stepwell_bench.question import DEFINITION, write_question

from stepwell.knowledge import load
from stepwell.runner import run

EPOCH = date(1970, 1, 1)


@pytest.fixture(scope="module")
def question(cohort, tmp_path_factory):
    file = tmp_path_factory.mktemp("question") / "question.json"
    write_question(cohort, load(), file)
    return file


@pytest.fixture(scope="module")
def determined(cohort):
    """What stepwell says of each person, by the source's id."""
    result = run(cohort, definitions=[DEFINITION])
    people = {p["person_id"]: int(p["source_person_id"]) for p in result.table("person").to_pyarrow().to_pylist()}
    rows = result.table("determination").to_pyarrow().to_pylist()
    return {people[r["person_id"]]: (r["verdict"], r["met_date"], r["n_counted"], r["n_possible"]) for r in rows}


@pytest.mark.parametrize("rival", ["pandas", "polars"])
def test_a_rival_gives_everybody_the_same_verdict_date_and_counts(rival, cohort, question, determined, tmp_path):
    out = tmp_path / "answer.parquet"
    subprocess.run([sys.executable, JOBS / f"in_{rival}.py", question, cohort, out], check=True)
    answered = {
        r["person"]: (
            r["verdict"],
            None if r["met_day"] is None else EPOCH + timedelta(days=r["met_day"]),
            r["n_counted"],
            r["n_possible"],
        )
        for r in pq.read_table(out).to_pylist()
    }
    different = {person for person in determined if answered.get(person) != determined[person]}
    assert not different
    assert set(answered) == set(determined)


def test_the_cohort_would_show_a_difference(determined):
    verdicts = [verdict for verdict, *_ in determined.values()]
    assert min(verdicts.count(v) for v in ("met", "not met", "unknown")) >= 5
    assert any(n_counted < n_possible for _, _, n_counted, n_possible in determined.values())


def test_the_question_holds_the_definition_s_own_numbers(question):
    asked, (branch,) = json.loads(question.read_text("utf-8")), load().definitions[DEFINITION].branch
    assert asked["min_days"] == branch.trial.min_duration.at_least
    assert asked["improvement_below"] == branch.failure.improvement.below
    assert asked["n_failed"] == branch.count.at_least
    assert {d["drug"] for d in asked["drugs"]} >= {p["drug"] for p in asked["products"]}
    assert set(asked["diagnoses"]) <= set(asked["depression"])
    assert not set(asked["excluding"]) & set(asked["depression"])
