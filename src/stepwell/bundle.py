"""Judges a FHIR R4 bundle held in memory, by the same rules as a run over files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from stepwell.in_memory import determine_records
from stepwell.knowledge.definition import Definition
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.loader import load
from stepwell.knowledge.staging import Staging
from stepwell.reading import read_records


def determine_bundle(
    bundle: Mapping,
    definitions: Sequence[Definition | str] = (),
    knowledge: Knowledge | None = None,
    *,
    stagings: Sequence[Staging | str] = (),
) -> dict[str, pa.Table]:
    """Judges a bundle: a mapping as `json.load` gives it.

    `definitions` and `stagings` are ids, or forms; without definitions, those that are run by default. Returns the record tables
    (`person` has the patients' own ids) and the result tables, by name. Raises SourceError for what is no bundle that can be
    read, QuestionError for an id that is not known.
    """
    knowledge = knowledge or load()
    chosen = definitions or [d for d in knowledge.definitions.values() if d.by_default]
    records = read_records(bundle, knowledge)
    return records.tables | determine_records(records.tables, chosen, knowledge, has=records.has, stagings=stagings)
