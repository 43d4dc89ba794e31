"""Candidacy in sentences: what each requirement asks, and each form and each published trial on a card."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from .candidacy import Ask, Candidacy, Dated, Requirement
from .check import parts, sources_of
from .cited import Form
from .forms import Knowledge
from .published import Outcome, PublishedTrial
from .sentences import bibliography, markdown_table, provenance

GROUPS = {
    "mao-inhibitor": "MAO inhibitors",
    "psychostimulant": "psychostimulants",
    "cns-depressant": "benzodiazepines and other sleeping drugs, opioids, barbiturates",
}
"""The groups of `interacting.csv` in words."""
KINDS = {"label": "label", "practice": "practice", "policy": "payer's policy"}


def _within(form) -> str:
    return "" if form.within is None else f" in the {form.within} days up to that day"


def _age(form) -> str:
    if form.at_least is not None and form.at_most is not None:
        return f"{form.at_least} to {form.at_most} years old"
    return f"{form.at_least} years or older" if form.at_most is None else f"at most {form.at_most} years old"


def _limit(limit) -> str:
    if limit.above is not None:
        return f"{limit.instrument} above {limit.above:g} points"
    return limit.instrument if limit.at_least is None else f"{limit.instrument} at least {limit.at_least:g} points"


def _ages(form) -> str:
    ages = [] if form.from_age is None else [f"from {form.from_age} years"]
    ages += [] if form.below_age is None else [f"below {form.below_age} years"]
    return f" ({', '.join(ages)})" if ages else ""


def _taking(form) -> str:
    what = f"an antidepressant of the class {' or '.join(form.of_class)}" if form.of_class else "an antidepressant"
    return f"{what} taken on that day" + (f" and for at least {form.for_} days" if form.for_ is not None else "")


RULES: dict[str, Callable[[Form], str]] = {
    "age": _age,
    "resistance": lambda f: f"resistant to treatment by {f.definition}",
    "failed_trials": lambda f: f"failed trials as {f.definition} counts them",
    "added": lambda f: f"drugs added to an antidepressant as {f.definition} counts them",
    "recorded": lambda f: f"a diagnosis of {' or '.join(f.any_of)}{_within(f)}",
    "free_of": lambda f: (
        f"no diagnosis of {' or '.join(f.any_of)}{_within(f)}" + (f", unless {f.unless}" if f.unless else "")
    ),
    "pressure": lambda f: (
        f"at most {f.systolic_at_most:g}/{f.diastolic_at_most:g} mmHg{_ages(f)}, the latest in the {f.within} days up to that day"
    ),
    "taking": _taking,
    "not_taking": lambda f: (
        "none taken on that day: " + ", ".join([*map(GROUPS.get, f.interacting), *([f.not_held] if f.not_held else [])])
    ),
    "scored": lambda f: f"latest score of {' or '.join(_limit(one) for one in f.any_of)}{_within(f)}",
    "had": lambda f: (
        f"{' or '.join(f.any_of)}, at least {f.at_least} {'session' if f.at_least == 1 else 'sessions'} in the present episode"
    ),
    "not_had": lambda f: f"no {' or '.join(f.any_of)}{_within(f)}",
}


def ask_rule(ask: Ask) -> str:
    """What is asked, in words; alternatives joined by "or"."""
    if isinstance(ask, Requirement) and ask.either:
        return " or ".join(ask_rule(one) for one in ask.either)
    name, form = ask.asked
    return RULES[name](form)


def days_of(form: Dated) -> str:
    """`from 21 Jan 2025`, `until 20 Jan 2025`; nothing where it always holds."""
    said = [f"{word} {_day(day)}" for word, day in (("from", form.valid_from), ("until", form.valid_until)) if day]
    return " ".join(said)


def rests_on_recall(form: Candidacy) -> bool:
    """Whether anything that it asks or says is only recalled, and not verified at the source."""
    return any(getattr(part, "seen", None) == "recalled" for _, part in parts(form))


def standing_of(form: Candidacy) -> str:
    """The status in words, as every output says it."""
    return f"{form.status}, partly recalled, not verified" if rests_on_recall(form) else form.status


def candidacy_card(form: Candidacy, knowledge: Knowledge) -> str:
    """One form on a card: when it holds, what it asks, against what, with which papers, and where each statement is from."""
    head = f"`{form.name}` · {KINDS[form.kind]} · {standing_of(form)}"
    lines = [f"# {form.title}", "", head, "", form.summary]
    if form.off_label:
        lines += ["", "**Off-label:** no authority has approved this use."]
    if form.status == "draft":
        lines += ["", "*Draft: no clinician has reviewed this card yet.*"]
    whose = f" of {form.payer}" if form.payer else ""
    lines += [
        "",
        f"In force{whose}: {days_of(form.in_force) or 'no day is named'}. {provenance(form.in_force, knowledge)}",
    ]
    if form.in_force.superseded:
        later = form.in_force.superseded
        lines += ["", f"**Superseded** since {_day(later.since)}: {later.text} {provenance(later, knowledge)}"]
    for one in form.indications:
        dates = f" ({days_of(one)})" if days_of(one) else ""
        lines += ["", f"## {one.label}{dates}", "", provenance(one, knowledge), ""]
        lines += _table(((f"{one.id}.{r.id}", r) for r in one.asks), knowledge)
    for title, part in (("Contraindications", "contraindications"), ("To be weighed", "cautions")):
        asks = getattr(form, part)
        if asks:
            lines += ["", f"## {title}", "", *_table(((f"{part}.{r.id}", r) for r in asks), knowledge)]
    if form.documents:
        rows = [(d.id, d.label, days_of(d), provenance(d, knowledge)) for d in form.documents]
        lines += ["", "## Documents", "", *markdown_table(("Rule", "Asked", "Days", "From"), rows)]
    if form.says:
        lines += ["", "## Said beside it", "", *(f"- {s.text} {provenance(s, knowledge)}" for s in form.says)]
    if form.evidence:
        lines += ["", "## Published trials beside it", "", *(f"- `{name}`" for name in form.evidence)]
    lines += ["", "## What this form does not hold", "", *(f"- {sentence}" for sentence in form.not_held)]
    return "\n".join([*lines, "", "## Sources", "", bibliography(sources_of(form), knowledge)]) + "\n"


def published_card(trial: PublishedTrial, knowledge: Knowledge) -> str:
    """One published trial on a card."""
    lines = [f"# {trial.label}", "", f"`{trial.id}` · {trial.year} · {trial.people:,} people", ""]
    lines += [f"- In whom: {trial.population}", f"- How: {trial.design}", f"- Compared with: {trial.compared_with}"]
    lines += [f"- Main comparison: {trial.primary.is_}. {provenance(trial.primary, knowledge)}", ""]
    rows = [(o.what, *arms(o), o.difference or "", provenance(o, knowledge)) for o in trial.outcomes]
    lines += markdown_table(("Outcome", "Treated", "Compared", "Difference", "From"), rows)
    return "\n".join([*lines, "", "## Sources", "", bibliography(sources_of(trial), knowledge)]) + "\n"


def arms(outcome: Outcome) -> tuple[str, str]:
    """The shares of both arms, as they are shown."""
    treated, control = ("" if share is None else f"{share:g} %" for share in (outcome.treated, outcome.control))
    return treated, control


def _table(asks: Iterable[tuple[str, Requirement]], knowledge: Knowledge) -> list[str]:
    rows = [
        (path, f"{one.label}: {ask_rule(one)}", days_of(one), one.settled_by or "", provenance(one, knowledge))
        for path, one in asks
    ]
    return markdown_table(("Rule", "Asked", "Days", "What would settle it", "From"), rows)


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
