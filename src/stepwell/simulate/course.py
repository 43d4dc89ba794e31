"""The true course of treatment of a chunk of people: which drug, at what dose, for how long, and what it did.

A person is given one treatment after the other. Each brings remission, response, a partial response, nothing or side effects,
with STAR*D's odds for its step; then the person goes on with it, is switched, has something added, or is lost, may come
back, may relapse. Days are integers (days since 1970-01-01), scores are whole points, people are rows and treatments columns.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import IntEnum

import numpy as np

from .formulary import Formulary
from .parameters import Span
from .streams import Kind, Streams

NEVER = -(10**6)


class Ended(IntEnum):
    """Why a treatment ended; the names are those of `truth_trial.ended_for`."""

    REMISSION_KEPT = 0
    NO_RESPONSE = 1
    INTOLERANCE = 2
    LOST = 3
    OBSERVATION_ENDED = 4


class Effect(IntEnum):
    """What a treatment does."""

    REMISSION = 0
    RESPONSE = 1
    INTOLERANCE = 2
    CUT_SHORT = 3
    PARTIAL = 4
    NONE = 5


@dataclass
class Course:
    """People (rows) and their treatments (columns, by first day; the last column is the drug taken for sleep)."""

    person: np.ndarray
    female: np.ndarray
    birth: np.ndarray
    first_day: np.ndarray
    last_day: np.ndarray
    dies: np.ndarray
    depressed: np.ndarray
    instrument: np.ndarray
    supply: np.ndarray
    untreated_from: np.ndarray
    other_diagnosis: dict[str, np.ndarray]
    drug: np.ndarray
    start: np.ndarray
    end: np.ndarray
    step: np.ndarray
    episode: np.ndarray
    diagnosed: np.ndarray
    levels: np.ndarray
    dose_from: np.ndarray
    baseline: np.ndarray
    goal: np.ndarray
    full_effect: np.ndarray
    decided: np.ndarray
    ended: np.ndarray

    @property
    def given(self) -> np.ndarray:
        """Which cells hold a treatment."""
        return self.drug >= 0

    def take(self, rows: np.ndarray, columns: np.ndarray) -> Course:
        """Some of the people, with some of the treatments."""

        def part(value: np.ndarray | dict) -> np.ndarray | dict:
            if isinstance(value, dict):
                return {name: part(each) for name, each in value.items()}
            return value[rows] if value.ndim == 1 else value[rows[:, None], columns]

        return replace(self, **{f.name: part(getattr(self, f.name)) for f in fields(self)})

    def score_on(self, row: np.ndarray, column: np.ndarray, day: np.ndarray) -> np.ndarray:
        """The true score on a day of a treatment: straight from the baseline to what it will do, then level.

        In whole numbers, so that it is the same everywhere.
        """
        full = self.full_effect[row, column]
        elapsed = np.minimum(day - self.start[row, column], full)
        baseline = self.baseline[row, column]
        change = self.goal[row, column] - baseline
        return baseline + (2 * change * elapsed + full) // (2 * full)

    def dose_spans(self) -> tuple[np.ndarray, np.ndarray]:
        """First and last day (people x treatments x dose levels) of each dose; last before first where it was not given."""
        first = np.maximum(self.dose_from, self.start[..., None])
        following = np.concatenate([first[..., 1:], (self.end + 1)[..., None]], axis=-1)
        return first, np.minimum(following - 1, self.end[..., None])


def draw_course(streams: Streams, person: np.ndarray, formulary: Formulary, drop_out: str) -> Course:
    """The courses of these people. `drop_out` is `star-d` or `real-world`: who goes on to a next step."""
    return _Drawing(streams, person, formulary, drop_out).course


class _Drawing:
    """The drawing of one chunk: people first, then treatment after treatment for those who are still given one."""

    def __init__(self, streams: Streams, person: np.ndarray, formulary: Formulary, drop_out: str):
        self.streams, self.formulary, self.p = streams, formulary, formulary.parameters
        self.real_world = drop_out == "real-world"
        self.n, self.columns = len(person), self.p.treatment.most.treatments
        self.person = person
        self._draw_people()
        self._make_room()
        self._treat_depression()
        self._treat_other()
        self._treat_sleep()
        self._build_up_doses()

    # --- chance ------------------------------------------------------------------------------------------------------

    def _person(self, slot: int) -> np.ndarray:
        return self.streams.uniform(Kind.PERSON, 0, slot)

    @staticmethod
    def _days(u: np.ndarray, span: Span) -> np.ndarray:
        return span.at_least + (u * (span.at_most - span.at_least + 1)).astype(np.int64)

    # --- people ------------------------------------------------------------------------------------------------------

    def _draw_people(self) -> None:
        who, when = self.p.people, self.p.observation
        kind = self._person(0)
        self.depressed = kind < who.depressed.p + who.untreated.p
        self.treated = self.depressed & (kind >= who.untreated.p)
        self.female = self._person(1) < who.female.p
        earliest = (when.begins.earliest - _EPOCH).days
        span = (when.begins.latest - when.begins.earliest).days + 1
        self.first_day = earliest + (self._person(2) * span).astype(np.int64)
        lasts = self._days(self._person(3), when.lasts)
        death = self._person(4)
        risk = who.dies_each_year.p * lasts / _YEAR
        self.dies = death < risk
        share_of_time = np.where(self.dies, death / np.maximum(risk, np.finfo(float).tiny), 1.0)
        self.last_day = self.first_day + np.maximum((lasts * share_of_time).astype(np.int64), 1) - 1
        lead = self._days(self._person(5), when.before_treatment)
        self.begin = self.first_day + np.where(self._person(6) < when.none_before.p, 0, lead)
        self.birth = self.begin - (_triangle(self._person(7), who.age) * _YEAR).astype(np.int64)
        self.instrument = _pick(self._person(8), self.p.scores.instruments.of.values())
        supplies = self.p.fills.lasting.of
        self.supply = np.array(list(supplies))[_pick(self._person(9), supplies.values())]
        self.sleeper = self.treated & (self._person(10) < who.sleep.p)
        watched = self.last_day - self.first_day + 1
        self.other_diagnosis = {}
        for slot, (codeset, share) in enumerate((("bipolar", who.bipolar), ("psychosis", who.psychosis))):
            day = self.first_day + (self._person(12 + 2 * slot) * watched).astype(np.int64)
            has = self.depressed & (self._person(11 + 2 * slot) < share.p)
            self.other_diagnosis[codeset] = np.where(has, day, NEVER)

    def _make_room(self) -> None:
        def whole(fill: int) -> np.ndarray:
            return np.full((self.n, self.columns + 1), fill, dtype=np.int64)

        levels = np.zeros((self.n, self.columns + 1, 3), dtype=np.int64)
        self.course = Course(
            person=self.person,
            female=self.female,
            birth=self.birth,
            first_day=self.first_day,
            last_day=self.last_day,
            dies=self.dies,
            depressed=self.depressed,
            instrument=self.instrument,
            supply=self.supply,
            untreated_from=np.where(self.depressed & ~self.treated, self.begin, NEVER),
            other_diagnosis=self.other_diagnosis,
            drug=whole(-1),
            start=whole(NEVER),
            end=whole(NEVER),
            step=whole(0),
            episode=whole(0),
            diagnosed=np.zeros((self.n, self.columns + 1), dtype=bool),
            levels=levels,
            dose_from=levels + NEVER,
            baseline=whole(-1),
            goal=whole(-1),
            full_effect=whole(1),
            decided=whole(NEVER),
            ended=whole(Ended.OBSERVATION_ENDED),
        )
        # The last day of each ingredient so far: a drug is not given again before every definition would see a new course.
        self.taken_until = np.full((self.n, len(self.formulary.ingredients)), NEVER, dtype=np.int64)

    # --- treatment of depression -------------------------------------------------------------------------------------

    def _treat_depression(self) -> None:
        f, t = self.formulary, self.p.treatment
        # A drug taken for sleep is not also given for depression: the two could not be told apart.
        for_sleep = f.ingredient_of[f.weights["sleep"] > 0]
        self.taken_until[np.ix_(self.sleeper, for_sleep)] = -NEVER
        rows = np.flatnonzero(self.treated & (self.begin <= self.last_day))
        start, step = self.begin[rows], np.ones(len(rows), dtype=np.int64)
        episode = np.ones(len(rows), dtype=np.int64)
        adds = np.zeros(len(rows), dtype=bool)
        fresh = np.ones(len(rows), dtype=bool)
        score = self._severity(rows, 0)
        for column in range(self.columns):
            if not len(rows):
                break
            u = _Draws(self.streams, Kind.TREATMENT, column, rows)
            diagnosis = self.streams.uniform(Kind.DIAGNOSIS, column, 0, rows)
            self.course.diagnosed[rows, column] = fresh | (diagnosis < self.p.diagnoses.repeated.p)
            drug = self._choose(rows, start, step, adds, u)
            effect = self._effect(step, u)
            full = self._days(u(3), t.full_effect)
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
            end = np.where(helped & (u(9) < t.kept_to_the_end.p), np.maximum(end, self.last_day[rows] + 1), end)
            reason = np.select(
                [helped, effect == Effect.INTOLERANCE, continues],
                [Ended.REMISSION_KEPT, Ended.INTOLERANCE, Ended.NO_RESPONSE],
                Ended.LOST,
            )
            at_once = u(10) < t.at_once.p
            pause = np.where(at_once | adds_next, 0, self._days(u(11), t.between))
            pause = np.where(continues, pause, self._wait(helped, u))
            following = end + 1 + pause
            last = self.last_day[rows]
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
        s, least_greatest = self.p.scores.baseline, self.formulary.score_range[self.instrument[rows]]
        u = self.streams.uniform(Kind.SCORE, occurrence, 0, rows)
        share = (s.at_least + u * (s.at_most - s.at_least)) / 100
        score = np.rint(least_greatest[:, 0] + share * (least_greatest[:, 1] - least_greatest[:, 0])).astype(np.int64)
        return np.maximum(score, self.formulary.remission_cut[self.instrument[rows]] + 1)

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
        return _weighted(u(0), weight)

    def _effect(self, step: np.ndarray, u: _Draws) -> np.ndarray:
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

    def _length(self, effect: np.ndarray, full: np.ndarray, u: _Draws) -> tuple[np.ndarray, np.ndarray]:
        """Days from the first to the day on which it is decided what comes next, and days of going on after that."""
        t, f = self.p.treatment, self.formulary
        chance = u(4)
        days = np.select(
            [effect <= Effect.RESPONSE, effect == Effect.INTOLERANCE, effect == Effect.CUT_SHORT],
            [full, self._days(chance, t.intolerance_after), self._days(chance, t.cut_short_after)],
            self._days(chance, t.acute),
        )
        edge = u(5)
        at_a_limit = (effect >= Effect.PARTIAL) & (edge < t.at_a_limit.p)
        which = (edge / t.at_a_limit.p) % 1.0
        choices = f.durations[:, None] + np.array([-1, 0, 1])
        built_up = np.concatenate([choices.ravel(), *(choices.ravel() + d for d in t.first_dose.days)])
        limit = built_up[np.minimum((which * len(built_up)).astype(np.int64), len(built_up) - 1)]
        return np.where(at_a_limit, limit, days) - 1, self._days(u(8), t.continued)

    def _goal(self, rows: np.ndarray, column: int, effect: np.ndarray, baseline: np.ndarray) -> np.ndarray:
        """The whole score to which the treatment leads."""
        s, f = self.p.scores, self.formulary
        instrument = self.instrument[rows]
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

    def _wait(self, helped: np.ndarray, u: _Draws) -> np.ndarray:
        """Days without treatment before a relapse or a return; -1 where there is none."""
        t, f = self.p.treatment, self.formulary
        comes = helped | (u(12) < t.lost_return.p)
        relapse = _YEAR * np.log1p(-u(13)) / np.log1p(-t.relapse_in_a_year.p)
        lost = -t.lost_wait.mean * np.log1p(-u(13))
        days = np.where(helped, relapse, lost).astype(np.int64)
        if len(f.gaps):
            edge = u(14)
            choices = (f.gaps[:, None] + np.array([-1, 0, 1])).ravel()
            which = np.minimum((edge / t.at_a_limit.p * len(choices)).astype(np.int64), len(choices) - 1)
            days = np.where(~helped & (edge < t.at_a_limit.p), choices[which], days)
        # Nobody starts anew while the score after the last treatment is still taken for its endpoint.
        return np.where(comes, np.maximum(days, f.longest_endpoint + 1), -1)

    # --- other uses --------------------------------------------------------------------------------------------------

    def _treat_other(self) -> None:
        """An antidepressant for something else, once or twice, without a diagnosis of depression and unscored."""
        o, weight = self.p.other_use, self.formulary.weights["other"]
        rows = np.flatnonzero(~self.depressed & (self.begin <= self.last_day))
        start = self.begin[rows]
        for column in range(2):
            u = _Draws(self.streams, Kind.BESIDE, column, rows)
            free = (self.taken_until[rows] == NEVER)[:, self.formulary.ingredient_of]
            drug = _weighted(u(0), weight * free)
            end = self._beside(rows, column, drug, start, start + self._days(u(1), o.lasting) - 1)
            self.taken_until[rows, self.formulary.ingredient_of[drug]] = end
            on = (u(2) < o.courses.twice / 100) & (end + 1 <= self.last_day[rows])
            rows, start = rows[on], end[on] + 1

    def _treat_sleep(self) -> None:
        s, c = self.p.sleep_use, self.course
        rows = np.flatnonzero(self.sleeper & (c.drug[:, 0] >= 0))
        u = _Draws(self.streams, Kind.BESIDE, self.columns, rows)
        start = c.start[rows, 0] + self._days(u(1), s.begins)
        seen = start <= self.last_day[rows]
        drug = _weighted(u(0), np.broadcast_to(self.formulary.weights["sleep"], (len(rows), len(self.formulary.drugs))))
        end = start + self._days(u(2), s.lasting) - 1
        self._beside(rows[seen], self.columns, drug[seen], start[seen], end[seen])

    def _beside(self, rows, column: int, drug, start, end) -> np.ndarray:
        c = self.course
        cut_off = end > self.last_day[rows]
        end = np.where(cut_off, self.last_day[rows], end)
        c.drug[rows, column], c.start[rows, column], c.end[rows, column] = drug, start, end
        c.ended[rows, column] = np.where(cut_off, Ended.OBSERVATION_ENDED, Ended.LOST)
        return end

    # --- doses -------------------------------------------------------------------------------------------------------

    def _build_up_doses(self) -> None:
        """The first dose, the dose aimed at, and sometimes a higher one: levels, and the day from which each is taken."""
        f, t, c = self.formulary, self.p.treatment, self.course
        rows, columns = np.nonzero(c.given)
        drug = c.drug[rows, columns]
        u = _Draws(self.streams, Kind.TREATMENT, columns, rows)
        plan = u(20)
        low = plan < t.underdosed.p
        plan = (plan - t.underdosed.p) / (1 - t.underdosed.p)
        adequate, top = f.adequate_level[drug], f.n_levels[drug] - 1
        aim = np.where(low, np.maximum(adequate - 1, 0), adequate + (plan < t.above_minimum.p))
        aim = np.minimum(aim, top)
        more = np.minimum(aim + 1, np.where(low, aim, top))
        higher = np.where(u(22) < t.raised.p, more, aim)
        first_days = np.array(t.first_dose.days)[(u(21) * len(t.first_dose.days)).astype(np.int64)]
        start = c.start[rows, columns]
        c.levels[rows, columns] = np.stack([np.zeros_like(aim), aim, higher], axis=1)
        to_aim = np.where(aim > 0, start + first_days, start)
        to_higher = np.where(higher > aim, start + self._days(u(23), t.raised_after), -NEVER)
        c.dose_from[rows, columns] = np.stack([start, to_aim, to_higher], axis=1)


_YEAR = 365.25
_EPOCH = np.datetime64(0, "D").astype(object)


class _Draws:
    """The draws for one occurrence of one kind, by slot."""

    def __init__(self, streams: Streams, kind: Kind, occurrence: int | np.ndarray, rows: np.ndarray):
        self._of = lambda slot: streams.uniform(kind, occurrence, slot, rows)

    def __call__(self, slot: int) -> np.ndarray:
        return self._of(slot)


def _pick(u: np.ndarray, shares) -> np.ndarray:
    """The index of the share into which each number falls."""
    bounds = np.cumsum(list(shares))
    return np.minimum(np.searchsorted(bounds, u * bounds[-1], side="right"), len(bounds) - 1)


def _weighted(u: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """One column for each row, with odds by the row's weights."""
    bounds = np.cumsum(weight, axis=1)
    return np.minimum((u[:, None] * bounds[:, -1:] >= bounds).sum(axis=1), weight.shape[1] - 1)


def _triangle(u: np.ndarray, age) -> np.ndarray:
    low, mode, high = age.youngest, age.usual, age.oldest
    turn = (mode - low) / (high - low)
    left = low + np.sqrt(u * (high - low) * (mode - low))
    right = high - np.sqrt((1 - u) * (high - low) * (high - mode))
    return np.where(u < turn, left, right)
