"""Pages of the stock: what staff enter, what is refused and how it is told, the ledger on paper and as a file."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from stepwell.clinic.access import witness
from stepwell.clinic.access.actors import actor_of_user
from stepwell.clinic.events.models import Event
from stepwell.clinic.stock import entries, ledger
from stepwell.clinic.stock.counting import next_count
from stepwell.clinic.stock.models import LedgerLine, Lot
from stepwell.clinic.stock.products import products

SPRAY, SMALL_VIAL, VIAL = products().products
SOON = timezone.localdate() + timedelta(days=200)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PASSWORD = "a long pass phrase of tests"


@pytest.fixture
def nurse(user):
    return user("nurse")


@pytest.fixture
def page(nurse):
    """A browser in which the nurse is signed in."""
    from django.test import Client

    client = Client()
    client.force_login(nurse, backend=BACKEND)
    return client


@pytest.fixture
def lot(nurse):
    """Makes a lot with devices on hand: `lot(3)`."""

    def make(n: int, product=SPRAY, number: str = "LOT-A1", **given) -> Lot:
        given = {"expires": SOON, "actor": actor_of_user(nurse), "once": uuid.uuid4(), **given}
        return entries.receive(product, number, given.pop("expires"), n, **given).lot

    return make


@pytest.fixture
def used(nurse):
    """Gives devices to somebody: `used(lot, 2, person)`."""

    def make(lot, n, somebody, **given) -> LedgerLine:
        given = {"session": uuid.uuid4(), "once": uuid.uuid4(), "actor": actor_of_user(nurse), **given}
        return ledger.use(lot.pk, n, person=somebody, **given)

    return make


def _sent(page, address: str, status: int = 302, **given) -> str:
    """What the page says after it was sent."""
    answer = page.post(address, {"once": str(uuid.uuid4()), **given}, follow=True)
    first = answer.redirect_chain[0][1] if answer.redirect_chain else answer.status_code
    assert first == status, answer.content.decode()
    return answer.content.decode()


DELIVERY = {"product": SPRAY.id, "lot_number": " ab12 ", "expires": SOON.isoformat(), "n_devices": "6", "note": "No. 7"}


def test_a_delivery_is_received_once(page, person):
    assert "No lot is in stock yet" in page.get("/stock/").content.decode()
    once = str(uuid.uuid4())
    for _ in range(2):
        assert "Received: line" in _sent(page, "/stock/receive/", **DELIVERY, once=once)
    lot = Lot.objects.get()
    assert (lot.lot_number, ledger.on_hand(lot), lot.lines.count()) == ("AB12", 6, 1)
    shown = page.get("/stock/").content.decode()
    assert "AB12" in shown
    assert "<b>6</b> devices" in shown
    somebody = person()
    here = f"/people/{somebody.pk}/stock/receive/"
    assert here in page.get(f"/people/{somebody.pk}/").content.decode()
    _sent(page, here, **DELIVERY)
    assert f"{somebody} only" in page.get("/stock/").content.decode()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"n_devices": "0"}, "greater than or equal to 1"),
        ({"n_devices": "two"}, "whole number"),
        ({"n_devices": "99999"}, "less than or equal to"),
        ({"expires": "2020-01-31"}, "has expired is not taken"),
        ({"expires": "31.1."}, "valid date"),
        ({"product": "aspirin"}, "valid choice"),
        ({"lot_number": ""}, "required"),
        ({"note": ""}, "required"),
        ({"once": "again"}, "valid UUID"),
    ],
)
def test_a_wrong_delivery_is_told_and_kept_on_the_page(page, wrong, told):
    shown = _sent(page, "/stock/receive/", 422, **{**DELIVERY, **wrong})
    assert told in shown
    assert "Nothing was saved yet" in shown
    assert ("ab12" in shown) == ("lot_number" not in wrong)
    assert not LedgerLine.objects.exists()


def test_waste_needs_a_second_member_of_staff_with_their_own_password(page, lot, user, nurse, other_clinic):
    spray, second = lot(3), user("prescriber")
    here = f"/stock/{spray.pk}/waste/"
    good = {"n_devices": "1", "note": "fell", "witness": second.pk, "secret": PASSWORD}
    assert "not the password or the code of" in _sent(page, here, 422, **{**good, "secret": "mine, not theirs"})
    for somebody in (nurse, user("nurse", other_clinic), user("nurse", is_active=False)):
        assert "valid choice" in _sent(page, here, 422, **{**good, "witness": somebody.pk})
    assert "required" in _sent(page, here, 422, **{**good, "note": ""})
    assert "3 devices on hand" in _sent(page, here, 422, **{**good, "n_devices": "4"})
    assert LedgerLine.objects.count() == 1
    shown = _sent(page, here, **good)
    assert f"witness: {second.full_name}" in shown
    line = LedgerLine.objects.get(kind="waste")
    assert (line.n_devices, line.witness, line.user) == (-1, second, nurse)
    assert PASSWORD not in shown


def test_guessing_the_secret_is_closed_after_some_tries(page, lot, user):
    spray, second = lot(3), user("prescriber")
    good = {"n_devices": "1", "note": "fell", "witness": second.pk, "secret": PASSWORD}
    for n in range(witness.MOST_TRIES):
        told = _sent(page, f"/stock/{spray.pk}/waste/", 422, **{**good, "secret": f"guess {n}"})
        assert "not the password or the code of" in told
    told = _sent(page, f"/stock/{spray.pk}/waste/", 422, **good)
    assert "Too many wrong tries" in told
    assert 'value="fell"' in told, "what was typed is still there"
    assert not LedgerLine.objects.filter(kind="waste").exists()
    assert Event.objects.filter(action="witness refused").count() == witness.MOST_TRIES


def test_the_rest_of_a_vial_is_wasted_in_mg(page, lot, used, user, person):
    vial, second = lot(2, VIAL, "K1"), user("prescriber")
    used(vial, 1, person(), mg=35)
    here = f"/stock/{vial.pk}/waste/"
    good = {"mg": "465", "note": "after the infusion", "witness": second.pk, "secret": PASSWORD}
    assert "465 mg" in page.get(f"/stock/{vial.pk}/").content.decode()
    assert "hold 465 mg by the ledger" in _sent(page, here, 422, **{**good, "mg": "500"})
    assert "not both" in _sent(page, here, 422, **{**good, "n_devices": "1"})
    _sent(page, here, **good)
    assert (ledger.on_hand(vial), ledger.remainder(vial)) == (1, 0)
    wasted = LedgerLine.objects.get(kind="waste")
    wrong = {"right": "400", "note": "65 mg were left", "witness": second.pk, "secret": PASSWORD}
    _sent(page, f"/stock/lines/{wasted.pk}/correct/", **wrong)
    assert ledger.remainder(vial) == 65


def test_a_return_leaves_the_stock(page, lot):
    spray = lot(3)
    here = f"/stock/{spray.pk}/return/"
    assert "up to that" in _sent(page, here, 422, n_devices="4", note="reverse distributor, form 12")
    _sent(page, here, n_devices="3", note="reverse distributor, form 12")
    assert ledger.on_hand(spray) == 0
    shown = page.get("/stock/").content.decode()
    assert "LOT-A1" not in shown
    assert "Show one lot with nothing on hand" in shown
    assert "LOT-A1" in page.get("/stock/?all=1").content.decode()


def test_a_recall_lists_who_received_the_lot(page, lot, used, person, nurse):
    ada, ben, cy = person(phone="555 0100"), person(given_name="Ben"), person(given_name="Cy")
    spray, other, bens = lot(9), lot(9, number="B2"), lot(3, person=ben)
    used(spray, 2, ada)
    used(spray, 3, ada)
    used(bens, 2, ben)
    used(other, 2, cy)
    session = uuid.uuid4()
    used(spray, 1, cy, session=session)
    given = {"session": session, "person": cy, "actor": actor_of_user(nurse), "once": uuid.uuid4(), "note": "lot B2"}
    ledger.give_back(spray.pk, 1, **given)
    shown = _sent(page, f"/stock/{spray.pk}/recall/", note="letter of 1 May")
    assert "555 0100" in shown
    assert "5 devices, 140 mg" in shown
    assert "2 devices, 56 mg" in shown
    assert "Doe, Cy" not in shown
    assert "recalled" in page.get("/stock/").content.decode()
    assert "recalled already" in _sent(page, f"/stock/{spray.pk}/recall/", 422, note="again")
    assert page.get(f"/stock/{spray.pk}/explode/").status_code == 404


def test_a_line_is_corrected_by_a_new_line(page, lot, used, person):
    spray = lot(6)
    received = LedgerLine.objects.get()
    used(spray, 2, person())
    here = f"/stock/lines/{received.pk}/correct/"
    assert "up to that" in _sent(page, here, 422, right="1", note="miscounted")
    assert "6 already" in _sent(page, here, 422, right="6", note="miscounted")
    assert "Both lines stay" in _sent(page, here, right="5", note="miscounted")
    assert ledger.on_hand(spray) == 3
    _sent(page, here, right="8", note="it was 8")
    assert ledger.on_hand(spray) == 6
    received.refresh_from_db()
    assert received.n_devices == 6
    use = LedgerLine.objects.get(kind="use")
    shown = page.get(f"/stock/lines/{use.pk}/correct/").content.decode()
    assert "correct the dose there" in shown
    assert '<form method="post" class="card"' not in shown
    assert "correct the dose there" in _sent(page, f"/stock/lines/{use.pk}/correct/", 422, right="1", note="no")


def test_waste_is_corrected_before_a_witness(page, lot, user):
    spray, second = lot(6), user("prescriber")
    good = {"n_devices": "2", "note": "fell", "witness": second.pk, "secret": PASSWORD}
    _sent(page, f"/stock/{spray.pk}/waste/", **good)
    here = f"/stock/lines/{LedgerLine.objects.get(kind='waste').pk}/correct/"
    assert "required" in _sent(page, here, 422, right="1", note="one fell")
    _sent(page, here, right="1", note="one fell", witness=second.pk, secret=PASSWORD)
    assert ledger.on_hand(spray) == 5
    assert LedgerLine.objects.get(kind="correction").witness == second


def _count(page, lots: dict, status: int = 302, address: str = "/stock/count/", **given) -> str:
    sent = {"as_of": "close"}
    for lot, (n, seen) in lots.items():
        sent |= {f"n-{lot.pk}": str(n), f"seen-{lot.pk}": str(seen)}
    return _sent(page, address, status, **sent, **given)


def test_a_count_that_differs_is_shown_and_explained(page, lot, home):
    spray, vial = lot(6), lot(2, VIAL, "K1")
    assert "no complete count yet" in page.get("/stock/").content.decode()
    blind = page.get("/stock/count/").content.decode()
    assert "ledger says" not in blind
    assert "K1" in blind
    shown = _count(page, {spray: (5, 6), vial: (2, 2)}, 422)
    assert "Counted 5, the ledger says 6 devices." in shown
    assert not LedgerLine.objects.filter(kind="count").exists()
    _count(page, {spray: (5, 6), vial: (2, 2)}, **{f"why-{spray.pk}": "one was found broken"})
    assert ledger.all_on_hand([spray, vial]) == {spray.pk: 5, vial.pk: 2}
    line = spray.lines.get(kind="count")
    assert (line.counted, line.n_devices) == (5, -1)
    assert line.note == "As of the close of business. one was found broken"
    today = timezone.localdate(timezone=home.zone)
    due = next_count(home)
    assert (due.last, due.day.year - today.year) == (today, 2)
    assert "The last complete count was on" in page.get("/stock/").content.decode()


def test_a_count_of_one_lot_is_not_the_count_of_everything(page, lot, home):
    spray = lot(6)
    _count(page, {spray: (6, 6)}, address=f"/stock/{spray.pk}/count/")
    assert spray.lines.get(kind="count").n_devices == 0
    assert next_count(home).last is None


def test_a_device_that_is_used_while_somebody_counts_is_told(page, lot, used, person):
    spray, vial = lot(6), lot(2, VIAL, "K1")
    used(spray, 1, person())
    late = lot(3, number="C3")
    shown = _count(page, {spray: (6, 6), vial: (2, 2), late: (3, 3)}, 422)
    assert "the ledger changed for: LOT-A1" in shown
    assert f'name="seen-{spray.pk}" value="5"' in shown
    assert f'name="n-{vial.pk}" value="2"' in shown
    assert not LedgerLine.objects.filter(kind="count").exists()
    assert "C3</a>: This field is required" in _count(page, {spray: (5, 5), vial: (2, 2)}, 422)


def test_an_overdue_count_is_said_in_words(page, lot, nurse, monkeypatch):
    spray = lot(6, expires=SOON + timedelta(days=900))
    _count(page, {spray: (6, 6)})
    later = timezone.now() + timedelta(days=740)
    monkeypatch.setattr(timezone, "now", lambda: later)
    page.force_login(nurse, backend=BACKEND)
    assert "Overdue." in page.get("/stock/").content.decode()


def test_the_ledger_can_be_read_printed_and_taken_as_a_file(page, lot, used, person, home):
    spray = lot(6, note="=HYPERLINK(1)")
    used(spray, 2, person(record_number="@7"))
    shown = page.get("/stock/ledger/").content.decode()
    assert "Doe, Ada" in shown
    assert "=HYPERLINK" in shown
    answer = page.get("/stock/ledger/file/")
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [(r["kind"], r["change"], r["on_hand_after"], r["mg"]) for r in rows] == [
        ("receipt", "6", "6", ""),
        ("use", "-2", "4", "56"),
    ]
    assert rows[0]["note"] == "'=HYPERLINK(1)"
    assert (rows[1]["person"], rows[1]["record_number"]) == ("Doe, Ada", "'@7")
    tomorrow = (timezone.localdate(timezone=home.zone) + timedelta(days=1)).isoformat()
    assert "No line was written" in page.get(f"/stock/ledger/?first={tomorrow}&last={tomorrow}").content.decode()
    for query in ("first=2026-13-01", "last=never", f"first={tomorrow}"):
        for address in ("/stock/ledger/", "/stock/ledger/file/"):
            told = page.get(f"{address}?{query}")
            assert told.status_code == 422
            assert "are shown instead" in told.content.decode()


def test_what_was_on_hand_before_the_days_asked_for_is_counted_in(page, lot, used, person, nurse, home, monkeypatch):
    spray = lot(6)
    later = timezone.now() + timedelta(days=20)
    monkeypatch.setattr(timezone, "now", lambda: later)
    used(spray, 2, person())
    page.force_login(nurse, backend=BACKEND)
    day = timezone.localdate(later, home.zone).isoformat()
    rows = list(csv.DictReader(io.StringIO(page.get(f"/stock/ledger/file/?first={day}").content.decode())))
    assert [(r["kind"], r["on_hand_after"]) for r in rows] == [("use", "4")]


def test_the_stock_of_another_clinic_is_not_there(page, lot, user, other_clinic, sign_in):
    spray = lot(6)
    elsewhere = sign_in("nurse", other_clinic)
    line = LedgerLine.objects.get()
    for address in (f"/stock/{spray.pk}/", f"/stock/{spray.pk}/people/", f"/stock/{spray.pk}/waste/"):
        assert elsewhere.get(address).status_code == 404
    assert elsewhere.get(f"/stock/lines/{line.pk}/correct/").status_code == 404
    assert elsewhere.get(f"/stock/{spray.pk}/count/").status_code == 404
    assert "LOT-A1" not in elsewhere.get("/stock/?all=1").content.decode()


def test_html_in_every_text_is_shown_as_text(page, lot, used, person):
    html = "<script>x</script>"
    spray = lot(2, number=html, note=html)
    used(spray, 1, person())
    entries.recall(spray.pk, actor=actor_of_user(LedgerLine.objects.first().user), once=uuid.uuid4(), note=html)
    for address in ("", f"{spray.pk}/", f"{spray.pk}/people/", "ledger/", f"{spray.pk}/count/", "count/"):
        shown = page.get(f"/stock/{address}").content.decode()
        assert "&lt;script&gt;x" in shown, address
        assert html not in shown, address
