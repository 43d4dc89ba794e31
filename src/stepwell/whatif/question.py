"""A question: policies to compare with a base policy, on whom, for how long, how surely. All that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from stepwell.errors import Problem, QuestionError
from stepwell.simulate import MOST_AT_ONCE, Offer, Policy, Treatment

from .values import load_scenarios, load_values

PEOPLE, DRAWS, SEED, YEARS = 1000, 100, 1, 5.0
_RANGES = {"people": (1, MOST_AT_ONCE), "draws": (1, 100_000), "seed": (0, 2**64 - 1), "failed_before": (0, 1_000)}
"""The least and the greatest that can be asked: people are held in memory, draws take time, a seed has 64 bits."""
NOT_OFFERED = "not offered"


@dataclass(frozen=True)
class Question:
    """`policies` by name are each compared with `base`, on the same people under the same draws of the uncertain numbers.

    `draws` of those numbers (1: as they stand, without uncertainty) times `people` each; `years` of follow-up from the beginning
    of a first trial, or from a decision after `failed_before` failed ones. `scenarios` are answered beside the base case;
    `utilities` and `costs` name a set each; `discount` is a yearly rate in per cent, for these two alone.
    """

    policies: Mapping[str, Policy]
    base: Policy = field(default_factory=Policy)
    base_name: str = NOT_OFFERED
    people: int = PEOPLE
    draws: int = DRAWS
    seed: int = SEED
    years: float = YEARS
    failed_before: int = 0
    scenarios: tuple[str, ...] = ()
    utilities: str | None = None
    costs: str | None = None
    discount: float = 0.0

    def __post_init__(self):
        problems = list(_wrong(self))
        if problems:
            raise QuestionError("This cannot be simulated", problems)

    @property
    def treatments(self) -> tuple[Treatment, ...]:
        """What any of the policies offers."""
        offers = (o for policy in (self.base, *self.policies.values()) for o in policy.offers)
        return tuple(sorted({o.treatment for o in offers}))


def ask(
    offer: str,
    after: Sequence[int] | str,
    *,
    against: int | None = None,
    uptake: float = 1.0,
    wait_days: float = 0.0,
    scenarios: Sequence[str] | None = None,
    **how: object,
) -> Question:
    """The question what becomes of people if a treatment is offered after so many failed trials.

    `after` is a list of numbers, or such a list as text (`2,3,4`); `against` an offer after so many instead of none at all;
    `scenarios` None for those that concern the treatment. `how` is what `Question` has beside these. Raises QuestionError with
    everything that is wrong with it.
    """
    problems: list[Problem] = []
    treatment = next((t for t in Treatment if t.name.lower() == offer), None)
    if treatment is None:
        known = ", ".join(t.name.lower() for t in Treatment)
        problems.append(Problem("offer", f"`{offer}` is no treatment", f"one of {known}", "choose one of these"))
    numbers = _numbers(after, problems)
    if against is not None and against < 1:
        problems.append(Problem("against", f"is {against}", "1 failed trial or more", "correct it"))
    if not 0 <= uptake <= 1:
        problems.append(Problem("uptake", f"is {uptake:g}", "a share between 0 and 1", "correct it"))
    if not 0 <= wait_days < float("inf"):
        problems.append(Problem("wait", f"is {wait_days:g} days", "0 days or more", "correct it"))

    def policy(n: int) -> Policy:
        return Policy((Offer(treatment, n, uptake, wait_days),))

    if scenarios is None:
        scenarios = [name for name, s in load_scenarios().scenarios.items() if offer in s.concerns]
    settings = {"scenarios": tuple(s for s in scenarios if s != "base"), **how}
    try:
        if problems:
            Question({"": Policy()}, **settings)  # what else is wrong is told with it
        else:
            base = {} if against is None else {"base": policy(against), "base_name": f"after {against}"}
            return Question({f"after {n}": policy(n) for n in numbers}, **base, **settings)
    except QuestionError as error:
        problems += error.problems
    raise QuestionError("This cannot be simulated", problems)


def _numbers(after: Sequence[int] | str, problems: list[Problem]) -> list[int]:
    words = after.split(",") if isinstance(after, str) else after
    numbers = []
    for word in words:
        try:
            numbers.append(int(word))
            if numbers[-1] < 1:
                problems.append(Problem("after", f"is {numbers[-1]}", "1 failed trial or more", "correct it"))
        except ValueError:
            problems.append(Problem("after", f"`{word}` is no whole number", "such as 2,3,4", "correct it"))
    if not words:
        problems.append(Problem("after", "is empty", "such as 2,3,4", "write after how many failed trials"))
    return list(dict.fromkeys(numbers))


def _wrong(q: Question) -> Iterator[Problem]:
    for name, (least, most) in _RANGES.items():
        value = getattr(q, name)
        if not least <= value <= most or value != int(value):
            yield Problem(name, f"is {value}", f"a whole number from {least} to {most:,}", "correct it")
    if q.people == 1 and q.draws == 1:
        yield Problem("people", "one person in one draw gives no error", "2 people, or 2 draws", "ask for more")
    if not 0 < q.years < 100:
        yield Problem("years", f"is {q.years:g}", "more than 0 and less than 100 years", "correct it")
    if not 0 <= q.discount < 100:
        yield Problem("discount", f"is {q.discount:g}", "a yearly rate of 0 to 100 %", "correct it")
    if q.discount and not (q.utilities or q.costs):
        yield Problem("discount", "nothing is asked that is discounted", "utilities or costs", "name a set of these")
    if not q.policies:
        yield Problem("policies", "there is none to compare", "one or more", "name one")
    if q.base_name in q.policies:
        found = f"`{q.base_name}` is also what is compared with"
        yield Problem("policies", found, "names of their own, and another policy", "leave it out or rename it")
    sets, known = load_values(), load_scenarios().scenarios
    for what, name, sets_of in (("utilities", q.utilities, sets.utilities), ("costs", q.costs, sets.costs)):
        if name is not None and name not in sets_of:
            yield Problem(what, f"`{name}` is no set of {what}", f"one of {', '.join(sets_of)}", "choose one of these")
    for name in q.scenarios:
        if name not in known:
            yield Problem(
                "scenario", f"`{name}` is no scenario", f"base or one of {', '.join(known)}", "choose another"
            )
    if q.costs in sets.costs:
        priced = sets.costs[q.costs].sessions
        for treatment in q.treatments:
            if treatment.name.lower() not in priced:
                found = f"`{q.costs}` has no price of a session of {treatment.name.lower()}"
                yield Problem("costs", found, f"a set that has, or {', '.join(priced)}", "leave costs out")
