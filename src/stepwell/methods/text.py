"""The methods section in Markdown: paragraphs with citations (`[@key]`, as pandoc and Quarto read them), the diagram in words,
the table of choices, and the sources in full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stepwell.knowledge.check import sources, sources_of
from stepwell.knowledge.definition import Branch, Definition, fields
from stepwell.knowledge.sentences import bibliography, markdown_table, rule
from stepwell.report.proportion import LEVEL
from stepwell.result import Result

from .attrition import Attrition, sentences
from .bibtex import SOFTWARE
from .choices import TO_BE_STATED, Choice
from .used import deciding, found_drugs, used_building, used_instruments, used_minima, used_sources


def methods_text(
    result: Result,
    definitions: Sequence[Definition],
    attrition: Attrition,
    choices: Sequence[Choice],
    suppress_below: int,
) -> str:
    """The whole page. Rows that are left to the authors come first, so that nobody overlooks them."""
    open_rows = [c for c in choices if c.stated.startswith(TO_BE_STATED)]
    lines = [
        "# Methods",
        "",
        "A draft, made by `stepwell methods` from one run. Citations are those of `references.bib`. Read it against the "
        "table below, and add what only the authors know.",
        "",
        "## To be stated by the authors",
        "",
        *(f"- **{c.subject}:** {c.stated.removeprefix(TO_BE_STATED).lstrip(': ')}" for c in open_rows),
        "",
        "## Draft of the methods section",
        "",
        *_paragraphs(result, definitions, suppress_below),
        "## Attrition",
        "",
        "![Attrition diagram, told in the sentences below](attrition.svg)",
        "",
        *(f"- {sentence}" for sentence in sentences(attrition)),
        "",
        "## Choices",
        "",
        "Each row names the items of RECORD, RECORD-PE, STROBE and HARPER that ask for it, where stepwell knows them.",
        "",
        *_table(choices),
        "",
        "## Sources",
        "",
        bibliography(used_sources(result, definitions), result.knowledge),
    ]
    return "\n".join(lines) + "\n"


def _table(choices: Sequence[Choice]) -> list[str]:
    rows = [(c.subject, c.applies_to, c.stated, c.source, c.items) for c in choices]
    return markdown_table(("Subject", "Applies to", "Stated", "From", "Asked by"), rows)


def _cited(keys: Iterable[str]) -> str:
    """` [@a; @b]`, or nothing."""
    keys = list(dict.fromkeys(keys))
    return f" [{'; '.join(f'@{key}' for key in keys)}]" if keys else ""


def _paragraphs(result: Result, definitions: Sequence[Definition], suppress_below: int) -> list[str]:
    lines = [_data(result), ""]
    for definition in definitions:
        lines += [_definition(definition, result), ""]
    if not definitions:
        lines += [
            "These records cannot answer any definition of treatment-resistant depression; nobody was judged.",
            "",
        ]
    lines += [_scores(result, definitions), ""] if used_instruments(result, definitions) else []
    if result.stagings:
        named = [f"{s.title} (`{s.name}`{_cited(sources_of(s))})" for s in result.stagings]
        lines += [f"People were also staged by {_listed(named)}.", ""]
    small = f" Counts from 1 to {suppress_below - 1} are not shown." if suppress_below > 1 else ""
    lines += [
        "Every criterion is met, not met or unknown. What the records cannot decide is unknown; missing data are not read as not "
        f"met, and nothing is imputed. Intervals of shares in the report are Wilson's at {LEVEL:.0%}.{small}",
        "",
    ]
    return lines


def _data(result: Result) -> str:
    drugs = found_drugs(result)
    by_role = {role: [d.label for d in drugs if d.role == role] for role in dict.fromkeys(d.role for d in drugs)}
    said = f"The records were read and judged with stepwell {result.manifest['stepwell']} [@{SOFTWARE}]."
    if drugs:
        kinds = "; ".join(f"{role}: {', '.join(labels)}" for role, labels in by_role.items())
        said += f" Of the drugs that it looks for, the records hold {kinds}."
    else:
        said += " Of the drugs that it looks for, the records hold none."
    return said


def _definition(definition: Definition, result: Result) -> str:
    """One definition in words, in the order in which it is judged."""
    statements = list(deciding(definition))
    cited = _cited(source for form in statements for source in sources(form))
    said = [f"**{definition.title}** (`{definition.name}`, {definition.standing}){cited}. {definition.summary}"]
    who = [rule(f"who.{name}", form) for name, form in fields(definition.who)]
    if who:
        said.append(f"People: {'; '.join(who)}.")
    n = len(definition.branch)
    for number, branch in enumerate(definition.branch, 1):
        said.append((f"Way {number} of {n}: " if n > 1 else "") + _branch(branch))
    said.append(
        f"How trials are built: {'; '.join(rule(f'trials.{name}', form) for name, form in used_building(definition))}."
    )
    if minima := used_minima(result, definition):
        said.append(f"Minimum doses were taken from{_cited(s for m in minima for s in sources(m))}.")
    chosen = sum(form.choice is not None for form in statements)
    recalled = sum(form.seen == "recalled" for form in statements)
    said.append(
        f"Of {len(statements)} statements, {chosen} are choices made for this form; the table gives the reasons"
        + (f", and {recalled} are recalled and not verified." if recalled else ".")
    )
    if definition.not_held:
        said.append(f"Not in this form: {' '.join(definition.not_held)}")
    return " ".join(said)


def _branch(branch: Branch) -> str:
    trial = "; ".join(rule(f"trial.{name}", form) for name, form in fields(branch.trial))
    failed = "; or ".join(rule(f"failure.{name}", form) for name, form in fields(branch.failure))
    needed = [rule(name, getattr(branch, name)) for name in ("count", "taken", "added") if getattr(branch, name)]
    return (
        f"Trials that count: {trial}. Failed: {failed}. Needed: {'; and '.join(needed)}, "
        f"{rule('within', branch.within)}; {rule('dated', branch.dated)}."
    )


def _scores(result: Result, definitions: Sequence[Definition]) -> str:
    used = used_instruments(result, definitions)
    named = [f"{i.label}{_cited(s for form in i.judging() for s in sources(form))}" for i in used]
    return f"Scores of these instruments were read: {_listed(named)}."


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
