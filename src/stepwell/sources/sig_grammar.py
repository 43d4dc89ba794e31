"""The grammar of dosing instructions: tokens into amounts, schedules and durations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from .sig_numbers import ONE, Cursor, NotUnderstoodError, Range
from .sig_words import Token

_MOST_WITHOUT_UNIT = 4
"""The largest number without a unit that is read as a count ("take 1 daily"). A larger one may be milligrams."""


@dataclass(frozen=True)
class Amount:
    """What is taken at once: a count of a unit, milligrams, or both."""

    count: Range | None = None
    unit: str | None = None
    mg: Range | None = None


@dataclass(frozen=True)
class Rate:
    """How many times a day."""

    a_day: Range


@dataclass(frozen=True)
class Slot:
    """A time of the day."""

    name: str


@dataclass(frozen=True)
class Weekday:
    """A day of the week."""

    name: str


@dataclass(frozen=True)
class Duration:
    """How many days it is taken."""

    days: Range


@dataclass(frozen=True)
class Joint:
    """ "And", punctuation, or a remark that does not change the dose."""

    is_and: bool = False


class Reader(Cursor):
    """Reads tokens from left to right into parts."""

    def parts(self) -> list[object]:
        """All parts of the text, in order."""
        rules = (self.remark, self.duration, self.clock, self.schedule, self.amount)
        found: list[object] = []
        while self.kind() != "END":
            for rule in rules:
                start = self.at
                part = rule()
                if part is not None:
                    found.append(part)
                    break
                self.at = start
            else:
                raise NotUnderstoodError
        return found

    def remark(self) -> object | None:
        """Words that do not change the dose, and the joints between parts."""
        if joint := self.take("BREAK", "AND", "HARMLESS"):
            return Joint(is_and=joint.kind == "AND")
        if self.take("FOR") and self.take("REASON"):
            return Joint()
        return None

    def duration(self) -> object | None:
        """`for 14 days`, `x 7 d`, `times 2 weeks`."""
        if not self.take("FOR", "X", "TIMES"):
            return None
        number = self.number()
        period = self.take("PERIOD")
        return Duration(number * Range(*period.value)) if number and period else None

    def clock(self) -> object | None:
        """`at 8 am`, `1 hour before bedtime`: a time of the day."""
        if self.take("AT") and (hour := self.take("NUMBER")):
            minutes = 0
            if self.kind() == "BREAK" and self.kind(1) == "NUMBER":
                self.at += 1
                minutes = self.must("NUMBER").value
            return Slot(f"{hour.value}:{minutes} {self.must('CLOCK').value}")
        if self.take("NUMBER") and self.take("MINUTE", "PERIOD"):
            slot = self.take("RELATIVE SLOT")
            return Slot(slot.value) if slot else None
        return None

    def schedule(self) -> object | None:
        """`twice daily`, `every 6 to 8 hours`, `qhs`, `on Monday`."""
        start = self.at
        count = self.count()
        if count:
            while self.take("HARMLESS"):
                pass
            slot = self.take("SLOT")
            if slot and count == ONE:
                return Slot(slot.value)
            rate = self.period()
            if rate:
                return Rate(count * rate)
            if self.words[start].kind == "COUNT":
                raise NotUnderstoodError
        self.at = start
        token = self.take("SLOT", "RELATIVE SLOT")
        if token:
            return Slot(token.value)
        if self.kind() == "CLOCK":
            return self.bare_clock()
        if self.take("ON", "EVERY", "EACH") and self.kind() == "WEEKDAY":
            return Weekday(self.must("WEEKDAY").value)
        self.at = start
        token = self.take("WEEKDAY", "RATE")
        if token:
            return Weekday(token.value) if token.kind == "WEEKDAY" else Rate(Range(token.value, token.value))
        rate = self.period()
        return Rate(rate) if rate else None

    def bare_clock(self) -> object:
        """`1 tab am` is a time of the day; in `2 pm` without "at" nobody knows whether 2 is the hour."""
        if self.at and self.words[self.at - 1].kind == "NUMBER":
            raise NotUnderstoodError
        return Slot(self.must("CLOCK").value)

    def count(self) -> Range | None:
        """`once`, `3 times`, `2-3 x`."""
        token = self.take("COUNT")
        if token:
            return Range(token.value, token.value)
        number = self.number()
        if not number or not self.take("TIMES", "X"):
            return None
        if number.low.denominator != 1 or number.high.denominator != 1:
            raise NotUnderstoodError
        return number

    def period(self) -> Range | None:
        """How many times a day a period comes: `daily` is 1, `every 8 hours` is 3, `a week` is 1/7."""
        token = self.take("COUNTED")
        if token:
            return _a_day(ONE, token)
        if self.take("EVERY"):
            number = self.number() or (Range(Fraction(2), Fraction(2)) if self.take("OTHER") else ONE)
            return _a_day(number, self.must("PERIOD"))
        if self.kind(1) == "PERIOD" and self.take("A", "PER", "EACH", "/"):
            return _a_day(ONE, self.must("PERIOD"))
        return None

    def amount(self) -> object | None:
        """`1 tablet (20 mg total)`, `20 mg`, `2 28 mg devices`, `1`."""
        count = self.number()
        if count is None and self.take("A") and self.kind() == "UNIT":
            count = ONE
        if count is None:
            return None
        self.repeated_number(count)
        if self.take("OF"):
            self.take("A")
            if self.kind() != "UNIT":
                raise NotUnderstoodError
        elif self.kind(1) == "UNIT":
            self.take("A")
        if mass := self.take("MASS"):
            return self.milligrams(count * Range(mass.value, mass.value))
        start = self.at
        self.take("X")
        each = self.mass()
        if each and (unit := self.take("UNIT")):
            return self.nostrils(Amount(count, unit.value, count * each))
        self.at = start
        unit = self.take("UNIT")
        if unit is None:
            if count.high > _MOST_WITHOUT_UNIT:
                raise NotUnderstoodError
            return Amount(count)
        return self.nostrils(self.described(Amount(count, unit.value)))

    def milligrams(self, mg: Range) -> Amount:
        """An amount that begins with milligrams: `56 mg (2 devices)`."""
        self.take("TOTAL")
        if self.kind() == "UNIT":
            raise NotUnderstoodError  # "20 mg tablet": the strength of a product, without a count.
        if not self.take("("):
            return Amount(mg=mg)
        count = self.number()
        unit = self.must("UNIT")
        self.must(")")
        if count is None:
            raise NotUnderstoodError
        return Amount(count, unit.value, mg)

    def described(self, amount: Amount) -> Amount:
        """The amount with the milligrams that stand behind it: `of 20 mg`, `(40 mg total)`, `(20 mg each)`."""
        if self.take("OF"):
            each = self.mass()
            if each is None:
                raise NotUnderstoodError
            self.take("EACH")
            return replace(amount, mg=amount.count * each)
        start = self.at
        while self.take("HARMLESS"):
            pass
        if not self.take("("):
            self.at = start
            return amount
        is_total = bool(self.take("TOTAL"))
        mg = self.mass()
        if mg is None:
            raise NotUnderstoodError
        is_total |= bool(self.take("TOTAL"))
        is_each = bool(self.take("EACH"))
        self.must(")")
        if is_total and is_each:
            raise NotUnderstoodError
        if is_each:
            return replace(amount, mg=amount.count * mg)
        # "2 tablets (20 mg)" may be the strength or the sum.
        return replace(amount, mg=mg) if is_total or amount.count == ONE else amount

    def nostrils(self, amount: Amount) -> Amount:
        """`1 spray in each nostril` is two sprays. Of a device nobody knows: one may serve both nostrils."""
        if not self.take("NOSTRILS"):
            return amount
        if amount.unit != "spray" or amount.mg:
            raise NotUnderstoodError
        return replace(amount, count=amount.count + amount.count)

    def mass(self) -> Range | None:
        """`20 mg`, in milligrams."""
        number = self.number()
        if number is None or not (mass := self.take("MASS")):
            return None
        return number * Range(mass.value, mass.value)

    def repeated_number(self, count: Range) -> None:
        """`1 (one) tablet`."""
        if self.kind() == "(" and self.kind(1) == "NUMBER" and self.kind(2) == ")":
            self.at += 1
            again = self.must("NUMBER").value
            self.must(")")
            if count != Range(again, again):
                raise NotUnderstoodError


def _a_day(number: Range, period: Token) -> Range:
    shortest, longest = period.value
    return Range(1 / (number.high * longest), 1 / (number.low * shortest))
