"""The first weeks of ten people, counted by hand."""

from __future__ import annotations

import pytest

from stepwell.compare import find_first_weeks
from stepwell.errors import QuestionError
from stepwell.knowledge.loader import load


@pytest.fixture(scope="module")
def weeks(people, tmp_path_factory):
    written = people()
    written.add(("sertraline", 0, 300, 100.0))  # begun on the day, still on it at 24 weeks
    written.add(("sertraline", 7, 40, 100.0))  # begun after a week, stopped after 33 days
    written.add(("sertraline", 0, 45, 100.0), ("venlafaxine", 50, 300, 150.0))  # switched on day 50
    written.add(("sertraline", 0, 45, 100.0), ("venlafaxine", 90, 300, 150.0))  # a pause of 45 days: stopped
    written.add(("sertraline", 0, 300, 100.0), ("quetiapine", 60, 300, 300.0))  # added to on day 60
    written.add(("sertraline", 0, None, 100.0))  # one supply, of unknown length
    written.add(("sertraline", 0, 300, 100.0), observed=(-400, 60))  # observed for 60 days only
    written.add()  # nothing begun
    written.add(("sertraline", -100, -50, 100.0), ("venlafaxine", 10, 60, 150.0))  # treated before: not new
    written.add(("sertraline", 0, 300, 100.0), observed=(-100, 900))  # observed too shortly before: not new
    result = written.judge(tmp_path_factory.mktemp("weeks") / "result", "liu-2021")
    return find_first_weeks(result, suppress_below=0)


def counts(clock):
    return {line.days: {s: n.n for s, n in line.counts.items() if n.n} | {"lost": line.lost.n} for line in clock.lines}


def test_who_begins_after_a_first_diagnosis(weeks):
    found = counts(weeks.diagnosis)
    assert weeks.diagnosis.people.n == 8
    assert found[28] == {"started": 7, "not started": 1, "lost": 0}
    assert found[168] == {"started": 6, "not started": 1, "lost": 1}


def test_what_became_first_of_the_first_antidepressant(weeks):
    found = counts(weeks.treatment)
    assert weeks.treatment.people.n == 7
    # At 4 weeks everybody is on it but the one whose supply is of unknown length.
    assert found[28] == {"still on it": 6, "not known": 1, "lost": 0}
    # At 6 weeks the second (34 days, then none) has stopped.
    assert found[42] == {"still on it": 5, "stopped": 1, "not known": 1, "lost": 0}
    # At 8 weeks the third has switched, the fourth stopped.
    assert found[56] == {"still on it": 3, "switched": 1, "stopped": 2, "not known": 1, "lost": 0}
    # At 12 weeks the fifth has been added to; the seventh was not observed so long, which is not "still on it".
    assert found[84] == {"still on it": 1, "switched": 1, "added to": 1, "stopped": 2, "not known": 1, "lost": 1}
    # What came first stays what it was: the fourth's later drug does not make the stop a switch.
    assert found[168] == found[84]


def test_the_times_are_those_of_the_data_file(weeks):
    (form,) = load().persistence.values()
    assert tuple(line.days for line in weeks.treatment.lines) == form.times.at
    assert form.times.source


def test_shares_are_of_those_followed(weeks):
    line = weeks.treatment.lines[3]
    assert line.followed.n == 6
    assert line.share("stopped").value == pytest.approx(2 / 6)


def test_small_counts_are_withheld(people, tmp_path):
    written = people()
    for _ in range(6):
        written.add(("sertraline", 0, 300, 100.0))
    written.add()
    weeks = find_first_weeks(written.judge(tmp_path / "result", "liu-2021"))
    line = weeks.diagnosis.lines[0]
    assert line.counts["not started"].n is None
    assert line.counts["started"].n is None or line.followed.n is None


def test_without_diagnoses_it_cannot_be_asked(people, tmp_path):
    written = people()
    written.add(("sertraline", 0, 300, 100.0))
    result = written.judge(tmp_path / "result", "liu-2021", has=("person", "observation_period", "medication"))
    with pytest.raises(QuestionError, match="first weeks") as error:
        find_first_weeks(result)
    assert "no table condition" in str(error.value)
