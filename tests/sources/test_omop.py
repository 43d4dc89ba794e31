"""OMOP folders in all their shapes, and what each untidy cell becomes."""

from __future__ import annotations

import datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cdm_headers import CONCEPT, CONDITION, DRUG, FLUOXETINE, MEASUREMENT, OBSERVATION, PERIOD, PERSON, SERTRALINE

D = datetime.date
PEOPLE = [PERSON, "1,8532,1980,5,17", "2,8507,1975,,", "10,0,,,"]


def dose(*lines: str) -> list[str]:
    return [DRUG, *lines]


def test_upper_case_tabs_and_missing_tables(folder, opened):
    upper = [line.replace(",", "\t") for line in (PERSON.upper(), "1,8532,1980,5,17")]
    drugs = dose(f"7,1,{SERTRALINE},2020-01-03,2020-02-02,,,30,30,,")
    found = opened(folder({"PERSON.CSV": upper, "Drug_Exposure.csv": drugs}))
    assert found.rows("medication", "ingredient", "start_date", "end_date", "end_basis", "address") == [
        ("sertraline", D(2020, 1, 3), D(2020, 2, 1), "days supply", "drug_exposure/7")
    ]
    assert found.source.has == {"person", "medication", "concomitant"}
    assert found.rows("condition", "codeset") == []


@pytest.mark.parametrize("shape", ["file", "folder of parts", "database"])
def test_typed_tables_give_what_text_gives(tmp_path, folder, opened, shape):
    person = pa.table({"PERSON_ID": [1, -5], "GENDER_CONCEPT_ID": [8532, 8507], "YEAR_OF_BIRTH": [1980, 1990]})
    drug = pa.table(
        {
            "drug_exposure_id": [7, 8],
            "person_id": [1, -5],
            "drug_concept_id": [SERTRALINE, FLUOXETINE],
            "drug_exposure_start_date": [D(2020, 1, 3), D(2020, 1, 4)],
            "drug_exposure_end_date": pa.array([None, None], pa.date32()),
            "quantity": [30.0, float("nan")],
            "days_supply": pa.array([30, None], pa.int32()),
        }
    )
    if shape == "database":
        place = tmp_path / "site.duckdb"
        con = duckdb.connect(place)
        con.execute("CREATE SCHEMA cdm")
        for name, table in (("PERSON", person), ("drug_exposure", drug)):
            con.register("given", table)
            con.execute(f"CREATE TABLE cdm.{name} AS SELECT * FROM given")
        con.close()
    else:
        place = tmp_path
        for name, table in (("person", person), ("drug_exposure", drug)):
            if shape == "file":
                pq.write_table(table, place / f"{name}.parquet")
            else:
                (place / name).mkdir()
                pq.write_table(table.slice(0, 1), place / name / "part-0.parquet")
                pq.write_table(table.slice(1), place / name / "part-1.parquet")
    found = opened(place)
    assert found.rows("person", "person_id", "source_person_id") == [(1, "-5"), (2, "1")]
    assert found.rows("medication", "person_id", "ingredient", "end_date") == [
        (2, "sertraline", D(2020, 2, 1)),
        (1, "fluoxetine", None),
    ]


def test_people_are_numbered_by_number_or_else_by_text(folder, opened):
    long = "12345678901234567890"
    people = [PERSON, "10,0,1980,,", "9,0,1980,,", f"{long},0,1980,,"]
    found = opened(folder(person=people, drug_exposure=dose(f"1,{long},{SERTRALINE},2020-01-01,,,,,,,")))
    assert found.rows("person", "source_person_id", "person_id") == [("10", 2), (long, 3), ("9", 1)]
    assert found.rows("medication", "person_id") == [3]
    found = opened(folder(person=[*people, "x,0,1980,,"]))
    assert sorted(found.rows("person", "person_id", "source_person_id")) == [(1, "10"), (2, long), (3, "9"), (4, "x")]


@pytest.mark.parametrize("ids", [[11, 12, 13], [11, 13, 14]], ids=["none left out", "one left out"])
def test_people_with_and_without_gaps_in_their_ids_are_found_alike(folder, opened, ids):
    strangers = [ids[0] - 1, ids[-1] + 1, *(set(range(ids[0], ids[-1])) - set(ids))]
    drugs = dose(*(f"{i},{i},{SERTRALINE},2020-01-01,,,,,,," for i in (*ids, *strangers)))
    found = opened(folder(person=[PERSON, *(f"{i},0,1980,," for i in ids)], drug_exposure=drugs))
    assert found.rows("medication", "address", "person_id") == [
        (f"drug_exposure/{i}", number) for number, i in enumerate(ids, 1)
    ]
    (loss,) = [loss for loss in found.source.losses if "not in person" in loss.what]
    # They are unknown, so that nobody can say how many they are.
    assert (loss.n_rows, loss.n_people) == (len(strangers), None)


def test_leading_zeros_are_kept_apart(folder, opened):
    drugs = dose(f"1,007,{SERTRALINE},2020-01-01,,,,,,,", f"2,7,{FLUOXETINE},2020-01-01,,,,,,,")
    found = opened(folder(person=[PERSON, "7,0,1980,,", "007,0,1990,,"], drug_exposure=drugs))
    by_person = dict(found.rows("person", "person_id", "source_person_id"))
    assert [(by_person[p], i) for p, i in found.rows("medication", "person_id", "ingredient")] == [
        ("007", "sertraline"),
        ("7", "fluoxetine"),
    ]


def test_a_person_sent_twice_is_one_and_contradictions_are_not_decided(folder, opened):
    people = [PERSON, "1,8532,1980,5,17", "1,8532,1980,5,17", "2,8532,1980,,", "2,8507,1985,,"]
    found = opened(folder(person=people, drug_exposure=[DRUG]))
    assert found.rows("person", "birth_earliest_date", "birth_latest_date", "sex") == [
        (D(1980, 5, 17), D(1980, 5, 17), "female"),
        (D(1980, 1, 1), D(1985, 12, 31), None),
    ]
    assert found.lost("further rows of a person") == [("corrected", 2)]


def test_births_are_as_exact_as_the_record(folder, opened):
    people = [PERSON, "1,8532,1980,2,", "2,8507,1975,,", "3,8521,NULL,,", "4,0,99,,"]
    found = opened(folder(person=people, drug_exposure=[DRUG]))
    assert found.rows("person", "birth_earliest_date", "birth_latest_date", "sex") == [
        (D(1980, 2, 1), D(1980, 2, 29), "female"),
        (D(1975, 1, 1), D(1975, 12, 31), "male"),
        (None, None, "other"),
        (None, None, None),
    ]


@pytest.mark.parametrize(
    ("cells", "end", "basis", "lost"),
    [
        ("2020-02-01,,,30,30", D(2020, 1, 30), "days supply", None),
        ("2020-02-01,,,30,0", D(2020, 2, 1), "recorded end", "supply outside 1 to 366 days"),
        ("2020-02-01,,,30,9999", D(2020, 2, 1), "recorded end", "supply outside 1 to 366 days"),
        ("2020-01-01,,,30,0", None, None, "nobody can say how long"),
        ("2019-12-01,,,30,NULL", None, None, "lies before their first day"),
        ("9999-12-31,,,30,-1", None, None, "recorded end is no usable date"),
        ("soon,,,30,\\N", None, None, "recorded end is no usable date"),
        (",,,30,", None, None, "nobody can say how long"),
    ],
)
def test_last_day_by_one_precedence(folder, opened, cells, end, basis, lost):
    found = opened(folder(person=PEOPLE, drug_exposure=dose(f"1,1,{SERTRALINE},2020-01-01,{cells},,")))
    assert found.rows("medication", "end_date", "end_basis") == [(end, basis)]
    if lost:
        assert found.lost(lost) == [("read as unknown", 1)]


def test_an_administration_lasts_its_day(folder, opened):
    concept = [CONCEPT, "32818,EHR administration record,Type Concept,Type Concept,Type Concept,S,x,"]
    drugs = dose(f"1,1,{SERTRALINE},2020-01-01,2020-01-01,32818,,,,,", f"2,1,{SERTRALINE},2020-01-01,,5,,,,,")
    found = opened(folder(person=PEOPLE, drug_exposure=drugs, concept=concept))
    assert found.rows("medication", "end_date", "end_basis") == [(D(2020, 1, 1), "administration"), (None, None)]


@pytest.mark.parametrize(
    ("start", "kept", "lost"),
    [
        ("1800-01-01", 0, ("left out", "before 1900")),
        ("9999-12-31", 0, ("left out", "after 2299")),
        ("31/12/2020", 0, ("left out", "cannot be read")),
        ("", 0, ("left out", "without a first day")),
        ("2150-06-01", 1, ("kept", "after 2100")),
        ("20200103", 1, None),
        ("2020-01-03 10:30:00", 1, None),
        ("1944-01-05", 1, None),
    ],
)
def test_first_days(folder, opened, start, kept, lost):
    found = opened(folder(person=PEOPLE, drug_exposure=dose(f"1,1,{SERTRALINE},{start},,,,30,30,,")))
    assert len(found.rows("medication", "start_date")) == kept
    if lost:
        assert found.lost(lost[1]) == [(lost[0], 1)]


def test_orphans_are_counted_and_left_out(folder, opened):
    drugs = dose(f"1,99,{SERTRALINE},2020-01-01,,,,,,,", f"2,1,{SERTRALINE},2020-01-01,,,,,,,")
    periods = [PERIOD, "1,99,2019-01-01,2020-01-01", "2,1,2020-01-01,2019-01-01", "3,1,2019-01-01,9999-12-31"]
    found = opened(folder(person=PEOPLE, drug_exposure=drugs, observation_period=periods))
    assert found.rows("medication", "address") == ["drug_exposure/2"]
    assert found.rows("observation_period", "address") == []
    assert found.lost("who are not in person") == [("left out", 1), ("left out", 1)]
    assert found.lost("end before they start") == [("left out", 1)]
    assert found.lost("still observed") == [("left out", 1)]


def test_rows_sent_twice_share_one_address(folder, opened):
    line = f"1,1,{SERTRALINE},2020-01-01,,,,30,30,,"
    found = opened(folder(person=PEOPLE, drug_exposure=dose(line, line, line.replace("1,1", "2,1", 1))))
    assert found.rows("medication", "address") == ["drug_exposure/1", "drug_exposure/2"]
    assert found.lost("sent more than once") == [("corrected", 1)]


FAR = 2**62


@pytest.mark.parametrize(
    ("ids", "n_copies"),
    [
        ([4, 7, 10], 0),
        ([4, 7, 10, 7], 1),
        ([0, 31, 32, 63, 64], 0),
        ([31, 32, 31, 0, 0], 2),
        ([-4, 4], 0),
        ([-4, 4, -4], 1),
        ([FAR, -FAR, FAR + 1, 0], 0),
        ([FAR, FAR + 1, FAR], 1),
        ([5, None], 0),
        ([5, None, None], 1),
    ],
)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_rows_are_found_again_by_their_ids(folder, opened, ids, n_copies, form):
    """Numbers and text; a row without an id is compared as a whole."""
    place = folder(
        person=PEOPLE,
        drug_exposure=dose(*(f"{'' if i is None else i},1,{SERTRALINE},2020-01-01,,,,30,30,," for i in ids)),
    )
    if form == "parquet":
        csv = place / "drug_exposure.csv"
        duckdb.sql(f"COPY (FROM read_csv('{csv}')) TO '{csv.with_suffix('.parquet')}'")
        csv.unlink()
    found = opened(place)
    written = {f"drug_exposure/{'?' if i is None else i}" for i in ids}
    assert found.rows("medication", "address") == sorted(written)
    assert found.lost("sent more than once") == [("corrected", n_copies)] * (n_copies > 0)


def test_one_number_in_two_tables_or_of_two_sets_is_no_repetition(folder, opened):
    measurement = [MEASUREMENT, "1,1,3042932,2020-01-01,19,,", "1,1,0,2020-01-01,128,8480-6,"]
    observation = [OBSERVATION, "1,1,3042932,2020-01-01,19,,,"]
    found = opened(folder(person=PEOPLE, drug_exposure=[DRUG], measurement=measurement, observation=observation))
    assert found.rows("measurement", "address") == ["measurement/1", "observation/1"]
    assert found.rows("vital", "mmhg") == [128.0]
    assert found.lost("sent more than once") == []


def test_a_diagnosis_among_the_observations_is_read_unless_it_has_a_value(folder, opened):
    """OMOP's vocabulary puts an allergy and a suicide attempt there. A row with a value answers a question: it may say no."""
    condition = "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_source_value"
    header = "observation_id,person_id,observation_concept_id,observation_date,observation_source_value,value_as_string"
    coded = ("Z88.4,", "T14.91XA,", "R45.851,No", "R45.851,never")
    lines = [f"{n},1,0,2020-01-0{n},{row}" for n, row in enumerate(coded, 1)]
    # The same diagnosis in both tables is one, of another day it is another.
    lines += ["5,1,0,2020-01-01,F33.1,", "6,1,0,2020-01-02,F33.1,"]
    tables = {"condition_occurrence": [condition, "1,1,0,2020-01-01,F33.1"], "observation": [header, *lines]}
    found = opened(folder(person=PEOPLE, drug_exposure=[DRUG], **tables))
    assert found.rows("condition", "codeset", "address") == [
        ("major-depression", "condition_occurrence/1"),
        ("anaesthetic-allergy", "observation/1"),
        ("suicidality", "observation/2"),
        ("major-depression", "observation/6"),
    ]
    assert found.lost("that stand among the diagnoses too") == [("corrected", 1)]


def test_oxygen_saturation_is_a_vital_sign_in_per_cent(folder, opened):
    """By its LOINC code or by OMOP's concept; 9.7 % is a misprint, 128 is none of its readings."""
    lines = ["1,1,40762499,2020-01-01,97,,", "2,1,0,2020-01-02,92,59408-5,", "3,1,0,2020-01-03,9.7,2708-6,"]
    found = opened(folder(person=PEOPLE, drug_exposure=[DRUG], measurement=[MEASUREMENT, *lines]))
    assert found.rows("vital", "vital", "percent", "mmhg") == [
        ("oxygen-saturation", 97.0, None),
        ("oxygen-saturation", 92.0, None),
        ("oxygen-saturation", None, None),
    ]
    assert found.lost("outside the range of any") == [("read as unknown", 1)]


def test_readings_sent_twice_count_once(folder, opened):
    lines = [MEASUREMENT, *["1,1,3042932,2020-01-01,19,,", "2,1,0,2020-01-01,128,8480-6,"] * 2]
    found = opened(folder(person=PEOPLE, drug_exposure=[DRUG], measurement=lines))
    assert (found.rows("measurement", "total"), found.rows("vital", "mmhg")) == ([19.0], [128.0])
    assert found.lost("sent more than once") == [("corrected", 1), ("corrected", 1)]


def test_scores_of_two_tables_with_values_of_all_kinds(folder, opened):
    measurement = [
        MEASUREMENT,
        "1,1,3042932,2020-01-01,19,,",
        "2,1,0,2020-01-02,99,PHQ-9,0",
        "3,1,0,2020-01-03,NaN,phq9 total,",
        "4,1,0,2020-01-04,12,blood pressure,",
    ]
    observation = [OBSERVATION, "5,1,3042932,2020-01-05,, 14 ,,", "6,2,3042932,2020-01-06,,refused,,"]
    found = opened(folder(person=PEOPLE, drug_exposure=[DRUG], measurement=measurement, observation=observation))
    assert found.rows("measurement", "address", "instrument", "total") == [
        ("measurement/1", "phq-9", 19.0),
        ("measurement/2", "phq-9", None),
        ("measurement/3", "phq-9", None),
        ("observation/5", "phq-9", 14.0),
        ("observation/6", "phq-9", None),
    ]
    assert found.lost("outside the instrument's range") == [("read as unknown", 1)]
    assert found.lost("without a value") == [("kept", 2)]
    assert found.lost("written as text") == [("kept", 1)]


def test_scores_are_found_by_loinc_code(folder, opened):
    concept = [CONCEPT, "500,PHQ total,Observation,LOINC,Survey,S,44261-6,"]
    measurement = [MEASUREMENT, "1,1,500,2020-01-01,19,,", "2,1,0,2020-01-01,18,,500", "3,1,0,2020-01-01,17,44261-6,0"]
    found = opened(folder(person=PEOPLE, drug_exposure=[DRUG], measurement=measurement, concept=concept))
    assert found.rows("measurement", "total") == [19.0, 18.0, 17.0]


def test_answers_to_single_items_are_kept_apart_not_added(folder, opened):
    concept = [CONCEPT, "501,Little interest,Observation,LOINC,Survey,S,44250-9,"]
    found = opened(
        folder(
            person=PEOPLE,
            drug_exposure=[DRUG],
            measurement=[MEASUREMENT, "1,1,501,2020-01-01,3,,"],
            concept=concept,
        )
    )
    assert found.rows("measurement", "total") == []
    assert found.rows("answer", "value") == [3.0]
    assert found.lost("single items") == [("kept", 1)]


def test_the_word_of_a_stop_reason_is_not_guessed_from_a_longer_text(folder, opened):
    reasons = ["Side effects", "no side effects", "ineffective", "moved away", ""]
    drugs = [f"{n},1,{SERTRALINE},2020-01-0{n},,,{reason},,,," for n, reason in enumerate(reasons, 1)]
    found = opened(folder(person=PEOPLE, drug_exposure=dose(*drugs)))
    assert found.rows("medication", "stop_reason") == ["intolerance", "other", "no effect", "other", None]


def test_the_fingerprint_follows_the_content_not_the_place(folder, opened, tmp_path):
    place = folder(person=PEOPLE, drug_exposure=[DRUG])
    first = opened(place).source.fingerprint
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("person.csv", "drug_exposure.csv"):
        (copy / name).write_bytes((place / name).read_bytes())
    assert opened(copy).source.fingerprint == first
    folder(person=[*PEOPLE, "11,0,1980,,"])
    assert opened(place).source.fingerprint != first


def test_conditions_by_concept_source_code_and_hierarchy(folder, opened):
    lines = [
        CONDITION,
        "1,1,4152280,2020-01-01,whatever,0",  # the concept of a code set
        "2,1,0,2020-01-02,F33.1,0",
        "3,1,0,2020-01-03,f331,0",
        "4,1,0,2020-01-04,29633,0",
        "5,1,0,2020-01-05,296330001,0",  # a SNOMED-like number, not ICD-9-CM 296.33
        "6,1,0,2020-01-06,Z00.0,0",
    ]
    found = opened(folder(person=PEOPLE, drug_exposure=[DRUG], condition_occurrence=lines))
    wanted = [a for a, s in found.rows("condition", "address", "codeset") if s == "major-depression"]
    assert wanted == [f"condition_occurrence/{n}" for n in (1, 2, 3, 4)]


def test_a_sites_own_columns_are_not_taken_for_those_of_a_cdm_made_from_fhir(folder, opened):
    """A site may call its columns as it likes: the street of a pharmacy is no address of a record, and its units are no dose."""
    own = ",source_address,supply_origin,units_per_day,stated_mg_per_day"
    drugs = [
        DRUG + own,
        f"7,1,{SERTRALINE},2020-01-03,2020-02-02,,,30,30,,,12 Main Street,order,2,400",
        f"8,1,{SERTRALINE},2020-03-03,2020-04-02,,,30,30,,,12 Main Street,dispense,2,400",
    ]
    columns = ("start_date", "end_date", "mg_per_day", "address")
    people = [PERSON, "1,8532,1980,5,17"]
    found, alone = (
        opened(folder(person=people, drug_exposure=rows)).rows("medication", *columns)
        for rows in (drugs, [row.rsplit(",", 4)[0] for row in drugs])
    )
    assert found == alone
    assert {row[-1] for row in found} == {"drug_exposure/7", "drug_exposure/8"}
