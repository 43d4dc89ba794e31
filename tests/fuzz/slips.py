"""Texts and bytes spoilt at random."""

from __future__ import annotations

import random

from spoilt import spoilt


def spoil_text(text: str, chance: random.Random) -> tuple[str, str]:
    """The text with one to three slips of the hand, and how to make it again."""
    seed = chance.randrange(2**32)
    return next(spoilt(text, 1, seed)), f"slips of seed {seed}"


def spoil_bytes(content: bytes, chance: random.Random) -> tuple[bytes, str]:
    """The bytes of a file after one accident, and which."""
    at = chance.randrange(len(content) + 1)
    what = chance.choice(
        (
            "cut",
            "empty",
            "NUL",
            "not UTF-8",
            "BOM",
            "UTF-16",
            "CR",
            "quote",
            "header gone",
            "huge",
            "twice",
            "blank lines",
        )
    )
    lines = content.split(b"\n")
    spoilt_as = {
        "cut": content[:at],
        "empty": b"",
        "NUL": content[:at] + b"\x00" + content[at:],
        "not UTF-8": content[:at] + b"\xff\xfe" + content[at:],
        "BOM": b"\xef\xbb\xbf" + content,
        "UTF-16": content.decode("utf-8", "replace").encode("utf-16"),
        "CR": content.replace(b"\n", b"\r", 1),
        "quote": content[:at] + b'"' + content[at:],
        "header gone": b"\n".join(lines[1:]),
        "huge": content[:at] + b"x" * 140_000 + content[at:],
        "twice": content + content,
        "blank lines": content + b"\n\n,\n\n",
    }
    return spoilt_as[what], f"bytes: {what} at {at}"
