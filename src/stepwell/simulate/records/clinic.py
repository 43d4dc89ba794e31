"""How a clinic that gives esketamine and ketamine measures: a score before each dose, some a day after the first one, and what is
beyond symptoms about every two weeks. Visits alone measure less often (`mood.find_visits`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..streams import Kind, Streams
from .course import Courses, Sessions
from .formulary import Formulary
from .mood import Mood, Visits
from .people import People
from .rows import Draws, Rows, day_key, different_days, joined

OTHERS = ("wsas", "q-les-q-sf", "phq-9/9")
"""What is measured beside the total: two scales, and the item about self-harm of those who are followed with the PHQ-9."""
_WSAS, _QUALITY, _ITEM = range(len(OTHERS))


@dataclass
class Others(Rows):
    """One row is one total of another scale, or one answer; `kind` is a place in OTHERS."""

    day: np.ndarray
    kind: np.ndarray
    value: np.ndarray


def no_others() -> Others:
    """Nothing but symptoms was measured."""
    return Others(*(np.zeros(0, dtype=np.int64) for _ in range(4)))


def measure_doses(
    streams: Streams,
    people: People,
    visits: Visits,
    mood: Mood,
    courses: Courses,
    sessions: Sessions,
    f: Formulary,
) -> tuple[Visits, np.ndarray, Others]:
    """The visits with the scores of the clinic among them, which of them are the clinic's, and the other measures.

    A share of what a course changes is there on the day after its first dose, and the rest comes little by little.
    """
    p = f.parameters.clinic
    has_drug = np.array([r.ingredient is not None for r in f.session_codes])
    dosed = has_drug[sessions.given]
    course = np.repeat(np.arange(len(courses)), courses.n_sessions)
    began = courses.first_session[course]
    u = Draws(streams, Kind.CLINIC, sessions.occurrence(), sessions.row)
    is_first = sessions.number == 1

    asked = dosed & ((u(0) < p.before_dose.p) | is_first)
    checked = dosed & is_first & (u(1) < p.day_after.p) & (sessions.day + 1 <= people.last_day[sessions.row])
    keys = np.concatenate(
        [day_key(sessions.row[asked], sessions.day[asked]), day_key(sessions.row[checked], sessions.day[checked] + 1)]
    )
    of_clinic = different_days(keys)[0]
    every, every_row, every_day = different_days(np.concatenate([day_key(visits.row, visits.day), of_clinic]))
    first = np.flatnonzero(dosed & is_first)
    reached = p.reached.at_least / 100 + u(2)[first] * (p.reached.at_most - p.reached.at_least) / 100
    total = _totals(mood, every_row, every_day, day_key(sessions.row[first], sessions.day[first]), reached)
    measured = Visits(every_row, every_day, total)
    is_clinics = np.isin(every, of_clinic)

    since = sessions.day - sessions.day[began]
    part = since // p.other_scales.every
    is_time = is_first | (part != np.concatenate([[-1], part[:-1]])[: len(part)])
    others = _others(streams, people, measured, is_clinics, sessions.take(asked & is_time), f)
    return measured, is_clinics, others


def _totals(mood: Mood, row: np.ndarray, day: np.ndarray, began: np.ndarray, reached: np.ndarray) -> np.ndarray:
    """The totals on these days; within a course that began on one of the days `began`, a share of its change comes at once."""
    straight = mood.score_on(row, day)
    keys = day_key(mood.row, mood.day)
    at = np.searchsorted(keys, day_key(row, day), side="right") - 1
    following = np.minimum(at + 1, len(keys) - 1)
    goes = (following > at) & (mood.row[following] == row) & mood.is_gradual[following] & (day > mood.day[at])
    order = np.argsort(began)
    place = np.searchsorted(began[order], keys[at])
    place = np.minimum(place, max(len(order) - 1, 0))
    if not len(order):
        return straight
    in_course = goes & (began[order][place] == keys[at])
    share = np.where(in_course, reached[order][place], 0.0)
    return straight + np.floor(share * (mood.score[following] - straight) + 0.5).astype(np.int64)


def _others(
    streams: Streams, people: People, measured: Visits, is_clinics: np.ndarray, regular: Sessions, f: Formulary
) -> Others:
    """The other scales on the days of `regular`; the item about self-harm on every day on which the clinic scored the PHQ-9."""
    p, known = f.parameters.clinic, f.knowledge.all_instruments
    instrument = people.instrument[measured.row]
    least, greatest = f.score_range[instrument].T
    ill = (measured.total - least) / (greatest - least)
    keys = day_key(measured.row, measured.day)
    here = np.searchsorted(keys, day_key(regular.row, regular.day))
    u = Draws(streams, Kind.CLINIC, 0, regular.row)
    parts = []
    for kind, slot, way in ((_WSAS, 3, p.impairment), (_QUALITY, 4, p.quality)):
        form = known[OTHERS[kind]]
        share = (way.at_least + u(slot) * (way.at_most - way.at_least)) / 100 * ill[here]
        share = 1 - share if form.direction == "higher is better" else share
        value = np.rint(form.at_least + share * (form.at_most - form.at_least)).astype(np.int64)
        parts.append(Others(regular.row, regular.day, np.full(len(regular), kind), value))
    followed, _, item = OTHERS[_ITEM].partition("/")
    (answer,) = (i for i in known[followed].items if i.item == item)
    asked = np.flatnonzero(is_clinics & (instrument == f.instruments.index(followed)))
    row, total = measured.row[asked], measured.total[asked]
    steps = answer.at_most - answer.at_least + 1
    value = np.floor(Draws(streams, Kind.CLINIC, 0, row)(5) * steps * ill[asked]).astype(np.int64) + answer.at_least
    parts.append(Others(row, measured.day[asked], np.full(len(asked), _ITEM), np.minimum(value, total)))
    found = joined(parts)
    return found.take(np.lexsort((found.kind, found.day, found.row)))
