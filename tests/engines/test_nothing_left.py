"""Working on somebody's database changes nothing there, and a failure says nothing of its records."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from clinic import KNOWLEDGE, define
from drawn import complete

from stepwell.errors import QuestionError, StepwellError
from stepwell.in_memory import determine_records

RECORDS = complete({"medication": [{"ingredient": "sertraline", "start_date": date(2020, 1, 1)}]})


def judge(connection, records=RECORDS):
    return determine_records(records, [define()], KNOWLEDGE, connection=connection)


def ours(postgres) -> list:
    """Every table that is not the system's, and the settings that stepwell changes while it works."""
    tables = "SELECT relname FROM pg_class WHERE relnamespace >= 16384 AND relkind IN ('r', 'v') ORDER BY 1"
    settings = "SELECT current_setting('search_path'), current_setting('jit')"
    return postgres.execute(tables).fetchall() + postgres.execute(settings).fetchall()


def test_postgres_sorts_text_its_own_way(postgres):
    """Otherwise the tests of equality would not show that stepwell's order is its own."""
    assert postgres.execute("SELECT 'a' < 'B'").fetchone() == (True,)
    postgres.rollback()


def test_nothing_stays_in_postgres(postgres):
    before = ours(postgres)
    postgres.rollback()
    judge(postgres)
    assert ours(postgres) == before
    postgres.rollback()


def test_nothing_stays_in_postgres_after_a_failure(postgres):
    """PostgreSQL keeps no zero bytes in text. Its own message would quote the row."""
    before = ours(postgres)
    marked = [{**RECORDS["person"][0], "source_person_id": "MARKED\0NAME"}]
    with pytest.raises(StepwellError) as failed:
        judge(postgres, {**RECORDS, "person": marked})
    assert "MARKED" not in str(failed.value)
    assert failed.value.__suppress_context__
    assert ours(postgres) == before
    postgres.rollback()


def test_a_transaction_that_was_open_goes_on(postgres):
    """The caller's own tables of the same names are neither read nor lost."""
    postgres.execute("CREATE TABLE public.person (theirs text)")
    postgres.execute("INSERT INTO public.person VALUES ('kept')")
    found = judge(postgres)
    assert found["determination"].num_rows == 1
    assert postgres.execute("SELECT theirs FROM person").fetchall() == [("kept",)]
    postgres.rollback()
    assert judge(postgres)["determination"].equals(found["determination"])


def test_a_user_who_may_not_write_is_told(postgres):
    postgres.execute("SET TRANSACTION READ ONLY")
    with pytest.raises(QuestionError, match="ReadOnlySqlTransaction"):
        judge(postgres)
    postgres.rollback()


def test_a_closed_connection_is_told(postgres):
    import psycopg

    closed = psycopg.connect(host=postgres.info.host, user="stepwell", dbname="postgres", password="not-to-be-shown")
    closed.close()
    with pytest.raises(QuestionError, match="PostgreSQL could not do the work") as failed:
        judge(closed)
    assert "not-to-be-shown" not in str(failed.value)


@pytest.mark.long
def test_nothing_stays_in_spark(spark):
    spark.createDataFrame(pa.table({"theirs": ["kept"]})).createOrReplaceTempView("person")
    zone = spark.conf.get("spark.sql.session.timeZone")
    assert judge(spark)["determination"].num_rows == 1
    assert spark.getActiveSession() is spark
    assert [row.tableName for row in spark.sql("SHOW TABLES").collect()] == ["person"]
    assert spark.table("person").toArrow().to_pylist() == [{"theirs": "kept"}]
    assert spark.conf.get("spark.sql.session.timeZone") == zone != "UTC"
    spark.catalog.dropTempView("person")


def test_something_that_is_no_connection_is_told():
    with pytest.raises(QuestionError, match=r"is of type builtins\.str"):
        judge("postgresql://name:secret@host/database")
