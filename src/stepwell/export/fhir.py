"""Determinations as FHIR R4: one Observation a person and definition, one Provenance for each.

Why Observations, and how a verdict becomes FHIR: docs/decisions/0018-determinations-as-observations.md.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from stepwell.errors import Problem, QuestionError
from stepwell.knowledge.definition import Definition
from stepwell.output import new_folder
from stepwell.result import Result
from stepwell.version import __version__
from stepwell.why import evidence_of_person

from .people import chosen

_PEOPLE_AT_ONCE = 2000
_TABLES = (
    "person",
    "observation_period",
    "determination",
    "exposure",
    "trial",
    "judged_trial",
    "code_gap",
    "incomplete_medication",
)
_VERDICTS = {"met": ("met", "Met"), "not met": ("not-met", "Not met")}
_DETERMINED = {
    "met": "The definition is met.",
    "not met": "The definition is not met.",
    "unknown": "The records do not settle whether the definition is met.",
}
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_SYSTEM = "urn:stepwell:"

_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}")
"""An address of a FHIR source, which is a reference too."""


def export_fhir(result: Result, out: Path | str, people: Sequence[str] = ()) -> dict:
    """Writes `Observation.ndjson`, `Provenance.ndjson` and `export.json` into a new folder, and returns what `export.json` says.

    `people` are ids of the source; none means everybody.
    Raises `QuestionError` where the folder holds something, a person is unknown, or the result does not say when it was made.
    """
    ids = chosen(result, people)
    recorded = _finished(result)
    counts: dict[str, int] = defaultdict(int)
    with new_folder(out, "Nothing was exported.") as folder:
        with (
            (folder / "Observation.ndjson").open("w", encoding="utf-8", newline="\n") as observations,
            (folder / "Provenance.ndjson").open("w", encoding="utf-8", newline="\n") as provenances,
        ):
            for rows in _people(result, ids):
                for definition, observation, provenance in _resources(result, rows, recorded):
                    observations.write(_line(observation))
                    provenances.write(_line(provenance))
                    counts[f"{definition}: {_said(observation)}"] += 1
        made = {
            "made_by": f"stepwell {__version__}, export --as fhir",
            "result_of": result.manifest["stepwell"],
            "source": result.manifest["source"]["fingerprint"],
            "fhir_version": "4.0.1",
            "determinations": dict(counts),
            "rows": dict.fromkeys(("Observation", "Provenance"), sum(counts.values())),
        }
        (folder / "export.json").write_text(json.dumps(made, indent=2, sort_keys=True) + "\n", "utf-8")
    return made


def _finished(result: Result) -> str:
    """When the result was made: what a Provenance must say, and the same at every export."""
    file = result.folder / "timing.json"
    try:
        return json.loads(file.read_text("utf-8"))["finished"]
    except (OSError, ValueError, KeyError, TypeError):
        problem = Problem(str(file), "does not say when the result was made", "the time of the run", "run again")
        raise QuestionError("The result cannot be exported as FHIR.", [problem]) from None


def _people(result: Result, ids: Sequence[int] | None) -> Iterator[dict[str, list[dict]]]:
    """The rows of each person by table, in the order of the people; some thousand people are read at once."""
    if ids is None:
        ids = sorted(result.table("person").select("person_id").to_pyarrow().column("person_id").to_pylist())
    tables = [name for name in _TABLES if name in result.tables]
    for start in range(0, len(ids), _PEOPLE_AT_ONCE):
        part = ids[start : start + _PEOPLE_AT_ONCE]
        found: dict[int, dict[str, list[dict]]] = {i: {name: [] for name in _TABLES} for i in part}
        for name in tables:
            for row in result.rows_of_people(name, part):
                found[row["person_id"]][name].append(row)
        yield from found.values()


def _resources(result: Result, rows: dict[str, list[dict]], recorded: str) -> Iterator[tuple[str, dict, dict]]:
    """The name of each definition, the person's Observation and its Provenance."""
    (person,) = rows["person"]
    evidence = defaultdict(list)
    for row in evidence_of_person(result, rows):
        evidence[row["definition"]].append(row)
    drugs = {(t["setting"], t["trial_number"]): t["ingredient"] for t in rows["trial"]}
    determined = {d["definition"]: d for d in rows["determination"]}
    for definition in result.definitions:
        setting = result.manifest["setting_of"][definition.name]
        labels = {n: result.knowledge.ingredients[i].label for (s, n), i in drugs.items() if s == setting}
        own = evidence[definition.name]
        observation = _observation(result, definition, rows, determined[definition.name], own, labels)
        addresses = sorted({person["address"], *(row["address"] for row in own if row["address"])})
        yield definition.name, observation, _provenance(result, definition, observation["id"], addresses, recorded)


def _observation(
    result: Result, definition: Definition, rows: dict, found: dict, evidence: list[dict], labels: dict[int, str]
) -> dict:
    (person,) = rows["person"]
    name = f"{definition.name} {person['source_person_id']} {result.manifest['source']['fingerprint']}"
    return {
        "resourceType": "Observation",
        "id": hashlib.sha256(name.encode()).hexdigest()[:32],
        "status": "final",
        "code": _concept("definition", definition.name, definition.title),
        "subject": _subject(person),
        **_effective(found, rows["observation_period"]),
        **_value(found["verdict"], _DETERMINED[found["verdict"]]),
        "method": {"text": f"stepwell {result.manifest['stepwell']}; it explains, clinicians decide"},
        "component": [_component(row, labels) for row in evidence],
    }


def _component(row: dict, labels: dict[int, str]) -> dict:
    """One criterion, about the person or about one trial."""
    number = row["trial_number"]
    about = "" if number is None else f"trial {number} ({labels[number]}), branch {row['branch']}: "
    return {
        "code": _concept("criterion", row["criterion"], text=f"{about}{row['criterion']}"),
        **_value(row["verdict"], row["sentence"]),
    }


def _value(verdict: str, text: str) -> dict:
    """A verdict as a value; `unknown` is no value but a reason why there is none, never "not met"."""
    if verdict == "unknown":
        return {
            "dataAbsentReason": {
                "coding": [{"system": _ABSENT, "code": "unknown", "display": "Unknown"}],
                "text": text,
            }
        }
    code, display = _VERDICTS[verdict]
    return {"valueCodeableConcept": _concept("verdict", code, display, text)}


def _concept(system: str, code: str, display: str | None = None, text: str | None = None) -> dict:
    coding = {"system": _SYSTEM + system, "code": code, **({"display": display} if display else {})}
    return {"coding": [coding], "text": text or display or code}


def _effective(found: dict, periods: list[dict]) -> dict:
    """The day on which the definition was met; else the time in which the person was observed; else nothing."""
    if found["met_date"]:
        return {"effectiveDateTime": found["met_date"].isoformat()}
    if not periods:
        return {}
    first, last = min(p["start_date"] for p in periods), max(p["end_date"] for p in periods)
    return {"effectivePeriod": {"start": first.isoformat(), "end": last.isoformat()}}


def _subject(person: dict) -> dict:
    if person["address"].startswith("Patient/") and _REFERENCE.fullmatch(person["address"]):
        return {"reference": person["address"]}
    return {"type": "Patient", "identifier": {"system": _SYSTEM + "person", "value": person["source_person_id"]}}


def _provenance(result: Result, definition: Definition, observation: str, addresses: list[str], recorded: str) -> dict:
    """What the Observation was made from, by which version, and when."""
    manifest = result.manifest
    sources = [
        _entity({"identifier": _identifier("input-digest", manifest["source"]["fingerprint"])}),
        _entity({"identifier": _identifier("knowledge-digest", manifest["knowledge"])}),
        _entity({"identifier": _identifier("definition", definition.name), "display": definition.title}),
        *(_entity(_what(address)) for address in addresses),
    ]
    return {
        "resourceType": "Provenance",
        "id": f"provenance-{observation}",
        "target": [{"reference": f"Observation/{observation}"}],
        "recorded": recorded,
        "agent": [
            {
                "type": {"coding": [{"system": _PARTICIPANT, "code": "assembler", "display": "Assembler"}]},
                "who": {"type": "Device", "display": f"stepwell {manifest['stepwell']}"},
            }
        ],
        "entity": sources,
    }


def _entity(what: dict) -> dict:
    return {"role": "source", "what": what}


def _what(address: str) -> dict:
    """A source row: a reference where it was a FHIR resource, else its address as an identifier."""
    return {"reference": address} if _REFERENCE.fullmatch(address) else {"identifier": _identifier("address", address)}


def _identifier(system: str, value: str) -> dict:
    return {"system": _SYSTEM + system, "value": value}


def _said(observation: dict) -> str:
    """The verdict of an Observation, in words."""
    value = observation.get("valueCodeableConcept")
    return value["coding"][0]["display"].lower() if value else "unknown"


def _line(resource: dict) -> str:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":")) + "\n"
