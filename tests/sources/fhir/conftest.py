"""Sources drawn as FHIR resources."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode leaves it out; resources lives here


@pytest.fixture(scope="module")
def opened_once(tmp_path_factory, open_once):
    """Opens resources written as NDJSON."""
    from resources import ndjson

    return lambda *resources: open_once(ndjson(tmp_path_factory.mktemp("fhir") / "export", *resources))
