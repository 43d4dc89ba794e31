"""The model a third time, as one would write it for SimPy: a process for each person. For the comparison of speeds only."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import simpy

from stepwell.simulate import Kind, Policy, Resistance, State, Treatment, chance
from stepwell.simulate.packing import packed

INF = math.inf
TWO_FAILED, THIRD_START, TWO_STEPS = Resistance


class Over(Exception):
    """Death or the horizon."""


class Person:
    """One life as a SimPy process; `days_in`, counts and death when it is over."""

    def __init__(self, env, p, q, seed, person):
        self.env, self.p, self.q = env, p, q
        self.base = np.uint64(chance.base_of(np.uint64(seed), person))
        self.day = self.since = 0.0
        self.state, self.episode = State.TRIAL, 1
        self.step = self.n_failed = self.n_started = self.n_steps = 0
        self.trial = self.decision = self.course = self.well = 0
        self.drug = self.added = self.treatment = -1
        self.tried, self.tried_now, self.given = set(), set(), set()
        self.resistant = set()
        self.is_relapsed = self.goes_on = self.is_again = False
        self.drug_end = self.course_end = self.on_until = self.therapy_end = self.next_day = INF
        self.death_day, self.cause = INF, -1
        self.days_in = [0.0] * len(State)
        self.days_resistant = self.days_maintained = 0.0
        self.n_relapses = self.n_recurrences = self.n_remissions = self.n_events = 0
        self.n_courses, self.n_sessions = [0] * len(Treatment), [0.0] * len(Treatment)

    def u(self, kind, occurrence, slot):
        return chance.uniform(self.base, int(kind), occurrence, slot)

    def note(self):
        self.n_events += 1

    # --- time and death ----------------------------------------------------------------------------------------------

    def wait(self, until):
        end = min(until, self.p.horizon, self.death_day)
        yield self.env.timeout(max(end - self.env.now, 0.0))
        self.day = end
        if end < until or end == self.p.horizon:
            self.cause = self.death_cause if self.death_day < self.p.horizon and end == self.death_day else -1
            raise Over

    def become(self, state):
        self.settle()
        turns = (state >= State.REMISSION) != (self.state >= State.REMISSION)
        if turns and self.is_mortal:
            other, suicide = self.speeds()
            growth = self.p.death_growth
            ran = (math.exp(growth * self.day) - math.exp(growth * self.clocks_day)) / growth
            self.other_left = max(self.other_left - other * ran, 0.0)
            self.suicide_left = max(self.suicide_left - suicide * (self.day - self.clocks_day), 0.0)
        self.state = state
        if turns and self.is_mortal:
            self.set_death()

    def settle(self):
        days = self.day - self.since
        self.days_in[self.state] += days
        if self.state < State.RESPONSE and TWO_FAILED in self.resistant:
            self.days_resistant += days
        self.since = self.day

    def speeds(self):
        if self.state >= State.REMISSION:
            return self.hazard, self.p.suicide_well
        return self.hazard * self.p.death_ill, self.p.suicide_ill

    def set_death(self):
        (other, suicide), growth = self.speeds(), self.p.death_growth
        self.clocks_day, self.death_day = self.day, INF
        if other > 0:
            self.death_day = math.log(math.exp(growth * self.day) + self.other_left * growth / other) / growth
            self.death_day, self.death_cause = max(self.death_day, self.day), 0
        if suicide > 0 and self.day + self.suicide_left / suicide < self.death_day:
            self.death_day, self.death_cause = self.day + self.suicide_left / suicide, 1

    def resist(self, which):
        if which not in self.resistant:
            self.settle()
            self.resistant.add(which)
            self.note()

    # --- the life ----------------------------------------------------------------------------------------------------

    def life(self):
        self.enter()
        try:
            next_thing = self.decide if self.goes_on else self.try_drug
            while True:
                next_thing = yield from next_thing()
        except Over:
            if self.treatment >= 0:
                if self.course_end < INF:
                    self.n_sessions[self.treatment] += self.sessions()
                elif self.on_until < INF:
                    self.count_maintenance()
            self.settle()
            self.note()

    def enter(self):
        p = self.p
        u, low, mode, high = self.u(Kind.WHO, 0, 1), p.youngest, p.usual, p.oldest
        if u < (mode - low) / (high - low):
            age = low + math.sqrt(u * (high - low) * (mode - low))
        else:
            age = high - math.sqrt((1 - u) * (high - low) * (high - mode))
        self.frailty = math.exp(p.frailty_sd * chance.normal(self.u(Kind.WHO, 0, 2))) if p.frailty_sd else 1.0
        self.is_never = self.u(Kind.WHO, 0, 3) < p.never
        self.other_left, self.suicide_left = -math.log(self.u(Kind.WHO, 0, 4)), -math.log(self.u(Kind.WHO, 0, 5))
        self.hazard = p.death_rate * math.exp(p.death_growth * 365.25 * (age - p.death_at_age))
        self.is_mortal = self.other_left <= max(p.death_ill, 1) * self.hazard * p.death_years
        self.is_mortal |= self.suicide_left <= max(p.suicide_ill, p.suicide_well) * p.horizon
        if self.is_mortal:
            self.set_death()
        self.note()
        if p.failed_before:
            self.step = self.n_failed = self.n_started = self.n_steps = int(p.failed_before)
            self.goes_on = True
            for which, enough in zip(Resistance, (2, 3, 2), strict=True):
                if self.step >= enough:
                    self.resist(which)

    def k(self):
        return min(max(self.step, 1), 4) - 1

    def decide(self):
        p = self.p
        self.decision += 1
        d = self.decision
        chance_of = p.goes_on_relapsed if self.is_relapsed else p.goes_on[self.k()]
        goes = self.goes_on or self.u(Kind.STEP, d, 0) < chance_of
        self.goes_on = self.is_again = False
        self.treatment, offer = -1, None
        for asked in self.q.offers if goes else ():
            free = self.n_failed >= asked.after and asked.treatment not in self.given
            if free and self.u(Kind.OFFER, self.episode, 2 * asked.treatment) < asked.uptake:
                self.treatment, offer = int(asked.treatment), asked
                break
        beside = self.treatment < 0 or p.beside[self.treatment]
        if goes and (not beside or not p.antidepressants_set <= self.tried):
            alone = self.drug < 0 or self.added >= 0 or not beside
            self.adds = not alone and self.u(Kind.STEP, d, 1) < p.adds
            pause = 0.0
            if not self.adds and self.u(Kind.STEP, d, 2) >= p.at_once:
                pause = p.pause_least + self.u(Kind.STEP, d, 3) * p.pause_width
            if offer is not None and offer.wait_days:
                pause -= offer.wait_days * math.log(self.u(Kind.OFFER, self.episode, 2 * offer.treatment + 1))
            if pause > 0:
                self.become(State.BETWEEN)
                self.note()
                if self.treatment < 0:
                    self.stop_drugs()
                yield from self.wait(self.day + pause)
            return self.give_course if self.treatment >= 0 else self.try_drug
        if self.drug >= 0 and self.u(Kind.STEP, d, 4) < p.stays:
            self.become(State.STAYS)
            rates = p.stays_remission_rate, p.stays_step_rate
        else:
            self.stop_drugs()
            self.become(State.LOST)
            rates = p.lost_remission_rate, p.lost_return_rate
        self.note()
        yield from self.wait(self.day - math.log(self.u(Kind.STEP, d, 5)) / sum(rates))
        self.note()
        if self.u(Kind.STEP, d, 6) * sum(rates) < rates[0]:
            self.treatment, self.next_day = -1, INF
            self.become(State.REMISSION)
            return self.be_well
        self.goes_on = True
        return self.decide

    # --- trials and courses ------------------------------------------------------------------------------------------

    def stop_drugs(self):
        self.n_events += (self.added >= 0) + (self.drug >= 0)
        self.drug = self.added = -1
        self.drug_end = INF

    def choose(self, odds):
        for slot in range(8, 24):
            drug = int(np.searchsorted(odds, self.u(Kind.TRIAL, self.trial, slot), side="right"))
            if drug not in self.tried:
                return drug
        left = [drug for drug in np.flatnonzero(np.diff(odds, prepend=0)) if drug not in self.tried]
        return int(left[0]) if left else -1

    def begin_drug(self):
        p, drug = self.p, -1
        if self.adds:
            if self.u(Kind.TRIAL, self.trial, 6) >= p.adds_antidepressant:
                drug = self.choose(p.added_drugs)
            drug = self.choose(p.later_drugs) if drug < 0 else drug
            self.added = drug
        else:
            drug = self.choose(p.first_drugs if self.step == 1 else p.later_drugs)
            self.stop_drugs()
            self.drug = drug
        self.drug_end = INF
        self.tried.add(drug)
        self.tried_now.add(drug)
        self.is_dosed = self.u(Kind.TRIAL, self.trial, 3) >= p.underdosed
        self.note()
        if p.is_antidepressant[drug]:
            self.n_started += 1
            if self.n_started >= 3:
                self.resist(THIRD_START)
        return drug

    adds = False

    def try_drug(self):
        p, j, q = self.p, self.treatment, self.q
        self.step += 1
        self.trial += 1
        self.become(State.TRIAL)
        if j >= 0:
            self.begin_course()
        drug, k, t = self.begin_drug(), self.k(), self.trial
        better = (p.course_remission_odds[j], p.course_response_odds[j]) if j >= 0 else (1.0, 1.0)
        remits, helped = self.shares(p.remission_odds[k] * better[0], p.response_odds[k] * better[1])
        u, when = self.u(Kind.TRIAL, t, 0), self.u(Kind.TRIAL, t, 1)
        judged = p.judged_least + self.u(Kind.TRIAL, t, 2) * p.judged_width
        judged = p.course_days[j] if j >= 0 else min(judged, q.judge_after or INF)
        if u < helped:
            outcome, after = "remits" if u < remits else "responds", self.onset(j, when)
            if after > judged and (j >= 0 or judged == q.judge_after):
                outcome, after = "unhelped", judged
        elif u < helped + p.intolerance[k]:
            outcome, after = "intolerant", p.intolerance_least + when * p.intolerance_width
        elif j >= 0 and u < helped + p.intolerance[k] + p.course_stopped[j]:
            outcome, after = "intolerant", when * judged
        elif self.u(Kind.TRIAL, t, 4) < p.given_up:
            outcome, after = "gives up", p.given_up_least + when * p.given_up_width
        else:
            outcome, after = "unhelped", judged
        counts = outcome == "unhelped" and self.is_dosed and after >= p.adequate_days and p.is_antidepressant[drug]
        return (yield from self.take_effect(outcome, after, judged, drug, counts))

    def give_course(self):
        p, j = self.p, self.treatment
        if p.beside[j] and not self.is_again:
            return (yield from self.try_drug())
        self.become(State.COURSE)
        self.begin_course()
        if self.is_again:
            remits, helped = p.again_remission[j], p.again_response[j]
        else:
            remits, helped = self.shares(p.course_remission_odds[j], p.course_response_odds[j])
        u, when = self.u(Kind.COURSE, self.course, 0), self.u(Kind.COURSE, self.course, 1)
        outcome, after = "unhelped", p.course_days[j]
        if u < helped:
            outcome, after = "remits" if u < remits else "responds", min(self.onset(j, when), p.course_days[j])
        elif u < helped + p.course_stopped[j]:
            outcome, after = "intolerant", when * p.course_days[j]
        return (yield from self.take_effect(outcome, after, p.course_days[j], -1, False))

    def shares(self, remission_odds, response_odds):
        remission_odds, response_odds = remission_odds * self.frailty, response_odds * self.frailty
        remits = remission_odds / (1 + remission_odds)
        helped = max(response_odds / (1 + response_odds), remits)
        return (0.0, helped - remits) if self.is_never else (remits, helped)

    def onset(self, j, u):
        p = self.p
        if j >= 0:
            return p.course_onset_least[j] - p.course_onset_mean[j] * math.log(1 - u * p.course_onset_reached[j])
        return p.onset_least - p.onset_mean * math.log(1 - u * p.onset_reached)

    def begin_course(self):
        self.course += 1
        self.given.add(self.treatment)
        self.n_courses[self.treatment] += 1
        self.note()

    def sessions(self):
        number, days = self.p.course_sessions[self.treatment], self.p.course_days[self.treatment]
        return min(math.floor((self.day - self.begun) * number / days) + 1, number)

    def end_course(self):
        self.n_sessions[self.treatment] += self.sessions()
        self.note()

    def take_effect(self, outcome, after, judged, drug, counts):
        p, j = self.p, self.treatment
        self.begun = begun = self.day
        if j >= 0:
            self.course_end = begun + p.course_days[j]
        helped = outcome in ("remits", "responds")
        if j >= 0 and after > 1:
            early = p.early_helped[j] if helped else p.early_unhelped[j]
            if self.u(Kind.COURSE, self.course, 2) < early:
                yield from self.wait(begun + 1)
                if helped:
                    self.become(State.RESPONSE)
                self.n_events += 1 + (outcome == "remits")
                after = 1.0 if outcome == "responds" else after
        if self.day < begun + after:
            yield from self.wait(begun + after)
        if helped:
            self.become(State.REMISSION if outcome == "remits" else State.RESPONSE)
            self.note()
            self.next_day = INF
            if outcome == "responds":
                self.decision += 1
                if self.u(Kind.STEP, self.decision, 0) < p.goes_on[self.k()]:
                    self.next_day = max(begun + judged, self.day)
            return self.be_well
        if j >= 0:
            self.course_end = INF
            self.end_course()
        self.treatment, self.is_relapsed = -1, False
        self.note()
        if counts:
            self.n_failed += 1
            if self.n_failed >= 2:
                self.resist(TWO_FAILED)
        self.end_step()
        if drug >= 0 and outcome != "unhelped":
            if drug == self.added:
                self.added = -1
                self.note()
            else:
                self.stop_drugs()
        return self.decide

    def end_step(self):
        self.n_steps += 1
        if self.n_steps >= 2:
            self.resist(TWO_STEPS)

    # --- being well --------------------------------------------------------------------------------------------------

    def be_well(self):
        p, j, c = self.p, self.treatment, self.course
        self.well += 1
        self.is_relapsed = False
        since, remitted = self.day, self.state == State.REMISSION
        self.n_remissions += remitted
        recovers = since + p.recovery_days if remitted else INF
        self.course_end = self.on_until = self.therapy_end = self.drug_end = INF
        if self.drug >= 0 and self.u(Kind.WELL, self.well, 1) >= p.kept:
            self.drug_end = since + p.continued_least + self.u(Kind.WELL, self.well, 2) * p.continued_width
        if j >= 0:
            self.course_end = self.begun + p.course_days[j]
            if self.u(Kind.COURSE, c, 3) < p.maintained[j]:
                lasts = -p.maintained_mean[j] * math.log(self.u(Kind.COURSE, c, 4))
                self.on_until = self.course_end + min(lasts, self.q.maintenance_days or INF)
            if self.q.therapy and j <= Treatment.KETAMINE and self.u(Kind.COURSE, c, 5) < p.therapy_uptake:
                self.therapy_end = since + p.therapy_days
                self.note()
        shape, scale = p.relapse_shape, (p.remission_scale if remitted else p.response_scale)[self.k()]
        if j >= 0 and p.course_scale[j] > 0:
            shape, scale = p.course_shape[j], p.course_scale[j]
        left, elapsed = -math.log(self.u(Kind.WELL, self.well, 0)), 0.0
        while True:
            factor = self.factor()
            due = since + scale * (elapsed + left / factor) ** (1 / shape)
            while factor == self.factor():
                change = min(recovers, self.next_day, self.drug_end, self.course_end, self.on_until, self.therapy_end)
                if due <= change:
                    yield from self.wait(due)
                    return self.relapse()
                yield from self.wait(change)
                if change == recovers:
                    recovers = INF
                    self.become(State.RECOVERY)
                    self.note()
                if change == self.drug_end:
                    self.stop_drugs()
                if change == self.course_end:
                    self.course_end = INF
                    self.end_course()
                    if self.on_until < INF:
                        self.maintained_from = self.day
                        self.note()
                if change == self.on_until:
                    self.stop_maintenance()
                if change == self.therapy_end:
                    self.therapy_end = INF
                    self.note()
                if change == self.next_day:
                    self.next_day = INF
                    self.stop_treatment()
                    self.treatment, self.goes_on = -1, True
                    self.become(State.BETWEEN)
                    self.end_step()
                    return self.decide
            used = ((self.day - since) / scale) ** shape
            left, elapsed = max(left - factor * (used - elapsed), 0.0), used

    def factor(self):
        p, j, factor = self.p, self.treatment, 1.0
        if self.state == State.RECOVERY:
            factor *= p.after_recovery
        if self.on_until < INF:
            factor *= (p.maintained_response if self.state == State.RESPONSE else p.maintained_remission)[j]
        return factor * p.therapy_ratio if self.therapy_end < INF else factor

    def count_maintenance(self):
        days = self.day - self.maintained_from
        self.days_maintained += days
        self.n_sessions[self.treatment] += math.floor(days / self.p.maintained_every[self.treatment])

    def stop_maintenance(self):
        self.on_until = INF
        self.count_maintenance()
        self.note()

    def stop_treatment(self):
        if self.course_end < INF:
            self.course_end = INF
            self.end_course()
        elif self.on_until < INF:
            self.stop_maintenance()
        self.on_until = INF
        if self.therapy_end < INF:
            self.therapy_end = INF
            self.note()

    def relapse(self):
        j, recovered = self.treatment, self.state == State.RECOVERY
        self.become(State.BETWEEN)
        self.stop_treatment()
        self.note()
        if recovered:
            self.n_recurrences += 1
            self.episode += 1
            self.step = self.n_failed = self.n_started = self.n_steps = 0
            self.resistant, self.given = set(), set()
            self.tried, self.tried_now = self.tried_now, {drug for drug in (self.drug, self.added) if drug >= 0}
        else:
            self.n_relapses += 1
        self.is_relapsed, self.drug_end, self.treatment = True, INF, -1
        offered = any(j == offer.treatment for offer in self.q.offers)
        if offered and self.u(Kind.COURSE, self.course, 6) < self.p.again[j]:
            self.treatment, self.is_again = j, True
            return self.give_course
        return self.decide


def simulate(parameters, policy: Policy, seed: int, people: range) -> list[Person]:
    """Everybody as processes of one environment."""
    record = packed(parameters)[0]
    p = SimpleNamespace(**{name: record[name].tolist() for name in record.dtype.names})
    p.antidepressants_set = {n for n in range(64) if int(p.antidepressants) >> n & 1}
    env = simpy.Environment()
    crowd = [Person(env, p, policy, seed, person) for person in people]
    for one in crowd:
        env.process(one.life())
    env.run()
    return crowd
