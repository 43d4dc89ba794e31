"""A drug that was taken as rows of record tables: only days on which it was certainly taken, and what is not known besides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import stepwell

from . import drugs, forms, partial_dates

REASONS = {"side effects": "intolerance", "did not help": "no effect"}
"""What stepwell reads of a reason for stopping; every other one is `other`."""
_UNIDENTIFIED, DRUG_WITHOUT_DAY = "unidentified drugs", "drugs without a day"
_INTERACTING_WITHOUT_DAY = "interacting drugs without a day"
Rows = Iterator[tuple[str, dict]]


def drug_rows(content: forms.Taken) -> Rows:
    """Rows of `medication`, or of `concomitant` for a drug that only interacts, over the days on which it was certainly taken.
    A row of `incomplete_medication` where the drug or its first day is not known; of a drug that only interacts, one that says
    nothing about trials.

    Where the last day is not known, a supply of unknown end begins on the last certain day: whether a trial lasted long enough
    is then met or unknown, and never not met.
    """
    lacking = _without_day(content)
    if lacking is None:
        return
    if content.ingredient == drugs.UNIDENTIFIED:
        yield "incomplete_medication", lacking
        return
    had = content.had if isinstance(content, forms.Medicine) else "yes"
    span = partial_dates.certain_days(content.start, content.stop, content.taken_on, content.weeks)
    if had == "don't know" or span is None or not partial_dates.is_exact(content.start, content.stop, content.weeks):
        yield "incomplete_medication", lacking
    if had == "don't know" or span is None:
        return
    first, last, is_end_known = span
    supplies = [(first, last)] if is_end_known else [(first, last - timedelta(1)), (last, last)]
    for start, end in supplies:
        if end < start:
            continue
        # A recorded end on the first day says nothing, here as in every source.
        ends = (end, "recorded end") if end > start else (None, None)
        supply = {"ingredient": content.ingredient, "start_date": start, "end_date": ends[0], "end_basis": ends[1]}
        if not _is_treatment(content.ingredient):
            yield "concomitant", supply
            continue
        yield "medication", supply | _as_medication(content)
        if any(content.ingredient in t.ingredients for t in stepwell.load_knowledge().treatments.values()):
            route = getattr(content, "route", "") or None
            yield "dose", {"given_date": start, "ingredient": content.ingredient, "kind": "supply", "route": route}


def _without_day(content: forms.Taken) -> dict | None:
    """The row of `incomplete_medication` of a drug of which nobody can say when it was taken. None for one that was not taken, or
    that is none of those looked for."""
    if content.ingredient == drugs.OTHER or (isinstance(content, forms.Medicine) and content.had == "no"):
        return None
    if content.ingredient == drugs.UNIDENTIFIED:
        return {"reason": _UNIDENTIFIED, "ingredient": None, "n_rows": 1}
    if _is_treatment(content.ingredient):
        return {"reason": DRUG_WITHOUT_DAY, "ingredient": content.ingredient, "n_rows": 1}
    if content.ingredient in stepwell.load_knowledge().interacting:
        return {"reason": _INTERACTING_WITHOUT_DAY, "ingredient": content.ingredient, "n_rows": 1}
    return None


def row_if_left_out(content: forms.Taken) -> dict | None:
    """The row of `incomplete_medication` where the line of the drug is left out. One that treats is then as good as unidentified:
    the days of the other trials are known."""
    row = _without_day(content)
    is_of_treatment = row is not None and row["reason"] == DRUG_WITHOUT_DAY
    return {"reason": _UNIDENTIFIED, "ingredient": None, "n_rows": 1} if is_of_treatment else row


def _is_treatment(ingredient: str) -> bool:
    form = stepwell.load_knowledge().ingredients.get(ingredient)
    return form is not None and form.role != "set-aside"


def _as_medication(content: forms.Taken) -> dict:
    if not isinstance(content, forms.Medication):
        return {"dose_basis": "unknown: no strength", "labelled_use": _labelled_use(content), "is_supplied": True}
    return {
        "mg_per_day": content.mg_per_day,
        "dose_basis": "unknown: no strength" if content.mg_per_day is None else "recorded dose",
        "labelled_use": _labelled_use(content),
        "stop_reason": stop_reason(content.stop_reasons),
        "is_supplied": {"yes": True, "no": False, "not known": None}[content.supplied],
    }


def stop_reason(reasons: tuple[str, ...]) -> str | None:
    """What stepwell reads of the reasons: intolerance before no effect before other; None where nobody said why."""
    read = [REASONS.get(reason, "other") for reason in reasons]
    return next((reason for reason in ("intolerance", "no effect", "other") if reason in read), None)


def _labelled_use(content: forms.Taken) -> str | None:
    """A use other than depression by the form of the drug. `not known` where only the form would say, or where somebody says
    that it was taken for something else."""
    route = getattr(content, "route", "")
    named = f"{drugs.label_of(content.ingredient)} {content.drug}".lower()
    words = set(re.findall("[a-z]+", named))
    known = [f for f in stepwell.load_knowledge().product_forms if f.ingredient == content.ingredient]
    told = next((f for f in known if route and route in f.routes), None)
    told = told or next((f for f in known if words & set(f.words)), None)
    if told is not None and told.labelled_use is not None:
        return told.labelled_use
    is_open = told is None and any(f.labelled_use is None for f in known)
    return "not known" if is_open or getattr(content, "purpose", None) == "something else" else None
