"""Signed session sheets for tests, whole or with parts changed."""

from __future__ import annotations

import datetime as dt

from clinic_sessions import START, a_device, a_reading, a_session, an_entry, an_order

from stepwell.clinic.sessions import sheets
from stepwell.clinic.sessions.models import Session
from stepwell.clinic.sessions.sheets import Sheet


def a_signed_sheet(person, user, *, order=None, day=0, n_devices=2, is_signed=True, readings=None, **given) -> Sheet:
    """A session so many days after START's: checks answered no, devices 5 minutes apart, readings, leaving after 125 minutes."""
    start = START + dt.timedelta(days=day)
    session = a_session(order or an_order(person, user, **given), planned_at=start)

    def add(kind, content, minute, **more):
        wall = start + dt.timedelta(minutes=minute)
        return an_entry(session, kind, content, minute=day * 1440 + minute, wall=wall, user=user, **more)

    for check in sheets.of(session).checks:
        add("check", {"check": check.id, "answer": check.rule.expected or "no"}, 0)
    add("reading", a_reading("before"), 1)
    for n in range(n_devices):
        add("dose", a_device(session.order), 2 + 5 * n)
    for reading in [a_reading("40", 150, 92), a_reading("end", 124, 82)] if readings is None else readings:
        add("reading", reading, 42 if reading["moment"] == "40" else 125)
    add("check", {"check": "no-adverse-event", "answer": "yes"}, 126)
    add("departure", {"reason": ""}, 127)
    if is_signed:
        sign(session, user, add)
    return sheets.of(Session.objects.get(pk=session.pk))


def sign(session, user, add=None) -> None:
    """Signs the sheet as it is now."""
    sheet = sheets.of(session)
    content = {"seen": sheet.digest, "protocol_digest": sheet.order.protocol_digest}
    if add is None:
        an_entry(session, "signature", content, minute=200, user=user)
    else:
        add("signature", content, 130)


def amend(sheet: Sheet, user, text="The dose was entered twice.") -> None:
    """Adds an addendum to a signed sheet."""
    an_entry(sheet.session, "addendum", {"text": text}, minute=5000, user=user)
