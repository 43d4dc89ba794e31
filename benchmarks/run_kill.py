"""A run that is killed again and again ends with the bytes of one that was left alone.

    python benchmarks/run_kill.py RECORDS OUT --kills 10 --late-kills 3

`stepwell run` of the records is left alone once, and once killed (SIGKILL) so many times, each time after a drawn share of what
the run left alone took. A run that was killed while it read reads again, so that most of these kills fall into reading: the late
ones come when a share of the buckets is judged. The same command is then run until it ends. Every file of the two results must
be alike, but that which says how long it took. It says after how many seconds each kill came, how many buckets were done by
then, and what was compared.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    """Runs, kills, compares; ends with an error where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("records", type=Path)
    parser.add_argument("out", type=Path, help="a folder for the two results")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--late-kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--definition", default="sforzini-2022")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    alone, killed = asked.out / "alone", asked.out / "killed"
    started = time.monotonic()
    if _start(asked, alone).wait():
        sys.exit("the run that was left alone failed")
    seconds = time.monotonic() - started
    print(f"left alone: {seconds:.0f} s", flush=True)
    drawn = random.Random(asked.seed)
    n_kills = 0
    while n_kills < asked.kills:
        process = _start(asked, killed)
        after = drawn.uniform(0.02, 0.6) * seconds
        try:
            if process.wait(after):
                sys.exit("the run that was killed could not be continued")
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            n_kills += 1
            print(f"kill {n_kills} after {after:.0f} s: {_n_done(killed)} buckets done", flush=True)
        else:
            print(f"ended before the kill after {after:.0f} s; begun afresh", flush=True)
            _compare(alone, killed)
    if asked.late_kills and killed.exists():
        shutil.rmtree(killed)
    n_buckets = len(list((alone / "person").glob("*.parquet")))
    for late in range(1, asked.late_kills + 1):
        _kill_when(_start(asked, killed), killed, late * n_buckets // (asked.late_kills + 1))
    if not killed.exists() and _start(asked, killed).wait():
        sys.exit("the run that was killed could not be continued")
    _compare(alone, killed)


def _kill_when(process: subprocess.Popen, killed: Path, n: int) -> None:
    """Kills the run when `n` buckets are done."""
    started = time.monotonic()
    while process.poll() is None and _n_done(killed) < n:
        time.sleep(0.1)
    if process.poll() is not None:
        sys.exit(f"the run ended before {n} buckets were seen to be done")
    process.send_signal(signal.SIGKILL)
    process.wait()
    print(f"late kill after {time.monotonic() - started:.0f} s: {_n_done(killed)} buckets done", flush=True)


def _n_done(killed: Path) -> int:
    return len(list((killed.parent / f"{killed.name}.partial" / "work").glob("done-*")))


def _start(asked: argparse.Namespace, out: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "stepwell", "run", str(asked.records), "--out", str(out), "--replace"]
    return subprocess.Popen([*command, "--definition", asked.definition], stdout=subprocess.DEVNULL)


def _compare(alone: Path, killed: Path) -> None:
    """Compares every file of the two results, but that which says how long it took."""
    of_alone, of_killed = _digests(alone), _digests(killed)
    if not of_alone:
        sys.exit("the run that was left alone wrote nothing")
    if of_alone != of_killed:
        different = sorted(n for n in of_alone.keys() | of_killed.keys() if of_alone.get(n) != of_killed.get(n))
        sys.exit(f"{len(different)} files differ: {', '.join(different[:10])}")
    print(f"{len(of_alone)} files are alike, byte for byte", flush=True)


def _digests(result: Path) -> dict[str, str]:
    found = {}
    for file in result.rglob("*"):
        if file.is_file() and file.name != "timing.json":
            with file.open("rb") as opened:
                found[str(file.relative_to(result))] = hashlib.file_digest(opened, "sha256").hexdigest()
    return found


if __name__ == "__main__":
    main()
