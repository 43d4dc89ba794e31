"""Who truly has TRD: the definitions' forms applied to what was truly taken, person after person, in plain loops.

This is a reading of the forms of its own: it sees lives as they were and so knows no "unknown". What the engine finds in
records without noise must agree with it. A definition's limits come from its form (`asked`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..compiled import compiled
from .asked import ALWAYS, BY_CLASS, BY_COURSE, EPISODE, EVER, NEXT, PRESCRIPTIONS, START, Asked, asked_by
from .formulary import Formulary
from .history import Ended, Spans, Treatments
from .made import Diagnoses
from .mood import Visits
from .people import People
from .course import Sessions
from .rows import LATER, NEVER

_INTOLERANT = int(Ended.INTOLERANCE)


class Taken(NamedTuple):
    """What was taken, by person, ingredient and first day; sessions are single days. `begins`: where each person's rows begin."""

    begins: np.ndarray
    ingredient: np.ndarray
    drug_class: np.ndarray
    role: np.ndarray
    first: np.ndarray
    last: np.ndarray
    supply: np.ndarray
    is_use: np.ndarray
    is_adequate: np.ndarray
    ended: np.ndarray
    treatment: np.ndarray


class Trials(NamedTuple):
    """The trials of everybody by one way of building them; a person's begin at `Taken.begins`, and are in order of first day."""

    n: np.ndarray
    ingredient: np.ndarray
    drug_class: np.ndarray
    role: np.ndarray
    start: np.ndarray
    end: np.ndarray
    n_days: np.ndarray
    n_adequate: np.ndarray
    is_use: np.ndarray
    ended: np.ndarray
    treatment: np.ndarray
    switch: np.ndarray
    added: np.ndarray
    baseline: np.ndarray
    endpoint: np.ndarray
    episode: np.ndarray


@dataclass
class Truth:
    """`met_day`: for each definition, by its id, the day on which each person meets it; NEVER where it is not met.

    `trials` are those of the definition that says which are adequate, `is_adequate` beside them, `begins` as in `Taken`.
    """

    met_day: dict[str, np.ndarray]
    begins: np.ndarray
    trials: Trials
    is_adequate: np.ndarray


def find_truth(
    people: People, treatments: Treatments, spans: Spans, sessions: Sessions, visits: Visits, diagnoses: Diagnoses, f: Formulary
) -> Truth:
    """The truth of every definition that has one."""
    n = len(people)
    taken = _taken(people, treatments, spans, sessions, f)
    scored = np.searchsorted(visits.row, np.arange(n + 1)), visits.day, visits.total
    sets = {name: 1 << bit for bit, name in enumerate(sorted({s for own in f.codesets_of.values() for s in own}))}
    masks = np.array([sum(sets[s] for s in f.codesets_of[name]) for name in f.codes])
    coded = np.searchsorted(diagnoses.row, np.arange(n + 1)), diagnoses.day, masks[diagnoses.code]
    cut = f.remission_cut[people.instrument]
    views: dict = {}
    met_day, reference = {}, None
    for definition in f.definitions:
        asked = asked_by(definition, f, sets)
        if definition.trials not in views:
            minimum = f.minima(definition.trials.dose_standard.is_)
            mg = np.where(taken.treatment >= 0, spans.mg[np.maximum(taken.treatment, 0)], np.nan)
            drug = np.where(taken.treatment >= 0, spans.drug[np.maximum(taken.treatment, 0)], 0)
            dosed = taken._replace(is_adequate=mg >= minimum[drug])
            trials = _room(len(taken.first), n)
            _build(dosed, asked.how[0], *scored, *coded, trials)
            views[definition.trials] = trials
        trials = views[definition.trials]
        on, is_candidate = np.full(n, LATER), np.zeros(len(taken.first), dtype=bool)
        _judge(taken.begins, trials, asked.branches, cut, on, is_candidate)
        _be_meant(taken.begins, trials, asked.who[0], people.first_day, *coded, on)
        if definition.who.age:
            years = completed_years(people.birth, np.where(on < LATER, on, people.birth))
            on[years < definition.who.age.at_least] = LATER
        met_day[definition.id] = np.where(on < LATER, on, NEVER)
        if definition.id == f.reference.id:
            reference = trials, is_candidate
    return Truth(met_day, taken.begins, *reference)


def _taken(people: People, treatments: Treatments, spans: Spans, sessions: Sessions, f: Formulary) -> Taken:
    """Spans and sessions together; `treatment` holds the place of the span, -1 for a session."""
    given = np.array([f.ingredients.index(r.ingredient) if r.ingredient else -1 for r in f.session_codes])[sessions.given]
    drugs = given >= 0
    n, m = len(spans), int(drugs.sum())
    ingredient = np.concatenate([f.ingredient_of[spans.drug], given[drugs]])
    ends = spans.last == treatments.end[spans.treatment]
    columns = {
        "row": np.concatenate([spans.row, sessions.row[drugs]]),
        "ingredient": ingredient,
        "first": np.concatenate([spans.first, sessions.day[drugs]]),
        "last": np.concatenate([spans.last, sessions.day[drugs]]),
        "supply": np.concatenate([people.supply[spans.row], np.ones(m, dtype=np.int64)]),
        "is_use": np.concatenate([spans.mg > f.low_dose[spans.drug], np.ones(m, dtype=bool)]),
        "is_adequate": np.zeros(n + m, dtype=bool),
        "ended": np.concatenate([np.where(ends, treatments.ended[spans.treatment], -1), np.full(m, -1)]),
        "treatment": np.concatenate([np.arange(n), np.full(m, -1)]),
        "drug_class": f.class_of_ingredient[ingredient],
        "role": f.role_of_ingredient[ingredient],
    }
    order = np.lexsort((columns["first"], columns["ingredient"], columns["row"]))
    columns = {name: values[order] for name, values in columns.items()}
    begins = np.searchsorted(columns.pop("row"), np.arange(len(people) + 1))
    return Taken(begins=begins, **columns)


def _room(rows: int, people: int) -> Trials:
    room = {name: np.zeros(rows, dtype=bool if name == "is_use" else np.int64) for name in Trials._fields[1:]}
    return Trials(n=np.zeros(people, dtype=np.int64), **room)


# --- trials ----------------------------------------------------------------------------------------------------------


@compiled
def _build(taken, how, seen_from, seen, totals, coded_from, coded, masks, out):
    for p in range(len(out.n)):
        begin = taken.begins[p]
        n = out.n[p] = _join(taken, how, begin, taken.begins[p + 1], out)
        _look_beside(how, begin, n, out)
        for t in range(begin, begin + n):
            _score(how, t, seen[seen_from[p] : seen_from[p + 1]], totals[seen_from[p] : seen_from[p + 1]], out)
        _find_episodes(how, begin, n, coded[coded_from[p] : coded_from[p + 1]], masks[coded_from[p] : coded_from[p + 1]], out)


@compiled
def _join(taken, how, begin, end, out):
    """Stretches of one ingredient without a long pause are one trial; then the trials in the order of their first days."""
    n, t = 0, begin - 1
    for i in range(begin, end):
        last = taken.last[i]
        if how.basis == PRESCRIPTIONS:
            last = taken.first[i] + (last - taken.first[i]) // taken.supply[i] * taken.supply[i]
        goes_on = i > begin and taken.ingredient[i] == taken.ingredient[i - 1]
        if goes_on:
            pause = taken.first[i] - out.end[t] - (0 if how.basis == PRESCRIPTIONS else 1)
            goes_on = pause <= how.max_gap
            if goes_on and taken.is_adequate[i - 1]:
                out.n_adequate[t] += pause
        if not goes_on:
            n, t = n + 1, t + 1
            out.ingredient[t], out.drug_class[t], out.role[t] = taken.ingredient[i], taken.drug_class[i], taken.role[i]
            out.start[t], out.n_adequate[t], out.is_use[t] = taken.first[i], 0, False
            out.treatment[t] = taken.treatment[i]
        out.end[t] = last
        out.ended[t] = taken.ended[i]
        out.is_use[t] |= taken.is_use[i]
        if taken.is_adequate[i]:
            out.n_adequate[t] += taken.last[i] - taken.first[i] + 1
        out.n_days[t] = last - out.start[t] + (0 if how.basis == PRESCRIPTIONS else 1)
    for a in range(begin + 1, begin + n):
        for b in range(a, begin, -1):
            if out.start[b - 1] <= out.start[b]:
                break
            _swap(out, b - 1, b)
    return n


@compiled
def _swap(out, a, b):
    out.ingredient[a], out.ingredient[b] = out.ingredient[b], out.ingredient[a]
    out.drug_class[a], out.drug_class[b] = out.drug_class[b], out.drug_class[a]
    out.role[a], out.role[b] = out.role[b], out.role[a]
    out.start[a], out.start[b] = out.start[b], out.start[a]
    out.end[a], out.end[b] = out.end[b], out.end[a]
    out.n_days[a], out.n_days[b] = out.n_days[b], out.n_days[a]
    out.n_adequate[a], out.n_adequate[b] = out.n_adequate[b], out.n_adequate[a]
    out.is_use[a], out.is_use[b] = out.is_use[b], out.is_use[a]
    out.ended[a], out.ended[b] = out.ended[b], out.ended[a]
    out.treatment[a], out.treatment[b] = out.treatment[b], out.treatment[a]


@compiled
def _look_beside(how, begin, n, out):
    """The first other antidepressant to which each trial was switched, and the first drug that was added to it."""
    for t in range(begin, begin + n):
        switch, added = LATER, LATER
        start, end = out.start[t], out.end[t]
        for u in range(begin, begin + n):
            if out.ingredient[u] == out.ingredient[t] or out.start[u] <= start:
                continue
            is_antidepressant = out.role[u] == how.antidepressant and out.is_use[u]
            if is_antidepressant and out.start[u] >= end - how.taper and out.end[u] > end:
                switch = min(switch, out.start[u])
            treats = is_antidepressant or out.role[u] != how.antidepressant
            together = min(out.end[u], end) - out.start[u] + 1
            if treats and out.start[u] < end - how.taper and together > how.taper:
                added = min(added, out.start[u])
        out.switch[t], out.added[t] = switch, added


@compiled
def _score(how, t, seen, totals, out):
    """The latest score around the beginning, and the latest one before the next treatment; -1 without both."""
    start = out.start[t]
    latest = min(out.end[t] + how.after_end, out.switch[t], out.added[t])
    baseline, endpoint, on = -1, -1, LATER
    for v in range(len(seen)):
        if start - how.before <= seen[v] <= start + how.after:
            baseline, on = totals[v], seen[v]
    for v in range(len(seen)):
        if start + how.after_start <= seen[v] <= latest and seen[v] > on:
            endpoint = totals[v]
    both = baseline >= 0 and endpoint >= 0
    out.baseline[t], out.endpoint[t] = (baseline, endpoint) if both else (-1, -1)


@compiled
def _find_episodes(how, begin, n, coded, masks, out):
    """Antidepressants and diagnoses of depression strung together; other drugs belong to what runs or has just ended."""
    episode, until, d, t = 0, NEVER, 0, begin
    while True:
        while t < begin + n and not (out.role[t] == how.antidepressant and out.is_use[t]):
            t += 1
        while d < len(coded) and not masks[d] & how.of_depression:
            d += 1
        if t == begin + n and d == len(coded):
            break
        is_trial = d == len(coded) or (t < begin + n and out.start[t] <= coded[d])
        start = out.start[t] if is_trial else coded[d]
        if start - until - 1 > how.episode_gap:
            episode, until = episode + 1, NEVER
        if is_trial:
            out.episode[t] = episode
            until = max(until, out.end[t])
            t += 1
        else:
            until = max(until, start)
            d += 1


# --- verdicts --------------------------------------------------------------------------------------------------------


@compiled
def _judge(begins, trials, branches, cut, on, is_candidate):
    """The day on which each person meets any of the branches."""
    for p in range(len(on)):
        begin, n = begins[p], trials.n[p]
        day, counts = np.empty(n, np.int64), np.empty(n, np.bool_)
        for b in range(len(branches)):
            branch = branches[b]
            for k in range(n):
                t = begin + k
                fits = _is_candidate(branch, trials, begin, n, t)
                is_candidate[t] |= fits
                counts[k] = fits and _has_failed(branch, trials, t, cut[p])
                day[k] = _dated(branch, trials, t)
            enough = _enough(branch, trials, begin, n, counts, day, branch.count, branch.count_by)
            if branch.taken_count > 0:
                for k in range(n):
                    t = begin + k
                    counts[k] = trials.role[t] == branch.role and (trials.is_use[t] or not branch.needs_use)
                    day[k] = trials.start[t]
                takes = _enough(branch, trials, begin, n, counts, day, branch.taken_count, branch.taken_by)
                enough = np.maximum(enough, takes)
            for k in range(n):
                on[p] = min(on[p], enough[k])


@compiled
def _is_candidate(branch, trials, begin, n, t):
    if trials.role[t] != branch.role or (branch.needs_use and not trials.is_use[t]):
        return False
    if trials.n_days[t] < branch.min_days or trials.n_adequate[t] < branch.min_adequate:
        return False
    if branch.preceded_within < 0:
        return True
    for u in range(begin, begin + n):
        recent = trials.start[u] <= trials.start[t] and trials.start[t] - trials.end[u] <= branch.preceded_within
        other = trials.ingredient[u] != trials.ingredient[t]
        if recent and other and trials.role[u] == branch.preceded_by and trials.is_use[u]:
            return True
    return False


@compiled
def _has_failed(branch, trials, t, cut):
    baseline, endpoint = trials.baseline[t], trials.endpoint[t]
    is_scored = baseline > cut
    if is_scored and 100 * (baseline - endpoint) / baseline < branch.improvement_below:
        return True
    if (branch.not_remitted and endpoint > cut) or (branch.intolerant and trials.ended[t] == _INTOLERANT):
        return True
    if branch.switched > 0 and (branch.switched == ALWAYS or not is_scored):
        if trials.switch[t] < LATER and trials.switch[t] - trials.end[t] <= branch.switched_within:
            return True
    if branch.added_to > 0 and (branch.added_to == ALWAYS or not is_scored) and trials.added[t] < LATER:
        return True
    return branch.is_taken


@compiled
def _dated(branch, trials, t):
    if branch.dated == START:
        return trials.start[t]
    if branch.dated == NEXT:
        following = min(trials.switch[t], trials.added[t])
        return following if following < LATER else trials.end[t]
    return trials.end[t]


@compiled
def _enough(branch, trials, begin, n, counts, day, at_least, by):
    """For the stretch of each trial: the day on which enough different ones are reached, or LATER."""
    reached = np.full(n, LATER)
    if counts.sum() < at_least:
        return reached
    for k in range(n):
        if not counts[k]:
            continue
        seen = np.uint64(0)
        for j in range(n):
            upto = counts[j] and day[j] <= day[k]
            if branch.within > EPISODE:
                upto = upto and day[j] > day[k] - branch.within
            if branch.within == EPISODE:
                same = trials.episode[begin + j] == trials.episode[begin + k]
                upto = upto and same and trials.episode[begin + j] > 0
            if upto:
                kind = trials.ingredient[begin + j]
                kind = trials.drug_class[begin + j] if by == BY_CLASS else j if by == BY_COURSE else kind
                seen |= np.uint64(1) << np.uint64(kind)
        number = 0
        while seen:
            seen &= seen - np.uint64(1)
            number += 1
        if number >= at_least:
            reached[k] = day[k]
    if branch.within > EPISODE:
        return reached
    first = np.full(n, LATER)
    for k in range(n):
        for j in range(n):
            same = trials.episode[begin + j] == trials.episode[begin + k] and trials.episode[begin + j] > 0
            if branch.within == EVER or same:
                first[k] = min(first[k], reached[j])
    return first


@compiled
def _be_meant(begins, trials, who, first_day, coded_from, coded, masks, on):
    """Takes away the day of those whom the definition is not about, judged on that day; age apart."""
    for p in range(len(on)):
        if on[p] == LATER:
            continue
        n_days, before, is_meant = 0, NEVER, True
        for d in range(coded_from[p], coded_from[p + 1]):
            if masks[d] & who.any_of and coded[d] != before and (coded[d] <= on[p] or who.is_any_time):
                n_days, before = n_days + 1, coded[d]
            if masks[d] & who.never and (coded[d] <= on[p] or who.is_never_ever):
                is_meant = False
        if n_days < who.at_least:
            is_meant = False
        for t in range(begins[p], begins[p] + trials.n[p]):
            if trials.role[t] == who.antidepressant:
                is_meant = is_meant and trials.start[t] - first_day[p] >= who.washout
                break
        if not is_meant:
            on[p] = LATER


def completed_years(birth: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Whole years from birth to a day."""
    born, today = birth.astype("datetime64[D]"), day.astype("datetime64[D]")
    years = today.astype("datetime64[Y]").astype(int) - born.astype("datetime64[Y]").astype(int)

    def in_year(when: np.ndarray) -> np.ndarray:
        month = when.astype("datetime64[M]")
        return month.astype(int) % 12 * 32 + (when - month).astype(int)

    return years - (in_year(today) < in_year(born))
