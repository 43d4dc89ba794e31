"""Records as stepwell's own folder of CSV files (`stepwell template`).

Lines are in the order of the OMOP tables; readings around sessions stand apart from scores, in `monitoring`.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from .arrow import dates, text, words
from .clinic import OTHERS
from .formulary import Formulary
from .history import Ended
from .listed import Listed
from .made import READINGS

_STOP = {Ended.NO_RESPONSE: "no effect", Ended.INTOLERANCE: "intolerance"}
_TIMES = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(24 * 60)]


class Own:
    """The files of one chunk after the other."""

    def __init__(self, formulary: Formulary, *, has_answers: bool = False):
        self.f, self._has_answers = formulary, has_answers

    def constant(self) -> dict[str, pa.Table]:
        """Nothing but the people's own rows."""
        return {}

    def tables(self, listed: Listed) -> dict[str, pa.Table]:
        """The lines of a chunk, by file."""
        made = {
            "person": self._people(listed),
            "observation_period": self._periods(listed),
            "condition": self._conditions(listed),
            "medication": self._medications(listed),
            "measurement": self._measurements(listed),
            "procedure": self._procedures(listed),
            "monitoring": self._monitoring(listed),
        }
        if self._has_answers:
            made["answer"] = self._answers(listed)
        return {name: pa.table(columns) for name, columns in made.items()}

    def _people(self, listed: Listed) -> dict:
        p = listed.people
        return {
            "person_id": text(p.person),
            "birth_date": dates(p.birth),
            "sex": words(["male", "female"], p.female),
            "death_date": dates(p.last_day, ~p.dies),
        }

    def _periods(self, listed: Listed) -> dict:
        p = listed.people
        return {"person_id": text(p.person), "start_date": dates(listed.observed_from), "end_date": dates(p.last_day)}

    def _conditions(self, listed: Listed) -> dict:
        c = listed.condition
        return {
            "person_id": text(listed.people.person[c.row]),
            "condition_date": dates(c.day),
            "vocabulary": pa.repeat("ICD10CM", len(c)),
            "code": words([x.icd10cm for x in self.f.codes.values()], c.code),
        }

    def _medications(self, listed: Listed) -> dict:
        d = listed.drug
        labels = [self.f.knowledge.ingredients[i].label for i, _ in self.f.products]
        strength = np.array([np.nan if mg is None else mg for _, mg in self.f.products])[d.product]
        # An export that knows no length of a supply leaves the end out.
        no_end = (d.end == d.start) & (d.days_supply < 1)
        given = self.f.session_codes
        mg, dose = np.array([r.mg or 0.0 for r in given])[d.given], np.where(d.is_dose, d.given, -1)
        return {
            "person_id": text(listed.people.person[d.row]),
            # Without concepts nothing is mapped: the name is there, mapped elsewhere or not.
            "drug": words(labels, d.product),
            "start_date": dates(d.start),
            "end_date": dates(d.end, no_end),
            "days_supply": pa.array(d.days_supply, mask=d.days_supply < 0),
            "strength_mg": pa.array(strength, mask=np.isnan(strength)),
            "quantity": pa.array(d.quantity, mask=(d.quantity < 0) | np.isnan(strength)),
            "stop_reason": words([_STOP.get(e, "other") for e in Ended], d.stop),
            "kind": words(["administration"], np.where(d.is_dose, 0, -1)),
            "mg": pa.array(mg, mask=~d.is_dose),
            "route": words([r.route for r in given], dose),
            "time": words(_TIMES, np.where(d.is_dose, d.minute, -1)),
        }

    def _measurements(self, listed: Listed) -> dict:
        m = listed.measurement
        m = m.take(m.kind < len(self.f.instruments))
        return {
            "person_id": text(listed.people.person[m.row]),
            "measured_date": dates(m.day),
            "instrument": words(self.f.instruments, m.kind),
            "total": pa.array(m.value),
        }

    def _procedures(self, listed: Listed) -> dict:
        p, given = listed.procedure, self.f.session_codes
        return {
            "person_id": text(listed.people.person[p.row]),
            "procedure_date": dates(p.day),
            "vocabulary": words([r.vocabulary or "" for r in given], p.code),
            "code": words([r.code or "" for r in given], p.code),
        }

    def _answers(self, listed: Listed) -> dict:
        m = listed.measurement
        kind = m.kind - len(self.f.instruments) - len(READINGS)
        m, kind = m.take(kind >= 0), kind[kind >= 0]
        names, items = zip(*(what.partition("/")[::2] for what in OTHERS), strict=True)
        return {
            "person_id": text(listed.people.person[m.row]),
            "answered_date": dates(m.day),
            "instrument": words(list(names), kind),
            "item": words(list(items), kind),
            "value": pa.array(m.value),
        }

    def _monitoring(self, listed: Listed) -> dict:
        m = listed.measurement
        kind = m.kind - len(self.f.instruments)
        m = m.take((kind >= 0) & (kind < len(READINGS)))
        return {
            "person_id": text(listed.people.person[m.row]),
            "session_date": dates(m.day),
            "kind": words(list(READINGS), m.kind - len(self.f.instruments)),
            "minutes": pa.array(m.session_since),
            "value": pa.array(m.value),
        }
