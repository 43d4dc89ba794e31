"""What the records say to each thing that can be asked: one function for each, of its name (docs/candidacy.md). Each answers met,
not met or unknown, and says what was found; that nothing was recorded is never read as "no". Which tables are looked through,
and whether an absence there counts, stands in `holds`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from stepwell.knowledge.candidacy import FreeOf, Had, NotHad, Pressure, Recorded, Scored
from stepwell.knowledge.forms import SUICIDALITY, Knowledge
from stepwell.knowledge.who import AgeLimits
from stepwell.why.found import show_date, show_days, show_number
from stepwell.why.gaps import say_hidden

from .chart import Chart, sort_by_day
from .holds import drugs_of, silence, tables_for, treatments_of
from .line import Found
from .suicidality import Sign, on_one_line, signs_of
from .trials import Judged

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
    return Found(
        verdict, f"Aged {known.chart.age_shown}", value, "years", comparison, limit, known.chart.row["address"]
    )


def recorded(known: Known, ask: Recorded) -> Found:
    """The latest diagnosis of the sets; without one, what the form says that this means, where it would have been seen.

    An answer about suicide above zero is no diagnosis: it is said, and leaves open what a clinician has to judge."""
    latest = _latest(known, ask.any_of, ask.within)
    if latest is not None:
        return Found(True, _diagnosis(known, latest), latest["code"], address=latest["address"])
    if sign := _open_sign(known, ask):
        words = (
            f"{sign.words}; whether that is what is asked is for a clinician to judge"
            if sign.is_positive
            else sign.words
        )
        return Found(None, words, sign.value, address=sign.address)
    words, is_covered = _none_recorded(known, "recorded", ask)
    return Found(False if is_covered and ask.otherwise == "not met" else None, words)


def free_of(known: Known, ask: FreeOf) -> Found:
    """Not met by a recorded diagnosis, or by an answer about suicide above zero; never met, for none recorded is not none."""
    latest, sign = _latest(known, ask.any_of, ask.within), _open_sign(known, ask)
    if sign is not None and sign.is_positive and (latest is None or sign.day >= latest["condition_date"]):
        return Found(None if ask.unless else False, sign.words, sign.value, address=sign.address)
    if latest is not None:
        words = _diagnosis(known, latest)
        words += f"; {ask.unless} would make up for it" if ask.unless else ""
        return Found(None if ask.unless else False, words, latest["code"], address=latest["address"])
    if sign is not None:
        return Found(None, sign.words, sign.value, address=sign.address)
    words, is_covered = _none_recorded(known, "free_of", ask)
    return Found(None, words, is_none_recorded=is_covered)


def _open_sign(known: Known, ask: Recorded | FreeOf) -> Sign | None:
    """Of a form that asks about suicide the latest answer in the window that is a sign, else the latest that leaves it open;
    None where all answers are a "no", or nobody asked."""
    if SUICIDALITY not in ask.any_of:
        return None
    first = _first_day(known, ask.within)
    answers = [s for s in signs_of(known.chart) if not s.is_diagnosis and s.day >= first]
    sign = next((s for verdict in (True, None) for s in on_one_line(answers) if s.is_positive is verdict), None)
    later = None if sign is None else next((s for s in answers if s.asked == sign.asked and s.day > sign.day), None)
    return sign if later is None else replace(sign, words=f"{sign.words}; {later.value} on {show_date(later.day)}")


def scored(known: Known, ask: Scored) -> Found:
    """The latest score in the window, of two on one day the one whose instrument is named first; nearly met from a declared share
    of the limit on."""
    limits = {limit.instrument: limit for limit in ask.any_of}
    first = _first_day(known, ask.within)
    names = " or ".join(known.knowledge.all_instruments[i].label for i in limits)
    rows = [r for r in _totals(known.chart) if r["instrument"] in limits]
    inside = [r for r in rows if first <= r["measured_date"]]
    if not inside:
        hidden = _other_scores(known, limits, first)
        words = f"No score of {names} in the last {show_days(ask.within)}{hidden}"
        if rows:
            words += f"; the last is of {show_date(max(r['measured_date'] for r in rows))}"
        items = [
            r for r in known.chart.answer if r["instrument"] in limits and r["item"] and r["answered_date"] >= first
        ]
        if items:
            last = sort_by_day(items, "answered_date")[0]
            label = known.knowledge.all_instruments[last["instrument"]].label
            words += (
                f"; single items of the {label} are answered on {show_date(last['answered_date'])}, without a total"
            )
            return Found(None, words, unit="points", address=last["address"])
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
    if least is not None and (undated := _undated_scores(known, limits, latest["measured_date"])):
        return Found(None, words + undated, show_number(total), "points", address=latest["address"])
    if least is None:
        return Found(True, words, show_number(total), "points", address=latest["address"])
    verdict = total >= least if limit.above is None else total > least
    comparison = "at least" if limit.above is None else "above"
    nearly = not verdict and total >= known.share("points") / 100 * least
    return Found(
        verdict, words, show_number(total), "points", comparison, show_number(least), latest["address"], nearly
    )


def _other_scores(known: Known, instruments: Iterable[str], first: date) -> str:
    """What may be a score of these instruments from that day on, in words; or nothing."""
    unread = say_hidden(known.chart.unread_since(first), "answer", ())
    return unread + _undated_scores(known, instruments, first)


def _undated_scores(known: Known, instruments: Iterable[str], first: date) -> str:
    """The scores of these instruments that have no usable day, and may be of that day or a later one; or nothing."""
    undated = [g for g in known.chart.unread_since(first) if g["codeset"] is not None]
    return "".join(say_hidden(undated, record, instruments) for record in ("measurement", "answer"))


def _totals(chart: Chart) -> list[dict]:
    """Every total that is known: those of scales by which depression is followed, and (among the answers) of the others."""
    rows = [r for r in chart.measurement if r["total"] is not None]
    return rows + [
        r | {"measured_date": r["answered_date"], "total": r["value"]}
        for r in chart.answer
        if r["item"] is None and r["value"] is not None
    ]


def pressure(known: Known, ask: Pressure) -> Found:
    """The highest systolic and diastolic pressure of the latest day in the window, as a vital sign or around a session. Above the
    limits it is unknown where these may not be those of this person's age."""
    limit = f"{show_number(ask.systolic_at_most)}/{show_number(ask.diastolic_at_most)}"
    shape = {"unit": "mmHg", "comparison": "at most", "limit": limit}
    first = _first_day(known, ask.within)
    rows = [r for r in _pressures(known.chart) if r["measured_date"] >= first]
    if not rows:
        hidden = say_hidden(known.chart.unread_since(first), "answer", ())
        hidden += say_hidden(known.chart.unread_since(first), "vital", (SYSTOLIC, DIASTOLIC))
        return Found(None, f"No blood pressure in the last {show_days(ask.within)}{hidden}", **shape)
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
    if undated := say_hidden(known.chart.unread_since(day), "vital", (SYSTOLIC, DIASTOLIC)):
        verdict, words = None, words + undated
    address = next(r["address"] for r in sort_by_day(rows, "measured_date"))
    return Found(verdict, words, value, address=address, **shape)


def _pressures(chart: Chart) -> list[dict]:
    """Every reading of blood pressure, once: a reading around a session may be a vital sign too."""
    rows = [r for r in chart.vital if r["vital"] in (SYSTOLIC, DIASTOLIC) and r["mmhg"] is not None]
    around = {"systolic": SYSTOLIC, "diastolic": DIASTOLIC}
    known = {(r["address"], r["vital"]) for r in rows}
    return rows + [
        {"vital": vital, "measured_date": r["session_date"], "mmhg": r["value"], "address": r["address"]}
        for r in chart.monitoring
        if (vital := around.get(r["kind"])) and r["value"] is not None and (r["address"], vital) not in known
    ]


def had(known: Known, ask: Had) -> Found:
    """Days with the procedure since the present episode began, or ever where there is none; too few are unknown, for much is
    billed elsewhere."""
    episode = known.trials.episode
    rows = _sessions(known, ask.any_of, date.min if episode is None else episode["start_date"])
    certain = [r for r in rows if r["is_certain"]]
    n, label = len({r["day"] for r in certain}), _labels(known, ask.any_of)
    since = f" since {show_date(episode['start_date'])}" if episode else ""
    shape = {"unit": "sessions", "comparison": "at least", "limit": str(ask.at_least)}
    if n >= ask.at_least:
        address = sort_by_day(certain, "day")[0]["address"]
        return Found(True, f"{label} on {show_days(n)}{since}", str(n), address=address, **shape)
    if rows:
        last = sort_by_day(certain or rows, "day")[0]
        possible = "" if n else f"; {last['words']}"
        return Found(None, f"{label} on {show_days(n)}{since}{possible}", str(n), address=last["address"], **shape)
    words, is_none = silence(known.chart, tables_for("had", ask, known.knowledge), sets=ask.any_of)
    words = f"{label}: none recorded{since}" if is_none else f"{label}: {words}"
    return Found(None, words, str(n), is_none_recorded=is_none, **shape)


def not_had(known: Known, ask: NotHad) -> Found:
    """Not met by a session in the window; unknown where the drug was supplied and nobody says that it was given; never met."""
    rows = _sessions(known, ask.any_of, _first_day(known, ask.within))
    if rows:
        latest = sort_by_day([r for r in rows if r["is_certain"]] or rows, "day")[0]
        return Found(False if latest["is_certain"] else None, latest["words"], address=latest["address"])
    words, is_none = silence(known.chart, tables_for("not_had", ask, known.knowledge), ask.within, ask.any_of)
    return Found(None, f"{_labels(known, ask.any_of)}: {words}", is_none_recorded=is_none)


def _sessions(known: Known, procedures: Iterable[str], first: date) -> list[dict]:
    """Every record of a session of these procedures from that day on, with its `day`, `words` and `address`: a procedure and a
    charted dose are one for certain, a supply of the drug may be one."""
    chart, drugs = known.chart, drugs_of(procedures, known.knowledge)
    found = []
    for r in chart.procedure:
        if r["procedure"] in procedures:
            words = f"{known.knowledge.codesets[r['procedure']].label} on {show_date(r['procedure_date'])}"
            found.append({"day": r["procedure_date"], "is_certain": True, "words": words, "address": r["address"]})
    treatments = {t.id: t for t in treatments_of(procedures, known.knowledge)}
    for r in chart.declared_session:
        if r["treatment"] in treatments and not r["is_comparator"]:
            words = f"{treatments[r['treatment']].label}, declared by the source, on {show_date(r['session_date'])}"
            found.append({"day": r["session_date"], "is_certain": True, "words": words, "address": r["address"]})
    doses = [(r["given_date"], r["kind"] == "administration", r) for r in chart.dose]
    told = {r["address"] for r in chart.dose}
    doses += [(r["start_date"], False, r) for r in chart.exposure if r["address"] not in told]
    for day, is_given, r in doses:
        if r["ingredient"] in drugs:
            label = known.knowledge.ingredients[r["ingredient"]].label
            words = f"{label[0].upper()}{label[1:]} {'given' if is_given else 'supplied or billed'} on {show_date(day)}"
            words += "" if is_given else "; whether it was given is not said"
            found.append({"day": day, "is_certain": is_given, "words": words, "address": r["address"]})
    return [r for r in found if r["day"] >= first]


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


def _none_recorded(known: Known, name: str, ask: Recorded | FreeOf) -> tuple[str, bool]:
    """What is said where none was found, and whether it would have been seen."""
    words, is_covered = silence(known.chart, tables_for(name, ask, known.knowledge), ask.within, ask.any_of)
    return f"{_labels(known, ask.any_of)}: {words}", is_covered


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
