"""Record tables of one person as FHIR R4 resources: what was taken, scored, measured and diagnosed, with codes where it has any.

A diagnosis or a treatment that was entered by its name has words and no code: a system that reads codes takes it as unknown. FHIR
has no way to say that a history is complete, so that nobody is "not met" by these files alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo

import stepwell

from .csv_rows import undated

_SYSTEMS = {
    "ICD10CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "ICD10": "http://hl7.org/fhir/sid/icd-10",
    "ICD9CM": "http://hl7.org/fhir/sid/icd-9-cm",
    "SNOMED": "http://snomed.info/sct",
    "HCPCS": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "CPT4": "http://www.ama-assn.org/go/cpt",
    "LOINC": "http://loinc.org",
    "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm",
}
_UCUM = "http://unitsofmeasure.org"
_AROUND = {
    "systolic": "blood-pressure-systolic",
    "diastolic": "blood-pressure-diastolic",
    "oxygen saturation": "oxygen-saturation",
}
_UNITS = {"systolic": "mm[Hg]", "diastolic": "mm[Hg]", "oxygen saturation": "%"}


def fhir_resources(person: str, records: dict[str, list[dict]], zone: tzinfo) -> Iterator[dict]:
    """The person's Patient, MedicationStatements, MedicationAdministrations, Conditions, Procedures, Observations. Times are in
    `zone`."""
    known = stepwell.load_knowledge()
    subject = {"subject": {"reference": f"Patient/{person}"}}
    for row in records.get("person", ()):
        yield _patient(person, row)
    given = [row for row in records.get("dose", ()) if row["kind"] == "administration"]
    for row in given:
        yield {**_resource("MedicationAdministration", person, row), **subject, **_administration(row, known, zone)}
    as_given = {(row["address"], row["given_date"], row["ingredient"]) for row in given}
    for row in (*records.get("medication", ()), *records.get("concomitant", ())):
        if (row["address"], row["start_date"], row["ingredient"]) in as_given:
            continue
        yield {**_resource("MedicationStatement", person, row), **subject, **_statement(row, known)}
    for drug in undated(records):
        row = {"ingredient": drug, "start_date": None, "end_date": None}
        yield {**_resource("MedicationStatement", person, row), **subject, **_statement(row, known)}
    if "unidentified drugs" in {row["reason"] for row in records.get("incomplete_medication", ())}:
        unidentified = {"status": "unknown", "medicationCodeableConcept": {"text": "a drug that nobody could identify"}}
        yield {
            **_resource("MedicationStatement", person, unidentified),
            **subject,
            **unidentified,
            "status": "completed",
        }
    for row in records.get("condition", ()):
        day = {"recordedDate": row["condition_date"].isoformat()}
        concept = _concept(row, known.codesets[row["codeset"]].label)
        yield {**_resource("Condition", person, row), **subject, "code": concept, **day}
    for row in records.get("procedure", ()):
        day = {"performedDateTime": row["procedure_date"].isoformat()}
        concept = _concept(row, known.codesets[row["procedure"]].label)
        yield {**_resource("Procedure", person, row), **subject, "status": "completed", "code": concept, **day}
    for row in records.get("measurement", ()):
        form = known.all_instruments[row["instrument"]]
        read = {} if row["total"] is None else {"valueQuantity": {"value": row["total"], "unit": "points"}}
        yield {**_resource("Observation", person, row), **subject, **_observation(form, row["measured_date"]), **read}
    yield from _readings(person, records, subject, known, zone)
    vitals = {vital.vital: vital for vital in known.vitals.values()}
    of_sessions = {row["address"] for row in records.get("monitoring", ())}
    for row in (row for row in records.get("vital", ()) if row["address"] not in of_sessions):
        value, code = (row["percent"], "%") if row["mmhg"] is None else (row["mmhg"], "mm[Hg]")
        quantity = {"value": value, "unit": code, "system": _UCUM, "code": code}
        read = {} if value is None else {"valueQuantity": quantity}
        vital = vitals[row["vital"]]
        yield {**_resource("Observation", person, row), **subject, **_observation(vital, row["measured_date"]), **read}


def _administration(row: dict, known, zone: tzinfo) -> dict:
    dosage: dict = {} if row["route"] is None else {"route": {"text": row["route"]}}
    if row["mg"] is not None:
        dosage["dose"] = {"value": row["mg"], "unit": "mg", "system": _UCUM, "code": "mg"}
    made = {"status": "completed", "medicationCodeableConcept": _drug(row["ingredient"], known)}
    made["effectiveDateTime"] = _when(row["given_date"], row["minute"], zone)
    return made | ({"dosage": dosage} if dosage else {})


def _readings(person: str, records: dict, subject: dict, known, zone: tzinfo) -> Iterator[dict]:
    """What was read around doses, each at its minute after the first dose of the day. How long somebody was observed is no
    observation that a system would look for, and stands in the CSV files."""
    began = {row["given_date"]: row["minute"] for row in records.get("dose", ()) if row["kind"] == "administration"}
    for row in records.get("monitoring", ()):
        what = known.vitals.get(_AROUND.get(row["kind"], "")) or known.all_instruments.get(row["kind"])
        if what is None or row["value"] is None:
            continue
        minute = began.get(row["session_date"])
        at = None if minute is None or row["minutes"] is None else minute + row["minutes"]
        unit = _UNITS.get(row["kind"], "{score}")
        yield {
            **_resource("Observation", person, row),
            **subject,
            **_observation(what, row["session_date"]),
            "effectiveDateTime": _when(row["session_date"], at, zone),
            "valueQuantity": {"value": row["value"], "unit": unit, "system": _UCUM, "code": unit},
        }


def _when(day: date, minute: int | None, zone: tzinfo) -> str:
    if minute is None:
        return day.isoformat()
    return (datetime.combine(day, time(), zone) + timedelta(minutes=minute)).isoformat()


def _resource(kind: str, person: str, row: dict) -> dict:
    """The type and an id that is the same in every export."""
    name = hashlib.sha256(f"{kind} {person} {sorted((k, str(v)) for k, v in row.items())}".encode()).hexdigest()[:32]
    return {"resourceType": kind, "id": name}


def _patient(person: str, row: dict) -> dict:
    made = {"resourceType": "Patient", "id": person}
    if row["birth_earliest_date"] is not None and row["birth_earliest_date"] == row["birth_latest_date"]:
        made["birthDate"] = row["birth_earliest_date"].isoformat()
    elif row["birth_earliest_date"] is not None:
        made["birthDate"] = f"{row['birth_earliest_date']:%Y}"
    made |= {"gender": row["sex"]} if row["sex"] else {}
    return made | ({"deceasedDateTime": row["death_date"].isoformat()} if row["death_date"] else {})


def _drug(ingredient: str, known) -> dict:
    drug = known.ingredients.get(ingredient)
    concept: dict = {"text": drug.label if drug else ingredient}
    if drug and drug.rxnorm:
        concept["coding"] = [{"system": _SYSTEMS["RXNORM"], "code": drug.rxnorm[0], "display": drug.label}]
    return concept


def _statement(row: dict, known) -> dict:
    period = {"start": row["start_date"], "end": row["end_date"]}
    made = {"status": "completed", "medicationCodeableConcept": _drug(row["ingredient"], known)}
    if dates := {name: day.isoformat() for name, day in period.items() if day is not None}:
        made["effectivePeriod"] = dates
    if row.get("mg_per_day") is not None:
        dose = {"value": row["mg_per_day"], "unit": "mg", "system": _UCUM, "code": "mg"}
        daily = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}
        made["dosage"] = [{"timing": daily, "doseAndRate": [{"doseQuantity": dose}]}]
    return made | ({"statusReason": [{"text": row["stop_reason"]}]} if row.get("stop_reason") else {})


def _concept(row: dict, label: str) -> dict:
    system = _SYSTEMS.get((row["vocabulary"] or "").upper())
    return {"text": label} | ({"coding": [{"system": system, "code": row["code"]}]} if system else {})


def _observation(what, day) -> dict:
    concept = {"text": what.label}
    if what.loinc:
        concept["coding"] = [{"system": _SYSTEMS["LOINC"], "code": what.loinc[0]}]
    return {"status": "final", "code": concept, "effectiveDateTime": day.isoformat()}
