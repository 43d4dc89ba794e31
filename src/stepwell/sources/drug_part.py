"""The drug rows of some people of a CDM: what was worked out of the whole source before, and the record tables of a part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis.expr.types as ir
import polars as pl

from ..knowledge.forms import Knowledge
from ..tables import CONCOMITANT, DOSE, INCOMPLETE_MEDICATION, MEDICATION
from .concomitant import only_interacting
from .doses import read_doses, session_ingredients
from .drugs import Drugs, count_drug_rows, find_drugs
from .files import RawTable
from .incomplete import count_kinds, count_people, find_incomplete, remedy_for
from .medication import find_administrations, read_medication, with_values
from .orders import find_origins
from .parts import PEOPLE, Read
from .routes import concept_names
from .source import DrugRows
from .vocabulary import Vocabulary


@dataclass(frozen=True)
class DrugPlan:
    """What was worked out of all drug rows of a source before they are read. `drugs` are looked for by `knowledge`, `interacting`
    only because they interact, by `about`. `origins`: whether each type of record is an order, a fill, or a drug that was taken.
    `administrations`: the types of record of what was given there and then. `names`: the names of the types of record and of the
    routes. `counted`: the numbers of rows, without those of people. `has_doses`: whether a drug given in sessions occurs."""

    knowledge: Knowledge
    about: Knowledge
    drugs: Drugs
    interacting: Drugs
    origins: dict[int, str]
    administrations: tuple[int, ...]
    names: pl.DataFrame
    counted: DrugRows
    has_doses: bool

    def count_people(self, found: ir.Table) -> DrugRows:
        """The numbers of drug rows, with those of people in all of `incomplete_medication`."""
        return count_people(found, self.counted, INCOMPLETE_MEDICATION.name)


def plan_drugs(raw: RawTable, vocabulary: Vocabulary, knowledge: Knowledge) -> DrugPlan:
    """Works out what the drugs, the types of record and the routes of a `drug_exposure` table are."""
    about = only_interacting(knowledge)
    occurring = count_drug_rows(raw)
    drugs, interacting = find_drugs(raw, occurring, vocabulary, knowledge, about)
    types, routes = occurring["type_id"], occurring["route_id"]
    names = vocabulary.names(pl.concat([types, routes]).unique())
    return DrugPlan(
        knowledge,
        about,
        drugs,
        interacting,
        find_origins(types, names),
        find_administrations(types, names),
        concept_names(names),
        count_kinds(drugs.keys, knowledge, remedy_for(vocabulary.tables)),
        bool(drugs.products["ingredient"].is_in(session_ingredients(knowledge)).any()),
    )


def read_drug_rows(part: Mapping[str, pl.DataFrame], plan: DrugPlan) -> Read:
    """`medication`, `concomitant`, `incomplete_medication` and, where a drug given in sessions occurs, `dose` of the people of a
    part, with the findings about `medication` and `dose`. The part has the rows of `select_drug_rows` as `drug_exposure`, those
    of `select_care` as `care`, and its `people`."""
    rows, made = part["drug_exposure"], Read()
    known, interacting = (with_values(of.rows_of(rows)) for of in (plan.drugs, plan.interacting))
    types = plan.origins, plan.administrations, plan.names
    made.tables[MEDICATION.name], made.losses[MEDICATION.name] = read_medication(known, *types, plan.knowledge)
    concomitant, _of_medication = read_medication(interacting, *types, plan.about)
    made.tables[CONCOMITANT.name] = concomitant.select(*CONCOMITANT.schema)
    unidentified = plan.drugs.unidentified_rows(rows)
    made.tables[INCOMPLETE_MEDICATION.name] = find_incomplete(
        part[PEOPLE], part["care"], unidentified, known, interacting, plan.administrations, plan.counted
    )
    if plan.has_doses:
        of_sessions = plan.drugs.rows_of(rows, session_ingredients(plan.knowledge))
        made.tables[DOSE.name], made.losses[DOSE.name] = read_doses(of_sessions, plan.names)
    return made
