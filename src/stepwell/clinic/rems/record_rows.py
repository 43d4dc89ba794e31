"""When the monitoring form of a session was sent, as rows of `monitoring`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stepwell.clinic.sessions.records import day_of

from .models import Submission


def form_rows(sheets: Iterable) -> Iterator[tuple[str, dict]]:
    """One row for each session whose form was submitted: how many days after the session, by the first submission."""
    of = {sheet.session.pk: sheet for sheet in sheets}
    for sent in Submission.objects.filter(session__in=of, number=1).order_by("session"):
        day = day_of(of[sent.session_id])
        row = {"session_date": day, "kind": "form sent", "minutes": None, "value": float((sent.day - day).days)}
        yield "monitoring", row | {"address": str(sent)}
