"""The page of one person: drugs, doses, scores, sessions and psychotherapy on one line of time; criteria below. It shows
dates and is for those who treat the person: as confidential as the records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jinja2 import PackageLoader
from markupsafe import Markup

from stepwell.knowledge.forms import SUICIDALITY, Knowledge
from stepwell.knowledge.plasma import Plasma
from stepwell.knowledge.plasma_card import apart
from stepwell.output import write_text
from stepwell.result import Result
from stepwell.why.found import show_date, show_number
from stepwell.why.series import show_dose
from stepwell.why.series_story import CAUTION

from .around import around
from .drawing import Drawing
from .letters import letter
from .paper import make_environment
from .person_measures import followed_scores, label_of, measures_of
from .series_chart import Asked, Dose, SeriesView, can_draw, draw_dose, draw_series
from .timeline import draw_timeline, find_story


@dataclass(frozen=True)
class SeriesShown:
    """One series as the page shows it: its rows, its picture, what was asked of it and what it did."""

    label: str
    row: dict
    sessions: tuple[dict, ...]
    chart: Drawing
    dose_chart: Drawing | None
    plasma: Plasma | None
    regimens: tuple[dict, ...]
    responses: tuple[dict, ...]
    effect: dict
    effect_label: str | None
    load: tuple[dict, ...]
    measures: tuple[dict, ...]
    therapy: tuple[dict, ...]


def write_person(result: Result, person: str, out: Path, *, replace_existing: bool = False) -> Path:
    """Writes the page of a person (their id as the source writes it) and returns where it is.

    Raises `QuestionError` for a person who is not there and for a place that cannot be written.
    """
    return write_text(out, render_person(result, person), replace_existing)


def render_person(result: Result, person: str) -> str:
    """The page as text; the same result gives the same text."""
    person_id, knowledge = result.person_id(person), result.knowledge
    definitions = result.definitions
    letters = {d.name: letter(i) for i, d in enumerate(definitions)}
    story = find_story(result, person_id, f"person {person}", letters, is_named=True)
    drawing = draw_timeline(story, letters, "life")
    found = around(result, person_id)
    series = _series(result, person, person_id, found)
    environment = make_environment(PackageLoader("stepwell.report"))
    environment.filters |= {"day": show_date, "num": lambda v: "–" if v is None else show_number(v)}
    concern = sorted(found["concern"], key=lambda r: r["answered_date"])
    return environment.get_template("person.html.j2").render(
        style=Markup(environment.loader.get_source(environment, "report.css")[0]),
        manifest=result.manifest,
        person=person,
        who=who_of(result, person_id),
        definitions=definitions,
        letters=letters,
        life=None if drawing is None else Markup(drawing.svg),
        series=series,
        svg=lambda drawing: Markup(drawing.svg),
        show_dose=show_dose,
        concern=concern,
        labels={i.id: i.label for i in knowledge.all_instruments.values()},
        **latest_concern(concern),
        diagnosed=suicidality_diagnosed(result, person_id),
        verdicts={row["definition"]: row for row in result.rows_of("determination", person_id)},
        evidence=_evidence(result, person, person_id),
        crisis=[line.text for line in knowledge.crisis.values()],
        caution=CAUTION,
        therapy_evidence=knowledge.around.therapy.evidence,
        misfits=_misfits(series),
    )


def latest_concern(concern: list[dict]) -> dict[str, list[dict]]:
    """Of each item the latest answer, where it is above zero; and the latest time it was asked, where nobody answered."""
    answered = {(r["instrument"], r["item"]): r for r in concern if r["value"] is not None}
    asked = {(r["instrument"], r["item"]): r for r in concern if r["item"] is not None}
    return {
        "above": _in_groups([r for r in answered.values() if r["state"] == "above zero"]),
        "unanswered": _in_groups([r for r in asked.values() if r["state"] == "unanswered"]),
    }


def _in_groups(rows: list[dict]) -> list[dict]:
    """Rows of `concern`, those of one instrument and day as one with their `items`; a single one stays as it is."""
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        groups.setdefault((row["instrument"], row["answered_date"]), []).append(row)
    return [
        of[0] if len(of) == 1 else of[0] | {"item": None, "items": [r["item"] for r in of]} for of in groups.values()
    ]


def suicidality_diagnosed(result: Result, person_id: int) -> list[dict]:
    """The latest diagnosis of suicidal ideation or behaviour, if any."""
    rows = [r for r in result.rows_of("condition", person_id) if r["codeset"] == SUICIDALITY]
    return [max(rows, key=lambda r: (r["condition_date"], r["code"]))] if rows else []


def who_of(result: Result, person_id: int) -> dict:
    """Birth, sex, observed time and death, as a page shows them."""
    (row,) = result.rows_of("person", person_id)
    first, last = row["birth_earliest_date"], row["birth_latest_date"]
    born = None if first is None else str(first.year) if first.year == last.year else f"{first.year} to {last.year}"
    periods = result.rows_of("observation_period", person_id)
    observed = "; ".join(f"{show_date(p['start_date'])} to {show_date(p['end_date'])}" for p in periods)
    return {"born": born, "sex": row["sex"], "observed": observed or None, "death": row["death_date"]}


def _series(result: Result, person: str, person_id: int, found: dict[str, list[dict]]) -> tuple[SeriesShown, ...]:
    if "series" not in result.tables:
        return ()
    rows = {n: result.rows_of(n, person_id) for n in ("series", "session", "series_response", "effect", "load")}
    evidence = result.series_evidence(person)
    judged = [e for e in evidence if e["session_number"] is None and e["session_date"] is None]
    deviations = [e for e in evidence if e["session_number"] is not None]
    shown = []
    for number, one in enumerate(rows["series"]):
        key = (one["treatment"], one["series_number"])
        own = {
            n: [r for r in of if (r["treatment"], r["series_number"]) == key]
            for n, of in (rows | found).items()
            if n != "concern"
        }
        own["concern"] = found["concern"]
        (effect,) = own["effect"]
        plasma = plasma_for(result.knowledge, one["treatment"], {s["route"] for s in own["session"]})
        view = _view(result.knowledge, one, own, effect, plasma)
        doses = sorted({d.mg for d in view.doses if plasma is not None and can_draw(plasma, d.mg)})
        hours = _observed_hours(result.knowledge, one["treatment"])
        shown.append(
            SeriesShown(
                label=result.knowledge.treatments[one["treatment"]].label,
                row=one,
                sessions=tuple(own["session"]),
                chart=draw_series(view, f"series-{number}"),
                dose_chart=draw_dose(plasma, doses, hours, f"dose-{number}") if doses else None,
                plasma=plasma if doses else None,
                regimens=_regimens(result.knowledge, key, judged, deviations),
                responses=tuple(own["series_response"]),
                effect=effect,
                effect_label=label_of(result.knowledge, effect["instrument"], None) if effect["instrument"] else None,
                load=tuple(own["load"]),
                measures=tuple(measures_of(result.knowledge, own["trajectory"], effect["instrument"])),
                therapy=tuple(own["therapy"]),
            )
        )
    return tuple(shown)


def plasma_for(knowledge: Knowledge, treatment: str, routes: set[str | None]) -> Plasma | None:
    """The set drawn under a series: the treatment's default one, where every session went the way that the set is for."""
    sets = [p for p in knowledge.plasma.values() if p.treatment == treatment and p.by_default]
    return next((p for p in sets if routes <= {p.route, None} and (routes != {None} or p.devices is not None)), None)


def _observed_hours(knowledge: Knowledge, treatment: str) -> float | None:
    """How long the regimen by which the treatment's phases are named asks that a person is observed."""
    regimen = knowledge.regimens.get(knowledge.treatments[treatment].phases_of or "")
    return None if regimen is None or regimen.observed is None else regimen.observed.at_least / 60


def _view(knowledge: Knowledge, series: dict, own: dict, effect: dict, plasma: Plasma | None) -> SeriesView:
    start: date = series["start_date"]
    last = max((r["value_date"] for r in own["trajectory"]), default=series["end_date"])
    return SeriesView(
        title=f"{knowledge.treatments[series['treatment']].label}, series {series['series_number']}",
        doses=tuple(Dose((s["session_date"] - start).days, s["mg"], s["phase"]) for s in own["session"]),
        scores=followed_scores(knowledge, own["trajectory"], effect),
        concern=tuple(
            Asked((a["answered_date"] - start).days, a["state"], a["value"])
            for a in own["concern"]
            if start <= a["answered_date"] <= last
            or 0 < (start - a["answered_date"]).days <= knowledge.following.baseline.before
        ),
        others=tuple(m["drawn"] for m in measures_of(knowledge, own["trajectory"], effect["instrument"]) if m["drawn"]),
        therapy=tuple(((t["therapy_date"] - start).days, t["within"]) for t in own["therapy"]),
        plasma=plasma,
    )


def _regimens(knowledge: Knowledge, key: tuple, judged: list[dict], deviations: list[dict]) -> tuple[dict, ...]:
    """Each regimen of the treatment with what it asks of the whole series and the sessions that were not given so."""
    shown = []
    for regimen in knowledge.regimens.values():
        lines = [e for e in judged if e["rule"] == regimen.name and (e["treatment"], e["series_number"]) == key]
        wrong = [
            e
            for e in deviations
            if e["rule"] == regimen.name and (e["treatment"], e["series_number"]) == key and e["verdict"] == "not met"
        ]
        if lines:
            shown.append({"regimen": regimen, "lines": lines, "deviations": wrong})
    first = {t.phases_of for t in knowledge.treatments.values()}
    return tuple(sorted(shown, key=lambda s: s["regimen"].id not in first))


def _evidence(result: Result, person: str, person_id: int) -> dict[str, list[dict]]:
    """The evidence of each definition: the lines about the person, and each trial with its lines."""
    trials = {(t["setting"], t["trial_number"]): t for t in result.rows_of("trial", person_id)}
    setting_of = result.manifest["setting_of"]
    told: dict[str, list[dict]] = {}
    for row in result.evidence(person):
        if row["definition"] not in {d.name for d in result.definitions}:
            continue
        trial = trials.get((setting_of[row["definition"]], row["trial_number"]))
        head = None
        if trial is not None:
            drug = result.knowledge.ingredients[trial["ingredient"]].label
            head = f"{drug}, {show_date(trial['start_date'])} to {show_date(trial['end_date'])}"
        told.setdefault(row["definition"], []).append({**row, "trial": head})
    return told


def _misfits(series: tuple[SeriesShown, ...]) -> dict[str, list[str]]:
    """What each set drawn is known not to give again, in words with numbers."""
    said: dict[str, list[str]] = {}
    for model in {s.plasma.id: s.plasma for s in series if s.plasma is not None}.values():
        lines = []
        for e in model.published:
            if e.fits:
                continue
            for name, (figure, given, far) in apart(model, e).items():
                what = "greatest concentration" if name == "cmax" else "area over 24 hours"
                label = next(m.label for m in model.measured if m.id == e.of)
                lines.append(
                    f"{label}, {e.dose:g} mg, {what}: published {figure:g}, this set {given:.0f} ({far:+.0f} %)"
                )
        said[model.id] = lines
    return said
