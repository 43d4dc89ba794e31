"""Composes the content of a packet from one person's records, a payer's policy and the clinic's own data.

Nothing is concluded here: verdicts are stepwell's, and a fact that nobody recorded is listed as missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import stepwell
from stepwell import Result
from stepwell.candidacy import (
    Assessment,
    Chart,
    Line,
    assess,
    on_one_line,
    show_date,
    show_number,
    signs_of,
    standing_of,
)

from .content import (
    Coverage,
    Criterion,
    Denial,
    Diagnosis,
    PacketContent,
    Patient,
    Policy,
    Request,
    Scale,
    Score,
    Sender,
    Source,
    State,
    Statement,
)
from .disclosure import Disclosed
from .letters import NOT_RECORDS, appeal, necessity
from .treatments import Said, first_session, sessions, undated
from .trials import Behind, trials_of

LABELS = {"esketamine-nasal": "esketamine-us", "ketamine": "ketamine-off-label"}
"""The label or practice whose contraindications and cautions stand in a packet beside the payer's own."""

_SESSIONS = {"esketamine-nasal": "esketamine-session", "ketamine": "ketamine"}
"""What a session of each treatment is called among procedures and declared sessions."""

_DIAGNOSES = ("major-depression", "psychotic-depression", "dysthymia", "depression-in-remission", "depression-other")


def compose(
    result: Result,
    person: str,
    policy: str,
    *,
    patient: Patient,
    coverage: Coverage,
    sender: Sender,
    request: Request | None = None,
    denial: Denial | None = None,
    states: Mapping[str, State] | None = None,
    said: Mapping[str, Said] | None = None,
    consents: Iterable[str] = (),
    day: date | None = None,
    knowledge=None,
) -> PacketContent:
    """The content of a packet. With a denial its letter is an appeal, else a letter of necessity.

    `policy` is the id of a policy or practice; `states` says of an address whether its line is reported, imported or confirmed,
    `said` what it says of the treatment;
    `consents` name what the patient agreed to disclose beyond what a packet holds; `knowledge` holds the clinic's own policies.
    Raises `QuestionError` for a policy or a day that cannot be asked.
    """
    request, consents = request or Request(), tuple(consents)
    disclosed = Disclosed(result, consents, knowledge)
    form = disclosed.knowledge.candidacies.get(policy)
    label = LABELS.get(form.treatment) if form is not None else None
    chart, assessments = assess(disclosed, person, list(dict.fromkeys(filter(None, (policy, label)))), day=day)
    by_id = {one.form.id: disclosed.withhold(one) for one in assessments}
    asked = by_id[policy]
    beside = by_id[label] if label is not None and label != policy else None
    state_of, said = dict(states or {}), dict(said or {})
    trials = trials_of(disclosed, chart, asked, Behind(state_of, said))
    facts = {
        "day": chart.day,
        "patient": patient,
        "coverage": coverage,
        "sender": sender,
        "request": request,
        "denial": denial,
        "policy": _policy(asked, beside, disclosed),
        "diagnoses": tuple(_diagnoses(chart)),
        "trials": trials,
        "criteria": tuple(_criteria(asked, beside)),
        "scales": tuple(_scales(chart, _baseline_day(chart, asked, request))),
        "undated": tuple(undated(trials, said)),
        "psychotherapy": tuple(sessions(chart, ("psychotherapy",), said)),
        "suicidality": tuple(_suicidality(chart)),
        "other_treatments": tuple(sessions(chart, ("tms", "ect", *_SESSIONS.values()), said)),
        "documents": tuple(one.label for one in asked.documents),
        "consents": tuple(sorted(consents)),
        "crisis": chart.knowledge.crisis["us"].text,
        "knowledge": chart.knowledge.digest,
        "version": stepwell.__version__,
    }
    facts["missing"] = tuple(_missing(facts, asked, chart))
    letter = (appeal if denial is not None else necessity)(facts)
    return PacketContent(**facts, letter=letter, sources=tuple(_sources(facts, letter, chart, state_of)))


def _policy(asked: Assessment, beside: Assessment | None, result: Disclosed) -> Policy:
    form, knowledge = asked.form, result.knowledge
    definition = asked.judged[0].definition if asked.judged else None
    return Policy(
        name=form.name,
        title=form.title,
        payer=form.payer,
        treatment=knowledge.ingredients[form.treatment].label,
        off_label=form.off_label or (beside is not None and beside.form.off_label),
        stands=asked.stands,
        currency=asked.currency.words,
        standing=standing_of(form),
        trials_by=f"{definition.name}: {definition.summary.strip()}" if definition is not None else None,
    )


def _criteria(asked: Assessment, beside: Assessment | None) -> Iterable[Criterion]:
    for one, who in ((asked, "payer"), (beside, "label")):
        if one is None or not one.is_in_force:
            continue
        groups = [(w.indication.label, "indication", w.lines) for w in one.indications if who == "payer"]
        groups += [("Contraindications", "contraindication", one.contraindications)]
        groups += [("To be weighed", "caution", one.cautions)]
        for part, kind, lines in groups:
            where = part if who == "payer" else f"{part}, by {one.form.title}"
            yield from (_criterion(line, who, kind, where) for line in lines)


def _criterion(line: Line, who: str, kind: str, part: str) -> Criterion:
    return Criterion(
        asked_by=who,
        kind=kind,
        part=part,
        label=line.label,
        stands=line.stands,
        found=f"{line.found.words}.",
        asked=line.asked,
        source=line.provenance,
        settled_by=line.settled_by if line.found.verdict is not True else None,
        rests_on=_at(line.found.address),
    )


def _diagnoses(chart: Chart) -> Iterable[Diagnosis]:
    by_code: dict[tuple, list[dict]] = {}
    for row in chart.condition:
        if row["codeset"] in _DIAGNOSES:
            by_code.setdefault((row["codeset"], row["vocabulary"], row["code"]), []).append(row)
    found = []
    for (codeset, vocabulary, code), rows in by_code.items():
        rows = sorted(rows, key=lambda r: (r["condition_date"], str(r["address"])))
        ends = dict.fromkeys((rows[0]["address"], rows[-1]["address"]))
        label = chart.knowledge.codesets[codeset].label
        days = {"first": rows[0]["condition_date"], "latest": rows[-1]["condition_date"]}
        found.append(Diagnosis(label=label, vocabulary=vocabulary, code=code, rests_on=tuple(ends), **days))
    return sorted(found, key=lambda d: (d.latest, d.code), reverse=True)


def _baseline_day(chart: Chart, asked: Assessment, request: Request) -> date | None:
    """From which day on the first total is the baseline: the first session of the treatment where one asks again, else the first
    day of the present episode. None: from the first record on."""
    if request.kind == "again":
        return first_session(chart, filter(None, [_SESSIONS.get(asked.form.treatment)]))
    episode = asked.judged[0].episode if asked.judged else None
    return episode["start_date"] if episode else None


def _scales(chart: Chart, since: date | None) -> Iterable[Scale]:
    instruments = chart.knowledge.instruments
    for name in sorted({r["instrument"] for r in chart.measurement if r["total"] is not None}):
        rows = [r for r in chart.measurement if r["instrument"] == name and r["total"] is not None]
        rows.sort(key=lambda r: (r["measured_date"], str(r["address"])))
        before = [r for r in rows if since is not None and r["measured_date"] <= since]
        # The last total up to that day is the baseline; where there is none, the first after it.
        first, last = (before or rows)[-1 if before else 0], rows[-1]
        label = instruments[name].label if name in instruments else name
        yield Scale(label=label, baseline=_score(first), latest=_score(last), change=_change(first, last))


def _score(row: dict) -> Score:
    return Score(day=row["measured_date"], total=show_number(row["total"]), rests_on=_at(row["address"]))


def _change(first: dict, last: dict) -> str:
    if first is last:
        return ""
    if not first["total"]:
        return "the baseline is 0"
    percent = 100 * (first["total"] - last["total"]) / first["total"]
    if not percent:
        return "no change"
    return f"{show_number(abs(percent))} % {'better' if percent > 0 else 'worse'}"


def _suicidality(chart: Chart) -> Iterable[Statement]:
    """What is recorded of suicide and self-harm, latest first; several items of one form and day are one sentence."""
    signs = signs_of(chart)
    for line in on_one_line(signs):
        same = [s for s in signs if (s.is_positive, s.day) == (line.is_positive, line.day) and _form(s) == _form(line)]
        yield Statement(text=f"{line.words}.", rests_on=tuple(dict.fromkeys(s.address for s in same if s.address)))


def _form(sign) -> str:
    return sign.instrument or sign.asked


def _missing(facts: Mapping, asked: Assessment, chart: Chart) -> Iterable[str]:
    """What is not there yet, each with what would settle it."""
    if not asked.is_in_force:
        yield f"The criteria of {asked.form.title}: {asked.stands}"
    for one in facts["criteria"]:
        if one.stands != "met" and one.settled_by and one.asked_by == "payer" and one.kind != "caution":
            yield f"{one.label} ({one.stands}): {one.settled_by}"
    patient, request = facts["patient"], facts["request"]
    empty = {
        "Diagnosis of depression with its code": not facts["diagnoses"],
        "Day of the diagnosis": any(
            g["record"] == "condition" and g["codeset"] in _DIAGNOSES and g["reason"] == "without a day"
            for g in chart.code_gap
        ),
        "Which drugs those are that nobody could identify": any(
            r["reason"] == "unidentified drugs" for r in chart.incomplete
        ),
        "Days of the drugs that are named without them": bool(facts["undated"]),
        "Antidepressant trials": not facts["trials"],
        "Code of the diagnosis": bool(facts["diagnoses"])
        and all(d.vocabulary == "stepwell" for d in facts["diagnoses"]),
        "A score on a rating scale": not facts["scales"],
        "Psychotherapy: whether there was any, and whether it helped": not facts["psychotherapy"],
        "Suicidality: no diagnosis or answer is in these records, which does not say that there is none": not facts[
            "suicidality"
        ],
        "Birth date": patient.birth_date is None,
        "Member number": not facts["coverage"].member_id,
        "Height": patient.height_cm is None,
        "Weight": patient.weight_kg is None,
        "Day on which the prescription drug monitoring programme was checked": request.monitoring_programme_checked
        is None,
        "Benefit (medical or pharmacy)": not request.benefit,
        "Code": not request.code,
        "Units": request.units is None,
        "Name of the prescriber": not facts["sender"].prescriber,
    }
    yield from (what for what, is_missing in empty.items() if is_missing)


def _sources(facts: Mapping, letter, chart: Chart, state_of: Mapping[str, State]) -> Iterable[Source]:
    """What stands at every address that is named anywhere, in the order in which they are met."""
    parts = [*letter.sentences, *facts["diagnoses"], *facts["trials"], *facts["criteria"]]
    parts += [score for scale in facts["scales"] for score in (scale.baseline, scale.latest)]
    parts += [*facts["undated"], *facts["psychotherapy"], *facts["suicidality"], *facts["other_treatments"]]
    words = _words(chart)
    for address in dict.fromkeys(a for part in parts for a in part.rests_on):
        if address in NOT_RECORDS:
            continue
        yield Source(address=address, what=words.get(address, "history"), state=state_of.get(address, "not known"))


def _words(chart: Chart) -> dict[str, str]:
    """What each row of the chart is, by its address."""
    knowledge = chart.knowledge
    said = {chart.row["address"]: "birth and sex"} | {
        r["address"]: f"{knowledge.ingredients[r['ingredient']].label}, supply from {show_date(r['start_date'])}"
        for r in chart.exposure
    }
    for r in chart.condition:
        what = knowledge.codesets[r["codeset"]].label if r["vocabulary"] == "stepwell" else f"diagnosis {r['code']}"
        said[r["address"]] = f"{what}, {show_date(r['condition_date'])}"
    for r in chart.measurement:
        said[r["address"]] = f"{knowledge.all_instruments[r['instrument']].label}, {show_date(r['measured_date'])}"
    for r in chart.procedure:
        said[r["address"]] = f"{knowledge.codesets[r['procedure']].label}, {show_date(r['procedure_date'])}"
    for r in chart.answer:
        said[r["address"]] = f"answer, {show_date(r['answered_date'])}"
    for r in chart.concomitant:
        said[r["address"]] = f"{knowledge.label_of_drug(r['ingredient'])}, supply from {show_date(r['start_date'])}"
    for r in chart.vital:
        said[r["address"]] = f"vital sign, {show_date(r['measured_date'])}"
    return said


def _at(address: str | None) -> tuple[str, ...]:
    return (address,) if address else ()
