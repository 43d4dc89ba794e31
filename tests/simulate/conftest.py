"""Small simulated folders that the tests of the simulator share, read back as plain Arrow tables."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stepwell.knowledge import load
from stepwell.simulate import simulate
from stepwell.simulate.parameters import parameters
from stepwell.simulate.records.formulary import Formulary

PEOPLE = 500
SEED = 20


class Simulated:
    """A folder that `simulate` wrote; `simulated["person"]` is a table of it, `rows` the same as plain rows."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __getitem__(self, name: str):
        place = self.folder / "truth" if name.startswith("truth_") else self.folder
        return pq.read_table(place / f"{name}.parquet")

    def rows(self, name: str) -> list[dict]:
        return self[name].to_pylist()


@pytest.fixture(scope="session")
def simulated(tmp_path_factory):
    """Simulates some people into a new folder: `simulated(noise="off", people=100)`."""

    def run(people: int = PEOPLE, seed: int = SEED, **how) -> Simulated:
        out = tmp_path_factory.mktemp("simulated") / "records"
        simulate(people, seed, out, **how)
        return Simulated(out)

    return run


@pytest.fixture(scope="session")
def tidy(simulated) -> Simulated:
    return simulated(noise="off")


@pytest.fixture(scope="session")
def untidy(simulated) -> Simulated:
    return simulated(noise="realistic")


@pytest.fixture(scope="session")
def formulary() -> Formulary:
    return Formulary(load(), parameters())
