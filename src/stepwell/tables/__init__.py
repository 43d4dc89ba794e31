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
    STEP,
    TRIAL,
    TRUTH,
    TRUTH_PERSON,
    TRUTH_TRIAL,
)
from .records import CONDITION, MEASUREMENT, MEDICATION, OBSERVATION_PERIOD, PERSON, PROCEDURE, RECORDS

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
    "RECORDS",
    "STEP",
    "TRIAL",
    "TRUTH",
    "TRUTH_PERSON",
    "TRUTH_TRIAL",
    "Column",
    "Table",
]
