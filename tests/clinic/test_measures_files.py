"""Questionnaires as files: what is asked in words, what by number only, and what becomes of the clinic's own questions."""

from __future__ import annotations

import datetime as dt

import stepwell
from stepwell.clinic.history import forms, words
from stepwell.clinic.history.intake_lines import contents_of
from stepwell.clinic.history.questionnaire import intake, shipped
from stepwell.clinic.history.records import records_of

DAY = dt.date(2026, 11, 29)
FORMS = {form.id: form for form in shipped()}


def said(form, values: dict[str, str | None]) -> dict:
    """The answers by question; None: the patient prefers not to answer."""
    part = form.parts[0].id
    return {
        (f"{part}.{q}", 0): {"value": v} if v is not None else {"value": None, "unknown": True}
        for q, v in values.items()
    }


def contents(form, values: dict[str, str | None]) -> list[tuple[str, dict]]:
    answers = said(form, values)
    return list(contents_of(form, answers, dict.fromkeys(answers, DAY)))


def test_wording_is_shipped_only_where_the_knowledge_files_say_that_it_may_be():
    known = stepwell.load_knowledge().all_instruments
    parts = [part for form in shipped() for part in form.parts if part.instrument]
    assert {part.instrument for part in parts} == {"phq-9", "gad-7", "who-5", "qids-sr16"}
    for part in parts:
        assert part.is_by_number == (known[part.instrument].licence.item_texts != "free"), part.instrument
        assert list(part.items) == [item.item for item in known[part.instrument].items]
    for form in shipped():
        assert form.source, form.id
        assert form.licence, form.id


def test_the_intake_asks_the_same_words_as_the_questionnaires():
    parts = {part.id: part for part in intake().parts}
    assert parts["phq-9"] == FORMS["phq-9"].parts[0]
    assert parts["gad-7"] == FORMS["gad-7"].parts[0]


def test_an_instrument_by_number_is_asked_item_by_item_and_scored_as_it_is():
    form = FORMS["qids-sr16"]
    pages = list(form.pages({}))
    assert len(pages) == 16
    assert list(pages[0].question.choices) == ["0", "1", "2", "3"]
    at_risk = said(form, {"12": "1"})
    assert [p.question.id for p in form.pages(at_risk) if p.question.id == "safety"] == ["safety"]
    items = {"1": 1, "2": 2, "3": 0, "4": 3, "5": 2, "6": 1, "7": 0, "8": 0, "9": 2, "10": 1, "11": 2, "12": 0,
             "13": 2, "14": 1, "15": 1, "16": 2}  # fmt: skip
    ((kind, content),) = contents(form, {item: str(value) for item, value in items.items()})
    expected = stepwell.score_items("qids-sr16", [items]).column("total").to_pylist()[0]
    assert (kind, content["total"]) == ("score", expected)
    assert "total" not in contents(form, {str(n): "1" for n in range(1, 16)})[0][1]  # one item was not asked


def test_the_clinics_own_questions_become_answers_and_no_total(person):
    form = FORMS["own-questions"]
    assert [q.item for q in form.parts[0].questions] == [
        "insight", "joy", "positivity", "connection", "mindset", "mood", "motivation",
    ]  # fmt: skip
    ((kind, content),) = contents(form, {"insight": "7", "joy": None})
    checked, problems = forms.check(kind, content, today=DAY)
    assert problems == {}
    assert words.facts_of(kind, checked)[:2] == ["insight: 7 of 10", "joy: not answered"]
    line = type("L", (), {"line": "x", "version": 1, "kind": kind, "content": checked, "state": "reported"})()
    rows = records_of([line], person())[0]["answer"]
    assert [(r["item"], r["value"], r["at_least"], r["at_most"], r["better"]) for r in rows] == [
        ("insight", 7.0, 0.0, 10.0, "higher"),
        ("joy", None, 0.0, 10.0, "higher"),
    ]


def test_side_effects_are_asked_in_own_words_and_less_is_better():
    form = FORMS["side-effects"]
    ((_kind, content),) = contents(form, {"blunting": "2", "sexual": None, "other": "dry mouth"})
    rows = {record["row"]["item"]: record["row"] for record in content["records"]}
    assert (rows["emotional blunting"]["value"], rows["emotional blunting"]["better"]) == (2.0, "lower")
    assert rows["sexual function"]["value"] is None
    assert content["note"] == "dry mouth"
