"""Reading the knowledge folder, strictly: `load()` gives everything in it, checked, or one KnowledgeError with every problem.

data/references.yaml       every source that is cited
data/*.csv                 drugs, one fact a row (the column name holds the unit)
data/drug_records.yaml     when the absence of a drug from the records says something
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
data/interacting.csv       drugs to be watched beside esketamine and ketamine
data/brand.csv             brand names, by which people look for a drug
data/nearly.yaml           which share of a limit is nearly all of it
data/reporting.yaml        what a paper reports, and which guideline asks it
data/policy_age.yaml       how old a copy of a payer's policy may be and still be offered as today's
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

from ..errors import KnowledgeError, Problem
from .around import Around
from .brands import Brand, check_brands
from .candidacy import Candidacy, Nearly, PolicyAge
from .check import check
from .completeness import Completeness
from .definition import Definition
from .folder_reader import FolderReader
from .forms import (
    Combination,
    CrisisLine,
    Crosswalk,
    DoseMinimum,
    DoseStandardInfo,
    DrugRecords,
    Ingredient,
    Instrument,
    Interacting,
    Knowledge,
    LabelMaximum,
    ProductForm,
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
from .reporting import ReportingSubject
from .staging import Staging
from .treatment import Following, Treatment

DATA = Path(__file__).parent / "data"


def load(extra_definitions: Iterable[Path] = (), policies: Iterable[Path] = ()) -> Knowledge:
    """The knowledge shipped with stepwell, with the definitions and the payers' policies in the files given.

    A file of one's own has the same form as a shipped one, and may bring its sources with it under `references:`.
    Raises KnowledgeError with every problem of every file.
    """
    extra, own_policies = tuple(map(Path, extra_definitions)), tuple(map(Path, policies))
    return read_folder(DATA, extra, own_policies) if extra or own_policies else _packaged()


def load_own(path: Path) -> tuple[Definition, Knowledge]:
    """The definition in one file of one's own, and the knowledge that it is part of. Raises KnowledgeError with every problem."""
    knowledge = load((path,))
    own = knowledge.definitions.keys() - _packaged().definitions.keys()
    return knowledge.definitions[own.pop()], knowledge


@cache
def _packaged() -> Knowledge:
    return read_folder(DATA)


def read_folder(folder: Path, extra_definitions: Iterable[Path] = (), policies: Iterable[Path] = ()) -> Knowledge:
    """The same for any folder laid out like stepwell's own."""
    extra, own_policies = tuple(extra_definitions), tuple(policies)
    reader = FolderReader(folder)
    references = reader.table("references.yaml", Reference)
    ingredients = reader.rows("ingredient.csv", Ingredient, ("ingredient",))
    role_rules = reader.rows("ingredient_role.csv", RoleRule, ("ingredient", "use"))
    product_uses = reader.rows("product_use.csv", ProductUse, ("rxnorm",))
    rxnorm_products = reader.rows("rxnorm_product.csv", RxNormProduct, ("rxnorm",))
    product_forms = reader.rows("ingredient_form.csv", ProductForm, ("ingredient", "words"))
    drug_records = reader.single("drug_records.yaml", DrugRecords)
    combinations = reader.rows("combination.csv", Combination, ("components",))
    standards = reader.table("dose_standard.yaml", DoseStandardInfo)
    minima = reader.rows("dose_standard.csv", DoseMinimum, ("ingredient", "standard"))
    codesets = reader.codesets()
    instruments = reader.files("instrument", Instrument)
    crosswalks = reader.files("crosswalk", Crosswalk)
    crisis = reader.table("crisis.yaml", CrisisLine)
    building = reader.building()
    definitions = reader.files("definition", Definition)
    stagings = reader.files("staging", Staging)
    quality = reader.files("quality", QualityMeasure)
    persistence = reader.files("persistence", Persistence)
    around = reader.single("around.yaml", Around)
    plasma = reader.files("plasma", Plasma)
    ladders = reader.files("ladder", PublishedLadder)
    candidacies = reader.files("candidacy", Candidacy)
    published = reader.files("published", PublishedTrial)
    completeness = reader.table("completeness.yaml", Completeness)
    nearly = reader.table("nearly.yaml", Nearly)
    policy_age = reader.single("policy_age.yaml", PolicyAge)
    reporting = reader.table("reporting.yaml", ReportingSubject)
    vitals = reader.rows("vital.csv", Vital, ("vital",))
    treatments = reader.files("treatment", Treatment)
    regimens = reader.files("regimen", Regimen)
    following = reader.single("effect.yaml", Following)
    interacting = reader.rows("interacting.csv", Interacting, ("ingredient",))
    maxima = reader.rows("label_maximum.csv", LabelMaximum, ("ingredient",))
    brands = reader.rows("brand.csv", Brand, ("brand",))
    drugs = [form.ingredient for form in (*ingredients, *interacting)]
    check_brands(reader.entries, drugs, reader.problems)
    for path in extra:
        definitions += reader.own(path, Definition, references)
    for path in own_policies:
        candidacies += reader.own(path, Candidacy, references)
    check(reader.entries, reader.unread, reader.problems)
    reader.compare_with_lock()
    if reader.problems:
        raise KnowledgeError(_title(reader.problems, (*extra, *own_policies)), _in_reading_order(reader.problems))
    return Knowledge(
        references=references,
        ingredients={form.ingredient: form for form in ingredients},
        role_rules=tuple(role_rules),
        product_uses=tuple(product_uses),
        rxnorm_products=tuple(rxnorm_products),
        product_forms=tuple(product_forms),
        drug_records=drug_records,
        combinations=tuple(combinations),
        dose_standards=standards,
        dose_minima=tuple(minima),
        codesets={form.id: form for form in codesets},
        instruments={form.id: form for form in instruments if form.rank is not None},
        measures={form.id: form for form in instruments if form.rank is None},
        crosswalks={form.id: form for form in crosswalks},
        crisis=crisis,
        building=building,
        definitions={form.id: form for form in definitions},
        ladders={form.id: form for form in ladders},
        quality={form.id: form for form in quality},
        around=around,
        plasma={form.id: form for form in plasma},
        persistence={form.id: form for form in persistence},
        stagings={form.id: form for form in stagings},
        candidacies={form.id: form for form in candidacies},
        published={form.id: form for form in published},
        completeness=completeness,
        nearly=nearly,
        policy_age=policy_age,
        reporting=reporting,
        vitals={form.vital: form for form in vitals},
        treatments={form.id: form for form in treatments},
        regimens={form.id: form for form in regimens},
        following=following,
        interacting={form.ingredient: form for form in interacting},
        label_maxima={form.ingredient: form for form in maxima},
        brands={form.brand: form for form in brands},
        digest=_digest(folder, (*extra, *own_policies)),
    )


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
