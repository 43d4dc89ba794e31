"""Why a day is a session and a series is given as its regimen asks: the stored verdicts of one person as rows, each with what was
found, what was asked and who says so. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from stepwell.knowledge.cited import Cited
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.regimen import DoseRule, Indication, OfAge, Phase, Regimen
from stepwell.knowledge.sentences import provenance
from stepwell.knowledge.treatment_card import CRITERION_FIELD, regimen_rule, treatment_rule
from stepwell.tables.sessions import OF_A_SESSION
from stepwell.why.age import age_between
from stepwell.why.found import show_date, show_days, show_number

if TYPE_CHECKING:
    from stepwell.result_tables import ResultTables

_VERDICTS = {True: "met", False: "not met", None: "unknown"}


def find_series_evidence(result: ResultTables, person: str) -> list[dict]:
    """One row is one criterion judged for one day of a treatment given in sessions, for one session under one regimen, or for a
    whole series under one (`session_number` NULL), as rows of the declared table `series_evidence`."""
    if "session" not in result.tables:
        return []
    person_id, knowledge = result.person_id(person), result.knowledge
    (born,) = result.rows_of("person", person_id)
    rows: list[dict] = []
    sessions = result.rows_of("session", person_id)
    for session in sessions:
        rows.extend(_of_day(session, knowledge))
    days = {(s["treatment"], s["series_number"], s["session_number"]): s for s in sessions}
    series = {(s["treatment"], s["series_number"]): s for s in result.rows_of("series", person_id)}
    for judged in result.rows_of("judged_session", person_id):
        regimen = _regimen(judged["regimen"], knowledge)
        day = days[regimen.treatment, judged["series_number"], judged["session_number"]]
        rows.extend(_of_session(judged, day, born, regimen, knowledge))
    for judged in result.rows_of("judged_series", person_id):
        regimen = _regimen(judged["regimen"], knowledge)
        of_series = series[regimen.treatment, judged["series_number"]]
        rows.extend(_of_series(judged, of_series, born, regimen, knowledge))
    return rows


def _regimen(name: str, knowledge: Knowledge) -> Regimen:
    return next(r for r in knowledge.regimens.values() if r.name == name)


def _of_day(session: dict, knowledge: Knowledge) -> Iterator[dict]:
    treatment = knowledge.treatments[session["treatment"]]
    for criterion, name in CRITERION_FIELD.items():
        form = getattr(treatment, name)
        if form is None or (session["is_session"] is False and criterion == "session.repeated"):
            continue
        if session["is_declared"] and criterion not in ("session.alive", "session.given"):
            continue
        found = _FOUND_OF_DAY[criterion](session)
        asked = [(treatment_rule(name, form), form)]
        yield _row(session, treatment.id, criterion, session[criterion], found, asked, knowledge)


def _given(s: dict) -> str:
    if s["is_declared"]:
        return "Declared to be a session by the source, so that nothing more is asked of it"
    return (
        "A dose charted, a visit or units billed" if s["session.given"] else "Only a supply, or a row that does not say"
    )


def _route(s: dict) -> str:
    return f"Given {s['route']}" if s["route"] else "No route recorded"


_FOUND_OF_DAY = {
    "session.alive": lambda s: {True: "In the person's lifetime", False: "Before birth or after death", None: "Around birth"}[
        s["session.alive"]
    ],
    "session.given": _given,
    "session.route": _route,
    "session.dose": lambda s: f"Dose {show_dose(s)}",
    "session.apart": lambda s: {
        True: "No such procedure that day",
        False: "Such a procedure on the same day",
        None: "No procedures are held, or not all could be read, or that day was not observed",
    }[s["session.apart"]],
    "session.diagnosed": lambda s: {
        True: "Diagnosed by then",
        False: "No such diagnosis in observed time",
        None: "No such diagnosis, but not all of that time was observed, or not all diagnoses could be read",
    }[s["session.diagnosed"]],
    "session.repeated": lambda s: (
        "Repeated as a treatment is" if s["session.repeated"] else "Not repeated: a single day may be anything"
    ),
}  # fmt: skip


def show_dose(session: dict) -> str:
    """`56 mg`, `28 to 56 mg`, `not known`."""
    low, high = session["mg_at_least"], session["mg_at_most"]
    if low is None:
        return "not known"
    if low == high:
        return f"{show_number(low)} mg"
    return f"{show_number(low)} to {show_number(high)} mg" if high is not None else f"at least {show_number(low)} mg"


def _of_session(judged: dict, day: dict, born: dict, regimen: Regimen, knowledge: Knowledge) -> Iterator[dict]:
    for criterion, form in _asked(regimen, born, day["session_date"]):
        if criterion in OF_A_SESSION and _is_of(form, judged) and _may_be_judged(criterion, judged, regimen):
            found = _FOUND_OF_SESSION[criterion](judged, day)
            asked = [(regimen_rule(criterion, form), form)]
            yield _row(day, regimen.name, criterion, judged[criterion], found, asked, knowledge)


def _asked(regimen: Regimen, born: dict, *days: date) -> Iterator[tuple[str, Cited]]:
    """The rules that a session or series is judged by; of those that go by age the ones that may be for this person then."""
    earliest, latest = born["birth_earliest_date"], born["birth_latest_date"]
    ages = [age_between(earliest, latest, day) for day in days]
    for criterion, form in regimen.rules():
        if criterion == "regimen.in_force" and form is not _first_in_force(regimen):
            continue
        if not isinstance(form, OfAge) or any(_may_be_for(form, age) for age in ages):
            yield criterion, form


def _first_in_force(regimen: Regimen) -> Indication | None:
    dated = [i for i in regimen.indications if i.valid_from]
    return min(dated, key=lambda i: i.valid_from, default=None)


def _may_be_for(rule: OfAge, age: tuple[int, int] | None) -> bool:
    if age is None:
        return True
    youngest, oldest = age
    is_too_young = rule.age_at_least is not None and oldest < rule.age_at_least
    is_too_old = rule.age_below is not None and youngest >= rule.age_below
    return not (is_too_young or is_too_old)


def _is_of(form: Cited, judged: dict) -> bool:
    """Whether the rule is for a session in this phase and place."""
    if isinstance(form, Phase):
        return form.id == judged["phase"]
    first = judged["session_number"] == 1
    return not isinstance(form, DoseRule) or form.when == "every session" or first == (form.when == "first session")


def _may_be_judged(criterion: str, judged: dict, regimen: Regimen) -> bool:
    """Where it is unknown whether the regimen is for the series, only that is told."""
    return criterion == "regimen.indicated" or regimen.indicated is None or judged["regimen.indicated"] is True


def _pressure(judged: dict, when: str) -> str:
    high, low = judged[f"systolic_{when}"], judged[f"diastolic_{when}"]
    if high is None and low is None:
        return "not recorded"
    return f"{'?' if high is None else show_number(high)}/{'?' if low is None else show_number(low)} mmHg"


def _oxygen(judged: dict) -> str:
    read = [("before the dose", "before"), ("least after it", "least"), ("last", "end")]
    said = [f"{words} {_reading(judged[f'oxygen_{n}'], '%')}" for words, n in read if judged[f"oxygen_{n}"] is not None]
    return f"Oxygen saturation: {', '.join(said) or 'not recorded'}"


def _reading(value: float | None, unit: str) -> str:
    return "not recorded" if value is None else f"{show_number(value)} {unit}"


_INDICATED = {
    True: "Recorded around the first session",
    False: "Looked for and not there",
    None: "No record settles it: this regimen may not be for this series, and nothing else of it is judged",
}
_FOUND_OF_SESSION = {
    "regimen.indicated": lambda j, d: _INDICATED[j["regimen.indicated"]],
    "regimen.in_force": lambda j, d: f"Given on {show_date(d['session_date'])}",
    "regimen.first_dose": lambda j, d: f"Dose {show_dose(d)}",
    "regimen.dose": lambda j, d: f"Dose {show_dose(d)}",
    "regimen.frequency": lambda j, d: f"Session {j['n_in_week']} of week {j['week']}",
    "regimen.observed": lambda j, d: f"Observed: {_reading(j['observed_minutes'], 'minutes')}",
    "regimen.pressure_before": lambda j, d: f"Before the dose: {_pressure(j, 'before')}",
    "regimen.pressure_after": lambda j, d: f"After the dose: {_pressure(j, 'after')}",
    "regimen.pressure_end": lambda j, d: f"At the end: {_pressure(j, 'end')}, after the dose {_pressure(j, 'after')}",
    "regimen.oxygen": lambda j, d: _oxygen(j),
    "regimen.sedation": lambda j, d: f"Last MOAA/S: {_reading(j['moaa_s_end'], 'points')}",
    "regimen.dissociation": lambda j, d: f"Last CADSS: {_reading(j['cadss_end'], 'points')}",
    "regimen.form": lambda j, d: (
        "Form: not recorded" if j["form_days"] is None else f"Form sent after {show_days(int(j['form_days']))}"
    ),
}


def _of_series(judged: dict, series: dict, born: dict, regimen: Regimen, knowledge: Knowledge) -> Iterator[dict]:
    by_criterion: dict[str, list[Cited]] = {}
    for criterion, form in _asked(regimen, born, series["start_date"], series["end_date"]):
        if not _may_be_judged(criterion, judged, regimen):
            continue
        by_criterion.setdefault(criterion, []).append(form)
    for criterion, forms in by_criterion.items():
        if criterion == "regimen.missed":
            found = f"{judged['n_missed']} missed in whole weeks before the last session's"
        elif criterion == "regimen.indicated":
            found = _INDICATED[judged[criterion]]
        else:
            name = criterion.partition(".")[2]
            n, wrong, unknown = judged["n_sessions"], judged[f"n_not_met.{name}"], judged[f"n_unknown.{name}"]
            parts = [f"{n - wrong - unknown} of {n} sessions"]
            parts += [f"not {wrong}"] * bool(wrong) + [f"unknown of {unknown}"] * bool(unknown)
            found = ", ".join(parts)
        row = {**judged, "treatment": regimen.treatment, "session_number": None, "session_date": None, "address": None}
        asked = [(regimen_rule(criterion, form), form) for form in forms]
        yield _row(row, regimen.name, criterion, judged[criterion], found, asked, knowledge)


def _row(
    of: dict,
    rule: str,
    criterion: str,
    verdict: bool | None,
    found: str,
    asked: list[tuple[str, Cited]],
    knowledge: Knowledge,
) -> dict:
    """One row of evidence; `asked` says what is asked, in words, with the form that asks it."""
    form = asked[0][1]  # the others of a criterion are the same rule's other phases or ages
    said = "; ".join(f"{words} ({provenance(form, knowledge).strip('[]')})" for words, form in asked)
    return {
        "rule": rule,
        "person_id": of["person_id"],
        "treatment": of["treatment"],
        "series_number": of["series_number"],
        "session_number": of["session_number"],
        "session_date": of["session_date"],
        "criterion": criterion,
        "verdict": _VERDICTS[verdict],
        "source": f"{form.source}, {form.locator}" if form.source else None,
        "seen": form.seen,
        "choice": form.choice,
        "address": of["address"],
        "found": found,
        "sentence": f"{found}. Asked: {said}",
    }
