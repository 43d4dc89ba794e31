"""A whole run of stepwell, every table of the result written: python whole_run.py RECORDS OUT DEFINITION [MEMORY]"""

from __future__ import annotations

import sys

from stepwell.runner import run

if __name__ == "__main__":
    records, out, definition, *memory = sys.argv[1:]
    run(records, out, definitions=[definition], memory=memory[0] if memory else None, replace_existing=True)
