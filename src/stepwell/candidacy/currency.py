"""Whether a copy of a payer's policy can be offered as the policy of a day: payers revise them, and a copy says so seldom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from stepwell.knowledge.candidacy import Candidacy, PolicyAge
from stepwell.why.found import show_date


@dataclass(frozen=True)
class Currency:
    """`is_current`: None where the copy names no day. `words`: a sentence for the reader; None where there is nothing to say."""

    is_current: bool | None
    words: str | None = None


def currency_of(form: Candidacy, day: date, age: PolicyAge | None) -> Currency:
    """How a form stands on that day. Labels and practices have no age: a later text of theirs is a form of its own."""
    if form.kind != "policy":
        return Currency(True)
    first, superseded = form.in_force.valid_from, form.in_force.superseded
    if superseded is not None and superseded.since <= day:
        return Currency(False, f"Superseded since {show_date(superseded.since)}: {superseded.text}")
    if first is None:
        return Currency(None, "The copy names no day: nobody can say from it whether it is still the policy.")
    if age is not None and (day - first).days > age.at_most:
        said = f"The copy is of {show_date(first)}, more than {age.at_most} days before that day: ask the payer."
        return Currency(False, said)
    return Currency(True)
