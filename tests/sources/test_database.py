"""What the readers of a CDM read, a database must be asked for."""

from __future__ import annotations

import re
from pathlib import Path

import stepwell.sources
from stepwell.sources.cdm_columns import MADE_COLUMNS
from stepwell.sources.csvform import FILES
from stepwell.sources.database import KIND_OF

READERS = (
    "answers", "cdm_part", "cdm_rows", "coded", "codes", "doses", "drug_part", "drugs", "incomplete", "medication",
    "people", "records", "session_readings", "strength", "vitals", "vocabulary",
)  # fmt: skip
CELLS = "column|text|number|whole|concept|day|span|clock|minute|is_no_number|is_no_time|written"
"""The functions that read a cell by the name of its column."""
OWN = {field.name for form in FILES.values() for field in form}
"""The columns of stepwell's own folder, which some of these modules read too."""
SCORED = ("measurement", "observation")
"""The tables that are read alike: a reader names their columns by `{name}_`."""


def test_every_column_that_a_reader_names_is_read_from_databases():
    folder = Path(stepwell.sources.__file__).parent
    text = "".join((folder / f"{reader}.py").read_text("utf-8") for reader in READERS)
    named = set(re.findall(rf"\.(?:{CELLS})\(\s*\"([a-z_]+)\"", text))
    assert len(named) > 20
    of_both = re.findall(r"f\"\{name\}_([a-z_]+)\"", text)
    assert "datetime" in of_both
    named |= {f"{name}_{part}" for name in SCORED for part in of_both}
    assert named <= KIND_OF.keys() | set(MADE_COLUMNS) | OWN
    assert KIND_OF.keys().isdisjoint(MADE_COLUMNS)
