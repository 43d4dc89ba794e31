"""A whole run of stepwell, every table of the result written: python whole_run.py RECORDS OUT DEFINITION"""

from __future__ import annotations

import sys

from stepwell.runner import run

if __name__ == "__main__":
    records, out, definition = sys.argv[1:]
    run(records, out, definitions=[definition], replace_existing=True)
