"""Reads the answer of one page, and says an answer in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from . import drugs, partial_dates
from .forms import check
from .questionnaire import Page

WEEKS = {"weeks": 1, "months": 4, "years": 52}
"""The fewest weeks that a month and a year surely have."""
MONTHS = tuple((f"{n:02}", date(2000, n, 1).strftime("%B")) for n in range(1, 13))
DONT_KNOW = {"value": None, "unknown": True}
_LONGEST = 4000
_NO_CHOICE = "Choose one of the answers, or the button below."


def read_answer(page: Page, posted: Mapping, today: date, born: date | None) -> tuple[dict | None, str]:
    """The answer and no problem, or None and what is wrong, in plain words. `posted` is a QueryDict."""
    if posted.get("dont_know"):
        return DONT_KNOW, ""
    kind = page.question.kind
    if kind in ("choice", "scale", "consent"):
        said = posted.get("value", "")
        return ({"value": said}, "") if said in page.question.choices else (None, _NO_CHOICE)
    if kind == "many":
        said = [c for c in page.question.choices if c in posted.getlist("value")]
        return ({"value": said}, "") if said else (None, _NO_CHOICE)
    if kind == "text":
        said = posted.get("value", "").strip()
        if len(said) > _LONGEST:
            return None, f"This is too long. Please write at most {_LONGEST} characters."
        return ({"value": said}, "") if said else (None, "Write something, or choose the button below.")
    return {"drug": _drug, "number": _number, "date": _date, "length": _length}[kind](page, posted, today, born)


def _drug(page: Page, posted: Mapping, today: date, born: date | None) -> tuple[dict | None, str]:
    """A drug that was chosen from the list, else the name as it was written."""
    chosen, written = posted.get("ingredient", ""), posted.get("q", "").strip()
    if chosen and not drugs.is_known(chosen):
        return None, "This medicine is not on the list. Search for it again, or keep what you wrote."
    if not chosen and not written:
        return None, "Write the name of the medicine, or choose “I don't know”."
    content, problems = check("medication", {"drug": written or drugs.label_of(chosen)})
    if content is None:
        return None, f"The name {problems.get('drug', 'cannot be read')}."
    found = chosen or drugs.identify(written)
    return {"value": {"drug": content["drug"], "ingredient": found}}, ""


def _number(page: Page, posted: Mapping, today: date, born: date | None) -> tuple[dict | None, str]:
    cell, question = posted.get("value", "").strip().replace(",", "."), page.question
    try:
        value = float(cell)
    except ValueError:
        return None, "Write a number, or choose “I don't know”."
    least = 0 if question.at_least is None else question.at_least
    problem = {
        "too_small": f"The number must be at least {least:g}.",
        "too_large": "The number is too large to be possible.",
    }
    if not value >= least or (question.unit == "mg a day" and value == 0):
        return None, problem["too_small"]
    if question.at_most is not None and value > question.at_most:
        return None, f"The number must be at most {question.at_most:g}."
    if question.unit == "mg a day":
        _content, problems = check("medication", {"drug": "x", "mg_per_day": value})
        if problems:
            return None, problem["too_large"]
    if question.unit == "sessions":
        value = round(value)
    return {"value": value}, ""


def _date(page: Page, posted: Mapping, today: date, born: date | None) -> tuple[dict | None, str]:
    """A year, with or without month and day."""
    year, month, day = (posted.get(name, "").strip() for name in ("year", "month", "day"))
    if not year:
        return None, "Write the year, or choose “I don't know”."
    if day and not month:
        return None, "Choose the month too, or leave the day empty."
    written = "-".join(part.zfill(n) for part, n in ((year, 4), (month, 2), (day, 2)) if part)
    content, problems = check("condition", {"name": "x", "day": written}, today=today, born=born)
    return ({"value": content["day"]}, "") if content else (None, f"This date {problems['day']}.")


def _length(page: Page, posted: Mapping, today: date, born: date | None) -> tuple[dict | None, str]:
    answer, problem = _number(page, posted, today, born)
    unit = posted.get("unit", "weeks")
    if answer is None or unit not in WEEKS:
        return None, problem or _NO_CHOICE
    _content, problems = check("medication", {"drug": "x", "weeks": answer["value"] * WEEKS[unit]})
    if problems:
        return None, "This length is not possible."
    return {"value": {"n": answer["value"], "unit": unit}}, ""


def in_words(page: Page, answer: dict) -> str:
    """The answer as it is shown."""
    value, question = answer["value"], page.question
    if answer.get("unknown"):
        return "I prefer not to answer" if page.may_be_declined else "I don't know"
    match question.kind:
        case "scale":
            return f"{value}, of {question.at_least:g} to {question.at_most:g}"
        case "choice" | "consent":
            return question.choices.get(value, value)
        case "many":
            return ", ".join(question.choices.get(v, v) for v in value)
        case "drug":
            return value["drug"]
        case "number":
            return f"{value:g} {question.unit}"
        case "date":
            return partial_dates.in_words(value)
        case "length":
            return f"{value['n']:g} {value['unit']}"
    return value
