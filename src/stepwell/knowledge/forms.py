"""The forms of all other knowledge files: references, drugs and their doses, code sets, published ladders."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from .around import Around
from .brands import Brand
from .candidacy import Candidacy, Group, Nearly, PolicyAge
from .cited import Cited, Form, Percent, Seen
from .completeness import Completeness
from .definition import Definition, Id, Status, TrialBuilding
from .drug_records import DrugRecords
from .instrument import Crosswalk, Instrument
from .persistence import Persistence
from .plasma import Plasma
from .published import PublishedTrial
from .quality import QualityMeasure
from .regimen import Regimen
from .reporting import ReportingSubject
from .staging import Staging
from .treatment import Following, Treatment


class Reference(Form):
    """One source: what to print in a bibliography."""

    title: str
    short: str | None = None
    """What it is called in a sentence, where first author and year will not do."""
    authors: str | None = None
    year: int | None = None
    published_in: str | None = None
    doi: str | None = None
    url: str | None = None
    note: str | None = None


class Ingredient(Form):
    """One row of `ingredient.csv`: an ingredient (or fixed combination that counts as its own drug) with class and codes."""

    ingredient: Id
    label: str
    role: Literal["antidepressant", "antipsychotic", "augmentation", "rapid-acting", "set-aside"]
    """`set-aside`: known, so that it can be counted, but nearly always taken for something else; it never makes a trial."""
    drug_class: str
    mechanism: str | None = None
    rxnorm: tuple[str, ...] = ()
    """RxCUIs of the ingredient; several where RxNorm keeps salts apart (lithium)."""
    atc: tuple[str, ...] = ()
    omop: tuple[int, ...] = ()
    """OMOP standard concept ids of the ingredient."""
    source: str
    """One or several, separated by semicolons."""
    locator: str
    seen: Seen
    note: str | None = None


class Interacting(Cited):
    """One row of `interacting.csv`: a drug that labels of esketamine and ketamine ask to be watched beside them. It never makes a
    trial: what is no treatment of depression is looked for because of this only."""

    ingredient: Id
    """Of `ingredient.csv`, or of no other file: then with a label."""
    group: Group
    label: str | None = None
    rxnorm: tuple[str, ...] = ()
    """RxCUIs of the ingredient. Where no code was seen, a drug is found by its label alone."""
    omop: tuple[int, ...] = ()


class RoleRule(Cited):
    """One row of `ingredient_role.csv`: at or below this dose the drug is usually taken for something else."""

    ingredient: Id
    use: str
    """Such as `sleep`, `pain`."""
    at_most_mg_per_day: float = Field(gt=0)


class ProductUse(Cited):
    """One row of `product_use.csv`: a product (RxNorm SCD and the like) of an ingredient, labelled for another use, given by
    the week, or otherwise not to be read like the rest."""

    rxnorm: str
    ingredient: Id
    labelled_use: str | None = None
    """A use other than depression; a course of this product is no antidepressant trial."""
    mg_per_unit: float | None = Field(default=None, gt=0)
    days_per_unit: float | None = Field(default=None, gt=0)
    """How long one unit lasts where it is not taken daily (the weekly fluoxetine capsule: 7)."""


class RxNormProduct(Form):
    """One row of `rxnorm_product.csv`: a product by its RxNorm code, for records whose vocabulary tables do not hold it."""

    rxnorm: str
    """RxCUI of a clinical or branded drug."""
    name: str
    """Its name as RxNorm gives it, with strength and dose form."""
    ingredient: tuple[Id, ...]
    """The ingredients known to stepwell that are in it."""
    omop: int | None = None
    """Its OMOP standard concept id, where one was seen."""
    source: str
    """One or several, separated by semicolons."""
    locator: str
    seen: Seen


class ProductForm(Cited):
    """One row of `ingredient_form.csv`: what a form or a route of an ingredient says about its use. An ingredient with a row
    without `labelled_use` is an antidepressant in that form only: in a form that nobody knows its use is unknown."""

    ingredient: Id
    words: tuple[str, ...]
    """Words of a product's name that tell the form, lower case."""
    routes: tuple[str, ...] = ()
    """Recorded routes that tell it where the name does not, by stepwell's own names."""
    labelled_use: str | None = None
    """A use other than depression."""


class Combination(Cited):
    """One row of `combination.csv`: what a product with these components counts as."""

    components: tuple[str, ...]
    """Component names as vocabularies give them (`fluoxetine`, `olanzapine`)."""
    atc: str | None = None
    counts_as: tuple[Id, ...] = ()
    """Ingredient ids that a course of the product counts as; empty: none."""


class DoseMinimum(Cited):
    """One row of `dose_standard.csv`: the minimum adequate daily dose of an ingredient by one standard."""

    ingredient: Id
    standard: Id
    min_mg_per_day: float = Field(gt=0)


class Vital(Cited):
    """One row of `vital.csv`: a vital sign, its codes in the records, and the range beyond which it is a misprint."""

    vital: Id
    label: str
    unit: Literal["mmHg", "%"]
    at_least: float = Field(ge=0)
    at_most: float = Field(gt=0)
    """Both in the unit."""
    loinc: tuple[str, ...] = ()
    omop: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    """Local names, lower case."""


class LabelMaximum(Cited):
    """One row of `label_maximum.csv`: the greatest daily dose that a label allows."""

    ingredient: Id
    max_mg_per_day: float = Field(gt=0)


class DoseStandardInfo(Form):
    """One entry of `dose_standard.yaml`: what a dose standard is."""

    label: str
    summary: str
    source: str


Vocabulary = Literal["ICD10CM", "ICD10", "ICD9CM", "SNOMED", "OMOP", "HCPCS", "CPT4", "ICD10PCS", "ICD9Proc", "LOINC"]


class Code(Cited):
    """One row of a code set CSV. OMOP rows carry the standard or source concept id. No descriptions are shipped where the
    vocabulary's licence forbids it; `label` is stepwell's own."""

    vocabulary: Vocabulary
    code: str
    included: Literal["yes", "no"]
    """`no`: taken out again from what the other rows take in."""
    match: Literal["exact", "prefix", "descendants"]
    """`prefix`: this code and all that begin with it; `descendants`: and all below it where the source has a hierarchy."""
    label: str = ""


SUICIDALITY = "suicidality"
"""The code set of suicidal ideation and behaviour. What says the same are the items named under `safety` of an instrument."""


class Codeset(Cited):
    """One code set: its scope in words, its codes, and those taken out again (bipolar under the depression ancestor)."""

    id: Id
    kind: Literal["condition", "procedure", "care"]
    """`care`: some records write it as a diagnosis, others as a procedure, an observation or a visit."""
    label: str
    scope: str
    status: Status
    codes: tuple[Code, ...]
    excluded: tuple[Code, ...] = ()
    partial: tuple[Vocabulary, ...] = ()
    """Vocabularies of which the set lists only some of the codes: that none of them is recorded says nothing. One of which a
    code takes in all below it is partial by itself where the source has no hierarchy."""
    without: tuple[Vocabulary, ...] = ()
    """Vocabularies that have no code of it, by the source of the set: rows written in them are known not to be in the set."""
    among_allergies: bool = False
    """Whether an entry of an allergy list may be of it."""
    among_observations: bool = False
    """Whether OMOP's vocabulary puts codes of it among the observations: an observation that nobody could identify may be one."""

    @property
    def records(self) -> tuple[str, ...]:
        """The record tables in which its codes are looked for."""
        return ("condition", "procedure") if self.kind == "care" else (self.kind,)


class LadderStep(Form):
    """One published step."""

    entered: int
    remitted: Percent
    responded: Percent | None = None
    intolerant: Percent | None = None
    entered_from: Cited
    remitted_from: Cited
    responded_from: Cited | None = None
    intolerant_from: Cited | None = None


class Remark(Cited):
    """Something to be said beside the numbers of a ladder."""

    text: str


class PublishedLadder(Form):
    """A published ladder of steps to lay beside a population's own."""

    id: Id
    label: str
    remission: str
    steps: tuple[LadderStep, ...]
    remarks: tuple[Remark, ...] = ()


class CrisisLine(Cited):
    """One entry of `crisis.yaml`: whom to call in a country, in one sentence or two."""

    text: str


@dataclass(frozen=True)
class Knowledge:
    """Everything the knowledge folder holds, checked. `digest` names the exact content."""

    references: dict[str, Reference]
    ingredients: dict[str, Ingredient]
    role_rules: tuple[RoleRule, ...]
    product_uses: tuple[ProductUse, ...]
    combinations: tuple[Combination, ...]
    dose_standards: dict[str, DoseStandardInfo]
    dose_minima: tuple[DoseMinimum, ...]
    codesets: dict[str, Codeset]
    instruments: dict[str, Instrument]
    """Those with a rank: response is judged by them, and sources look for them."""
    definitions: dict[str, Definition]
    ladders: dict[str, PublishedLadder]
    digest: str
    building: TrialBuilding | None = None
    """How trials are built where no definition says so; None in knowledge whose definitions all say it themselves."""
    measures: dict[str, Instrument] = field(default_factory=dict)
    """All other instruments: scored and described, never asked whether a treatment helped."""
    crosswalks: dict[str, Crosswalk] = field(default_factory=dict)
    stagings: dict[str, Staging] = field(default_factory=dict)
    """Staging models, and profiles."""
    quality: dict[str, QualityMeasure] = field(default_factory=dict)
    """Quality measures."""
    persistence: dict[str, Persistence] = field(default_factory=dict)
    """When the first weeks of treatment are looked at."""
    around: Around | None = None
    """What is looked at around their sessions; None where there is nothing to look at."""
    plasma: dict[str, Plasma] = field(default_factory=dict)
    """Published parameter sets for drawing a concentration in plasma."""
    crisis: dict[str, CrisisLine] = field(default_factory=dict)
    candidacies: dict[str, Candidacy] = field(default_factory=dict)
    """Labels, practices and payers' policies."""
    published: dict[str, PublishedTrial] = field(default_factory=dict)
    """Published trials of esketamine and ketamine."""
    vitals: dict[str, Vital] = field(default_factory=dict)
    """Vital signs."""
    completeness: dict[str, Completeness] = field(default_factory=dict)
    """When the records of one kind count as complete, by record table."""
    nearly: dict[str, Nearly] = field(default_factory=dict)
    """Which share of a limit is nearly all of it, by kind of limit."""
    policy_age: PolicyAge | None = None
    """How old a copy of a payer's policy may be; None where there are no policies."""
    treatments: dict[str, Treatment] = field(default_factory=dict)
    """Treatments given in sessions."""
    regimens: dict[str, Regimen] = field(default_factory=dict)
    following: Following | None = None
    """How their series are followed; None where there are none."""
    interacting: dict[str, Interacting] = field(default_factory=dict)
    """Drugs to be watched beside esketamine and ketamine."""
    product_forms: tuple[ProductForm, ...] = ()
    drug_records: DrugRecords | None = None
    """When the absence of a drug says something; None: whatever share of a source is unidentified."""
    label_maxima: dict[str, LabelMaximum] = field(default_factory=dict)
    """The greatest daily dose by the label, of the ingredients of which it was seen."""
    brands: dict[str, Brand] = field(default_factory=dict)
    """Brand names, by which people look for a drug."""
    rxnorm_products: tuple[RxNormProduct, ...] = ()
    """Products by RxNorm code: a part of RxNorm, not all of it."""
    reporting: dict[str, ReportingSubject] = field(default_factory=dict)
    """What a paper reports, by subject."""

    @property
    def all_instruments(self) -> dict[str, Instrument]:
        """Every instrument by id, ranked or not."""
        return self.instruments | self.measures

    def label_of_drug(self, ingredient: str) -> str:
        """What an ingredient is called, whether it is a treatment of depression or only interacts with one."""
        known = self.ingredients.get(ingredient) or self.interacting[ingredient]
        return known.label or ingredient

    @property
    def safety_items(self) -> dict[tuple[str, str], float]:
        """The items about death, suicide and self-harm, by instrument and item: from which answer on one is a sign."""
        return {
            (i.id, item): float(i.safety.at_least)
            for i in self.all_instruments.values()
            if i.safety is not None
            for item in i.safety.items
        }

    def __hash__(self) -> int:
        return hash(self.digest)
