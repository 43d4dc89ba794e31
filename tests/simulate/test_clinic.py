"""A clinic that scores before doses: what is measured on which days, and that nothing else of the records changes."""

from __future__ import annotations

import csv

import duckdb
import pytest

from stepwell.errors import QuestionError
from stepwell.simulate import simulate

PEOPLE, SEED = 1200, 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("scored")
    for scored in ("visits", "doses"):
        simulate(PEOPLE, SEED, place / scored, noise="off", scored=scored)
    return place


@pytest.fixture(scope="module")
def con(folder):
    """Sessions of a drug (`dosed`) with their place in the course, and scores and other measures in either way."""
    con = duckdb.connect()
    con.sql(
        "CREATE VIEW dosed AS SELECT source_person_id AS who, session_date AS day, "
        "row_number() OVER (PARTITION BY source_person_id, treatment, course_number ORDER BY session_date) AS n "
        f"FROM '{folder}/doses/truth/truth_session.parquet' WHERE mg IS NOT NULL"
    )
    for scored in ("visits", "doses"):
        con.sql(
            f"CREATE VIEW {scored} AS SELECT person_id::VARCHAR AS who, measurement_date AS day, value_as_number AS value, "
            f"measurement_source_value AS what FROM '{folder}/{scored}/measurement.parquet'"
        )
    con.sql("CREATE VIEW totals AS SELECT * FROM doses WHERE what IN ('PHQ-9', 'QIDS-SR16', 'MADRS')")
    return con


def test_scores_are_taken_before_doses(con):
    """All before the first dose, nine of ten before a later one, six of ten the day after the first; at visits far fewer."""

    def share(scores: str, where: str, after: int = 0) -> float:
        asked = f"SELECT avg((EXISTS (FROM {scores} s WHERE s.who = d.who AND s.day = d.day + {after}))::INT)"
        return con.sql(f"{asked} FROM dosed d WHERE {where}").fetchone()[0]

    assert con.sql("SELECT count(*) FROM dosed WHERE n = 1").fetchone()[0] > 30
    assert share("totals", "n = 1") == 1
    assert 0.85 < share("totals", "n > 1") < 0.99
    assert 0.4 < share("totals", "n = 1", after=1) < 0.8
    assert share("(FROM visits WHERE what IN ('PHQ-9', 'QIDS-SR16', 'MADRS'))", "n > 1") < 0.4
    assert con.sql(
        "SELECT count(*) FROM (SELECT who, day FROM totals GROUP BY ALL HAVING count(*) > 1)"
    ).fetchone() == (0,)


def test_a_part_of_the_change_is_there_the_day_after_the_first_dose(con):
    """Never on the day of the dose itself, and in the direction of the course's end; for some it is half of the score."""
    day_after = con.sql(
        "SELECT (b.value - a.value) / b.value FROM dosed d JOIN totals b ON b.who = d.who AND b.day = d.day "
        "JOIN totals a ON a.who = d.who AND a.day = d.day + 1 WHERE n = 1 AND b.value > 0"
    ).fetchall()
    assert len(day_after) > 20
    assert sum(change >= 0.5 for (change,) in day_after) >= 3
    before = con.sql(
        "SELECT count(*), count(*) FILTER (v.value = t.value) FROM dosed d JOIN visits v USING (who, day) "
        "JOIN totals t ON t.who = v.who AND t.day = v.day AND t.what = v.what WHERE n = 1"
    ).fetchone()
    assert before[0] == before[1] > 20


def test_other_measures_go_with_the_symptoms(con, folder):
    kinds = dict(
        con.sql("SELECT what, count(*) FROM doses WHERE what NOT IN (SELECT what FROM visits) GROUP BY 1").fetchall()
    )
    assert set(kinds) == {"WSAS", "Q-LES-Q-SF", "44260-8"}
    assert kinds["WSAS"] == kinds["Q-LES-Q-SF"] > 60
    (worse,) = con.sql(
        "SELECT corr(w.value, q.value) FROM doses w JOIN doses q USING (who, day) WHERE w.what = 'WSAS' AND q.what = 'Q-LES-Q-SF'"
    ).fetchone()
    assert worse < -0.5
    too_high = con.sql(
        "SELECT count(*) FILTER (i.value > t.value OR i.value NOT BETWEEN 0 AND 3), count(*) FROM doses i JOIN doses t "
        "USING (who, day) WHERE i.what = '44260-8' AND t.what = 'PHQ-9'"
    ).fetchone()
    assert too_high[0] == 0 < 60 < too_high[1]


@pytest.mark.parametrize("table", ["drug_exposure", "condition_occurrence", "procedure_occurrence", "person"])
def test_nothing_else_changes(folder, table):
    kept = "SELECT * EXCLUDE (visit_occurrence_id)" if table != "person" else "SELECT *"
    before, after = (duckdb.sql(f"{kept} FROM '{folder}/{s}/{table}.parquet'").fetchall() for s in ("visits", "doses"))
    assert before == after
    assert len(before) > 100


def test_an_own_folder_holds_the_answers_too(tmp_path):
    simulate(300, SEED, tmp_path / "own", format="csv-folder", scored="doses", chunk=100)
    with (tmp_path / "own" / "answer.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {(r["instrument"], r["item"]) for r in rows} == {("wsas", ""), ("q-les-q-sf", ""), ("phq-9", "9")}
    simulate(50, SEED, tmp_path / "visits", format="csv-folder")
    assert not (tmp_path / "visits" / "answer.csv").exists()


def test_a_way_of_scoring_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(QuestionError, match="scored: is 'daily'"):
        simulate(10, 1, tmp_path / "out", scored="daily")
