"""A run that is killed continues where it was, and ends with the result of an undisturbed one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from stepwell import runner
from stepwell.folder import make_own
from stepwell.runner import run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")

RUN = "import sys; from stepwell.runner import run; run(sys.argv[1], sys.argv[2], people_per_bucket=20)"


def bytes_of(folder):
    return {
        str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file() and f.name != "timing.json"
    }


def killed_run(records, out, seconds):
    process = subprocess.Popen([sys.executable, "-c", RUN, str(records), str(out)], stderr=subprocess.PIPE)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.long
def test_killed_at_random_moments_the_result_is_the_same(records, tmp_path):
    started = time.monotonic()
    undisturbed = run(records, tmp_path / "undisturbed", people_per_bucket=20)
    whole = time.monotonic() - started
    moments = random.Random(4)
    for _ in range(10):
        killed_run(records, tmp_path / "out", moments.uniform(0.3, 1.0) * (whole + 2))
        if (tmp_path / "out").exists():
            break
    resumed = run(records, tmp_path / "out", people_per_bucket=20, replace_existing=True)
    assert bytes_of(resumed.folder) == bytes_of(undisturbed.folder)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "undisturbed"]


def interrupted(records, out, after):
    """A run that is cut off after so many buckets, as a kill would: nothing is cleaned away."""
    code = (
        "import os, sys\n"
        "from stepwell.runner import run\n"
        f"stop = lambda what, done, total: os._exit(9) if what == 'judging' and done == {after} else None\n"
        "run(sys.argv[1], sys.argv[2], people_per_bucket=100, progress=stop)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(records), str(out)], check=False)
    assert done.returncode == 9


@pytest.mark.long
def test_finished_buckets_are_not_done_again(records, result, tmp_path):
    interrupted(records, tmp_path / "out", after=3)
    done = [mark.name.removeprefix("done-") for mark in (tmp_path / "out.partial" / "work").glob("done-*")]
    assert len(done) >= 3
    parts = {name: tmp_path / "out.partial" / "trial" / f"part-{name}.parquet" for name in done}
    written = {name: part.stat().st_mtime_ns for name, part in parts.items()}
    resumed = run(records, tmp_path / "out", people_per_bucket=100)
    assert {n: (resumed.folder / "trial" / p.name).stat().st_mtime_ns for n, p in parts.items()} == written
    fresh = run(records, tmp_path / "fresh", people_per_bucket=100)
    assert bytes_of(resumed.folder) == bytes_of(fresh.folder)


@pytest.mark.long
def test_another_question_starts_afresh(records, tmp_path):
    interrupted(records, tmp_path / "out", after=3)
    other = run(records, tmp_path / "out", definitions=["fabbri-2021"], people_per_bucket=100)
    fresh = run(records, tmp_path / "fresh", definitions=["fabbri-2021"], people_per_bucket=100)
    assert bytes_of(other.folder) == bytes_of(fresh.folder)


def test_a_run_stopped_before_it_has_its_folder_leaves_none(records, tmp_path, monkeypatch):
    """And where another run is at work, its folder stays."""

    def stopped(_folder):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "WorkFolder", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(records, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    other = tmp_path / "out.partial" / "work" / "lock"
    make_own(tmp_path / "out.partial")
    other.parent.mkdir()
    other.touch()
    with pytest.raises(KeyboardInterrupt):
        run(records, tmp_path / "out")
    assert other.exists()
