"""The files of `data/`: scenarios, and values of time and money in named sets, each number with its source."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, model_validator

from stepwell.errors import KnowledgeError, Problem
from stepwell.knowledge.cited import Cited, Duration, Form, Percent
from stepwell.knowledge.definition import Id
from stepwell.knowledge.fill import fill
from stepwell.knowledge.forms import Reference
from stepwell.knowledge.written import read_yaml
from stepwell.simulate import ModelParameters
from stepwell.simulate.changes import parse, quantity_at

DATA = Path(__file__).parent / "data"
F = TypeVar("F", bound=Form)
Course = Literal["esketamine", "ketamine", "ect", "tms"]
_MONEY = re.compile(r"(\d+(?:\.\d+)?) ([A-Z]{3})")
_AS = "as "


def _is_money(text: str) -> str:
    if _MONEY.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no amount of money; write a number, a space and a currency, such as '992 GBP'")
    return text


class Amount(Cited):
    """Money, once or for each stretch of time."""

    amount: Annotated[str, AfterValidator(_is_money)]
    each: Duration | None = None

    @property
    def currency(self) -> str:
        """Its three letters."""
        return _MONEY.fullmatch(self.amount)[2]

    @property
    def number(self) -> float:
        """How many, for a day where it is for a stretch of time."""
        return float(_MONEY.fullmatch(self.amount)[1]) / (self.each or 1.0)


class CostSet(Form):
    """What time and sessions cost in one country, in one currency."""

    title: str
    prices: str
    not_counted: str
    ill: Amount | None = None
    """For the time in any state that is ill."""
    resistant: Amount | None = None
    """For the time that is ill and resistant."""
    sessions: dict[Course, Amount] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_currency(self) -> CostSet:
        if len({a.currency for a in self.amounts()}) > 1:
            raise ValueError("it mixes currencies; write one set for each")
        return self

    def amounts(self) -> list[Amount]:
        """All that is written."""
        return [a for a in (self.ill, self.resistant, *self.sessions.values()) if a is not None]

    @property
    def currency(self) -> str:
        """The one of all its amounts."""
        return self.amounts()[0].currency


class Utility(Cited):
    """What time in a state is worth, as a share of as much time in full health."""

    of_full_health: Percent


class UtilitySet(Form):
    """What time is worth, by how people are."""

    title: str
    remission: Utility
    response: Utility
    ill: Utility


class Values(Form):
    """Everything in `values.yaml`."""

    references: dict[str, Reference]
    utilities: dict[Id, UtilitySet]
    costs: dict[Id, CostSet]


class Evidence(Cited):
    """A finding that a scenario follows."""

    says: str


class Scenario(Cited):
    """What is otherwise than in the base case: numbers of the model, some `as` another number of it."""

    title: str
    says: str
    concerns: tuple[Course, ...]
    because: tuple[Evidence, ...] = Field(min_length=1)
    changes: dict[str, str] = Field(min_length=1)

    def of(self, parameters: ModelParameters) -> ModelParameters:
        """The parameters under the scenario. What it sets is certain in it."""
        texts = {path: text for path, text in self.changes.items() if not text.startswith(_AS)}
        problems: list[Problem] = []
        changes = parse(parameters, texts, "scenarios.yaml", problems)
        others = {path: text.removeprefix(_AS) for path, text in self.changes.items() if text.startswith(_AS)}
        problems += [
            Problem("scenarios.yaml", f"`{path}` is no number of the model")
            for pair in others.items()
            for path in pair
            if quantity_at(parameters, path) is None
        ]
        if problems:
            raise KnowledgeError(f"The scenario “{self.title}” is wrong", problems)
        changes |= {path: getattr(quantity_at(parameters, o), o.rsplit(".", 1)[1]) for path, o in others.items()}
        for path in self.changes:
            quantity, _ = path.rsplit(".", 1)
            fields = type(quantity_at(parameters, path)).model_fields
            changes |= {f"{quantity}.{name}": None for name in ("low", "high", "of") if name in fields}
        return parameters.but(changes)


class Scenarios(Form):
    """Everything in `scenarios.yaml`."""

    references: dict[str, Reference]
    scenarios: dict[Id, Scenario]


@cache
def load_values(path: Path = DATA / "values.yaml") -> Values:
    """The sets that are shipped, or another file's. Raises KnowledgeError with every problem of the file."""
    return _load(Values, path)


@cache
def load_scenarios(path: Path = DATA / "scenarios.yaml") -> Scenarios:
    """The scenarios that are shipped, or another file's. Raises KnowledgeError with every problem of the file."""
    return _load(Scenarios, path)


def _load(form: type[F], path: Path) -> F:
    problems: list[Problem] = []
    written = read_yaml(path, path.name, problems)
    filled = fill(form, written, problems) if written else None
    if filled is not None:
        cited = dict(_sources(filled))
        problems += [
            Problem(path.name, f"`{s}` is no reference of this file") for s in cited if s not in filled.references
        ]
        problems += [Problem(path.name, f"`{s}` is cited nowhere") for s in filled.references if s not in cited]
    if problems:
        raise KnowledgeError("The values of what-if are wrong", problems)
    return filled


def _sources(form: object):
    """Every source that is cited anywhere inside."""
    if isinstance(form, Cited) and form.source is not None:
        yield form.source, form
    if isinstance(form, Form):
        for name in type(form).model_fields:
            yield from _sources(getattr(form, name))
    elif isinstance(form, dict | tuple):
        for part in form.values() if isinstance(form, dict) else form:
            yield from _sources(part)
