"""Definitions and staging models by their ids, with one clear error for ids that are not known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..errors import Problem, QuestionError
from .definition import Definition
from .fill import closest
from .forms import Knowledge
from .staging import Staging


def find_forms(
    definitions: Sequence[Definition | str], stagings: Sequence[Staging | str], knowledge: Knowledge
) -> tuple[list[Definition], list[Staging]]:
    """The definitions and staging models, each given as such or by its id. Raises QuestionError with every unknown id."""
    refuse_unknown(
        (_ids(definitions), knowledge.definitions, "definition"), (_ids(stagings), knowledge.stagings, "staging model")
    )
    return (
        [knowledge.definitions[form] if isinstance(form, str) else form for form in definitions],
        [knowledge.stagings[form] if isinstance(form, str) else form for form in stagings],
    )


def refuse_unknown(*asked: tuple[Sequence[str], Iterable[str], str]) -> None:
    """Raises QuestionError with every id that is not known. `asked` are the ids, those that are known, and what they name."""
    problems = [problem for ids, known, what in asked for problem in _unknown(ids, sorted(known), what)]
    if problems:
        kinds = dict.fromkeys(problem.found.removeprefix("unknown ") for problem in problems)
        raise QuestionError(f"There is no such {' or '.join(kinds)}.", problems)


def _unknown(ids: Sequence[str], known: Sequence[str], what: str) -> Iterator[Problem]:
    unknown = [i for i in ids if i not in known]
    # All that there are are listed once, under the last.
    expected = dict.fromkeys(unknown[-1:], f"one of {', '.join(known)}")
    for i in unknown:
        meant = closest(i, known)
        yield Problem(i, f"unknown {what}", expected.get(i, ""), f"write {meant}, if that is meant" if meant else "")


def _ids(forms: Sequence) -> list[str]:
    return [form for form in forms if isinstance(form, str)]
