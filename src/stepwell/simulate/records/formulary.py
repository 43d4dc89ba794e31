"""What the simulated prescribers and raters work with: drugs, doses, instruments and the definitions' limits, as arrays.

Everything clinical comes from the knowledge files; this module only lays it out so that whole populations can be drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stepwell.errors import KnowledgeError, Problem
from stepwell.knowledge import Knowledge
from stepwell.knowledge.definition import Definition, fields
from stepwell.knowledge.forms import Code

from ..csv_rows import Drug, SessionCode, WrittenCode
from ..forms import Parameters
from ..parameters import codes, drugs, session_codes


@dataclass(frozen=True)
class Formulary:
    """The drugs in the order of `drug.csv`, the instruments people are followed with, and the definitions with known truth."""

    knowledge: Knowledge
    parameters: Parameters

    def __post_init__(self):
        problems = [*self._drug_problems(), *self._definition_problems()]
        if problems:
            raise KnowledgeError("The simulator's files do not fit the knowledge files", problems)

    # --- drugs -------------------------------------------------------------------------------------------------------

    @cached_property
    def drugs(self) -> tuple[Drug, ...]:
        """The rows of `drug.csv`."""
        return drugs()

    @cached_property
    def ingredients(self) -> list[str]:
        """The different ingredients, in the order in which they first appear; last those that are given in sessions."""
        given = (r.ingredient for r in self.session_codes if r.ingredient)
        return list(dict.fromkeys((*(d.ingredient for d in self.drugs), *given)))

    @cached_property
    def session_codes(self) -> tuple[SessionCode, ...]:
        """The rows of `session.csv`."""
        return session_codes()

    @cached_property
    def ingredient_of(self) -> np.ndarray:
        """The ingredient of each row, as a place in `ingredients`."""
        return np.array([self.ingredients.index(d.ingredient) for d in self.drugs])

    def _of_ingredient(self, field: str) -> list[str]:
        return [getattr(self.knowledge.ingredients[i], field) for i in self.ingredients]

    @cached_property
    def class_of_ingredient(self) -> np.ndarray:
        """A number for the drug class of each ingredient."""
        names = self._of_ingredient("drug_class")
        return np.array([sorted(set(names)).index(name) for name in names])

    @cached_property
    def roles(self) -> list[str]:
        """The roles that ingredients have."""
        return sorted({i.role for i in self.knowledge.ingredients.values()})

    @cached_property
    def role_of_ingredient(self) -> np.ndarray:
        """The role of each ingredient, as a place in `roles`."""
        return np.array([self.roles.index(role) for role in self._of_ingredient("role")])

    @cached_property
    def strength(self) -> np.ndarray:
        """Milligrams in one tablet or capsule."""
        return np.array([d.strength_mg for d in self.drugs])

    @cached_property
    def products(self) -> list[tuple[str, float | None]]:
        """Every product: an ingredient and the mg in one tablet, capsule or device; none where the amount itself is written."""
        given = ((r.ingredient, r.strength_mg) for r in self.session_codes if r.ingredient)
        return list(dict.fromkeys((*((d.ingredient, d.strength_mg) for d in self.drugs), *given)))

    @cached_property
    def product_of_drug(self) -> np.ndarray:
        """The product of each row of `drug.csv`."""
        return np.array([self.products.index((d.ingredient, d.strength_mg)) for d in self.drugs])

    @cached_property
    def product_of_session(self) -> np.ndarray:
        """The product of each row of `session.csv`; -1 where no drug is given."""
        known = {product: n for n, product in enumerate(self.products)}
        return np.array([known.get((r.ingredient, r.strength_mg), -1) for r in self.session_codes])

    @cached_property
    def n_levels(self) -> np.ndarray:
        """How many daily doses each row has."""
        return np.array([len(d.mg_per_day) for d in self.drugs])

    @cached_property
    def levels(self) -> np.ndarray:
        """Daily doses in mg, one row a drug; the highest is repeated to the right."""
        width = self.n_levels.max()
        return np.array([(*d.mg_per_day, *[d.mg_per_day[-1]] * (width - len(d.mg_per_day))) for d in self.drugs])

    @cached_property
    def weights(self) -> dict[str, np.ndarray]:
        """How often each row is chosen for sleep and for other uses; what is taken for depression is the model's."""
        return {use: np.array([d.later_weight_pct * (d.use == use) for d in self.drugs]) for use in ("sleep", "other")}

    def minima(self, standard: str) -> np.ndarray:
        """The least adequate dose of each row by a standard; NaN where it gives none."""
        known = {m.ingredient: m.min_mg_per_day for m in self.knowledge.dose_minima if m.standard == standard}
        return np.array([known.get(d.ingredient, np.nan) for d in self.drugs])

    @cached_property
    def adequate_level(self) -> np.ndarray:
        """The first dose level that is adequate by the definition that says so; the first of all where no minimum is known."""
        minimum = self.minima(self.reference.trials.dose_standard.is_)[:, None]
        reached = self.levels >= np.nan_to_num(minimum)
        return np.where(reached.any(axis=1), reached.argmax(axis=1), self.n_levels - 1)

    @cached_property
    def low_dose(self) -> np.ndarray:
        """At or below this daily dose a drug is taken for something else; below zero where there is no such rule."""
        rules = self.knowledge.role_rules
        return np.array(
            [
                max((r.at_most_mg_per_day for r in rules if r.ingredient == d.ingredient), default=-1.0)
                for d in self.drugs
            ]
        )

    def _drug_problems(self) -> list[Problem]:
        problems = []
        for d in self.drugs:
            where = f"drug.csv, {d.ingredient} for {d.use}"
            known = self.knowledge.ingredients.get(d.ingredient)
            if known is None or not known.omop or not known.rxnorm:
                found = "is no ingredient with an OMOP concept and an RxNorm code in the knowledge files"
                problems.append(Problem(where, found, "an id of ingredient.csv", "choose another drug"))
            if any(dose % d.strength_mg for dose in d.mg_per_day) or list(d.mg_per_day) != sorted(d.mg_per_day):
                found = "the daily doses are no rising multiples of the strength"
                problems.append(Problem(where, found, "doses made of whole tablets, lowest first", "change the doses"))
            rules = [r for r in self.knowledge.role_rules if r.ingredient == d.ingredient]
            if d.use == "depression" and any(d.mg_per_day[0] <= r.at_most_mg_per_day for r in rules):
                found = "the first dose counts as a low dose for another use"
                problems.append(Problem(where, found, "doses above ingredient_role.csv", "raise the lowest dose"))
        return problems

    # --- diagnoses ---------------------------------------------------------------------------------------------------

    @cached_property
    def codes(self) -> dict[str, WrittenCode]:
        """The code written for each diagnosis, by its name."""
        return {c.name: c for c in codes()}

    @cached_property
    def codesets_of(self) -> dict[str, set[str]]:
        """The code sets of the knowledge files that hold the code of each diagnosis, by the diagnosis's name."""

        def holds(rows: tuple[Code, ...], icd10cm: str) -> bool:
            own = (c for c in rows if c.vocabulary == "ICD10CM")
            return any(icd10cm == c.code or (c.match == "prefix" and icd10cm.startswith(c.code)) for c in own)

        sets = self.knowledge.codesets.values()
        return {
            name: {s.id for s in sets if holds(s.codes, c.icd10cm) and not holds(s.excluded, c.icd10cm)}
            for name, c in self.codes.items()
        }

    # --- instruments -------------------------------------------------------------------------------------------------

    @cached_property
    def instruments(self) -> list[str]:
        """The instruments that people are followed with."""
        return list(self.parameters.scores.instruments.of)

    @cached_property
    def score_range(self) -> np.ndarray:
        """Least and greatest total of each instrument."""
        known = [self.knowledge.instruments[i] for i in self.instruments]
        return np.array([(int(k.at_least), int(k.at_most)) for k in known])

    @cached_property
    def remission_cut(self) -> np.ndarray:
        """The greatest total that is remission, by instrument."""
        return np.array([int(self.knowledge.instruments[i].remission.at_most) for i in self.instruments])

    @cached_property
    def response_pct(self) -> np.ndarray:
        """The improvement, in percent, that is response, by instrument."""
        return np.array([self.knowledge.instruments[i].response.at_least for i in self.instruments])

    # --- definitions -------------------------------------------------------------------------------------------------

    @cached_property
    def definitions(self) -> list[Definition]:
        """The definitions whose truth is written."""
        return [self.knowledge.definitions[d] for d in self.parameters.truth.definitions]

    @cached_property
    def reference(self) -> Definition:
        """The definition that says which trials are adequate."""
        return self.knowledge.definitions[self.parameters.truth.adequate_by]

    @cached_property
    def improvements(self) -> np.ndarray:
        """Every improvement, in percent, below which some definition sees a failure, and the instruments' response."""
        asked = {b.failure.improvement.below for d in self.definitions for b in d.branch if b.failure.improvement}
        return np.array(sorted(asked | set(self.response_pct)))

    def _definition_problems(self) -> list[Problem]:
        truth, known = self.parameters.truth, self.knowledge.definitions
        unknown = [d for d in dict.fromkeys((*truth.definitions, truth.adequate_by)) if d not in known]
        unknown += [i for i in self.parameters.scores.instruments.of if i not in self.knowledge.instruments]
        if unknown:
            found = f"not in the knowledge files: {', '.join(unknown)}"
            return [Problem("parameters.yaml", found, "ids of definitions and instruments", "correct the ids")]
        problems = []
        if truth.adequate_by not in truth.definitions:
            found = f"truth.adequate_by is {truth.adequate_by}, of which no truth is written"
            problems.append(Problem("parameters.yaml", found, "one of truth.definitions", "add it there"))
        for d in self.definitions:
            beyond = sorted(_criteria(d) - _KNOWN_CRITERIA)
            if beyond:
                found = f"{d.id} asks {', '.join(beyond)}, of which no truth can be written"
                problems.append(Problem("parameters.yaml", found, "", "take it out of truth.definitions"))
            dose = any(b.trial.min_dose for b in d.branch)
            if d.trials.basis.is_ == "prescriptions" and dose:
                found = f"{d.id} asks for a dose over time, but does not use the days supplied"
                problems.append(Problem("parameters.yaml", found, "", "take it out of truth.definitions"))
        return problems


_KNOWN_CRITERIA = {
    *("who.age", "who.diagnosis", "who.never", "who.washout"),
    *("trial.role", "trial.use", "trial.min_duration", "trial.min_dose", "trial.preceded_by"),
    *("failure.improvement", "failure.not_remitted", "failure.intolerant", "failure.switched", "failure.added_to"),
    *("failure.taken", "count", "taken", "within", "dated"),
}
"""What the truth can be written of (`truth`)."""


def _criteria(definition: Definition) -> set[str]:
    """What a definition asks, by the paths of its fields."""
    asked = {f"who.{name}" for name, _ in fields(definition.who)}
    for branch in definition.branch:
        asked |= {f"trial.{name}" for name, _ in fields(branch.trial)}
        asked |= {f"failure.{name}" for name, _ in fields(branch.failure)}
        asked |= {name for name, value in fields(branch) if name not in ("trial", "failure")}
    return asked
