"""The pages of a person and of a programme: what they show, what they withhold, and the words they never use."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from html import unescape
from html.parser import HTMLParser

import pytest
from record_shapes import SHAPES
from treated import write_clinic

from stepwell.errors import QuestionError
from stepwell.report.around import around
from stepwell.report.person import render_person, write_person
from stepwell.report.programme_page import render_programme, write_programme
from stepwell.report.programme_shown import show_programme
from stepwell.report.timeline import _levels
from stepwell.runner import run


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    place = tmp_path_factory.mktemp("clinic")
    write_clinic(place / "records", people=24, infused=3)
    return run(place / "records", place / "result", definitions=["us-label"], stagings=[])


@cache
def _page(clinic, person):
    return render_person(clinic, person)


@pytest.fixture(scope="module")
def person(clinic):
    return _page(clinic, "e002")


@pytest.fixture(scope="module")
def programme(clinic):
    return render_programme(clinic)


class _Checker(HTMLParser):
    """Every element that is opened is closed, every link on the page leads somewhere, every id is there once."""

    VOID = frozenset({"meta", "br", "link", "img", "hr"})

    def __init__(self, page: str):
        super().__init__()
        self.open, self.ids, self.links, self.foreign = [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [attrs["href"][1:]] if attrs.get("href", "").startswith("#") else []
        self.foreign += [v for k, v in attrs.items() if k in ("src", "href") and not str(v).startswith("#")]
        if tag not in self.VOID and not self.get_starttag_text().endswith("/>"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL))


@pytest.mark.parametrize("page", ["person", "programme"])
def test_a_page_is_whole_and_needs_nothing_else(page, request):
    found = _Checker(request.getfixturevalue(page))
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    assert set(found.links) <= set(found.ids)
    assert found.foreign == []


@pytest.mark.parametrize("page", ["person", "programme"])
def test_no_page_promises_anything(page, request):
    words = text_of(request.getfixturevalue(page)).lower()
    assert not re.search(
        r"\b(cure[sd]?|curing|fix|fixes|guarantee[sd]?|miracle|breakthrough|will (help|work|improve))\b", words
    )
    for said in re.findall(r"[^.]*\bpromises?\b[^.]*\.", words):
        assert "no promise" in said
    assert "no advice" in words
    assert "did not come by it for certain" in words, "what followed a series is never said to be due to it"


@pytest.mark.parametrize("page", ["person", "programme"])
def test_whom_to_call_stands_beside_every_answer_about_suicide(page, request, clinic):
    page = request.getfixturevalue(page)
    boxes = re.findall(r'<div class="crisis".*?</div>', page, flags=re.DOTALL)
    assert boxes
    for box in boxes:
        for line in clinic.knowledge.crisis.values():
            assert all(number in box for number in re.findall(r"\d{3}", line.text)), "988 and 911, from the data file"
    safety = page.split('id="safety"')[1].split("</section>")[0]
    assert 'class="crisis"' in safety


def test_suicidality_stands_first_on_the_page(clinic):
    """Answers above zero and diagnoses are read together, before anything else on the page of a person and of a programme."""
    rows = around(clinic)["concern"]
    above = {r["person_id"] for r in rows if r["state"] == "above zero"}
    condition = clinic.table("condition").to_pyarrow().to_pylist()
    diagnosed = {r["person_id"] for r in condition if r["codeset"] == "suicidality"}
    people = {r["person_id"]: r["source_person_id"] for r in clinic.table("person").to_pyarrow().to_pylist()}
    assert diagnosed, "the clinic records such a diagnosis"
    for person in (min(diagnosed), min(above)):
        page = render_person(clinic, people[person])
        head = page[page.index("<h1>") : page.index('class="lead"')]
        assert "988" in head
        assert ("suicidal ideation or behaviour" in head) is (person in diagnosed)
    shown = show_programme(clinic, suppress_below=0)
    counts = {name: count.n for name, count in shown.suicidal.items()}
    both = len(above & diagnosed)
    assert counts == {"an answer above zero": len(above) - both, "a diagnosis": len(diagnosed) - both, "both": both}
    assert shown.people_suicidal.n == len(above | diagnosed)
    page = render_programme(clinic, suppress_below=0)
    head = page[page.index("<h1>") : page.index('class="lead"')]
    assert f"is recorded of {len(above | diagnosed)} people" in head
    assert "988" in head


def test_local_numbers_are_data(clinic, monkeypatch):
    line = clinic.knowledge.crisis["us"].model_copy(update={"text": "In Ruritania call 4711."})
    monkeypatch.setitem(clinic.knowledge.crisis, "us", line)
    page = render_person(clinic, "e002")
    assert "In Ruritania call 4711." in page
    assert "988" not in text_of(page)


def test_what_was_answered_is_told_from_what_was_not(clinic):
    around_all = around(clinic)["concern"]
    risen = next(r["person_id"] for r in around_all if r["has_risen"])
    silent = next(r["person_id"] for r in around_all if r["state"] == "unanswered")
    people = {r["person_id"]: r["source_person_id"] for r in clinic.table("person").to_pyarrow().to_pylist()}
    pages = [text_of(_page(clinic, people[p])) for p in (risen, silent)]
    table = " ".join(page.split("Answers about death, suicide and self-harm")[1] for page in pages)
    for state in ("above zero", "unanswered", "not recorded", ": risen"):
        assert state in table
    assert "never read as zero" in table


def test_the_plasma_curve_says_whose_it_is_and_that_it_is_none_of_this_person(person, clinic):
    words = text_of(person)
    model = clinic.knowledge.plasma["perez-ruixo-2021"]
    for said in (model.label, model.sampled, model.people, "Never a dosing aid", "an illustration", "not measured"):
        assert said in words
    assert "Noresketamine, 84 mg, area over 24 hours: published 758" in words, "the known misfit is said"


def test_psychotherapy_in_the_window_is_said_to_be_unproven(person, programme):
    for page in (person, programme):
        words = text_of(page)
        assert "Unproven" in words
        assert "no criterion" in words
    assert "Psychotherapy" in person


def test_an_infusion_is_drawn_by_its_own_set_and_no_other(clinic):
    words = text_of(_page(clinic, "k000"))
    assert clinic.knowledge.plasma["otto-2021"].label in words
    assert clinic.knowledge.plasma["perez-ruixo-2021"].label not in words


def test_somebody_without_sessions_has_a_page_too(clinic):
    page = _page(clinic, "n000")
    _Checker(page)
    assert "No treatment given in sessions" in page
    assert "nothing is known of it" in page


def test_words_of_the_timeline_are_free_of_the_lines_that_cross_them(person):
    """The dashed lines of the days on which definitions were met come first; the words above the bars lie over them, outlined."""
    life = person.split('aria-label="All treatments"')[1].split("</svg>")[0]
    dashed, words = life.rindex('stroke-dasharray="5,3"'), life.index('paint-order="stroke"')
    assert dashed < words
    assert _levels([(0.1, "met: A"), (0.11, "met: B, C"), (0.12, "met: D"), (0.9, "met: E")]) == [0, 1, 2, 0]


def test_a_table_that_is_cut_off_shows_that_it_scrolls(person, programme):
    """A still shadow at the edge, covered by what moves with the content at the end; wide pictures say it in words."""
    for page in (person, programme):
        rule = page.split(".scroll {")[1].split("}")[0]
        assert "overflow-x: auto" in rule
        assert "background-attachment: local, local, scroll, scroll" in rule
        assert "scroll sideways" in page
        for table in re.findall(r"<table>.*?</table>", page, flags=re.DOTALL):
            before = page[: page.index(table)]
            assert re.search(r'<div class="scroll"[^>]*>\s*$', before), "every table lies in a part that scrolls"


def test_the_page_of_a_person_holds_their_criteria(person, clinic):
    words = re.sub(r"\s+", " ", unescape(text_of(person)))
    lines = [e for e in clinic.evidence("e002") if e["definition"] == "us-label@1"]
    assert len(lines) > 5
    assert [e["sentence"] for e in lines if e["sentence"] not in words] == []


def test_the_programme_counts_what_the_tables_hold(clinic):
    summary = show_programme(clinic, suppress_below=0)
    for given in summary.given:
        series = clinic.table("series")
        own = series.filter((series.treatment == given.treatment.id) & series.is_series)
        assert given.series.n == own.count().execute()
        assert given.sessions.n == own.n_sessions.sum().execute()
        responses = clinic.table("series_response")
        own = responses.filter(responses.treatment == given.treatment.id)
        for c in given.checkpoints:
            at = own.filter(own.checkpoint == c.label)
            assert c.responded.n == at.is_response.sum().fill_null(0).execute()
            assert c.scored.n == at.is_response.notnull().sum().execute()
            judged = at.filter(at.is_response.notnull())
            assert c.remitted.n == judged.is_remission.sum().fill_null(0).execute()
        judged = clinic.table("judged_series").execute()
        followed = given.regimens[0]
        own = judged[judged.regimen.str.startswith(f"{given.treatment.phases_of}@")]
        for asked in followed.asked:
            name = asked.criterion.partition(".")[2]
            assert asked.not_met.n == own[f"n_not_met.{name}"].sum()
            assert asked.met.n + asked.not_met.n + asked.unknown.n == own.n_sessions.sum()
        assert sum(e.series.n for e in given.endings) + given.ongoing.n <= given.series.n


def test_a_regimen_is_judged_only_where_its_indication_applies(clinic, programme):
    """Six of 24 series have a coded suicidal thought before them; nobody was asked and said no, so the others are unknown."""
    given = next(g for g in show_programme(clinic, suppress_below=0).given if g.treatment.id == "esketamine")
    trd, mdsi = (next(r for r in given.regimens if part in r.title) for part in ("US label: treat", "acute suicidal"))
    assert trd.series is None
    assert {name: count.n for name, count in mdsi.series.items()} == {"applies": 6, "unknown": 18, "does not apply": 0}
    of_six = clinic.table("judged_series").execute()
    of_six = of_six[(of_six.regimen == "spravato-us-mdsi@1") & of_six["regimen.indicated"].eq(True)]
    assert len(of_six) == 6
    for asked in mdsi.asked:
        assert asked.met.n + asked.not_met.n + asked.unknown.n == of_six.n_sessions.sum()
    assert "Series to which it applies: 6; to which it does not: 0; for which no record says: 18." in text_of(programme)
    story = [e for e in clinic.series_evidence("e001") if e["rule"] == "spravato-us-mdsi@1"]
    assert {(e["criterion"], e["verdict"]) for e in story} == {("regimen.indicated", "unknown")}


def test_scales_of_monitoring_are_no_outcomes(clinic, person):
    given = next(g for g in show_programme(clinic, suppress_below=0).given if g.treatment.id == "esketamine")
    assert not {b.label for b in given.beyond} & {"CADSS", "MOAA/S"}
    assert {b.label for b in given.beyond} >= {"WSAS", "Joy (the clinic's own question)"}
    monitored = {m.label: m for m in given.monitored}
    assert set(monitored) == {"CADSS", "MOAA/S"}
    assert monitored["MOAA/S"].series.n == given.series.n
    assert monitored["MOAA/S"].worst[1] == 4
    beyond = person.split("Beyond symptoms")[1]
    beyond, monitoring = beyond.split("Monitoring around the doses", 1)
    assert "CADSS" not in beyond
    assert "CADSS" in monitoring.split("</table>")[0]


def test_small_counts_do_not_reach_the_page(clinic):
    page, below = render_programme(clinic, suppress_below=5), 5
    summary = show_programme(clinic, suppress_below=below)
    infused = next(g for g in summary.given if g.treatment.id == "ketamine")
    assert infused.series.text == "<5"
    assert all(c.response is None for c in infused.checkpoints)
    assert infused.durability.at == ()
    assert infused.loaded == ()
    cells = re.findall(r'<td class="count">(\d+)</td>', page)
    assert len(cells) > 50
    assert not [c for c in cells if 0 < int(c) < below]


def test_nobody_can_be_seen_on_the_programmes_page(programme):
    assert not re.search(r"\b[ekn]0\d\d\b", programme)
    assert not re.search(r"\b(19|20)\d\d-\d\d-\d\d\b", text_of(programme))


def test_the_same_result_gives_the_same_pages(clinic, person, programme):
    assert render_person(clinic, "e002") == person
    assert render_programme(clinic) == programme


def test_pages_are_written_whole_or_not_at_all(clinic, tmp_path):
    assert write_programme(clinic, tmp_path / "p.html").read_text("utf-8").rstrip().endswith("</html>")
    with pytest.raises(QuestionError):
        write_programme(clinic, tmp_path / "nowhere" / "p.html")
    with pytest.raises(QuestionError):
        write_person(clinic, "nobody", tmp_path / "q.html")
    assert not (tmp_path / "q.html").exists()


def test_dates_stand_on_the_page_of_the_person_asked_for(person, clinic):
    (first,) = [
        s["session_date"] for s in clinic.rows_of("session", clinic.person_id("e002")) if s["session_number"] == 1
    ]
    assert isinstance(first, date)
    assert f"{first.day} {first:%b %Y}" in person


def test_a_treatment_with_only_possible_series_has_a_page(tmp_path):
    """Nobody can tell whether the infusions are a series: they are said to be possible, and nothing is counted of them."""
    records = SHAPES["only possible sessions: no procedures"].write(tmp_path / "records")
    result = run(records, tmp_path / "result", definitions=["us-label"])
    assert result.table("series").is_series.to_pyarrow().to_pylist() == [None]
    words = text_of(render_programme(result, suppress_below=0))
    assert "Ketamine" in words
    assert "1 more series may be one; nobody can tell from these records" in words
