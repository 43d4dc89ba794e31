"""Small words that readers meet first: one person is one person, and a range that may be nothing says so."""

from __future__ import annotations

import pytest

from stepwell.knowledge.loader import load
from stepwell.report.disclosure import Cells, plain
from stepwell.why.staged import show_stage

K = load()


@pytest.mark.parametrize(
    ("applies", "least", "most", "said"),
    [
        (True, "II", "II", "stage II"),
        (True, "I", "III", "stage I to III"),
        (True, None, "I", "below the first stage, or up to stage I"),
        (True, None, None, "below the first stage"),
        (None, None, "II", "not staged, or up to stage II; unknown whether any trial failed"),
        (False, None, None, "not staged: no failed trial"),
    ],
)
def test_a_range_of_stages_in_words(applies, least, most, said):
    row = {"applies": applies, "stage_at_least": least, "stage_at_most": most}
    assert show_stage(row, K.stagings["thase-rush"]) == said


def test_one_person_is_not_people():
    assert [plain(n).in_people for n in (0, 1, 1200)] == ["0 people", "1 person", "1,200 people"]
    cells = Cells()
    cells.add("few", 1)
    assert cells.protect(5)["few"].in_people == "<5 people"
