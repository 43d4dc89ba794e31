"""The compiled walk against the plain one, to the last bit: outcomes and events, under every lever."""

import numpy as np
import pytest
from lockstep import Crowd, exp, log, power

from stepwell.simulate import Offer, Policy, Treatment, chance, draw_events, draw_outcomes, model_parameters

EVERYTHING = tuple(
    Offer(Treatment(t), after, 0.7, wait) for t, after, wait in ((0, 1, 20.0), (1, 1, 0.0), (3, 2, 9.0), (2, 2, 40.0))
)
POLICIES = {
    "usual care": Policy(),
    "everything": Policy(EVERYTHING, maintenance_days=200, therapy=True),
    "early switch, esketamine kept up": Policy((Offer(Treatment.ESKETAMINE, 2),), judge_after=42),
    "ECT and TMS": Policy((Offer(Treatment.TMS, 1, 0.5), Offer(Treatment.ECT, 2, 0.9, 30.0))),
}
CHANGES = {
    "as it is": {},
    "resistant from the start": {"who.failed_before.trials": 2, "who.never.share": 20.0, "who.frailty.sd": 0.9},
    "long and restless": {
        "horizon.after": 40 * 365.25,
        "well.within.after": 60.0,
        "next_step.after_relapse.share": 100.0,
        "next_step.added_antidepressant.share": 5.0,
        "next_step.added.share": 80.0,
        "death.each_year.share": 2.0,
        "death.suicide_each_year_ill.share": 2.0,
    },
}


@pytest.mark.parametrize("changes", CHANGES)
@pytest.mark.parametrize("policy", POLICIES)
def test_compiled_and_plain_agree_to_the_bit(policy, changes):
    people = range(3, 403 if changes == "long and restless" else 6003)
    parameters, policy = model_parameters().but(CHANGES[changes]), POLICIES[policy]
    crowd = Crowd(parameters, policy, 77, people)
    assert crowd.row.sum() > 20_000
    outcomes, events = draw_outcomes(parameters, policy, 77, people), draw_events(parameters, policy, 77, people)
    plain_outcomes, plain_events = crowd.outcomes(), crowd.events()
    assert outcomes.keys() == plain_outcomes.keys()
    assert events.keys() == plain_events.keys()
    for name, values in events.items():
        assert np.array_equal(values, plain_events[name]), name
    for name, values in outcomes.items():
        assert np.array_equal(values, plain_outcomes[name], equal_nan=values.dtype.kind == "f"), name


def test_the_arithmetic_agrees_to_the_bit():
    x = np.concatenate([np.random.default_rng(3).random(2000), 10.0 ** np.arange(-300, 300, 7)])
    assert [chance.log(v) for v in x] == log(x).tolist()
    y = np.concatenate([np.linspace(-720, 720, 1500), [0.0, -1e9, 1e9]])
    assert [chance.exp(v) for v in y] == exp(y).tolist()
    assert [chance.power(v, 0.6) for v in x[:2000]] == power(x[:2000], 0.6).tolist()
