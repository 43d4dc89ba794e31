"""The ledger: what is on hand, a dose's use of a lot, and every reason to refuse one."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from clinic_app import inside, made
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from postgresql import postgresql_server

from stepwell.clinic.access.policy import Actor, Role
from stepwell.clinic.events.triggers import unprotected
from stepwell.clinic.stock import entries, ledger
from stepwell.clinic.stock.models import LedgerLine, Lot
from stepwell.clinic.stock.products import products

SPRAY, SMALL_VIAL, VIAL = products().products
SOON = timezone.localdate() + timedelta(days=200)


@pytest.fixture
def nurse(actor):
    return actor("nurse")


@pytest.fixture
def lot(nurse):
    """Makes a lot with devices on hand: `lot(3)`."""

    def make(n: int, product=SPRAY, number: str = "A1", **given) -> Lot:
        given = {"expires": SOON, "actor": nurse, "once": uuid.uuid4(), **given}
        return entries.receive(product, number, given.pop("expires"), n, **given).lot

    return make


def _use(lot, n, nurse, somebody, **given):
    given = {"session": uuid.uuid4(), "once": uuid.uuid4(), **given}
    return ledger.use(lot.pk, n, person=somebody, actor=nurse, **given)


def _refused(told: str, *arguments, **given) -> None:
    """The call is refused in these words, and no line was written."""
    before = LedgerLine.objects.count()
    with pytest.raises(ledger.Refused) as refused:
        _use(*arguments, **given)
    assert told in refused.value.message
    assert "Nothing was booked." in refused.value.message
    assert LedgerLine.objects.count() == before


def test_a_dose_takes_its_devices_from_the_lot(lot, nurse, person):
    spray, somebody, session = lot(5), person(), uuid.uuid4()
    line = _use(spray, 2, nurse, somebody, session=session, mg=56, treatment="esketamine", route="nasal")
    assert (line.kind, line.n_devices, line.mg, line.session_id, line.person) == ("use", -2, 56, session, somebody)
    assert (line.user_id, line.actor) == (nurse.user_id, nurse.name)
    assert ledger.on_hand(spray) == 3
    assert ledger.all_on_hand([spray]) == {spray.pk: 3}


def test_the_same_page_sent_twice_is_one_line(lot, nurse, person):
    spray, somebody = lot(5), person()
    given = {"session": uuid.uuid4(), "once": uuid.uuid4()}
    assert _use(spray, 2, nurse, somebody, **given) == _use(spray, 2, nurse, somebody, **given)
    assert ledger.on_hand(spray) == 3
    _refused("sent before", spray, 2, nurse, somebody, once=given["once"])


def test_a_lot_that_cannot_be_given_is_refused_with_a_reason(lot, nurse, person, other_clinic):
    somebody, spray = person(), lot(2)
    _refused("has 2 devices on hand", spray, 3, nurse, somebody)
    _refused("another person", lot(2, number="B2", person=person(given_name="Ben")), 1, nurse, somebody)
    elsewhere = Actor(Role.NURSE, other_clinic.pk, user_id=nurse.user_id)
    _refused("not in the clinic's stock", spray, 1, elsewhere, somebody)
    order = {"treatment": "ketamine", "route": "intravenous"}
    _refused("Esketamine nasal spray", spray, 1, nurse, somebody, **order)
    _refused("the order is ketamine nasal", lot(1, VIAL, "K1"), 1, nurse, somebody, treatment="ketamine", route="nasal")


def test_a_dose_in_the_wrong_unit_is_refused(lot, nurse, person):
    spray, vial, somebody = lot(3), lot(1, VIAL, "K1"), person()
    _refused("2 devices of lot A1 hold 56 mg, and the dose is 84 mg", spray, 2, nurse, somebody, mg=84)
    _refused("whole devices, 1 or more", spray, 0, nurse, somebody)
    _refused("whole devices, 1 or more", spray, 1.5, nurse, somebody)
    _refused("doses are in mg", vial, 1, nurse, somebody, mg=35_000)
    _refused("doses are in mg", vial, 1, nurse, somebody, mg=-1)


def test_the_rest_of_an_opened_vial_can_be_given_until_it_is_empty(lot, nurse, person):
    vial, somebody = lot(2, VIAL, "K1"), person()
    _use(vial, 1, nurse, somebody, mg=300)
    assert (ledger.on_hand(vial), ledger.remainder(vial)) == (1, 200)
    _use(vial, 0, nurse, somebody, mg=150)
    _refused("Opened ones hold 50 mg more", vial, 0, nurse, somebody, mg=60)
    assert (ledger.on_hand(vial), ledger.remainder(vial)) == (1, 50)


def test_only_lots_that_can_be_used_are_offered(lot, nurse, person):
    somebody, other = person(), person(given_name="Ben")
    good, later = lot(1, number="GOOD"), lot(1, number="LATER", expires=SOON + timedelta(days=9))
    theirs = lot(1, number="THEIRS", person=somebody)
    lot(1, number="OTHER", person=other)
    lot(1, VIAL, "VIAL")
    _use(lot(1, number="USED"), 1, nurse, somebody)
    entries.recall(lot(1, number="RECALLED").pk, actor=nurse, once=uuid.uuid4(), note="letter")
    assert ledger.usable(somebody, "esketamine", "nasal", timezone.localdate()) == [good, theirs, later]
    assert ledger.usable(somebody, "esketamine", "nasal", SOON + timedelta(days=1)) == [later]
    assert ledger.usable(somebody, "esketamine", "intravenous", timezone.localdate()) == []
    for one in (good, theirs, later):
        _use(one, 1, nurse, somebody, treatment="esketamine", route="nasal")


def test_a_lot_is_good_on_the_day_of_its_expiry_and_not_after(lot, nurse, person, monkeypatch, home):
    spray, somebody = lot(2, expires=timezone.localdate(timezone=home.zone)), person()
    _use(spray, 1, nurse, somebody)
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    _refused("expired on", spray, 1, nurse, somebody)


def test_a_recalled_lot_is_not_used_until_the_recall_is_taken_back(lot, nurse, person):
    spray, somebody = lot(2), person()
    line = entries.recall(spray.pk, actor=nurse, once=uuid.uuid4(), note="letter of the maker")
    _refused("is recalled", spray, 1, nurse, somebody)
    with pytest.raises(ledger.Refused, match="recalled already"):
        entries.recall(spray.pk, actor=nurse, once=uuid.uuid4(), note="again")
    entries.correct(line, 0, actor=nurse, once=uuid.uuid4(), note="it was lot A2")
    _use(spray, 1, nurse, somebody)
    assert ledger.on_hand(spray) == 1


def test_a_recall_holds_for_every_lot_of_the_number(lot, nurse, person):
    somebody = person()
    own, theirs = lot(2), lot(2, person=somebody)
    assert own != theirs
    entries.recall(theirs.pk, actor=nurse, once=uuid.uuid4(), note="letter")
    _refused("is recalled", own, 1, nurse, somebody)


def test_a_dose_that_was_corrected_is_given_back_once(lot, nurse, person):
    spray, somebody, session = lot(3), person(), uuid.uuid4()
    given = {"session": session, "person": somebody, "actor": nurse, "note": "56 mg, not 84"}
    used = _use(spray, 3, nurse, somebody, session=session)
    once = uuid.uuid4()
    line = ledger.give_back(spray.pk, 1, once=once, **given)
    assert ledger.give_back(spray.pk, 1, once=once, **given) == line
    assert (line.kind, line.corrects, line.mg) == ("correction", used, -28)
    assert ledger.on_hand(spray) == 1
    for n in (0, 3, -1):
        with pytest.raises(ledger.Refused, match="has used 2 devices"):
            ledger.give_back(spray.pk, n, once=uuid.uuid4(), **given)
    ledger.give_back(spray.pk, 2, once=uuid.uuid4(), **given)
    assert (ledger.on_hand(spray), ledger.remainder(spray)) == (3, 0)


def test_one_lot_number_has_one_expiry(lot):
    first = lot(2)
    assert lot(1) == first
    with pytest.raises(ledger.Refused, match="with the expiry"):
        lot(1, expires=SOON + timedelta(days=1))
    with pytest.raises(ledger.Refused, match="has expired"):
        lot(1, number="B", expires=timezone.localdate() - timedelta(days=3))
    with pytest.raises(ledger.Refused, match="1 or more"):
        lot(0, number="B")
    assert ledger.on_hand(first) == 3


def test_the_database_refuses_to_change_a_lot_or_a_line(lot):
    lot(1)
    assert unprotected() == []
    for table in ("stock_lot", "stock_ledgerline"):
        for statement in (f"UPDATE {table} SET actor = 'x'", f"DELETE FROM {table}"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)


_STOCK = """
import uuid
from datetime import date, timedelta
from stepwell.clinic.access.models import Clinic
from stepwell.clinic.access.policy import Actor, Role
from stepwell.clinic.people.models import Person
from stepwell.clinic.stock import entries, ledger
from stepwell.clinic.stock.models import Lot
from stepwell.clinic.stock.products import products
home = Clinic.objects.get()
nurse = Actor(Role.NURSE, home.pk, user_id=1)
"""
_RECEIVE = """
Person.objects.create(clinic=home, given_name="Ada", family_name="Doe", birth_date=date(1980, 5, 31))
soon = date.today() + timedelta(days=99)
entries.receive(products().products[0], "A1", soon, 3, actor=nurse, once=uuid.uuid4())
"""
_TAKE = """
taken = 0
for _ in range(3):
    try:
        ledger.use(Lot.objects.get().pk, 1, session=uuid.uuid4(), person=Person.objects.get(), actor=nurse, once=uuid.uuid4())
        taken += 1
    except ledger.Refused as refused:
        assert "0 devices on hand" in refused.message, refused.message
print("taken", taken)
"""


def _nurses_at_once(clinic) -> None:
    """Four nurses want three devices each, of a lot of three."""
    inside(clinic, _STOCK + _RECEIVE)
    with ThreadPoolExecutor() as pool:
        told = list(pool.map(lambda _: inside(clinic, _STOCK + _TAKE), range(4)))
    assert sum(int(one.split()[-1]) for one in told) == 3
    assert inside(clinic, _STOCK + "print(ledger.on_hand(Lot.objects.get()))").split()[-1] == "0"


def test_two_nurses_cannot_use_the_last_device_twice(tmp_path):
    _nurses_at_once(made(tmp_path / "clinic"))


@pytest.mark.long
def test_two_nurses_cannot_use_the_last_device_twice_on_postgresql(tmp_path):
    with postgresql_server() as server:
        _nurses_at_once(made(tmp_path / "clinic", server.address()))
