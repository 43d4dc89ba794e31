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
from .trials import Said

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
    """The person's lines that are neither rejected nor struck out, judged by stepwell."""
    from stepwell.clinic.history.lines import current, in_use
    from stepwell.clinic.history.records import records_of

    lines = in_use(current(person))
    records, has = records_of(lines, person)
    result = stepwell.explain_records(records, definitions, knowledge, has=has, label="the clinic's lines")
    return Evidence(
        result=result,
        key=str(person.pk),
        # Birth date and sex stand in the clinic's register.
        states={f"person/{person.pk}": "confirmed"} | {line.address: line.state for line in lines},
        said={line.address: said for line in lines if (said := _said(line)) is not None},
        consents=_consents(lines),
    )


def _said(line) -> Said | None:
    from stepwell.clinic.history.forms import IMPROVEMENTS, STOP_REASONS

    content = line.content
    percent, word = content.get("improvement_pct"), content.get("improvement")
    outcome = IMPROVEMENTS.get(word, "").lower()
    if percent is not None:
        outcome = f"{abs(percent):g} % {'worse' if percent < 0 else 'better'}"
    stopped = ", ".join(STOP_REASONS[r].lower() for r in content.get("stop_reasons", ()) if r in STOP_REASONS)
    if not (outcome or stopped):
        return None
    return Said(f"reported: {outcome}" if outcome else "", f"reported: {stopped}" if stopped else "")


def _consents(lines) -> tuple[str, ...]:
    given = [x for x in lines if x.kind == "consent" and x.content.get("document") == DISCLOSE_SUBSTANCE_USE]
    latest = max(given, key=lambda x: x.at, default=None)
    agreed = latest is not None and latest.state == "confirmed" and latest.content.get("agreed") is True
    return (SUBSTANCE_USE,) if agreed else ()
