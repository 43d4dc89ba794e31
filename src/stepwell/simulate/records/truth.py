"""Who truly has TRD: the definitions' forms applied to what was truly taken, person after person, in plain loops.

This is a reading of the forms of its own: it sees lives as they were and so knows no "unknown". What the engine finds in
records without noise must agree with it. A definition's limits come from its form (`asked`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..compiled import compiled
from .asked import ALWAYS, BY_CLASS, BY_COURSE, EPISODE, EVER, NEXT, START, UNSCORED, asked_by
from .course import Sessions
from .formulary import Formulary
from .history import Ended, Spans, Treatments
from .made import Diagnoses
from .mood import Visits
from .people import People
from .rows import LATER, NEVER
from .trials import Trials, build_trials, list_taken, room_for

_INTOLERANT = int(Ended.INTOLERANCE)


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
    people: People,
    treatments: Treatments,
    spans: Spans,
    sessions: Sessions,
    visits: Visits,
    diagnoses: Diagnoses,
    f: Formulary,
) -> Truth:
    """The truth of every definition that has one."""
    n = len(people)
    taken = list_taken(people, treatments, spans, sessions, f)
    scored = np.searchsorted(visits.row, np.arange(n + 1)), visits.day, visits.total
    sets = {name: 1 << bit for bit, name in enumerate(sorted({s for own in f.codesets_of.values() for s in own}))}
    masks = np.array([sum(sets[s] for s in f.codesets_of[name]) for name in f.codes])
    coded = np.searchsorted(diagnoses.row, np.arange(n + 1)), diagnoses.day, masks[diagnoses.code]
    cut = f.remission_cut[people.instrument]
    views: dict = {}
    met_day, reference = {}, None
    room = _Room.for_rows(int(np.diff(taken.begins).max(initial=0)))
    for definition in f.definitions:
        asked = asked_by(definition, f, sets)
        if definition.trials not in views:
            minimum = f.minima(definition.trials.dose_standard.is_)
            mg = np.where(taken.treatment >= 0, spans.mg[np.maximum(taken.treatment, 0)], np.nan)
            drug = np.where(taken.treatment >= 0, spans.drug[np.maximum(taken.treatment, 0)], 0)
            dosed = taken._replace(is_adequate=mg >= minimum[drug])
            trials = room_for(len(taken.first), n)
            build_trials(dosed, asked.how[0], *scored, *coded, trials)
            views[definition.trials] = trials
        trials = views[definition.trials]
        on, is_candidate = np.full(n, LATER), np.zeros(len(taken.first), dtype=bool)
        _judge(taken.begins, trials, asked.branches, cut, room, on, is_candidate)
        _be_meant(taken.begins, trials, asked.who[0], people.first_day, *coded, on)
        if definition.who.age:
            years = completed_years(people.birth, np.where(on < LATER, on, people.birth))
            on[years < definition.who.age.at_least] = LATER
        met_day[definition.id] = np.where(on < LATER, on, NEVER)
        if definition.id == f.reference.id:
            reference = trials, is_candidate
    return Truth(met_day, taken.begins, *reference)


class _Room(NamedTuple):
    """Room for a number for each trial of one person: compiled code makes no arrays."""

    day: np.ndarray
    counts: np.ndarray
    reached: np.ndarray
    enough: np.ndarray
    takes: np.ndarray

    @classmethod
    def for_rows(cls, most: int) -> _Room:
        """Room for as many trials."""
        return cls(*(np.empty(most, np.bool_ if name == "counts" else np.int64) for name in cls._fields))


@compiled
def _judge(begins, trials, branches, cut, room, on, is_candidate):
    """The day on which each person meets any of the branches."""
    day, counts = room.day, room.counts
    for p in range(len(on)):
        begin, n = begins[p], trials.n[p]
        for b in range(len(branches)):
            branch = branches[b]
            for k in range(n):
                t = begin + k
                fits = _is_candidate(branch, trials, begin, n, t)
                is_candidate[t] |= fits
                counts[k] = fits and _has_failed(branch, trials, t, cut[p])
                day[k] = _dated(branch, trials, t)
            _find_enough(branch, trials, begin, n, branch.count, branch.count_by, room, room.enough)
            for k in range(n):
                room.takes[k] = room.enough[k]
            if branch.taken_count > 0:
                for k in range(n):
                    t = begin + k
                    counts[k] = trials.role[t] == branch.role and (trials.is_use[t] or not branch.needs_use)
                    day[k] = trials.start[t]
                _find_enough(branch, trials, begin, n, branch.taken_count, branch.taken_by, room, room.takes)
            for k in range(n):
                on[p] = min(on[p], max(room.enough[k], room.takes[k]))


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
    in_time = trials.switch[t] < LATER and trials.switch[t] - trials.end[t] <= branch.switched_within
    if in_time and (branch.switched == ALWAYS or (branch.switched == UNSCORED and not is_scored)):
        return True
    is_added = trials.added[t] < LATER
    if is_added and (branch.added_to == ALWAYS or (branch.added_to == UNSCORED and not is_scored)):
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
def _find_enough(branch, trials, begin, n, at_least, by, room, enough):
    """For the stretch of each trial: the day on which enough different ones that count are reached, or LATER."""
    day, counts, reached = room.day, room.counts, room.reached
    for k in range(n):
        reached[k] = enough[k] = LATER
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
    for k in range(n):
        if branch.within > EPISODE:
            enough[k] = reached[k]
            continue
        for j in range(n):
            same = trials.episode[begin + j] == trials.episode[begin + k] and trials.episode[begin + j] > 0
            if branch.within == EVER or same:
                enough[k] = min(enough[k], reached[j])


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
