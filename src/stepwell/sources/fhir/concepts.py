"""The codings that were met, as a `concept` table: one concept per domain, system, code and name.

Their ids are those that OMOP leaves to sites. What a drug's code means is said by its name alone, and a name is the sender's: it
counts as a name of RxNorm only where it begins in small letters, as generic names do there. A brand's name says nothing to
anybody who does not know it, and a drug that nobody knows is an unidentified drug.
"""

from __future__ import annotations

import re

from ...knowledge.forms import Knowledge
from ..identify import LOCAL_FROM
from .shapes import parts, word, words_of

SYSTEMS = {
    "http://snomed.info/sct": "SNOMED",
    "http://loinc.org": "LOINC",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD10CM",
    "http://hl7.org/fhir/sid/icd-10": "ICD10",
    "http://hl7.org/fhir/sid/icd-9-cm": "ICD9CM",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://hl7.org/fhir/sid/ndc": "NDC",
    "http://hl7.org/fhir/sid/cvx": "CVX",
    "http://www.ama-assn.org/go/cpt": "CPT4",
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": "HCPCS",
    "http://terminology.hl7.org/CodeSystem/HCPCS-all-codes": "HCPCS",
    "http://www.cms.gov/Medicare/Coding/ICD10": "ICD10PCS",
    "http://hl7.org/fhir/sid/icd-10-pcs": "ICD10PCS",
    "http://hl7.org/fhir/sid/icd-9-cm/procedure": "ICD9Proc",
    "http://www.whocc.no/atc": "ATC",
    "urn:oid:2.16.840.1.113883.6.96": "SNOMED",
    "urn:oid:2.16.840.1.113883.6.1": "LOINC",
    "urn:oid:2.16.840.1.113883.6.90": "ICD10CM",
    "urn:oid:2.16.840.1.113883.6.3": "ICD10",
    "urn:oid:2.16.840.1.113883.6.103": "ICD9CM",
    "urn:oid:2.16.840.1.113883.6.88": "RxNorm",
    "urn:oid:2.16.840.1.113883.6.69": "NDC",
    "urn:oid:2.16.840.1.113883.6.12": "CPT4",
    "urn:oid:2.16.840.1.113883.6.285": "HCPCS",
    "urn:oid:2.16.840.1.113883.6.4": "ICD10PCS",
}
"""Vocabularies by the address of their code system, and by its object identifier."""

CONDITION, DRUG, MEASUREMENT, PROCEDURE, VISIT = "Condition", "Drug", "Measurement", "Procedure", "Visit"
ORDER, DISPENSE, GIVEN, REPORT, CLAIM = "order", "dispense", "given", "report", "claim"
TYPES = {
    ORDER: (32838, "EHR prescription"),
    DISPENSE: (32825, "EHR dispensing record"),
    GIVEN: (32818, "EHR administration record"),
    REPORT: (32865, "Patient self-report"),
    CLAIM: (32869, "Pharmacy claim"),
}
"""OMOP's types of records by where a drug row comes from."""
_TYPE = "Type Concept"
_FIRST = {
    CONDITION: ("ICD10CM", "ICD10", "ICD9CM", "SNOMED"),
    DRUG: ("RxNorm", "NDC", "CVX", "HCPCS", "SNOMED", "ATC"),
    MEASUREMENT: ("LOINC", "SNOMED", "CPT4", "HCPCS"),
    PROCEDURE: ("CPT4", "HCPCS", "ICD10PCS", "ICD9Proc", "SNOMED", "LOINC", "ICD10CM"),
    VISIT: ("SNOMED", "CPT4", "HCPCS"),
}
"""Which of several codings is taken for a source concept, best first."""
RXNORM = "RxNorm"
_BRAND = "Brand Name"
_DURATION = re.compile(r"^[0-9.]+ [A-Z]+ ")
"""What RxNorm puts before a name: `24 HR `, `5 ML `."""

Pair = tuple[int | None, int | None]


class Concepts:
    """The concepts met so far."""

    def __init__(self, knowledge: Knowledge):
        self._ids: dict[tuple[str, str, str, str], int] = {}
        self._codes: dict[int, str] = {}
        self._products = {p.rxnorm: p.name for p in knowledge.rxnorm_products}
        self._known = {code for form in knowledge.ingredients.values() for code in form.rxnorm} | set(self._products)

    def id(self, domain: str, vocabulary: str, code: str, name: str = "") -> int:
        """The id of one concept."""
        found = self._ids.setdefault((domain, vocabulary, code, name), LOCAL_FROM + len(self._ids))
        self._codes[found] = code
        return found

    def code(self, id_: int) -> str:
        """The code of a concept."""
        return self._codes[id_]

    def pairs(self, domain: str, concept: dict) -> list[Pair]:
        """The standard and the source concept of each row that a concept makes: one row, or more where it has over two codings in
        systems that are known; (None, None) where it has none."""
        found: dict[tuple[str, str], None] = {}
        for coding in parts(concept, "coding"):
            vocabulary, code = SYSTEMS.get(word(coding, "system") or ""), word(coding, "code")
            if vocabulary in _FIRST[domain] and code is not None:
                found[vocabulary, code] = None
        order = _FIRST[domain]
        ids = [self.id(domain, *pair) for pair in sorted(found, key=lambda pair: (order.index(pair[0]), pair[1]))]
        if not ids:
            return [(None, None)]
        return [(ids[n + 1] if n + 1 < len(ids) else None, ids[n]) for n in range(0, len(ids), 2)]

    def drug(self, concept: dict) -> tuple[int | None, str | None]:
        """The concept of a drug (None where no coding is in a system that is known) and what it is called: a code that stepwell
        knows is taken before others."""
        text = words_of(concept)
        found = []
        for n, coding in enumerate(parts(concept, "coding")):
            vocabulary, code = SYSTEMS.get(word(coding, "system") or ""), word(coding, "code")
            if vocabulary in _FIRST[DRUG] and code is not None:
                rank = _FIRST[DRUG].index(vocabulary), code not in self._known or vocabulary != RXNORM, n
                found.append((rank, vocabulary, code, word(coding, "display")))
        if not found:
            return None, text
        _rank, vocabulary, code, display = min(found)
        names = [self._products.get(code) if vocabulary == RXNORM else None, display, text]
        return self.id(DRUG, vocabulary, code, _longest([n for n in names if n])), text

    def rows(self) -> list[tuple]:
        """The rows of the `concept` table: the concepts met, and the types of drug records."""
        types = [(id_, name, _TYPE, _TYPE, str(id_), None) for id_, name in TYPES.values()]
        return types + [
            (id_, name or None, domain, vocabulary, code, _class_of(vocabulary, code in self._known, name))
            for (domain, vocabulary, code, name), id_ in self._ids.items()
        ]


def _longest(names: list[str]) -> str:
    """RxNorm's own name of a product that stepwell knows, else the name that says most: the first that states a strength."""
    return next((n for n in names if any(c.isdigit() for c in n)), names[0] if names else "")


def _class_of(vocabulary: str, is_known: bool, name: str) -> str | None:
    is_generic = is_known or _DURATION.sub("", name)[:1].islower()
    return None if vocabulary != RXNORM or is_generic else _BRAND
