"""Every table of stepwell, declared once."""

from .declare import Column, Table
from .derived import (
    ATTRITION,
    DERIVED,
    DETERMINATION,
    EPISODE,
    EVIDENCE,
    EXPOSURE,
    JUDGED_TRIAL,
    STAGED_TRIAL,
    STEP,
    TRIAL,
    TRUTH,
    TRUTH_PERSON,
    TRUTH_TRIAL,
)
from .quality import QUALITY
from .records import CONDITION, MEASUREMENT, MEDICATION, OBSERVATION_PERIOD, PERSON, PROCEDURE, RECORDS, VITAL
from .staged import STAGE

__all__ = [
    "ATTRITION",
    "CONDITION",
    "DERIVED",
    "DETERMINATION",
    "EPISODE",
    "EVIDENCE",
    "EXPOSURE",
    "JUDGED_TRIAL",
    "MEASUREMENT",
    "MEDICATION",
    "OBSERVATION_PERIOD",
    "PERSON",
    "PROCEDURE",
    "QUALITY",
    "RECORDS",
    "STAGE",
    "STAGED_TRIAL",
    "STEP",
    "TRIAL",
    "TRUTH",
    "TRUTH_PERSON",
    "TRUTH_TRIAL",
    "VITAL",
    "Column",
    "Table",
]
