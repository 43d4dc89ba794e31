"""Why, for one person: the evidence as rows (`rows`), in words (`found`), and told in the terminal (`story`)."""

from .rows import VERDICTS, evidence_of, evidence_of_person, find_evidence, of_branches
from .series import find_series_evidence
from .staged import find_stage_evidence

__all__ = [
    "VERDICTS",
    "evidence_of",
    "evidence_of_person",
    "find_evidence",
    "find_series_evidence",
    "find_stage_evidence",
    "of_branches",
]
