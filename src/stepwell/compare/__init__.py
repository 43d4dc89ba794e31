"""Definitions side by side on the same people: what each asks, whom it means, where two part, and which choice matters most."""

from .between import Between, find_between
from .comparison import Comparison, compare
from .page import render_comparison, render_varied, write_comparison, write_varied
from .persistence import FirstWeeks, find_first_weeks
from .varied import Varied, vary

__all__ = [
    "Between",
    "Comparison",
    "FirstWeeks",
    "Varied",
    "compare",
    "find_between",
    "find_first_weeks",
    "render_comparison",
    "render_varied",
    "vary",
    "write_comparison",
    "write_varied",
]
