"""What series did, which medicines were taken beside them, and what the arms of a trial did: plain loops, from docs/engine.md,
13, and the forms alone. The sessions and series are those of `oracle_sessions`."""

from __future__ import annotations

from datetime import date, timedelta
from math import inf

import oracle

from stepwell.knowledge.definition import TrialBuilding
from stepwell.knowledge.forms import Knowledge

Row = dict[str, object]
MEDICINES = ("antidepressant", "antipsychotic", "augmentation")


def find_effects(
    records: dict[str, list[Row]],
    sessions: list[Row],
    series: list[Row],
    form: TrialBuilding,
    knowledge: Knowledge,
    has,
) -> dict[str, list[Row]]:
    """The four tables of these people. `form` says how trials and episodes are built, `has` which record tables there are."""
    found: dict[str, list[Row]] = {"series_response": [], "effect": [], "load": [], "arm_response": []}
    of_person: dict[int, dict[str, list[Row]]] = {}
    for name, rows in {**records, "session": sessions, "series": series}.items():
        for row in rows:
            of_person.setdefault(row["person_id"], {n: [] for n in (*records, "session", "series")})[name].append(row)
    for person_id, own in of_person.items():
        for one in own["series"]:
            of_series = {k: one[k] for k in ("person_id", "treatment", "series_number")}
            scores = followed(one, nexts_of(one, own), own, knowledge)
            found["series_response"] += [of_series | r for r in responses(one, scores, knowledge)]
            row = effect(one, scores, own, knowledge)
            row |= beside(one, own, form, knowledge, has)
            found["effect"].append(of_series | row)
            found["load"] += [of_series | r for r in burdens(one, own, knowledge)]
        for treatment in knowledge.treatments.values():
            found["arm_response"] += [
                {"person_id": person_id, "treatment": treatment.id} | r for r in arms(treatment.id, own, knowledge)
            ]
    return found


def nexts_of(one: Row, own) -> list[date]:
    """The days on which something else begins to tell: the next series, a comparator of the treatment."""
    later = [s["start_date"] for s in of_same_treatment(one, own["series"])]
    compared = [r for r in own["declared_session"] if r["is_comparator"] and r["treatment"] == one["treatment"]]
    return [day for day in (*later, *(r["session_date"] for r in compared)) if day > one["start_date"]]


def followed(one: Row, nexts: list[date], own, knowledge: Knowledge) -> tuple | None:
    """The scale, its baseline (day, total) and the later scores by day; None where no scale has both."""
    how = knowledge.following
    start, until = one["start_date"], one["end_date"] + timedelta(how.after_end.at_most)
    until = min([until, *(day - timedelta(1) for day in nexts)])
    time = (start - timedelta(how.baseline.before)).toordinal(), until.toordinal()
    if oracle.undated(own["code_gap"], "measurement", knowledge.instruments, *time):
        return None
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


def effect(one: Row, scores, own, knowledge: Knowledge) -> Row:
    row: Row = dict.fromkeys(
        ("instrument", "baseline_date", "baseline_total", "best_total", "best_improvement_pct", "onset_date", "n_days_to_onset",
         "n_sessions_to_onset", "remission_date", "last_response_date", "lost_date", "ended", "end_date", "n_days_benefit",
         "n_days_benefit_per_session")
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
        given = [s["session_date"] for s in own["session"] if of_one(s, one)]
        row["n_sessions_to_onset"] = sum(d < onset for d in given)
        row["n_days_benefit_per_session"] = row["n_days_benefit"] / sum(d <= last for d in given)
        row["ended"], row["end_date"] = ending(one, onset, lost, max(later), own, knowledge)
    return row


def of_one(session: Row, one: Row) -> bool:
    return all(session[k] == one[k] for k in ("treatment", "series_number"))


def ending(one: Row, onset: date, lost: date | None, last_score: date, own, knowledge: Knowledge) -> tuple[str, date]:
    """How the benefit ended, and on which day."""
    if lost is not None:
        return "relapse" if (lost - onset).days <= knowledge.following.lost.relapse_within else "recurrence", lost
    nexts = [s["start_date"] for s in of_same_treatment(one, own["series"]) if s["start_date"] > one["start_date"]]
    (person,) = own["person"]
    if nexts:
        return "next series", min(nexts)
    return ("death", person["death_date"]) if person["death_date"] else ("not seen to end", last_score)


def beside(one: Row, own, form: TrialBuilding, knowledge: Knowledge, has) -> Row:
    """The antidepressant that took over, and the episodes before and after."""
    how, start, end = knowledge.following, one["start_date"].toordinal(), one["end_date"].toordinal()
    periods = [(r["start_date"].toordinal(), r["end_date"].toordinal()) for r in own["observation_period"]]
    trials = oracle.find_trials(oracle.find_exposures(own["medication"], knowledge), form, knowledge, periods)
    lacking = {r["reason"] for r in own["incomplete_medication"]} - {oracle.OF_INTERACTING}
    around = oracle.unbroken(periods, start)
    seen_until = around[1] if around else -inf
    still = end + how.bridge.still
    running: list[bool | None] = []
    for t in trials:
        if oracle.may_be_antidepressant(t) and -how.bridge.before <= t.start - start <= how.bridge.after:
            may_go_on = not t.is_end_known or t.is_ongoing is not False
            is_still = True if t.end >= still else None if may_go_on else False
            running.append(oracle.all_of((is_still, t.is_antidepressant_use)))
    bridge = oracle.any_of(running)
    if (bridge is False and (lacking or seen_until < still)) or oracle.WITHOUT_DAY in lacking:
        bridge = None
    conditions = [(r["condition_date"].toordinal(), r["codeset"]) for r in own["condition"]]
    episodes = oracle.find_episodes(trials, conditions, form)
    row: Row = {"bridge": bridge}
    for name, first, last in (
        ("before", start - how.episodes.days, start - 1),
        ("after", end + 1, end + how.episodes.days),
    ):
        around = oracle.unbroken(periods, first)
        is_known = around is not None and around[1] >= last and not lacking and {"condition", "medication"} <= set(has)
        is_known = is_known and not oracle.undated(own["code_gap"], "condition", oracle.DEPRESSION)
        row[f"n_episodes_{name}"] = sum(first <= e.start <= last for e in episodes) if is_known else None
    return row


def arms(treatment: str, own, knowledge: Knowledge) -> list[Row]:
    """Every run of declared sessions of one arm, at each checkpoint."""
    declared = [r for r in own["declared_session"] if r["treatment"] == treatment]
    by_day = {d: [r for r in declared if r["session_date"] == d] for d in sorted({r["session_date"] for r in declared})}
    runs: list[list[list[Row]]] = []
    for same_day in by_day.values():
        if len({arm_of(r) for r in same_day}) > 1:
            continue
        if runs and arm_of(runs[-1][-1][0]) == arm_of(same_day[0]):
            runs[-1].append(same_day)
        else:
            runs.append([same_day])
    found = []
    for number, run in enumerate(runs, 1):
        first, rows = run[0][0], [r for same_day in run for r in same_day]
        one = {"treatment": treatment, "start_date": first["session_date"], "end_date": run[-1][0]["session_date"]}
        nexts = [
            r["session_date"] for r in declared if r["session_date"] > one["end_date"] and arm_of(r) != arm_of(first)
        ]
        doses = {r["mg_per_kg"] for r in rows}
        about = {"arm_number": number, "arm": first["arm"], "is_comparator": first["is_comparator"]}
        about |= {k: one[k] for k in ("start_date", "end_date")} | {"n_sessions": len(run)}
        about |= {"mg_per_kg": doses.pop() if len(doses) == 1 else None, "address": min(r["address"] for r in run[0])}
        found += [about | r for r in responses(one, followed(one, nexts, own, knowledge), knowledge)]
    return found


def arm_of(row: Row) -> tuple:
    return row["arm"], row["is_comparator"]


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
