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
from .records import (
    CONDITION,
    DOSE,
    MEASUREMENT,
    MEDICATION,
    MONITORING,
    OBSERVATION_PERIOD,
    PERSON,
    PROCEDURE,
    RECORDS,
)
from .sessions import EFFECT, JUDGED_SERIES, JUDGED_SESSION, LOAD, SERIES, SERIES_RESPONSE, SESSION, SESSIONS
from .staged import STAGE

__all__ = [
    "ATTRITION",
    "CONDITION",
    "DERIVED",
    "DETERMINATION",
    "DOSE",
    "EFFECT",
    "EPISODE",
    "EVIDENCE",
    "EXPOSURE",
    "JUDGED_SERIES",
    "JUDGED_SESSION",
    "JUDGED_TRIAL",
    "LOAD",
    "MEASUREMENT",
    "MEDICATION",
    "MONITORING",
    "OBSERVATION_PERIOD",
    "PERSON",
    "PROCEDURE",
    "QUALITY",
    "RECORDS",
    "SERIES",
    "SERIES_RESPONSE",
    "SESSION",
    "SESSIONS",
    "STAGE",
    "STAGED_TRIAL",
    "STEP",
    "TRIAL",
    "TRUTH",
    "TRUTH_PERSON",
    "TRUTH_TRIAL",
    "Column",
    "Table",
]
