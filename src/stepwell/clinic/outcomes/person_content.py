"""What came of one person's treatment, as plain values for a page. Every verdict is the engine's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from stepwell import Result
from stepwell.clinic.history import forms
from stepwell.clinic.sessions.records import day_of, minutes_of
from stepwell.knowledge.forms import Knowledge
from stepwell.report.around import around
from stepwell.report.person import latest_concern
from stepwell.why.series import show_dose
from stepwell.why.series_story import CAUTION

from .picture import draw
from .statements import Series, burden, checkpoints, statements

_TABLES = ("series", "session", "series_response", "effect", "load")
_DISSOCIATION = ("none", "mild", "moderate", "severe")


def compose(result: Result, person: str, lines: Sequence, sheets: Sequence, today: date) -> dict:
    """The content of the page: `series` (latest first), `goals`, `own` and `measures` (what is told beside the scale), `concern`
    (answers about suicide above zero), `adverse_events`, `unproven`."""
    knowledge, person_id = result.knowledge, result.person_id(person)
    rows = {name: result.rows_of(name, person_id) for name in _TABLES}
    found = {name: table.to_pyarrow().to_pylist() for name, table in around(result, person_id).items()}
    evidence = result.series_evidence(person)
    totals = result.rows_of("measurement", person_id)
    by_day = {day_of(sheet): sheet for sheet in sheets if sheet.is_given}
    shown = [_series(one, rows, found, totals, evidence, by_day, knowledge) for one in rows["series"]]
    latest = shown[-1] if shown else None
    return {
        "today": today.isoformat(),
        "series": shown[::-1],
        "goals": _goals(lines, latest),
        "measures": [] if latest is None else latest["measures"],
        "concern": _concern(found["concern"], knowledge),
        "adverse_events": adverse_events(sheets),
        "unproven": unproven(knowledge, {one["treatment"] for one in rows["series"]}),
        "knowledge": result.manifest["knowledge"],
        "stepwell": result.manifest["stepwell"],
    }


def _series(
    one: Mapping,
    rows: Mapping[str, list],
    found: Mapping[str, list],
    measurement: Sequence[Mapping],
    evidence: Sequence[Mapping],
    by_day: Mapping,
    knowledge: Knowledge,
) -> dict:
    key = (one["treatment"], one["series_number"])

    def own(of: Sequence[Mapping]) -> list:
        return [r for r in of if (r["treatment"], r["series_number"]) == key]

    (effect,) = own(rows["effect"])
    sessions, trajectory = own(rows["session"]), own(found["trajectory"])
    instrument = effect["instrument"]
    totals = (
        [(r["value_date"], r["value"]) for r in trajectory if r["instrument"] == instrument and r["item"] is None]
        if instrument
        else []
    )
    series = Series(one, effect, own(rows["series_response"]), own(rows["load"]), sessions, totals)
    label = knowledge.treatments[one["treatment"]].label
    scale = knowledge.instruments[instrument].label if instrument else None
    return {
        "label": label,
        "number": one["series_number"],
        "start": one["start_date"].isoformat(),
        "end": one["end_date"].isoformat(),
        "n_sessions": one["n_sessions"],
        "n_possible": one["n_sessions_possible"],
        "is_series": one["is_series"],
        "is_ongoing": one["is_ongoing"],
        "phases": {p: one[f"n_{p}"] for p in ("induction", "optimisation", "maintenance") if one[f"n_{p}"]},
        "scale": scale,
        "baseline": effect["baseline_total"],
        "last": _last(totals, effect),
        "statements": statements(series, knowledge),
        "checkpoints": checkpoints(series),
        "burden": burden(series),
        "bridge": {True: "yes", False: "no", None: "not known"}[effect["bridge"]],
        "sessions": [_session(s, totals, sessions, effect, by_day) for s in sessions],
        "regimens": _regimens(own([e for e in evidence if e["series_number"] is not None]), knowledge),
        "measures": _measures(trajectory, instrument, knowledge),
        "picture": draw(series, scale, _cuts(effect, knowledge)),
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


def _session(session: Mapping, totals: Sequence, sessions: Sequence, effect: Mapping, by_day: Mapping) -> dict:
    """One session with the next score after it, and what its sheet says of how it was borne."""
    day = session["session_date"]
    later = [s["session_date"] for s in sessions if s["session_date"] > day]
    until = min(later, default=date.max)
    after = next(((when, total) for when, total in sorted(totals) if day < when <= until), None)
    sheet = by_day.get(day)
    return {
        "number": session["session_number"],
        "day": day.isoformat(),
        "phase": session["phase"] or "",
        "dose": show_dose(session),
        "is_session": session["is_session"],
        "next": None
        if after is None
        else {
            "total": after[1],
            "n_days": (after[0] - day).days,
            "change": _change(after[1], effect["baseline_total"]),
        },
        "address": session["address"],
        "sheet": None if sheet is None else borne(sheet),
    }


def _change(total: float, baseline: float | None) -> float | None:
    return None if baseline is None else total - baseline


def borne(sheet) -> dict:
    """How a session was borne, by its sheet. None: nobody looked."""
    after = [r for r in sheet.readings if (m := minutes_of(sheet, r)) is None or m > 0]
    words = [r.dissociation for r in after if r.dissociation is not None]
    return {
        "session": str(sheet.session.pk),
        "is_signed": sheet.is_signed,
        "systolic": max((r.systolic for r in after if r.systolic is not None), default=None),
        "diastolic": max((r.diastolic for r in after if r.diastolic is not None), default=None),
        "spo2": min((r.spo2 for r in after if r.spo2 is not None), default=None),
        "sedation": min((r.sedation for r in after if r.sedation is not None), default=None),
        "dissociation": max(words, key=_DISSOCIATION.index, default=None),
        "minutes": None if sheet.minutes is None else int(sheet.minutes),
        "events": [event.what for event in sheet.adverse_events],
        "denies": sheet.denies_adverse_event,
    }


def adverse_events(sheets: Sequence) -> dict:
    """Adverse events over all sheets with a dose: each kind with how often, how often serious, how often not seen to end; and of
    how many sessions somebody said that there was none, or nobody said anything."""
    given = [sheet for sheet in sheets if sheet.is_given]
    kinds: dict[str, dict] = {}
    for sheet in given:
        for event in sheet.adverse_events:
            row = kinds.setdefault(event.what, {"what": event.what, "n": 0, "serious": 0, "open": 0, "sessions": []})
            row["n"] += 1
            row["serious"] += event.serious is True
            row["open"] += event.resolved_at is None
            row["sessions"].append(str(sheet.session.pk))
    none = sum(sheet.denies_adverse_event for sheet in given)
    told = sum(bool(sheet.adverse_events) for sheet in given)
    return {
        "sessions": len(given),
        "kinds": sorted(kinds.values(), key=lambda row: (-row["serious"], -row["n"], row["what"])),
        "none": none,
        "silent": len(given) - none - told,
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
    """What was measured beside the scales of depression: other scales, side effects, the clinic's own questions."""
    from stepwell.report.person_measures import measures_of

    shown = []
    for measure in measures_of(knowledge, trajectory, instrument):
        first, last = measure["rows"][0], measure["last"]
        shown.append(
            {
                "label": measure["label"],
                "about": measure["about"],
                "is_own": first["instrument"] is None,
                "is_monitoring": measure["is_monitoring"],
                "better": measure["better"],
                "baseline": measure["baseline"],
                "last": None if last is None else {"value": last["value"], "day": last["value_date"].isoformat()},
                "change": None if last is None else last["change"],
                "is_better": None if last is None else last["is_better"],
                "is_meaningful": None if last is None else last["is_meaningful"],
            }
        )
    return shown


def _goals(lines: Sequence, latest: Mapping | None) -> list[dict]:
    """What would be well enough in the person's words, with how far it is by the scale."""
    better = (latest or {}).get("last") or {}
    shown = []
    for line in lines:
        if line.kind == "goal" and line.state not in ("rejected", "struck"):
            goal = forms.read(line.kind, line.content)
            asked = goal.enough_pct
            reached = None if asked is None or better.get("better") is None else better["better"] >= asked
            shown.append({"text": goal.text, "asked": asked, "so_far": better.get("better"), "reached": reached})
    return shown


def _concern(rows: Sequence[Mapping], knowledge: Knowledge) -> list[str]:
    shown = []
    for row in latest_concern(list(rows))["above"]:
        label = knowledge.all_instruments[row["instrument"]].label
        items = row.get("items") or [row["item"]]
        what = f"{label}, item {' and '.join(items)}" if all(items) else label
        shown.append(f"{what}: above zero on {row['answered_date']:%Y-%m-%d}")
    return shown


def unproven(knowledge: Knowledge, treatments: set[str]) -> list[dict]:
    """What must be said beside any outcome, each with its source."""
    from stepwell.knowledge.sentences import provenance

    said = [{"text": CAUTION, "seen": ""}]
    evidence = knowledge.around.therapy.evidence[0]
    said.append({"text": evidence.text, "seen": provenance(evidence, knowledge).strip("[]")})
    for form in knowledge.candidacy.values():
        if form.treatment in treatments:
            said += [
                {"text": s.text, "seen": provenance(s, knowledge).strip("[]")} for s in form.says if "suicid" in s.text
            ]
    return list({one["text"]: one for one in said}.values())
