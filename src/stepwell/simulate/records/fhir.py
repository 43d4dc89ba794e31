"""Records as FHIR R4 resources in the shapes of US Core, one a line, one file a type of resource (bulk NDJSON).

The ids are the numbers of the OMOP rows. What FHIR has no place for (an end of supply before its start) is left out.
"""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .arrow import clock, dates, text, words
from .formulary import Formulary
from .history import Ended
from .listed import Listed, measured
from .made import STOP_REASON
from .omop import LOINC_READINGS, loinc_of
from .vocabulary import product_name

_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_TERMS = "http://terminology.hl7.org/CodeSystem/"
_SYSTEMS = {
    "ICD10CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "LOINC": "http://loinc.org",
    "RxNorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "HCPCS": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "CPT4": "http://www.ama-assn.org/go/cpt",
}
_UNIT_OF_SCORE = '"unit":"{score}","system":"http://unitsofmeasure.org","code":"{score}"'
_UNIT_OF_PRESSURE = '"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"'
_UNIT_OF_DAYS = '"unit":"days","system":"http://unitsofmeasure.org","code":"d"'
_UNIT_OF_MG = '"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"'

Part = str | pa.Array | pa.ChunkedArray


class Fhir:
    """The lines of one chunk after the other, by type of resource."""

    def __init__(self, formulary: Formulary):
        self.f = formulary
        rxnorm = [formulary.knowledge.ingredients[i].rxnorm[0] for i, _ in formulary.products]
        names = [product_name(formulary, n) for n in range(len(formulary.products))]
        self._mapped = [_concept("RxNorm", code, name) for code, name in zip(rxnorm, names, strict=True)]
        self._unmapped = [_json({"text": name}) for name in names]

    def constant(self) -> dict[str, pa.Array]:
        """Nothing but the people's own resources."""
        return {}

    def tables(self, listed: Listed) -> dict[str, pa.Array]:
        """The lines of a chunk, each with its line end."""
        return {
            "Patient": self._patients(listed),
            "Coverage": self._coverage(listed),
            "Encounter": self._encounters(listed),
            "Condition": self._conditions(listed),
            **self._medications(listed),
            "Observation": self._observations(listed),
            "Procedure": self._procedures(listed),
        }

    def _patients(self, listed: Listed) -> pa.Array:
        p = listed.people
        who = text(p.person)
        died = _optional(',"deceasedDateTime":"', _text(dates(p.last_day, ~p.dies)), '"')
        return _lines(
            _head("Patient", who, "patient"),
            ',"identifier":[{"system":"urn:stepwell:simulated","value":"',
            who,
            '"}],"name":[{"family":"Simulated","given":["',
            who,
            '"]}],"gender":"',
            words(["male", "female"], p.female),
            '","birthDate":"',
            _text(dates(p.birth)),
            '"',
            died,
            "}",
        )

    def _coverage(self, listed: Listed) -> pa.Array:
        """The time in which everything that happened would have been recorded."""
        p = listed.people
        relationship = _coded(_TERMS + "subscriber-relationship", "self")
        return _lines(
            _head("Coverage", text(p.person), "coverage"),
            ',"status":"active","relationship":',
            relationship,
            _reference("beneficiary", "Patient", text(p.person)),
            ',"period":{"start":"',
            _text(dates(listed.observed_from)),
            '","end":"',
            _text(dates(p.last_day)),
            '"},"payor":[{"display":"a simulated health plan"}]}',
        )

    def _encounters(self, listed: Listed) -> pa.Array:
        v = listed.visit
        day = _text(dates(v.day))
        return _lines(
            _head("Encounter", text(listed.number("visit")), "encounter"),
            ',"status":"finished","class":{"system":"',
            f'{_TERMS}v3-ActCode","code":"AMB"}},"type":[{{"text":"outpatient visit"}}]',
            _patient(listed, v.row),
            ',"period":{"start":"',
            day,
            '","end":"',
            day,
            '"}}',
        )

    def _conditions(self, listed: Listed) -> pa.Array:
        c = listed.condition
        codes = [_concept("ICD10CM", x.icd10cm, x.label) for x in self.f.codes.values()]
        return _lines(
            _head("Condition", text(listed.number("condition")), "condition-encounter-diagnosis"),
            ',"clinicalStatus":' + _coded(_TERMS + "condition-clinical", "active"),
            ',"verificationStatus":' + _coded(_TERMS + "condition-ver-status", "confirmed"),
            f',"category":[{_coded(_TERMS + "condition-category", "encounter-diagnosis")}],"code":',
            words(codes, c.code),
            _patient(listed, c.row),
            _encounter(listed, c),
            ',"recordedDate":"',
            _text(dates(c.day)),
            '"}',
        )

    def _medications(self, listed: Listed) -> dict[str, pa.Array]:
        """A supply is a request and what was dispensed for it, under one number; a charted dose is an administration."""
        number = listed.number("drug")
        supplies, doses = ~listed.drug.is_dose, listed.drug.is_dose
        d, ids = listed.drug.take(supplies), text(number[supplies])
        drug = self._drug(d)
        day = _text(dates(d.start))
        quantity = _optional(',"quantity":{"value":', _text(pa.array(d.quantity, mask=d.quantity < 0)), "}")
        days = _text(pa.array(d.days_supply, mask=d.days_supply < 0))
        lasts = _optional(',"expectedSupplyDuration":{"value":', days, f",{_UNIT_OF_DAYS}}}")
        reasons = [_json({"text": STOP_REASON.get(e, "")}) for e in Ended]
        stopped = _optional(',"statusReason":', words(reasons, d.stop), "")
        request = _lines(
            _head("MedicationRequest", ids, "medicationrequest"),
            ',"status":"',
            words(["completed", "stopped"], d.stop >= 0),
            '"',
            stopped,
            ',"intent":"order","medicationCodeableConcept":',
            drug,
            _patient(listed, d.row),
            ',"authoredOn":"',
            day,
            '","dispenseRequest":{"validityPeriod":{"start":"',
            day,
            '"}',
            quantity,
            lasts,
            "}}",
        )
        dispense = _lines(
            _head("MedicationDispense", ids, "medicationdispense"),
            ',"status":"completed","medicationCodeableConcept":',
            drug,
            _patient(listed, d.row),
            ',"authorizingPrescription":[{"reference":"MedicationRequest/',
            ids,
            '"}]',
            quantity,
            _optional(',"daysSupply":{"value":', days, f",{_UNIT_OF_DAYS}}}"),
            ',"whenHandedOver":"',
            day,
            '"}',
        )
        d, ids = listed.drug.take(doses), text(number[doses])
        given = self.f.session_codes
        administration = _lines(
            _head("MedicationAdministration", ids, None),
            ',"status":"completed","medicationCodeableConcept":',
            self._drug(d),
            _patient(listed, d.row),
            _encounter(listed, d, "context"),
            ',"effectiveDateTime":"',
            _time(d.start, d.minute),
            '","dosage":{"route":{"text":"',
            words([r.route or "" for r in given], d.given),
            '"},"dose":{"value":',
            words([f"{r.mg or 0:g}" for r in given], d.given),
            f",{_UNIT_OF_MG}}}}}}}",
        )
        return {
            "MedicationRequest": request,
            "MedicationDispense": dispense,
            "MedicationAdministration": administration,
        }

    def _drug(self, d) -> pa.Array:
        return words([*self._mapped, *self._unmapped], d.product + np.where(d.is_mapped, 0, len(self._mapped)))

    def _observations(self, listed: Listed) -> pa.Array:
        m, known = listed.measurement, self.f.knowledge.all_instruments
        survey = _category("survey")
        told = []
        for i in measured(self.f):
            is_pressure, loinc = i in LOINC_READINGS, loinc_of(i, self.f)
            name, _, item = i.partition("/")
            label = i if is_pressure else known[name].label + (f", item {item}" if item else "")
            code = _concept("LOINC", loinc, label) if loinc else _json({"text": label})
            profile = None if is_pressure or not loinc else "observation-screening-assessment"
            unit = _UNIT_OF_PRESSURE if is_pressure else _UNIT_OF_SCORE
            told.append((_profile(profile), _category("vital-signs") if is_pressure else survey, code, unit))
        profiles, categories, codes, units = (words(list(column), m.kind) for column in zip(*told, strict=True))
        has_time = m.minute >= 0
        when = pc.if_else(pa.array(has_time), _time(m.day, np.maximum(m.minute, 0)), _text(dates(m.day)))
        return _lines(
            '{"resourceType":"Observation","id":"',
            text(listed.number("measurement")),
            '"',
            profiles,
            ',"status":"final","category":[',
            categories,
            '],"code":',
            codes,
            _patient(listed, m.row),
            _encounter(listed, m),
            ',"effectiveDateTime":"',
            when,
            '","valueQuantity":{"value":',
            text(m.value),
            ",",
            units,
            "}}",
        )

    def _procedures(self, listed: Listed) -> pa.Array:
        p = listed.procedure
        codes = [_concept(r.vocabulary, r.code, r.treatment) if r.code else "{}" for r in self.f.session_codes]
        return _lines(
            _head("Procedure", text(listed.number("procedure")), "procedure"),
            ',"status":"completed","code":',
            words(codes, p.code),
            _patient(listed, p.row),
            _encounter(listed, p),
            ',"performedDateTime":"',
            _time(p.day, p.minute),
            '"}',
        )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _concept(vocabulary: str, code: str, label: str) -> str:
    return _json({"coding": [{"system": _SYSTEMS[vocabulary], "code": code}], "text": label})


def _coded(system: str, code: str) -> str:
    return _json({"coding": [{"system": system, "code": code}]})


def _category(code: str) -> str:
    return _coded(_TERMS + "observation-category", code)


def _profile(name: str | None) -> str:
    return "" if name is None else f',"meta":{{"profile":["{_CORE}{name}"]}}'


def _head(resource: str, ids: pa.Array, profile: str | None) -> pa.Array:
    return _joined(f'{{"resourceType":"{resource}","id":"', ids, '"' + _profile(profile))


def _reference(name: str, resource: str, ids: pa.Array) -> pa.Array:
    return _joined(f',"{name}":{{"reference":"{resource}/', ids, '"}')


def _patient(listed: Listed, row: np.ndarray) -> pa.Array:
    return _reference("subject", "Patient", text(listed.people.person[row]))


def _encounter(listed: Listed, rows, name: str = "encounter") -> pa.Array:
    return _reference(name, "Encounter", text(listed.visit_number(rows)))


def _text(values: pa.Array) -> pa.Array:
    return values.cast(pa.string())


def _time(day: np.ndarray, minute: np.ndarray) -> pa.Array:
    return pc.strftime(clock(day, minute).cast(pa.timestamp("s")), format="%Y-%m-%dT%H:%M:%SZ")


def _optional(before: str, values: pa.Array, after: str) -> pa.Array:
    """Nothing where there is no value."""
    return pc.fill_null(pc.binary_join_element_wise(before, values, after, ""), "")


def _joined(*parts: Part) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _lines(*parts: Part) -> pa.Array:
    lines = _joined(*parts, "\n")
    return lines.combine_chunks() if isinstance(lines, pa.ChunkedArray) else lines
