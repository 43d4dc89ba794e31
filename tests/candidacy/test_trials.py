"""Failed trials as policies count them: one day, one milligram, nearly, in the present episode, as of one day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from held import DAY, Held, K, diagnosis, line, one, score, session, supply

from stepwell.candidacy.chart import read_chart
from stepwell.candidacy.trials import find_definition, judge

POLICIES = [f for f in K.candidacies.values() if f.kind == "policy"]
START = date(2025, 1, 10)


def limit_of(form):
    definition = K.definitions[form.definitions[0]]
    return definition.branch[0].trial.min_duration.at_least


def tried(
    n_days, *, mg=None, last_score=18, between=1, start=START, drugs=("sertraline", "venlafaxine", "mirtazapine"), n=3
):
    """So many drugs of different classes in turn, each for so many days without improvement, with a diagnosis at the start."""
    exposure, scores, first = [], [score("phq-9", start - timedelta(2), 20)], start
    for drug in drugs[:n]:
        exposure.append(supply(drug, first, n_days, mg))
        first += timedelta(n_days)
        scores.append(score("phq-9", first, last_score))
        first += timedelta(between)
    return {
        "exposure": exposure,
        "measurement": scores,
        "condition": [diagnosis("major-depression", start - timedelta(2))],
    }


@pytest.mark.parametrize("form", POLICIES, ids=lambda f: f.id)
def test_trials_count_to_the_day(form):
    n = limit_of(form)
    enough = one(Held(**tried(n)), form.id)
    short = one(Held(**tried(n - 1)), form.id)
    assert line(enough, "trd.failed-trials").verdict == "met"
    assert line(short, "trd.failed-trials").stands == "nearly met"
    assert line(short, "trd.failed-trials").verdict == "not met"
    assert f"{n - 1} of {n} days" in line(short, "trd.failed-trials").found.words


@pytest.mark.parametrize("form", POLICIES, ids=lambda f: f.id)
def test_nearly_is_four_fifths_to_the_day(form):
    n = limit_of(form)
    nearly = -(-n * 8 // 10)
    assert line(one(Held(**tried(nearly)), form.id), "trd.failed-trials").stands == "nearly met"
    assert line(one(Held(**tried(nearly - 1)), form.id), "trd.failed-trials").stands == "not met"


def test_the_dose_counts_to_the_milligram():
    least = next(m.min_mg_per_day for m in K.dose_minima if (m.ingredient, m.standard) == ("sertraline", "mgh-atrq"))

    def at(mg):
        rows = tried(42, n=2)
        rows["exposure"][0]["mg_per_day"] = mg
        return line(one(Held(**rows), "cigna"), "trd.failed-trials")

    assert at(least).verdict == "met"
    assert at(least - 1).verdict == "not met"
    assert at(None).verdict == "unknown"


def test_the_score_counts_to_the_point():
    # 20 to 15 is 25 % better, to 14 is 30 %: Cigna asks for at most 25 %.
    assert line(one(Held(**tried(42, n=2, last_score=15)), "cigna"), "trd.failed-trials").verdict == "met"
    better = tried(42, n=2, last_score=15)
    better["measurement"][1] = score("phq-9", START + timedelta(42), 14)
    assert line(one(Held(**better), "cigna"), "trd.failed-trials").stands == "not met"


def test_a_trial_still_running_is_unknown_and_not_too_short():
    rows = tried(42, n=1)
    rows["exposure"].append(supply("venlafaxine", DAY - timedelta(20), 60))
    rows["condition"].append(diagnosis("major-depression", DAY - timedelta(20)))
    assert line(one(Held(**rows), "cigna"), "trd.failed-trials").verdict == "unknown"


def test_what_came_later_is_not_known_yet():
    """On an earlier day the answer is the one that it would have been then."""
    whole, day = tried(42, n=2), START + timedelta(60)
    then = {
        "exposure": [r for r in whole["exposure"] if r["start_date"] <= day],
        "measurement": [r for r in whole["measurement"] if r["measured_date"] <= day],
        "condition": whole["condition"],
    }
    for form in ("cigna", "esketamine-us", "qualchoice"):
        later, cut = one(Held(**whole), form, day), one(Held(**then, observed=((date(2018, 1, 1), day),)), form, day)
        strip = [x | {"address": None} for x in (line.as_row() for line in later.lines)]
        assert strip == [x | {"address": None} for x in (line.as_row() for line in cut.lines)]
    assert line(one(Held(**whole), "cigna", START + timedelta(84)), "trd.failed-trials").verdict != "met"
    assert line(one(Held(**whole), "cigna", START + timedelta(85)), "trd.failed-trials").verdict == "met"


def test_what_failed_in_an_earlier_episode_does_not_count():
    early = tried(42, n=2, start=date(2022, 1, 10))
    now = tried(42, n=1)
    rows = {name: early[name] + now[name] for name in early}
    found = line(one(Held(**rows), "cigna"), "trd.failed-trials")
    assert (found.verdict, found.found.value) == ("not met", "1")
    # BCBS North Dakota counts trials of any time.
    third = {name: tried(42, n=3, start=date(2022, 1, 10))[name] + now[name] for name in early}
    assert line(one(Held(**third), "bcbs-nd"), "trd.failed-trials").verdict == "met"


@pytest.mark.parametrize(("days", "verdict"), [(182, "met"), (183, "not met")])
def test_an_episode_that_is_over_is_no_present_one(days, verdict):
    """The house lets an episode end after 26 weeks without treatment or diagnosis."""
    rows = tried(42, n=2)
    end = rows["exposure"][-1]["end_date"]
    found = line(one(Held(**rows), "cigna", end + timedelta(days)), "trd.failed-trials")
    assert found.verdict == verdict
    assert ("which is over" in found.found.words) is (verdict == "not met")


def test_an_episode_of_which_nobody_knows_whether_it_is_over():
    rows = tried(42, n=2)
    end = rows["exposure"][-1]["end_date"]
    held = Held(**rows, observed=((date(2018, 1, 1), end + timedelta(40)),))
    assert line(one(held, "cigna", end + timedelta(200)), "trd.failed-trials").verdict == "unknown"


def test_augmentation_or_psychotherapy_is_enough():
    rows = tried(60, n=2, between=1)
    without = one(Held(**rows), "carefirst")
    assert line(without, "trd.augmentation-or-therapy").verdict == "unknown"
    therapy = one(Held(**rows, procedure=[session("psychotherapy", START + timedelta(5))]), "carefirst")
    assert line(therapy, "trd.augmentation-or-therapy").verdict == "met"
    added = dict(rows, exposure=[*rows["exposure"], supply("lithium", START + timedelta(3), 57, 600)])
    assert line(one(Held(**added), "carefirst"), "trd.augmentation-or-therapy").verdict == "met"
    short = dict(rows, exposure=[*rows["exposure"], supply("lithium", START + timedelta(3), 55, 600)])
    found = line(one(Held(**short), "carefirst"), "trd.augmentation-or-therapy")
    assert found.verdict == "unknown"
    assert found.found.words.startswith("Augmentation: No drugs added")


def test_another_definition_may_be_asked_for():
    rows = tried(30, n=2)
    own = one(Held(**rows), "esketamine-us")
    other = one(Held(**rows), "esketamine-us", definition="sforzini-2022")
    assert line(own, "trd.resistance").verdict == "not met"
    assert line(other, "trd.resistance").verdict == "met"
    assert line(other, "trd.resistance").definition == "sforzini-2022"
    # A policy keeps its own.
    assert line(one(Held(**rows), "cigna", definition="sforzini-2022"), "trd.failed-trials").definition == "payer-cigna"


def test_the_definition_asks_for_more_than_trials():
    rows = tried(42, n=2)
    rows["condition"].append(diagnosis("bipolar", date(2020, 1, 1)))
    found = line(one(Held(**rows), "esketamine-us"), "trd.resistance")
    assert found.verdict == "not met"
    assert "a diagnosis that excludes is recorded" in found.found.words


def test_a_definition_that_counts_eras_is_judged_as_of_a_day():
    """It asks for two eras of other drugs before a third is begun: met from the first day of the third."""
    rows = tried(42)
    third = max(row["start_date"] for row in rows["exposure"])
    verdicts = [
        line(one(Held(**rows), "esketamine-us", day, definition="ohdsi-1009-code"), "trd.resistance").verdict
        for day in (third - timedelta(1), third)
    ]
    assert verdicts == ["not met", "met"]


def test_judging_anew_agrees_with_the_run(result):
    """The last day of everybody's records, by every definition of the run: the same verdict and the same numbers."""
    names = result.definitions
    assert names
    people = result.table("person").to_pyarrow().to_pylist()
    judged_anyone = False
    for person in people:
        stored = {d["definition"]: d for d in result.rows_of("determination", person["person_id"])}
        if not result.rows_of("exposure", person["person_id"]):
            continue
        judged_anyone = True
        chart = read_chart(result, person["source_person_id"])
        for name, judged in judge(chart, [find_definition(d.id, K) for d in names]).items():
            of_run = stored[judged.definition.name]
            fields = ("verdict", "n_counted", "n_possible", "n_needed", "count", "met_date")
            assert [judged.determination[f] for f in fields] == [of_run[f] for f in fields], name
    assert judged_anyone
