"""What came of one person's treatment, as plain values for a page: stepwell's story of the series, the sheets beside it, and what
the person says. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from stepwell.clinic.history import forms
from stepwell.clinic.sessions.records import day_of, minutes_of
from stepwell.outcomes import person_story

from .picture import draw
from .results import OfPerson

_DISSOCIATION = ("none", "mild", "moderate", "severe")


def compose(of: OfPerson, today: date) -> dict:
    """The content of the page: `series` (latest first, each with its `picture`), `goals`, `measures` beside the scale, `concern`
    (answers about suicide above zero), `adverse_events`, `unproven`."""
    story = person_story(of.result, of.key)
    by_day = {day_of(sheet): sheet for sheet in of.sheets if sheet.is_given}
    for series in story["series"]:
        series["picture"] = draw(series)
        for session in series["sessions"]:
            sheet = by_day.get(date.fromisoformat(session["day"]))
            session["sheet"] = None if sheet is None else borne(sheet)
    latest = story["series"][-1] if story["series"] else None
    return story | {
        "today": today.isoformat(),
        "series": story["series"][::-1],
        "goals": _goals(of.lines, latest),
        "measures": [] if latest is None else latest["measures"],
        "adverse_events": adverse_events(of.sheets),
        "knowledge": of.result.manifest["knowledge"],
        "stepwell": of.result.manifest["stepwell"],
    }


def borne(sheet) -> dict:
    """How a session was borne, by its sheet. None: nobody looked."""
    after = [r for r in sheet.readings if (m := minutes_of(sheet, r)) is None or m > 0]
    words = [r.dissociation for r in after if r.dissociation is not None]
    return {
        "session": str(sheet.session.pk),
        "is_signed": sheet.is_signed,
        "systolic": max((r.systolic for r in after if r.systolic is not None), default=None),
        "diastolic": max((r.diastolic for r in after if r.diastolic is not None), default=None),
        "spo2": min((r.spo2 for r in after if r.spo2 is not None), default=None),
        "sedation": min((r.sedation for r in after if r.sedation is not None), default=None),
        "dissociation": max(words, key=_DISSOCIATION.index, default=None),
        "minutes": None if sheet.minutes is None else int(sheet.minutes),
        "events": [event.what for event in sheet.adverse_events],
        "denies": sheet.denies_adverse_event,
    }


def adverse_events(sheets: Sequence) -> dict:
    """Adverse events over all sheets with a dose: each kind with how often, how often serious, how often not seen to end; and of
    how many sessions somebody said that there was none, or nobody said anything."""
    given = [sheet for sheet in sheets if sheet.is_given]
    kinds: dict[str, dict] = {}
    for sheet in given:
        for event in sheet.adverse_events:
            row = kinds.setdefault(event.what, {"what": event.what, "n": 0, "serious": 0, "open": 0})
            row["n"] += 1
            row["serious"] += event.serious is True
            row["open"] += event.resolved_at is None
    none = sum(sheet.denies_adverse_event for sheet in given)
    told = sum(bool(sheet.adverse_events) for sheet in given)
    return {
        "sessions": len(given),
        "kinds": sorted(kinds.values(), key=lambda row: (-row["serious"], -row["n"], row["what"])),
        "none": none,
        "silent": len(given) - none - told,
    }


def _goals(lines: Sequence, latest: Mapping | None) -> list[dict]:
    """What would be well enough in the person's words, with how far it is by the scale."""
    so_far = ((latest or {}).get("last") or {}).get("better")
    shown = []
    for line in lines:
        if line.kind == "goal":
            goal = forms.read(line.kind, line.content)
            reached = None if goal.enough_pct is None or so_far is None else so_far >= goal.enough_pct
            shown.append({"text": goal.text, "asked": goal.enough_pct, "so_far": so_far, "reached": reached})
    return shown
