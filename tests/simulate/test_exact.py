"""Where nothing has a memory the model is a Markov process, and its days in each state can be worked out exactly."""

from __future__ import annotations

import numpy as np
import pytest

from stepwell.simulate import Event, Offer, Policy, State, Treatment, draw_events, draw_outcomes, model_parameters

N = 60_000
PEOPLE = range(1, N + 1)
LONG = 1e9
YEAR = 365.25


def exponential_of(matrix):
    """By squaring the exponential of a small part of it."""
    halvings = max(0, int(np.ceil(np.log2(np.abs(matrix).sum(axis=1).max()))) + 4)
    small = matrix / 2**halvings
    total = term = np.eye(len(matrix))
    for n in range(1, 20):
        term = term @ small / n
        total = total + term
    return np.linalg.matrix_power(total, 2**halvings)


def expected_days(rates, start, horizon):
    """Days in each state of a Markov process until the horizon, and the share in each state then."""
    n = len(rates)
    generator = np.array(rates, dtype=float)
    np.fill_diagonal(generator, -generator.sum(axis=1))
    both = np.zeros((2 * n, 2 * n))
    both[:n, :n], both[:n, n:] = generator, np.eye(n)
    whole = exponential_of(both * horizon)
    return whole[start, n:], whole[start, :n]


def memoryless(**changes):
    """Trials that always remit or respond, after an exponential time; no recovery, no second thoughts, constant hazards."""
    return model_parameters().but(
        {
            "horizon.after": 2 * YEAR,
            "death.doubles.after": LONG,
            "death.each_year.share": 4.0,
            "death.while_ill.low": 1.7,
            "death.while_ill.high": 3.0,
            "death.while_ill.ratio": 2.5,
            "death.suicide_each_year_ill.share": 3.0,
            "death.suicide_each_year_resistant.share": 3.0,
            "death.suicide_each_year_resistant.low": None,
            "death.suicide_each_year_resistant.high": None,
            "death.suicide_each_year_well.share": 1.0,
            "trial.remission.by_step": (60.0,),
            "trial.remission.of": None,
            "trial.response_only.by_step": (40.0,),
            "trial.intolerance.by_step": (0.0,),
            "trial.onset.least": 0.0,
            "trial.onset.mean": 50.0,
            "trial.onset.most": LONG,
            "next_step.goes_on.by_step": (0.0,),
            "next_step.after_relapse.share": 55.0,
            "next_step.at_once.share": 100.0,
            "next_step.added.share": 0.0,
            "next_step.stays.share": 65.0,
            "next_step.stays_remission.mean": 300.0,
            "next_step.stays_step.mean": 150.0,
            "next_step.lost_remission.mean": 400.0,
            "next_step.lost_return.mean": 200.0,
            "well.shape.ratio": 1.0,
            "well.relapse_from_remission.by_step": (70.0,),
            "well.relapse_from_response.by_step": (90.0,),
            "well.recovery.after": LONG,
            "well.kept.share": 100.0,
        }
        | changes
    )


def test_days_in_every_state_are_those_of_the_markov_process():
    p = memoryless()
    on, off = -np.log(0.3) / YEAR, -np.log(0.1) / YEAR
    other = -np.log(1 - 0.04) / YEAR
    ill_death = 2.5 * other - np.log(1 - 0.03) / YEAR
    well_death = other - np.log(1 - 0.01) / YEAR
    trial, remitted, remitted_bare, response, stays, lost, dead = range(7)
    rates = np.zeros((7, 7))
    rates[trial, remitted], rates[trial, response] = 0.6 / 50, 0.4 / 50
    again, stay = 0.55, 0.45 * 0.65
    leave = 1 - again - stay
    for state, rate in ((remitted, on), (response, off)):
        rates[state, trial], rates[state, stays], rates[state, lost] = rate * again, rate * stay, rate * leave
    # Who remitted out of care takes nothing to stay on.
    rates[remitted_bare, trial], rates[remitted_bare, lost] = on * again, on * (1 - again)
    rates[stays, remitted], rates[stays, trial] = 1 / 300, 1 / 150
    rates[lost, remitted_bare], rates[lost, trial] = 1 / 400, 1 / 200
    rates[[trial, response, stays, lost], dead] = ill_death
    rates[[remitted, remitted_bare], dead] = well_death
    days, at_the_end = expected_days(rates, trial, 2 * YEAR)

    found = draw_outcomes(p, Policy(), 17, PEOPLE)
    expected = {
        State.TRIAL: days[trial],
        State.RESPONSE: days[response],
        State.REMISSION: days[remitted] + days[remitted_bare],
        State.STAYS: days[stays],
        State.LOST: days[lost],
    }
    for state, exact in expected.items():
        lived = found["days_in"][:, state]
        assert abs(lived.mean() - exact) < 4 * lived.std() / np.sqrt(N), (state, lived.mean(), exact)
    died = np.isfinite(found["died_day"])
    assert died.mean() == pytest.approx(at_the_end[dead], abs=4 * np.sqrt(died.mean() / N))
    assert found["days"].sum() == pytest.approx(found["days_in"].sum())
    # The events give the same shares on any day, not only in sum.
    e = draw_events(p, Policy(), 17, PEOPLE)
    for day in (30.0, 200.0, 700.0):
        before = np.flatnonzero(e["day"] <= day)
        last = before[np.flatnonzero(np.diff(e["person"][before], append=0))]
        share = np.bincount(e["state"][last], minlength=9) / N
        exact = exponential_of((rates - np.diag(rates.sum(axis=1))) * day)[trial]
        for state, value in ((State.TRIAL, exact[trial]), (State.STAYS, exact[stays]), (State.DEAD, exact[dead])):
            assert share[state] == pytest.approx(value, abs=4 * np.sqrt(value * (1 - value) / N) + 1e-12), (day, state)


def test_maintenance_and_its_end_follow_the_exact_survival():
    """Relapse at one rate on maintenance and at another after it, with an exponential end of it."""
    factor, mean = 0.4, 120.0
    p = memoryless(
        **{
            "death.each_year.share": 0.0,
            "death.suicide_each_year_ill.share": 0.0,
            "death.suicide_each_year_resistant.share": 0.0,
            "death.suicide_each_year_resistant.low": None,
            "death.suicide_each_year_resistant.high": None,
            "death.suicide_each_year_well.share": 0.0,
            "who.failed_before.trials": 2,
            "next_step.pause.at_most": 1.0,
            "ketamine.remission.share": 100.0,
            "ketamine.response.share": 100.0,
            "ketamine.given.over": 1e-6,
            "ketamine.onset.least": 0.0,
            "ketamine.onset.most": 1e-6,
            "ketamine.kept.share": {YEAR: 20.0},
            "ketamine.maintenance.given.share": 100.0,
            "ketamine.maintenance.mean.mean": mean,
            "ketamine.maintenance.relapse_from_remission.ratio": factor,
            "ketamine.again.given.share": 0.0,
        }
    )
    e = draw_events(p, Policy(offers=(Offer(Treatment.KETAMINE, after=2),)), 17, PEOPLE)
    relapsed = np.full(N, np.inf)
    people, place = np.unique(e["person"][e["event"] == Event.RELAPSED], return_index=True)
    relapsed[people - 1] = e["day"][e["event"] == Event.RELAPSED][place]
    off, end = -np.log(0.2) / YEAR, 1 / mean
    on = factor * off + end
    for day in (30.0, 120.0, 365.0, 700.0):
        exact = np.exp(-on * day) + end / (on - off) * (np.exp(-off * day) - np.exp(-on * day))
        kept = (relapsed > day).mean()
        assert kept == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / N)), day


def test_relapse_and_recovery_follow_their_weibull_law():
    p = memoryless(
        **{
            "death.each_year.share": 0.0,
            "death.suicide_each_year_ill.share": 0.0,
            "death.suicide_each_year_resistant.share": 0.0,
            "death.suicide_each_year_resistant.low": None,
            "death.suicide_each_year_resistant.high": None,
            "death.suicide_each_year_well.share": 0.0,
            "trial.remission.by_step": (100.0,),
            "trial.response_only.by_step": (0.0,),
            "trial.onset.mean": 1e-6,
            "well.shape.ratio": 0.6,
            "well.recovery.after": 180.0,
            "well.after_recovery.ratio": 0.5,
        }
    )
    e = draw_events(p, Policy(), 17, PEOPLE)
    first = np.isin(e["event"], [Event.RELAPSED, Event.RECURRED])
    again = np.full(N, np.inf)
    people, place = np.unique(e["person"][first], return_index=True)
    again[people - 1] = e["day"][first][place]
    scale = YEAR / (-np.log(0.3)) ** (1 / 0.6)

    def used(day):
        return (day / scale) ** 0.6

    for day in (10.0, 100.0, 180.0, 400.0, 720.0):
        clock = used(day) if day <= 180 else used(180.0) + 0.5 * (used(day) - used(180.0))
        exact = np.exp(-clock)
        assert (again > day).mean() == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / N)), day
