"""What reviewers get: everything that was recorded, and nothing of what the definition says."""

from __future__ import annotations

import hashlib
import re
from datetime import date, timedelta
from html.parser import HTMLParser

import pytest

from stepwell.knowledge.loader import load
from stepwell.result import Result
from stepwell.review import write_review
from stepwell.review.records import _apart, _supplies, _with_gaps
from stepwell.tables import DERIVED, RECORDS

AS_RECORDED = {"exposure", "session", "series"}
"""Derived tables that hold no verdict of a definition: supplies, sessions, and sessions strung together."""


@pytest.fixture(scope="module")
def pages(written):
    return {file.name: file.read_text("utf-8-sig") for file in (written / "reviewers").iterdir()}


def test_no_page_is_made_from_a_verdict(result, sample, written, tmp_path, monkeypatch):
    """The pages come out the same, byte for byte, where every table with a judgement is out of reach; so does the key."""
    judged = {t.name for t in DERIVED} - AS_RECORDED
    assert {"determination", "judged_trial", "trial", "episode", "step", "stage"} <= judged
    table = Result.table

    def guarded(self, name):
        assert name not in judged, f"a page read the table {name}"
        return table(self, name)

    monkeypatch.setattr(Result, "table", guarded)
    again = write_review(result, sample, tmp_path / "again")
    for folder in ("reviewers", "key"):
        first, second = (
            {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in (place / folder).iterdir()}
            for place in (written, again)
        )
        assert first == second


def test_nothing_that_reviewers_get_names_the_definition_the_stratum_or_the_person(pages, sample, result):
    definition = next(d for d in result.definitions if d.name == sample.definition)
    secret = [definition.id, definition.name, definition.title, "enough-drugs", "fewer-drugs", "stratum", "strata"]
    assert len(pages) == len(sample.charts) + 3
    for name, text in pages.items():
        assert re.fullmatch(r"chart-\d{3}\.html|index\.html|review_[AB]\.csv", name)
        assert [word for word in secret if word.casefold() in text.casefold()] == [], name
    people = {row["source_person_id"]: row for row in result.table("person").to_pyarrow().to_pylist()}
    addresses = {t.name for t in RECORDS} & set(result.tables)
    for chart in sample.charts:
        text = pages[f"chart-{chart.number:03d}.html"]
        person = people[chart.person]
        assert person["address"] not in text
        for table in sorted(addresses):
            for row in result.rows_of(table, person["person_id"]):
                assert "address" not in row or row["address"] not in text
    seen = [re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL) for name, text in pages.items() if "chart" in name]
    words = {tuple(re.findall(r"\b(?:not )?met\b", text)) for text in seen}
    assert words == {("met", "not met")}, "beside the answers that are offered, a page says met or not met"


def test_a_person_is_on_no_page_by_their_id(result, sample, tmp_path):
    """Ids that could be nothing else, since the simulator's are short numbers that a date holds too."""
    people = result.table("person").to_pyarrow()
    named = people.set_column(
        people.schema.get_field_index("source_person_id"),
        "source_person_id",
        [[f"PERSON-{p}" for p in people["source_person_id"].to_pylist()]],
    )
    own = Result(result.folder, result.manifest, result.knowledge)
    own._con.create_table("result_person", named)
    charts = tuple(type(c)(c.number, f"PERSON-{c.person}", c.stratum) for c in sample.charts[:3])
    changed = type(sample)(**{**{f: getattr(sample, f) for f in sample.__dataclass_fields__}, "charts": charts})
    folder = write_review(own, changed, tmp_path / "named")
    assert "PERSON-" in (folder / "key/charts.csv").read_text("utf-8")
    for file in (folder / "reviewers").iterdir():
        assert "PERSON-" not in file.read_text("utf-8-sig"), file.name


def test_a_page_shows_every_drug_score_session_and_diagnosis_of_its_person(pages, sample, result):
    labels = {name: drug.label for name, drug in result.knowledge.ingredients.items()}
    for chart in sample.charts:
        person_id, text = result.person_id(chart.person), pages[f"chart-{chart.number:03d}.html"]
        sessions = [s for s in result.rows_of("session", person_id) if s["is_session"] is not False]
        for exposure in _apart(result.rows_of("exposure", person_id), sessions, result.knowledge):
            assert f'<th scope="row">{labels[exposure["ingredient"]]}</th>' in text
        scores = [m for m in result.rows_of("measurement", person_id) if m["total"] is not None]
        part = text[text.index('id="scores"') : text.index('id="sessions"')]
        assert part.count('<tr><th scope="row">') >= len(scores)
        for score in scores:
            assert f">{score['total']:g}</td>" in part
        for condition in result.rows_of("condition", person_id):
            assert f"{condition['vocabulary']} {condition['code']}</td>" in text
        assert "988" in text
    assert any('id="drugs"' in text and "mg/day" in text for text in pages.values())


def test_the_pages_are_whole_and_load_nothing_from_elsewhere(pages):
    for name, text in pages.items():
        if not name.endswith(".html"):
            continue
        checker = _Checker()
        checker.feed(text)
        assert checker.open == [], name
        assert not re.search(r"<script|<link|<img|<iframe|@import|https?://(?!www\.w3\.org)", text), name
        for link in checker.links:
            assert link in pages or link.startswith("#"), f"{name} leads to {link}"


class _Checker(HTMLParser):
    """Every element that is opened is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.links = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.links += [value for name, value in attrs if name == "href"]

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_supplies_are_joined_only_where_nothing_changes():
    """Two fills that follow each other are one line; an order that nobody dispensed, another dose and a gap begin a new one."""
    first, day = date(2020, 1, 1), timedelta(1)
    fills = [(50.0, True, True), (50.0, True, True), (50.0, False, True), (None, False, True), (100.0, None, False)]
    rows, start = [], first
    for mg, supplied, known in fills:
        end = start + 29 * day
        rows.append(
            {"ingredient": "sertraline", "start_date": start, "end_date": end, "mg_per_day": mg, "n_records": 1}
            | {"is_supplied": supplied, "is_end_known": known}
        )
        start = end + day
    rows.append(rows[0] | {"start_date": start + 10 * day, "end_date": start + 20 * day})
    joined = _supplies(rows, load())
    assert [(s.start, s.dose, s.n_supplies, s.is_supplied, s.is_end_known) for s in joined] == [
        (first, "50 mg/day", 2, True, True),
        (first + 60 * day, "50 mg/day", 1, False, True),
        (first + 90 * day, "dose not recorded", 1, False, True),
        (first + 120 * day, "100 mg/day", 1, None, False),
        (start + 10 * day, "50 mg/day", 1, True, True),
    ]
    assert [line["gap"] for line in _with_gaps(joined)] == [None, 0, 0, 0, 10]


def test_a_dose_given_in_a_session_is_shown_with_the_sessions_only():
    day, knowledge = date(2024, 3, 4), load()
    esketamine = next(iter(knowledge.treatments["esketamine"].ingredients))
    exposures = [
        {"ingredient": esketamine, "start_date": day},
        {"ingredient": esketamine, "start_date": day + timedelta(1)},
        {"ingredient": "sertraline", "start_date": day},
    ]
    assert _apart(exposures, [{"treatment": "esketamine", "session_date": day}], knowledge) == exposures[1:]
