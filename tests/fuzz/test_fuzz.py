"""A short run of the fuzzer, and that it finds what it looks for. The long run: `python -m tests.fuzz`."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from fuzz import judge as judging
from fuzz.judge import Input, judge
from fuzz.run import KINDS, Report, fuzz
from stepwell import runner
from stepwell.errors import Problem, SourceError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and pipes")
SECRET = judging.SECRET
QUICK = {"questionnaire": 25, "definition": 10, "address": 25, "path": 25, "option": 20}


@pytest.mark.parametrize("kind", QUICK)
def test_a_few_inputs_of_each_quick_kind_end_clean(kind):
    report = Report(seed=1)
    fuzz(kind, 1, range(QUICK[kind]), report)
    assert report.inputs[kind] == QUICK[kind]
    assert not report.findings, str(report)


def _leaks(place: Path):
    raise SourceError("It cannot be read.", [Problem("items.csv", f"found {SECRET}")])


def _waits(place: Path):
    time.sleep(30)


def _destroys(place: Path):
    (place / "keep.txt").write_text("of stepwell\n", "utf-8")


def _is_at_fault(place: Path):
    raise KeyError(SECRET)


def _leaves_half(place: Path):
    (place / "out.csv.partial").touch()


@pytest.mark.parametrize(
    ("does", "found"),
    [
        (_leaks, "leaks a value"),
        (_waits, "hangs"),
        (_destroys, "destroys"),
        (_is_at_fault, "exit code 13"),
        (_leaves_half, "half-written"),
    ],
)
def test_a_fault_is_found(monkeypatch, tmp_path, does, found):
    monkeypatch.setattr(judging, "SECONDS", 2)
    monkeypatch.setattr(runner, "run", lambda *_, **__: does(tmp_path))
    (tmp_path / "keep.txt").write_text("of the user\n", "utf-8")
    faults = judge(Input("a fault", (("run", "records", "--out", "out"),)), tmp_path).faults
    assert any(found in fault for fault in faults), faults


def test_what_is_lost_is_found(tmp_path):
    given = Input("a row is lost", (("--version",),), read=lambda *_: "2 rows of 3", check=lambda: "1 row of 3")
    assert len(judge(given, tmp_path).faults) == 2


def test_an_input_is_made_again_from_its_seed_and_number(tmp_path):
    for kind in QUICK:
        said = []
        for n in range(2):
            place = tmp_path / f"{kind}{n}"
            place.mkdir()
            said.append(KINDS[kind](random.Random("7/x/3"), place).said)
        assert said[0] == said[1]
