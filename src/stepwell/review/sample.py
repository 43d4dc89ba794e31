"""Whom the reviewers read: a random sample, stratified by what a definition says of each person.

Each stratum is read in its own number, so that few people who meet a definition are not lost among many who do not. The weight
of a chart says for how many people of its stratum it stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import ibis
import ibis.expr.types as ir

from stepwell.compare.comparison import find_definition
from stepwell.errors import Problem, QuestionError
from stepwell.report.verdicts import treated_people
from stepwell.result import Result

MET, NOT_MET, UNKNOWN = "met", "not met", "unknown"

STRATA = {
    "met": (MET, "met"),
    "unknown": (UNKNOWN, "unknown"),
    "not-met-enough-drugs": (NOT_MET, "not met, enough drugs"),
    "not-met-fewer-drugs": (NOT_MET, "not met, fewer drugs"),
}
"""Each stratum: the definition's verdict, and what it is called. Enough drugs: as many different antidepressants as the
definition needs trials. Those people are a stratum of their own: whom a definition misses is to be expected there."""

QUESTION = (
    "In your clinical judgement: did this person have treatment-resistant depression at any time in these records?"
)
"""What reviewers are asked, unless the team asks something else. It names no definition."""

Among = Literal["treated", "everybody"]


@dataclass(frozen=True)
class Stratum:
    """One part of the population: how many people it has, and how many of them are read."""

    name: str
    people: int
    sampled: int

    @property
    def verdict(self) -> str:
        """What the definition says of everybody in it."""
        return STRATA[self.name][0]

    @property
    def label(self) -> str:
        """What it is called."""
        return STRATA[self.name][1]

    @property
    def weight(self) -> float:
        """For how many people of the stratum one chart stands."""
        return self.people / self.sampled


@dataclass(frozen=True)
class Chart:
    """One person to be read, under a number that says nothing about them."""

    number: int
    person: str
    stratum: str


@dataclass(frozen=True)
class Sample:
    """The design of a review and the people drawn for it."""

    id: str
    """Stands on every form, so that a form of another sample is noticed."""
    definition: str
    """With its version."""
    question: str
    seed: int
    among: Among
    outside: int
    """People of the result who are not in the population that was drawn from."""
    strata: tuple[Stratum, ...]
    charts: tuple[Chart, ...]
    """In the order of their numbers."""


def draw_sample(
    result: Result,
    definition: str,
    n: int = 50,
    *,
    seed: int = 1,
    take: Mapping[str, int] | None = None,
    among: Among = "treated",
    question: str = QUESTION,
) -> Sample:
    """Draws `n` people: the same result, definition and seed give the same people under the same numbers.

    The strata get equal parts of `n`; one with fewer people is read whole, and the others share what is left. `take` sets the
    number for the strata that it names. With `among="treated"` the population is people with a depression diagnosis and an
    antidepressant, as in the report's shares; with `"everybody"` it is everybody in the result.

    Raises `QuestionError` where the definition was not run, nobody is in the population, or the numbers do not fit it.
    """
    found = find_definition(result, definition)
    people = _people(result, found.name, seed)
    everybody = result.manifest["rows"]["person"]
    if among == "treated":
        people = people.semi_join(treated_people(result.table("episode")), "person_id")
    sizes = dict.fromkeys(STRATA, 0) | dict(_sizes(people))
    outside = everybody - sum(sizes.values())
    _refuse_nobody(result, sizes, everybody)
    sampled = allocate(sizes, n, take or {})
    strata = tuple(Stratum(name, size, sampled[name]) for name, size in sizes.items() if size)
    drawn = _draw(people, sampled)
    order = sorted(drawn, key=lambda row: (_digest(f"{seed}:order:{row[0]}"), row[0]))
    charts = tuple(Chart(number, *row) for number, row in enumerate(order, 1))
    design = (found.name, question, seed, among, outside, strata)
    # A letter first: a spreadsheet takes digits, and digits around an e, for a number.
    return Sample("s" + _digest(repr((design, charts)))[:10], *design, charts)


def allocate(sizes: Mapping[str, int], n: int, take: Mapping[str, int]) -> dict[str, int]:
    """How many people of each stratum are read. Raises `QuestionError`, with every problem, where the numbers do not fit."""
    problems = list(_misfits(sizes, take))
    rest = {name: size for name, size in sizes.items() if size and name not in take}
    left = n - sum(take.values())
    if not problems and left < len(rest):
        expected = f"at least {sum(take.values()) + len(rest)}, so that somebody of each stratum is read"
        problems.append(Problem("--sample", f"{n} people", expected, "draw more people"))
    if problems:
        raise QuestionError("The sample cannot be drawn.", problems)
    shares = dict(take)
    while rest:
        share, extra = divmod(left, len(rest))
        small = {name: size for name, size in rest.items() if size <= share}
        if not small:
            shares |= {name: share + (place < extra) for place, name in enumerate(rest)}
            break
        shares |= small
        left -= sum(small.values())
        rest = {name: size for name, size in rest.items() if name not in small}
    return {name: shares.get(name, 0) for name in sizes}


def _misfits(sizes: Mapping[str, int], take: Mapping[str, int]) -> Iterable[Problem]:
    for name, n in take.items():
        where = f"--take {name}={n}"
        if name not in STRATA:
            yield Problem(where, "there is no such stratum", f"one of {', '.join(STRATA)}")
        elif n > sizes[name]:
            yield Problem(where, f"only {sizes[name]} people are in it", "at most that many", "take fewer of them")
        elif n < 1 and sizes[name]:
            expected = "at least 1: a stratum that nobody reads leaves sensitivity and specificity open"
            yield Problem(where, "nobody of the stratum would be read", expected)


def _people(result: Result, definition: str, seed: int) -> ir.Table:
    """Everybody with the stratum and the rank within it: the hash of seed and id, which is a random number for each person."""
    judged = result.table("determination")
    judged = judged.filter(judged.definition == definition).select("person_id", "verdict", "n_needed")
    trials = result.table("trial")
    trials = trials.filter(trials.setting == result.manifest["setting_of"][definition], trials.role == "antidepressant")
    drugs = trials.group_by("person_id").agg(n_drugs=trials.ingredient.nunique())
    people = result.table("person").select("person_id", "source_person_id")
    people = people.inner_join(judged, "person_id").left_join(drugs, "person_id").drop("person_id_right")
    has_enough = people.n_drugs.fill_null(0) >= people.n_needed
    stratum = ibis.cases(
        (people.verdict == MET, "met"),
        (people.verdict == UNKNOWN, "unknown"),
        (has_enough, "not-met-enough-drugs"),
        else_="not-met-fewer-drugs",
    )
    rank = (ibis.literal(f"{seed}:draw:") + people.source_person_id).hexdigest("sha256")
    return people.select("person_id", "source_person_id", stratum=stratum, rank=rank)


def _sizes(people: ir.Table) -> Iterable[tuple[str, int]]:
    rows = people.group_by("stratum").agg(n=ibis._.count()).to_pyarrow().to_pylist()
    return ((row["stratum"], row["n"]) for row in rows)


def _draw(people: ir.Table, sampled: Mapping[str, int]) -> list[tuple[str, str]]:
    """The first people of each stratum by their rank: id and stratum."""
    drawn = []
    for name, n in sampled.items():
        rows = people.filter(people.stratum == name).order_by("rank", "source_person_id").limit(n)
        drawn += [(row["source_person_id"], name) for row in rows.to_pyarrow().to_pylist()]
    return drawn


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _refuse_nobody(result: Result, sizes: Mapping[str, int], everybody: int) -> None:
    if any(sizes.values()):
        return
    found = f"none of the {everybody} people has a depression diagnosis and an antidepressant"
    remedy = "ask for --among everybody" if everybody else "run records that hold people"
    raise QuestionError("There is nobody to review.", [Problem(str(result.folder), found, remedy=remedy)])
