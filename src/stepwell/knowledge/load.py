"""Reading the knowledge folder, strictly: `load()` gives everything in it, checked, or one KnowledgeError with every problem.

data/references.yaml       every source that is cited
data/*.csv                 drugs, one fact a row (the column name holds the unit)
data/dose_standard.yaml    what each dose standard is
data/codeset/ID.yaml, .csv a code set: its scope, its codes
data/instrument/ID.yaml    a questionnaire or rating scale
data/crosswalk/ID.yaml     totals of several scales that go with each other
data/crisis.yaml           whom to call, by country
data/definition/ID.yaml    a definition of treatment-resistant depression
data/staging/ID.yaml       a staging model, or a profile
data/quality/ID.yaml       a quality measure
data/candidacy/ID.yaml     what is asked before esketamine or ketamine: a label, a practice, a payer's policy
data/published/ID.yaml     a published trial of either
data/vital.csv             a vital sign: its codes and range
data/nearly.yaml           which share of a limit is nearly all of it
data/around.yaml           what is looked at around the sessions of a series
data/plasma/ID.yaml        a published parameter set of a concentration in plasma
data/persistence/ID.yaml   when the first weeks of treatment are looked at
data/treatment/ID.yaml     a treatment given in sessions: what is one, what is a series of them
data/regimen/ID.yaml       how a treatment is given, by a label or by practice
data/effect.yaml           how a series is followed
data/trials.yaml           how trials are built where a definition does not say
data/ladder/ID.yaml        a published ladder of steps
data/knowledge.lock        the digest of every reviewed file: a reviewed file no longer changes
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TypeVar

from ..errors import KnowledgeError, Problem
from .around import Around
from .candidacy import Candidacy, Nearly
from .check import Entry, check
from .definition import Definition, TrialBuilding
from .fill import columns_of, fill, fill_row
from .forms import (
    Code,
    Codeset,
    Combination,
    CrisisLine,
    Crosswalk,
    DoseMinimum,
    DoseStandardInfo,
    Form,
    Ingredient,
    Instrument,
    Knowledge,
    LabelMaximum,
    ProductUse,
    PublishedLadder,
    Reference,
    RoleRule,
    RxNormProduct,
    Vital,
)
from .persistence import Persistence
from .plasma import Plasma
from .published import PublishedTrial
from .quality import QualityMeasure
from .regimen import Regimen
from .staging import Staging
from .treatment import Following, Treatment
from .written import Path_, Written, read_csv, read_yaml

DATA = Path(__file__).parent / "data"
LOCK = "knowledge.lock"
F = TypeVar("F", bound=Form)


def load(extra_definitions: Iterable[Path] = ()) -> Knowledge:
    """The knowledge shipped with stepwell, and the definitions in the files given.

    A definition file of one's own has the same form, and may bring its sources with it under `references:`.
    Raises KnowledgeError with every problem of every file.
    """
    extra = tuple(Path(path) for path in extra_definitions)
    return read_folder(DATA, extra) if extra else _packaged()


def load_own(path: Path) -> tuple[Definition, Knowledge]:
    """The definition in one file of one's own, and the knowledge that it is part of. Raises KnowledgeError with every problem."""
    knowledge = load((path,))
    own = knowledge.definitions.keys() - _packaged().definitions.keys()
    return knowledge.definitions[own.pop()], knowledge


@cache
def _packaged() -> Knowledge:
    return read_folder(DATA)


def read_folder(folder: Path, extra_definitions: Iterable[Path] = ()) -> Knowledge:
    """The same for any folder laid out like stepwell's own."""
    extra = tuple(extra_definitions)
    reader = _Reader(folder)
    references = reader.table("references.yaml", Reference)
    ingredients = reader.rows("ingredient.csv", Ingredient, ("ingredient",))
    role_rules = reader.rows("ingredient_role.csv", RoleRule, ("ingredient", "use"))
    product_uses = reader.rows("product_use.csv", ProductUse, ("rxnorm",))
    rxnorm_products = reader.rows("rxnorm_product.csv", RxNormProduct, ("rxnorm",))
    combinations = reader.rows("combination.csv", Combination, ("components",))
    standards = reader.table("dose_standard.yaml", DoseStandardInfo)
    minima = reader.rows("dose_standard.csv", DoseMinimum, ("ingredient", "standard"))
    codesets = reader.codesets()
    instruments = reader.files("instrument", Instrument)
    crosswalks = reader.files("crosswalk", Crosswalk)
    crisis = reader.table("crisis.yaml", CrisisLine)
    reader.building()
    definitions = reader.files("definition", Definition)
    stagings = reader.files("staging", Staging)
    quality = reader.files("quality", QualityMeasure)
    persistence = reader.files("persistence", Persistence)
    around = reader.single("around.yaml", Around)
    plasma = reader.files("plasma", Plasma)
    ladders = reader.files("ladder", PublishedLadder)
    candidacies = reader.files("candidacy", Candidacy)
    published = reader.files("published", PublishedTrial)
    nearly = reader.table("nearly.yaml", Nearly)
    vitals = reader.rows("vital.csv", Vital, ("vital",))
    treatments = reader.files("treatment", Treatment)
    regimens = reader.files("regimen", Regimen)
    following = reader.single("effect.yaml", Following)
    maxima = reader.rows("label_maximum.csv", LabelMaximum, ("ingredient",))
    for path in extra:
        definitions += reader.own_definition(path, references)
    check(reader.entries, reader.unread, reader.problems)
    reader.compare_with_lock()
    if reader.problems:
        raise KnowledgeError(_title(reader.problems, extra), _in_reading_order(reader.problems))
    return Knowledge(
        references=references,
        ingredients={form.ingredient: form for form in ingredients},
        role_rules=tuple(role_rules),
        product_uses=tuple(product_uses),
        rxnorm_products=tuple(rxnorm_products),
        combinations=tuple(combinations),
        dose_standards=standards,
        dose_minima=tuple(minima),
        codesets={form.id: form for form in codesets},
        instruments={form.id: form for form in instruments if form.rank is not None},
        measures={form.id: form for form in instruments if form.rank is None},
        crosswalks={form.id: form for form in crosswalks},
        crisis=crisis,
        definitions={form.id: form for form in definitions},
        ladders={form.id: form for form in ladders},
        quality={form.id: form for form in quality},
        around=around,
        plasma={form.id: form for form in plasma},
        persistence={form.id: form for form in persistence},
        stagings={form.id: form for form in stagings},
        candidacies={form.id: form for form in candidacies},
        published={form.id: form for form in published},
        nearly=nearly,
        vitals={form.vital: form for form in vitals},
        treatments={form.id: form for form in treatments},
        regimens={form.id: form for form in regimens},
        following=following,
        label_maxima={form.ingredient: form for form in maxima},
        digest=_digest(folder, extra),
    )


class _Reader:
    """One reading of the folder: the forms that could be filled, with where each was written, and every problem so far."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.problems: list[Problem] = []
        self.entries: list[Entry] = []
        self.unread: set[type[Form]] = set()
        self.trials: dict = {}

    def building(self) -> None:
        """How trials are built where a definition does not say."""
        written = read_yaml(self.folder / "trials.yaml", "trials.yaml", self.problems)
        if written is not None and self._fill(TrialBuilding, written, None) is not None:
            self.trials = written.data
        else:
            self.unread.add(TrialBuilding)

    def single(self, file: str, form: type[F]) -> F | None:
        """A YAML file that is one form."""
        written = read_yaml(self.folder / file, file, self.problems)
        if written is None:
            self.unread.add(form)
        return self._fill(form, written, None) if written else None

    def table(self, file: str, form: type[F]) -> dict[str, F]:
        """A YAML file of forms by key."""
        written = read_yaml(self.folder / file, file, self.problems)
        if written is None:
            self.unread.add(form)
            return {}
        return self._keyed(written, form)

    def _keyed(self, written: Written, form: type[F], under: Path_ = (), is_own: bool = False) -> dict[str, F]:
        filled = {}
        for key, data in written.data.items():
            part = Written(written.file, data, _below(written.lines, (key,)))
            entry = fill(form, part, self.problems, (*under, key))
            known = Written(part.file, data if isinstance(data, dict) else {}, part.lines)
            self.entries.append(Entry(form, entry, known, key, is_own))
            if entry is not None:
                filled[key] = entry
        return filled

    def rows(self, file: str, form: type[F], key: tuple[str, ...]) -> list[F]:
        """A CSV file of forms, one a row; no two rows may agree in `key`."""
        filled, first = [], {}
        read = read_csv(self.folder / file, file, tuple(columns_of(form)), self.problems)
        if read is None:
            self.unread.add(form)
        for row in read or ():
            values = tuple(row.data.get(column) for column in key)
            if values in first:
                found = f"{' and '.join(key)} as in {first[values]}"
                self.problems.append(
                    Problem(row.at(), found, f"one row for each {' and '.join(key)}", "delete one of the two")
                )
                continue
            first[values] = row.at()
            entry = fill_row(form, row, self.problems)
            self.entries.append(Entry(form, entry, row, values[0]))
            if entry is not None:
                filled.append(entry)
        return filled

    def files(self, kind: str, form: type[F]) -> list[F]:
        """A folder of YAML files, one form each, named by its id."""
        filled = []
        for path in sorted((self.folder / kind).glob("*.yaml")):
            written = read_yaml(path, f"{kind}/{path.name}", self.problems)
            if written is None:
                self.unread.add(form)
            entry = self._fill(form, written, path.stem) if written else None
            if entry is not None:
                filled.append(entry)
        return filled

    def codesets(self) -> list[Codeset]:
        """The code sets: a YAML file for the scope and a CSV file of the same name for the codes."""
        filled = []
        for path in sorted((self.folder / "codeset").glob("*.yaml")):
            written = read_yaml(path, f"codeset/{path.name}", self.problems)
            file = f"codeset/{path.stem}.csv"
            codes = self.rows(file, Code, ("vocabulary", "code"))
            if written is None:
                self.unread.add(Codeset)
                continue
            sides = {
                "codes": tuple(code for code in codes if code.included == "yes"),
                "excluded": tuple(code for code in codes if code.included == "no"),
            }
            entry = self._fill(Codeset, Written(written.file, written.data | sides, written.lines), path.stem)
            if entry is not None:
                filled.append(entry)
        return filled

    def own_definition(self, path: Path, references: dict[str, Reference]) -> list[Definition]:
        """A user's own definition, with the references it brings."""
        written = read_yaml(path, str(path), self.problems)
        if written is None:
            self.unread.add(Definition)
            return []
        brought = written.data.get("references", {})
        if isinstance(brought, dict):
            part = Written(written.file, brought, _below(written.lines, ("references",)))
            own = self._keyed(part, Reference, ("references",), is_own=True)
            for key in sorted(own.keys() & references.keys()):
                if own[key] != references[key]:
                    found = f"`{key}` is the name of another source that stepwell knows already"
                    remedy = "give yours another name, here and where it is cited"
                    self.problems.append(Problem(part.at((key,)), found, "a name of its own", remedy))
            references |= own
        else:
            self.unread.add(Reference)
            remedy = "write under it, one step further in, a name of your own for each source, and under that `title:`"
            self.problems.append(
                Problem(written.at(("references",)), "`references` holds no sources", "`name:` lines", remedy)
            )
        data = {key: value for key, value in written.data.items() if key != "references"}
        entry = self._fill(Definition, Written(written.file, data, written.lines), None, is_own=True)
        return [] if entry is None else [entry]

    def _fill(self, form: type[F], written: Written, key: str | None, is_own: bool = False) -> F | None:
        own = written.data.get("trials", {})
        if form in (Definition, Staging) and isinstance(own, dict):
            written = Written(written.file, {**written.data, "trials": {**self.trials, **own}}, written.lines)
        entry = fill(form, written, self.problems)
        self.entries.append(Entry(form, entry, written, key, is_own))
        return entry

    def compare_with_lock(self) -> None:
        """A reviewed file is what it was when it was reviewed: its digest stands in `knowledge.lock`."""
        locked = {}
        lock = self.folder / LOCK
        for number, line in enumerate(lock.read_text(encoding="utf-8").splitlines() if lock.exists() else [], 1):
            if line and not line.startswith("#"):
                digest, _, file = line.partition("  ")
                locked[file] = (digest, f"{LOCK}:{number}")
        for entry in self.entries:
            if entry.key is None or getattr(entry.form, "status", None) != "reviewed":
                continue
            for path in sorted((self.folder / entry.written.file).parent.glob(f"{entry.key}.*")):
                file = path.relative_to(self.folder).as_posix()
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                found, where = locked.get(file, (None, entry.written.at(("status",))))
                if found is None:
                    remedy = f"once it has been reviewed, add the line `{digest}  {file}` to {LOCK}"
                    self.problems.append(
                        Problem(where, f"{file} is reviewed but not locked", f"its digest in {LOCK}", remedy)
                    )
                elif found != digest:
                    remedy = "undo the change, or raise its version and make it a draft again"
                    self.problems.append(Problem(f"{file}:1", f"changed after its review ({where})", found, remedy))
        for file, (_, where) in locked.items():
            if not (self.folder / file).is_file():
                self.problems.append(Problem(where, f"{file} does not exist", "a reviewed file", "delete this line"))


def _below(lines: dict[Path_, int], path: Path_) -> dict[Path_, int]:
    """The lines of what stands under that path, seen from there."""
    return {p[len(path) :]: line for p, line in lines.items() if p[: len(path)] == path}


def _title(problems: list[Problem], extra: Iterable[Path]) -> str:
    files = {problem.where.rpartition(":")[0] or problem.where for problem in problems}
    own = [str(path) for path in extra if str(path) in files]
    n = len(problems)
    return f"{n} problem{'s' * (n > 1)} in {' and '.join(own) if own and files == set(own) else 'the knowledge files'}"


def _in_reading_order(problems: list[Problem]) -> list[Problem]:
    """File by file, and in each from its first line to its last."""
    places = [problem.where.rpartition(":") for problem in problems]
    files = list(dict.fromkeys(file or line for file, _, line in places))
    order = [(files.index(file or line), int(line) if file and line.isdigit() else 0) for file, _, line in places]
    return [problem for _, problem in sorted(zip(order, problems, strict=True), key=lambda pair: pair[0])]


def _digest(folder: Path, extra: Iterable[Path]) -> str:
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.suffix in (".yaml", ".csv", ".lock")}
    digest = hashlib.sha256()
    for name, path in [*sorted(files.items()), *sorted((f"own/{path.name}", path) for path in extra)]:
        digest.update(f"{name}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
