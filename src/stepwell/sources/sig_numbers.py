"""The numbers of dosing instructions: 2, 1/2, one and a half, 1-2, 1 to 2."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .sig_words import Token

_SMALLEST_PART = 4
"""A unit is cut into four at most. 3/7 and 2/52 are a British way to write days and weeks."""


class NotUnderstoodError(Exception):
    """The text does not fit the grammar, or contradicts itself."""


@dataclass(frozen=True)
class Range:
    """A number from `low` to `high`, exact."""

    low: Fraction
    high: Fraction

    def __mul__(self, other: Range) -> Range:
        return Range(self.low * other.low, self.high * other.high)

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)


ONE = Range(Fraction(1), Fraction(1))


@dataclass
class Cursor:
    """A place in a list of tokens, and the numbers that are read there."""

    words: list[Token]
    at: int = 0

    def kind(self, ahead: int = 0) -> str:
        """The kind of the next token, or of one further ahead; `END` behind the last."""
        place = self.at + ahead
        return self.words[place].kind if place < len(self.words) else "END"

    def take(self, *kinds: str) -> Token | None:
        """The next token if it is of one of the kinds."""
        if self.kind() not in kinds:
            return None
        self.at += 1
        return self.words[self.at - 1]

    def must(self, *kinds: str) -> Token:
        """The next token, which must be of one of the kinds."""
        token = self.take(*kinds)
        if token is None:
            raise NotUnderstoodError
        return token

    def number(self) -> Range | None:
        """`2`, `1/2`, `one and a half`, `1-2`, `1 to 2`, `1 or 2`."""
        low = self.one_number()
        if low is None:
            return None
        start = self.at
        high = self.one_number() if self.take("-", "TO", "OR") else None
        if high is None:
            self.at = start
            high = low
        elif high <= low:
            raise NotUnderstoodError
        if low <= 0:
            raise NotUnderstoodError
        return Range(low, high)

    def one_number(self) -> Fraction | None:
        """`2`, `0.5`, `1 1/2`, `one and a half`."""
        part = self.fraction()
        if part is not None:
            return part
        token = self.take("NUMBER")
        if token is None:
            return None
        whole, start = token.value, self.at
        self.take("-", "AND")
        part = self.fraction()
        if part is None or whole.denominator != 1:
            self.at = start
            return whole
        if self.words[self.at - 1].kind in ("HALF", "QUARTER") and self.words[start].kind != "AND":
            # "One-half" is a half; "2 half tablets" may be one or two and a half.
            if whole != 1:
                raise NotUnderstoodError
            return part
        return whole + part  # "1 1/2", "1-1/2", "one and a half"

    def fraction(self) -> Fraction | None:
        """`1/2`, `half`, `a half`, `one half` after "and"."""
        start = self.at
        if self.kind() == "NUMBER" and self.kind(1) == "/" and self.kind(2) == "NUMBER":
            above, below = self.words[self.at].value, self.words[self.at + 2].value
            self.at += 3
            if not 0 < above < below <= _SMALLEST_PART or self.kind() == "/":
                raise NotUnderstoodError
            return above / below
        self.take("A")
        if self.kind() == "NUMBER" and self.words[self.at].value == 1 and self.kind(1) == "HALF":
            self.at += 1
        if self.take("HALF"):
            return Fraction(1, 2)
        if self.take("QUARTER"):
            return Fraction(1, 2) ** 2
        self.at = start
        return None
