"""How well the engine agrees with simulated people whose truth is known, by definition and by how untidy the records are."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import ibis
import pyarrow as pa
from rich.table import Table

from stepwell.result import Result
from stepwell.runner import run
from stepwell.simulate import simulate

NOISE_LEVELS = ("off", "realistic")


def find_agreement(
    people: int, seed: int, *, progress: Callable[[str, int, int], None] = lambda what, done, total: None
) -> list[dict]:
    """One row is one definition at one level of noise.

    `n_true` people truly meet it, `n_met` meet it by the engine, `n_both` both; `n_true_unknown` of the true ones and
    `n_false_unknown` of the others are unknown to the engine. `sensitivity` = n_both / n_true, `predictive_value` =
    n_both / n_met (None where there is nobody).
    `date_error_days` are the quartiles of the engine's date minus the true one, among those who both meet it.
    """
    rows = []
    for noise in NOISE_LEVELS:
        with tempfile.TemporaryDirectory(prefix="stepwell-validate-") as folder:
            records = Path(folder) / "records"
            simulate(
                people,
                seed,
                records,
                noise=noise,
                progress=lambda d, t, n=noise: progress(f"simulating, noise {n}", d, t),
            )
            result = run(
                records, Path(folder) / "result", progress=lambda w, d, t, n=noise: progress(f"{w}, noise {n}", d, t)
            )
            rows += [{"noise": noise, **row} for row in compare(result, records / "truth" / "truth_person.parquet")]
    return rows


def compare(result: Result, truth_file: Path) -> list[dict]:
    """The rows of `find_agreement` for one result and the truth of the people in it."""
    con = ibis.duckdb.connect()
    con.create_table("truth", pa.table(con.read_parquet(truth_file).to_pyarrow()))
    con.create_table("person", result.table("person").to_pyarrow())
    con.create_table("determination", result.table("determination").to_pyarrow())
    query = """
        SELECT d.definition,
               count(*) FILTER (t.is_trd) AS n_true,
               count(*) FILTER (d.verdict = 'met') AS n_met,
               count(*) FILTER (t.is_trd AND d.verdict = 'met') AS n_both,
               count(*) FILTER (t.is_trd AND d.verdict = 'unknown') AS n_true_unknown,
               count(*) FILTER (NOT t.is_trd AND d.verdict = 'unknown') AS n_false_unknown,
               quantile_disc(date_diff('day', t.met_date, d.met_date), [0.25, 0.5, 0.75])
                   FILTER (t.is_trd AND d.verdict = 'met') AS date_error_days
        FROM truth t
        JOIN person USING (source_person_id)
        JOIN determination d ON d.person_id = person.person_id AND split_part(d.definition, '@', 1) = t.definition
        GROUP BY d.definition ORDER BY d.definition
    """
    rows = con.con.execute(query).to_arrow_table().to_pylist()
    for row in rows:
        row["sensitivity"] = row["n_both"] / row["n_true"] if row["n_true"] else None
        row["predictive_value"] = row["n_both"] / row["n_met"] if row["n_met"] else None
    return rows


def agreement_table(rows: list[dict]) -> Table:
    """The rows as a table for the terminal."""
    heads = "noise", "definition", "truly", "met", "both", "unknown (true / not)"
    table = Table(*heads, "sensitivity", "predictive value", "date error, days")
    for column in table.columns[2:]:
        column.justify = "right"
    for row in rows:
        table.add_row(
            row["noise"],
            row["definition"],
            *(f"{row[c]:,}" for c in ("n_true", "n_met", "n_both")),
            f"{row['n_true_unknown']:,} / {row['n_false_unknown']:,}",
            *("-" if row[c] is None else f"{100 * row[c]:.1f} %" for c in ("sensitivity", "predictive_value")),
            "-" if row["date_error_days"] is None else " | ".join(str(d) for d in row["date_error_days"]),
        )
    table.caption = "date error: lower quartile | median | upper quartile of the engine's date minus the true one"
    return table
