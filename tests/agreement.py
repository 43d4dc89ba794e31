"""The engine's answer as plain rows, and where it differs from the oracle's."""

from __future__ import annotations

from collections.abc import Sequence

import oracle

from stepwell.in_memory import determine_records
from stepwell.knowledge.definition import Definition
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.rules import rules_of, setting_id
from stepwell.tables import DERIVED, RECORDS
from stepwell.why import of_branches

TABLES = {t.name: t for t in (*RECORDS, *DERIVED)}
Tables = dict[str, list[dict]]


def by_engine(records: Tables, definitions: Sequence[Definition], knowledge: Knowledge, has=None) -> Tables:
    """The engine's tables as lists of rows, in the engine's order, judged trials by definition and branch; staging has tests of
    its own."""
    found = determine_records(records, definitions, knowledge, has=has)
    tables = {name: table.to_pylist() for name, table in found.items()}
    return tables | {"judged_trial": [row for d in definitions for row in judged_for(d, tables["judged_trial"])]}


def judged_for(definition: Definition, judged: list[dict]) -> list[dict]:
    """The rows of `judged_trial` that a definition counts, with its name and the number of the branch."""
    rules = [rule.id for rule in rules_of(definition)]
    return [{**row, "definition": definition.name} for row in of_branches(judged, rules)]


def of_definition(tables: Tables, definition: Definition) -> Tables:
    """What of the engine's tables belongs to one of several definitions."""
    own = {"setting": setting_id(definition.trials), "definition": definition.name}
    return {
        name: [r for r in rows if all(r[k] == v for k, v in own.items() if k in r)] for name, rows in tables.items()
    }


def disagreements(records: Tables, definitions: Sequence[Definition], knowledge: Knowledge, has=None) -> list[str]:
    """Every value in which engine and oracle differ, as `definition: table key column: engine / oracle`."""
    found = by_engine(records, definitions, knowledge, has)
    settings = [setting_id(d.trials) for d in definitions]
    climbed = min(
        settings, key=lambda s: (-settings.count(s), s)
    )  # the ladder is climbed once, on the commonest setting
    differ = []
    for definition in definitions:
        engine, plain = of_definition(found, definition), oracle.determine(records, definition, knowledge, has=has)
        for name, expected in plain.items():
            if name == "step" and setting_id(definition.trials) != climbed:
                continue
            differ += [f"{definition.name}: {name} {line}" for line in _compare(name, engine[name], expected)]
    return differ


def _compare(name: str, engine: list[dict], plain: list[dict]) -> list[str]:
    key = [k for k in TABLES[name].key if k not in ("setting", "definition", "rule")]
    key += ["branch"] if name == "judged_trial" else []
    one, two = ({tuple(r[k] for k in key): r for r in rows} for rows in (engine, plain))
    lines = [] if len(one) == len(engine) else [f"has two rows with one key {key}"]
    lines += [f"{k}: only the engine has it" for k in one.keys() - two.keys()]
    lines += [f"{k}: only the oracle has it" for k in two.keys() - one.keys()]
    for k in one.keys() & two.keys():
        for column in (c.name for c in TABLES[name].columns if c.name not in ("setting", "rule")):
            a, b = one[k][column], two[k][column]
            if a != b:
                lines.append(f"{k} {column}: {a} / {b}")
    return sorted(lines)
