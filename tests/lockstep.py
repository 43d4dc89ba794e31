"""The model a second time, in plain NumPy: everybody at once, one thing happening to each in turn.

Written from docs/simulator.md and the parameters, with whole arrays in place of one life after the other; it shares with the
compiled walk the draws (`Streams`), the record of parameters and the names of states and events, and nothing else. The same bits
must come out.
"""

from __future__ import annotations

import numpy as np

from stepwell.simulate import Event, Kind, Outcome, Policy, Resistance, State, Streams, Treatment, chance
from stepwell.simulate.packing import packed

OVER, DECIDE, TRY, COURSE, WELL = range(5)
INF = np.inf


def log(x):
    bits = np.asarray(x, dtype=np.float64).view(np.uint64)
    k = (bits >> np.uint64(52)).astype(np.int64) - 1023
    m = (bits & np.uint64(2**52 - 1) | np.uint64(1023 << 52)).view(np.float64)
    above = m > 1.41421356237309504880
    m, k = np.where(above, m * 0.5, m), k + above
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    low = (1 / 3 + z * (1 / 5)) + w * (1 / 7 + z * (1 / 9))
    high = (1 / 11 + z * (1 / 13)) + w * (1 / 15 + z * (1 / 17))
    series = z * (low + w * w * (high + w * w * (1 / 19)))
    return k * 6.93147180369123816490e-01 + (2.0 * (s + s * series) + k * 1.90821492927058770002e-10)


def exp(x):
    x = np.minimum(np.asarray(x, dtype=np.float64), 709.0)
    inside = np.maximum(x, -708.0)
    k = np.floor(inside * 1.44269504088896338700 + 0.5)
    r = (inside - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10
    w = r * r
    v = w * w
    low = (1.0 + r) + w * (1 / 2 + r * (1 / 6))
    mid = (1 / 24 + r * (1 / 120)) + w * (1 / 720 + r * (1 / 5040))
    high = (1 / 40320 + r * (1 / 362880)) + w * (1 / 3628800 + r * (1 / 39916800))
    series = low + v * (mid + v * (high + v * (1 / 479001600)))
    return np.where(x < -708.0, 0.0, series * ((k + 1023.0).astype(np.int64) << 52).view(np.float64))


def power(x, y):
    x, y = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    plain = (y == 1.0) | (x == 0.0)
    return np.where(plain, x, exp(y * log(np.where(plain, 1.0, x))))


def normal(u):
    """By the published tables of coefficients, which stand in `chance`."""

    def ratio(table, r):
        above, below = (sum_of(row, r) for row in table)
        return above / below

    def sum_of(row, r):
        total = np.zeros_like(r)
        for coefficient in row[::-1]:
            total = total * r + coefficient
        return total

    q = u - 0.5
    central = np.abs(q) <= 0.425
    r = np.sqrt(-log(np.where(q < 0.0, u, 1.0 - u)))
    tail = np.where(r <= 5.0, ratio(chance.TAIL, r - 1.6), ratio(chance.FAR, r - 5.0))
    return np.where(central, q * ratio(chance.CENTRE, 0.180625 - q * q), np.where(q < 0.0, -tail, tail))


class Crowd:
    """Everybody, one entry of each array a person. `rows` are places in them."""

    def __init__(self, parameters, policy: Policy, seed: int, people: range):
        self.p = p = packed(parameters)[0]
        q = policy.packed()[0]
        self.offers = [(q["treatment"][n], q["after"][n], q["uptake"][n], q["wait"][n]) for n in range(q["n_offers"])]
        self.maintenance_days, self.judge_after, self.therapy = q["maintenance_days"], q["judge_after"], q["therapy"]
        self.person = np.arange(people.start, people.stop, people.step)
        self.streams, n = Streams(seed, self.person), len(people)
        self.everybody = np.arange(n)
        whole = {name: np.zeros(n, dtype=np.int64) for name in _COUNTS}
        real = {name: np.zeros(n) for name in _REALS}
        for name, start in {**whole, **real}.items():
            setattr(self, name, start)
        for name in _NONE:
            setattr(self, name, np.full(n, -1))
        for name in _NEVER:
            setattr(self, name, np.full(n, INF))
        self.tried, self.tried_now = np.zeros((2, n), dtype=np.uint64)
        self.days_in = np.zeros((n, len(State)))
        self.is_resistant = np.zeros((n, len(Resistance)), dtype=bool)
        self.resistant_day = np.full((n, len(Resistance)), np.nan)
        self.n_courses = np.zeros((n, len(Treatment)), dtype=np.int64)
        self.n_sessions = np.zeros((n, len(Treatment)))
        self.episode = np.ones(n, dtype=np.int64)
        self.phase = np.full(n, TRY)
        self.log: list[tuple] = []
        self._enter(p)
        steps = {DECIDE: self.decide, TRY: self.try_drug, COURSE: self.give_course, WELL: self.be_well}
        while (self.phase != OVER).any():
            for phase, step in steps.items():
                rows = np.flatnonzero(self.phase == phase)
                if len(rows):
                    step(rows)
        self._leave()

    # --- draws, events, time -----------------------------------------------------------------------------------------

    def u(self, kind, occurrence, slot, rows):
        return self.streams.uniform(kind, occurrence, slot, rows)

    def note(self, rows, event, what=-1, value=0.0):
        columns = (self.state, self.episode, self.step, self.trial, self.course)
        own = (self.person[rows], self.row[rows], self.day[rows], np.full(len(rows), int(event)))
        given = (np.broadcast_to(what, len(rows)), np.broadcast_to(np.asarray(value, dtype=float), len(rows)))
        self.log.append((*own, *(column[rows] for column in columns), *given))
        self.row[rows] += 1

    def advance(self, rows, to):
        """Those of the rows who live to see that day."""
        horizon, dies = self.p["horizon"], self.death_day[rows]
        dead = (dies < to) & (dies < horizon)
        late = ~dead & ~(to < horizon)
        self.day[rows] = np.where(dead, dies, np.where(late, horizon, to))
        self.cause[rows[dead]] = self.death_cause[rows[dead]]
        self.phase[rows[dead | late]] = OVER
        return ~(dead | late)

    def settle(self, rows):
        days = self.day[rows] - self.since[rows]
        self.days_in[rows, self.state[rows]] += days
        ill = (self.state[rows] < State.RESPONSE) & self.is_resistant[rows, Resistance.TWO_FAILED]
        self.days_resistant[rows[ill]] += days[ill]
        self.since[rows] = self.day[rows]

    def become(self, rows, state):
        state = np.broadcast_to(state, len(rows))
        self.settle(rows)
        turns = rows[((state >= State.REMISSION) != (self.state[rows] >= State.REMISSION)) & self.is_mortal[rows]]
        self._use_clocks(turns)
        self.state[rows] = state
        self._set_death(turns)

    def _use_clocks(self, rows):
        other, suicide = self._speeds(rows)
        growth = self.p["death_growth"]
        ran = (exp(growth * self.day[rows]) - exp(growth * self.clocks_day[rows])) / growth
        self.other_left[rows] = np.maximum(self.other_left[rows] - other * ran, 0)
        gone = suicide * (self.day[rows] - self.clocks_day[rows])
        self.suicide_left[rows] = np.maximum(self.suicide_left[rows] - gone, 0)

    def _speeds(self, rows):
        p, well = self.p, self.state[rows] >= State.REMISSION
        return self.hazard[rows] * np.where(well, 1.0, p["death_ill"]), np.where(
            well,
            p["suicide_well"],
            np.where(self.is_resistant[rows, Resistance.TWO_FAILED], p["suicide_resistant"], p["suicide_ill"]),
        )

    def _set_death(self, rows):
        (other, suicide), growth, day = self._speeds(rows), self.p["death_growth"], self.day[rows]
        self.clocks_day[rows] = day
        with np.errstate(divide="ignore", over="ignore"):
            natural = log(exp(growth * day) + self.other_left[rows] * growth / np.where(other > 0, other, 1)) / growth
            violent = day + self.suicide_left[rows] / suicide
        natural = np.where(other > 0, np.maximum(natural, day), INF)
        self.death_day[rows] = np.minimum(natural, violent)
        self.death_cause[rows] = violent < natural

    def resist(self, rows, which):
        rows = rows[~self.is_resistant[rows, which]]
        self.settle(rows)
        turns = rows[self.is_mortal[rows]] if which == Resistance.TWO_FAILED else rows[:0]
        self._use_clocks(turns)
        self.is_resistant[rows, which] = True
        self._set_death(turns)
        self.note(rows, Event.RESISTANT, int(which))
        first = rows[np.isnan(self.resistant_day[rows, which])]
        self.resistant_day[first, which] = self.day[first]

    # --- beginning and end -------------------------------------------------------------------------------------------

    def _enter(self, p):
        rows = self.everybody
        low, mode, high = float(p["youngest"]), float(p["usual"]), float(p["oldest"])
        u = self.u(Kind.WHO, 0, 1, rows)
        young = low + np.sqrt(u * (high - low) * (mode - low))
        old = high - np.sqrt((1.0 - u) * (high - low) * (high - mode))
        self.age = np.where(u < (mode - low) / (high - low), young, old)
        sd = p["frailty_sd"]
        self.frailty = exp(sd * normal(self.u(Kind.WHO, 0, 2, rows))) if sd > 0 else np.ones(len(rows))
        self.is_never = self.u(Kind.WHO, 0, 3, rows) < p["never"]
        self.other_left, self.suicide_left = (-log(self.u(Kind.WHO, 0, slot, rows)) for slot in (4, 5))
        self.hazard = p["death_rate"] * exp(p["death_growth"] * 365.25 * (self.age - p["death_at_age"]))
        most = max(p["death_ill"], 1.0) * self.hazard * p["death_years"]
        most_suicide = max(p["suicide_ill"], p["suicide_resistant"], p["suicide_well"]) * p["horizon"]
        self.is_mortal = (self.other_left <= most) | (self.suicide_left <= most_suicide)
        self._set_death(np.flatnonzero(self.is_mortal))
        self.note(rows, Event.ENTERED, value=self.age)
        before = p["failed_before"]
        if before > 0:
            for name in ("step", "n_failed", "n_started", "n_steps"):
                getattr(self, name)[:] = before
            for which, enough in zip(Resistance, (2, 3, 2), strict=True):
                if before >= enough:
                    self.resist(rows, which)
            self.goes_on[:], self.phase[:] = 1, DECIDE

    def _leave(self):
        j = self.treatment
        on = np.flatnonzero((j >= 0) & (self.course_end < INF))
        self.n_sessions[on, j[on]] += self._sessions(on)
        self._count_maintenance(np.flatnonzero((j >= 0) & (self.course_end == INF) & (self.on_until < INF)))
        self.settle(self.everybody)
        dead = self.cause >= 0
        self.state[dead] = State.DEAD
        self.note(np.flatnonzero(dead), Event.DIED, value=self.cause[dead])
        self.note(np.flatnonzero(~dead), Event.ENDED)

    # --- the next step -----------------------------------------------------------------------------------------------

    def _k(self, rows):
        return np.clip(self.step[rows], 1, 4) - 1

    def decide(self, rows):
        p = self.p
        self.decision[rows] += 1
        d = self.decision[rows]
        chance = np.where(self.is_relapsed[rows] == 1, p["goes_on_relapsed"], p["goes_on"][self._k(rows)])
        goes = (self.goes_on[rows] == 1) | (self.u(Kind.STEP, d, 0, rows) < chance)
        self.goes_on[rows] = self.is_again[rows] = 0
        chosen, wait = np.full(len(rows), -1), np.zeros(len(rows))
        for treatment, after, uptake, mean in self.offers:
            u = self.u(Kind.OFFER, self.episode[rows], 2 * int(treatment), rows)
            free = self.given[rows] >> treatment & 1 == 0
            takes = goes & (chosen < 0) & (self.n_failed[rows] >= after) & free & (u < uptake)
            chosen = np.where(takes, treatment, chosen)
            if mean > 0:
                waits = -mean * log(self.u(Kind.OFFER, self.episode[rows], 2 * int(treatment) + 1, rows))
                wait = np.where(takes, waits, wait)
        self.treatment[rows] = chosen
        beside = (chosen < 0) | (p["beside"][chosen] == 1)
        left = self.tried[rows] & p["antidepressants"] != p["antidepressants"]
        goes &= ~beside | left
        stays = ~goes & (self.drug[rows] >= 0) & (self.u(Kind.STEP, d, 4, rows) < p["stays"])
        self._go(rows[goes], wait[goes], beside[goes])
        staying, leaving = rows[stays], rows[~goes & ~stays]
        self.become(staying, State.STAYS)
        self.note(staying, Event.STAYED)
        self._wait_and_see(staying, p["stays_remission_rate"], p["stays_step_rate"])
        self.stop_drugs(leaving)
        self.become(leaving, State.LOST)
        self.note(leaving, Event.LEFT)
        self._wait_and_see(leaving, p["lost_remission_rate"], p["lost_return_rate"])

    def _go(self, rows, wait, beside):
        p, d = self.p, self.decision[rows]
        alone = (self.drug[rows] < 0) | (self.added[rows] >= 0) | ~beside
        adds = ~alone & (self.u(Kind.STEP, d, 1, rows) < p["adds"])
        self.adds[rows] = adds
        pauses = ~adds & (self.u(Kind.STEP, d, 2, rows) >= p["at_once"])
        pause = np.where(pauses, p["pause_least"] + self.u(Kind.STEP, d, 3, rows) * p["pause_width"], 0.0) + wait
        later = rows[pause > 0]
        self.become(later, State.BETWEEN)
        self.note(later, Event.DECIDED, self.treatment[later])
        self.stop_drugs(later[self.treatment[later] < 0])
        self.phase[rows] = np.where(self.treatment[rows] >= 0, COURSE, TRY)
        self.advance(later, self.day[later] + pause[pause > 0])

    def _wait_and_see(self, rows, remission_rate, step_rate):
        both = remission_rate + step_rate
        d = self.decision[rows]
        alive = self.advance(rows, self.day[rows] + -(1.0 / both) * log(self.u(Kind.STEP, d, 5, rows)))
        rows, d = rows[alive], d[alive]
        remits = self.u(Kind.STEP, d, 6, rows) * both < remission_rate
        well, back = rows[remits], rows[~remits]
        self.treatment[well], self.next_day[well], self.phase[well] = -1, INF, WELL
        self.become(well, State.REMISSION)
        self.note(well, Event.REMITTED)
        self.goes_on[back], self.phase[back] = 1, DECIDE
        self.note(back, Event.RETURNED)

    # --- drugs -------------------------------------------------------------------------------------------------------

    def stop_added(self, rows):
        rows = rows[self.added[rows] >= 0]
        self.note(rows, Event.DRUG_STOPPED, self.added[rows])
        self.added[rows] = -1

    def stop_drugs(self, rows):
        self.stop_added(rows)
        self.drug_end[rows] = INF
        rows = rows[self.drug[rows] >= 0]
        self.note(rows, Event.DRUG_STOPPED, self.drug[rows])
        self.drug[rows] = -1

    def _choose(self, rows, odds):
        chosen, tried = np.full(len(rows), -1), self.tried[rows]
        for slot in range(8, 24):
            open_ = np.flatnonzero(chosen < 0)
            drug = np.searchsorted(odds, self.u(Kind.TRIAL, self.trial[rows[open_]], slot, rows[open_]), side="right")
            new = tried[open_] >> drug.astype(np.uint64) & np.uint64(1) == 0
            chosen[open_[new]] = drug[new]
        untaken = np.full(len(rows), -1)
        for drug in np.flatnonzero(np.diff(odds, prepend=0) > 0)[::-1]:
            untaken = np.where(tried >> np.uint64(drug) & np.uint64(1) == 0, drug, untaken)
        return np.where(chosen < 0, untaken, chosen)

    def _begin_drug(self, rows):
        p, adds = self.p, self.adds[rows] == 1
        drug = np.full(len(rows), -1)
        agent = adds & (self.u(Kind.TRIAL, self.trial[rows], 6, rows) >= p["adds_antidepressant"])
        drug[agent] = self._choose(rows[agent], p["added_drugs"])
        beside = adds & (drug < 0)
        drug[beside] = self._choose(rows[beside], p["later_drugs"])
        first = ~adds & (self.step[rows] == 1)
        drug[first] = self._choose(rows[first], p["first_drugs"])
        later = ~adds & ~first
        drug[later] = self._choose(rows[later], p["later_drugs"])
        event = np.where(adds, Event.ADDED, np.where(self.drug[rows] < 0, Event.STARTED, Event.SWITCHED))
        self.stop_drugs(rows[~adds])
        self.added[rows[adds]], self.drug[rows[~adds]] = drug[adds], drug[~adds]
        self.drug_end[rows] = INF
        bit = np.uint64(1) << drug.astype(np.uint64)
        self.tried[rows] |= bit
        self.tried_now[rows] |= bit
        self.is_dosed[rows] = self.u(Kind.TRIAL, self.trial[rows], 3, rows) >= p["underdosed"]
        for kind in (Event.STARTED, Event.SWITCHED, Event.ADDED):
            self.note(rows[event == kind], kind, drug[event == kind], self.is_dosed[rows[event == kind]])
        counts = rows[p["is_antidepressant"][drug] == 1]
        self.n_started[counts] += 1
        self.resist(counts[self.n_started[counts] >= 3], Resistance.THIRD_START)
        return drug

    # --- trials and courses ------------------------------------------------------------------------------------------

    def try_drug(self, rows):
        p = self.p
        self.step[rows] += 1
        self.trial[rows] += 1
        self.become(rows, State.TRIAL)
        j, t, k = self.treatment[rows], self.trial[rows], self._k(rows)
        with_course = j >= 0
        self._begin_course(rows[with_course])
        drug = self._begin_drug(rows)
        remission = p["remission_odds"][k] * self.frailty[rows]
        response = p["response_odds"][k] * self.frailty[rows]
        remission = np.where(with_course, remission * p["course_remission_odds"][j], remission)
        response = np.where(with_course, response * p["course_response_odds"][j], response)
        remits, helped = self._shares(rows, remission, response)
        u, when = self.u(Kind.TRIAL, t, 0, rows), self.u(Kind.TRIAL, t, 1, rows)
        judged = p["judged_least"] + self.u(Kind.TRIAL, t, 2, rows) * p["judged_width"]
        hurried = ~with_course & (self.judge_after < judged)
        judged = np.where(with_course, p["course_days"][j], np.where(hurried, self.judge_after, judged))
        onset = p["onset_least"] + -p["onset_mean"] * log(1.0 - when * p["onset_reached"])
        of_course = p["course_onset_least"][j] + -p["course_onset_mean"][j] * log(
            1.0 - when * p["course_onset_reached"][j]
        )
        onset = np.where(with_course, of_course, onset)
        too_late = (onset > judged) & (with_course | (judged == self.judge_after))
        gives_up = self.u(Kind.TRIAL, t, 4, rows) < p["given_up"]
        stopped = np.where(with_course, p["course_stopped"][j], 0.0)
        of_drug = helped + p["intolerance"][k]
        cases = [(u < helped) & ~too_late, u < helped, u < of_drug, u < of_drug + stopped, gives_up]
        outcomes = [np.where(u < remits, Outcome.REMISSION, Outcome.RESPONSE), Outcome.NO_RESPONSE, Outcome.INTOLERANCE]
        outcome = np.select(cases, [*outcomes, Outcome.INTOLERANCE, Outcome.GIVEN_UP], Outcome.NO_RESPONSE)
        after = np.select(
            cases,
            [
                onset,
                judged,
                p["intolerance_least"] + when * p["intolerance_width"],
                when * judged,
                p["given_up_least"] + when * p["given_up_width"],
            ],
            judged,
        )
        is_judged = (outcome == Outcome.NO_RESPONSE) & (self.is_dosed[rows] == 1) & (after >= p["adequate_days"])
        self._take_effect(rows, outcome, after, judged, drug, is_judged & (p["is_antidepressant"][drug] == 1))

    def give_course(self, rows):
        p = self.p
        beside = (p["beside"][self.treatment[rows]] == 1) & (self.is_again[rows] == 0)
        if beside.any():
            self.try_drug(rows[beside])
        rows = rows[~beside]
        self.become(rows, State.COURSE)
        self._begin_course(rows)
        j, c = self.treatment[rows], self.course[rows]
        odds = p["course_remission_odds"][j] * self.frailty[rows], p["course_response_odds"][j] * self.frailty[rows]
        remits, helped = self._shares(rows, *odds)
        again = self.is_again[rows] == 1
        remits, helped = (
            np.where(again, p["again_remission"][j], remits),
            np.where(again, p["again_response"][j], helped),
        )
        u, when, days = self.u(Kind.COURSE, c, 0, rows), self.u(Kind.COURSE, c, 1, rows), p["course_days"][j]
        onset = p["course_onset_least"][j] + -p["course_onset_mean"][j] * log(1.0 - when * p["course_onset_reached"][j])
        cases = [u < helped, u < helped + p["course_stopped"][j]]
        kinds = [np.where(u < remits, Outcome.REMISSION, Outcome.RESPONSE), Outcome.INTOLERANCE]
        outcome = np.select(cases, kinds, Outcome.NO_RESPONSE)
        after = np.select(cases, [np.minimum(onset, days), when * days], days)
        self._take_effect(rows, outcome, after, days, np.full(len(rows), -1), np.zeros(len(rows), dtype=bool))

    def _shares(self, rows, remission_odds, response_odds):
        remits = remission_odds / (1.0 + remission_odds)
        helped = np.maximum(response_odds / (1.0 + response_odds), remits)
        never = self.is_never[rows]
        return np.where(never, 0.0, remits), np.where(never, helped - remits, helped)

    def _begin_course(self, rows):
        self.course[rows] += 1
        self.given[rows] |= 1 << self.treatment[rows]
        self.n_courses[rows, self.treatment[rows]] += 1
        self.note(rows, Event.COURSE_BEGAN, self.treatment[rows], self.is_again[rows])

    def _sessions(self, rows):
        number, days = self.p["course_sessions"][self.treatment[rows]], self.p["course_days"][self.treatment[rows]]
        return np.minimum(np.floor((self.day[rows] - self.begun[rows]) * number / days) + 1, number)

    def _end_course(self, rows):
        sessions = self._sessions(rows)
        self.n_sessions[rows, self.treatment[rows]] += sessions
        self.note(rows, Event.COURSE_ENDED, self.treatment[rows], sessions)

    def _take_effect(self, rows, outcome, after, judged, drug, is_judged):
        p, j = self.p, self.treatment[rows]
        self.begun[rows] = begun = self.day[rows].copy()
        self.course_end[rows[j >= 0]] = begun[j >= 0] + p["course_days"][j[j >= 0]]
        helped = outcome <= Outcome.RESPONSE
        share = np.where(helped, p["early_helped"][j], p["early_unhelped"][j])
        early = (j >= 0) & (after > 1.0)
        early[early] = self.u(Kind.COURSE, self.course[rows[early]], 2, rows[early]) < share[early]
        alive = np.ones(len(rows), dtype=bool)
        alive[early] = self.advance(rows[early], begun[early] + 1.0)
        early &= alive
        self.become(rows[early & helped], State.RESPONSE)
        self.note(rows[early], Event.EARLY_RESPONSE, j[early])
        self.note(rows[early & (outcome == Outcome.REMISSION)], Event.RESPONDED)
        after = np.where(early & (outcome == Outcome.RESPONSE), 1.0, after)
        goes = alive & (self.day[rows] < begun + after)
        alive[goes] = self.advance(rows[goes], (begun + after)[goes])
        for kind, state, event in (
            (Outcome.REMISSION, State.REMISSION, Event.REMITTED),
            (Outcome.RESPONSE, State.RESPONSE, Event.RESPONDED),
        ):
            some = rows[alive & (outcome == kind)]
            self.become(some, state)
            self.note(some, event)
            self.next_day[some], self.phase[some] = INF, WELL
        responds = alive & (outcome == Outcome.RESPONSE)
        some = rows[responds]
        self.decision[some] += 1
        leaves = self.u(Kind.STEP, self.decision[some], 0, some) < p["goes_on"][self._k(some)]
        self.next_day[some[leaves]] = np.maximum(begun + judged, self.day[rows])[responds][leaves]
        self._fail(*(part[alive & ~helped] for part in (rows, outcome, drug, is_judged)))

    def _fail(self, rows, outcome, drug, is_judged):
        self._end_course(rows[self.treatment[rows] >= 0])
        self.course_end[rows] = INF
        self.treatment[rows], self.is_relapsed[rows], self.phase[rows] = -1, 0, DECIDE
        self.note(rows, Event.FAILED, drug, outcome)
        failed = rows[is_judged]
        self.n_failed[failed] += 1
        self.resist(failed[self.n_failed[failed] >= 2], Resistance.TWO_FAILED)
        self._end_step(rows)
        stopped = (drug >= 0) & (outcome != Outcome.NO_RESPONSE)
        was_added = drug == self.added[rows]
        self.stop_added(rows[stopped & was_added])
        self.stop_drugs(rows[stopped & ~was_added])

    def _end_step(self, rows):
        self.n_steps[rows] += 1
        self.resist(rows[self.n_steps[rows] >= 2], Resistance.TWO_STEPS)

    # --- being well --------------------------------------------------------------------------------------------------

    def be_well(self, rows):
        p = self.p
        self.well[rows] += 1
        self.is_relapsed[rows] = 0
        remitted = self.state[rows] == State.REMISSION
        since = self.day[rows].copy()
        recovers = np.where(remitted, since + p["recovery_days"], INF)
        self.n_remissions[rows[remitted]] += 1
        self._continue(rows)
        j, k = self.treatment[rows], self._k(rows)
        own = (j >= 0) & (p["course_scale"][j] > 0)
        shape = np.where(own, p["course_shape"][j], p["relapse_shape"])
        scale = np.where(own, p["course_scale"][j], np.where(remitted, p["remission_scale"][k], p["response_scale"][k]))
        left, elapsed = -log(self.u(Kind.WELL, self.well[rows], 0, rows)), np.zeros(len(rows))
        factor = self._factor(rows)
        due = since + scale * power(elapsed + left / factor, 1.0 / shape)
        here = np.arange(len(rows))
        while len(here):
            r = rows[here]
            plans = (self.next_day, self.drug_end, self.course_end, self.on_until, self.therapy_end)
            change = np.minimum(recovers[here], np.min([plan[r] for plan in plans], axis=0))
            relapses = due[here] <= change
            alive = self.advance(r, np.where(relapses, due[here], change))
            self._relapse(r[alive & relapses])
            on = alive & ~relapses
            here, r, change = here[on], r[on], change[on]
            now = here[change == recovers[here]]
            recovers[now] = INF
            self.become(rows[now], State.RECOVERY)
            self.note(rows[now], Event.RECOVERED)
            ends = [change == plan[r] for plan in plans]
            self.stop_drugs(r[ends[1]])
            self._end_sessions(r[ends[2]])
            self._stop_maintenance(r[ends[3]])
            self._end_therapy(r[ends[4]])
            self._leave_response(r[ends[0]])
            here = here[~ends[0]]
            after = self._factor(rows[here])
            new = here[after != factor[here]]
            used = power((self.day[rows[new]] - since[new]) / scale[new], shape[new])
            left[new] = np.maximum(left[new] - factor[new] * (used - elapsed[new]), 0.0)
            elapsed[new] = used
            factor[here] = after
            due[new] = since[new] + scale[new] * power(elapsed[new] + left[new] / factor[new], 1.0 / shape[new])

    def _continue(self, rows):
        p, w, j = self.p, self.well[rows], self.treatment[rows]
        for plan in (self.course_end, self.on_until, self.therapy_end, self.drug_end):
            plan[rows] = INF
        ends = (self.drug[rows] >= 0) & (self.u(Kind.WELL, w, 1, rows) >= p["kept"])
        lasts = p["continued_least"] + self.u(Kind.WELL, w, 2, rows) * p["continued_width"]
        self.drug_end[rows[ends]] = (self.day[rows] + lasts)[ends]
        rows, j = rows[j >= 0], j[j >= 0]
        c = self.course[rows]
        self.course_end[rows] = self.begun[rows] + p["course_days"][j]
        kept = self.u(Kind.COURSE, c, 3, rows) < p["maintained"][j]
        lasts = np.minimum(-p["maintained_mean"][j] * log(self.u(Kind.COURSE, c, 4, rows)), self.maintenance_days)
        self.on_until[rows[kept]] = (self.course_end[rows] + lasts)[kept]
        if self.therapy:
            takes = (j <= Treatment.KETAMINE) & (self.u(Kind.COURSE, c, 5, rows) < p["therapy_uptake"])
            self.therapy_end[rows[takes]] = self.day[rows[takes]] + p["therapy_days"]
            self.note(rows[takes], Event.THERAPY_BEGAN)

    def _factor(self, rows):
        p, j = self.p, self.treatment[rows]
        factor = np.where(self.state[rows] == State.RECOVERY, p["after_recovery"], 1.0)
        on = np.where(self.state[rows] == State.RESPONSE, p["maintained_response"][j], p["maintained_remission"][j])
        factor = np.where(self.on_until[rows] < INF, factor * on, factor)
        return np.where(self.therapy_end[rows] < INF, factor * p["therapy_ratio"], factor)

    def _end_sessions(self, rows):
        self.course_end[rows] = INF
        self._end_course(rows)
        rows = rows[self.on_until[rows] < INF]
        self.maintained_from[rows] = self.day[rows]
        self.note(rows, Event.MAINTENANCE_BEGAN, self.treatment[rows])

    def _count_maintenance(self, rows):
        days = self.day[rows] - self.maintained_from[rows]
        sessions = np.floor(days / self.p["maintained_every"][self.treatment[rows]])
        self.days_maintained[rows] += days
        self.n_sessions[rows, self.treatment[rows]] += sessions
        return sessions

    def _stop_maintenance(self, rows):
        self.on_until[rows] = INF
        self.note(rows, Event.MAINTENANCE_ENDED, self.treatment[rows], self._count_maintenance(rows))

    def _end_therapy(self, rows):
        self.therapy_end[rows] = INF
        self.note(rows, Event.THERAPY_ENDED)

    def _stop_treatment(self, rows):
        in_course, on = self.course_end[rows] < INF, self.on_until[rows] < INF
        self.course_end[rows[in_course]] = INF
        self._end_course(rows[in_course])
        self._stop_maintenance(rows[~in_course & on])
        self.on_until[rows] = INF
        self._end_therapy(rows[self.therapy_end[rows] < INF])

    def _leave_response(self, rows):
        self.next_day[rows] = INF
        self._stop_treatment(rows)
        self.treatment[rows], self.goes_on[rows], self.phase[rows] = -1, 1, DECIDE
        self.become(rows, State.BETWEEN)
        self._end_step(rows)

    def _relapse(self, rows):
        p, j = self.p, self.treatment[rows].copy()
        recovered = self.state[rows] == State.RECOVERY
        self.is_resistant[rows[recovered]] = False
        self.become(rows, State.BETWEEN)
        self._stop_treatment(rows)
        new, old = rows[recovered], rows[~recovered]
        self.n_recurrences[new] += 1
        self.n_relapses[old] += 1
        self.episode[new] += 1
        for name in ("step", "n_failed", "n_started", "n_steps", "given"):
            getattr(self, name)[new] = 0
        self.tried[new] = self.tried_now[new]
        self.tried_now[new] = 0
        for taken in (self.drug, self.added):
            some = new[taken[new] >= 0]
            self.tried_now[some] |= np.uint64(1) << taken[some].astype(np.uint64)
        self.note(new, Event.RECURRED)
        self.note(old, Event.RELAPSED)
        self.is_relapsed[rows], self.drug_end[rows], self.phase[rows], self.treatment[rows] = 1, INF, DECIDE, -1
        offered = np.isin(j, [int(treatment) for treatment, *_ in self.offers])
        again = offered & (self.u(Kind.COURSE, self.course[rows], 6, rows) < p["again"][j])
        self.treatment[rows[again]], self.is_again[rows[again]], self.phase[rows[again]] = j[again], 1, COURSE

    # --- what came out -----------------------------------------------------------------------------------------------

    def outcomes(self) -> dict[str, np.ndarray]:
        names = ("days_in", "days_resistant", "resistant_day", "n_relapses", "n_recurrences", "n_remissions")
        names += ("n_courses", "n_sessions", "days_maintained", "cause")
        died = np.where(self.cause >= 0, self.day, np.nan)
        renamed = {
            "person": self.person,
            "days": self.day,
            "n_trials": self.trial,
            "died_day": died,
            "n_events": self.row,
        }
        return renamed | {name: getattr(self, name) for name in names}

    def events(self) -> dict[str, np.ndarray]:
        person, number, *columns = (np.concatenate(parts) for parts in zip(*self.log, strict=True))
        order = np.lexsort((number, person))
        names = ("day", "event", "state", "episode", "step", "trial", "course", "what", "value")
        return {"person": person[order]} | {n: c[order] for n, c in zip(names, columns, strict=True)}


_COUNTS = (
    *("state", "step", "n_failed", "n_started", "n_steps", "is_relapsed", "goes_on", "adds", "is_dosed", "given"),
    *(
        "is_again",
        "trial",
        "decision",
        "course",
        "well",
        "row",
        "n_relapses",
        "n_recurrences",
        "n_remissions",
        "death_cause",
    ),
)
_REALS = ("day", "since", "clocks_day", "begun", "maintained_from", "days_resistant", "days_maintained")
_NONE = ("drug", "added", "treatment", "cause")
_NEVER = ("next_day", "drug_end", "course_end", "on_until", "therapy_end", "death_day")
