"""A day in the clinic with three patients, walked in a browser in every role: Ada responds to esketamine, Ben relapsed and begins
a second series, Cara stops for side effects. What came before today is `clinic_seed.py`; today is all taps and typing."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from clinic_walk import PASSWORD, chromium, faults, running_clinic, sign_in

pytestmark = pytest.mark.browser

ASKED_FOR_YES = (
    "ride home",
    "Ride home",
    "No food",
    "No liquids",
    "No other nasal",
    "falling",
    "over?",
    "normal?",
    "Told",
)
"""Words of the checks that are to be answered with yes; all others with no."""


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """The address, and the ids of people and sessions."""
    ids: dict[str, str] = {}

    def fill(place: Path) -> None:
        call = [sys.executable, str(Path(__file__).parents[1] / "clinic_seed.py"), str(place)]
        done = subprocess.run(call, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        ids.update(json.loads(done.stdout.splitlines()[-1]))

    with running_clinic(tmp_path_factory.mktemp("day") / "clinic", fill=fill) as address:
        yield address, ids


def text_of(page) -> str:
    return page.inner_text("main")


def tap(page, words: str) -> None:
    """Presses the first button of the page with these words."""
    buttons = page.locator(f"main button:has-text({json.dumps(words)}):visible")
    assert buttons.count(), f"no button {words!r} on {page.url}: {text_of(page)}"
    buttons.first.click()
    page.wait_for_load_state()


def answer_checks(page, section: str) -> int:
    """Answers every check of a section that is not answered, and says how many taps it took."""
    taps = 0
    while True:
        rows = page.locator(f"{section} .check").all()
        row = next((one for one in rows if one.locator("button[aria-pressed=true]").count() == 0), None)
        if row is None:
            return taps
        said = "yes" if any(words in row.inner_text() for words in ASKED_FOR_YES) else "no"
        row.locator(f"form:not(:has([name=carried])) button[value={said}]").click()
        page.wait_for_load_state()
        taps += 1
        assert taps < 30, text_of(page)


def read(page, moment: str, systolic: int, diastolic: int) -> None:
    """Enters one reading: numbers, and one button."""
    form = page.locator(f"form:has(input[name=moment][value={json.dumps(moment)}])").first
    for name, value in {"systolic": systolic, "diastolic": diastolic, "pulse": 70, "spo2": 98}.items():
        form.locator(f"[name={name}]").fill(str(value))
    form.locator("button[value=normal], button:not([name])").first.click()
    page.wait_for_load_state()


def confirm_password(page) -> None:
    """Types the password again where the page asks for it."""
    if page.locator("main input[name=password]").count():
        page.fill("main input[name=password]", PASSWORD)
        page.click("main button[type=submit]:not([form])")
        page.wait_for_load_state()


def on_hand(page, clinic: str) -> int:
    page.goto(f"{clinic}/stock/")
    return int(re.search(r"(\d+) devices", text_of(page))[1])


def test_a_day_with_three_patients(browser, clinic):
    address, ids = clinic
    ada, ben, cara = (f"/people/{ids[name]}/" for name in ("ada", "ben", "cara"))
    sheet = {name: f"/people/{ids[name]}/sessions/{ids[f'{name}-session']}/" for name in ("ada", "ben", "cara")}
    office, nurse, doctor, therapist = (
        sign_in(browser, address, r) for r in ("office", "nurse", "prescriber", "therapist")
    )

    # 08:00: the office sees who may come today, and what is missing; it sees no scores.
    office.goto("/day/")
    assert "Something is missing for 2 sessions" in text_of(office)
    assert "PHQ" not in text_of(office)
    office.locator("tr:has-text('Doe, Ada') a:has-text('Ride home')").click()
    office.check("input[name=answer][value=yes]")
    tap(office, "Note it")
    assert "arranged" in office.locator("tr:has-text('Doe, Ada')").inner_text().lower()

    # 08:30: Ada answers the PHQ-9 on the clinic's tablet; her answer about suicide is as it was.
    desk = sign_in(browser, address, "office", width=820)
    desk.goto(f"{ada}questionnaires/")
    desk.check("input[name=instrument][value=phq-9]")
    tap(desk, "Ask at the clinic")
    tap(desk, "Answer on this device")
    desk.fill("[name=year]", "1980")
    desk.select_option("[name=month]", "05")
    desk.fill("[name=day]", "31")
    tap(desk, "Begin")
    asked = 0
    while "/questionnaire/end/" not in desk.url:
        assert "988" in desk.inner_text("body")
        answers = desk.locator("main input[type=radio]")
        if answers.count():
            is_ninth = "better off dead" in text_of(desk)
            answers.nth(1 if is_ninth or asked == 0 else 0).check()
        desk.locator("main button[type=submit]").first.click()
        desk.wait_for_load_state()
        asked += 1
        assert asked < 20, text_of(desk)
    assert asked >= 9
    assert re.search(r"[Ss]aved \d{1,2}:\d\d", desk.inner_text("body"))
    assert desk.goto(f"{address}{ada}chart/").status in (403, 404) or "Doe" not in text_of(desk)

    # 09:00: the nurse sees on the sheet that the answer waits; no dose can be entered before somebody read it.
    nurse.goto("/board/")
    board = text_of(nurse)
    assert "It is no monitor" in board
    assert all(name in board for name in ("Doe, Ada", "Roe, Ben", "Poe, Cara"))
    before = on_hand(nurse, address)
    nurse.goto(sheet["ada"])
    answer_checks(nurse, "#before")
    read(nurse, "before", 124, 80)
    assert nurse.locator("button:has-text('Device 1 of 2')").count() == 0
    assert "not read yet" in text_of(nurse)
    nurse.click("text=Read now")
    nurse.wait_for_load_state()
    alerts = nurse.locator("main a[href*='/alerts/']:not([href*=enter])").all()
    for alert in [one.get_attribute("href") for one in alerts]:
        nurse.goto(alert)
        tap(nurse, "I take it")
        tap(nurse, "I have read it")
    nurse.goto(sheet["ada"])
    assert "A questionnaire that the patient answered is not read yet." in text_of(nurse)
    nurse.click("text=Read it now")
    nurse.wait_for_load_state()
    tap(nurse, "I have read")
    nurse.goto(sheet["ada"])
    assert "is not read yet" not in text_of(nurse)
    tap(nurse, "Device 1 of 2 given now")
    assert "lot A1" in text_of(nurse)
    assert on_hand(nurse, address) == before - 1
    nurse.goto("/board/")
    assert re.search(r"Doe, Ada[\s\S]*28 mg|Doe, Ada[\s\S]*56 mg", text_of(nurse))

    # 11:05: Ben has sat for two hours; the last reading, the criteria for leaving, the signature.
    nurse.goto(sheet["ben"])
    read(nurse, "end", 124, 78)
    tap(nurse, "There was none")
    answer_checks(nurse, "#leaving")
    tap(nurse, "The patient leaves now")
    tap(nurse, "Sign this sheet")
    confirm_password(nurse)
    nurse.goto(sheet["ben"])
    assert "Signed by Test Nurse" in text_of(nurse)
    assert nurse.locator("button:has-text('Device')").count() == 0
    # The monitoring form follows from the sheet: prefilled, and kept as it was submitted.
    nurse.goto("/monitoring/setting/edit/")
    nurse.select_option("[name=state]", "enrolled")
    today = dt.datetime.now(dt.UTC).date()
    fields = {"day": today - dt.timedelta(300), "number": "S-1", "authorised_representative": "Alex Brook",
              "name": "Riverside Clinic", "address": "1 Example Street", "city": "Springfield", "state_code": "NY",
              "zip_code": "10001"}  # fmt: skip
    for name, value in fields.items():
        nurse.fill(f"[name={name}]", str(value))
    for name in ("prescriber_on_site", "provider_on_site", "oximeter_on_site"):
        nurse.check(f"[name={name}]")
    nurse.click("main button[type=submit]")
    nurse.wait_for_load_state()
    nurse.goto(f"{ben}monitoring/enrolment/")
    nurse.select_option("[name=state]", "enrolled")
    nurse.fill("[name=day]", str(today - dt.timedelta(160)))
    nurse.fill("[name=number]", "P-1")
    nurse.click("main button[type=submit]")
    nurse.wait_for_load_state()
    form = f"{ben}monitoring/{ids['ben-session']}/"
    nurse.goto(form)
    assert "Seen in copies only" in text_of(nurse)
    assert "sends nothing" in text_of(nurse)
    assert nurse.locator("#patient_family_name input, input[value='Roe']").first.input_value() == "Roe"
    nurse.goto("/monitoring/")
    assert str(today.day) in text_of(nurse)
    # So does what it may be billed by.
    office.goto("/claims/")
    assert "Roe, Ben" in text_of(office)
    assert "It bills nothing" in text_of(office)

    # 11:10: the psychiatrist looks at Ada and Ben, and ends Cara's treatment.
    doctor.goto(f"{ada}outcomes/")
    shown = text_of(doctor)
    assert re.search(r"Response\s+yes", shown)
    assert "988" in shown
    doctor.goto(f"{ben}outcomes/")
    assert re.search(r"Relapse\s+yes", text_of(doctor))
    assert "series 2" in text_of(doctor)
    doctor.goto(f"{cara}outcomes/")
    assert "Vomiting" in text_of(doctor)
    doctor.goto(f"{cara}sessions/")
    doctor.locator("main a[href*='/orders/']:not([href*=new])").first.click()
    doctor.wait_for_load_state()
    doctor.goto(f"{doctor.url.split('?')[0]}end/")
    choose(doctor, "ended_for", "side effects")
    tap(doctor, "End the order")
    nurse.goto(f"{sheet['cara']}cancel/")
    nurse.check("input[name=by][value=clinic]")
    nurse.locator("form[action*=cancel] button[type=submit]").click()
    nurse.wait_for_load_state()
    nurse.goto("/board/")
    assert "Poe, Cara" not in nurse.inner_text("main").split("To come")[-1] or "cancelled" in text_of(nurse).lower()
    doctor.goto("/caseload/")
    assert re.search(r"Roe, Ben[\s\S]*response lost", text_of(doctor))

    # The therapist plans the session beside the dose and writes a note that the office cannot read.
    therapist.goto(f"{ada}therapy/")
    assert "unproven" in text_of(therapist).lower()
    therapist.goto(f"{ada}therapy/notes/new/")
    therapist.select_option("[name=session]", ids["ada-session"])
    therapist.fill("[name=text]", "Spoke about the garden.")
    therapist.click("main button[type=submit]")
    therapist.wait_for_load_state()
    assert "garden" in text_of(therapist) or therapist.goto(f"{ada}therapy/").status == 200
    assert office.goto(f"{ada}therapy/notes/new/").status == 404

    # 17:00: the psychiatrist opens the inbox and the programme page.
    doctor.goto("/inbox/")
    assert "Doe, Ada" in text_of(doctor)
    doctor.goto("/programme/")
    assert "clinicians decide" in text_of(doctor)
    open_everything(doctor)
    withheld = doctor.locator("td.withheld").all()
    assert withheld
    assert all(cell.bounding_box()["width"] > 20 for cell in withheld)

    # Every page of the day is readable by everybody, on a telephone, a tablet and a screen.
    seen: list[str] = []
    for page, places in {
        office: ("/day/", "/claims/", "/questionnaires/", f"{ada}questionnaires/", "/therapy/"),
        nurse: ("/board/", sheet["ada"], sheet["ben"], "/stock/", "/monitoring/", form, "/inbox/", "/caseload/"),
        doctor: (f"{ada}outcomes/", f"{ben}outcomes/", f"{cara}sessions/", f"{ada}alerts/", f"{ada}scores/", "/programme/"),
        therapist: (f"{ada}therapy/", f"{ada}therapy/notes/new/"),
    }.items():  # fmt: skip
        for place in places:
            assert page.goto(place).status == 200, place
            open_everything(page)
            seen += faults(page)
    assert not seen, "\n".join(dict.fromkeys(seen))

    # What each role must not see.
    for role, page, refused in (
        ("office", office, ("/board/", "/inbox/", "/programme/", sheet["ada"], f"{ada}outcomes/", f"{ada}alerts/")),
        ("nurse", nurse, ("/programme/", f"{ada}orders/new/", "/claims/")),
        ("therapist", therapist, ("/stock/", "/inbox/", "/monitoring/", f"{ada}questionnaires/")),
        (
            "administrator",
            sign_in(browser, address, "administrator"),
            ("/board/", "/day/", "/caseload/", f"{ada}therapy/"),
        ),
    ):
        for place in refused:
            assert page.goto(place).status == 404, (role, place)
            assert "Doe" not in page.inner_text("body"), (role, place)


def open_everything(page) -> None:
    """Opens what the page has folded: what is folded has no size."""
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")


def choose(page, name: str, value: str) -> None:
    """Chooses from a list, whether it is drawn as a menu or as buttons."""
    if page.query_selector(f"select[name={name}]"):
        page.select_option(f"[name={name}]", value)
    else:
        page.check(f"input[name={name}][value={json.dumps(value)}]")
