"""The definitions' cards and the bibliography of one run, ready for the page. All words are those of `stepwell.knowledge`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stepwell.knowledge.check import parts, sources
from stepwell.knowledge.cited import Cited, Form
from stepwell.knowledge.definition import Definition, fields
from stepwell.knowledge.explain import needs
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.sentences import SEEN, provenance, rule, short_name


@dataclass(frozen=True)
class Asked:
    """One field of a definition: its path, what it asks, and where that is from."""

    path: str
    rule: str
    provenance: str


@dataclass(frozen=True)
class Card:
    """One definition on a card."""

    letter: str
    definition: Definition
    needs: tuple[str, ...]
    groups: tuple[tuple[str, tuple[Asked, ...]], ...]
    n_statements: int
    n_choices: int
    n_recalled: int


@dataclass(frozen=True)
class Entry:
    """One source of the bibliography, with how its values were seen."""

    key: str
    name: str
    text: str
    where: str
    note: str
    seen: tuple[str, ...]
    used_by: tuple[str, ...]


def make_cards(definitions: Iterable[Definition], letters: dict[str, str], knowledge: Knowledge) -> tuple[Card, ...]:
    """A card per definition, in order."""
    return tuple(_card(d, letters[d.name], knowledge) for d in definitions)


def _card(definition: Definition, letter: str, knowledge: Knowledge) -> Card:
    groups = [("Who", _asked(definition.who, "who", knowledge))]
    for number, branch in enumerate(definition.branch, 1):
        several = f" ({number} of {len(definition.branch)} ways; one is enough)" if len(definition.branch) > 1 else ""
        rows = [*_asked(branch.trial, "trial", knowledge), *_asked(branch.failure, "failure", knowledge)]
        alone = [(n, f) for n, f in fields(branch) if isinstance(f, Cited)]
        rows += [Asked(n, rule(n, f), provenance(f, knowledge)) for n, f in alone]
        groups.append((f"What counts{several}", tuple(rows)))
    groups.append(("How trials are built", _asked(definition.trials, "trials", knowledge)))
    cited = [form for _, form in parts(definition) if isinstance(form, Cited)]
    return Card(
        letter,
        definition,
        needs(definition),
        tuple(groups),
        len(cited),
        sum(form.choice is not None for form in cited),
        sum(form.seen == "recalled" for form in cited),
    )


def _asked(form: Form, prefix: str, knowledge: Knowledge) -> tuple[Asked, ...]:
    rows = ((f"{prefix}.{name}", value) for name, value in fields(form))
    return tuple(Asked(path, rule(path, value), provenance(value, knowledge)) for path, value in rows)


def make_bibliography(definitions: Iterable[Definition], knowledge: Knowledge) -> tuple[Entry, ...]:
    """Every source behind a value that this run could have used: its definitions, their doses, the instruments, the
    published ladders. By what it is called."""
    seen: dict[str, set[str]] = {}
    used: dict[str, set[str]] = {}
    for what, form in _used(tuple(definitions), knowledge):
        for _, part in parts(form):
            for key in sources(part):
                used.setdefault(key, set()).add(what)
                if getattr(part, "seen", None):
                    seen.setdefault(key, set()).add(part.seen)
    keys = sorted(used, key=lambda k: (short_name(k, knowledge.references).casefold(), k))
    return tuple(_entry(k, seen.get(k, set()), used[k], knowledge) for k in keys)


def _used(definitions: tuple[Definition, ...], knowledge: Knowledge) -> Iterator[tuple[str, Form]]:
    standards = {d.trials.dose_standard.is_ for d in definitions}
    yield from (("definitions", d) for d in definitions)
    yield from (("doses", m) for m in knowledge.dose_minima if m.standard in standards)
    yield from (("doses at which a drug is no antidepressant", r) for r in knowledge.role_rules)
    yield from (("instruments", part) for i in knowledge.instruments.values() for part in i.judging())
    yield from (("published ladders", ladder) for ladder in knowledge.ladders.values())


def _entry(key: str, seen: set[str], used: set[str], knowledge: Knowledge) -> Entry:
    reference = knowledge.references[key]
    said = [reference.authors, reference.title, reference.published_in, reference.year and str(reference.year)]
    where = f"doi:{reference.doi}" if reference.doi else reference.url or ""
    return Entry(
        key,
        short_name(key, knowledge.references),
        ". ".join(part.rstrip(".") for part in said if part) + ".",
        where,
        reference.note or "",
        tuple(words for mark, words in SEEN.items() if mark in seen),
        tuple(sorted(used)),
    )
