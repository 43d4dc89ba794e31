"""Treatments given in sessions and their regimens, in sentences and on cards."""

from __future__ import annotations

from collections.abc import Iterator

from .check import sources_of
from .cited import Cited
from .definition import fields
from .forms import Knowledge
from .regimen import DoseRule, Indicated, Indication, Missed, OfAge, Phase, PressureAfter, PressureBefore, Regimen
from .sentences import bibliography, markdown_table, provenance
from .treatment import BillingCode, Following, Treatment

_OF_TREATMENT = {
    "alive": lambda f: "on a day of the person's life",
    "given": lambda f: "a record says that it was given that day",
    "possible": lambda f: (
        f"a dose of {f.at_least:g} to {f.at_most:g} mg"
        + (f", a multiple of {f.multiple_of:g} mg" if f.multiple_of else "")
        + "; anything else is read as unknown"
    ),
    "routes": lambda f: f"given by one of these routes: {', '.join(f.any_of)}",
    "dose": lambda f: f"at most {f.at_most:g} mg that day",
    "apart": lambda f: f"no procedure of {' or '.join(f.any_of)} on that day",
    "diagnosed": lambda f: f"a diagnosis of {' or '.join(f.any_of)} in the {f.within} days before or on the day",
    "repeated": lambda f: f"at least {f.at_least} such days within {f.within} days, somewhere in the unbroken series",
    "pause": lambda f: f"more than {f.at_most} days from one session to the next begin a new series",
    "again": lambda f: (
        f"{f.at_least} sessions within {f.within} days that come more than {f.after} days after the first session and at least"
        f" {f.pause} days after the one before begin a re-induction"
    ),
}
_OF_FOLLOWING = {
    "baseline": lambda f: f"the latest score from {f.before} days before the first session to its day",
    "after_end": lambda f: f"scores up to {f.at_most} days after the last session, and before the next series",
    "lost": lambda f: (
        "response is lost with the first later score that is none; within"
        f" {f.relapse_within} days of onset a relapse, later a recurrence"
    ),
    "bridge": lambda f: (
        f"an antidepressant begun from {f.before} days before to {f.after} days after the first session, and still taken"
        f" {f.still} days after the last"
    ),
    "stretches": lambda f: (
        f"medicines in the {f.before} days before the first session and the {f.after} days after the last"
    ),
    "episodes": lambda f: f"episodes begun in the {f.days} days before the first session, and after the last",
}
CRITERION_FIELD = {
    "session.alive": "alive",
    "session.given": "given",
    "session.route": "routes",
    "session.dose": "dose",
    "session.apart": "apart",
    "session.diagnosed": "diagnosed",
    "session.repeated": "repeated",
}
"""The field of a treatment that each criterion of a day's records is of."""


def treatment_rule(name: str, form: Cited) -> str:
    """What a field of a treatment asks, in words."""
    return _OF_TREATMENT[name](form)


def regimen_rule(path: str, form: Cited) -> str:
    """What a rule of a regimen asks, in words."""
    if isinstance(form, Indication):
        until = f" until {form.valid_until}" if form.valid_until else ""
        return f"for {form.label}" + (f", from {form.valid_from}" if form.valid_from else "") + until
    if isinstance(form, Indicated):
        said = [f"{a.instrument} item {' or '.join(a.items)} answered {a.at_least} or more" for a in form.answers]
        shown = " or ".join([f"a diagnosis of {' or '.join(form.any_of)}", *said])
        return f"{shown}, in the {form.within} days before the first session or on its day"
    if isinstance(form, Phase):
        weeks = f"weeks {form.from_week} to {form.until_week}" if form.until_week else f"from week {form.from_week}"
        least = ""
        if form.at_least is not None:
            least = f", at least {form.at_least} in " + (
                "each" if form.every == 7 else f"every {form.every // 7} weeks"
            )
        return f"{form.id}, {weeks}: at most {form.at_most} a week{least}"
    if isinstance(form, DoseRule):
        return f"{form.when}{_ages(form)}: {' or '.join(f'{mg:g} mg' for mg in form.any_of)}"
    if isinstance(form, PressureBefore):
        if form.systolic_at_most is None:
            return f"blood pressure taken before the dose{_ages(form)}"
        return f"blood pressure before the dose{_ages(form)} at most {form.systolic_at_most:g}/{form.diastolic_at_most:g} mmHg"
    if isinstance(form, PressureAfter):
        return f"blood pressure taken {form.first} to {form.last} minutes after the dose"
    if isinstance(form, Missed):
        return f"no session missed. {form.text}"
    return {
        "regimen.observed": lambda f: f"observed for at least {f.at_least} minutes",
        "regimen.pressure_end": lambda f: (
            "blood pressure decreasing at the end: below that after the dose, or no higher than before it"
        ),
        "regimen.oxygen": lambda f: (
            "oxygen saturation taken after the dose" + (f", from {f.valid_from}" if f.valid_from else "")
        ),
        "regimen.sedation": lambda f: f"the last MOAA/S at least {f.at_least:g}",
        "regimen.dissociation": lambda f: f"the last CADSS at most {f.at_most:g}, or what it was before the dose",
        "regimen.form": lambda f: f"the session's form sent within {f.within} days",
    }[path](form)


def _ages(form: OfAge) -> str:
    from_age = f" from {form.age_at_least} years" if form.age_at_least else ""
    return from_age + (f" below {form.age_below} years" if form.age_below else "")


def _code_rule(code: BillingCode) -> str:
    if code.mg_per_unit is not None:
        said = f"{code.mg_per_unit:g} mg a unit"
    else:
        said = f"up to {code.mg_at_most:g} mg" if code.mg_at_most is not None else f"more than {code.mg_above:g} mg"
        said = f"a visit with {said}, the drug included"
    first = f", from {code.valid_from}" if code.valid_from else ""
    return said + first + (f", until {code.valid_until}" if code.valid_until else "")


def treatment_card(treatment: Treatment, knowledge: Knowledge) -> str:
    """One treatment on a card: what in the records is a session of it, what a series is, how it is followed."""
    lines = [f"# {treatment.label}", "", f"`{treatment.id}` · treatment given in sessions · {treatment.status}", ""]
    lines.append(treatment.summary)
    looked = [f"drug `{i}`" for i in treatment.ingredients] + [f"code set `{p}`" for p in treatment.procedures]
    lines += ["", f"**Looked for:** {', '.join(looked)}."]
    rows = [(n, treatment_rule(n, f), provenance(f, knowledge)) for n, f in fields(treatment) if n in _OF_TREATMENT]
    lines += ["", "## What is a session, and what a series", "", *markdown_table(("Rule", "Asked", "From"), rows)]
    if treatment.codes:
        codes = [(c.code, _code_rule(c), provenance(c, knowledge)) for c in treatment.codes]
        lines += ["", "## Billing codes", "", *markdown_table(("Code", "Says", "From"), codes)]
    if treatment.checkpoints:
        days = [(c.label, f"days {c.first} to {c.last}", provenance(c, knowledge)) for c in treatment.checkpoints]
        lines += ["", "## Checkpoints", "", *markdown_table(("", "After the first session", "From"), days)]
    following = knowledge.following
    if following is not None:
        lines += [
            "",
            "## How every series is followed",
            "",
            *markdown_table(("", "", "From"), _following(following, knowledge)),
        ]
    cited = dict.fromkeys((*sources_of(treatment), *(sources_of(following) if following else ())))
    return "\n".join([*lines, "", "## Sources", "", bibliography(cited, knowledge)]).rstrip() + "\n"


def _following(following: Following, knowledge: Knowledge) -> Iterator[tuple[str, str, str]]:
    for name, form in fields(following):
        yield name, _OF_FOLLOWING[name](form), provenance(form, knowledge)


def regimen_card(regimen: Regimen, knowledge: Knowledge) -> str:
    """One regimen on a card: phases, doses, observation, and where each rule is from."""
    by = "label" if regimen.authority == "label" else "practice, no label"
    region = f", {regimen.region}" if regimen.region else ""
    lines = [
        f"# {regimen.title}",
        "",
        f"`{regimen.name}` · regimen of {regimen.treatment} by {by}{region} · {regimen.standing}",
    ]
    lines += ["", regimen.summary]
    rows = [(path, regimen_rule(path, form), provenance(form, knowledge)) for path, form in regimen.rules()]
    lines += ["", "## Asked", "", *markdown_table(("Rule", "Asked", "From"), rows)]
    if regimen.not_held:
        lines += ["", "## What this form does not hold", "", *(f"- {sentence}" for sentence in regimen.not_held)]
    return "\n".join([*lines, "", "## Sources", "", bibliography(sources_of(regimen), knowledge)]) + "\n"
