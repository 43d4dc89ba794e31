"""Every line that can say "none recorded", against every record table able to hold the thing: what stands there is found.

The lines are those of every form; the tables are those that `holds` names for each. A new thing to ask, or a new table that can
hold one, fails here until it is said how it would be recorded there.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from held import (
    DAY,
    Held,
    K,
    answered,
    answers,
    declared,
    diagnosis,
    dose,
    gap,
    pressure,
    reading,
    score,
    session,
    supply,
    taken,
    undated,
)

from stepwell.candidacy.answers import Known
from stepwell.candidacy.chart import read_chart
from stepwell.candidacy.holds import drugs_of, tables_for, treatments_of
from stepwell.candidacy.suicidality import signs_of, to_say_first
from stepwell.candidacy.treatments import JUDGES
from stepwell.candidacy.trials import find_definition, judge, without_further_parts
from stepwell.knowledge.candidacy import ASKS, OfDefinition
from stepwell.knowledge.forms import SUICIDALITY

EVE = DAY - timedelta(1)


def _taken(drug):
    return {"exposure": [supply(drug, EVE - timedelta(60), 90)]}


def _of_classes(ask):
    return next(
        i.ingredient for i in K.ingredients.values() if i.role == "antidepressant" and i.drug_class in ask.of_class
    )


def _interacting(ask, *, is_medication):
    """A drug of the groups; of depressants none is medication, so that any stands there."""
    drugs = [i for i, form in K.interacting.items() if form.group in ask.interacting]
    known = [i for i in drugs if (i in K.ingredients and K.ingredients[i].role != "set-aside") is is_medication]
    return (known or drugs)[0]


PLACES = {
    ("recorded", "condition"): lambda ask: {"condition": [diagnosis(ask.any_of[0], EVE)]},
    ("free_of", "condition"): lambda ask: {"condition": [diagnosis(ask.any_of[0], EVE)]},
    ("recorded", "answer"): lambda ask: {"answer": [answered("phq-9", "9", EVE, 3)]},
    ("free_of", "answer"): lambda ask: {"answer": [answered("c-ssrs-screener", "5", EVE, 1)]},
    ("pressure", "vital"): lambda ask: {"vital": pressure(EVE, 190, 110)},
    ("pressure", "monitoring"): lambda ask: {"monitoring": [reading("systolic", EVE, 190)]},
    ("scored", "measurement"): lambda ask: {"measurement": [score(ask.any_of[0].instrument, EVE, 20)]},
    ("scored", "answer"): lambda ask: {"answer": [answered(ask.any_of[0].instrument, None, EVE, 20)]},
    ("had", "procedure"): lambda ask: {"procedure": [session(ask.any_of[0], EVE)]},
    ("not_had", "procedure"): lambda ask: {"procedure": [session(ask.any_of[0], EVE)]},
    ("not_had", "declared_session"): lambda ask: {
        "declared_session": [declared(treatments_of(ask.any_of, K)[0].id, EVE)]
    },
    ("not_had", "dose"): lambda ask: {"dose": [dose(min(drugs_of(ask.any_of, K)), EVE)]},
    ("not_had", "exposure"): lambda ask: {"exposure": [supply(min(drugs_of(ask.any_of, K)), EVE, 1)]},
    ("taking", "exposure"): lambda ask: _taken(_of_classes(ask) if ask.of_class else "sertraline"),
    ("not_taking", "exposure"): lambda ask: _taken(_interacting(ask, is_medication=True)),
    ("not_taking", "concomitant"): lambda ask: {"concomitant": [taken(_interacting(ask, is_medication=False), EVE, 9)]},
    ("added", "exposure"): lambda ask: {
        "exposure": [
            supply("sertraline", DAY - timedelta(90), 91, 100),
            supply("lithium", DAY - timedelta(80), 81, 600),
        ]
    },
    ("failed_trials", "exposure"): lambda ask: _taken("sertraline"),
    ("resistance", "exposure"): lambda ask: _taken("sertraline"),
}
"""How what is asked would be recorded in that table on the day before."""

LINES = {
    (name, repr(ask)): (f"{form.id}.{path}", name, ask)
    for form in reversed(K.candidacies.values())
    for path, requirement in form.requirements()
    for name, ask in ([one.asked for one in requirement.either] or [requirement.asked])
    if name != "age"
}.values()
"""Every different line of every form: where it stands, what it asks. The age stands in no other table than `person`."""


OF_THE_CHART = ("pressure", "free_of", "recorded", "scored", "not_had")
"""What no trial has to be built for."""


def found(name, ask, **tables):
    held = Held(**tables)
    if name in OF_THE_CHART:
        return JUDGES[name](Known(read_chart(held, "anna", DAY), {}, None), ask)
    known = answers(held)
    if isinstance(ask, OfDefinition):
        form = find_definition(ask.definition, K)
        known = replace(known, judged=judge(known.chart, [form, without_further_parts(form)]))
    return JUDGES[name](known, ask)


def test_it_is_said_how_each_thing_would_be_recorded_in_each_table():
    """Neither a thing to ask nor a table that can hold it is left out, and none stands here that no line asks."""
    asked = {(name, table) for _, name, ask in LINES for table in tables_for(name, ask, K)}
    assert asked == set(PLACES)
    assert {name for _, name, _ in LINES} | {"age"} == set(ASKS)


@pytest.mark.parametrize(
    ("name", "ask", "table"),
    [pytest.param(name, ask, t, id=f"{line}-{t}") for line, name, ask in LINES for t in tables_for(name, ask, K)],
)
def test_what_stands_in_a_table_is_found(name, ask, table):
    """What no line reads is called "none recorded"; what stands in this table is told, with the row that it was read from."""
    there, nothing = found(name, ask, **PLACES[name, table](ask)), found(name, ask)
    assert not there.is_none_recorded
    assert there.words != nothing.words
    if name not in ("added", "failed_trials", "resistance"):
        assert there.address == f"{table}/0"


SUICIDAL = [ask for _, name, ask in LINES if name in ("free_of", "recorded") and SUICIDALITY in ask.any_of]


@pytest.mark.parametrize("ask", SUICIDAL, ids=lambda a: type(a).__name__)
@pytest.mark.parametrize("item", sorted(K.safety_items), ids="-".join)
def test_every_item_about_suicide_is_read(ask, item):
    """An answer from the instrument's limit on is a sign; below it, it is none; one that nobody gave is not a no."""
    name = {"FreeOf": "free_of", "Recorded": "recorded"}[type(ask).__name__]
    least = K.safety_items[item]
    yes, no, silent = (found(name, ask, answer=[answered(*item, EVE, value)]) for value in (least, least - 1, None))
    assert yes.verdict is (False if name == "free_of" else None)
    assert yes.address == silent.address == "answer/0"
    assert (silent.verdict, silent.is_none_recorded) == (None, False)
    assert "not answered" in silent.words
    assert "none recorded" in no.words
    old = found(name, ask, answer=[answered(*item, DAY - timedelta(ask.within + 1), least)])
    assert "none recorded" in old.words


def test_a_total_without_its_answer_about_suicide_is_no_none():
    ask = next(a for a in SUICIDAL if type(a).__name__ == "FreeOf")
    only = found("free_of", ask, measurement=[score("phq-9", EVE, 20)])
    assert (only.verdict, only.is_none_recorded) == (None, False)
    both = found("free_of", ask, measurement=[score("phq-9", EVE, 20)], answer=[answered("phq-9", "9", EVE, 0)])
    assert both.is_none_recorded


@pytest.mark.parametrize("ask", SUICIDAL, ids=lambda a: type(a).__name__)
def test_measurements_that_nobody_could_identify_are_no_none(ask):
    """One of them may be an answer about suicide, or the score that is asked for: of those days none was looked for in vain."""
    name = {"FreeOf": "free_of", "Recorded": "recorded"}[type(ask).__name__]
    told = found(name, ask, code_gap=[gap("answer", last=EVE)])
    assert (told.verdict, told.is_none_recorded) == (None, False)
    assert "3 measurements and observations of this person could not be read, and may hold one" in told.words
    before = found(name, ask, code_gap=[gap("answer", last=DAY - timedelta(ask.within + 1))])
    assert "none recorded" in before.words
    aneurysm = K.candidacies["esketamine-us"].contraindications[0].free_of
    assert found("free_of", aneurysm, code_gap=[gap("answer", last=EVE)]).is_none_recorded
    # OMOP keeps allergies among the observations.
    allergy = next(ask for _, name, ask in LINES if name == "free_of" and "anaesthetic-allergy" in ask.any_of)
    assert not found("free_of", allergy, code_gap=[gap("answer", last=EVE)]).is_none_recorded
    for other in ("scored", "pressure"):
        asked = next(ask for _, name, ask in LINES if name == other)
        assert "could not be read, and may hold one" in found(other, asked, code_gap=[gap("answer", last=EVE)]).words


def test_what_has_no_day_may_be_the_latest():
    """A score or a reading without a day may be later than the one that is found; one of an earlier month changes nothing. An
    answer to a form that asks about suicide, and has no day, is no "none recorded"."""
    scored = next(ask for _, name, ask in LINES if name == "scored")
    pressure = next(ask for _, name, ask in LINES if name == "pressure")
    of, least = scored.any_of[0].instrument, scored.any_of[0].at_least or 30
    total = (
        {"measurement": [score(of, EVE, least)]} if of in K.instruments else {"answer": [answered(of, None, EVE, 1)]}
    )
    readings = [
        {"vital": f"blood-pressure-{side}", "measured_date": EVE, "mmhg": mmhg, "percent": None}
        for side, mmhg in (("systolic", 120.0), ("diastolic", 70.0))
    ]
    month = (date(2020, 1, 1), date(2020, 1, 31))
    for name, ask, held, row in (
        ("scored", scored, total, ("measurement", of)),
        ("pressure", pressure, {"vital": readings}, ("vital", "blood-pressure-systolic")),
    ):
        settled, open_ = found(name, ask, **held), found(name, ask, **held, code_gap=[undated(*row)])
        assert settled.verdict is not None
        assert (open_.verdict, "of this person has no usable day" in open_.words) == (None, True)
        assert found(name, ask, **held, code_gap=[undated(*row, *month)]).verdict is settled.verdict
        assert "no usable day" in found(name, ask, code_gap=[undated(*row)]).words
    free = next(a for a in SUICIDAL if type(a).__name__ == "FreeOf")
    told = found("free_of", free, code_gap=[undated("answer", "phq-9")])
    assert (told.is_none_recorded, "1 answer of this person has no usable day" in told.words) == (False, True)
    assert found("free_of", free, code_gap=[undated("answer", "gad-7")]).is_none_recorded


def test_what_is_recorded_of_suicide_without_a_day_is_said_first():
    """A diagnosis is a sign; an answer may be one. An answer to a form that does not ask is none."""
    month = undated("answer", "phq-9", date(2024, 5, 1), date(2024, 5, 31))
    gaps = [undated("condition", SUICIDALITY), undated("answer", "phq-9"), month, undated("answer", "gad-7")]
    signs = to_say_first(signs_of(read_chart(Held(code_gap=gaps, condition=[diagnosis("bipolar", EVE)]), "anna", DAY)))
    assert [(s.is_positive, s.is_diagnosis) for s in signs] == [(True, True), (None, False)]
    assert ["1 diagnosis of this person has no usable day" in signs[0].words, "2 answers" in signs[1].words] == [
        True,
        True,
    ]


def test_the_latest_answer_is_told_beside_an_earlier_sign():
    ask = next(a for a in SUICIDAL if type(a).__name__ == "FreeOf")
    rows = [answered("phq-9", "9", DAY - timedelta(40), 3), answered("phq-9", "9", EVE, 0)]
    both = found("free_of", ask, answer=rows)
    assert both.verdict is False
    assert both.words.endswith("; 0 on 29 Jun 2025")


def test_a_question_of_the_clinics_own_about_suicide_is_read():
    ask = next(a for a in SUICIDAL if type(a).__name__ == "FreeOf")
    own = found("free_of", ask, answer=[answered(None, "suicidal thoughts today", EVE, 8)])
    assert (own.verdict, own.address) == (False, "answer/0")
    other_way = found("free_of", ask, answer=[answered(None, "free of suicidal thoughts", EVE, 8, better="higher")])
    assert (other_way.verdict, other_way.is_none_recorded) == (None, False)
    assert found("free_of", ask, answer=[answered(None, "joy", EVE, 0)]).is_none_recorded


def test_a_declared_comparator_is_no_session_of_the_treatment():
    ask = K.candidacies["qualchoice"].indications[0].asks[-1].not_had
    told = found("not_had", ask, declared_session=[declared("esketamine", EVE, is_comparator=True)])
    assert told.is_none_recorded


def test_a_supply_of_the_drug_is_no_session_for_certain():
    ask = K.candidacies["qualchoice"].indications[0].asks[-1].not_had
    for kind, verdict in (("administration", False), ("supply", None), (None, None)):
        told = found("not_had", ask, dose=[dose("esketamine-nasal", date(2020, 1, 1), kind)])
        assert (told.verdict, told.is_none_recorded) == (verdict, False)


def test_single_items_without_a_total_are_told():
    ask = K.candidacies["qualchoice"].indications[0].asks[2].scored
    told = found("scored", ask, answer=[answered("phq-9", "1", EVE, 3)])
    assert told.verdict is None
    assert "single items of the PHQ-9 are answered on 29 Jun 2025" in told.words


def test_a_drug_without_a_day_hides_only_itself():
    """A drug that only interacts, of which nobody knows when it was taken, is not "none"; another group's drug is none of it."""
    reason = "interacting drugs without a day"
    asks = [ask for _, asked, ask in LINES if asked == "not_taking" and not ask.not_held]
    alone = [a for a in asks if any(b.interacting != a.interacting for b in asks)]
    assert alone
    for ask in alone:
        drug = _interacting(ask, is_medication=False)
        other = next(i for i, form in K.interacting.items() if form.group not in ask.interacting)
        for ingredient, is_none in ((drug, False), (other, True), (None, False)):
            row = {"reason": reason if ingredient else "unidentified drugs", "ingredient": ingredient, "n_rows": 1}
            told = found("not_taking", ask, incomplete_medication=[row])
            assert (told.verdict, told.is_none_recorded) == (None, is_none), (ask, ingredient)
    _, _, ask = next(line for line in LINES if line[1] == "taking")
    row = {"reason": reason, "ingredient": other, "n_rows": 1}
    assert found("taking", ask, incomplete_medication=[row]).words == found("taking", ask).words


@pytest.mark.parametrize("name", ["taking", "not_taking", "not_had", "added"])
def test_drugs_that_nobody_could_identify_are_no_none(name):
    """Where some of a person's drugs are not known, that one is not found says nothing."""
    reason = {"reason": "unidentified drugs", "n_rows": 2}
    for _, asked, ask in LINES:
        drugs = {"exposure", "concomitant", "dose"} & set(tables_for(asked, ask, K))
        if asked == name and drugs:
            told = found(name, ask, incomplete_medication=[dict(reason)])
            assert (told.verdict, told.is_none_recorded) == (None, False)
