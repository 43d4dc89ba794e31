"""What series did, and which medicines were taken beside them: plain loops, from docs/engine.md, 13, and the forms alone.
`series_response`; `effect` without the bridge and the episodes; `load`. The series are those of `oracle_sessions`."""

from __future__ import annotations

from datetime import date, timedelta

import oracle

from stepwell.knowledge.forms import Knowledge

Row = dict[str, object]
MEDICINES = ("antidepressant", "antipsychotic", "augmentation")


def find_effects(records: dict[str, list[Row]], series: list[Row], knowledge: Knowledge) -> dict[str, list[Row]]:
    """The three tables of these series."""
    found: dict[str, list[Row]] = {"series_response": [], "effect": [], "load": []}
    for one in series:
        own = {name: [r for r in rows if r["person_id"] == one["person_id"]] for name, rows in records.items()}
        of_series = {k: one[k] for k in ("person_id", "treatment", "series_number")}
        scores = followed(one, series, own, knowledge)
        found["series_response"] += [of_series | r for r in responses(one, scores, knowledge)]
        found["effect"].append(of_series | effect(one, scores, series, own, knowledge))
        found["load"] += [of_series | r for r in burdens(one, own, knowledge)]
    return found


def followed(one: Row, series: list[Row], own, knowledge: Knowledge) -> tuple | None:
    """The scale, its baseline (day, total) and the later scores by day; None where no scale has both."""
    how = knowledge.following
    start, until = one["start_date"], one["end_date"] + timedelta(how.after_end.at_most)
    nexts = [s["start_date"] for s in of_same_treatment(one, series) if s["start_date"] > one["start_date"]]
    beside = [r for r in own["declared_session"] if r["is_comparator"] and r["treatment"] == one["treatment"]]
    nexts += [r["session_date"] for r in beside if r["session_date"] > start]
    until = min([until, *(day - timedelta(1) for day in nexts)])
    best = None
    for instrument in sorted(knowledge.instruments.values(), key=lambda i: i.rank):
        by_day: dict[date, float] = {}
        for r in own["measurement"]:
            if r["instrument"] == instrument.id and r["total"] is not None:
                by_day[r["measured_date"]] = max(r["total"], by_day.get(r["measured_date"], r["total"]))
        before = [d for d in by_day if start - timedelta(how.baseline.before) <= d <= start]
        later = {d: by_day[d] for d in sorted(by_day) if start < d <= until}
        if before and later and (best is None or len(later) > len(best[2])):
            best = instrument, (max(before), by_day[max(before)]), later
    return best


def of_same_treatment(one: Row, series: list[Row]) -> list[Row]:
    return [s for s in series if (s["person_id"], s["treatment"]) == (one["person_id"], one["treatment"])]


def better(total: float, baseline: float, instrument) -> float | None:
    """The improvement in per cent; None where there was nothing to improve."""
    return None if baseline <= instrument.remission.at_most else 100 * (baseline - total) / baseline


def responses(one: Row, scores, knowledge: Knowledge) -> list[Row]:
    rows = []
    for number, checkpoint in enumerate(knowledge.treatments[one["treatment"]].checkpoints, 1):
        row: Row = {"checkpoint_number": number, "checkpoint": checkpoint.label, "instrument": None}
        row |= dict.fromkeys(
            ("baseline_total", "measured_date", "total", "improvement_pct", "is_response", "is_remission")
        )
        if scores is not None:
            instrument, (_, baseline), later = scores
            row |= {"instrument": instrument.id, "baseline_total": baseline}
            inside = [d for d in later if checkpoint.first <= (d - one["start_date"]).days <= checkpoint.last]
            if inside:
                day = max(inside)
                change = better(later[day], baseline, instrument)
                row |= {"measured_date": day, "total": later[day], "improvement_pct": change}
                row["is_response"] = None if change is None else change >= instrument.response.at_least
                row["is_remission"] = later[day] <= instrument.remission.at_most
        rows.append(row)
    return rows


def effect(one: Row, scores, series: list[Row], own, knowledge: Knowledge) -> Row:
    row: Row = dict.fromkeys(
        ("instrument", "baseline_date", "baseline_total", "best_total", "best_improvement_pct", "onset_date", "n_days_to_onset",
         "remission_date", "last_response_date", "lost_date", "n_days_benefit")
    ) | {"n_scores": 0}  # fmt: skip
    if scores is None:
        return row
    instrument, (day, baseline), later = scores
    changes = {d: better(total, baseline, instrument) for d, total in later.items()}
    known = [c for c in changes.values() if c is not None]
    row |= {"instrument": instrument.id, "baseline_date": day, "baseline_total": baseline, "n_scores": len(later)}
    row |= {"best_total": min(later.values()), "best_improvement_pct": max(known, default=None)}
    if not known:
        return row
    row["remission_date"] = next((d for d in later if later[d] <= instrument.remission.at_most), None)
    in_response = [d for d in later if changes[d] >= instrument.response.at_least]
    if in_response:
        onset = in_response[0]
        lost = next((d for d in later if d > onset and d not in in_response), None)
        last = max(d for d in in_response if lost is None or d < lost)
        row |= {"onset_date": onset, "n_days_to_onset": (onset - one["start_date"]).days, "lost_date": lost}
        row |= {"last_response_date": last, "n_days_benefit": (last - onset).days}
    return row


def burdens(one: Row, own, knowledge: Knowledge) -> list[Row]:
    how, start, end = knowledge.following.stretches, one["start_date"], one["end_date"]
    stretches = {
        "before": (start - timedelta(how.before), start - timedelta(1)),
        "during": (start, end),
        "after": (end + timedelta(1), end + timedelta(how.after)),
    }
    exposures = oracle.find_exposures(own["medication"], knowledge)
    periods = [(r["start_date"].toordinal(), r["end_date"].toordinal()) for r in own["observation_period"]]
    rows = []
    for number, (stretch, (first, last)) in enumerate(stretches.items(), 1):
        taken: dict[str, list[float]] = {}
        for e in exposures:
            role = knowledge.ingredients[e.ingredient].role
            if role not in MEDICINES or (role == "antidepressant" and e.is_antidepressant_use is False):
                continue
            if e.start <= last.toordinal() and e.end >= first.toordinal():
                taken.setdefault(e.ingredient, [])
                taken[e.ingredient] += [e.mg_per_day] if e.mg_per_day is not None else []
        shares = [
            100 * max(doses) / knowledge.label_maxima[drug].max_mg_per_day
            for drug, doses in sorted(taken.items())
            if doses and drug in knowledge.label_maxima
        ]
        around = oracle.unbroken(periods, first.toordinal())
        is_observed = None if not periods else around is not None and around[1] >= last.toordinal()
        if any(row["reason"] != oracle.OF_INTERACTING for row in own["incomplete_medication"]):
            is_observed = False
        rows.append(
            {
                "stretch_number": number,
                "stretch": stretch,
                "start_date": first,
                "end_date": last,
                "is_observed": is_observed,
                "n_antidepressants": sum(knowledge.ingredients[d].role == "antidepressant" for d in taken),
                "n_psychotropics": len(taken),
                "n_dose_known": len(shares),
                "label_share_pct": sum(shares) if shares else None,
            }
        )
    return rows
