"""Elements of FHIR resources as text, for many resources at once: each function gives the text of one, or a column of them."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .arrow import clock, text
from .listed import Listed

_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
TERMS = "http://terminology.hl7.org/CodeSystem/"
_SYSTEMS = {
    "ICD10CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "LOINC": "http://loinc.org",
    "RxNorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "HCPCS": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "CPT4": "http://www.ama-assn.org/go/cpt",
}

Part = str | pa.Array | pa.ChunkedArray


def json_of(value: object) -> str:
    """A value as JSON, without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def concept_of(vocabulary: str, code: str, label: str) -> str:
    """A CodeableConcept with its code and what it is called."""
    return json_of({"coding": [{"system": _SYSTEMS[vocabulary], "code": code}], "text": label})


def coding_of(system: str, code: str) -> str:
    """A CodeableConcept of one code."""
    return json_of({"coding": [{"system": system, "code": code}]})


def category_of(code: str) -> str:
    """The category of an observation."""
    return coding_of(TERMS + "observation-category", code)


def profile_of(name: str | None) -> str:
    """The profile of US Core that a resource is in; nothing without one."""
    return "" if name is None else f',"meta":{{"profile":["{_CORE}{name}"]}}'


def head_of(resource: str, ids: pa.Array, profile: str | None) -> pa.Array:
    """The beginning of a resource: its type, id and profile."""
    return joined(f'{{"resourceType":"{resource}","id":"', ids, '"' + profile_of(profile))


def reference_to(name: str, resource: str, ids: pa.Array) -> pa.Array:
    """A reference to resources of these ids."""
    return joined(f',"{name}":{{"reference":"{resource}/', ids, '"}')


def patient_of(listed: Listed, row: np.ndarray) -> pa.Array:
    """A reference to the person of each row."""
    return reference_to("subject", "Patient", text(listed.people.person[row]))


def encounter_of(listed: Listed, rows, name: str = "encounter") -> pa.Array:
    """A reference to the visit of each row."""
    return reference_to(name, "Encounter", text(listed.visit_number(rows)))


def text_of(values: pa.Array) -> pa.Array:
    """The values as text."""
    return values.cast(pa.string())


def time_of(day: np.ndarray, minute: np.ndarray) -> pa.Array:
    """A day and its minute as an instant."""
    return pc.strftime(clock(day, minute).cast(pa.timestamp("s")), format="%Y-%m-%dT%H:%M:%SZ")


def optional(before: str, values: pa.Array, after: str) -> pa.Array:
    """Nothing where there is no value."""
    return pc.fill_null(pc.binary_join_element_wise(before, values, after, ""), "")


def joined(*parts: Part) -> pa.Array:
    """The parts put together."""
    return pc.binary_join_element_wise(*parts, "")


def lines_of(*parts: Part) -> pa.Array:
    """The parts put together, each with its line end."""
    lines = joined(*parts, "\n")
    return lines.combine_chunks() if isinstance(lines, pa.ChunkedArray) else lines
