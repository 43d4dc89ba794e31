"""Forms of treatments and regimens -> the numbers that the rules read (`sessions/numbers.py`)."""

from __future__ import annotations

from datetime import date

import numpy as np

from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.regimen import Phase, Regimen
from stepwell.knowledge.treatment import BillingCode, Treatment
from stepwell.tables import DOSE, SESSION
from stepwell.tables.row_type import NA
from stepwell.tables.sessions import OF_A_SESSION

from ..criterion_numbers import NONE
from ..sets import Names, SetRows, as_array, or_na
from .numbers import (
    ANSWER_RULE,
    BILLING_CODE,
    CHECKPOINT,
    DOSE_RULE,
    EVERY_SESSION,
    FIRST_SESSION,
    FOLLOWING,
    LATER_SESSIONS,
    PHASE,
    PRESSURE_RULE,
    REGIMEN,
    TREATMENT,
    Treatments,
)

ROUTES = DOSE.by_name["route"].values
_PHASES = SESSION.by_name["phase"].values
_WHEN = {"first session": FIRST_SESSION, "later sessions": LATER_SESSIONS, "every session": EVERY_SESSION}


def translate_treatments(names: Names, sets: SetRows, knowledge: Knowledge, has: frozenset[str]) -> Treatments:
    """All treatments, in the order of their ids, and their regimens."""
    return _Rows(names, sets, knowledge).as_arrays(has)


class _Rows:
    """Collects the rows of the treatments."""

    def __init__(self, names: Names, sets: SetRows, knowledge: Knowledge):
        self.names, self.sets, self.knowledge = names, sets, knowledge
        self.codes, self.phases, self.checkpoints, self.routes, self.items = [], [], [], [], []
        self.doses, self.mg, self.pressures, self.answers = [], [], [], []
        self.treatments = [self._treatment(knowledge.treatments[name]) for name in names.treatment]
        self.regimens = [self._regimen(r) for r in knowledge.regimens.values()]

    def as_arrays(self, has: frozenset[str]) -> Treatments:
        """All of them as arrays."""
        safety = [(i.id, i.safety) for i in self.knowledge.all_instruments.values() if i.safety is not None]
        safety = [self._answer(name, s.items, s.at_least) for name, s in safety]
        maxima = {m.ingredient: m.max_mg_per_day for m in self.knowledge.label_maxima.values()}
        return Treatments(
            treatment=as_array(TREATMENT, self.treatments),
            code=as_array(BILLING_CODE, self.codes),
            phase=as_array(PHASE, self.phases),
            checkpoint=as_array(CHECKPOINT, self.checkpoints),
            route=np.array(self.routes, bool).reshape(len(self.routes), len(ROUTES)),
            regimen=as_array(REGIMEN, self.regimens),
            dose_rule=as_array(DOSE_RULE, self.doses),
            mg=np.array(self.mg, float),
            pressure_rule=as_array(PRESSURE_RULE, self.pressures),
            answer_rule=as_array(ANSWER_RULE, self.answers),
            safety_rule=as_array(ANSWER_RULE, safety),
            item=np.array(self.items, bool).reshape(len(self.items), len(self.names.item)),
            following=as_array(FOLLOWING, [self._following()]),
            label_maximum=np.array([maxima.get(drug, np.nan) for drug in self.names.drug], float),
            has_procedure="procedure" in has,
            has_condition="condition" in has,
        )

    def _treatment(self, t: Treatment) -> tuple:
        first_code, first_phase, first_checkpoint = len(self.codes), len(self.phases), len(self.checkpoints)
        self.codes += [self._code(c) for c in t.codes]
        phases = self.knowledge.regimens[t.phases_of].phases if t.phases_of else ()
        self.phases += [_phase(p) for p in phases]
        self.checkpoints += [(self.names.checkpoint.index(c.label), c.first, c.last) for c in t.checkpoints]
        if t.routes:
            self.routes.append([route in t.routes.any_of for route in ROUTES])
        what = {
            "possible_at_least": _number(t.possible and t.possible.at_least),
            "possible_at_most": _number(t.possible and t.possible.at_most),
            "multiple_of": _number(t.possible and t.possible.multiple_of),
            "dose_at_most": _number(t.dose and t.dose.at_most),
            "drugs": self.sets.of_drugs(ingredients=t.ingredients) if t.ingredients else NONE,
            "procedures": self.sets.of_codesets(t.procedures) if t.procedures else NONE,
            "routes": len(self.routes) - 1 if t.routes else NONE,
            "apart": self.sets.of_codesets(t.apart.any_of) if t.apart else NONE,
            "diagnosed": self.sets.of_codesets(t.diagnosed.any_of) if t.diagnosed else NONE,
            "diagnosed_within": or_na(t.diagnosed and t.diagnosed.within),
            "repeated_at_least": or_na(t.repeated and t.repeated.at_least),
            "repeated_within": or_na(t.repeated and t.repeated.within),
            "pause_at_most": t.pause.at_most,
            "again_at_least": or_na(t.again and t.again.at_least),
            "again_within": or_na(t.again and t.again.within),
            "again_after": or_na(t.again and t.again.after),
            "again_pause": or_na(t.again and t.again.pause),
            "has_phases": t.phases_of is not None,
            "first_code": first_code,
            "n_codes": len(self.codes) - first_code,
            "first_phase": first_phase,
            "n_phases": len(self.phases) - first_phase,
            "first_checkpoint": first_checkpoint,
            "n_checkpoints": len(self.checkpoints) - first_checkpoint,
        }
        return tuple(what[name] for name in TREATMENT.names)

    def _code(self, c: BillingCode) -> tuple:
        mg = (_number(c.mg_per_unit), _number(c.mg_at_most), _number(c.mg_above))
        return (self.names.billing_code.index(c.code), _day(c.valid_from), _day(c.valid_until), *mg)

    def _regimen(self, r: Regimen) -> tuple:
        first_phase, first_dose = len(self.phases), len(self.doses)
        first_pressure, first_answer = len(self.pressures), len(self.answers)
        self.phases += [_phase(p) for p in r.phases]
        for dose in sorted(r.doses, key=lambda d: _WHEN[d.when]):
            age = (or_na(dose.age_at_least), or_na(dose.age_below))
            self.doses.append((_WHEN[dose.when], *age, len(self.mg), len(dose.any_of)))
            self.mg += dose.any_of
        for p in r.pressure_before:
            limits = (_number(p.systolic_at_most), _number(p.diastolic_at_most))
            self.pressures.append((or_na(p.age_at_least), or_na(p.age_below), *limits))
        indicated = r.indicated
        self.answers += [
            self._answer(a.instrument, a.items, a.at_least) for a in (indicated.answers if indicated else ())
        ]
        asked = {path for path, _ in r.rules()}
        what = {
            "treatment": self.names.treatment.index(r.treatment),
            "in_force_from": _day(r.in_force_from),
            "asks": tuple(name in asked for name in OF_A_SESSION),
            "asks_indication": indicated is not None,
            "indicated": self.sets.of_codesets(indicated.any_of) if indicated else NONE,
            "indicated_within": or_na(indicated and indicated.within),
            "first_answer": first_answer,
            "n_answers": len(self.answers) - first_answer,
            "first_phase": first_phase,
            "n_phases": len(self.phases) - first_phase,
            "first_dose": first_dose,
            "n_doses": len(self.doses) - first_dose,
            "first_pressure": first_pressure,
            "n_pressures": len(self.pressures) - first_pressure,
            "observed_at_least": _number(r.observed and r.observed.at_least),
            "pressure_first": or_na(r.pressure_after and r.pressure_after.first),
            "pressure_last": or_na(r.pressure_after and r.pressure_after.last),
            "asks_pressure_end": r.pressure_end is not None,
            "asks_oxygen": r.oxygen is not None,
            "oxygen_from": _day(r.oxygen and r.oxygen.valid_from),
            "sedation_at_least": _number(r.sedation and r.sedation.at_least),
            "dissociation_at_most": _number(r.dissociation and r.dissociation.at_most),
            "form_within": _number(r.form and r.form.within),
        }
        return tuple(what[name] for name in REGIMEN.names)

    def _answer(self, instrument: str, items: tuple[str, ...], at_least: float) -> tuple:
        self.items.append([item in items for item in self.names.item])
        return (self.names.any_instrument.index(instrument), len(self.items) - 1, at_least)

    def _following(self) -> tuple:
        how = self.knowledge.following
        what = {
            "baseline_before": how.baseline.before,
            "after_end": how.after_end.at_most,
            "relapse_within": how.lost.relapse_within,
            "bridge_before": how.bridge.before,
            "bridge_after": how.bridge.after,
            "bridge_still": how.bridge.still,
            "stretch_before": how.stretches.before,
            "stretch_after": how.stretches.after,
            "episode_days": how.episodes.days,
        }
        return tuple(what[name] for name in FOLLOWING.names)


def session_names(knowledge: Knowledge) -> dict[str, tuple[str, ...]]:
    """The names behind the numbers of treatments."""
    treatments, regimens = knowledge.treatments.values(), knowledge.regimens.values()
    answers = [a.items for r in regimens if r.indicated for a in r.indicated.answers]
    safety = [i.safety.items for i in knowledge.all_instruments.values() if i.safety is not None]
    return {
        "treatment": tuple(sorted(t.id for t in treatments)),
        "regimen": tuple(r.name for r in regimens),
        "checkpoint": tuple(dict.fromkeys(c.label for t in treatments for c in t.checkpoints)),
        "billing_code": tuple(dict.fromkeys(c.code for t in treatments for c in t.codes)),
        "item": tuple(sorted({item for items in (*answers, *safety) for item in items})),
        "any_instrument": tuple(sorted(knowledge.all_instruments)),
    }


def session_codesets(knowledge: Knowledge) -> set[str]:
    """All code sets that treatments and regimens name."""
    named = {name for r in knowledge.regimens.values() if r.indicated for name in r.indicated.any_of}
    for t in knowledge.treatments.values():
        named |= {*t.procedures, *(t.apart.any_of if t.apart else ()), *(t.diagnosed.any_of if t.diagnosed else ())}
    return named


def _phase(p: Phase) -> tuple:
    return (_PHASES.index(p.id), p.from_week, or_na(p.until_week), p.at_most, or_na(p.at_least), p.every)


def _day(day: date | None) -> int:
    return NA if day is None else (day - date(1970, 1, 1)).days


def _number(value: float | None) -> float:
    return np.nan if value is None else value
