"""One person's series of sessions, told as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.sentences import provenance
from stepwell.report.around import around
from stepwell.report.person import latest_concern
from stepwell.report.person_measures import measures_of
from stepwell.result import Result
from stepwell.why.series import show_dose
from stepwell.why.series_story import CAUTION

from .statements import Series, burden, checkpoints, statements

_TABLES = ("series", "session", "series_response", "effect", "load")


def person_story(result: Result, person: str) -> dict:
    """What came of each series of a person (their id as the source writes it): `series` in order of time, `concern` (answers
    about suicide above zero), `unproven` (what must be said beside any of it).

    Each series has its `statements` (question, what the records say, by which rule), `checkpoints`, `sessions`, `burden` of
    medicines, `regimens` (asked and given), `measures` beside the scale, `totals` on it, and `cuts` of response and remission.
    """
    knowledge, person_id = result.knowledge, result.person_id(person)
    if "series" not in result.tables:
        return {"series": [], "concern": [], "unproven": unproven(knowledge, set())}
    rows = {name: result.rows_of(name, person_id) for name in _TABLES}
    found = around(result, person_id)
    evidence = [e for e in result.series_evidence(person) if e["series_number"] is not None]
    return {
        "series": [_series(one, rows | found, evidence, knowledge) for one in rows["series"]],
        "concern": _concern(found["concern"], knowledge),
        "unproven": unproven(knowledge, {one["treatment"] for one in rows["series"]}),
    }


def _series(one: Mapping, rows: Mapping[str, Sequence], evidence: Sequence[Mapping], knowledge: Knowledge) -> dict:
    key = (one["treatment"], one["series_number"])

    def own(of: Sequence[Mapping]) -> list:
        return [r for r in of if (r["treatment"], r["series_number"]) == key]

    (effect,) = own(rows["effect"])
    sessions, trajectory = own(rows["session"]), own(rows["trajectory"])
    instrument = effect["instrument"]
    totals = [
        (r["value_date"], r["value"])
        for r in trajectory
        if instrument is not None and r["instrument"] == instrument and r["item"] is None
    ]
    series = Series(one, effect, own(rows["series_response"]), own(rows["load"]), sessions, totals)
    return {
        "treatment": one["treatment"],
        "label": knowledge.treatments[one["treatment"]].label,
        "number": one["series_number"],
        "start": one["start_date"].isoformat(),
        "end": one["end_date"].isoformat(),
        "n_sessions": one["n_sessions"],
        "n_possible": one["n_sessions_possible"],
        "is_series": one["is_series"],
        "is_ongoing": one["is_ongoing"],
        "begun_by": one["begun_by"],
        "ended": effect["ended"],
        "lost": None if effect["lost_date"] is None else effect["lost_date"].isoformat(),
        "phases": {p: one[f"n_{p}"] for p in ("induction", "optimisation", "maintenance") if one[f"n_{p}"]},
        "scale": knowledge.instruments[instrument].label if instrument else None,
        "baseline": effect["baseline_total"],
        "last": _last(totals, effect),
        "totals": [(day.isoformat(), total) for day, total in totals],
        "cuts": _cuts(effect, knowledge),
        "statements": statements(series, knowledge),
        "checkpoints": checkpoints(series),
        "burden": burden(series),
        "bridge": {True: "yes", False: "no", None: "not known"}[effect["bridge"]],
        "sessions": [_session(s, totals, sessions, effect) for s in sessions],
        "regimens": _regimens(own(evidence), knowledge),
        "measures": _measures(trajectory, instrument, knowledge),
    }


def _last(totals: Sequence[tuple[date, float]], effect: Mapping) -> dict | None:
    if not totals:
        return None
    day, total = max(totals)
    baseline = effect["baseline_total"]
    better = round(100 * (baseline - total) / baseline) if baseline else None
    return {"day": day.isoformat(), "total": total, "better": better}


def _cuts(effect: Mapping, knowledge: Knowledge) -> dict[str, float]:
    """The totals from which it is response and remission."""
    form = knowledge.instruments.get(effect["instrument"] or "")
    if form is None:
        return {}
    cuts = {"remission": float(form.remission.at_most)}
    if effect["baseline_total"]:
        cuts["response"] = effect["baseline_total"] * (1 - float(form.response.at_least) / 100)
    return cuts


def _session(session: Mapping, totals: Sequence, sessions: Sequence, effect: Mapping) -> dict:
    """One session with the next score after it, up to the day of the next session."""
    day, baseline = session["session_date"], effect["baseline_total"]
    until = min((s["session_date"] for s in sessions if s["session_date"] > day), default=date.max)
    after = next(((when, total) for when, total in sorted(totals) if day < when <= until), None)
    following = None
    if after is not None:
        change = None if baseline is None else after[1] - baseline
        following = {"total": after[1], "n_days": (after[0] - day).days, "change": change}
    return {
        "number": session["session_number"],
        "day": day.isoformat(),
        "phase": session["phase"] or "",
        "dose": show_dose(session),
        "is_session": session["is_session"],
        "next": following,
        "address": session["address"],
    }


def _regimens(evidence: Sequence[Mapping], knowledge: Knowledge) -> list[dict]:
    """What each regimen asks of the whole series, and each session that was certainly not given so."""
    shown = []
    for regimen in knowledge.regimens.values():
        lines = [e for e in evidence if e["rule"] == regimen.name]
        of_all = [_asked(e) for e in lines if e["session_number"] is None]
        apart = [_asked(e) for e in lines if e["session_number"] is not None and e["verdict"] == "not met"]
        if of_all:
            shown.append({"title": regimen.title, "name": regimen.name, "lines": of_all, "apart": apart})
    return shown


def _asked(row: Mapping) -> dict:
    found, _, asked = row["sentence"].partition(". Asked: ")
    day = row["session_date"]
    told = {"verdict": row["verdict"], "found": found, "asked": asked, "address": row["address"]}
    return told | {"day": None if day is None else day.isoformat()}


def _measures(trajectory: Sequence[Mapping], instrument: str | None, knowledge: Knowledge) -> list[dict]:
    """What was measured beside the scales of depression: other scales, side effects, questions of the clinic's own."""
    shown = []
    for measure in measures_of(knowledge, trajectory, instrument):
        first, last = measure["rows"][0], measure["last"]
        told = {"label": measure["label"], "about": measure["about"], "is_own": first["instrument"] is None}
        told |= {name: measure[name] for name in ("is_monitoring", "better", "baseline")}
        of_last = {name: None if last is None else last[name] for name in ("change", "is_better", "is_meaningful")}
        value = None if last is None else {"value": last["value"], "day": last["value_date"].isoformat()}
        shown.append(told | of_last | {"last": value})
    return shown


def _concern(rows: Sequence[Mapping], knowledge: Knowledge) -> list[str]:
    shown = []
    for row in latest_concern(list(rows))["above"]:
        label = knowledge.all_instruments[row["instrument"]].label
        items = row.get("items") or [row["item"]]
        what = f"{label}, item {' and '.join(items)}" if all(items) else label
        shown.append(f"{what}: above zero on {row['answered_date'].isoformat()}")
    return shown


def unproven(knowledge: Knowledge, treatments: set[str]) -> list[dict]:
    """What must be said beside any outcome: `text` and, where somebody says so, `seen`."""
    evidence = knowledge.around.therapy.evidence[0]
    said = [{"text": CAUTION, "seen": ""}, {"text": evidence.text, "seen": _seen(evidence, knowledge)}]
    ingredients = {i for name in treatments for i in knowledge.treatments[name].ingredients}
    for form in knowledge.candidacies.values():
        if form.treatment in ingredients:
            said += [{"text": s.text, "seen": _seen(s, knowledge)} for s in form.says if "suicid" in s.text]
    return list({one["text"]: one for one in said}.values())


def _seen(cited, knowledge: Knowledge) -> str:
    return provenance(cited, knowledge).strip("[]")
