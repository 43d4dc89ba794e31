"""The floor and OHDSI's drug eras, on records small enough to check by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import stepwell_bench
from stepwell_bench.jobs.run_sql import run_sql

JOBS = Path(stepwell_bench.__file__).parent / "jobs"
INGREDIENT, OTHER, PRODUCT, OTHER_PRODUCT, CLASS = 10, 20, 11, 21, 5
EXPOSURE = pa.schema(
    [
        ("drug_exposure_id", pa.int64()),
        ("person_id", pa.int64()),
        ("drug_concept_id", pa.int64()),
        ("drug_exposure_start_date", pa.date32()),
        ("drug_exposure_end_date", pa.date32()),
        ("stop_reason", pa.string()),
        ("quantity", pa.float64()),
        ("days_supply", pa.int64()),
    ]
)


def write(folder: Path, *exposures: tuple) -> Path:
    """Exposures as (person, product, first day, last day, days' supply)."""
    columns = ("person_id", "drug_concept_id", "drug_exposure_start_date", "drug_exposure_end_date", "days_supply")
    rows = [
        dict(zip(columns, e, strict=True)) | {"drug_exposure_id": n, "quantity": 30.0} for n, e in enumerate(exposures)
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=EXPOSURE), folder / "drug_exposure.parquet")
    concepts = [
        {"concept_id": c, "vocabulary_id": "RxNorm", "concept_class_id": "Ingredient"} for c in (INGREDIENT, OTHER)
    ]
    concepts += [{"concept_id": CLASS, "vocabulary_id": "ATC", "concept_class_id": "ATC 4th"}]
    pq.write_table(pa.Table.from_pylist(concepts), folder / "concept.parquet")
    above = [(INGREDIENT, PRODUCT), (OTHER, OTHER_PRODUCT), (CLASS, PRODUCT), (CLASS, OTHER_PRODUCT)]
    ancestors = [{"ancestor_concept_id": a, "descendant_concept_id": d} for a, d in above]
    pq.write_table(pa.Table.from_pylist(ancestors), folder / "concept_ancestor.parquet")
    return folder


def eras(records: Path) -> list[tuple]:
    con = run_sql(JOBS / "drug_era.sql", records)
    return con.execute("FROM drug_era ORDER BY person_id, drug_concept_id, drug_era_start_date").fetchall()


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        # The first ends on 30 January. A second that begins 30 days later belongs to it; one day more, and it does not.
        (date(2020, 2, 29), [(date(2020, 1, 1), date(2020, 3, 29), 2, 30)]),
        (
            date(2020, 3, 1),
            [(date(2020, 1, 1), date(2020, 1, 30), 1, 0), (date(2020, 3, 1), date(2020, 3, 29), 1, 0)],
        ),
    ],
)
def test_exposures_at_most_30_days_apart_are_one_era(tmp_path, second, expected):
    first = (1, PRODUCT, date(2020, 1, 1), date(2020, 1, 30), 30)
    records = write(tmp_path, first, (1, PRODUCT, second, date(2020, 3, 29), 30))
    assert eras(records) == [(1, INGREDIENT, *era) for era in expected]


def test_overlapping_exposures_are_counted_once_and_contained_ones_shorten_nothing(tmp_path):
    records = write(
        tmp_path,
        (1, PRODUCT, date(2020, 1, 1), date(2020, 3, 1), 61),
        (1, PRODUCT, date(2020, 1, 10), date(2020, 1, 20), 11),
        (1, PRODUCT, date(2020, 2, 20), date(2020, 3, 20), 30),
    )
    assert eras(records) == [(1, INGREDIENT, date(2020, 1, 1), date(2020, 3, 20), 3, 0)]


def test_each_person_and_ingredient_has_eras_of_its_own(tmp_path):
    days = (date(2020, 1, 1), date(2020, 1, 30), 30)
    records = write(tmp_path, (1, PRODUCT, *days), (1, OTHER_PRODUCT, *days), (2, PRODUCT, *days))
    assert [era[:2] for era in eras(records)] == [(1, INGREDIENT), (1, OTHER), (2, INGREDIENT)]


def test_a_missing_end_is_days_supply_later_or_the_next_day(tmp_path):
    records = write(
        tmp_path,
        (1, PRODUCT, date(2020, 1, 1), None, 28),
        (2, PRODUCT, date(2020, 1, 1), None, 0),
        (3, PRODUCT, date(2020, 1, 1), None, None),  # the published script leaves such rows out
        (4, 0, date(2020, 1, 1), date(2020, 1, 30), 30),  # and those without a drug
    )
    assert [(e[0], e[3]) for e in eras(records)] == [(1, date(2020, 1, 29)), (2, date(2020, 1, 2))]


def test_the_floor_counts_every_row_and_takes_in_every_column(tmp_path):
    rows = [(1, PRODUCT, date(2020, 1, 1), date(2020, 1, 30), 30), (1, PRODUCT, date(2020, 2, 1), None, 28)]

    def floor(*exposures: tuple) -> tuple:
        return run_sql(JOBS / "floor.sql", write(tmp_path, *exposures)).fetchone()

    seen = {floor(*rows)}
    for column, changed in ((0, 2), (1, OTHER_PRODUCT), (2, date(2020, 2, 2)), (3, date(2020, 2, 3)), (4, 27)):
        other = list(rows[1])
        other[column] = changed
        seen.add(floor(rows[0], tuple(other)))
    assert {n for n, _ in seen} == {2}
    assert len(seen) == 6


def test_the_floor_computes_its_window(tmp_path):
    records = write(tmp_path, (1, PRODUCT, date(2020, 1, 1), date(2020, 1, 30), 30))
    con = duckdb.connect()
    con.execute(f"SET VARIABLE records = '{records}'")
    plan = con.execute("EXPLAIN " + (JOBS / "floor.sql").read_text("utf-8")).fetchall()[0][1]
    assert "WINDOW" in plan
    assert "LAG" in plan.upper()
    assert "ROW_NUMBER" in plan.upper()
