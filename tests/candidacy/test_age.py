"""Ages in words: a year of birth is enough to say about how old somebody is."""

from __future__ import annotations

from datetime import date

import pytest
from held import DAY, Held, one

from stepwell.why.age import show_age
from stepwell.why.rows import with_age


@pytest.mark.parametrize(
    ("earliest", "latest", "said"),
    [
        (date(1980, 5, 17), date(1980, 5, 17), "45"),
        (date(1980, 1, 1), date(1980, 12, 31), "about 45, from the year of birth"),
        (date(1980, 6, 1), date(1980, 6, 30), "45"),
        (date(1980, 7, 1), date(1980, 7, 31), "44"),
        (date(1978, 1, 1), date(1980, 12, 31), "44 to 47"),
        (date(2025, 1, 1), date(2025, 12, 31), "0"),
        (date(2250, 1, 1), date(2250, 12, 31), None),
        (date(1850, 1, 1), date(1850, 12, 31), None),
        (None, None, None),
    ],
    ids=[
        "the day",
        "the year",
        "the month, past",
        "the month, to come",
        "rows that contradict each other",
        "this year",
        "to come",
        "too long ago",
        "nothing",
    ],
)
def test_an_age_in_words(earliest, latest, said):
    assert show_age(earliest, latest, DAY) == said


def test_candidacy_says_about_how_old_somebody_is():
    held = Held(birth=(date(1980, 1, 1), date(1980, 12, 31)))
    adult = next(iter(one(held, "esketamine-us").lines)).found
    assert (adult.verdict, adult.words, adult.value) == (True, "Aged about 45, from the year of birth", "44 to 45")


@pytest.mark.parametrize(
    ("index", "until", "said"),
    [
        (date(2025, 6, 30), DAY, "Aged about 45 on 30 Jun 2025, from the year of birth"),
        (
            None,
            DAY,
            "Aged about 45 on 30 Jun 2025, from the year of birth, the last day observed; there is no index day",
        ),
        (None, None, "Born in 1980; there is no day on which to count the age"),
    ],
)
def test_why_says_an_age_without_an_index_day(index, until, said):
    """Somebody without an antidepressant has no index day; their year of birth is known all the same."""
    who = {"birth_earliest_date": date(1980, 1, 1), "birth_latest_date": date(1980, 12, 31)}
    assert with_age({"index_date": index}, who, until)["age_shown"].startswith(said)
    assert with_age({"index_date": index}, dict.fromkeys(who), until)["age_shown"] == "Age not known"
