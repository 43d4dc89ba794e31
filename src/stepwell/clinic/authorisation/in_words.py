"""A packet in words: what its PDF and its page print."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from stepwell.candidacy import show_date

from .content import Criterion, PacketContent, Score, Sentence, Statement
from .letters import NOT_RECORDS

MARKS = {"met": "✓", "nearly met": "≈", "not met": "✗", "none recorded": "?", "unknown": "?"}
SHOWN_STATES = {
    "reported": "reported by the patient",
    "imported": "imported",
    "confirmed": "confirmed",
    "not known": "state not known",
}


def in_words(content: PacketContent) -> dict:
    """What the PDF and the page print, in words, with the number of each source."""
    numbers = {source.address: n for n, source in enumerate(content.sources, 1)}

    def refs(addresses: Iterable[str]) -> list[int]:
        return [numbers[a] for a in addresses if a in numbers]

    def said(statements: Iterable[Statement]) -> list[dict]:
        return [{"text": s.text, "refs": refs(s.rests_on)} for s in statements]

    def score(one: Score) -> str:
        return f"{one.total} on {show_date(one.day)}"

    sender, letter, policy = content.sender, content.letter, content.policy
    groups: dict[str, list[Criterion]] = {}
    for one in content.criteria:
        groups.setdefault(one.part, []).append(one)
    return {
        "title": f"Prior authorisation packet: {policy.treatment}",
        "day": [content.day.year, content.day.month, content.day.day],
        "date": show_date(content.day),
        "footer": f"{content.patient.name} · {content.patient.record_number} · {show_date(content.day)}".replace(
            " ·  · ", " · "
        ),
        "sender": {
            "clinic": sender.clinic,
            "lines": [x for x in (sender.address, sender.phone, f"NPI {sender.npi}" if sender.npi else "") if x],
            "signs": sender.prescriber or "Prescriber",
        },
        "to": ["To", content.coverage.payer or policy.payer or "The payer"],
        "letter": {
            "subject": letter.subject,
            "any_own": any(one.is_own and one.text for one in letter.sentences),
            "paragraphs": [
                # What a clinician wrote rests on the clinician, whatever it took the place of.
                [
                    {"text": s.text, "own": s.is_own, "refs": [] if s.is_own else refs(s.rests_on)}
                    for s in paragraph
                    if s.text
                ]
                for paragraph in letter.paragraphs
                if any(s.text for s in paragraph)
            ],
        },
        "facts": _facts(content),
        "policy": {
            "stands": " ".join(filter(None, (f"{policy.title} ({policy.name}): {policy.stands}.", policy.currency))),
            "trials_by": policy.trials_by or "",
        },
        "criteria": [
            {
                "part": part,
                "lines": [
                    {
                        "mark": MARKS[c.stands],
                        "stands": c.stands,
                        "label": c.label,
                        "found": c.found,
                        "asked": c.asked,
                        "source": c.source,
                        "settled": c.settled_by or "",
                        "refs": refs(c.rests_on),
                    }
                    for c in lines
                ],
            }
            for part, lines in groups.items()
        ],
        "diagnoses": [
            {
                "text": f"{d.label}, {d.written_code}: recorded {_span(d.first, d.latest)}.",
                "refs": refs(d.rests_on),
            }
            for d in content.diagnoses
        ],
        "trials": [
            {
                "drug": t.drug,
                "class": t.drug_class,
                "dose": t.dose,
                "first": show_date(t.first),
                "last": show_date(t.last) + ("" if t.is_end_known else " or later, end not known"),
                "weeks": f"{t.weeks:g} weeks" if t.is_end_known else "length not known",
                "outcome": t.outcome[0].upper() + t.outcome[1:],
                "stopped": t.stopped,
                "counts": t.counts,
                "why": list(t.why),
                "state": SHOWN_STATES[t.state],
                "refs": refs(t.rests_on),
            }
            for t in content.trials
        ],
        "scales": [
            {
                "label": s.label,
                "baseline": score(s.baseline),
                "latest": score(s.latest),
                "change": s.change or "one score only",
                "brefs": refs(s.baseline.rests_on),
                "lrefs": refs(s.latest.rests_on),
            }
            for s in content.scales
        ],
        "undated": said(content.undated),
        "psychotherapy": said(content.psychotherapy),
        "suicidality": said(content.suicidality),
        "other": said(content.other_treatments),
        "crisis": content.crisis,
        "missing": list(content.missing),
        "documents": list(content.documents),
        "consented": f", except, with the patient's written consent: {', '.join(content.consents)}"
        if content.consents
        else "",
        "sources": [
            {"number": n, "what": s.what, "address": s.address, "state": SHOWN_STATES[s.state]}
            for n, s in enumerate(content.sources, 1)
        ],
        "made": f"Made with stepwell {content.version}; knowledge {content.knowledge[:12]}; content {content.digest[:12]}. "
        "stepwell explains what the records show; clinicians decide.",
    }


def rests_on(content: PacketContent, sentence: Sentence) -> str:
    """What a sentence rests on, in words, each with who stands behind it."""
    sources = {source.address: source for source in content.sources}
    said = []
    for address in sentence.rests_on:
        source = sources.get(address)
        said.append(NOT_RECORDS[address] if source is None else f"{source.what} ({SHOWN_STATES[source.state]})")
    return "; ".join(said)


def _facts(content: PacketContent) -> list[tuple[str, str]]:
    patient, request, policy = content.patient, content.request, content.policy
    first, last = request.valid_from, request.valid_to
    period = f"{show_date(first)} to {show_date(last)}" if first and last else ""
    off_label = "off-label: not approved for depression" if policy.off_label else ""
    pairs = [
        ("Patient", patient.name),
        ("Born", show_date(patient.birth_date) if patient.birth_date else ""),
        ("Sex", patient.sex),
        ("Record number", patient.record_number),
        ("Height, weight", " · ".join(_with_units(patient.height_cm, patient.weight_kg))),
        ("Payer", content.coverage.payer),
        ("Member number", content.coverage.member_id),
        ("Treatment", " · ".join(filter(None, (policy.treatment, off_label)))),
        (
            "Code, units",
            " · ".join(filter(None, (request.code, f"{request.units} units" if request.units is not None else ""))),
        ),
        ("Benefit", request.benefit),
        ("From, to", period),
        (
            "Monitoring programme",
            f"checked on {show_date(request.monitoring_programme_checked)}"
            if request.monitoring_programme_checked
            else "",
        ),
        ("Criteria of", f"{policy.title} ({policy.name}, {policy.standing})"),
    ]
    return [[name, value or "not stated"] for name, value in pairs]


def _with_units(height_cm: float | None, weight_kg: float | None) -> list[str]:
    parts = [f"{height_cm:g} cm"] if height_cm is not None else []
    return parts + ([f"{weight_kg:g} kg"] if weight_kg is not None else [])


def _span(first: date, latest: date) -> str:
    return f"on {show_date(first)}" if first == latest else f"from {show_date(first)} to {show_date(latest)}"
