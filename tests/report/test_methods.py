"""What a paper needs: nothing invented, nothing of a few people given away, and every source that is cited is there."""

from __future__ import annotations

import csv
import re
import xml.etree.ElementTree as ET

import pytest

from stepwell.errors import QuestionError
from stepwell.knowledge.forms import Reference
from stepwell.knowledge.loader import load
from stepwell.methods import write_methods
from stepwell.methods.attrition import find_attrition, sentences
from stepwell.methods.bibtex import bibtex
from stepwell.methods.choices import _FINDERS, _TO_BE_STATED, TO_BE_STATED
from stepwell.methods.folder import FILES
from stepwell.methods.used import deciding, used_sources
from stepwell.report.verdicts import TREATED

K = load()


def rows_of(file):
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.fixture(scope="module")
def folder(result, tmp_path_factory):
    out = tmp_path_factory.mktemp("methods") / "out"
    write_methods(result, out, definitions=["cepeda-2018", "sforzini-2022", "us-label"])
    return out


def test_the_folder_holds_what_the_command_says(folder):
    assert {file.name for file in folder.iterdir()} == set(FILES)


def test_every_subject_is_told_by_the_run_or_left_to_the_authors(folder):
    assert set(_FINDERS) | set(_TO_BE_STATED) == set(K.reporting)
    rows = rows_of(folder / "choices.csv")
    assert {row["subject"] for row in rows} == {subject.label for subject in K.reporting.values()}
    left = {row["subject"] for row in rows if row["stated"].startswith(TO_BE_STATED)}
    assert left == {K.reporting[name].label for name in _TO_BE_STATED}
    # Each that is left is also asked of the authors on the page, before anything else.
    asked = (folder / "methods.md").read_text("utf-8").partition("## Draft")[0]
    assert all(f"**{subject}:**" in asked for subject in left)


def test_every_statement_of_a_form_is_in_the_table_with_its_source(folder):
    definition = K.definitions["sforzini-2022"]
    of_it = [r for r in rows_of(folder / "choices.csv") if r["applies_to"] == definition.name]
    rows = {r["field"]: r for r in of_it}
    assert rows["trial.min_duration"]["stated"] == "at least 28 days"
    assert (
        rows["trial.min_duration"]["source"]
        == "[Sforzini 2022, Table 1, item 10 (completion of the fourth week); full text]"
    )
    assert rows["who.washout"]["stated"] == "not asked"
    assert len([r for r in of_it if r["source"]]) == len(list(deciding(definition)))


def test_what_a_definition_does_not_use_is_not_told_of_it(folder):
    """No dose and no score is asked by this one: how either would be read decides nothing."""
    fields = {r["field"] for r in rows_of(folder / "choices.csv") if r["applies_to"] == "cepeda-2018@1"}
    assert "trials.max_gap" in fields
    assert not fields & {"trials.dose_standard", "trials.baseline", "trials.endpoint"}


def test_a_recalled_item_of_a_guideline_says_so(folder):
    items = {item for row in rows_of(folder / "choices.csv") for item in row["items"].split("; ")}
    recalled = {i for s in K.reporting.values() for i in s.items if i.seen == "recalled"}
    assert {f"{i.guideline} {i.number} (recalled, not verified)" for i in recalled} <= items


def test_every_citation_has_its_entry_and_no_other_definition_is_cited(folder, result):
    cited = set(re.findall(r"@([a-z0-9-]+)[\];]", (folder / "methods.md").read_text("utf-8")))
    entries = set(re.findall(r"^@\w+\{(.+),$", (folder / "references.bib").read_text("utf-8"), re.MULTILINE))
    assert "sforzini-2022" in cited <= entries
    chosen = [K.definitions[name] for name in ("cepeda-2018", "sforzini-2022", "us-label")]
    assert set(used_sources(result, chosen)) <= entries
    assert "li-2019" not in entries  # was run, and is not described here
    assert "li-2019" in used_sources(result, [K.definitions["li-2019"]])


def test_the_diagram_can_be_read_aloud_and_gives_nothing_away(folder, result):
    svg = (folder / "attrition.svg").read_text("utf-8")
    root = ET.fromstring(svg)
    title, description = root[0], root[1]
    assert root.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
    said = sentences(find_attrition(result, result.definitions, 5))
    assert description.text.startswith(said[0])
    assert "var(" not in svg


@pytest.mark.parametrize("below", [0, 5, 12, 40])
def test_small_counts_are_withheld_with_what_gives_them_away(result, below):
    found = find_attrition(result, result.definitions, below)
    exact = find_attrition(result, result.definitions, 0)
    for step, true in zip(found.steps, exact.steps, strict=True):
        for count, n in ((step.people, true.people.n), (step.left_out, true.left_out and true.left_out.n)):
            assert count is None or count.n in (None, n)
            assert count is None or count.n is None or not 0 < n < below
    for before, step in zip(found.steps, found.steps[1:], strict=False):
        # A reader who knows two of the three knows the third.
        known = [c.n is not None for c in (before.people, step.people, step.left_out)]
        assert sum(known) != 2, step
    if below == 0:
        first, diagnosed, treated = (s.people.n for s in exact.steps)
        assert first == 150 > diagnosed > treated > 0
        assert all(s.left_out.n == 150 - diagnosed for s in exact.steps[1:2])
    assert all(share.group == TREATED for share in found.shares)


def test_the_same_bytes_every_time(result, folder, tmp_path):
    write_methods(result, tmp_path / "again", definitions=["cepeda-2018", "sforzini-2022", "us-label"])
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes(), name


def test_a_definition_that_was_not_run_is_refused_before_anything_is_written(result, tmp_path):
    with pytest.raises(QuestionError, match="no such definition"):
        write_methods(result, tmp_path / "out", definitions=["sforzini-2023"])
    assert not (tmp_path / "out").exists()


def test_bibtex_says_what_the_source_says():
    journal = Reference(
        title="One & two: 50 % of {all}",
        authors="Rush AJ, Palmer EOC, van Esdonk MJ, and others",
        year=2006,
        published_in="International Clinical Psychopharmacology 11 Suppl 3:89",
        doi="10.1/x_y",
    )
    body = Reference(title="Label", authors="European Medicines Agency", url="https://example.org/a_b")
    text = bibtex([("rush-2006", journal), ("label", body)])
    assert "@article{rush-2006," in text
    assert "author = {Rush, AJ and Palmer, EOC and van Esdonk, MJ and others}" in text
    assert r"title = {{One \& two: 50 \% of \{all\}}}" in text
    assert "journal = {International Clinical Psychopharmacology}" in text
    assert "volume = {11}" in text
    assert "number = {Suppl 3}" in text
    assert "pages = {89}" in text
    assert "doi = {10.1/x_y}" in text
    assert "@misc{label," in text
    assert "author = {{European Medicines Agency}}" in text
    assert "@misc{stepwell," in text


def test_every_reference_becomes_a_balanced_entry():
    text = bibtex(sorted(K.references.items()))
    assert text.count("\n@") + 1 == len(K.references) + 1
    for entry in re.split(r"\n(?=@)", text):
        bare = re.sub(r"\\[{}]", "", entry)
        assert bare.count("{") == bare.count("}"), entry
    # Surname and initials are told apart wherever the file names people.
    assert "Sforzini, L and Worrell, C and Kose, M and others" in text
