"""Candidacy for esketamine or ketamine as evidence: what a label, a practice and payers' policies ask of one person on one day,
what the records say to each, and what is missing before anybody could say. It never says yes."""

from .assess import Assessment, assess
from .chart import Chart, read_chart
from .line import Line
from .page import write_candidacy

__all__ = ["Assessment", "Chart", "Line", "assess", "read_chart", "write_candidacy"]
