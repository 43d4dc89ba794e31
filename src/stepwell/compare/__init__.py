"""Definitions side by side on the same people: what each asks, whom it means, where two part, and which choice matters most."""

from .between import Between, find_between
from .comparison import Comparison, compare
from .page import render_comparison, write_comparison

__all__ = ["Between", "Comparison", "compare", "find_between", "render_comparison", "write_comparison"]
