"""Drugs given in sessions, and the readings taken around them, from the lines of stepwell's own folder."""

from __future__ import annotations

import polars as pl

from ..knowledge.forms import Knowledge
from ..tables import MONITORING
from ..tables.ranges import DAY, QUANTITY, SESSION_DOSE, SESSION_MINUTES, STRENGTH
from .cells import Cells, is_outside, rounded, unsigned_zero, within
from .doses import session_ingredients, settle_doses
from .drugs import NamedDrugs, named
from .findings import Finding, settle
from .routes import route
from .session_readings import is_possible_value
from .source import Loss

_KINDS = {"administration": "administration", "prescription": "supply", "dispensing": "supply", "supply": "supply"}


def read_dose_lines(lines: pl.DataFrame, drugs: NamedDrugs, knowledge: Knowledge) -> tuple[pl.DataFrame, list[Loss]]:
    """`dose`: the lines of drugs that are given in sessions, with the findings about them."""
    products = drugs.products.filter(pl.col("ingredient").is_in(session_ingredients(knowledge)))
    products = products.select("called", "ingredient", "mg_per_unit")
    lines = lines.with_columns(called=named(pl.col("drug"))).join(products, "called")
    cells = Cells(lines)
    rows = lines.select(
        "person_id",
        "ingredient",
        "address",
        given_date=cells.day("start_date").value,
        kind=pl.col("kind").str.to_lowercase().replace_strict(_KINDS, default=None, return_dtype=pl.String),
        code=pl.lit(None, pl.String),
        recorded_quantity=cells.number("quantity"),
        stated=cells.number("mg"),
        strength=pl.coalesce(within(STRENGTH, cells.number("strength_mg")), "mg_per_unit"),
        route=route(pl.col("route")),
        minute=cells.clock("time"),
        is_time_unreadable=pl.lit(False),
    )
    quantity, stated = within(QUANTITY, pl.col("recorded_quantity")), pl.col("stated")
    rows = rows.with_columns(
        quantity=quantity,
        mg=pl.coalesce(within(SESSION_DOSE, stated), within(SESSION_DOSE, pl.col("strength") * quantity)),
        is_quantity_outside=is_outside(QUANTITY, pl.col("recorded_quantity")),
        is_dose_outside=is_outside(SESSION_DOSE, stated),
    )
    return settle_doses(rows)


def read_monitoring_lines(lines: pl.DataFrame, knowledge: Knowledge) -> tuple[pl.DataFrame, list[Loss]]:
    """`monitoring`: the lines of monitoring.csv, with the findings about them."""
    cells = Cells(lines)
    rows = lines.select(
        "person_id",
        "address",
        session_date=cells.day("session_date").value,
        kind=pl.col("kind").str.to_lowercase(),
        stated_minutes=cells.number("minutes"),
        stated=cells.number("value"),
    )
    minutes, stated = pl.col("stated_minutes"), pl.col("stated")
    is_possible = is_possible_value(knowledge)
    rows = rows.with_columns(
        minutes=rounded(within(SESSION_MINUTES, minutes)),
        value=pl.when(is_possible).then(unsigned_zero(stated)),
        is_minute_outside=is_outside(SESSION_MINUTES, minutes),
        is_value_outside=stated.is_not_null() & ~is_possible,
    )
    kept, losses = settle(
        MONITORING.name,
        rows,
        [
            Finding(pl.col("session_date").is_null(), f"readings dated outside {DAY}", "left out"),
            Finding(pl.col("is_minute_outside"), f"readings with minutes outside {SESSION_MINUTES}", "read as unknown"),
            Finding(pl.col("is_value_outside"), "readings outside the range of what was read", "read as unknown"),
        ],
    )
    return kept.select(*MONITORING.schema).cast(MONITORING.schema.to_polars()), losses
