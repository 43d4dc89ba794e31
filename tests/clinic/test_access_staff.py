"""The administrator adds people by a link that works once, changes roles, ends access; the last administrator stays."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from stepwell.clinic.access.actors import actor_of_user
from stepwell.clinic.access.models import Clinic, User
from stepwell.clinic.events.models import Event

PASSWORD = "a long pass phrase of tests"
NEW = "quite another long pass phrase"


@pytest.fixture
def admin(sign_in):
    """The administrator's browser, who has just confirmed the password."""
    client = sign_in("administrator")
    assert client.post("/account/confirm/", {"password": PASSWORD}).status_code == 302
    return client


def _link(answer) -> str:
    return re.search(r"http://testserver(/account/set-password/[^<]+)", answer.content.decode())[1]


def test_a_link_sets_the_password_once(admin):
    given = {"username": "n.hill", "first_name": "Nora", "last_name": "Hill", "role": "nurse"}
    link = _link(admin.post("/staff/add/", given))
    client = Client()
    page = client.get(link, follow=True)
    assert page.redirect_chain[-1][0].endswith("/now/"), "the token stays in no history"
    weak = client.post(page.redirect_chain[-1][0], {"password1": "n.hill", "password2": "n.hill"})
    assert weak.status_code == 422
    done = client.post(page.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    assert done.url == "/account/sign-in/"
    assert User.objects.get(username="n.hill").check_password(NEW)
    replayed = Client().get(link, follow=True)
    assert replayed.status_code == 410
    assert Client().get(link.replace("set-password/", "set-password/X"), follow=True).status_code == 410


def test_a_link_ends_after_a_day(admin, settings):
    given = {"username": "n.hill", "first_name": "Nora", "last_name": "Hill", "role": "nurse"}
    link = _link(admin.post("/staff/add/", given))
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert Client().get(link, follow=True).status_code == 410


def test_changes_of_staff_ask_for_the_password_again_and_then_go_on(sign_in, user):
    nurse, client = user("nurse"), sign_in("administrator")
    answer = client.post(f"/staff/{nurse.pk}/access/")
    assert answer.url.startswith("/account/confirm/")
    assert User.objects.get(pk=nurse.pk).is_active
    client.post(answer.url, {"password": PASSWORD, "next": f"/staff/{nurse.pk}/access/"})
    assert not User.objects.get(pk=nurse.pk).is_active


def test_whoever_loses_access_is_out_at_the_next_request(admin, user, sign_in):
    client = sign_in("nurse", username="leaver")
    assert client.get("/people/").status_code == 200
    admin.post(f"/staff/{User.objects.get(username='leaver').pk}/access/")
    assert client.get("/people/").status_code == 302
    assert Event.objects.filter(action="access ended").exists()


def test_a_new_link_ends_password_and_second_factor(admin, user):
    from allauth.mfa.models import Authenticator

    nurse = user("nurse")
    link = _link(admin.post(f"/staff/{nurse.pk}/link/"))
    assert not User.objects.get(pk=nurse.pk).has_usable_password()
    assert not Authenticator.objects.filter(user=nurse).exists()
    assert Client().get(link, follow=True).status_code == 200


def test_the_last_administrator_stays(admin):
    me = User.objects.get(role="administrator")
    given = {"username": me.username, "first_name": "A", "last_name": "B", "role": "nurse"}
    assert admin.post(f"/staff/{me.pk}/", given).status_code == 422
    admin.post(f"/staff/{me.pk}/access/")
    me.refresh_from_db()
    assert (me.role, me.is_active) == ("administrator", True)


def test_staff_of_another_clinic_do_not_exist(admin, user, other_clinic):
    foreign = user("nurse", other_clinic)
    assert admin.get(f"/staff/{foreign.pk}/").status_code == 404
    assert admin.post(f"/staff/{foreign.pk}/link/").status_code == 404
    assert foreign.username.encode() not in admin.get("/staff/").content


def test_the_clinic_chooses_its_definitions_from_the_knowledge(admin):
    given = {"name": "Lakeside", "time_zone": "America/Chicago", "npi": "123", "definitions": ["nobody-2020"]}
    answer = admin.post("/clinic/", given)
    assert set(answer.context["form"].errors) == {"npi", "definitions"}
    given |= {"npi": "1234567893", "definitions": ["us-label", "li-2019"], "stagings": ["mgh-s"]}
    assert admin.post("/clinic/", given).status_code == 302
    clinic = Clinic.objects.get()
    assert (clinic.definitions, clinic.stagings) == (["us-label", "li-2019"], ["mgh-s"])


def test_the_event_log_is_shown_without_charts_and_verified(admin, sign_in, person):
    somebody = person(family_name="Unseen")
    sign_in("nurse").get(f"/people/{somebody.pk}/")
    page = admin.get("/events/").content.decode()
    assert "read people" in page
    assert "Unseen" not in page
    assert "none is missing" in admin.post("/events/").content.decode()
    assert admin.get("/events/", {"day": "2026-99-99"}).status_code == 200


def test_the_event_log_shows_what_nobody_of_the_clinic_did_and_no_other_clinic(admin, user, other_clinic):
    from stepwell.clinic import events

    Client().post("/account/sign-in/", {"login": "a.stranger", "password": "guess"})
    events.record(None, "backup", detail={"by": "command line"})
    foreign = user("nurse", other_clinic, username="far.away", first_name="Far", last_name="Away")
    Client().post("/account/sign-in/", {"login": foreign.username, "password": PASSWORD})
    events.record(actor_of_user(foreign), "only elsewhere")
    page = admin.get("/events/").content.decode()
    shown = [event.action for event in admin.get("/events/").context["page"]]
    assert {"sign-in refused", "backup"} <= set(shown)
    assert "only elsewhere" not in shown
    assert "a.stranger" not in page, "what a stranger typed may be a password"
    assert "guess" not in page
