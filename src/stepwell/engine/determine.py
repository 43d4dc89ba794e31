"""Judged trials that were counted -> determinations (docs/engine.md, 7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce

import ibis
import ibis.expr.types as ir

from stepwell.evidence import MET, NOT_MET, UNKNOWN, all_of, any_of, judge
from stepwell.knowledge.definition import Age, Definition, Diagnosis, NeverDiagnosis, Who
from stepwell.tables import RECORDS

from .code_gap import CODE_GAP, add_hidden
from .incomplete import has_unidentified_drugs, may_lack_drugs
from .intervals import completed_years, without_breaks


def find_treated(person: ir.Table, observation_period: ir.Table, trial: ir.Table) -> ir.Table:
    """One row is one person, also without any drug, with the first day of an antidepressant, and whether ever observed."""
    first_treated = (
        trial.filter(trial.role == "antidepressant")
        .group_by("person_id")
        .agg(first_treated_day=lambda t: t.start_day.min())
    )
    observed = observation_period.select("person_id").distinct().mutate(was_observed=MET)
    people = person.select("person_id", "birth_earliest_day", "birth_latest_day")
    for rows in (first_treated, observed):
        people = people.left_join(rows, "person_id").drop("person_id_right")
    return people.mutate(is_observed=people.was_observed.fill_null(False)).drop("was_observed")


def find_candidate(treated: ir.Table, judged: Iterable[ir.Table], counted: ir.Table) -> ir.Table:
    """One row is one person of `treated` with what was counted (`count_trials`) and the days on which `who` is judged: the day of
    meeting, else the last (`index_day`) and the first (`earliest_day`) that may count, else the first treatment.

    Needs: `judged`, the judged trials of each branch (`by_rule`).
    """
    may = (way.filter(way.counts.fill_null(True)).select("person_id", "counted_day") for way in judged)
    may_count = (
        reduce(lambda a, b: a.union(b), may)
        .group_by("person_id")
        .agg(last_day=lambda t: t.counted_day.max(), first_day=lambda t: t.counted_day.min())
    )
    people = treated
    for rows in (counted, may_count):
        people = people.left_join(rows, "person_id").drop("person_id_right")
    return people.mutate(
        index_day=ibis.coalesce(people.met_day, people.last_day, people.first_treated_day),
        earliest_day=ibis.coalesce(people.met_day, people.first_day, people.first_treated_day),
    ).drop("first_day", "last_day")


def determine(
    candidate: ir.Table, records: Mapping[str, ir.Table], definition: Definition, has: frozenset[str]
) -> ir.Table:
    """One row is one person; everybody has one, also people without any drug.

    Needs: `candidate` (`find_candidate`), `records` (condition, observation_period, code_gap), and `has`, the record tables that
    the source holds at all: an absence means nothing where there is no table, or where the person was never observed.
    """
    lacks_drugs = may_lack_drugs(candidate)
    if definition.as_code is not None:
        # Published code treats missing as false, also where nobody looked. What it would find in rows that stepwell cannot
        # identify, stepwell does not know.
        candidate, has = candidate.mutate(is_observed=MET), (has | _RECORDS) - {CODE_GAP}
        lacks_drugs = has_unidentified_drugs(candidate)
    people, verdicts = judge_who(candidate, records, definition.who, has)
    absence_counts = people.is_observed & ibis.literal(has >= _counted_in(definition))
    for record, sets in _counted_from(definition):
        people = add_hidden(people, gaps_of(records, has), record, sets, f"{record}_is_hidden")
        absence_counts &= ~people[f"{record}_is_hidden"]
    verdicts["count"] = judge(people.met_day.notnull(), people.any_possible | ~absence_counts)
    if definition.as_code is not None:
        verdicts = {path: found.fill_null(path == "who.never") for path, found in verdicts.items()}
    verdicts = _leave_open(verdicts, definition.who, people.met_day, lacks_drugs)
    verdict = all_of(*verdicts.values())
    met_only = {
        name: verdict.fill_null(False).ifelse(people[name], ibis.null(people[name].type()))
        for name in ("met_day", "branch", "episode_number")
    }
    return people.select(
        "person_id",
        "index_day",
        "age_years",
        "n_diagnoses",
        "n_excluding",
        "n_days_washout",
        n_counted=people.n_counted.fill_null(0),
        n_possible=people.n_possible.fill_null(0),
        n_needed=people.n_needed.fill_null(definition.branch[0].count.at_least),
        **{path: verdicts.get(path, UNKNOWN) for path in OF_A_PERSON},
        verdict=verdict.cases((True, "met"), (False, "not met"), else_="unknown"),
        **met_only,
    )


_RECORDS = frozenset(table.name for table in RECORDS)
OF_A_PERSON = ("who.age", "who.diagnosis", "who.never", "who.washout", "count")


def _leave_open(
    verdicts: dict[str, ir.BooleanValue], who: Who, met_day: ir.IntegerValue, lacks_drugs: ir.BooleanValue
) -> dict[str, ir.BooleanValue]:
    """The verdicts where drugs may be missing from the records. Too few trials are never certain; nor is the first
    antidepressant; nor, while the definition is not met, the day on which `who` is judged."""
    on_a_day = {"count", "who.age"}
    on_a_day |= {
        path
        for path, asked in (("who.diagnosis", who.diagnosis), ("who.never", who.never))
        if asked is not None and asked.when == "before"
    }
    is_open = (lacks_drugs & met_day.isnull()).ifelse(UNKNOWN, NOT_MET)
    verdicts = {path: any_of(found, is_open) if path in on_a_day else found for path, found in verdicts.items()}
    if "who.washout" in verdicts:
        verdicts["who.washout"] = lacks_drugs.ifelse(UNKNOWN, verdicts["who.washout"])
    return verdicts


def _counted_in(definition: Definition) -> set[str]:
    """The record tables without which nobody can say that there were too few trials."""
    ways = [branch.within for branch in definition.branch]
    tables = {"medication"}
    if any(within.after == "first diagnosis" for within in ways):
        tables.add("condition")
    if any(within.before for within in ways):
        tables.add("procedure")
    return tables


def _counted_from(definition: Definition) -> Iterator[tuple[str, Sequence[str]]]:
    """The record tables and code sets from or up to which trials are counted."""
    ways = [branch.within for branch in definition.branch]
    if any(within.after == "first diagnosis" for within in ways):
        yield "condition", definition.who.diagnosis.any_of
    if before := sorted({name for within in ways for name in within.before or ()}):
        yield "procedure", before


def gaps_of(records: Mapping[str, ir.Table], has: frozenset[str]) -> dict[str, ir.Table]:
    """The table of gaps, where the source has any."""
    return {name: rows for name, rows in records.items() if name == CODE_GAP and name in has}


def judge_who(
    people: ir.Table, records: Mapping[str, ir.Table], who: Who, has: frozenset[str]
) -> tuple[ir.Table, dict[str, ir.BooleanValue]]:
    """The people with age and counts of diagnoses, and the verdicts of `who` over them."""
    condition, observation_period, gaps = records["condition"], records["observation_period"], gaps_of(records, has)
    people = people.mutate(
        age_years=completed_years(people.birth_latest_day, people.index_day),
        age_at_most=completed_years(people.birth_earliest_day, people.index_day),
        n_diagnoses=ibis.literal(0),
        n_excluding=ibis.literal(0),
        n_days_washout=ibis.null("int64"),
    )
    # While it is open which trials count, a later diagnosis may still prove too late to exclude: who.never looks back from the
    # earliest day, the other criteria from the latest.
    for asked, name, day in ((who.diagnosis, "n_diagnoses", "index_day"), (who.never, "n_excluding", "earliest_day")):
        if asked is not None:
            people = _count_diagnoses(people, condition, observation_period, asked, name, day)
    looks_back = who.diagnosis is not None and who.diagnosis.within is not None
    if looks_back:
        people = _count_diagnoses(
            people,
            condition,
            observation_period,
            who.diagnosis.model_copy(update={"within": None}),
            "n_until",
            "index_day",
        )
    if who.washout is not None:
        people = _add_washout(people, observation_period)
    for asked, name in ((who.diagnosis, "diagnosis_is_hidden"), (who.never, "exclusion_is_hidden")):
        if asked is not None:
            people = _add_hidden_diagnoses(people, gaps, asked, name)
    absence_counts = people.is_observed & ibis.literal("condition" in has)
    verdicts: dict[str, ir.BooleanValue] = {}
    if who.age is not None:
        verdicts["who.age"] = _judge_age(people, who.age)
    if who.diagnosis is not None:
        # How far back `within` looks depends on a day that is certain only once the definition is met.
        may_look_elsewhere = (
            people.met_day.isnull() & (people.n_until >= who.diagnosis.at_least) if looks_back else NOT_MET
        )
        is_open = ~absence_counts | may_look_elsewhere | people.diagnosis_is_hidden
        enough = judge(people.n_diagnoses >= who.diagnosis.at_least, is_open)
        verdicts["who.diagnosis"] = _has_no_day(people, who.diagnosis).ifelse(UNKNOWN, enough)
    if who.never is not None:
        if who.never.in_one_period:
            index = people.select("person_id", until_day="earliest_day")
            held = _since_observed(index, observation_period).select("person_id", was_held=MET)
            people = people.left_join(held, "person_id").drop("person_id_right")
            absence_counts &= people.was_held.fill_null(False)
        is_settled = absence_counts & ~people.exclusion_is_hidden
        none = ibis.cases((people.n_excluding > 0, False), (is_settled, True), else_=UNKNOWN)
        verdicts["who.never"] = _has_no_day(people, who.never).ifelse(UNKNOWN, none)
    if who.washout is not None:
        verdicts["who.washout"] = people.n_days_washout >= who.washout.at_least
    return people, verdicts


def _judge_age(people: ir.Table, asked: Age) -> ir.BooleanValue:
    """Met where the youngest and the oldest that the person may be are of that age, unknown where one of them is."""
    verdicts = []
    if asked.at_least is not None:
        old_enough = (people.age_at_most >= asked.at_least).fill_null(True)
        verdicts.append(judge(people.age_years >= asked.at_least, old_enough))
    if asked.at_most is not None:
        young_enough = (people.age_years <= asked.at_most).fill_null(True)
        verdicts.append(judge(people.age_at_most <= asked.at_most, young_enough))
    return all_of(*verdicts)


def _add_washout(people: ir.Table, observation_period: ir.Table) -> ir.Table:
    """Adds `n_days_washout`: for how many days before the first antidepressant the person was observed without a break; NULL
    where that day was not observed, or there was none."""
    whole = without_breaks(observation_period)
    first = people.select("person_id", first_day="first_treated_day")
    held = first.join(whole, "person_id", how="inner")
    held = held.filter(held.first_day >= held.from_day, held.first_day <= held.until_day)
    days = held.select("person_id", n_days_washout=held.first_day - held.from_day)
    return people.drop("n_days_washout").left_join(days, "person_id").drop("person_id_right")


def _has_no_day(people: ir.Table, asked: Diagnosis | NeverDiagnosis) -> ir.BooleanValue:
    """Whether there is no day to look back from, though the field asks to look back from one."""
    return people.index_day.isnull() if asked.when == "before" else ibis.literal(False)


def _add_hidden_diagnoses(
    people: ir.Table, gaps: Mapping[str, ir.Table], asked: Diagnosis | NeverDiagnosis, name: str
) -> ir.Table:
    """Adds `name`: whether diagnoses of the person may hide one of the code sets, in the days that are looked at."""
    if asked.when != "before":
        return add_hidden(people, gaps, "condition", asked.any_of, name)
    within = getattr(asked, "within", None)
    return add_hidden(people, gaps, "condition", asked.any_of, name, until="index_day", within=within)


def _count_diagnoses(
    people: ir.Table,
    condition: ir.Table,
    observation_period: ir.Table,
    asked: Diagnosis | NeverDiagnosis,
    name: str,
    day: str,
) -> ir.Table:
    """Adds `name`: on how many days, or in how many records, the person has a diagnosis of the code sets."""
    by_record = getattr(asked, "counted", "days") == "records"
    # A code of two sets is one record.
    one = ("vocabulary", "code", "address") if by_record else ()
    recorded = condition.filter(condition.codeset.isin(asked.any_of))
    recorded = recorded.select("person_id", "condition_day", *one).distinct()
    if asked.when == "before":
        index = people.select("person_id", until_day=people[day])
        if getattr(asked, "in_one_period", False):
            index = _since_observed(index, observation_period)
        recorded = recorded.join(index, "person_id", how="inner").filter(lambda r: r.condition_day <= r.until_day)
        within = getattr(asked, "within", None)
        if within is not None:
            recorded = recorded.filter(recorded.condition_day >= recorded.until_day - within)
        if "since_day" in recorded.columns:
            recorded = recorded.filter(recorded.condition_day >= recorded.since_day)
    number = recorded.group_by("person_id").agg(n=recorded.count())
    people = people.left_join(number, "person_id").drop("person_id_right")
    return people.mutate(**{name: people.n.fill_null(0)}).drop("n")


def _since_observed(index: ir.Table, observation_period: ir.Table) -> ir.Table:
    """Adds `since_day`: since when the person had been observed without a break; whoever was not observed on the day is left
    out."""
    whole = without_breaks(observation_period)
    held = index.join(whole, "person_id", how="inner")
    held = held.filter(held.until_day >= held.from_day, held.until_day <= held.until_day_right)
    return held.select("person_id", "until_day", since_day="from_day")
