"""Candidacy for esketamine or ketamine as evidence: what a label, a practice and payers' policies ask of one person on one day,
what the records say to each, and what is missing before anybody could say. It never says yes. The page is in `page`."""

from stepwell.knowledge.candidacy_card import standing_of
from stepwell.knowledge.sentences import provenance
from stepwell.why.found import show_date, show_days, show_number

from .assess import Assessment, assess, find_forms
from .chart import Chart, read_chart
from .line import Found, Line
from .suicidality import asks_about_suicide, is_own_sign, on_one_line, signs_of, to_say_first
from .trial_rows import tell_trials

__all__ = [
    "Assessment",
    "Chart",
    "Found",
    "Line",
    "asks_about_suicide",
    "assess",
    "find_forms",
    "is_own_sign",
    "on_one_line",
    "provenance",
    "read_chart",
    "show_date",
    "show_days",
    "show_number",
    "signs_of",
    "standing_of",
    "tell_trials",
    "to_say_first",
]
