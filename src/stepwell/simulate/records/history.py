"""What people took: from the model's events, and beside them, to treatments with first and last day, dose after dose."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ..states import Event, Outcome, State
from ..streams import Kind, Streams
from .formulary import Formulary
from .people import People
from .rows import LATER, Draws, Rows, joined, weighted, whole_in

_BESIDE = 1 << 20
"""Above all numbers of trials: what is taken for something else draws its doses from here on."""
RESULTS = (Event.RESPONDED, Event.REMITTED, Event.FAILED)
_BEGINS = (Event.STARTED, Event.SWITCHED, Event.ADDED)


class Ended(IntEnum):
    """Why a treatment ended; the names are those of `truth_trial.ended_for`."""

    REMISSION_KEPT = 0
    NO_RESPONSE = 1
    INTOLERANCE = 2
    LOST = 3
    OBSERVATION_ENDED = 4
    GIVEN_UP = 5


@dataclass
class Treatments(Rows):
    """One row is one drug taken without a break, in the order of person and first day."""

    drug: np.ndarray
    """A row of `drug.csv`."""
    start: np.ndarray
    end: np.ndarray
    ended: np.ndarray
    trial: np.ndarray
    """The model's number of the trial; 0 for what is taken for something else."""
    step: np.ndarray
    episode: np.ndarray
    is_dosed: np.ndarray
    occurrence: np.ndarray
    """With which the doses are drawn."""


@dataclass
class Spans(Rows):
    """One row is one dose of one treatment, from the first to the last day of it."""

    treatment: np.ndarray
    """The place of the treatment."""
    drug: np.ndarray
    mg: np.ndarray
    first: np.ndarray
    last: np.ndarray


def is_any(event: np.ndarray, *kinds: Event) -> np.ndarray:
    """Which events are of these kinds."""
    table = np.zeros(max(Event) + 1, dtype=bool)
    table[list(kinds)] = True
    return table[event]


def find_treatments(
    streams: Streams, people: People, events: dict[str, np.ndarray], formulary: Formulary
) -> Treatments:
    """All that is taken day by day, within observation; sessions are found elsewhere (`course`)."""
    found = joined(
        [
            _of_depression(people, events),
            _for_something_else(streams, people, formulary),
        ]
    )
    found = joined([found, _for_sleep(streams, people, found, formulary)])
    last = people.last_day[found.row]
    cut = found.end > last
    found = found.but(end=np.where(cut, last, found.end), ended=np.where(cut, Ended.OBSERVATION_ENDED, found.ended))
    found = found.take(found.start <= found.end)
    return found.take(np.lexsort((found.trial, found.start, found.row)))


def _of_depression(people: People, events: dict[str, np.ndarray]) -> Treatments:
    event, row = events["event"], events["row"]
    begins = np.flatnonzero(is_any(event, *_BEGINS))
    stops = np.flatnonzero(event == Event.DRUG_STOPPED)
    both = np.concatenate([begins, stops])
    drug = events["what"][both]
    both = both[np.lexsort((both, drug, row[both]))]
    # A drug is begun and stopped by turns: its stop, if any, is the next row of the same person and drug.
    starts = np.flatnonzero(event[both] != Event.DRUG_STOPPED)
    following = both[np.minimum(starts + 1, len(both) - 1)]
    begin = both[starts]
    is_stopped = (
        (event[following] == Event.DRUG_STOPPED)
        & (row[following] == row[begin])
        & (events["what"][following] == events["what"][begin])
    )
    stop = np.where(is_stopped, following, begin)
    return Treatments(
        row=row[begin],
        drug=events["what"][begin].astype(np.int64),
        start=events["date"][begin],
        end=np.where(is_stopped, events["date"][stop] - 1, LATER),
        ended=_why_ended(events, begin, stop),
        trial=events["trial"][begin].astype(np.int64),
        step=events["step"][begin].astype(np.int64),
        episode=events["episode"][begin].astype(np.int64),
        is_dosed=events["value"][begin] > 0,
        occurrence=events["trial"][begin].astype(np.int64),
    )


def _why_ended(events: dict[str, np.ndarray], begin: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Of the treatments that began and stopped with these events."""
    result = following(events, begin, *RESULTS)
    failed_now = (
        (result >= 0) & (events["event"][result] == Event.FAILED) & (events["day"][result] == events["day"][stop])
    )
    outcome = np.where(failed_now, events["value"][result], -1)
    is_well = is_any_state(events["state"][stop], State.RESPONSE, State.REMISSION, State.RECOVERY)
    # Whoever leaves stops everything first: one drug or two.
    after = [np.minimum(stop + ahead, len(events["event"]) - 1) for ahead in (1, 2)]
    next_one = np.where(events["event"][after[0]] == Event.DRUG_STOPPED, after[1], after[0])
    leaves = (events["event"][next_one] == Event.LEFT) & (events["row"][next_one] == events["row"][stop])
    leaves &= events["day"][next_one] == events["day"][stop]
    return np.select(
        [outcome == Outcome.INTOLERANCE, outcome == Outcome.GIVEN_UP, is_well, leaves],
        [Ended.INTOLERANCE, Ended.GIVEN_UP, Ended.REMISSION_KEPT, Ended.LOST],
        Ended.NO_RESPONSE,
    )


def following(events: dict[str, np.ndarray], begin: np.ndarray, *kinds: Event) -> np.ndarray:
    """The place of the first of these events after each place, of the same trial and course; -1 where there is none."""
    places = np.flatnonzero(is_any(events["event"], *kinds))
    if not len(places):
        return np.full(len(begin), -1)
    at = np.searchsorted(places, begin, side="right")
    found = places[np.minimum(at, len(places) - 1)]
    is_same = at < len(places)
    for name in ("row", "trial", "course"):
        is_same &= events[name][found] == events[name][begin]
    return np.where(is_same, found, -1)


def is_any_state(state: np.ndarray, *states: State) -> np.ndarray:
    """Which states are among these."""
    table = np.zeros(max(State) + 1, dtype=bool)
    table[list(states)] = True
    return table[state]


def _beside(rows: np.ndarray, n: int | np.ndarray, drug, start, end, ended) -> Treatments:
    none = np.zeros(len(rows), dtype=np.int64)
    return Treatments(
        row=rows,
        drug=drug,
        start=start,
        end=end,
        ended=np.full(len(rows), ended),
        trial=none,
        step=none,
        episode=none,
        is_dosed=np.ones(len(rows), dtype=bool),
        occurrence=none + _BESIDE + n,
    )


def _for_something_else(streams: Streams, people: People, formulary: Formulary) -> Treatments:
    """An antidepressant for pain or the like, once or twice, without a diagnosis of depression and unscored."""
    o, weight = formulary.parameters.other_use, formulary.weights["other"]
    rows = np.flatnonzero(people.takes_other)
    start, drug = people.begin[rows], np.full(len(rows), -1)
    ingredient, parts = formulary.ingredient_of, []
    for n in range(2):
        u = Draws(streams, Kind.BESIDE, n, rows)
        is_new = (drug < 0)[:, None] | (ingredient[drug][:, None] != ingredient)
        drug = weighted(u(0), weight * is_new)
        end = start + whole_in(u(1), o.lasting) - 1
        parts.append(_beside(rows, n, drug, start, end, Ended.LOST))
        on = u(2) < o.courses.twice / 100
        rows, start, drug = rows[on], end[on] + 1, drug[on]
    return joined(parts)


def _for_sleep(streams: Streams, people: People, taken: Treatments, formulary: Formulary) -> Treatments:
    """Beside the treatment, by those who never take the same drug for depression: the two could not be told apart."""
    s, ingredient = formulary.parameters.sleep_use, formulary.ingredient_of
    for_sleep = ingredient[formulary.weights["sleep"] > 0]
    has = np.zeros(len(people), dtype=bool)
    has[taken.row[np.isin(ingredient[taken.drug], for_sleep)]] = True
    rows = np.flatnonzero(people.takes_for_sleep & ~has)
    u = Draws(streams, Kind.BESIDE, 2, rows)
    drug = weighted(u(0), np.broadcast_to(formulary.weights["sleep"], (len(rows), len(formulary.drugs))))
    start = people.begin[rows] + whole_in(u(1), s.begins)
    return _beside(rows, 2, drug, start, start + whole_in(u(2), s.lasting) - 1, Ended.LOST)


def find_spans(streams: Streams, treatments: Treatments, formulary: Formulary) -> Spans:
    """The first dose, the dose aimed at, and sometimes a higher one, each from the day on which it is first taken."""
    d, t = formulary.parameters.doses, treatments
    u = Draws(streams, Kind.DOSE, t.occurrence, t.row)
    adequate, top = formulary.adequate_level[t.drug], formulary.n_levels[t.drug] - 1
    aim = np.where(t.is_dosed, adequate + (u(0) < d.above_minimum.p), np.maximum(adequate - 1, 0))
    aim = np.minimum(aim, top)
    # Whoever is to stay below the least adequate dose is not raised to it.
    higher = np.where((u(1) < d.raised.p) & t.is_dosed, np.minimum(aim + 1, top), aim)
    first_days = np.array(d.first_dose.days)[(u(2) * len(d.first_dose.days)).astype(np.int64)]
    level = np.stack([np.zeros_like(aim), aim, higher], axis=1)
    to_aim = np.where(aim > 0, t.start + first_days, t.start)
    to_higher = np.where(higher > aim, np.maximum(t.start + whole_in(u(3), d.raised_after), to_aim + 1), LATER)
    first = np.stack([t.start, to_aim, to_higher], axis=1)
    last = np.minimum(np.concatenate([first[:, 1:] - 1, t.end[:, None]], axis=1), t.end[:, None])
    place, number = np.nonzero(last >= first)
    return Spans(
        row=t.row[place],
        treatment=place,
        drug=t.drug[place],
        mg=formulary.levels[t.drug[place], level[place, number]],
        first=first[place, number],
        last=last[place, number],
    )


def prepared(events: dict[str, np.ndarray], people: People) -> dict[str, np.ndarray]:
    """The events of those who are treated, with `row` (the person's place) and `date` (the calendar day, a whole number)."""
    row = number_of_person(events["person"])
    keep = people.is_treated[row]
    kept = {name: values[keep] for name, values in events.items()}
    kept["row"] = row[keep]
    kept["date"] = people.begin[kept["row"]] + np.floor(kept["day"]).astype(np.int64)
    return kept


def number_of_person(person: np.ndarray) -> np.ndarray:
    """0, 1, 2 ... for the people in the order in which they come."""
    return np.cumsum(np.diff(person, prepend=person[:1] - 1) != 0) - 1
