"""The first lines of a treatment on the programme's page: a figure, or a sentence where there is none to show."""

from __future__ import annotations

import pytest

from stepwell.knowledge.loader import load
from stepwell.report.disclosure import WITHHELD, Count, plain
from stepwell.report.programme_checkpoints import ShownCheckpoint
from stepwell.report.programme_headlines import headlines_of
from stepwell.report.programme_shown import Given
from stepwell.report.proportion import wilson
from stepwell.report.shown_durability import At, ShownDurability

K = load()
SMALL, HIDDEN = Count(None, "<5"), Count(None, WITHHELD)


def checkpoint(label: str, scored: Count, responded: Count) -> ShownCheckpoint:
    share = None if None in (scored.n, responded.n) or not scored.n else wilson(responded.n, scored.n)
    return ShownCheckpoint(label, plain(81), scored, responded, responded, share, share, None)


def lines_of(checkpoints: tuple = (), durability: ShownDurability | None = None) -> list[str]:
    no_count = plain(0)
    given = Given(
        K.treatments["esketamine"], plain(60), plain(81), no_count, plain(904), no_count, checkpoints, (),
        (), durability or ShownDurability(no_count, {}, (), None), *[()] * 3, no_count, {}, *[()] * 4,
    )  # fmt: skip
    return [f"{h.figure or ''} {h.words}".strip() for h in headlines_of(given)]


@pytest.mark.parametrize(
    ("scored", "responded", "said"),
    [
        (plain(40), plain(10), "25% in response at 24 hours, of 40 series with a score then"),
        (plain(0), plain(0), "No series had a score at 24 hours by which response can be judged."),
        (SMALL, SMALL, "Too few series had a score at 24 hours to show a share of response."),
        (HIDDEN, SMALL, "Too few series had a score at 24 hours to show a share of response."),
        (plain(40), SMALL, "40 series had a score at 24 hours; too few were in response, or not, to show a share."),
    ],
)
def test_response_in_a_figure_or_in_a_sentence(scored, responded, said):
    lines = lines_of((checkpoint("24 hours", scored, responded),))
    assert lines[:2] == ["81 series, in 60 people, 904 sessions", said]
    assert "withheld" not in " ".join(lines)


def test_remission_is_headed_only_where_there_is_a_share():
    with_share = lines_of((checkpoint("end of induction", plain(40), plain(10)),))
    assert "25% in remission at the end of the induction, of 40 series with a score then" in with_share
    without = lines_of((checkpoint("end of induction", HIDDEN, SMALL), checkpoint("month 6", plain(40), plain(10))))
    assert [line for line in without if "remission" in line or "month 6" in line] == []


def test_how_long_response_lasted_in_a_figure_or_in_a_sentence():
    at = (At(1, plain(20), wilson(5, 20), wilson(0, 20)),)
    cases = [
        (ShownDurability(plain(20), {}, at, 48), "48 days from the first score in response until half had lost it"),
        (ShownDurability(plain(0), {}, (), None), "No series had a score in response: how long one lasts is unknown."),
        (ShownDurability(SMALL, {}, (), None), "Too few series in response were followed to show how long it lasted."),
        (ShownDurability(plain(20), {}, at, None),
         "Fewer than half of the responses were seen to be lost while enough series were followed."),
    ]  # fmt: skip
    assert [lines_of(durability=d)[-1] for d, _ in cases] == [said for _, said in cases]
