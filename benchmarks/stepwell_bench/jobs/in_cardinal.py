"""cardinal_pythonlib's published function over the mentions of drugs in a file, on pandas 1.5, in an environment of its own.

    python in_cardinal.py MENTIONS.csv OUT.jsonl

Times the function alone, without imports and reading. Adds a line of JSON: the seconds, the number of people, and who is named.
"""

import json
import sys
import time

import pandas as pd
from cardinal_pythonlib.psychiatry.treatment_resistant_depression import two_antidepressant_episodes


def main(mentions: str, out: str) -> None:
    """One row of MENTIONS is a drug that a person was given on a day: `patient_id`, `drug`, `date`."""
    rows = pd.read_csv(mentions, dtype={"patient_id": str}, parse_dates=["date"])
    began = time.perf_counter()
    found = two_antidepressant_episodes(rows)
    seconds = time.perf_counter() - began
    answer = {"seconds": seconds, "n_people": int(rows.patient_id.nunique()), "named": sorted(found.patient_id)}
    with open(out, "a", encoding="utf-8") as file:
        file.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
