"""Sign-in: name and password, then a second factor; nothing opens before both."""

from __future__ import annotations

from django.test import Client

from stepwell.clinic.events.models import Event

PASSWORD = "a long pass phrase of tests"


def _enter(client, name, password=PASSWORD):
    return client.post("/account/sign-in/", {"login": name, "password": password})


def _code(user):
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_the_password_alone_opens_nothing(user):
    nurse, client = user("nurse"), Client()
    answer = _enter(client, nurse.username)
    assert (answer.status_code, answer.url) == (302, "/account/second-factor/authenticate/")
    assert client.get("/people/").url.startswith("/account/sign-in/")
    answer = client.post("/account/second-factor/authenticate/", {"code": _code(nurse)})
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
