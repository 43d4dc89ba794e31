"""The small vocabulary that goes with simulated records: the concepts that occur in them, and no others."""

from __future__ import annotations

from datetime import date

from .formulary import Formulary

VALID = {"valid_start_date": date(1970, 1, 1), "valid_end_date": date(2099, 12, 31)}
FIRST_LOCAL_CONCEPT = 2_000_000_001
"""OMOP leaves concept ids above two thousand million to local use."""


def product_concepts(formulary: Formulary) -> list[int]:
    """The concept id of each product: one of its own, or its ingredient's where it has no strength."""
    return [
        formulary.knowledge.ingredients[i].omop[0] if mg is None else FIRST_LOCAL_CONCEPT + n
        for n, (i, mg) in enumerate(formulary.products)
    ]


def product_name(formulary: Formulary, product: int) -> str:
    """A product's name, as clinical drugs are named."""
    ingredient, mg = formulary.products[product]
    label = formulary.knowledge.ingredients[ingredient].label
    return label if mg is None else f"{label} {mg:g} MG"


def vocabulary(formulary: Formulary) -> dict[str, list[dict]]:
    """The rows of `concept`, `concept_ancestor` and `drug_strength`."""
    ingredients = {i: formulary.knowledge.ingredients[i].omop[0] for i in formulary.ingredients}
    concepts = zip(formulary.products, product_concepts(formulary), strict=True)
    pairs = [(ingredients[i], concept, mg) for (i, mg), concept in concepts if mg is not None]
    own = [(concept, concept, 0) for concept in ingredients.values()]
    return {
        "concept": list(_concepts(formulary, ingredients)),
        "concept_ancestor": [
            {
                "ancestor_concept_id": above,
                "descendant_concept_id": below,
                "min_levels_of_separation": levels,
                "max_levels_of_separation": levels,
            }
            for above, below, levels in (*own, *((above, below, 1) for above, below, _ in pairs))
        ],
        "drug_strength": [
            {
                "drug_concept_id": below,
                "ingredient_concept_id": above,
                "amount_value": mg,
                "amount_unit_concept_id": formulary.parameters.concepts.of["milligram"],
                **VALID,
            }
            for above, below, mg in pairs
        ],
    }


def _concepts(f: Formulary, ingredients: dict[str, int]):
    of = f.parameters.concepts.of
    yield _concept(0, "No matching concept", "Metadata", "None", "Undefined", "No matching concept", standard=None)
    for sex in ("male", "female"):
        yield _concept(of[sex], sex.upper(), "Gender", "Gender", "Gender", sex[0].upper())
    yield _concept(f.parameters.of_visits.of["outpatient visit"], "Outpatient Visit", "Visit", "Visit", "Visit", "OP")
    yield _concept(of["milligram"], "milligram", "Unit", "UCUM", "Unit", "mg")
    for i, concept in ingredients.items():
        known = f.knowledge.ingredients[i]
        yield _concept(concept, known.label, "Drug", "RxNorm", "Ingredient", known.rxnorm[0])
    for n, (concept, (_, mg)) in enumerate(zip(product_concepts(f), f.products, strict=True)):
        if mg is not None:
            yield _concept(concept, product_name(f, n), "Drug", "stepwell", "Clinical Drug", f"simulated-{n + 1}")
    yield _concept(
        f.parameters.of_visits.of["administration"], "EHR administration record", *["Type Concept"] * 3, "OMOP4976890"
    )
    for c in f.codes.values():
        yield _concept(c.standard_concept_id, c.label, "Condition", "SNOMED", "Clinical Finding", c.snomed)
        if c.source_concept_id:
            kind = ("Condition", "ICD10CM", "ICD10 code")
            yield _concept(c.source_concept_id, c.label, *kind, c.icd10cm, standard=None)
    for i in f.instruments:
        known = f.knowledge.instruments[i]
        for concept, loinc in zip(known.omop, known.loinc, strict=False):
            yield _concept(concept, known.label, "Measurement", "LOINC", "Clinical Observation", loinc)


def _concept(
    concept: int, name: str, domain: str, vocabulary: str, kind: str, code: str, standard: str | None = "S"
) -> dict:
    return {
        "concept_id": concept,
        "concept_name": name,
        "domain_id": domain,
        "vocabulary_id": vocabulary,
        "concept_class_id": kind,
        "standard_concept": standard,
        "concept_code": code,
        **VALID,
    }
