"""What lay beside the series of a programme: medicines, other measures, psychotherapy, answers about suicide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stepwell.knowledge.forms import Knowledge

from .counts import alone, part_of, share_of, split
from .disclosure import Count
from .person_measures import is_monitoring, label_of
from .shown_durability import Middle, median_interval

STRETCHES = ("before", "during", "after")
STATES = ("above zero", "zero", "unanswered", "not recorded")


def series_key(row: dict) -> tuple:
    """What names a series."""
    return row["person_id"], row["treatment"], row["series_number"]


@dataclass(frozen=True)
class Loaded:
    """Medicines in one stretch, over series observed in all three: medians with intervals."""

    stretch: str
    antidepressants: Middle | None
    psychotropics: Middle | None
    label_share: Middle | None


@dataclass(frozen=True)
class Beyond:
    """One other measure: the last value of a series against its baseline."""

    label: str
    about: str
    series: Count
    better: Count | None
    """None where no way is better."""
    same: Count
    worse: Count | None
    change: Middle | None


@dataclass(frozen=True)
class Monitored:
    """One scale read around doses: days with a reading, in how many series, and the median of the worst reading of each day."""

    label: str
    about: str
    days: Count
    series: Count
    worst: Middle | None


def summarise_load(loads: Sequence[dict], below: int) -> tuple[tuple[Loaded, ...], Count, dict[str, Count]]:
    """Medians in each stretch over the series observed in all three, how many those are, and how many of them had fewer, as many
    or more antidepressants after than before."""
    by_series: dict[tuple, dict[str, dict]] = {}
    for row in loads:
        by_series.setdefault(series_key(row), {})[row["stretch"]] = row
    whole = [s for s in by_series.values() if all(s.get(x, {}).get("is_observed") for x in STRETCHES)]
    n = alone(len(whole), below)
    after = {"fewer": 0, "as many": 0, "more": 0}
    for s in whole:
        change = s["after"]["n_antidepressants"] - s["before"]["n_antidepressants"]
        after["fewer" if change < 0 else "more" if change > 0 else "as many"] += 1
    fewer, _ = split(after, below)
    if n.n is None or n.n < max(below, 1):
        return (), n, fewer
    columns = ("n_antidepressants", "n_psychotropics", "label_share_pct")
    loaded = []
    for stretch in STRETCHES:
        values = ([s[stretch][c] for s in whole if s[stretch][c] is not None] for c in columns)
        loaded.append(Loaded(stretch, *(median_interval(v) if len(v) >= max(below, 1) else None for v in values)))
    return tuple(loaded), n, fewer


def summarise_beyond(trajectory: Sequence[dict], knowledge: Knowledge, below: int) -> tuple[Beyond, ...]:
    """Every measure that is no scale of depression, no item about suicide and no scale of monitoring, by its last value in each
    series."""
    asking = knowledge.safety_items
    last: dict[tuple, dict[tuple, dict]] = {}
    for row in trajectory:
        measure = (row["instrument"], row["item"])
        is_scale = row["item"] is None and row["instrument"] in knowledge.instruments
        if is_scale or measure in asking or is_monitoring(knowledge, row["instrument"]):
            continue
        if row["change"] is not None:
            last.setdefault(measure, {})[series_key(row)] = row
    found = []
    for measure, of_series in last.items():
        rows = list(of_series.values())
        parts = {"better": 0, "same": 0, "worse": 0, "changed": 0}
        for r in rows:
            changed = {True: "better", False: "worse", None: "changed"}[r["is_better"]]
            parts["same" if r["change"] == 0 else changed] += 1
        counts, whole = split(parts, below)
        about = knowledge.all_instruments[measure[0]].about if measure[0] else "told by the person"
        enough = len(rows) >= max(below, 1)
        change = median_interval([r["change"] for r in rows]) if enough else None
        label, has_way = label_of(knowledge, *measure), any(r["better"] for r in rows)
        better, worse = (counts[way] if has_way else None for way in ("better", "worse"))
        line = Beyond(label, about, whole, better, counts["same"], worse, change)
        found.append(((measure[0] is None, measure[1] is not None, line.label), line))
    return tuple(line for _, line in sorted(found, key=lambda f: f[0]))


def summarise_monitoring(
    trajectory: Sequence[dict], sessions: Sequence[dict], readings: Sequence[dict], knowledge: Knowledge, below: int
) -> tuple[Monitored, ...]:
    """Every scale of monitoring on the days of sessions: totals among the person's answers (rows of `trajectory`), and `readings`
    (rows of `monitoring`)."""
    series_of = {(s["person_id"], s["session_date"]): series_key(s) for s in sessions if s["series_number"] is not None}
    told = [(r["instrument"], r["person_id"], r["value_date"], r["value"]) for r in trajectory if r["item"] is None]
    told += [(r["kind"], r["person_id"], r["session_date"], r["value"]) for r in readings]
    values: dict[str, dict[tuple, list[float]]] = {}
    for instrument, person, day, value in told:
        if is_monitoring(knowledge, instrument) and value is not None and (person, day) in series_of:
            values.setdefault(instrument, {}).setdefault((person, day), []).append(value)
    found = []
    for instrument, of_day in sorted(values.items()):
        form = knowledge.all_instruments[instrument]
        worst = min if form.direction == "higher is better" else max
        middle = median_interval([worst(v) for v in of_day.values()]) if len(of_day) >= max(below, 1) else None
        n_series = alone(len({series_of[day] for day in of_day}), below)
        found.append(Monitored(form.label, form.about, alone(len(of_day), below), n_series, middle))
    return tuple(found)


def summarise_therapy(rows: Sequence[dict], knowledge: Knowledge, below: int) -> tuple[tuple[str, Count], ...]:
    """Days with psychotherapy by the stretch after a session that they fall into, and all of them."""
    names = [s.label for s in knowledge.around.therapy.stretches]
    parts = {name: sum(r["within"] == name for r in rows) for name in names}
    parts["the same day, order not recorded"] = sum(not r["is_order_known"] for r in rows)
    parts["at another time"] = len(rows) - sum(parts.values())
    counts, whole = split(parts, below)
    return (*counts.items(), ("days with psychotherapy in all", whole)) if rows else ()


def summarise_therapy_outcome(own: dict, below: int) -> tuple:
    """Response at the end of the induction, with therapy up to then and without: laid side by side, not compared."""
    at_end = [
        r for r in own["series_response"] if r["checkpoint"] == "end of induction" and r["is_response"] is not None
    ]
    if not at_end or not own["therapy"]:
        return ()
    first = {}
    for t in own["therapy"]:
        if t["n_days_since"] is not None:
            first[series_key(t)] = min(first.get(series_key(t), t["therapy_date"]), t["therapy_date"])
    groups: dict[str, list[bool]] = {"with psychotherapy by then": [], "without": []}
    for r in at_end:
        day = first.get(series_key(r))
        groups["with psychotherapy by then" if day and day <= r["measured_date"] else "without"].append(
            r["is_response"]
        )
    lines = []
    for name, verdicts in groups.items():
        responded, scored = part_of(sum(verdicts), len(verdicts), below)
        lines.append((name, scored, responded, share_of(responded, scored)))
    return tuple(lines)


def summarise_concerns(
    rows: Sequence[dict], diagnosed: set[int], below: int
) -> tuple[dict[str, Count], Count, dict[str, Count], Count]:
    """Administrations by what is known of the answer about suicide, those above the baseline; people by how suicidal ideation or
    behaviour is recorded of them, and all of these. `diagnosed` are those with such a diagnosis."""
    states, _ = split({s: sum(r["state"] == s for r in rows) for s in STATES}, below)
    risen = alone(sum(r["has_risen"] is True for r in rows), below)
    above = {r["person_id"] for r in rows if r["state"] == "above zero"}
    people = {
        "an answer above zero": len(above - diagnosed),
        "a diagnosis": len(diagnosed - above),
        "both": len(above & diagnosed),
    }
    return states, risen, *split(people, below)
