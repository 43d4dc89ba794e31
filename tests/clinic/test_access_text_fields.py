"""HTML in every text field of people, staff and clinic is shown as text, on every page of these rooms."""

from __future__ import annotations

import pytest
from django import forms

from stepwell.clinic.access.clinic_settings import ClinicForm
from stepwell.clinic.access.models import User
from stepwell.clinic.access.staff import StaffForm
from stepwell.clinic.people.forms import PersonForm
from stepwell.clinic.people.models import Person

PASSWORD = "a long pass phrase of tests"
HTML = "<script>x</script>\"'&{{7*7}}{%"
GOOD = {
    "birth_date": "1980-05-31",
    "sex": "",
    "email": "a@clinic.example",
    "time_zone": "America/Chicago",
    "username": "n.hill",
    "role": "nurse",
    "npi": "1234567893",
    "definitions": ["us-label"],
    "stagings": [],
}


def _entries(form: type[forms.Form]) -> dict:
    """HTML in every field that takes free text, as much of it as fits; else a good value."""
    found = {}
    for name, field in form.base_fields.items():
        is_free = type(field) is forms.CharField and name not in GOOD
        found[name] = HTML[: field.max_length or None] if is_free else GOOD.get(name, "")
    assert any(str(value).startswith("<script>") for value in found.values())
    return found


def _shows_as_text(client, *addresses: str) -> None:
    for address in addresses:
        page = client.get(address)
        assert page.status_code == 200, address
        assert "<script>x" not in page.content.decode(), address


@pytest.fixture
def admin(sign_in):
    client = sign_in("administrator")
    client.post("/account/confirm/", {"password": PASSWORD})
    return client


def test_of_a_person(sign_in):
    client = sign_in("prescriber")
    assert client.post("/people/add/", _entries(PersonForm)).status_code == 302
    somebody = Person.objects.get()
    assert somebody.given_name == HTML
    here = f"/people/{somebody.pk}/"
    _shows_as_text(client, "/people/", here, f"{here}edit/", f"{here}merge/")
    assert "<script>x" not in client.post(f"{here}merge/", {"q": "script"}).content.decode()
    assert "<script>x" not in client.post("/people/", {"q": HTML}).content.decode()


def test_of_staff_and_of_the_clinic(admin):
    added = admin.post("/staff/add/", _entries(StaffForm))
    assert "<script>x" not in added.content.decode()
    user = User.objects.get(username="n.hill")
    assert user.first_name == HTML
    assert admin.post("/clinic/", _entries(ClinicForm)).status_code == 302
    _shows_as_text(admin, "/staff/", f"/staff/{user.pk}/", "/clinic/", "/events/", "/events/?action=%3Cscript%3Ex", "/")


def test_a_name_with_html_is_refused_as_a_name_to_sign_in_with(admin):
    given = {"username": "<b>", "first_name": "N", "last_name": "H", "role": "nurse"}
    assert admin.post("/staff/add/", given).status_code == 422
