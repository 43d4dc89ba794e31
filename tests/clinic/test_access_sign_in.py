"""Sign-in: name and password, then a second factor; nothing opens before both."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from django.test import Client

from stepwell.clinic.events.models import Event
from stepwell.clinic.urls import ROUTES

PASSWORD = "a long pass phrase of tests"


def _enter(client, name, password=PASSWORD):
    return client.post("/account/sign-in/", {"login": name, "password": password})


def _code(half_minutes_ago: int = 0) -> str:
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 - half_minutes_ago))


def test_the_password_alone_opens_nothing(user):
    nurse, client = user("nurse"), Client()
    answer = _enter(client, nurse.username)
    assert (answer.status_code, answer.url) == (302, "/account/second-factor/authenticate/")
    assert client.get("/people/").url.startswith("/account/sign-in/")
    answer = client.post("/account/second-factor/authenticate/", {"code": _code()})
    assert answer.status_code == 302
    assert client.get("/people/").status_code == 200
    assert Event.objects.filter(action="signed in", actor=f"user {nurse.pk}").exists()


def test_without_a_second_factor_only_its_setting_up_is_open(user):
    nurse, client = user("nurse", second_factor=False), Client()
    assert _enter(client, nurse.username).status_code == 302
    assert client.get("/people/").url == "/account/second-factor/"
    assert client.get("/", follow=True).redirect_chain[-1][0] == "/account/second-factor/"
    page = client.get("/account/second-factor/")
    assert page.status_code == 200
    assert b"authenticator app" in page.content.lower()


def test_pages_say_nothing_may_be_stored_framed_or_run_from_elsewhere(sign_in):
    answer = sign_in("nurse").get("/people/")
    assert answer["Cache-Control"] == "no-store"
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"


def test_sign_in_closes_after_five_wrong_passwords_even_for_the_right_one(user):
    nurse = user("nurse", second_factor=False)
    client = Client()
    for _ in range(5):
        answer = _enter(client, nurse.username, "wrong")
    assert answer.status_code == 429
    assert "15 minutes" in answer.content.decode()
    for name in (nurse.username, nurse.username.upper()):
        _enter(client, name)
    assert "_auth_user_id" not in client.session
    assert _enter(Client(REMOTE_ADDR="10.0.0.9"), nurse.username).status_code == 302, (
        "no stranger locks out a colleague"
    )
    assert Event.objects.filter(action="sign-in refused", actor=f"user {nurse.pk}").exists()


def test_an_idle_session_ends(sign_in, settings):
    client = sign_in("nurse")
    assert client.get("/people/").status_code == 200
    session = client.session
    session["seen"] -= settings.IDLE_MINUTES * 60 + 1
    session.save()
    assert client.get("/people/").url.startswith("/account/sign-in/")


def test_cookies_bear_the_host_prefix_where_the_address_is_https(tmp_path):
    from stepwell.clinic import directory

    made = directory.create(tmp_path / "d", address="https://clinic.example")
    code = "from stepwell.clinic import settings as s; print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE)"
    environment = {**os.environ, directory.VARIABLE: str(made.path)}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert told.split() == ["__Host-session", "__Host-csrf", "True"]


def test_every_page_of_the_own_account_opens(sign_in, user):
    client = sign_in("nurse")
    client.post("/account/confirm/", {"password": PASSWORD})
    client.post("/account/second-factor/codes/new/")
    for route in ROUTES:
        if route.subject == "own" and "<" not in route.path and "download" not in route.name:
            answer = client.get(f"/{route.path}")
            assert answer.status_code in (200, 302), route.name
            assert b"<script>" not in answer.content
            assert b"style=" not in answer.content, route.name
    assert "/account/none/" not in Client().get("/account/sign-in/").content.decode(), (
        "no link to a page that is not there"
    )
    for name in ("sign-up", "email", "reset", "set-password", "verify"):
        assert client.get(f"/account/none/{name}/").status_code == 404


def test_an_upload_that_is_too_large_is_refused_politely(sign_in):
    answer = sign_in("nurse").post("/people/add/", data=b"x", content_type="text/plain", CONTENT_LENGTH=str(50 * 2**20))
    assert answer.status_code == 413
    assert "Nothing was saved" in answer.content.decode()


def test_sign_out_ends_the_session_at_the_server_and_clears_the_browser(sign_in):
    client = sign_in("nurse")
    kept = client.cookies["session"].value
    answer = client.post("/account/sign-out/")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    client.cookies["session"] = kept
    assert client.get("/people/").url.startswith("/account/sign-in/")


def test_a_new_password_ends_the_other_sessions(sign_in, user):
    nurse = user("nurse")
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        client.force_login(nurse, backend="allauth.account.auth_backends.AuthenticationBackend")
    new = {"oldpassword": PASSWORD, "password1": "quite another pass phrase", "password2": "quite another pass phrase"}
    assert here.post("/account/password/", new).status_code == 302
    assert here.get("/people/").status_code == 200
    assert elsewhere.get("/people/").status_code == 302
    assert here.post("/account/password/", {**new, "password1": "short", "password2": "short"}).status_code == 200


def test_a_code_of_the_app_works_once(user):
    nurse = user("nurse")
    code = _code()
    first, second = Client(), Client()
    for client in (first, second):
        _enter(client, nurse.username)
    assert first.post("/account/second-factor/authenticate/", {"code": code}).status_code == 302
    second.post("/account/second-factor/authenticate/", {"code": code})
    assert second.get("/people/").status_code == 302


def test_a_code_that_ended_while_it_was_typed_is_taken_and_an_older_one_is_not(user, monkeypatch):
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now)
    nurse = user("nurse")
    for half_minutes_ago, opens in ((2, False), (1, True)):
        client = Client()
        _enter(client, nurse.username)
        client.post("/account/second-factor/authenticate/", {"code": _code(half_minutes_ago)})
        assert (client.get("/people/").status_code == 200) is opens


def test_other_methods_than_get_and_post_are_refused(sign_in):
    client = sign_in("nurse")
    for method in ("trace", "put", "patch", "delete", "options"):
        assert getattr(client, method)("/people/").status_code == 405, method


def test_a_form_without_its_token_changes_nothing(user, person):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user("nurse"), backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.post(f"/people/{person().pk}/edit/", {"given_name": "Eve"})
    assert answer.status_code == 403
    assert "Nothing was saved" in answer.content.decode()


def test_a_redirect_after_sign_in_stays_in_the_clinic(user):
    nurse = user("nurse", second_factor=False)
    answer = Client().post(
        "/account/sign-in/", {"login": nurse.username, "password": PASSWORD, "next": "https://evil.example/"}
    )
    assert answer.status_code == 302
    assert "evil" not in answer.url
