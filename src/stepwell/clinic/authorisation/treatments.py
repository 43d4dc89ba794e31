"""What was tried beside dated trials of drugs: psychotherapy, stimulation, sessions, and drugs of which nobody knows the days.

A treatment without a usable day stands here in the words of its line; it is never left out, and never counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from stepwell.candidacy import Chart, show_date

from .content import Statement, Trial

_GIVEN = {"esketamine-session": "esketamine", "ketamine": "ketamine"}
_WITHOUT_DAY = "without a day"


@dataclass(frozen=True)
class Said:
    """What a line says of a treatment beside scores: words from fixed lists only, never free text."""

    outcome: str = ""
    stopped: str = ""
    when: str = ""
    """When it was, as somebody remembers it; empty where the days are known."""
    treatment: str = ""
    """The code set of the procedure, or `ketamine`; empty of a drug that is taken daily."""
    named: str = ""
    """The drug and its dose, where it is a drug of the knowledge files."""


def sessions(chart: Chart, names: Iterable[str], said: Mapping[str, Said]) -> Iterator[Statement]:
    """On how many days each treatment was given, from when to when, and what lines say of it."""
    for name in names:
        days: dict = {}
        for day, address in _days(chart, name):
            days.setdefault(day, []).append(address)
        lines = {address: one for address, one in said.items() if one.treatment == name}
        undated = any(
            g["record"] == "procedure" and g["codeset"] == name and g["reason"] == _WITHOUT_DAY and g["n_rows"]
            for g in chart.code_gap
        )
        words = list(_counted(sorted(days)))
        if undated:
            words.append("further sessions without a known day" if days else "recorded without a day")
        words += [w for one in lines.values() for w in (one.when, one.outcome, one.stopped) if w]
        if days or undated or lines:
            label = chart.knowledge.codesets[name].label if name in chart.knowledge.codesets else name.capitalize()
            addresses = dict.fromkeys([*(a for day in sorted(days) for a in days[day]), *lines])
            text = f"{label}: {'; '.join(dict.fromkeys(words)) or 'recorded'}."
            yield Statement(text=text, rests_on=tuple(addresses))


def undated(trials: Iterable[Trial], said: Mapping[str, Said]) -> Iterator[Statement]:
    """The drugs of lines that made no trial, because nobody knows on which days they were taken."""
    shown = {address for trial in trials for address in trial.rests_on}
    for address, one in said.items():
        if one.named and address not in shown:
            words = [w for w in (one.when, one.outcome, one.stopped) if w]
            text = f"{one.named}: on days that are not known; it cannot be judged"
            yield Statement(text="; ".join([text, *words]) + ".", rests_on=(address,))


def _days(chart: Chart, name: str) -> Iterator[tuple]:
    yield from ((r["procedure_date"], r["address"]) for r in chart.procedure if r["procedure"] == name)
    treatment = _GIVEN.get(name)
    if treatment is None:
        return
    yield from (
        (r["session_date"], r["address"])
        for r in chart.declared_session
        if r["treatment"] == treatment and not r["is_comparator"]
    )
    drugs = chart.knowledge.treatments[treatment].ingredients
    given = (r for r in chart.dose if r["ingredient"] in drugs and r["kind"] == "administration")
    yield from ((r["given_date"], r["address"]) for r in given)


def _counted(days: list) -> Iterator[str]:
    if len(days) == 1:
        yield f"recorded on 1 day, on {show_date(days[0])}"
    elif days:
        yield f"recorded on {len(days)} days, from {show_date(days[0])} to {show_date(days[-1])}"


def first_session(chart: Chart, names: Iterable[str]):
    """The first day on which any of these treatments was given; None where none was."""
    return min((day for name in names for day, _ in _days(chart, name)), default=None)
