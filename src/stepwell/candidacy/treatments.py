"""What a person's trials and drugs say to what can be asked of them, in the same way as `answers`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from stepwell.knowledge.candidacy import NotTaking, OfDefinition, Taking
from stepwell.knowledge.candidacy_card import GROUPS
from stepwell.why.found import show_date, show_days

from .answers import ANSWERS, Known
from .holds import silence, tables_for
from .line import Found
from .trials import Judged, without_further_parts


def resistance(known: Known, ask: OfDefinition) -> Found:
    """The definition's own verdict, in the present episode where it counts within one."""
    return _of_trials(known, known.judged[ask.definition], "verdict")


def failed_trials(known: Known, ask: OfDefinition) -> Found:
    """Enough trials count by the definition, whatever else it asks."""
    only = without_further_parts(known.knowledge.definitions[ask.definition])
    return _of_trials(known, known.judged[only.id], "count")


def added(known: Known, ask: OfDefinition) -> Found:
    """Different drugs added, as the definition counts them; unknown where those of unknown length would be enough, or where
    drugs are not held."""
    certain, possible, needed = known.judged[ask.definition].added()
    drugs = "drug" if certain == 1 else "drugs"
    words = f"{certain or 'No'} {drugs} added to an antidepressant for long enough, {needed} needed"
    words += f"; {possible}, if those of unknown length were" if possible > certain else ""
    why, is_seen = silence(known.chart, tables_for("added", ask, known.knowledge))
    verdict = True if certain >= needed else None if possible >= needed or not is_seen else False
    words += f"; {why}" if verdict is None and possible < needed else ""
    return Found(verdict, words, str(certain), "drugs", "at least", str(needed))


def taking(known: Known, ask: Taking) -> Found:
    """An antidepressant on the day itself; unknown while the last supply may still last, or nothing would have been seen."""
    wanted = " or ".join(ask.of_class) if ask.of_class else "antidepressant"
    rows = [
        t
        for t in known.trials.trials.values()
        if t["role"] == "antidepressant"
        and t["is_antidepressant_use"] is not False
        and (not ask.of_class or t["drug_class"] in ask.of_class)
    ]
    shape = {} if ask.for_ is None else {"unit": "days", "comparison": "at least", "limit": str(ask.for_)}
    current = [t for t in rows if t["end_date"] >= known.chart.day]
    if current:
        t = max(current, key=lambda t: (t["n_days"], t["ingredient"]))
        label = known.knowledge.ingredients[t["ingredient"]].label
        words = f"{label[0].upper()}{label[1:]} since {show_date(t['start_date'])}, {show_days(t['n_days'])}"
        long_enough = ask.for_ is None or t["n_days"] >= ask.for_
        nearly = not long_enough and t["n_days"] >= known.share("days") / 100 * ask.for_
        certain = t["is_antidepressant_use"] is True
        words += "" if certain else "; at which dose is not known"
        verdict = False if not long_enough else True if certain else None
        return Found(verdict, words, str(t["n_days"]), address=t["address"], is_nearly=nearly, **shape)
    if rows:
        last = max(rows, key=lambda t: (t["end_date"], t["ingredient"]))
        words = f"The last supply of an {wanted} is known to last to {show_date(last['end_date'])}"
        if _may_go_on(known, last):
            return Found(None, f"{words}; it may still be taken", address=last["address"], **shape)
    else:
        words = f"No {wanted} recorded"
    why, is_seen = silence(known.chart, tables_for("taking", ask, known.knowledge), on_the_day=True)
    if not is_seen:
        return Found(None, f"{words}; {why}", **shape)
    return Found(False if ask.otherwise == "not met" else None, words, **shape)


def not_taking(known: Known, ask: NotTaking) -> Found:
    """Not met by a drug of the groups that is taken on the day, whatever it is taken for; never met."""
    chart = known.chart
    drugs = {i for i, form in known.knowledge.interacting.items() if form.group in ask.interacting}
    rows = [r for r in (*chart.exposure, *chart.concomitant) if r["ingredient"] in drugs]
    current = {r["ingredient"]: r for r in sorted(rows, key=_by_start) if r["end_date"] >= chart.day}
    if current:
        words = "; ".join(f"{_name(known, i)} since {show_date(r['start_date'])}" for i, r in sorted(current.items()))
        latest = max(current.values(), key=_by_start)
        return Found(False, words, latest["ingredient"], address=latest["address"])
    possible = [r for r in rows if _may_go_on(known, r)]
    if possible:
        last = max(possible, key=lambda r: (r["end_date"], r["ingredient"]))
        words = f"{_name(known, last['ingredient'])}: the last supply is known to last to {show_date(last['end_date'])}"
        return Found(None, f"{words}; it may still be taken", last["ingredient"], address=last["address"])
    tables = tables_for("not_taking", ask, known.knowledge)
    why, is_seen = silence(chart, tables, on_the_day=True, drugs=frozenset(drugs))
    groups = ", ".join(GROUPS[group] for group in ask.interacting)
    words = f"{groups[0].upper()}{groups[1:]}: {why}"
    words += f"; {ask.not_held}: not read by stepwell" if ask.not_held else ""
    return Found(None, words, is_none_recorded=is_seen and not ask.not_held)


def _by_start(row: dict) -> tuple:
    return row["start_date"], row["ingredient"], str(row["address"])


def _name(known: Known, ingredient: str) -> str:
    label = known.knowledge.label_of_drug(ingredient)
    return f"{label[0].upper()}{label[1:]}"


def _of_trials(known: Known, judged: Judged, name: str) -> Found:
    found = judged.determination
    verdict = judged.verdict(name)
    branch = judged.definition.branch[(found["branch"] or 1) - 1]
    what = {"ingredient": "drugs", "class": "drugs of different classes", "course": "courses"}[branch.count.distinct]
    n = found["n_counted"]
    what = what.replace("drugs", "drug", 1).replace("courses", "course") if n == 1 else what
    words = f"{n or 'No'} {what} count{'s' if n == 1 else ''}, {found['n_needed']} needed"
    if found["n_possible"] > found["n_counted"]:
        words += f"; {found['n_possible']} would, if everything unknown did"
    if judged.counts_in_episode and judged.episode:
        words += f"; episode of {show_date(judged.episode['start_date'])} to {show_date(judged.episode['end_date'])}"
        words += {False: ", which is over", None: ", of which nobody knows whether it goes on", True: ""}[
            judged.is_present
        ]
    if name == "verdict" and found["count"] is not False and (against := _what_else(found)):
        words += f"; but {', '.join(against)}"
    short = judged.nearly(known.share("days")) if verdict is False and found["count"] is False else ()
    if short:
        labels = known.knowledge.ingredients
        words += f"; nearly: {', '.join(f'{labels[drug].label} {by}' for drug, by in short)}"
    shape = {"unit": "trials", "comparison": "at least", "limit": str(found["n_needed"])}
    counted = [t for t in judged.rows if t["counts"]]
    address = judged.trials[counted[-1]["trial_number"]]["address"] if counted else None
    return Found(verdict, words, str(found["n_counted"]), address=address, is_nearly=bool(short), **shape)


def _what_else(found: dict) -> list[str]:
    """The criteria of the person that keep a definition from being met though enough trials count."""
    named = {
        "who.age": "the age is not the one asked",
        "who.diagnosis": "the diagnosis asked is not recorded",
        "who.never": "a diagnosis that excludes is recorded",
        "who.washout": "the time before the first antidepressant is too short",
    }
    return [words for name, words in named.items() if found[name] is False]


def _may_go_on(known: Known, trial: dict) -> bool:
    """Whether a drug whose last known day is past may still be taken: the pause is not longer than one that trials bridge."""
    how = known.trials.definition.trials
    longest = how.max_gap.at_most if trial["is_end_known"] else how.unknown_supply.at_most
    return known.chart.day <= trial["end_date"] + timedelta(longest)


JUDGES: dict[str, Callable[[Known, object], Found]] = ANSWERS | {
    "resistance": resistance,
    "failed_trials": failed_trials,
    "added": added,
    "taking": taking,
    "not_taking": not_taking,
}
"""What answers each thing that can be asked, by its name in the form."""
