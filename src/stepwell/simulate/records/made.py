"""From lives to what somebody wrote down, exactly; what goes wrong with it is `noise`.

Without noise every supply follows the last without a gap or an overlap, every dose can be worked out from strength, quantity
and days' supply, every visit is scored, every session is charted and billed, and every reason for stopping is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..states import Event
from ..streams import Kind, Streams
from .clinic import Others
from .course import Sessions
from .formulary import Formulary
from .history import Ended, Spans, Treatments, is_any
from .people import People
from .rows import NEVER, Draws, Rows, joined, repeated, whole_in

STOP_REASON = {
    Ended.REMISSION_KEPT: "completed",
    Ended.NO_RESPONSE: "no effect",
    Ended.INTOLERANCE: "intolerance",
    Ended.LOST: "not known",
    Ended.GIVEN_UP: "not known",
}
"""What is recorded at the last supply of a treatment that ended within observation."""


@dataclass
class Fills(Rows):
    """One row is one supply of one product. -1 says: not recorded."""

    drug: np.ndarray
    start: np.ndarray
    end: np.ndarray
    days_supply: np.ndarray
    quantity: np.ndarray
    stop: np.ndarray
    is_mapped: np.ndarray


@dataclass
class Diagnoses(Rows):
    """One row is one diagnosis; `code` is the place of its code in `code.csv`."""

    day: np.ndarray
    code: np.ndarray


@dataclass
class Scores(Rows):
    """One row is one total of the person's instrument."""

    day: np.ndarray
    total: np.ndarray
    is_clinics: np.ndarray
    """Scored before a dose, or the day after: a clinic that does so writes it down."""


@dataclass
class Charted(Rows):
    """One row is one session as it was charted; `given` is the row of `session.csv`, `minute` when in the day it began."""

    day: np.ndarray
    given: np.ndarray
    minute: np.ndarray
    has_drug: np.ndarray
    has_code: np.ndarray


READINGS = ("systolic", "diastolic", "moaa-s", "cadss")


@dataclass
class Readings(Rows):
    """One row is one reading around a session of a drug: what (a place in READINGS), how many minutes after the dose, value."""

    session: np.ndarray
    """The place of the session among those charted."""
    day: np.ndarray
    minute: np.ndarray
    """Minute of the day."""
    since: np.ndarray
    """Minutes since the dose."""
    kind: np.ndarray
    value: np.ndarray


@dataclass
class Records:
    """What is recorded of a chunk of people."""

    people: People
    observed_from: np.ndarray
    fills: Fills
    diagnoses: Diagnoses
    scores: Scores
    others: Others
    charted: Charted
    readings: Readings


def dispense(people: People, treatments: Treatments, spans: Spans, f: Formulary) -> Fills:
    """Each dose is supplied for the person's usual time, again and again; the last supply ends with the dose."""
    supply = people.supply[spans.row]
    which, number = repeated((spans.last - spans.first) // supply + 1)
    supply, drug, last = supply[which], spans.drug[which], spans.last[which]
    start = spans.first[which] + number * supply
    end = np.minimum(start + supply - 1, last)
    days = end - start + 1
    treatment = spans.treatment[which]
    ended = treatments.ended[treatment]
    stops = (end == treatments.end[treatment]) & (ended != Ended.OBSERVATION_ENDED)
    return Fills(
        row=spans.row[which],
        drug=drug,
        start=start,
        end=end,
        days_supply=days,
        quantity=np.rint(spans.mg[which] / f.strength[drug]).astype(np.int64) * days,
        stop=np.where(stops, ended, -1),
        is_mapped=np.ones(len(which), dtype=bool),
    )


def diagnose(streams: Streams, people: People, events: dict[str, np.ndarray], f: Formulary) -> Diagnoses:
    """Depression on the day a trial begins, always where it is the first after a time without, and on the day a course of
    sessions begins, which is given for it; other disorders once."""
    names = list(f.codes)
    begins = np.flatnonzero(is_any(events["event"], Event.STARTED, Event.SWITCHED, Event.ADDED, Event.COURSE_BEGAN))
    row, day = events["row"][begins], events["date"][begins]
    repeated_ = streams.uniform(Kind.DIAGNOSIS, events["trial"][begins], 0, row) < f.parameters.diagnoses.repeated.p
    always = is_any(events["event"][begins], Event.STARTED, Event.COURSE_BEGAN)
    keep = (repeated_ | always) & (day <= people.last_day[row])
    row, day = row[keep], day[keep]
    later = events["episode"][begins][keep] > 1
    parts = [Diagnoses(row, day, np.where(later, names.index("later-episode"), names.index("first-episode")))]
    for name, day in ({"first-episode": people.untreated_from} | people.other_diagnosis).items():
        row = np.flatnonzero((day != NEVER) & (day <= people.last_day))
        parts.append(Diagnoses(row, day[row], np.full(len(row), names.index(name))))
    found = joined(parts)
    return found.take(np.lexsort((found.code, found.day, found.row)))


def chart(streams: Streams, sessions: Sessions, f: Formulary) -> Charted:
    """Every session, charted and billed, in the order of person and day."""
    order = np.lexsort((sessions.treatment, sessions.day, sessions.row))
    s = sessions.take(order)
    u = Draws(streams, Kind.SESSION, s.occurrence(), s.row)
    given = f.session_codes
    return Charted(
        row=s.row,
        day=s.day,
        given=s.given,
        minute=whole_in(u(0), f.parameters.sessions.begins),
        has_drug=np.array([r.ingredient is not None for r in given])[s.given],
        has_code=np.array([r.code is not None for r in given])[s.given],
    )


def read_around(streams: Streams, charted: Charted, f: Formulary) -> Readings:
    """Blood pressure before the dose, after forty minutes and at the end; alertness and dissociation likewise."""
    p = f.parameters.sessions
    u = Draws(streams, Kind.SESSION, charted.occurrence(), charted.row)
    rise, stay = whole_in(u(1), p.rise), whole_in(u(2), p.observed)
    before, dip = whole_in(u(3), p.systolic), whole_in(u(4), p.diastolic)
    apart, awake = whole_in(u(5), p.dissociation), whole_in(u(6), p.sedation)
    most = int(f.knowledge.all_instruments["moaa-s"].at_most)
    zero = np.zeros_like(rise)
    at = {"before": zero - 5, "after": zero + 40, "end": stay}
    told = (
        ("systolic", "before", before),
        ("diastolic", "before", dip),
        ("systolic", "after", before + rise),
        ("diastolic", "after", dip + rise // 2),
        ("moaa-s", "after", awake),
        ("cadss", "after", apart),
        ("systolic", "end", before + rise // 4),
        ("diastolic", "end", dip + rise // 8),
        ("moaa-s", "end", zero + most),
        ("cadss", "end", apart // 8),
    )
    is_dosed = np.array([r.ingredient is not None for r in f.session_codes])[charted.given]
    here = np.flatnonzero(is_dosed)
    n = len(told)
    since = np.stack([at[when] for _, when, _ in told], axis=1)[here].ravel()
    return Readings(
        row=np.repeat(charted.row[here], n),
        session=np.repeat(here, n),
        day=np.repeat(charted.day[here], n),
        minute=np.repeat(charted.minute[here], n) + since,
        since=since,
        kind=np.tile([READINGS.index(kind) for kind, _, _ in told], len(here)),
        value=np.stack([value for _, _, value in told], axis=1)[here].ravel(),
    )
