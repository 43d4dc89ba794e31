"""Who truly has TRD: the definitions' forms applied to the true course, in plain arrays.

This is a reading of the forms of its own: it sees the course as it was and so knows no "unknown". What the engine finds in
records without noise must agree with it. People are rows, treatments columns; a definition's limits come from its form.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stepwell.knowledge.definition import Branch, Count, Definition, TrialBuilding

from .course import NEVER, Course, Ended
from .formulary import Formulary

LATER = -NEVER
"""A day after all others."""
_WIDTHS = (2, 4)


@dataclass
class Truth:
    """What is true of some people.

    `met_day`: for each definition, by its id, the day on which it is met; NEVER where it is not. By the definition that
    says so (people x treatments): `is_adequate`, whether a treatment was long and strong enough; `baseline` and `endpoint`,
    the scores it is judged by, -1 where it was too short to be.
    """

    met_day: dict[str, np.ndarray]
    is_adequate: np.ndarray
    baseline: np.ndarray
    endpoint: np.ndarray


def find_truth(course: Course, formulary: Formulary) -> Truth:
    """The truth of every definition that has one, for the people of the course."""
    n, width = course.drug.shape
    met_day = {d.id: np.full(n, NEVER) for d in formulary.definitions}
    truth = Truth(met_day, np.zeros((n, width), dtype=bool), np.full((n, width), -1), np.full((n, width), -1))
    n_treatments = course.given[:, :-1].sum(axis=1)
    # Most people have few treatments: looked at together with their like, they need narrow tables only.
    for least, most in zip((0, *_WIDTHS), (*_WIDTHS, width - 1), strict=True):
        rows = np.flatnonzero((n_treatments > least) & (n_treatments <= most))
        columns = np.array([*range(min(most, width - 1)), width - 1])
        part = course.take(rows, columns)
        views: dict[TrialBuilding, Trials] = {}
        for definition in formulary.definitions:
            if definition.trials not in views:
                views[definition.trials] = Trials(part, formulary, definition.trials)
            view = views[definition.trials]
            met = np.min([_met_by(branch, view) for branch in definition.branch], axis=0)
            is_met = (met < LATER) & _is_meant(definition, met, view)
            truth.met_day[definition.id][rows] = np.where(is_met, met, NEVER)
            if definition.id == formulary.reference.id:
                adequate = np.any([_is_candidate(branch, view) for branch in definition.branch], axis=0)
                here = np.ix_(rows, columns)
                truth.is_adequate[here] = adequate
                truth.baseline[here], truth.endpoint[here] = view.scores
    return truth


class Trials:
    """The treatments as one way of building trials sees them."""

    def __init__(self, course: Course, formulary: Formulary, how: TrialBuilding):
        self.course, self.formulary, self.how = course, formulary, how
        drug = np.maximum(course.drug, 0)
        self.ingredient, self.drug_class = formulary.ingredient_of[drug], formulary.class_of[drug]
        self.role = np.where(course.given, formulary.role_of[drug], "")
        self.start = np.where(course.given, course.start, LATER)
        first, last = course.dose_spans()
        self._dose = np.take_along_axis(formulary.levels[drug], course.levels, axis=2)
        self._dose_days = np.where(course.given[..., None], np.maximum(last - first + 1, 0), 0)
        if how.basis.is_ == "prescriptions":
            supply = course.supply[:, None, None]
            fills = np.where(self._dose_days > 0, first + (last - first) // supply * supply, NEVER)
            self.end = np.where(course.given, fills.max(axis=2), NEVER)
            self.n_days = self.end - self.start
        else:
            self.end = np.where(course.given, course.end, NEVER)
            self.n_days = self.end - self.start + 1
        above = self._dose > formulary.low_dose[drug][..., None]
        self.is_use = (above & (self._dose_days > 0)).any(axis=2)
        self.is_antidepressant = (self.role == "antidepressant") & self.is_use

    @property
    def _columns(self) -> range:
        return range(self.start.shape[1])

    @cached_property
    def n_days_adequate(self) -> np.ndarray:
        """Days at or above the least adequate dose."""
        minimum = self.formulary.minima(self.how.dose_standard.is_)[np.maximum(self.course.drug, 0)]
        return np.where(self._dose >= minimum[..., None], self._dose_days, 0).sum(axis=2)

    def _other(self, column: int) -> tuple[np.ndarray, ...]:
        """One treatment of each person, set beside all of theirs; never beside a course of the same drug."""
        beside = (slice(None), slice(column, column + 1))
        differs = self.ingredient[beside] != self.ingredient
        return self.start[beside], self.end[beside], differs, beside

    @cached_property
    def switch(self) -> np.ndarray:
        """The first other antidepressant begun at the end (or in the cross-taper before it) that goes on beyond it."""
        found = np.full_like(self.start, LATER)
        for column in self._columns:
            start, end, differs, beside = self._other(column)
            follows = (start > self.start) & (start >= self.end - self.how.cross_taper.at_most) & (end > self.end)
            fits = follows & differs & self.is_antidepressant[beside]
            found = np.where(fits, np.minimum(found, start), found)
        return found

    @cached_property
    def added(self) -> np.ndarray:
        """The first drug added while the treatment went on."""
        taper = self.how.cross_taper.at_most
        found = np.full_like(self.start, LATER)
        for column in self._columns:
            start, end, differs, beside = self._other(column)
            inside = (start > self.start) & (start < self.end - taper)
            together = np.minimum(end, self.end) - start + 1 > taper
            treats = self.is_antidepressant[beside] | ~np.isin(self.role[beside], ("antidepressant", ""))
            found = np.where(inside & together & differs & treats, np.minimum(found, start), found)
        return found

    def preceded_within(self, days: int) -> np.ndarray:
        """Whether another antidepressant was being taken when the treatment began, or had been so many days before."""
        found = np.zeros(self.start.shape, dtype=bool)
        for column in self._columns:
            start, end, differs, beside = self._other(column)
            recent = (start <= self.start) & (self.start - end <= days)
            found |= recent & differs & self.is_antidepressant[beside]
        return found

    @cached_property
    def scores(self) -> tuple[np.ndarray, np.ndarray]:
        """(baseline, endpoint) of each treatment; -1 where there is none.

        Only the scores at the beginning and at the decision of each treatment matter: all others lie before a later one.
        """
        c, how = self.course, self.how
        shape = self.start.shape
        baseline, baseline_day = np.full(shape, -1), np.full(shape, NEVER)
        endpoint, endpoint_day = np.full(shape, -1), np.full(shape, NEVER)
        latest = np.minimum(np.minimum(self.end + how.endpoint.after_end, self.switch), self.added)
        for column in range(shape[1] - 1):
            scored = c.baseline[:, column] >= 0
            row = np.arange(shape[0])
            for day in (c.start[:, column], c.decided[:, column]):
                score = np.where(scored, c.score_on(row, np.full(shape[0], column), day), -1)
                upto = slice(0, column + 1)
                here, points, known = day[:, None], score[:, None], scored[:, None]
                early = known & (here <= self.start[:, upto] + how.baseline.after)
                early &= here >= self.start[:, upto] - how.baseline.before
                baseline[:, upto] = np.where(early, points, baseline[:, upto])
                baseline_day[:, upto] = np.where(early, here, baseline_day[:, upto])
                late = known & (here >= self.start[:, upto] + how.endpoint.after_start) & (here <= latest[:, upto])
                endpoint[:, upto] = np.where(late, points, endpoint[:, upto])
                endpoint_day[:, upto] = np.where(late, here, endpoint_day[:, upto])
        both = (baseline >= 0) & (endpoint >= 0) & (endpoint_day > baseline_day)
        return np.where(both, baseline, -1), np.where(both, endpoint, -1)

    @cached_property
    def improvement_pct(self) -> np.ndarray:
        """NaN where there is no endpoint, or nothing to improve."""
        baseline, endpoint = self.scores
        cut = self.formulary.remission_cut[self.course.instrument][:, None]
        ill = baseline > cut
        return np.where(ill, 100 * (baseline - endpoint) / np.where(ill, baseline, 1), np.nan)

    @cached_property
    def is_unremitted(self) -> np.ndarray:
        """Whether the endpoint lies above the remission cut."""
        return self.scores[1] > self.formulary.remission_cut[self.course.instrument][:, None]

    @cached_property
    def episode(self) -> np.ndarray:
        """The number of the episode in which each treatment began; 0 for an added drug outside any."""
        gap = self.how.episode_gap.at_most
        number = np.zeros_like(self.start)
        order = np.argsort(self.start, axis=1, kind="stable")
        current, until = np.zeros(len(number), dtype=np.int64), np.full(len(number), NEVER)
        row = np.arange(len(number))
        for column in order.T:
            start, drug = self.start[row, column], self.is_antidepressant[row, column]
            diagnosed = self.course.diagnosed[row, column]
            active = drug | diagnosed
            current = current + (active & (start - until - 1 > gap))
            number[row, column] = np.where(active | (start - until <= gap), current, 0)
            reached = np.where(drug, self.end[row, column], start)
            until = np.where(active, np.maximum(until, reached), until)
        return number


def _is_candidate(branch: Branch, t: Trials) -> np.ndarray:
    """The criteria of the trial, before it is asked whether it failed."""
    asked = branch.trial
    ok = t.role == asked.role.is_
    if asked.use.is_ == "antidepressant dose":
        ok &= t.is_use
    if asked.min_duration:
        ok &= t.n_days >= asked.min_duration.at_least
    if asked.min_dose:
        ok &= t.n_days_adequate >= asked.min_dose.at_least
    if asked.preceded_by:
        ok &= t.preceded_within(asked.preceded_by.within)
    return ok


def _has_failed(branch: Branch, t: Trials) -> np.ndarray:
    how = branch.failure
    failed = np.zeros(t.start.shape, dtype=bool)
    if how.improvement:
        failed |= t.improvement_pct < how.improvement.below
    if how.not_remitted:
        failed |= t.is_unremitted
    if how.intolerant:
        failed |= t.course.ended == Ended.INTOLERANCE
    if how.switched:
        in_time = t.switch - t.end <= how.switched.within
        failed |= in_time & ((how.switched.when == "always") | np.isnan(t.improvement_pct))
    if how.added_to:
        failed |= (t.added < LATER) & ((how.added_to.when == "always") | np.isnan(t.improvement_pct))
    if how.taken:
        failed |= True
    return failed


def _met_by(branch: Branch, t: Trials) -> np.ndarray:
    """The day on which each person meets a branch; LATER where never."""
    counts = _is_candidate(branch, t) & _has_failed(branch, t)
    next_treatment = np.minimum(t.switch, t.added)
    day = {
        "trial start": t.start,
        "trial end": t.end,
        "next treatment start": np.where(next_treatment < LATER, next_treatment, t.end),
    }[branch.dated.at]
    enough = _day_of_number(branch, branch.count, t, counts, day)
    if branch.taken:
        of_role = t.role == branch.trial.role.is_
        takes = of_role if branch.trial.use.is_ == "any" else of_role & t.is_use
        enough = np.maximum(enough, _day_of_number(branch, branch.taken, t, takes, t.start))
    return enough.min(axis=1)


def _day_of_number(branch: Branch, count: Count, t: Trials, counts: np.ndarray, day: np.ndarray) -> np.ndarray:
    """For the stretch of each treatment (columns): the day on which the number of different ones is reached, or LATER."""
    kinds = {"ingredient": t.ingredient, "class": t.drug_class, "course": np.broadcast_to(t._columns, counts.shape)}
    bit = np.where(counts, np.left_shift(1, kinds[count.distinct].astype(np.int64)), 0)
    reached = np.full(counts.shape, LATER)
    for last in t._columns:
        upto = counts & (day <= day[:, last : last + 1])
        if branch.within.days is not None:
            upto &= day > day[:, last : last + 1] - branch.within.days
        if branch.within.is_ == "episode":
            upto &= t.episode == t.episode[:, last : last + 1]
            upto &= t.episode > 0
        number = np.bitwise_count(np.bitwise_or.reduce(np.where(upto, bit, 0), axis=1))
        reached[:, last] = np.where(counts[:, last] & (number >= count.at_least), day[:, last], LATER)
    if branch.within.is_ == "ever":
        return np.broadcast_to(reached.min(axis=1, keepdims=True), reached.shape)
    if branch.within.is_ == "episode":
        first = np.full_like(reached, LATER)
        for column in t._columns:
            same = (t.episode == t.episode[:, column : column + 1]) & (t.episode > 0)
            first = np.where(same, np.minimum(first, reached[:, column : column + 1]), first)
        return first
    return reached


def _is_meant(definition: Definition, on: np.ndarray, t: Trials) -> np.ndarray:
    """Whether the definition is about the person, judged on the day on which it is met."""
    who, meant, c, f = definition.who, np.ones(len(on), dtype=bool), t.course, t.formulary
    if who.washout:
        first = np.where(t.role == "antidepressant", t.start, LATER).min(axis=1)
        meant &= first - c.first_day >= who.washout.at_least
    if who.age:
        meant &= completed_years(c.birth, np.where(on < LATER, on, c.birth)) >= who.age.at_least
    if who.diagnosis:
        first, later = (set(who.diagnosis.any_of) & f.codesets_of[name] for name in ("first-episode", "later-episode"))
        coded = np.where(c.episode > 1, bool(later), bool(first)) & c.diagnosed
        if who.diagnosis.when == "before":
            coded &= c.start <= on[:, None]
        meant &= coded.sum(axis=1) >= who.diagnosis.at_least
    if who.never:
        for name, day in c.other_diagnosis.items():
            if set(who.never.any_of) & f.codesets_of[name]:
                meant &= ~((day != NEVER) & ((who.never.when == "ever") | (day <= on)))
    return meant


def completed_years(birth: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Whole years from birth to a day."""
    born, today = birth.astype("datetime64[D]"), day.astype("datetime64[D]")
    years = today.astype("datetime64[Y]").astype(int) - born.astype("datetime64[Y]").astype(int)

    def in_year(when: np.ndarray) -> np.ndarray:
        month = when.astype("datetime64[M]")
        return month.astype(int) % 12 * 32 + (when - month).astype(int)

    return years - (in_year(today) < in_year(born))
