"""A clinic that runs as a process of its own, and people who use it in Chromium. Each step does what a person would: it looks for
words on the page, types and presses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "a long pass phrase of tests"
SECRETS = {
    role: base64.b32encode(hashlib.sha256(role.encode()).digest()[:20]).decode()
    for role in ("prescriber", "nurse", "office", "therapist", "administrator")
}
"""The secret of each role's authenticator app."""
_PATIENCE = 120_000
"""Milliseconds: a machine that runs other tests besides is slow, and a slow page is no fault here."""
_USED_CODES: set[tuple[str, str, str]] = set()
_SETUP = """
import sys
from pathlib import Path
from stepwell.clinic import commands, directory
place, database, address = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
directory.create(place, address=address, database=database)
directory.use(place)
commands.migrate()
from allauth.mfa.totp.internal.auth import TOTP
from stepwell.clinic.access.models import Clinic, User
home = Clinic.objects.create(name="Riverside Clinic", time_zone="America/New_York",
                             definitions=["us-label", "clinic-two-classes"], stagings=["maudsley"])
for pair in sys.argv[5:]:
    role, secret = pair.split("=", 1)
    user = User(username=role, clinic=home, role=role, first_name="Test", last_name=role.title())
    user.set_password(sys.argv[4])
    user.save()
    TOTP.activate(user, secret)
"""


@contextmanager
def running_clinic(place: Path, database: str = "sqlite", host: str = "127.0.0.1", fill: Callable = lambda place: None):
    """The address of a clinic with one member of staff of each role, served until the end of the block. `fill` may put people
    into it before it opens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://{host}:{port}"
    staff = [f"{role}={secret}" for role, secret in SECRETS.items()]
    subprocess.run(
        [sys.executable, "-c", _SETUP, str(place), database, address, PASSWORD, *staff], check=True, timeout=120
    )
    fill(place)
    command = [sys.executable, "-m", "stepwell", "clinic", "run", str(place), "--port", str(port)]
    with (place / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "TERM": "dumb"})
    try:
        _wait_until_open(server, port, place / "log")
        yield address
    finally:
        server.terminate()
        server.wait(20)


def _wait_until_open(server: subprocess.Popen, port: int, log: Path, seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail(f"the clinic did not open: {log.read_text()[-2000:]}")


@contextmanager
def chromium():
    """A browser; skips where this machine has none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("this machine has no Chromium (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


def code_of(secret: str) -> str:
    """What an authenticator app shows now (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def sign_in(browser, address: str, role: str, width: int = 1440):
    """A page in which somebody of this role is signed in, with password and authenticator app."""
    page = browser.new_context(base_url=address, viewport={"width": width, "height": 900}).new_page()
    page.set_default_timeout(_PATIENCE)
    page.goto("/")
    page.fill("[name=login]", role)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]:has-text('Sign in'):not([form])")
    page.wait_for_selector("[name=code]")
    while (address, role, code := code_of(SECRETS[role])) in _USED_CODES:  # each code is taken once
        time.sleep(0.5)
    _USED_CODES.add((address, role, code))
    page.fill("[name=code]", code)
    page.click("main button[type=submit]:not([form])")
    page.wait_for_selector("text=Sign out")
    return page


def answer_intake(page, answers: Mapping[str, object], see: Callable = lambda page: None) -> int:
    """Answers every question until the end, and returns how many were asked.

    `answers` by `part/question`, `part/question/turn` or `*/question`: the id of a choice, a number, a drug as it is typed and
    chosen, a date as (year, month, day). What is not there is not known. `see` is called with the first page of each question
    of the parts that are not alike.
    """
    asked, seen = 0, set()
    while match := re.search(r"/intake/([\w-]+)/([\w-]+)/(\d+)/", page.url):
        part, question, turn = match.groups()
        names = (f"{part}/{question}/{turn}", f"{part}/{question}", f"*/{question}")
        given = next((answers[name] for name in names if name in answers), None)
        asked += 1
        if part in ("consent", "antidepressants", "tms", "phq-9", "goals") and (part, question) not in seen:
            seen.add((part, question))
            see(page)
        assert asked < 400, page.url
        if given is None:
            page.click("button[name=dont_know]")
        else:
            _answer(page, given)
        page.wait_for_load_state()
    return asked


def _answer(page, given) -> None:
    if isinstance(given, tuple) and isinstance(given[0], int):
        for name, value in zip(("year", "month", "day"), given, strict=False):
            (page.select_option if name == "month" else page.fill)(f"[name={name}]", f"{value:02d}")
    elif isinstance(given, tuple):
        typed, chosen = given
        page.fill("[name=q]", typed)
        page.wait_for_selector(f"#found input[value={chosen}]")
        page.check(f"#found input[value={chosen}]")
    elif page.query_selector(f"input[name=value][value='{given}']"):
        page.check(f"input[name=value][value='{given}']")
    else:
        page.fill("[name=value]", str(given))
    page.click("button.wide[type=submit]:not([name])")


def faults(page, widths: Sequence[int] = (390, 820, 1440)) -> list[str]:
    """What axe-core finds on the page at each width, and where it is wider than the screen."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    kept, found = page.viewport_size, []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        for one in axe.Axe().run(page).response["violations"]:
            found.append(f"{page.url} {width} px, {one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}")
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{page.url} is wider than {width} px")
    page.set_viewport_size(kept)
    return found
