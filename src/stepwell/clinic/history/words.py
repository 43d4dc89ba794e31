"""A line in words, for the review: what it is about, and what it says."""

from __future__ import annotations

import stepwell

from . import drugs, forms, partial_dates

KIND_LABELS = {
    "medication": "Antidepressants and medicines added to them",
    "treatment": "Other treatments",
    "condition": "Conditions",
    "medicine": "Other medicines",
    "score": "Questionnaires",
    "vital": "Readings",
    "observation": "Where the history is complete",
    "goal": "Goals",
    "consent": "Consent",
}
_HAD = {"yes": "", "no": "no, says the source", "don't know": "nobody knows whether there was one"}
_COMPLETE = {"condition": "diagnoses", "procedure": "sessions and talk therapy"}
_UNKNOWN = {
    "start": "the start",
    "stop": "the end",
    "mg_per_day": "the dose",
    "improvement": "what it did",
    "improvement_pct": "the per cent",
    "stop_reasons": "why it was stopped",
    "purpose": "what for",
    "day": "when",
    "n_sessions": "how many sessions",
}


def title_of(kind: str, content: dict) -> str:
    """What the line is about."""
    read = forms.read(kind, content)
    knowledge = stepwell.load_knowledge()
    match read:
        case forms.Taken():
            known = drugs.label_of(read.ingredient)
            return read.drug if known.lower() == read.drug.lower() else f"{read.drug} ({known})"
        case forms.Treatment():
            return read.name or forms.TREATMENTS.get(read.treatment, "A treatment, not identified")
        case forms.Condition():
            known = knowledge.codesets[read.condition].label if read.condition else "not identified"
            return f"{read.name} ({known})" if read.name else known
        case forms.Score():
            return knowledge.all_instruments[read.instrument].label if read.instrument else "The clinic’s own questions"
        case forms.Vital():
            if read.oxygen is not None:
                return "Oxygen saturation"
            return "Blood pressure" if read.systolic or read.diastolic else "A reading"
        case forms.Observation():
            return "All drugs are known"
        case forms.Goal():
            return "What would be well enough"
        case forms.Consent():
            return "Use of the answers"
    raise AssertionError(kind)


def facts_of(kind: str, content: dict) -> list[str]:
    """What the line says, one fact each."""
    read = forms.read(kind, content)
    facts = [_HAD.get(getattr(read, "had", "yes"), ""), *_FACTS[kind](read), when_of(read)]
    if missing := [_UNKNOWN.get(name, name) for name in read.unknown]:
        facts.append(f"not known to the patient: {', '.join(missing)}")
    return [fact for fact in (*facts, read.note) if fact]


def when_of(read: forms.Content) -> str:
    """The time that the line is about."""
    day, start, stop = (getattr(read, name, None) for name in ("day", "start", "stop"))
    if day:
        return partial_dates.in_words(day)
    if start and stop:
        return partial_dates.in_words(start) + (f" to {partial_dates.in_words(stop)}" if stop != start else "")
    weeks = getattr(read, "weeks", None)
    for_weeks = f"about {weeks:g} weeks" if weeks else ""
    said = (
        f"since {partial_dates.in_words(start)}" if start else f"until {partial_dates.in_words(stop)}" if stop else ""
    )
    if taken_on := getattr(read, "taken_on", None):
        said = f"{said}, still taken on {partial_dates.in_words(taken_on)}".removeprefix(", ")
    elif start and not stop and hasattr(read, "taken_on"):
        said = f"{said}, end not known"
    return ", ".join(part for part in (said, for_weeks) if part)


def _helped(read: forms.Helped) -> list[str]:
    said = forms.IMPROVEMENTS.get(read.improvement or "", "").lower()
    share = "" if read.improvement_pct is None else f"{read.improvement_pct:g} % better"
    why = ", ".join(forms.STOP_REASONS[r].lower() for r in read.stop_reasons)
    return [", ".join(part for part in (said, share) if part), f"stopped: {why}" if why else ""]


def _medication(read: forms.Medication) -> list[str]:
    dose = "" if read.mg_per_day is None else f"{read.mg_per_day:g} mg a day"
    use = "taken for something else" if read.purpose == "something else" else ""
    only = {"yes": "", "no": "ordered, not dispensed", "not known": "ordered; nobody recorded whether it was dispensed"}
    return [dose, read.route, use, only[read.supplied], *_helped(read)]


def _score(read: forms.Score) -> list[str]:
    knowledge = stepwell.load_knowledge()
    if not read.instrument:
        rows = [record.row for record in read.records if record.table == "answer"]
        return [f"{row['item'] or 'total'}: {'not answered' if row['value'] is None else _of(row)}" for row in rows]
    form = knowledge.all_instruments[read.instrument]
    facts = ["no total" if read.total is None else f"{read.total:g} points"]
    for item, value in read.items.items():
        if (read.instrument, item) in knowledge.safety_items:
            label = next(i.label for i in form.items if i.item == item)
            facts.append(f"item {item} ({label}): {'not answered' if value is None else f'{value:g}'}")
    return facts


def _of(row: dict) -> str:
    most = row.get("at_most")
    return f"{row['value']:g}" + ("" if most is None else f" of {most:g}")


def _vital(read: forms.Vital) -> list[str]:
    if read.oxygen is not None:
        return [f"{read.oxygen:g} %"]
    if read.systolic is None and read.diastolic is None:
        return []
    return ["/".join("?" if v is None else f"{v:g}" for v in (read.systolic, read.diastolic)) + " mmHg"]


_FACTS = {
    "medication": _medication,
    "medicine": lambda read: [read.dose],
    "treatment": lambda read: [f"{read.n_sessions} sessions" if read.n_sessions else "", *_helped(read)],
    "condition": lambda read: [],
    "score": _score,
    "vital": _vital,
    "observation": lambda read: [
        f"complete too: {', '.join(_COMPLETE[c] for c in read.complete)}"
        if read.complete
        else "diagnoses may be missing"
    ],
    "goal": lambda read: [
        f"“{read.text}”" if read.text else "",
        "" if read.enough_pct is None else f"{read.enough_pct:g} % better would be enough",
    ],
    "consent": lambda read: ["agreed" if read.agreed else "not agreed", read.document],
}
