"""What the tests of safety share: a folder of records, a result of it, and the command line in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from stepwell.runner import run


@pytest.fixture(scope="session")
def own_folder():
    """Writes records: `own_folder(place, ids)`."""
    return _own_folder


def _own_folder(folder, ids):
    """Records in stepwell's own form: one antidepressant for each of these people, a diagnosis for the first."""
    folder.mkdir()
    people, drugs = ["person_id,birth_date,sex"], ["person_id,drug,start_date,days_supply,mg_per_day"]
    for number in ids:
        people.append(f"{number},1980-01-01,female")
        drugs.append(f"{number},sertraline,2020-01-01,60,100")
    diagnosis = ["person_id,condition_date,vocabulary,code", f"{next(iter(ids))},2020-01-01,ICD10CM,F33.1"]
    for name, lines in (("person", people), ("medication", drugs), ("condition", diagnosis)):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="session")
def records(tmp_path_factory):
    return _own_folder(tmp_path_factory.mktemp("records") / "records", range(3))


@pytest.fixture(scope="session")
def asked():
    """A question that is quickly compiled; asked again it is compiled already."""
    return {"definitions": ["fabbri-2021"], "stagings": ["thase-rush"]}


@pytest.fixture(scope="session")
def result(records, asked, tmp_path_factory):
    return run(records, tmp_path_factory.mktemp("result") / "result", **asked)


@pytest.fixture
def stepwell():
    """Runs a command: `stepwell("run", ...)`, with limits set by `before`."""

    def command(*arguments, before=None, cwd=None, environment=None, timeout=120):
        return subprocess.run(
            [sys.executable, "-m", "stepwell", *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=cwd,
            env={**os.environ, "COLUMNS": "160", "NO_COLOR": "1", **(environment or {})},
            timeout=timeout,
            preexec_fn=before,
            check=False,
        )

    return command
