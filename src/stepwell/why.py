"""Why, line by line: the stored verdicts of one person as rows of `evidence`, each with what was found, what was asked,
who says so, where it was read, and a sentence.

Nothing is decided here. A verdict is read from the tables of the run; this module finds the value that it was judged by
and, where it is unknown, says what would settle it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from stepwell.knowledge.cited import Cited
from stepwell.knowledge.definition import Branch, Definition, TrialBuilding, fields
from stepwell.knowledge.explain import provenance, rule
from stepwell.knowledge.forms import Knowledge

if TYPE_CHECKING:
    from stepwell.result import Result

VERDICTS = {True: "met", False: "not met", None: "unknown"}


def find_evidence(result: Result, person: str) -> list[dict]:
    """One row is one criterion judged for the person or for one of their trials, in the order of the forms."""
    person_id = result.person_id(person)
    settings = result.manifest["setting_of"]
    trials = {(t["setting"], t["trial_number"]): t for t in result.rows_of("trial", person_id)}
    judged = result.rows_of("judged_trial", person_id)
    determined = {d["definition"]: d for d in result.rows_of("determination", person_id)}
    rows = []
    for definition in result.definitions:
        maker = _Maker(result.knowledge, definition, person_id)
        rows.extend(maker.of_person(determined[definition.name], has=frozenset(result.manifest["has"])))
        for verdicts in judged:
            if verdicts["definition"] == definition.name:
                trial = trials[settings[definition.name], verdicts["trial_number"]]
                rows.extend(maker.of_trial(trial, verdicts))
    return rows


class _Maker:
    """Makes the rows of one person under one definition."""

    def __init__(self, knowledge: Knowledge, definition: Definition, person_id: int):
        self.knowledge = knowledge
        self.definition = definition
        self.person_id = person_id

    def of_person(self, found: dict, has: frozenset[str]) -> Iterator[dict]:
        """The criteria of the person: age, diagnoses, and how many trials count."""
        who = self.definition.who
        if who.age is not None:
            value, words = (
                found["age_years"],
                "Aged {value} on {day}" if found["age_years"] is not None else "Age not known",
            )
            yield self._row("who.age", who.age, found["who.age"], words, value, "years", who.age.at_least, found=found)
        for path, asked, column in (
            ("who.diagnosis", who.diagnosis, "n_diagnoses"),
            ("who.never", who.never, "n_excluding"),
        ):
            if asked is not None:
                sets = ", ".join(self.knowledge.codesets[c].label for c in asked.any_of)
                missing = "" if "condition" in has else "; this source holds no diagnoses"
                words = f"{_days(found[column])} with a diagnosis of {sets}{missing}"
                limit = asked.at_least if path == "who.diagnosis" else 0
                yield self._row(path, asked, found[path], words, found[column], "days", limit, found=found)
        branch = self.definition.branch[(found["branch"] or 1) - 1]
        different = {"ingredient": "different drugs", "class": "different classes", "course": "courses"}
        words = f"{found['n_counted']} of {found['n_needed']} {different[branch.count.distinct]} count"
        if found["n_possible"] > found["n_counted"]:
            words += f"; {found['n_possible']} would, if everything unknown did"
        if found["count"] is None and found["n_possible"] < found["n_needed"]:
            words += "; the person was never observed, so more may be missing from the record"
        yield self._row(
            "count", branch.count, found["count"], words, found["n_counted"], "trials", found["n_needed"], found=found
        )

    def of_trial(self, trial: dict, verdicts: dict) -> Iterator[dict]:
        """The criteria of one trial under one branch. A trial of another role is not what the branch is about: no rows."""
        branch = self.definition.branch[verdicts["branch"] - 1]
        if not verdicts["trial.role"]:
            return
        for group, form in (("trial", branch.trial), ("failure", branch.failure)):
            for name, asked in fields(form):
                path = f"{group}.{name}"
                words, value, unit, limit = _FOUND[path](
                    _Asked(trial, asked, branch, self.definition.trials, self.knowledge)
                )
                yield self._row(
                    path, asked, verdicts[path], words, value, unit, limit, trial=trial, branch=verdicts["branch"]
                )

    def _row(
        self,
        path: str,
        asked: Cited,
        verdict: bool | None,
        words: str,
        value: object,
        unit: str | None,
        limit: object,
        *,
        found: dict | None = None,
        trial: dict | None = None,
        branch: int | None = None,
    ) -> dict:
        day = show_date(found["index_date"]) if found and found["index_date"] else "the index day"
        words = words.replace("{value}", str(value)).replace("{day}", day)
        comparison = next((c.replace("_", " ") for c in ("at_least", "below", "within") if hasattr(asked, c)), None)
        return {
            "definition": self.definition.name,
            "person_id": self.person_id,
            "branch": branch,
            "trial_number": trial["trial_number"] if trial else None,
            "criterion": path,
            "verdict": VERDICTS[verdict],
            "value": None if value is None else show_number(value),
            "unit": unit,
            "limit": None if limit is None else show_number(limit),
            "comparison": {"within": "at most"}.get(comparison, comparison),
            "source": f"{asked.source}, {asked.locator}" if asked.source else None,
            "seen": asked.seen,
            "choice": asked.choice,
            "address": trial["address"] if trial else None,
            "sentence": f"{words}. Asked: {rule(path, asked)} {provenance(asked, self.knowledge)}",
        }


class _Asked:
    """What a finder of values needs: the trial, the filled-in field, its branch, how trials were built."""

    def __init__(self, trial: dict, field: Cited, branch: Branch, how: TrialBuilding, knowledge: Knowledge):
        self.trial, self.field, self.branch, self.how, self.knowledge = trial, field, branch, how, knowledge


Found = tuple[str, object, str | None, object]
"""Words for what was found, the value, its unit, the limit."""


def _role(a: _Asked) -> Found:
    return f"{a.trial['role'].capitalize()} ({a.trial['drug_class']})", a.trial["role"], None, a.field.is_


def _use(a: _Asked) -> Found:
    words = {
        True: "Taken at a dose for depression",
        False: "Only at a low dose, or as a product for another use",
        None: "Often taken at a low dose for something else, and the dose is not known; a strength and quantity would settle it",
    }[a.trial["is_antidepressant_use"]]
    return words, a.trial["max_mg_per_day"], "mg/day", None


def _min_duration(a: _Asked) -> Found:
    t = a.trial
    words = f"{_days(t['n_days'])}, {show_date(t['start_date'])} to {show_date(t['end_date'])}"
    if t["n_days"] < a.field.at_least:
        words += _may_have_gone_on(t)
    return words, t["n_days"], "days", a.field.at_least


def _min_dose(a: _Asked) -> Found:
    t = a.trial
    minimum = t["min_adequate_mg_per_day"]
    if minimum is None:
        standard = a.how.dose_standard.is_
        words = f"{standard} gives no minimum adequate dose for {a.knowledge.ingredients[t['ingredient']].label}"
    else:
        words = f"{_days(t['n_days_adequate'])} at {show_number(minimum)} mg/day or more"
        if t["n_days_dose_unknown"]:
            words += f"; the dose is not known on {_days(t['n_days_dose_unknown'])}"
        elif t["n_days_adequate"] < a.field.at_least:
            greatest = t["max_mg_per_day"]
            words += f" (greatest dose {show_number(greatest)} mg/day)" if greatest is not None else ""
            words += _may_have_gone_on(t)
    return words, t["n_days_adequate"], "days", a.field.at_least


def _preceded_by(a: _Asked) -> Found:
    before = a.trial["antidepressant_before_date"]
    if before is None:
        words = "No antidepressant before it"
        if a.trial["possible_antidepressant_before_date"] is not None:
            words += " but one of which it is not known whether it was taken as one"
        return words, None, "days", a.field.within
    gap = (a.trial["start_date"] - before).days
    return (
        f"An antidepressant {_days(gap)} before it" if gap else "An antidepressant was running",
        gap,
        "days",
        a.field.within,
    )


def _score(a: _Asked) -> str:
    t = a.trial
    if t["instrument"] is None:
        names = ", ".join(i.label for i in sorted(a.knowledge.instruments.values(), key=lambda i: i.rank))
        baseline = (
            t["start_date"] - timedelta(a.how.baseline.before),
            t["start_date"] + timedelta(a.how.baseline.after),
        )
        last = t["end_date"] + timedelta(a.how.endpoint.after_end)
        nexts = [d for d in (t["switch_date"], t["added_date"]) if d is not None]
        endpoint = (t["start_date"] + timedelta(a.how.endpoint.after_start), min([last, *nexts]))
        if endpoint[0] > endpoint[1]:
            return "Not scored: the trial was too short for an endpoint score"
        return f"Not scored; the same one of {names} at {_span(*baseline)} and again at {_span(*endpoint)} would settle this"
    label = a.knowledge.instruments[t["instrument"]].label
    words = (
        f"{label} {show_number(t['baseline_total'])} on {show_date(t['baseline_date'])}, "
        f"{show_number(t['endpoint_total'])} on {show_date(t['endpoint_date'])}"
    )
    if t["improvement_pct"] is None:
        return f"{words}: too well at the start to improve"
    change = t["improvement_pct"]
    return f"{words}: {show_number(abs(change))} % {'better' if change >= 0 else 'worse'}"


def _improvement(a: _Asked) -> Found:
    return _score(a), a.trial["improvement_pct"], "%", a.field.below


def _not_remitted(a: _Asked) -> Found:
    cut = a.knowledge.instruments[a.trial["instrument"]].remission.at_most if a.trial["instrument"] else None
    return _score(a), a.trial["endpoint_total"], "points", cut


def _intolerant(a: _Asked) -> Found:
    reason = a.trial["stop_reason"]
    return (
        (f"Recorded reason for stopping: {reason}" if reason else "No reason for stopping recorded"),
        reason,
        None,
        None,
    )


def _switched(a: _Asked) -> Found:
    t = a.trial
    if a.field.when == "unscored" and t["improvement_pct"] is not None:
        return "Scored, so a switch is not asked", None, "days", a.field.within
    switch = t["switch_date"]
    if switch is not None:
        gap = (switch - t["end_date"]).days
        when = f"{_days(gap)} after its end" if gap > 0 else "by its end"
        return f"Another antidepressant begun on {show_date(switch)}, {when}", max(gap, 0), "days", a.field.within
    if t["possible_switch_date"] is not None:
        day = show_date(t["possible_switch_date"])
        return (
            f"A drug begun on {day} may have been the next antidepressant; its dose is not known",
            None,
            "days",
            a.field.within,
        )
    words = "No other antidepressant begun at its end or after"
    until = t["observed_until_date"]
    if until is None:
        words += "; the time after it was not observed"
    elif until < t["end_date"] + timedelta(a.field.within):
        words += f"; observed only until {show_date(until)}"
    return words, None, "days", a.field.within


def _added_to(a: _Asked) -> Found:
    t = a.trial
    if a.field.when == "unscored" and t["improvement_pct"] is not None:
        return "Scored, so an addition is not asked", None, None, None
    if t["added_date"] is not None:
        return f"Another drug added on {show_date(t['added_date'])}", None, None, None
    if t["possible_added_date"] is not None:
        day = show_date(t["possible_added_date"])
        return (
            f"A drug begun on {day} may have been added as an antidepressant; its dose is not known",
            None,
            None,
            None,
        )
    return "Nothing added" + ("" if t["observed_until_date"] else "; not observed"), None, None, None


def _taken(a: _Asked) -> Found:
    return "Taken", None, None, None


_FOUND: dict[str, Callable[[_Asked], Found]] = {
    "trial.role": _role,
    "trial.use": _use,
    "trial.min_duration": _min_duration,
    "trial.min_dose": _min_dose,
    "trial.preceded_by": _preceded_by,
    "failure.improvement": _improvement,
    "failure.not_remitted": _not_remitted,
    "failure.intolerant": _intolerant,
    "failure.switched": _switched,
    "failure.added_to": _added_to,
    "failure.taken": _taken,
}


def _may_have_gone_on(trial: dict) -> str:
    if not trial["is_end_known"]:
        return "; the record does not say how long the last supply lasted"
    if trial["is_ongoing"] is None:
        return "; the time after it was not observed, so it may have gone on"
    return "; still running when observation ended" if trial["is_ongoing"] else ""


def show_date(day: date) -> str:
    """`5 Mar 2020`."""
    return f"{day.day} {day:%b %Y}"


def show_number(value: object) -> str:
    """A number with at most one decimal, a word as it is."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def _span(first: date, last: date) -> str:
    return f"some day from {show_date(first)} to {show_date(last)}"


def _days(n: int) -> str:
    return f"{n} day" if n == 1 else f"{n} days"
