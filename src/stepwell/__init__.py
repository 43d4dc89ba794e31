"""stepwell: who has treatment-resistant depression, by which definition and why, line by line.

    result = stepwell.run("records", definitions=["sforzini-2022"])
    result.table("determination").to_pandas()

`run` reads a source and judges everybody in it; `Result` opens what an earlier run wrote. `determine_records` judges records held
in memory, `determine_bundle` a FHIR bundle; `explain_records` explains records as well, for one person on a screen.
`read_records` reads records into memory for these.
`evidence` gives the criteria of one person as rows. `load_knowledge` gives the cited data behind every rule, each definition as a
`Definition`; `score_items` scores questionnaires from their items, `score` one of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from stepwell.version import __version__

if TYPE_CHECKING:
    from stepwell.bundle import determine_bundle
    from stepwell.in_memory import determine_records
    from stepwell.knowledge.definition import Definition
    from stepwell.knowledge.loader import load as load_knowledge
    from stepwell.knowledge.score import score, score_items
    from stepwell.reading import read_records
    from stepwell.result import Result, evidence
    from stepwell.result_in_memory import explain_records
    from stepwell.runner import run

__all__ = [
    "Definition",
    "Result",
    "__version__",
    "determine_bundle",
    "determine_records",
    "evidence",
    "explain_records",
    "load_knowledge",
    "read_records",
    "run",
    "score",
    "score_items",
]

_WHERE = {
    "Definition": ("stepwell.knowledge.definition", "Definition"),
    "Result": ("stepwell.result", "Result"),
    "determine_bundle": ("stepwell.bundle", "determine_bundle"),
    "determine_records": ("stepwell.in_memory", "determine_records"),
    "evidence": ("stepwell.result", "evidence"),
    "explain_records": ("stepwell.result_in_memory", "explain_records"),
    "load_knowledge": ("stepwell.knowledge.loader", "load"),
    "read_records": ("stepwell.reading", "read_records"),
    "run": ("stepwell.runner", "run"),
    "score": ("stepwell.knowledge.score", "score"),
    "score_items": ("stepwell.knowledge.score", "score_items"),
}


def __getattr__(name: str):
    # Imported on first use: the command line's help should not wait for a database engine.
    if name not in _WHERE:
        raise AttributeError(f"module 'stepwell' has no attribute {name!r}")
    module, attribute = _WHERE[name]
    return getattr(import_module(module), attribute)
