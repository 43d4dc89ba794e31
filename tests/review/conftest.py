"""One small result for the tests of chart reviews, and reviewers who know the truth or make it up."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from stepwell.review import draw_sample, write_review
from stepwell.runner import run
from stepwell.simulate import simulate

DEFINITION = "sforzini-2022"


@pytest.fixture(scope="session")
def result(tmp_path_factory):
    place = tmp_path_factory.mktemp("review")
    simulate(400, 5, place / "records")
    return run(place / "records", place / "result", definitions=[DEFINITION, "us-label"], stagings=[])


@pytest.fixture(scope="session")
def sample(result):
    return draw_sample(result, DEFINITION, 8, seed=1)


@pytest.fixture(scope="session")
def written(result, sample, tmp_path_factory):
    """A review folder to read only; tests that fill in forms take `review`."""
    return write_review(result, sample, tmp_path_factory.mktemp("written") / "review")


@pytest.fixture
def review(written, tmp_path):
    """A review folder of the test's own: key and forms, without the pages."""
    for name in ("key/design.json", "key/charts.csv", "reviewers/review_A.csv", "reviewers/review_B.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((written / name).read_bytes())
    return tmp_path


def read_form(file: Path) -> list[dict]:
    return list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))


def save_form(file: Path, rows: list[dict], encoding: str = "utf-8-sig", delimiter: str = ",") -> None:
    with file.open("w", encoding=encoding, newline="") as opened:
        writer = csv.DictWriter(opened, rows[0], delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def fill(folder: Path, letter: str, verdict_of, **how) -> None:
    """Fills in the form of a reviewer by a function of the chart's number."""
    file = folder / "reviewers" / f"review_{letter}.csv"
    rows = read_form(file)
    for row in rows:
        row |= {"verdict": verdict_of(int(row["number"])), "reviewer": f"Dr {letter}"}
    save_form(file, rows, **how)


@pytest.fixture
def filled():
    return fill


@pytest.fixture
def form():
    """The lines of a form, and how to save them."""
    return read_form, save_form
