"""The question that every rival answers, with its numbers and code lists looked up beforehand.

An analyst would write them into the program; here they come from the knowledge files, so that all answer the same question.
Looking them up is not measured.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from stepwell.knowledge.definition import Definition
from stepwell.knowledge.forms import Knowledge
from stepwell.paths import pattern
from stepwell.rules import DEPRESSION
from stepwell.tables.ranges import SUPPLY

DEFINITION = "sforzini-2022"
"""Asks for all that records can tell: dose, duration, scores, episodes, diagnoses."""


def write_question(records: Path, knowledge: Knowledge, out: Path) -> None:
    """Writes the question as JSON: limits of the definition, and which codes of these records mean what."""
    form = knowledge.definitions[DEFINITION]
    asked = _limits(form) | _drugs(records, knowledge, form) | _diagnoses(records, knowledge, form)
    asked["instruments"] = [
        {
            "instrument": i.label,
            "rank": i.rank,
            "lowest": i.at_least,
            "highest": i.at_most,
            "remission_at_most": i.remission.at_most,
        }
        for i in knowledge.instruments.values()
    ]
    out.write_text(json.dumps(asked, indent=2), encoding="utf-8")


def _limits(form: Definition) -> dict:
    how, (branch,) = form.trials, form.branch
    return {
        "longest_supply": SUPPLY.at_most,
        "max_gap": how.max_gap.at_most,
        "unknown_supply": how.unknown_supply.at_most,
        "cross_taper": how.cross_taper.at_most,
        "episode_gap": how.episode_gap.at_most,
        "baseline_before": how.baseline.before,
        "baseline_after": how.baseline.after,
        "endpoint_after_start": how.endpoint.after_start,
        "endpoint_after_end": how.endpoint.after_end,
        "min_days": branch.trial.min_duration.at_least,
        "min_adequate_days": branch.trial.min_dose.at_least,
        "improvement_below": branch.failure.improvement.below,
        "n_failed": branch.count.at_least,
        "n_diagnoses": form.who.diagnosis.at_least,
    }


def _drugs(records: Path, knowledge: Knowledge, form: Definition) -> dict:
    """`products`: what one unit of a product holds; `entries`: the product of a source's own entry; `drugs`: what is known of an
    ingredient (numbered)."""
    wanted = [i for i in knowledge.ingredients.values() if i.role != "set-aside"]
    number = {concept: n for n, i in enumerate(wanted) for concept in i.omop}
    minimum = {
        d.ingredient: d.min_mg_per_day for d in knowledge.dose_minima if d.standard == form.trials.dose_standard.is_
    }
    low_dose: dict[str, float] = {}
    for rule in knowledge.role_rules:
        low_dose[rule.ingredient] = max(rule.at_most_mg_per_day, low_dose.get(rule.ingredient, 0))
    rows = duckdb.read_parquet(pattern(records / "drug_strength.parquet"), hive_partitioning=False)
    strengths = rows.select("drug_concept_id, ingredient_concept_id, amount_value").order("ALL").fetchall()
    exposures = duckdb.read_parquet(pattern(records / "drug_exposure.parquet"), hive_partitioning=False)
    entries = exposures.filter("drug_concept_id <> 0 AND drug_source_value IS NOT NULL")
    entries = entries.aggregate("drug_source_value, min(drug_concept_id)").order("ALL").fetchall()
    # A row may name the ingredient itself, of which no strength is known.
    strengths += [(concept, concept, None) for concept in sorted(number)]
    return {
        # What the source's own entry means in rows without a concept.
        "entries": dict(entries),
        "products": [
            {"product": product, "drug": number[part], "mg_per_unit": mg}
            for product, part, mg in strengths
            if part in number
        ],
        "drugs": [
            {
                "drug": n,
                "is_antidepressant": i.role == form.branch[0].trial.role.is_,
                "min_mg": minimum.get(i.ingredient),
                "low_dose_mg": low_dose.get(i.ingredient),
            }
            for n, i in enumerate(wanted)
        ],
    }


def _diagnoses(records: Path, knowledge: Knowledge, form: Definition) -> dict:
    """The recorded ICD-10-CM codes that belong to the sets asked for."""
    rows = duckdb.read_parquet(pattern(records / "condition_occurrence.parquet"), hive_partitioning=False)
    found = rows.select("condition_source_value").distinct().order("ALL").fetchall()

    def of_sets(ids) -> list[str]:
        return [code for (code,) in found if code and any(_belongs(code, knowledge.codesets[i]) for i in ids)]

    return {
        "depression": of_sets(DEPRESSION),
        "diagnoses": of_sets(form.who.diagnosis.any_of),
        "excluding": of_sets(form.who.never.any_of),
    }


def _belongs(code: str, codeset) -> bool:
    def is_of(codes) -> bool:
        written = [(c.code.replace(".", ""), c.match) for c in codes if c.vocabulary == "ICD10CM"]
        plain = code.replace(".", "")
        return any(plain.startswith(c) if match == "prefix" else plain == c for c, match in written)

    return is_of(codeset.codes) and not is_of(codeset.excluded)
