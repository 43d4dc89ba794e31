"""The chair board and the stock in Chromium: the board keeps itself new, says when it is old, and works without JavaScript."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from clinic_app import inside
from clinic_walk import PASSWORD, chromium, faults, running_clinic, sign_in

pytestmark = pytest.mark.browser

_FILL = """
import sys
sys.path.insert(0, {tests!r})
import datetime as dt, uuid
from clinic_sessions import a_device, a_reading, a_session, an_order
from django.utils import timezone
from stepwell.clinic.access.actors import actor_of_user
from stepwell.clinic.access.models import Clinic, User
from stepwell.clinic.people.models import Person
from stepwell.clinic.sessions import clock
from stepwell.clinic.sessions.models import Entry
from stepwell.clinic.stock import entries, ledger
from stepwell.clinic.stock.products import products

home, doctor, nurse = Clinic.objects.get(), User.objects.get(role="prescriber"), User.objects.get(role="nurse")
# Not across midnight: the sessions are of one day.
home.time_zone = "Etc/GMT" + format(timezone.now().hour - 12, "+d")
home.save()
actor, now = actor_of_user(nurse), timezone.now()
spray, _, vial = products().products
expires = timezone.localdate() + dt.timedelta(days=200)
def receive(product, number):
    return entries.receive(product, number, expires, 9, actor=actor, once=uuid.uuid4(), note="Maker").lot

lots = [receive(spray, "A1"), receive(vial, "K1")]

def enter(session, kind, content, ago):
    stamp = {{"at": now - dt.timedelta(minutes=ago), "boot": clock.boot(), "ticks": clock.ticks() - 60 * ago}}
    Entry.objects.create(session=session, kind=kind, content=content, user=nurse, actor=actor.name, once=uuid.uuid4(), **stamp)

for chair, ago in enumerate((100, 55, 20, None), 1):
    person = Person.objects.create(clinic=home, given_name="Ada", family_name="Doe-%d" % chair, birth_date="1980-05-31")
    planned = now + dt.timedelta(minutes=60 if ago is None else -ago)
    session = a_session(an_order(person, doctor), chair=str(chair), planned_at=planned)
    if ago is not None:
        enter(session, "reading", a_reading("before"), ago + 2)
        enter(session, "dose", a_device(session.order), ago)
        ledger.use(lots[0].pk, 1, session=session.pk, person=person, actor=actor, once=uuid.uuid4(), mg=28)
"""
PAGES = (
    "board/",
    "day/",
    "stock/",
    "stock/1/",
    "stock/1/people/",
    "stock/2/waste/",
    "stock/count/",
    "stock/ledger/",
    "stock/receive/",
)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    place = tmp_path_factory.mktemp("clinic") / "clinic"
    with running_clinic(place) as address:
        inside(place, _FILL.format(tests=str(Path(__file__).parents[1])))
        yield address


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def nurse(clinic, browser):
    return sign_in(browser, clinic, "nurse")


def _made(page) -> str:
    return re.search(r"made at\s+(\d\d:\d\d:\d\d)", page.inner_text("#board-cards")).group(1)


def test_no_page_has_a_fault_at_any_width(nurse):
    found = []
    for path in PAGES:
        assert nurse.goto(f"/{path}").status == 200, path
        found += faults(nurse)
    assert found == []


def test_the_board_keeps_itself_new_and_says_when_it_is_old(nurse):
    nurse.goto("/board/")
    first, link = _made(nurse), nurse.locator("#board-cards .board-who a").first
    assert "overdue: Reading at 40 minutes" in nurse.inner_text("#board-cards")
    assert not nurse.is_visible(".board-stale")
    link.focus()
    held = nurse.evaluate("document.activeElement.id")
    for _ in range(40):
        if _made(nurse) != first:
            break
        nurse.wait_for_timeout(500)
    assert _made(nurse) != first
    assert nurse.evaluate("document.activeElement.id") == held, "the focus stays where it was"
    nurse.context.set_offline(True)
    nurse.wait_for_selector(".board-stale", state="visible", timeout=60_000)
    assert "This board is old" in nurse.inner_text(".board-stale")
    nurse.context.set_offline(False)
    nurse.wait_for_selector(".board-stale", state="hidden", timeout=20_000)


def test_without_javascript_the_board_loads_itself(clinic, browser, nurse):
    state = nurse.context.storage_state()
    page = browser.new_context(base_url=clinic, java_script_enabled=False, storage_state=state).new_page()
    page.goto("/board/")
    first = _made(page)
    page.wait_for_url("**/board/?again=1", timeout=20_000)
    assert _made(page) != first


def test_waste_is_entered_before_a_witness(nurse):
    nurse.goto("/stock/1/waste/")
    nurse.fill("[name=n_devices]", "1")
    nurse.fill("[name=note]", "fell to the floor")
    nurse.select_option("[name=witness]", label="Test Prescriber, prescriber")
    nurse.fill("[name=secret]", "not theirs")
    nurse.click("main form button[type=submit]")
    assert "not the password or the code of Test Prescriber" in nurse.inner_text("main")
    assert nurse.input_value("[name=note]") == "fell to the floor"
    nurse.fill("[name=secret]", PASSWORD)
    nurse.click("main form button[type=submit]")
    assert "witness: Test Prescriber" in nurse.inner_text("main")
