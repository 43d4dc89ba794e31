"""A location with FHIR files, opened as a source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import ibis

from ...errors import Problem, SourceError
from ...knowledge.forms import Knowledge
from ..files import RawTable, fingerprint
from ..omop import read_omop
from ..source import Loss, Source
from .cdm import build_cdm
from .documents import Found, fhir_files, holds_fhir, read_documents
from .reading import Reading
from .resources import read_resources
from .rows import Rows
from .surveys import settle_responses

_SAYS_WHAT_WAS_SUPPLIED = {"MedicationDispense", "ExplanationOfBenefit"}
_TABLES = {
    "condition_occurrence": {"Condition"},
    "procedure_occurrence": {"Procedure", "Claim", "ExplanationOfBenefit"},
    "measurement": {"Observation", "QuestionnaireResponse"},
    "visit_occurrence": {"Encounter"},
}
"""The types of resources that fill a table: where a source has none of them, it has no such table."""


def open_fhir(location: Path, con: ibis.BaseBackend, knowledge: Knowledge) -> Source:
    """Opens and checks FHIR R4 resources: a folder of NDJSON files, a bundle, a folder of bundles. Raises SourceError with every
    file and line that cannot be read."""
    files = [f for f in fhir_files(location) if location.is_file() or holds_fhir(f)]
    label = location.name.removesuffix(".gz").removesuffix(".json") if location.is_file() else location.name
    return open_resources(read_documents(files, location), con, knowledge, label, str(location), fingerprint(files))


def open_resources(
    found: Iterable[Found], con: ibis.BaseBackend, knowledge: Knowledge, label: str, location: str, digest: str
) -> Source:
    """Resources as a source."""
    if con.name != "duckdb":
        problem = Problem(label, "FHIR resources", "an OMOP CDM", "leave the engine out: DuckDB reads FHIR")
        raise SourceError("This engine does not read FHIR.", [problem])
    rows = Rows(con)
    reading = Reading(rows, knowledge)
    losses, types = read_resources(found, reading)
    settle_responses(reading)
    if not rows.count("person"):
        problem = Problem(label, "no Patient resource", "one Patient for each person", "export the patients too")
        raise SourceError("There is nobody in this source.", [problem])
    cdm, more = build_cdm(con, rows, reading)
    wanted = {"person", "drug_exposure", "concept"}
    wanted |= {table for table, of in _TABLES.items() if of & types}
    wanted |= {"death"} if rows.count("death") else set()
    if "Coverage" in types and types & _SAYS_WHAT_WAS_SUPPLIED:
        wanted.add("observation_period")
    elif "Coverage" in types:
        what = "insurance (Coverage) without anything that was dispensed or paid for: no time of observation"
        losses.append(Loss("observation_period", what, "left out", rows.count("observation_period")))
    tables = {name: RawTable(name, label, cdm[name]) for name in sorted(wanted)}
    losses = [*losses, *more]
    records, has, found_losses, drug_rows = read_omop(tables, con, knowledge)
    return Source(label, location, digest, records, has, (*losses, *map(_in_fhir, found_losses)), drug_rows)


def _in_fhir(loss: Loss) -> Loss:
    """A finding about a table of the CDM in the words of FHIR."""
    if loss.table == "drug_exposure" and "no rows" in loss.what:
        return replace(loss, what="there are no resources about drugs that can be read")
    return loss
