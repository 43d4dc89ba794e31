"""Judged trials that were counted -> determinations (docs/engine.md, 7)."""

from __future__ import annotations

from stepwell.tables.row_type import NA

from .code_gap import CONDITIONS, PROCEDURES, count_undated, has_any_undated, has_undated, is_hidden
from .compiled import compiled
from .counting import comes_closer, count_branch, first_and_last_possible
from .criterion_numbers import IN_EPISODE, NONE
from .days import completed_years, earlier, later, observed_from_until
from .diagnoses import count_diagnoses
from .trial import ANTIDEPRESSANT
from .verdicts import MET, NOT_ASKED, NOT_MET, UNKNOWN, judge

_ALWAYS = 2**30
"""Later than every day: diagnoses are counted whenever they were made."""


@compiled
def determine(person, trials, judged, first_judged, episodes, conditions, procedures, periods, gaps, incomplete, asked, request,
              room, d):  # fmt: skip
    """Fills the determination `d` of one person under the definition `asked`.

    Needs: `judged`, the judged trials of all rules, those of rule r from `first_judged[r]` up to `first_judged[r + 1]`.
    Unknown when: an absence means nothing, because the source has no such table or the person was never observed.
    """
    # A published program reads what it does not find as absent, whether anybody looked or not.
    is_observed = len(periods) > 0 or asked.is_program
    gaps = gaps[:0] if asked.is_program else gaps
    absence_counts = is_observed and (asked.has_diagnoses or asked.is_program)
    joined_day, may_be_joined = NA, False
    if not asked.is_program and may_be_fewer(episodes):
        may_be_joined, _, _ = count_branches(
            judged, first_judged, episodes, conditions, procedures, asked, request, room, True, d
        )
        joined_day = d.met_day
    is_possible, first_possible, last_possible = count_branches(
        judged, first_judged, episodes, conditions, procedures, asked, request, room, False, d
    )
    met_day, first_treated = d.met_day, first_antidepressant_day(trials)
    can_count = is_observed and asked.can_count and not is_count_hidden(gaps, asked, request.sets)
    d.count = conclude(judge(met_day != NA, is_possible or may_be_joined or not can_count), asked, NOT_MET)
    is_begin_open = is_first_day_open(gaps, conditions, asked, request.sets)
    if is_begin_open:
        d.count = UNKNOWN
    age, diagnosis, never = NOT_ASKED, NOT_ASKED, NOT_ASKED
    index_day = first_given(met_day, last_possible, first_treated)
    other_day = NA if joined_day == met_day else joined_day
    if has_any_undated(gaps) and may_count_before(index_day, judged, first_judged, asked, request):
        other_day = earlier(other_day, first_possible)
    if other_day != NA:
        d.met_day = d.index_day = other_day
        judge_who(person, conditions, periods, other_day, absence_counts, gaps, asked, request.sets, room.keys, d)
        age, diagnosis, never = d.who_age, d.who_diagnosis, d.who_never
    d.met_day, d.index_day = met_day, index_day
    earliest_day = first_given(met_day, first_possible, first_treated)
    judge_who(person, conditions, periods, earliest_day, absence_counts, gaps, asked, request.sets, room.keys, d)
    if other_day != NA:
        d.who_age, d.who_diagnosis = agreed(d.who_age, age), agreed(d.who_diagnosis, diagnosis)
        d.who_never = agreed(d.who_never, never)
    if is_begin_open or is_last_day_open(gaps, procedures, asked, request.sets):
        leave_day_open(asked, UNKNOWN, d)
    judge_washout(periods, first_treated, asked, d)
    # What a program would find in rows that stepwell cannot identify, stepwell does not know.
    leave_open(d, asked, person.has_unidentified_drugs if asked.is_program else incomplete.lacks_drugs)
    verdict = d.count
    for of_person in (d.who_age, d.who_diagnosis, d.who_never, d.who_washout):
        if of_person != NOT_ASKED:
            verdict = min(verdict, of_person)
    d.verdict = verdict
    if verdict != MET:
        d.met_day = d.branch = d.episode_number = NA


@compiled
def count_branches(judged, first_judged, episodes, conditions, procedures, asked, request, room, is_joined, d):
    """Fills `d` with what the branch that comes closest counts, and `met_day`. Returns whether any branch may be met, and the
    first and the last day on which a trial may count."""
    closest, one = room.counts[0], room.counts[1]
    has_closest, is_possible, first_possible, last_possible = False, False, NA, NA
    d.branch, d.n_needed, d.n_counted, d.n_possible = NA, request.branch[asked.first_branch].at_least, 0, 0
    for b in range(asked.first_branch, asked.first_branch + asked.n_branches):
        branch = request.branch[b]
        of_rule = judged[first_judged[branch.rule] : first_judged[branch.rule + 1]]
        first, last = first_and_last_possible(of_rule)
        first_possible, last_possible = earlier(first_possible, first), later(last_possible, last)
        count_branch(
            of_rule, episodes, conditions, procedures, branch, asked.diagnosis, request.sets, room, is_joined, one
        )
        if one.n_possible == 0:
            continue
        is_possible = is_possible or one.is_possible > 0
        if not has_closest or comes_closer(one, branch.at_least, closest, d.n_needed):
            has_closest = True
            closest.met_day, closest.stretch = one.met_day, one.stretch
            closest.n_counted, closest.n_possible = one.n_counted, one.n_possible
            d.n_needed, d.branch = branch.at_least, b - asked.first_branch + 1
            d.n_counted, d.n_possible = one.n_counted, one.n_possible
            d.episode_number = one.stretch if branch.stretch == IN_EPISODE else NA
    d.met_day = closest.met_day if has_closest else NA
    return is_possible, first_possible, last_possible


@compiled
def judge_who(person, conditions, periods, earliest_day, absence_counts, gaps, asked, sets, keys, d):
    """What is asked of the person on the index day."""
    judge_age(person, asked, d)
    judge_diagnosis(conditions, absence_counts, gaps, asked, sets, keys, d)
    judge_never(conditions, periods, earliest_day, absence_counts, gaps, asked, sets, keys, d)


@compiled
def may_count_before(index_day, judged, first_judged, asked, request):
    """Whether a trial of which it is unknown whether it counts would count before the index day."""
    is_found = False
    for b in range(asked.first_branch, asked.first_branch + asked.n_branches):
        rule = request.branch[b].rule
        for j in judged[first_judged[rule] : first_judged[rule + 1]]:
            is_found |= j.counts == UNKNOWN and j.counted_day < index_day
    return is_found


@compiled
def agreed(verdict, other):
    """The verdict where the other is the same, else unknown."""
    return verdict if verdict == other else UNKNOWN


@compiled
def may_be_fewer(episodes):
    """Whether diagnoses without a usable day may make one episode of two."""
    are_open = False
    for e in episodes:
        are_open |= e.joined_number != e.episode_number
    return are_open


@compiled
def is_first_day_open(gaps, conditions, asked, sets):
    """Whether a diagnosis without a usable day may be earlier than the first one with a day, from which trials are counted."""
    if not asked.counts_from_diagnosis:
        return False
    first = NA
    for c in conditions:
        if c.codeset >= 0 and sets.codeset[asked.diagnosis, c.codeset]:
            first = earlier(first, c.condition_day)
    until = NA if first == NA else first - 1
    return count_undated(gaps, sets.codeset[asked.diagnosis], NA, until) > 0


@compiled
def is_last_day_open(gaps, procedures, asked, sets):
    """Whether a procedure without a usable day, up to which trials are counted, may be the first one that has enough."""
    return asked.counted_before != NONE and has_undated(gaps, PROCEDURES, sets.codeset[asked.counted_before])


@compiled
def is_count_hidden(gaps, asked, sets):
    """Whether records may hide a diagnosis from which trials are counted, or a procedure up to which they are."""
    if asked.counts_from_diagnosis and is_hidden(gaps, CONDITIONS, sets.codeset[asked.diagnosis], NA, NA):
        return True
    return asked.counted_before != NONE and is_hidden(gaps, PROCEDURES, sets.codeset[asked.counted_before], NA, NA)


@compiled
def leave_open(d, asked, lacks_drugs):
    """Where drugs may be missing from the records, too few trials are never certain; nor is the first antidepressant; nor, while
    the definition is not met, the day on which `who` is judged."""
    if not lacks_drugs:
        return
    if d.met_day == NA:
        d.count = max(d.count, UNKNOWN)
        leave_day_open(asked, MET, d)
    if asked.washout_at_least != NA:
        d.who_washout = UNKNOWN


@compiled
def leave_day_open(asked, at_most, d):
    """What is judged on the index day is unknown where that day is: what is not met, and what is met up to `at_most`."""
    if asked.asks_age:
        d.who_age = min(max(d.who_age, UNKNOWN), at_most)
    if asked.is_diagnosis_before:
        d.who_diagnosis = min(max(d.who_diagnosis, UNKNOWN), at_most)
    if asked.is_never_before:
        d.who_never = min(max(d.who_never, UNKNOWN), at_most)


@compiled
def conclude(verdict, asked, instead):
    """The verdict as the definition reads it: a published program takes `instead` for unknown."""
    return instead if asked.is_program and verdict == UNKNOWN else verdict


@compiled
def first_given(a, b, c):
    """The first of three days that is not missing."""
    return a if a != NA else b if b != NA else c


@compiled
def first_antidepressant_day(trials):
    """The first day of an antidepressant, at whatever dose."""
    first = NA
    for t in trials:
        if t.role == ANTIDEPRESSANT:
            first = earlier(first, t.start_day)
    return first


@compiled
def judge_age(person, asked, d):
    """Completed years on the index day. Unknown where the youngest and the oldest that the person may be disagree."""
    youngest = completed_years(person.birth_latest_day, d.index_day)
    oldest = completed_years(person.birth_earliest_day, d.index_day)
    d.age_years, d.who_age = youngest, NOT_ASKED
    if not asked.asks_age:
        return
    d.who_age = MET
    if asked.age_at_least != NA:
        may_be = oldest == NA or oldest >= asked.age_at_least
        d.who_age = judge(youngest != NA and youngest >= asked.age_at_least, may_be)
    if asked.age_at_most != NA:
        may_be = youngest == NA or youngest <= asked.age_at_most
        d.who_age = min(d.who_age, judge(oldest != NA and oldest <= asked.age_at_most, may_be))
    d.who_age = conclude(d.who_age, asked, NOT_MET)


@compiled
def judge_diagnosis(conditions, absence_counts, gaps, asked, sets, keys, d):
    """Whether there are enough diagnoses of the code sets, counted by day or by record.

    Unknown when: `within` looks back from the index day, which may still change while the definition is not met; an absence means
    nothing.
    """
    d.n_diagnoses, d.who_diagnosis = 0, NOT_ASKED
    if asked.diagnosis == NONE:
        return
    is_asked = sets.codeset[asked.diagnosis]
    until = d.index_day if asked.is_diagnosis_before else _ALWAYS
    since = -_ALWAYS
    may_look_elsewhere = False
    if asked.diagnosis_within != NA and d.index_day != NA:
        n_until = count_diagnoses(conditions, is_asked, asked.is_diagnosis_by_record, since, until, keys)
        may_look_elsewhere = d.met_day == NA and n_until >= asked.diagnosis_at_least
        since = until - asked.diagnosis_within
    if until != NA:
        d.n_diagnoses = count_diagnoses(conditions, is_asked, asked.is_diagnosis_by_record, since, until, keys)
    from_day = NA if asked.diagnosis_within == NA or d.index_day == NA else d.index_day - asked.diagnosis_within
    until_day = d.index_day if asked.is_diagnosis_before else NA
    may_be_hidden = is_hidden(gaps, CONDITIONS, is_asked, from_day, until_day)
    is_open = not absence_counts or may_look_elsewhere or may_be_hidden
    verdict = judge(d.n_diagnoses >= asked.diagnosis_at_least, is_open)
    if asked.is_diagnosis_before and d.index_day == NA:
        verdict = UNKNOWN
    d.who_diagnosis = conclude(verdict, asked, NOT_MET)


@compiled
def judge_never(conditions, periods, earliest_day, absence_counts, gaps, asked, sets, keys, d):
    """No such diagnosis. While it is open which trials count, a later diagnosis may still prove too late to exclude: this looks
    back from the earliest day."""
    d.n_excluding, d.who_never = 0, NOT_ASKED
    if asked.never == NONE:
        return
    since, until = -_ALWAYS, earliest_day if asked.is_never_before else _ALWAYS
    if asked.is_never_in_one_period:
        since, observed_to = observed_from_until(until, periods) if until != NA else (NA, NA)
        if observed_to == NA:
            absence_counts, until = False, NA
    if until != NA:
        d.n_excluding = count_diagnoses(conditions, sets.codeset[asked.never], False, since, until, keys)
    until_day = d.index_day if asked.is_never_before else NA
    may_be_hidden = is_hidden(gaps, CONDITIONS, sets.codeset[asked.never], NA, until_day)
    verdict = NOT_MET if d.n_excluding > 0 else MET if absence_counts and not may_be_hidden else UNKNOWN
    if asked.is_never_before and d.index_day == NA:
        verdict = UNKNOWN
    d.who_never = conclude(verdict, asked, MET)


@compiled
def judge_washout(periods, first_treated, asked, d):
    """Whether the person was observed long enough, without a break, before the first antidepressant. Unknown where its first day
    was not observed."""
    d.n_days_washout, d.who_washout = NA, NOT_ASKED
    if asked.washout_at_least == NA:
        return
    if first_treated != NA:
        observed_from, _ = observed_from_until(first_treated, periods)
        if observed_from != NA:
            d.n_days_washout = first_treated - observed_from
    verdict = UNKNOWN if d.n_days_washout == NA else judge(d.n_days_washout >= asked.washout_at_least, False)
    d.who_washout = conclude(verdict, asked, NOT_MET)
