"""Staging models in sentences, and each on a card."""

from __future__ import annotations

from collections.abc import Iterable

from .check import sources_of
from .cited import Cited
from .forms import Knowledge
from .sentences import bibliography, branch_table, form_table, markdown_table, provenance
from .staging import (
    AddedToEach,
    Augmented,
    DaysGrade,
    Duration,
    FailedTrials,
    Procedure,
    ProcedurePoints,
    Raised,
    Severity,
    Sign,
    Staging,
    TrialsGrade,
    Unrecorded,
)


def staging_card(staging: Staging, knowledge: Knowledge) -> str:
    """One staging model on a card: what a failed trial is, what it makes of them and of the rest, where each value is from."""
    lines = [f"# {staging.title}", "", f"`{staging.name}` · {staging.standing}", "", staging.summary]
    if staging.status == "draft":
        lines += ["", "*Draft: no clinician has reviewed this card yet.*"]
    if staging.rests_on_recall:
        lines += ["", "*Recalled, not verified: something that this model decides by was not seen at any source.*"]
    if not staging.by_default:
        lines += ["", "Used only when it is asked for by its name."]
    heading = "Points" if staging.points else "Stages" if staging.rungs else "Signs"
    rows = [(path, item_rule(item, knowledge), provenance(item, knowledge)) for path, item in staging.items()]
    lines += ["", f"## {heading}", "", *markdown_table(("Rule", "Asked", "From"), rows)]
    if staging.points and staging.points.severity:
        lines += ["", *_severity_notes(staging.points.severity, knowledge)]
    if staging.names:
        named = ", ".join(f"{r.label} from {points(r.at_least)}" for r in staging.names.ranges)
        lines += ["", f"The sum is called {named}. {provenance(staging.names, knowledge)}"]
    lines += ["", "## What a failed trial is", "", *branch_table(staging.failed, knowledge)]
    lines += ["", "## How trials are built", "", *form_table(staging.trials, "trials", knowledge)]
    if staging.not_held:
        lines += ["", "## What this form does not hold", "", *(f"- {sentence}" for sentence in staging.not_held)]
    lines += ["", "## Sources", "", bibliography(sources_of(staging), knowledge)]
    return "\n".join(lines) + "\n"


def item_rule(item: Cited, knowledge: Knowledge) -> str:
    """What one item, stage or sign asks, in words."""
    match item:
        case Duration():
            return f"days that the episode has lasted: {_grades(item.grades)}"
        case Severity():
            scales = "; ".join(_scale(scale, knowledge) for scale in item.scales)
            return f"the band of the latest score: {scales}"
        case FailedTrials():
            return (
                f"failed trials: {_grades(item.grades)}"
                if item.grades
                else f"{points(item.each)} for each failed trial"
            )
        case Raised():
            return f"{points(item.each)} for each failed trial whose dose was raised"
        case AddedToEach():
            return f"{points(item.each)} for each failed trial to which another drug was added"
        case Augmented():
            return f"drugs added to an antidepressant: {_grades(item.grades)}"
        case ProcedurePoints():
            return f"{points(item.points)} for {_procedure(item, knowledge)}"
        case Unrecorded():
            return (
                f"{item.label}: {item.at_least:g} to {points(item.at_most)}; in no record table, unknown for everybody"
            )
        case Sign():
            return f"{item.label}: {' and '.join(_asked(item, knowledge))}"
    raise TypeError(f"no words for {type(item).__name__}")


def points(n: float) -> str:
    """`1 point`, `0.5 points`."""
    return f"{n:g} point" if n == 1 else f"{n:g} points"


def _grades(grades: Iterable[DaysGrade | TrialsGrade]) -> str:
    return ", ".join(f"{points(grade.points)} from {grade.at_least} on" for grade in grades)


def _scale(scale, knowledge: Knowledge) -> str:
    instrument = knowledge.instruments[scale.instrument]
    bands = zip(instrument.bands, scale.points, strict=True)
    return f"{instrument.label} " + ", ".join(f"{band.label} {given:g}" for band, given in bands)


def _severity_notes(severity: Severity, knowledge: Knowledge) -> list[str]:
    window = severity.window
    lines = [
        f"- The score is looked for from {window.before} days before the index day to {window.after} after it."
        f" {provenance(window, knowledge)}"
    ]
    if severity.psychotic:
        sets = " or ".join(severity.psychotic.any_of)
        lines.append(
            f"- Where the score gives {points(severity.psychotic.of)}, a diagnosis of {sets} in the episode makes them"
            f" {severity.psychotic.points:g}. {provenance(severity.psychotic, knowledge)}"
        )
    return lines


def _procedure(asked: Procedure, knowledge: Knowledge) -> str:
    sets = " or ".join(
        knowledge.codesets[name].label.lower() if name in knowledge.codesets else name for name in asked.any_of
    )
    return f"{sets} in the episode" if asked.counts == "given" else f"{sets} that failed"


def _asked(sign: Sign, knowledge: Knowledge) -> Iterable[str]:
    if sign.failed:
        yield f"at least {sign.failed} failed {'trial' if sign.failed == 1 else 'trials'}"
    if sign.classes:
        yield f"of at least {sign.classes} classes"
    yield from (f"a failed trial of the class {name}" for name in sign.of_class)
    if sign.span:
        yield f"at least {sign.span} days from the first day of the first to the last day of the last"
    if sign.augmented:
        yield f"at least {sign.augmented} added {'drug' if sign.augmented == 1 else 'drugs'}"
    if sign.intolerant:
        yield f"at least {sign.intolerant} stopped for intolerance"
    if sign.duration:
        yield f"the episode has lasted at least {sign.duration} days"
    if sign.ect:
        yield _procedure(sign.ect, knowledge)
    if sign.diagnosis:
        yield "a diagnosis of " + " or ".join(sign.diagnosis)
    if sign.score:
        limits = " or ".join(f"{least:g} points of {name}" for name, least in sign.score.limits.items())
        yield f"latest score at least {limits}"
    if sign.unrecorded:
        yield "in no record table, unknown for everybody"
