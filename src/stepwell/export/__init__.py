"""A result written for other systems: OMOP's EPISODE tables, and FHIR."""

from .fhir import export_fhir
from .omop_episode import export_omop_episode

__all__ = ["export_fhir", "export_omop_episode"]
