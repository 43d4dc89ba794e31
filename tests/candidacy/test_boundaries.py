"""Every rule of every label, practice and policy: one day, one year, one point, one mmHg, one session inside and outside."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from held import ALL, DAY, Held, K, answers, diagnosis, line, one, pressure, score, session, supply, taken

from stepwell.candidacy.answers import Known, applies_to
from stepwell.candidacy.chart import read_chart
from stepwell.candidacy.treatments import JUDGES


def asks(*names):
    """Every requirement of every form that asks one of these things."""
    return list(_asks(*names))


def _asks(*names):
    for form in K.candidacies.values():
        for path, requirement in form.requirements():
            for ask in (requirement, *requirement.either):
                if requirement.either and ask is requirement:
                    continue
                name, what = ask.asked
                if name in names:
                    yield pytest.param(what, id=f"{form.id}.{path}")


OF_THE_CHART = ("age", "pressure", "free_of", "recorded", "scored", "not_had")
"""What no trial has to be built for."""


def answer(name, what, held, day=DAY):
    known = Known(read_chart(held, "anna", day), {}, None) if name in OF_THE_CHART else answers(held, day)
    return JUDGES[name](known, what)


def born(years, days=0):
    """Born so that so many years are completed on the day, or so many days later."""
    return date(DAY.year - years, DAY.month, DAY.day) + timedelta(days)


@pytest.mark.parametrize("what", asks("age"))
def test_age_to_the_day(what):
    if what.at_least is not None:
        assert answer("age", what, Held(birth=born(what.at_least))).verdict is True
        assert answer("age", what, Held(birth=born(what.at_least, 1))).verdict is False
    if what.at_most is not None:
        assert answer("age", what, Held(birth=born(what.at_most + 1, 1))).verdict is True
        assert answer("age", what, Held(birth=born(what.at_most + 1))).verdict is False
    assert answer("age", what, Held(birth=(None, None))).verdict is None


@pytest.mark.parametrize("what", asks("pressure"))
def test_pressure_to_the_mmhg_and_the_day(what):
    years = what.from_age or 40
    top, low = what.systolic_at_most, what.diastolic_at_most

    def measured(systolic, diastolic, days=0):
        held = Held(birth=born(years), vital=pressure(DAY - timedelta(days), systolic, diastolic))
        return answer("pressure", what, held).verdict

    assert measured(top, low) is True
    assert measured(top + 1, low) is False
    assert measured(top, low + 1) is False
    assert measured(top, None) is None
    assert measured(top + 1, None) is False
    assert measured(top, low, what.within) is True
    assert measured(top + 1, low, what.within + 1) is None


@pytest.mark.parametrize("what", [p for p in asks("pressure") if p.values[0].from_age or p.values[0].below_age])
def test_which_pressure_goes_by_age_to_the_day(what):
    edge = what.from_age or what.below_age
    of_age, day_before = (answers(Held(birth=born(edge, days))) for days in (0, 1))
    assert applies_to(of_age, what) is (what.from_age is not None)
    assert applies_to(day_before, what) is (what.from_age is None)
    unknown = Held(birth=(None, None), vital=pressure(DAY, what.systolic_at_most + 1, what.diastolic_at_most))
    assert answer("pressure", what, unknown).verdict is None


@pytest.mark.parametrize("what", asks("free_of"))
def test_diagnoses_against_it_to_the_day(what):
    for codeset in what.any_of:
        recorded = None if what.unless else False
        assert answer("free_of", what, Held(condition=[diagnosis(codeset, DAY)])).verdict is recorded
        edge = DAY - timedelta(what.within) if what.within else date(2000, 1, 1)
        assert answer("free_of", what, Held(condition=[diagnosis(codeset, edge)])).verdict is recorded
        if what.within:
            before = answer("free_of", what, Held(condition=[diagnosis(codeset, edge - timedelta(1))]))
            assert (before.verdict, before.is_none_recorded) == (None, True)
        after = answer("free_of", what, Held(condition=[diagnosis(codeset, DAY + timedelta(1))]))
        assert (after.verdict, after.is_none_recorded) == (None, True)


@pytest.mark.parametrize("what", asks("recorded"))
def test_diagnoses_for_it_to_the_day(what):
    missing = {"not met": False, "unknown": None}[what.otherwise]
    for codeset in what.any_of:
        edge = DAY - timedelta(what.within) if what.within else date(2000, 1, 1)
        assert answer("recorded", what, Held(condition=[diagnosis(codeset, edge)])).verdict is True
        assert answer("recorded", what, Held(condition=[diagnosis(codeset, DAY + timedelta(1))])).verdict is missing
        if what.within:
            assert (
                answer("recorded", what, Held(condition=[diagnosis(codeset, edge - timedelta(1))])).verdict is missing
            )


@pytest.mark.parametrize("what", asks("scored"))
def test_scores_to_the_point_and_the_day(what):
    for limit in what.any_of:
        least = {None: 0}.get(limit.at_least, limit.at_least) if limit.above is None else limit.above + 1

        def scored(total, days=0, instrument=limit.instrument):
            return answer("scored", what, Held(measurement=[score(instrument, DAY - timedelta(days), total)]))

        assert scored(least).verdict is True
        if least:
            assert scored(least - 1).verdict is False
        assert scored(least, what.within).verdict is True
        assert scored(least, what.within + 1).verdict is None
        assert scored(None).verdict is None


@pytest.mark.parametrize("what", asks("had"))
def test_sessions_since_the_episode_began(what):
    drugs = [supply("sertraline", date(2025, 3, 1), 60)]

    def had(day):
        return answer("had", what, Held(exposure=drugs, procedure=[session(what.any_of[0], day)])).verdict

    assert had(date(2025, 3, 1)) is True
    assert had(date(2025, 2, 28)) is None
    assert had(DAY + timedelta(1)) is None


@pytest.mark.parametrize("what", asks("not_had"))
def test_sessions_against_it_to_the_day(what):
    for procedure in what.any_of:
        edge = DAY - timedelta(what.within) if what.within else date(2018, 1, 1)
        assert answer("not_had", what, Held(procedure=[session(procedure, edge)])).verdict is False
        if what.within:
            before = answer("not_had", what, Held(procedure=[session(procedure, edge - timedelta(1))]))
            assert (before.verdict, before.is_none_recorded) == (None, True)


@pytest.mark.parametrize("what", asks("taking"))
def test_what_is_taken_to_the_day(what):
    missing = {"not met": False, "unknown": None}[what.otherwise]

    def taking(drug, first, n, **more):
        return answer("taking", what, Held(exposure=[supply(drug, first, n, **more)]))

    n = what.for_ or 1
    assert taking("sertraline", DAY - timedelta(n - 1), n).verdict is True
    if what.for_:
        short = taking("sertraline", DAY - timedelta(n - 2), n - 1)
        assert (short.verdict, short.is_nearly) == (False, True)
    # The last supply ran out yesterday: it may go on for as long as a pause that a trial bridges, and no day longer.
    assert taking("sertraline", DAY - timedelta(60), 60).verdict is None
    assert taking("sertraline", DAY - timedelta(60 + 13), 60).verdict is None
    over = taking("sertraline", DAY - timedelta(60 + 14), 60)
    assert (over.verdict, "may still" not in over.words) == (missing, True)
    assert taking("quetiapine", DAY - timedelta(60), 90).verdict is missing
    assert taking("sertraline", DAY - timedelta(60), 90, use=False).verdict is missing
    if what.of_class:
        assert taking("bupropion", DAY - timedelta(60), 90).verdict is missing


@pytest.mark.parametrize("what", asks("not_taking"))
def test_what_is_taken_against_it_to_the_day(what):
    drugs = [i for i, form in K.interacting.items() if form.group in what.interacting]
    on_the_day = answers(Held(concomitant=[taken(drug, DAY - timedelta(9), 10) for drug in drugs]))
    all_of_them = JUDGES["not_taking"](on_the_day, what)
    assert all_of_them.verdict is False
    for drug in drugs:
        assert K.label_of_drug(drug).lower() in all_of_them.words.lower()
    for supplied in (taken(drugs[0], DAY - timedelta(60), 60), taken(drugs[0], DAY - timedelta(20))):
        ended = answer("not_taking", what, Held(concomitant=[supplied]))
        assert (ended.verdict, ended.is_none_recorded) == (None, False)
        assert "may still be taken" in ended.words
    nothing = answer("not_taking", what, Held())
    assert (nothing.verdict, nothing.is_none_recorded is (what.not_held is None)) == (None, True)
    no_drugs = answer("not_taking", what, Held(has=ALL - {"concomitant"}))
    assert (no_drugs.verdict, no_drugs.is_none_recorded) == (None, False)


def test_alone_from_the_day_of_approval():
    last, first = date(2025, 1, 20), date(2025, 1, 21)
    held = Held()
    assert line(one(held, "esketamine-us", last), "trd.with-antidepressant").verdict == "unknown"
    of_trd, of_suicidal = ([x.path for x in w.lines] for w in one(held, "esketamine-us", first).indications)
    assert "trd.with-antidepressant" not in of_trd
    assert "suicidal.with-antidepressant" in of_suicidal


@pytest.mark.parametrize("form", [f for f in K.candidacies.values() if f.in_force.valid_from], ids=lambda f: f.id)
def test_a_form_holds_from_its_day(form):
    first = form.in_force.valid_from
    assert one(Held(), form.id, first).is_in_force
    before = one(Held(), form.id, first - timedelta(1))
    assert before.stands == "not in force on that day"
    assert not list(before.lines)


@pytest.mark.parametrize(
    "indication", [i for f in K.candidacies.values() for i in f.indications if i.valid_from], ids=lambda i: i.id
)
def test_an_indication_holds_from_its_day(indication):
    form = next(f for f in K.candidacies.values() if indication in f.indications)
    for day, holds in ((indication.valid_from, True), (indication.valid_from - timedelta(1), False)):
        assert (indication.id in [w.indication.id for w in one(Held(), form.id, day).indications]) is holds
