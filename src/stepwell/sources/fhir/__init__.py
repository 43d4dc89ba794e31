"""FHIR R4 as a source of records: resources are turned into tables of a CDM, which the reader of OMOP then reads. So every rule
about drugs, codes, doses, scores and gaps has one home."""

from .documents import SUFFIXES as FHIR_SUFFIXES
from .documents import fhir_files, holds_fhir
from .source import open_bundle, open_fhir

__all__ = ["FHIR_SUFFIXES", "fhir_files", "holds_fhir", "open_bundle", "open_fhir"]
