"""Whether two result folders hold the same."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.suffix == ".parquet"}


def assert_same_folders(here: Path, there: Path) -> None:
    """The same files with the same bytes; where they differ, the rows that do."""
    one, two = files_of(here), files_of(there)
    assert one.keys() == two.keys()
    for name in one:
        if one[name] != two[name]:
            a, b = (pq.read_table(folder / name).to_pylist() for folder in (here, there))
            pytest.fail(
                f"{name}: {[row for row in a if row not in b][:4]} here, {[r for r in b if r not in a][:4]} there"
            )


def manifest_of(folder: Path) -> dict:
    """`run.json` but for what says where the records were."""
    manifest = json.loads((folder / "run.json").read_text("utf-8"))
    return {k: v for k, v in manifest.items() if k not in ("source", "engine")}
