"""Questionnaires as files: what is asked in words, what by number only, and what becomes of the clinic's own questions."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from pathlib import Path

import pytest
from django.conf import settings

import stepwell
from stepwell.clinic.history import forms, words
from stepwell.clinic.history.intake_lines import contents_of
from stepwell.clinic.history.questionnaire import intake, shipped
from stepwell.clinic.history.records import records_of
from stepwell.clinic.measures import library
from stepwell.errors import QuestionError

DOCS = Path(__file__).parents[2] / "docs" / "clinic.md"
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


def test_the_clinics_own_files_and_wordings_are_read_as_the_docs_show(monkeypatch, tmp_path):
    blocks = re.findall(
        r"```yaml\n# (wordings|questionnaires)/(\S+?):.*?\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL
    )
    assert [(folder, name) for folder, name, _text in blocks] == [
        ("wordings", "example.yaml"),
        ("questionnaires", "sleep.yaml"),
    ]
    for folder, name, text in blocks:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text, "utf-8")
    monkeypatch.setattr(settings, "DIRECTORY", dataclasses.replace(settings.DIRECTORY, path=tmp_path))
    read = library.questionnaires()
    who_5 = read["who-5"].parts[0]
    assert not who_5.is_by_number
    assert [(q.kind, q.ask, list(q.choices)) for q in who_5.item_questions()] == [("choice", "…", list("012345"))] * 5
    ((_kind, content),) = contents(read["sleep"], {"rested": "4"})
    assert content["records"][0]["row"]["item"] == "rested"
    # A later file of the same id takes its place; an incomplete wording, or an unknown questionnaire, is told.
    later = (tmp_path / "questionnaires" / "sleep.yaml").read_text("utf-8").replace("2026-11-29", "2027-01-01")
    (tmp_path / "questionnaires" / "sleep-2027.yaml").write_text(later, "utf-8")
    assert library.questionnaires()["sleep"].name == "sleep 2027-01-01"
    (tmp_path / "wordings" / "half.yaml").write_text("instrument: qids-sr16\nlicence: x\nitems: {'1': a}\n", "utf-8")
    (tmp_path / "schedules").mkdir()
    schedule = "id: own\ndate: 2026-11-29\ntitle: Own\nsource: ours\nhours_untouched: 9\nhours_to_finish: 9\n"
    schedule += "asked: [{questionnaires: [no-such], rule: {kind: every, days: 7}}]\n"
    (tmp_path / "schedules" / "own.yaml").write_text(schedule, "utf-8")
    with pytest.raises(QuestionError) as told:
        library.questionnaires()
    assert sorted(p.where.rpartition("/")[2] for p in told.value.problems) == ["half.yaml, items", "schedule own"]
