"""Dosing instructions in English: a table of cases written by hand, and random texts."""

import csv
from dataclasses import astuple
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepwell.sources.sig import Sig, Span, read_sig
from stepwell.sources.sig_words import tokens


def span(cell: str) -> Span | None:
    if not cell:
        return None
    low, _, high = cell.partition("..")
    return Span(float(low), float(high or low))


def flag(cell: str) -> bool | None:
    return {"yes": True, "no": False, "": None}[cell]


with (Path(__file__).parent / "sig_cases.csv").open(encoding="utf-8", newline="") as file:
    CASES = [
        (
            row["text"],
            Sig(
                span(row["units"]),
                row["unit"] or None,
                span(row["mg"]),
                span(row["days"]),
                flag(row["as_needed"]),
                flag(row["taper"]),
            ),
        )
        for row in csv.DictReader(file)
    ]
DOSED = [text for text, sig in CASES if sig.units or sig.mg]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text or "nothing" for text, _ in CASES])
def test_what_an_instruction_states(text, expected):
    found = read_sig(text)
    flat = [x for value in astuple(found) for x in (value if isinstance(value, tuple) else (value,))]
    wanted = [x for value in astuple(expected) for x in (value if isinstance(value, tuple) else (value,))]
    assert flat == pytest.approx(wanted), found


def test_there_are_many_cases_and_many_are_unknown():
    assert len(CASES) >= 150
    assert len({text for text, _ in CASES}) == len(CASES)
    assert sum(sig.units is None and sig.mg is None for _, sig in CASES) >= 60


def test_nothing_and_a_letter_are_unknown():
    assert read_sig(None) == read_sig("   ") == read_sig("1 tablet daily " + "with food " * 100) == Sig()


def test_letter_case_and_blanks_do_not_matter():
    for text, _ in CASES:
        assert read_sig(text.upper()) == read_sig(f"  {text.lower()}\n") == read_sig(text.replace(" ", "   ")), text


@given(st.text(max_size=80))
def test_any_text_is_read_without_an_error(text):
    read_sig(text)


WORDS = sorted({word for text, _ in CASES for word in text.split()})


@given(st.lists(st.sampled_from(WORDS), max_size=12))
def test_any_order_of_known_words_is_read_without_an_error(words):
    sig = read_sig(" ".join(words))
    assert (sig.unit is None) or sig.units is not None
    for number in (sig.units, sig.mg, sig.days):
        assert number is None or 0 < number.low <= number.high
    if sig.is_as_needed or sig.is_taper:
        assert sig.units is sig.mg is None


@given(st.sampled_from(DOSED), st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12), st.data())
def test_an_unknown_word_makes_the_dose_unknown(text, word, data):
    words = text.split()
    place = data.draw(st.integers(0, len(words)))
    if any(token.kind != "UNKNOWN" for token in tokens(word)):
        return
    sig = read_sig(" ".join([*words[:place], word, *words[place:]]))
    assert sig.units is sig.mg is sig.days is None


@pytest.mark.parametrize("text", DOSED)
def test_as_needed_and_an_increase_make_the_dose_unknown(text):
    as_needed, raised = read_sig(f"{text} as needed"), read_sig(f"{text}. Increase")
    assert as_needed.is_as_needed
    assert raised.is_taper
    assert as_needed.units is as_needed.mg is raised.units is raised.mg is None
