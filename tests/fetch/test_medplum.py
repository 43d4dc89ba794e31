"""A server that nobody here wrote judges the client: Medplum's FHIR router (Apache-2.0), in memory, on Node.

`STEPWELL_MEDPLUM` names a folder with its packages: npm install --ignore-scripts @medplum/{fhir-router,core,definitions}@4.5.2
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

pytest.importorskip("joserfc", reason="joserfc is not installed: pip install 'stepwell[fhir]'")
from fhir_server import Time
from records import fetched, held, items, records
from resources import bundle

from stepwell.fetch import Request, fetch

PROGRAM = Path(__file__).with_name("medplum_server.mjs")


@pytest.fixture
def medplum():
    """Starts the server with these resources, and gives its address."""
    node, folder = shutil.which("node"), os.environ.get("STEPWELL_MEDPLUM")
    if node is None:
        pytest.skip("Node is not installed")
    if not folder or not Path(folder, "node_modules", "@medplum", "fhir-router").is_dir():
        pytest.skip(
            "Medplum's packages are not there: set STEPWELL_MEDPLUM to a folder that holds them in node_modules"
        )
    started = []

    def start(*resources) -> str:
        command = [node, str(PROGRAM), folder]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command, **pipes)
        started.append(process)
        watch = threading.Timer(120, process.kill)
        watch.start()
        process.stdin.write(json.dumps(bundle(*resources)))
        process.stdin.close()
        port = process.stdout.readline().strip()
        watch.cancel()
        assert port, "the server did not start"
        return f"http://127.0.0.1:{port}/"

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.long
def test_a_server_of_others_gives_every_record(medplum, tmp_path):
    """More observations than a page holds, panels, drugs by reference: all are fetched, each once."""
    more = [dict(r, id=f"{r['id']}-{n}") for r in items() for n in range(30)]
    made = [r for r in (*records(), *items(), *more) if r["resourceType"] != "Group"]
    base = medplum(*made)
    done = fetch(Request(base), tmp_path / "out", clock=Time().clock)
    assert done.how == "patient by patient"
    assert fetched(tmp_path / "out") == held(*made)
    first = json.loads((tmp_path / "out/Condition.000.ndjson").read_text().splitlines()[0])
    mine = next(r for r in made if r["id"] == first["id"])
    assert {k: v for k, v in first.items() if k != "meta"} == mine
    one = fetch(Request(base, types=("Patient", "Observation")), tmp_path / "one", clock=Time().clock)
    assert set(one.counts) == {"Patient", "Observation"}
