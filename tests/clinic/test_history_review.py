"""The review and the typing of lines: states apart, versions, two reviewers, bulk, HTML in every field, pages sent twice."""

from __future__ import annotations

import re

import pytest

from stepwell.clinic.events.models import Event
from stepwell.clinic.history import lines
from stepwell.clinic.history.entry_forms import FIELDS
from stepwell.clinic.history.models import Line

ZOLOFT = {"drug": "Zoloft", "ingredient": "sertraline", "mg_per_day": 100.0, "start": "2023-01-10", "stop": "2023-05"}


@pytest.fixture
def ada(person):
    """A patient."""
    return person()


@pytest.fixture
def where(ada):
    """The address of the review."""
    return f"/people/{ada.pk}/history/"


@pytest.fixture
def reported(ada, actor):
    """Lines that the patient reported and an import brought."""
    nurse = actor("nurse")
    return [
        lines.add(ada, "medication", ZOLOFT, actor=nurse, state="reported", origin="patient", source="Intake"),
        lines.add(ada, "medication", {"drug": "the blue one"}, actor=nurse, state="imported", origin="import"),
        lines.add(ada, "condition", {"condition": "aneurysm", "had": "no"}, actor=nurse, state="reported", origin="patient"),
    ]  # fmt: skip


def seen(line) -> str:
    """How a page names the version that it shows."""
    return f"{line.line}@{line.version}"


def states(person) -> list[str]:
    """The state of each line."""
    return [line.state for line in lines.current(person)]


def test_reported_imported_and_confirmed_stand_apart_in_word_and_sign(sign_in, where, reported, ada):
    client = sign_in("prescriber")
    client.post(f"{where}decide/", {"what": "confirm", "line": seen(reported[2])})
    page = client.get(where).content.decode()
    for word, sign in (("reported", "◌"), ("imported", "⇩"), ("confirmed", "✓")):
        assert re.search(rf'state-{word}">{sign} {word}', page)
    assert "Zoloft (sertraline)" in page
    assert "100 mg a day" in page
    assert "10 January 2023 to May 2023" in page
    assert "the blue one (not identified)" in page


def test_lines_are_confirmed_together(sign_in, where, reported, ada):
    client = sign_in("nurse")
    client.post(f"{where}decide/", {"what": "confirm", "line": [seen(one) for one in reported[:2]]})
    assert sorted(states(ada)) == ["confirmed", "confirmed", "reported"]
    assert Event.objects.filter(action="confirm history", person_id=ada.pk, detail__has_key="line").count() == 2


def test_a_rejection_needs_a_reason(sign_in, where, reported, ada):
    client = sign_in("nurse")
    told = client.post(f"{where}decide/", {"what": "reject", "line": seen(reported[0])}, follow=True)
    assert "write why" in told.content.decode()
    assert "rejected" not in states(ada)
    client.post(f"{where}decide/", {"what": "reject", "line": seen(reported[0]), "reason": "never taken"})
    assert states(ada).count("rejected") == 1
    assert "never taken" in client.get(where).content.decode()


def test_a_correction_is_a_new_version_and_the_versions_are_shown(sign_in, where, reported, ada):
    client, line = sign_in("prescriber"), reported[0]
    page = client.get(f"{where}{line.line}/correct/").content.decode()
    assert 'value="2023-01-10"' in page
    changed = {"version": 1, "drug": "Zoloft", "mg_per_day": "150", "start": "2023-01-10", "stop": "2023-05-20"}
    assert client.post(f"{where}{line.line}/correct/", changed | {"reason": "pharmacy"}).status_code == 302
    now = lines.find(ada, line.line)
    assert (now.version, now.state, now.content["ingredient"]) == (2, "confirmed", "sertraline")
    assert (now.content["mg_per_day"], now.content["stop"]) == (150.0, "2023-05-20")
    page = client.get(f"{where}{line.line}/correct/").content.decode()
    assert "100 mg a day" in page
    assert "pharmacy" in page


def test_a_wrong_correction_is_told_at_its_fields_and_changes_nothing(sign_in, where, reported, ada):
    client, line = sign_in("prescriber"), reported[0]
    wrong = {"version": 1, "drug": "", "mg_per_day": "1e9", "start": "2023-02-30"}
    told = client.post(f"{where}{line.line}/correct/", wrong)
    assert told.status_code == 422
    assert set(told.context["form"].errors) == {"drug", "mg_per_day", "start"}
    assert lines.find(ada, line.line).version == 1


def test_the_second_reviewer_of_a_line_is_told_who_was_first(sign_in, where, reported, ada):
    first, second, line = sign_in("prescriber"), sign_in("nurse"), reported[0]
    first.post(f"{where}decide/", {"what": "confirm", "line": seen(line)})
    told = second.post(f"{where}decide/", {"what": "reject", "line": seen(line), "reason": "x"}, follow=True)
    assert "was confirmed by Test Prescriber" in told.content.decode()
    told = second.post(f"{where}{line.line}/correct/", {"version": 1, "drug": "Zoloft"})
    assert told.status_code == 409
    assert lines.find(ada, line.line).version == 2


def test_a_line_of_another_person_is_not_there(sign_in, where, reported, person):
    other = person(given_name="Ben")
    client = sign_in("prescriber")
    assert client.get(f"/people/{other.pk}/history/{reported[0].line}/correct/").status_code == 404
    client.post(f"/people/{other.pk}/history/decide/", {"what": "confirm", "line": seen(reported[0])})
    assert lines.find(reported[0].person, reported[0].line).version == 1


def test_who_may_not_confirm_sees_no_buttons(sign_in, where, reported):
    page = sign_in("therapist").get(where).content.decode()
    assert "Zoloft" in page
    assert "/decide/" not in page


BAD = "<script>alert(1)</script>"
TYPED = {
    "medication": {"drug": BAD, "note": BAD},
    "treatment": {"treatment": "tms", "name": BAD, "note": BAD},
    "condition": {"name": BAD, "note": BAD, "had": "yes"},
    "medicine": {"drug": BAD, "dose": BAD, "had": "yes"},
    "score": {"instrument": "phq-9", "total": "18", "day": "2024-05-01", "note": BAD},
    "vital": {"systolic": "130", "diastolic": "80", "day": "2024-05-01", "note": BAD},
    "observation": {"start": "2020-01-01", "stop": "2024-01-01", "complete": ["condition"], "note": BAD},
    "goal": {"text": BAD, "enough_pct": "75"},
}


def test_every_kind_is_typed_and_html_in_it_is_shown_as_text(sign_in, where, ada):
    assert set(TYPED) == set(FIELDS)
    client = sign_in("prescriber")
    for kind, typed in TYPED.items():
        page = client.get(f"{where}add/{kind}/").content.decode()
        once = re.search(r'name="once" value="([^"]*)"', page)[1]
        told = client.post(f"{where}add/{kind}/", typed | {"once": once, "source": BAD})
        assert told.status_code == 302, (kind, told.context and told.context["form"].errors)
    assert [line.kind for line in lines.current(ada)] == list(FIELDS)
    assert {line.state for line in lines.current(ada)} == {"reported", "confirmed"}
    page = client.get(where).content.decode()
    assert BAD not in page
    assert "&lt;script&gt;" in page
    for line in lines.current(ada):
        assert BAD not in client.get(f"{where}{line.line}/correct/").content.decode()


def trial_page(client, where) -> str:
    """What the fast form sends to be saved once."""
    return re.search(r'name="once" value="([^"]*)"', client.get(f"{where}type/").content.decode())[1]


ROWS = {
    "r0-drug": "Zoloft", "r0-mg_per_day": "150", "r0-start": "2023-01-10", "r0-stop": "2023-05-20",
    "r0-stop_reasons": "side effects", "r2-drug": "a drug of 1970", "rows": "6",
}  # fmt: skip


def test_the_office_types_a_history_a_row_a_trial_and_cannot_confirm_it(sign_in, where, ada):
    client = sign_in("office")
    rows = ROWS | {"once": trial_page(client, where), "confirm": "yes"}
    for _ in range(2):
        assert client.post(f"{where}type/", rows).status_code == 302
    contents = [line.content for line in lines.current(ada)]
    assert len(contents) == 2
    assert {"drug": "a drug of 1970"} in contents
    assert contents[0]["ingredient"] == "sertraline"
    assert contents[0]["stop_reasons"] == ["side effects"]
    assert states(ada) == ["reported", "reported"]
    assert "saved already" in client.get(f"{where}type/").content.decode()


def test_a_prescriber_may_confirm_while_typing(sign_in, where, ada):
    client = sign_in("prescriber")
    client.post(f"{where}type/", ROWS | {"once": trial_page(client, where), "confirm": "yes"})
    assert states(ada) == ["confirmed", "confirmed"]


def test_one_wrong_row_saves_none_and_all_problems_are_told(sign_in, where):
    client = sign_in("office")
    wrong = ROWS | {"once": trial_page(client, where), "r1-drug": "x", "r1-start": "soon", "r3-mg_per_day": "5"}
    told = client.post(f"{where}type/", wrong)
    assert told.status_code == 422
    page = told.content.decode()
    assert page.count('class="error"') == 2
    assert Line.objects.count() == 0
    more = client.post(f"{where}type/", wrong | {"more": "1"}).content.decode()
    assert 'name="r11-drug"' in more
    assert 'value="soon"' in more


def test_an_answer_about_death_stands_before_everything_on_the_review(sign_in, where, ada, actor):
    from stepwell.clinic.history import links
    from stepwell.clinic.history.answers import save
    from stepwell.clinic.history.questionnaire import Page, intake

    part = next(p for p in intake().parts if p.id == "phq-9")
    link, _token = links.make_link(ada, actor("nurse"))
    page = Page(part, intake().model_copy()._questions(part)[8])
    where_kept = {"asked": link.intake, "questions": intake().name}
    save(link, page, {"value": "1"}, once=link.pk, seen=0, **where_kept)
    shown = sign_in("nurse").get(where).content.decode()
    assert shown.index("Ask about this first") < shown.index("not sent")
    assert "better off dead" in shown
    assert "1 of 3" in shown
