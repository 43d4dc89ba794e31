"""What stepwell's result says of one series, line by line: the question, what the records say, and by which rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from stepwell.knowledge.cited import Cited
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.sentences import provenance

YES, NO, OPEN = "yes", "no", "not known"
_OF_VERDICT = {True: YES, False: NO, None: OPEN}
_BEGUN = {
    "first": "the first series here",
    "pause": "begun after a pause",
    "re-induction": "a re-induction",
}
_FAST = "24 hours"
FIRST_WEEK = range(2, 8)
"""Days 2 to 7 after the first session."""


@dataclass(frozen=True)
class Series:
    """One series with its rows: `row` of `series`, `effect`, `responses`, `load`, `sessions`, and every total on the scale by
    which it is followed, from its baseline on."""

    row: Mapping
    effect: Mapping
    responses: Sequence[Mapping]
    load: Sequence[Mapping]
    sessions: Sequence[Mapping]
    totals: Sequence[tuple[date, float]]


def statements(series: Series, knowledge: Knowledge) -> list[dict]:
    """One line for each question: `asked`, `stands` (yes, no, not known), `found`, `rule`, `seen` (its source)."""
    made = [*_response(series, knowledge), *_fast(series, knowledge), _first_week(series)]
    made += [*_relapse(series, knowledge), _re_induction(series, knowledge)]
    return made


def _line(asked: str, stands: str, found: str, rule: str, of: Cited | None, knowledge: Knowledge) -> dict:
    seen = "" if of is None else provenance(of, knowledge).strip("[]")
    return {"asked": asked, "stands": stands, "found": found, "rule": rule, "seen": seen}


def _unscored(series: Series) -> str:
    return "No scale has a score before the first session and one after it"


def _response(series: Series, knowledge: Knowledge) -> Iterator[dict]:
    effect = series.effect
    form = knowledge.instruments.get(effect["instrument"] or "")
    if form is None:
        yield _line("Response", OPEN, _unscored(series), "", None, knowledge)
        yield _line("Remission", OPEN, _unscored(series), "", None, knowledge)
        return
    best = effect["best_improvement_pct"]
    if effect["onset_date"] is not None:
        found = (
            f"First in response on {show(effect['onset_date'])}, {days(effect['n_days_to_onset'])} and "
            f"{count(effect['n_sessions_to_onset'], 'session')} after the first; at best {best:.0f} % better"
        )
        stands = YES
    elif best is None:
        found, stands = f"{form.label} {effect['baseline_total']:g} before it: too well to improve by so much", OPEN
    else:
        stands, found = NO, f"At best {best:.0f} % better on {form.label}"
    rule = f"at least {form.response.at_least:g} % better than before the first session, on {form.label}"
    yield _line("Response", stands, found, rule, form.response, knowledge)
    if effect["remission_date"] is not None:
        stands, found = YES, f"First in remission on {show(effect['remission_date'])}"
    else:
        stands, found = NO, f"The best score was {effect['best_total']:g}"
    rule = f"{form.label} of {form.remission.at_most:g} or less"
    yield _line("Remission", stands, found, rule, form.remission, knowledge)


def _fast(series: Series, knowledge: Knowledge) -> Iterator[dict]:
    treatment = knowledge.treatments[series.row["treatment"]]
    rule = next((c for c in treatment.checkpoints if c.label == _FAST), None)
    row = next((r for r in series.responses if r["checkpoint"] == _FAST), None)
    if rule is None or row is None:
        return
    asked = f"a score in response from day {rule.first} to day {rule.last} after the first session"
    found = "No score in these days" if row["total"] is None else _scored(row)
    yield _line("Onset within 24 hours", _OF_VERDICT[row["is_response"]], found, asked, rule, knowledge)


def _scored(row: Mapping) -> str:
    change = row["improvement_pct"]
    better = "" if change is None else f", {abs(change):.0f} % {'worse' if change < 0 else 'better'}"
    return f"{row['total']:g} on {show(row['measured_date'])}{better}"


def _first_week(series: Series) -> dict:
    start, baseline = series.row["start_date"], series.effect["baseline_total"]
    seen = [((day - start).days, total) for day, total in series.totals if (day - start).days in FIRST_WEEK]
    told = [f"day {n}: {total:g}{_change(total, baseline)}" for n, total in seen]
    more = sum(1 <= (s["session_date"] - start).days <= FIRST_WEEK[-1] for s in series.sessions)
    found = "; ".join(told) or "No score in these days"
    rule = "how the scores stand in the days after the first session; nothing is judged by it"
    if more:
        rule += f". {count(more, 'further session')} had been given by then"
    stands = "seen" if told else OPEN
    return {"asked": "Days 2 to 7", "stands": stands, "found": found, "rule": rule, "seen": ""}


def _change(total: float, baseline: float | None) -> str:
    if not baseline:
        return ""
    share = 100 * (baseline - total) / baseline
    return f" ({abs(share):.0f} % {'worse' if share < 0 else 'better'})"


def _relapse(series: Series, knowledge: Knowledge) -> Iterator[dict]:
    effect, rule = series.effect, knowledge.following.lost
    asked = f"response lost within {rule.relapse_within} days of the first score in response; later it is a recurrence"
    if effect["onset_date"] is None:
        found = "There was no score in response that could be lost" if effect["instrument"] else _unscored(series)
        yield _line("Relapse", NO if effect["instrument"] else OPEN, found, asked, rule, knowledge)
        return
    lost = effect["lost_date"]
    held = f"In response for {days(effect['n_days_benefit'])} by the scores"
    if lost is not None:
        found, stands = f"{held}; lost on {show(lost)}: a {effect['ended']}", YES
    else:
        found, stands = f"{held}; {effect['ended']}, {show(effect['end_date'])}", NO
        if effect["ended"] == "not seen to end":
            found, stands = f"{held}; not seen lost up to the last score, {show(effect['end_date'])}", OPEN
    yield _line("Relapse", stands, found, asked, rule, knowledge)


def _re_induction(series: Series, knowledge: Knowledge) -> dict:
    treatment = knowledge.treatments[series.row["treatment"]]
    begun, again = series.row["begun_by"], treatment.again
    found = f"This series is {_BEGUN[begun]}"
    if again is None:
        return _line("Re-induction", YES if begun == "re-induction" else NO, found, "", None, knowledge)
    rule = (
        f"{again.at_least} sessions within {again.within} days, more than {again.after} days after the first session "
        f"and {again.pause} days after the one before"
    )
    return _line("Re-induction", YES if begun == "re-induction" else NO, found, rule, again, knowledge)


def checkpoints(series: Series) -> list[dict]:
    """How it stood at each checkpoint; `stands` is response, remission, no response or not known."""
    rows = []
    for row in series.responses:
        reached = {True: "response", False: "no response", None: OPEN}[row["is_response"]]
        if row["is_remission"] and row["is_response"] is not None:
            reached = "remission"
        rows.append(
            {
                "when": row["checkpoint"],
                "day": _iso(row["measured_date"]),
                "total": row["total"],
                "better": None if row["improvement_pct"] is None else round(row["improvement_pct"]),
                "stands": reached if row["total"] is not None else OPEN,
            }
        )
    return rows


def burden(series: Series) -> list[dict]:
    """The medicines before, during and after; `is_observed` None or False: there may have been more."""
    return [
        {
            "when": row["stretch"],
            "start": _iso(row["start_date"]),
            "end": _iso(row["end_date"]),
            "antidepressants": row["n_antidepressants"],
            "psychotropics": row["n_psychotropics"],
            "share": None if row["label_share_pct"] is None else round(row["label_share_pct"]),
            "is_observed": row["is_observed"],
        }
        for row in series.load
    ]


def show(day: date) -> str:
    """A day as a person reads it: `5 Mar 2026`."""
    return f"{day.day} {day:%b %Y}"


def days(n: int) -> str:
    """`1 day`, `3 days`."""
    return count(n, "day")


def count(n: int, what: str) -> str:
    """`1 session`, `3 sessions`."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
