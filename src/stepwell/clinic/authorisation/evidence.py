"""What stands behind a packet: one person's lines as a stepwell result, and who stands behind each line.

Free text of lines is never read: a note may hold what a payer must not see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import stepwell
from stepwell import Result
from stepwell.clinic.people.models import Person

from .content import State
from .disclosure import SUBSTANCE_USE
from .treatments import Said

DISCLOSE_SUBSTANCE_USE = "disclose-substance-use"
"""The consent document by which a patient agrees that records of substance use go to the payer."""


@dataclass(frozen=True)
class Evidence:
    """A result of one person, by whose word each address stands."""

    result: Result
    key: str
    states: Mapping[str, State] = field(default_factory=dict)
    said: Mapping[str, Said] = field(default_factory=dict)
    consents: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """The addresses of the lines that were read."""
        return sorted(address for address in self.states if address.startswith("line/"))


def evidence_of(person: Person, knowledge, definitions: list[str]) -> Evidence:
    """The person's lines that are neither rejected nor struck out, and the clinic's sessions, judged by stepwell."""
    from stepwell.clinic.history.lines import current, in_use
    from stepwell.clinic.sessions import sheets
    from stepwell.clinic.sessions.records import person_records

    lines, given = in_use(current(person)), sheets.given(person)
    records, has = person_records(person, lines, given)
    result = stepwell.explain_records(records, definitions, knowledge, has=has, label="the clinic's lines")
    return Evidence(
        result=result,
        key=str(person.pk),
        # Birth date and sex stand in the clinic's register.
        states={f"person/{person.pk}": "confirmed"}
        | {line.address: line.state for line in lines}
        | {part.address: _state_of(sheet) for sheet in given for part in (*sheet.doses, *sheet.readings)},
        said={line.address: said for line in lines if (said := _said(line, knowledge)) is not None},
        consents=_consents(lines),
    )


def _state_of(sheet) -> State:
    """A signed sheet is confirmed; what nobody signed yet is as good as reported."""
    return "confirmed" if sheet.is_signed else "reported"


def _said(line, knowledge) -> Said | None:
    """What a line of a treatment says, in words of fixed lists; None of any other line."""
    from stepwell.clinic.history import forms
    from stepwell.clinic.history.partial_dates import in_words, is_day
    from stepwell.clinic.history.records import PROCEDURES

    content = forms.read(line.kind, line.content)
    if not isinstance(content, forms.Helped) or getattr(content, "had", "yes") != "yes" or content.records:
        return None
    outcome = forms.IMPROVEMENTS.get(content.improvement, "").lower()
    if content.improvement_pct is not None:
        outcome = f"{abs(content.improvement_pct):g} % {'worse' if content.improvement_pct < 0 else 'better'}"
    stopped = ", ".join(forms.STOP_REASONS[reason].lower() for reason in content.stop_reasons)
    days = [day for day in (content.start, content.stop) if day]
    remembered = " to ".join(dict.fromkeys(map(in_words, days))) if not all(map(is_day, days)) else ""
    weeks = getattr(content, "weeks", None)
    if weeks is not None and len(days) < 2:
        remembered = ", ".join(filter(None, (remembered, f"about {weeks:g} weeks")))
    return Said(
        outcome=f"reported: {outcome}" if outcome else "",
        stopped=f"reported: {stopped}" if stopped else "",
        when=f"remembered as {remembered}" if remembered else "",
        treatment=PROCEDURES.get(content.treatment, content.treatment) if isinstance(content, forms.Treatment) else "",
        named=_named(content, knowledge) if isinstance(content, forms.Medication) else "",
    )


def _named(content, knowledge) -> str:
    """The drug with its dose; empty where nobody could identify it, since its name is then free text."""
    if content.ingredient not in knowledge.ingredients:
        return ""
    label = knowledge.ingredients[content.ingredient].label
    dose = f", {content.mg_per_day:g} mg a day" if content.mg_per_day is not None else ""
    return f"{label[0].upper()}{label[1:]}{dose}"


def _consents(lines) -> tuple[str, ...]:
    given = [x for x in lines if x.kind == "consent" and x.content.get("document") == DISCLOSE_SUBSTANCE_USE]
    latest = max(given, key=lambda x: x.at, default=None)
    agreed = latest is not None and latest.state == "confirmed" and latest.content.get("agreed") is True
    return (SUBSTANCE_USE,) if agreed else ()
