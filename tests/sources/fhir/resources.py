"""Small FHIR R4 resources for tests, and how to write them down."""

from __future__ import annotations

import json
from pathlib import Path

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
LOINC = "http://loinc.org"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
SERTRALINE = {"coding": [{"system": RXNORM, "code": "36437"}], "text": "sertraline 50 MG Oral Tablet"}
ITEMS = ("44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8")
TOTAL, PANEL = "44261-6", "44249-1"
ANSWERS = ("LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9")


def patient(id_: str, **more) -> dict:
    return {"resourceType": "Patient", "id": id_, "gender": "female", "birthDate": "1980-05-17", **more}


def of(type_: str, id_: str, person: str, **more) -> dict:
    """A resource about a person."""
    return {"resourceType": type_, "id": id_, "subject": {"reference": f"Patient/{person}"}, **more}


def coded(code: str, system: str = LOINC, **more) -> dict:
    return {"coding": [{"system": system, "code": code, **more}]}


def request(id_: str, person: str, **more) -> dict:
    told = {"status": "active", "intent": "order", "medicationCodeableConcept": SERTRALINE, "authoredOn": "2020-03-01"}
    return of("MedicationRequest", id_, person, **{**told, **more})


def dispense(id_: str, person: str, **more) -> dict:
    told = {"status": "completed", "medicationCodeableConcept": SERTRALINE, "whenHandedOver": "2020-03-02"}
    return of("MedicationDispense", id_, person, **{**told, **more})


def observation(id_: str, person: str, code: str, **more) -> dict:
    told = {"status": "final", "code": coded(code), "effectiveDateTime": "2020-04-01T23:30:00-05:00"}
    return of("Observation", id_, person, **{**told, **more})


def response(id_: str, person: str, answers: dict[str, str], **more) -> dict:
    """An answered questionnaire: the LOINC code of an answer by the LOINC code of its question."""
    items = [
        {"linkId": f"/{q}", "answer": [{"valueCoding": {"system": LOINC, "code": answer}}]}
        for q, answer in answers.items()
    ]
    told = {"status": "completed", "authored": "2020-04-01T12:00:00Z", "item": items}
    return of("QuestionnaireResponse", id_, person, **{**told, **more})


def condition(id_: str, person: str, **more) -> dict:
    status = coded("confirmed", "http://terminology.hl7.org/CodeSystem/condition-ver-status")
    told = {"verificationStatus": status, "code": coded("F33.1", ICD10CM), "recordedDate": "2020-02-01"}
    return of("Condition", id_, person, **{**told, **more})


def bundle(*resources: dict, type_: str = "collection", **entry) -> dict:
    return {"resourceType": "Bundle", "type": type_, "entry": [{"resource": r, **entry} for r in resources]}


def ndjson(folder: Path, *resources: dict) -> Path:
    """Writes one file per type of resource."""
    folder.mkdir(exist_ok=True)
    for r in resources:
        with (folder / f"{r['resourceType']}.ndjson").open("a", encoding="utf-8") as file:
            file.write(json.dumps(r) + "\n")
    return folder
