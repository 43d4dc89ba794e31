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
from .server import Server, issue_codes, json_line

IS_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}")
_BATCH = 50
_PAGE = 200
_REFUSED = {400, 403, 404, 405, 410, 422, 501}
# Some servers (Epic) refuse a search of Observation without a category. These are the ones of FHIR's observation-category.
_CATEGORIES = "social-history,vital-signs,imaging,laboratory,procedure,survey,exam,therapy,activity"
_NOT_BY_PATIENT = {"Medication"}
"""Types that belong to no patient; they are read where others refer to them (`references.py`)."""


def crawl(server: Server, folder: Folder, ids: list[str], types: list[str], progress: Callable) -> None:
    """Fetches everything of these patients. What the server refuses to search is counted in the state (`refused`)."""
    state = folder.state
    search = _Search(server, state)
    batches = [ids[i : i + _BATCH] for i in range(0, len(ids), _BATCH)]
    for number in range(state.get("batches_done", 0), len(batches)):
        _batch(folder, search, number, batches[number], types, progress, len(ids))
        state["batches_done"] = number + 1
        folder.save()
    state["deletions"] = "unknown"


def _batch(folder: Folder, search: _Search, number: int, ids: list[str], types: list[str], progress, n: int) -> None:
    for left in folder.place.glob(f"*.{number:03d}.ndjson"):  # of a run that ended while it named them
        left.unlink()
    with ExitStack() as files:
        opened = {}
        for i, patient in enumerate(ids):
            progress("patients", number * _BATCH + i, n)
            for kind in types:
                if kind in _NOT_BY_PATIENT:
                    continue
                for resource in search.of(kind, patient):
                    if kind not in opened:
                        partial = files.enter_context(folder.new(f"{kind}.{number:03d}.ndjson"))
                        opened[kind] = files.enter_context(partial.open("wb"))
                    opened[kind].write(json_line(resource))
    progress("patients", min((number + 1) * _BATCH, n), n)


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
            found = f"answered 400{_codes(page)} to a search with --since"
            remedy = "fetch without --since: not every server can search by _lastUpdated"
            raise self._server.error(SourceError, f"search of {kind}", found, "a search by _lastUpdated", remedy)
        if status in _REFUSED:
            self._count("refused", kind)
            return
        if status != 200:
            raise _unexpected(self._server, kind, status, page)
        if self._since and not _took(page, "_lastUpdated"):
            self._state["since_ignored"] = True
        yield from self._pages(kind, patient, page)

    def _patient(self, patient: str) -> Iterator[dict]:
        status, found = self._server.json("reading of Patient", f"{self._server.base}/Patient/{quote(patient)}")
        if status in (404, 410):
            self._count("not_found", "Patient")
        elif status == 200 and found.get("resourceType") == "Patient":
            yield found
        else:
            raise _unexpected(self._server, "Patient", status, found)

    def _first(self, kind: str, asked: dict[str, str]) -> tuple[int, dict]:
        return self._server.json(f"search of {kind}", f"{self._server.base}/{kind}?{urlencode(asked)}")

    def _pages(self, kind: str, patient: str, page: dict) -> Iterator[dict]:
        seen = set()
        while True:
            found = list(resources(self._server, kind, page))
            others = {whose for r in found if (whose := _patient_of(r)) not in (None, patient)}
            if len(others) > 1:
                # One other patient may be the same person after a merge; several are a search that did not look at the patient.
                said = "the answer holds records of several other patients: the server does not search by patient"
                raise self._server.error(SourceError, f"search of {kind}", said, "a search by patient", "use --group")
            yield from found
            url = next_page(self._server, kind, page)
            if url is None:
                return
            if url in seen:
                raise self._server.error(
                    SourceError, f"search of {kind}", "its pages go round", "an end", "tell its administrator"
                )
            seen.add(url)
            status, page = self._server.json(f"search of {kind}", url)
            if status != 200:
                raise _unexpected(self._server, kind, status, page)

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


def next_page(server: Server, kind: str, page: dict) -> str | None:
    """The address of the next page, on the same server."""
    links = page.get("link")
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return server.address(link["url"], f"search of {kind}")
    return None


def _took(page: dict, parameter: str) -> bool:
    """Whether the server says by its `self` link that it used a parameter. True where it says nothing."""
    for link in page.get("link") or []:
        if isinstance(link, dict) and link.get("relation") == "self" and isinstance(link.get("url"), str):
            names = {name for name, _ in parse_qsl(urlsplit(link["url"]).query)}
            return parameter in names or "patient" not in names
    return True


def _patient_of(resource: dict) -> str | None:
    """The id of the patient that a resource names as its subject; None where it names none by id."""
    for name in ("subject", "patient"):
        reference = resource.get(name)
        text = reference.get("reference") if isinstance(reference, dict) else None
        if isinstance(text, str) and (found := re.search(r"(?:^|/)Patient/([^/]+)(?:/_history/.*)?$", text)):
            return found[1]
    return None


def _codes(outcome: dict) -> str:
    codes = issue_codes(outcome)
    return f" ({', '.join(codes)})" if codes else ""


def _unexpected(server: Server, kind: str, status: int, found: dict):
    what = f"search of {kind}" if kind != "Patient" else "reading of Patient"
    remedy = "ask the administrator whether this client may read it"
    return server.error(SourceError, what, f"answered {status}{_codes(found)}", "an answer", remedy)
