"""The numbers in docs/review.md are computed."""

from __future__ import annotations

import re
from pathlib import Path

from stepwell.report.proportion import wilson

PAGE = (Path(__file__).parents[2] / "docs/review.md").read_text("utf-8")


def test_the_table_of_intervals_is_wilson_s():
    shares = [int(s) / 100 for s in re.search(r"\| charts \| (\d+) % \| (\d+) % \| (\d+) % \|", PAGE).groups()]
    rows = re.findall(r"^\| (\d+) \| (\d.* %) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 4
    for n, cells in rows:
        found = [wilson(round(int(n) * share), int(n)) for share in shares]
        assert cells.split(" | ") == [f"{100 * p.low:.0f} to {100 * p.high:.0f} %" for p in found]
