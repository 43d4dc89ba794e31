"""The records that the server of these tests holds, and how to look at what was fetched."""

from __future__ import annotations

import json
from pathlib import Path

from resources import ITEMS, PANEL, RXNORM, TOTAL, coded, condition, dispense, observation, of, patient, request

PEOPLE = ("ann", "bob", "cyd")
TABLET = {"resourceType": "Medication", "id": "tablet", "code": coded("36437", RXNORM)}


def records() -> list[dict]:
    """Three people; orders that refer to a Medication, and a PHQ-9 whose items hang on its panel."""
    made = [TABLET]
    for person in PEOPLE:
        made += [patient(person), condition(f"c-{person}", person)]
        drug = {"medicationReference": {"reference": "Medication/tablet"}}
        for n in range(3):
            order = request(f"r{n}-{person}", person, authoredOn=f"2020-0{n + 1}-01", **drug)
            del order["medicationCodeableConcept"]
            made.append(order)
        made.append(dispense(f"d-{person}", person))
        made.append(observation(f"t-{person}", person, TOTAL, valueQuantity={"value": 17}))
    panel = observation("panel", "ann", PANEL, hasMember=[{"reference": f"Observation/item-{i}"} for i in range(9)])
    return [*made, panel, of("Procedure", "p-ann", "ann", status="completed", performedDateTime="2020-05-01")]


def items() -> list[dict]:
    """The items of the panel, which some servers give only when they are asked for by id."""
    return [observation(f"item-{i}", "ann", code, valueQuantity={"value": 1}) for i, code in enumerate(ITEMS)]


def fetched(folder: Path) -> dict[str, set[str]]:
    """The ids in a folder by type. No id stands there twice."""
    found: dict[str, list[str]] = {}
    for file in sorted(folder.glob("*.ndjson")):
        for line in file.read_text("utf-8").splitlines():
            resource = json.loads(line)
            assert file.name.startswith(resource["resourceType"] + ".")
            found.setdefault(resource["resourceType"], []).append(resource["id"])
    assert all(len(ids) == len(set(ids)) for ids in found.values())
    return {kind: set(ids) for kind, ids in found.items()}


def held(*resources: dict) -> dict[str, set[str]]:
    """The same of resources."""
    found: dict[str, set[str]] = {}
    for resource in resources:
        found.setdefault(resource["resourceType"], set()).add(resource["id"])
    return found


def entries(folder: Path) -> list[str]:
    """The names of everything below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
