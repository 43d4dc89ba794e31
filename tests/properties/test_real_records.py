"""Engine and oracle agree on records that nobody made up for them."""

import os
from pathlib import Path

import ibis
import pytest
from agreement import by_engine, disagreements

from stepwell.knowledge.loader import load
from stepwell.sources.opening import open_source

KNOWLEDGE = load()
DATA = Path(os.environ.get("STEPWELL_DATA") or Path(__file__).parents[3] / "shared" / "data")


@pytest.mark.parametrize("folder", ["synpuf50_omop52", "synthea1k_omop54_omoplite", "synthea27nj_omop54"])
def test_real_records(folder):
    """Every packaged definition, every column of every table."""
    if not (DATA / folder).is_dir():
        pytest.skip(f"no {folder} in STEPWELL_DATA or beside the checkout")
    con = ibis.duckdb.connect()
    source = open_source(DATA / folder, con, KNOWLEDGE)
    records = {name: table.to_pyarrow().to_pylist() for name, table in source.tables.items()}
    definitions = list(KNOWLEDGE.definitions.values())
    differ = disagreements(records, definitions, KNOWLEDGE, has=source.has)
    assert not differ, f"{len(differ)} values differ (engine / oracle):\n" + "\n".join(differ[:20])
    verdicts = by_engine(records, definitions, KNOWLEDGE, source.has)["determination"]
    assert len(verdicts) == len(records["person"]) * len(definitions)
