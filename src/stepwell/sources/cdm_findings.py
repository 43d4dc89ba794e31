"""What is said of a CDM: which record tables it has, and its findings in the order of the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from ..knowledge.forms import Knowledge
from .cdm_part import CdmPlan
from .cdm_rows import kind_codes, record_codes
from .codes import SetCode
from .drugs import Drugs, rows_by_kind
from .ingredients import WAYS
from .source import Loss
from .vocabulary import ANCESTOR, Vocabulary

_LEFT_OUT = {
    "unidentified": "rows of drugs that nobody could identify",
    "other": "rows of drugs that are not looked for",
    "set aside": "rows of drugs that are nearly always taken for something else",
    "combination": "rows of combination products that are no treatment of depression",
}


@dataclass(frozen=True)
class CdmFindings:
    """The findings about a CDM, from what was looked for in it and the lines that were counted in its rows (`made`)."""

    knowledge: Knowledge
    vocabulary: Vocabulary
    plan: CdmPlan
    made: Mapping[str, list[Loss]]

    def losses(self) -> list[Loss]:
        """All findings in the order of the tables."""
        losses = [*self.made["person"]]
        for name in ("observation_period", "condition", "medication", "measurement", "procedure", "vital", "answer"):
            if name == "condition" and name in self.plan.records:
                losses += self._conditions()
            elif name == "procedure" and name in self.plan.records:
                losses += self._procedures()
            elif name == "medication" and self.plan.drugs is not None:
                losses += [*self._drugs(self.plan.drugs.drugs), *self.made[name]]
            else:
                losses += self.made.get(name, [])
        return [*losses, *self.made.get("dose", []), *self.made.get("monitoring", [])]

    def _conditions(self) -> list[Loss]:
        deep = self._without_hierarchy("condition", record_codes(self.knowledge, "condition"))
        losses = [*self._gap("condition"), *deep, *self.made["condition"]]
        if "observation" in self.plan.coded:
            again = self._without_hierarchy("condition", kind_codes(self.knowledge, "condition"))
            losses += [loss for loss in again if loss not in deep]
            losses += self.made["condition of observation"]
        return losses

    def _procedures(self) -> list[Loss]:
        losses = []
        if "procedure" in self.plan.gaps:
            deep = self._without_hierarchy("procedure", record_codes(self.knowledge, "procedure"))
            losses += [*self._gap("procedure"), *deep, *self.made["procedure"]]
        for name in self.plan.care:
            losses += self._without_hierarchy("procedure", kind_codes(self.knowledge, "care"))
            losses += self.made[f"procedure of {name}"]
        return losses

    def _without_hierarchy(self, record: str, codes: Iterable[SetCode]) -> list[Loss]:
        """What is said of codes that mean all that lies below them, where nothing says what that is."""
        n = sum(c.match == "descendants" for c in codes)
        if not n or ANCESTOR in self.vocabulary.tables:
            return []
        what = (
            f"{n} codes of the code sets mean 'and everything below', but there is no concept_ancestor to say what "
            "lies below them: they match only themselves"
        )
        return [Loss(record, what, "kept", 0)]

    def _drugs(self, drugs: Drugs) -> list[Loss]:
        """What is said of all drug rows by what their drugs are."""
        counts = rows_by_kind(drugs.keys)
        losses, remaining = [], sum(counts.values())
        for kind, what in _LEFT_OUT.items():
            if kind in counts:
                remaining -= counts[kind]
                losses.append(Loss("medication", what, "left out", counts[kind], None, remaining))
            without = drugs.keys.filter(~pl.col("has_concept"), pl.col("kind") == "unidentified")["n_rows"].sum()
            if kind == "unidentified" and without:
                what = "among these, rows without a drug concept (concept 0)"
                losses.append(Loss("medication", what, "left out", without))
        known = drugs.keys.filter(pl.col("kind") == "known")
        for way, n in known.group_by("way").agg(pl.col("n_rows").sum()).sort("way").iter_rows():
            losses.append(Loss("medication", f"rows whose ingredient was found by {WAYS[way]}", "kept", n))
        if not self.vocabulary.states_units:
            has_strengths = "drug_strength" in self.vocabulary.tables
            why = "drug_strength has no unit columns" if has_strengths else "no drug_strength"
            losses.append(Loss("medication", f"{why}: strengths are read from the names of the products", "kept", 0))
        return losses

    def _gap(self, record: str) -> list[Loss]:
        gap = self.plan.gaps[record]
        return [*gap.counted, *self.made.get(f"{record} gap", []), *gap.about_everybody]
