"""Quality measures in sentences, and each on a card."""

from __future__ import annotations

from functools import partial

from .check import parts, sources_of
from .cited import Cited
from .definition import fields
from .forms import Knowledge
from .quality import FollowUp, QualityMeasure
from .sentences import bibliography, markdown_table, provenance, rule

_RULES = {
    "start.score": lambda f: f"the first {f.instrument} above {f.above:g} points that has the diagnosis beside it",
    "start.diagnosis": lambda f: (
        f"a diagnosis of {' or '.join(f.any_of)} on any day before that score, on its day, or at most"
        f" {f.at_most_after} days after it"
    ),
    "start.treatment": lambda f: (
        f"the first antidepressant after at least {f.after_none_for} observed days without one, with a diagnosis of"
        f" {' or '.join(f.diagnosis)} at most {f.diagnosed_within} days before or after it"
    ),
    "follow_up": lambda f: f"the latest score {window_words(f)}",
    "remission": lambda f: f"below {f.below:g} points",
    "response": lambda f: f"better by at least {f.at_least:g} %",
    "covered": lambda f: f"an antidepressant at hand on at least {f.at_least} of the first {f.of} days",
    **{
        f"excluded.{name}": partial(lambda name, f: f"left out: {excluded_words(name, f)}", name)
        for name in ("diagnosis", "care", "death")
    },
}


def window_words(form: FollowUp) -> str:
    """The window in which a score decides, in words."""
    if form.months is None:
        return f"from day {form.first} to day {form.last} after the first"
    return f"{form.months} months after the first, {form.either_way} days either way"


def excluded_words(name: str, form: Cited) -> str:
    """What leaves people out of a measure, in words."""
    if name == "death":
        return "death up to the last day of the window"
    if name == "diagnosis":
        return f"a diagnosis of {' or '.join(form.any_of)} on any day up to the last day of the window"
    since = f"{form.since_before} months before the start" if form.since_before else "the start"
    return f"{' or '.join(form.any_of)} between {since} and the last day of the window"


def outcome(measure: QualityMeasure) -> tuple[str, Cited]:
    """What is to be reached: the path of the field, and the field."""
    return next((name, f) for name in ("remission", "response", "covered") if (f := getattr(measure, name)) is not None)


def asked(path: str, form: Cited) -> str:
    """What one field of a measure asks, in words."""
    return _RULES[path](form) if path in _RULES else rule(path, form)


def recalled(measure: QualityMeasure) -> bool:
    """Whether anything of it is only recalled, and not verified at the source."""
    return any(getattr(form, "seen", None) == "recalled" for _, form in parts(measure))


def standing(measure: QualityMeasure) -> str:
    """The status in words, as every output says it."""
    return f"{measure.status}, recalled, not verified" if recalled(measure) else measure.status


def quality_card(measure: QualityMeasure, knowledge: Knowledge) -> str:
    """One measure on a card: who is in it, from which day, what is to be reached, and where each value is from."""
    lines = [f"# {measure.title}", "", f"`{measure.name}` · quality measure · {standing(measure)}", "", measure.summary]
    if measure.status == "draft":
        lines += ["", "*Draft: no clinician has reviewed this card yet.*"]
    if recalled(measure):
        lines += ["", "*Recalled, not verified: something that this measure asks was not seen at any source.*"]
    rows = [(f"who.{name}", field) for name, field in fields(measure.who)]
    rows += [(f"start.{name}", field) for name, field in fields(measure.start)]
    rows += [("follow_up", measure.follow_up)] if measure.follow_up else []
    rows.append(outcome(measure))
    rows += [(f"excluded.{name}", field) for name, field in fields(measure.excluded)]
    told = [(path, asked(path, field), provenance(field, knowledge)) for path, field in rows]
    lines += ["", "## Asked", "", *markdown_table(("Rule", "Asked", "From"), told)]
    lines += ["", "## What this form does not hold", "", *(f"- {sentence}" for sentence in measure.not_held)]
    return "\n".join([*lines, "", "## Sources", "", bibliography(sources_of(measure), knowledge)]) + "\n"
