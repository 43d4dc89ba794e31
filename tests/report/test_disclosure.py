"""Small counts stay hidden, from the reader who subtracts as well."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from stepwell.report.disclosure import Cells


def shown(values: list[int], below: int = 5) -> list[str]:
    cells = Cells()
    for i, value in enumerate(values):
        cells.add(i, value)
    cells.add("total", sum(values))
    cells.add_sum("total", range(len(values)))
    counts = cells.protect(below)
    return [counts[key].text for key in (*range(len(values)), "total")]


def test_boundaries():
    assert shown([0, 5, 10]) == ["0", "5", "10", "15"]
    assert shown([4, 4, 4]) == ["<5", "<5", "<5", "12"]


def test_a_total_does_not_reveal_the_one_hidden_part():
    assert shown([3, 40, 60]) == ["<5", "withheld", "60", "103"]


def test_two_hidden_parts_with_a_small_sum_get_company():
    assert shown([1, 2, 40, 60]) == ["<5", "<5", "withheld", "60", "103"]


def test_a_small_total_is_hidden_too():
    assert shown([3, 0]) == ["<5", "0", "<5"]


def test_no_suppression_when_not_wanted():
    assert shown([1, 2, 4000], below=0) == ["1", "2", "4,000", "4,003"]


def test_a_withheld_count_carries_no_number():
    cells = Cells()
    cells.add("few", 2)
    assert cells.protect(5)["few"].n is None


def test_the_rest_of_a_subgroup_is_protected_though_it_is_not_shown():
    cells = Cells()
    cells.add("all", 100)
    cells.add("subgroup", 98)
    cells.add("rest", 2, is_shown=False)
    cells.add_sum("all", ["subgroup", "rest"])
    counts = cells.protect(5)
    assert [counts["all"].text, counts["subgroup"].text] == ["100", "withheld"]


@given(st.lists(st.lists(st.integers(0, 12), min_size=3, max_size=3), min_size=2, max_size=3))
def test_no_small_count_of_a_two_way_table_can_be_solved_for(table):
    """Two ways of adding up: every hidden small count takes at least two values among the tables a reader could imagine."""
    cells = Cells()
    rows, columns = range(len(table)), range(3)
    for r, c in product(rows, columns):
        cells.add((r, c), table[r][c])
    for r in rows:
        cells.add(("row", r), sum(table[r]))
        cells.add_sum(("row", r), [(r, c) for c in columns])
    for c in columns:
        cells.add(("column", c), sum(table[r][c] for r in rows))
        cells.add_sum(("column", c), [(r, c) for r in rows])
    counts = cells.protect(5)
    for r, c in product(rows, columns):
        if counts[r, c].n is None and table[r][c] < 5:
            assert is_undetermined(counts, rows, r, c)


def is_undetermined(counts, rows, r: int, c: int) -> bool:
    """Hidden counts as the edges of a graph (rows, columns, and one outside for hidden totals): a count is free to differ
    when its two ends stay joined without it, because one person can then be carried round the loop."""
    edges = [(("row", i), ("column", j)) for i in rows for j in range(3) if counts[i, j].n is None and (i, j) != (r, c)]
    edges += [(node, "outside") for node in counts if node[0] in ("row", "column") and counts[node].n is None]
    reached = {("row", r)}
    while True:
        more = {b for a, b in edges if a in reached} | {a for a, b in edges if b in reached}
        if more <= reached:
            return ("column", c) in reached
        reached |= more
