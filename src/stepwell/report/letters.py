"""The letters by which definitions and people are called on a page."""

from __future__ import annotations

from string import ascii_uppercase


def letter(i: int) -> str:
    """A, B, ... Z, AA, AB, ..."""
    return (letter(i // 26 - 1) if i >= 26 else "") + ascii_uppercase[i % 26]
