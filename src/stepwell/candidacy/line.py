"""One line of candidacy: what was asked, what the records say to it, and what would settle it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

VERDICTS = {True: "met", False: "not met", None: "unknown"}
NEARLY, NONE_RECORDED = "nearly met", "none recorded"
"""What is told apart from the rest of what is not met, and of what is unknown."""


@dataclass(frozen=True)
class Found:
    """The answer of the records to one thing that is asked."""

    verdict: bool | None
    words: str
    value: str | None = None
    unit: str | None = None
    comparison: str | None = None
    limit: str | None = None
    address: str | None = None
    is_nearly: bool = False
    """Not met, but nearly, by the declared share of the limit."""
    is_none_recorded: bool = False
    """Unknown: looked for in observed time and not found, which never says that there is none."""


@dataclass(frozen=True)
class Line:
    """One requirement with its answer, where it is from and what would settle it."""

    form: str
    """The form and its version, such as `cigna@1`."""
    path: str
    """Of the requirement in the form: `trd.adult`, `contraindications.aneurysm`."""
    label: str
    asked: str
    found: Found
    source: str | None
    seen: str | None
    choice: str | None
    provenance: str
    settled_by: str | None
    definition: str | None = None
    """The definition by which trials were judged for it, if any."""

    @property
    def verdict(self) -> str:
        """met, not met or unknown."""
        return VERDICTS[self.found.verdict]

    @property
    def stands(self) -> str:
        """The verdict as it is shown: `nearly met` and `none recorded` are told apart from the rest of theirs."""
        if self.found.is_nearly:
            return NEARLY
        if self.found.is_none_recorded:
            return NONE_RECORDED
        return self.verdict

    def as_row(self) -> dict:
        """The line as plain values, in the words of the table `evidence`."""
        found = asdict(self.found)
        return {
            "form": self.form,
            "criterion": self.path,
            "label": self.label,
            "verdict": self.verdict,
            "stands": self.stands,
            **{name: found[name] for name in ("value", "unit", "comparison", "limit", "address")},
            "found": self.found.words,
            "asked": self.asked,
            "settled_by": self.settled_by if self.found.verdict is not True else None,
            "definition": self.definition,
            "source": self.source,
            "seen": self.seen,
            "choice": self.choice,
        }


def all_of(verdicts: Iterable[bool | None]) -> bool | None:
    """Not met when any is not met, else unknown when any is unknown, else met."""
    given = list(verdicts)
    return False if False in given else None if None in given else True


def any_of(answers: Iterable[tuple[str, Found]]) -> Found:
    """One is enough: the answer that settles it, or else what all of them say, each after its label."""
    given = list(answers)
    for label, found in given:
        if found.verdict is True:
            return replace(found, words=f"{label}: {found.words}")
    words = "; ".join(f"{label}: {found.words}" for label, found in given)
    verdict = None if any(found.verdict is None for _, found in given) else False
    is_nearly = verdict is False and any(found.is_nearly for _, found in given)
    return Found(verdict, words, is_nearly=is_nearly)
