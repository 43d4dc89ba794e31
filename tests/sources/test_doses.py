"""Doses of drugs given in sessions, and readings around them, out of OMOP and out of stepwell's own folder."""

from __future__ import annotations

import datetime

import ibis.expr.operations as ops
import pytest
from cdm_headers import MEASUREMENT, PERSON, SERTRALINE

from stepwell.errors import SourceError
from stepwell.sources import write_template

D = datetime.date
ESKETAMINE, KETAMINE = 1366610, 785649
DRUG = (
    "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_start_datetime,quantity,"
    "drug_type_concept_id,route_concept_id,route_source_value,dose_unit_source_value,drug_source_value"
)
CONCEPT = [
    "concept_id,concept_name,domain_id,vocabulary_id,concept_code",
    "32818,EHR administration record,Type Concept,Type Concept,x1",
    "32838,EHR prescription,Type Concept,Type Concept,x2",
    "32869,Pharmacy claim,Type Concept,Type Concept,x3",
    "32810,Claim,Type Concept,Type Concept,x4",
    "4262914,Nasal,Route,SNOMED,46713006",
    "4171047,Intravenous,Route,SNOMED,47625008",
    f"{ESKETAMINE},esketamine,Drug,RxNorm,2119365",
    f"{KETAMINE},ketamine,Drug,RxNorm,6130",
    "3004249,Systolic blood pressure,Measurement,LOINC,8480-6",
    "3012888,Diastolic blood pressure,Measurement,LOINC,8462-4",
]
PEOPLE = [PERSON, "1,8532,1980,5,17"]


def test_a_source_without_such_drugs_has_no_doses(folder, opened):
    lines = [DRUG, f"1,1,{SERTRALINE},2025-01-01,,30,,,,,"]
    found = opened(folder(person=PEOPLE, drug_exposure=lines))
    assert "dose" not in found.source.has
    assert found.rows("dose", "mg") == []


@pytest.mark.parametrize("has_concepts", [True, False])
def test_no_record_table_rests_on_a_table_in_memory(folder, opened, has_concepts):
    """Records are laid down from compiled SQL, which does not hold such tables."""
    lines = [DRUG, f"1,1,{KETAMINE},2025-01-01,,1,,,iv,,"]
    found = opened(folder(person=PEOPLE, drug_exposure=lines, **({"concept": CONCEPT} if has_concepts else {})))
    assert found.rows("dose", "ingredient", "route") == [("ketamine", "intravenous")]
    assert [n for n, rows in found.source.tables.items() if rows.op().find(ops.InMemoryTable)] == []


@pytest.mark.parametrize(
    ("quantity", "unit", "mg"),
    [
        ("56", "mg", 56),
        ("0.056", "g", 56),
        ("56000", "mcg", 56),
        ("1", "mg/kg", None),
        ("56", "", None),
        ("", "mg", None),
    ],
)
def test_an_amount_counts_in_the_unit_that_is_stated(folder, opened, quantity, unit, mg):
    """A stated unit is used, an unstated one is not guessed."""
    lines = [DRUG, f"1,1,{ESKETAMINE},2025-01-01,2025-01-01 09:30:00,{quantity},32818,4262914,,{unit},"]
    found = opened(folder(person=PEOPLE, drug_exposure=lines, concept=CONCEPT))
    assert found.rows("dose", "ingredient", "given_date", "kind", "mg", "route", "minute", "address") == [
        ("esketamine-nasal", D(2025, 1, 1), "administration", mg, "nasal", 570, "drug_exposure/1")
    ]
    assert {"dose", "monitoring"} <= found.source.has


@pytest.mark.parametrize(
    ("type_id", "kind"), [(32818, "administration"), (32838, "supply"), (32869, "supply"), (32810, None), (0, None)]
)
def test_what_sort_of_row_it_is(folder, opened, type_id, kind):
    lines = [DRUG, f"1,1,{KETAMINE},2025-01-01,,1,{type_id},0,,,"]
    found = opened(folder(person=PEOPLE, drug_exposure=lines, concept=CONCEPT))
    assert found.rows("dose", "kind") == [kind]


@pytest.mark.parametrize(
    ("concept", "word", "route"),
    [(4171047, "", "intravenous"), (0, "IV", "intravenous"), (0, "im", "intramuscular"), (0, "S.C.", "subcutaneous"),
     (0, "rectal", "other"), (0, "", None)],
)  # fmt: skip
def test_the_route_by_concept_or_by_word(folder, opened, concept, word, route):
    lines = [DRUG, f"1,1,{KETAMINE},2025-01-01,,1,32818,{concept},{word},mg,"]
    found = opened(folder(person=PEOPLE, drug_exposure=lines, concept=CONCEPT))
    assert found.rows("dose", "route") == [route]


def test_a_billing_code_is_kept_as_recorded(folder, opened):
    lines = [DRUG, f"1,1,{ESKETAMINE},2025-01-01,,56,32810,,,,s0013", f"2,1,{ESKETAMINE},2025-01-02,,1,,,,,Spravato"]
    found = opened(folder(person=PEOPLE, drug_exposure=lines, concept=CONCEPT))
    assert found.rows("dose", "code", "quantity") == [("S0013", 56.0), (None, 1.0)]


def test_blood_pressure_on_the_days_of_doses_only(folder, opened):
    """With the minutes since the day's first dose began; other days are not read, and a misprint is unknown."""
    header = f"{MEASUREMENT},measurement_datetime" if "measurement_datetime" not in MEASUREMENT else MEASUREMENT
    columns = header.split(",")

    def reading(number: int, concept: int, day: str, clock: str, value: int) -> str:
        cells = {
            "measurement_id": number, "person_id": 1, "measurement_concept_id": concept, "measurement_date": day,
            "measurement_datetime": f"{day} {clock}" if clock else "", "value_as_number": value,
        }  # fmt: skip
        return ",".join(str(cells.get(c, "")) for c in columns)

    lines = [
        header,
        reading(1, 3004249, "2025-01-01", "09:25:00", 130),
        reading(2, 3012888, "2025-01-01", "10:10:00", 85),
        reading(3, 3004249, "2025-01-01", "", 131),
        reading(4, 3004249, "2025-01-02", "09:25:00", 130),
        reading(5, 3004249, "2025-01-01", "09:31:00", 300),
        reading(6, 3004249, "2025-01-01", "09:32:00", 301),
    ]
    doses = [DRUG, f"1,1,{ESKETAMINE},2025-01-01,2025-01-01 09:30:00,56,32818,4262914,,mg,"]
    found = opened(folder(person=PEOPLE, drug_exposure=doses, concept=CONCEPT, measurement=lines))
    assert found.rows("monitoring", "kind", "minutes", "value") == [
        ("systolic", -5, 130.0),
        ("diastolic", 40, 85.0),
        ("systolic", None, 131.0),
        ("systolic", 1, 300.0),
        ("systolic", 2, None),
    ]
    assert found.lost("without a time before or after it") == [("kept", 1)]
    assert found.lost("on the day of a dose outside the range") == [("read as unknown", 1)]


def test_doses_and_readings_sent_twice_count_once(folder, opened):
    dose = f"1,1,{ESKETAMINE},2025-01-01,2025-01-01 09:30:00,56,32818,4262914,,mg,"
    reading = {"measurement_id": 1, "person_id": 1, "measurement_concept_id": 3004249, "measurement_date": "2025-01-01",
               "value_as_number": 130}  # fmt: skip
    reading = ",".join(str(reading.get(c, "")) for c in MEASUREMENT.split(","))
    found = opened(
        folder(
            person=PEOPLE,
            drug_exposure=[DRUG, dose, dose],
            concept=CONCEPT,
            measurement=[MEASUREMENT, reading, reading],
        )
    )
    assert found.rows("dose", "mg", "address") == [(56.0, "drug_exposure/1")]
    assert found.rows("monitoring", "value", "address") == [(130.0, "measurement/1")]
    # The drug, the blood pressure, and the same reading as one around a session; of the dose nothing is told a second time.
    assert found.lost("sent more than once") == [("corrected", 1)] * 3


@pytest.fixture
def own(tmp_path):
    """A filled-in template with two people."""
    place = tmp_path / "own"
    write_template(place)

    def fill(**lines: list[str]):
        for name, rows in {"person": ["p1,1980,female,"], **lines}.items():
            table = place / f"{name}.csv"
            n_columns = table.read_text("utf-8").splitlines()[0].count(",") + 1
            with table.open("a", encoding="utf-8") as file:
                # The last columns of the template may be left empty.
                file.writelines(row + "," * (n_columns - row.count(",") - 1) + "\n" for row in rows)
        return place

    return fill


def test_doses_and_readings_of_an_own_folder(own, opened):
    place = own(
        medication=[
            "p1,esketamine,2025-01-01,,,,28,2,,administration,,Nasal,09:30",
            "p1,sertraline,2025-01-01,,30,50,,,,,,,",
        ],
        procedure=["p1,2025-01-01,HCPCS,J0013,56,"],
        monitoring=["p1,2025-01-01,systolic,-5,130", "p1,2025-01-01,Form sent,,3"],
    )
    found = opened(place)
    assert found.rows("dose", "ingredient", "kind", "mg", "route", "minute") == [
        ("esketamine-nasal", "administration", 56.0, "nasal", 570)
    ]
    assert found.rows("procedure", "code", "quantity") == [("J0013", 56.0)]
    assert found.rows("monitoring", "kind", "minutes", "value") == [("systolic", -5, 130.0), ("form sent", None, 3.0)]


@pytest.mark.parametrize(
    ("file", "line", "found"),
    [
        ("medication", "p1,ketamine,2025-01-01,,,,,,,maybe,40,iv,", "kind is none of the words known"),
        ("medication", "p1,ketamine,2025-01-01,,,,,,,,40,iv,25:00", "time is no time such as 09:30"),
        ("medication", "p1,ketamine,2025-01-01,,,,,,,,forty,iv,", "mg is no number"),
        ("monitoring", "p1,2025-01-01,pulse,5,80", "kind is none of the words known"),
        ("monitoring", "p1,,systolic,5,80", "session_date is empty"),
        ("monitoring", "p2,2025-01-01,systolic,5,80", "a person who is not in person.csv"),
        ("monitoring", "p1,2025-01-01,systolic,5.5,80", "minutes is no whole number"),
        ("procedure", "p1,2025-01-01,HCPCS,J0013,many,", "quantity is no number"),
    ],
)
def test_cells_that_cannot_be_read_are_named_by_line(own, opened, file, line, found):
    lines = {"medication": ["p1,sertraline,2025-01-01,,30,50,,,,,,,"]}
    lines[file] = [*lines.get(file, []), line]
    with pytest.raises(SourceError) as raised:
        opened(own(**lines))
    where = f"{file}.csv, line {1 + len(lines[file])}"
    assert [(p.where, p.found) for p in raised.value.problems] == [(where, found)]


def test_oxygen_saturation_around_a_dose(folder, opened):
    """Read on the day of a dose, with the minutes from its beginning, from a CDM and from an own folder alike."""
    dose = [DRUG, f"1,1,{ESKETAMINE},2025-01-01,2025-01-01 09:30:00,56,32818,4262914,,mg,"]
    measured = "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_datetime,value_as_number"
    lines = [
        measured,
        "1,1,40762499,2025-01-01,2025-01-01 09:20:00,98",
        "2,1,40762499,2025-01-01,2025-01-01 10:10:00,91",
    ]
    concepts = [*CONCEPT, "40762499,Oxygen saturation by Pulse oximetry,Measurement,LOINC,59408-5"]
    found = opened(folder(person=PEOPLE, concept=concepts, drug_exposure=dose, measurement=lines))
    assert found.rows("monitoring", "kind", "minutes", "value") == [
        ("oxygen saturation", -10, 98.0),
        ("oxygen saturation", 40, 91.0),
    ]


def test_scales_of_dissociation_and_sedation_around_a_dose(folder, opened):
    """A total of the CADSS or the MOAA/S on the day of a dose is a reading of the session, in whichever of the two tables it
    stands; it stays among the answers too. Of other days it is an answer alone."""
    dose = [DRUG, f"1,1,{ESKETAMINE},2025-01-01,2025-01-01 09:30:00,56,32818,4262914,,mg,"]
    columns = (
        "{0}_id,person_id,{0}_concept_id,{0}_date,{0}_datetime,value_as_number,value_source_value,{0}_source_value"
    )
    measured = [
        columns.format("measurement"),
        "1,1,0,2025-01-01,2025-01-01 09:25:00,2,,CADSS total",
        "2,1,0,2025-01-01,2025-01-01 10:10:00,,20,cadss",
        "3,1,0,2025-01-02,2025-01-02 10:10:00,7,,cadss",
        "4,1,0,2025-01-01,2025-01-01 10:10:00,93,,cadss",
    ]
    observed = [
        columns.format("observation"),
        "1,1,0,2025-01-01,2025-01-01 10:15:00,3,,MOAA/S",
        "2,1,0,2025-01-01,,5,,MOAA/S",
        "3,1,0,2025-01-01,2025-01-01 10:15:00,17,,phq-9",
    ]
    found = opened(
        folder(person=PEOPLE, drug_exposure=dose, concept=CONCEPT, measurement=measured, observation=observed)
    )
    assert found.rows("monitoring", "kind", "minutes", "value") == [
        ("cadss", -5, 2.0),
        ("cadss", 40, 20.0),
        ("cadss", 40, None),
        ("moaa-s", 45, 3.0),
        ("moaa-s", None, 5.0),
    ]
    assert found.lost("on the day of a dose outside the range") == [("read as unknown", 1)]
    assert [v for i, v in found.rows("answer", "instrument", "value") if i == "cadss"] == [2.0, 20.0, 7.0, None]
    assert found.rows("measurement", "instrument", "total") == [("phq-9", 17.0)]


OWN = {
    "person": ["person_id,birth_date", "p1,1980"],
    "medication": ["person_id,drug,start_date", "p1,sertraline,2020-01-01"],
}
VITAL = "person_id,measured_date,vital,mmhg,percent"


def test_vital_signs_of_an_own_folder_stand_in_the_column_of_their_unit(folder, opened):
    found = opened(folder(**OWN, vital=[VITAL, "p1,2020-09-01,SpO2,,96", "p1,2020-09-01,systolic,128,"]))
    assert found.rows("vital", "vital", "mmhg", "percent") == [
        ("oxygen-saturation", None, 96.0),
        ("blood-pressure-systolic", 128.0, None),
    ]


def test_a_vital_sign_in_the_column_of_another_unit_is_a_mistake(folder, opened):
    place = folder(**OWN, vital=[VITAL, "p1,2020-09-01,spo2,96,", "p1,2020-09-01,systolic,,128"])
    with pytest.raises(SourceError, match=r"lines 2, 3: a reading in the column of another unit"):
        opened(place)
