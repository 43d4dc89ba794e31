"""Judges people with a check of every index: `NUMBA_BOUNDSCHECK=1 python judge_bounds_checked.py`. An index past the end of an
array is an IndexError then, and garbage otherwise."""

from __future__ import annotations

from random import Random

import absurd_people
import numpy as np
import pyarrow as pa
from clinic import FORMS, KNOWLEDGE
from session_cases import session_cases
from session_clinic import SESSION_CLINIC
from spec_cases import spec_cases
from staged import CLINIC, MODELS
from untidy import untidy_crowd, without_days, without_drug_days
from untidy_sessions import untidy_sessions

from stepwell.machine_code import compile_function
from stepwell.rules import judge_records
from stepwell.tables import RECORDS


def past_the_end(values):
    """The value after the last one."""
    return values[len(values)]


def main() -> None:
    try:
        compile_function(past_the_end, [])(np.zeros(3))
    except IndexError:
        pass
    else:
        raise AssertionError("indices are not checked: set NUMBA_BOUNDSCHECK=1")
    rng = Random("bounds")
    gaps = (None, "unidentified drugs", "given in care only", "drugs without a day")
    untidy = untidy_crowd(rng, 400, KNOWLEDGE, gaps=gaps)
    absurd = [
        untidy,
        without_days(rng, untidy),
        without_drug_days(rng, untidy),
        absurd_people.with_missing_values(),
        absurd_people.in_ties(),
        absurd_people.at_the_ends_of_the_calendar(),
        *absurd_people.many_rows_on_one_day(2000),
        absurd_people.renumbered(absurd_people.at_the_edge_of_every_column(untidy_crowd(rng, 2, KNOWLEDGE))),
    ]
    sessions = untidy_sessions(rng, 200)
    treated = [
        sessions,
        absurd_people.renumbered(absurd_people.at_the_edge_of_every_column(untidy_sessions(rng, 2))),
        *(records for records, _ in session_cases()),
    ]
    n = sum(judge(crowd, FORMS, KNOWLEDGE) for crowd in absurd)
    n += sum(judge(crowd, FORMS[:1], CLINIC, MODELS) for crowd in absurd)
    n += sum(judge(crowd, FORMS[:1], SESSION_CLINIC) for crowd in treated)
    n += sum(judge(records, [definition], KNOWLEDGE) for records, definition, _ in spec_cases())
    print(f"checked {n} people")


def judge(crowd, definitions, knowledge, models=()) -> int:
    """Judges the people, and returns how many they are."""
    tables = {t.name: pa.Table.from_pylist(crowd.get(t.name, []), schema=t.schema.to_pyarrow()) for t in RECORDS}
    return judge_records(tables, definitions, knowledge, frozenset(crowd), models)["determination"].num_rows


if __name__ == "__main__":
    main()
