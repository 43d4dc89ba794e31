"""The list of people: search, paging, adding."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from stepwell.clinic.events.models import Event
from stepwell.clinic.people.models import ContactVersion, Person


def test_search_finds_by_name_number_and_birth_date_in_the_own_clinic_only(sign_in, person, other_clinic):
    person(family_name="Alvarez", record_number="77")
    person(family_name="Brandt")
    person(family_name="Alvarez", given_name="Foreign", clinic=other_clinic)
    client = sign_in("office")
    for asked, found in (("alva", 1), ("77", 1), ("1980-05-31", 2), ("1980-13-99", 0), ("ada alva", 1), ("foreign", 0)):
        page = client.post("/people/", {"q": asked}).context["page"]
        assert page.paginator.count == found, asked


def test_a_person_is_added_with_an_event_and_impossible_entries_are_told_at_once(sign_in):
    client = sign_in("nurse")
    answer = client.post("/people/add/", {"given_name": "", "family_name": "Doe", "birth_date": "2999-01-01"})
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"given_name", "birth_date"}
    given = {"given_name": "<b>Ada</b>", "family_name": "Doe", "birth_date": "1980-05-31"}
    assert client.post("/people/add/", given).status_code == 302
    made = Person.objects.get()
    assert Event.objects.filter(action="add person", person_id=made.pk).exists()
    assert b"<b>Ada" not in client.get("/people/").content


def test_paging_keeps_what_was_searched_for_and_no_name_stands_in_an_address(sign_in, person):
    for n in range(60):
        person(family_name="Alvarez", record_number=str(n))
    person(family_name="Brandt")
    client = sign_in("prescriber")
    second = client.post("/people/", {"q": "alvarez", "page": "2"})
    assert (second.context["page"].number, second.context["page"].paginator.count) == (2, 60)
    assert b"?q=" not in second.content
    assert client.get("/people/", {"q": "alvarez"}).context["page"].paginator.count == 61


def test_each_role_is_shown_what_it_may_do(sign_in, person):
    somebody = person()
    therapist, office = (sign_in(role).get("/people/").content.decode() for role in ("therapist", "office"))
    assert "Add a person" in office
    assert "Add a person" not in therapist
    assert f"/people/{somebody.pk}/" in office
    assert sign_in("office").get(f"/people/{somebody.pk}/chart/").status_code == 404


def test_an_edit_keeps_what_stood_there_before(sign_in, person):
    client, told = sign_in("office"), person(phone="555-0100", payer="Cigna")
    place = f"/people/{told.pk}/"

    def edit(**given):
        form = client.get(f"{place}edit/").context["form"]
        sent = {name: "" if value is None else value for name, value in form.initial.items()} | given
        return client.post(f"{place}edit/", sent | {"seen": client.get(f"{place}edit/").context["seen"]})

    assert edit(phone="555-0199").status_code == 302
    assert edit(payer="Aetna", member_id="M-2").status_code == 302
    assert edit().status_code == 302, "an edit without a change adds nothing"
    kept = list(ContactVersion.objects.filter(person=told).values_list("number", "values__phone", "values__payer"))
    assert kept == [(1, "555-0100", "Cigna"), (2, "555-0199", "Cigna"), (3, "555-0199", "Aetna")]
    page = client.get(place).content.decode()
    for words in ("<del>555-0100</del> → 555-0199", "<del>Cigna</del> → Aetna", "<del>–</del> → M-2", "Test Office"):
        assert words in page
    with pytest.raises(DatabaseError), transaction.atomic():
        ContactVersion.objects.update(values={})
    client.post("/people/add/", {"given_name": "Eve", "family_name": "Roe", "birth_date": "1980-05-31"})
    added = Person.objects.get(given_name="Eve")
    assert added.contact_versions.get().values["family_name"] == "Roe"
