"""How well the engine agrees with simulated people whose truth is known, and what each kind of untidiness costs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ibis

from stepwell.knowledge import load
from stepwell.paths import pattern
from stepwell.result import Result
from stepwell.runner import run
from stepwell.simulate import Noise, record_parameters, simulate

LEVELS = {"off": 0.0, "half": 0.5, "realistic": 1.0, "double": 2.0}
"""The noise levels: the odds of everything that goes wrong, so many times the usual ones."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Validation:
    """What was found. `people` were simulated at each level, and again with each knob alone.

    `by_definition`: one row is one definition at one level (`compare`). `by_trial`: one row is one level (`compare_trials`).
    `by_knob`: as `by_definition`, with `noise` naming the one knob that was on, at its usual share; none unless asked for.
    """

    people: int
    seed: int
    by_definition: tuple[dict, ...]
    by_trial: tuple[dict, ...]
    by_knob: tuple[dict, ...]


def validate(
    people: int, seed: int, *, knobs: bool = False, progress: Progress = lambda what, done, total: None
) -> Validation:
    """Simulates, runs the engine and scores it: at each level of noise, and, with `knobs`, with one knob at a time.

    Knobs of FHIR are scored on records that are written and read as FHIR, all others on an OMOP CDM.
    """
    usual = record_parameters().noise
    off = usual.off()
    levels = [(name, usual.times(factor)) for name, factor in LEVELS.items()]
    alone = [(knob, off.but(**{knob: getattr(usual, knob).share})) for knob in Noise.model_fields] if knobs else []
    found = []
    for n, (name, noise) in enumerate((*levels, *alone)):
        progress(f"noise: {name.replace('_', ' ')}", n, len(levels) + len(alone))
        found.append(_score(people, seed, name, noise))
    progress("noise", len(found), len(found))
    at_levels, at_knobs = found[: len(levels)], found[len(levels) :]
    return Validation(
        people,
        seed,
        tuple(row for rows, _ in at_levels for row in rows),
        tuple(trials for _, trials in at_levels),
        tuple(row for rows, _ in at_knobs for row in rows),
    )


def _score(people: int, seed: int, name: str, noise: Noise) -> tuple[list[dict], dict]:
    with tempfile.TemporaryDirectory(prefix="stepwell-validate-") as folder:
        records = Path(folder) / "records"
        simulate(people, seed, records, noise=noise, format="fhir" if Noise.is_of_fhir(name) else "omop-parquet")
        result = run(records, Path(folder) / "result", definitions=record_parameters().truth.definitions)
        rows = compare(result, records / "truth" / "truth_person.parquet")
        trials = compare_trials(result, records / "truth" / "truth_trial.parquet")
    return [{"noise": name, **row} for row in rows], {"noise": name, **trials}


def compare(result: Result, truth_file: Path) -> list[dict]:
    """One row is one definition.

    `n_true` people truly meet it, `n_met` meet it by the engine, `n_both` both; `n_true_unknown` of the true ones and
    `n_false_unknown` of the others are unknown to the engine. `sensitivity` = n_both / n_true, `predictive_value` =
    n_both / n_met (None where there is nobody). `date_error_days` are the quartiles of the engine's date minus the true one,
    among those who both meet it.
    """
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
    rows = _asked(query, result, truth_file, "person", "determination")
    for row in rows:
        row["sensitivity"] = _share(row["n_both"], row["n_true"])
        row["predictive_value"] = _share(row["n_both"], row["n_met"])
    return rows


def compare_trials(result: Result, truth_file: Path) -> dict:
    """True trials beside those that the engine built of the records, by the definition that says which are adequate.

    A true trial is `n_found` when a trial of the same drug overlaps with it (the longest overlap counts), and `n_exact` when
    first and last day are the same; `start_error_days` and `end_error_days` are quartiles of the engine's day minus the true
    one. `adequacy` and `remission` count found trials by what is true and what the engine says: right, wrong, unknown.
    """
    name = record_parameters().truth.adequate_by
    definition = load().definitions[name]
    (asked,) = {(b.trial.min_duration.at_least, b.trial.min_dose.at_least) for b in definition.branch}
    query = f"""
        WITH engine AS (
            SELECT source_person_id, trial.*,
                   CASE WHEN is_antidepressant_use AND n_days >= {asked[0]} AND n_days_adequate >= {asked[1]} THEN true
                        WHEN is_end_known AND n_days < {asked[0]} AND NOT coalesce(is_ongoing, true) THEN false
                        WHEN is_end_known AND n_days_adequate + n_days_dose_unknown < {asked[1]}
                             AND NOT coalesce(is_ongoing, true) THEN false
                   END AS says_adequate
            FROM trial JOIN person USING (person_id)
            WHERE setting = ? AND role = 'antidepressant'
        ), pair AS (
            SELECT t.*, e.start_date AS says_start, e.end_date AS says_end, e.says_adequate,
                   e.is_remission AS says_remission,
                   row_number() OVER (
                       PARTITION BY t.source_person_id, t.trial_number
                       ORDER BY least(t.end_date, e.end_date) - greatest(t.start_date, e.start_date) DESC NULLS LAST, e.start_date
                   ) AS place
            FROM truth t
            LEFT JOIN engine e ON e.source_person_id = t.source_person_id AND e.ingredient = t.ingredient
                 AND e.start_date <= t.end_date AND e.end_date >= t.start_date
        )
        SELECT count(*) AS n_true,
               count(says_start) AS n_found,
               count(*) FILTER (says_start = start_date AND says_end = end_date) AS n_exact,
               quantile_disc(date_diff('day', start_date, says_start), [0.05, 0.5, 0.95]) AS start_error_days,
               quantile_disc(date_diff('day', end_date, says_end), [0.05, 0.5, 0.95]) AS end_error_days,
               count(*) FILTER (says_adequate = is_adequate) AS n_adequacy_right,
               count(*) FILTER (says_adequate <> is_adequate) AS n_adequacy_wrong,
               count(*) FILTER (says_remission = is_remission) AS n_outcome_right,
               count(*) FILTER (says_remission <> is_remission) AS n_outcome_wrong
        FROM pair WHERE place = 1
    """
    setting = result.manifest["setting_of"][definition.name]
    (row,) = _asked(query, result, truth_file, "person", "trial", values=[setting])
    return {"definition": definition.name, **row}


def _asked(query: str, result: Result, truth_file: Path, *tables: str, values: list | None = None) -> list[dict]:
    """The answer to a question about the truth and tables of the result."""
    con = ibis.duckdb.connect()
    con.create_table("truth", con.read_parquet(pattern(truth_file), hive_partitioning=False).to_pyarrow())
    for name in tables:
        con.create_table(name, result.table(name).to_pyarrow())
    return con.con.execute(query, values or []).to_arrow_table().to_pylist()


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
