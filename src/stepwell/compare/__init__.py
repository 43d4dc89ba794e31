"""Definitions side by side on the same people: what each asks, whom it means, where two part, and which choice matters most."""

from .between import Between, find_between
from .comparison import Comparison, compare
from .page import render_comparison, render_varied, write_comparison, write_varied
from .varied import Varied, vary

__all__ = [
    "Between",
    "Comparison",
    "Varied",
    "compare",
    "find_between",
    "render_comparison",
    "render_varied",
    "vary",
    "write_comparison",
    "write_varied",
]
