"""Targets are read strictly, and the calibration never meets those that are held back."""

from __future__ import annotations

import shutil

import pytest

from stepwell.calibrate import calibrate, read_aim
from stepwell.calibrate.targets import DATA
from stepwell.errors import KnowledgeError, QuestionError
from stepwell.simulate import model_parameters


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(DATA, tmp_path / "data")


def change(path, *pairs):
    text = path.read_text("utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")


def test_the_shipped_targets_are_whole():
    aims = [read_aim(use, model_parameters()) for use in ("calibrate", "validate")]
    names = [name for aim in aims for name in aim.targets]
    assert len(names) == len(set(names))
    said = [t.what for aim in aims for t in aim.targets.values()]
    assert len(said) == len(set(said))  # rows of the page and of its charts
    cited = {t.source for aim in aims for t in aim.targets.values()}
    assert cited == set(aims[0].references)
    used = {s for aim in aims for t in aim.targets.values() for s in (t.study, t.against)}
    used |= {study.like for study in aims[0].studies.values()}
    assert set(aims[0].studies) <= used


def test_nothing_recalled_is_calibrated_to():
    aim = read_aim("calibrate", model_parameters())
    assert aim.targets
    assert {t.seen for t in aim.targets.values()} <= {"full-text", "abstract", "secondary"}


def test_the_european_cohort_is_held_out():
    validate = read_aim("validate", model_parameters())
    assert {n for n, t in validate.targets.items() if t.source == "heerlein-2021"} >= {
        "europe-remission-6",
        "europe-lost",
    }
    assert not [t for t in read_aim("calibrate", model_parameters()).targets.values() if t.source == "heerlein-2021"]


def test_a_changed_target_to_validate_changes_no_bit_of_the_calibration(folder, small):
    text = (folder / "validate.yaml").read_text("utf-8")
    lines = [
        line.replace("share: ", "share: 1", 1) if "share: " in line and "100" not in line else line
        for line in text.splitlines()
    ]
    (folder / "validate.yaml").write_text("\n".join(lines), "utf-8")
    assert lines != text.splitlines()
    assert calibrate(300, steps=1, folder=folder) == small
    (folder / "validate.yaml").unlink()
    assert calibrate(300, steps=1, folder=folder) == small


def test_a_changed_target_to_calibrate_does_change_it(folder, small):
    change(folder / "calibrate.yaml", ("share: 36.8 %", "share: 50 %"))
    found = calibrate(300, steps=1, folder=folder)
    assert found.values[None, "trial.odds.by_step"][0] > small.values[None, "trial.odds.by_step"][0] + 0.1


def test_a_file_that_mixes_kinds_is_refused_by_line(folder):
    change(
        folder / "calibrate.yaml",
        ("star-d-remission-2:\n    {use: calibrate", "star-d-remission-2:\n    {use: validate"),
    )
    with pytest.raises(KnowledgeError) as error:
        read_aim("calibrate", model_parameters(), folder)
    (problem,) = error.value.problems
    assert "calibrate.yaml" in problem.where
    assert "`star-d-remission-2` is to validate in a file to calibrate" in problem.found


def test_all_that_is_wrong_is_told_at_once(folder):
    change(
        folder / "calibrate.yaml",
        ("trial.onset.mean: {why", "trial.judged_after.at_most: {why"),
        ("trial.odds.by_step: {why", "trial.ods.by_step: {why"),
        ("study: star-d, among: remitted", "study: star-e, among: remitted"),
        ("source: turkoz-2021-response", "source: nobody-2021"),
        ("among: step, count: remitted, step: 1,", "among: step, count: remitted,"),
    )
    with pytest.raises(KnowledgeError) as error:
        read_aim("calibrate", model_parameters(), folder)
    said = "\n".join(map(str, error.value.problems))
    for words in (
        "`trial.judged_after.at_most` is not marked `free: true`",
        "did you mean `trial.odds.by_step`?",
        "`star-e` is no study",
        "`nobody-2021` is no reference",
        "needs `step`",
    ):
        assert words in said


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "locator: abstract, seen: abstract",
            "locator: abstract, seen: recalled",
            "a recalled number is never calibrated to",
        ),
        ("share: 36.8 %, of: 3671 people", "share: 36.8 %", "its uncertainty is not known"),
        ("share: 36.8 %, of: 3671 people", "ratio: 2 times, share: 36.8 %, of: 3671 people", "exclude each other"),
        ("share: 36.8 %", "share: 0.368", "is a fraction"),
    ],
)
def test_a_target_that_cannot_be_calibrated_to_is_refused(folder, old, new, words):
    change(folder / "calibrate.yaml", (old, new))
    with pytest.raises(KnowledgeError, match=words):
        read_aim("calibrate", model_parameters(), folder)


def test_too_few_people_are_refused():
    with pytest.raises(QuestionError, match="Nothing was calibrated"):
        calibrate(99)
