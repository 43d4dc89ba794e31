"""What the vocabulary tables say of the concepts of drugs: asked once, whatever the drugs are looked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from ..knowledge.forms import Knowledge
from .vocabulary import Vocabulary


@dataclass(frozen=True)
class DrugConcepts:
    """What the vocabulary tables say of the concepts asked about. `rows`: their rows of `concept`. `ancestors`: the pairs of
    `concept_ancestor` in which one of them is `below` a concept that the knowledge names (`above`). `with_ancestors`: those below
    any other concept. `strengths`: their rows of `drug_strength`, whose numbers mean nothing unless it `states_units`. `coded`:
    the concepts (`concept_id`) of the RxNorm codes (`code`) that the knowledge names."""

    rows: pl.DataFrame
    ancestors: pl.DataFrame
    with_ancestors: pl.Series
    strengths: pl.DataFrame
    states_units: bool
    coded: pl.DataFrame


class DrugVocabulary:
    """The vocabulary tables, asked for everything that several bodies of knowledge need to know of drugs."""

    def __init__(self, vocabulary: Vocabulary, knowledges: Sequence[Knowledge]):
        codes = {code for k in knowledges for form in k.ingredients.values() for code in form.rxnorm}
        codes |= {use.rxnorm for k in knowledges for use in k.product_uses}
        wanted = pl.DataFrame({"plain": sorted(codes)}, schema={"plain": pl.String})
        coded = vocabulary.concepts_coded(wanted.with_columns(vocabulary=pl.lit("RxNorm")))
        self._vocabulary = vocabulary
        self._coded = coded.select("concept_id", "code").unique()
        self._named = {c for k in knowledges for form in k.ingredients.values() for c in form.omop}
        self._named |= set(self._coded["concept_id"])

    def look_up(self, ids: Iterable[int]) -> DrugConcepts:
        """What the tables say of these concepts."""
        vocabulary = self._vocabulary
        return DrugConcepts(
            vocabulary.concepts(ids),
            vocabulary.below(self._named, ids),
            vocabulary.with_ancestors(ids),
            vocabulary.strengths(ids),
            vocabulary.states_units,
            self._coded,
        )
