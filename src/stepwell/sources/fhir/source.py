"""A location with FHIR files, opened as a source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.util import gen_name

from ...errors import Problem, SourceError
from ...knowledge.forms import Knowledge
from ..files import RawTable, fingerprint, open_file
from ..omop import REQUIRED_COLUMNS, read_omop
from ..source import Loss, Source
from .allergies import mark_allergies
from .cdm import build_cdm
from .documents import Found, fhir_files, holds_fhir, read_bundle, read_documents
from .fetched import find_unfetched, mark_unfetched
from .reading import Reading
from .resources import read_resources
from .rows import Rows
from .surveys import settle_responses
from .vocabulary import with_vocabulary

_SAYS_WHAT_WAS_SUPPLIED = {"MedicationDispense", "ExplanationOfBenefit"}
_REMEDY = (
    "put the vocabulary tables CONCEPT, CONCEPT_ANCESTOR and DRUG_STRENGTH (from athena.ohdsi.org) into the folder of the FHIR "
    "files, and send codes of RxNorm"
)
_TABLES = {
    "condition_occurrence": {"Condition"},
    "procedure_occurrence": {"Procedure", "Claim", "ExplanationOfBenefit"},
    "measurement": {"Observation", "QuestionnaireResponse"},
    "visit_occurrence": {"Encounter"},
}
"""The types of resources that fill a table: where a source has none of them, it has no such table."""


def open_fhir(
    location: Path, con: ibis.BaseBackend, knowledge: Knowledge, vocabulary: Mapping[str, Path] = MappingProxyType({})
) -> Source:
    """Opens and checks FHIR R4 resources: a folder of NDJSON files, a bundle, a folder of bundles; with the files of OMOP's
    vocabulary tables by name, where there are any. Raises SourceError with every file and line that cannot be read."""
    files = [f for f in fhir_files(location) if location.is_file() or holds_fhir(f)]
    label = location.name.removesuffix(".gz").removesuffix(".json") if location.is_file() else location.name
    tables, problems = {}, []
    for name, path in vocabulary.items():
        raw, found = open_file(con, path, REQUIRED_COLUMNS[name])
        problems += found
        if raw is not None:
            tables[name] = raw
    if problems:
        raise SourceError(f"{len(problems)} of the files cannot be read.", problems)
    unfetched = find_unfetched(location)
    digest = fingerprint([*files, *vocabulary.values(), *unfetched.files])
    found = read_documents(files, location)
    source = open_resources(found, con, knowledge, label, str(location), digest, tables)
    return mark_unfetched(source, unfetched, knowledge)


def open_bundle(bundle: dict, con: ibis.BaseBackend, knowledge: Knowledge) -> Source:
    """A bundle in memory as a source."""
    return open_resources(read_bundle(bundle, "bundle"), con, knowledge, "bundle", "", "")


def open_resources(
    found: Iterable[Found],
    con: ibis.BaseBackend,
    knowledge: Knowledge,
    label: str,
    location: str,
    digest: str,
    vocabulary: Mapping[str, RawTable] = MappingProxyType({}),
) -> Source:
    """Resources as a source; with OMOP's vocabulary tables, where there are any. The tables of the CDM are made in DuckDB;
    another engine takes them over."""
    maker = con if con.name == "duckdb" else ibis.duckdb.connect()
    rows = Rows(maker)
    reading = Reading(rows, knowledge)
    losses, types = read_resources(found, reading)
    settle_responses(reading)
    if not rows.count("person"):
        problem = Problem(label, "no Patient resource", "one Patient for each person", "export the patients too")
        raise SourceError("There is nobody in this source.", [problem])
    cdm, more = build_cdm(maker, rows, reading)
    if maker is not con:
        cdm = {name: _taken_over(con, maker.to_pyarrow(table)) for name, table in cdm.items()}
        maker.disconnect()
    if "concept" in vocabulary:
        cdm = with_vocabulary(con, cdm, vocabulary["concept"])
    wanted = {"person", "drug_exposure", "concept"}
    wanted |= {table for table, of in _TABLES.items() if of & types}
    wanted |= {name for name in ("death", "condition_occurrence") if rows.count(name)}
    if "Coverage" in types and types & _SAYS_WHAT_WAS_SUPPLIED:
        wanted.add("observation_period")
    elif "Coverage" in types:
        what = "insurance (Coverage) without anything that was dispensed or paid for: no time of observation"
        losses.append(Loss("observation_period", what, "left out", rows.count("observation_period")))
    tables = {name: RawTable(name, label, cdm[name]) for name in sorted(wanted)}
    tables |= {name: raw for name, raw in vocabulary.items() if name != "concept"}
    source = read_omop(tables, con, knowledge, is_made=True).named(label, location, digest)
    losses = (*losses, *more, *map(_in_fhir, source.losses))
    drug_rows = source.drug_rows
    if drug_rows is not None and "concept" not in vocabulary:
        drug_rows = replace(drug_rows, remedy=_REMEDY)
    source = replace(source, losses=losses, drug_rows=drug_rows)
    return mark_allergies(source, cdm["allergy"], knowledge) if rows.count("allergy") else source


def _taken_over(con: ibis.BaseBackend, rows: pa.Table) -> ir.Table:
    name = gen_name("stepwell_fhir")
    con.engine.store(name, rows)
    return con.named(name, ibis.Schema.from_pyarrow(rows.schema))


def _in_fhir(loss: Loss) -> Loss:
    """A finding about a table of the CDM in the words of FHIR."""
    if loss.table == "drug_exposure" and "no rows" in loss.what:
        return replace(loss, what="there are no resources about drugs that can be read")
    return loss
