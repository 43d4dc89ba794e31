"""Calibration: some published results set the free numbers of the model, others, which were held back, judge all of it."""

from .file import calibrated_file, write_calibrated
from .fit import Fit, Row, find_fit
from .measures import Estimate
from .page import write_fit
from .search import Calibrated, calibrate
from .targets import Target, read_aim

__all__ = [
    "Calibrated",
    "Estimate",
    "Fit",
    "Row",
    "Target",
    "calibrate",
    "calibrated_file",
    "find_fit",
    "read_aim",
    "write_calibrated",
    "write_fit",
]
