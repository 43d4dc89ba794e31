"""What the records say of one person, for a reviewer: as recorded, without trials, episodes, verdicts, ids or source rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.incomplete_words import say_person_incomplete
from stepwell.report.around import around
from stepwell.report.person import latest_concern, suicidality_diagnosed, who_of
from stepwell.report.supplies import Supply
from stepwell.report.timeline import Story, draw_timeline, sessions_of
from stepwell.result import Result
from stepwell.why.found import show_number


def read_chart(result: Result, person: str, number: int) -> dict:
    """Everything that the page of one chart shows, by name."""
    person_id, knowledge = result.person_id(person), result.knowledge
    concern = around(result, person_id)["concern"]
    concern.sort(key=lambda r: (r["answered_date"], r["instrument"], r["item"] or ""))
    sessions = [r for r in result.rows_of("session", person_id) if r["is_session"] is not False]
    exposures = _apart(result.rows_of("exposure", person_id), sessions, knowledge)
    supplies = tuple(_supplies(exposures, knowledge))
    return {
        "who": who_of(result, person_id),
        "life": _draw(result, person_id, number, supplies),
        "supplies": list(_with_gaps(supplies)),
        "stopped": _stopped(exposures, knowledge),
        "holds": frozenset(result.manifest["has"]),
        "incomplete": _incomplete(result, person_id),
        "scores": _scores(result, person_id),
        "sessions": [s | {"label": knowledge.treatments[s["treatment"]].label} for s in sessions],
        "procedures": _coded(result.rows_of("procedure", person_id), "procedure", "procedure_date", knowledge),
        "diagnoses": _coded(result.rows_of("condition", person_id), "codeset", "condition_date", knowledge),
        "concern": concern,
        "labels": {i.id: i.label for i in knowledge.all_instruments.values()},
        "diagnosed": suicidality_diagnosed(result, person_id),
        **latest_concern(concern),
    }


def _draw(result: Result, person_id: int, number: int, supplies: tuple[Supply, ...]):
    given = sessions_of(result, person_id)
    scores = tuple(
        (s["label"], s["measured_date"], s["total"]) for s in _scores(result, person_id) if s["total"] is not None
    )
    days = [*(s.start for s in supplies), *(day for _, day in given), *(day for _, day, _ in scores)]
    start = min(days, default=None)
    story = Story(f"chart {number}", True, start, (), (), scores, (), given, supplies)
    return draw_timeline(story, {}, "life")


def _apart(exposures: Iterable[dict], sessions: Sequence[dict], knowledge: Knowledge) -> list[dict]:
    """The supplies that no session shows: a dose given in a session is in the list of sessions, with its amount and route."""
    given = {(i, s["session_date"]) for s in sessions for i in knowledge.treatments[s["treatment"]].ingredients}
    return [e for e in exposures if (e["ingredient"], e["start_date"]) not in given]


def _supplies(exposures: Iterable[dict], knowledge: Knowledge) -> Iterable[Supply]:
    """Supplies of one drug in one dose, joined where one begins on the day after the other; in the order of their first days."""
    joined: list[Supply] = []
    for e in exposures:  # in the order of drug and first day
        drug, last = knowledge.ingredients[e["ingredient"]], joined[-1] if joined else None
        supply = Supply(
            drug.label,
            drug.role == "antidepressant",
            e["start_date"],
            e["end_date"],
            "dose not recorded" if e["mg_per_day"] is None else f"{show_number(e['mg_per_day'])} mg/day",
            e["n_records"],
            e["is_supplied"],
            e["is_end_known"],
        )
        same = last and (last.label, last.dose, last.is_supplied) == (supply.label, supply.dose, supply.is_supplied)
        if same and supply.start <= last.end + timedelta(1):
            n, end = last.n_supplies + supply.n_supplies, max(last.end, supply.end)
            joined[-1] = replace(supply, start=last.start, end=end, n_supplies=n)
        else:
            joined.append(supply)
    return sorted(joined, key=lambda s: (s.start, s.label))


def _with_gaps(supplies: Sequence[Supply]) -> Iterable[dict]:
    """Each supply with the days since the one before of the same drug ended."""
    ends: dict = {}
    for s in supplies:
        before = ends.get(s.label)
        gap = None if before is None else max((s.start - before).days - 1, 0)
        ends[s.label] = s.end if before is None else max(before, s.end)
        yield {"supply": s, "gap": gap, "days": (s.end - s.start).days + 1}


def _stopped(exposures: Iterable[dict], knowledge: Knowledge) -> list[dict]:
    """Recorded reasons for stopping."""
    rows = [(e["end_date"], knowledge.ingredients[e["ingredient"]].label, e["stop_reason"]) for e in exposures]
    return [{"day": day, "label": label, "reason": reason} for day, label, reason in sorted(r for r in rows if r[2])]


def _scores(result: Result, person_id: int) -> list[dict]:
    labels = {i.id: i.label for i in result.knowledge.all_instruments.values()}
    rows = sorted(result.rows_of("measurement", person_id), key=lambda m: (m["measured_date"], m["instrument"]))
    return [m | {"label": labels.get(m["instrument"], m["instrument"])} for m in rows]


def _coded(rows: Iterable[dict], of_set: str, day: str, knowledge: Knowledge) -> list[dict]:
    """Records by their code: what it is about, on how many days, from when to when."""
    by_code: dict[tuple, list[dict]] = {}
    for row in rows:
        by_code.setdefault((row["vocabulary"], row["code"]), []).append(row)
    told = []
    for (vocabulary, code), of in by_code.items():
        days = sorted({row[day] for row in of})
        sets = dict.fromkeys(row[of_set] for row in of)
        label = "; ".join(knowledge.codesets[s].label if s in knowledge.codesets else s for s in sorted(sets))
        told.append({"label": label, "vocabulary": vocabulary, "code": code, "days": days})
    return sorted(told, key=lambda t: (t["days"][0], t["code"]))


def _incomplete(result: Result, person_id: int) -> list[str]:
    """What these records cannot say."""
    said = say_person_incomplete(result.incomplete_of(person_id))
    gaps = {g["record"] for g in (result.rows_of("code_gap", person_id) if "code_gap" in result.tables else ())}
    words = {"condition": "diagnoses", "procedure": "procedures", "answer": "measurements and observations"}
    if gaps:
        named = ", ".join(words[g] for g in sorted(gaps))
        said.append(
            f"Some {named} could not be identified: that one is not shown here does not mean that there was none."
        )
    return said
