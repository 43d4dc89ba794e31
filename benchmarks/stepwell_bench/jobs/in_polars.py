"""The same question in Polars, as a competent analyst would write it: lazy frames and expressions, read when they are needed.

    python in_polars.py QUESTION.json RECORDS OUT.parquet

Days are numbers of days since 1970-01-01. A verdict is a boolean that is null where nobody can say; `&` and `|` know that.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl
from polars import col


def read(records: Path, table: str, **names: str) -> pl.LazyFrame:
    """Some columns of a table under new names, dates as days."""
    rows = pl.scan_parquet(records / f"{table}.parquet", glob=False, hive_partitioning=False).select(
        **{new: col(old) for new, old in names.items()}
    )
    return rows.with_columns(pl.selectors.date().to_physical())


def find_supplies(records: Path, q: dict) -> pl.LazyFrame:
    """One row is what was supplied of one ingredient from one day on, in the order of person, ingredient and day."""
    rows = read(
        records,
        "drug_exposure",
        person="person_id",
        product="drug_concept_id",
        entry="drug_source_value",
        start="drug_exposure_start_date",
        recorded_end="drug_exposure_end_date",
        stop_reason="stop_reason",
        quantity="quantity",
        supply="days_supply",
    )
    products = pl.LazyFrame(q["products"]).select("product", "drug", "mg_per_unit")
    # A row without a concept is of the product that its own entry names.
    of_entry = col("entry").replace_strict(q["entries"], default=0, return_dtype=pl.Int64)
    rows = rows.with_columns(
        product=pl.when(col("product") == 0).then(of_entry).otherwise(col("product").cast(pl.Int64))
    )
    rows = rows.join(products, on="product").with_columns(
        supply=pl.when(col("supply").is_between(1, q["longest_supply"])).then("supply"),
        quantity=pl.when(col("quantity") > 0).then("quantity"),
    )
    rows = rows.select(
        "person",
        "drug",
        "start",
        "stop_reason",
        until=pl.coalesce(
            (col("start") + col("supply") - 1).cast(pl.Int32),
            pl.when(col("recorded_end") > col("start")).then("recorded_end"),
        ),
        mg=col("mg_per_unit") * col("quantity") / col("supply"),
    )
    # A row sent twice counts once; what else begins on one day was taken together.
    once = (
        rows.unique()
        .group_by("person", "drug", "start")
        .agg(
            col("until").max(),
            mg=pl.when(col("mg").null_count() == 0).then(((col("mg").sum() * 1e6 + 0.5).floor()) / 1e6),
        )
    )
    return once.sort("person", "drug", "start")


def find_trials(supply: pl.LazyFrame, period: pl.LazyFrame, q: dict) -> pl.LazyFrame:
    """One row is one unbroken course of one ingredient."""
    drugs = pl.LazyFrame(q["drugs"], infer_schema_length=None).select(
        "drug", "is_antidepressant", "min_mg", "low_dose_mg"
    )

    def beside(column: str, by: int) -> pl.Expr:
        is_of_one = (col("person") == col("person").shift(by)) & (col("drug") == col("drug").shift(by))
        return pl.when(is_of_one).then(col(column).shift(by))

    rows = supply.with_columns(
        before_start=beside("start", 1), before_until=beside("until", 1), next_start=beside("start", -1)
    )
    before_end = pl.min_horizontal(pl.coalesce("before_until", "before_start"), col("start") - 1)
    goes_on = (col("start") - before_end - 1 <= q["max_gap"]) | (
        col("before_until").is_null() & (col("start") - col("before_start") <= q["unknown_supply"])
    )
    rows = rows.with_columns(
        is_first=~(goes_on & col("before_start").is_not_null()),
        end=pl.min_horizontal(pl.coalesce("until", "start"), col("next_start") - 1),
    )
    rows = rows.with_columns(trial=col("is_first").cum_sum(), is_last=col("is_first").shift(-1, fill_value=True))
    rows = rows.join(drugs, on="drug", maintain_order="left").with_columns(
        days=pl.when("is_last").then("end").otherwise(col("next_start") - 1) - col("start") + 1,
        is_adequate=col("mg") >= col("min_mg"),
        is_use=col("low_dose_mg").is_null() | (col("mg") > col("low_dose_mg")),
    )
    may_be_adequate = col("is_adequate").fill_null(True)
    trial = rows.group_by("trial").agg(
        col("person", "drug", "start", "is_antidepressant").first(),
        col("end").last(),
        n_days=col("days").sum(),
        n_adequate=col("days").filter("is_adequate").sum(),
        n_may_be_adequate=col("days").filter(may_be_adequate).sum(),
        is_use=pl.when(col("is_use").any()).then(True).when(col("is_use").null_count() == 0).then(False),
        is_end_known=col("until").last().is_not_null(),
        last_may_be_adequate=may_be_adequate.last(),
    )
    seen = trial.join(period, on="person").filter(col("end").is_between(col("seen_from") - 1, "seen_until"))
    seen = seen.group_by("trial").agg(col("seen_until").max())
    trial = trial.join(seen, on="trial", how="left")
    is_over = (col("seen_until") - col("end") > q["max_gap"]).fill_null(False)
    return trial.with_columns(may_have_gone_on=~col("is_end_known") | ~is_over).drop("seen_until")


def find_episodes(treatment: pl.LazyFrame, diagnosis: pl.LazyFrame, q: dict) -> pl.LazyFrame:
    """The number of the episode of each treatment: `trial`, `episode`."""
    days = diagnosis.filter(col("value").is_in(q["depression"])).select("person", "day").unique()
    days = days.select("person", start="day", end="day", trial=pl.lit(None, pl.UInt32))
    rows = pl.concat([treatment.select("person", "start", "end", "trial"), days], how="vertical_relaxed")
    rows = rows.sort("person", "start").with_columns(reached=col("end").cum_max().over("person", order_by="start"))
    reached = pl.when(col("person") == col("person").shift()).then(col("reached").shift())
    begins = (col("start") - reached - 1 > q["episode_gap"]).fill_null(True)
    return rows.with_columns(episode=begins.cum_sum()).filter(col("trial").is_not_null()).select("trial", "episode")


def find_next_treatment(trial: pl.LazyFrame, treatment: pl.LazyFrame, q: dict) -> pl.LazyFrame:
    """The first day of the drug that a treatment was switched to or that was added to it: `trial`, `following`."""
    other = trial.select("person", "drug", "start", "end", "is_antidepressant", use=col("is_use").fill_null(False))
    pair = treatment.select("trial", "person", "drug", "start", "end").join(other, on="person", suffix="_2")
    pair = pair.filter((col("drug") != col("drug_2")) & (col("start_2") > col("start")))
    near_end = col("start_2") >= col("end") - q["cross_taper"]
    in_common = pl.min_horizontal("end", "end_2") - col("start_2") + 1
    is_switch = col("is_antidepressant") & col("use") & near_end & (col("end_2") > col("end"))
    is_added = (~col("is_antidepressant") | col("use")) & ~near_end & (in_common > q["cross_taper"])
    return pair.filter(is_switch | is_added).group_by("trial").agg(following=col("start_2").min())


def find_scores(records: Path, q: dict) -> pl.LazyFrame:
    """One row is the total of one instrument on one day, the higher one of two."""
    score = read(
        records,
        "measurement",
        person="person_id",
        instrument="measurement_source_value",
        day="measurement_date",
        total="value_as_number",
    )
    score = score.join(pl.LazyFrame(q["instruments"]), on="instrument")
    score = score.filter(col("total").is_between("lowest", "highest"))
    return score.group_by("person", "instrument", "rank", "remission_at_most", "day").agg(col("total").max())


def find_improvement(treatment: pl.LazyFrame, score: pl.LazyFrame, q: dict) -> pl.LazyFrame:
    """By how many per cent the score improved: `trial`, `improvement` (null where the patient was well at the start, and where a
    later score would be the endpoint if the last supply, of unknown length, had lasted longer)."""
    until = col("end") + q["endpoint_after_end"]
    may_until = until + pl.when("is_end_known").then(0).otherwise(q["unknown_supply"])
    window = treatment.select(
        "trial",
        "person",
        "start",
        until=pl.min_horizontal(until, "following"),
        may_until=pl.min_horizontal(may_until, "following"),
    )
    near = window.join(score, on="person")
    is_baseline = col("day").is_between(col("start") - q["baseline_before"], col("start") + q["baseline_after"])
    is_endpoint = col("day").is_between(col("start") + q["endpoint_after_start"], "until")
    is_later = col("day").is_between(col("start") + q["endpoint_after_start"], "may_until") & (
        col("day") > col("until")
    )
    near = near.with_columns(is_baseline=is_baseline, is_endpoint=is_endpoint, is_later=is_later).filter(
        col("is_baseline") | col("is_endpoint") | col("is_later")
    )

    def latest(column: str, where: str) -> pl.Expr:
        return col(column).filter(where).sort_by(col("day").filter(where)).last()

    both = near.group_by("trial", "instrument", "rank", "remission_at_most").agg(
        day=latest("day", "is_baseline"),
        total=latest("total", "is_baseline"),
        day_2=latest("day", "is_endpoint"),
        total_2=latest("total", "is_endpoint"),
        is_open=col("is_later").any(),
    )
    open_from = (
        both.filter(col("is_open") & col("day").is_not_null()).group_by("trial").agg(open_from=col("rank").min())
    )
    chosen = both.filter(col("day_2") > col("day")).group_by("trial").agg(pl.all().sort_by("rank").first())
    improvement = 100 * (col("total") - col("total_2")) / col("total")
    is_known = (col("total") > col("remission_at_most")) & ~(col("open_from") <= col("rank")).fill_null(False)
    return chosen.join(open_from, on="trial", how="left").select(
        "trial", improvement=pl.when(is_known).then(improvement)
    )


def count_failed(treatment: pl.LazyFrame, q: dict) -> pl.LazyFrame:
    """Per person: when enough different ingredients had failed in one episode, and how many had, or may have."""
    different = treatment.group_by("person", "episode", "drug").agg(
        failed_day=col("end").filter("counts").min(), may=col("counts").fill_null(True).any()
    )
    episode = different.group_by("person", "episode").agg(
        met_day=col("failed_day").drop_nulls().sort().get(q["n_failed"] - 1, null_on_oob=True),
        n_counted=col("failed_day").count(),
        n_possible=col("may").sum(),
    )
    return episode.group_by("person").agg(
        col("met_day").min(), col("n_counted").max().cast(pl.Int64), col("n_possible").max().cast(pl.Int64)
    )


def determine(records: Path, q: dict) -> pl.LazyFrame:
    """One row is one person, with the verdict and the day on which the definition was met."""
    period = read(
        records,
        "observation_period",
        person="person_id",
        seen_from="observation_period_start_date",
        seen_until="observation_period_end_date",
    )
    diagnosis = read(
        records, "condition_occurrence", person="person_id", value="condition_source_value", day="condition_start_date"
    )
    # Kept: what follows reads the trials four times.
    trial = find_trials(find_supplies(records, q), period, q).collect().lazy()
    antidepressant = trial.filter("is_antidepressant")
    treatment = antidepressant.filter(col("is_use").fill_null(True))
    treatment = treatment.join(find_episodes(treatment, diagnosis, q), on="trial", how="left").join(
        find_next_treatment(trial, treatment, q), on="trial", how="left"
    )
    treatment = treatment.join(find_improvement(treatment, find_scores(records, q), q), on="trial", how="left")

    def enough(met: pl.Expr, may: pl.Expr) -> pl.Expr:
        return pl.when(met).then(True).when(~may).then(False)

    treatment = treatment.with_columns(
        counts=col("is_use")
        & enough(col("n_days") >= q["min_days"], col("may_have_gone_on"))
        & enough(
            col("n_adequate") >= q["min_adequate_days"],
            (col("n_may_be_adequate") >= q["min_adequate_days"])
            | (col("may_have_gone_on") & col("last_may_be_adequate")),
        )
        & (col("improvement") < q["improvement_below"])
    )
    may_count = treatment.filter(col("counts").fill_null(True)).group_by("person").agg(may_day=col("end").min())
    first = antidepressant.group_by("person").agg(first_day=col("start").min())
    diagnosed = diagnosis.filter(col("value").is_in(q["diagnoses"])).group_by("person")
    excluding = diagnosis.filter(col("value").is_in(q["excluding"])).group_by("person")
    people = read(records, "person", person="person_id")
    for more in (
        count_failed(treatment, q),
        may_count,
        first,
        diagnosed.agg(n_diagnoses=col("day").n_unique()),
        excluding.agg(excluding_day=col("day").min()),
        period.select("person", is_observed=True).unique(),
    ):
        people = people.join(more, on="person", how="left")
    look_back = pl.coalesce("met_day", "may_day", "first_day")
    is_observed = col("is_observed").fill_null(False)
    has_diagnosis = enough((col("n_diagnoses") >= q["n_diagnoses"]).fill_null(False), ~is_observed)
    is_excluded = (col("excluding_day") <= look_back).fill_null(False)
    never = pl.when(is_excluded).then(False).when(look_back.is_not_null() & is_observed).then(True)
    may_be_enough = (col("n_possible") >= q["n_failed"]).fill_null(False) | ~is_observed
    verdict = has_diagnosis & never & enough(col("met_day").is_not_null(), may_be_enough)
    return people.select(
        "person",
        col("n_counted", "n_possible").fill_null(0),
        met_day=pl.when(verdict).then("met_day"),
        verdict=pl.when(verdict)
        .then(pl.lit("met"))
        .when(~verdict)
        .then(pl.lit("not met"))
        .otherwise(pl.lit("unknown")),
    )


if __name__ == "__main__":
    question, folder, out = map(Path, sys.argv[1:])
    determine(folder, json.loads(question.read_text("utf-8"))).collect().write_parquet(out)
