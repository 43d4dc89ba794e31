"""A result compared: its definitions as rows with their shares, their agreement, who meets all, some or none."""

from __future__ import annotations

from dataclasses import dataclass

from stepwell.errors import Problem, QuestionError
from stepwell.knowledge.definition import Definition
from stepwell.report.letters import letter
from stepwell.report.proportion import Proportion, wilson
from stepwell.report.verdicts import TREATED, Agreement, Share, Verdicts, count_verdicts, find_patterns
from stepwell.result import Result
from stepwell.result_check import check_tables

from .aligned import Aligned, align, side_by_side
from .overlap import Overlap, find_overlap

_NEEDED = (
    "person",
    "observation_period",
    "condition",
    "procedure",
    "trial",
    "judged_trial",
    "determination",
    "episode",
)


@dataclass(frozen=True)
class Row:
    """One definition: what it asks, its letter, and its shares in these records."""

    letter: str
    aligned: Aligned
    treated: Share
    everybody: Share

    @property
    def definition(self) -> Definition:
        """The form."""
        return self.aligned.definition

    @property
    def of_judged(self) -> Proportion | None:
        """Those who meet it, of the treated of whom it can say met or not met."""
        met, unmet = self.treated.counts["met"].n, self.treated.counts["not met"].n
        return None if met is None or unmet is None else wilson(met, met + unmet)


@dataclass(frozen=True)
class Comparison:
    """The definitions of a result, side by side. Counts that may not be shown are withheld already."""

    rows: tuple[Row, ...]
    verdicts: Verdicts
    overlap: Overlap
    is_knowledge_changed: bool
    """Whether the knowledge files are others than those that the result was made with."""

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """The definitions, in the order of the rows."""
        return tuple(row.definition for row in self.rows)

    def agreement(self, first: str, second: str) -> Agreement:
        """The agreement of two definitions, by their names, in either order."""
        return next(a for a in self.verdicts.agreements if {a.first, a.second} == {first, second})

    def nearest(self, name: str) -> tuple[Agreement | None, Agreement | None]:
        """The pairs of a definition with the highest and the lowest kappa that can be shown."""
        own = [a for a in self.verdicts.agreements if name in (a.first, a.second) and a.kappa is not None]
        own.sort(key=lambda a: (-a.kappa, a.first, a.second))
        return (own[0], own[-1]) if own else (None, None)


def compare(result: Result, *, suppress_below: int = 5) -> Comparison:
    """Compares the definitions of a result. Counts from 1 to `suppress_below` - 1 are withheld, with what would reveal them.

    The rows begin with the definition that most people meet. Raises `QuestionError` for a result of a single definition, of an
    older stepwell, or of definitions that are not here any more.
    """
    check_tables(result.folder, result.manifest, _NEEDED)
    definitions = result.definitions
    if len(definitions) < 2:
        found = f"one definition: {definitions[0].name}" if definitions else "no definition"
        remedy = "run the records again with --definition all, or name several"
        problem = Problem(str(result.folder), found, "a result of at least two definitions", remedy)
        raise QuestionError("There is nothing to compare.", [problem])
    names = [d.name for d in definitions]
    patterns = find_patterns(result.table("determination"), result.table("episode"), names)
    verdicts = count_verdicts(patterns, names, suppress_below)
    treated = {s.definition: s for s in verdicts.shares_of(TREATED)}
    everybody = {s.definition: s for s in verdicts.shares if s.group != TREATED}
    # By what may be shown: the order of the rows must not tell what the counts do not.
    ordered = side_by_side(definitions, lambda d: -(treated[d.name].counts["met"].n or 0))
    rows = tuple(
        Row(letter(i), a, treated[a.definition.name], everybody[a.definition.name])
        for i, a in enumerate(align(ordered, result.knowledge))
    )
    return Comparison(
        rows,
        verdicts,
        find_overlap(patterns, names, verdicts, suppress_below),
        result.manifest["knowledge"] != result.knowledge.digest,
    )


def find_definition(result: Result, asked: str) -> Definition:
    """A definition of the result by its id or its name. Raises `QuestionError` when it was not run."""
    for definition in result.definitions:
        if asked in (definition.id, definition.name):
            return definition
    expected = f"one of {', '.join(d.id for d in result.definitions)}"
    remedy = "run the records again with it" if asked.split("@")[0] in result.knowledge.definitions else ""
    raise QuestionError(
        "There is no such definition in this result.", [Problem(asked, "was not run", expected, remedy)]
    )
