"""The series of one person, told in the terminal: the sessions, what each regimen asks of them, what the series did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stepwell.why.found import show_date, show_days, show_number
from stepwell.why.series import find_series_evidence, show_dose

if TYPE_CHECKING:
    from stepwell.result_tables import ResultTables

_MARK = {"met": ("✓", "green"), "not met": ("✗", "red"), "unknown": ("?", "yellow")}
_SURE = {True: "session", False: "no session", None: "unknown whether a session"}
_BEGUN = {"first": "first series", "pause": "begun after a pause", "re-induction": "a re-induction"}
CAUTION = (
    "What came after a series did not come by it for certain: people are treated when they are worst, and nobody here was "
    "compared with someone who was not treated."
)


def tell_series(result: ResultTables, person: str) -> Iterator[RenderableType]:
    """Renderable parts for one person; none without a treatment given in sessions."""
    if "session" not in result.tables:
        return
    person_id = result.person_id(person)
    sessions = result.rows_of("session", person_id)
    if not sessions:
        return
    evidence = find_series_evidence(result, person)
    of = {name: result.rows_of(name, person_id) for name in ("series", "series_response", "effect", "load")}
    for treatment in sorted({s["treatment"] for s in sessions}):
        label = result.knowledge.treatments[treatment].label
        yield Text(f"\n{label}", style="bold")
        for series in (s for s in of["series"] if s["treatment"] == treatment):
            number = series["series_number"]
            own = {name: _of_series(rows, treatment, number) for name, rows in of.items()}
            yield Text(f"  {_headline(series)}", style="bold")
            yield _sessions([s for s in sessions if (s["treatment"], s["series_number"]) == (treatment, number)])
            lines = [e for e in evidence if (e["treatment"], e["series_number"]) == (treatment, number)]
            yield from _doubts(lines)
            yield from _regimens(lines, result)
            yield from _effect(own, result)
        none = [s for s in sessions if s["treatment"] == treatment and s["series_number"] is None]
        if none:
            yield Text(f"  Days that are no session: {len(none)}", style="bold")
            dates = {s["session_date"] for s in none}
            against = [e for e in evidence if e["treatment"] == treatment and e["session_date"] in dates]
            yield _lines([e for e in against if e["verdict"] == "not met"], with_day=True)
    yield Padding(Text(CAUTION, style="dim"), (0, 0, 0, 2))


def _of_series(rows: Sequence[dict], treatment: str, number: int) -> list[dict]:
    return [r for r in rows if r["treatment"] == treatment and r["series_number"] == number]


def _headline(series: dict) -> str:
    certain, possible = series["n_sessions"], series["n_sessions_possible"]
    n = f"{certain} sessions" if certain == possible else f"{certain} to {possible} sessions"
    phases = [f"{series[f'n_{p}']} {p}" for p in ("induction", "optimisation", "maintenance") if series[f"n_{p}"]]
    told = f"{series['series_number']}. {show_date(series['start_date'])} to {show_date(series['end_date'])}, {n}"
    told += f" ({', '.join(phases)})" if phases else ""
    return f"{told}: {_BEGUN[series['begun_by']]}" + ("" if series["is_series"] else "; unknown whether it is one")


def _sessions(sessions: Sequence[dict]) -> RenderableType:
    table = Table("", "day", "phase", "week", "dose", "", "read from", box=None, pad_edge=False)
    for s in sessions:
        doubt = "" if s["is_session"] else _SURE[s["is_session"]]
        doubt += "; doses contradict each other" if s["is_dose_contradictory"] else ""
        doubt += "; a dose that no session has" if s["is_dose_impossible"] else ""
        doubt += "; a code out of date" if s["is_code_out_of_date"] else ""
        where = (str(s["session_number"]), show_date(s["session_date"]), s["phase"] or "", str(s["week"]))
        table.add_row(*where, show_dose(s), doubt.strip("; "), s["address"])
    return Padding(table, (0, 0, 0, 5))


def _doubts(lines: Sequence[dict]) -> Iterator[RenderableType]:
    """Why a day may be no session, once for all days with the same reason."""
    open_ = [e for e in lines if e["criterion"].startswith("session.") and e["verdict"] == "unknown"]
    if open_:
        yield _lines(list({(e["criterion"], e["found"]): e for e in open_}.values()))


def _regimens(lines: Sequence[dict], result: ResultTables) -> Iterator[RenderableType]:
    for regimen in result.knowledge.regimens.values():
        own = [e for e in lines if e["rule"] == regimen.name]
        if not own:
            continue
        yield Padding(Text(f"{regimen.title} ({regimen.name}, {regimen.standing})", style="bold"), (0, 0, 0, 4))
        yield _lines([e for e in own if e["session_number"] is None])
        deviations = [e for e in own if e["session_number"] is not None and e["verdict"] == "not met"]
        if deviations:
            yield _lines(deviations, with_day=True)


def _effect(own: dict[str, list[dict]], result: ResultTables) -> Iterator[RenderableType]:
    (effect,) = own["effect"]
    if effect["instrument"] is None:
        yield Padding(
            Text("No scale has a score before the first session and one after it: the effect is unknown."), (0, 0, 0, 5)
        )
    else:
        label = result.knowledge.instruments[effect["instrument"]].label
        yield Padding(Text("\n".join(_told(effect, own["series_response"], label))), (0, 0, 0, 5))
    yield Padding(Text("\n".join(_around(effect))), (0, 0, 0, 5))
    yield Padding(Text("\n".join(_load(own["load"]))), (0, 0, 0, 5))


def _told(effect: dict, responses: Sequence[dict], label: str) -> Iterator[str]:
    before = f"{label} {show_number(effect['baseline_total'])} on {show_date(effect['baseline_date'])}"
    yield before + ("" if effect["best_improvement_pct"] is not None else ": too well at the start to improve")
    for r in responses:
        if r["total"] is None:
            yield f"{r['checkpoint']}: no score"
            continue
        reached = {True: "response", False: "no response", None: "unknown whether a response"}[r["is_response"]]
        reached += ", remission" if r["is_remission"] else ""
        change = "" if r["improvement_pct"] is None else f", {show_number(r['improvement_pct'])} % better"
        yield f"{r['checkpoint']}: {show_number(r['total'])} on {show_date(r['measured_date'])}{change}: {reached}"
    if effect["onset_date"] is None:
        yield "No score in response."
        return
    onset, after = show_date(effect["onset_date"]), show_days(effect["n_days_to_onset"])
    yield f"First in response on {onset}, {after} and {effect['n_sessions_to_onset']} sessions after the first"
    held = f"In response for {show_days(effect['n_days_benefit'])} by the scores"
    per = effect["n_days_benefit_per_session"]
    held += f", {show_number(per)} for each session" if per is not None else ""
    yield f"{held}; {effect['ended']} on {show_date(effect['end_date'])}"


def _around(effect: dict) -> Iterator[str]:
    bridge = {True: "yes", False: "no", None: "unknown"}[effect["bridge"]]
    yield f"An antidepressant begun around the first session and still taken after the last: {bridge}"
    before, after = (
        "not observed" if n is None else str(n) for n in (effect["n_episodes_before"], effect["n_episodes_after"])
    )
    yield f"Episodes begun in the year before the first session: {before}; in the year after the last: {after}"


def _load(loads: Sequence[dict]) -> Iterator[str]:
    for row in loads:
        share = row["label_share_pct"]
        dose = f", {show_number(share)} % of the label's greatest doses" if share is not None else ""
        seen = {True: "", False: "; not all of it observed", None: "; not observed"}[row["is_observed"]]
        n, more = row["n_antidepressants"], row["n_psychotropics"] - row["n_antidepressants"]
        counted = f"{n} antidepressant{'s' * (n != 1)}" + (f" and {more} other" if more else "")
        yield f"Medicines {row['stretch']}: {counted}{dose}{seen}"


def _lines(rows: Sequence[dict], with_day: bool = False) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("mark", "criterion", "found"):
        table.add_column(column, no_wrap=column != "found")
    for row in rows:
        mark, colour = _MARK[row["verdict"]]
        day = f"{show_date(row['session_date'])}: " if with_day else ""
        _, _, asked = row["sentence"].partition(". Asked: ")
        table.add_row(
            Text(mark, style=colour), row["criterion"], Text.assemble(f"{day}{row['found']}", (f"  [{asked}]", "dim"))
        )
    return Padding(table, (0, 0, 0, 5))
