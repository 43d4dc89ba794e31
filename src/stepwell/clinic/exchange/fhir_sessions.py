"""Session sheets, questionnaires and the event log as FHIR R4, beside what `fhir_rows` makes of the record tables.

What a run of stepwell could not identify stands in a folder of its own, since it would take it as something hidden: the Procedure
of each session, and the answers to questions of the clinic's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import stepwell
from stepwell.clinic.history import partial_dates

_SERIOUS = "http://terminology.hl7.org/CodeSystem/adverse-event-seriousness"
_AUDIT = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_DID = {"GET": "R", "HEAD": "R", "POST": "C"}


def session_procedures(person: str, sheets: Iterable) -> Iterator[dict]:
    """One Procedure a visit: what was planned and given, and whether it is signed."""
    for sheet in sheets:
        status = "not-done" if sheet.is_cancelled else "completed" if sheet.departure else "in-progress"
        if not sheet.is_given and not sheet.is_cancelled:
            status = "preparation"
        times = {"start": sheet.first_dose_at, "end": sheet.departed_at}
        period = {name: at.astimezone(sheet.zone).isoformat() for name, at in times.items() if at is not None}
        yield {
            "resourceType": "Procedure",
            "id": str(sheet.session.pk),
            "status": status,
            "code": {"text": f"Session of {sheet.order.treatment}"},
            "subject": {"reference": f"Patient/{person}"},
            **({"performedPeriod": period} if period else {}),
            "note": [{"text": _told(sheet)}],
        }


def _told(sheet) -> str:
    lots = dict.fromkeys(device.lot_number for dose in sheet.doses for device in dose.devices)
    given = f"{sheet.mg:g} mg, lots {', '.join(lots)}" if sheet.is_given else "no dose"
    return f"{given}; {'signed' if sheet.is_signed else 'not signed'}"


def adverse_events(person: str, sheets: Iterable) -> Iterator[dict]:
    """An AdverseEvent each; whether it was serious is left out where nobody said."""
    for sheet, event in [(one, event) for one in sheets for event in one.adverse_events]:
        made = {
            "resourceType": "AdverseEvent",
            "id": _name("AdverseEvent", event.address),
            "actuality": "actual",
            "event": {"text": event.what},
            "subject": {"reference": f"Patient/{person}"},
            "date": event.onset_at.astimezone(sheet.zone).isoformat(),
        }
        if event.serious is not None:
            code = "Serious" if event.serious else "Non-serious"
            made["seriousness"] = {"coding": [{"system": _SERIOUS, "code": code}]}
        outcome = "resolved" if event.resolved_at else "not seen resolved"
        yield made | {"outcome": {"text": outcome}}


def questionnaire_responses(person: str, lines: Iterable) -> Iterator[tuple[bool, dict]]:
    """A QuestionnaireResponse of each score whose questions have answers, with whether a run of stepwell can identify it."""
    known = stepwell.load_knowledge().all_instruments
    for line in lines:
        content = line.content
        if line.kind != "score" or not partial_dates.is_day(content.get("day")):
            continue
        form = known.get(content.get("instrument", ""))
        if form is not None and content.get("items"):
            codes = {item.item: item.codes.get("loinc") for item in form.items}
            items = [(codes[item] or item, item, value) for item, value in content["items"].items()]
            yield all(codes.values()), _response(person, line, form.label, items)
        elif form is None:
            rows = [r["row"] for r in content.get("records", ()) if r["table"] == "answer" and r["row"].get("item")]
            if rows:
                items = [(row["item"], row["item"], row["value"]) for row in rows]
                yield False, _response(person, line, "the clinic's own questions", items)


def _response(person: str, line, title: str, items: list[tuple]) -> dict:
    return {
        "resourceType": "QuestionnaireResponse",
        "id": _name("QuestionnaireResponse", line.address),
        "status": "completed",
        "subject": {"reference": f"Patient/{person}"},
        "authored": line.content["day"],
        "item": [
            {"linkId": f"/{link}", "text": f"{title}, {name}"}
            | ({} if value is None else {"answer": [{"valueDecimal": value}]})
            for link, name, value in items
        ],
    }


def audit_events(events: Iterable) -> Iterator[dict]:
    """The event log, an AuditEvent for each event, with the digests that chain them."""
    for event in events:
        made = {
            "resourceType": "AuditEvent",
            "id": str(event.number),
            "type": {"system": _AUDIT, "code": "rest" if "page" in event.detail else "object"},
            "subtype": [{"display": event.action}],
            "action": _DID.get(event.detail.get("how", ""), "E"),
            "recorded": event.at.isoformat(),
            "outcome": "4" if event.action == "refused" else "0",
            "agent": [{"name": event.actor, "role": [{"text": event.role}], "requestor": True}],
            "source": {"observer": {"display": f"stepwell clinic {event.clinic_id or ''}".strip()}},
        }
        detail = [{"type": name, "valueString": str(value)} for name, value in sorted(event.detail.items())]
        entity: dict = {"detail": [*detail, {"type": "digest", "valueString": event.digest}]}
        if event.person_id:
            entity["what"] = {"reference": f"Patient/{event.person_id}"}
        yield made | {"entity": [entity]}


def _name(*parts: str) -> str:
    """An id that is the same in every export."""
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:32]
