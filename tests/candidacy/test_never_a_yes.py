"""What nobody recorded is never read as "no", and nothing here says yes."""

from __future__ import annotations

import re
from datetime import date
from itertools import product

import pytest
from held import ALL, DAY, Held, K, diagnosis, gap, line, one, supply

from stepwell.candidacy import assess
from stepwell.candidacy.holds import tables_for
from stepwell.candidacy.line import Found, all_of, any_of
from stepwell.candidacy.treatments import JUDGES
from stepwell.knowledge.candidacy import ASKS
from stepwell.knowledge.candidacy_card import RULES
from stepwell.rules.verdicts import MET, NOT_MET, UNKNOWN

SOME = ("esketamine-us", "qualchoice", "carefirst", "medical-mutual")
"""Forms that together ask everything that can be asked."""

AGAINST = ("free_of", "not_had", "not_taking")


def test_everything_that_can_be_asked_has_an_answer_and_words():
    assert set(JUDGES) == set(ASKS) == set(RULES)
    asks = [one for form in SOME for _, r in K.candidacies[form].requirements() for one in (r.either or (r,))]
    assert {one.asked[0] for one in asks} == set(ASKS)


def test_every_form_is_asked_with_what_would_settle_it():
    """Whatever records cannot settle names the document or the question that would."""
    for form in K.candidacies.values():
        for path, requirement in form.requirements():
            asked = [ask.asked for ask in requirement.either] or [requirement.asked]
            if all((name in ("age", "recorded") and form.kind == "policy") or name == "age" for name, _ in asked):
                continue
            assert requirement.settled_by, f"{form.id} {path}"
        assert form.not_held, form.id


def test_nothing_recorded_is_never_none():
    """Seven years of records without a diagnosis, a drug or a session: nothing that is asked not to be is called met."""
    _, assessments = assess(Held(), "anna", day=DAY)
    lines = [x for one in assessments for x in one.lines]
    asked = {x.path for x in lines}
    assert {"contraindications.aneurysm", "cautions.pregnancy", "cautions.depressants"} <= asked
    of = {(f.name, path): r for f in K.candidacies.values() for path, r in f.requirements()}
    for x in lines:
        requirement = of[x.form, x.path]
        if not requirement.either and requirement.asked[0] in AGAINST:
            assert x.verdict == "unknown", x
            assert "excluded" not in x.found.words
    for one_ in assessments:
        assert not any(line.found.verdict for line in one_.contraindications)


@pytest.mark.parametrize("missing", sorted(ALL - {"person"}))
def test_a_table_that_is_not_there_says_no_to_nothing_in_it(missing):
    """Without a table, no line that reads it is answered "not met", nor called looked through."""
    of = {(f.name, path): r for f in K.candidacies.values() for path, r in f.requirements()}
    seen = 0
    found = [] if missing == "condition" else [diagnosis("major-depression", date(2025, 6, 1))]
    held = Held(has=ALL - {missing}, condition=found)
    for x in (x for a in assess(held, "anna", SOME, day=DAY)[1] for x in a.lines):
        asks = [ask.asked for ask in of[x.form, x.path].either] or [of[x.form, x.path].asked]
        if any({"medication": "exposure"}.get(missing, missing) in tables_for(*ask, K) for ask in asks):
            seen += 1
            assert x.verdict == "unknown", (x.path, x.found)
            assert not x.found.is_none_recorded
    assert seen or missing == "observation_period"


@pytest.mark.parametrize(
    ("gaps", "is_none_recorded"),
    [
        ([], True),
        ([gap("condition")], False),
        ([gap("condition", "aneurysm")], False),
        ([gap("condition", "dementia")], True),
        ([gap("procedure")], True),
        ([gap("condition", first=None, last=None, n=0)], False),
        ([gap("condition", first=date(2026, 1, 1), last=date(2026, 2, 1))], True),
    ],
    ids=["all read", "unidentified", "not this set's", "another set's", "procedures", "whole source", "later"],
)
def test_none_recorded_only_where_every_diagnosis_could_be_read(gaps, is_none_recorded):
    """A diagnosis that nobody could identify, or in a vocabulary that the set does not hold, may be an aneurysm."""
    found = line(one(Held(code_gap=gaps), "esketamine-us"), "contraindications.aneurysm")
    assert (found.verdict, found.found.is_none_recorded) == ("unknown", is_none_recorded)
    assert ("none found; " in found.found.words and "read" in found.found.words) is not is_none_recorded


def test_no_procedure_recorded_only_where_every_procedure_could_be_read():
    of = [(f.name, path) for f in K.candidacies.values() for path, r in f.requirements() if r.not_had or r.had]
    assert of
    for gaps, is_open in (([], False), ([gap("procedure", last=date(2025, 6, 29))], True)):
        lines = {(x.form, x.path): x for a in assess(Held(code_gap=gaps), "anna", day=DAY)[1] for x in a.lines}
        for key in (k for k in of if k in lines):
            assert lines[key].verdict == "unknown"
            assert ("could not be read" in lines[key].found.words) is is_open, lines[key].found
            assert not (is_open and lines[key].found.is_none_recorded)


def test_somebody_never_observed_is_unknown_throughout():
    held = Held(observed=(), condition=[diagnosis("major-depression", date(2025, 1, 1))])
    for x in (x for a in assess(held, "anna", SOME, day=DAY)[1] for x in a.lines):
        assert x.verdict != "not met", (x.form, x.path, x.found)
        assert not x.found.is_none_recorded


def test_a_contraindication_is_said_whatever_the_indication():
    held = Held(condition=[diagnosis("aneurysm", date(2019, 2, 3), "I71.4")])
    us = one(held, "esketamine-us")
    found = line(us, "contraindications.aneurysm")
    assert (found.verdict, found.found.value, found.found.address) == ("not met", "I71.4", "condition/0")
    assert us.stands.endswith("a contraindication is recorded")
    assert one(held, "medical-mutual").stands == "not met"


def test_what_makes_up_for_a_diagnosis_keeps_it_open():
    held = Held(condition=[diagnosis("psychosis", date(2020, 1, 1))])
    found = line(one(held, "cigna"), "trd.psychosis")
    assert found.verdict == "unknown"
    assert "would make up for it" in found.found.words
    assert not found.found.is_none_recorded


def test_a_caution_decides_nothing():
    drugs = {"exposure": [supply("phenelzine", date(2025, 6, 1), 60)]}
    with_one, without = (one(Held(**tables), "esketamine-us") for tables in (drugs, {}))
    assert line(with_one, "cautions.maoi").verdict == "not met"
    assert [w.verdict for w in with_one.indications] == [w.verdict for w in without.indications]
    assert not with_one.against


def test_labels_never_say_one_word_for_the_whole():
    some = [f.id for f in K.candidacies.values() if f.kind != "policy" or f.id in SOME]
    for a in assess(Held(), "anna", some, day=DAY)[1]:
        if a.form.kind != "policy":
            assert all(i.label.lower() in a.stands for i in a.form.indications if i.holds_on(DAY))
        assert not re.search(r"\b(yes|eligible|candidate|approved|recommended)\b", a.stands)


def test_three_values_together():
    assert all_of([]) is True
    assert all_of([True, None]) is None
    assert all_of([True, None, False]) is False
    said = [("a", Found(False, "x", is_nearly=True)), ("b", Found(None, "y"))]
    assert any_of(said).verdict is None
    assert any_of(said).words == "a: x; b: y"
    assert any_of([*said, ("c", Found(True, "z"))]).words == "c: z"
    assert any_of(said[:1]).is_nearly
    assert not any_of(said).is_nearly


def test_three_values_join_here_as_they_do_in_the_rules():
    """The rules join small numbers, this page words: one logic."""
    of = {False: NOT_MET, None: UNKNOWN, True: MET}
    for verdicts in (v for n in (1, 2, 3) for v in product(of, repeat=n)):
        joined = [of[v] for v in verdicts]
        assert of[all_of(verdicts)] == min(joined), verdicts
        assert of[any_of([(str(n), Found(v, "")) for n, v in enumerate(verdicts)]).verdict] == max(joined), verdicts


def test_off_label_is_said():
    off = [f for f in K.candidacies.values() if f.off_label]
    assert [f.treatment for f in off] == ["ketamine"]
    assert all("off-label" in f.summary for f in off)


def test_null_trials_stand_beside_the_others():
    """Both drugs are shown with a trial whose main comparison found nothing, and every trial names its people."""
    null = {t.id for t in K.published.values() if t.primary.is_ == "no difference"}
    assert {"karma-dep-2", "japan-phase-2b"} <= null
    for form in K.candidacies.values():
        if form.kind != "policy":
            assert set(form.evidence) & null, form.id
            assert all(form.treatment in K.published[name].treatment for name in form.evidence)
    assert all(t.population and t.design and t.compared_with for t in K.published.values())
