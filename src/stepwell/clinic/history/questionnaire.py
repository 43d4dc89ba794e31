"""The questions of an intake, read from a dated file, and which page comes next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

import stepwell

from .forms import IMPROVEMENTS, STOP_REASONS

UNKNOWN = "unknown"
"""What "I don't know" is called where a question is asked only after certain answers."""
MOST_TURNS = 40
_FILES = Path(__file__).parent / "questions"
_NAMED = {"improvements": IMPROVEMENTS, "stop_reasons": STOP_REASONS}
Kind = Literal["choice", "many", "drug", "number", "date", "length", "text", "consent"]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Question(_Form):
    """One question, on one page."""

    id: str
    kind: Kind
    ask: str
    help: str = ""
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    choices: dict[str, str] = {}
    when: dict[str, tuple[str, ...]] = {}
    """Asked only where these questions of the same part have one of these answers."""
    when_unknown: tuple[str, ...] = ()
    """Asked only where any of these is not known."""

    @model_validator(mode="before")
    @classmethod
    def _named_choices(cls, data):
        named = data.get("choices")
        return data | {"choices": _NAMED[named]} if isinstance(named, str) else data


class Part(_Form):
    """A part of the questionnaire: one subject."""

    id: str
    title: str
    about: str = ""
    questions: tuple[Question, ...] = ()
    uses: str = ""
    gate: Question | None = None
    """The question whose yes begins the turns."""
    repeats: str = ""
    treatment: str = ""
    condition: str = ""
    instrument: str = ""
    items: dict[str, str] = {}
    after: tuple[Question, ...] = ()


@dataclass(frozen=True)
class Page:
    """One page: a question of a part, in one turn."""

    part: Part
    question: Question
    turn: int = 0

    @property
    def key(self) -> tuple[str, int]:
        """By which its answer is kept."""
        return f"{self.part.id}.{self.question.id}", self.turn

    @property
    def is_item(self) -> bool:
        """Whether it is an item of a questionnaire, which may be left unanswered but not be unknown."""
        return self.question.id in self.part.items


Answers = Mapping[tuple[str, int], dict]
"""The latest answer to each page: `{"value": ...}`, with `"unknown": True` where the answer was "I don't know"."""


class Questionnaire(_Form):
    """A dated questionnaire."""

    id: str
    date: date
    title: str
    templates: dict[str, tuple[Question, ...]]
    parts: tuple[Part, ...] = Field(min_length=1)

    @property
    def name(self) -> str:
        """The id with its date."""
        return f"{self.id} {self.date.isoformat()}"

    def pages(self, answers: Answers) -> Iterator[Page]:
        """Every page to be answered in the light of the answers so far, in their order."""
        for part in self.parts:
            if part.id != "consent" and _said(answers, ("consent.agreed", 0)) != "yes":
                return
            if part.gate is not None:
                yield Page(part, part.gate)
                if _said(answers, (f"{part.id}.{part.gate.id}", 0)) == "yes":
                    yield from self._turns(part, answers)
            else:
                yield from _asked(part, self._questions(part), 0, answers)

    def _turns(self, part: Part, answers: Answers) -> Iterator[Page]:
        questions = self.templates[part.repeats]
        for turn in range(MOST_TURNS):
            yield from _asked(part, questions, turn, answers)
            if _said(answers, (f"{part.id}.{questions[-1].id}", turn)) != "yes":
                return

    def _questions(self, part: Part) -> tuple[Question, ...]:
        if not part.instrument:
            return (*part.questions, *(self.templates[part.uses] if part.uses else ()))
        words = stepwell.load_knowledge().all_instruments[part.instrument].answers_in_words.words
        choices = {str(answer): label.capitalize() for answer, label in words.items()}
        items = [Question(id=n, kind="choice", ask=text, choices=choices) for n, text in part.items.items()]
        return (*items, *part.after)

    def page(self, answers: Answers, part: str, question: str, turn: int) -> Page | None:
        """The page of that name, where it is to be answered."""
        key = (f"{part}.{question}", turn)
        return next((page for page in self.pages(answers) if page.key == key), None)

    def next_page(self, answers: Answers) -> Page | None:
        """The first page without an answer; None where everything is answered."""
        return next((page for page in self.pages(answers) if page.key not in answers), None)

    def before(self, answers: Answers, page: Page) -> Page | None:
        """The page before this one."""
        last = None
        for other in self.pages(answers):
            if other.key == page.key:
                return last
            last = other
        return None


def _said(answers: Answers, key: tuple[str, int]) -> object:
    answer = answers.get(key)
    return None if answer is None else UNKNOWN if answer.get("unknown") else answer["value"]


def _asked(part: Part, questions: tuple[Question, ...], turn: int, answers: Answers) -> Iterator[Page]:
    for question in questions:
        said = {
            other: _said(answers, (f"{part.id}.{other}", turn)) for other in (*question.when, *question.when_unknown)
        }
        fits = all(said[other] in wanted for other, wanted in question.when.items())
        if fits and (not question.when_unknown or UNKNOWN in said.values()):
            yield Page(part, question, turn)


@cache
def intake() -> Questionnaire:
    """The intake of the clinic."""
    return Questionnaire.model_validate(yaml.safe_load((_FILES / "intake.yaml").read_text("utf-8")))
