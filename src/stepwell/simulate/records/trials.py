"""True trials: what was taken, strung together as a form says, with the drugs beside each, its scores and its episode."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..compiled import compiled
from .asked import PRESCRIPTIONS
from .course import Sessions
from .formulary import Formulary
from .history import Spans, Treatments
from .people import People
from .rows import LATER, NEVER


class Taken(NamedTuple):
    """What was taken, by person, ingredient and first day; sessions are single days. `begins`: where each person's rows begin."""

    begins: np.ndarray
    ingredient: np.ndarray
    drug_class: np.ndarray
    role: np.ndarray
    first: np.ndarray
    last: np.ndarray
    supply: np.ndarray
    is_use: np.ndarray
    is_adequate: np.ndarray
    ended: np.ndarray
    treatment: np.ndarray


class Trials(NamedTuple):
    """The trials of everybody by one way of building them; a person's begin at `Taken.begins`, and are in order of first day."""

    n: np.ndarray
    ingredient: np.ndarray
    drug_class: np.ndarray
    role: np.ndarray
    start: np.ndarray
    end: np.ndarray
    n_days: np.ndarray
    n_adequate: np.ndarray
    is_use: np.ndarray
    ended: np.ndarray
    treatment: np.ndarray
    switch: np.ndarray
    added: np.ndarray
    baseline: np.ndarray
    endpoint: np.ndarray
    episode: np.ndarray


def list_taken(people: People, treatments: Treatments, spans: Spans, sessions: Sessions, f: Formulary) -> Taken:
    """What was taken, spans and sessions together; `treatment` holds the place of the span, -1 for a session."""
    given = np.array([f.ingredients.index(r.ingredient) if r.ingredient else -1 for r in f.session_codes])[
        sessions.given
    ]
    drugs = given >= 0
    n, m = len(spans), int(drugs.sum())
    ingredient = np.concatenate([f.ingredient_of[spans.drug], given[drugs]])
    ends = spans.last == treatments.end[spans.treatment]
    columns = {
        "row": np.concatenate([spans.row, sessions.row[drugs]]),
        "ingredient": ingredient,
        "first": np.concatenate([spans.first, sessions.day[drugs]]),
        "last": np.concatenate([spans.last, sessions.day[drugs]]),
        "supply": np.concatenate([people.supply[spans.row], np.ones(m, dtype=np.int64)]),
        "is_use": np.concatenate([spans.mg > f.low_dose[spans.drug], np.ones(m, dtype=bool)]),
        "is_adequate": np.zeros(n + m, dtype=bool),
        "ended": np.concatenate([np.where(ends, treatments.ended[spans.treatment], -1), np.full(m, -1)]),
        "treatment": np.concatenate([np.arange(n), np.full(m, -1)]),
        "drug_class": f.class_of_ingredient[ingredient],
        "role": f.role_of_ingredient[ingredient],
    }
    order = np.lexsort((columns["first"], columns["ingredient"], columns["row"]))
    columns = {name: values[order] for name, values in columns.items()}
    begins = np.searchsorted(columns.pop("row"), np.arange(len(people) + 1))
    return Taken(begins=begins, **columns)


def room_for(rows: int, people: int) -> Trials:
    """Empty trials, as many as there can be."""
    room = {name: np.zeros(rows, dtype=bool if name == "is_use" else np.int64) for name in Trials._fields[1:]}
    return Trials(n=np.zeros(people, dtype=np.int64), **room)


@compiled
def build_trials(taken, how, seen_from, seen, totals, coded_from, coded, masks, out):
    """Everybody's trials, with what stands beside each, its scores and its episode."""
    for p in range(len(out.n)):
        begin = taken.begins[p]
        n = out.n[p] = _join(taken, how, begin, taken.begins[p + 1], out)
        _look_beside(how, begin, n, out)
        for t in range(begin, begin + n):
            _score(how, t, seen[seen_from[p] : seen_from[p + 1]], totals[seen_from[p] : seen_from[p + 1]], out)
        _find_episodes(
            how, begin, n, coded[coded_from[p] : coded_from[p + 1]], masks[coded_from[p] : coded_from[p + 1]], out
        )


@compiled
def _join(taken, how, begin, end, out):
    """Stretches of one ingredient without a long pause are one trial; then the trials in the order of their first days."""
    n, t = 0, begin - 1
    for i in range(begin, end):
        last = taken.last[i]
        if how.basis == PRESCRIPTIONS:
            last = taken.first[i] + (last - taken.first[i]) // taken.supply[i] * taken.supply[i]
        goes_on = i > begin and taken.ingredient[i] == taken.ingredient[i - 1]
        if goes_on:
            pause = taken.first[i] - out.end[t] - (0 if how.basis == PRESCRIPTIONS else 1)
            goes_on = pause <= how.max_gap
            if goes_on and taken.is_adequate[i - 1]:
                out.n_adequate[t] += pause
        if not goes_on:
            n, t = n + 1, t + 1
            out.ingredient[t], out.drug_class[t], out.role[t] = taken.ingredient[i], taken.drug_class[i], taken.role[i]
            out.start[t], out.n_adequate[t], out.is_use[t] = taken.first[i], 0, False
            out.treatment[t] = taken.treatment[i]
        out.end[t] = last
        out.ended[t] = taken.ended[i]
        out.is_use[t] |= taken.is_use[i]
        if taken.is_adequate[i]:
            out.n_adequate[t] += taken.last[i] - taken.first[i] + 1
        out.n_days[t] = last - out.start[t] + (0 if how.basis == PRESCRIPTIONS else 1)
    for a in range(begin + 1, begin + n):
        for b in range(a, begin, -1):
            if out.start[b - 1] <= out.start[b]:
                break
            _swap(out, b - 1, b)
    return n


@compiled
def _swap(out, a, b):
    out.ingredient[a], out.ingredient[b] = out.ingredient[b], out.ingredient[a]
    out.drug_class[a], out.drug_class[b] = out.drug_class[b], out.drug_class[a]
    out.role[a], out.role[b] = out.role[b], out.role[a]
    out.start[a], out.start[b] = out.start[b], out.start[a]
    out.end[a], out.end[b] = out.end[b], out.end[a]
    out.n_days[a], out.n_days[b] = out.n_days[b], out.n_days[a]
    out.n_adequate[a], out.n_adequate[b] = out.n_adequate[b], out.n_adequate[a]
    out.is_use[a], out.is_use[b] = out.is_use[b], out.is_use[a]
    out.ended[a], out.ended[b] = out.ended[b], out.ended[a]
    out.treatment[a], out.treatment[b] = out.treatment[b], out.treatment[a]


@compiled
def _look_beside(how, begin, n, out):
    """The first other antidepressant to which each trial was switched, and the first drug that was added to it."""
    for t in range(begin, begin + n):
        switch, added = LATER, LATER
        start, end = out.start[t], out.end[t]
        for u in range(begin, begin + n):
            if out.ingredient[u] == out.ingredient[t] or out.start[u] <= start:
                continue
            is_antidepressant = out.role[u] == how.antidepressant and out.is_use[u]
            if is_antidepressant and out.start[u] >= end - how.taper and out.end[u] > end:
                switch = min(switch, out.start[u])
            treats = is_antidepressant or out.role[u] != how.antidepressant
            together = min(out.end[u], end) - out.start[u] + 1
            if treats and out.start[u] < end - how.taper and together > how.taper:
                added = min(added, out.start[u])
        out.switch[t], out.added[t] = switch, added


@compiled
def _score(how, t, seen, totals, out):
    """The latest score around the beginning, and the latest one before the next treatment; -1 without both."""
    start = out.start[t]
    latest = min(out.end[t] + how.after_end, out.switch[t], out.added[t])
    baseline, endpoint, on = -1, -1, LATER
    for v in range(len(seen)):
        if start - how.before <= seen[v] <= start + how.after:
            baseline, on = totals[v], seen[v]
    for v in range(len(seen)):
        if start + how.after_start <= seen[v] <= latest and seen[v] > on:
            endpoint = totals[v]
    both = baseline >= 0 and endpoint >= 0
    out.baseline[t], out.endpoint[t] = (baseline, endpoint) if both else (-1, -1)


@compiled
def _find_episodes(how, begin, n, coded, masks, out):
    """Antidepressants and diagnoses of depression strung together; other drugs belong to what runs or has just ended."""
    episode, until, d, t = 0, NEVER, 0, begin
    while True:
        while t < begin + n and not (out.role[t] == how.antidepressant and out.is_use[t]):
            t += 1
        while d < len(coded) and not masks[d] & how.of_depression:
            d += 1
        if t == begin + n and d == len(coded):
            break
        is_trial = d == len(coded) or (t < begin + n and out.start[t] <= coded[d])
        start = out.start[t] if is_trial else coded[d]
        if start - until - 1 > how.episode_gap:
            episode, until = episode + 1, NEVER
        if is_trial:
            out.episode[t] = episode
            until = max(until, out.end[t])
            t += 1
        else:
            until = max(until, start)
            d += 1
