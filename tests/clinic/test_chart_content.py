"""What the person page says of a person's lines: all of them, and the confirmed ones alone."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import types
import uuid

import pytest

from stepwell.clinic.chart.content import WORDS, compose
from stepwell.clinic.chart.judging import judge
from stepwell.clinic.chart.timeline import draw
from stepwell.clinic.history import forms

TODAY = dt.date(2026, 1, 5)
DEFINITIONS = ["us-label", "clinic-two-classes"]
PERSON = types.SimpleNamespace(pk=uuid.uuid4(), birth_date=dt.date(1980, 5, 1), sex="female")
PERSON.id = PERSON.pk


def line(kind, state="confirmed", **said):
    content, problems = forms.check(kind, said)
    assert not problems
    return types.SimpleNamespace(line=uuid.uuid4(), version=1, kind=kind, content=content, state=state, person=PERSON)


def drug(name, start, stop, state="confirmed", **more):
    return line("medication", state, drug=name, ingredient=name, start=start, stop=stop, mg_per_day=150, **more)


def score(day, total, state="confirmed", **more):
    return line("score", state, instrument="phq-9", day=day, total=total, **more)


def history(*, second="confirmed", observed="confirmed"):
    """Two antidepressants of two classes that did not help, in a history that a clinician says is complete."""
    return [
        drug("sertraline", "2024-02-01", "2024-06-01"),
        drug("venlafaxine", "2024-06-02", "2024-12-01", second),
        line("condition", condition="major-depression", day="2024-01-10"),
        score("2024-01-30", 21),
        score("2024-05-30", 19),
        score("2024-11-20", 19, second),
        line("observation", observed, start="2023-06-01", stop="2025-06-01", complete=["condition"]),
    ]


def content_of(lines):
    return compose(judge(PERSON, lines, DEFINITIONS, ["maudsley"], TODAY), lines, TODAY)


def verdicts(content):
    return {v["definition"].partition("@")[0]: (v["verdict"], v["on_confirmed"]) for v in content["verdicts"]}


def test_a_confirmed_history_says_the_same_of_all_lines_and_of_confirmed_lines():
    found = verdicts(content_of(history()))
    assert found == {"us-label": ("met", "met"), "clinic-two-classes": ("met", "met")}


def test_lines_that_nobody_confirmed_are_open_on_confirmed_lines_and_never_a_no():
    found = verdicts(content_of(history(second="reported")))
    assert found == {"us-label": ("met", "unknown"), "clinic-two-classes": ("met", "unknown")}


def test_a_rejected_line_is_left_out():
    found = verdicts(content_of(history(second="rejected")))
    assert found["clinic-two-classes"] == ("not met", "not met")


def test_no_is_said_only_where_all_lines_say_it():
    for states in itertools.product(("confirmed", "reported", "rejected"), repeat=2):
        for verdict, on_confirmed in verdicts(content_of(history(second=states[0], observed=states[1]))).values():
            assert on_confirmed != "not met" or verdict == "not met", states


def test_every_line_of_evidence_leads_to_the_line_that_it_was_read_from():
    lines = history(second="reported")
    content = content_of(lines)
    json.dumps(content)
    known = {str(x.line): x.state for x in lines}
    named = [n for v in content["verdicts"] for t in v["of_trials"] for e in t["lines"] for n in e["lines"]]
    named += [n for t in content["trials"] for n in t["lines"]]
    assert {n["state"] for n in named} == {"confirmed", "reported"}
    assert all(known[n["line"]] == n["state"] and n["version"] == 1 for n in named)
    assert [r["line"] for r in content["rests_on"]] == [str(x.line) for x in lines]


def test_every_criterion_of_a_trial_has_words():
    from stepwell.knowledge.definition import CRITERIA

    assert set(WORDS) == {c for c in CRITERIA if c.startswith(("trial.", "failure.")) or c == "added"}
    lines = [x for x in history() if x.kind != "score"]
    said = [text for v in content_of(lines)["verdicts"] for text in v["decided_by"]]
    assert "how much it improved: unknown of 2 trials" in said


def test_a_stage_on_confirmed_lines_is_no_surer_than_on_all_lines():
    (stage,) = content_of(history(second="reported"))["stages"]
    assert stage["stage"] == "6 to 7 points, mild to moderate"
    assert stage["on_confirmed"] == "6 to 14 points, mild to severe"


def test_what_is_open_is_named():
    content = content_of(history(second="reported"))
    assert content["next"][0] == {"what": "confirm", "n": 2, "words": ""}
    assert all(step["words"] for step in content["next"][1:])
    assert content_of(history())["next"][0]["what"] == "settle"


def test_an_answer_about_suicide_is_said_first():
    lines = [*history(), score("2025-01-10", 20, items={"9": 1})]
    assert content_of(lines)["say_first"] == ["PHQ-9, item 9: 1 on 10 Jan 2025"]


def test_the_same_lines_give_the_same_content():
    lines = history(second="imported")
    assert content_of(lines) == content_of(lines)


@pytest.mark.parametrize("lines", [[], [line("goal", text="sleep again")]])
def test_a_person_without_records_has_a_page(lines):
    content = content_of(lines)
    assert {v["verdict"] for v in content["verdicts"]} <= {"unknown", "not met"}
    assert all(v["verdict"] == "unknown" for v in content["verdicts"])
    assert content["trials"] == []
    assert content["candidacy"] == []
    assert draw(content) is None


def test_the_timeline_draws_every_trial_and_score_and_no_style():
    picture = draw(content_of(history()))
    assert picture.count('class="bar ') == 2
    assert picture.count('<g class="point') == 3 + 1  # the scores, and the legend
    assert "style=" not in picture
    assert "<script" not in picture
    content = content_of(history())
    content["trials"][0]["drug"] = "<script>x</script>"
    assert "<script>" not in draw(content)
