"""Reads the resources that fetched ones refer to and that no search or export brought.

* `Medication`, from `medicationReference` of orders, fills and administrations: it belongs to no patient, so a search by patient
  never finds it, and many exports leave it out.
* `Observation`, from `hasMember` of a panel: some servers give the items of a PHQ-9 only in this way.
* `Questionnaire`, which a response names by its address: without it nobody may be able to say what was asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

from .crawl import IS_ID, resources
from .folder import Folder
from .json_lines import json_line, parse
from .server import Server

_FROM = {
    "Medication": ("MedicationRequest", "MedicationDispense", "MedicationAdministration", "MedicationStatement"),
    "Observation": ("Observation",),
}
_WORD = {"Medication": b'"medicationReference"', "Observation": b'"hasMember"'}
_BATCH = 200
_DEEPEST = 5
"""Panels within panels."""


def read_references(server: Server, folder: Folder, types: list[str], progress: Callable) -> None:
    """Fetches what is referred to and not there. What the server does not give is counted in the state (`not_found`).

    A second run reads only what the first did not.
    """
    for kind in _FROM:
        if kind not in types:
            continue
        missing: set[str] = set()
        for _ in range(_DEEPEST):
            wanted = _referred(server, folder, kind) - missing
            wanted -= _present(folder, kind, wanted)
            if not wanted:
                break
            missing |= _read(server, folder, kind, sorted(wanted), progress)
        if missing:
            folder.state.setdefault("not_found", {})[kind] = len(missing)
    _read_questionnaires(server, folder, progress)


def _read_questionnaires(server: Server, folder: Folder, progress: Callable) -> None:
    responses = _resources(folder, "QuestionnaireResponse", b'"questionnaire"')
    texts = {text.partition("|")[0] for r in responses if isinstance(text := r.get("questionnaire"), str)}
    texts = {text.removeprefix(f"{server.base}/") for text in texts}
    held = _resources(folder, "Questionnaire", b'"Questionnaire"')
    held = {name for r in held for name in (r.get("url"), f"Questionnaire/{r.get('id')}")}
    # One that begins with # is contained in its response.
    wanted = sorted(t for t in texts if t and t[0] != "#" and t not in held)
    found = []
    for i, name in enumerate(wanted):
        progress("Questionnaire by reference", i, len(wanted))
        if questionnaire := _questionnaire(server, name):
            found.append(json_line(questionnaire))
    if found:
        folder.write_lines(folder.next_name("Questionnaire"), found)
    if len(found) < len(wanted):
        folder.state.setdefault("not_found", {})["Questionnaire"] = len(wanted) - len(found)


def _questionnaire(server: Server, name: str) -> dict | None:
    """The Questionnaire of this address or, on this server, id; None where the server does not give it."""
    if match := _is_ours(server, "Questionnaire").fullmatch(name):
        status, one = server.json("reading of Questionnaire", f"{server.base}/Questionnaire/{match[1]}")
        if status == 200 and one.get("resourceType") == "Questionnaire":
            return one
    status, page = server.json("search of Questionnaire", f"{server.base}/Questionnaire?{urlencode({'url': name})}")
    if status != 200 or page.get("resourceType") != "Bundle":
        return None
    return next((r for r in resources(server, "Questionnaire", page) if r.get("url") == name), None)


def _read(server: Server, folder: Folder, kind: str, ids: list[str], progress: Callable) -> set[str]:
    missing = set()
    for start in range(0, len(ids), _BATCH):
        lines = []
        for i, one in enumerate(ids[start : start + _BATCH]):
            progress(f"{kind} by reference", start + i, len(ids))
            status, found = server.json(f"reading of {kind}", f"{server.base}/{kind}/{one}")
            if status == 200 and found.get("resourceType") == kind and found.get("id") == one:
                lines.append(json_line(found))
            else:
                missing.add(one)
        if lines:
            folder.write_lines(folder.next_name(kind), lines)
    return missing


def _referred(server: Server, folder: Folder, kind: str) -> set[str]:
    """The ids of a type that fetched resources refer to on this server."""
    is_ours = _is_ours(server, kind)
    found = set()
    for source in _FROM[kind]:
        for resource in _resources(folder, source, _WORD[kind]):
            links = resource.get("hasMember") if kind == "Observation" else [resource.get("medicationReference")]
            for link in links if isinstance(links, list) else []:
                text = link.get("reference") if isinstance(link, dict) else None
                if isinstance(text, str) and (match := is_ours.fullmatch(text)):
                    found.add(match[1])
    return found


def _is_ours(server: Server, kind: str) -> re.Pattern[str]:
    """A reference to a resource of a type on this server, with its id."""
    return re.compile(rf"(?:{re.escape(server.base)}/)?{kind}/({IS_ID.pattern})(?:/_history/.*)?")


def _present(folder: Folder, kind: str, wanted: set[str]) -> set[str]:
    if not wanted:
        return set()
    return {r["id"] for r in _resources(folder, kind, b'"id"') if isinstance(r.get("id"), str) and r["id"] in wanted}


def _resources(folder: Folder, kind: str, word: bytes) -> Iterator[dict]:
    """The resources of a type whose line holds a word. A line that is no JSON is left to the reader of the folder."""
    for file in folder.files(kind):
        with file.open("rb") as opened:
            for line in opened:
                if word in line and (resource := parse(line)):
                    yield resource
