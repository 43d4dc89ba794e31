"""What the records say of suicide and self-harm, read together: diagnoses, and answers to the items that ask about it.

A positive answer is shown before anything else, with whom to call. An item that was asked and not answered, and a total without
an answer to its item, are never read as "no".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from stepwell.knowledge.forms import SUICIDALITY, Knowledge
from stepwell.why.found import show_date, show_number
from stepwell.why.gaps import WITHOUT_DAY, say_hidden

from .chart import Chart

_OWN_WORDS = ("suicid", "self-harm", "self harm")
"""Words by which a question of the clinic's own is one about suicide."""


@dataclass(frozen=True)
class Sign:
    """One thing recorded on one day: `is_positive` is met by a diagnosis or an answer that is a sign, not met by an answer that
    is none, unknown where nobody can say (not answered; a total without the answer)."""

    day: date
    asked: str
    """What was asked, such as `PHQ-9, item 9`; of a diagnosis, the code set."""
    is_positive: bool | None
    words: str
    value: str
    address: str
    is_diagnosis: bool = False
    instrument: str | None = None
    """What the instrument is called; None of a diagnosis and of a question of the clinic's own."""
    item: str | None = None


def signs_of(chart: Chart) -> list[Sign]:
    """Everything that the chart holds of suicide and self-harm, latest first."""
    knowledge = chart.knowledge
    found = [_diagnosed(row, knowledge) for row in chart.condition if row["codeset"] == SUICIDALITY]
    found += [sign for row in chart.answer if (sign := _answered(row, knowledge)) is not None]
    answered = {(row["instrument"], row["answered_date"]) for row in chart.answer if _is_safety(row, knowledge)}
    asking = {instrument for instrument, _ in knowledge.safety_items}
    found += [
        _total_only(row, knowledge)
        for row in chart.measurement
        if row["instrument"] in asking and (row["instrument"], row["measured_date"]) not in answered
    ]
    found += _undated(chart, asking)
    # On one day a sign comes before what is none, and what nobody can say before a "no".
    order = {True: 0, None: 1, False: 2}
    return sorted(found, key=lambda s: (-s.day.toordinal(), order[s.is_positive], s.asked, s.address))


def to_say_first(signs: Iterable[Sign]) -> list[Sign]:
    """What is shown before anything else: the latest of each question where it is a sign, or where it was not answered, and the
    latest diagnosis, on whatever day. Several items of one instrument and day are one line, signs before what is unanswered."""
    latest: dict[str, Sign] = {}
    for sign in signs:
        latest.setdefault(sign.asked, sign)
    said = [s for s in latest.values() if s.is_positive or (s.is_positive is None and s.value == _UNANSWERED)]
    return on_one_line(sorted(said, key=lambda s: not s.is_positive))


def on_one_line(signs: Iterable[Sign]) -> list[Sign]:
    """The signs with those of one instrument, one day and one verdict as one, in the order of the first of them."""
    together: dict[tuple, list[Sign]] = {}
    for sign in signs:
        together.setdefault((sign.is_positive, sign.day, sign.instrument or sign.asked), []).append(sign)
    return [_as_one(signs) for signs in together.values()]


def _as_one(signs: list[Sign]) -> Sign:
    """Several items of one instrument and day in one line: `C-SSRS screener, items 1, 2 and 3: above zero on 27 Mar 2025`."""
    first = signs[0]
    if len(signs) == 1:
        return first
    *most, last = (s.item for s in signs)
    said = "above zero" if first.is_positive else "asked and not answered, which is not a no,"
    words = f"{first.instrument}, items {', '.join(most)} and {last}: {said} on {show_date(first.day)}"
    return replace(first, words=words)


_UNANSWERED = "not answered"
_UNDATED = "without a day"


def _diagnosed(row: dict, knowledge: Knowledge) -> Sign:
    label = knowledge.codesets[SUICIDALITY].label
    words = f"{label} recorded on {show_date(row['condition_date'])} ({row['code']})"
    return Sign(row["condition_date"], label, True, words, row["code"], row["address"], is_diagnosis=True)


def _undated(chart: Chart, asking: Iterable[str]) -> list[Sign]:
    """The diagnoses, and the answers to forms that ask about suicide, that have no usable day: one sign for each code set and
    form, on the last day on which it may have been."""
    knowledge, undated = chart.knowledge, [g for g in chart.code_gap if g.get("reason") == WITHOUT_DAY]
    signs = []
    for record, name in (("condition", SUICIDALITY), *(("answer", i) for i in sorted(asking))):
        rows = [g for g in undated if (g["record"], g["codeset"]) == (record, name)]
        if not rows:
            continue
        day = max(min(g["last_date"] or chart.day, chart.day) for g in rows)
        is_diagnosis = record == "condition"
        label = (knowledge.codesets if is_diagnosis else knowledge.all_instruments)[name].label
        words = f"{label} recorded" if is_diagnosis else label
        words += say_hidden(rows, record, [name])
        words += "" if is_diagnosis else "; it may be about suicide, and is not a no"
        value = _UNDATED if is_diagnosis else _UNANSWERED
        asked = f"{label}, without a day"
        signs.append(Sign(day, asked, True if is_diagnosis else None, words, value, "", is_diagnosis))
    return signs


def asks_about_suicide(item: str | None) -> bool:
    """Whether a question of the clinic's own is one about suicide, by what it is about."""
    return any(word in (item or "") for word in _OWN_WORDS)


def is_own_sign(row: dict) -> bool | None:
    """Whether an answer to such a question is a sign; None where it was not given, or where higher is better."""
    value = row["value"]
    return None if value is None or row.get("better") == "higher" else value > (row.get("at_least") or 0)


def _is_safety(row: dict, knowledge: Knowledge) -> bool:
    return (row["instrument"], row["item"]) in knowledge.safety_items


def _answered(row: dict, knowledge: Knowledge) -> Sign | None:
    """The sign of a row of `answer`; None where it answers something else."""
    day, value, label = row["answered_date"], row["value"], None
    if row["instrument"] is None:
        if not asks_about_suicide(row["item"]):
            return None
        asked = f"The clinic's own question about {row['item']}"
        is_positive = is_own_sign(row)
    elif _is_safety(row, knowledge):
        label = knowledge.all_instruments[row["instrument"]].label
        asked = f"{label}, item {row['item']}"
        is_positive = None if value is None else value >= knowledge.safety_items[row["instrument"], row["item"]]
    else:
        return None
    if value is None:
        words = f"{asked}: asked and not answered on {show_date(day)}, which is not a no"
        return Sign(day, asked, None, words, _UNANSWERED, row["address"], instrument=label, item=row["item"])
    words = f"{asked}: {show_number(value)} on {show_date(day)}"
    return Sign(day, asked, is_positive, words, show_number(value), row["address"], instrument=label, item=row["item"])


def _total_only(row: dict, knowledge: Knowledge) -> Sign:
    label = knowledge.all_instruments[row["instrument"]].label
    words = f"{label} of {show_date(row['measured_date'])}: its answer about suicide is not in these records"
    return Sign(row["measured_date"], f"{label}, total", None, words, "not recorded", row["address"])
