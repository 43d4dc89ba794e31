"""The table of choices: what was done, by subject, with the source of each choice and the items of guidelines that ask for it.

What neither a definition's form nor the run can say is left to the authors, by name; nothing is guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from stepwell.knowledge.cited import Cited
from stepwell.knowledge.definition import Definition, fields
from stepwell.knowledge.forms import Codeset
from stepwell.knowledge.incomplete_words import say_source_incomplete
from stepwell.knowledge.sentences import provenance, rule
from stepwell.result import Result
from stepwell.version import __version__

from .attrition import Attrition, sentences
from .used import used_building, used_codesets, used_instruments, used_minima

TO_BE_STATED = "to be stated by the authors"
ALL = "all"
"""Applies to everything that was run."""


@dataclass(frozen=True)
class Choice:
    """One row of the table."""

    subject: str
    """What it is about, as `reporting.yaml` labels it."""
    applies_to: str
    """A definition, or one way of meeting it, or `all`."""
    field: str
    """The field of the form, where it is one."""
    stated: str
    source: str
    items: str
    """The items of reporting guidelines that ask for it."""


@dataclass(frozen=True)
class _Asked:
    result: Result
    definitions: Sequence[Definition]
    attrition: Attrition
    suppress_below: int


_Said = Iterator[tuple[str, str, str, str]]
"""Whom it applies to, the field, what is stated and where it is from."""


def find_choices(
    result: Result, definitions: Sequence[Definition], attrition: Attrition, suppress_below: int
) -> list[Choice]:
    """The rows, subject by subject in the order of `reporting.yaml`."""
    asked = _Asked(result, definitions, attrition, suppress_below)
    rows = []
    for name, subject in result.knowledge.reporting.items():
        items = "; ".join(item.name for item in subject.items)
        said = list(_FINDERS[name](asked)) if name in _FINDERS else []
        if name in _TO_BE_STATED:
            said.append((ALL, "", f"{TO_BE_STATED}: {_TO_BE_STATED[name]}", ""))
        rows += [Choice(subject.label, *row, items) for row in said]
    return rows


_TO_BE_STATED = {
    "design": "the design, and whether it was planned before the data were seen",
    "setting": "the health system, the region, and the dates of the study",
    "data": "the name, owner, version and kind of the database, and what it does not hold",
    "access": "whether the authors had the whole database or an extract",
    "linkage": "whether databases were linked, and how",
    "software": "where the program and the files of this table are deposited",
    "validity": "whether this definition was validated in these records, and how",
    "follow-up": "when follow-up begins and ends",
    "covariates": "covariates and their code lists; a definition has none",
    "analysis": "the analyses, planned and not planned",
    "size": "the study size that was aimed at, and why",
}
"""What neither a form nor a run can say, by subject."""


def _who(*names: str) -> Callable[[_Asked], _Said]:
    """These fields of `who`, for each definition; one that is not filled in is not asked."""

    def find(asked: _Asked) -> _Said:
        for definition in asked.definitions:
            for name in names:
                path, form = f"who.{name}", getattr(definition.who, name)
                said = (rule(path, form), provenance(form, asked.result.knowledge)) if form else ("not asked", "")
                yield definition.name, path, *said

    return find


def _branches(asked: _Asked, parts: Sequence[str], names: Sequence[str] = ()) -> _Said:
    """The filled-in fields of the ways of meeting each definition."""
    for definition in asked.definitions:
        n = len(definition.branch)
        for number, branch in enumerate(definition.branch, 1):
            whom = definition.name if n == 1 else f"{definition.name}, way {number} of {n}"
            for part in parts or ("",):
                for name, form in fields(getattr(branch, part) if part else branch):
                    if isinstance(form, Cited) and (not names or name in names):
                        path = f"{part}.{name}" if part else name
                        yield whom, path, rule(path, form), provenance(form, asked.result.knowledge)


_INDEX_DATE = (
    "The day on which the definition is met is that of the trial that completes the number. Who does not meet it is judged on "
    "the day of the last trial that may count, else on the first day of the first antidepressant; else on no day."
)


def _index(asked: _Asked) -> _Said:
    yield from _branches(asked, (), ("dated",))
    if asked.definitions:
        yield ALL, "", _INDEX_DATE, "docs/engine.md, 7"


def _exposure(asked: _Asked) -> _Said:
    yield from _branches(asked, ("trial",))
    for definition in asked.definitions:
        for name, form in used_building(definition):
            path = f"trials.{name}"
            yield definition.name, path, rule(path, form), provenance(form, asked.result.knowledge)


def _outcome(asked: _Asked) -> _Said:
    yield from _branches(asked, ("failure",))
    yield from _branches(asked, (), ("count", "within", "taken", "added"))
    for definition in asked.definitions:
        for sentence in definition.not_held:
            yield definition.name, "not_held", f"not in this form: {sentence}", ""


def _data(asked: _Asked) -> _Said:
    manifest = asked.result.manifest
    held = ", ".join(manifest["has"])
    yield ALL, "", f"records called `{manifest['source']['label']}`; they hold: {held}", "run.json"
    for sentence in say_source_incomplete(asked.result.drug_rows, asked.suppress_below):
        yield ALL, "", sentence, "run.json"


def _software(asked: _Asked) -> _Said:
    manifest = asked.result.manifest
    said = f"stepwell {manifest['stepwell']}, on {manifest['engine']}; knowledge files with the digest {manifest['knowledge']}"
    if manifest["stepwell"] != __version__:
        said += f"; this table was written by stepwell {__version__}"
    yield ALL, "", said, "run.json"


def _codes(asked: _Asked) -> _Said:
    for codeset in used_codesets(asked.result, asked.definitions):
        yield (
            ALL,
            codeset.id,
            f"{codeset.label}: {_in_words(codeset)}; all in code-lists.csv",
            provenance(codeset, asked.result.knowledge),
        )
    for definition in asked.definitions:
        if minima := used_minima(asked.result, definition):
            standard = asked.result.knowledge.dose_standards[definition.trials.dose_standard.is_]
            n = len(minima)
            said = f"{standard.label}: {n} minimum dose{'s' * (n > 1)} for drugs found; in code-lists.csv"
            yield definition.name, "trials.dose_standard", said, ""
    for instrument in used_instruments(asked.result, asked.definitions):
        yield ALL, instrument.id, f"totals of the {instrument.label} were read", ""


def _in_words(codeset: Codeset) -> str:
    """How many codes of which vocabulary it has: "4 codes of ICD10CM, 2 of SNOMED"."""
    n = Counter(code.vocabulary for code in (*codeset.codes, *codeset.excluded))
    first, *others = sorted(n.items())
    return ", ".join([f"{first[1]} code{'s' * (first[1] > 1)} of {first[0]}", *(f"{k} of {v}" for v, k in others)])


def _missing(_asked: _Asked) -> _Said:
    yield (
        ALL,
        "",
        "A criterion that the records cannot decide is unknown; it is not read as not met. Unknown is a share of its own. "
        "Nothing is imputed.",
        "docs/engine.md",
    )


def _sensitivity(asked: _Asked) -> _Said:
    names = [d.name for d in asked.definitions]
    if len(names) > 1:
        yield ALL, "", f"The same people were judged by {len(names)} definitions: {', '.join(names)}.", "run.json"
    else:
        yield ALL, "", f"{TO_BE_STATED}: one definition is described here", ""


def _selection(asked: _Asked) -> _Said:
    for sentence in sentences(asked.attrition):
        yield ALL, "", sentence, "attrition.csv"


_FINDERS: dict[str, Callable[[_Asked], _Said]] = {
    "data": _data,
    "software": _software,
    "index": _index,
    "inclusion": _who("age", "diagnosis"),
    "washout": _who("washout"),
    "exclusion": _who("never"),
    "exposure": _exposure,
    "outcome": _outcome,
    "codes": _codes,
    "missing": _missing,
    "sensitivity": _sensitivity,
    "selection": _selection,
}
"""What the forms and the run say, by subject of `reporting.yaml`."""
