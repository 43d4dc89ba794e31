"""Sessions and series in plain loops, written from docs/engine.md, 11: slow, short, and for comparison only."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from oracle import day as to_day
from oracle import is_hidden

from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.treatment import Treatment

Row = dict[str, object]


def find_sessions(records: dict[str, list[Row]], knowledge: Knowledge, has) -> dict[str, list[Row]]:
    """The tables `session` and `series`, as far as the oracle knows them."""
    sessions, series = [], []
    for person in records["person"]:
        own = {
            name: [r for r in rows if r["person_id"] == person["person_id"]]
            for name, rows in records.items()
            if name != "person"
        }
        for treatment in knowledge.treatments.values():
            days = [_occasion(day, rows, treatment) for day, rows in _by_day(own, treatment)]
            declared = {
                r["session_date"]
                for r in own.get("declared_session", [])
                if r["treatment"] == treatment.id and not r["is_comparator"]
            }
            for day in days:
                day["is_declared"] = day["day"] in declared
                _judge(day, person, own, treatment, has)
            runs = _runs([d for d in days if d["candidate"] is not False], treatment)
            sessions += [_settled(d, person, treatment) for d in days]
            series += [_series(n, run, person, treatment, runs) for n, run in enumerate(runs, 1)]
    return {"session": sessions, "series": series}


def _by_day(own, treatment: Treatment):
    """The rows that speak of the treatment, day by day, each once, with how many are alike."""
    rows = [
        {"day": r["given_date"], "sort": "drug", "where": r["address"],
         **{k: r[k] for k in ("kind", "code", "quantity", "mg", "route", "minute")}}
        for r in own["dose"]
        if r["ingredient"] in treatment.ingredients
    ]  # fmt: skip
    rows += [
        {"day": r["procedure_date"], "sort": "procedure", "where": r["address"], "kind": "procedure", "code": r["code"],
         "quantity": r["quantity"], "mg": None, "route": None, "minute": None}
        for r in own["procedure"]
        if r["procedure"] in treatment.procedures
    ]  # fmt: skip
    for day in sorted({r["day"] for r in rows}):
        yield day, [r for r in rows if r["day"] == day]


def _occasion(day, rows, treatment: Treatment) -> Row:
    codes = {c.code: c for c in treatment.codes}
    for r in rows:
        code = codes.get(r["code"])
        r["told"] = code
        r["valid"] = code and (code.valid_from or day) <= day <= (code.valid_until or day)
        if code and code.mg_per_unit is not None:
            r["sort"] = "units"
            r["mg"] = None if r["quantity"] is None else r["quantity"] * code.mg_per_unit
        elif code:
            r["sort"] = "visit"
        r["wrong"] = r["mg"] is not None and not _possible(r["mg"], treatment)
        if r["wrong"]:
            r["mg"] = None
    distinct = {}
    for r in rows:
        key = tuple(v for k, v in r.items() if k not in ("where", "told"))
        distinct.setdefault(key, []).append(r)
    once = [{**same[0], "n": len(same)} for same in distinct.values()]
    rank = {"administration": 0, None: 1, "supply": 2}
    drug = [r for r in once if r["sort"] == "drug"]
    drug = [r for r in drug if rank[r["kind"]] == min(rank[d["kind"]] for d in drug)]
    units = [r for r in once if r["sort"] == "units" and r["valid"]]
    visits = [r["told"] for r in once if r["sort"] == "visit" and r["valid"]]
    spans = [s for s in (_span(drug, treatment), _span(units, treatment), _visit_span(visits, treatment)) if s]
    lows, highs = ([s[n] for s in spans if s[n] is not None] for n in (0, 1))
    low, high = max(lows, default=None), min(highs, default=None)
    contradicts = low is not None and high is not None and low > high
    if contradicts:
        low, high = min(lows), max(highs)
    routes = {r["route"] for r in once if r["route"]}
    return {
        "day": day,
        "is_given": any(
            r["kind"] == "administration"
            or ((r["kind"] == "procedure" or r["sort"] != "drug") and r["valid"] is not False)
            for r in rows
        ),
        "mg_at_least": low,
        "mg_at_most": high,
        "mg": low if low == high else None,
        "route": routes.pop() if len(routes) == 1 else None,
        "is_dose_contradictory": contradicts,
        "is_dose_impossible": any(r["wrong"] and r["kind"] != "supply" for r in rows),
        "is_code_out_of_date": any(r["valid"] is False for r in rows),
        "n_records": len(rows),
        "n_repeated_records": len(rows) - len(once),
        "address": min(r["where"] for r in rows),
    }


def _possible(mg: float, treatment: Treatment) -> bool:
    p = treatment.possible
    return p is None or (p.at_least <= mg <= p.at_most and (p.multiple_of is None or mg % p.multiple_of == 0))


def _span(rows, treatment: Treatment):
    """What these rows say of the dose together: at least, at most."""
    if not rows or any(r["mg"] is None for r in rows):
        return None
    most = treatment.possible.at_most if treatment.possible else float("inf")
    low, high = sum(r["mg"] for r in rows), sum(r["mg"] * r["n"] for r in rows)
    return None if low > most else (low, low if high > most else high)


def _visit_span(codes, treatment: Treatment):
    if not codes:
        return None
    p = treatment.possible
    above = max((c.mg_above for c in codes if c.mg_above is not None), default=None)
    most = min((c.mg_at_most for c in codes if c.mg_at_most is not None), default=p.at_most)
    return ((above // p.multiple_of + 1) * p.multiple_of if above is not None else p.at_least), most


def _judge(d: Row, person: Row, own, treatment: Treatment, has) -> None:
    """Adds the verdicts; True, False, or None for unknown."""
    day, verdicts, gaps = d["day"], {}, own.get("code_gap", [])
    born, born_by, died = (person.get(k) for k in ("birth_earliest_date", "birth_latest_date", "death_date"))
    unlived = (born and day < born) or (died and day > died)
    verdicts["session.alive"] = False if unlived else None if born_by and day < born_by else True
    verdicts["session.given"] = True if d["is_given"] or d["is_declared"] else None
    if d["is_declared"]:
        d["verdicts"], d["candidate"] = verdicts, verdicts["session.alive"]
        return
    seen = _seen_from(own["observation_period"], day)
    if treatment.routes:
        verdicts["session.route"] = None if d["route"] is None else d["route"] in treatment.routes.any_of
    if treatment.dose:
        low, high, most = d["mg_at_least"], d["mg_at_most"], treatment.dose.at_most
        verdicts["session.dose"] = (
            True if high is not None and high <= most else False if low is not None and low > most else None
        )
    if treatment.apart:
        was = any(r["procedure_date"] == day and r["procedure"] in treatment.apart.any_of for r in own["procedure"])
        verdicts["session.apart"] = False if was else True if seen and "procedure" in has else None
        if not was and is_hidden(gaps, "procedure", treatment.apart.any_of, to_day(day), 0):
            verdicts["session.apart"] = None
    if treatment.diagnosed:
        first = day - timedelta(treatment.diagnosed.within)
        was = any(
            first <= r["condition_date"] <= day and r["codeset"] in treatment.diagnosed.any_of for r in own["condition"]
        )
        looked = seen and seen <= first and "condition" in has
        looked = looked and not is_hidden(
            gaps, "condition", treatment.diagnosed.any_of, to_day(day), treatment.diagnosed.within
        )
        verdicts["session.diagnosed"] = True if was else False if looked else None
    d["verdicts"] = verdicts
    d["candidate"] = False if False in verdicts.values() else None if None in verdicts.values() else True


def _seen_from(periods, day):
    """The first day of the unbroken observation that holds the day."""
    first = None
    held = [p for p in periods if p["start_date"] <= day <= p["end_date"]]
    while held:
        first = min(p["start_date"] for p in held)
        held = [p for p in periods if p["start_date"] < first <= p["end_date"] + timedelta(1)]
    return first


def _runs(days, treatment: Treatment):
    """The series: lists of days; also whether each day's unbroken run is repeated often enough."""
    runs: list[list[Row]] = []
    for d in days:
        if runs and (d["day"] - runs[-1][-1]["day"]).days <= treatment.pause.at_most:
            runs[-1].append(d)
        else:
            runs.append([d])
    series = []
    for run in runs:
        asked = treatment.repeated
        sure = [d["day"] for d in run if d["candidate"]]
        repeated = asked is None or any(
            (sure[n + asked.at_least - 1] - sure[n]).days <= asked.within for n in range(len(sure) - asked.at_least + 1)
        )
        starts = [0]
        if treatment.again:
            a = treatment.again
            for n, (before, d) in enumerate(pairwise(run), 1):
                together = run[n : n + a.at_least]
                if (
                    (d["day"] - run[0]["day"]).days > a.after
                    and (d["day"] - before["day"]).days >= a.pause
                    and len(together) == a.at_least
                    and (together[-1]["day"] - d["day"]).days <= a.within
                ):
                    starts.append(n)
        for place, (first, last) in enumerate(zip(starts, [*starts[1:], len(run)], strict=True)):
            part = run[first:last]
            part[0]["begun_by"] = "re-induction" if place else "pause" if series else "first"
            series.append(part)
            for number, d in enumerate(part, 1):
                is_repeated = True if repeated or d["is_declared"] else None
                d |= {"series_number": len(series), "session_number": number, "is_repeated": is_repeated}
                d["week"] = (d["day"] - part[0]["day"]).days // 7 + 1
                d["n_days_since"] = (d["day"] - part[number - 2]["day"]).days if number > 1 else None
    return series


def _settled(d: Row, person: Row, treatment: Treatment) -> Row:
    none = d["candidate"] is False
    both = {d["candidate"], d.get("is_repeated")}
    kept = ("route", "mg", "mg_at_least", "mg_at_most", "is_dose_contradictory", "is_dose_impossible",
            "is_code_out_of_date", "n_records", "n_repeated_records", "address")  # fmt: skip
    placed = ("series_number", "session_number", "week", "n_days_since")
    return {
        "person_id": person["person_id"],
        "treatment": treatment.id,
        "session_date": d["day"],
        "is_session": False if none else None if None in both else True,
        **d["verdicts"],
        **({"session.repeated": d["is_repeated"]} if treatment.repeated and not (none or d["is_declared"]) else {}),
        "is_declared": d["is_declared"],
        **{k: d.get(k) for k in (*kept, *placed)},
    }


def _series(number: int, run, person: Row, treatment: Treatment, runs) -> Row:
    sure = [d for d in run if d["candidate"] and d["is_repeated"]]
    before = runs[number - 2][-1]["day"] if number > 1 else None
    return {
        "person_id": person["person_id"],
        "treatment": treatment.id,
        "series_number": number,
        "is_series": True if sure else None,
        "begun_by": run[0]["begun_by"],
        "start_date": run[0]["day"],
        "end_date": run[-1]["day"],
        "n_sessions": len(sure),
        "n_sessions_possible": len(run),
        "n_days_since": (run[0]["day"] - before).days if before else None,
        "mg_total_at_least": sum(d["mg_at_least"] or 0 for d in run),
        "address": run[0]["address"],
    }
