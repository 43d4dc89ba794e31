"""Which single choice moves the answer most: a definition, and the same with one choice made otherwise, judged together on the
same records."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from stepwell.asked import ALL
from stepwell.errors import Problem, QuestionError
from stepwell.knowledge.definition import Definition
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.loader import load
from stepwell.report.disclosure import Count
from stepwell.report.proportion import Proportion
from stepwell.report.verdicts import TREATED, Agreement, Share, count_verdicts, find_patterns
from stepwell.result import Result
from stepwell.runner import run
from stepwell.store import Progress

from .choices import Option, find_options


@dataclass(frozen=True)
class Variant:
    """The base definition with one choice made otherwise, and what became of its share."""

    option: Option
    found: Share
    agreement: Agreement
    """With the base definition."""

    @property
    def share(self) -> Proportion | None:
        """The share of the treated who meet it."""
        return self.found.share("met")


@dataclass(frozen=True)
class Varied:
    """A base definition and its variants, choice by choice. Counts that may not be shown are withheld already."""

    base: Definition
    found: Share
    people: Count
    variants: tuple[Variant, ...]
    not_answerable: tuple[tuple[Option, str], ...]
    """Variants that these records cannot answer, with what is missing."""
    manifest: dict
    knowledge: Knowledge

    @property
    def base_share(self) -> Proportion | None:
        """The share of the treated who meet the base definition."""
        return self.found.share("met")

    @cached_property
    def spans(self) -> tuple[tuple[str, Proportion, Proportion], ...]:
        """For each choice the lowest and the highest share, the base's among them; the choice that moves it most comes first."""
        if self.base_share is None:
            return ()
        shares: dict[str, list[Proportion]] = {}
        for variant in self.variants:
            if variant.share is not None:
                shares.setdefault(variant.option.choice, [self.base_share]).append(variant.share)
        spans = [(c, min(s, key=lambda p: p.value), max(s, key=lambda p: p.value)) for c, s in shares.items()]
        return tuple(sorted(spans, key=lambda s: (s[1].value - s[2].value, s[0])))


def vary(
    location: str | Path,
    definition: str,
    *,
    knowledge: Knowledge | None = None,
    suppress_below: int = 5,
    progress: Progress = lambda what, done, total: None,
    **how: object,
) -> Varied:
    """Judges everybody in a source by a definition and by each single change of it. `how` is passed to `stepwell.run`.

    Raises `QuestionError` for a definition that does not exist, or that the records cannot answer, and for a result in place
    of a source; and what `stepwell.run` raises.
    """
    _refuse_result(str(location))
    knowledge = knowledge or load()
    base = _find(definition, knowledge)
    options = tuple(find_options(base, knowledge))
    result = run(
        location,
        definitions=[ALL],
        knowledge=_knowledge_of(base, options, knowledge),
        progress=progress,
        **how,
    )
    return _compare(result, base, options, suppress_below)


def _compare(result: Result, base: Definition, options: tuple[Option, ...], suppress_below: int) -> Varied:
    names = [d.name for d in result.definitions]
    missing = result.manifest["not_answerable"]
    if base.name not in names:
        problem = Problem(base.name, f"this data cannot answer it: {'; '.join(missing[base.name])}")
        raise QuestionError("The data cannot answer the definition.", [problem])
    names.sort(key=lambda name: name != base.name)
    patterns = find_patterns(result.table("determination"), result.table("episode"), names)
    verdicts = count_verdicts(patterns, names, suppress_below)
    shares = {s.definition: s for s in verdicts.shares_of(TREATED)}
    agreements = {a.second: a for a in verdicts.agreements if a.first == base.name}
    run_options = [o for o in options if o.definition.name in shares]
    return Varied(
        base,
        shares[base.name],
        verdicts.groups[TREATED],
        tuple(Variant(o, shares[o.definition.name], agreements[o.definition.name]) for o in run_options),
        tuple((o, "; ".join(missing[o.definition.name])) for o in options if o.definition.name in missing),
        result.manifest,
        result.knowledge,
    )


def _knowledge_of(base: Definition, options: tuple[Option, ...], knowledge: Knowledge) -> Knowledge:
    """What is known, with the base definition and its variants for all definitions."""
    definitions = {d.id: d for d in (base, *(option.definition for option in options))}
    written = knowledge.digest + "".join(d.model_dump_json() for d in definitions.values())
    return replace(knowledge, definitions=definitions, digest=hashlib.sha256(written.encode()).hexdigest())


def _find(asked: str, knowledge: Knowledge) -> Definition:
    for definition in knowledge.definitions.values():
        if asked in (definition.id, definition.name):
            return definition
    expected = f"one of {', '.join(sorted(knowledge.definitions))}"
    raise QuestionError("There is no such definition.", [Problem(asked, "unknown definition", expected)])


def _refuse_result(location: str) -> None:
    if (Path(location) / "run.json").is_file():
        found = "a result, which no longer holds the drug records"
        remedy = "name the records that it was made from"
        raise QuestionError("Varying a definition needs the records.", [Problem(location, found, "a source", remedy)])
