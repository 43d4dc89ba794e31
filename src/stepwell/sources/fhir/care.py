"""Patients, their insurance, encounters, conditions and procedures as rows of a CDM."""

from __future__ import annotations

from .concepts import CONDITION, PROCEDURE, SYSTEMS, VISIT
from .reading import Place, Reading, person_of
from .shapes import OtherVersionError, codes, day, is_day, part, parts, word, words_of

VISITS = {
    "AMB": 9202,
    "VR": 9202,
    "HH": 9202,
    "EMER": 9203,
    "IMP": 9201,
    "ACUTE": 9201,
    "NONAC": 9201,
}
"""OMOP's visit concepts by HL7's ActCode: Outpatient Visit, Emergency Room Visit, Inpatient Visit."""
HOSPICE = 8546
"""OMOP's concept of a hospice, by HL7's code of a discharge into one."""
_NO_CONDITION = {"refuted": "refuted", "differential": "one of several that were considered"}
_MAYBE = ("unconfirmed", "provisional")
_NO_PROCEDURE = ("preparation", "not-done", "on-hold", "unknown")
_NO_ENCOUNTER = ("planned", "cancelled", "unknown")


def read_patient(r: dict, at: Place, reading: Reading) -> None:
    """A person, and their death."""
    year, month, born = [*(word(r, "birthDate") or "")[:10].split("-"), None, None][:3]
    reading.rows.add("person", at.seq, at.id, word(r, "gender"), year or None, month, born)
    died = word(r, "deceasedDateTime")
    if died is not None or r.get("deceasedBoolean") is True:
        reading.rows.add("death", at.seq, at.id, died and died[:10])


def read_coverage(r: dict, at: Place, reading: Reading) -> str | None:
    """The time of an insurance."""
    if r.get("status") not in ("active", None):
        return "insurance that is not active"
    period = part(r, "period")
    start, end = (word(period, name) for name in ("start", "end"))
    reading.rows.add("observation_period", at.seq, person_of(r), start and start[:10], end and end[:10])
    return None


def read_encounter(r: dict, at: Place, reading: Reading) -> str | None:
    """A visit."""
    if isinstance(r.get("class"), list):
        raise OtherVersionError("R5")
    if r.get("status") in _NO_ENCOUNTER:
        return f"encounters with the status {r['status']}"
    period = part(r, "period")
    start, end = (word(period, name) for name in ("start", "end"))
    disposition = codes(part(part(r, "hospitalization"), "dischargeDisposition"))
    standard = VISITS.get(word(part(r, "class"), "code") or "")
    types = [reading.concepts.pairs(VISIT, t)[0][1] for t in parts(r, "type")]
    for source in [t for t in types if t is not None] or [None]:
        reading.rows.add(
            "visit_occurrence",
            at.seq,
            at.id,
            person_of(r),
            standard,
            source,
            start and start[:10],
            end and end[:10],
            HOSPICE if "hosp" in disposition else None,
        )
    return None


def read_condition(r: dict, at: Place, reading: Reading) -> str | None:
    """A diagnosis. Its day is that of its onset, else the day on which it was recorded."""
    if isinstance(r.get("clinicalStatus"), str) or isinstance(r.get("verificationStatus"), str):
        raise OtherVersionError("STU3 or DSTU2")
    status = codes(part(r, "verificationStatus"))
    for code, why in _NO_CONDITION.items():
        if code in status:
            return f"diagnoses that were {why}"
    if status & set(_MAYBE):
        reading.note("condition", "diagnoses that are not confirmed (unconfirmed, provisional)", "kept")
    onset = word(r, "onsetDateTime") or word(part(r, "onsetPeriod"), "start")
    when = day(onset, word(r, "recordedDate"))
    if onset and not is_day(onset) and is_day(when):
        what = "diagnoses whose onset is known by month or year only: the day on which they were recorded is taken"
        reading.note("condition", what, "kept")
    add_condition(reading, at, person_of(r), part(r, "code"), when)
    return None


def add_condition(
    reading: Reading, at: Place, person: str | None, code: dict, when: str | None, *, is_billed: bool = False
) -> None:
    """The rows of a coded diagnosis."""
    for standard, source in reading.concepts.pairs(CONDITION, code):
        text = None if source is not None else words_of(code)
        # Claims write the codes of ICD without their dot.
        same_code = text if source is None else reading.concepts.code(source).replace(".", "").upper()
        reading.rows.add(
            "condition_occurrence",
            at.seq,
            person,
            standard,
            source,
            text,
            when and when[:10],
            same_code,
            "billed" if is_billed else None,
        )


def read_procedure(r: dict, at: Place, reading: Reading) -> str | None:
    """A procedure."""
    if "occurrenceDateTime" in r or "occurrencePeriod" in r:
        raise OtherVersionError("R5")
    if "notDone" in r:
        raise OtherVersionError("STU3")
    if r.get("status") in _NO_PROCEDURE:
        return f"procedures with the status {r['status']}"
    when = word(r, "performedDateTime") or word(part(r, "performedPeriod"), "start")
    add_procedure(reading, at, person_of(r), part(r, "code"), when, None)
    return None


def add_procedure(
    reading: Reading, at: Place, person: str | None, code: dict, when: str | None, quantity: str | None
) -> None:
    """The rows of a coded procedure."""
    for standard, source in reading.concepts.pairs(PROCEDURE, code):
        text = None if source is not None else words_of(code)
        reading.rows.add(
            "procedure_occurrence", at.seq, person, standard, source, text, when and when[:10], when, quantity
        )


BILLED = ("CPT4", "HCPCS", "ICD10PCS", "NDC", "RxNorm")
"""The vocabularies in which a claim's items are read."""
_DRUGS = ("NDC", "RxNorm")


def billed(code: dict) -> str | None:
    """`drug` or `procedure`: what the code of a claim's item is of; None for everything else."""
    found = {SYSTEMS.get(word(c, "system") or "") for c in parts(code, "coding")} & set(BILLED)
    return None if not found else "drug" if found & set(_DRUGS) else "procedure"
