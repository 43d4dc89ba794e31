"""The forms of all other knowledge files: references, drugs and their doses, code sets, instruments, published ladders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from .cited import Cited, Form, Percent, Points, Seen
from .definition import Definition, Id, Status


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


class DoseStandardInfo(Form):
    """One entry of `dose_standard.yaml`: what a dose standard is."""

    label: str
    summary: str
    source: str


class Code(Cited):
    """One row of a code set CSV. OMOP rows carry the standard or source concept id. No descriptions are shipped where the
    vocabulary's licence forbids it; `label` is stepwell's own."""

    vocabulary: Literal[
        "ICD10CM", "ICD10", "ICD9CM", "SNOMED", "OMOP", "HCPCS", "CPT4", "ICD10PCS", "ICD9Proc", "LOINC"
    ]
    code: str
    included: Literal["yes", "no"]
    """`no`: taken out again from what the other rows take in."""
    match: Literal["exact", "prefix", "descendants"]
    """`prefix`: this code and all that begin with it; `descendants`: and all below it where the source has a hierarchy."""
    label: str = ""


class Codeset(Cited):
    """One code set: its scope in words, its codes, and those taken out again (bipolar under the depression ancestor)."""

    id: Id
    kind: Literal["condition", "procedure"]
    label: str
    scope: str
    status: Status
    codes: tuple[Code, ...]
    excluded: tuple[Code, ...] = ()


class Band(Form):
    """One severity band of an instrument, inclusive at both ends."""

    label: str
    at_least: Points
    at_most: Points


class Cut(Cited):
    """A cut of an instrument: at or below this total."""

    at_most: Points


class Response(Cited):
    """Improvement from baseline that counts as response."""

    at_least: Percent


class Item(Form):
    """One item: its number on the form and the range of its answers. No item texts of restricted instruments."""

    item: str
    at_least: int
    at_most: int
    label: str = ""
    codes: dict[str, str] = Field(default_factory=dict)


class Scoring(Cited):
    """How the total is made: the sum over groups of the greatest item of each group (a plain sum has one item a group)."""

    groups: tuple[tuple[str, ...], ...]
    missing_at_most: int
    """So many groups may be unanswered; the total is then prorated (mean of the answered x number of groups)."""


class WorkedExample(Cited):
    """Items and the total they must give; the tests score it. A null item is unanswered; a null total cannot be scored."""

    items: dict[str, int | None]
    total: float | None


class Licence(Cited):
    """Who owns the instrument and whether stepwell may show its items."""

    item_texts: Literal["free", "withheld"]
    terms: str


class Instrument(Form):
    """One questionnaire or rating scale."""

    id: Id
    status: Status
    label: str
    rank: Annotated[int, Field(ge=1)]
    """Which instrument is asked first when a trial has several with baseline and endpoint: the lowest rank."""
    rank_choice: str
    rater: Literal["self", "clinician"]
    recall: str | None = None
    at_least: Points
    at_most: Points
    items: tuple[Item, ...]
    scoring: Scoring
    bands: tuple[Band, ...]
    bands_from: Cited
    remission: Cut
    response: Response
    licence: Licence
    loinc: tuple[str, ...] = ()
    """LOINC codes of the total."""
    snomed: tuple[str, ...] = ()
    omop: tuple[int, ...] = ()
    """OMOP concept ids of the total."""
    names: tuple[str, ...] = ()
    """Names under which local records may carry it, lower case: `phq-9`, `phq9 total`."""
    codes_from: Cited | None = None
    worked_examples: tuple[WorkedExample, ...] = ()


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
    definitions: dict[str, Definition]
    ladders: dict[str, PublishedLadder]
    digest: str

    def __hash__(self) -> int:
        return hash(self.digest)
