"""The command and the page: what a clinician reads, and what bad input is told."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from held import K
from typer.testing import CliRunner

from stepwell.candidacy import assess
from stepwell.candidacy.page import render_candidacy
from stepwell.cli import app

THREE = ("western-health", "cigna", "qualchoice")


@pytest.fixture(scope="module")
def call(result):
    def call(*words):
        return CliRunner().invoke(app, ["candidacy", str(result.folder), *words])

    return call


@pytest.fixture(scope="module")
def page(result):
    return render_candidacy(result, *assess(result, "anna", THREE))


def test_two_failed_trials_pass_one_payer_and_fail_two(call):
    answer = call("anna", *(w for name in THREE for w in ("--policy", name)), "--json", "--at", "2025-03-28")
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)["answer"]
    stands = {one["form"]: one["stands"] for one in told["forms"]}
    assert stands == {
        "cigna@1": "nearly met",
        "qualchoice@1": "not met",
        "western-health@1": "met, as far as records show",
    }
    cigna = next(one for one in told["forms"] if one["form"] == "cigna@1")
    trials = next(x for x in cigna["indications"][0]["lines"] if x["criterion"] == "trd.failed-trials")
    assert trials["stands"] == "nearly met"
    assert trials["found"].endswith("nearly: sertraline 35 of 42 days")
    assert trials["source"].startswith("cigna-spravato, ")
    assert "988" in told["crisis"]
    assert "911" in told["crisis"]


class Words(HTMLParser):
    def __init__(self):
        super().__init__()
        self.words, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_shows_why_and_needs_nothing_else(page):
    parser = Words()
    parser.feed(page)
    text = re.sub(r"\s+", " ", " ".join(parser.words))
    for said in ("35 days, 10 Jan 2025 to 13 Feb 2025 (asked: at least 42 days)", "Records: nearly met", "988", "911"):
        assert said in text
    for said in (
        "None recorded means",
        "Nearly met means",
        "clinicians decide",
        "Read from medication.csv:2",
        "of age" * 0,
    ):
        assert said in text.replace(" </b>", "")
    assert not [tag for tag, attrs in parser.tags if tag in ("script", "link", "img", "iframe") or "src" in attrs]
    assert "http" not in re.sub(r"<li>.*?</li>", "", page, flags=re.DOTALL)
    assert not re.search(r"[^\d]url\(", page)


def test_the_page_is_black_on_white_and_made_for_paper(page):
    colours = set(re.findall(r"#[0-9a-fA-F]{3,6}\b", page[: page.index("</style>")]))
    assert colours <= {"#000", "#fff"}
    assert "@page" in page
    assert "prefers-color-scheme" not in page


def test_the_same_question_gives_the_same_page(result, page):
    assert render_candidacy(result, *assess(result, "anna", THREE)) == page


def test_a_name_is_escaped(result):
    chart, told = assess(result, "anna", ["cigna"])
    from dataclasses import replace

    assert "<b>x" not in render_candidacy(result, replace(chart, person="<b>x"), told)


def test_trials_are_shown_with_their_people(result):
    page = render_candidacy(result, *assess(result, "anna", ["esketamine-us", "ketamine-off-label"]))
    for name in (*K.candidacies["esketamine-us"].evidence, *K.candidacies["ketamine-off-label"].evidence):
        trial = K.published[name]
        assert trial.label in page
        assert trial.population.split(",")[0] in page
    assert "Main comparison: no difference" in page
    assert "off-label" in page
    assert page.count("<h2>Benefit and risk of") == 2


def test_everything_is_told_in_the_terminal(call):
    answer = call("anna")
    assert answer.exit_code == 0, answer.output
    text = re.sub(r"\s+", " ", answer.output)
    for form in K.candidacies.values():
        assert form.name in text.replace(" ", "") or form.name in text
    for said in ("988", "911", "clinicians decide", "Missing before anybody could say", "Published trials"):
        assert said in text
    assert "I71.4" in text


def test_an_answer_about_suicide_is_said_before_anything_else(call, result):
    """A PHQ-9 item 9 of 3 and a C-SSRS with everything yes, a day earlier: first, with whom to call; and in the caution."""
    said = "PHQ-9, item 9: 3 on 27 Mar 2025"
    words = call("anna", "--policy", "esketamine-us", "--at", "2025-03-28").output
    assert words.index(said) < words.index("988") < words.index("911") < words.index("days observed")
    assert "Suicidal ideation or behaviour: none recorded" not in re.sub(r"\s+", " ", words)
    told = json.loads(call("anna", "--policy", "esketamine-us", "--json", "--at", "2025-03-28").stdout)["answer"]
    assert said in told["say_first"]
    assert told["say_first"] == ["C-SSRS screener, items 1, 2, 3, 4, 5, 6 and 6b: above zero on 27 Mar 2025", said]
    assert list(told).index("say_first") < list(told).index("forms")
    caution = next(x for x in told["forms"][0]["cautions"] if x["criterion"] == "cautions.suicidality")
    assert (caution["verdict"], caution["address"]) == ("not met", "answer.csv:2")
    acute = next(x for x in told["forms"][0]["indications"][1]["lines"] if x["criterion"] == "suicidal.suicidality")
    assert acute["verdict"] == "unknown"
    assert "for a clinician to judge" in acute["found"]
    page = render_candidacy(result, *assess(result, "anna", ["esketamine-us"]))
    body = page[page.index("<body>") :]
    assert body.index(said) < body.index("988") < body.index("<dt>Person</dt>")
    assert body.count("988") == 1
    before = json.loads(call("anna", "--policy", "esketamine-us", "--json", "--at", "2025-03-26").stdout)["answer"]
    assert before["say_first"] == []


def test_drugs_that_interact_are_told_though_they_treat_no_depression(call):
    """Rasagiline, linezolid and methylene blue on the day: no "none recorded"."""
    told = json.loads(call("anna", "--policy", "esketamine-us", "--json", "--at", "2025-03-28").stdout)["answer"][
        "forms"
    ][0]
    maoi, depressants, stimulants = (
        next(x for x in told["cautions"] if x["criterion"] == f"cautions.{name}")
        for name in ("maoi", "depressants", "stimulants")
    )
    assert maoi["verdict"] == "not met"
    for drug in ("Rasagiline since 20 Mar 2025", "Linezolid since 26 Mar 2025", "Methylene blue since 28 Mar 2025"):
        assert drug in maoi["found"]
    assert depressants["found"] == "Lorazepam since 1 Mar 2025"
    assert (stimulants["stands"], stimulants["verdict"]) == ("none recorded", "unknown")


def test_blood_pressure_of_the_records_is_read(call):
    rows = json.loads(call("anna", "--policy", "esketamine-us", "--json", "--at", "2025-03-21").stdout)["answer"][
        "forms"
    ][0]["cautions"]
    found = next(x for x in rows if x["criterion"] == "cautions.blood-pressure")
    assert (found["value"], found["limit"], found["unit"]) == ("141/90", "140/90", "mmHg")
    assert found["verdict"] == "not met"
    assert found["address"].startswith("vital.csv:")


def test_somebody_without_records_is_told_so(call):
    answer = call("nobody")
    assert answer.exit_code == 12
    assert "no dated record" in answer.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("anna", "--policy", "cigma"), ("no such label, practice or policy", "did you mean `cigna`?", "qualchoice")),
        (("anna", "--definition", "us-labell"), ("unknown definition", "did you mean `us-label`?")),
        (("berta-4711",), ("none of its 2 people has the id", "source_person_id")),
        (("anna", "--at", "2017-12-31"), ("before this person's first record", "leave out --at")),
    ],
)
def test_bad_input_is_told_what_there_is(call, words, said):
    answer = call(*words)
    assert answer.exit_code == 12, answer.output
    for part in said:
        assert part in answer.output
    # No patient's value: neither the id that was typed nor a day of the records.
    assert "berta" not in answer.output
    assert not re.search(r"\d{4}-\d\d-\d\d|Jan 2018", answer.output.replace("2017-12-31", ""))


def test_a_day_that_is_none_is_a_mistake_of_the_command_line(call):
    assert call("anna", "--at", "soon").exit_code == 2


def test_a_page_that_cannot_be_written(call, tmp_path):
    answer = call("anna", "--policy", "cigna", "--html", str(tmp_path / "no" / "page.html"))
    assert answer.exit_code == 12
    assert "Nothing was written" in answer.output
    assert not list(tmp_path.iterdir())
    good = call("anna", "--policy", "cigna", "--html", str(tmp_path / "page.html"))
    assert good.exit_code == 0
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
