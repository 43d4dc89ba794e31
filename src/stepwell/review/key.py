"""The key of a review: which number is which person, and what the definition says of them. Reviewers never see it."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa

from stepwell.errors import Problem, QuestionError
from stepwell.output import write_table, write_text

from .sample import Chart, Sample, Stratum

KEY = "key"
_DESIGN, _CHARTS = "design.json", "charts.csv"

_TITLE = "The key of this review cannot be read."


def write_key(folder: Path, sample: Sample) -> None:
    """Writes `design.json`, how the sample was drawn, and `charts.csv`, by which a person's record can be found."""
    design = asdict(sample)
    charts = design.pop("charts")
    strata = {s.name: s for s in sample.strata}
    for chart in charts:
        stratum = strata[chart["stratum"]]
        chart |= {"verdict": stratum.verdict, "weight": stratum.weight}
    write_table(folder / _CHARTS, pa.Table.from_pylist(charts))
    design["charts_sha256"] = _digest(folder / _CHARTS)
    write_text(folder / _DESIGN, json.dumps(design, indent=2, ensure_ascii=False) + "\n")


def read_key(folder: Path) -> Sample:
    """The sample of a review. Raises `QuestionError` for a folder that is no review, or whose key was changed."""
    design, charts = folder / KEY / _DESIGN, folder / KEY / _CHARTS
    missing = [file for file in (design, charts) if not file.is_file()]
    if missing:
        expected = "a folder that `stepwell review sample` wrote"
        remedy = f"name that folder, with its folder {KEY} in it"
        raise QuestionError(_TITLE, [Problem(str(file), "is not there", expected, remedy) for file in missing])
    try:
        said = json.loads(design.read_text("utf-8"))
        with charts.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        is_whole = said.pop("charts_sha256") == _digest(charts)
        said["strata"] = tuple(Stratum(**stratum) for stratum in said["strata"])
        drawn = tuple(Chart(int(row["number"]), row["person"], row["stratum"]) for row in rows)
        sample = Sample(**said, charts=drawn)
    except (OSError, KeyError, TypeError, ValueError, AttributeError):
        is_whole = False
    if not is_whole:
        remedy = "draw the same sample again into another folder (same result, definition, seed and numbers), and copy its key"
        raise QuestionError(_TITLE, [Problem(str(folder / KEY), "its files were changed or damaged", remedy=remedy)])
    return sample


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
