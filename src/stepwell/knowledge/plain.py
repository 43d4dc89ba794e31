"""Cards and definitions as plain values, for `--json`: the forms as they are filled in, with the source of every value."""

from __future__ import annotations

from .cited import Form
from .explain import find
from .forms import Knowledge


def plain_card(name: str, knowledge: Knowledge) -> list[dict]:
    """What `show` shows, as forms with their kind: one, or two where a treatment and a code set share a name; many for `doses`.

    Times are in days, ages in years, doses in mg, shares in per cent, as the units of the files say. Raises QuestionError where
    there is none.
    """
    if name == "doses":
        return [{"kind": "minimum dose", "form": _plain(form)} for form in knowledge.dose_minima]
    return [{"kind": kind, "form": _plain(form)} for kind, form, _ in find(name, knowledge)]


def _plain(form: Form) -> dict:
    return form.model_dump(mode="json", by_alias=True, exclude_none=True)
