"""Drawing the true course of some people: who they are, their treatment, what they take beside it, and the doses."""

from __future__ import annotations

import numpy as np

from .course import NEVER, Course, Ended
from .formulary import Formulary
from .spread import Draws, days_in, pick, triangle, weighted
from .streams import Kind, Streams
from .treat import DAYS_A_YEAR, Treatment

_EPOCH = np.datetime64(0, "D").astype(object)


def draw_course(streams: Streams, person: np.ndarray, formulary: Formulary, drop_out: str) -> Course:
    """The courses of these people. `drop_out` is `star-d` or `real-world`: who goes on to a next step."""
    return _Drawing(streams, person, formulary, drop_out).course


class _Drawing:
    """The drawing of one chunk: people first, then treatment after treatment for those who are still given one."""

    def __init__(self, streams: Streams, person: np.ndarray, formulary: Formulary, drop_out: str):
        self.streams, self.formulary, self.p = streams, formulary, formulary.parameters
        self.n, self.columns = len(person), self.p.treatment.most.treatments
        self.person = person
        self._draw_people()
        self._make_room()
        rows = np.flatnonzero(self.treated & (self.begin <= self.last_day))
        Treatment(streams, self.course, formulary, drop_out).give(rows, self.begin[rows], self.sleeper)
        self._treat_other()
        self._treat_sleep()
        self._build_up_doses()

    # --- chance ------------------------------------------------------------------------------------------------------

    def _person(self, slot: int) -> np.ndarray:
        return self.streams.uniform(Kind.PERSON, 0, slot)

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
        lasts = days_in(self._person(3), when.lasts)
        death = self._person(4)
        risk = who.dies_each_year.p * lasts / DAYS_A_YEAR
        self.dies = death < risk
        share_of_time = np.where(self.dies, death / np.maximum(risk, np.finfo(float).tiny), 1.0)
        self.last_day = self.first_day + np.maximum((lasts * share_of_time).astype(np.int64), 1) - 1
        lead = days_in(self._person(5), when.before_treatment)
        self.begin = self.first_day + np.where(self._person(6) < when.none_before.p, 0, lead)
        self.birth = self.begin - (triangle(self._person(7), who.age) * DAYS_A_YEAR).astype(np.int64)
        self.instrument = pick(self._person(8), self.p.scores.instruments.of.values())
        supplies = self.p.fills.lasting.of
        self.supply = np.array(list(supplies))[pick(self._person(9), supplies.values())]
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

    # --- other uses --------------------------------------------------------------------------------------------------

    def _treat_other(self) -> None:
        """An antidepressant for something else, once or twice, without a diagnosis of depression and unscored."""
        o, weight = self.p.other_use, self.formulary.weights["other"]
        rows = np.flatnonzero(~self.depressed & (self.begin <= self.last_day))
        start, drug = self.begin[rows], np.full(len(rows), -1)
        ingredient = self.formulary.ingredient_of
        for column in range(2):
            u = Draws(self.streams, Kind.BESIDE, column, rows)
            is_new = (drug < 0)[:, None] | (ingredient[drug][:, None] != ingredient)
            drug = weighted(u(0), weight * is_new)
            end = self._beside(rows, column, drug, start, start + days_in(u(1), o.lasting) - 1)
            on = (u(2) < o.courses.twice / 100) & (end + 1 <= self.last_day[rows])
            rows, start, drug = rows[on], end[on] + 1, drug[on]

    def _treat_sleep(self) -> None:
        s, c = self.p.sleep_use, self.course
        rows = np.flatnonzero(self.sleeper & (c.drug[:, 0] >= 0))
        u = Draws(self.streams, Kind.BESIDE, self.columns, rows)
        start = c.start[rows, 0] + days_in(u(1), s.begins)
        seen = start <= self.last_day[rows]
        drug = weighted(u(0), np.broadcast_to(self.formulary.weights["sleep"], (len(rows), len(self.formulary.drugs))))
        end = start + days_in(u(2), s.lasting) - 1
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
        u = Draws(self.streams, Kind.TREATMENT, columns, rows)
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
        to_higher = np.where(higher > aim, start + days_in(u(23), t.raised_after), -NEVER)
        c.dose_from[rows, columns] = np.stack([start, to_aim, to_higher], axis=1)
