"""The transcription of cohort 1009 against the cohort's own SQL, as OHDSI publishes it, on people near its limits.

The SQL is not shipped. It is looked for in the folder named by STEPWELL_DATA, else beside the checkout.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from random import Random

import duckdb
import pyarrow as pa
import pytest
from as_code import ohdsi_1009
from as_code.ohdsi_1009 import drug_eras, joined_periods
from as_code.people import crowd_near_limits
from as_code.test_as_code import by_person

from stepwell.knowledge.loader import load

DATA = Path(os.environ.get("STEPWELL_DATA") or Path(__file__).parents[3] / "shared" / "data")
# A concept of each of the cohort's sets, to stand for the code set.
CONCEPT = {"major-depression": 440383, "depression-other": 440383, "bipolar": 436665, "dementia": 4182210}
CONCEPT |= {"psychosis": 436073}
DAY_ONE = 719_163
"""1 January 1970, as `date.toordinal` counts."""


def cohort_sql() -> str:
    """The statements up to the final cohort, in DuckDB's words."""
    path = DATA / "ohdsi_phenotypes" / "1009.sql"
    if not path.is_file():
        pytest.skip("no ohdsi_phenotypes/1009.sql in STEPWELL_DATA or beside the checkout")
    sql = re.sub(r"--.*", "", path.read_text("utf-8"))
    sql = sql[: sql.index("DELETE FROM @target_database_schema")]
    sql = re.sub(r"UPDATE STATISTICS #\w+;|(TRUNCATE|DROP) TABLE #\w+;", "", sql)
    sql = re.sub(r"\{3 != 0\}\?\{(.*?)\n\}", r"\1", sql, flags=re.DOTALL)
    sql = re.sub(r"DATEADD\(day,([^,()]+),((?:[^()]|\([^()]*\))+)\)", r"(\2 + CAST(\1 AS INTEGER))", sql)
    # SELECT ... INTO #t FROM ... makes a table: the name goes to the front of the statement.
    statements = []
    for statement in sql.split(";"):
        made = re.search(r"\binto\s+#(\w+)", statement, re.IGNORECASE)
        if made and "insert into" not in statement.lower():
            statement = f"CREATE TEMP TABLE {made[1]} AS {statement.replace(made[0], '')}"
        statements.append(statement)
    return (
        ";".join(statements)
        .replace("#", "")
        .replace("@cdm_database_schema.", "")
        .replace("@vocabulary_database_schema.", "")
    )


def test_the_transcription_enters_whom_the_sql_enters():
    sql = cohort_sql()
    people = by_person(crowd_near_limits(Random("sql"), 3000))
    knowledge, con = load(), duckdb.connect()
    concepts = {name: i.omop[0] for name, i in knowledge.ingredients.items() if i.omop}
    eras, diagnoses, periods = [], [], []
    for person, records in people.items():
        for era in drug_eras(records["medication"]):
            if era.ingredient in concepts:
                eras.append((person, concepts[era.ingredient], era.start - DAY_ONE, era.end - DAY_ONE))
        for row in records["condition"]:
            if row["codeset"] in CONCEPT:
                on = row["condition_date"].toordinal() - DAY_ONE
                diagnoses.append((person, CONCEPT[row["codeset"]], on, on))
        for start, end in joined_periods(records["observation_period"]):
            periods.append((person, start - DAY_ONE, end - DAY_ONE))
    concept = sorted({*concepts.values(), *CONCEPT.values()})
    _table(con, "concept", ["concept_id", "invalid_reason"], [(c, None) for c in concept])
    _table(con, "concept_ancestor", ["ancestor_concept_id", "descendant_concept_id"], [(c, c) for c in concept])
    days = ["start_date", "end_date"]
    _table(con, "drug_era", ["person_id", "drug_concept_id", *(f"drug_era_{d}" for d in days)], eras)
    _table(
        con, "condition_occurrence", ["person_id", "condition_concept_id", *(f"condition_{d}" for d in days)], diagnoses
    )
    _table(con, "observation_period", ["person_id", *(f"observation_period_{d}" for d in days)], periods)
    _table(con, "dose_era", ["person_id", "drug_concept_id", "unit_concept_id", "dose_value", "dose_era_start_date",
                             "dose_era_end_date"], [])  # fmt: skip
    con.execute(sql)
    entered = dict(con.execute("SELECT person_id, start_date FROM final_cohort").fetchall())
    answers = {person: ohdsi_1009.answer(records) for person, records in people.items()}
    assert entered == {person: said.date for person, said in answers.items() if said.is_trd}
    assert len(entered) >= 100


def _table(con: duckdb.DuckDBPyConnection, name: str, columns: list[str], rows: list[tuple]) -> None:
    """A table of the CDM with the columns that the SQL reads; days become dates, and each row has a number of its own."""
    given = pa.table({c: pa.array([row[i] for row in rows], pa.int64()) for i, c in enumerate(columns)})
    con.register("given", given)
    shown = [f"DATE '1970-01-01' + CAST({c} AS INTEGER) AS {c}" if c.endswith("_date") else c for c in columns]
    more = "NULL AS visit_occurrence_id, 0 AS drug_exposure_count, 0 AS gap_days"
    number = "" if f"{name}_id" in columns else f"row_number() OVER () AS {name}_id, "
    con.execute(f"CREATE TABLE {name} AS SELECT {number}{', '.join(shown)}, {more} FROM given")
    con.unregister("given")
