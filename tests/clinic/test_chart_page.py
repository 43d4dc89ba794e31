"""The person page: it follows the lines, and what it showed can be shown again."""

from __future__ import annotations

import re

import pytest
from django.db import DatabaseError, transaction

from stepwell.clinic.chart.models import Shown
from stepwell.clinic.history import lines


@pytest.fixture
def somebody(person, actor):
    """A person with two antidepressants that a clinician confirmed, and one that the patient reported."""
    made, by = person(sex="female"), actor("prescriber")

    def add(kind, state="confirmed", **content):
        origin = "patient" if state == "reported" else "clinician"
        return lines.add(made, kind, content, actor=by, state=state, origin=origin)

    drug = {"mg_per_day": 150.0}
    add("medication", drug="Zoloft", ingredient="sertraline", start="2024-02-01", stop="2024-06-01", **drug)
    add(
        "medication",
        "reported",
        drug="Effexor",
        ingredient="venlafaxine",
        start="2024-06-02",
        stop="2024-12-01",
        **drug,
    )
    add("condition", condition="major-depression", day="2024-01-10")
    for day, total in (("2024-01-30", 21.0), ("2024-05-30", 19.0), ("2024-11-20", 19.0)):
        add("score", instrument="phq-9", day=day, total=total)
    add("observation", start="2023-06-01", stop="2025-06-01", complete=["condition"])
    add("goal", text="<b>To work again</b> & {{ sleep }}")
    return made


def text_of(response) -> str:
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_shows_verdicts_trials_and_where_each_was_read(somebody, sign_in):
    page = text_of(sign_in("prescriber").get(f"/people/{somebody.pk}/chart/"))
    assert "US label" in page
    assert re.search(r"verdict-met.*?On confirmed lines alone:\s*<span class=.mark verdict-unknown", page, re.S)
    assert "sertraline" in page
    assert "venlafaxine" in page
    for line in lines.current(somebody):
        if line.kind == "medication":
            assert str(line.line) in page
    assert 'class="timeline"' in page
    assert "style=" not in page
    assert "Candidacy for esketamine or ketamine" in page
    assert "Would settle it" in page


def test_a_rejected_line_changes_the_verdict_at_once(somebody, sign_in, actor):
    client = sign_in("prescriber")
    before = text_of(client.get(f"/people/{somebody.pk}/chart/verdicts/"))
    for line in lines.current(somebody):
        if line.content.get("ingredient") == "venlafaxine":
            lines.reject(line, actor("prescriber"), "never taken")
    after = text_of(client.get(f"/people/{somebody.pk}/chart/verdicts/"))
    assert "<html" not in after
    assert before != after
    assert "2 of 2" in before
    assert "2 of 2" not in after


def test_what_was_shown_can_be_shown_again(somebody, sign_in, actor):
    client = sign_in("prescriber")
    before = text_of(client.get(f"/people/{somebody.pk}/chart/"))
    client.get(f"/people/{somebody.pk}/chart/")
    assert Shown.objects.count() == 1  # nothing was different
    for line in lines.current(somebody):
        if line.kind == "medication":
            lines.reject(line, actor("prescriber"), "never taken")
    after = text_of(client.get(f"/people/{somebody.pk}/chart/"))
    assert "No trial can be made of the lines" in after
    assert "No trial can be made" not in before
    first = Shown.objects.order_by("pk").first()
    again = text_of(client.get(f"/people/{somebody.pk}/chart/before/{first.pk}/"))
    assert "sertraline" in again
    assert "As this page was shown on" in again
    assert "sertraline" not in after
    listed = text_of(client.get(f"/people/{somebody.pk}/chart/before/"))
    assert listed.count("/chart/before/") >= 2


def test_what_was_shown_is_not_changed(somebody, sign_in):
    sign_in("nurse").get(f"/people/{somebody.pk}/chart/")
    for change in (lambda: Shown.objects.update(digest="x"), lambda: Shown.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_another_persons_chart_is_not_shown_as_this_ones(somebody, person, sign_in):
    client = sign_in("prescriber")
    client.get(f"/people/{somebody.pk}/chart/")
    state = Shown.objects.get()
    assert client.get(f"/people/{person().pk}/chart/before/{state.pk}/").status_code == 404


def test_a_person_without_lines_has_a_page_that_says_what_to_do(person, sign_in):
    page = text_of(sign_in("prescriber").get(f"/people/{person().pk}/chart/"))
    assert "No trial can be made of the lines" in page


def test_a_clinic_that_chose_nothing_gets_the_default_definitions(somebody, home, sign_in):
    home.definitions = ["gone-from-the-knowledge"]
    home.save()
    page = text_of(sign_in("prescriber").get(f"/people/{somebody.pk}/chart/"))
    assert "Consensus of 2022" in page
