"""What an answer says: its numbers, and the paragraph without which they should not be read."""

from __future__ import annotations

from collections.abc import Sequence

from stepwell.simulate import unverified
from stepwell.simulate.model import COURSES

from .answer import Answer, Estimate
from .values import load_scenarios, load_values

NOT_FOR_ONE = "Nobody in the simulation exists, and nothing here is for decisions about one person."


def number(value: float, unit: str) -> str:
    """A mean per person in its unit, without the unit where it is a number or years."""
    if unit == "share":
        return f"{100 * value:.1f}%"
    return f"{value:,.0f}" if _is_money(unit) else f"{value:.3f}"


def signed(value: float, unit: str) -> str:
    """A difference, with its sign."""
    text = number(abs(value), unit)
    return text if not any(c in "123456789" for c in text) else ("+" if value > 0 else "\u2212") + text


def interval(found: Estimate, unit: str) -> str:
    """Of a difference; a dash where there is none to tell."""
    if found.low is None:
        return "–"
    return f"{signed(found.low, unit)} to {signed(found.high, unit)}"


def error(found: Estimate, unit: str) -> str:
    """The Monte-Carlo error."""
    return f"{100 * found.error:.2f}%" if unit == "share" else f"{found.error:,.{0 if _is_money(unit) else 4}f}"


def of_unit(measure: str, unit: str) -> str:
    """The measure with its unit."""
    return measure if unit in ("share", "number") else f"{measure} ({unit})"


def _is_money(unit: str) -> bool:
    return unit.isupper()


def paragraphs(answer: Answer) -> list[str]:
    """What was simulated, what it stands on, what was counted, and what it is not for."""
    return [_simulated(answer), _stands_on(answer), *_valued(answer), *_scenarios(answer), NOT_FOR_ONE]


def _simulated(answer: Answer) -> str:
    q = answer.question
    whom = (
        f"from a decision after {q.failed_before} failed trials of the episode"
        if q.failed_before
        else "from the first antidepressant of an episode"
    )
    if q.draws == 1:
        drawn = f"{q.people:,} people, with the model's numbers as they stand: what is uncertain in them is not shown"
    else:
        drawn = (
            f"{q.draws:,} draws of the model's uncertain numbers, {q.people:,} people in each; the intervals hold 95% of "
            "what these draws give, and a dash stands where they differ by no more than chance"
        )
    return (
        f"Means per person over {q.years:g} years {whom}: {drawn}. Every difference is against “{q.base_name}”, between "
        "the same people under the same draws, so that most of chance cancels; the error is what is left of it."
    )


def _stands_on(answer: Answer) -> str:
    found = [u for u in unverified(answer.parameters) if _plays(answer, u.path)]
    calibrated = [u.path for u in found if (u.quantity.choice or "").startswith("Calibrated to ")]
    recalled = [u.path for u in found if u.how == "recalled"]
    assumed = [u.path for u in found if u.how == "assumed" and u.path not in calibrated]
    varying = [p for p, q in answer.parameters.quantities() if _plays(answer, p) and _varies(q)]
    return (
        f"Of the model's numbers in play, {len(varying)} have a known uncertainty and were varied. {len(recalled)} are "
        f"only recalled, not read at their source ({_list(recalled)}); {len(assumed)} are assumed with a reason "
        f"({_list(assumed)}); {len(calibrated)} were calibrated to published results ({_list(calibrated)}). What is "
        "recalled, assumed or calibrated was not varied unless it has an interval."
    )


def _valued(answer: Answer) -> list[str]:
    q, sets, said = answer.question, load_values(), []
    if q.utilities is not None:
        chosen = sets.utilities[q.utilities]
        worth = {"remission": chosen.remission, "response": chosen.response, "ill": chosen.ill}
        words = ", ".join(f"{state} {utility.of_full_health / 100:g}" for state, utility in worth.items())
        said.append(
            f"Quality of life: {chosen.title}: {words} of full health, not varied. Other sets give other gains, and sets "
            "are never mixed."
        )
    if q.costs is not None:
        costs = sets.costs[q.costs]
        said.append(f"Costs: {costs.title}. Prices: {costs.prices}. Not counted: {costs.not_counted}. Not varied.")
    if said:
        rate = f"at {q.discount:g}% a year" if q.discount else "at no rate: they are not discounted"
        said.append(f"Quality-adjusted years and costs are discounted {rate}; nothing else is.")
    return said


def _scenarios(answer: Answer) -> list[str]:
    known = load_scenarios()
    return [
        f"Scenario “{s.title}”: {s.says} {' '.join(f'{e.says} ({known.references[e.source].short})' for e in s.because)}"
        for s in (known.scenarios[name] for name in answer.question.scenarios)
    ]


def _plays(answer: Answer, path: str) -> bool:
    """Whether a number can matter: those of treatments that are not offered cannot."""
    course = path.split(".")[0]
    offered = {t.name.lower() for t in answer.question.treatments}
    policies = (answer.question.base, *answer.question.policies.values())
    if course == "therapy":
        return any(policy.therapy for policy in policies)
    return course not in COURSES or course in offered


def _varies(quantity: object) -> bool:
    return any(getattr(quantity, name, None) is not None for name in ("of", "low"))


def _list(paths: Sequence[str]) -> str:
    return ", ".join(paths) if paths else "none"
