"""The verdicts of one person in the terminal, one line for each definition: what decided it, or what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from stepwell.why.found import show_date
from stepwell.why.staged import show_stage

if TYPE_CHECKING:
    from stepwell.result_tables import ResultTables

MARK = {"met": ("✓", "green"), "not met": ("✗", "red"), "unknown": ("?", "yellow")}


def show_verdict(found: Mapping) -> str:
    """`not met`, `unknown`, `met on 5 Mar 2020`."""
    return found["verdict"] + (f" on {show_date(found['met_date'])}" if found["met_date"] else "")


def summarise_verdicts(result: ResultTables, determined: Mapping[str, Mapping], evidence: Sequence[Mapping]) -> Table:
    """A table of all definitions of the result. `determined` holds the person's determinations by the definition's name."""
    table = Table("", "definition", "verdict", "decided by, or missing", box=None, pad_edge=False)
    table.columns[1].no_wrap = True
    for definition in result.definitions:
        found = determined[definition.name]
        mark, colour = MARK[found["verdict"]]
        said = "; ".join(decisive(found["verdict"], (r for r in evidence if r["definition"] == definition.name)))
        table.add_row(Text(mark, style=colour), definition.name, show_verdict(found), Text(said))
    return table


def summarise_stages(result: ResultTables, stages: Mapping[str, Mapping]) -> Table:
    """A table of all staging models of the result. `stages` holds the person's stages by the model's name."""
    table = Table("", "staging model", "stage", box=None, pad_edge=False)
    table.columns[1].no_wrap = True
    for staging in result.stagings:
        row = stages[staging.name]
        mark, colour = (" ", "green") if row["is_complete"] else MARK["unknown"]
        table.add_row(Text(mark, style=colour), staging.name, show_stage(row, staging))
    return table


def decisive(verdict: str, rows: Iterable[Mapping]) -> list[str]:
    """What led to the verdict: the criteria about the person that have the same one (when it is met, how many trials count), and
    where it is unknown the criteria that are unknown of trials, with the number of those trials.

    `rows` are the person's evidence under one definition.
    """
    rows = list(rows)
    of_person = [r for r in rows if r["trial_number"] is None]
    wanted = [r for r in of_person if r["verdict"] == verdict and (verdict != "met" or r["criterion"] == "count")]
    said = [r["found"].partition("; ")[0] if verdict == "met" else r["found"] for r in wanted]
    if verdict == "unknown":
        unknown = {(r["criterion"], r["trial_number"]) for r in rows if r["trial_number"] and r["verdict"] == "unknown"}
        trials = Counter(criterion for criterion, _ in unknown)
        said += [f"{criterion} unknown of {n} trial{'s' * (n > 1)}" for criterion, n in sorted(trials.items())]
    return said
