"""The whole of one fetch: sign in, look at the server, export or go through the patients, read what is referred to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from stepwell.errors import Problem, QuestionError, SourceError, UnfinishedError

from .addresses import base_address
from .bulk import export
from .crawl import IS_ID, crawl
from .folder import Folder, open_folder
from .keys import read_key
from .people import everybody, members, read_ids
from .references import read_references
from .server import GO_ON, Server
from .sign_in import SignIn
from .web import Clock, Web

TYPES = (
    "Patient",
    "Coverage",
    "Encounter",
    "Condition",
    "Medication",
    "MedicationRequest",
    "MedicationDispense",
    "MedicationAdministration",
    "MedicationStatement",
    "Observation",
    "QuestionnaireResponse",
    "Procedure",
    "AllergyIntolerance",
    "Claim",
    "ExplanationOfBenefit",
)
"""The types of resources that are asked for where none are named."""

_TITLE = "Nothing was fetched."
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_TYPE = re.compile(r"[A-Z][A-Za-z]{2,60}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")
_R4 = re.compile(r"4\.[03](\.\d+)?")


@dataclass(frozen=True)
class Request:
    """What to fetch from where. A second run with the same request and folder continues the first."""

    base: str
    client: str | None = None
    key: Path | None = None
    types: tuple[str, ...] = TYPES
    since: str | None = None
    group: str | None = None
    patients: Path | None = None
    one_by_one: bool = False
    scope: str | None = None


@dataclass(frozen=True)
class Fetched:
    """What a fetch brought: how many lines of each type, and what could not be had."""

    folder: Path
    how: str
    counts: dict[str, int]
    notes: tuple[str, ...]
    was_there: bool = False


def fetch(
    request: Request,
    out: Path | str,
    *,
    clock: Clock | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Fetched:
    """Fetches the records of a FHIR server into the folder `out`, which appears when they are complete.

    Raises `QuestionError` where the request cannot be answered or the server refuses the sign-in, `SourceError` where the server
    does not answer as FHIR R4 says, and `UnfinishedError` where the same request can go on later.
    """
    clock, progress = clock or Clock(), progress or (lambda *_: None)
    base = base_address(request.base)
    ids = _check(request)
    key = read_key(request.key) if request.key else None
    with open_folder(Path(out), _identity(request, base, ids)) as folder:
        if folder.state["finished"]:
            if folder.place != folder.out:  # killed between its last write and its name
                folder.finish()
            return _fetched(folder, was_there=True)
        web = Web()
        try:
            server = Server(base, web, clock)
            if key:
                server.sign_in = SignIn(server, request.client, key, request.scope)
            _work(server, folder, request, ids, progress)
        except KeyboardInterrupt:
            problem = Problem("", "stopped before everything was fetched", "", GO_ON)
            raise UnfinishedError("Stopped.", [problem]) from None
        finally:
            web.close()
        folder.state["counts"] = folder.counts()
        folder.finish()
        return _fetched(folder)


def _work(server: Server, folder: Folder, request: Request, ids: list[str] | None, progress: Callable) -> None:
    state = folder.state
    offered = _offered(server)
    if "not_offered" not in state:  # a second run goes on with the types of the first
        state["not_offered"] = sorted(set(request.types) - offered) if offered else []
    types = [kind for kind in request.types if kind not in state["not_offered"]]
    if not types:
        raise server.error(
            SourceError, "metadata", "the server offers none of the types asked", "some", "check --types"
        )
    if state.get("how") is None and not (ids or request.one_by_one):
        levels = [f"Group/{request.group}"] if request.group else ["Patient", ""]
        if export(server, folder, levels, types, progress):
            state["how"] = "bulk export"
            folder.save()
    if state.get("how") != "bulk export":
        people = folder.people()
        if people is None:
            people = ids or (members(server, request.group) if request.group else everybody(server))
            folder.keep_people(people)
        state["how"], state["people"] = "patient by patient", len(people)
        folder.save()
        crawl(server, folder, people, types, progress)
    read_references(server, folder, types, progress)
    state["not_granted"] = server.sign_in.not_granted(types) if server.sign_in else []


def _check(request: Request) -> list[str] | None:
    """The ids listed in the file of patients, if there is one. Raises `QuestionError` with all problems."""
    problems = []
    if (request.client is None) != (request.key is None):
        problems.append(
            Problem("--client, --key", "only one was given", "both", "or --no-auth for an open test server")
        )
    if request.scope is not None and (request.client is None or not _SCOPE.fullmatch(request.scope)):
        problems.append(Problem("--scope", "is no scope, or nobody signs in", "for example system/*.rs"))
    if request.since is not None and not _INSTANT.fullmatch(request.since):
        expected = "an instant with a time zone, for example 2026-01-31T00:00:00Z"
        problems.append(Problem("--since", "is no instant", expected))
    if request.group is not None and not IS_ID.fullmatch(request.group):
        problems.append(Problem("--group", "is no FHIR id", "letters, digits, - and . (64 at most)"))
    if request.group is not None and request.patients is not None:
        problems.append(Problem("--group, --patients", "both were given", "one of the two", "ask twice"))
    if not request.types or not all(_TYPE.fullmatch(kind) for kind in request.types):
        problems.append(Problem("--types", "is no list of resource types", "for example Patient,Condition"))
    if problems:
        raise QuestionError(_TITLE, problems)
    return read_ids(request.patients) if request.patients else None


def _identity(request: Request, base: str, ids: list[str] | None) -> dict:
    """What makes two requests the same. The patients' ids stand in it by their digest only."""
    asked = asdict(request) | {"base": base, "types": list(request.types)}
    del asked["key"]
    asked["patients"] = hashlib.sha256("\n".join(ids).encode()).hexdigest() if ids else None
    return asked


def _offered(server: Server) -> set[str] | None:
    """The types of resources that the server names in its capability statement; None where it names none.

    Raises `SourceError` for another version of FHIR than R4 and R4B.
    """
    status, found = server.json("metadata", f"{server.base}/metadata")
    if status != 200:
        return None
    if found.get("resourceType") not in ("CapabilityStatement", "Conformance"):
        raise server.error(SourceError, "metadata", "is no CapabilityStatement", "a FHIR server", "check BASE_URL")
    version = found.get("fhirVersion")
    if isinstance(version, str) and not _R4.fullmatch(version):
        said = version if re.fullmatch(r"\d\.\d{1,2}(\.\d{1,2})?(-[a-z0-9-]{1,20})?", version) else "another version"
        remedy = "ask for the address of its R4 endpoint"
        raise server.error(SourceError, "metadata", f"is FHIR {said}", "FHIR R4 (4.0.1) or R4B (4.3.0)", remedy)
    kinds = {
        resource.get("type")
        for rest in found.get("rest") or []
        if isinstance(rest, dict)
        for resource in rest.get("resource") or []
        if isinstance(resource, dict)
    }
    return kinds or None


def _fetched(folder: Folder, was_there: bool = False) -> Fetched:
    state = folder.state
    return Fetched(folder.out, state["how"], state["counts"], tuple(_notes(state)), was_there)


def _notes(state: dict):
    """What a reader of the records has to know, in words."""
    if not state["counts"]:
        yield "The server gave no record at all."
    if state["not_offered"]:
        yield f"The server does not offer: {', '.join(state['not_offered'])}."
    if state["not_granted"]:
        yield f"This client may not read all of: {', '.join(state['not_granted'])}. What these records say is unknown."
    for kind, n in sorted(state.get("refused", {}).items()):
        yield f"The server refused {_n(n, 'search', 'searches')} of {kind}: what these records say is unknown."
    for kind, n in sorted(state.get("not_found", {}).items()):
        what = _n(n, f"{kind} resource was", f"{kind} resources were")
        yield f"{what} referred to or asked for, and the server did not give {'it' if n == 1 else 'them'}."
    if n := state.get("server_errors"):
        yield f"The server reports {_n(n, 'error', 'errors')} (in error/): the export may be incomplete."
    if state.get("since_ignored"):
        yield "The server ignored --since: older records are there too."
    if state["request"]["since"] and state.get("deletions") == "unknown":
        yield "The server does not say which records were deleted since then: deletions are unknown."
    if state.get("job_left"):
        yield "The server did not delete the export job. Its files stay there until it expires."


def _n(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"
