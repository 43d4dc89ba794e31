"""Doses of drugs that are given in sessions, from drug rows of OMOP.

Few rows of few sources are of such drugs. Which drugs occur is known before any row is read, so that a source without them costs
nothing.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ..knowledge.forms import Knowledge
from ..tables import DOSE
from ..tables.ranges import QUANTITY, SESSION_DOSE
from .codes import Codes
from .drugs import Drugs
from .files import RawTable
from .people import People
from .routes import concept_names, route
from .session_readings import read_readings
from .source import Loss
from .tally import Finding, settle, without_repeats
from .values import concept, day, is_no_time, is_outside, minute_of, number, text, within

_TO_MG = {
    "mg": 1.0,
    "milligram": 1.0,
    "milligrams": 1.0,
    "g": 1000.0,
    "gram": 1000.0,
    "mcg": 0.001,
    "ug": 0.001,
    "microgram": 0.001,
}
"""Units in which the amount of an administration is stated."""

_CELLS = (
    "drug_exposure_id",
    "person_id",
    "drug_type_concept_id",
    "drug_exposure_start_date",
    "drug_exposure_start_datetime",
    "quantity",
    "drug_source_value",
    "route_concept_id",
    "route_source_value",
    "dose_unit_source_value",
)
_SUPPLY = ("dispens", "prescri", "pharmacy", "written")


def session_ingredients(knowledge: Knowledge) -> list[str]:
    """The ingredients of all treatments given in sessions."""
    return sorted({i for t in knowledge.treatments.values() for i in t.ingredients})


def read_doses(
    coded: Codes,
    con: ibis.BaseBackend,
    people: People,
    filled: dict[str, RawTable],
    drugs: Drugs,
    vocabulary: dict[str, RawTable],
    knowledge: Knowledge,
) -> tuple[ir.Table, ir.Table, list[Loss]] | None:
    """`dose` and `monitoring`, with the findings about them; None where no such drug occurs."""
    wanted = session_ingredients(knowledge)
    raw = filled["drug_exposure"]
    if drugs.products["ingredient"].is_in(wanted).sum() == 0:
        return None
    concepts = vocabulary.get("concept")
    told = drugs.rows_of(raw, _CELLS, wanted)
    unit = text(told.column("dose_unit_source_value")).lower()
    source_value = text(told.column("drug_source_value")).upper()
    rows = told.rows.select(
        "ingredient",
        "mg_per_unit",
        id="person_id",
        type_id=concept(told.column("drug_type_concept_id", "int64")),
        route_id=concept(told.column("route_concept_id", "int64")),
        route_word=text(told.column("route_source_value")),
        given_date=day(told.column("drug_exposure_start_date")).value,
        quantity=number(told.column("quantity", "float64")),
        factor=unit.cases(*_TO_MG.items()),
        is_unit_stated=unit.notnull(),
        code=source_value.re_search("^[A-Z][0-9]{4}$").ifelse(source_value, ibis.null("string")),
        minute=minute_of(told.column("drug_exposure_start_datetime")),
        is_time_unreadable=is_no_time(told.column("drug_exposure_start_datetime")),
        address=told.address("drug_exposure_id"),
    )
    rows = people.attach(rows, "id")
    rows = rows.filter(rows.person_id.notnull() & rows.given_date.notnull())
    ids = rows.select(concept_id="type_id").union(rows.select(concept_id="route_id"))
    named = concept_names(con, ids, concepts, raw.where)
    for id_ in ("type_id", "route_id"):
        found = named.select(named_id="concept_id", **{f"{id_}_name": named.called})
        rows = rows.left_join(found, rows[id_] == found.named_id).drop("named_id")
    kind = rows.type_id_name.lower()
    is_supply = ibis.or_(*(kind.contains(word) for word in _SUPPLY))
    quantity = within(QUANTITY, rows.quantity)
    mg = rows.is_unit_stated.ifelse(quantity * rows.factor, rows.mg_per_unit * quantity)
    rows = rows.mutate(all_mg=mg, route=ibis.coalesce(route(rows.route_id_name), route(rows.route_word)))
    dose = rows.select(
        "person_id",
        "given_date",
        "ingredient",
        kind=ibis.cases((kind.contains("administ"), "administration"), (is_supply, "supply")),
        code=rows.code,
        quantity=within(QUANTITY, rows.quantity),
        mg=within(SESSION_DOSE, rows.all_mg),
        route=rows.route,
        minute=rows.minute,
        address=rows.address,
        is_quantity_outside=is_outside(QUANTITY, rows.quantity),
        is_dose_outside=is_outside(SESSION_DOSE, rows.all_mg),
        is_time_unreadable=rows.is_time_unreadable,
    )
    dose, losses = settle_doses(dose, raw.where)
    ids = told.rows.select(kind="ingredient", id="drug_exposure_id")
    dose, _told_as_medication = without_repeats("dose", raw.where, dose, [ids], "ingredient")
    monitoring, found = read_readings(coded, con, people, filled, dose, knowledge)
    return dose, monitoring, losses + found


def settle_doses(rows: ir.Table, where: str) -> tuple[ir.Table, list[Loss]]:
    """The rows of `dose`, from rows with its columns, `is_quantity_outside`, `is_dose_outside` and `is_time_unreadable`."""
    kept, losses, _n = settle(
        DOSE.name,
        where,
        rows,
        [
            Finding(rows.given_date.isnull(), "doses without a usable date", "left out"),
            Finding(rows.is_quantity_outside, f"doses with a quantity outside {QUANTITY}", "read as unknown"),
            Finding(rows.is_dose_outside, f"doses outside {SESSION_DOSE}", "read as unknown"),
            Finding(rows.route == "other", "doses whose recorded route is none of the words known", "kept"),
            Finding(rows.is_time_unreadable, "doses whose time cannot be read", "read as unknown"),
        ],
    )
    return kept.select(*DOSE.schema), losses
