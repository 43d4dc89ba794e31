"""When sessions end or get another id, which passwords are too easy to guess, and who may read static files."""

from __future__ import annotations

import pytest
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.test import Client

PASSWORD = "a long pass phrase of tests"
_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def browsers(user):
    """Two browsers of one nurse and one of another."""
    nurse, other = user("nurse"), user("nurse")
    found = [Client() for _n in range(3)]
    for client, who in zip(found, (nurse, nurse, other), strict=True):
        client.force_login(who, backend=_BACKEND)
        assert client.get("/people/").status_code == 200
    return found


def is_in(client) -> bool:
    return client.get("/people/").status_code == 200


def test_a_session_ends_twelve_hours_after_it_began_however_busy_it_was(sign_in, settings):
    client = sign_in("nurse")
    assert is_in(client)
    session = client.session
    session["began"] -= settings.SESSION_COOKIE_AGE - 60
    session.save()
    assert is_in(client)
    session = client.session
    session["began"] -= 120
    session.save()
    assert not is_in(client)


def test_a_changed_second_factor_ends_the_other_sessions_of_its_owner_only(browsers):
    here, elsewhere, colleague = browsers
    here.post("/account/confirm/", {"password": PASSWORD})
    answer = here.post("/account/second-factor/app/remove/")
    assert answer.status_code == 302
    assert not is_in(elsewhere)
    assert is_in(colleague)
    assert here.get("/account/second-factor/").status_code == 200, "this browser stays signed in"


def test_a_confirmation_gives_the_session_another_id(browsers):
    here, elsewhere, _colleague = browsers
    before = here.session.session_key
    here.post("/account/confirm/", {"password": "wrong"})
    assert here.session.session_key == before
    assert here.post("/account/confirm/", {"password": PASSWORD}).status_code == 302
    assert here.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()
    assert is_in(here)
    assert is_in(elsewhere)


@pytest.mark.parametrize(
    "word", ["stepwell-ketamine-2026", "Riverside Clinic 2026!", "SpravatoNurse99", "clinicclinicclinic"]
)
def test_a_password_of_words_that_anybody_here_would_guess_is_refused(user, home, word):
    home.name = "Riverside Health"
    nurse = user("nurse", clinic=home)
    with pytest.raises(ValidationError, match="8 more letters or digits"):
        validate_password(word, nurse)
    validate_password("ketamine and nine blue herons", nurse)


def test_no_other_origin_may_read_static_files():
    answer = Client().get("/static/pages/clinic.css")
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer
    answer.close()
