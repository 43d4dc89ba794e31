"""Values in a database that its types allow and no record can mean: unknown or left out, and counted, never the end of a run."""

from __future__ import annotations

import pytest

from stepwell.engines import engine_on
from stepwell.errors import SourceError
from stepwell.knowledge.loader import load
from stepwell.sources import open_source

PEOPLE = ("(6, 9999)", "(7, 1980)", "(9, -1)")
ROWS = (
    "(1, 6.6, 'infinity', 30, 30)",
    "(2, 7, 'infinity', 30, 30)",
    "(3, 7, '-infinity', 30, 30)",
    "(4, 7, '12020-01-01', 30, 30)",
    "(5, 7, '0044-03-15 BC', 30, 30)",
    "(6, 7, '2020-01-01', '1e300', 'NaN')",
    "(7, 7, '2020-02-01', '-infinity', 'infinity')",
    "(8, 7, '2020-03-01', 30, 1e300)",
    "(9, 1e300, '2020-03-01', 30, 30)",
)


@pytest.fixture
def impossible(server):
    """A CDM in which ids, supplies and quantities are floating-point numbers."""
    with server.connect() as connection:
        connection.execute("CREATE SCHEMA impossible")
        connection.execute("CREATE TABLE impossible.person (person_id bigint, year_of_birth integer)")
        connection.execute(
            "CREATE TABLE impossible.drug_exposure (drug_exposure_id bigint, person_id double precision, "
            "drug_exposure_start_date timestamp, days_supply double precision, quantity double precision, "
            "drug_concept_id bigint DEFAULT 739138, set_id text, vocabulary text, code text)"
        )
        connection.execute(f"INSERT INTO impossible.person VALUES {', '.join(PEOPLE)}")
        connection.execute(f"INSERT INTO impossible.drug_exposure VALUES {', '.join(ROWS)}")
    yield server
    with server.connect() as connection:
        connection.execute("DROP SCHEMA impossible CASCADE")


def _read(server) -> tuple[list[dict], list[dict], tuple]:
    """The rows of `medication` and `person`, and what was said about them."""
    with server.connect() as connection, engine_on(connection) as engine:
        source = open_source("impossible", engine.tables, load())
        rows = engine.tables.to_pyarrow(source.tables["medication"].order_by("start_date")).to_pylist()
        return rows, engine.tables.to_pyarrow(source.tables["person"].order_by("person_id")).to_pylist(), source.losses


def test_what_postgresql_allows_and_no_record_can_mean(impossible):
    rows, people, losses = _read(impossible)
    assert [(p["source_person_id"], p["birth_earliest_date"] is None) for p in people] == [
        ("6", True),
        ("7", False),
        ("9", True),
    ]
    assert [(r["person_id"], str(r["start_date"]), str(r["end_date"])) for r in rows] == [
        (2, "2020-01-01", "None"),
        (2, "2020-02-01", "None"),
        (2, "2020-03-01", "2020-03-30"),
    ]
    counted = {loss.what: loss.n_rows for loss in losses}
    assert counted["rows of people who are not in person"] == 2
    assert counted["rows whose first day lies before 1900 or after 2299"] == 4
    assert counted["rows with a days' supply outside 1 to 366 days"] == 1
    assert counted["rows with a quantity outside 0.001 to 100,000"] == 1


def test_a_number_that_its_type_cannot_hold_is_a_fault_of_the_records(impossible):
    """A numeric of PostgreSQL may be greater than any floating-point number."""
    with impossible.connect() as connection:
        connection.execute("ALTER TABLE impossible.drug_exposure ALTER quantity TYPE numeric USING 1e200 * 1e200")
    with pytest.raises(SourceError) as raised:
        _read(impossible)
    assert raised.value.exit_code == 11
    assert "code 22003" in str(raised.value)
