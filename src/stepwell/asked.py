"""What a run is asked: definitions and staging models, found by their ids, which of them the data can answer, and the tables that
are wanted of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stepwell.errors import Problem, QuestionError
from stepwell.knowledge.chosen import refuse_unknown
from stepwell.knowledge.definition import Definition
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.loader import load
from stepwell.knowledge.rules import rule_id, rules_of, setting_id
from stepwell.knowledge.staging import Staging
from stepwell.rules import settings_of, step_setting_of
from stepwell.sources.coverage import Coverage
from stepwell.tables import DERIVED, RECORDS

ALL = "all"
"""Asks for every definition, or staging model, that is in use."""

KEPT_RECORDS = tuple(table.name for table in RECORDS)
"""Record tables that the result keeps."""

RESULT_TABLES = (*KEPT_RECORDS, *(table.name for table in DERIVED))

_ALWAYS_WRITTEN = ("person", "determination", "session", "monitoring", "attrition")
"""Tables that every result holds: the findings of `attrition` are counted from the others."""


class Asked(NamedTuple):
    """The definitions named, which the data must be able to answer, those offered, of which it may answer some, and the staging
    models, each of which answers with a range where something is missing."""

    named: tuple[Definition, ...]
    offered: tuple[Definition, ...]
    stagings: tuple[Staging, ...] = ()
    tables: tuple[str, ...] = RESULT_TABLES
    """The tables to write, in the order in which they are declared."""


def find_asked(
    definitions: Sequence[str], stagings: Sequence[str], knowledge: Knowledge, tables: Sequence[str] = ()
) -> Asked:
    """Without ids, those used by default and the user's own; with `all`, every one in use. Without tables, all of them."""
    refuse_unknown(
        ([i for i in definitions if i != ALL], knowledge.definitions, "definition"),
        ([i for i in stagings if i != ALL], knowledge.stagings, "staging model"),
        (tables, RESULT_TABLES, "table of a result"),
    )
    models = (s for s in knowledge.stagings.values() if s.status != "retired")
    if ALL not in stagings:
        models = (
            (knowledge.stagings[i] for i in dict.fromkeys(stagings))
            if stagings
            else (s for s in models if s.by_default)
        )
    named, offered = (), ()
    if ALL in definitions or not definitions:
        shipped = load().definitions.keys()
        every = (d for d in knowledge.definitions.values() if d.status != "retired")
        offered = tuple(d for d in every if ALL in definitions or d.by_default or d.id not in shipped)
    else:
        named = tuple(knowledge.definitions[i] for i in dict.fromkeys(definitions))
    wanted = {*tables, *_ALWAYS_WRITTEN} if tables else RESULT_TABLES
    return Asked(named, offered, tuple(models), tuple(name for name in RESULT_TABLES if name in wanted))


def choose(asked: Asked, coverage: Coverage) -> tuple[Definition, ...]:
    """The definitions to run, by their names: those named, and those offered that the data can answer, perhaps none.

    Raises `QuestionError` where the data cannot answer a definition that was named.
    """
    problems = [
        Problem(d.name, f"this data cannot answer it: {missing}", remedy="leave it out, or add the missing records")
        for d in asked.named
        for missing in coverage.missing_for(d)
    ]
    if problems:
        raise QuestionError("The data cannot answer every definition that was asked.", problems)
    chosen = (*asked.named, *(d for d in asked.offered if not coverage.missing_for(d)))
    return tuple(sorted(chosen, key=lambda d: d.name))


def describe_request(
    definitions: Sequence[Definition], stagings: Sequence[Staging], knowledge: Knowledge
) -> dict[str, object]:
    """What `run.json` says of the ways of building and judging trials that the definitions and staging models share."""
    settings = settings_of(definitions, stagings, knowledge)
    return {
        "settings": {
            name: how.model_dump(mode="json", by_alias=True, exclude_none=True)
            for name, how in sorted(settings.items())
        },
        "setting_of": {form.name: setting_id(form.trials) for form in (*definitions, *stagings)},
        "rules_of": {d.name: [rule.id for rule in rules_of(d)] for d in definitions},
        "step_setting": step_setting_of(definitions, settings, knowledge),
        "rule_of": {s.name: rule_id(s) for s in stagings},
    }
