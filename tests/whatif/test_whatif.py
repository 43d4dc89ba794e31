"""What an answer must be, whatever the numbers: paired, symmetric, honest about its error, and sober."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.errors import KnowledgeError, QuestionError
from stepwell.simulate import (
    MOST_AT_ONCE,
    Offer,
    Policy,
    State,
    Treatment,
    draw_events,
    draw_outcomes,
    model_parameters,
)
from stepwell.whatif import Question, ask, paragraphs, plain, what_if, write_answer
from stepwell.whatif.values import Utility, UtilitySet, load_scenarios, load_values
from stepwell.whatif.worth import Lives

EARLY = Policy((Offer(Treatment.ESKETAMINE, 2),))
LATE = Policy((Offer(Treatment.ESKETAMINE, 4),))
SMALL = {"people": 200, "draws": 6, "failed_before": 2, "years": 3}


def question(policies, base=None, **how) -> Question:
    return Question(policies, base or Policy(), **{**SMALL, **how})


def differences(answer, case=0):
    return {(r.measure, r.policy): r.difference for r in answer.cases[case].compared}


@pytest.fixture(scope="module")
def answer():
    return what_if(ask("esketamine", [2, 4], utilities="sapin", costs="uk", discount=3.5, **SMALL))


def test_the_same_policy_differs_by_exactly_nothing():
    for found in differences(what_if(question({"same": EARLY}, EARLY))).values():
        assert (found.value, found.error, found.low, found.high) == (0, 0, 0, 0)


def test_swapping_the_arms_flips_the_sign():
    there = differences(what_if(question({"x": EARLY}, LATE)))
    back = differences(what_if(question({"x": LATE}, EARLY)))
    assert there["time in remission", "x"].value > 0
    for key, found in there.items():
        assert found.value == pytest.approx(-back[key].value)
        assert found.error == pytest.approx(back[key].error)


def test_more_people_make_a_smaller_error():
    few, many = (
        differences(what_if(question({"x": EARLY}, draws=1, people=n)))["time in remission", "x"] for n in (400, 6400)
    )
    assert few.low is None  # one draw says nothing about what is uncertain
    assert many.error == pytest.approx(few.error / 4, rel=0.25)


def test_pairing_takes_most_of_chance_away():
    """Where few are offered it and all share their draws. The error of two independent groups is that of both means."""
    found = what_if(question({"x": LATE}, draws=1, people=4000, failed_before=0)).cases[0]
    (row,) = found.of("time in remission")
    unpaired = (row.found.error**2 + found.base["time in remission"].error ** 2) ** 0.5
    assert row.difference.error < unpaired / 4


def test_whoever_is_not_concerned_lives_the_same_life():
    parameters = model_parameters()
    a, b = (draw_outcomes(parameters, policy, 1, range(1, 3001)) for policy in (EARLY, Policy()))
    untouched = a["n_courses"].sum(axis=1) == 0
    assert 0.3 < untouched.mean() < 0.95
    assert np.array_equal(a["days_in"][untouched], b["days_in"][untouched])


def test_a_drug_that_does_nothing_changes_nothing():
    """With the verdict on the same day in both arms, no harm and no second course, the arms are equal to the last bit."""
    trial = model_parameters().trial
    nothing = load_scenarios().scenarios["null-trials"].of(model_parameters())
    nothing = nothing.but({"esketamine.given.over": trial.judged_after.at_least, "esketamine.stopped.share": 0.0})
    offer = EARLY.offers
    same_day = {"judge_after": trial.judged_after.at_least}
    found = what_if(question({"x": Policy(offer, **same_day)}, Policy(**same_day)), parameters=nothing)
    for (measure, _), difference in differences(found).items():
        if "esketamine" not in measure:
            assert difference.value == 0, measure
    assert differences(found)["courses of esketamine", "x"].value > 0


def test_the_null_trials_leave_no_benefit(answer):
    base, null = differences(answer), differences(answer, 1)
    assert answer.cases[1].scenario == "null-trials"
    assert base["time in remission", "after 2"].value > 10 * abs(null["time in remission", "after 2"].value)
    assert null["time in remission", "after 2"].value < 3 * null["time in remission", "after 2"].error
    assert null["costs", "after 2"].value > 0


def test_threads_change_nothing():
    asked = question({"x": EARLY})
    assert what_if(asked, threads=1).cases == what_if(asked, threads=3).cases


def test_an_offer_takes_up_and_waits():
    asked = question({"all": EARLY, "half": Policy((Offer(Treatment.ESKETAMINE, 2, uptake=0.5),))}, people=1000)
    found = {r.policy: r.found.value for r in what_if(asked).cases[0].of("courses of esketamine")}
    assert 0.35 * found["all"] < found["half"] < 0.75 * found["all"]


# --- what time is worth ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn():
    parameters = model_parameters().but({"who.failed_before.trials": 2})
    people = range(1, 1501)
    return parameters, draw_outcomes(parameters, EARLY, 3, people), draw_events(parameters, EARLY, 3, people)


def _worth(ill: float, response: float, remission: float) -> UtilitySet:
    worth = {"ill": ill, "response": response, "remission": remission}
    return UtilitySet(title="x", **{k: Utility(of_full_health=f"{v} %", choice="a test") for k, v in worth.items()})


def test_undiscounted_quality_is_the_time_in_states_weighed(drawn):
    parameters, outcomes, events = drawn
    lives = Lives(events, parameters, 0)
    days = outcomes["days_in"]
    assert lives.quality(_worth(100, 100, 100)) * 365.25 == pytest.approx(outcomes["days"])
    well = days[:, State.REMISSION] + days[:, State.RECOVERY]
    assert lives.quality(_worth(0, 0, 100)) * 365.25 == pytest.approx(well)
    assert lives.quality(_worth(0, 100, 0)) * 365.25 == pytest.approx(days[:, State.RESPONSE])


def test_sessions_are_those_of_the_outcomes(drawn):
    parameters, outcomes, events = drawn
    sessions = Lives(events, parameters, 0).sessions(Treatment.ESKETAMINE)
    assert sessions.sum() > 1500
    assert sessions == pytest.approx(outcomes["n_sessions"][:, Treatment.ESKETAMINE])


def test_costs_are_time_and_sessions(drawn):
    parameters, outcomes, events = drawn
    lives = Lives(events, parameters, 0)
    uk, us = load_values().costs["uk"], load_values().costs["us"]
    sessions = lives.sessions(Treatment.ESKETAMINE)
    ill = outcomes["days_in"][:, : State.RESPONSE].sum(axis=1)
    assert lives.cost(uk) == pytest.approx(ill * 992 / 28 + sessions * 326)
    assert lives.cost(us) == pytest.approx(outcomes["days_resistant"] * 6709 / 365.25 + sessions * 240)


def test_discounting_by_hand(drawn):
    parameters = drawn[0]
    events = {
        "person": np.array([1, 1]),
        "day": np.array([0.0, 730.5]),
        "event": np.array([0, 23]),
        "state": np.array([State.REMISSION, State.REMISSION]),
        "what": np.array([-1, -1]),
        "value": np.zeros(2),
        "episode": np.ones(2),
    }
    (found,) = Lives(events, parameters, 10).quality(_worth(0, 0, 100))
    assert found == pytest.approx((1 - 1.1**-2) / np.log(1.1))


def test_a_later_session_counts_less(drawn):
    parameters, _, events = drawn
    none, some = (Lives(events, parameters, rate).sessions(Treatment.ESKETAMINE) for rate in (0, 5))
    given = none > 1
    assert (some[given] < none[given]).all()
    assert (some[given] > none[given] * 1.05**-5).all()


def test_sets_are_never_mixed():
    values = load_values()
    for costs in values.costs.values():
        assert len({a.currency for a in costs.amounts()}) == 1
    mixed = values.costs["uk"].model_dump(by_alias=True)
    mixed["sessions"]["esketamine"]["amount"] = "240 USD"
    with pytest.raises(ValueError, match="mixes currencies"):
        type(values.costs["uk"]).model_validate(
            {**mixed, "ill": {**mixed["ill"], "each": "28 days"}, "resistant": None}
        )


# --- what is said ----------------------------------------------------------------------------------------------------


def test_it_says_what_it_stands_on(answer):
    said = " ".join(paragraphs(answer))
    for words in (
        "over 3 years",
        "after 2 failed trials",
        "6 draws",
        "well.relapse_from_remission",
        "only recalled",
        "assumed with a reason",
        "calibrated to published",
        "Sapin 2004",
        "discounted at 3.5% a year",
        "list price",
        "Not counted: ",
        "KARMA-Dep 2",
        "nothing here is for decisions about one person",
    ):
        assert words in said
    assert "tms.given" not in said  # what is not offered stands for nothing
    assert "therapy.relapse" not in said


def test_the_page_and_the_json_hold_the_same(answer, tmp_path):
    data = json.loads(json.dumps(plain(answer)))
    page = write_answer(answer, tmp_path / "a.html").read_text("utf-8")
    assert [c["scenario"] for c in data["cases"]] == ["base case", "null-trials", "soon-recovery"]
    measures = {m["measure"]: m for m in data["cases"][0]["measures"]}
    assert measures["costs"]["unit"] == "GBP"
    assert measures["time in remission"]["policies"][0]["policy"] == "after 2"
    for measure in measures:
        assert measure in page
    assert data["says"] == paragraphs(answer)
    assert "<svg" in page
    assert render_twice(answer, tmp_path)


def render_twice(answer, folder) -> bool:
    return len({write_answer(answer, folder / f"{n}.html").read_bytes() for n in range(2)}) == 1


def test_everything_wrong_is_told_at_once():
    with pytest.raises(QuestionError) as error:
        ask(
            "prozak", "0,two", against=0, uptake=2, wait_days=-1, people=0, draws=0, years=0, failed_before=-1, discount=-1,
            utilities="mine", costs="yours", scenarios=["theirs"],
        )  # fmt: skip
    with pytest.raises(QuestionError, match="a whole number from 1 to 10,000,000"):
        ask("ect", "2", people=MOST_AT_ONCE + 1)
    where = [p.where for p in error.value.problems]
    assert where[:6] == ["offer", "after", "after", "against", "uptake", "wait"]
    assert set(where[6:]) == {"people", "draws", "years", "failed_before", "discount", "utilities", "costs", "scenario"}


def test_a_set_without_a_price_is_refused():
    with pytest.raises(QuestionError, match="no price of a session of ect"):
        ask("ect", "2", costs="uk")


def test_a_policy_is_not_compared_with_itself_by_name():
    with pytest.raises(QuestionError, match="is also what is compared with"):
        ask("esketamine", "2,3", against=3)
    with pytest.raises(QuestionError, match="is also what is compared with"):
        question({"not offered": EARLY})


def test_discounting_nothing_is_refused():
    with pytest.raises(QuestionError, match="nothing is asked that is discounted"):
        ask("esketamine", "2", discount=3)


def test_every_scenario_can_be_simulated():
    for name, scenario in load_scenarios().scenarios.items():
        changed = scenario.of(model_parameters())
        assert changed != model_parameters(), name


def test_a_scenario_s_misspelt_number_is_refused():
    scenario = load_scenarios().scenarios["soon-recovery"]
    for wrong in ({"next_step.stays.mean": "1 year"}, {"esketamine.onset.mean": "as trial.onset.men"}):
        with pytest.raises(KnowledgeError, match="is no number of the model"):
            scenario.model_copy(update={"changes": wrong}).of(model_parameters())


def test_the_command(tmp_path):
    small = ["--people", "50", "--draws", "3", "--failed-before", "2"]
    runner = CliRunner()
    page = tmp_path / "page.html"
    done = runner.invoke(app, ["what-if", "--offer", "esketamine", "--after", "2,3", *small, "--html", str(page)])
    assert done.exit_code == 0, done.output
    assert "decisions about one" in done.output
    assert page.exists()
    done = runner.invoke(app, ["what-if", "--offer", "tms", "--after", "3", "--against", "4", "--json", *small])
    told = json.loads(done.stdout)["answer"]
    assert told["question"]["against"] == "after 4"
    scenarios = [case["scenario"] for case in told["cases"]]
    assert scenarios == ["base case", "soon-recovery"]  # the null trials are of (es)ketamine
    done = runner.invoke(app, ["what-if", "--offer", "tms", "--after", "0", "--people", "0"])
    assert done.exit_code == QuestionError.exit_code
