"""Cards and definitions as plain values, for `--json`: the forms as they are filled in, with the source of every value."""

from __future__ import annotations

from .explain import find
from .forms import Knowledge


def plain_card(name: str, knowledge: Knowledge) -> list[dict]:
    """What `show` shows, as forms: one, or two where a treatment and a code set share a name; many for `doses`.

    Times are in days, ages in years, doses in mg, shares in per cent, as the units of the files say. Raises QuestionError where
    there is none.
    """
    if name == "doses":
        return [
            {"kind": "minimum dose", **form.model_dump(mode="json", by_alias=True)} for form in knowledge.dose_minima
        ]
    return [
        {"kind": kind, **form.model_dump(mode="json", by_alias=True, exclude_none=True)}
        for kind, form, _ in find(name, knowledge)
    ]
