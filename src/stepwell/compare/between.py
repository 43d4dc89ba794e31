"""Why two definitions do not mean the same people: whom one takes and the other does not, and by which of its criteria.

Each person is told under one reason, the first of these that applies: a criterion of the person; the one thing asked of the
trials without which the other definition would be met, the rest staying as it is (it is set aside and the engine counts again);
too few trials even if nothing were asked of them; else several things together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from stepwell.engine.count import count_trials
from stepwell.engine.intervals import in_days
from stepwell.errors import Problem, QuestionError
from stepwell.knowledge.definition import Definition, fields
from stepwell.knowledge.sentences import rule
from stepwell.report.disclosure import WITHHELD, Cells, Count, plain
from stepwell.report.verdicts import Agreement
from stepwell.result import Result
from stepwell.tables import DERIVED, RECORDS

from .aside import EVERYTHING, flag, set_aside
from .comparison import Comparison, find_definition

TOO_FEW, SEVERAL, NOT_KNOWN = "too few", "several", "not known"
_MOST_DRUGS = 3
"""So many drugs are named beside a reason; nothing clinical hangs on it."""

_DECLARED = {table.name: table for table in (*RECORDS, *DERIVED)}


@dataclass(frozen=True)
class Reason:
    """Why so many people do not meet the other definition, or nobody can say: the criterion, and what it asks in words."""

    verdict: str
    """What the other definition says of them: `not met` or `unknown`."""
    criterion: str
    asked: str
    people: Count
    drugs: tuple[tuple[str, Count], ...]
    """The commonest drugs of the trials that fail by this alone, with the number of people who took them."""


@dataclass(frozen=True)
class Side:
    """People who meet `inside` and do not meet `outside`, or of whom `outside` cannot say."""

    inside: Definition
    outside: Definition
    not_met: Count
    unknown: Count
    reasons: tuple[Reason, ...]

    def sentences(self) -> Iterator[str]:
        """What was found, line by line."""
        yield f"In {self.inside.name}, not in {self.outside.name}: {self.not_met.in_people}."
        yield from (f"  {line}" for line in self._of("not met"))
        yield f"In {self.inside.name}, and {self.outside.name} cannot say: {self.unknown.in_people}."
        yield from (f"  {line}" for line in self._of("unknown"))

    def _of(self, verdict: str) -> Iterator[str]:
        for reason in self.reasons:
            if reason.verdict == verdict:
                drugs = ", ".join(f"{name} {count}" for name, count in reason.drugs)
                yield f"{reason.people} because of {reason.criterion}: {reason.asked}{f' ({drugs})' if drugs else ''}"


@dataclass(frozen=True)
class Between:
    """Two definitions: how far they agree, and both ways round why they do not."""

    agreement: Agreement
    sides: tuple[Side, Side]


def find_between(
    result: Result, comparison: Comparison, first: str, second: str, *, suppress_below: int = 5
) -> Between:
    """Why two definitions of a result, by id or name, do not mean the same people.

    Raises `QuestionError` for a definition that was not run, and for one compared with itself.
    """
    a, b = find_definition(result, first), find_definition(result, second)
    if a.name == b.name:
        problem = Problem(a.name, "is named twice", "two definitions", "name another one")
        raise QuestionError("There is nothing to tell apart.", [problem])
    agreement = comparison.agreement(a.name, b.name)
    only = {agreement.first: agreement.only_first, agreement.second: agreement.only_second}
    met = {row.definition.name: row.everybody.counts["met"] for row in comparison.rows}
    sides = tuple(
        _side(result, x, y, only[x.name], _is_open(met[x.name], agreement.both, only[x.name]), suppress_below)
        for x, y in ((a, b), (b, a))
    )
    return Between(agreement, sides)


def _is_open(*counts: Count) -> bool:
    """Whether all are shown: then what is left of the first is no secret either."""
    return all(count.n is not None for count in counts)


def _side(
    result: Result, inside: Definition, outside: Definition, only: Count, is_unknown_open: bool, suppress_below: int
) -> Side:
    people, trials = _reasons(result, inside, outside)
    people = people.cache()
    rows = people.group_by("verdict", "reason").agg(n=people.count()).to_pyarrow().to_pylist()
    total = {v: sum(row["n"] for row in rows if row["verdict"] == v) for v in ("not met", "unknown")}
    unknown = plain(total["unknown"]) if is_unknown_open else Count(None, WITHHELD)
    cells = Cells()
    for verdict, decided in (("not met", only), ("unknown", unknown)):
        cells.add_decided(verdict, total[verdict], decided)
        own = [(row["verdict"], row["reason"]) for row in rows if row["verdict"] == verdict]
        for row in rows:
            if row["verdict"] == verdict:
                cells.add((verdict, row["reason"]), row["n"])
        if own:
            cells.add_sum(verdict, own)
    counts = cells.protect(suppress_below)
    reasons = []
    for row in sorted(rows, key=lambda r: (r["verdict"], -r["n"], r["reason"])):
        key = (row["verdict"], row["reason"])
        drugs = ()
        if counts[key].n is not None and row["reason"] in trials:
            theirs = trials[row["reason"]].semi_join(
                people.filter(people.verdict == row["verdict"], people.reason == row["reason"]), "person_id"
            )
            drugs = _drugs(theirs, result, suppress_below, counts[key].n)
        reasons.append(Reason(*key, _asked(row["reason"], outside), counts[key], drugs))
    # A withheld number stands last: its place must not tell how large it is.
    reasons.sort(key=lambda r: (r.verdict, -(r.people.n or 0), r.criterion))
    return Side(inside, outside, only, unknown, tuple(reasons))


def _reasons(result: Result, inside: Definition, outside: Definition) -> tuple[ir.Table, dict[str, ir.Table]]:
    """One row is one person who meets `inside` and not certainly `outside`, with `verdict` and `reason`; and for every
    criterion of a trial the trials that would count without it."""
    rows = result.table("determination")
    met = rows.filter(rows.definition == inside.name, rows.verdict == "met").select("person_id")
    people = rows.filter(rows.definition == outside.name, rows.verdict != "met").semi_join(met, "person_id")
    who = [f"who.{name}" for name, _ in fields(outside.who)]
    people = people.select("person_id", "verdict", "count", *who)
    judged = _judged(result, outside, people)
    condition, procedure = (
        in_days(_DECLARED[n], result.table(n)).semi_join(people, "person_id") for n in ("condition", "procedure")
    )
    paths, trials = [], {}
    for aside in set_aside(judged, outside):
        ways = [aside.judged.filter(aside.judged.branch == n) for n, _ in enumerate(aside.definition.branch, 1)]
        counted = count_trials(ways, condition, procedure, aside.definition)
        people = flag(people, aside.path, counted.filter(counted.met_day.notnull()))
        if aside.path.startswith(("trial.", "failure")):
            stopped = aside.judged.filter(aside.judged.counts.fill_null(False) & ~aside.judged.counted.fill_null(False))
            trials[aside.path] = stopped.select("person_id", "ingredient")
        if aside.path != EVERYTHING:
            paths.append(aside.path)
    alone = [(people[path], path) for path in paths]
    is_not_met = people.verdict == "not met"
    open_who = [people[path].isnull() for path in who]
    enough = people["count"].fill_null(False)
    reason = ibis.cases(
        *((is_not_met & (people[path] == ibis.literal(False)).fill_null(False), path) for path in who),
        *((~is_not_met & enough & is_open, path) for is_open, path in zip(open_who, who, strict=True)),
        *((~is_not_met & is_open, SEVERAL) for is_open in open_who),
        *alone,
        (people[EVERYTHING], SEVERAL),
        else_=ibis.ifelse(is_not_met, TOO_FEW, NOT_KNOWN),
    )
    return people.select("person_id", "verdict", reason=reason), trials


def _judged(result: Result, definition: Definition, people: ir.Table) -> ir.Table:
    """The judged trials of these people under a definition, as the engine has them before it counts; `counted`: its verdict."""
    judged = in_days(_DECLARED["judged_trial"], result.table("judged_trial")).semi_join(people, "person_id")
    judged = ibis.union(
        *(
            judged.filter(judged.rule == rule).mutate(branch=ibis.literal(number))
            for number, rule in enumerate(result.manifest["rules_of"][definition.name], 1)
        )
    )
    trial = in_days(_DECLARED["trial"], result.table("trial"))
    setting = result.manifest["setting_of"][definition.name]
    trial = trial.filter(trial.setting == setting).select(
        "person_id", "trial_number", "episode_number", "ingredient", "drug_class", "start_day", drug="ingredient"
    )
    return judged.mutate(counted=judged.counts).inner_join(trial, ["person_id", "trial_number"])


def _drugs(trials: ir.Table, result: Result, suppress_below: int, people: int) -> tuple[tuple[str, Count], ...]:
    """The commonest drugs, of so many people as may be shown; nor is a number given that leaves too few without the drug."""
    found = trials.group_by("ingredient").agg(n=trials.person_id.nunique()).to_pyarrow().to_pylist()
    shown = [
        (row["n"], row["ingredient"])
        for row in found
        if row["n"] >= suppress_below and not 0 < people - row["n"] < suppress_below
    ]
    shown.sort(key=lambda r: (-r[0], r[1]))
    return tuple((result.knowledge.ingredients[name].label, plain(n)) for n, name in shown[:_MOST_DRUGS])


def _asked(path: str, definition: Definition) -> str:
    """What a definition asks under this path, in words; ways of meeting it that ask something else, one after the other."""
    if path == TOO_FEW:
        return "fewer trials of its kind of drug than it needs, whatever they were"
    if path == NOT_KNOWN:
        return "nobody can say whether there were more trials"
    if path == SEVERAL:
        return "more than one thing it asks, together"
    group, _, name = path.partition(".")
    if group == "who":
        return rule(path, getattr(definition.who, name))
    said = []
    for branch in definition.branch:
        if path == "failure":
            said.append(" or ".join(rule(f"failure.{n}", f) for n, f in fields(branch.failure)))
        elif group == "trial":
            said += [rule(path, asked) for n, asked in fields(branch.trial) if n == name]
        elif (asked := getattr(branch, group)) is not None:
            said.append(rule(group, asked))
    return "; or: ".join(dict.fromkeys(said))
