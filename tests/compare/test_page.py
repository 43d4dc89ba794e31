"""The page and the command."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.compare import compare, find_between, find_first_weeks, render_comparison


@pytest.fixture(scope="module")
def page(result):
    comparison = compare(result, suppress_below=0)
    between = find_between(result, comparison, "kubitz-2013", "liu-2021", suppress_below=0)
    weeks = find_first_weeks(result, suppress_below=0)
    return render_comparison(result, comparison, betweens=(between,), first_weeks=weeks, suppress_below=0)


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.ids, self.links, self.outside, self.open = [], [], [], []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a" and (given.get("href") or "").startswith("#"):
            self.links.append(given["href"][1:])
        if tag in ("script", "link", "img", "iframe"):
            self.outside.append(tag)
        if tag in ("table", "section", "ul", "dl", "figure", "details", "div"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in ("table", "section", "ul", "dl", "figure", "details", "div"):
            assert self.open.pop() == tag


def test_the_page_needs_nothing_else_and_its_links_lead_somewhere(page):
    read = _Page()
    read.feed(page)
    assert not read.open
    assert not read.outside
    assert len(set(read.ids)) == len(read.ids)
    assert set(read.links) <= set(read.ids)


def test_the_page_says_what_a_committee_must_know(page):
    assert "Shares of different populations are not comparable one to one." in page
    assert "7.7 % (3,095 of 40,350)" in page
    assert "because of <code>trial.role</code>" in page
    assert "Kappa" in page
    assert "The first weeks" in page


def test_the_same_result_gives_the_same_page(result, page):
    comparison = compare(result, suppress_below=0)
    between = find_between(result, comparison, "kubitz-2013", "liu-2021", suppress_below=0)
    weeks = find_first_weeks(result, suppress_below=0)
    again = render_comparison(result, comparison, betweens=(between,), first_weeks=weeks, suppress_below=0)
    assert again == page


def test_small_counts_stay_off_the_page(result):
    page = render_comparison(result, compare(result))
    assert "-0.11" not in page  # kappa of counts that are all small
    assert "&lt;5" in page


def test_the_command_writes_a_page_or_prints_json(result, tmp_path):
    runner, folder = CliRunner(), str(result.folder)
    out = tmp_path / "compare.html"
    told = runner.invoke(
        app, ["compare", folder, "--out", str(out), "--between", "kubitz-2013", "liu-2021", "--persistence"]
    )
    assert told.exit_code == 0, told.output
    assert "In kubitz-2013@1, not in liu-2021@1" in told.output
    assert out.read_text("utf-8").startswith("<!DOCTYPE html>")
    printed = runner.invoke(app, ["compare", folder, "--json", "--suppress-below", "0", "--persistence"])
    plain = json.loads(printed.stdout)["answer"]
    assert [d["definition"] for d in plain["definitions"]] == ["kubitz-2013@1", "liu-2021@1"]
    assert plain["groups"] == {"all": 2, "some": 5, "open": 1, "none": 1}
    assert plain["agreement"][0]["kappa"] == pytest.approx(-4 / 36)
    assert len(plain["first_weeks"]) == 2


def test_what_cannot_be_asked_together_is_said(result):
    told = CliRunner().invoke(
        app, ["compare", str(result.folder), "--vary", "lo-2025", "--between", "kubitz-2013", "liu-2021"]
    )
    assert told.exit_code == 12
