"""Records at the edge of what can be said: missing values, ties, and the ends of the calendar. The oracle says the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from absurd_people import (
    at_the_edge_of_every_column,
    at_the_ends_of_the_calendar,
    in_ties,
    many_rows_on_one_day,
    renumbered,
    with_missing_values,
)
from agreement import disagreements
from clinic import FORMS, KNOWLEDGE, branch, define
from drawn import complete
from session_clinic import SESSION_CLINIC
from untidy import untidy_crowd
from untidy_sessions import untidy_sessions

from stepwell.errors import SourceError
from stepwell.in_memory import as_tables, determine_records
from stepwell.knowledge.loader import load
from stepwell.rules import judge, translate
from stepwell.tables import RECORDS

SCORED = FORMS[0]
IN_A_YEAR = next(d for d in FORMS if d.id == "within-a-year")
ONE_IN_AN_EPISODE = define(
    branch(count=1, having_taken=True, dated="next treatment start"), episode_gap=30, name="one-in-an-episode"
)
ASKED = (SCORED, IN_A_YEAR, ONE_IN_AN_EPISODE)


@pytest.mark.parametrize("make", [with_missing_values, in_ties, at_the_ends_of_the_calendar])
def test_the_oracle_says_the_same(make):
    assert disagreements(make(), ASKED, KNOWLEDGE) == []


def test_records_of_nobody_give_empty_tables():
    knowledge, has_sessions = load(), True
    stagings = tuple(knowledge.stagings.values())
    question = translate(ASKED, stagings, knowledge, frozenset(table.name for table in RECORDS), has_sessions)
    tables = judge(question, as_tables({}))
    assert {name: rows.num_rows for name, rows in tables.items()} == dict.fromkeys(question.results, 0)


def test_days_run_from_the_first_of_the_calendar_to_the_last():
    starts = determine_records(at_the_ends_of_the_calendar(), [SCORED], KNOWLEDGE)["trial"]["start_date"].to_pylist()
    assert (min(starts), max(starts)) == (date.min, date.max)


@pytest.mark.parametrize("missing", [None, float("nan")], ids=["NULL", "NaN"])
def test_a_missing_dose_is_never_adequate(missing):
    """NaN is greater than every limit: a dose that nobody knows would be enough."""
    month = {"ingredient": "sertraline", "start_date": date(2020, 1, 1), "end_date": date(2020, 2, 28)}
    known = {**month, "ingredient": "fluoxetine", "mg_per_day": 20.0}
    records = complete({"medication": [{**month, "mg_per_day": missing}, known]})
    asked = define(branch(min_dose=28, having_taken=True))
    found = determine_records(records, [asked], KNOWLEDGE)
    rows = {
        t["ingredient"]: (t["max_mg_per_day"], t["n_days_adequate"], t["n_days_dose_unknown"], j["trial.min_dose"])
        for t, j in zip(found["trial"].to_pylist(), found["judged_trial"].to_pylist(), strict=True)
    }
    assert rows == {"sertraline": (None, 0, 59, None), "fluoxetine": (20.0, 59, 0, True)}


def test_thousands_of_rows_on_one_day_are_judged_and_harm_nobody_else():
    """Exports gone wrong send one row ten thousand times. The people before and after keep their own rows."""
    plain, absurd = many_rows_on_one_day(10_000)
    found = determine_records(renumbered([plain, absurd, plain]), ASKED, KNOWLEDGE)
    for name in ("exposure", "trial", "episode", "determination", "step"):
        rows = found[name].to_pylist()
        before, among, after = ([{**r, "person_id": 0} for r in rows if r["person_id"] == n] for n in (1, 2, 3))
        assert before == after, name
        said = [[{k: v for k, v in r.items() if "address" not in k} for r in of] for of in (before, among)]
        assert said[0] == said[1] or name in ("exposure", "trial"), name
        assert len(before) == len(among), name


@pytest.mark.parametrize(
    ("plain", "knowledge"),
    [(untidy_crowd(Random("edges"), 2, KNOWLEDGE), KNOWLEDGE), (untidy_sessions(Random("edges"), 2), SESSION_CLINIC)],
    ids=["medication", "sessions"],
)
def test_a_number_at_the_edge_harms_nobody_else(plain, knowledge):
    """Whatever a number or a day is, it is judged without a fault, and the people before and after keep their own rows."""
    crowds = at_the_edge_of_every_column(plain)
    between = [crowd for edge in crowds for crowd in (edge, plain)]
    found = determine_records(renumbered([plain, *between]), ASKED, knowledge)
    alone = determine_records(renumbered([plain]), ASKED, knowledge)
    plain_people = {n for place in range(0, 2 * len(crowds) + 1, 2) for n in (2 * place + 1, 2 * place + 2)}
    for name, table in found.items():
        # A stretch after the last day of the calendar is no date that Python knows: only the plain people's rows are read.
        of_plain = table.filter(pc.is_in(table["person_id"], pa.array(sorted(plain_people)))).to_pylist()
        expected = [repr({**row, "person_id": 0}) for row in alone[name].to_pylist()]
        said = Counter(repr({**row, "person_id": 0}) for row in of_plain)
        assert said == Counter(expected * (len(crowds) + 1)), name


def test_a_float_that_is_no_number_is_a_missing_one():
    """NaN is greater than every limit and less than none: in every column it is read as missing."""
    for plain, knowledge in (
        (untidy_crowd(Random("nan"), 20, KNOWLEDGE), KNOWLEDGE),
        (untidy_sessions(Random("nan"), 20), SESSION_CLINIC),
    ):
        for table in RECORDS:
            for column in (c.name for c in table.columns if c.type == "float64" and plain.get(table.name)):
                nan, missing = (
                    determine_records(
                        {**plain, table.name: [{**row, column: value} for row in plain[table.name]]}, ASKED, knowledge
                    )
                    for value in (float("nan"), None)
                )
                assert {name: rows.equals(missing[name]) for name, rows in nan.items()} == dict.fromkeys(nan, True), (
                    column
                )


def test_more_rows_than_can_be_numbered_are_refused(monkeypatch):
    """A key numbers the rows of one person. More of them would be a wrong answer: the error says which table, and how many."""
    monkeypatch.setattr("stepwell.rules.records.MOST_ROWS", 100)
    plain, absurd = many_rows_on_one_day(99)
    assert determine_records(renumbered([plain, absurd]), ASKED, KNOWLEDGE)["trial"].num_rows
    _, absurd = many_rows_on_one_day(100)
    with pytest.raises(SourceError) as raised:
        determine_records(renumbered([plain, absurd]), ASKED, KNOWLEDGE)
    (problem,) = raised.value.problems
    assert (problem.where, problem.found, problem.expected) == ("medication", "100 rows of one person", "at most 99")


@pytest.mark.long
def test_no_rule_reads_past_the_rows_of_a_person(tmp_path):
    """The compiled rules once more, with a check of every index: absurd people, untidy ones, and all that the spec draws."""
    script = Path(__file__).parent / "judge_bounds_checked.py"
    own = {
        "NUMBA_BOUNDSCHECK": "1",
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, str(script)], env=os.environ | own, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.startswith("checked ")
