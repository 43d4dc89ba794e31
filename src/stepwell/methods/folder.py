"""The folder that `stepwell methods` writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa

from stepwell.errors import Problem, QuestionError
from stepwell.knowledge.chosen import refuse_unknown
from stepwell.knowledge.definition import Definition
from stepwell.output import new_folder, write_table, write_text
from stepwell.result import Result
from stepwell.text import printable

from .attrition import Attrition, find_attrition
from .bibtex import bibtex
from .choices import Choice, find_choices
from .diagram import draw_attrition
from .text import methods_text
from .used import found_drugs, used_codesets, used_minima, used_sources

FILES = {
    "methods.md": "a draft of the methods section, the attrition in words, and the table of choices",
    "choices.csv": "the table of choices, with the items of reporting guidelines",
    "code-lists.csv": "every code, drug and minimum dose that was used",
    "attrition.svg": "the attrition diagram",
    "attrition.csv": "its numbers",
    "rows-left-out.csv": "what was left out, corrected or read as unknown while reading",
    "references.bib": "the sources, as BibTeX",
}
"""What is in the folder."""


def write_methods(
    result: Result, out: Path | str, *, definitions: Sequence[str] = (), suppress_below: int = 5
) -> list[Choice]:
    """Writes the folder and returns the table of choices. Without ids, all definitions that were run are described.

    Counts from 1 to `suppress_below` - 1 are not shown, nor what would give them away. Raises QuestionError for a definition
    that is unknown or was not run, and where the folder cannot be written.
    """
    chosen = _chosen(result, definitions)
    attrition = find_attrition(result, chosen, suppress_below)
    choices = find_choices(result, chosen, attrition, suppress_below)
    cited = {
        *used_sources(result, chosen),
        *(s for subject in result.knowledge.reporting.values() for item in subject.items for s in [item.source] if s),
    }
    with new_folder(out) as folder:
        write_text(folder / "methods.md", printable(methods_text(result, chosen, attrition, choices, suppress_below)))
        write_table(folder / "choices.csv", pa.Table.from_pylist([asdict(choice) for choice in choices]))
        write_table(folder / "code-lists.csv", _code_lists(result, chosen))
        write_text(folder / "attrition.svg", draw_attrition(attrition).svg)
        write_table(folder / "attrition.csv", _numbers(attrition))
        write_table(folder / "rows-left-out.csv", _losses(attrition))
        references = [(key, result.knowledge.references[key]) for key in sorted(cited)]
        write_text(folder / "references.bib", bibtex(references))
    return choices


def _chosen(result: Result, ids: Sequence[str]) -> tuple[Definition, ...]:
    refuse_unknown((ids, result.knowledge.definitions, "definition"))
    ran = {d.id: d for d in result.definitions}
    problems = [
        Problem(name, "was not run", f"one of {', '.join(ran) or 'none'}", f"run again with --definition {name}")
        for name in ids
        if name not in ran
    ]
    if problems:
        raise QuestionError("This result does not hold every definition that was asked.", problems)
    return tuple(ran[name] for name in dict.fromkeys(ids)) if ids else result.definitions


_CODE_LIST = pa.schema(
    [(name, pa.string()) for name in ("list", "vocabulary", "code", "match", "included", "label", "source")]
)


def _code_lists(result: Result, definitions: Sequence[Definition]) -> pa.Table:
    """One code, drug or minimum dose a row. Labels are stepwell's own words, not those of the vocabularies."""
    rows = []
    for codeset in used_codesets(result, definitions):
        for code in (*codeset.codes, *codeset.excluded):
            row = (codeset.id, code.vocabulary, code.code, code.match, code.included, code.label)
            rows.append((*row, code.source or "choice"))
    for drug in found_drugs(result):
        codes = [("RxNorm", c) for c in drug.rxnorm] + [("ATC", c) for c in drug.atc]
        codes += [("OMOP", str(c)) for c in drug.omop]
        rows += [(f"drug: {drug.role}", v, c, "ingredient", "yes", drug.label, drug.source) for v, c in codes]
    minima = {m for definition in definitions for m in used_minima(result, definition)}
    for m in sorted(minima, key=lambda m: (m.standard, m.ingredient)):
        label = f"{result.knowledge.label_of_drug(m.ingredient)}: at least {m.min_mg_per_day:g} mg/day"
        rows.append((f"minimum dose: {m.standard}", "", m.ingredient, "", "yes", label, m.source or "choice"))
    return pa.Table.from_pylist([dict(zip(_CODE_LIST.names, row, strict=True)) for row in rows], schema=_CODE_LIST)


def _numbers(found: Attrition) -> pa.Table:
    rows = [
        {
            "step": step.people_are,
            "people": str(step.people),
            "left_out": step.left_out_are or "",
            "people_left_out": "" if step.left_out is None else str(step.left_out),
        }
        for step in found.steps
    ]
    rows += [
        {"step": f"{share.definition}: {verdict}", "people": str(n), "left_out": "", "people_left_out": ""}
        for share in found.shares
        for verdict, n in share.counts.items()
    ]
    return pa.Table.from_pylist(rows)


def _losses(found: Attrition) -> pa.Table:
    schema = pa.schema([(name, pa.string()) for name in ("table", "what", "effect", "rows", "people")])
    rows = [
        {
            "table": loss.table,
            "what": loss.what,
            "effect": loss.effect,
            "rows": str(loss.rows),
            "people": "not counted" if loss.people is None else str(loss.people),
        }
        for loss in found.losses
    ]
    return pa.Table.from_pylist(rows, schema=schema)
