"""A person's scores as the document that CMS ACCESS takes: a FHIR R4 Parameters with a Bundle of QuestionnaireResponses.

The shape is that of a draft, kept as a dated file (`access_bh.yaml`). What stepwell does not hold (WHODAS 2.0, the patient's
impression of change) is left out and named: nothing is made up.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from html import escape
from pathlib import Path

import yaml

import stepwell
from stepwell.clinic.history import partial_dates
from stepwell.clinic.people.models import Person

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-{}|6.1.0"
_ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
_LOINC = "http://loinc.org"
_XHTML = '<div xmlns="http://www.w3.org/1999/xhtml"><p>{}</p></div>'


@dataclass(frozen=True)
class Asked:
    """What the person who reports fills in. Nothing of it has a default but the member id."""

    participant: str
    payer: str
    kind: str
    """Of `report_types`."""
    member: str
    """The Medicare Beneficiary Identifier."""
    author: str
    npi: str


@dataclass(frozen=True)
class Answered:
    """One questionnaire of which every question was answered."""

    section: dict
    day: date
    items: dict[str, int]
    total: float


@cache
def guide() -> dict:
    """What the draft asks, from its file."""
    return yaml.safe_load((Path(__file__).parent / "access_bh.yaml").read_text("utf-8"))


def answered(lines: Iterable) -> tuple[list[Answered], list[str]]:
    """The latest whole questionnaire of each section, and the titles of the sections for which there is none."""
    known, found, missing = stepwell.load_knowledge(), [], []
    lines = [line for line in lines if line.kind == "score" and partial_dates.is_day(line.content.get("day"))]
    for section in guide()["sections"]:
        form = known.all_instruments.get(section.get("instrument", ""))
        asked = [] if form is None else [item.item for item in form.items if not item.apart]
        whole = [
            line
            for line in lines
            if form is not None
            and line.content.get("instrument") == form.id
            and all(line.content.get("items", {}).get(item) is not None for item in asked)
        ]
        if not whole:
            missing.append(section["title"])
            continue
        line = max(whole, key=lambda line: (line.content["day"], line.at))
        items = {item: int(line.content["items"][item]) for item in asked}
        total = line.content.get("total")
        day = partial_dates.first_day(line.content["day"])
        found.append(Answered(section, day, items, float(sum(items.values()) if total is None else total)))
    return found, missing


def report(person: Person, found: Iterable[Answered], asked: Asked, at: datetime) -> dict:
    """The Parameters resource of `$report-data`."""
    base = guide()["base"]
    track = {"coding": [{"system": f"{base}/CodeSystem/ACCESSTrackCS", **guide()["track"]}]}
    kind = {"code": asked.kind, "display": guide()["report_types"][asked.kind]}
    payer = {
        "type": {
            "coding": [{"system": "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBIdentifierType", "code": "payerid"}]
        }
    }
    return {
        "resourceType": "Parameters",
        "meta": {"profile": [f"{base}/StructureDefinition/access-report-data-in"]},
        "parameter": [
            {"name": "participantID", "valueIdentifier": _participant(asked)},
            {"name": "payerID", "valueIdentifier": payer | {"value": asked.payer}},
            {"name": "track", "valueCodeableConcept": track},
            {
                "name": "reportType",
                "valueCodeableConcept": {"coding": [{"system": f"{base}/CodeSystem/ACCESSReportTypeCS", **kind}]},
            },
            {"name": "dataBundle", "resource": _bundle(person, list(found), asked, at)},
        ],
    }


def _participant(asked: Asked) -> dict:
    return {"system": f"{guide()['base']}/participant-id", "value": asked.participant}


def _bundle(person: Person, found: list[Answered], asked: Asked, at: datetime) -> dict:
    family = uuid.uuid5(person.pk, f"{asked.kind} {at.isoformat()}")
    names = {kind: str(uuid.uuid5(family, kind)) for kind in ("Composition", "Patient", "Practitioner", "Organization")}
    responses = {str(uuid.uuid5(family, one.section["link"])): one for one in found}
    patient = {"reference": f"urn:uuid:{names['Patient']}"}
    resources = [
        (names["Composition"], _composition(names, responses, asked, at)),
        (names["Patient"], _patient(person, asked)),
        (names["Practitioner"], _practitioner(asked)),
        (names["Organization"], _organization(person, asked)),
        *((name, _response(one, patient)) for name, one in responses.items()),
    ]
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [f"{guide()['base']}/StructureDefinition/access-data-reporting-bundle"]},
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{family}"},
        "type": "document",
        "timestamp": at.isoformat(),
        "entry": [
            {"fullUrl": f"urn:uuid:{name}", "resource": {"resourceType": made["resourceType"], "id": name, **made}}
            for name, made in resources
        ],
    }


def _composition(names: dict, responses: dict[str, Answered], asked: Asked, at: datetime) -> dict:
    base = guide()["base"]
    title = f"ACCESS {guide()['track']['code']} Track Data Report"
    sections = [
        {
            "title": one.section["title"],
            "code": {"coding": [{"system": one.section["system"], "code": one.section["code"]}]},
            "text": _text(f"{one.section['title']}, {one.day.isoformat()}: {one.total:g}"),
            "entry": [{"reference": f"urn:uuid:{name}"}],
        }
        for name, one in responses.items()
    ]
    track = {"system": f"{base}/CodeSystem/ACCESSTrackCS", "code": guide()["track"]["code"]}
    return {
        "resourceType": "Composition",
        "meta": {"profile": [f"{base}/StructureDefinition/access-data-reporting-composition"]},
        "text": _text(title),
        "status": "final",
        "type": {"coding": [{"system": _LOINC, "code": "74465-6", "display": "Questionnaire response Document"}]},
        "subject": {"reference": f"urn:uuid:{names['Patient']}"},
        "date": at.isoformat(),
        "author": [{"reference": f"urn:uuid:{names['Practitioner']}"}],
        "title": title,
        "custodian": {"reference": f"urn:uuid:{names['Organization']}"},
        "section": [
            {
                "title": f"Data reporting for {track['code']} track",
                "code": {"coding": [track]},
                "text": _text(title),
                "section": sections,
            }
        ],
    }


def _text(words: str) -> dict:
    return {"status": "generated", "div": _XHTML.format(escape(words))}


def _patient(person: Person, asked: Asked) -> dict:
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MC"}]}
    number = {"system": "http://terminology.hl7.org/NamingSystem/cmsMBI", "value": asked.member}
    return {
        "resourceType": "Patient",
        "meta": {"profile": [_US_CORE.format("patient")]},
        "identifier": [{"type": kind, **number}],
        "name": [{"family": person.family_name, "given": [person.given_name]}],
        "gender": person.sex or "unknown",
        "birthDate": person.birth_date.isoformat(),
    }


def _practitioner(asked: Asked) -> dict:
    given, _, family = asked.author.rpartition(" ")
    return {
        "resourceType": "Practitioner",
        "meta": {"profile": [_US_CORE.format("practitioner")]},
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": asked.npi}],
        "name": [{"family": family, **({"given": [given]} if given else {})}],
    }


def _organization(person: Person, asked: Asked) -> dict:
    return {
        "resourceType": "Organization",
        "meta": {"profile": [_US_CORE.format("organization")]},
        "identifier": [_participant(asked)],
        "active": True,
        "name": person.clinic.name,
    }


def _response(one: Answered, patient: dict) -> dict:
    form = stepwell.load_knowledge().all_instruments[one.section["instrument"]]
    link = one.section["link"]
    items = [
        {"linkId": f"{link}-{item}", "answer": [{"valueCoding": _answer(form, value)}]}
        for item, value in one.items.items()
    ]
    items.append({"linkId": "total-score", "answer": [{"valueDecimal": one.total}]})
    return {
        "resourceType": "QuestionnaireResponse",
        "meta": {"profile": [_US_CORE.format("questionnaireresponse")]},
        "questionnaire": one.section["questionnaire"],
        "status": "completed",
        "subject": patient,
        "authored": one.day.isoformat(),
        "author": patient,
        "item": items,
    }


def _answer(form, value: int) -> dict:
    """An answer with its points, its code and, where the licence lets it be written, its words."""
    said = form.answers_in_words
    coded = {"extension": [{"url": _ORDINAL, "valueDecimal": value}]}
    if said is None:
        return coded
    return coded | {"system": _LOINC, "code": said.loinc[value], "display": said.words[value].capitalize()}
