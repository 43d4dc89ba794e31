"""A clinic for tests: Django on a database of its own, helpers that sign in and add people.

The same tests run on PostgreSQL: `STEPWELL_CLINIC_TEST_DATABASE=postgresql://... pytest tests/clinic`.
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from pathlib import Path

import pytest
import time_machine

from stepwell.clinic import directory

_PLACE = Path(tempfile.mkdtemp(prefix="stepwell-clinic-")) / "clinic"
directory.create(
    _PLACE,
    address="http://127.0.0.1:8000",
    database=os.environ.get("STEPWELL_CLINIC_TEST_DATABASE", "sqlite"),
)
directory.use(_PLACE)

from django.conf import settings  # noqa: E402

settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
PASSWORD = "a long pass phrase of tests"


@pytest.fixture(autouse=True)
def _clock(request):
    """It is Sunday, 29 November 2026, 17:00 UTC, and time goes on: tests write days around it. A browser keeps its own time."""
    if request.node.get_closest_marker("browser"):
        yield
        return
    with time_machine.travel(dt.datetime(2026, 11, 29, 17, tzinfo=dt.UTC)):
        yield


@pytest.fixture(autouse=True)
def _database(db):
    """Every test of the clinic has the database, in a transaction that is rolled back, and a cache without counts of attempts."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture
def home():
    """The clinic."""
    from stepwell.clinic.access.models import Clinic

    return Clinic.objects.create(name="Test Clinic", time_zone="America/New_York", definitions=["us-label"])


@pytest.fixture
def other_clinic():
    """Another clinic in the same database."""
    from stepwell.clinic.access.models import Clinic

    return Clinic.objects.create(name="Other Clinic", time_zone="America/Chicago")


@pytest.fixture
def person(home):
    """Makes a person of the clinic: `person(family_name="Doe")`, or of another: `person(clinic=other_clinic)`."""
    from stepwell.clinic.people.models import Person

    def make(**given) -> Person:
        fields = {"clinic": home, "given_name": "Ada", "family_name": "Doe", "birth_date": dt.date(1980, 5, 31)}
        return Person.objects.create(**{**fields, **given})

    return make


@pytest.fixture
def user(home):
    """Makes a member of staff who has a second factor: `user("nurse")`."""
    from allauth.mfa.models import Authenticator

    from stepwell.clinic.access.models import User

    def make(role: str, clinic=None, second_factor: bool = True, **given) -> User:
        clinic = clinic or home
        fields = {
            "username": f"{role}-{clinic.pk}-{User.objects.count()}",
            "first_name": "Test",
            "last_name": role.title(),
        }
        made = User(clinic=clinic, role=role, **{**fields, **given})
        made.set_password(PASSWORD)
        made.save()
        if second_factor:
            from allauth.mfa.totp.internal.auth import TOTP

            TOTP.activate(made, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
            assert Authenticator.objects.filter(user=made).exists()
        return made

    return make


@pytest.fixture
def sign_in(user):
    """A browser (Django's test client) in which somebody of this role is signed in: `sign_in("nurse").get("/people/")`."""
    from django.test import Client

    def make(role: str, clinic=None, **given) -> Client:
        client = Client()
        client.force_login(user(role, clinic, **given), backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return make


@pytest.fixture
def actor(user):
    """The actor of a new member of staff: `actor("nurse")`."""
    from stepwell.clinic.access.actors import actor_of_user

    def make(role: str, clinic=None):
        return actor_of_user(user(role, clinic))

    return make
