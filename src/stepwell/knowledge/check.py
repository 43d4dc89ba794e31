"""What no single form can see: references between the files, ranges, and what a reviewed file may hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from pydantic import BaseModel

from ..errors import Problem
from .candidacy_check import contradictions_in, names_in
from .cited import Form
from .contradictions import contradictions
from .criteria import Diagnosed, Drug, Recent, ScoreAtLeast
from .definition import AsCode, Definition, DoseStandard, Within
from .fill import MARK, closest, fill_parts, name_of
from .forms import (
    Code,
    Codeset,
    Combination,
    DoseMinimum,
    DoseStandardInfo,
    Ingredient,
    Instrument,
    Interacting,
    LabelMaximum,
    ProductForm,
    ProductUse,
    PublishedLadder,
    Reference,
    RoleRule,
    RxNormProduct,
)
from .instrument import Crosswalk
from .instrument_check import check_crosswalk, check_instrument
from .plasma import Plasma
from .published import PublishedTrial
from .quality import BesideScore, ExcludedCare, ExcludedDiagnosis, FirstScore, FirstTreatment
from .regimen import AnswerFrom, Indicated, Regimen
from .staging import Procedure, Psychotic, Scale, Sign, Staging
from .staging_check import check_staging
from .treatment import Apart, Treatment
from .who import Diagnosis, NeverDiagnosis
from .written import Path_, Written

REFERENCES = "references.yaml"


@dataclass(frozen=True)
class Entry:
    """One entry of the knowledge files: which form it is to fill, the form (None where it does not fit), where it was written
    and the key it stands under (None for a user's own definition)."""

    kind: type[Form]
    form: Form | None
    written: Written
    key: str | None
    is_own: bool = False
    """Whether it is of a user's own file."""

    @cached_property
    def parts(self) -> tuple[tuple[Path_, Form], ...]:
        """The form and all forms inside it, each with its path; of one that does not fit, those inside it that do."""
        return tuple(parts(self.form) if self.form is not None else fill_parts(self.kind, self.written.data))


def check(entries: list[Entry], unread: set[type[Form]], problems: list[Problem]) -> None:
    """Add every problem between the entries. What could not be read has been said, and is not called missing again."""
    filled = [entry for entry in entries if entry.form is not None]
    problems.extend(_sources(entries, unread))
    problems.extend(_names(entries))
    problems.extend(_links(entries, unread))
    for entry in entries:
        problems.extend(_recalled(entry))
        problems.extend(_ranges(entry))
    problems.extend(_crosswalks(filled))
    problems.extend(_stagings(filled))
    problems.extend(_codes(filled))
    problems.extend(_low_doses(filled))


def parts(form: Form, path: Path_ = ()) -> Iterator[tuple[Path_, Form]]:
    """A form and all forms inside it, each with its path as it is written in the file."""
    yield path, form
    for name, field in type(form).model_fields.items():
        value = getattr(form, name)
        here = (*path, field.alias or name)
        if isinstance(value, BaseModel):
            yield from parts(value, here)
        elif isinstance(value, tuple):
            for position, item in enumerate(value):
                if isinstance(item, BaseModel):
                    yield from parts(item, (*here, position))


def sources(form: Form) -> tuple[str, ...]:
    """The sources a single form names (a drug may name several, separated by semicolons)."""
    named = getattr(form, "source", None)
    return tuple(part.strip() for part in named.split(";")) if named else ()


def sources_of(form: Form) -> tuple[str, ...]:
    """Every source a form cites, in order of first mention."""
    return tuple(dict.fromkeys(source for _, part in parts(form) for source in sources(part)))


def _of(entries: Iterable[Entry], kind: type[Form]) -> list[Entry]:
    return [entry for entry in entries if entry.kind is kind]


def _unknown(entry: Entry, path: Path_, word: str, what: str, known: Iterable[str], file: str) -> Problem:
    known = sorted(known)
    meant = closest(word, known)
    found = f"`{name_of(path)}` names the {what} {word!r}, which is unknown"
    if meant:
        remedy = f"did you mean `{meant}`?"
    elif not entry.is_own:
        remedy = f"add `{word}` to {file}"
    elif file == REFERENCES:
        remedy = f"describe it at the end of your file: `references:`, under it `{word}:`, under that `title:` and more"
    else:
        remedy = f"write one of {', '.join(known)}"
    return Problem(entry.written.at(path), found, f"a {what} of {file}", remedy)


def _sources(entries: list[Entry], unread: set[type[Form]]) -> Iterator[Problem]:
    if Reference in unread:
        return
    references = {entry.key: entry for entry in _of(entries, Reference)}
    used = set()
    for entry in entries:
        if entry.form is None:
            used |= _mentioned(entry.written.data)
        for path, form in entry.parts:
            if entry.kind is Codeset and isinstance(form, Code):
                continue  # its row is an entry of its own
            for source in sources(form):
                used.add(source)
                if source not in references and MARK not in source:
                    yield _unknown(entry, (*path, "source"), source, "source", references, REFERENCES)
    for key, entry in references.items():
        if key not in used and not unread:
            yield Problem(
                entry.written.at(), f"source `{key}` is cited nowhere", "every source cited", "cite it or delete it"
            )


def _mentioned(data: object) -> set[str]:
    """Sources named in an entry that does not fit its form."""
    if isinstance(data, dict):
        own = data.get("source")
        named = {part.strip() for part in own.split(";")} if isinstance(own, str) else set()
        return named.union(*map(_mentioned, data.values()))
    return set().union(*map(_mentioned, data)) if isinstance(data, list) else set()


def _names(entries: list[Entry]) -> Iterator[Problem]:
    """Every id is the name of its file, and no id is taken twice."""
    taken: dict[tuple[type, str], str] = {}
    for entry in entries:
        name = entry.written.data.get("id") if "id" in entry.kind.model_fields else None
        if not isinstance(name, str):
            continue
        where = entry.written.at(("id",))
        if entry.form is not None and entry.key is not None and entry.key != name:
            yield Problem(
                where, f"id {name!r} in a file named {entry.key!r}", "the same name", f"write `id: {entry.key}`"
            )
        if (entry.kind, name) in taken:
            first = taken[entry.kind, name]
            yield Problem(where, f"id {name!r} is taken by {first}", "an id of its own", "choose another id")
        taken[entry.kind, name] = where


def _links(entries: list[Entry], unread: set[type[Form]]) -> Iterator[Problem]:
    """Ingredients, dose standards and code sets that are named must exist."""
    ingredients = {entry.key for entry in _of(entries, Ingredient)}
    names = (entry.written.data.get("id") for entry in _of(entries, Definition))
    definitions = {name for name in names if isinstance(name, str)}
    standards = {entry.key for entry in _of(entries, DoseStandardInfo)}
    conditions = {e.key for e in _of(entries, Codeset) if e.form is None or "condition" in e.form.records}
    procedures = {e.key for e in _of(entries, Codeset) if e.form is None or "procedure" in e.form.records}
    classes = {entry.form.drug_class for entry in _of(entries, Ingredient) if entry.form is not None}
    instruments = {entry.key for entry in _of(entries, Instrument)}
    of_kind = {
        "diagnoses": (Codeset, "code set of diagnoses", conditions, "codeset/"),
        "procedures": (Codeset, "code set of procedures", procedures, "codeset/"),
        "definition": (Definition, "definition", definitions, "definition/"),
        "instrument": (Instrument, "instrument", instruments, "instrument/"),
        "ingredient": (Ingredient, "ingredient", ingredients, "ingredient.csv"),
        "class": (Ingredient, "class of drugs", classes, "ingredient.csv"),
        "trial": (PublishedTrial, "published trial", {e.key for e in _of(entries, PublishedTrial)}, "published/"),
    }
    treatments = {entry.key for entry in _of(entries, Treatment)}
    regimens = {entry.key for entry in _of(entries, Regimen)}
    for entry in entries:
        for path, form in entry.parts:
            named: list[tuple[type[Form], Path_, str, str, set, str]] = []
            is_named_elsewhere = isinstance(form, Interacting) and form.label is None
            if is_named_elsewhere or isinstance(form, RoleRule | ProductUse | ProductForm | DoseMinimum | LabelMaximum):
                name = form.ingredient
                named.append((Ingredient, ("ingredient",), name, "ingredient", ingredients, "ingredient.csv"))
            if isinstance(form, RxNormProduct):
                for name in form.ingredient:
                    named.append((Ingredient, ("ingredient",), name, "ingredient", ingredients, "ingredient.csv"))
            if isinstance(form, Combination):
                for name in form.counts_as:
                    named.append((Ingredient, ("counts_as",), name, "ingredient", ingredients, "ingredient.csv"))
            if isinstance(form, DoseMinimum | DoseStandard):
                key, standard = ("is", form.is_) if isinstance(form, DoseStandard) else ("standard", form.standard)
                named.append((DoseStandardInfo, (key,), standard, "dose standard", standards, "dose_standard.yaml"))
            of_diagnoses = (
                Diagnosis | NeverDiagnosis | Diagnosed | Psychotic | Indicated | BesideScore | ExcludedDiagnosis
            )
            if isinstance(form, of_diagnoses):
                for position, name in enumerate(form.any_of):
                    where = ("any_of", position)
                    named.append((Codeset, where, name, "code set of diagnoses", conditions, "codeset/"))
            if isinstance(form, FirstTreatment):
                for position, name in enumerate(form.diagnosis):
                    where = ("diagnosis", position)
                    named.append((Codeset, where, name, "code set of diagnoses", conditions, "codeset/"))
            if isinstance(form, Drug | Recent):
                for position, name in enumerate(form.any_of):
                    where = ("any_of", position)
                    named.append((Ingredient, where, name, "ingredient", ingredients, "ingredient.csv"))
            if isinstance(form, Drug):
                for position, name in enumerate(form.of_class):
                    where = ("of_class", position)
                    named.append((Ingredient, where, name, "class of drugs", classes, "ingredient.csv"))
            if isinstance(form, AsCode):
                named.append((Definition, ("of",), form.of, "definition", definitions, "definition/"))
            if isinstance(form, ScoreAtLeast | FirstScore | Scale | AnswerFrom):
                name = form.instrument
                named.append((Instrument, ("instrument",), name, "instrument", instruments, "instrument/"))
            if isinstance(form, Within):
                for position, name in enumerate(form.before):
                    where = ("before", position)
                    named.append((Codeset, where, name, "code set of procedures", procedures, "codeset/"))
            if isinstance(form, Procedure | Apart | ExcludedCare):
                for position, name in enumerate(form.any_of):
                    where = ("any_of", position)
                    named.append((Codeset, where, name, "code set of procedures", procedures, "codeset/"))
            if isinstance(form, Treatment):
                for position, name in enumerate(form.ingredients):
                    where = ("ingredients", position)
                    named.append((Ingredient, where, name, "ingredient", ingredients, "ingredient.csv"))
                for position, name in enumerate(form.procedures):
                    where = ("procedures", position)
                    named.append((Codeset, where, name, "code set of procedures", procedures, "codeset/"))
                if form.phases_of is not None:
                    named.append((Regimen, ("phases_of",), form.phases_of, "regimen", regimens, "regimen/"))
            if isinstance(form, Regimen | Plasma):
                named.append((Treatment, ("treatment",), form.treatment, "treatment", treatments, "treatment/"))
            if isinstance(form, Sign):
                for position, name in enumerate(form.of_class):
                    where = ("of_class", position)
                    named.append((Ingredient, where, name, "class of drugs", classes, "ingredient.csv"))
                for position, name in enumerate(form.diagnosis):
                    where = ("diagnosis", position)
                    named.append((Codeset, where, name, "code set of diagnoses", conditions, "codeset/"))
            for which, where, name in names_in(form):
                kind, what, known, file = of_kind[which]
                named.append((kind, where, name, what, known, file))
            for kind, where, name, what, known, file in named:
                if kind not in unread and name not in known:
                    yield _unknown(entry, (*path, *where), name, what, known, file)


def _recalled(entry: Entry) -> Iterator[Problem]:
    if entry.written.data.get("status") != "reviewed":
        return
    for path, form in entry.parts:
        if getattr(form, "seen", None) == "recalled":
            found = f"`{name_of((*path, 'seen'))}` is recalled in a reviewed file"
            remedy = "look the value up and say how it was seen, or make the file a draft"
            yield Problem(entry.written.at((*path, "seen")), found, "full-text, abstract or secondary", remedy)


def _ranges(entry: Entry) -> Iterator[Problem]:
    for path, form in entry.parts:
        for inside, found, expected, remedy in (*contradictions(form), *contradictions_in(form)):
            where = (*path, *inside)
            yield Problem(entry.written.at(where), f"`{name_of(where)}` {found}", expected, remedy)

    def problem(path: Path_, found: str, expected: str) -> Problem:
        return Problem(entry.written.at(path), f"`{name_of(path)}` {found}", expected, "check the value and its unit")

    form = entry.form
    if isinstance(form, PublishedLadder):
        for position, step in enumerate(form.steps):
            for name in ("remitted", "responded", "intolerant"):
                share = getattr(step, name)
                if share is not None and share > 100:
                    yield problem(("steps", position, name), f"is {share:g} %", "at most 100 %")
            if position and step.entered > form.steps[position - 1].entered:
                yield problem(("steps", position, "entered"), f"is {step.entered}", "at most those of the step before")
    if isinstance(form, Instrument):
        yield from check_instrument(form, problem)


def _crosswalks(entries: list[Entry]) -> Iterator[Problem]:
    instruments = [entry.form for entry in _of(entries, Instrument)]
    for entry in _of(entries, Crosswalk):

        def problem(path: Path_, found: str, expected: str, written: Written = entry.written) -> Problem:
            return Problem(written.at(path), f"`{name_of(path)}` {found}", expected, "check the points")

        yield from check_crosswalk(entry.form, instruments, problem)


def _stagings(entries: list[Entry]) -> Iterator[Problem]:
    instruments = {entry.key: entry.form for entry in _of(entries, Instrument)}
    for entry in _of(entries, Staging):

        def problem(path: Path_, found: str, expected: str, written: Written = entry.written) -> Problem:
            return Problem(written.at(path), f"`{name_of(path)}` {found}", expected, "check the points")

        yield from check_staging(entry.form, instruments, problem)


def _codes(entries: list[Entry]) -> Iterator[Problem]:
    """A drug code leads to one ingredient, and an OMOP concept to one product, only."""
    taken: dict[tuple[str, object], str] = {}
    for entry in _of(entries, RxNormProduct):
        first = taken.setdefault(("omop", entry.form.omop), entry.written.at())
        if entry.form.omop is not None and first != entry.written.at():
            found = f"OMOP concept {entry.form.omop} is that of {first} too"
            yield Problem(entry.written.at(), found, "each concept once", "look up which of the two it is")
    for entry in _of(entries, Ingredient):
        for vocabulary in ("rxnorm", "atc", "omop"):
            for code in getattr(entry.form, vocabulary):
                first = taken.setdefault((vocabulary, code), entry.written.at())
                if first != entry.written.at():
                    found = f"{vocabulary} code {code} is that of {first} too"
                    yield Problem(entry.written.at(), found, "each code once", "look up which of the two it is")


def _low_doses(entries: list[Entry]) -> Iterator[Problem]:
    """A dose that is no antidepressant use cannot be an adequate one."""
    minima: dict[str, float] = {}
    for entry in _of(entries, DoseMinimum):
        name, dose = entry.form.ingredient, entry.form.min_mg_per_day
        minima[name] = min(dose, minima.get(name, dose))
    for entry in _of(entries, RoleRule):
        least = minima.get(entry.form.ingredient)
        if least is not None and entry.form.at_most_mg_per_day >= least:
            found = f"`at_most_mg_per_day` is {entry.form.at_most_mg_per_day:g}"
            yield Problem(entry.written.at(), found, f"below the least adequate {least:g} mg/day", "check both doses")
