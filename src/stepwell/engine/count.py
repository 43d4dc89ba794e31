"""How many different trials count, in which stretch of time, and on which day there were enough (docs/engine.md, 7)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import ibis
import ibis.expr.types as ir

from stepwell.knowledge.definition import Branch, Definition

DISTINCT = {"ingredient": "drug", "class": "drug_class", "course": "trial_number"}
"""The column by which trials are told apart."""

_MORE_THAN_EPISODES = 2**20
"""A day and the number of an episode in one whole number: the least is of the first day, and then of the first episode."""


def count_trials(
    judged: Sequence[ir.Table], condition: ir.Table, procedure: ir.Table, definition: Definition
) -> ir.Table:
    """One row is one person with a trial that may count, under the branch met first, or else come closest to.

    Needs: `judged`, the judged trials of each branch (`by_rule`), in the order of the branches.

    `met_day` is the day on which there were enough (NULL: there never were), `any_possible` whether there would be enough by
    any branch if everything unknown counted, `n_counted` and `n_possible` the most in any one stretch, of `n_needed`.
    """
    branches = []
    for number, (branch, of_branch) in enumerate(zip(definition.branch, judged, strict=True), 1):
        if branch.within.after is not None:
            of_branch = _after(of_branch, condition, branch, definition)
        branches.append(_count_branch(of_branch, procedure, branch, number))
    # A way of which no trial may count was not come close to.
    branches = [counted.filter(counted.n_possible > 0) for counted in branches]
    if len(branches) == 1:
        (counted,) = branches
        return counted.rename(any_possible="is_possible")
    counted = reduce(lambda a, b: a.union(b), branches)
    closest = ibis.row_number().over(
        group_by="person_id",
        order_by=[counted.met_day.asc(nulls_first=False), counted.n_needed - counted.n_counted, counted.branch],
    )
    any_possible = counted.is_possible.any().over(group_by="person_id")
    counted = counted.mutate(place=closest, any_possible=any_possible)
    return counted.filter(counted.place == 0).drop("place", "is_possible")


def _after(judged: ir.Table, condition: ir.Table, branch: Branch, definition: Definition) -> ir.Table:
    """The trials that count within so many days of the day after which the branch counts."""
    if branch.within.after == "first diagnosis":
        of_sets = condition.filter(condition.codeset.isin(definition.who.diagnosis.any_of))
        first = of_sets.group_by("person_id").agg(first_day=of_sets.condition_day.min())
    else:
        of_role = judged.filter(judged["trial.role"])
        first = of_role.group_by("person_id").agg(first_day=of_role.start_day.min())
    days = judged.join(first, "person_id", how="inner")
    days = days.filter(days.counted_day >= days.first_day, days.counted_day < days.first_day + branch.within.days)
    return days.select(judged.columns)


def _count_branch(judged: ir.Table, procedure: ir.Table, branch: Branch, number: int) -> ir.Table:
    """One row is one person who took a drug the branch asks for."""
    judged = judged.mutate(stretch=ibis.literal(0, "int64"))
    if branch.within.is_ == "episode":
        judged = judged.filter(judged.episode_number.notnull())
        judged = judged.mutate(stretch=judged.episode_number.cast("int64"))
    asked = judged.filter(judged["trial.role"] & judged["trial.use"].fill_null(True))
    if branch.within.days is not None and branch.within.after is None:
        stretch = _in_days(asked, procedure, branch)
    else:
        stretch = _in_stretch(asked, judged, branch)
    person = stretch.group_by("person_id").agg(
        met_day=stretch.met_day.min(),
        # Of two episodes with enough on one day (the second begins where the first is dated) the earlier one is named.
        met_first=(stretch.met_day * _MORE_THAN_EPISODES + stretch.stretch).min(),
        is_possible=stretch.is_possible.any(),
        n_counted=stretch.n_counted.max(),
        n_possible=stretch.n_possible.max(),
    )
    has_episodes = branch.within.is_ == "episode"
    met_stretch = person.met_first - person.met_day * _MORE_THAN_EPISODES
    return person.select(
        "person_id",
        "met_day",
        "is_possible",
        "n_counted",
        "n_possible",
        n_needed=ibis.literal(branch.count.at_least, "int64"),
        branch=ibis.literal(number, "int64"),
        episode_number=met_stretch if has_episodes else ibis.null("int64"),
    )


def _in_stretch(asked: ir.Table, judged: ir.Table, branch: Branch) -> ir.Table:
    """One row is one stretch (an episode, or all that is recorded) of one person."""
    # Those that cannot count would only be carried along: they are most of all trials.
    may_count = asked.filter(asked.counts.fill_null(True))
    reached = _reach(may_count, "counts", "counted_day", branch.count.distinct, branch.count.at_least)
    # `taken` and `added` ask for drugs whether they helped or not; every number must be reached in the same stretch.
    if branch.taken is not None:
        taken = _reach(asked, "trial.use", "start_day", branch.taken.distinct, branch.taken.at_least)
        reached = _both(reached, taken, puts_off=branch.taken.when == "by then")
    if branch.added is not None:
        reached = _both(
            reached, _reach(judged, "added", "start_day", "ingredient", branch.added.at_least), puts_off=True
        )
    return reached


def _both(reached: ir.Table, other: ir.Table, puts_off: bool) -> ir.Table:
    """The stretches with the day on which both numbers were reached, and whether both may be. Where the other does not put off
    the day, it may be reached later."""
    other = other.select("person_id", "stretch", other_day="met_day", other_is_possible="is_possible")
    both = reached.join(other, ["person_id", "stretch"], how="inner")
    is_met = both.met_day.notnull() & both.other_day.notnull()
    return both.mutate(
        met_day=is_met.ifelse(
            ibis.greatest(both.met_day, both.other_day) if puts_off else both.met_day, ibis.null("int64")
        ),
        is_possible=both.is_possible & both.other_is_possible,
    ).drop("other_day", "other_is_possible")


def _reach(judged: ir.Table, verdict: str, day: str, distinct: str, at_least: int) -> ir.Table:
    """Per stretch: on which day the number of different trials with the verdict reached the number asked."""
    # One row per different ingredient, class or course: whether any counts, whether any may, and the first day one did.
    different = judged.group_by("person_id", "stretch", key=judged[DISTINCT[distinct]]).agg(
        first_day=judged[day].min(where=judged[verdict]),
        may=judged[verdict].fill_null(True).any(),
    )
    stretch = different.group_by("person_id", "stretch").agg(
        is_possible=different.may.sum() >= at_least,
        n_counted=different.first_day.count(),
        n_possible=different.may.sum(),
    )
    # Of those that certainly count, which are few, the day of the last one that was needed.
    certain = different.filter(different.first_day.notnull())
    place = ibis.row_number().over(group_by=["person_id", "stretch"], order_by="first_day")
    last = certain.mutate(place=place + 1).filter(lambda d: d.place == at_least)
    last = last.select("person_id", "stretch", met_day="first_day")
    return stretch.left_join(last, ["person_id", "stretch"]).drop("person_id_right", "stretch_right")


def _in_days(judged: ir.Table, procedure: ir.Table, branch: Branch) -> ir.Table:
    """One row is the stretch of days up to and including the counted day of a trial that may count, or up to and including
    the day of a procedure."""
    may = judged.filter(judged.counts.fill_null(True))
    if branch.within.before:
        of_sets = procedure.filter(procedure.procedure.isin(branch.within.before))
        last = of_sets.select("person_id", last_day="procedure_day").distinct()
    else:
        last = may.select("person_id", last_day="counted_day").distinct()
    earlier = may.view()
    pair = last.join(
        earlier,
        [
            last.person_id == earlier.person_id,
            earlier.counted_day <= last.last_day,
            earlier.counted_day > last.last_day - branch.within.days,
        ],
    ).select(
        last.person_id,
        last.last_day,
        key=earlier[DISTINCT[branch.count.distinct]],
        counts=earlier.counts,
    )
    stretch = pair.group_by("person_id", "last_day").agg(
        n_counted=pair.key.nunique(where=pair.counts), n_possible=pair.key.nunique()
    )
    return stretch.select(
        "person_id",
        "n_counted",
        "n_possible",
        stretch=ibis.literal(0, "int64"),
        met_day=(stretch.n_counted >= branch.count.at_least).ifelse(stretch.last_day, ibis.null("int64")),
        is_possible=stretch.n_possible >= branch.count.at_least,
    )
