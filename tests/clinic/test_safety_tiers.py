"""The rule: whom an answer about suicide calls, by the answer, the baseline, the reply and its age."""

from __future__ import annotations

import pytest

import stepwell
from stepwell.clinic.safety.tiers import Called, asked, call, is_sign, level, rule, safety_items


def called(items, *, instrument="phq-9", before=None, had_sign=False, reply=None, is_old=False):
    return call(instrument, items, before=before, had_sign=had_sign, reply=reply, is_old=is_old)


ROWS = [
    # value, baseline, an earlier sign, reply, old → tier and reason
    (0, None, False, None, False, None),
    (0, 2, True, None, False, None),
    (1, None, False, None, False, ("interrupt", "first")),
    (1, 0, False, None, False, ("interrupt", "first")),
    (1, 0, True, None, False, ("interrupt", "rise")),
    (2, 1, True, None, False, ("interrupt", "rise")),
    (2, 2, True, None, False, ("review", "same")),
    (1, 2, True, None, False, ("review", "lower")),
    (2, 2, True, "no", False, ("review", "same")),
    (2, 2, True, "yes", False, ("interrupt", "yes")),
    (2, 2, True, "plan", False, ("interrupt", "plan")),
    (1, 3, True, "declined", False, ("interrupt", "declined")),
    (None, 2, True, None, False, ("review", "unanswered")),
    (3, None, False, None, True, ("inbox", "old")),
    (3, None, False, "yes", True, ("interrupt", "yes")),
    (None, None, False, None, True, None),
    (0, None, False, None, True, None),
]


@pytest.mark.parametrize(("value", "before", "had_sign", "reply", "is_old", "expected"), ROWS)
def test_item_9_calls_by_the_baseline_the_reply_and_the_age(value, before, had_sign, reply, is_old, expected):
    found = called({"9": value}, before=before, had_sign=had_sign, reply=reply, is_old=is_old)
    assert found == (Called(*expected) if expected else None)


SCREENER = [
    ({"1": 0, "2": 0, "6": 0}, None, False, None),
    ({"1": 1, "2": 0, "6": 0}, None, False, "first"),
    ({"1": 1, "2": 0, "6": 0}, 1, True, "same"),
    ({"1": 1, "2": 1, "3": 1, "4": 0, "5": 0, "6": 0}, 1, True, "rise"),
    ({"1": 1, "2": 1, "3": 1, "4": 1, "5": 0, "6": 0}, 3, True, "level"),
    ({"1": 0, "2": 0, "6": 1, "6b": 1}, 3, True, "level"),
    ({"1": 0, "2": 0, "6": 1, "6b": 0}, 2, True, "same"),
    ({"1": 0, "2": None, "6": 0}, None, False, "unanswered"),
]


@pytest.mark.parametrize(("items", "before", "had_sign", "reason"), SCREENER)
def test_the_screener_interrupts_by_intent_plan_and_recent_behaviour_and_by_a_higher_level(
    items, before, had_sign, reason
):
    found = called(items, instrument="c-ssrs-screener", before=before, had_sign=had_sign)
    assert (found.reason if found else None) == reason


def test_every_item_about_suicide_of_every_instrument_calls():
    known = stepwell.load_knowledge().safety_items
    assert len(known) > 10
    for (instrument, item), least in known.items():
        assert called({item: least}, instrument=instrument).tier == "interrupt"
        assert is_sign(instrument, {item: None}) is None
        assert asked(instrument, {item: 1, "none": 3}) == {item: 1}
    assert safety_items("gad-7") == {}


def test_the_levels_of_the_screener_are_those_of_the_knowledge_files():
    bands = {"low": 1, "moderate": 2, "high": 3}
    names = [i.item for i in stepwell.load_knowledge().all_instruments["c-ssrs-screener"].items]
    for items in (row[0] for row in SCREENER if row[3]):
        sheet = {name: items.get(name) for name in names}
        band = stepwell.score_items("c-ssrs-screener", [sheet]).column("band").to_pylist()[0]
        if band in bands:
            assert level("c-ssrs-screener", items) == bands[band], items


def test_the_rule_is_dated_and_every_number_says_where_it_is_from():
    assert rule().name.startswith("safety-tiers 20")
    chosen = (rule().rises_by, rule().recall_days, rule().interrupting_replies, rule().escalate_after_minutes)
    assert all(one.choice for one in chosen)
    assert rule().interrupting_items["source"] in stepwell.load_knowledge().references
