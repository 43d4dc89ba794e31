"""Adherence to a regimen, session by session and for the whole series: plain loops, from docs/engine.md, 12, and the forms alone.
The sessions and series are those of `oracle_sessions`."""

from __future__ import annotations

from datetime import timedelta

import oracle
from oracle import Verdict, all_of, any_of

from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.regimen import OfAge, Regimen

Row = dict[str, object]
OF_A_SESSION = ("indicated", "in_force", "first_dose", "dose", "frequency", "observed", "pressure_before", "pressure_after",
                "pressure_end", "oxygen", "sedation", "dissociation", "form")  # fmt: skip


def judge_adherence(
    records: dict[str, list[Row]], sessions: list[Row], series: list[Row], regimen: Regimen, knowledge: Knowledge, has
) -> dict[str, list[Row]]:
    """`judged_session` and `judged_series` of every series that the regimen may be for."""
    found: dict[str, list[Row]] = {"judged_session": [], "judged_series": []}
    of_person: dict[int, dict[str, list[Row]]] = {}
    for name, rows in {**records, "session": sessions}.items():
        for row in rows:
            of_person.setdefault(row["person_id"], {n: [] for n in (*records, "session")})[name].append(row)
    for one in series:
        if one["treatment"] != regimen.treatment:
            continue
        own = of_person[one["person_id"]]
        indicated = is_indicated(one, own, regimen, knowledge, has)
        if indicated is False:
            continue
        days = [s for s in own["session"] if all(s[k] == one[k] for k in ("treatment", "series_number"))]
        days.sort(key=lambda s: s["session_number"])
        judged = []
        for s in days:
            verdicts = judge_session(s, days, own, regimen)
            if indicated is None:
                verdicts = dict.fromkeys(verdicts)
            judged.append(verdicts | {"indicated": indicated if regimen.indicated else None})
            found["judged_session"].append(
                {"regimen": regimen.name, "person_id": s["person_id"], "series_number": s["series_number"]}
                | {"session_number": s["session_number"], "week": s["week"], "n_in_week": len(so_far(s, days))}
                | {"phase": getattr(phase_of(s["week"], regimen), "id", None)}
                | {f"regimen.{name}": judged[-1][name] for name in OF_A_SESSION}
            )
        missed, n_missed = judge_missed(one, days, own, regimen, knowledge.treatments[one["treatment"]].procedures)
        asked = {name for name, _ in regimen.rules()}
        found["judged_series"].append(
            {"regimen": regimen.name, "person_id": one["person_id"], "series_number": one["series_number"]}
            | {"n_sessions": len(days), "n_missed": n_missed}
            | {"regimen.missed": None if indicated is None else missed}
            | {
                f"regimen.{name}": all_of(j[name] for j in judged) if f"regimen.{name}" in asked else None
                for name in OF_A_SESSION
            }
            | {
                f"{counted}.{name}": sum(j[name] is verdict for j in judged) if f"regimen.{name}" in asked else 0
                for counted, verdict in (("n_not_met", False), ("n_unknown", None))
                for name in OF_A_SESSION
            }
        )
    return found


def is_indicated(one: Row, own, regimen: Regimen, knowledge: Knowledge, has) -> Verdict:
    asked = regimen.indicated
    if asked is None:
        return True
    last = one["start_date"]
    first = last - timedelta(asked.within)
    named = {(a.instrument, item): a.at_least for a in asked.answers for item in a.items}
    least = {}  # every answer to an item about suicide in that time: is it the least there is
    for r in own["answer"]:
        item = (r["instrument"], r["item"])
        if not first <= r["answered_date"] <= last or item not in set(named) | set(knowledge.safety_items):
            continue
        if item in named and r["value"] is not None and r["value"] >= named[item]:
            return True
        least[item, r["answered_date"], r["address"]] = r["value"] == 0
    if any(first <= r["condition_date"] <= last and r["codeset"] in asked.any_of for r in own["condition"]):
        return True
    periods = [(r["start_date"].toordinal(), r["end_date"].toordinal()) for r in own["observation_period"]]
    around = oracle.unbroken(periods, last.toordinal())
    was_observed = around is not None and around[0] <= first.toordinal()
    hidden = oracle.is_hidden(own["code_gap"], "condition", asked.any_of, last.toordinal(), asked.within)
    hidden = hidden or oracle.is_hidden(own["code_gap"], "answer", (), last.toordinal(), asked.within)
    is_no_sign = bool(least) and all(least.values())
    return False if is_no_sign and "condition" in has and was_observed and not hidden else None


def judge_session(s: Row, days: list[Row], own, regimen: Regimen) -> dict[str, Verdict]:
    """Every criterion of one session but `indicated`; None where it is unknown, and where the regimen does not ask it."""
    read = {kind: readings(own, s, kind) for kind in {r["kind"] for r in own["monitoring"]}}

    def of(kind: str, first: float = float("-inf"), last: float = float("inf")) -> list[tuple[int, float]]:
        """(minute, value) of the readings of these minutes."""
        return sorted((m, v) for m, v in read.get(kind, []) if m is not None and first <= m <= last)

    verdicts: dict[str, Verdict] = dict.fromkeys(OF_A_SESSION)
    del verdicts["indicated"]
    if regimen.in_force_from:
        verdicts["in_force"] = s["session_date"] >= regimen.in_force_from
    is_first = s["session_number"] == 1
    for when, name in (("first session", "first_dose"), ("later sessions", "dose"), ("every session", "dose")):
        rules = [d for d in regimen.doses if d.when == when]
        if rules:
            is_asked = when == "every session" or is_first == (when == "first session")
            verdicts[name] = by_age(s, own, rules, lambda rule: dose(s, rule.any_of)) if is_asked else True
    phase = phase_of(s["week"], regimen)
    verdicts["frequency"] = None if phase is None else not_too_often(so_far(s, days), phase.at_most)
    if regimen.observed:
        longest = max((v for _, v in read.get("observed", [])), default=None)
        verdicts["observed"] = at_most(regimen.observed.at_least, longest)
    if regimen.form:
        verdicts["form"] = at_most(min((v for _, v in read.get("form sent", [])), default=None), regimen.form.within)
    before = {kind: last_of(of(kind, last=0)) for kind in ("systolic", "diastolic", "cadss")}
    if regimen.pressure_before:
        verdicts["pressure_before"] = by_age(
            s, own, regimen.pressure_before,
            lambda rule: all_of((at_most(before["systolic"], rule.systolic_at_most),
                                 at_most(before["diastolic"], rule.diastolic_at_most))),
        )  # fmt: skip
    if regimen.pressure_after:
        window = regimen.pressure_after.first, regimen.pressure_after.last
        inside = {kind: of(kind, *window) for kind in ("systolic", "diastolic")}
        verdicts["pressure_after"] = True if all(inside.values()) else None
        if regimen.pressure_end:
            verdicts["pressure_end"] = all_of(
                has_come_down(before[kind], first_of(inside[kind]), last_of(of(kind, window[1] + 1))) for kind in inside
            )
    if regimen.oxygen:
        is_asked = regimen.oxygen.valid_from is None or s["session_date"] >= regimen.oxygen.valid_from
        verdicts["oxygen"] = True if not is_asked or of("oxygen saturation", first=1) else None
    if regimen.sedation:
        verdicts["sedation"] = at_most(regimen.sedation.at_least, last_of(of("moaa-s", first=1), worst=min))
    if regimen.dissociation:
        end = last_of(of("cadss", first=1))
        verdicts["dissociation"] = any_of((at_most(end, regimen.dissociation.at_most), at_most(end, before["cadss"])))
    return verdicts


def readings(own, session: Row, kind: str) -> list[tuple[int | None, float]]:
    return [
        (m["minutes"], m["value"])
        for m in own["monitoring"]
        if (m["session_date"], m["kind"]) == (session["session_date"], kind) and m["value"] is not None
    ]


def last_of(found: list[tuple[int, float]], worst=max) -> float | None:
    return worst((v for m, v in found if m == found[-1][0]), default=None)


def first_of(found: list[tuple[int, float]]) -> float | None:
    return max((v for m, v in found if m == found[0][0]), default=None)


def at_most(value: float | None, limit: float | None) -> Verdict:
    return None if value is None or limit is None else value <= limit


def has_come_down(before: float | None, after: float | None, end: float | None) -> Verdict:
    """Whether the last reading is below the first after the dose, or equal to it where that was no higher than before."""
    if after is None or end is None:
        return None
    if end != after:
        return end < after
    return None if before is None else after <= before


def dose(s: Row, asked: tuple[float, ...]) -> Verdict:
    low, high = s["mg_at_least"], s["mg_at_most"]
    if low is not None and low == high:
        return low in asked
    possible = [mg for mg in asked if (low is None or mg >= low) and (high is None or mg <= high)]
    return None if possible else False


def by_age(s: Row, own, rules: list[OfAge], verdict_of) -> Verdict:
    """What the rules for the person's age on that day say; where the age allows several, what all of them say."""
    (person,) = own["person"]
    on = s["session_date"].toordinal()
    youngest, oldest = (oracle.age(oracle.day(person[f"birth_{end}_date"]), on) for end in ("latest", "earliest"))
    said = {
        verdict_of(rule)
        for rule in rules
        if (oldest is None or rule.age_at_least is None or oldest >= rule.age_at_least)
        and (youngest is None or rule.age_below is None or youngest < rule.age_below)
    }
    return said.pop() if len(said) == 1 else None


# --- how often ---


def phase_of(week: int, regimen: Regimen):
    for phase in regimen.phases:
        if phase.from_week <= week and (phase.until_week is None or week <= phase.until_week):
            return phase
    return None


def so_far(s: Row, days: list[Row]) -> list[Row]:
    """The sessions of that week up to this one."""
    return [o for o in days if o["week"] == s["week"] and o["session_number"] <= s["session_number"]]


def not_too_often(so_far: list[Row], most: int) -> Verdict:
    sure = sum(o["is_session"] is True for o in so_far)
    return True if len(so_far) <= most else False if sure > most else None


def judge_missed(one: Row, days: list[Row], own, regimen: Regimen, procedures: tuple[str, ...]) -> tuple[Verdict, int]:
    """Whether as many sessions were given as planned in every whole stretch before the week of the last, and how many fewer."""
    n_missed, is_sure, last_week = 0, True, days[-1]["week"]
    for phase in regimen.phases:
        if phase.at_least is None:
            continue
        first = phase.from_week
        until = min(last_week - 1, phase.until_week or last_week)
        while first + phase.every // 7 - 1 <= until:
            given = [s for s in days if first <= s["week"] < first + phase.every // 7]
            n_missed += max(0, phase.at_least - len(given))
            is_sure = is_sure and sum(s["is_session"] is True for s in given) >= phase.at_least
            first += phase.every // 7
    if regimen.missed is None:
        return None, n_missed
    if n_missed == 0:
        return (True if is_sure else None), 0
    periods = [(r["start_date"].toordinal(), r["end_date"].toordinal()) for r in own["observation_period"]]
    start, end = one["start_date"].toordinal(), one["end_date"].toordinal()
    around = oracle.unbroken(periods, start)
    lacking = {r["reason"] for r in own["incomplete_medication"]} - {oracle.OF_INTERACTING, oracle.GIVEN_IN_CARE}
    hidden = oracle.is_hidden(own["code_gap"], "procedure", procedures, end, end - start)
    return (False if around is not None and around[1] >= end and not lacking and not hidden else None), n_missed
