"""Patient by patient, for a server without a bulk export: one search per patient and type, page by page.

The patients are gone through in batches. A batch's files get their names when all of its patients are done, so a second run
begins with the first batch that is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from stepwell.errors import SourceError

from .folder import Folder
from .json_lines import json_line
from .outcomes import issue_codes
from .server import Server, link_of

IS_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}")
_BATCH = 50
_PAGE = 200
_REFUSED = {400, 403, 404, 405, 410, 422, 501}
# Some servers (Epic) refuse a search of Observation without a category. These are the ones of FHIR's observation-category.
_CATEGORIES = "social-history,vital-signs,imaging,laboratory,procedure,survey,exam,therapy,activity"
_ASK = "ask the administrator whether this client may read it"


def crawl(server: Server, folder: Folder, ids: list[str], types: list[str], progress: Callable) -> None:
    """Fetches everything of these patients. What the server refuses to search is counted in the state (`refused`).

    A Medication belongs to no patient; it is read where others refer to it (`references.py`).
    """
    state = folder.state
    search = _Search(server, state)
    kinds = [kind for kind in types if kind != "Medication"]
    batches = [ids[i : i + _BATCH] for i in range(0, len(ids), _BATCH)]
    for number in range(state.get("batches_done", 0), len(batches)):
        for left in folder.place.glob(f"*.{number:03d}.ndjson"):  # of a run that ended while it named them
            left.unlink()
        with ExitStack() as files:
            opened = {}
            for i, patient in enumerate(batches[number]):
                progress("patients", number * _BATCH + i, len(ids))
                for kind in kinds:
                    for resource in search.of(kind, patient):
                        if kind not in opened:
                            partial = files.enter_context(folder.new(f"{kind}.{number:03d}.ndjson"))
                            opened[kind] = files.enter_context(partial.open("wb"))
                        opened[kind].write(json_line(resource))
        state["batches_done"] = number + 1
        folder.save()
    progress("patients", len(ids), len(ids))
    state["deletions"] = "unknown"


class _Search:
    """Searches of one type for one patient, with what this server was found not to take."""

    def __init__(self, server: Server, state: dict):
        self._server, self._state = server, state
        self._since = state["request"]["since"]
        self._needs_category = False

    def of(self, kind: str, patient: str) -> Iterator[dict]:
        """The resources of a type."""
        if kind == "Patient":
            yield from self._patient(patient)
            return
        what = f"search of {kind}"
        asked = {"patient": patient, "_count": str(_PAGE)}
        if self._since:
            asked["_lastUpdated"] = f"ge{self._since}"
        if kind == "Observation" and self._needs_category:
            asked["category"] = _CATEGORIES
        status, page = self._first(kind, asked)
        if status == 400 and kind == "Observation" and "category" not in asked:
            asked["category"] = _CATEGORIES
            status, page = self._first(kind, asked)
            self._needs_category = status == 200
        if status == 400 and self._since:
            remedy = "fetch without --since: not every server can search by _lastUpdated"
            raise self._server.refused(f"{what} with --since", status, issue_codes(page), SourceError, remedy)
        if status in _REFUSED:
            self._count("refused", kind)
            return
        if status != 200:
            raise self._server.refused(what, status, issue_codes(page), SourceError, _ASK)
        if self._since and not _took(page, "_lastUpdated"):
            self._state["since_ignored"] = True
        for each in self._server.pages(what, page):
            found = list(resources(self._server, kind, each))
            # One other patient may be the same person after a merge; several are a search that did not look at the patient.
            if len({whose for r in found if (whose := _patient_of(r)) not in (None, patient)}) > 1:
                said = "the answer holds records of several other patients: the server does not search by patient"
                raise self._server.error(SourceError, what, said, "a search by patient", "use the bulk export: --group")
            yield from found

    def _patient(self, patient: str) -> Iterator[dict]:
        what = "reading of Patient"
        status, found = self._server.json(what, f"{self._server.base}/Patient/{quote(patient)}")
        if status in (404, 410):
            self._count("not_found", "Patient")
        elif status == 200 and found.get("resourceType") == "Patient":
            yield found
        else:
            raise self._server.refused(what, status, issue_codes(found), SourceError, _ASK)

    def _first(self, kind: str, asked: dict[str, str]) -> tuple[int, dict]:
        return self._server.json(f"search of {kind}", f"{self._server.base}/{kind}?{urlencode(asked)}")

    def _count(self, name: str, kind: str) -> None:
        counted = self._state.setdefault(name, {})
        counted[kind] = counted.get(kind, 0) + 1


def resources(server: Server, kind: str, page: dict) -> Iterator[dict]:
    """The resources of that type in one page of a search."""
    entries = page.get("entry", [])
    if page.get("resourceType") != "Bundle" or not isinstance(entries, list):
        raise server.error(SourceError, f"search of {kind}", "the answer is no Bundle", "a Bundle", "check BASE_URL")
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict) and resource.get("resourceType") == kind:
            yield resource


def _took(page: dict, parameter: str) -> bool:
    """Whether the server says by its `self` link that it used a parameter. True where it says nothing."""
    try:
        names = {name for name, _ in parse_qsl(urlsplit(link_of(page, "self") or "").query)}
    except ValueError:
        return True
    return parameter in names or "patient" not in names


def _patient_of(resource: dict) -> str | None:
    """The id of the patient that a resource names as its subject; None where it names none by id."""
    for name in ("subject", "patient", "beneficiary"):
        if found := patient_id(resource.get(name)):
            return found
    return None


def patient_id(reference: object) -> str | None:
    """The id in a reference to a Patient; None for any other."""
    text = reference.get("reference") if isinstance(reference, dict) else None
    found = re.search(rf"(?:^|/)Patient/({IS_ID.pattern})(?:/_history/.*)?$", text) if isinstance(text, str) else None
    return found[1] if found else None
