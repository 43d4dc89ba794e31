"""What the records say to each thing that can be asked: one function for each, of its name (docs/candidacy.md). Each answers met,
not met or unknown, and says what was found; that nothing was recorded is never read as "no"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from stepwell.knowledge.candidacy import FreeOf, Had, NotHad, Pressure, Recorded, Scored
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.who import AgeLimits
from stepwell.why.found import show_date, show_days, show_number

from .chart import Chart, sort_by_day
from .line import Found
from .trials import Judged

BY_NAME = "STEPWELL"
"""The vocabulary of own records that name the code set itself: every set can be named there."""
SYSTOLIC, DIASTOLIC = "blood-pressure-systolic", "blood-pressure-diastolic"
"""The two numbers of a blood pressure."""


@dataclass(frozen=True)
class Known:
    """What an answer is found from: the chart, what the definitions say of it by their ids, and the trials of the first
    of them."""

    chart: Chart
    judged: Mapping[str, Judged]
    trials: Judged

    @property
    def knowledge(self) -> Knowledge:
        """The knowledge files."""
        return self.chart.knowledge

    def share(self, kind: str) -> float:
        """Which share of a limit of that kind is nearly all of it, in per cent."""
        return self.knowledge.nearly[kind].share


def age(known: Known, ask: AgeLimits) -> Found:
    """Completed years on the day; unknown where the birth leaves it open."""
    years = known.chart.age
    limit = " to ".join(str(n) for n in (ask.at_least, ask.at_most) if n is not None)
    comparison = (
        "from" if None not in (ask.at_least, ask.at_most) else "at most" if ask.at_least is None else "at least"
    )
    if years is None:
        return Found(None, "Year of birth not known", None, "years", comparison, limit)
    low, high = ((n >= (ask.at_least or 0)) and (ask.at_most is None or n <= ask.at_most) for n in years)
    verdict = low if low == high else None
    value = str(years[0]) if years[0] == years[1] else f"{years[0]} to {years[1]}"
    return Found(verdict, f"Aged {value}", value, "years", comparison, limit, known.chart.row["address"])


def recorded(known: Known, ask: Recorded) -> Found:
    """The latest diagnosis of the sets; without one, what the form says that this means, where it would have been seen."""
    latest = _latest(known, ask.any_of, ask.within)
    if latest is not None:
        return Found(True, _diagnosis(known, latest), latest["code"], address=latest["address"])
    words, is_covered = _none_recorded(known, ask.any_of, ask.within)
    return Found(False if is_covered and ask.otherwise == "not met" else None, words)


def free_of(known: Known, ask: FreeOf) -> Found:
    """Not met by a recorded diagnosis; never met, for none recorded is not none."""
    latest = _latest(known, ask.any_of, ask.within)
    if latest is not None:
        words = _diagnosis(known, latest)
        words += f"; {ask.unless} would make up for it" if ask.unless else ""
        return Found(None if ask.unless else False, words, latest["code"], address=latest["address"])
    words, is_covered = _none_recorded(known, ask.any_of, ask.within)
    return Found(None, words, is_none_recorded=is_covered)


def scored(known: Known, ask: Scored) -> Found:
    """The latest score in the window, of two on one day the one whose instrument is named first; nearly met from a declared share
    of the limit on."""
    limits = {limit.instrument: limit for limit in ask.any_of}
    names = " or ".join(known.knowledge.all_instruments[i].label for i in limits)
    rows = [r for r in known.chart.measurement if r["instrument"] in limits and r["total"] is not None]
    inside = [r for r in rows if _first_day(known, ask.within) <= r["measured_date"]]
    if not inside:
        words = f"No score of {names} in the last {show_days(ask.within)}"
        if rows:
            words += f"; the last is of {show_date(max(r['measured_date'] for r in rows))}"
        return Found(None, words, unit="points")
    order = list(limits)
    latest = min(
        sort_by_day(inside, "measured_date"),
        key=lambda r: (-r["measured_date"].toordinal(), order.index(r["instrument"]), -r["total"]),
    )
    limit, total = limits[latest["instrument"]], latest["total"]
    label = known.knowledge.all_instruments[latest["instrument"]].label
    words = f"{label} {show_number(total)} on {show_date(latest['measured_date'])}"
    least = limit.at_least if limit.above is None else limit.above
    if least is None:
        return Found(True, words, show_number(total), "points", address=latest["address"])
    verdict = total >= least if limit.above is None else total > least
    comparison = "at least" if limit.above is None else "above"
    nearly = not verdict and total >= known.share("points") / 100 * least
    return Found(
        verdict, words, show_number(total), "points", comparison, show_number(least), latest["address"], nearly
    )


def pressure(known: Known, ask: Pressure) -> Found:
    """The highest systolic and diastolic pressure of the latest day in the window. Above them it is unknown where the limits may
    not be those of this person's age."""
    limit = f"{show_number(ask.systolic_at_most)}/{show_number(ask.diastolic_at_most)}"
    shape = {"unit": "mmHg", "comparison": "at most", "limit": limit}
    first = _first_day(known, ask.within)
    rows = [r for r in known.chart.vital if r["mmhg"] is not None and r["measured_date"] >= first]
    rows = [r for r in rows if r["vital"] in (SYSTOLIC, DIASTOLIC)]
    if not rows:
        return Found(None, f"No blood pressure in the last {show_days(ask.within)}", **shape)
    day = max(r["measured_date"] for r in rows)
    of_day = [r for r in rows if r["measured_date"] == day]
    highest = {
        name: max((r["mmhg"] for r in of_day if r["vital"] == name), default=None) for name in (SYSTOLIC, DIASTOLIC)
    }
    sides = ((highest[SYSTOLIC], ask.systolic_at_most), (highest[DIASTOLIC], ask.diastolic_at_most))
    is_above = any(value is not None and value > most for value, most in sides)
    value = "/".join("?" if v is None else show_number(v) for v, _ in sides)
    verdict = False if is_above else None if None in highest.values() else True
    applies = _applies(known.chart, ask)
    words = f"{value} mmHg on {show_date(day)}"
    if applies is None and verdict is False:
        verdict, words = None, f"{words}; whether this limit is the one for this age is not known"
    address = next(r["address"] for r in sort_by_day(rows, "measured_date"))
    return Found(verdict, words, value, address=address, **shape)


def had(known: Known, ask: Had) -> Found:
    """Days with the procedure since the present episode began, or ever where there is none; too few are unknown, for much is
    billed elsewhere."""
    episode = known.trials.episode
    rows = [r for r in known.chart.procedure if r["procedure"] in ask.any_of]
    rows = [r for r in rows if episode is None or r["procedure_date"] >= episode["start_date"]]
    n, label = len({r["procedure_date"] for r in rows}), _labels(known, ask.any_of)
    since = f" since {show_date(episode['start_date'])}" if episode else ""
    shape = {"unit": "sessions", "comparison": "at least", "limit": str(ask.at_least)}
    if n >= ask.at_least:
        address = sort_by_day(rows, "procedure_date")[0]["address"]
        return Found(True, f"{label} on {show_days(n)}{since}", str(n), address=address, **shape)
    if "procedure" not in known.chart.has:
        return Found(None, f"{label}: this source holds no procedures", **shape)
    words = f"{label} on {show_days(n)}{since}" if n else f"{label}: none recorded{since}"
    is_none = n == 0 and known.chart.observed_days() > 0
    return Found(None, words, str(n), is_none_recorded=is_none, **shape)


def not_had(known: Known, ask: NotHad) -> Found:
    """Not met by a recorded session in the window; never met."""
    first = _first_day(known, ask.within)
    rows = [r for r in known.chart.procedure if r["procedure"] in ask.any_of and r["procedure_date"] >= first]
    label = _labels(known, ask.any_of)
    if rows:
        latest = sort_by_day(rows, "procedure_date")[0]
        words = f"{known.knowledge.codesets[latest['procedure']].label} on {show_date(latest['procedure_date'])}"
        return Found(False, words, address=latest["address"])
    if "procedure" not in known.chart.has:
        return Found(None, f"{label}: this source holds no procedures")
    n = known.chart.observed_days(ask.within)
    since = "" if ask.within is None else f" since {show_date(first)}"
    return Found(None, f"{label}: none recorded in {show_days(n)} observed{since}", is_none_recorded=n > 0)


def applies_to(known: Known, ask: object) -> bool:
    """Whether it is asked of somebody of this age at all; of somebody whose age is not known it is."""
    return not isinstance(ask, Pressure) or _applies(known.chart, ask) is not False


def _applies(chart: Chart, ask: Pressure) -> bool | None:
    if ask.from_age is None and ask.below_age is None:
        return True
    if chart.age is None:
        return None
    sides = {(ask.from_age or 0) <= n and (ask.below_age is None or n < ask.below_age) for n in chart.age}
    return sides.pop() if len(sides) == 1 else None


def _latest(known: Known, sets: Iterable[str], within: int | None) -> dict | None:
    first = _first_day(known, within)
    rows = [r for r in known.chart.condition if r["codeset"] in sets and r["condition_date"] >= first]
    return sort_by_day(rows, "condition_date")[0] if rows else None


def _first_day(known: Known, within: int | None) -> date:
    """The first day looked at."""
    return date.min if within is None else known.chart.day - timedelta(within)


def _diagnosis(known: Known, row: dict) -> str:
    return f"{known.knowledge.codesets[row['codeset']].label} recorded on {show_date(row['condition_date'])} ({row['code']})"


def _none_recorded(known: Known, sets: Iterable[str], within: int | None) -> tuple[str, bool]:
    """What is said where none was found, and whether it would have been seen: diagnoses are held and the time was observed."""
    label = _labels(known, sets)
    if "condition" not in known.chart.has:
        return f"{label}: this source holds no diagnoses", False
    blind = [name for name in sets if not _can_be_seen(known, name)]
    if blind:
        words = (
            f"{_labels(known, blind)}: not found, but this source codes diagnoses in no vocabulary by which it would be"
        )
        return words, False
    n = known.chart.observed_days(within)
    if not n:
        return f"{label}: this person was not observed in that time", False
    since = "" if within is None else f" since {show_date(_first_day(known, within))}"
    return f"{label}: none recorded in {show_days(n)} observed{since}", True


def _can_be_seen(known: Known, name: str) -> bool:
    """Whether the code set holds codes of a vocabulary in which this source records diagnoses at all."""
    of_set = {code.vocabulary for code in known.knowledge.codesets[name].codes}
    of_set |= {"SNOMED"} if "OMOP" in of_set else set()
    return bool((of_set | {BY_NAME}) & known.chart.vocabularies)


def _labels(known: Known, sets: Iterable[str]) -> str:
    return ", ".join(known.knowledge.codesets[name].label for name in sets)


ANSWERS: dict[str, Callable[[Known, object], Found]] = {
    "age": age,
    "recorded": recorded,
    "free_of": free_of,
    "scored": scored,
    "pressure": pressure,
    "had": had,
    "not_had": not_had,
}
"""Those that the chart alone answers; what trials and drugs answer is in `treatments`."""
