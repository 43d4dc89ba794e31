"""Knowledge in sentences: what a criterion asks and where its value is from. Every card, report and line of evidence takes its
words from here, so that nothing is written twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .cited import Cited, Form
from .definition import Branch, fields
from .forms import Knowledge, Reference

SEEN = {
    "full-text": "full text",
    "abstract": "abstract",
    "secondary": "seen in a copy",
    "recalled": "recalled, not verified",
}
_WHEN = {"ever": "at any time", "before": "up to that day"}
_UNSCORED = {"always": "", "unscored": ", where no score says how it went"}
_TO = {"another drug": "another antidepressant", "another class": "an antidepressant of another class"}
_DATED = {
    "trial start": "its first day",
    "trial end": "its last day",
    "next treatment start": "the first day of the next treatment",
    "next prescription": "the day of the prescription after its last",
}
_DISTINCT = {"ingredient": "different drugs", "class": "drugs of different classes", "course": "courses"}
_ROLE = {
    "antidepressant": "an antidepressant",
    "antipsychotic": "an antipsychotic",
    "augmentation": "an augmentation agent",
}


_BASIS = {
    "supply": "a course lasts as long as its supply",
    "prescriptions": "a course lasts from its first prescription to its last",
    "eras": "a course is a drug era: to the latest end of its supplies, which no later supply shortens",
}
_EVIDENCE = {
    "prescribed": "an order that was never dispensed is read as taken",
    "supplied": "only what was dispensed, given or reported as taken makes a trial; an order alone makes none",
}


def _days(n: int) -> str:
    return f"{n} day" if n == 1 else f"{n} days"


def _sets(ids: Iterable[str]) -> str:
    return " or ".join(ids)


def _stretch(form) -> str:
    if form.is_ is not None:
        return {"episode": "in one episode", "ever": "at any time"}[form.is_]
    if form.after:
        return f"within {_days(form.days)}, counted from the day of the {form.after}"
    return f"within {_days(form.days)}" + (f" before {_sets(form.before)}, up to that day" if form.before else "")


def _age(form) -> str:
    if form.at_most is None:
        return f"{form.at_least} years or older"
    return (
        f"at most {form.at_most} years old" if form.at_least is None else f"{form.at_least} to {form.at_most} years old"
    )


def _still_ill(form) -> str:
    return "endpoint still at least " + " or ".join(f"{least:g} points of {i}" for i, least in form.limits.items())


def _records(n: int) -> str:
    return f"{n} record" if n == 1 else f"{n} records"


def _min_duration(form) -> str:
    said = f"at least {_days(form.at_least)}"
    if form.single_until_next is None:
        return said
    longest = _days(form.single_until_next)
    return (
        f"{said}; a single prescription lasts to the next of another antidepressant, if that is at most {longest} later"
    )


def _recent(form) -> str:
    number = f"{form.at_least} drug" if form.at_least == 1 else f"{form.at_least} different drugs"
    before = "" if form.begun_before is None else f", {form.begun_before} of them begun before that day,"
    span = f"in the {_days(form.within)} up to its first day{before}"
    return f"at least {number} of {len(form.any_of)} listed taken {span} in one observation period"


def _switched(form) -> str:
    if form.by == "next prescription":
        said = f"the next prescription, of another antidepressant, on a later day at most {_days(form.within)} after its last"
    else:
        said = f"{_TO[form.to]} begun at most {_days(form.within)} after its end"
    return said + _UNSCORED[form.when]


def _improvement(form) -> str:
    return f"improved by {'at most' if form.below is None else 'less than'} {form.limit:g} %"


_RULES: dict[str, Callable[[Cited], str]] = {
    "who.age": _age,
    "who.diagnosis": lambda f: (
        f"a diagnosis of {_sets(f.any_of)} "
        + (f"on at least {_days(f.at_least)}, " if f.counted == "days" else f"in at least {_records(f.at_least)}, ")
        + (_WHEN[f.when] if f.within is None else f"in the {_days(f.within)} before that day or on it")
    ),
    "who.never": lambda f: (
        f"no diagnosis of {_sets(f.any_of)}, {_WHEN[f.when]}"
        + (", in the observation period that holds it" if f.in_one_period else "")
    ),
    "who.washout": lambda f: (
        f"observed for at least {_days(f.at_least)} without an antidepressant before the first one"
    ),
    "trial.role": lambda f: " or ".join(_ROLE[role] for role in f.roles),
    "trial.drug": lambda f: "one of " + ", ".join(f.any_of or f.of_class),
    "trial.min_supplies": lambda f: f"supplied at least {'once' if f.at_least == 1 else f'{f.at_least} times'}",
    "trial.still_ill": _still_ill,
    "trial.use": lambda f: "at an antidepressant's dose" if f.is_ == "antidepressant dose" else "at any dose",
    "trial.min_duration": _min_duration,
    "trial.min_dose": lambda f: f"at least {_days(f.at_least)} at or above the minimum dose",
    "trial.preceded_by": lambda f: f"beside {_ROLE[f.role]}, or at most {_days(f.within)} after one",
    "trial.recent": _recent,
    "trial.diagnosed": lambda f: (
        f"a diagnosis of {_sets(f.any_of)} in the {_days(f.within)} before its first day or on it, in one observation period"
    ),
    "failure.improvement": _improvement,
    "failure.not_remitted": lambda f: "not in remission at the end",
    "failure.intolerant": lambda f: "stopped for intolerance",
    "failure.switched": _switched,
    "failure.added_to": lambda f: f"another drug added to it{_UNSCORED[f.when]}",
    "failure.taken": lambda f: "having taken it is enough; whether it helped is not asked",
    "count": lambda f: (
        f"at least {f.at_least} such {'trial' if f.at_least == 1 else 'trials'}, of {_DISTINCT[f.distinct]}"
    ),
    "taken": lambda f: (
        f"at least {f.at_least} {_DISTINCT[f.distinct]} taken, failed or not"
        + (", before that day or after it" if f.when == "ever" else "")
    ),
    "added": lambda f: (
        f"at least {f.at_least} other {'drug' if f.at_least == 1 else 'drugs'} added to an antidepressant for at least"
        f" {_days(f.for_)}, whether that helped or not"
    ),
    "within": _stretch,
    "dated": lambda f: f"a trial counts on {_DATED[f.at]}",
    "trials.basis": lambda f: _BASIS[f.is_],
    "trials.medication_evidence": lambda f: _EVIDENCE[f.is_],
    "trials.max_gap": lambda f: f"a gap of at most {_days(f.at_most)} does not end a course",
    "trials.unknown_supply": lambda f: f"a supply of unknown length bridges at most {_days(f.at_most)}",
    "trials.cross_taper": lambda f: f"an overlap of at most {_days(f.at_most)} is a switch, a longer one a combination",
    "trials.episode_gap": lambda f: f"a pause of more than {_days(f.at_most)} begins a new episode",
    "trials.dose_standard": lambda f: f"minimum doses by {f.is_}",
    "trials.baseline": lambda f: f"last score from {_days(f.before)} before to {_days(f.after)} after the first day",
    "trials.endpoint": lambda f: (
        f"last score from {_days(f.after_start)} after the first day to {_days(f.after_end)} after the last"
    ),
}


def rule(path: str, form: Cited) -> str:
    """What one field of a definition asks, in words: `rule("trial.min_duration", form)` is "at least 28 days".

    `path` is a criterion of `stepwell.knowledge.definition.CRITERIA`, `within`, `dated`, or `trials.` with a field of it.
    """
    return _RULES[path](form)


def provenance(form: Form, knowledge: Knowledge) -> str:
    """Where a value is from: "[Sforzini 2022, Table 1; full text]", or "choice: " and the reason."""
    if getattr(form, "choice", None) is not None:
        return f"choice: {form.choice}"
    names = " and ".join(short_name(key.strip(), knowledge.references) for key in form.source.split(";"))
    return f"[{names}, {form.locator}; {SEEN[form.seen]}]"


def short_name(key: str, references: dict[str, Reference]) -> str:
    """What a source is called in a sentence: first author and year, or the name it goes by."""
    reference = references[key]
    if reference.short:
        return reference.short
    if reference.authors is None:
        return reference.title
    first = reference.authors.split(",")[0]
    surname = first.rsplit(" ", 1)[0] if first.rsplit(" ", 1)[-1].isupper() else first
    return f"{surname} {reference.year}" if reference.year else surname


def markdown_table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """The lines of a Markdown table."""
    header = list(header)
    cells = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *cells)]


def form_table(form: Form, prefix: str, knowledge: Knowledge) -> list[str]:
    """What the filled-in fields of a form ask, and where each is from."""
    rows = [(name, rule(f"{prefix}.{name}", value), provenance(value, knowledge)) for name, value in fields(form)]
    return markdown_table(("Rule", "Asked", "From"), rows) if rows else ["Nothing is asked."]


def branch_table(branch: Branch, knowledge: Knowledge) -> list[str]:
    """What makes a trial count, and how many must."""
    named = [(f"trial.{name}", value) for name, value in fields(branch.trial)]
    named += [(f"failure.{name}", value) for name, value in fields(branch.failure)]
    named += [(name, value) for name, value in fields(branch) if isinstance(value, Cited)]
    return markdown_table(
        ("Rule", "Asked", "From"), [(path, rule(path, f), provenance(f, knowledge)) for path, f in named]
    )


def bibliography(keys: Iterable[str], knowledge: Knowledge) -> str:
    """The sources named, in full, as a Markdown list ordered by what they are called."""
    lines = []
    for key in sorted(set(keys), key=lambda k: (short_name(k, knowledge.references).casefold(), k)):
        reference = knowledge.references[key]
        parts = [reference.authors, reference.title, reference.published_in, reference.year and str(reference.year)]
        text = ". ".join(part.rstrip(".") for part in parts if part) + "."
        where = f" doi:{reference.doi}." if reference.doi else f" {reference.url}" if reference.url else ""
        note = f" *{reference.note}*" if reference.note else ""
        lines.append(f"- **{short_name(key, knowledge.references)}.** {text}{where}{note}")
    return "\n".join(lines)
