"""Takes the pictures of the tutorials about the clinic app from the clinic's demo, in Chromium: python docs/pictures/clinic.py

Run it again after a change of a page. It needs the extra `test` and a Chromium of the system.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

PLACE = Path(__file__).parent
DESK, PHONE = {"width": 1200, "height": 900}, {"width": 390, "height": 844}
TABLET = {"width": 820, "height": 1180}


def main() -> None:
    """Starts the demo, walks through it and writes the pictures beside this file."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        command = [sys.executable, "-u", "-m", "stepwell", "clinic", "demo", f"{folder}/demo", "--port", str(port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                passwords = _passwords(server)
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
                )
                page = browser.new_context(viewport=DESK, base_url=f"http://127.0.0.1:{port}").new_page()
                _walk(page, passwords["psychiatrist"])
                browser.close()
            finally:
                server.terminate()


def _passwords(server: subprocess.Popen) -> dict[str, str]:
    """The demo's passwords, once it is open."""
    found = {}
    for line in server.stdout:
        if match := re.match(r"\s+(\w+)\s+password (\S+)", line):
            found[match[1]] = match[2]
        if "is open at" in line:
            return found
    raise SystemExit("the demo did not open")


def _walk(page: Page, password: str) -> None:
    page.goto("/")
    page.fill("[name=login]", "psychiatrist")
    page.fill("[name=password]", password)
    page.click("main button[type=submit]:not([form])")
    page.wait_for_selector("main table")
    people = {re.search(r"[0-9a-f-]{36}", a.get_attribute("href"))[0] for a in page.query_selector_all("main table a")}
    person = next(p for p in sorted(people) if _is_resistant(page, p))
    _take(page, f"/people/{person}/chart/", "clinic-chart")
    _take(page, f"/people/{person}/history/", "clinic-history")
    page.goto(f"/people/{person}/authorisations/new/")
    field = page.locator("[name=policy]").first
    if field.evaluate("e => e.tagName") == "SELECT":
        field.select_option("cigna")
    else:
        page.check("[name=policy][value=cigna]")
    page.click("main button:has-text('Save')")
    page.click("main button:has-text('Make the packet')")
    page.wait_for_url("**/packets/**")
    page.screenshot(path=PLACE / "clinic-packet.png")
    _take(page, "/board/", "clinic-board")
    running = page.locator("main a[href*='/sessions/']").first.get_attribute("href")
    _take(page, "/caseload/", "clinic-caseload")
    treated = next(p for p in sorted(people) if _has_answered_sessions(page, p))
    _take(page, f"/people/{treated}/outcomes/", "clinic-outcomes")
    page.set_viewport_size(TABLET)
    page.goto(running)
    page.screenshot(path=PLACE / "clinic-sheet.png")
    page.set_viewport_size(PHONE)
    page.goto(f"/people/{person}/intake/")
    page.click("button[value=here]")
    page.wait_for_load_state()
    page.screenshot(path=PLACE / "clinic-intake.png")


def _is_resistant(page: Page, person: str) -> bool:
    page.goto(f"/people/{person}/chart/")
    trials = page.query_selector_all("main table.table tbody tr")
    return len(trials) > 3 and len(page.query_selector_all(".verdicts .verdict-met")) > 1


def _has_answered_sessions(page: Page, person: str) -> bool:
    page.goto(f"/people/{person}/outcomes/")
    return page.locator("main svg").count() > 0


def _take(page: Page, where: str, name: str) -> None:
    page.goto(where)
    page.screenshot(path=PLACE / f"{name}.png", clip={"x": 0, "y": 0, "width": 1200, "height": 1000}, full_page=True)


if __name__ == "__main__":
    main()
