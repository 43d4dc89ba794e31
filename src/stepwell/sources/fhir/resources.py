"""Every resource of a source, once: which reader it goes to, and what becomes of those that cannot be read."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import Problem, SourceError
from ..source import Loss
from .allergies import read_allergy
from .care import read_condition, read_coverage, read_encounter, read_patient, read_procedure
from .documents import Found
from .medications import (
    read_administration,
    read_claim,
    read_dispense,
    read_medication_resource,
    read_request,
    read_statement,
)
from .reading import Place, Reader, Reading, person_of
from .shapes import OtherVersionError, ShapeError, instant, is_taken_back, part, target, word
from .surveys import read_observation, read_questionnaire, read_response

READERS: dict[str, Reader] = {
    "Patient": read_patient,
    "Coverage": read_coverage,
    "Encounter": read_encounter,
    "Condition": read_condition,
    "AllergyIntolerance": read_allergy,
    "Procedure": read_procedure,
    "Medication": read_medication_resource,
    "MedicationRequest": read_request,
    "MedicationDispense": read_dispense,
    "MedicationAdministration": read_administration,
    "MedicationStatement": read_statement,
    "Observation": read_observation,
    "Questionnaire": read_questionnaire,
    "QuestionnaireResponse": read_response,
    "Claim": read_claim,
    "ExplanationOfBenefit": read_claim,
}
_OF_OTHER_VERSIONS = {
    "MedicationOrder": "DSTU2",
    "MedicationUsage": "R5",
    "ProcedureRequest": "STU3",
    "ReferralRequest": "STU3 or DSTU2",
}
IN_ERROR, MISSHAPEN, DELETED = "entered in error", "misshapen", "deleted"
_HIDES = {
    "Condition": "condition_occurrence",
    "AllergyIntolerance": "allergy",
    "Procedure": "procedure_occurrence",
    "Observation": "measurement",
    "QuestionnaireResponse": "measurement",
    "MedicationRequest": "drug_exposure",
    "MedicationDispense": "drug_exposure",
    "MedicationAdministration": "drug_exposure",
    "MedicationStatement": "drug_exposure",
}
"""The table in which a resource that cannot be read leaves a row that nobody can identify: its absence is unknown."""
_MOST_TOLD = 20


def read_resources(found: Iterable[Found], reading: Reading) -> tuple[list[Loss], set[str]]:
    """Reads every resource into rows; returns what had to be said about them, and the types that were read.

    Raises SourceError with the places of what is no resource and of resources of another version of FHIR.
    """
    problems: list[Problem] = []
    unread: dict[str, int] = {}
    first_misshapen, n_misshapen, n_without_id = "", 0, 0
    types: set[str] = set()
    for seq, each in enumerate(found, 1):
        type_ = each.resource.get("resourceType")
        if not isinstance(type_, str):
            problems.append(Problem(each.where, "an object without a resourceType", "a FHIR R4 resource"))
            continue
        if type_ in _OF_OTHER_VERSIONS:
            problems.append(_other_version(each.where, _OF_OTHER_VERSIONS[type_]))
            continue
        if type_ not in READERS:
            unread[type_] = unread.get(type_, 0) + 1
            continue
        types.add(type_)
        resource, fate, updated = each.resource, None, 0
        called = (target({"reference": each.url}) or "").rpartition("/")[2] if each.url else ""
        id_ = resource.get("id") if isinstance(resource.get("id"), str) and resource["id"].strip() else called
        n_without_id += not id_
        at = Place(seq, f"{type_}/{id_}" if id_ else each.where, id_ or each.where, each.where)
        if called and called != id_:
            reading.rows.add("alias", seq, called, id_)
        try:
            updated = instant(word(part(resource, "meta"), "lastUpdated"))
            if each.is_deleted:
                fate = DELETED
            elif is_taken_back(resource):
                fate = IN_ERROR
            else:
                fate = READERS[type_](resource, at, reading)
        except (ShapeError, RecursionError):
            n_misshapen += 1
            first_misshapen = first_misshapen or each.where
            fate = MISSHAPEN
        except OtherVersionError as other:
            problems.append(_other_version(each.where, str(other)))
        reading.rows.add("resource", seq, type_, at.record, updated, fate)
        if fate == MISSHAPEN and type_ in _HIDES:
            _leave_mark(_HIDES[type_], at, resource, reading)
    if problems:
        more = len(problems) - _MOST_TOLD
        told = problems[:_MOST_TOLD] + ([Problem("", f"{more:,} more such resources")] if more > 0 else [])
        raise SourceError("These are no FHIR R4 resources that stepwell can read.", told)
    losses = []
    if n_misshapen:
        what = (
            f"resources in which an element has another shape than FHIR R4 gives it (the first: {first_misshapen}): what they "
            "say is unknown"
        )
        losses.append(Loss("fhir", what, "read as unknown", n_misshapen))
    if n_without_id:
        losses.append(Loss("fhir", "resources without an id: named by file and line", "kept", n_without_id))
    if outcomes := unread.pop("OperationOutcome", 0):
        what = "messages of the server (OperationOutcome) among the resources: something may not have been exported"
        losses.append(Loss("fhir", what, "left out", outcomes))
    if unread:
        names = ", ".join(f"{name} {n:,}" for name, n in sorted(unread.items()))
        losses.append(Loss("fhir", f"resources of types that are not read ({names})", "left out", sum(unread.values())))
    return losses, types


def _other_version(where: str, version: str) -> Problem:
    remedy = "ask the server for R4 (4.0.1), or convert the resources"
    return Problem(where, f"a resource of FHIR {version}", "FHIR R4 or R4B", remedy)


def _leave_mark(table: str, at: Place, resource: dict, reading: Reading) -> None:
    """A row of the person that nobody can identify, without a date."""
    try:
        person = person_of(resource)
    except ShapeError:
        person = None
    reading.rows.mark(table, at.seq, person)
