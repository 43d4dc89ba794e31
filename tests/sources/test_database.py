"""What the readers of a CDM read, a database must be asked for."""

from __future__ import annotations

import re
from pathlib import Path

import stepwell.sources
from stepwell.sources.cdm_columns import MADE_COLUMNS
from stepwell.sources.database import KIND_OF

READERS = (
    "answers", "codes", "doses", "drugs", "medication", "omop", "people", "records", "session_readings", "strength", "vitals"
)  # fmt: skip
SCORED = ("measurement", "observation")
"""The tables that are read alike: a reader names their columns by `{name}_`."""


def test_every_column_that_a_reader_names_is_read_from_databases():
    folder = Path(stepwell.sources.__file__).parent
    text = "".join((folder / f"{reader}.py").read_text("utf-8") for reader in READERS)
    named = set(re.findall(r"\.column\(\s*\"([a-z_]+)\"", text))
    assert len(named) > 20
    of_both = re.findall(r"f\"\{name\}_([a-z_]+)\"", text)
    assert "datetime" in of_both
    named |= {f"{name}_{part}" for name in SCORED for part in of_both}
    assert named <= KIND_OF.keys() | set(MADE_COLUMNS)
    assert KIND_OF.keys().isdisjoint(MADE_COLUMNS)
