"""Reasons that stepwell's result gives: a score that is worse, a response that was lost, no score during treatment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from django.utils.translation import gettext as _

from .caseload import Reason, Row, rules
from .results import OfClinic

_LOST = ("relapse", "recurrence")
_CHANGE_SEEN = (None, "recalled")


def find(of: OfClinic, rows: Mapping[str, Row], today: date) -> Iterator[tuple[str, Reason]]:
    """The person's key with each reason. Fills in the latest score and the day of the last session of every row."""
    result = of.result
    ids = {result.person_id(key): key for key in rows}
    read = {name: _by_person(result, name, ids) for name in ("measurement", "session", "effect")}
    for person_id, key in ids.items():
        totals = _totals(read["measurement"][person_id])
        days = [s["session_date"] for s in read["session"][person_id] if s["is_session"] is not False]
        rows[key].session = max(days, default=None)
        rows[key].score = _latest(totals, result.knowledge)
        where = ("outcomes", (rows[key].person.pk,))
        yield from (
            (key, Reason(*said, *where)) for said in _lost(read["effect"][person_id], totals, result.knowledge, today)
        )
        yield from ((key, Reason(*said, *where)) for said in _worse(totals, result.knowledge, today))
        yield from ((key, Reason(*said, *where)) for said in _silent(totals, rows[key].session, today))


def _by_person(result, name: str, ids: Mapping[int, str]) -> dict[int, list[dict]]:
    found: dict[int, list[dict]] = defaultdict(list)
    if name in result.tables:
        for row in result.rows_of_people(name, list(ids)):
            found[row["person_id"]].append(row)
    return found


def _totals(measurement: list[dict]) -> dict[str, list[tuple[date, float]]]:
    """The totals of each scale of depression, the oldest first; of two of a day the higher one."""
    found: dict[str, dict[date, float]] = defaultdict(dict)
    for row in measurement:
        if row["total"] is not None:
            of = found[row["instrument"]]
            of[row["measured_date"]] = max(row["total"], of.get(row["measured_date"], row["total"]))
    return {instrument: sorted(of.items()) for instrument, of in found.items()}


def _latest(totals: Mapping[str, list], knowledge) -> str:
    last = [(of[-1][0], name, of[-1][1]) for name, of in totals.items()]
    if not last:
        return ""
    day, name, total = max(last)
    return f"{knowledge.instruments[name].label} {total:g}, {_day(day)}"


def _lost(effects: list[dict], totals: Mapping[str, list], knowledge, today: date) -> Iterator[tuple[str, str]]:
    """The response of the latest series was lost in the last half year, and no later score is in response again."""
    if not effects:
        return
    effect = max(effects, key=lambda e: (e["baseline_date"] or date.min, e["series_number"]))
    if effect["ended"] not in _LOST or effect["lost_date"] is None:
        return
    if (today - effect["lost_date"]).days > rules()["lost"]:
        return
    form = knowledge.instruments[effect["instrument"]]
    cut = effect["baseline_total"] * (1 - float(form.response.at_least) / 100)
    day, total = totals[effect["instrument"]][-1]
    if total > cut:
        words = _("Response was lost on %(lost)s (%(ended)s); latest %(label)s %(total)s on %(day)s")
        yield (
            "relapse",
            words
            % {
                "lost": _day(effect["lost_date"]),
                "ended": effect["ended"],
                "label": form.label,
                "total": f"{total:g}",
                "day": _day(day),
            },
        )


def _worse(totals: Mapping[str, list], knowledge, today: date) -> Iterator[tuple[str, str]]:
    """The latest score is worse than the one before by the smallest change that was seen to mean something to a person."""
    for name, of in totals.items():
        if len(of) < 2 or of[-1][0] < today - timedelta(days=rules()["recent"]):
            continue
        (before_day, before), (day, total) = of[-2:]
        form = knowledge.instruments[name]
        needed = smallest_change(form, before)
        if needed is not None and total - before >= needed:
            words = _(
                "%(label)s %(before)s on %(before_day)s, %(total)s on %(day)s: "
                "%(points)s points worse; %(needed)s mean something"
            )
            yield (
                "worse",
                words
                % {
                    "label": form.label,
                    "before": f"{before:g}",
                    "before_day": _day(before_day),
                    "total": f"{total:g}",
                    "day": _day(day),
                    "points": f"{total - before:g}",
                    "needed": f"{needed:g}",
                },
            )


def smallest_change(form, before: float) -> float | None:
    """The smallest change within a person that somebody saw to mean something, in points; a recalled number never counts."""
    seen = [c for c in form.meaningful_change if c.about == "within a person" and c.seen not in _CHANGE_SEEN]
    if not seen:
        return None
    return float(seen[0].points if seen[0].points is not None else seen[0].percent / 100 * before)


def _silent(totals: Mapping[str, list], session: date | None, today: date) -> Iterator[tuple[str, str]]:
    """In treatment, and no score of a scale of depression for too long."""
    if session is None or not today - timedelta(days=rules()["in_treatment"]) <= session <= today:
        return
    last = max((of[-1][0] for of in totals.values()), default=None)
    if last is not None and (today - last).days <= rules()["no_score"]:
        return
    shown = {"session": _day(session), "last": "" if last is None else _day(last)}
    words = (
        _("Last session on %(session)s; no score at all")
        if last is None
        else _("Last session on %(session)s; last score on %(last)s")
    )
    yield "no score", words % shown


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
