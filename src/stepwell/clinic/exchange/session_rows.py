"""Session sheets as rows that a person can read: one visit, one reading, one adverse event a line, in the clinic's time zone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stepwell.clinic.sessions.records import minutes_of

from .tables import cell

SESSIONS = (
    "session_id", "person_id", "day", "planned_at", "treatment", "protocol", "phase", "first_dose_at", "mg", "route", "lots",
    "departed_at", "minutes", "minutes_by", "signed_at", "signed_by", "cancelled_by", "adverse_event",
)  # fmt: skip
READINGS = (
    "session_id", "person_id", "entry", "at", "minutes", "moment", "systolic", "diastolic", "pulse", "spo2", "sedation",
    "dissociation", "respiratory_depression",
)  # fmt: skip
ADVERSE_EVENTS = ("session_id", "person_id", "entry", "what", "serious", "onset_at", "resolved_at")


def session_rows(person: str, sheets: Iterable) -> Iterator[dict]:
    """One row a visit, given or not."""
    for sheet in sheets:
        lots = {device.lot_number: None for dose in sheet.doses for device in dose.devices}
        told = "yes" if sheet.adverse_events else "no" if sheet.denies_adverse_event else "nobody said"
        row = _of(person, sheet) | {
            "day": sheet.day,
            "planned_at": _local(sheet, sheet.planned_at),
            "treatment": sheet.order.treatment,
            "protocol": sheet.order.protocol,
            "phase": sheet.order.phase,
            "first_dose_at": _local(sheet, sheet.first_dose_at),
            "mg": sheet.mg if sheet.is_given else None,
            "route": sheet.doses[0].route if sheet.is_given else None,
            "lots": " ".join(lots),
            "departed_at": _local(sheet, sheet.departed_at),
            "minutes": None if sheet.minutes is None else int(sheet.minutes),
            "minutes_by": _clock(sheet),
            "signed_at": _local(sheet, sheet.signature.at) if sheet.signature else None,
            "signed_by": sheet.signature.user.full_name if sheet.signature and sheet.signature.user else None,
            "cancelled_by": sheet.cancelled.by if sheet.cancelled else None,
            "adverse_event": told if sheet.is_given else None,
        }
        yield {name: cell(value) for name, value in row.items()}


def reading_rows(person: str, sheets: Iterable) -> Iterator[dict]:
    """One row a reading; what was not measured is empty."""
    fields = READINGS[5:]
    for sheet in sheets:
        for reading in sheet.readings:
            minutes = minutes_of(sheet, reading) if sheet.is_given else None
            row = _of(person, sheet) | {"entry": reading.address, "at": _local(sheet, reading.at), "minutes": minutes}
            yield {name: cell(value) for name, value in (row | {f: getattr(reading, f) for f in fields}).items()}


def adverse_event_rows(person: str, sheets: Iterable) -> Iterator[dict]:
    """One row an adverse event; `serious` is empty where nobody said."""
    for sheet in sheets:
        for event in sheet.adverse_events:
            row = _of(person, sheet) | {"entry": event.address, "what": event.what, "serious": event.serious}
            row |= {name: _local(sheet, getattr(event, name)) for name in ("onset_at", "resolved_at")}
            yield {name: cell(value) for name, value in row.items()}


def _of(person: str, sheet) -> dict:
    return {"session_id": sheet.session.pk, "person_id": person}


def _local(sheet, at):
    return None if at is None else at.astimezone(sheet.zone)


def _clock(sheet) -> str | None:
    if sheet.observed is None:
        return None
    return "monotonic clock" if sheet.observed.by_monotonic else "wall clock"
