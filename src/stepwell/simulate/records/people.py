"""Who the people of a chunk are, and when somebody would have written down what happened to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..states import Event
from ..streams import Kind, Streams
from .formulary import Formulary
from .rows import NEVER, Rows, pick, whole_in

DAYS_A_YEAR = 365.25
_EPOCH = np.datetime64(0, "D").astype(object)


@dataclass
class People(Rows):
    """One row a person."""

    person: np.ndarray
    female: np.ndarray
    birth: np.ndarray
    first_day: np.ndarray
    begin: np.ndarray
    """The day on which treatment begins: day 0 of the model."""
    last_day: np.ndarray
    dies: np.ndarray
    is_treated: np.ndarray
    """Whether the person has depression and is treated for it: whose life the model's events are."""
    takes_other: np.ndarray
    """Whether the person takes an antidepressant for something else and has no depression."""
    takes_for_sleep: np.ndarray
    instrument: np.ndarray
    supply: np.ndarray
    """Days for which a prescription is filled."""
    untreated_from: np.ndarray
    other_diagnosis: dict[str, np.ndarray]


def draw_whom(
    streams: Streams, who_is: dict[str, np.ndarray], events: dict[str, np.ndarray], formulary: Formulary
) -> People:
    """The people whose events these are, in order; `who_is` is what the model says of them (`draw_people`)."""
    who, when, p = formulary.parameters.people, formulary.parameters.observation, formulary.parameters

    def u(slot: int) -> np.ndarray:
        return streams.uniform(Kind.PERSON, 0, slot)

    person = who_is["person"]
    kind = u(0)
    is_depressed = kind < who.depressed.p + who.untreated.p
    is_treated = kind < who.depressed.p
    earliest = (when.begins.earliest - _EPOCH).days
    span = (when.begins.latest - when.begins.earliest).days + 1
    first_day = earliest + (u(2) * span).astype(np.int64)
    begin = first_day + np.where(u(6) < when.none_before.p, 0, whole_in(u(5), when.before_treatment))
    last_day = begin + whole_in(u(3), when.lasts) - 1
    ends = np.flatnonzero(np.diff(events["person"], append=-1))
    death = begin + np.floor(events["day"][ends]).astype(np.int64)
    dies = (events["event"][ends] == Event.DIED) & (death <= last_day)
    last_day = np.where(dies, death, last_day)
    age = events["value"][np.append(0, ends[:-1] + 1)]
    watched = last_day - first_day + 1
    other_diagnosis = {}
    for slot, (codeset, share) in enumerate((("bipolar", who.bipolar), ("psychosis", who.psychosis))):
        day = first_day + (u(12 + 2 * slot) * watched).astype(np.int64)
        other_diagnosis[codeset] = np.where(is_depressed & (u(11 + 2 * slot) < share.p), day, NEVER)
    supplies = p.fills.lasting.of
    return People(
        row=np.arange(len(person)),
        person=person,
        female=who_is["is_female"],
        birth=begin - (age * DAYS_A_YEAR).astype(np.int64),
        first_day=first_day,
        begin=begin,
        last_day=last_day,
        dies=dies,
        is_treated=is_treated,
        takes_other=~is_depressed,
        takes_for_sleep=is_treated & (u(10) < who.sleep.p),
        instrument=pick(u(8), p.scores.instruments.of.values()),
        supply=np.array(list(supplies))[pick(u(9), supplies.values())],
        untreated_from=np.where(is_depressed & ~is_treated, begin, NEVER),
        other_diagnosis=other_diagnosis,
    )
