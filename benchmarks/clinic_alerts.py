"""Kills the clinic while 100,000 patients answer item 9, and counts answers above zero without an alert. Loopback and /tmp only.

python benchmarks/clinic_alerts.py [ANSWERS] [--database postgresql://...]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("answers", nargs="?", type=int, default=100_000)
    parser.add_argument("--database", default="sqlite")
    asked = parser.parse_args()
    from clinic_alert_kill import PREPARE, answer_often

    from stepwell.clinic import commands

    with tempfile.TemporaryDirectory() as place:
        password = "a long pass phrase of a benchmark"
        said = {"clinic": "Benchmark", "time_zone": "America/Chicago", "username": "admin", "password": password}
        commands.init(Path(place) / "clinic", **said, database=asked.database, address="http://127.0.0.1:8000")
        exec(PREPARE, {})
        began = time.monotonic()
        told = answer_often(asked.answers)
        print(f"{told} in {time.monotonic() - began:.0f} s on {asked.database.partition(':')[0]}")


if __name__ == "__main__":
    main()
