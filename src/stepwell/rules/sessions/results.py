"""Rows of sessions -> result tables (Arrow)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from stepwell import tables
from stepwell.tables import Table
from stepwell.tables.sessions import OF_A_SERIES, OF_A_SESSION

from ..arrow import MadeRows, Words, as_arrow, verdicts
from ..records import Batch
from ..sets import Names
from .rows import ARMS, BURDENS, EFFECTS, JUDGED_SERIES, JUDGED_SESSIONS, RESPONSES, SERIES, SESSIONS, Found
from .translation import ROUTES


def session_tables(found: Found, batch: Batch, names: Names) -> Iterator[tuple[str, pa.Table]]:
    """The tables of sessions, by name. Those that exist once for each regimen are in the order of the regimens' names."""
    words: Words = {
        "treatment": names.treatment,
        "regimen": names.regimen,
        "checkpoint": names.checkpoint,
        "instrument": names.instrument,
        "arm": batch.arms,
        "route": ROUTES,
        "phase": tables.SESSION.by_name["phase"].values,
    }
    n = found.n
    rows: dict[Table, np.recarray] = {
        tables.SESSION: found.session[: n[SESSIONS]],
        tables.SERIES: found.series[: n[SERIES]],
        tables.JUDGED_SESSION: found.judged_session[: n[JUDGED_SESSIONS]],
        tables.JUDGED_SERIES: found.judged_series[: n[JUDGED_SERIES]],
        tables.SERIES_RESPONSE: found.response[: n[RESPONSES]],
        tables.EFFECT: found.effect[: n[EFFECTS]],
        tables.LOAD: found.burden[: n[BURDENS]],
        tables.ARM_RESPONSE: found.arm[: n[ARMS]],
    }
    for table, of_table in rows.items():
        in_order, made = MadeRows(table, of_table, words), {}
        criteria = {tables.JUDGED_SESSION: OF_A_SESSION, tables.JUDGED_SERIES: OF_A_SERIES}.get(table, ())
        if criteria:
            made = {name: verdicts(v) for name, v in zip(criteria, in_order.each_of("verdict"), strict=True)}
        if table is tables.JUDGED_SERIES:
            for number in ("n_not_met", "n_unknown"):
                counts = zip(OF_A_SESSION, in_order.each_of(number), strict=True)
                made |= {f"{number}.{name.partition('.')[2]}": pa.array(n) for name, n in counts}
        yield table.name, as_arrow(table, in_order, words, batch.person_ids, batch.session_addresses, made)
