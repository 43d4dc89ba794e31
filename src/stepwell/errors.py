"""What can go wrong, in the user's words.

    StepwellError            (never raised itself)
    ├── KnowledgeError   10  a knowledge file or a definition is wrong
    ├── SourceError      11  the records cannot be read as what they claim to be
    ├── QuestionError    12  what was asked cannot be answered or written as asked
    │   └── UnfinishedError  it could, but the disk is full or the server gone; the run can go on later
    └── InternalError    13  stepwell's own fault; please report it

The number is the exit code of the command line. Every error carries all the problems that were found, not only the
first, and each problem says where it is, what was found, what was expected and what to do. A problem never holds a
patient's value: it names files, lines, columns and counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_IN_ADDRESS = re.compile(r"([a-z][\w+.-]*:/+[^:@/?#]*:)(?:(?!\w:/).)*@", re.IGNORECASE | re.DOTALL)
_AS_OPTION = re.compile(r"(password=|passwd=|pwd=)[^\s`'\"]+", re.IGNORECASE)


def without_passwords(text: str) -> str:
    """The text with `…` for passwords: somebody may write the address of a database where a file or a word belongs."""
    return _AS_OPTION.sub(r"\1…", _IN_ADDRESS.sub(r"\1…@", text))


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where it is, what was found there, what was expected, what to do about it."""

    where: str
    found: str
    expected: str = ""
    remedy: str = ""

    def __post_init__(self):
        for name in ("where", "found", "expected", "remedy"):
            object.__setattr__(self, name, without_passwords(getattr(self, name)))

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.found}" if self.where else self.found]
        if self.expected:
            parts.append(f"  expected: {self.expected}")
        if self.remedy:
            parts.append(f"  what to do: {self.remedy}")
        return "\n".join(parts)


class StepwellError(Exception):
    """The common parent: a title and every problem found, in the order in which a reader meets them."""

    exit_code = 1

    def __init__(self, title: str, problems: Iterable[Problem] = ()):
        self.title = without_passwords(title)
        self.problems = tuple(problems)
        super().__init__(self.title)

    def __str__(self) -> str:
        return "\n".join([self.title, *(f"- {str(p).replace(chr(10), chr(10) + '  ')}" for p in self.problems)])


class KnowledgeError(StepwellError):
    """A knowledge file or a definition is wrong: misspelt field, number without a unit or a source, broken reference."""

    exit_code = 10


class SourceError(StepwellError):
    """The records cannot be read as what they claim to be: no CDM, a wrong header, a truncated file."""

    exit_code = 11


class QuestionError(StepwellError):
    """The question cannot be answered as asked: unknown person or definition, no scores for it, an unwritable folder."""

    exit_code = 12


class UnfinishedError(QuestionError):
    """Nothing is wrong with the question, but the work could not be finished: a full disk, a server that went away. What was
    done is kept, and the same run continues there."""


class InternalError(StepwellError):
    """stepwell itself is at fault."""

    exit_code = 13
