"""Reads the resources that fetched ones refer to and that no search or export brought.

* `Medication`, from `medicationReference` of orders, fills and administrations: it belongs to no patient, so a search by patient
  never finds it, and many exports leave it out.
* `Observation`, from `hasMember` of a panel: some servers give the items of a PHQ-9 only in this way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from .crawl import IS_ID
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
    is_ours = re.compile(rf"(?:{re.escape(server.base)}/)?{kind}/({IS_ID.pattern})(?:/_history/.*)?")
    found = set()
    for source in _FROM[kind]:
        for resource in _resources(folder, source, _WORD[kind]):
            links = resource.get("hasMember") if kind == "Observation" else [resource.get("medicationReference")]
            for link in links if isinstance(links, list) else []:
                text = link.get("reference") if isinstance(link, dict) else None
                if isinstance(text, str) and (match := is_ours.fullmatch(text)):
                    found.add(match[1])
    return found


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
