"""The first lines about a treatment on the programme's page: a figure where one may be shown, else a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from .programme_checkpoints import ShownCheckpoint
from .programme_shown import Given
from .proportion import Proportion
from .shown_durability import ShownDurability

_HEADED = ("24 hours", "end of induction")
_AT = {"end of induction": "at the end of the induction"}


@dataclass(frozen=True)
class Headline:
    """One line; without a figure the words are a sentence of their own."""

    figure: str | None
    words: str


def headlines_of(given: Given) -> tuple[Headline, ...]:
    """What was given, response at the checkpoints that are headed, remission at the end of the induction, how long it lasted."""
    lines = [Headline(str(given.series), f"series, in {given.people} people, {given.sessions} sessions")]
    for checkpoint in given.checkpoints:
        if checkpoint.label in _HEADED:
            lines.append(_reached(checkpoint, "response", checkpoint.response))
        if checkpoint.label == "end of induction" and checkpoint.response is not None:
            lines.append(_reached(checkpoint, "remission", checkpoint.remission))
    return (*lines, _lasted(given.durability))


def _reached(c: ShownCheckpoint, what: str, share: Proportion | None) -> Headline:
    when = _AT.get(c.label, f"at {c.label}")
    if share is not None:
        return Headline(f"{share.value:.0%}", f"in {what} {when}, of {c.scored} series with a score then")
    if c.scored.n == 0:
        return Headline(None, f"No series had a score {when} by which {what} can be judged.")
    if c.scored.n is None:
        return Headline(None, f"Too few series had a score {when} to show a share of {what}.")
    return Headline(None, f"{c.scored} series had a score {when}; too few were in {what}, or not, to show a share.")


def _lasted(durability: ShownDurability) -> Headline:
    if durability.half_days is not None:
        return Headline(f"{durability.half_days} days", "from the first score in response until half had lost it")
    if durability.n.n == 0:
        return Headline(None, "No series had a score in response: how long one lasts is unknown.")
    if not durability.at:
        return Headline(None, "Too few series in response were followed to show how long it lasted.")
    return Headline(None, "Fewer than half of the responses were seen to be lost while enough series were followed.")
