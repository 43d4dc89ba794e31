"""The same question in pandas, as a competent analyst would write it: columns and sorts, no loop over people.

    python in_pandas.py QUESTION.json RECORDS OUT.parquet

Days are numbers of days since 1970-01-01, NaN where nothing is known. A verdict is two columns: `..._met` (it holds for
certain) and `..._may` (it holds, or nobody can say).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def read(records: Path, table: str, columns: list[str]) -> pd.DataFrame:
    """Some columns of a table, dates as days."""
    rows = pq.read_table(records / f"{table}.parquet", columns=columns, partitioning=None)
    for number, field in enumerate(rows.schema):
        if pa.types.is_date(field.type):
            rows = rows.set_column(number, field.name, rows.column(number).cast(pa.int32()))
    return rows.to_pandas()


def find_supplies(records: Path, q: dict) -> pd.DataFrame:
    """One row is what was supplied of one ingredient from one day on, in the order of person, ingredient and day."""
    names = {
        "person_id": "person",
        "drug_concept_id": "product",
        "drug_source_value": "entry",
        "drug_exposure_start_date": "start",
        "drug_exposure_end_date": "recorded_end",
        "stop_reason": "stop_reason",
        "quantity": "quantity",
        "days_supply": "supply",
    }
    rows = read(records, "drug_exposure", list(names)).rename(columns=names)
    # A row without a concept is of the product that its own entry names.
    is_unmapped = rows["product"] == 0
    rows.loc[is_unmapped, "product"] = rows.entry[is_unmapped].map(q["entries"]).fillna(0).astype("int64")
    rows = rows.merge(pd.DataFrame(q["products"])[["product", "drug", "mg_per_unit"]], on="product")
    supply = rows.supply.where(rows.supply.between(1, q["longest_supply"]))
    rows["until"] = (rows.start + supply - 1).fillna(rows.recorded_end.where(rows.recorded_end > rows.start))
    rows["mg"] = rows.mg_per_unit * rows.quantity.where(rows.quantity > 0) / supply
    # A row sent twice counts once; what else begins on one day was taken together.
    rows = rows[["person", "drug", "start", "until", "mg", "stop_reason"]].drop_duplicates()
    groups = rows.groupby(["person", "drug", "start"])
    once = groups.agg(until=("until", "max"), mg=("mg", "sum"), n=("start", "size"), n_mg=("mg", "count")).reset_index()
    mg = ((once.mg * 1e6 + 0.5) // 1) / 1e6
    once["mg"] = mg.where(once.n == once.n_mg)
    return once.drop(columns=["n", "n_mg"])


def find_trials(supply: pd.DataFrame, period: pd.DataFrame, q: dict) -> pd.DataFrame:
    """One row is one unbroken course of one ingredient."""
    drugs = pd.DataFrame(q["drugs"]).set_index("drug")
    of_one = (supply.person == supply.person.shift()) & (supply.drug == supply.drug.shift())
    before_start, before_until = supply.start.shift().where(of_one), supply.until.shift().where(of_one)
    next_start = supply.start.shift(-1).where(of_one.shift(-1, fill_value=False))
    before_end = before_until.fillna(before_start).clip(upper=supply.start - 1)
    goes_on = (supply.start - before_end - 1 <= q["max_gap"]) | (
        before_until.isna() & (supply.start - before_start <= q["unknown_supply"])
    )
    is_first = ~(of_one & goes_on)
    is_last = is_first.shift(-1, fill_value=True)
    end = supply.until.fillna(supply.start)
    end = end.where(next_start.isna() | (end < next_start), next_start - 1)
    days = end.where(is_last, next_start - 1) - supply.start + 1
    minimum, low_dose = supply.drug.map(drugs.min_mg), supply.drug.map(drugs.low_dose_mg)
    is_adequate = supply.mg >= minimum
    may_be_adequate = is_adequate | supply.mg.isna() | minimum.isna()
    is_use = low_dose.isna() | (supply.mg > low_dose)
    rows = pd.DataFrame(
        {
            "trial": is_first.cumsum(),
            "person": supply.person,
            "drug": supply.drug,
            "start": supply.start,
            "end": end,
            "n_days": days,
            "n_adequate": days.where(is_adequate, 0),
            "n_may_be_adequate": days.where(may_be_adequate, 0),
            "use_met": is_use,
            "use_may": is_use | supply.mg.isna(),
        }
    )
    how = {"person": "first", "drug": "first", "start": "first", "end": "last", "n_days": "sum", "n_adequate": "sum"}
    how |= {"n_may_be_adequate": "sum", "use_met": "any", "use_may": "any"}
    trial = rows.groupby("trial").agg(how).reset_index()
    trial["is_end_known"] = supply.until[is_last].notna().to_numpy()
    trial["last_may_be_adequate"] = may_be_adequate[is_last].to_numpy()
    trial["is_antidepressant"] = trial.drug.map(drugs.is_antidepressant)
    seen = trial[["trial", "person", "end"]].merge(period, on="person")
    seen = seen[seen.end.between(seen.seen_from - 1, seen.seen_until)].groupby("trial").seen_until.max()
    left = trial.trial.map(seen) - trial.end
    trial["may_have_gone_on"] = ~trial.is_end_known | ~(left > q["max_gap"])
    return trial


def find_episodes(treatment: pd.DataFrame, diagnosis: pd.DataFrame, q: dict) -> pd.Series:
    """The number of the episode of each treatment, by trial."""
    days = diagnosis[diagnosis.value.isin(q["depression"])][["person", "day"]].drop_duplicates()
    rows = pd.concat(
        [
            treatment[["person", "start", "end", "trial"]],
            days.assign(start=days.day, end=days.day)[["person", "start", "end"]],
        ]
    ).sort_values(["person", "start"], kind="stable")
    reached = rows.groupby("person").end.cummax().shift().where(rows.person == rows.person.shift())
    begins = ~(rows.start - reached - 1 <= q["episode_gap"])
    rows["episode"] = begins.cumsum()
    rows = rows[rows.trial.notna()]
    return rows.set_index(rows.trial.astype("int64")).episode


def find_next_treatment(trial: pd.DataFrame, treatment: pd.DataFrame, q: dict) -> pd.Series:
    """The first day of the drug that a treatment was switched to or that was added to it, by trial."""
    other = trial[["person", "drug", "start", "end", "is_antidepressant", "use_met"]]
    pair = treatment[["trial", "person", "drug", "start", "end"]].merge(other, on="person", suffixes=("", "_2"))
    pair = pair[(pair.drug != pair.drug_2) & (pair.start_2 > pair.start)]
    near_end = pair.start_2 >= pair.end - q["cross_taper"]
    in_common = pair[["end", "end_2"]].min(axis=1) - pair.start_2 + 1
    is_switch = pair.is_antidepressant & pair.use_met & near_end & (pair.end_2 > pair.end)
    is_added = (~pair.is_antidepressant | pair.use_met) & ~near_end & (in_common > q["cross_taper"])
    return pair[is_switch | is_added].groupby("trial").start_2.min()


def find_improvement(treatment: pd.DataFrame, next_start: pd.Series, score: pd.DataFrame, q: dict) -> pd.Series:
    """By how many per cent the score improved, by trial; NaN where the patient was well at the start, and where a later score
    would be the endpoint if the last supply, of unknown length, had lasted longer."""
    window = treatment[["trial", "person", "start"]].copy()
    following = treatment.trial.map(next_start).fillna(float("inf"))
    until = treatment.end + q["endpoint_after_end"]
    window["until"] = until.clip(upper=following)
    window["may_until"] = (until + q["unknown_supply"] * ~treatment.is_end_known).clip(upper=following)
    near = window.merge(score, on="person").sort_values("day")
    is_baseline = near.day.between(near.start - q["baseline_before"], near.start + q["baseline_after"])
    is_endpoint = near.day.between(near.start + q["endpoint_after_start"], near.until)
    is_later = near.day.between(near.start + q["endpoint_after_start"], near.may_until) & (near.day > near.until)
    keys = ["trial", "instrument"]
    baseline = near[is_baseline].drop_duplicates(keys, keep="last")
    endpoint = near[is_endpoint].drop_duplicates(keys, keep="last")
    both = baseline[[*keys, "day", "total"]].merge(endpoint[[*keys, "day", "total"]], on=keys, suffixes=("", "_2"))
    both = both[both.day_2 > both.day].merge(pd.DataFrame(q["instruments"]), on="instrument")
    both = both.sort_values("rank").drop_duplicates("trial")
    later = near[is_later][keys].merge(baseline[keys], on=keys).merge(pd.DataFrame(q["instruments"]), on="instrument")
    is_open = both.trial.map(later.groupby("trial")["rank"].min()) <= both["rank"]
    improvement = 100 * (both.total - both.total_2) / both.total
    return improvement.where((both.total > both.remission_at_most) & ~is_open).set_axis(both.trial)


def find_scores(records: Path, q: dict) -> pd.DataFrame:
    """One row is the total of one instrument on one day, the higher one of two."""
    names = {
        "person_id": "person",
        "measurement_source_value": "instrument",
        "measurement_date": "day",
        "value_as_number": "total",
    }
    score = read(records, "measurement", list(names)).rename(columns=names)
    score = score.merge(pd.DataFrame(q["instruments"])[["instrument", "lowest", "highest"]], on="instrument")
    score = score[score.total.between(score.lowest, score.highest)]
    return score.groupby(["person", "instrument", "day"]).total.max().reset_index()


def count_failed(treatment: pd.DataFrame, q: dict) -> pd.DataFrame:
    """Per person: when enough different ingredients had failed in one episode, and how many had, or may have."""
    different = treatment.assign(failed_day=treatment.end.where(treatment.counts_met))
    different = different.groupby(["person", "episode", "drug"]).agg(
        failed_day=("failed_day", "min"), may=("counts_may", "any")
    )
    different = different.reset_index().sort_values(["person", "episode", "failed_day"])
    place = different.groupby(["person", "episode"]).cumcount() + 1
    different["met_day"] = different.failed_day.where(place == q["n_failed"])
    episode = different.groupby(["person", "episode"]).agg(
        met_day=("met_day", "min"), n_counted=("failed_day", "count"), n_possible=("may", "sum")
    )
    return episode.groupby("person").agg(
        met_day=("met_day", "min"), n_counted=("n_counted", "max"), n_possible=("n_possible", "max")
    )


def determine(records: Path, q: dict) -> pd.DataFrame:
    """One row is one person, with the verdict and the day on which the definition was met."""
    names = {
        "person_id": "person",
        "observation_period_start_date": "seen_from",
        "observation_period_end_date": "seen_until",
    }
    period = read(records, "observation_period", list(names)).rename(columns=names)
    names = {"person_id": "person", "condition_source_value": "value", "condition_start_date": "day"}
    diagnosis = read(records, "condition_occurrence", list(names)).rename(columns=names)
    trial = find_trials(find_supplies(records, q), period, q)
    antidepressant = trial[trial.is_antidepressant]
    treatment = antidepressant[antidepressant.use_may].copy()
    treatment["episode"] = treatment.trial.map(find_episodes(treatment, diagnosis, q))
    following = find_next_treatment(trial, treatment, q)
    improvement = treatment.trial.map(find_improvement(treatment, following, find_scores(records, q), q))
    long_enough = treatment.n_days >= q["min_days"]
    dose_enough = treatment.n_adequate >= q["min_adequate_days"]
    dose_may = (treatment.n_may_be_adequate >= q["min_adequate_days"]) | (
        treatment.may_have_gone_on & treatment.last_may_be_adequate
    )
    failed = improvement < q["improvement_below"]
    treatment["counts_met"] = treatment.use_met & long_enough & dose_enough & failed
    treatment["counts_may"] = (long_enough | treatment.may_have_gone_on) & dose_may & (failed | improvement.isna())

    people = read(records, "person", ["person_id"]).rename(columns={"person_id": "person"}).set_index("person")
    people = people.join(count_failed(treatment, q)).fillna({"n_counted": 0, "n_possible": 0})
    may_count = treatment[treatment.counts_may].groupby("person").end.min()
    first_treated = antidepressant.groupby("person").start.min()
    look_back = people.met_day.fillna(may_count).fillna(first_treated)
    is_observed = people.index.isin(period.person)

    of_set = diagnosis[diagnosis.value.isin(q["diagnoses"])].drop_duplicates(["person", "day"])
    diagnosed_met = (of_set.groupby("person").size().reindex(people.index) >= q["n_diagnoses"]).to_numpy()
    excluding = diagnosis[diagnosis.value.isin(q["excluding"])].groupby("person").day.min().reindex(people.index)
    never_may = ~(excluding <= look_back)
    never_met = never_may & look_back.notna() & is_observed
    enough_met = people.met_day.notna()
    enough_may = enough_met | (people.n_possible >= q["n_failed"]) | ~is_observed

    is_met = diagnosed_met & never_met & enough_met
    may_be_met = (diagnosed_met | ~is_observed) & never_may & enough_may
    verdict = pd.Series("not met", people.index).mask(may_be_met, "unknown").mask(is_met, "met")
    answer = people[["n_counted", "n_possible"]].astype("int64")
    answer["met_day"] = people.met_day.where(is_met).astype("Int32")
    answer["verdict"] = verdict
    return answer.reset_index()


if __name__ == "__main__":
    question, folder, out = map(Path, sys.argv[1:])
    determine(folder, json.loads(question.read_text("utf-8"))).to_parquet(out)
