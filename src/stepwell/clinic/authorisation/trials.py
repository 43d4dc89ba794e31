"""The table of trials in a packet: each trial with the lines behind it, and whether it counts by the payer's definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from stepwell.candidacy import Assessment, Chart, show_date, show_number, tell_trials

from .content import State, Trial
from .treatments import Said

_ORDER: tuple[State, ...] = ("not known", "reported", "imported", "confirmed")
_BEFORE = "before the present episode"
_UNSCORED = "no scores before and after it"
_NOT_ASKED = "not judged by this policy on that day"


@dataclass(frozen=True)
class Behind:
    """What is known of the lines behind a trial, by their address: who stands behind each, and what it says of the treatment."""

    states: Mapping[str, State]
    said: Mapping[str, Said]


def trials_of(result, chart: Chart, asked: Assessment, behind: Behind) -> tuple[Trial, ...]:
    """The trials that the policy's definition judged, and those of earlier times, by their first day."""
    knowledge = chart.knowledge
    found, judged = {}, asked.judged[0] if asked.judged else None
    for row in tell_trials(judged, knowledge)["rows"] if judged else ():
        trial = row["trial"]
        # A definition with several branches tells a trial once for each: what counts by any of them counts.
        best = found.get(_key(trial))
        if best is None or _rank(row["counts"]) > _rank(best.counts):
            found[_key(trial)] = _trial(trial, row["counts"], row["why"], chart, behind)
    first_setting = None
    for trial in result.rows_of("trial", chart.row["person_id"]) if "trial" in result.tables else ():
        first_setting = first_setting or trial["setting"]
        is_known = _key(trial) in found or trial["start_date"] > chart.day
        if trial["setting"] != first_setting or is_known:
            continue
        start = judged.episode["start_date"] if judged and judged.episode else None
        if trial["role"] != "antidepressant":
            counts = "added drug"
        elif judged is None:
            counts = _NOT_ASKED
        elif start is not None and trial["start_date"] < start:
            counts = _BEFORE
        else:
            continue
        found[_key(trial)] = _trial(trial, counts, (), chart, behind)
    return tuple(found[key] for key in sorted(found))


def _key(trial: dict) -> tuple:
    return trial["start_date"], trial["ingredient"]


def _rank(counts: str) -> int:
    return ("does not count", "unknown whether it counts", "counts").index(counts)


def _trial(trial: dict, counts: str, why: Iterable[str], chart: Chart, behind: Behind) -> Trial:
    last = min(trial["end_date"], chart.day)
    supplies = [
        r["address"]
        for r in chart.exposure
        if r["ingredient"] == trial["ingredient"] and trial["start_date"] <= r["start_date"] <= last
    ]
    scores = {(trial["instrument"], trial["baseline_date"]), (trial["instrument"], trial["endpoint_date"])}
    scored = [r["address"] for r in chart.measurement if (r["instrument"], r["measured_date"]) in scores]
    addresses = tuple(dict.fromkeys([trial["address"], *supplies, *scored]))
    states = [behind.states.get(address, "not known") for address in addresses]
    said = [behind.said[address] for address in addresses if address in behind.said]
    dose = trial["max_mg_per_day"]
    return Trial(
        drug=chart.knowledge.ingredients[trial["ingredient"]].label,
        drug_class=trial["drug_class"],
        role=trial["role"],
        first=trial["start_date"],
        last=last,
        is_end_known=trial["is_end_known"],
        weeks=round(((last - trial["start_date"]).days + 1) / 7, 1),
        dose="dose not known" if dose is None else f"up to {show_number(dose)} mg a day",
        outcome="; ".join(dict.fromkeys([*_outcome(trial, chart), *_said(said)])) or _UNSCORED,
        stopped="; ".join(dict.fromkeys(s.stopped for s in said if s.stopped)) or _stopped(trial, last, chart.day),
        counts=counts,
        why=tuple(why),
        rests_on=addresses,
        state=min(states, key=_ORDER.index),
    )


def _said(lines: Iterable[Said]) -> list[str]:
    return [words for one in lines for words in (one.when, one.outcome) if words]


def _outcome(trial: dict, chart: Chart) -> list[str]:
    """The change between the scores before and after it; nothing where there are none."""
    if trial["instrument"] is None or trial["endpoint_date"] is None or trial["endpoint_date"] > chart.day:
        return []
    label = chart.knowledge.instruments[trial["instrument"]].label
    words = (
        f"{label} {show_number(trial['baseline_total'])} on {show_date(trial['baseline_date'])}, "
        f"{show_number(trial['endpoint_total'])} on {show_date(trial['endpoint_date'])}"
    )
    change = trial["improvement_pct"]
    return [words if change is None else f"{words}: {show_number(abs(change))} % {'worse' if change < 0 else 'better'}"]


def _stopped(trial: dict, last: date, day: date) -> str:
    if trial["stop_reason"]:
        return f"recorded: {trial['stop_reason']}"
    return "still taken" if last >= day and trial["is_ongoing"] else "reason not recorded"
