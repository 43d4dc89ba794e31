"""Elements of a resource by name and shape: what has another shape than R4 gives it raises `ShapeError`; nothing is guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?:$|T)")
_PART = re.compile(r"\d{4}(-\d{2})?$")
_TAKEN_BACK = "entered-in-error"


class ShapeError(ValueError):
    """An element has another shape than FHIR R4 gives it."""


class OtherVersionError(ValueError):
    """The resource is of another version of FHIR; the message names it."""


def part(of: dict, name: str) -> dict:
    """An element that is an object; empty where there is none."""
    value = of.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ShapeError(name)
    return value


def parts(of: dict, name: str) -> list[dict]:
    """An element that repeats, each an object; empty where there is none."""
    value = of.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise ShapeError(name)
    return value


def word(of: dict, name: str) -> str | None:
    """An element that is a text, a code or a number; None where there is none or it is empty."""
    value = of.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ShapeError(name)
    return value.strip() or None


def day(*moments: str | None) -> str | None:
    """The first of these that names a whole day, as written: its first ten characters are the local day. Where none does, the
    first that names a month or a year, which is no day."""
    given = [m for m in moments if m]
    return next((m for m in given if is_day(m)), given[0] if given else None)


def is_day(moment: str | None) -> bool:
    """Whether a date names a whole day."""
    return moment is not None and _DAY.match(moment) is not None


def is_partial(moment: str | None) -> bool:
    """Whether a date names a year or a month only."""
    return moment is not None and _PART.match(moment) is not None


def instant(text: str | None) -> int:
    """An instant as a number that orders it; 0 where there is none."""
    if text is None:
        return 0
    try:
        found = datetime.fromisoformat(text)
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1e6)
    except (ValueError, OverflowError):
        return 0


def target(reference: dict) -> str | None:
    """What a reference points to: `Patient/1` of `https://host/fhir/Patient/1/_history/2`, `#id` of what is contained, the bare
    id of `urn:uuid:...`; None where it points to nothing (a display only)."""
    text = word(reference, "reference")
    if text is None or text.startswith("#"):
        return text
    text = text.split("/_history/")[0].rstrip("/")
    if text.startswith("urn:"):
        return text.rpartition(":")[2]
    return "/".join(text.split("/")[-2:])


def id_of(reference: dict) -> str | None:
    """The id of the resource that a reference points to."""
    found = target(reference)
    return None if found is None or found.startswith("#") else found.rpartition("/")[2]


def is_taken_back(resource: dict) -> bool:
    """Whether the record was entered in error. A condition says it of its verification, and then has no clinical status."""
    if resource.get("status") == _TAKEN_BACK:
        return True
    status = resource.get("verificationStatus")
    return isinstance(status, dict) and _TAKEN_BACK in codes(status)


def codes(concept: dict) -> set[str]:
    """The codes of a concept, whatever their systems."""
    return {code for c in parts(concept, "coding") if (code := word(c, "code")) is not None}


def words_of(concept: dict) -> str | None:
    """What a concept is called: its text, else the first display."""
    shown = [word(concept, "text"), *(word(c, "display") for c in parts(concept, "coding"))]
    return next((s for s in shown if s), None)
