"""Runs one command and prints, as JSON, what it took: `wall_s`, `cpu_s`, `peak_bytes`, `status`.

    python launch.py COMMAND ...

A program of its own, because a new process begins with the peak memory of the one that started it: this one is small. What the
command prints goes to stderr.
"""

import json
import os
import sys
import time


def main() -> None:
    """Waits for the command; its resources are counted with those of its own finished children."""
    began = time.monotonic()
    to_stderr = [(os.POSIX_SPAWN_DUP2, 2, 1)]
    process = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=to_stderr)
    _, status, used = os.wait4(process, 0)
    wall = time.monotonic() - began
    unit = 1 if sys.platform == "darwin" else 1024
    took = {
        "wall_s": wall,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_bytes": used.ru_maxrss * unit,
        "status": os.waitstatus_to_exitcode(status),
    }
    print(json.dumps(took))


if __name__ == "__main__":
    main()
