"""Which resource says that a drug was taken, which drug it was, how much of it and how long. Each person is one case."""

from __future__ import annotations

import datetime as dt

import pytest
from resources import RXNORM, SERTRALINE, dispense, of, patient, request

DAILY = {"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}}


def dose(value: float, unit: str) -> list[dict]:
    return [{"doseQuantity": {"value": value, "unit": unit}}]


def supplied(**more) -> dict:
    return {"dispenseRequest": {"quantity": {"value": 30}, **more}}


FLUOXETINE = {"coding": [{"system": RXNORM, "code": "4493"}], "text": "fluoxetine 20 MG Oral Capsule"}
MEDICATION = {"resourceType": "Medication", "id": "m1", "code": SERTRALINE}
CASES = [
    # Which drug.
    request("contained", "1", medicationCodeableConcept=None, medicationReference={"reference": "#in"},
            contained=[{"resourceType": "Medication", "id": "in", "code": SERTRALINE}]),
    request("relative", "2", medicationCodeableConcept=None, medicationReference={"reference": "Medication/m1"}),
    request("absolute", "3", medicationCodeableConcept=None,
            medicationReference={"reference": "https://host/fhir/Medication/m1/_history/4"}),
    request("missing", "4", medicationCodeableConcept=None, medicationReference={"reference": "Medication/none"}),
    request("display", "5", medicationCodeableConcept=None, medicationReference={"display": "sertraline 50 mg tablet"}),
    request("none", "6", medicationCodeableConcept=None),
    request("brand", "7", medicationCodeableConcept={"coding": [{"system": RXNORM, "code": "1", "display": "Brandname 50 MG"}]}),
    request("other", "8", medicationCodeableConcept={
        "coding": [{"system": RXNORM, "code": "2", "display": "amoxicillin 250 MG Oral Capsule"}]}),
    request("shape", "9", medicationCodeableConcept=[SERTRALINE]),
    # Whether it counts.
    request("error", "10", status="entered-in-error"),
    request("draft", "10", status="draft"),
    request("plan", "10", intent="plan"),
    request("proposal", "10", intent="proposal"),
    request("option", "10", intent="option"),
    request("not", "10", doNotPerform=True),
    request("cancelled", "10", status="cancelled"),
    request("reflex", "11", intent="reflex-order"),
    # An order and its dispensing are one supply.
    request("linked", "12", status="stopped", statusReason={"text": "side effects"}),
    dispense("of-linked", "12", authorizingPrescription=[{"reference": "MedicationRequest/linked"}],
             daysSupply={"value": 30, "unit": "days"}, quantity={"value": 30}),
    request("unlinked", "13"),
    dispense("beside", "13", daysSupply={"value": 30}),
    request("reported", "13", reportedBoolean=True, authoredOn="2015-01-01"),
    dispense("declined", "14", status="declined"),
    dispense("prepared", "14", status="preparation"),
    request("stays", "14"),
    of("MedicationStatement", "about", "14", status="active", medicationCodeableConcept=SERTRALINE,
       effectivePeriod={"start": "2020-03-01"}, basedOn=[{"reference": "MedicationRequest/stays"}]),
    of("MedicationStatement", "history", "15", status="completed", medicationCodeableConcept=SERTRALINE,
       effectivePeriod={"start": "2012-01-01", "end": "2012-06-30"}),
    of("MedicationStatement", "never", "15", status="not-taken", medicationCodeableConcept=SERTRALINE,
       effectiveDateTime="2013-01-01"),
    # Dose and length.
    request("tablets", "16", dosageInstruction=[{**DAILY, "doseAndRate": dose(2, "tablet")}], **supplied()),
    request("mg", "17", dosageInstruction=[{**DAILY, "doseAndRate": dose(100, "mg")}], **supplied()),
    request("range", "18", dosageInstruction=[{**DAILY, "doseAndRate": [{"doseRange": {"high": {"value": 2}}}]}], **supplied()),
    request("prn", "19", dosageInstruction=[{**DAILY, "asNeededBoolean": True, "doseAndRate": dose(1, "tablet")}], **supplied()),
    request("taper", "20", dosageInstruction=[{**DAILY, "doseAndRate": dose(n, "tablet")} for n in (2, 1)], **supplied()),
    request("words", "21", dosageInstruction=[{"text": "Take 1 tablet by mouth twice daily"}], **supplied()),
    request("differ", "22", dosageInstruction=[
        {**DAILY, "doseAndRate": dose(1, "tablet"), "text": "Take 2 tablets by mouth twice daily"}], **supplied()),
    request("days", "23", **supplied(expectedSupplyDuration={"value": 15, "unit": "days", "code": "d"})),
    request("stopped", "24", status="stopped", **supplied(expectedSupplyDuration={"value": 90, "code": "d"})),
    # Dates.
    request("month", "25", authoredOn="2020-03"),
    request("evening", "26", authoredOn="2020-03-01T23:30:00-08:00"),
    of("MedicationAdministration", "given", "27", status="completed", medicationCodeableConcept=SERTRALINE,
       effectiveDateTime="2020-03-01T08:00:00Z"),
    of("MedicationAdministration", "not-given", "27", status="not-done", medicationCodeableConcept=SERTRALINE,
       effectiveDateTime="2020-03-02T08:00:00Z"),
    # Which order a dispensing can belong to.
    request("years-later", "28", authoredOn="2022-01-01"),
    dispense("years-before", "28", whenHandedOver="2015-01-01"),
    request("not-filled", "29"),
    dispense("another-drug", "29", medicationCodeableConcept=FLUOXETINE),
    request("expired", "30", dispenseRequest={"validityPeriod": {"end": "2020-03-31"}}),
    dispense("after-it", "30", whenHandedOver="2020-05-01"),
    request("first-of-two", "31"),
    request("second-of-two", "31", authoredOn="2020-04-01"),
    dispense("of-second", "31", whenHandedOver="2020-04-02",
             authorizingPrescription=[{"reference": "MedicationRequest/second-of-two"}]),
    request("begins-later", "32", dosageInstruction=[{"timing": {"repeat": {"boundsPeriod": {"start": "2020-03-09"}}}}]),
    dispense("before-it-begins", "32"),
    # A length in hours, or in the words of the instruction.
    dispense("hours", "33", daysSupply={"value": 360, "code": "h"}),
    dispense("for-days", "33", whenHandedOver="2020-06-01",
             dosageInstruction=[{"text": "Take 1 tablet by mouth once daily for 15 days"}]),
    of("MedicationStatement", "said-for-days", "33", status="completed", medicationCodeableConcept=SERTRALINE,
       effectiveDateTime="2020-09-01", dosage=[{"text": "Take 1 tablet by mouth once daily for 15 days"}]),
]  # fmt: skip


@pytest.fixture(scope="module")
def read(opened_once):
    people = [patient(str(n)) for n in range(1, 34)]
    return opened_once(*people, MEDICATION, *CASES)


@pytest.fixture(scope="module")
def rows(read):
    columns = ("address", "start_date", "end_date", "mg_per_day", "dose_basis", "stop_reason")
    return {row[0].partition("/")[2]: row[1:] for row in read.rows("medication", *columns)}


def test_a_drug_is_found_wherever_its_medication_stands(rows):
    assert {"contained", "relative", "absolute", "display"} <= rows.keys()


def test_a_drug_that_cannot_be_resolved_is_unidentified_and_never_none(read, rows):
    unknown = {"missing", "none", "brand", "shape"}
    assert not unknown & rows.keys()
    people = dict(read.rows("person", "person_id", "source_person_id"))
    found = read.con.to_pyarrow(read.source.tables["incomplete_medication"]).to_pylist()
    incomplete = {people[row["person_id"]] for row in found if row["reason"] == "unidentified drugs"}
    assert incomplete == {"4", "6", "7", "9"}
    assert read.lost("whose drug is not said") == [("read as unknown", 3)]


def test_only_orders_that_were_meant_are_read(read, rows):
    assert not {"error", "draft", "plan", "proposal", "option", "not", "cancelled"} & rows.keys()
    assert "reflex" in rows
    assert read.lost("entered in error") == [("left out", 1)]
    assert read.lost("no orders (proposal, plan, option)") == [("left out", 3)]


def test_an_order_and_its_dispensing_are_one_supply(read, rows):
    assert not {"linked", "unlinked"} & rows.keys()
    assert {"of-linked", "beside", "reported", "stays", "history"} <= rows.keys()
    assert rows["of-linked"][4] == "intolerance"  # why the order was stopped
    assert read.lost("prescriptions whose dispensing is in the source") == [("left out", 2)]
    assert read.lost("dispensed while they were valid") == [("left out", 2)]
    assert not {"declined", "prepared", "about", "never"} & rows.keys()


def test_a_dispensing_belongs_to_an_order_only_while_it_is_valid(read, rows):
    """Not years before or after, not after the day that the order states, and not where it names another order."""
    assert {"years-later", "years-before", "expired", "after-it", "first-of-two", "of-second"} <= rows.keys()
    assert not {"second-of-two", "begins-later"} & rows.keys()
    supplied = {a.partition("/")[2]: yes for a, yes in read.rows("medication", "address", "is_supplied")}
    assert {supplied[name] for name in ("not-filled", "expired", "first-of-two")} == {False}
    assert {supplied[name] for name in ("years-later", "stays", "tablets")} == {None}
    assert {supplied[name] for name in ("years-before", "of-second", "history", "given", "reported")} == {True}


@pytest.mark.parametrize(
    ("case", "end", "mg"),
    [
        ("tablets", "2020-03-15", 100.0),
        ("mg", "2020-03-15", 100.0),
        ("range", None, None),
        ("prn", None, None),
        ("taper", None, None),
        ("words", "2020-03-15", 100.0),
        ("differ", None, None),
        ("days", "2020-03-15", 100.0),
        ("stopped", None, None),
        ("history", "2012-06-30", None),
        ("given", "2020-03-01", None),
        ("hours", "2020-03-16", None),
        ("for-days", "2020-06-15", 50.0),
        ("said-for-days", "2020-09-15", 50.0),
    ],
)
def test_dose_and_length(rows, case, end, mg):
    assert rows[case][1:3] == (end and dt.date.fromisoformat(end), mg)


def test_a_date_is_a_local_day_and_a_month_is_none(read, rows):
    assert rows["evening"][0] == dt.date(2020, 3, 1)
    assert "month" not in rows
    assert read.lost("whose first day cannot be read") == [("left out", 1)]


def test_what_was_not_given_is_not_read(rows):
    assert "not-given" not in rows
