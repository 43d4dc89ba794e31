"""Text in CSV files that people open in a spreadsheet."""

from __future__ import annotations

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def no_formula(text: str) -> str:
    """The text, with a quote before what a spreadsheet would calculate."""
    return f"'{text}" if text.startswith(_BEGINS_A_FORMULA) else text
