"""Rows that the rules made -> result tables (Arrow), with the declared columns, in the order of their keys."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stepwell.tables import DETERMINATION, EPISODE, EXPOSURE, JUDGED_TRIAL, STAGE, STAGED_TRIAL, STEP, TRIAL, Table

from .arrow import MadeRows, Words, as_arrow, in_words, verdicts
from .criterion_numbers import CRITERIA_OF_A_TRIAL, NONE, STOP_REASONS
from .records import Batch
from .rows import BEGUN, DETERMINATIONS, EPISODES, EXPOSURES, JUDGED, STAGED, STAGES, STEPS, TRIALS, Made
from .sets import Names

_VERDICTS = ("not met", "unknown", "met")
"""The words of the verdicts 0, 1 and 2."""


def as_tables(made: Made, batch: Batch, names: Names) -> dict[str, pa.Table]:
    """The result tables of what was made. Tables that exist once for each setting, rule, definition or staging model are in the
    order of their names."""
    n = made.n
    rows = {
        EXPOSURE: made.exposure[: n[EXPOSURES]],
        TRIAL: made.trial[: n[TRIALS]],
        EPISODE: made.episode[: n[EPISODES]],
        JUDGED_TRIAL: made.judged[: n[JUDGED]],
        DETERMINATION: made.determination[: n[DETERMINATIONS]],
        STEP: made.step[: n[STEPS]],
    }
    if names.staging:
        rows |= {STAGED_TRIAL: made.staged[: n[STAGED]], STAGE: made.stage[: n[STAGES]]}
    words = {
        "ingredient": names.drug,
        "drug_class": names.drug_class,
        "instrument": names.instrument,
        "stop_reason": STOP_REASONS,
        "setting": names.setting,
        "definition": names.definition,
        "staging": names.staging,
        "stage_at_least": names.stage,
        "stage_at_most": names.stage,
    }
    tables = {}
    for table, of_table in rows.items():
        rule = names.staged_rule if table is STAGED_TRIAL else names.rule
        of_these: Words = words | {"rule": rule}
        in_order = MadeRows(table, of_table, of_these)
        more = _made(table, in_order, made.begun[: n[BEGUN]], names)
        tables[table.name] = as_arrow(table, in_order, of_these, batch.person_ids, batch.addresses, more)
    return tables


def _made(table: Table, rows: MadeRows, begun: np.ndarray, names: Names) -> dict[str, pa.Array]:
    """The columns that are not simply a field of the rows."""
    columns = {}
    if table in (EXPOSURE, TRIAL):
        columns["ingredient"] = in_words(rows["drug"], names.drug)
    if table in (JUDGED_TRIAL, STAGED_TRIAL):
        columns |= {name: verdicts(v) for name, v in zip(CRITERIA_OF_A_TRIAL, rows.each_of("verdict"), strict=True)}
    if table is DETERMINATION:
        columns["verdict"] = in_words(rows["verdict"], _VERDICTS)
    if table is STEP:
        columns["ingredients"] = _ingredients(rows, begun, names)
    if table is STAGE:
        columns |= {name: _signs(rows, name, names) for name in ("present", "unknown")}
    return columns


def _signs(stages: MadeRows, name: str, names: Names) -> pa.Array:
    """The ids of the stages or signs whose bits are set, with blanks between them; NULL where they are not asked."""
    # Of each model few different sets of signs occur. Rows are in the order of the models' names, so each model is one run.
    staging, bits_of, parts = stages["staging"], stages[name], []
    begins = np.flatnonzero(np.diff(staging, prepend=-1))
    for begin, end in zip(begins, np.append(begins, len(staging))[1:], strict=True):
        signs = names.signs[staging[begin]]
        different = pa.array(bits_of[begin:end]).dictionary_encode()
        texts = [
            None if bits == NONE else " ".join(sign for k, sign in enumerate(signs) if bits >> k & 1)
            for bits in different.dictionary.to_pylist()
        ]
        parts.append(pa.array(texts, pa.string()).take(different.indices))
    return pa.concat_arrays([pa.array([], pa.string()), *parts])


def _ingredients(steps: MadeRows, begun: np.ndarray, names: Names) -> pa.Array:
    """What was begun on each step, joined by ' + ', in the order of the names."""
    words, place = list(names.drug), {}
    first_begun, n_begun = steps["first_begun"], steps["n_begun"]
    codes = begun[first_begun].astype(np.int32)
    for i in np.flatnonzero(n_begun > 1):
        first, n = first_begun[i], n_begun[i]
        text = " + ".join(sorted(names.drug[drug] for drug in begun[first : first + n]))
        if text not in place:
            place[text] = len(words)
            words.append(text)
        codes[i] = place[text]
    return in_words(codes, words)
