"""The words that a dosing instruction may be made of, and what each means. Any other word makes an instruction unknown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Token:
    """One word, number, sign or known phrase. `value` depends on the kind."""

    kind: str
    value: object = None


_HOURS = 24
_NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]

_UNITS = {
    "tablet": "tablet|tablets|tab|tabs",
    "capsule": "capsule|capsules|cap|caps",
    "pill": "pill|pills",
    "ml": "ml|mls|milliliter|milliliters|millilitre|millilitres|cc",
    "device": "device|devices|spray device|spray devices|nasal spray device|nasal spray devices",
    "spray": "spray|sprays",
    "patch": "patch|patches",
    "film": "film|films",
}
_MASSES = {
    Fraction(1): "mg|mgs|milligram|milligrams",
    Fraction(1000): "g|gm|gram|grams",
    Fraction(1, 1000): "mcg|ug|microgram|micrograms",
}
_PERIODS = {
    (Fraction(1, _HOURS), Fraction(1, _HOURS)): "h|hr|hrs|hour|hours",
    (Fraction(1), Fraction(1)): "d|day|days",
    (Fraction(7), Fraction(7)): "wk|wks|week|weeks",
    (Fraction(28), Fraction(31)): "mo|month|months",
}
"""Shortest and longest length in days."""

_FIXED_RATES = {
    1: "qd|qday",
    2: "bid|bd",
    3: "tid|tds",
    4: "qid|qds",
    Fraction(1, 2): "qod|every other day|each other day|q other day|on alternate days|alternate days",
}
"""Times a day."""

_COUNTED_PERIODS = {
    (Fraction(1), Fraction(1)): "daily",
    (Fraction(7), Fraction(7)): "weekly",
    (Fraction(28), Fraction(31)): "monthly",
}
"""Words for a period that a count may precede, with its shortest and longest length in days: twice daily, once monthly."""

_SLOTS = {
    "morning": "in the morning|in morning|every morning|each morning|in the am|in am|every am|each am|qam|q am|mornings"
    "|morning|mane|with breakfast|at breakfast|breakfast",
    "noon": "at noon|every noon|at midday|at lunch|with lunch|at lunchtime|lunchtime|lunch|noon|midday",
    "afternoon": "in the afternoon|every afternoon|each afternoon|afternoon",
    "evening": "in the evening|in evening|every evening|each evening|in the pm|in pm|every pm|each pm|qpm|q pm|evening"
    "|with dinner|at dinner|with supper|at supper|with evening meal|with the evening meal|dinner|supper",
    "night": "at bedtime|every bedtime|bedtime|nightly|every night|each night|at night|night|nights|qhs|q hs|hs|qnight"
    "|at hs|nocte|every night at bedtime|each night at bedtime|nightly at bedtime|every day at bedtime"
    "|daily at bedtime|every evening at bedtime",
}
_RELATIVE_SLOTS = {
    "morning": "before breakfast|after breakfast",
    "noon": "before lunch|after lunch",
    "evening": "before dinner|after dinner|before supper|after supper",
    "night": "before bed|before bedtime|before sleep|before going to bed",
}
_WEEKDAYS = {
    "monday": "monday|mondays|mon",
    "tuesday": "tuesday|tuesdays|tue|tues",
    "wednesday": "wednesday|wednesdays|wed",
    "thursday": "thursday|thursdays|thu|thur|thurs",
    "friday": "friday|fridays|fri",
    "saturday": "saturday|saturdays|sat",
    "sunday": "sunday|sundays|sun",
}

_AS_NEEDED = "prn|as needed|if needed|when needed|as required|if required|when required|only as needed|only if needed"
_TAPER = (
    "taper|tapers|tapering|tapered|titrate|titrated|titrating|titration|wean|weaning|increase|increases|increasing"
    "|decrease|decreases|decreasing|reduce|reducing|then|thereafter|alternate|alternating"
)
_FORM = (
    "oral|nasal|er|xr|xl|sr|dr|ec|odt|extended release|extended-release|delayed release|delayed-release"
    "|sustained release|film coated|film-coated"
)
_HARMLESS = (
    "take|takes|use|give|apply|administer|please|by mouth|po|orally|per os|by oral route|via oral route|oral route"
    "|intranasally|nasally|in nose|in the nose|into nose|into the nose|sublingually|sl|under the tongue|to skin|to the skin"
    "|with food|with or without food|without food|with water|with a glass of water|with a full glass of water"
    "|with meals|with a meal|after meals|before meals|on an empty stomach|swallow whole|do not crush|do not chew"
    "|do not crush or chew|do not chew or crush|as directed|as prescribed|under supervision|under direct supervision"
)
_REASONS = (
    "depression|anxiety|mood|sleep|insomnia|pain|panic|ptsd|ocd|mdd|trd|depression and anxiety|anxiety and depression"
    "|anxiety and mood|mood and anxiety|anxiety or depression|depression or anxiety|anxiety/depression|depression/anxiety"
    "|major depressive disorder|major depression|panic disorder|panic attacks|anxiety disorder|treatment-resistant depression"
    "|treatment resistant depression|neuropathic pain|nerve pain"
)

_SINGLE = {
    "PRN": _AS_NEEDED,
    "TAPER": _TAPER,
    "FORM": _FORM,
    "HARMLESS": _HARMLESS,
    "REASON": _REASONS,
    "HALF": "half",
    "QUARTER": "quarter",
    "OTHER": "other",
    "EVERY": "every|q",
    "EACH": "each",
    "PER": "per",
    "A": "a|an",
    "OF": "of",
    "TIMES": "times|time",
    "X": "x",
    "FOR": "for|for the next",
    "ON": "on",
    "AT": "at",
    "TO": "to",
    "OR": "or",
    "AND": "and|plus|&",
    "TOTAL": "total|in total|total of|total dose|total dose of",
    "MINUTE": "min|mins|minute|minutes",
    "NOSTRILS": "in each nostril|into each nostril|in both nostrils|into both nostrils|per nostril|each nostril",
    "-": "-",
    "/": "/",
    "(": "(",
    ")": ")",
    "BREAK": ".|,|;|:",
}


def _phrases() -> dict[tuple[str, ...], Token]:
    found: dict[tuple[str, ...], Token] = {}

    def add(phrases: str, kind: str, value: object = None) -> None:
        for phrase in phrases.split("|"):
            words = tuple(_WORD.findall(phrase))
            assert words not in found, phrase
            found[words] = Token(kind, value)

    for kind, table in (
        ("UNIT", _UNITS),
        ("SLOT", _SLOTS),
        ("RELATIVE SLOT", _RELATIVE_SLOTS),
        ("WEEKDAY", _WEEKDAYS),
    ):
        for name, phrases in table.items():
            add(phrases, kind, name)
    for mg, phrases in _MASSES.items():
        add(phrases, "MASS", mg)
    for days, phrases in _PERIODS.items():
        add(phrases, "PERIOD", days)
    for rate, phrases in _FIXED_RATES.items():
        add(phrases, "RATE", Fraction(rate))
    for days, phrases in _COUNTED_PERIODS.items():
        add(phrases, "COUNTED", days)
    for kind, phrases in _SINGLE.items():
        add(phrases, kind)
    for n, word in enumerate(_NUMBERS, 1):
        add(word, "NUMBER", Fraction(n))
    for n, word in enumerate(("once", "twice", "thrice"), 1):
        add(word, "COUNT", Fraction(n))
    for word in ("am", "pm"):
        add(word, "CLOCK", {"am": "morning", "pm": "evening"}[word])
    return found


_WORD = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+(?:\.[0-9]+)?|(?<![a-z])\.[0-9]+|[a-z]+|[^\sa-z0-9]")
_DOTTED = re.compile(r"\b(?:[a-z]\.)+[a-z]\b\.?")
_PLURAL = re.compile(r"(?<=[a-z])\(e?s\)")
_DIGITS = re.compile(r"[0-9]*\.?[0-9]+")
_LONGEST_NUMBER = 8
_SIGNS = {"½": " 1/2", "¼": " 1/4", "¾": " 3/4", "×": " x ", "–": "-", "—": "-", "⁄": "/"}
_PHRASES = _phrases()
_LONGEST_PHRASE = max(len(words) for words in _PHRASES)


def tokens(text: str) -> list[Token]:
    """The tokens of a text, longest known phrase first; what is not known is a token `UNKNOWN`."""
    text = text.lower()
    for sign, plain in _SIGNS.items():
        text = text.replace(sign, plain)
    text = _DOTTED.sub(lambda found: found.group().replace(".", "") + " ", _PLURAL.sub("", text))
    words = _WORD.findall(text)
    found: list[Token] = []
    at = 0
    while at < len(words):
        for length in range(min(_LONGEST_PHRASE, len(words) - at), 0, -1):
            token = _PHRASES.get(tuple(words[at : at + length]))
            if token:
                break
        else:
            length, token = 1, _number(words[at])
        at += length
        if token.kind != "FORM":
            found.append(token)
    return found


def _number(word: str) -> Token:
    """A number, or an unknown word. `0,5` is neither a number nor two: it is cut in three and then refused by the grammar."""
    plain = word.replace(",", "")
    if len(plain) > _LONGEST_NUMBER or not _DIGITS.fullmatch(plain):
        return Token("UNKNOWN", word)
    return Token("NUMBER", Fraction(plain))
