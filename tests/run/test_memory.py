"""Memory that is freed goes back to the system, also between blocks that are still held."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

_HELD = """
import sys
import numpy as np
from stepwell.memory import give_back_what_is_freed

def megabytes():
    status = open("/proc/self/status").read()
    return int(status.split("RssAnon:")[1].split()[0]) / 1024

if sys.argv[1] == "given back":
    give_back_what_is_freed()
np.ones(2_000_000)  # freed at once: from now on glibc takes what is smaller from its heap
held = [np.ones(125_000) for _ in range(200)]
before = megabytes()
del held[::2]
print(before - megabytes())
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "mallopt"),
    reason="only glibc on Linux is told so",
)
def test_what_is_freed_goes_back_between_blocks_that_are_held():
    freed = {}
    for how in ("kept", "given back"):
        call = [sys.executable, "-c", _HELD, how]
        freed[how] = float(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
    assert freed["given back"] > 80, freed
    assert freed["kept"] < freed["given back"], freed
