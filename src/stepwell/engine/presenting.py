"""Who is staged, and what is counted for it: the last episode, its failed trials, and what else is recorded around its last day
(docs/engine.md, 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from stepwell.evidence import MET, all_of, judge
from stepwell.knowledge.criteria import AddedTo, Intolerant
from stepwell.knowledge.definition import Branch, TrialBuilding
from stepwell.knowledge.staging import Staging

from . import criteria
from .code_gap import add_hidden
from .count import DISTINCT
from .intervals import without_breaks

_ADDED_TO = AddedTo(when="always", choice="A drug added to a trial is one, whether the trial was scored or not.")
_INTOLERANT = Intolerant(choice="Stopping for intolerance is counted apart from failing.")


def find_presenting(
    person: ir.Table, observation_period: ir.Table, episode: ir.Table, how: TrialBuilding, has: frozenset[str]
) -> ir.Table:
    """One row is one person, with their last episode (`start_day`, `index_day`: its last recorded day), if they have one.

    Rule: the onset is known when the person was observed without a break for longer than `how.episode_gap` before the episode
    began, in a source that holds drugs and diagnoses.
    """
    last = episode.group_by("person_id").agg(
        start_day=episode.start_day.argmax(episode.episode_number),
        index_day=episode.end_day.argmax(episode.episode_number),
        episode_number=episode.episode_number.max(),
    )
    whole = without_breaks(observation_period)
    watched = last.join(
        whole,
        [
            last.person_id == whole.person_id,
            whole.from_day < last.start_day - how.episode_gap.at_most,
            whole.until_day >= last.start_day,
        ],
    )
    watched = watched.select(last.person_id, was_watched=MET).distinct()
    observed = observation_period.select("person_id").distinct().mutate(was_observed=MET)
    people = person.select("person_id")
    for rows in (last, watched, observed):
        people = people.left_join(rows, "person_id").drop("person_id_right")
    return people.mutate(
        is_onset_known=people.was_watched.fill_null(False) & ibis.literal(has >= {"medication", "condition"}),
        is_observed=people.was_observed.fill_null(False),
    ).drop("was_watched", "was_observed")


def judge_failed(trial: ir.Table, judged: ir.Table, presenting: ir.Table) -> ir.Table:
    """One row is one trial of the last episode, judged as a definition judges it, and whether its dose was raised, another drug
    added to it, or an antidepressant stopped for intolerance.

    Needs: `judged`, the same trials as judged by the model's rule (`by_rule`).
    """
    trial = trial.semi_join(presenting, ["person_id", "episode_number"])
    judged = judged.drop("episode_number")
    more = trial.select(
        "person_id",
        "trial_number",
        "end_day",
        raised=judge(trial.max_mg_per_day > trial.first_mg_per_day, trial.n_days_dose_unknown > 0),
        added_to=criteria.added_to(trial, _ADDED_TO),
        intolerant=all_of(
            trial.role == "antidepressant", trial.is_antidepressant_use, criteria.intolerant(trial, _INTOLERANT)
        ),
    )
    return judged.join(more, ["person_id", "trial_number"], how="inner")


def count_failed(failed: ir.Table, branch: Branch, classes: Sequence[str]) -> ir.Table:
    """One row is one person with a trial in the last episode: how many different trials failed, were raised and so on, for
    certain and possibly (`..._possible`), and whether any of each class of `classes` failed, or may have."""
    counts, key = failed.counts, failed[DISTINCT[branch.count.distinct]]
    different = {
        "n_failed": (key, counts),
        "n_classes": (failed.drug_class, counts),
        "n_raised": (key, counts & failed.raised),
        "n_added_to": (key, counts & failed.added_to),
        "n_augmented": (failed.drug, failed.added),
        "n_intolerant": (failed.drug, failed.intolerant),
    }
    columns = {}
    for name, (of, verdict) in different.items():
        columns[name] = of.nunique(where=verdict)
        columns[f"{name}_possible"] = of.nunique(where=verdict.fill_null(True))
    for suffix, verdict in (("", counts), ("_possible", counts.fill_null(True))):
        first, last = failed.start_day.min(where=verdict), failed.end_day.max(where=verdict)
        columns[f"n_days_failed{suffix}"] = last - first + 1
    for drug_class in classes:
        for name, verdict in (
            (f"failed {drug_class}", counts),
            (f"may have failed {drug_class}", counts.fill_null(True)),
        ):
            columns[name] = (verdict.fill_null(False) & (failed.drug_class == drug_class)).any()
    return failed.group_by("person_id").agg(**columns)


def add_recorded(
    people: ir.Table, records: Mapping[str, ir.Table], score: ir.Table, instrument: ir.Table, staging: Staging
) -> ir.Table:
    """The people with what the model asks of other records: the latest score around the index day (`instrument`, `severity_day`,
    `severity_total`), days with a procedure in the episode (`n_ect`), and whether a diagnosis of each set is recorded up to the
    index day (`diagnosis_0` ..., in the order of `staging.diagnoses`) or in the episode (`psychotic`); with `..._is_hidden` for
    each of them: whether records may hide another."""
    for rows in (
        _scores(people, score, instrument, staging),
        _procedures(people, records["procedure"], staging),
        _diagnoses(people, records["condition"], staging),
    ):
        people = people if rows is None else people.left_join(rows, "person_id").drop("person_id_right")
    gaps = [(f"diagnosis_{n}", "condition", sets, None) for n, sets in enumerate(staging.diagnoses)]
    gaps += [("psychotic", "condition", staging.psychotic_sets, "start_day")] if staging.psychotic_sets else []
    gaps += [("n_ect", "procedure", staging.procedures, None)] if staging.procedures else []
    for name, record, sets, since in gaps:
        until = "index_day" if record == "condition" else None  # a procedure may follow that day
        people = add_hidden(people, records, record, sets, f"{name}_is_hidden", until=until, since=since)
    return people


def _scores(people: ir.Table, score: ir.Table, instrument: ir.Table, staging: Staging) -> ir.Table | None:
    if staging.window is None:
        return None
    asked = instrument.filter(instrument.instrument.isin(staging.instruments)).select("instrument", "rank")
    near = people.select("person_id", "index_day").join(score, "person_id", how="inner")
    near = near.filter(
        near.measured_day >= near.index_day - staging.window.before,
        near.measured_day <= near.index_day + staging.window.after,
    )
    near = near.join(asked, "instrument", how="inner")
    latest = near.group_by("person_id", "instrument", "rank").agg(
        severity_day=near.measured_day.max(), severity_total=near.total.argmax(near.measured_day)
    )
    first = ibis.row_number().over(group_by="person_id", order_by="rank")
    return latest.mutate(place=first).filter(lambda s: s.place == 0).drop("place", "rank")


def _procedures(people: ir.Table, procedure: ir.Table, staging: Staging) -> ir.Table | None:
    if not staging.procedures:
        return None
    of_sets = procedure.filter(procedure.procedure.isin(staging.procedures)).select("person_id", "procedure_day")
    given = people.select("person_id", "start_day", "index_day").join(of_sets, "person_id", how="inner")
    # A session soon after the last treatment or diagnosis still belongs to the episode, as an added drug would.
    reach = given.index_day + staging.trials.episode_gap.at_most
    given = given.filter(given.procedure_day >= given.start_day, given.procedure_day <= reach)
    return given.group_by("person_id").agg(n_ect=given.procedure_day.nunique())


def _diagnoses(people: ir.Table, condition: ir.Table, staging: Staging) -> ir.Table | None:
    asked = {f"diagnosis_{number}": sets for number, sets in enumerate(staging.diagnoses)}
    if not asked and not staging.psychotic_sets:
        return None
    given = people.select("person_id", "start_day", "index_day").join(condition, "person_id", how="inner")
    given = given.filter(given.condition_day <= given.index_day)
    columns = {name: given.codeset.isin(sets).any() for name, sets in asked.items()}
    if staging.psychotic_sets:
        in_episode = given.condition_day >= given.start_day
        columns["psychotic"] = (given.codeset.isin(staging.psychotic_sets) & in_episode).any()
    return given.group_by("person_id").agg(**columns)
