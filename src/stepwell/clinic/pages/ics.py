"""Calendar files (RFC 5545), for calendars outside the clinic: no names and no health data go into them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta


@dataclass(frozen=True)
class Event:
    """One entry: a day, or a time with its end."""

    uid: str
    stamp: datetime
    summary: str
    start: date | datetime
    end: datetime | None = None
    url: str = ""
    sequence: int = 0
    is_cancelled: bool = False


def calendar(events: Iterable[Event]) -> str:
    """The file."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//stepwell//clinic//EN", "CALSCALE:GREGORIAN"]
    for event in events:
        lines += ["BEGIN:VEVENT", f"UID:{event.uid}@stepwell", f"DTSTAMP:{event.stamp:%Y%m%dT%H%M%SZ}"]
        lines += _when(event)
        lines += [f"SUMMARY:{_escaped(event.summary)}"]
        lines += [f"SEQUENCE:{event.sequence}"] if event.sequence else []
        lines += ["STATUS:CANCELLED"] if event.is_cancelled else []
        lines += [f"URL:{event.url}"] if event.url else []
        lines += ["END:VEVENT"]
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _when(event: Event) -> list[str]:
    if not isinstance(event.start, datetime):
        last = event.start + timedelta(days=1)
        return [f"DTSTART;VALUE=DATE:{event.start:%Y%m%d}", f"DTEND;VALUE=DATE:{last:%Y%m%d}"]
    start, end = (at.astimezone(UTC) for at in (event.start, event.end))
    return [f"DTSTART:{start:%Y%m%dT%H%M%SZ}", f"DTEND:{end:%Y%m%dT%H%M%SZ}"]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """The line in pieces of at most 75 bytes; it is ASCII."""
    yield line[:75]
    for start in range(75, len(line), 74):
        yield " " + line[start : start + 74]
