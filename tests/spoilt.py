"""Texts spoilt at random, as a slip of the hand would: for files that people write."""

from __future__ import annotations

import random
from collections.abc import Iterator

_LETTERS = "'\"[]{}:,#&*!|>%@`-?~ \n\t_0é\u00a0\x07="


def spoilt(text: str, n: int, seed: int) -> Iterator[str]:
    """So many times the text with one to three slips: a letter too many, letters or a line missing, a line twice or moved in."""
    chance = random.Random(seed)
    for _ in range(n):
        wrong = text
        for _ in range(chance.randint(1, 3)):
            wrong = _slip(wrong, chance)
        yield wrong


def _slip(text: str, chance: random.Random) -> str:
    at, lines = chance.randrange(len(text)), text.split("\n")
    line = chance.randrange(len(lines))
    kind = chance.choice(("a letter", "some letters", "a line", "a line twice", "a line moved in"))
    if kind == "a letter":
        return text[:at] + chance.choice(_LETTERS) + text[at:]
    if kind == "some letters":
        return text[:at] + text[at + chance.randint(1, 12) :]
    if kind == "a line":
        del lines[line]
    elif kind == "a line twice":
        lines.insert(chance.randrange(len(lines)), lines[line])
    else:
        lines[line] = " " * chance.randint(1, 4) + lines[line]
    return "\n".join(lines)
