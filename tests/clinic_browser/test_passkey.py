"""A passkey is added and used, with the virtual authenticator of Chromium. Browsers accept passkeys of names, not of addresses in
numbers: the clinic is at localhost."""

from __future__ import annotations

import pytest
from clinic_walk import PASSWORD, chromium, running_clinic, sign_in

pytestmark = pytest.mark.browser


def test_somebody_adds_a_passkey_and_signs_in_with_it_alone(tmp_path):
    with running_clinic(tmp_path / "clinic", host="localhost") as address, chromium() as browser:
        page = sign_in(browser, address, "nurse")
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        page.goto("/account/second-factor/")
        page.click("text=Add a passkey")
        page.fill("[name=password]", PASSWORD)
        page.click("main button:has-text('Confirm')")
        page.wait_for_url("**/keys/add/")
        page.fill("[name=name]", "this laptop")
        if box := page.query_selector("[name=passwordless]"):
            box.check()
        page.click("main button[type=submit], main button:has-text('Add')")
        # The browser asks the authenticator first and sends the form when it has answered.
        page.wait_for_url(lambda url: not url.endswith("/keys/add/"))
        page.goto("/account/second-factor/keys/")
        assert "this laptop" in page.inner_text("main")
        page.click("button:has-text('Sign out')")
        page.wait_for_selector("#passkey_login")
        page.click("#passkey_login")
        page.wait_for_selector("text=Sign out")
        assert page.goto("/people/").status == 200
