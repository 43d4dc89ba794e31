"""Who was judged as expected and who was not, told in the terminal; with the evidence of those who were not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date

from rich.console import RenderableType
from rich.text import Text

from stepwell.knowledge.forms import Knowledge
from stepwell.own.trying import Difference, Tried
from stepwell.why.found import show_date
from stepwell.why.story import tell_evidence
from stepwell.why.summary import show_verdict


def tell_tried(tried: Sequence[Tried], knowledge: Knowledge) -> Iterator[RenderableType]:
    """One line for each person, and what was found for those that were expected otherwise."""
    for one in tried:
        verdict = show_verdict(one.determination)
        if not one.differences:
            yield Text(f"✓ {one.person.name}: {verdict}, as expected", style="green")
            continue
        yield Text(f"✗ {one.person.name}: {verdict}, not as expected ({one.person.where})", style="bold red")
        for difference in one.differences:
            yield Text(f"    {_tell(difference)}")
        yield from tell_evidence(one.evidence, one.trials, one.judged, knowledge)
    wrong = sum(bool(one.differences) for one in tried)
    people = f"{len(tried)} {'person' if len(tried) == 1 else 'people'}"
    yield Text(f"\n{people}: {len(tried) - wrong} as expected, {wrong} not.", style="bold")


def plain_tried(tried: Sequence[Tried]) -> list[dict]:
    """Each person with the verdict, what was expected otherwise, and the evidence: plain values, for `--json`."""
    return [
        {
            "person": one.person.name,
            "verdict": one.determination["verdict"],
            "as_expected": not one.differences,
            "differences": [asdict(difference) for difference in one.differences],
            "evidence": list(one.evidence),
        }
        for one in tried
    ]


def _tell(difference: Difference) -> str:
    name = "" if difference.name == "verdict" else f"{difference.name}: "
    return f"{name}expected {_show(difference.expected)}, found {_show(difference.found)}"


def _show(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return show_date(value) if isinstance(value, date) else str(value)
