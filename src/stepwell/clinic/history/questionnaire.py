"""Questionnaires, read from dated files, and which page comes next: the intake, and what a patient answers between visits."""

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
Kind = Literal["choice", "scale", "many", "drug", "number", "date", "length", "text", "consent"]


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
    low: str = ""
    high: str = ""
    """What the least and the greatest answer of a scale mean."""
    item: str = ""
    """Of one of the clinic's own questions what it is about, as a record says it."""
    better: Literal["", "higher", "lower"] = ""
    """Of one of the clinic's own questions, which way is better. Such an answer becomes a record."""
    when: dict[str, tuple[str, ...]] = {}
    """Asked only where these questions of the same part have one of these answers."""
    when_unknown: tuple[str, ...] = ()
    """Asked only where any of these is not known."""

    @model_validator(mode="before")
    @classmethod
    def _named_choices(cls, data):
        named = data.get("choices")
        if data.get("kind") == "scale":
            return data | {"choices": {str(n): str(n) for n in range(data["at_least"], data["at_most"] + 1)}}
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
    """The wording of each item of the instrument. Where none may be shipped, each is named by its number."""
    item_choices: dict[str, dict[str, str]] = {}
    """The wording of the answers, where they differ from item to item."""
    is_by_number: bool = False
    """Whether no wording is known: the items are read on the clinic's own sheet."""
    after: tuple[Question, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _items_by_number(cls, data):
        if not data.get("instrument") or data.get("items"):
            return data
        known = stepwell.load_knowledge().all_instruments
        if data["instrument"] not in known:
            raise ValueError("instrument: is none of the knowledge files")
        items = {item.item: f"Item {item.item}, as on the clinic’s sheet" for item in known[data["instrument"]].items}
        return data | {"items": items, "is_by_number": True}

    @property
    def safety_items(self) -> tuple[str, ...]:
        """The items about death and self-harm."""
        known = stepwell.load_knowledge().safety_items if self.instrument else ()
        return tuple(item for item in self.items if (self.instrument, item) in known)

    def item_questions(self) -> Iterator[Question]:
        """A question for each item of the instrument."""
        form = stepwell.load_knowledge().all_instruments[self.instrument]
        in_words = form.answers_in_words.words if form.answers_in_words else {}
        choices = {str(answer): label.capitalize() for answer, label in in_words.items()}
        ends = {item.item: (int(item.at_least), int(item.at_most)) for item in form.items}
        for name, text in self.items.items():
            given = self.item_choices.get(name) or choices
            if given:
                yield Question(id=name, kind="choice", ask=text, choices=given)
            else:
                least, most = ends[name]
                yield Question(id=name, kind="scale", ask=text, at_least=least, at_most=most)


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
    def may_be_declined(self) -> bool:
        """Whether it may be left unanswered but not be unknown: an item of a questionnaire, or a question about today."""
        question = self.question
        return question.id in self.part.items or bool(question.better) or question.id in ("safety", "other")


Answers = Mapping[tuple[str, int], dict]
"""The latest answer to each page: `{"value": ...}`, with `"unknown": True` where the answer was "I don't know"."""


class Questionnaire(_Form):
    """A dated questionnaire."""

    id: str
    date: date
    title: str
    minutes: int | None = None
    """About how long it takes."""
    source: str = ""
    """Where the wording is from, and by what right it is here."""
    licence: str = ""
    templates: dict[str, tuple[Question, ...]] = {}
    parts: tuple[Part, ...] = Field(min_length=1)

    @property
    def name(self) -> str:
        """The id with its date."""
        return f"{self.id} {self.date.isoformat()}"

    def pages(self, answers: Answers) -> Iterator[Page]:
        """Every page to be answered in the light of the answers so far, in their order."""
        for part in self.parts:
            if self.parts[0].id == "consent" != part.id and _said(answers, ("consent.agreed", 0)) != "yes":
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
        return (*part.item_questions(), *part.after)

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


def read(file: Path) -> Questionnaire:
    """The questionnaire of a file. `- from: phq-9` stands for the parts of the file of that name beside it."""
    data = yaml.safe_load(file.read_text("utf-8"))
    parts = []
    for part in data["parts"]:
        parts += yaml.safe_load(_shipped(part["from"]).read_text("utf-8"))["parts"] if "from" in part else [part]
    return Questionnaire.model_validate(data | {"parts": parts})


def _shipped(name: str) -> Path:
    return _FILES / f"{name}.yaml"


@cache
def intake() -> Questionnaire:
    """The intake of the clinic."""
    return read(_shipped("intake"))


@cache
def shipped() -> tuple[Questionnaire, ...]:
    """What a patient may be asked between visits, as stepwell ships it."""
    return tuple(read(file) for file in sorted(_FILES.glob("*.yaml")) if file.stem != "intake")
