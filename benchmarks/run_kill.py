"""A run that is killed again and again ends with the bytes of one that was left alone.

    python benchmarks/run_kill.py RECORDS OUT --kills 10

`stepwell run` of the records is left alone once, and once killed (SIGKILL) so many times, each time after a drawn share of what
the run left alone took; the same command is then run until it ends. Every file of the two results must be alike, but that which
says how long it took. It says after how many seconds each kill came, how many buckets were done by then, and what was compared.
"""

from __future__ import annotations

import argparse
import hashlib
import random
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
            n_done = len(list((asked.out / "killed.partial" / "work").glob("done-*")))
            print(f"kill {n_kills} after {after:.0f} s: {n_done} buckets done", flush=True)
        else:
            print(f"ended before the kill after {after:.0f} s; begun afresh", flush=True)
            _compare(alone, killed)
    if not killed.exists() and _start(asked, killed).wait():
        sys.exit("the run that was killed could not be continued")
    _compare(alone, killed)


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
