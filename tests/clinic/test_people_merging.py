"""Two records of one person become one and two again; both windows and both orders are told."""

from __future__ import annotations

import pytest

from stepwell.clinic.people.merging import NotMerged, merge, undo
from stepwell.clinic.people.models import Person


def test_a_merge_shows_one_person_and_its_undoing_two(sign_in, person):
    kept, other = person(family_name="Doe"), person(family_name="Dow")
    client = sign_in("office")
    assert client.post(f"/people/{kept.pk}/merge/", {"other": str(other.pk)}).status_code == 302
    assert client.get("/people/").context["page"].paginator.count == 1
    assert client.get(f"/people/{other.pk}/").url == f"/people/{kept.pk}/"
    assert kept.ids() == [kept.pk, other.pk]
    assert client.post(f"/people/{other.pk}/merge/undo/").status_code == 302
    assert client.get("/people/").context["page"].paginator.count == 2
    assert kept.ids() == [kept.pk]


def test_what_cannot_be_merged_is_told(sign_in, person, other_clinic):
    kept, other, foreign = person(), person(), person(clinic=other_clinic)
    client = sign_in("prescriber")
    for sent in ("", "no uuid", str(foreign.pk), str(kept.pk)):
        answer = client.post(f"/people/{kept.pk}/merge/", {"other": sent}, follow=True)
        assert answer.context["messages"], sent
    assert not Person.objects.exclude(merged_into=None).exists()
    client.post(f"/people/{kept.pk}/merge/", {"other": str(other.pk)})
    answer = client.post(f"/people/{kept.pk}/merge/", {"other": str(other.pk)}, follow=True)
    assert "merged already" in " ".join(map(str, answer.context["messages"]))


def test_chains_and_rings_of_merges(actor, person):
    office, (a, b, c) = actor("office"), (person() for _ in range(3))
    merge(office, b, c)
    merge(office, a, b)
    assert set(a.ids()) == {a.pk, b.pk, c.pk}
    c.refresh_from_db()
    assert c.survivor() == a
    with pytest.raises(NotMerged):
        merge(office, c, a)
    assert undo(office, b) == a
    with pytest.raises(NotMerged, match="undone already"):
        undo(office, b)


def test_two_windows_do_not_overwrite_each_other(sign_in, person):
    somebody, client = person(), sign_in("nurse")
    url = f"/people/{somebody.pk}/edit/"
    seen = client.get(url).context["seen"]
    given = {"given_name": "Ada", "family_name": "Doe", "birth_date": "1980-05-31", "seen": seen}
    assert client.post(url, {**given, "phone": "1"}).status_code == 302
    assert client.post(url, {**given, "phone": "2"}).status_code == 409
    somebody.refresh_from_db()
    assert somebody.phone == "1"


def test_a_form_sent_twice_adds_one_person(sign_in):
    client = sign_in("office")
    given = {"given_name": "Ada", "family_name": "Doe", "birth_date": "1980-05-31"}
    assert client.post("/people/add/", given).status_code == 302
    assert client.post("/people/add/", given).status_code == 409
    assert Person.objects.count() == 1
    assert client.post("/people/add/", {**given, "anyway": "on"}).status_code == 302
    assert Person.objects.count() == 2
