"""Measuring: each process by itself, whatever the one that measures holds; failures are told."""

from __future__ import annotations

import sys

import pytest
from stepwell_bench.measure import Measured, Spread, measure, ratios, take_turns

from stepwell.errors import InternalError

MEBIBYTE = 1 << 20


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


def test_peak_memory_is_that_of_the_process_alone():
    held = bytearray(400 * MEBIBYTE)
    held[:: MEBIBYTE // 256] = b"x" * len(held[:: MEBIBYTE // 256])  # touched, so that it is resident
    small = measure(python("pass"))
    large = measure(python(f"b = bytearray(200 * {MEBIBYTE}); b[::4096] = b'x' * len(b[::4096])"))
    assert small.peak_bytes < 100 * MEBIBYTE
    assert 190 * MEBIBYTE < large.peak_bytes - small.peak_bytes < 300 * MEBIBYTE


def test_cpu_is_told_apart_from_waiting():
    waited = measure(python("import time; time.sleep(1)"))
    assert waited.wall_s >= 1
    assert waited.cpu_s < waited.wall_s / 2


def test_what_it_prints_does_not_disturb():
    assert measure(python("print('hello')")).wall_s > 0


@pytest.mark.parametrize(
    ("code", "found", "words"),
    [
        ("raise SystemExit('no such table')", "exit code 1", "no such table"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal 9", "system's log"),
    ],
)
def test_a_program_that_fails_is_told_with_its_last_words(code, found, words):
    with pytest.raises(InternalError) as raised:
        measure(python(code))
    (problem,) = raised.value.problems
    assert found in problem.found
    assert words in problem.remedy


def test_each_round_begins_with_another(tmp_path):
    log = tmp_path / "log"
    commands = {n: python(f"open({str(log)!r}, 'a').write({n!r})") for n in "abc"}
    told = []
    taken = take_turns(commands, 3, lambda what, done, total: told.append((done, total)))
    assert log.read_text("utf-8") == "abcbcacab"
    assert {name: len(runs) for name, runs in taken.items()} == {"a": 3, "b": 3, "c": 3}
    assert told[-1] == (9, 9)


def test_ratios_are_taken_within_a_round():
    ours, theirs = ([Measured(s, s, 1) for s in seconds] for seconds in ((2, 30, 4), (1, 10, 4)))
    assert ratios(ours, theirs) == Spread(median=2, low=1, high=3)
