"""Candidacy for esketamine or ketamine as evidence: what a label, a practice and payers' policies ask of one person on one day,
what the records say to each, and what is missing before anybody could say. It never says yes. The page is in `page`."""

from .assess import Assessment, assess, find_forms
from .chart import Chart, read_chart
from .line import Line

__all__ = ["Assessment", "Chart", "Line", "assess", "find_forms", "read_chart"]
