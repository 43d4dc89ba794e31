"""A policy has dates: a copy that is superseded, or too old, says so and is not offered as today's."""

import io
from datetime import date, timedelta

import pytest
from held import DAY, Held, K, one
from rich.console import Console

from stepwell.candidacy.assess import assess
from stepwell.candidacy.currency import currency_of
from stepwell.candidacy.story import tell_candidacy
from stepwell.knowledge.candidacy_card import candidacy_card

BCBS_ND, EVICORE = K.candidacies["bcbs-nd"], K.candidacies["evicore"]


def told(chart, assessments) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(*tell_candidacy(chart, assessments))
    return console.export_text()


def test_the_copy_of_2019_is_named_and_not_laid_beside_the_records_of_today():
    chart, all_of_them = assess(Held(), "anna", day=DAY)
    old = next(a for a in all_of_them if a.form.id == "bcbs-nd")
    assert old.stands == "not that day's policy"
    assert not list(old.lines)
    assert "The copy is of 15 Jul 2019, more than 730 days before that day" in told(chart, all_of_them)
    assert old.as_dict()["is_current"] is False


def test_asked_by_name_it_is_judged_and_says_what_it_is():
    old = one(Held(), "bcbs-nd")
    assert list(old.lines)
    assert old.stands.endswith("by a copy that is not that day's policy")


def test_it_is_offered_to_the_last_day_of_its_two_years():
    first, most = BCBS_ND.in_force.valid_from, K.policy_age.at_most
    assert first == date(2019, 7, 15)
    for day, expected in ((first, True), (first + timedelta(most), True), (first + timedelta(most + 1), False)):
        assert currency_of(BCBS_ND, day, K.policy_age).is_current is expected
    (during,) = (a for a in assess(Held(), "anna", day=date(2020, 1, 15))[1] if a.form.id == "bcbs-nd")
    assert during.is_in_force
    assert "copy" not in during.stands


def test_a_copy_that_quotes_the_old_label_is_superseded_from_the_day_of_the_new_one():
    since = EVICORE.in_force.superseded.since
    assert since == date(2025, 1, 21)
    assert currency_of(EVICORE, since - timedelta(1), K.policy_age).is_current is None
    found = currency_of(EVICORE, since, K.policy_age)
    assert found.is_current is False
    assert found.words.startswith("Superseded since 21 Jan 2025: It quotes the label")
    assert "**Superseded** since 21 Jan 2025" in candidacy_card(EVICORE, K)


@pytest.mark.parametrize("form", [f for f in K.candidacies.values() if f.kind == "policy"], ids=lambda f: f.id)
def test_every_other_policy_says_that_its_copy_names_no_day(form):
    if form.in_force.valid_from or form.in_force.superseded:
        return
    found = currency_of(form, DAY, K.policy_age)
    assert found.is_current is None
    assert "names no day" in found.words


def test_labels_and_practices_have_no_age():
    for form in K.candidacies.values():
        if form.kind != "policy":
            assert currency_of(form, date(2090, 1, 1), K.policy_age).is_current is True


def test_emergency_dosing_by_the_european_label_is_for_people_below_65():
    path = "emergency.below-65"
    for birth, verdict in ((date(DAY.year - 64, 1, 1), "met"), (date(DAY.year - 65, 1, 1), "not met")):
        european = one(Held(birth=birth), "esketamine-eu")
        (found,) = [line for line in european.lines if line.path == path]
        assert found.stands == verdict
    adult = [
        line for line in one(Held(birth=date(DAY.year - 65, 1, 1)), "esketamine-eu").lines if line.path == "trd.adult"
    ]
    assert adult[0].stands == "met"
