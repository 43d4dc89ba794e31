"""What the person page shows, as plain values: it can be kept as it was shown, and shown again years later."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby

from stepwell.candidacy import Assessment, signs_of, to_say_first

from ..history.lines import in_use
from .judging import Judged, knowledge

_LINE = re.compile(r"line/([0-9a-f-]{36})@(\d+)")
_SHEET = re.compile(r"session/([0-9a-f-]{36})/[0-9a-f-]{36}@\d+")
_DAYS_PER_WEEK = 7
WORDS = {
    "trial.role": "what sort of drug it is",
    "trial.use": "what it was taken for",
    "trial.drug": "which drug it is",
    "trial.min_duration": "whether it was taken long enough",
    "trial.min_dose": "whether the dose was enough",
    "trial.min_supplies": "whether it was supplied often enough",
    "trial.preceded_by": "what was taken before it",
    "trial.recent": "whether it was recent",
    "trial.diagnosed": "whether there was a diagnosis at the time",
    "trial.still_ill": "whether the person was still ill",
    "failure.improvement": "how much it improved",
    "failure.not_remitted": "whether it brought remission",
    "failure.intolerant": "whether side effects ended it",
    "failure.switched": "whether another drug replaced it",
    "failure.added_to": "whether another drug was added",
    "failure.taken": "whether it was taken",
    "added": "whether a drug was added to it",
}
"""What a criterion of a trial asks, where nobody can say."""
_UNKNOWN_OF = re.compile(r"^([a-z_.]+) (unknown of \d+ trials?)$")


def compose(judged: Judged, lines: Sequence, today: date) -> dict:
    """The content of the page, ready for JSON.

    `verdicts` (one for each definition, with its evidence), `stages`, `trials`, `candidacy` (one for each label, practice and
    policy), `say_first` (signs of suicidality), `scores`, `next` (what would settle what is unknown), `rests_on` (every line with
    its version), `today`, `knowledge` (its digest).
    """
    states = {(str(line.line), line.version): line.state for line in lines}
    result, person = judged.result, judged.person
    evidence = [_evidence(row, states) for row in result.evidence(person)]
    candidacy = [_assessment(one, states) for one in judged.assessments]
    return {
        "today": today.isoformat(),
        "day": None if judged.chart is None else judged.chart.day.isoformat(),
        "say_first": [] if judged.chart is None else [s.words for s in to_say_first(signs_of(judged.chart))],
        "incomplete": bool(result.incomplete_of(result.person_id(person))),
        "verdicts": _verdicts(judged, evidence),
        "stages": _stages(judged, evidence),
        "trials": _trials(judged, states),
        "scores": _scores(judged),
        "candidacy": candidacy,
        "next": _next(lines, candidacy),
        "rests_on": [
            {"line": str(x.line), "version": x.version, "kind": x.kind, "state": x.state} for x in in_use(lines)
        ],
        "knowledge": result.manifest["knowledge"],
        "stepwell": result.manifest["stepwell"],
    }


def _verdicts(judged: Judged, evidence: Sequence[dict]) -> list[dict]:
    confirmed = {row["definition"]: row["verdict"] for row in judged.confirmed.verdicts_of(judged.person)}
    shown = []
    for row in judged.result.verdicts_of(judged.person):
        own = [e for e in evidence if e["definition"] == row["definition"]]
        shown.append(
            {
                **row,
                "met_date": _iso(row["met_date"]),
                "decided_by": [_in_words(text) for text in row["decided_by"]],
                "on_confirmed": _settled(confirmed[row["definition"]], row["verdict"]),
                "of_person": [e for e in own if e["trial"] is None],
                "of_trials": _by_trial(own),
            }
        )
    return shown


def _in_words(text: str) -> str:
    found = _UNKNOWN_OF.match(text)
    return f"{WORDS[found[1]]}: {found[2]}" if found and found[1] in WORDS else text


def _settled(on_confirmed: str, on_all: str) -> str:
    """What confirmed lines alone settle: a line that nobody has confirmed yet is not evidence that there is nothing."""
    return "unknown" if on_confirmed == "not met" and on_all != "not met" else on_confirmed


def _stages(judged: Judged, evidence: Sequence[dict]) -> list[dict]:
    confirmed = {row["staging"]: row["stage"] for row in judged.confirmed.stages_of(judged.person)}
    return [
        {
            **row,
            "on_confirmed": confirmed[row["staging"]],
            "lines": [e for e in evidence if e["definition"] == row["staging"] and e["trial"] is None],
        }
        for row in judged.result.stages_of(judged.person)
    ]


def _by_trial(evidence: Iterable[dict]) -> list[dict]:
    """The criteria of each trial, under each branch of the definition."""
    of_trials = [e for e in evidence if e["trial"] is not None]
    return [
        {"branch": branch, "trial": trial, "lines": list(rows)}
        for (branch, trial), rows in groupby(of_trials, key=lambda e: (e["branch"], e["trial"]))
    ]


def _evidence(row: Mapping, states: Mapping) -> dict:
    return {
        "definition": row["definition"],
        "branch": row["branch"],
        "trial": row["trial_number"],
        "criterion": row["criterion"],
        "verdict": row["verdict"],
        "found": row["found"],
        "sentence": row["sentence"],
        "lines": _lines_of(row["address"], states),
    }


def _lines_of(address: str | None, states: Mapping) -> list[dict]:
    """The lines and session sheets that an address names, lines with their state; none where a record has none of its own."""
    found = dict.fromkeys(_LINE.findall(address or ""))
    lines = [
        {"line": line, "version": int(version), "state": states.get((line, int(version)), "")}
        for line, version in found
    ]
    return lines + [{"session": session} for session in dict.fromkeys(_SHEET.findall(address or ""))]


def _trials(judged: Judged, states: Mapping) -> list[dict]:
    """The trials by the setting that most definitions share, with the definitions for which each counts."""
    result = judged.result
    person = result.person_id(judged.person)
    manifest, names = result.manifest, knowledge()
    trials = [t for t in result.rows_of("trial", person) if t["setting"] == manifest["step_setting"]]
    titles = {d.name: d.id for d in result.definitions}
    rows = result.rows_of("judged_trial", person)
    counts: dict[int, list[str]] = {}
    for name, rules in manifest["rules_of"].items():
        if manifest["setting_of"][name] != manifest["step_setting"] or name not in titles:
            continue
        for number in dict.fromkeys(r["trial_number"] for r in rows if r["rule"] in rules and r["counts"]):
            counts.setdefault(number, []).append(titles[name])
    return [
        {
            "number": t["trial_number"],
            "drug": names.ingredients[t["ingredient"]].label,
            "class": t["drug_class"],
            "role": t["role"],
            "start": _iso(t["start_date"]),
            "end": _iso(t["end_date"]),
            "is_end_known": t["is_end_known"],
            "weeks": round(t["n_days"] / _DAYS_PER_WEEK),
            "mg_per_day": t["max_mg_per_day"],
            "instrument": names.all_instruments[t["instrument"]].label if t["instrument"] else None,
            "baseline": t["baseline_total"],
            "endpoint": t["endpoint_total"],
            "outcome": t["outcome"],
            "stop_reason": t["stop_reason"],
            "counts_for": counts.get(t["trial_number"], []),
            "lines": _lines_of(t["address"], states),
        }
        for t in trials
    ]


def _scores(judged: Judged) -> list[dict]:
    labels, result = knowledge().all_instruments, judged.result
    rows = result.rows_of("measurement", result.person_id(judged.person))
    return [
        {"instrument": labels[r["instrument"]].label, "day": _iso(r["measured_date"]), "total": r["total"]}
        for r in rows
        if r["total"] is not None
    ]


def _assessment(one: Assessment, states: Mapping) -> dict:
    parts = [(w.indication.label, w.stands, w.lines) for w in one.indications]
    parts += [("Contraindications", "", one.contraindications), ("To be weighed", "", one.cautions)]
    return {
        "form": one.form.name,
        "title": one.form.title,
        "kind": one.form.kind,
        "off_label": one.form.off_label,
        "stands": one.stands,
        "currency": one.currency.words,
        "parts": [
            {"label": label, "stands": stands, "lines": [_line(line, states) for line in lines]}
            for label, stands, lines in parts
            if lines
        ],
        "documents": [document.label for document in one.documents],
        "says": [saying.text for saying in one.says],
    }


def _line(line, states: Mapping) -> dict:
    return {
        "label": line.label,
        "stands": line.stands,
        "found": line.found.words,
        "asked": line.asked,
        "source": line.provenance,
        "settled_by": None if line.found.verdict is True else line.settled_by,
        "lines": _lines_of(line.found.address, states),
    }


def _next(lines: Sequence, candidacy: Sequence[dict]) -> list[dict]:
    """What would settle what is open: lines nobody confirmed, then what each open line of candidacy asks for, with how many of
    the forms wait for it."""
    waiting = sum(line.state in ("reported", "imported") for line in lines)
    steps = [{"what": "confirm", "n": waiting, "words": ""}] if waiting else []
    wanted: dict[str, int] = {}
    for one in candidacy:
        open_lines = [x for part in one["parts"] for x in part["lines"] if x["stands"] in ("unknown", "none recorded")]
        told = (
            f"{x['label']}: {x['settled_by'][0].lower()}{x['settled_by'][1:]}" for x in open_lines if x["settled_by"]
        )
        for words in dict.fromkeys(told):
            wanted[words] = wanted.get(words, 0) + 1
    steps += [
        {"what": "settle", "n": n, "words": words} for words, n in sorted(wanted.items(), key=lambda w: (-w[1], w[0]))
    ]
    return steps


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
