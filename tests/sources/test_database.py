"""What the readers of a CDM read, a database must be asked for."""

from __future__ import annotations

import re
from pathlib import Path

import stepwell.sources
from stepwell.sources.database import KIND_OF

READERS = ("answers", "codes", "doses", "drugs", "medication", "omop", "people", "records", "strength", "vitals")


def test_every_column_that_a_reader_names_is_read_from_databases():
    folder = Path(stepwell.sources.__file__).parent
    named = {
        column
        for reader in READERS
        for column in re.findall(r"\.column\(\s*\"([a-z_]+)\"", (folder / f"{reader}.py").read_text("utf-8"))
    }
    assert len(named) > 20
    assert named <= KIND_OF.keys()
