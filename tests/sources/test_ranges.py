"""Missing markers, impossible numbers and ids that are none: unknown or left out, and counted; never a fact, never another
person's."""

from __future__ import annotations

import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stepwell.errors import SourceError

D = datetime.date

# fmt: off
OWN = {
    "person": [
        "person_id,birth_date,death_date", "1,9999,", "2,2999,9999-12-31", "3,0001,", "4,1980-05,",
    ],
    "medication": [
        "person_id,drug,start_date,end_date,days_supply,mg_per_day,strength_mg,quantity,kind,mg,route,time",
        "1,sertraline,2020-01-01,,30,,0,30,,,,",
        "1,sertraline,2020-02-01,,30,,-50,30,,,,",
        "1,sertraline,2020-03-01,,30,1e300,,,,,,",
        "2,sertraline,2020-04-01,9999-12-31,3e20,,50,1e300,,,,",
        "2,sertraline,9999-12-31,,30,,50,30,,,,",
        "3,sertraline,2020-01-01,,30,,90000,30000,,,,",
        "4,esketamine,2020-01-01,,,,,1e300,administration,1e300,up the nose,09:30",
    ],
    "measurement": [
        "person_id,measured_date,instrument,total",
        "1,2020-01-01,phq-9,3.5", "1,2020-01-02,phq-9,1e-320", "1,2020-01-03,phq-9,-0.0", "1,2020-01-04,phq-9,99",
        "1,9999-12-31,phq-9,9",
    ],
    "monitoring": [
        "person_id,session_date,kind,minutes,value",
        "4,2020-01-01,systolic,3e9,120", "4,2020-01-01,systolic,40,1e300", "4,2020-01-01,observed,,-5",
        "4,9999-12-31,cadss,40,20",
    ],
    "procedure": [
        "person_id,procedure_date,vocabulary,code,quantity,time",
        "4,2020-01-01,stepwell,ect,1e300,14:00", "4,2999-01-01,stepwell,ect,1,14:00",
    ],
}
# fmt: on


def test_what_is_outside_its_range_in_an_own_folder_is_unknown_and_counted(folder, opened):
    found = opened(folder(**OWN))
    assert found.rows("person", "birth_earliest_date") == [None, None, None, D(1980, 5, 1)]
    assert found.rows("person", "death_date") == [None] * 4
    assert found.rows("medication", "mg_per_day") == [None] * 6
    assert found.rows("medication", "end_date")[3] is None
    assert found.rows("measurement", "total") == [3.5, None, 0.0, None]
    assert str(found.rows("measurement", "total")[2]) == "0.0"
    assert found.rows("monitoring", "minutes", "value") == [(None, 120.0), (40, None), (None, None)]
    assert found.rows("dose", "quantity", "mg", "route", "minute") == [(None, None, "other", 570)]
    assert found.rows("procedure", "quantity", "minute") == [(None, 840)]
    for words, effect, n in (
        ("birth is missing or outside 1850-01-01 to 2299-12-31", "kept", 3),
        ("deaths dated outside", "read as unknown", 1),
        ("first day lies before 1900", "left out", 1),
        ("days' supply outside 1 to 366 days", "read as unknown", 1),
        ("rows with a strength outside", "read as unknown", 2),
        ("rows with a daily dose outside", "read as unknown", 1),
        ("give a daily dose outside", "read as unknown", 1),
        ("rows with a quantity outside", "read as unknown", 2),
        ("recorded end is no usable date", "read as unknown", 1),
        ("scores outside", "read as unknown", 2),
        ("no whole numbers", "kept", 1),
        ("scores without a usable date", "left out", 1),
        ("readings dated outside", "left out", 1),
        ("readings with minutes outside", "read as unknown", 1),
        ("readings outside the range", "read as unknown", 2),
        ("procedures with a quantity", "read as unknown", 1),
        ("rows dated outside", "left out", 1),
        ("doses with a quantity", "read as unknown", 1),
        ("doses outside 0.001 to 10,000 mg", "read as unknown", 1),
        ("recorded route is none", "kept", 1),
    ):
        assert found.lost(words) == [(effect, n)], words


def test_what_is_no_date_number_or_id_in_an_own_folder_is_an_error(folder, opened):
    people = ["person_id,birth_date,death_date", "6,198,", "7,1980-5,2020-06-15 (BC)", "9,1980-05-17x,epoch"]
    lines = [
        "person_id,drug,start_date,days_supply,strength_mg,quantity",
        "6.6,sertraline,2020-01-31abc,0x10,,30",
        "007,sertraline,2020-06-15 (BC),1_0,-inf,nan",
        "0x7,sertraline,epoch,,,inf",
        "7.4,sertraline,infinity,,,",
        "7,sertraline,2020-01-01,,,",
    ]
    with pytest.raises(SourceError) as raised:
        opened(folder(person=people, medication=lines))
    assert [f"{p.where}: {p.found}" for p in raised.value.problems] == [
        "person.csv, lines 2, 3, 4: birth_date is no usable date",
        "person.csv, lines 3, 4: death_date is no usable date",
        "medication.csv, lines 2, 3, 4, 5: start_date is no usable date",
        "medication.csv, lines 2, 3: days_supply is no whole number",
        "medication.csv, line 3: strength_mg is no number",
        "medication.csv, line 4: quantity is no number",
        "medication.csv, lines 2, 3, 4, 5: a person who is not in person.csv",
    ]


# fmt: off
CDM = {
    "person": [
        "person_id,year_of_birth,month_of_birth,day_of_birth,set_id,vocabulary,code",
        "6,9999,1,1,x,x,x", "7,1980,13,1,x,x,x", "9,1980,May,31,x,x,x", "10,1980,2,115,x,x,x",
    ],
    "drug_exposure": [
        "drug_exposure_id,person_id,drug_concept_id,drug_source_value,drug_exposure_start_date,days_supply,quantity,stop_reason,"
        "set_id,vocabulary,code,ingredient",
        *(
            f"{n},{of},739138,sertraline 50 MG Oral Tablet,{rest},x,x,x,x"
            for n, (of, rest) in enumerate([
                ("6.6", "2020-01-01,30,30,"), ("7.4", "2020-01-01,30,30,"), ("007", "2020-01-01,30,30,"),
                ("0x7", "2020-01-01,30,30,"), ("7.0", "2020-01-01,30,30,"), ("7", "2020-01-31abc,30,30,"),
                ("7", "2020-06-15 (BC),30,30,"), ("7", "epoch,30,30,"), ("7", "infinity,30,30,"), ("7", "12020-01-01,30,30,"),
                ("7", "9999-12-31,30,30,"), ("7", "2020-01-01,0x10,30,"), ("7", "2020-02-01,-9223372036854775808,-inf,"),
                ("7", "2020-03-01,3e20,1e300,lost the tablets"), ("7", "2020/04/01 10:00,30,30,side effects"),
            ], 1)
        ),
    ],
    "procedure_occurrence": [
        "procedure_occurrence_id,person_id,procedure_concept_id,procedure_date,procedure_datetime,procedure_source_value,quantity,"
        "set_id,vocabulary,code",
        "1,7,0,2020-01-01,2020-01-01 10:00,90870,1,x,x,x", "2,7,0,2020-01-01,2020-01-01 25:99,90870,1e300,x,x,x",
        "3,7,0,2020-01-01,teatime,90870,0,x,x,x",
    ],
}
# fmt: on


def test_a_cdm_in_csv(folder, opened):
    """Rows of no person and days that are none are left out and counted; columns of a site's own are left behind."""
    found = opened(folder(**CDM))
    assert found.rows("person", "birth_earliest_date", "birth_latest_date") == [
        (D(1980, 2, 1), D(1980, 2, 29)),
        (None, None),
        (D(1980, 1, 1), D(1980, 12, 31)),
        (D(1980, 1, 1), D(1980, 12, 31)),
    ]
    assert found.rows("medication", "person_id", "start_date", "end_date", "stop_reason") == [
        (2, D(2020, 1, 1), None, None),
        (2, D(2020, 2, 1), None, None),
        (2, D(2020, 3, 1), None, "other"),
        (2, D(2020, 4, 1), D(2020, 4, 30), "intolerance"),
    ]
    assert found.rows("procedure", "quantity", "minute") == [(1.0, 600), (None, None), (None, None)]
    for words, effect, n in (
        ("month or day of birth", "read as unknown", 3),
        ("people who are not in person", "left out", 5),
        ("first day cannot be read", "left out", 5),
        ("first day lies before 1900", "left out", 1),
        ("days' supply outside", "read as unknown", 2),
        ("rows with a quantity outside", "read as unknown", 1),
        ("quantity is no number", "read as unknown", 2),
        ("stop reason is none of the words", "kept", 1),
        ("procedures with a quantity outside", "read as unknown", 2),
        ("procedures whose time", "read as unknown", 2),
    ):
        assert found.lost(words) == [(effect, n)], words


@pytest.mark.parametrize(
    ("of_people", "of_rows", "expected"),
    [
        (pa.array([6, 7, 9]), pa.array([6.6, 7.0, 7.4, 2.0**60, float("nan")]), [None, 2, None, None, None]),
        (pa.array([2**53, 2**53 + 1]), pa.array([2.0**53, 2.0**53 + 2]), [1, None]),
        (pa.array([7.0, 7.5, 2.0**60]), pa.array(["7", "7.0", "7.5", "07"]), [1, None, None, None]),
        (pa.array([2**64 - 1, 7], pa.uint64()), pa.array(["18446744073709551615", "7"]), [2, 1]),
        (pa.array(["A7", "7", "07"]), pa.array([7, -(2**63)]), [2, None]),
        (pa.array([-(2**63), 2**63 - 1]), pa.array([str(-(2**63)), str(2**63 - 1), "9" * 30]), [1, 2, None]),
    ],
)
def test_ids_of_other_types_in_other_tables(tmp_path, opened, of_people, of_rows, expected):
    n = len(of_rows)
    pq.write_table(
        pa.table({"person_id": of_people, "year_of_birth": [1980] * len(of_people)}), tmp_path / "person.parquet"
    )
    exposures = {
        "drug_exposure_id": range(n),
        "person_id": of_rows,
        "drug_concept_id": [739138] * n,
        "drug_exposure_start_date": [D(2020, 1, 1)] * n,
    }
    pq.write_table(pa.table(exposures), tmp_path / "drug_exposure.parquet")
    found = opened(tmp_path)
    assert found.rows("medication", "person_id") == [e for e in expected if e is not None]
    assert found.lost("people who are not in person") == (
        [("left out", expected.count(None))] if None in expected else []
    )


def test_lists_are_no_ids(tmp_path, opened):
    lists = pa.array([[1], [2]])
    pq.write_table(pa.table({"person_id": lists, "year_of_birth": [1980, 1981]}), tmp_path / "person.parquet")
    exposures = {
        "drug_exposure_id": [1],
        "person_id": [1],
        "drug_concept_id": [1],
        "drug_exposure_start_date": ["2020"],
    }
    pq.write_table(pa.table(exposures), tmp_path / "drug_exposure.parquet")
    with pytest.raises(SourceError) as raised:
        opened(tmp_path)
    assert [(p.where, p.found) for p in raised.value.problems] == [
        ("person.parquet, column person_id", "is of type array")
    ]
