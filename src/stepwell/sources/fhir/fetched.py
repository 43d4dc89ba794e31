"""What a fetch from a live server could not bring (`fetch.json` beside its files): the absence of such a record says nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import ibis
import ibis.expr.types as ir

from ...errors import Problem, SourceError
from ...knowledge.forms import Knowledge
from ...tables import CODE_GAP, INCOMPLETE_MEDICATION
from ..incomplete import NOT_FETCHED
from ..source import Loss, Source
from ..undated import UNREAD

STATE = "fetch.json"
_HOLDS: dict[str, tuple[tuple[str, str | None], ...]] = {
    "Condition": (("condition", None),),
    "Procedure": (("procedure", None),),
    "Encounter": (("procedure", "hospice"), ("procedure", "palliative-care")),
    "AllergyIntolerance": (("condition", "anaesthetic-allergy"),),
    "Observation": (("answer", None),),
    "QuestionnaireResponse": (("answer", None),),
    "MedicationRequest": (("medication", None),),
    "MedicationDispense": (("medication", None),),
    "MedicationAdministration": (("medication", None),),
    "MedicationStatement": (("medication", None),),
    "Claim": (("medication", None), ("procedure", None), ("condition", None)),
    "ExplanationOfBenefit": (("medication", None), ("procedure", None), ("condition", None)),
}
"""The record tables in which resources of a type may stand, with the code set where they can be of that one only."""
_EXPECTED = {
    "Condition",
    "Procedure",
    "Encounter",
    "AllergyIntolerance",
    "Observation",
    "QuestionnaireResponse",
    "MedicationRequest",
}
"""The types without which a server tells a part only. The others may be lacking: US Core has all medicines of a patient, also
those that they report, in MedicationRequest, and claims are the payers'."""
_SCORES = {"Observation", "QuestionnaireResponse"}


@dataclass(frozen=True)
class Unfetched:
    """The types of resources of which some or all records were not fetched, and what is said about it."""

    files: tuple[Path, ...] = ()
    types: frozenset[str] = frozenset()
    hides_scores: bool = False
    losses: tuple[Loss, ...] = ()


def find_unfetched(location: Path) -> Unfetched:
    """What the fetches whose folders lie at this location could not bring. Raises SourceError for an unfinished one."""
    files = sorted(location.rglob(STATE)) if location.is_dir() else []
    fetches = {file: state for file in files if (state := _read(file)) is not None}
    unfinished = [file for file, state in fetches.items() if state.get("finished") is not True]
    if unfinished:
        remedy = "give the command `stepwell fhir fetch` again: it continues, and names the folder when it is complete"
        problems = [
            Problem(str(file.parent), "is a fetch that has not ended", "whole records", remedy) for file in unfinished
        ]
        raise SourceError("These records are not complete.", problems)
    types: set[str] = set()
    hides_scores = False
    losses: list[Loss] = []
    for state in fetches.values():
        refused = (set(state["refused"]) | set(state["not_granted"])) & _HOLDS.keys()
        absent = set(state["not_offered"]) & _EXPECTED
        types |= refused | absent
        # A server without QuestionnaireResponse has its scores as Observation.
        hides_scores |= bool(refused & _SCORES or "Observation" in absent)
        losses += _losses(state, refused, absent)
    sinces = [state["request"].get("since") for state in fetches.values()]
    if sinces and all(sinces):
        types |= _HOLDS.keys()
        hides_scores = True
        what = (
            "only what changed since a day was fetched: what stood before in any record is unknown; add the first fetch"
        )
        losses.append(Loss("fhir", what, "read as unknown", 0))
    return Unfetched(tuple(fetches), frozenset(types), hides_scores, tuple(dict.fromkeys(losses)))


def _read(file: Path) -> dict | None:
    """The state of a fetch; None for any other file of that name."""
    try:
        state = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(state, dict) or not isinstance(state.get("request"), dict) or "finished" not in state:
        return None
    for name in ("refused", "not_granted", "not_offered"):
        kinds = state.get(name)
        state[name] = [k for k in kinds if isinstance(k, str)] if isinstance(kinds, list | dict) else []
    return state


def _losses(state: dict, refused: set[str], absent: set[str]) -> Iterator[Loss]:
    unknown = "for everybody it is unknown what these records would say"
    for kinds, what in ((refused, "the server refused all or some records of"), (absent, "the server does not offer")):
        if kinds:
            yield Loss("fhir", f"{what} {', '.join(sorted(kinds))}: {unknown}", "read as unknown", 0)
    others = (set(state["not_offered"]) | set(state["refused"])) - refused - absent
    if others:
        yield Loss("fhir", f"types that the server does not offer or refused: {', '.join(sorted(others))}", "kept", 0)
    n_errors = state.get("server_errors")
    if isinstance(n_errors, int) and n_errors > 0:
        what = "messages of the server about its export (in error/): some records may not have been exported"
        yield Loss("fhir", what, "kept", n_errors)
    if state["request"].get("since") and state.get("deletions") != "told":
        what = "the server does not say which records were deleted: some that are read may not exist any more"
        yield Loss("fhir", what, "kept", 0)


def mark_unfetched(source: Source, unfetched: Unfetched, knowledge: Knowledge) -> Source:
    """The source in which the absence of what was not fetched says nothing, for everybody."""
    hidden = dict.fromkeys(where for kind in sorted(unfetched.types) for where in _HOLDS[kind])
    if unfetched.hides_scores:
        hidden |= dict.fromkeys(("measurement", instrument) for instrument in sorted(knowledge.instruments))
    if not hidden:
        return replace(source, losses=(*source.losses, *unfetched.losses))
    drug_rows = source.drug_rows
    for record, codeset in hidden:
        if record == "medication":
            name, added = INCOMPLETE_MEDICATION.name, {"reason": NOT_FETCHED, "n_rows": 0, "n_of": 0}
        else:
            name, added = CODE_GAP.name, {"record": record, "codeset": codeset, "reason": UNREAD, "n_rows": 0}
        kept = source.tables[name]
        if name == CODE_GAP.name:
            is_same = kept.codeset.isnull() if codeset is None else kept.codeset == codeset
            kept = kept.filter(~((kept.record == record) & (kept.reason == UNREAD) & is_same.fill_null(False)))
        source = source.with_table(name, kept.union(_for_everybody(source.tables["person"], kept.schema(), added)))
        source = replace(source, counts=source.counts.with_one_for_everybody(name))
    if drug_rows is not None:
        drugs = tuple(sorted(kind for kind in unfetched.types if ("medication", None) in _HOLDS[kind]))
        drug_rows = replace(drug_rows, not_fetched=drugs)
    return replace(source, losses=(*source.losses, *unfetched.losses), drug_rows=drug_rows)


def _for_everybody(person: ir.Table, schema: ibis.Schema, values: dict[str, object]) -> ir.Table:
    columns = {name: ibis.literal(values.get(name), kind) for name, kind in schema.items() if name != "person_id"}
    return person.select("person_id", **columns)
