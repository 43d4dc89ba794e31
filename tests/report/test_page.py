"""The page: whole, self-contained, the same every time, readable by machines that read aloud, and sensible when empty."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from html.parser import HTMLParser
from itertools import pairwise

import ibis
import pytest

from stepwell.errors import QuestionError
from stepwell.report import write_report
from stepwell.report.page import render_report

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Reader(HTMLParser):
    """Collects what the checks need and insists that every element is closed in order."""

    def __init__(self, html: str):
        super().__init__()
        self.open, self.ids, self.links, self.elements, self.text = [], [], [], [], []
        self.feed(html)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append((tag, attributes))
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes["href"]] if "href" in attributes else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def html(result) -> str:
    return render_report(result)


@pytest.fixture(scope="module")
def page(html) -> Reader:
    return Reader(html)


def test_every_link_leads_somewhere_on_the_page(page):
    assert page.links
    assert [link for link in page.links if not link.startswith("#") or link[1:] not in page.ids] == []


def test_ids_are_unique(page):
    assert len(page.ids) == len(set(page.ids))


def test_nothing_is_loaded_from_elsewhere(page, html):
    assert not [tag for tag, a in page.elements if tag in ("script", "link", "img", "iframe", "object")]
    assert not [a for _, a in page.elements if {"src", "srcset", "data", "xlink:href"} & set(a)]
    assert set(re.findall(r"url\(([^)]*)\)", html)) <= {f"#{i}" for i in page.ids}
    assert "@import" not in html


def test_every_picture_has_a_title_and_a_description(page, html):
    pictures = re.findall(r"<svg\b.*?</svg>", html, re.DOTALL)
    assert len(pictures) > 5
    for picture in pictures:
        root = ET.fromstring(picture)
        name = "{http://www.w3.org/2000/svg}"
        labels = root.get("aria-labelledby").split()
        found = [root.find(f"{name}title"), root.find(f"{name}desc")]
        assert [e.get("id") for e in found] == labels
        assert all(e.text for e in found)
        assert root.get("role") == "img"


def test_structure_for_those_who_listen(page):
    headings = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(headings))
    tags = [tag for tag, _ in page.elements]
    assert tags.count("table") == tags.count("caption")
    assert ("html", {"lang": "en-GB"}) in page.elements
    assert all("scope" in a for tag, a in page.elements if tag == "th")


@pytest.mark.long
def test_the_same_result_gives_the_same_bytes(result, html):
    assert render_report(result) == html


def test_words_that_must_be_there(page):
    text = " ".join(" ".join(page.text).split())
    for words in ("clinicians decide", "988", "911", "draft", "in these records", "unknown"):
        assert words in text
    own = text[: text.index("Behind the definitions, doses")]  # titles of sources may use any word
    assert "prevalence" not in own.lower()


def test_counts_below_the_threshold_are_nowhere_in_the_tables_of_people(result):
    """With a high threshold every count in a table is 0, at least the threshold, or not shown."""
    html = render_report(result, suppress_below=30, people=None)
    main = html[html.index('<section class="part" id="shares"') : html.index('<section class="part" id="cards"')]
    main = main[: main.index("STAR*D, by step</strong>")] if "STAR*D, by step</strong>" in main else main
    numbers = [int(n.replace(",", "")) for n in re.findall(r"<td>([\d,]+)</td>", main)]
    assert numbers
    assert [n for n in numbers if 0 < n < 30] == []
    assert "&lt;30" in main


def test_people_are_not_named_or_dated_unless_asked_for(result, html):
    people = result.table("person")
    ids = people.source_person_id.to_pyarrow().to_pylist()
    shown = html[html.index('id="h-people"') : html.index('id="h-records"')]
    words = set(re.findall(r"\w+", re.sub(r"<svg.*?</svg>", "", shown, flags=re.DOTALL)))
    assert words.isdisjoint(ids)
    assert "Person A" in shown
    # Definitions and staging models carry the year of their publication in their titles.
    for form in (*result.knowledge.definitions.values(), *result.knowledge.stagings.values()):
        shown = shown.replace(form.title, "")
    assert not re.search(r"\b20(1[4-9]|20)\b", shown)

    trial = result.table("trial")
    most = trial.group_by("person_id").agg(n=trial.count()).order_by(ibis.desc("n"), "person_id").limit(1)
    (someone,) = most.join(people, "person_id").source_person_id.to_pyarrow().to_pylist()
    named = render_report(result, people=[someone])
    assert f"Person {someone}" not in html
    assert f"person {someone}</h3>" in named.lower()
    assert re.search(r"\d{1,2} \w{3} 20\d\d", named[named.index('id="h-people"') :])


def test_nobody_is_shown_when_nobody_is_wanted(result):
    assert 'id="people"' not in render_report(result, people=None)


def test_an_unknown_person_is_a_clear_error(result):
    with pytest.raises(QuestionError):
        render_report(result, people=["nobody"])


@pytest.mark.long
def test_written_where_asked_or_beside_the_result(result, tmp_path, html):
    assert write_report(result, tmp_path / "page.html").read_text("utf-8") == html
    assert write_report(result, tmp_path) == tmp_path / "report.html"
    assert write_report(result) == result.folder / "report.html"
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_a_place_that_cannot_be_written_is_a_clear_error(result, tmp_path):
    with pytest.raises(QuestionError):
        write_report(result, tmp_path / "not" / "there.html")


def test_nobody_with_an_antidepressant_still_makes_a_page(result_of, tmp_path):
    empty = result_of(tmp_path / "empty", n_people=0)
    page = Reader(render_report(empty))
    text = " ".join(" ".join(page.text).split())
    assert "no share can be given" in text
    assert "Nobody in these records entered a step of treatment" in text
    assert [link for link in page.links if link[1:] not in page.ids] == []


def test_names_from_the_records_cannot_break_the_page(result, html):
    result.manifest["source"]["label"], before = "<script>alert(1)</script>", result.manifest["source"]["label"]
    try:
        assert "<script>" not in render_report(result, people=None)
    finally:
        result.manifest["source"]["label"] = before


def test_dates_in_the_fixture_are_what_the_timeline_says(result):
    """The months on the page are those between two days of the record."""
    from stepwell.report.timeline import DAYS_PER_MONTH, Story

    story = Story("person A", False, date(2020, 1, 1), (), (), (), ())
    assert story.when(date(2020, 1, 1) + timedelta(61)) == f"month {61 / DAYS_PER_MONTH:.1f}"


def test_the_public_evidence_is_that_of_the_result(result):
    import stepwell

    rows = stepwell.evidence(result.folder, "0001")
    assert rows == stepwell.evidence(result, "0001") == result.evidence("0001")
    assert {"criterion", "verdict", "found"} <= set(rows[0])
