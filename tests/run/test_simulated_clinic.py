"""Sessions, series, what they did and what was taken beside them, against simulated people whose truth is known."""

from __future__ import annotations

import duckdb
import pytest

from stepwell.runner import run
from stepwell.simulate import simulate

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """The result's tables and the truth's (`true_...`) of one tidy population, people by their own ids."""
    folder = tmp_path_factory.mktemp("clinic")
    simulate(3000, 11, folder / "records", noise="off")
    result = run(folder / "records", folder / "result", definitions=["us-label"])
    con = duckdb.connect()
    con.execute(f"CREATE VIEW id AS SELECT person_id, source_person_id AS who FROM '{result.folder}/person/*.parquet'")
    for name in ("session", "series", "effect", "load"):
        con.execute(f"CREATE VIEW {name} AS SELECT * FROM '{result.folder}/{name}/*.parquet' JOIN id USING (person_id)")
    for name in ("session", "series", "exposure", "state"):
        columns = "source_person_id AS who, * EXCLUDE (source_person_id)"
        con.execute(f"CREATE VIEW true_{name} AS SELECT {columns} FROM '{folder}/records/truth/truth_{name}.parquet'")
    return con


def test_every_session_is_found_on_its_day_and_no_other(tables):
    true = "SELECT DISTINCT who, treatment, session_date FROM true_session"
    found = "SELECT who, treatment, session_date FROM session WHERE is_session"
    assert tables.sql(f"SELECT count(DISTINCT treatment) FROM ({true})").fetchone() == (4,)
    assert tables.sql(f"SELECT count(*) FROM ({true})").fetchone()[0] > 2000
    assert tables.sql(f"{true} EXCEPT {found}").fetchall() == tables.sql(f"{found} EXCEPT {true}").fetchall() == []


def test_no_dose_contradicts_the_truth(tables):
    n, equal, unknown = tables.sql(
        "SELECT count(*), count(*) FILTER (session.mg = true_session.mg), count(*) FILTER (session.mg IS NULL) "
        "FROM true_session JOIN session USING (who, treatment, session_date) WHERE true_session.mg IS NOT NULL"
    ).fetchone()
    assert equal + unknown == n > 1000
    # Two courses that meet on one day leave its dose in doubt.
    assert unknown < n / 100


def test_a_series_holds_whole_courses(tables):
    """Courses that follow each other without a pause are one series; every series begins with a course."""
    begun = tables.sql(
        "SELECT count(*) FILTER (true_series.who IS NULL AND begun_by <> 're-induction'), count(*) FROM series "
        "LEFT JOIN true_series USING (who, treatment, start_date)"
    ).fetchone()
    assert begun[0] == 0 < begun[1]
    parted = tables.sql(
        "SELECT count(*) FROM true_series t WHERE t.n_sessions > 0 AND NOT EXISTS (FROM series s WHERE s.who = t.who "
        "AND s.treatment = t.treatment AND t.start_date BETWEEN s.start_date AND s.end_date)"
    ).fetchone()
    assert parted == (0,)


def test_response_is_seen_after_it_came_and_lost_after_it_went(tables):
    """Scores are taken at visits: what is seen comes no earlier than what is true, but for a score that was better by chance.

    Who goes on from a response to a next step is ill again without a relapse: the truth of the series tells no loss then, the
    states do. Nobody is said to have lost a response who truly is well that day.
    """
    both = (
        "FROM true_series t JOIN series s USING (who, treatment, start_date) "
        "JOIN effect e USING (who, treatment, series_number) WHERE t.response_date IS NOT NULL"
    )
    n, seen, early = tables.sql(
        f"SELECT count(*), count(e.onset_date), count(*) FILTER (e.onset_date < t.response_date) {both}"
    ).fetchone()
    assert n > 50
    assert seen > 0.8 * n
    assert early <= 0.05 * seen
    lost, too_early, still_well = tables.sql(
        "SELECT count(*), count(*) FILTER (e.lost_date < t.lost_date), count(*) FILTER (EXISTS (FROM true_state x "
        "WHERE x.who = t.who AND e.lost_date BETWEEN x.start_date AND x.end_date AND x.state <> 'ill')) "
        f"{both} AND e.lost_date IS NOT NULL AND e.onset_date >= t.response_date"
    ).fetchone()
    assert lost >= 10
    assert too_early == 0
    assert still_well == 0


def test_what_is_taken_beside_a_series_is_counted(tables):
    """A low dose of a sedating antidepressant, for sleep, may be called another thing than a psychotropic."""
    n, wrong, not_all = tables.sql(
        "WITH taken AS (SELECT l.n_psychotropics AS n, count(DISTINCT x.ingredient) AS truly, "
        "count(DISTINCT x.ingredient) FILTER (x.is_for_depression) AS against_depression FROM load l "
        "LEFT JOIN true_exposure x ON x.who = l.who AND x.start_date <= l.end_date AND x.end_date >= l.start_date "
        "GROUP BY l.who, l.treatment, l.series_number, l.stretch, l.n_psychotropics) SELECT count(*) FILTER "
        "(truly > 0), count(*) FILTER (n NOT BETWEEN against_depression AND truly), count(*) FILTER (n < truly) FROM taken"
    ).fetchone()
    assert wrong == 0 < 300 < n
    assert not_all < n / 20
