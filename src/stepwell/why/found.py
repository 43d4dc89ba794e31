"""What was found for each criterion of a trial: the words, the value with its unit, and the limit it was held against. Where the
verdict is unknown, the words say what is missing and, where one can, what would settle it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from stepwell.knowledge.cited import Cited
from stepwell.knowledge.definition import TrialBuilding
from stepwell.knowledge.forms import Knowledge


@dataclass(frozen=True)
class Asked:
    """What a finder needs: the trial (its rows of `trial` and `judged_trial` in one), the filled-in field, how trials were built,
    the knowledge."""

    trial: dict
    field: Cited
    how: TrialBuilding
    knowledge: Knowledge


Found = tuple[str, object, str | None, object]
"""Words for what was found, the value, its unit, the limit."""


def _role(a: Asked) -> Found:
    asked = a.field.is_ or ", ".join(a.field.any_of)
    return f"{a.trial['role'].capitalize()} ({a.trial['drug_class']})", a.trial["role"], None, asked


def _drug(a: Asked) -> Found:
    label = a.knowledge.ingredients[a.trial["ingredient"]].label
    return f"{label[0].upper()}{label[1:]} ({a.trial['drug_class']})", a.trial["ingredient"], None, None


def _use(a: Asked) -> Found:
    words = {
        True: "Taken at a dose for depression",
        False: "Only at a low dose, or as a product for another use",
        None: "Often taken at a low dose for something else, and the dose is not known; a strength and quantity would settle it",
    }[a.trial["is_antidepressant_use"]]
    return words, a.trial["max_mg_per_day"], "mg/day", None


def _min_duration(a: Asked) -> Found:
    t = a.trial
    words = f"{show_days(t['n_days'])}, {show_date(t['start_date'])} to {show_date(t['end_date'])}"
    if a.field.single_until_next is not None and t["n_exposures"] == 1:
        next_day = t["next_prescription_date"]
        words = f"A single prescription, on {show_date(t['start_date'])}; "
        words += f"the next of another drug on {show_date(next_day)}" if next_day else "none of another drug follows it"
    elif t["n_days"] < a.field.at_least:
        words += _may_have_gone_on(t)
    return words, t["n_days"], "days", a.field.at_least


def _min_dose(a: Asked) -> Found:
    t = a.trial
    minimum = t["min_adequate_mg_per_day"]
    if minimum is None:
        standard = a.how.dose_standard.is_
        words = f"{standard} gives no minimum adequate dose for {a.knowledge.ingredients[t['ingredient']].label}"
    else:
        words = f"{show_days(t['n_days_adequate'])} at {show_number(minimum)} mg/day or more"
        if t["n_days_dose_unknown"]:
            words += f"; the dose is not known on {show_days(t['n_days_dose_unknown'])}"
        elif t["n_days_adequate"] < a.field.at_least:
            greatest = t["max_mg_per_day"]
            words += f" (greatest dose {show_number(greatest)} mg/day)" if greatest is not None else ""
            words += _may_have_gone_on(t)
    return words, t["n_days_adequate"], "days", a.field.at_least


def _min_supplies(a: Asked) -> Found:
    n = a.trial["n_exposures"]
    words = f"Supplied {'once' if n == 1 else f'{n} times'}"
    if n < a.field.at_least:
        words += _may_have_gone_on(a.trial)
    return words, n, "supplies", a.field.at_least


def _preceded_by(a: Asked) -> Found:
    before = a.trial["antidepressant_before_date"]
    if before is None:
        words = "No antidepressant before it"
        if a.trial["possible_antidepressant_before_date"] is not None:
            words += " but one of which it is not known whether it was taken as one"
        return words, None, "days", a.field.within
    gap = (a.trial["start_date"] - before).days
    return (
        f"An antidepressant {show_days(gap)} before it" if gap else "An antidepressant was running",
        gap,
        "days",
        a.field.within,
    )


def _recent(a: Asked) -> Found:
    n, before = a.trial["n_recent_drugs"], a.trial["n_recent_drugs_before"]
    if n is None:
        return "Its first day is not inside an observed time", None, "drugs", a.field.at_least
    number = "1 of the drugs listed" if n == 1 else f"{n} of the drugs listed"
    return f"{number} taken lately, {before} begun before its first day", n, "drugs", a.field.at_least


def _diagnosed(a: Asked) -> Found:
    sets, n = ", ".join(a.knowledge.codesets[c].label for c in a.field.any_of), a.trial["n_recent_diagnoses"]
    if n is None:
        return "Its first day is not inside an observed time", None, "days", None
    return (
        f"{show_days(n)} with a diagnosis of {sets} in the {show_days(a.field.within)} up to its first day",
        n,
        "days",
        None,
    )


def _score(a: Asked) -> str:
    t = a.trial
    if t["instrument"] is None:
        names = " or ".join(i.label for i in sorted(a.knowledge.instruments.values(), key=lambda i: i.rank))
        baseline = (
            t["start_date"] - timedelta(a.how.baseline.before),
            t["start_date"] + timedelta(a.how.baseline.after),
        )
        last = t["end_date"] + timedelta(a.how.endpoint.after_end)
        nexts = [d for d in (t["switch_date"], t["added_date"]) if d is not None]
        endpoint = (t["start_date"] + timedelta(a.how.endpoint.after_start), min([last, *nexts]))
        if endpoint[0] > endpoint[1]:
            return "Not scored: the trial was too short for an endpoint score"
        doubt = "" if t["is_end_known"] else "; the record does not say when it ended, and so which score was the last"
        return f"Not scored: {names}, {_from_to(*baseline)} and again {_from_to(*endpoint)}, would settle it{doubt}"
    label = a.knowledge.instruments[t["instrument"]].label
    words = (
        f"{label} {show_number(t['baseline_total'])} on {show_date(t['baseline_date'])}, "
        f"{show_number(t['endpoint_total'])} on {show_date(t['endpoint_date'])}"
    )
    if t["improvement_pct"] is None:
        return f"{words}: too well at the start to improve"
    change = t["improvement_pct"]
    return f"{words}: {show_number(abs(change))} % {'better' if change >= 0 else 'worse'}"


def _improvement(a: Asked) -> Found:
    return _score(a), a.trial["improvement_pct"], "%", a.field.limit


def _still_ill(a: Asked) -> Found:
    t = a.trial
    words, least = _score(a), a.field.limits.get(t["instrument"])
    if t["instrument"] is not None and least is None:
        names = " or ".join(a.knowledge.instruments[i].label for i in a.field.limits)
        words += f"; only {names} would settle it"
    return words, t["endpoint_total"], "points", least


def _not_remitted(a: Asked) -> Found:
    cut = a.knowledge.instruments[a.trial["instrument"]].remission.at_most if a.trial["instrument"] else None
    return _score(a), a.trial["endpoint_total"], "points", cut


def _intolerant(a: Asked) -> Found:
    reason = a.trial["stop_reason"]
    return (
        (f"Recorded reason for stopping: {reason}" if reason else "No reason for stopping recorded"),
        reason,
        None,
        None,
    )


def _switched(a: Asked) -> Found:
    t = a.trial
    if a.field.when == "unscored" and t["improvement_pct"] is not None:
        return "Scored, so a switch is not asked", None, "days", a.field.within
    if a.field.by == "next prescription":
        return _next_prescription(a)
    other_class = a.field.to == "another class"
    switch, possible = (t[f"{p}{'class_' * other_class}switch_date"] for p in ("", "possible_"))
    if switch is not None:
        gap = (switch - t["end_date"]).days
        when = f"{show_days(gap)} after its end" if gap > 0 else "by its end"
        what = "An antidepressant of another class" if other_class else "Another antidepressant"
        return f"{what} begun on {show_date(switch)}, {when}", max(gap, 0), "days", a.field.within
    if possible is not None:
        day = show_date(possible)
        return (
            f"A drug begun on {day} may have been the next antidepressant; its dose is not known",
            None,
            "days",
            a.field.within,
        )
    words = f"No other antidepressant{' of another class' * other_class} begun at its end or after"
    until = t["observed_until_date"]
    if not t["is_end_known"]:
        words += "; the record does not say when it ended"
    elif until is None:
        words += "; the time after it was not observed"
    elif until < t["end_date"] + timedelta(a.field.within):
        words += f"; observed only until {show_date(until)}"
    return words, None, "days", a.field.within


def _next_prescription(a: Asked) -> Found:
    t, day = a.trial, a.trial["next_prescription_date"]
    if day is None:
        return "No prescription of another antidepressant comes next", None, "days", a.field.within
    gap = (day - t["end_date"]).days
    return f"Another antidepressant is prescribed next, {show_days(gap)} after its last", gap, "days", a.field.within


def _added_to(a: Asked) -> Found:
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
    doubt = "; the record does not say when it ended" if not t["is_end_known"] else ""
    return "Nothing added" + (doubt if t["observed_until_date"] else "; not observed"), None, None, None


def added(a: Asked) -> Found:
    """What was found of a drug that a branch may count as an added one; no criterion of a trial that is to fail."""
    before, t = a.trial["antidepressant_before_date"], a.trial
    words = (
        "Begun beside an antidepressant"
        if before == t["start_date"]
        else "Not known to be begun beside an antidepressant"
    )
    words += f", {show_days(t['n_days'])}"
    if t["n_days"] < a.field.for_:
        words += _may_have_gone_on(t)
    return words, t["n_days"], "days", a.field.for_


def _taken(a: Asked) -> Found:
    return "Taken", None, None, None


FINDERS: dict[str, Callable[[Asked], Found]] = {
    "trial.role": _role,
    "trial.use": _use,
    "trial.drug": _drug,
    "trial.min_duration": _min_duration,
    "trial.min_dose": _min_dose,
    "trial.min_supplies": _min_supplies,
    "trial.preceded_by": _preceded_by,
    "trial.recent": _recent,
    "trial.diagnosed": _diagnosed,
    "trial.still_ill": _still_ill,
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


def _from_to(first: date, last: date) -> str:
    return f"on {show_date(first)}" if first == last else f"from {show_date(first)} to {show_date(last)}"


def show_days(n: int) -> str:
    """`1 day`, `28 days`."""
    return f"{n} day" if n == 1 else f"{n} days"


def show_records(n: int) -> str:
    """`1 record`, `2 records`."""
    return f"{n} record" if n == 1 else f"{n} records"
