"""One patient from the first visit to the appeal, in Chromium, on both databases; and what each role does not see."""

from __future__ import annotations

import re

import pytest
from clinic_walk import answer_intake, chromium, faults, running_clinic, sign_in
from postgresql import postgresql_server

pytestmark = pytest.mark.browser

ANSWERS = {
    "consent/agreed": "yes",
    "antidepressants/any": "yes",
    "antidepressants/purpose": "depression",
    "antidepressants/now": "no",
    "antidepressants/dose": 150,
    "antidepressants/improvement": "none",
    "antidepressants/stop_reasons": "did not help",
    "antidepressants/drug/0": ("zolo", "sertraline"),
    "antidepressants/start/0": (2024, 2, 1),
    "antidepressants/stop/0": (2024, 6, 1),
    "antidepressants/another/0": "yes",
    "antidepressants/drug/1": ("effex", "venlafaxine"),
    "antidepressants/start/1": (2024, 6, 2),
    "antidepressants/stop/1": (2024, 12, 1),
    "antidepressants/another/1": "no",
    "added/any": "no",
    "*/had": "no",
    "major-depression/had": "yes",
    "major-depression/day": (2024, 1, 10),
    "medicines/any": "no",
    **{f"phq-9/{item}": "2" for item in range(1, 9)},
    "phq-9/9": "1",
    "phq-9/safety": "no",
    "goals/text": "To work again & sleep",
    "goals/enough_75": "yes",
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def clinic(request, tmp_path_factory):
    """The address of a clinic on each database."""
    place = tmp_path_factory.mktemp("clinic") / "clinic"
    if request.param == "sqlite":
        with running_clinic(place) as address:
            yield address
    else:
        with postgresql_server() as server, running_clinic(place, _address(server)) as address:
            yield address


def _address(server) -> str:
    return f"postgresql://stepwell@/postgres?host={server.folder}"


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


def text_of(page) -> str:
    return page.inner_text("main")


def test_from_the_first_visit_to_the_appeal(browser, clinic):
    seen: list[str] = []
    office = sign_in(browser, clinic, "office")
    office.goto("/people/add/")
    for name, value in {
        "given_name": "Ada",
        "family_name": "Doe",
        "birth_date": "1980-05-31",
        "payer": "Cigna",
    }.items():
        office.fill(f"[name={name}]", value)
    office.select_option("[name=sex]", "female")
    office.click("main button:has-text('Save')")
    person = re.search(r"/people/([0-9a-f-]{36})/", office.url)[1]

    # The patient answers on the phone; the link opens once.
    office.goto(f"/people/{person}/intake/")
    office.click("button[value=phone]")
    link = office.text_content("code.address")
    phone = browser.new_context(base_url=clinic, viewport={"width": 390, "height": 800}).new_page()
    phone.goto(link)
    phone.fill("[name=year]", "1980")
    phone.select_option("[name=month]", "05")
    phone.fill("[name=day]", "31")
    phone.click("button:has-text('Begin')")
    phone.wait_for_url("**/intake/consent/**")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    # The network is lost after the first answer: it is there when the network is back.
    phone.check("input[value=yes]")
    phone.click("button.wide[type=submit]:not([name])")
    phone.wait_for_url("**/intake/antidepressants/**")
    phone.context.set_offline(True)
    phone.check("input[value=yes]")
    phone.click("button.wide[type=submit]:not([name])", no_wait_after=True)
    phone.wait_for_timeout(500)
    phone.context.set_offline(False)
    phone.goto("/intake/")
    assert "/intake/antidepressants/any/" in phone.url
    assert answer_intake(phone, ANSWERS, lambda page: seen.extend(faults(page, (390,)))) > 40
    seen += faults(phone)
    assert "988" in phone.inner_text("body")
    assert "Last saved" in text_of(phone)
    phone.click("button:has-text('Send')")
    phone.wait_for_load_state()
    second = browser.new_context().new_page()
    assert second.goto(link).status in (403, 404, 410)

    # The psychiatrist sees the answer about suicide first, adds scores and the observed time, and confirms.
    doctor = sign_in(browser, clinic, "prescriber")
    doctor.goto(f"/people/{person}/chart/")
    assert re.search(r"Review \d+ lines that nobody has confirmed", text_of(doctor))
    doctor.goto(f"/people/{person}/history/")
    assert text_of(doctor).index("Ask about this first") < text_of(doctor).index("wait for a clinician")
    for day, total in (("2024-01-30", 21), ("2024-05-30", 19), ("2024-11-20", 19)):
        add_line(doctor, person, "score", {"instrument": "phq-9", "day": day, "total": total})
    add_line(doctor, person, "observation", {"start": "2023-06-01", "stop": "2025-06-01"}, tick="condition")
    doctor.goto(f"/people/{person}/history/")
    for tick in doctor.query_selector_all("input.tick"):
        tick.check()
    doctor.click("button:has-text('Confirm the ticked lines')")
    doctor.wait_for_load_state()
    doctor.goto(f"/people/{person}/chart/")
    shown = text_of(doctor)
    assert "that nobody has confirmed" not in shown
    assert "2 of 2 different classes count" in shown
    assert doctor.query_selector("svg.timeline") is not None
    assert doctor.query_selector(".verdicts .verdict-met") is not None

    # A rejected line changes the verdict at once; what was shown stays.
    doctor.goto(f"/people/{person}/history/")
    line = doctor.locator("article.line", has_text="enlafaxine").first
    line.locator("summary").click()
    line.locator("[name=reason]").fill("the pharmacy says that it was never filled")
    doctor.wait_for_selector("#verdict-list .verdict-met")
    line.locator("button[value=reject]").click()
    doctor.wait_for_selector("#verdict-list .verdict-unknown, #verdict-list .verdict-not-met")
    assert "2 of 2 different classes count" not in doctor.inner_text("#verdict-list")
    doctor.goto(f"/people/{person}/chart/")
    assert "2 of 2 different classes count" not in text_of(doctor)
    doctor.goto(f"/people/{person}/history/")
    doctor.locator("article.line", has_text="enlafaxine").locator("button[value=confirm]").click()
    doctor.wait_for_selector("#verdict-list .verdict-met")
    doctor.goto(f"/people/{person}/chart/before/")
    states = doctor.query_selector_all("main li a")
    assert len(states) >= 3

    # The office asks the payer, is denied, and appeals.
    office.goto(f"/people/{person}/authorisations/new/")
    choose(office, "policy", "cigna")
    office.click("main button:has-text('Save')")
    office.wait_for_load_state()
    request = office.url
    office.click("main button:has-text('Make the packet')")
    office.wait_for_url("**/packets/**")
    assert "ertraline" in text_of(office)
    assert "thoughts" not in text_of(office).lower() or "988" in text_of(office)
    with office.expect_download() as download:
        office.click("text=Download the PDF")
    assert download.value.path().read_bytes().startswith(b"%PDF")
    office.click("text=Change sentences")
    office.fill("[name=added]", "She cannot work at present.")
    office.click("text=Save as the next packet")
    office.wait_for_load_state()
    assert "She cannot work at present." in text_of(office)
    for status, more in (
        ("sent", {}),
        ("denied", {"denied_on": "2026-01-20", "denial_reason": "Criteria not met", "appeal_until": "2036-07-20"}),
        ("appeal sent", {}),
    ):
        if more:
            office.goto(f"{request}edit/")
            for name, value in more.items():
                office.fill(f"[name={name}]", value)
            office.click("main button:has-text('Save')")
        office.goto(request)
        choose(office, "status", status)
        office.click("main button:has-text('Add the status')")
        office.wait_for_load_state()
        assert status in text_of(office)
        if status == "denied":
            office.click("main button:has-text('Make it anew')")
            office.wait_for_url("**/packets/**")
            assert "Criteria not met" in text_of(office)
    office.goto("/authorisations/")
    assert "Doe" in text_of(office)

    # Every page of the walk is readable by everybody, on a telephone, a tablet and a screen.
    office.goto(request)
    packet = office.query_selector("main table a").get_attribute("href")
    home = f"/people/{person}/"
    for page, places in {
        office: ("/people/", home, f"{home}authorisations/", request, packet, f"{packet}edit/", "/authorisations/",
                 "/authorisations/policies/", "/authorisations/forms/", f"{home}authorisations/new/", f"{home}intake/"),
        doctor: (f"{home}chart/", f"{home}chart/before/", f"{home}history/", f"{home}history/type/", f"{home}history/import/",
                 f"{home}history/add/score/", f"{home}history/add/medication/", f"{home}patients-page/", f"{home}edit/"),
    }.items():  # fmt: skip
        for place in places:
            assert page.goto(place).status == 200, place
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
            seen += faults(page)
    assert not seen, "\n".join(dict.fromkeys(seen))

    # What each role must not see.
    for role, refused in {
        "office": ("chart/", "history/"),
        "therapist": ("authorisations/", "intake/", "history/type/"),
        "nurse": ("authorisations/new/", "merge/"),
        "administrator": ("", "chart/", "history/", "authorisations/", "patients-page/"),
    }.items():
        page = office if role == "office" else sign_in(browser, clinic, role)
        for where in refused:
            assert page.goto(f"/people/{person}/{where}").status == 404, (role, where)
            assert "Doe" not in page.inner_text("body"), (role, where)
    for where in ("chart/", "history/", "authorisations/"):
        answer = phone.goto(f"/people/{person}/{where}")
        assert "ertraline" not in phone.inner_text("body"), (answer.status, where)


def add_line(page, person: str, kind: str, fields: dict, tick: str = "") -> None:
    """Types one line into the form of its kind."""
    page.goto(f"/people/{person}/history/add/{kind}/")
    for name, value in fields.items():
        field = page.locator(f"[name={name}]").first
        (field.select_option if field.evaluate("e => e.tagName") == "SELECT" else field.fill)(str(value))
    if tick:
        page.check(f"main input[value={tick}]")
    page.click("main button:has-text('Save')")
    page.wait_for_load_state()
    assert page.url.rstrip("/").endswith("history") or "#line" in page.url, text_of(page)


def choose(page, name: str, value: str) -> None:
    """Chooses from a list, whether it is drawn as a menu or as buttons."""
    if page.query_selector(f"select[name={name}]"):
        page.select_option(f"select[name={name}]", value)
    else:
        page.check(f"[name={name}][value='{value}']")
