"""What goes wrong between a life and its records: each knob draws for itself, and turns nothing else."""

from __future__ import annotations

import numpy as np

from ..forms import Noise
from ..streams import Kind, Streams
from .formulary import Formulary
from .made import Charted, Diagnoses, Fills, Readings, Records, Scores
from .rows import Rows

_NOISE = 16
"""The first slot of what goes wrong with a session."""


def blurred(records: Records, streams: Streams, noise: Noise, f: Formulary) -> Records:
    """The same records, untidy, and only what lies within the time in which the person is observed."""
    people = records.people
    late = Chance(streams, Kind.NOISE_PERSON, Rows(people.row)).slip(0, noise.late_observation)
    observed_from = np.where(late > 0, np.minimum(people.begin + late, people.last_day), people.first_day)

    def seen(rows: Rows, day: np.ndarray):
        return rows.take(day >= observed_from[rows.row])

    fills = _blur_fills(records.fills, streams, noise)
    diagnoses = _blur_diagnoses(records.diagnoses, streams, noise, f)
    scores = _blur_scores(records.scores, records, streams, noise, f)
    charted, readings = _blur_sessions(records.charted, records.readings, streams, noise)
    return Records(
        people,
        observed_from,
        seen(fills, fills.start),
        seen(diagnoses, diagnoses.day),
        seen(scores, scores.day),
        seen(records.others, records.others.day),
        seen(charted, charted.day),
        seen(readings, readings.day),
    )


class Chance:
    """The noise draws of some rows, by slot."""

    def __init__(self, streams: Streams, kind: Kind, rows: Rows):
        self._streams, self._kind, self._row, self._occurrence = streams, kind, rows.row, rows.occurrence()

    def __call__(self, slot: int) -> np.ndarray:
        """A number between 0 and 1 for each row."""
        return self._streams.uniform(self._kind, self._occurrence, slot, self._row)

    def happens(self, slot: int, share) -> np.ndarray:
        """Where it happens."""
        return self(slot) < share.p if share.p else np.zeros(len(self._row), dtype=bool)

    def slip(self, slot: int, share) -> np.ndarray:
        """1 to `most` (of the share) where it happens, else 0."""
        if share.p == 0:
            return np.zeros(len(self._row), dtype=np.int64)
        u, most = self(slot), int(share.most)
        return np.where(u < share.p, 1 + np.minimum((u / share.p * most).astype(np.int64), most - 1), 0)


def _blur_fills(fills: Fills, streams: Streams, noise: Noise) -> Fills:
    chance = Chance(streams, Kind.NOISE_FILL, fills)
    first = np.ones(len(fills), dtype=bool)
    first[1:] = (fills.row[1:] != fills.row[:-1]) | (fills.drug[1:] != fills.drug[:-1])
    shift = np.where(first, 0, chance.slip(0, noise.late_refill) - chance.slip(1, noise.early_refill))
    start, end = fills.start + shift, fills.end + shift
    no_days = chance.happens(2, noise.missing_days_supply)
    zero_days = ~no_days & chance.happens(3, noise.zero_days_supply)
    # OMOP wants an end date; where nobody knows one, systems repeat the first day.
    end = np.where(no_days | zero_days, start, end)
    turned = chance.happens(4, noise.end_before_start)
    end = np.where(turned, start - fills.days_supply, end)
    spoilt = Fills(
        row=fills.row,
        drug=fills.drug,
        start=start,
        end=end,
        days_supply=np.where(no_days, -1, np.where(zero_days, 0, fills.days_supply)),
        quantity=np.where(chance.happens(5, noise.missing_quantity), -1, fills.quantity),
        stop=np.where(chance.happens(6, noise.missing_stop_reason), -1, fills.stop),
        is_mapped=~chance.happens(7, noise.zero_concept),
    )
    times = np.where(chance.happens(8, noise.missing_fill), 0, 1 + chance.happens(9, noise.duplicate_row))
    return spoilt.take(np.repeat(np.arange(len(fills)), times))


def _blur_diagnoses(diagnoses: Diagnoses, streams: Streams, noise: Noise, f: Formulary) -> Diagnoses:
    chance = Chance(streams, Kind.NOISE_DIAGNOSIS, diagnoses)
    names = list(f.codes)
    of_depression = np.isin(diagnoses.code, [names.index(n) for n in ("first-episode", "later-episode")])
    miscoded = of_depression & chance.happens(0, noise.miscoded_diagnosis)
    spoilt = diagnoses.but(
        day=diagnoses.day + chance.slip(1, noise.late_diagnosis),
        code=np.where(miscoded, names.index("miscoded"), diagnoses.code),
    )
    return spoilt.take(~chance.happens(2, noise.missing_diagnosis))


def _blur_scores(scores: Scores, records: Records, streams: Streams, noise: Noise, f: Formulary) -> Scores:
    chance = Chance(streams, Kind.NOISE_SCORE, scores)
    least, greatest = f.score_range[records.people.instrument[scores.row]].T
    error = chance.slip(0, noise.score_error)
    total = scores.total + (np.where(chance(1) < 0.5, error, -error) if noise.score_error.p else 0)
    return scores.but(total=np.clip(total, least, greatest)).take(
        ~chance.happens(2, noise.unscored_visit) | scores.is_clinics
    )


def _blur_sessions(charted: Charted, readings: Readings, streams: Streams, noise: Noise) -> tuple[Charted, Readings]:
    chance = Chance(streams, Kind.SESSION, charted)
    # Of a session that has both, one of the two records may be missing, and not both.
    no_drug = charted.has_code & chance.happens(_NOISE, noise.missing_session_drug)
    no_code = charted.has_drug & ~no_drug & chance.happens(_NOISE + 1, noise.missing_session_code)
    is_there = ~chance.happens(_NOISE + 2, noise.missing_session)
    spoilt = charted.but(has_drug=charted.has_drug & ~no_drug, has_code=charted.has_code & ~no_code).take(is_there)
    lost = Chance(streams, Kind.NOISE_READING, readings).happens(0, noise.missing_reading)
    return spoilt, readings.take(~lost & is_there[readings.session])
