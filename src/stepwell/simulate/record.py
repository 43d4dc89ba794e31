"""From the true course to what somebody wrote down: rows of OMOP tables, first exactly, then with noise.

Without noise every supply follows the last without a gap or an overlap, every dose can be worked out from strength, quantity
and days' supply, every treatment is scored at its beginning and its end, and every reason for stopping is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from .course import NEVER, Course, Ended
from .forms import Noise
from .formulary import Formulary
from .streams import Kind, Streams

STOP_REASON = {
    Ended.REMISSION_KEPT: "completed",
    Ended.NO_RESPONSE: "no effect",
    Ended.INTOLERANCE: "intolerance",
    Ended.LOST: "not known",
}
"""What is recorded at the last supply of a treatment that ended within observation."""


@dataclass
class _Rows:
    """Columns of equal length, person by person; `row` is the person's place in the chunk."""

    row: np.ndarray

    def __len__(self) -> int:
        return len(self.row)

    def take(self, which: np.ndarray):
        """The rows at these places, or where this is true."""
        return replace(self, **{f.name: getattr(self, f.name)[which] for f in fields(self)})

    def occurrence(self) -> np.ndarray:
        """0, 1, 2 ... within each person."""
        place = np.arange(len(self))
        begins = np.flatnonzero(np.diff(self.row, prepend=-1))
        return place - np.repeat(begins, np.diff(begins, append=len(self)))


@dataclass
class Fills(_Rows):
    """One row is one supply of one product. -1 says: not recorded."""

    drug: np.ndarray
    start: np.ndarray
    end: np.ndarray
    days_supply: np.ndarray
    quantity: np.ndarray
    stop: np.ndarray
    is_mapped: np.ndarray


@dataclass
class Diagnoses(_Rows):
    """One row is one diagnosis; `code` is the place of its code in `code.csv`."""

    day: np.ndarray
    code: np.ndarray


@dataclass
class Scores(_Rows):
    """One row is one total of the person's instrument."""

    day: np.ndarray
    total: np.ndarray


@dataclass
class Records:
    """What is recorded of a chunk of people."""

    course: Course
    observed_from: np.ndarray
    fills: Fills
    diagnoses: Diagnoses
    scores: Scores


def make_records(course: Course, streams: Streams, formulary: Formulary, noise: Noise | None) -> Records:
    """The records of the course, exact where `noise` is None."""
    fills = _dispense(course, formulary)
    diagnoses = _diagnose(course, formulary)
    scores = _score(course, formulary)
    observed_from = course.first_day
    if noise is not None:
        observed_from = _join_late(course, streams, noise)
        fills = _blur_fills(fills, streams, noise)
        diagnoses = _blur_diagnoses(diagnoses, streams, noise, formulary)
        scores = _blur_scores(scores, course, streams, noise, formulary)
        fills = fills.take(fills.start >= observed_from[fills.row])
        diagnoses = diagnoses.take(diagnoses.day >= observed_from[diagnoses.row])
        scores = scores.take(scores.day >= observed_from[scores.row])
    return Records(course, observed_from, fills, diagnoses, scores)


def _repeat(times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(which, number): each place so many times, and 0, 1, 2 ... within it."""
    which = np.repeat(np.arange(len(times)), times)
    before = np.cumsum(times) - times
    return which, np.arange(len(which)) - before[which]


def _dispense(c: Course, f: Formulary) -> Fills:
    """Each dose is supplied for the person's usual time, again and again; the last supply ends with the dose."""
    first, last = c.dose_spans()
    spans = np.nonzero(c.given[..., None] & (last >= first))
    row, column, level = spans
    first, last = first[spans], last[spans]
    supply = c.supply[row]
    which, number = _repeat((last - first) // supply + 1)
    row, column, supply, last = row[which], column[which], supply[which], last[which]
    drug = c.drug[row, column]
    start = first[which] + number * supply
    end = np.minimum(start + supply - 1, last)
    days = end - start + 1
    daily = f.levels[drug, c.levels[row, column, level[which]]] / f.strength[drug]
    ended = c.ended[row, column]
    stops = (end == c.end[row, column]) & (ended != Ended.OBSERVATION_ENDED)
    return Fills(
        row=row,
        drug=drug,
        start=start,
        end=end,
        days_supply=days,
        quantity=np.rint(daily).astype(np.int64) * days,
        stop=np.where(stops, ended, -1),
        is_mapped=np.ones(len(row), dtype=bool),
    )


def _diagnose(c: Course, f: Formulary) -> Diagnoses:
    """Depression on the day a treatment begins; other disorders once."""
    names = list(f.codes)
    row, column = np.nonzero(c.diagnosed)
    later = c.episode[row, column] > 1
    code = np.where(later, names.index("later-episode"), names.index("first-episode"))
    parts = [(row, c.start[row, column], code)]
    others = {"first-episode": c.untreated_from} | c.other_diagnosis
    for name, day in others.items():
        row = np.flatnonzero((day != NEVER) & (day <= c.last_day))
        parts.append((row, day[row], np.full(len(row), names.index(name))))
    found = Diagnoses(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    return found.take(np.lexsort((found.code, found.day, found.row)))


def _score(c: Course, f: Formulary) -> Scores:
    """At the beginning, every month until the full effect, more rarely from then on, and on the day of decision.

    Where the next treatment begins on the day after that, its first visit is also the last of this one.
    """
    s = f.parameters.scores
    row, column = np.nonzero(c.baseline >= 0)
    start, decided = c.start[row, column], c.decided[row, column]
    monthly = (np.minimum(decided - start - 1, c.full_effect[row, column])) // s.visits.every
    monthly = np.maximum(monthly, 0)
    settled = start + monthly * s.visits.every
    rarely = np.maximum((decided - settled - 1) // s.later_visits.every, 0)
    following = np.where(c.given, c.start, NEVER)[row, np.minimum(column + 1, c.start.shape[1] - 2)]
    merges = (following == decided + 1) & f.is_endpoint_shared
    at_end = (decided > start) & ~merges
    which, number = _repeat(1 + monthly + rarely + at_end)
    row, column = row[which], column[which]
    of_month = np.minimum(number, monthly[which])
    day = start[which] + of_month * s.visits.every + (number - of_month) * s.later_visits.every
    day = np.where(number > (monthly + rarely)[which], decided[which], day)
    return Scores(row, day, c.score_on(row, column, day))


# --- noise -----------------------------------------------------------------------------------------------------------


class _Chance:
    """The noise draws of some rows, by slot."""

    def __init__(self, streams: Streams, kind: Kind, rows: _Rows):
        self._streams, self._kind, self._row, self._occurrence = streams, kind, rows.row, rows.occurrence()

    def __call__(self, slot: int) -> np.ndarray:
        return self._streams.uniform(self._kind, self._occurrence, slot, self._row)

    def slip(self, slot: int, share, most: int | None = None) -> np.ndarray:
        """1 to `most` (of the share) where it happens, else 0."""
        u = self(slot)
        most = share.most if most is None else most
        if share.p == 0:
            return np.zeros(len(u), dtype=np.int64)
        return np.where(u < share.p, 1 + np.minimum((u / share.p * most).astype(np.int64), most - 1), 0)


def _join_late(c: Course, streams: Streams, noise: Noise) -> np.ndarray:
    """The first observed day: later than the first day of treatment for some, never after the last."""
    everybody = _Rows(np.arange(len(c.person)))
    late = _Chance(streams, Kind.NOISE_PERSON, everybody).slip(0, noise.late_observation)
    begin = np.maximum(np.where(c.given[:, 0], c.start[:, 0], c.first_day), c.first_day)
    return np.where(late > 0, np.minimum(begin + late, c.last_day), c.first_day)


def _blur_fills(fills: Fills, streams: Streams, noise: Noise) -> Fills:
    chance = _Chance(streams, Kind.NOISE_FILL, fills)
    first = np.ones(len(fills), dtype=bool)
    first[1:] = (fills.row[1:] != fills.row[:-1]) | (fills.drug[1:] != fills.drug[:-1])
    shift = np.where(first, 0, chance.slip(0, noise.late_refill) - chance.slip(1, noise.early_refill))
    start, end = fills.start + shift, fills.end + shift
    no_days = chance(2) < noise.missing_days_supply.p
    zero_days = ~no_days & (chance(3) < noise.zero_days_supply.p)
    # OMOP wants an end date; where nobody knows one, systems repeat the first day.
    end = np.where(no_days | zero_days, start, end)
    turned = chance(4) < noise.end_before_start.p
    end = np.where(turned, start - fills.days_supply, end)
    blurred = Fills(
        row=fills.row,
        drug=fills.drug,
        start=start,
        end=end,
        days_supply=np.where(no_days, -1, np.where(zero_days, 0, fills.days_supply)),
        quantity=np.where(chance(5) < noise.missing_quantity.p, -1, fills.quantity),
        stop=np.where(chance(6) < noise.missing_stop_reason.p, -1, fills.stop),
        is_mapped=chance(7) >= noise.zero_concept.p,
    )
    times = np.where(chance(8) < noise.missing_fill.p, 0, 1 + (chance(9) < noise.duplicate_row.p))
    return blurred.take(np.repeat(np.arange(len(fills)), times))


def _blur_diagnoses(diagnoses: Diagnoses, streams: Streams, noise: Noise, f: Formulary) -> Diagnoses:
    chance = _Chance(streams, Kind.NOISE_DIAGNOSIS, diagnoses)
    names = list(f.codes)
    of_depression = np.isin(diagnoses.code, [names.index(n) for n in ("first-episode", "later-episode")])
    miscoded = of_depression & (chance(0) < noise.miscoded_diagnosis.p)
    blurred = Diagnoses(
        row=diagnoses.row,
        day=diagnoses.day + chance.slip(1, noise.late_diagnosis),
        code=np.where(miscoded, names.index("miscoded"), diagnoses.code),
    )
    return blurred.take(chance(2) >= noise.missing_diagnosis.p)


def _blur_scores(scores: Scores, c: Course, streams: Streams, noise: Noise, f: Formulary) -> Scores:
    chance = _Chance(streams, Kind.NOISE_SCORE, scores)
    least, greatest = f.score_range[c.instrument[scores.row]].T
    error = chance.slip(0, noise.score_error, int(noise.score_error.most))
    total = scores.total + np.where(chance(1) < 0.5, error, -error)
    blurred = replace(scores, total=np.clip(total, least, greatest))
    return blurred.take(chance(2) >= noise.unscored_visit.p)
