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
)
from .quality import QUALITY
from .records import CONDITION, MEASUREMENT, MEDICATION, OBSERVATION_PERIOD, PERSON, PROCEDURE, RECORDS
from .staged import STAGE
from .truth import TRUTH, TRUTH_EXPOSURE, TRUTH_PERSON, TRUTH_SERIES, TRUTH_SESSION, TRUTH_STATE, TRUTH_TRIAL

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
    "TRUTH_EXPOSURE",
    "TRUTH_PERSON",
    "TRUTH_SERIES",
    "TRUTH_SESSION",
    "TRUTH_STATE",
    "TRUTH_TRIAL",
    "Column",
    "Table",
]
