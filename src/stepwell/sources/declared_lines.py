"""Lines of an own folder that their source declares to be sessions of a treatment, or of what a trial compared it with."""

from __future__ import annotations

import polars as pl

from ..knowledge.forms import Knowledge
from ..tables import DECLARED_SESSION
from ..tables.ranges import DAY, MG_PER_KG
from .cells import Cells, is_outside, within
from .drugs import NamedDrugs, named
from .findings import Finding, settle
from .source import Loss


def is_comparator() -> pl.Expr:
    """Whether a placebo or another drug was given in the treatment's place."""
    return (pl.col("kind").str.to_lowercase() == "comparator").fill_null(False)


def without_comparators(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines of medication.csv that are medicines of the person's own."""
    return lines.filter(~is_comparator())


def declared_problems(lines: pl.DataFrame, drugs: NamedDrugs, knowledge: Knowledge) -> list[tuple[pl.Expr, str, str]]:
    """What can be wrong with the columns `session`, `arm` and `mg_per_kg` of a line: when, what was found, what is expected."""
    treatments = {t.id: t.ingredients for t in knowledge.treatments.values() if t.ingredients}
    said, has_session = pl.col("session").str.to_lowercase(), pl.col("session").is_not_null()
    is_own = pl.lit(False)
    for treatment, ingredients in treatments.items():
        names = drugs.products.filter(pl.col("ingredient").is_in(ingredients))["called"]
        is_own |= (said == treatment) & named(pl.col("drug")).is_in(names.implode())
    ids = ", ".join(sorted(treatments))
    is_known = said.is_in(list(treatments))
    is_told = pl.col("arm").is_not_null() | pl.col("mg_per_kg").is_not_null()
    return [
        (has_session & ~is_known, "an unknown treatment in session", f"one of {ids}"),
        (
            has_session & is_known & ~is_own.fill_null(False) & ~is_comparator(),
            "a session of one treatment with another drug",
            "the treatment's own drug, or kind comparator",
        ),
        (is_comparator() & ~has_session, "a comparator of nothing", f"in session, one of {ids}"),
        (is_told & ~has_session, "arm or mg_per_kg of a line that is no declared session", f"in session, one of {ids}"),
    ]


def read_declared(lines: pl.DataFrame) -> tuple[pl.DataFrame, list[Loss]]:
    """The record table `declared_session`, and what is wrong with its rows."""
    lines = lines.filter(pl.col("session").is_not_null())
    cells = Cells(lines)
    of_weight = pl.lit(" ") + pl.col("mg_per_kg") + pl.lit(" mg/kg")
    rows = lines.select(
        "person_id",
        "address",
        session_date=cells.day("start_date").value,
        treatment=pl.col("session").str.to_lowercase(),
        is_comparator=is_comparator(),
        arm=pl.coalesce("arm", pl.col("drug") + of_weight.fill_null("")),
        stated=cells.number("mg_per_kg"),
    )
    rows = rows.with_columns(mg_per_kg=within(MG_PER_KG, pl.col("stated")))
    kept, losses = settle(
        DECLARED_SESSION.name,
        rows,
        [
            Finding(pl.col("session_date").is_null(), f"declared sessions dated outside {DAY}", "left out"),
            Finding(
                is_outside(MG_PER_KG, pl.col("stated")),
                f"declared sessions with a dose for the weight outside {MG_PER_KG}",
                "read as unknown",
            ),
            Finding(
                pl.col("is_comparator"),
                "sessions of what a treatment was compared with: no doses, and no medicines",
                "kept",
            ),
        ],
    )
    return kept.select(*DECLARED_SESSION.schema).cast(DECLARED_SESSION.schema.to_polars()), losses
