"""Every command on the result of a run inside PostgreSQL."""

from __future__ import annotations

import pytest
from cdm import load_into_postgres
from every_command import once, try_commands

from stepwell.runner import run
from stepwell.simulate import simulate

pytestmark = [pytest.mark.shapes, pytest.mark.long]


def test_every_command_copes_with_the_result_of_a_database(server, tmp_path):
    simulate(60, 3, tmp_path / "records")
    with server.connect() as connection:
        load_into_postgres(tmp_path / "records", connection, "shaped")
    address = f"{server.address()}&schema=shaped"
    try:
        try_commands(run(address, tmp_path / "result"), address, tmp_path, once)
    finally:
        with server.connect() as connection:  # other tests look for the one schema that holds vocabularies
            connection.execute("DROP SCHEMA shaped CASCADE")
