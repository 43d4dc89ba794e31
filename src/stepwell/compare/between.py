"""Why two definitions do not mean the same people: whom one takes and the other does not, and by which of its criteria.

Each person is told under one reason, the first of these that applies: a criterion of the person; the one thing asked of the
trials without which there would be enough of them for the other definition, the rest staying as it is (the rules judge the
person's records again without it); too few trials even if nothing were asked of them; else several things together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import ibis
import polars as pl
import pyarrow as pa

from stepwell.errors import Problem, QuestionError
from stepwell.in_memory import determine_records
from stepwell.knowledge.definition import Definition, fields
from stepwell.knowledge.rules import rules_of
from stepwell.knowledge.sentences import rule
from stepwell.report.disclosure import WITHHELD, Cells, Count, plain
from stepwell.report.verdicts import Agreement
from stepwell.result import Result
from stepwell.tables import RECORDS

from .aside import EVERYTHING, set_aside
from .comparison import Comparison, find_definition

TOO_FEW, SEVERAL, NOT_KNOWN = "too few", "several", "not known"
_MOST_DRUGS = 3
"""So many drugs are named beside a reason; nothing clinical hangs on it."""

_PEOPLE_AT_A_TIME = 25_000
"""How many people are judged again at a time. The number bounds the memory."""
_STOPPED = {"person_id": pl.Int64, "ingredient": pl.String, "reason": pl.String}


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
    people, stopped = _reasons(result, inside, outside)
    rows = people.group_by("verdict", "reason").len("n").rows(named=True)
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
    drugs_of = people.join(stopped, on=["person_id", "reason"]).group_by("verdict", "reason", "ingredient")
    drugs = drugs_of.agg(n=pl.col("person_id").n_unique()).rows(named=True)
    reasons = []
    for row in sorted(rows, key=lambda r: (r["verdict"], -r["n"], r["reason"])):
        key = (row["verdict"], row["reason"])
        named: tuple[tuple[str, Count], ...] = ()
        if counts[key].n is not None:
            theirs = {d["ingredient"]: d["n"] for d in drugs if (d["verdict"], d["reason"]) == key}
            named = _commonest(theirs, result, suppress_below, counts[key].n)
        reasons.append(Reason(*key, _asked(row["reason"], outside), counts[key], named))
    # A withheld number stands last: its place must not tell how large it is.
    reasons.sort(key=lambda r: (r.verdict, -(r.people.n or 0), r.criterion))
    return Side(inside, outside, only, unknown, tuple(reasons))


def _reasons(result: Result, inside: Definition, outside: Definition) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two tables. One row of the first is one person who meets `inside` and not certainly `outside`, with `verdict` and `reason`.
    The rows of the second are those of `_stopped_trials`."""
    rows = result.table("determination")
    met = rows.filter(rows.definition == inside.name, rows.verdict == "met").select("person_id")
    of_outside = rows.filter(rows.definition == outside.name, rows.verdict != "met").semi_join(met, "person_id")
    who = [f"who.{name}" for name, _ in fields(outside.who)]
    found = of_outside.select("person_id", "verdict", "count", *who).order_by("person_id")
    people = pl.from_arrow(found.to_pyarrow())
    without = set_aside(outside)
    judged, stopped = [], [pl.DataFrame(schema=_STOPPED)]
    for part in people.iter_slices(_PEOPLE_AT_A_TIME):
        made = _judge_again(result, part["person_id"].to_arrow(), (outside, *without.values()))
        judged.append(part.join(_who_has_enough(made, without), on="person_id"))
        stopped.append(_stopped_trials(made, outside, without))
    if not judged:
        return people.select("person_id", "verdict", reason=pl.lit(NOT_KNOWN)), stopped[0]
    people = pl.concat(judged).select("person_id", "verdict", reason=_first_reason(who, without))
    return people, pl.concat(stopped)


def _judge_again(result: Result, person_ids: pa.Array, definitions: Sequence[Definition]) -> dict[str, pl.DataFrame]:
    """What the rules say of the records of these people, which the result keeps, under these definitions."""
    wanted = ibis.memtable(pa.table({"person_id": person_ids}))
    records = {t.name: result.table(t.name).semi_join(wanted, "person_id").to_pyarrow() for t in RECORDS}
    made = determine_records(records, definitions, result.knowledge, has=result.manifest["has"])
    return {name: pl.from_arrow(made[name]) for name in ("determination", "trial", "judged_trial")}


def _who_has_enough(made: Mapping[str, pl.DataFrame], without: Mapping[str, Definition]) -> pl.DataFrame:
    """One row is one person; a column for each thing set aside: whether there are then enough trials that count."""
    names = {form.name: path for path, form in without.items()}
    found = made["determination"].filter(pl.col("definition").is_in(list(names)))
    found = found.with_columns(pl.col("definition").replace_strict(names), pl.col("count").fill_null(False))
    return found.pivot(on="definition", index="person_id", values="count")


def _stopped_trials(
    made: Mapping[str, pl.DataFrame], outside: Definition, without: Mapping[str, Definition]
) -> pl.DataFrame:
    """One row is one drug of one person, of which a trial would count without one thing asked of it (`reason`)."""
    judged, trial = made["judged_trial"], made["trial"]
    counting = judged.filter(pl.col("counts").fill_null(False)).select("rule", "person_id", "trial_number")
    found = [pl.DataFrame(schema=_STOPPED)]
    for path, form in without.items():
        if not path.startswith(("trial.", "failure")):
            continue
        for asked, asked_without in zip(rules_of(outside), rules_of(form), strict=True):
            stopped = counting.filter(pl.col("rule") == asked_without.id).join(
                counting.filter(pl.col("rule") == asked.id), on=["person_id", "trial_number"], how="anti"
            )
            of_setting = trial.filter(pl.col("setting") == asked.setting)
            named = stopped.join(of_setting, on=["person_id", "trial_number"])
            found.append(named.select("person_id", "ingredient", reason=pl.lit(path)))
    return pl.concat(found).unique()


def _first_reason(who: Sequence[str], without: Collection[str]) -> pl.Expr:
    """The reason of a person: see the head of this file."""
    is_not_met = pl.col("verdict") == "not met"
    reasons = [(is_not_met & ~pl.col(path).fill_null(True), path) for path in who]
    # Where there are enough trials, it is the person of whom something is unknown; else it is not the only thing.
    reasons += [(~is_not_met & pl.col("count").fill_null(False) & pl.col(path).is_null(), path) for path in who]
    reasons += [(~is_not_met & pl.col(path).is_null(), SEVERAL) for path in who]
    reasons += [(pl.col(path), path) for path in without if path != EVERYTHING]
    reasons += [(pl.col(EVERYTHING), SEVERAL), (is_not_met, TOO_FEW)]
    return pl.coalesce(*(pl.when(holds).then(pl.lit(reason)) for holds, reason in reasons), pl.lit(NOT_KNOWN))


def _commonest(
    people_of: Mapping[str, int], result: Result, suppress_below: int, people: int
) -> tuple[tuple[str, Count], ...]:
    """The commonest drugs, of so many people as may be shown; nor is a number given that leaves too few without the drug."""
    shown = [(n, name) for name, n in people_of.items() if n >= suppress_below and not 0 < people - n < suppress_below]
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
