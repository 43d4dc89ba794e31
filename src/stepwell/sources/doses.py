"""Doses of drugs that are given in sessions, from drug rows of OMOP, and the readings taken around them.

Few rows of few sources are of such drugs. Which drugs occur is known before any row is read, so that a source without them costs
nothing; readings (blood pressure is the commonest measurement there is) are taken on the days of doses only.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ..knowledge.forms import Knowledge
from ..tables import DOSE
from ..tables.ranges import QUANTITY, SESSION_DOSE, SESSION_MINUTES
from .codes import Columns, find_coded
from .drugs import Drugs
from .files import RawTable, run, store
from .people import People
from .routes import concept_names, route
from .source import Loss
from .tally import Finding, settle, without_repeats
from .values import concept, day, is_outside, number, text, within
from .vitals import is_possible, vital_codes

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
AROUND = {
    "blood-pressure-systolic": "systolic",
    "blood-pressure-diastolic": "diastolic",
    "oxygen-saturation": "oxygen saturation",
}
"""The vital signs that are looked for, and what they are called around a session."""


def session_ingredients(knowledge: Knowledge) -> list[str]:
    """The ingredients of all treatments given in sessions."""
    return sorted({i for t in knowledge.treatments.values() for i in t.ingredients})


def read_doses(
    con: ibis.BaseBackend,
    people: People,
    filled: dict[str, RawTable],
    drugs: Drugs,
    vocabulary: dict[str, RawTable],
    knowledge: Knowledge,
) -> tuple[ir.Table, ir.Table, list[Loss]] | None:
    """`dose` and `monitoring`, with the findings about them; None where no such drug occurs."""
    wanted = session_ingredients(knowledge)
    products = drugs.products.filter(drugs.products.ingredient.isin(wanted))
    raw = filled["drug_exposure"]
    if not wanted or not run(products.count(), raw.where).as_py():
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
        address=ibis.literal("drug_exposure/") + text(told.rows.drug_exposure_id).fill_null("?"),
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
    monitoring, found = _readings(con, people, filled.get("measurement"), dose, vocabulary, knowledge)
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


_TIME = r"^.*[T ]([01][0-9]|2[0-3]):([0-5][0-9]).*$"


def minute_of(column: ir.Column) -> ir.IntegerValue:
    """The minute of the day of a timestamp, or of text that ends in a time; NULL without one. Midnight is what exports write
    where they know no time."""
    written = column if column.type().is_string() else column.cast("string")
    hours, minutes = (written.re_extract(_TIME, n).try_cast("int32") for n in (1, 2))
    return (hours * 60 + minutes).nullif(0).cast("int32")


def is_no_time(column: ir.Column) -> ir.BooleanValue:
    """Whether there is something that is neither a day nor a day with a time (NULL where there is nothing)."""
    when = day(column)
    written = column if column.type().is_string() else column.cast("string")
    return when.is_unreadable | (written.contains(":") & ~written.re_search(_TIME))


def _readings(
    con,
    people: People,
    raw: RawTable | None,
    dose: ir.Table,
    vocabulary: dict[str, RawTable],
    knowledge: Knowledge,
) -> tuple[ir.Table, list[Loss]]:
    """Blood pressure and oxygen saturation on the days of doses, with the minutes since the day's first dose began."""
    schema = {"person_id": "int64", "session_date": "date", "kind": "string", "minutes": "int32", "value": "float64",
              "address": "string"}  # fmt: skip
    if raw is None:
        return store(con, ibis.memtable([], schema=schema), "monitoring"), []
    days = dose.group_by("person_id", "given_date").agg(began=dose.minute.min())
    days = store(con, days, raw.where)
    codes = [code for code in vital_codes(knowledge) if code.set_id in AROUND]
    columns = Columns("measurement_concept_id", "measurement_source_concept_id", "measurement_source_value")
    found = find_coded(con, raw, columns, codes, vocabulary)
    ids = found.select(kind=found.set_id.cases(*AROUND.items()), id="measurement_id")
    told = RawTable(raw.name, raw.where, found)
    rows = found.select(
        "set_id",
        id="person_id",
        given_date=day(found.measurement_date).value,
        kind=found.set_id.cases(*AROUND.items()),
        measured_at=told.column("measurement_datetime"),
        stated=number(told.column("value_as_number", "float64")),
        address=ibis.literal("measurement/") + text(found.measurement_id).fill_null("?"),
    )
    # The time is read of the readings on days of doses alone.
    rows = people.attach(rows, "id").join(days, ["person_id", "given_date"])
    is_usable = is_possible(rows.set_id, rows.stated, knowledge)
    rows = rows.select(
        "person_id",
        "kind",
        "address",
        session_date="given_date",
        minutes=within(SESSION_MINUTES, minute_of(rows.measured_at) - rows.began).cast("int32"),
        value=is_usable.ifelse(rows.stated, ibis.null("float64")),
        is_misprint=rows.stated.notnull() & ~is_usable,
    )
    kept, losses, _n = settle(
        "monitoring",
        raw.where,
        rows,
        [
            Finding(rows.minutes.isnull(), "readings on the day of a dose without a time before or after it", "kept"),
            Finding(rows.is_misprint, "readings on the day of a dose outside the range of any", "read as unknown"),
        ],
    )
    kept, repeats = without_repeats("monitoring", raw.where, kept.select(*schema), [ids], "kind")
    return kept, losses + repeats
