"""Trials -> the rungs of the ladder (docs/engine.md, 8)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from stepwell.knowledge.definition import TrialBuilding

from .incomplete import may_lack_drugs
from .intervals import days_in_common
from .response import find_response


def find_step(trial: ir.Table, score: ir.Table, instrument: ir.Table, how: TrialBuilding) -> ir.Table:
    """One row is one rung of a person's ladder in one episode: a first treatment, a switch or an addition.

    Rule: the first trial of each ingredient in an episode begins a rung; those that begin on one day share it.
    Unknown when: unscored, or well at the start (improvement, response, remission); observation unknown (`ended`).
    """
    taper = how.cross_taper.at_most
    trial = trial.filter(trial.episode_number.notnull())
    may_be_antidepressant = (trial.role == "antidepressant") & trial.is_antidepressant_use.fill_null(True)
    antidepressant = trial.filter(may_be_antidepressant)
    beside = antidepressant.view()
    pair = trial.join(
        beside,
        [
            trial.person_id == beside.person_id,
            trial.episode_number == beside.episode_number,
            trial.drug != beside.drug,
            beside.start_day <= trial.start_day,
            beside.end_day >= trial.start_day - taper,
        ],
    ).select(
        trial.person_id,
        trial.trial_number,
        is_added=(beside.start_day < trial.start_day) & (days_in_common(trial, beside) > taper),
    )
    company = pair.group_by("person_id", "trial_number").agg(is_added=pair.is_added.any())
    taking_part = trial.left_join(company, ["person_id", "trial_number"]).drop("person_id_right", "trial_number_right")
    taking_part = taking_part.filter(
        ((taking_part.role == "antidepressant") & taking_part.is_antidepressant_use.fill_null(True))
        | ((taking_part.role != "antidepressant") & taking_part.is_added.notnull())
    )
    first_of_ingredient = ibis.row_number().over(
        group_by=["person_id", "episode_number", "drug"], order_by=["start_day"]
    )
    begun = taking_part.mutate(place=first_of_ingredient).filter(lambda b: b.place == 0)
    rung = begun.group_by("person_id", "episode_number", "start_day").agg(
        ingredients=begun.ingredient.collect().sort().join(" + "),
        is_added=begun.is_added.fill_null(False).any(),
        is_intolerance=(begun.stop_reason == "intolerance").fill_null(False).any(),
    )
    in_episode = ibis.window(group_by=["person_id", "episode_number"], order_by="start_day")
    rung = rung.mutate(
        step_number=ibis.row_number().over(in_episode) + 1, next_day=rung.start_day.lead().over(in_episode)
    )
    ends = taking_part.group_by("person_id", "episode_number").agg(treated_until_day=taking_part.end_day.max())
    last = taking_part.join(ends, ["person_id", "episode_number"], how="inner")
    last = last.filter(last.end_day == last.treated_until_day)
    treated = last.group_by("person_id", "episode_number", "treated_until_day").agg(
        observed_until_day=last.observed_until_day.max(),
        # Without such records it is one value for all rows, which has to be asked of each.
        may_lack_drugs=(may_lack_drugs(last) & last.end_day.notnull()).any(),
    )
    rung = rung.join(treated, ["person_id", "episode_number"], how="inner")
    rung = rung.mutate(
        end_day=(rung.next_day - 1).fill_null(rung.treated_until_day),
        # A rung is identified by its person, episode and number; the response is found under one number per person.
        rung=ibis.row_number().over(group_by="person_id", order_by=["start_day", "episode_number"]) + 1,
    )
    response = find_response(rung, "rung", score, instrument, how)
    rung = rung.left_join(response, ["person_id", "rung"]).drop("person_id_right", "rung_right")
    # Whoever was well at the start did not remit on this rung (improvement is unknown for just those).
    rung = rung.mutate(is_remission=rung.improvement_pct.notnull().ifelse(rung.is_remission, ibis.null("boolean")))
    unobserved_days = rung.observed_until_day - rung.end_day
    return rung.select(
        "person_id",
        "episode_number",
        "step_number",
        "ingredients",
        "start_day",
        "end_day",
        "instrument",
        "improvement_pct",
        "is_response",
        "is_remission",
        "is_intolerance",
        kind=ibis.cases((rung.step_number == 1, "start"), (rung.is_added, "add"), else_="switch"),
        n_days=rung.end_day - rung.start_day + 1,
        ended=ibis.cases(
            (rung.next_day.notnull(), "next step"),
            (rung.is_remission.fill_null(False), "remission"),
            # Where drugs may be missing from the records, the treatment may have gone on unseen.
            ((unobserved_days > how.max_gap.at_most) & ~rung.may_lack_drugs, "lost"),
            (unobserved_days <= how.max_gap.at_most, "still treated"),
        ),
    )
