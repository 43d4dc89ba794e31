"""Cards that a clinician reads: a definition, a dose table, a staging model, an instrument, a code set, a ladder. All Markdown,
all generated."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import NamedTuple

from ..errors import Problem, QuestionError
from .candidacy_card import candidacy_card, published_card, standing_of
from .check import parts, sources, sources_of
from .cited import Cited, Form
from .definition import AsCode, Definition
from .fill import closest
from .forms import Codeset, Knowledge, PublishedLadder
from .instrument_card import crosswalk_card, instrument_card
from .plasma_card import plasma_card
from .quality_card import quality_card, standing
from .sentences import (
    SEEN,
    bibliography,
    branch_table,
    form_table,
    markdown_table,
    provenance,
    rule,
    short_name,
)
from .staging_card import staging_card
from .treatment_card import regimen_card, treatment_card

__all__ = [
    "bibliography",
    "candidacy_card",
    "card",
    "codeset_card",
    "crosswalk_card",
    "dose_table",
    "entries",
    "find",
    "instrument_card",
    "ladder_card",
    "listing",
    "needs",
    "plasma_card",
    "provenance",
    "published_card",
    "quality_card",
    "regimen_card",
    "rule",
    "short_name",
    "show",
    "sources_of",
    "staging_card",
    "treatment_card",
]


def needs(definition: Definition) -> tuple[str, ...]:
    """What records must hold for anybody to meet the definition, in words."""
    asked = ["prescriptions, fills or administrations"]
    if definition.who.diagnosis or definition.who.never:
        asked.append("diagnoses")
    if definition.who.age:
        asked.append("year of birth")
    if any(branch.within.before for branch in definition.branch):
        asked.append("procedures")
    if any(branch.trial.min_dose for branch in definition.branch):
        asked.append("doses")
    if definition.needs_scores():
        asked.append("questionnaire scores")
    return tuple(asked)


def card(definition: Definition, knowledge: Knowledge) -> str:
    """One definition on a card: whom it is about, what a failed trial is, how many, and where each value is from."""
    cited = [form for _, form in parts(definition) if isinstance(form, Cited)]
    chosen = sum(form.choice is not None for form in cited)
    recalled = sum(form.seen == "recalled" for form in cited)
    lines = [
        f"# {definition.title}",
        "",
        f"`{definition.name}` · {definition.standing} · {len(cited)} statements, of them {chosen} choices"
        f" and {recalled} recalled without being verified",
        "",
        definition.summary,
        "",
        f"**Needs:** {', '.join(needs(definition))}.",
    ]
    if definition.status == "draft":
        lines += ["", "*Draft: no clinician has reviewed this card yet.*"]
    if definition.rests_on_recall:
        lines += ["", "*Recalled, not verified: something that this definition decides by was not seen at any source.*"]
    if definition.as_code:
        lines += ["", *_as_code(definition.as_code, knowledge)]
    followed = [d.id for d in knowledge.definitions.values() if d.as_code and d.as_code.of == definition.id]
    if followed:
        lines += ["", f"**As the code does it:** {', '.join(f'`{name}`' for name in followed)}."]
    if definition.policy:
        policy = definition.policy
        first, last = (day or "a day that the copy does not say" for day in (policy.valid_from, policy.valid_until))
        lines += [
            "",
            f"**A policy of {policy.payer}**, valid from {first} until {last}. {provenance(policy, knowledge)}",
        ]
    lines += ["", "## Who", "", *form_table(definition.who, "who", knowledge)]
    for number, branch in enumerate(definition.branch, 1):
        several = f" ({number} of {len(definition.branch)} ways; one is enough)" if len(definition.branch) > 1 else ""
        lines += ["", f"## What counts{several}", "", *branch_table(branch, knowledge)]
    lines += ["", "## How trials are built", "", *form_table(definition.trials, "trials", knowledge)]
    if definition.not_held:
        lines += ["", "## What this form does not hold", "", *(f"- {sentence}" for sentence in definition.not_held)]
    if definition.published:
        lines += ["", "## Published with this definition", ""]
        for result in definition.published:
            share = f"{result.share:g} %" if result.share is not None else ""
            people = f"{result.n:,}" if result.n is not None else ""
            whole = f"of {result.of:,}" if result.of is not None else ""
            numbers = ", ".join(part for part in (share, f"{people} {whole}".strip()) if part)
            lines.append(f"- {numbers}: {result.setting}. {provenance(result, knowledge)}")
    lines += ["", "## Sources", "", bibliography(sources_of(definition), knowledge)]
    return "\n".join(lines) + "\n"


def _as_code(as_code: AsCode, knowledge: Knowledge) -> list[str]:
    """How the form of a program stands to the definition as it is said."""
    return [
        f"**As the code does it**, beside `{as_code.of}`, which says it in words. {provenance(as_code, knowledge)}",
        "",
        "A program knows no unknown: what it does not find it reads as not so, and so does this form. What the code does and the"
        " words do not say:",
        "",
        *(f"- {sentence}" for sentence in as_code.does),
    ]


def dose_table(knowledge: Knowledge) -> str:
    """Minimum adequate doses of every drug by every standard, side by side; empty is unknown."""
    minima = {(row.ingredient, row.standard): row for row in knowledge.dose_minima}
    standards = sorted(knowledge.dose_standards)
    rows = []
    for name, drug in sorted(
        knowledge.ingredients.items(), key=lambda item: (item[1].role, item[1].drug_class, item[0])
    ):
        given = [minima.get((name, standard)) for standard in standards]
        doses = ["" if row is None else f"{row.min_mg_per_day:g}{_mark(row)}" for row in given]
        if any(doses):
            rows.append((drug.label, drug.role, drug.drug_class, *doses))
    labels = [knowledge.dose_standards[standard].label for standard in standards]
    lines = ["# Minimum adequate doses, mg/day", "", *markdown_table(("Drug", "Role", "Class", *labels), rows), ""]
    lines += [
        f"- **{knowledge.dose_standards[s].label}** (`{s}`): {knowledge.dose_standards[s].summary}" for s in standards
    ]
    lines += ["", "`?` recalled, not verified; `*` a choice of stepwell, with its reason in `dose_standard.csv`."]
    lines += ["", "A drug without a minimum is never called inadequate: whether its dose was adequate stays unknown."]
    lines += ["", "## Low doses that are no antidepressant use", ""]
    low = [
        (knowledge.ingredients[r.ingredient].label, f"{r.at_most_mg_per_day:g}", r.use, provenance(r, knowledge))
        for r in knowledge.role_rules
    ]
    lines += markdown_table(("Drug", "At most, mg/day", "Usually for", "From"), low)
    lines += ["", "## Forms that decide the use", ""]
    forms = [
        (
            knowledge.ingredients[form.ingredient].label,
            ", ".join(form.words),
            ", ".join(form.routes),
            form.labelled_use or "depression, in this form only",
            provenance(form, knowledge),
        )
        for form in knowledge.product_forms
    ]
    lines += markdown_table(("Drug", "Words of the name", "Route", "Use", "From"), forms)
    keys = [s for r in (*knowledge.dose_minima, *knowledge.role_rules, *knowledge.product_forms) for s in sources(r)]
    if knowledge.drug_records is not None:
        limit = knowledge.drug_records.unidentified
        lines += ["", "## Unidentified drugs", ""]
        lines += [
            f"Where more than {limit.at_most:g} % of a source's drug rows are of drugs that nobody could identify, that a drug "
            f"is not found says nothing for anybody in it. {provenance(limit, knowledge)}"
        ]
        dispensed = knowledge.drug_records.dispensed
        lines += ["", "## Orders and fills", ""]
        lines += [
            f"An order that states no end may be dispensed for {dispensed.within} days. An order that was never dispensed is "
            f"known not to be filled only where a fill of the person lies at most {dispensed.within} days before or after it. "
            f"{provenance(dispensed, knowledge)}"
        ]
        keys += [*sources(limit), *sources(dispensed)]
    return "\n".join([*lines, "", "## Sources", "", bibliography(keys, knowledge)]) + "\n"


def _mark(form: Cited) -> str:
    return "*" if form.choice is not None else "?" if form.seen == "recalled" else ""


def codeset_card(codeset: Codeset, knowledge: Knowledge) -> str:
    """One code set on a card: its scope and every code with its source."""
    rows = [
        (code.vocabulary, code.code, code.match, code.label, side, provenance(code, knowledge))
        for side, codes in (("in", codeset.codes), ("out", codeset.excluded))
        for code in codes
    ]
    lines = [f"# {codeset.label}", "", f"`{codeset.id}` · {codeset.kind} · {codeset.status}", "", codeset.scope, ""]
    lines += [provenance(codeset, knowledge), ""]
    if codeset.partial:
        names = ", ".join(codeset.partial)
        lines += [f"Only some codes of {names} are listed: that none of them is recorded says nothing.", ""]
    if codeset.without:
        names = ", ".join(codeset.without)
        lines += [f"{names}: no code of it in the source, so rows written in it are not in the set.", ""]
    if codeset.among_observations:
        lines += ["OMOP keeps some of it among the observations: one that nobody could identify may be of the set.", ""]
    lines += markdown_table(("Vocabulary", "Code", "Match", "About (stepwell's words)", "In or out", "From"), rows)
    return "\n".join([*lines, "", "## Sources", "", bibliography(sources_of(codeset), knowledge)]) + "\n"


def ladder_card(ladder: PublishedLadder, knowledge: Knowledge) -> str:
    """One published ladder on a card: who entered each step and who remitted on it."""
    rows = [
        (
            str(n),
            f"{step.entered:,}",
            provenance(step.entered_from, knowledge),
            f"{step.remitted:g} %",
            provenance(step.remitted_from, knowledge),
        )
        for n, step in enumerate(ladder.steps, 1)
    ]
    lines = [f"# {ladder.label}", "", f"`{ladder.id}` · remission: {ladder.remission}", ""]
    lines += markdown_table(("Step", "Entered", "From", "Remitted", "From"), rows)
    lines += ["", *(f"- {remark.text} {provenance(remark, knowledge)}" for remark in ladder.remarks)]
    return "\n".join([*lines, "", "## Sources", "", bibliography(sources_of(ladder), knowledge)]) + "\n"


class ListedEntry(NamedTuple):
    """One thing that `show` can show."""

    kind: str
    id: str
    title: str
    standing: str | None = None


def entries(knowledge: Knowledge) -> list[ListedEntry]:
    """Everything that `show` can show, kind by kind."""
    k = knowledge
    listed = [ListedEntry("Definitions", d.id, d.title, d.standing) for d in k.definitions.values()]
    listed += [ListedEntry("Staging", s.id, s.title, s.standing) for s in k.stagings.values()]
    listed += [ListedEntry("Quality measures", q.id, q.title, standing(q)) for q in k.quality.values()]
    listed += [ListedEntry("Candidacy", c.id, c.title, standing_of(c)) for c in k.candidacies.values()]
    listed += [ListedEntry("Published trials", p.id, f"{p.label}, {p.year}") for p in k.published.values()]
    listed += [ListedEntry("Treatments given in sessions", t.id, t.label) for t in k.treatments.values()]
    listed += [ListedEntry("Regimens", r.id, r.title, r.standing) for r in k.regimens.values()]
    listed += [ListedEntry("Curves in plasma", p.id, p.label) for p in k.plasma.values()]
    listed += [ListedEntry("Instruments", i.id, f"{i.label}: {i.about}") for i in k.all_instruments.values()]
    listed += [ListedEntry("Crosswalks", c.id, c.label) for c in k.crosswalks.values()]
    listed += [ListedEntry("Code sets", c.id, c.label) for c in k.codesets.values()]
    listed += [ListedEntry("Ladders", ladder.id, ladder.label) for ladder in k.ladders.values()]
    return [*listed, ListedEntry("Doses", "doses", f"Minimum adequate doses of {len(k.ingredients)} drugs")]


def listing(knowledge: Knowledge) -> str:
    """The same, one a line."""
    lines: list[str] = []
    for kind, group in groupby(entries(knowledge), key=lambda entry: entry.kind):
        lines.append(kind)
        lines += [f"  {e.id:<24} {e.title}" + (f" ({e.standing})" if e.standing else "") for e in group]
    lines += ["", "How a value was seen: " + "; ".join(SEEN.values()) + "."]
    return "\n".join(lines) + "\n"


def show(name: str, knowledge: Knowledge) -> str:
    """The card of that name: what `find` finds, or `doses`. Raises QuestionError where there is none."""
    if name == "doses":
        return dose_table(knowledge)
    return "\n".join(make(form, knowledge) for _, form, make in find(name, knowledge))


def find(name: str, knowledge: Knowledge) -> list[tuple[str, Form, Callable[[Form, Knowledge], str]]]:
    """The form of that name, with its kind and what makes its card: a definition (with or without its version), a staging model,
    a quality measure, a treatment given in sessions, a regimen, a curve in plasma, an instrument, a crosswalk, a code set, a
    ladder. Where a treatment and a code set share a name (`ect`), the treatment first, and the code set after it.

    Raises QuestionError where there is none.
    """
    kinds = (
        ("definition", knowledge.definitions, card),
        ("staging", knowledge.stagings, staging_card),
        ("quality measure", knowledge.quality, quality_card),
        ("candidacy", knowledge.candidacies, candidacy_card),
        ("published trial", knowledge.published, published_card),
        ("treatment", knowledge.treatments, treatment_card),
        ("regimen", knowledge.regimens, regimen_card),
        ("curve in plasma", knowledge.plasma, plasma_card),
        ("instrument", knowledge.all_instruments, instrument_card),
        ("crosswalk", knowledge.crosswalks, crosswalk_card),
        ("code set", knowledge.codesets, codeset_card),
        ("ladder", knowledge.ladders, ladder_card),
    )
    for kind, forms, make in kinds:
        for form in forms.values():
            if name in (form.id, getattr(form, "name", form.id)):
                both = forms is knowledge.treatments and name in knowledge.codesets
                codes = [("code set", knowledge.codesets[name], codeset_card)] if both else []
                return [(kind, form, make), *codes]
    known = ["doses", *(known for _, forms, _ in kinds for known in forms)]
    meant = closest(name, known)
    remedy = f"did you mean `{meant}`?" if meant else "see `stepwell knowledge list`"
    raise QuestionError(f"there is no card {name!r}", [Problem("knowledge", f"no card {name!r}", "", remedy)])
