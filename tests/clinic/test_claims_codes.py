"""The codes that a payer may want, from dated files, and what does not fit with the authorisation."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from stepwell.clinic.claims.billed import Given, Minutes, PayersWay, lines_of
from stepwell.clinic.claims.checks import Authorised, Claim, problems_of
from stepwell.clinic.claims.code_files import code_files, codes_for

DAY = dt.date(2026, 12, 1)
BUNDLED, SEPARATE = PayersWay("bundled"), PayersWay("separate", "99417")
GIVEN = Given(day=DAY, treatment="esketamine", mg=56, supply="medical", minutes=Minutes(58, 130), visit="99215")
AUTHORISED = Authorised(
    number=7,
    is_approved=True,
    status="approved",
    code="J0013",
    benefit="medical",
    valid_from=dt.date(2026, 11, 1),
    valid_to=dt.date(2027, 4, 30),
    units=300,
    left_before=244,
    needed=56,
    payer="Cigna (US)",
)
CLAIM = Claim(given=GIVEN, payer_name="Cigna PPO", payer=SEPARATE, ordered_mg=56, is_signed=True, authorised=AUTHORISED)


def codes(given, payer) -> dict:
    return {line.code: line.units for line in lines_of(given, payer) if not line.is_asked}


def told(claim) -> dict:
    return {one.id: one.words for one in problems_of(claim, lines_of(claim.given, claim.payer))}


def test_no_recalled_number_is_in_a_file_and_no_description_of_a_code():
    for file in code_files():
        assert all(source.seen != "recalled" for source in file.sources.values())
        assert all(source.url.startswith("https://") for source in file.sources.values())
    assert {one.code for one in codes_for("esketamine").prolonged if not one.first_at} == {"99415", "99416"}


@pytest.mark.parametrize(
    ("mg", "day", "expected"),
    [
        (56, DAY, {"G2082": 1}),
        (28, DAY, {"G2082": 1}),
        (84, DAY, {"G2083": 1}),
        (84, dt.date(2025, 6, 1), {"G2083": 1}),
    ],
)
def test_one_code_includes_the_drug_and_no_visit_beside_it(mg, day, expected):
    assert codes(replace(GIVEN, mg=mg, day=day), BUNDLED) == expected


@pytest.mark.parametrize(
    ("mg", "day", "code"),
    [(56, dt.date(2025, 12, 31), "S0013"), (56, dt.date(2026, 1, 1), "J0013"), (84, DAY, "J0013")],
)
def test_the_drug_is_counted_in_milligrams_by_the_code_of_the_day(mg, day, code):
    assert codes(replace(GIVEN, mg=mg, day=day), SEPARATE)[code] == mg


@pytest.mark.parametrize(
    ("code", "minutes", "units"),
    [("99417", 54, 0), ("99417", 55, 1), ("99417", 69, 1), ("99417", 70, 2), ("G2212", 68, 0), ("G2212", 69, 1)],
)
def test_prolonged_time_counts_full_units_beside_a_visit_by_time(code, minutes, units):
    given = replace(GIVEN, minutes=Minutes(minutes, 130))
    assert codes(given, PayersWay("separate", code))[code] == units


def test_what_nobody_said_is_a_question_and_no_number():
    assert codes(GIVEN, PayersWay()) == {}
    assert {line.code for line in lines_of(GIVEN, PayersWay())} >= {"G2082", "J0013", "99417", "G2212", "99415"}
    by_staff = {line.code: line for line in lines_of(GIVEN, PayersWay("separate", "99415"))}
    assert (by_staff["99415"].units, by_staff["99415"].is_asked) == (None, True)
    assert "130 minutes" in by_staff["99415"].why
    unsaid = {line.code: line for line in lines_of(replace(GIVEN, visit="", minutes=Minutes()), SEPARATE)}
    assert unsaid["E/M"].is_asked
    assert unsaid["99417"].units is None
    assert codes(replace(GIVEN, visit="99213"), SEPARATE).get("99417") is None
    assert set(codes(replace(GIVEN, visit="none"), SEPARATE)) == {"J0013"}
    assert "99417" not in codes(GIVEN, PayersWay("separate", "none"))
    assert lines_of(replace(GIVEN, treatment="ketamine"), SEPARATE) == []


def test_a_drug_of_a_pharmacy_is_not_the_clinics_to_bill():
    given = replace(GIVEN, supply="pharmacy")
    assert "J0013" not in codes(given, SEPARATE)
    assert "supply" in told(replace(CLAIM, given=given, payer=BUNDLED))


def test_a_claim_in_which_everything_fits_has_no_problem():
    assert told(CLAIM) == {}


def changed(**given) -> Claim:
    return replace(CLAIM, authorised=replace(AUTHORISED, **given))


@pytest.mark.parametrize(
    ("claim", "name", "words"),
    [
        (replace(CLAIM, is_signed=False), "unsigned", "not signed"),
        (replace(CLAIM, amended="an addendum on 3 Dec 2026"), "amended", "3 Dec 2026"),
        (replace(CLAIM, ordered_mg=84), "dose", "56 mg were given, 84 mg were ordered"),
        (replace(CLAIM, payer_name=""), "payer", "No payer"),
        (replace(CLAIM, payer=PayersWay()), "way", "ask, and enter it"),
        (replace(CLAIM, payer=PayersWay("separate")), "prolonged", "not entered under Payers"),
        (replace(CLAIM, given=replace(GIVEN, supply="")), "supply", "clinic or pharmacy"),
        (replace(CLAIM, given=replace(GIVEN, minutes=Minutes())), "minutes", "how long"),
        (replace(CLAIM, given=replace(GIVEN, visit="")), "visit", "has not chosen"),
        (replace(CLAIM, given=replace(GIVEN, treatment="ketamine")), "no codes", "holds no billing codes"),
        (replace(CLAIM, authorised=None), "authorisation", "names no authorisation"),
        (changed(is_of_person=False), "whose", "another person"),
        (changed(is_approved=False, status="sent"), "status", "“sent”"),
        (changed(valid_to=dt.date(2026, 11, 30)), "days", "to 30 Nov 2026"),
        (changed(valid_from=None), "days", "does not say from when"),
        (changed(code="S0013"), "issued for", "S0013 is valid to 31 Dec 2025 only: ask the payer to reissue"),
        (changed(code="G2083"), "issued for", "issued for G2083; this session has J0013"),
        (changed(code=""), "issued for", "for which code"),
        (changed(left_before=40), "units", "40 units of Authorisation 7 were left, this session uses 56: 16 too few"),
        (changed(left_before=-12), "units", "0 units of Authorisation 7 were left"),
        (changed(left_before=None, needed=None), "units", "What one unit"),
        (changed(units=None), "units", "how many units"),
        (changed(benefit="pharmacy"), "benefit", "pharmacy benefit, the order says supply by the medical route"),
        (changed(benefit=""), "benefit", "does not say whether"),
        (changed(payer="Medical Mutual (US)"), "other payer", "the person's payer is Cigna PPO"),
    ],
)
def test_each_thing_that_does_not_fit_is_told_in_words(claim, name, words):
    found = told(claim)
    assert words in found[name]
    assert all(one.turn in ("office", "nurse", "prescriber") for one in problems_of(claim, []))
    expected = {name, "no codes"} if name == "no codes" else {name}
    assert set(found) == expected


def test_an_authorisation_for_the_old_code_fits_a_session_of_the_old_year():
    old = replace(AUTHORISED, code="S0013", valid_from=dt.date(2025, 11, 1))
    claim = replace(CLAIM, given=replace(GIVEN, day=dt.date(2025, 12, 30)), authorised=old)
    assert told(claim) == {}
