"""Records as FHIR R4 resources in the shapes of US Core, one a line, one file a type of resource (bulk NDJSON).

The ids are the numbers of the OMOP rows. What FHIR has no place for (an end of supply before its start) is left out.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..forms import Noise
from ..streams import Streams
from .arrow import dates, text, words
from .fhir_elements import (
    TERMS,
    category_of,
    coding_of,
    concept_of,
    encounter_of,
    head_of,
    json_of,
    lines_of,
    optional,
    patient_of,
    profile_of,
    reference_to,
    text_of,
    time_of,
)
from .fhir_noise import CODED, CONTAINED, DISPLAYED, REFERENCED, FhirNoise, as_known
from .formulary import Formulary
from .history import Ended
from .listed import Drugs, Listed, measured
from .made import STOP_REASON
from .omop import LOINC_READINGS, loinc_of
from .vocabulary import product_name

_UNIT_OF_SCORE = '"unit":"{score}","system":"http://unitsofmeasure.org","code":"{score}"'
_UNIT_OF_PRESSURE = '"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"'
_UNIT_OF_DAYS = '"unit":"days","system":"http://unitsofmeasure.org","code":"d"'
_UNIT_OF_HOURS = '"unit":"hours","system":"http://unitsofmeasure.org","code":"h"'
_UNIT_OF_GRAMS = '"unit":"g","system":"http://unitsofmeasure.org","code":"g"'
_UNIT_OF_POINTS = '"unit":"points"'
_ERROR = "entered-in-error"
_PHQ_9 = "phq-9"
_UNIT_OF_MG = '"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"'


class Fhir:
    """The lines of one chunk after the other, by type of resource."""

    def __init__(self, formulary: Formulary, seed: int, noise: Noise):
        self.f, self._seed, self._noise = formulary, seed, noise
        rxnorm = [formulary.knowledge.ingredients[i].rxnorm[0] for i, _ in formulary.products]
        names = [product_name(formulary, n) for n in range(len(formulary.products))]
        coded = [concept_of("RxNorm", code, name) for code, name in zip(rxnorm, names, strict=True)]
        self._drugs = [*coded, *(json_of({"text": name}) for name in names)]
        """Each product with its code, then each without."""
        self._named = {
            CODED: [f',"medicationCodeableConcept":{drug}' for drug in self._drugs],
            CONTAINED: [
                f',"contained":[{{"resourceType":"Medication","id":"drug","code":{drug}}}]'
                ',"medicationReference":{"reference":"#drug"}'
                for drug in self._drugs
            ],
            REFERENCED: [f',"medicationReference":{{"reference":"Medication/{n}"}}' for n in range(len(self._drugs))],
            DISPLAYED: [f',"medicationReference":{json_of({"display": name})}' for name in names * 2],
        }

    def constant(self) -> dict[str, pa.Array]:
        """The drugs that other resources refer to."""
        if self._noise.fhir_referenced_drug.p == 0:
            return {}
        lines = [f'{{"resourceType":"Medication","id":"{n}","code":{d}}}\n' for n, d in enumerate(self._drugs)]
        return {"Medication": pa.array(lines)}

    def tables(self, listed: Listed) -> dict[str, pa.Array]:
        """The lines of a chunk, each with its line end."""
        return {
            "Patient": self._patients(listed),
            "Coverage": self._coverage(listed),
            "Encounter": self._encounters(listed),
            "Condition": self._conditions(listed),
            **self._medications(listed),
            **self._observations(listed),
            "Procedure": self._procedures(listed),
        }

    def _patients(self, listed: Listed) -> pa.Array:
        p = listed.people
        who = text(p.person)
        died = optional(',"deceasedDateTime":"', text_of(dates(p.last_day, ~p.dies)), '"')
        return lines_of(
            head_of("Patient", who, "patient"),
            ',"identifier":[{"system":"urn:stepwell:simulated","value":"',
            who,
            '"}],"name":[{"family":"Simulated","given":["',
            who,
            '"]}],"gender":"',
            words(["male", "female"], p.female),
            '","birthDate":"',
            text_of(dates(p.birth)),
            '"',
            died,
            "}",
        )

    def _coverage(self, listed: Listed) -> pa.Array:
        """The time in which everything that happened would have been recorded."""
        p = listed.people
        relationship = coding_of(TERMS + "subscriber-relationship", "self")
        return lines_of(
            head_of("Coverage", text(p.person), "coverage"),
            ',"status":"active","relationship":',
            relationship,
            reference_to("beneficiary", "Patient", text(p.person)),
            ',"period":{"start":"',
            text_of(dates(listed.observed_from)),
            '","end":"',
            text_of(dates(p.last_day)),
            '"},"payor":[{"display":"a simulated health plan"}]}',
        )

    def _encounters(self, listed: Listed) -> pa.Array:
        v = listed.visit
        day = text_of(dates(v.day))
        return lines_of(
            head_of("Encounter", text(listed.number("visit")), "encounter"),
            ',"status":"finished","class":{"system":"',
            f'{TERMS}v3-ActCode","code":"AMB"}},"type":[{{"text":"outpatient visit"}}]',
            patient_of(listed, v.row),
            ',"period":{"start":"',
            day,
            '","end":"',
            day,
            '"}}',
        )

    def _conditions(self, listed: Listed) -> pa.Array:
        noise = self._noise_of(listed, "condition")
        c = listed.condition.take(noise.index)
        # What was entered in error is another diagnosis.
        code = (c.code + noise.is_error) % len(self.f.codes)
        codes = [concept_of("ICD10CM", x.icd10cm, x.label) for x in self.f.codes.values()]
        verified = [coding_of(TERMS + "condition-ver-status", status) for status in ("confirmed", _ERROR)]
        active = ',"clinicalStatus":' + coding_of(TERMS + "condition-clinical", "active")
        statuses = [f'{active},"verificationStatus":{verified[0]}', f',"verificationStatus":{verified[1]}']
        return lines_of(
            head_of("Condition", noise.ids(listed.number("condition")), "condition-encounter-diagnosis"),
            words(statuses, noise.is_error),
            f',"category":[{coding_of(TERMS + "condition-category", "encounter-diagnosis")}],"code":',
            words(codes, code),
            patient_of(listed, c.row),
            encounter_of(listed, c),
            ',"recordedDate":"',
            as_known(text_of(dates(c.day)), noise.is_partial),
            '"}',
        )

    def _medications(self, listed: Listed) -> dict[str, pa.Array]:
        """A supply is a request and what was dispensed for it, under one number; a charted dose is an administration."""
        noise = self._noise_of(listed, "drug")
        all_, number = listed.drug.take(noise.index), noise.ids(listed.number("drug"))
        named = self._medication(all_, noise)
        supplies, doses = (pa.array(is_one) for is_one in (~all_.is_dose, all_.is_dose))
        is_dose = all_.is_dose
        d, ids, drug = all_.take(~is_dose), number.filter(supplies), named.filter(supplies)
        is_error, is_odd, is_text = (x[~is_dose] for x in (noise.is_error, noise.is_odd, noise.is_text_only()))
        day = as_known(text_of(dates(d.start)), noise.is_partial[~is_dose])
        no_quantity, no_days = (is_text | (x < 0) for x in (d.quantity, d.days_supply))
        quantity = optional(',"quantity":{"value":', text_of(pa.array(d.quantity, mask=no_quantity)), "}")
        days = text_of(pa.array(np.where(is_odd, 24, 1) * d.days_supply, mask=no_days))
        unit = words([f",{_UNIT_OF_DAYS}}}", f",{_UNIT_OF_HOURS}}}"], is_odd)
        lasts = optional(',"expectedSupplyDuration":{"value":', days, unit)
        told = optional(',"dosageInstruction":[{"text":"', _sigs(d, is_text), '"}]')
        reasons = [json_of({"text": STOP_REASON.get(e, "")}) for e in Ended]
        stopped = optional(',"statusReason":', words(reasons, d.stop), "")
        request = lines_of(
            head_of("MedicationRequest", ids, "medicationrequest"),
            ',"status":"',
            words(["completed", "stopped", _ERROR], np.where(is_error, 2, d.stop >= 0)),
            '"',
            stopped,
            ',"intent":"order"',
            drug,
            patient_of(listed, d.row),
            ',"authoredOn":"',
            day,
            '"',
            told,
            ',"dispenseRequest":{"validityPeriod":{"start":"',
            day,
            '"}',
            quantity,
            lasts,
            "}}",
        )
        dispense = lines_of(
            head_of("MedicationDispense", ids, "medicationdispense"),
            words([',"status":"completed"', f',"status":"{_ERROR}"'], is_error),
            drug,
            patient_of(listed, d.row),
            ',"authorizingPrescription":[{"reference":"MedicationRequest/',
            ids,
            '"}]',
            quantity,
            optional(',"daysSupply":{"value":', days, unit),
            ',"whenHandedOver":"',
            day,
            '"',
            told,
            "}",
        )
        d, ids = all_.take(is_dose), number.filter(doses)
        is_odd = noise.is_odd[is_dose]
        given = self.f.session_codes
        administration = lines_of(
            head_of("MedicationAdministration", ids, None),
            words([',"status":"completed"', f',"status":"{_ERROR}"'], noise.is_error[is_dose]),
            named.filter(doses),
            patient_of(listed, d.row),
            encounter_of(listed, d, "context"),
            ',"effectiveDateTime":"',
            as_known(time_of(d.start, d.minute), noise.is_partial[is_dose]),
            '","dosage":{"route":{"text":"',
            words([r.route or "" for r in given], d.given),
            '"},"dose":{"value":',
            words([f"{(r.mg or 0) / per:g}" for per in (1, 1000) for r in given], d.given + len(given) * is_odd),
            words([f",{_UNIT_OF_MG}}}}}}}", f",{_UNIT_OF_GRAMS}}}}}}}"], is_odd),
        )
        return {
            "MedicationRequest": request,
            "MedicationDispense": dispense,
            "MedicationAdministration": administration,
        }

    def _noise_of(self, listed: Listed, table: str) -> FhirNoise:
        return FhirNoise(Streams(self._seed, listed.people.person), self._noise, table, getattr(listed, table))

    def _medication(self, d: Drugs, noise: FhirNoise) -> pa.Array:
        """Which drug each row is about, in one of four ways."""
        n = len(self.f.products)
        # What was entered in error is another drug.
        product = (d.product + noise.is_error) % n
        forms = [form for way in sorted(self._named) for form in self._named[way]]
        return words(forms, noise.named() * 2 * n + product + np.where(d.is_mapped, 0, n))

    def _observations(self, listed: Listed) -> dict[str, pa.Array]:
        """What was measured, and the answered questionnaires that are sent beside it."""
        noise = self._noise_of(listed, "measurement")
        m, known = listed.measurement.take(noise.index), self.f.knowledge.all_instruments
        ids = noise.ids(listed.number("measurement"))
        status = words(["final", _ERROR], noise.is_error)
        # What was entered in error is a value of 0.
        value = text(np.where(noise.is_error, 0, m.value))
        survey = category_of("survey")
        told = []
        for i in measured(self.f):
            is_pressure, loinc = i in LOINC_READINGS, loinc_of(i, self.f)
            name, _, item = i.partition("/")
            label = i if is_pressure else known[name].label + (f", item {item}" if item else "")
            code = concept_of("LOINC", loinc, label) if loinc else json_of({"text": label})
            profile = None if is_pressure or not loinc else "observation-screening-assessment"
            unit = _UNIT_OF_PRESSURE if is_pressure else _UNIT_OF_SCORE
            odd = unit if is_pressure else _UNIT_OF_POINTS
            told.append((profile_of(profile), category_of("vital-signs") if is_pressure else survey, code, unit, odd))
        profiles, categories, codes, units, odd = (words(list(column), m.kind) for column in zip(*told, strict=True))
        has_time = m.minute >= 0
        when = pc.if_else(pa.array(has_time), time_of(m.day, np.maximum(m.minute, 0)), text_of(dates(m.day)))
        when = as_known(when, noise.is_partial)
        observations = lines_of(
            '{"resourceType":"Observation","id":"',
            ids,
            '"',
            profiles,
            ',"status":"',
            status,
            '","category":[',
            categories,
            '],"code":',
            codes,
            patient_of(listed, m.row),
            encounter_of(listed, m),
            ',"effectiveDateTime":"',
            when,
            '","valueQuantity":{"value":',
            value,
            ",",
            pc.if_else(pa.array(noise.is_odd), odd, units),
            "}}",
        )
        if self._noise.fhir_response_too.p == 0:
            return {"Observation": observations}
        responses = lines_of(
            head_of("QuestionnaireResponse", ids, None),
            ',"status":"',
            words(["completed", _ERROR], noise.is_error),
            '"',
            patient_of(listed, m.row),
            ',"authored":"',
            when,
            f'","item":[{{"linkId":"/{loinc_of(_PHQ_9, self.f)}","answer":[{{"valueInteger":',
            value,
            "}]}]}",
        )
        is_sent = noise.is_answered() & (m.kind == measured(self.f).index(_PHQ_9))
        return {"Observation": observations, "QuestionnaireResponse": responses.filter(pa.array(is_sent))}

    def _procedures(self, listed: Listed) -> pa.Array:
        p = listed.procedure
        codes = [concept_of(r.vocabulary, r.code, r.treatment) if r.code else "{}" for r in self.f.session_codes]
        return lines_of(
            head_of("Procedure", text(listed.number("procedure")), "procedure"),
            ',"status":"completed","code":',
            words(codes, p.code),
            patient_of(listed, p.row),
            encounter_of(listed, p),
            ',"performedDateTime":"',
            time_of(p.day, p.minute),
            '"}',
        )


def _sigs(d: Drugs, is_text: np.ndarray) -> pa.Array:
    """The instruction in words where it is sent so: how many tablets a day, where quantity and length say it."""
    is_known = (d.quantity > 0) & (d.days_supply > 0)
    a_day = np.where(is_known, d.quantity // np.maximum(d.days_supply, 1), 0)
    return words(
        ["Take as directed", *(f"Take {n} tablet{'s'[: n > 1]} by mouth once daily" for n in range(1, 100))],
        np.where(is_text, a_day, -1),
    )
