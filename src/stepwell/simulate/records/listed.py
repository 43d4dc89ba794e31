"""The records of a chunk as the rows of a record system, whatever form they are written in: each row gets its number here.

Rows are by person; a number is the same in every form (an OMOP id, a FHIR id, the place of a line).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .clinic import OTHERS
from .formulary import Formulary
from .made import READINGS, Records
from .people import People
from .rows import Rows, day_key, different_days


@dataclass
class Drugs(Rows):
    """Supplies and charted doses. -1 says: not recorded, or of the other kind."""

    product: np.ndarray
    """A place in `Formulary.products`."""
    is_mapped: np.ndarray
    is_dose: np.ndarray
    given: np.ndarray
    """A row of `session.csv` for a charted dose."""
    start: np.ndarray
    end: np.ndarray
    days_supply: np.ndarray
    quantity: np.ndarray
    stop: np.ndarray
    minute: np.ndarray
    visit: np.ndarray
    """The place of the visit; a supply has none."""


@dataclass
class Measurements(Rows):
    """Totals of instruments, readings around sessions and other measures; `kind` is a place in `measured`."""

    day: np.ndarray
    kind: np.ndarray
    value: np.ndarray
    minute: np.ndarray
    session_since: np.ndarray
    """Minutes since the dose."""
    visit: np.ndarray


@dataclass
class Coded(Rows):
    """Diagnoses (`code`: a row of `code.csv`) or procedures (`code`: a row of `session.csv`)."""

    day: np.ndarray
    code: np.ndarray
    minute: np.ndarray
    visit: np.ndarray


@dataclass
class Seen(Rows):
    """Days on which the person was seen."""

    day: np.ndarray


@dataclass
class Listed:
    """All rows of a chunk; `first` gives the number of the first row of each table (person, visit, drug, ...)."""

    people: People
    observed_from: np.ndarray
    visit: Seen
    drug: Drugs
    condition: Coded
    measurement: Measurements
    procedure: Coded
    first: dict[str, int]

    def number(self, table: str) -> np.ndarray:
        """The numbers of the rows of a table."""
        begin = self.first[table]
        return np.arange(begin, begin + len(getattr(self, table)))

    def visit_number(self, rows: Rows) -> np.ndarray:
        """The number of the visit of each row, -1 where there is none."""
        return np.where(rows.visit >= 0, rows.visit + self.first["visit"], -1)


TABLES = ("visit", "drug", "condition", "measurement", "procedure")


def list_rows(records: Records, f: Formulary, first: dict[str, int]) -> Listed:
    """The rows in the order in which they are written."""
    r = records
    days = (day_key(x.row, x.day) for x in (r.diagnoses, r.scores, r.others, r.charted))
    keys, *visits = different_days(np.concatenate(list(days)))
    visit = Seen(*visits)

    def at_visit(rows: Rows, day: np.ndarray) -> np.ndarray:
        return np.searchsorted(keys, day_key(rows.row, day))

    billed = r.charted.take(r.charted.has_code)
    return Listed(
        people=r.people,
        observed_from=r.observed_from,
        visit=visit,
        drug=_drugs(r, f, at_visit),
        condition=Coded(
            r.diagnoses.row,
            r.diagnoses.day,
            r.diagnoses.code,
            np.full(len(r.diagnoses), -1),
            at_visit(r.diagnoses, r.diagnoses.day),
        ),
        measurement=_measurements(r, f, at_visit),
        procedure=Coded(billed.row, billed.day, billed.given, billed.minute, at_visit(billed, billed.day)),
        first=first,
    )


def _drugs(r: Records, f: Formulary, at_visit) -> Drugs:
    fills, doses = r.fills, r.charted.take(r.charted.has_drug)
    n, m = len(fills), len(doses)
    none, of_dose = np.full(n, -1), np.full(m, -1)
    rows = f.session_codes
    units = np.array([_units(r) for r in rows])
    both = Drugs(
        row=np.concatenate([fills.row, doses.row]),
        product=np.concatenate([f.product_of_drug[fills.drug], f.product_of_session[doses.given]]),
        is_mapped=np.concatenate([fills.is_mapped, np.ones(m, dtype=bool)]),
        is_dose=np.repeat([False, True], [n, m]),
        given=np.concatenate([none, doses.given]),
        start=np.concatenate([fills.start, doses.day]),
        end=np.concatenate([fills.end, doses.day]),
        days_supply=np.concatenate([fills.days_supply, np.ones(m, dtype=np.int64)]),
        quantity=np.concatenate([fills.quantity, units[doses.given]]),
        stop=np.concatenate([fills.stop, of_dose]),
        minute=np.concatenate([none, doses.minute]),
        visit=np.concatenate([none, at_visit(doses, doses.day)]),
    )
    return both.take(np.argsort(both.row, kind="stable"))


def _units(row) -> int:
    """How many devices, or mg where the amount itself is written."""
    return -1 if row.mg is None else round(row.mg / (row.strength_mg or 1))


def _measurements(r: Records, f: Formulary, at_visit) -> Measurements:
    scores, readings, others = r.scores, r.readings, r.others
    none, no_time = np.full(len(scores), -1), np.full(len(others), -1)
    n_read, n_others = len(f.instruments), len(f.instruments) + len(READINGS)
    parts = (scores, readings, others)
    all_ = Measurements(
        row=np.concatenate([x.row for x in parts]),
        day=np.concatenate([x.day for x in parts]),
        kind=np.concatenate([r.people.instrument[scores.row], n_read + readings.kind, n_others + others.kind]),
        value=np.concatenate([scores.total, readings.value, others.value]),
        minute=np.concatenate([none, readings.minute, no_time]),
        session_since=np.concatenate([none, readings.since, no_time]),
        visit=np.concatenate([at_visit(x, x.day) for x in parts]),
    )
    return all_.take(np.argsort(all_.row, kind="stable"))


def measured(f: Formulary) -> list[str]:
    """What a measurement can be of: the followed instruments, readings around sessions, other scales and items."""
    return [*f.instruments, *READINGS, *OTHERS]
