"""The treatment of depression, one after the other: the ladder that the simulated people climb.

Each treatment brings remission, response, a partial response, nothing or side effects, with STAR*D's odds for its step; then
the person goes on with it, is switched, has something added, or is lost, may come back, may relapse.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from .course import NEVER, Course, Ended
from .formulary import Formulary
from .spread import Draws, days_in, weighted
from .streams import Kind, Streams

DAYS_A_YEAR = 365.25


class Effect(IntEnum):
    """What a treatment does."""

    REMISSION = 0
    RESPONSE = 1
    INTOLERANCE = 2
    CUT_SHORT = 3
    PARTIAL = 4
    NONE = 5


class Treatment:
    """Fills the treatments of depression into a course, column after column, for those who are still given one."""

    def __init__(self, streams: Streams, course: Course, formulary: Formulary, drop_out: str):
        self.streams, self.course, self.formulary, self.p = streams, course, formulary, formulary.parameters
        self.real_world = drop_out == "real-world"
        # The last day of each ingredient so far: a drug is not given again before every definition would see a new course.
        self.taken_until = np.full((len(course.person), len(formulary.ingredients)), NEVER, dtype=np.int64)

    def give(self, rows: np.ndarray, start: np.ndarray, sleeper: np.ndarray) -> None:
        """Treats the people in `rows` from these days on; `sleeper` says who takes a drug for sleep beside it."""
        f, t = self.formulary, self.p.treatment
        # A drug taken for sleep is not also given for depression: the two could not be told apart.
        for_sleep = f.ingredient_of[f.weights["sleep"] > 0]
        self.taken_until[np.ix_(sleeper, for_sleep)] = -NEVER
        step = np.ones(len(rows), dtype=np.int64)
        episode = np.ones(len(rows), dtype=np.int64)
        adds = np.zeros(len(rows), dtype=bool)
        fresh = np.ones(len(rows), dtype=bool)
        score = self._severity(rows, 0)
        for column in range(self.course.drug.shape[1] - 1):
            if not len(rows):
                break
            u = Draws(self.streams, Kind.TREATMENT, column, rows)
            diagnosis = self.streams.uniform(Kind.DIAGNOSIS, column, 0, rows)
            self.course.diagnosed[rows, column] = fresh | (diagnosis < self.p.diagnoses.repeated.p)
            drug = self._choose(rows, start, step, adds, u)
            effect = self._effect(step, u)
            full = days_in(u(3), t.full_effect)
            decided, going_on = self._length(effect, full, u)
            decided += start
            goal = self._goal(rows, column, effect, score)
            c = self.course
            c.drug[rows, column], c.start[rows, column] = drug, start
            c.step[rows, column], c.episode[rows, column] = step, episode
            c.baseline[rows, column], c.goal[rows, column] = score, goal
            # Whatever a treatment does, it has done by the day on which the next step is decided.
            c.full_effect[rows, column] = np.maximum(np.minimum(full, decided - start), 1)

            helped = effect == Effect.REMISSION
            continues = ~helped & (u(6) < self._continues(step))
            # After a treatment that was itself added, the next one replaces both.
            adds_next = continues & ~adds & (effect != Effect.INTOLERANCE) & (u(7) < t.added.p)
            stays = helped | ((effect == Effect.RESPONSE) & ~continues)
            end = np.where(stays, decided + going_on, decided)
            end = np.where(helped & (u(9) < t.kept_to_the_end.p), np.maximum(end, self.course.last_day[rows] + 1), end)
            reason = np.select(
                [helped, effect == Effect.INTOLERANCE, continues],
                [Ended.REMISSION_KEPT, Ended.INTOLERANCE, Ended.NO_RESPONSE],
                Ended.LOST,
            )
            at_once = u(10) < t.at_once.p
            pause = np.where(at_once | adds_next, 0, days_in(u(11), t.between))
            pause = np.where(continues, pause, self._wait(helped, u))
            following = end + 1 + pause
            last = self.course.last_day[rows]
            cut_off = (end > last) | (adds_next & (following > last))
            reason = np.where(cut_off, Ended.OBSERVATION_ENDED, reason)
            end = np.where(cut_off, last, end)
            decided = np.minimum(np.where(stays, end, decided), end)
            c.end[rows, column], c.decided[rows, column], c.ended[rows, column] = end, decided, reason
            self.taken_until[rows, self.formulary.ingredient_of[drug]] = end
            self._carry_on(rows[adds], column, end[adds], reason[adds])

            returns = np.where(helped, pause >= 0, continues | (pause >= 0))
            going = returns & ~cut_off & (following <= last)
            fresh = ~continues[going]
            score = np.where(fresh, self._severity(rows[going], column + 1), goal[going])
            episode = episode[going] + helped[going]
            step = np.where(helped[going], 1, step[going] + 1)
            rows, start, adds = rows[going], following[going], adds_next[going]

    def _carry_on(self, rows: np.ndarray, column: int, end: np.ndarray, reason: np.ndarray) -> None:
        """What was added to runs on for as long as what was added; side effects of the second are none of the first."""
        c = self.course
        c.end[rows, column - 1] = end
        c.ended[rows, column - 1] = np.where(reason == Ended.INTOLERANCE, Ended.NO_RESPONSE, reason)
        self.taken_until[rows, self.formulary.ingredient_of[c.drug[rows, column - 1]]] = end

    def _severity(self, rows: np.ndarray, occurrence: int) -> np.ndarray:
        """The score at the beginning of an episode, or on coming back."""
        s, least_greatest = self.p.scores.baseline, self.formulary.score_range[self.course.instrument[rows]]
        u = self.streams.uniform(Kind.SCORE, occurrence, 0, rows)
        share = (s.at_least + u * (s.at_most - s.at_least)) / 100
        score = np.rint(least_greatest[:, 0] + share * (least_greatest[:, 1] - least_greatest[:, 0])).astype(np.int64)
        return np.maximum(score, self.formulary.remission_cut[self.course.instrument[rows]] + 1)

    def _choose(self, rows, start, step, adds, u) -> np.ndarray:
        """A drug that the person has not had lately, by the weights for this kind of treatment."""
        f, t = self.formulary, self.p.treatment
        free = (start[:, None] - self.taken_until[rows] > f.same_drug_gap)[:, f.ingredient_of]
        agent = adds & (u(1) >= t.added_antidepressant.p)
        weight = np.where(
            agent[:, None], f.weights["added"], np.where((step == 1)[:, None], f.weights["first"], f.weights["later"])
        )
        weight = weight * free
        none_left = ~weight.any(axis=1)
        weight[none_left] = f.weights["later"] * free[none_left]
        return weighted(u(0), weight)

    def _effect(self, step: np.ndarray, u: Draws) -> np.ndarray:
        ladder, t = self.p.ladder, self.p.treatment
        remission = np.array(ladder.remission.by_step) / 100
        remission = remission[np.minimum(step, len(remission)) - 1]
        chance = u(2)
        response = remission + ladder.response_only.p
        intolerance = response + ladder.intolerance.p
        # What is left over is a fresh uniform number again.
        rest = (chance - intolerance) / (1 - intolerance)
        unhelped = np.where(
            rest < t.cut_short.p,
            Effect.CUT_SHORT,
            np.where((rest - t.cut_short.p) / (1 - t.cut_short.p) < ladder.partial.p, Effect.PARTIAL, Effect.NONE),
        )
        return np.select(
            [chance < remission, chance < response, chance < intolerance],
            [Effect.REMISSION, Effect.RESPONSE, Effect.INTOLERANCE],
            unhelped,
        )

    def _length(self, effect: np.ndarray, full: np.ndarray, u: Draws) -> tuple[np.ndarray, np.ndarray]:
        """Days from the first to the day on which it is decided what comes next, and days of going on after that."""
        t, f = self.p.treatment, self.formulary
        chance = u(4)
        days = np.select(
            [effect <= Effect.RESPONSE, effect == Effect.INTOLERANCE, effect == Effect.CUT_SHORT],
            [full, days_in(chance, t.intolerance_after), days_in(chance, t.cut_short_after)],
            days_in(chance, t.acute),
        )
        edge = u(5)
        at_a_limit = (effect >= Effect.PARTIAL) & (edge < t.at_a_limit.p)
        which = (edge / t.at_a_limit.p) % 1.0
        choices = f.durations[:, None] + np.array([-1, 0, 1])
        built_up = np.concatenate([choices.ravel(), *(choices.ravel() + d for d in t.first_dose.days)])
        limit = built_up[np.minimum((which * len(built_up)).astype(np.int64), len(built_up) - 1)]
        return np.where(at_a_limit, limit, days) - 1, days_in(u(8), t.continued)

    def _goal(self, rows: np.ndarray, column: int, effect: np.ndarray, baseline: np.ndarray) -> np.ndarray:
        """The whole score to which the treatment leads."""
        s, f = self.p.scores, self.formulary
        instrument = self.course.instrument[rows]
        (least, greatest), cut = f.score_range[instrument].T, f.remission_cut[instrument]
        response = f.response_pct[instrument]
        u = self.streams.uniform(Kind.SCORE, column, 1, rows)
        worse, half = -s.worse.at_most, response / 2
        better = np.where(effect == Effect.PARTIAL, half + u * (response - half), worse + u * (half - worse))
        goal = np.rint(baseline * (1 - better / 100)).astype(np.int64)
        near = self.streams.uniform(Kind.SCORE, column, 2, rows)
        which = np.minimum((near / s.near_a_limit.p * len(f.improvements)).astype(np.int64), len(f.improvements) - 1)
        nearest = np.rint(baseline * (1 - f.improvements[which] / 100)).astype(np.int64)
        goal = np.where((near < s.near_a_limit.p) & (effect >= Effect.PARTIAL), nearest, goal)
        most = np.maximum((baseline * (1 - response / 100)).astype(np.int64), cut + 1)
        goal = np.where(effect == Effect.RESPONSE, cut + 1 + (u * (most - cut)).astype(np.int64), goal)
        goal = np.clip(goal, cut + 1, greatest)
        return np.where(effect == Effect.REMISSION, least + (u * (cut - least + 1)).astype(np.int64), goal)

    def _continues(self, step: np.ndarray) -> np.ndarray | float:
        if self.real_world:
            return self.p.ladder.real_world_continues.p
        shares = np.array(self.p.ladder.continues())
        return shares[np.minimum(step, len(shares)) - 1]

    def _wait(self, helped: np.ndarray, u: Draws) -> np.ndarray:
        """Days without treatment before a relapse or a return; -1 where there is none."""
        t, f = self.p.treatment, self.formulary
        comes = helped | (u(12) < t.lost_return.p)
        relapse = DAYS_A_YEAR * np.log1p(-u(13)) / np.log1p(-t.relapse_in_a_year.p)
        lost = -t.lost_wait.mean * np.log1p(-u(13))
        days = np.where(helped, relapse, lost).astype(np.int64)
        if len(f.gaps):
            edge = u(14)
            choices = (f.gaps[:, None] + np.array([-1, 0, 1])).ravel()
            which = np.minimum((edge / t.at_a_limit.p * len(choices)).astype(np.int64), len(choices) - 1)
            days = np.where(~helped & (edge < t.at_a_limit.p), choices[which], days)
        # Nobody starts anew while the score after the last treatment is still taken for its endpoint.
        return np.where(comes, np.maximum(days, f.longest_endpoint + 1), -1)
