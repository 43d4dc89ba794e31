"""The shipped numbers are those that the search ends at, and the page says where the model misses."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from stepwell.calibrate import calibrate, calibrated_file, find_fit, words, write_fit
from stepwell.calibrate.file import shipped
from stepwell.cli import app
from stepwell.errors import KnowledgeError, QuestionError
from stepwell.simulate import model_parameters
from stepwell.simulate.changes import quantity_at
from stepwell.simulate.packing import CALIBRATED, MODEL


@pytest.fixture(scope="module")
def fit():
    return find_fit(2000)


@pytest.mark.long
def test_another_step_from_the_shipped_numbers_does_not_improve_them():
    """At the size at which they were found."""
    again = calibrate(begin=shipped(model_parameters()), steps=1)
    assert again.found > 0.99 * again.start
    assert again.found < 2


@pytest.mark.long
def test_the_table_of_the_page_is_current():
    printed = runpy.run_path(str(Path(__file__).parent / "print_fit.py"))
    assert printed["PAGE"].read_text("utf-8") == printed["page"](), "python tests/calibrate/print_fit.py"


def test_the_same_search_gives_the_same_numbers(small):
    assert calibrate(300, steps=1) == small


def test_the_search_gets_nearer(small):
    assert small.found < 0.5 * small.start


def test_the_file_is_what_was_found_and_the_model_reads_it(small, tmp_path):
    path = tmp_path / "calibrated.yaml"
    path.write_text(calibrated_file(small), "utf-8")
    read = model_parameters(MODEL, path)
    for (study, name), value in small.values.items():
        if study is None:
            assert getattr(quantity_at(read, name), name.rsplit(".", 1)[1]) == pytest.approx(value)
            assert quantity_at(read, name).choice.startswith("Calibrated to ")
            assert quantity_at(read, name).source is None
    assert yaml.safe_load(path.read_text("utf-8"))["studies"].keys() == {"transform-control"}


def test_only_free_numbers_can_be_calibrated(tmp_path):
    path = tmp_path / "calibrated.yaml"
    path.write_text(
        "values:\n"
        "  trial.given_up.share: {value: 9 %, choice: Calibrated to x.}\n"
        '  trial.onset.mean: {value: "9", choice: Calibrated to x.}\n',
        "utf-8",
    )
    with pytest.raises(KnowledgeError) as error:
        model_parameters(MODEL, path)
    said = str(error.value)
    assert "not marked `free: true`" in said
    assert "has no unit" in said


def test_the_model_uses_the_shipped_numbers():
    values = yaml.safe_load(CALIBRATED.read_text("utf-8"))["values"]
    assert values
    for path in values:
        assert quantity_at(model_parameters(), path).choice.startswith("Calibrated to ")
        assert not (quantity_at(model_parameters(MODEL), path).choice or "").startswith("Calibrated")


def test_every_published_result_is_shown_and_the_misses_too(fit, tmp_path):
    page = write_fit(fit, tmp_path / "fit.html").read_text("utf-8")
    for row in fit.rows:
        assert row.found.value is not None, row.name
        assert row.target.what.replace("'", "&#39;") in page
    assert {row.kind for row in fit.rows} == {"calibrated", "went in", "held out"}
    assert [row for row in fit.of("held out") if row.is_met is False]
    assert page.count("misses by") == sum(words.verdict(row).startswith("misses") for row in fit.rows)
    assert "recalled, not verified" in page


def test_what_is_recalled_judges_nothing(fit):
    recalled = [row for row in fit.rows if row.target.seen == "recalled"]
    assert recalled
    assert {row.is_met for row in recalled} == {None}


def test_the_calibrated_results_are_met(fit):
    """At a tenth of the people: within the two intervals."""
    assert [row.name for row in fit.of("calibrated") if not row.is_met] == []


def test_the_command_shows_what_is_shipped(tmp_path):
    done = CliRunner().invoke(app, ["calibrate", "--as-shipped", "--people", "200", "--html", str(tmp_path / "a.html")])
    assert done.exit_code == 0, done.output
    assert "Held out" in done.output
    assert (tmp_path / "a.html").exists()


def test_the_command_refuses_what_cannot_be():
    runner = CliRunner()
    for people in ("7", "99999999999"):
        assert runner.invoke(app, ["calibrate", "--people", people]).exit_code == QuestionError.exit_code
    assert runner.invoke(app, ["calibrate", "--as-shipped", "--out", "x.yaml"]).exit_code == QuestionError.exit_code
