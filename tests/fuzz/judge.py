"""Calls commands on one input, and says everything that breaks a promise of docs/security.md."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import stat
import threading
import time
from collections.abc import Callable
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from typer.testing import CliRunner

from stepwell import engines
from stepwell.cli import app

from .evil import SECRET, SECRET_NUMBER

SECONDS = 120
"""After this long a command hangs: seconds of the clock, without those in which it waited for a processor."""
ENDS = {0, 2, 10, 11, 12, 130}
"""The documented exit codes but 13, which says that nobody foresaw the error: that is a finding too."""


@dataclass(frozen=True)
class Input:
    """One thing that is wrong, and the commands that meet it."""

    said: str
    calls: tuple[tuple[str, ...], ...] = ()
    check: Callable[[], str | None] | None = None
    """Looks further than a command shows; says what is wrong, or None. Raises `RefusedError` where stepwell rightly refused."""
    prints_records: bool = False
    """Whether a command that succeeds may print what was in the records."""
    n: int = 1
    """How many values were changed: a folder may hold many evil cells at once."""
    ends: frozenset[int] = frozenset(ENDS)
    read: Callable[[tuple[str, ...], str], str | None] | None = None
    """Reads the standard output of a call that succeeded; says what is wrong, or None."""


@dataclass
class Judged:
    """What became of one input."""

    faults: list[str] = field(default_factory=list)
    n_calls: int = 0
    n_refused: int = 0
    seconds: float = 0.0


class RefusedError(Exception):
    """Raised by the `check` of an input that stepwell refused, as it should."""


class Hang(BaseException):
    """The time is over. No `Exception`, so that nothing takes it for an error of its own."""


def judge(given: Input, place: Path) -> Judged:
    """What is wrong with the answers to an input that lies in the folder `place`."""
    judged, begun = Judged(), time.monotonic()
    before = _files(place)
    with chdir(place):
        for call in given.calls:
            judged.n_calls += 1
            try:
                with _limit():
                    fault, was_refused = _fault(given, call)
            except Hang:
                fault, was_refused = f"hangs: no answer after {SECONDS} s", False
            judged.n_refused += was_refused
            if fault:
                judged.faults.append(f"stepwell {' '.join(map(_short, call))}\n    {fault}")
        if given.check:
            judged.n_calls += 1
            try:
                with _limit():
                    fault = given.check()
            except RefusedError:
                fault = None
                judged.n_refused += 1
            except Hang:
                fault = f"hangs: no answer after {SECONDS} s"
            judged.faults += [fault] if fault else []
    judged.faults += _destroyed(before, _files(place))
    judged.seconds = time.monotonic() - begun
    return judged


def leak(text: str) -> str | None:
    """Where a text holds a secret value; None where it holds none."""
    found = re.search(rf".{{0,80}}({SECRET}|{SECRET_NUMBER}|{SECRET_NUMBER[0]}\.{SECRET_NUMBER[1:]}).{{0,40}}", text)
    return found and f"leaks a value: {found[0]!r}"


def _fault(given: Input, call: tuple[str, ...]) -> tuple[str | None, bool]:
    done = CliRunner().invoke(app, list(call), env={"COLUMNS": "200", "NO_COLOR": "1"})
    was_refused = done.exit_code != 0
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        return f"traceback: {type(done.exception).__name__}: {done.exception}", was_refused
    if done.exit_code not in given.ends:
        return f"exit code {done.exit_code}: {done.stderr.strip()[:600]}", was_refused
    shown = done.stderr if given.prints_records and not was_refused else done.output
    if fault := leak(shown):
        return fault, was_refused
    if "\x1b" in done.output or "\x07" in done.output:
        return "sends control characters to the terminal", was_refused
    if was_refused and len(done.stderr.strip()) < 10:
        return f"exit code {done.exit_code} without a message", was_refused
    return (given.read(call, done.stdout) if given.read and not was_refused else None), was_refused


def _files(place: Path) -> dict[str, tuple]:
    """What lies in a folder: kind and content of everything, by path. Links are not followed."""
    found: dict[str, tuple] = {}
    for folder, folders, files in os.walk(place):
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                found[path] = ("link", os.readlink(path))
            elif stat.S_ISREG(mode):
                found[path] = ("file", hashlib.sha256(Path(path).read_bytes()).hexdigest())
            else:
                found[path] = (stat.S_IFMT(mode),)
    return found


def _destroyed(before: dict[str, tuple], after: dict[str, tuple]) -> list[str]:
    gone = [p for p, what in before.items() if after.get(p) != what]
    half = [p for p in after if p not in before and p.endswith(".partial")]
    return [f"destroys {_short(p)}" for p in gone] + [f"leaves {_short(p)} half-written" for p in half]


@contextmanager
def _limit():
    """Raises `Hang` in the code within when it takes too long; stops the database first, which hears no signal."""

    begun, waited = time.monotonic(), _waited_for_a_processor()

    def over(*_):
        left = SECONDS - (time.monotonic() - begun) + (_waited_for_a_processor() - waited)
        if left > 1:
            signal.setitimer(signal.ITIMER_REAL, left)
        else:
            raise Hang

    watch = threading.Timer(SECONDS - 1, engines.interrupt_queries)
    earlier = signal.signal(signal.SIGALRM, over)
    watch.start()
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        watch.cancel()
        signal.signal(signal.SIGALRM, earlier)


def _waited_for_a_processor() -> float:
    """Seconds for which this thread was ready to run and others ran, on Linux: a busy machine is no hang."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text("ascii").split()[1]) / 1e9
    except OSError:
        return 0.0


def _short(word: str) -> str:
    return repr(word) if len(word) < 200 else f"{word[:80]!r}... ({len(word)} letters)"
