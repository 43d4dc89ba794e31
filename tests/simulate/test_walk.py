"""The model verified: exact where there is an exact answer, equal where nothing differs, the same however it is computed."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow.parquet as pq
import pytest

from stepwell.errors import QuestionError
from stepwell.simulate import (
    Cause,
    Event,
    Offer,
    Outcome,
    Policy,
    Resistance,
    State,
    Treatment,
    days_ill,
    draw_events,
    draw_outcomes,
    draw_people,
    maintenance_days,
    model_parameters,
    population,
    session_days,
    write_events,
)
from stepwell.simulate.parameters import drugs

N = 20_000
PEOPLE = range(1, N + 1)
EVERYTHING = Policy(
    offers=(
        Offer(Treatment.ESKETAMINE, after=1, uptake=0.6, wait_days=20),
        Offer(Treatment.KETAMINE, after=1, uptake=0.5, wait_days=10),
        Offer(Treatment.TMS, after=2, uptake=0.5),
        Offer(Treatment.ECT, after=2, uptake=0.7, wait_days=40),
    ),
    maintenance_days=365,
    therapy=True,
)


@pytest.fixture(scope="module")
def p():
    return model_parameters()


@pytest.fixture(scope="module")
def outcomes(p):
    return draw_outcomes(p, EVERYTHING, 5, PEOPLE)


@pytest.fixture(scope="module")
def events(p):
    return draw_events(p, EVERYTHING, 5, PEOPLE)


def same(one, other, but=()):
    assert one.keys() == other.keys()
    return all(np.array_equal(one[c], other[c], equal_nan=one[c].dtype.kind == "f") for c in one if c not in but)


def per_person(events, chosen):
    """How many of the chosen events each person has."""
    return np.bincount(events["person"][chosen], minlength=N + 1)[1:]


# --- the same however it is computed ---------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [1, 777, 5000])
@pytest.mark.parametrize("threads", [1, 3])
def test_threads_and_chunks_change_no_bit(p, outcomes, events, monkeypatch, chunk, threads):
    few = range(1, 1501)
    monkeypatch.setattr(population, "CHUNK", chunk)
    found = draw_outcomes(p, EVERYTHING, 5, few, threads=threads)
    assert all(np.array_equal(found[c], outcomes[c][: len(few)], equal_nan=c != "cause") for c in found)
    found = draw_events(p, EVERYTHING, 5, few, threads=threads)
    assert all(np.array_equal(found[c], events[c][: len(found[c])]) for c in found)


def test_parts_make_the_whole(p, outcomes):
    parts = [draw_outcomes(p, EVERYTHING, 5, PEOPLE[n::3]) for n in range(3)]
    for column, values in outcomes.items():
        for n, part in enumerate(parts):
            assert np.array_equal(part[column], values[n::3], equal_nan=values.dtype.kind == "f"), column


def test_one_person_alone_is_the_same_as_in_the_crowd(p, outcomes, events):
    for person in (1, 4711, N):
        alone = draw_outcomes(p, EVERYTHING, 5, range(person, person + 1))
        crowd = {column: values[person - 1 : person] for column, values in outcomes.items()}
        assert same(alone, crowd)
        history = draw_events(p, EVERYTHING, 5, range(person, person + 1))
        assert same(history, {c: v[events["person"] == person] for c, v in events.items()})


def test_another_seed_gives_other_lives(p, outcomes):
    other = draw_outcomes(p, EVERYTHING, 6, PEOPLE)
    assert np.mean(other["days_in"][:, State.TRIAL] == outcomes["days_in"][:, State.TRIAL]) < 0.01


def test_nobody_is_an_answer(p):
    assert {len(v) for v in draw_outcomes(p, Policy(), 1, range(0)).values()} == {0}
    assert {len(v) for v in draw_events(p, Policy(), 1, range(0)).values()} == {0}


@pytest.mark.parametrize(
    ("seed", "people"), [(-1, range(3)), (2**64, range(3)), (1, range(-2, 3)), (1, range(9, 3, -1))]
)
def test_a_wrong_question_is_refused(p, seed, people):
    with pytest.raises(QuestionError, match="Nothing was simulated"):
        draw_outcomes(p, Policy(), seed, people)


@pytest.mark.parametrize("room", [1, 32])
def test_events_on_disk_are_those_drawn(p, tmp_path, monkeypatch, room):
    monkeypatch.setattr(population, "CHUNK", 120)
    monkeypatch.setattr(population, "ROOM", room)
    n_rows = write_events(tmp_path / "events.parquet", p, EVERYTHING, 5, range(1, 501))
    written = pq.read_table(tmp_path / "events.parquet")
    monkeypatch.undo()
    drawn = draw_events(p, EVERYTHING, 5, range(1, 501))
    assert len(written) == n_rows == len(drawn["day"])
    assert all(np.array_equal(written[c].to_numpy(), drawn[c]) for c in drawn)


def test_a_file_that_cannot_be_written_is_not_begun(p, tmp_path, monkeypatch):
    with pytest.raises(QuestionError, match="there is no folder"):
        write_events(tmp_path / "no folder" / "events.parquet", p, Policy(), 1, range(1, 10))

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(population, "live_all", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_events(tmp_path / "events.parquet", p, Policy(), 1, range(1, 10))
    assert list(tmp_path.iterdir()) == []


# --- the history is that of the outcomes -----------------------------------------------------------------------------


def test_events_add_up_to_the_outcomes(outcomes, events):
    e = events
    assert np.array_equal(per_person(e, slice(None)), outcomes["n_events"])
    counted = {
        "n_trials": np.isin(e["event"], [Event.STARTED, Event.SWITCHED, Event.ADDED]),
        "n_relapses": e["event"] == Event.RELAPSED,
        "n_recurrences": e["event"] == Event.RECURRED,
        "n_remissions": e["event"] == Event.REMITTED,
    }
    for column, chosen in counted.items():
        assert np.array_equal(per_person(e, chosen), outcomes[column]), column
    for j in Treatment:
        began = (e["event"] == Event.COURSE_BEGAN) & (e["what"] == j)
        assert np.array_equal(per_person(e, began), outcomes["n_courses"][:, j])
        assert outcomes["n_courses"][:, j].sum() > 100, "too few courses to mean anything"
    last = np.flatnonzero(np.diff(e["person"], append=0))
    assert np.array_equal(e["day"][last], outcomes["days"])
    lasted = np.where(np.diff(e["person"], append=0) == 0, np.diff(e["day"], append=0), 0.0)
    for state in State:
        days = np.bincount(e["person"], weights=lasted * (e["state"] == state), minlength=N + 1)[1:]
        assert days == pytest.approx(outcomes["days_in"][:, state], abs=1e-6)
    assert outcomes["days_in"].sum(axis=1) == pytest.approx(outcomes["days"], abs=1e-6)
    assert (days_ill(outcomes) >= outcomes["days_resistant"] - 1e-9).all()
    for which in Resistance:
        met = (e["event"] == Event.RESISTANT) & (e["what"] == which)
        first = np.full(N, np.nan)
        people, place = np.unique(e["person"][met], return_index=True)
        first[people - 1] = e["day"][met][place]
        assert np.array_equal(first, outcomes["resistant_day"][:, which], equal_nan=True)
        assert len(people) > 100


def test_histories_are_well_formed(events):
    e = {c: v[: np.searchsorted(events["person"], 4001)] for c, v in events.items()}
    begins = np.diff(e["person"], prepend=0) > 0
    assert (e["event"][begins] == Event.ENTERED).all()
    assert np.isin(e["event"][np.flatnonzero(begins)[1:] - 1], [Event.DIED, Event.ENDED]).all()
    assert (np.diff(e["day"])[~begins[1:]] >= 0).all()
    use = np.array([d.use for d in drugs()])
    taken: set[int] = set()
    tried: dict[int, int] = {}
    for n in range(len(e["day"])):
        event, what = Event(e["event"][n]), int(e["what"][n])
        if begins[n]:
            taken, tried, on_course = set(), {}, None
        if event in (Event.STARTED, Event.SWITCHED, Event.ADDED):
            assert (event == Event.ADDED) == bool(taken)
            assert use[what] in ("depression", "added" if event == Event.ADDED else "depression")
            assert what not in taken
            assert e["episode"][n] - tried.get(what, -2) >= 2, "begun again too early"
            tried[what] = e["episode"][n]
            taken.add(what)
            assert len(taken) <= 2
        if event == Event.DRUG_STOPPED:
            tried[what] = e["episode"][n]
            taken.remove(what)
        if event == Event.LEFT:
            assert not taken
        if event == Event.COURSE_BEGAN:
            assert on_course is None
            on_course = what
        if event == Event.COURSE_ENDED:
            assert on_course == what
            on_course = None
            assert e["value"][n] >= 1
        if event == Event.FAILED:
            assert Outcome(e["value"][n]) in (Outcome.INTOLERANCE, Outcome.GIVEN_UP, Outcome.NO_RESPONSE)


def test_somebody_with_very_many_events_is_written_whole(p):
    restless = p.but(
        {
            "horizon.after": 365.25 * 200,
            "well.within.after": 20.0,
            "well.relapse_from_remission.by_step": (99.0,),
            "next_step.after_relapse.share": 100.0,
            "next_step.stays_remission.mean": 365.25,
            "next_step.lost_remission.mean": 365.25,
            "death.each_year.share": 0.0,
        }
    )
    outcomes = draw_outcomes(restless, EVERYTHING, 3, range(1, 40))
    events = draw_events(restless, EVERYTHING, 3, range(1, 40))
    assert outcomes["n_events"].max() > 2 * 256
    assert len(events["day"]) == outcomes["n_events"].sum()
    last = np.cumsum(outcomes["n_events"]) - 1
    assert np.isin(events["event"][last], [Event.DIED, Event.ENDED]).all()
    assert (np.diff(events["day"])[np.diff(events["person"]) == 0] >= 0).all()


def test_people_are_those_who_enter(p, events):
    varied = p.but({"who.frailty.sd": 0.8, "who.never.share": 15.0})
    people = draw_people(varied, 5, PEOPLE)
    entered = events["event"] == Event.ENTERED
    assert np.array_equal(people["age_years"], events["value"][entered])
    assert people["is_female"].mean() == pytest.approx(0.63, abs=4 * 0.5 / np.sqrt(N))
    assert people["is_never"].mean() == pytest.approx(0.15, abs=4 * 0.36 / np.sqrt(N))
    assert np.log(people["frailty"]).std() == pytest.approx(0.8, rel=0.03)
    assert p.who.age.youngest <= people["age_years"].min() < people["age_years"].max() <= p.who.age.oldest


def test_sessions_lie_where_they_were_counted(p, events):
    e = events
    for j in Treatment:
        ended = np.flatnonzero((e["event"] == Event.COURSE_ENDED) & (e["what"] == j))[:500]
        began = np.flatnonzero((e["event"] == Event.COURSE_BEGAN) & (e["what"] == j))
        for n in ended:
            start = began[(e["person"][began] == e["person"][n]) & (e["course"][began] == e["course"][n])][0]
            assert len(session_days(p, j, e["day"][n] - e["day"][start])) == e["value"][n]
    off = np.flatnonzero((e["event"] == Event.MAINTENANCE_ENDED) & (e["what"] == Treatment.ESKETAMINE))[:200]
    on = np.flatnonzero((e["event"] == Event.MAINTENANCE_BEGAN) & (e["what"] == Treatment.ESKETAMINE))
    assert len(off) == 200
    for n in off:
        start = on[(e["person"][on] == e["person"][n]) & (e["course"][on] == e["course"][n])][0]
        assert len(maintenance_days(p, Treatment.ESKETAMINE, e["day"][n] - e["day"][start])) == e["value"][n]


# --- equal where nothing differs -------------------------------------------------------------------------------------


def test_an_effect_of_nothing_makes_equal_arms(p):
    """Esketamine that does nothing, given in the same time as a trial alone: the lives are the same to the bit."""
    days = 35.0
    nothing = p.but(
        {
            "trial.judged_after.at_least": days,
            "trial.judged_after.at_most": days,
            "trial.onset.most": days,
            "trial.adequate.after": days,
            "esketamine.given.over": days,
            "esketamine.onset.least": p.trial.onset.least,
            "esketamine.onset.mean": p.trial.onset.mean,
            "esketamine.onset.most": days,
            "esketamine.remission_odds.low": 1.0,
            "esketamine.remission_odds.ratio": 1.0,
            "esketamine.response_odds.low": 1.0,
            "esketamine.response_odds.ratio": 1.0,
            "esketamine.early.first_day": 0.0,
            "esketamine.early.at_the_end": 0.0,
            "esketamine.early.at_the_end_of_others": 0.0,
            "esketamine.stopped.share": 0.0,
            "esketamine.maintenance.relapse_from_remission.high": 1.0,
            "esketamine.maintenance.relapse_from_remission.ratio": 1.0,
            "esketamine.maintenance.relapse_from_response.high": 1.0,
            "esketamine.maintenance.relapse_from_response.ratio": 1.0,
            "esketamine.again.given.share": 0.0,
        }
    )
    offered = Policy(offers=(Offer(Treatment.ESKETAMINE, after=1, uptake=0.7),), maintenance_days=200)
    usual, given = draw_outcomes(nothing, Policy(), 8, PEOPLE), draw_outcomes(nothing, offered, 8, PEOPLE)
    assert given["n_courses"][:, Treatment.ESKETAMINE].sum() > 3000
    assert given["days_maintained"].sum() > 0
    of_the_arm = ("n_courses", "n_sessions", "days_maintained", "n_events")
    assert same(usual, given, but=of_the_arm)
    something = nothing.but({"esketamine.remission_odds.high": 2.0, "esketamine.remission_odds.ratio": 2.0})
    assert not same(usual, draw_outcomes(something, offered, 8, PEOPLE), but=of_the_arm)


def test_therapy_without_an_effect_changes_no_life(p):
    offers = (Offer(Treatment.KETAMINE, after=1),)
    off = Policy(offers=offers, therapy=False)
    nothing = p.but({"therapy.relapse.high": 1.1, "therapy.relapse.ratio": 1.0})
    without, with_it = (
        draw_outcomes(nothing, off, 8, PEOPLE),
        draw_outcomes(nothing, Policy(offers, therapy=True), 8, PEOPLE),
    )
    assert same(without, with_it, but=("n_events",))
    assert with_it["n_events"].sum() > without["n_events"].sum()
    helped = draw_outcomes(p, Policy(offers, therapy=True), 8, PEOPLE)
    assert helped["n_relapses"].sum() < without["n_relapses"].sum()


def test_an_offer_that_nobody_takes_changes_nothing(p):
    nobody = Policy(offers=tuple(Offer(t, after=1, uptake=0.0) for t in Treatment))
    assert same(draw_outcomes(p, Policy(), 8, PEOPLE), draw_outcomes(p, nobody, 8, PEOPLE))


def test_swapping_two_arms_flips_the_sign(p):
    """Ketamine with the numbers of TMS, and TMS with those of ketamine: each arm becomes the other, to the bit."""
    swapped = p.model_copy(update={"ketamine": p.tms, "tms": p.ketamine})
    arms = [Policy(offers=(Offer(t, after=1),)) for t in (Treatment.KETAMINE, Treatment.TMS)]

    def difference(parameters):
        one, other = (days_ill(draw_outcomes(parameters, arm, 8, PEOPLE)) for arm in arms)
        return one - other

    forth, back = difference(p), difference(swapped)
    assert np.array_equal(forth, -back)
    assert abs(forth.mean()) > 4 * forth.std() / np.sqrt(N)


def test_the_same_draws_make_differences_sharp(p):
    """Common random numbers: a difference between two policies has far less variance than one between two populations."""
    offered = Policy(offers=(Offer(Treatment.ESKETAMINE, after=2, uptake=0.5),))
    usual, given = days_ill(draw_outcomes(p, Policy(), 8, PEOPLE)), days_ill(draw_outcomes(p, offered, 8, PEOPLE))
    others = days_ill(draw_outcomes(p, offered, 9, PEOPLE))
    assert np.var(given - usual) < np.var(others - usual) / 4
    assert np.mean(given == usual) > 0.5


# --- the ends of every scale -----------------------------------------------------------------------------------------


def test_without_mortality_nobody_dies(p):
    no_death = {"death.each_year.share": 0.0}
    no_death |= {f"death.suicide_each_year_{when}.share": 0.0 for when in ("ill", "resistant", "well")}
    no_death |= {f"death.suicide_each_year_resistant.{end}": None for end in ("low", "high")}
    found = draw_outcomes(p.but(no_death), EVERYTHING, 8, PEOPLE)
    assert (found["days"] == p.horizon.after).all()
    assert np.isnan(found["died_day"]).all()
    assert (found["cause"] == -1).all()


@pytest.mark.parametrize(
    ("path", "cause"), [("death.each_year.share", Cause.OTHER), ("death.suicide_each_year_ill.share", Cause.SUICIDE)]
)
def test_with_certain_death_everybody_dies_of_it(p, path, cause):
    found = draw_outcomes(p.but({path: 100.0, "who.age.youngest": 80.0, "who.age.usual": 82.0}), Policy(), 8, PEOPLE)
    assert (found["days"] < 60).all()
    assert np.array_equal(found["died_day"], found["days"])
    assert np.mean(found["cause"] == cause) > 0.99


def test_suicide_while_resistant_has_a_rate_of_its_own(p):
    """With no other death and no response without remission, as many die as the rate and the years ill after two failed
    trials say, and nobody else."""
    only = p.but(
        {
            "death.each_year.share": 0.0,
            "death.suicide_each_year_ill.share": 0.0,
            "death.suicide_each_year_well.share": 0.0,
            "death.suicide_each_year_resistant.share": 20.0,
            "death.suicide_each_year_resistant.low": None,
            "death.suicide_each_year_resistant.high": None,
            "trial.response_only.by_step": (0.0,),
        }
    )
    found = draw_outcomes(only, Policy(), 8, PEOPLE)
    died = found["cause"] == Cause.SUICIDE
    expected = -np.log(0.8) * found["days_resistant"].sum() / 365.25
    assert abs(died.sum() - expected) < 4 * np.sqrt(expected)
    assert expected > 200
    assert not np.isnan(found["resistant_day"][died, Resistance.TWO_FAILED]).any()


def test_the_shipped_rate_of_suicide_while_resistant_is_that_of_the_pooled_studies():
    death = model_parameters().death
    resistant = death.suicide_each_year_resistant
    assert (resistant.share, resistant.low, resistant.high) == (0.47, 0.22, 1.0)
    assert (resistant.source, resistant.seen) == ("bergfeld-2018", "abstract")
    assert death.suicide_each_year_ill.share < resistant.share


def test_without_relapse_nobody_falls_ill_again(p):
    none = p.but({"well.relapse_from_remission.by_step": (0.0,), "well.relapse_from_response.by_step": (0.0,)})
    found = draw_outcomes(none, Policy(), 8, PEOPLE)
    assert found["n_relapses"].sum() == found["n_recurrences"].sum() == 0
    assert found["n_remissions"].max() == 1
    more = draw_outcomes(p, Policy(), 8, PEOPLE)
    assert found["days_in"][:, State.RECOVERY].mean() > more["days_in"][:, State.RECOVERY].mean()


def test_better_odds_help_everybody_or_leave_them(p):
    """Raising the odds of the first trial turns no remission of it into anything else."""

    def first_remission(parameters):
        e = draw_events(parameters, Policy(), 8, PEOPLE)
        in_trial = np.roll(e["state"], 1) == State.TRIAL
        return np.unique(e["person"][in_trial & (e["event"] == Event.REMITTED) & (e["trial"] == 1)])

    found = [first_remission(p.but({"trial.odds.by_step": (ratio, 1.0)})) for ratio in (0.5, 1.0, 2.0, 8.0)]
    for worse, better in itertools.pairwise(found):
        assert len(worse) < len(better)
        assert np.isin(worse, better).all()


def test_more_failures_asked_means_fewer_courses(p):
    courses = [
        draw_outcomes(p, Policy(offers=(Offer(Treatment.ESKETAMINE, after=n),)), 8, PEOPLE)["n_courses"].sum()
        for n in (1, 2, 3, 4)
    ]
    assert courses == sorted(courses, reverse=True)
    assert courses[0] > courses[-1] > 0


def test_nobody_beyond_what_was_offered(p, outcomes):
    given = outcomes["n_courses"].sum(axis=0)
    only = draw_outcomes(p, Policy(offers=(Offer(Treatment.ECT, after=2),)), 5, PEOPLE)["n_courses"].sum(axis=0)
    assert (given > 0).all()
    assert only[Treatment.ECT] > 0 == only.sum() - only[Treatment.ECT]


def test_whoever_enters_after_failures_is_resistant_from_the_first_day(p):
    late = p.but({"who.failed_before.trials": 2})
    found = draw_outcomes(late, Policy(offers=(Offer(Treatment.ESKETAMINE, after=2),)), 8, PEOPLE)
    assert (found["resistant_day"][:, Resistance.TWO_FAILED] == 0).all()
    assert (found["n_courses"][:, Treatment.ESKETAMINE] >= 1).mean() > 0.99
    assert (found["days_resistant"] > 0).all()


def test_never_means_never_on_an_antidepressant(p):
    e = draw_events(p.but({"who.never.share": 100.0}), Policy(), 8, range(1, 5001))
    remitted = e["event"] == Event.REMITTED
    before = np.flatnonzero(remitted) - 1
    assert remitted.any(), "some remit by themselves"
    assert np.isin(e["state"][before], [State.STAYS, State.LOST]).all()


def test_giving_up_a_trial_early_judges_no_later(p):
    e = draw_events(p, Policy(judge_after=28), 8, range(1, 5001))
    failed = np.flatnonzero((e["event"] == Event.FAILED) & (e["value"] == Outcome.NO_RESPONSE))
    begun = np.flatnonzero(np.isin(e["event"], [Event.STARTED, Event.SWITCHED, Event.ADDED]))
    last = begun[np.searchsorted(begun, failed) - 1]
    assert e["day"][failed] - e["day"][last] == pytest.approx(28.0, abs=1e-9)
    assert len(failed) > 1000


# --- what was put in comes out ---------------------------------------------------------------------------------------


def test_the_first_trial_does_what_its_parameters_say(p):
    e = draw_events(p.but({"death.each_year.share": 0.0}), Policy(), 8, PEOPLE)
    of_first = (e["trial"] == 1) & (e["episode"] == 1)
    result, at = np.unique(
        e["person"][of_first & np.isin(e["event"], [Event.REMITTED, Event.RESPONDED, Event.FAILED])], return_index=True
    )
    rows = np.flatnonzero(of_first & np.isin(e["event"], [Event.REMITTED, Event.RESPONDED, Event.FAILED]))[at]
    assert len(result) > 0.999 * N
    outcome = np.select(
        [e["event"][rows] == Event.REMITTED, e["event"][rows] == Event.RESPONDED],
        [Outcome.REMISSION, Outcome.RESPONSE],
        e["value"][rows],
    )
    trial = p.trial
    expected = {
        Outcome.REMISSION: trial.remission.by_step[0] / 100,
        Outcome.RESPONSE: trial.response_only.by_step[0] / 100,
        Outcome.INTOLERANCE: trial.intolerance.by_step[0] / 100,
    }
    expected[Outcome.GIVEN_UP] = (1 - sum(expected.values())) * trial.given_up.share / 100
    for kind, share in expected.items():
        assert np.mean(outcome == kind) == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / N)), kind
    onset = e["day"][rows][outcome == Outcome.REMISSION]
    reached = 1 - np.exp(-(trial.onset.most - trial.onset.least) / trial.onset.mean)
    median = trial.onset.least - trial.onset.mean * np.log(1 - reached / 2)
    assert np.mean(onset <= median) == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(len(onset)))
    assert trial.onset.least <= onset.min() < onset.max() <= trial.onset.most


def test_early_response_to_esketamine_is_as_published(p):
    late = p.but({"who.failed_before.trials": 2, "next_step.at_once.share": 100.0})
    offered = Policy(offers=(Offer(Treatment.ESKETAMINE, after=2),))
    e = draw_events(late, offered, 8, PEOPLE)
    early = np.isin(np.arange(1, N + 1), e["person"][(e["event"] == Event.EARLY_RESPONSE) & (e["day"] == 1)])
    helped = np.isin(
        np.arange(1, N + 1),
        e["person"][np.isin(e["event"], [Event.RESPONDED, Event.REMITTED]) & (e["course"] == 1) & (e["day"] <= 28)],
    )
    of_helped, of_others = p.esketamine.early.given_the_end()
    for share, among in ((of_helped, helped), (of_others, ~helped)):
        assert early[among].mean() == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / among.sum()) + 0.002)
