"""Months and years: a clinician can judge by the days that are certain."""

from __future__ import annotations

import pytest

from stepwell.clinic.history import forms, lines
from stepwell.clinic.history.certain import certain_of


def content(**said):
    made, problems = forms.check("medication", {"drug": "Zoloft", "ingredient": "sertraline", **said})
    assert not problems
    return made


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ({"start": "2024-02", "stop": "2024-06"}, ("2024-02-29", "2024-06-01")),
        ({"start": "2022", "stop": "2023"}, ("2022-12-31", "2023-01-01")),
        ({"start": "2024-02-10", "stop": "2024-06"}, ("2024-02-10", "2024-06-01")),
        ({"start": "2024-02", "weeks": 20}, ("2024-02-29", "2024-06-19")),
        ({"stop": "2024-06", "weeks": 20}, ("2024-02-12", "2024-06-01")),
        ({"start": "2024-02"}, ("2024-02-29", None)),
        ({"start": "2024-02", "taken_on": "2024-06-05"}, ("2024-02-29", None)),
    ],
)
def test_the_days_on_which_it_was_certainly_taken(said, days):
    found = certain_of("medication", content(**said)).content
    assert (found["start"], found.get("stop")) == days
    assert found["drug"] == "Zoloft"
    assert found.get("taken_on") == said.get("taken_on")


@pytest.mark.parametrize(
    "said",
    [{"start": "2024-02-10", "stop": "2024-06-01"}, {}, {"start": "2024", "stop": "2024"}, {"stop": "2024-06"}],
)
def test_nothing_is_offered_where_the_days_are_known_or_none_is_certain(said):
    assert certain_of("medication", content(**said)) is None


def test_other_lines_have_no_certain_days():
    assert certain_of("condition", {"condition": "major-depression", "day": "2020"}) is None


def test_a_clinician_confirms_the_certain_days_and_the_verdict_follows(person, actor, sign_in):
    made, by = person(sex="female"), actor("prescriber")

    def add(kind, state, **said):
        lines.add(made, kind, said, actor=by, state=state, origin="patient" if state == "reported" else "clinician")

    for drug, start, stop in (("sertraline", "2024-02", "2024-06"), ("venlafaxine", "2024-06", "2024-12")):
        add("medication", "reported", drug=drug, ingredient=drug, start=start, stop=stop, mg_per_day=150.0)
    for day, total in (("2024-01-30", 21.0), ("2024-02-28", 21.0), ("2024-05-30", 19.0), ("2024-11-20", 19.0)):
        add("score", "confirmed", instrument="phq-9", day=day, total=total)
    add("condition", "confirmed", condition="major-depression", day="2024-01-10")
    add("observation", "confirmed", start="2023-06-01", stop="2025-06-01", complete=["condition"])
    client = sign_in("prescriber")
    verdicts = f"/people/{made.pk}/chart/verdicts/"
    assert "2 of 2 different drugs count" not in client.get(verdicts).content.decode()
    page = client.get(f"/people/{made.pk}/history/").content.decode()
    assert "Confirm the days that are certain: 29 February 2024 to 1 June 2024" in page
    drugs = [line for line in lines.current(made) if line.kind == "medication"]
    where = f"/people/{made.pk}/history/decide/"
    sent = {"what": "certain", "line": [f"{line.line}@{line.version}" for line in drugs]}
    assert client.post(where, sent).status_code == 302
    now = [line for line in lines.current(made) if line.kind == "medication"]
    assert {line.state for line in now} == {"confirmed"}
    assert now[0].reason == "Only the days that are certain from “February 2024 to June 2024”."
    assert "2 of 2 different drugs count" in client.get(verdicts).content.decode()
    assert "Confirm the days that are certain" not in client.get(f"/people/{made.pk}/history/").content.decode()
    assert [line.content["start"] for line in lines.versions(now[0])] == ["2024-02", "2024-02-29"]
