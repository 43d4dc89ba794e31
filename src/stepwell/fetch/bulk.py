"""The bulk export: `$export` is started, waited for, downloaded and deleted.

Source: HL7 FHIR Bulk Data Access 2.0 and 3.0. The start is a POST, or a GET where the server does not know POST.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

from stepwell.errors import SourceError, UnfinishedError

from .addresses import origin
from .download import download
from .folder import Folder
from .server import FHIR_JSON, GATEWAY, GO_ON, Server, issue_codes, parse
from .web import BrokenExchangeError

_KICK_OFF = {"Prefer": "respond-async"}
_NDJSON = "application/fhir+ndjson"
_NO_POST = {400, 404, 405, 406, 415, 422, 501}
_NO_EXPORT = {404, 405, 501}
_LONGEST_JOB = 24 * 3600.0
"""Seconds after which a run no longer waits for a job. The job goes on, and the next run waits for it again."""
_FAILURES = 3
"""How often a job may answer 500 before it counts as failed."""
_FOLDERS = {"output": "", "deleted": "deleted/", "error": "error/"}
_IS_TYPE = re.compile(r"[A-Z][A-Za-z]{1,60}")


def export(server: Server, folder: Folder, levels: list[str], types: list[str], progress: Callable) -> bool:
    """Fetches by bulk export; False where the server has none at these levels (`Group/ID`, `Patient`, `` for the system).

    A job that the folder knows of is gone on with. Where the server has forgotten it, a new one is started.
    """
    state = folder.state
    manifest = None
    if state.get("job"):
        manifest = _wait(server, folder)
    if manifest is None:
        folder.forget_files()
        state["files_of_job"] = {}
        job = _start(server, levels, types, state["request"]["since"])
        if job is None:
            return False
        state["job"] = job
        folder.save()
        manifest = _wait(server, folder)
        if manifest is None:
            raise server.error(SourceError, "export job", "the server does not know the job", "a job", GO_ON)
    _download(server, folder, manifest, progress)
    _delete(server, folder)
    return True


def _start(server: Server, levels: list[str], types: list[str], since: str | None) -> str | None:
    """The address of the job; None where the server has no export."""
    what = "start of the export"
    for level in levels:
        url = "/".join(filter(None, (server.base, level, "$export")))
        asked = {"_outputFormat": _NDJSON, "_type": ",".join(types)} | ({"_since": since} if since else {})
        # Asked twice, a server may export twice.
        answer = server.ask(
            what,
            url,
            "POST",
            headers=_KICK_OFF | {"Content-Type": FHIR_JSON},
            body=_parameters(asked),
            again_after=(),
        )
        if answer.status in _NO_POST:
            answer.drop()
            answer = server.ask(what, f"{url}?{urlencode(asked)}", headers=_KICK_OFF, again_after=())
        if answer.status == 202:
            job = answer.header("Content-Location")
            answer.drop()
            if not job:
                raise server.error(
                    SourceError, what, "names no job", "a header Content-Location", "tell its administrator"
                )
            return server.address(job, what)
        if not _has_no_export(server, answer):
            raise server.refused(what, answer, SourceError, _REFUSED)
    return None


_REFUSED = (
    "ask the administrator whether this client may export, or go through the patients one by one with --one-by-one; "
    "with 400, some of --types may be unknown there"
)


def _has_no_export(server: Server, answer) -> bool:
    if answer.status in _NO_EXPORT:
        answer.drop()
        return True
    if answer.status != 400:
        return False
    try:
        content = answer.body()
    except BrokenExchangeError:
        content = b""
    answer.body = lambda: content  # it is read once more for the message
    return "not-supported" in issue_codes(parse(content) or {})


def _parameters(asked: dict[str, str]) -> bytes:
    kinds = {"_since": "valueInstant"}
    found = [{"name": name, kinds.get(name, "valueString"): value} for name, value in asked.items()]
    return json.dumps({"resourceType": "Parameters", "parameter": found}).encode()


def _wait(server: Server, folder: Folder) -> list[dict] | None:
    """The pages of the manifest, once the export is there; None where the server does not know the job (any more)."""
    what = "export job"
    waited, n_polls, n_failures = 0.0, 0, 0
    while True:
        answer = server.ask(what, folder.state["job"], headers={"Accept": "application/json"}, again_after=GATEWAY)
        if answer.status == 202 and waited < _LONGEST_JOB:
            waited += server.wait(answer, n_polls + 2)
            n_polls += 1
            answer.drop()
        elif answer.status == 202:
            answer.drop()
            raise server.error(UnfinishedError, what, "has been working for a day", "the end of the export", GO_ON)
        elif answer.status == 200:
            answer.drop()
            return list(_pages(server, folder.state["job"]))
        elif answer.status in (404, 410):
            answer.drop()
            return None
        elif answer.status == 500 and n_failures < _FAILURES:
            n_failures += 1
            server.wait(answer, n_failures)
            answer.drop()
        else:
            error = server.refused(what, answer, UnfinishedError, "run the same command again: it starts a new export")
            folder.state.pop("job")
            folder.save()
            raise error


def _pages(server: Server, url: str) -> Iterator[dict]:
    seen = set()
    while url and url not in seen:
        seen.add(url)
        status, page = server.json("export manifest", url, accept="application/json")
        if status != 200 or not isinstance(page.get("output"), list):
            found = f"answered {status}, without a list of files"
            raise server.error(SourceError, "export manifest", found, "a list `output`", GO_ON)
        yield page
        url = _next(server, page)


def _next(server: Server, page: dict) -> str | None:
    links = page.get("link")
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return server.address(link["url"], "export manifest")
    return None


def _download(server: Server, folder: Folder, manifest: list[dict], progress: Callable) -> None:
    state = folder.state
    state["transaction_time"] = str(manifest[0].get("transactionTime", ""))[:40]
    wanted = list(_files(server, manifest))
    done = state["files_of_job"]
    for i, (name, url, count, with_token) in enumerate(wanted):
        progress("files", i, len(wanted))
        if name not in done:
            done[name] = download(server, folder, name, url, count, with_token)
            folder.save()
    progress("files", len(wanted), len(wanted))
    errors = sum(n for name, n in done.items() if name.startswith("error/"))
    if errors:
        state["server_errors"] = errors
    state["deletions"] = "told" if state["request"]["since"] and any("deleted" in p for p in manifest) else "unknown"


def _files(server: Server, manifest: list[dict]) -> Iterator[tuple[str, str, int | None, bool]]:
    """The name of each file here, its address, how many lines the server says it has, and whether it asks for the token."""
    numbers: dict[tuple[str, str], int] = {}
    for page in manifest:
        with_token = page.get("requiresAccessToken") is not False
        for section, above in _FOLDERS.items():
            for entry in page.get(section) or []:
                kind, url = entry.get("type"), entry.get("url")
                if not (isinstance(kind, str) and _IS_TYPE.fullmatch(kind) and isinstance(url, str)):
                    found = "a file without a type or an address"
                    raise server.error(SourceError, "export manifest", found, "type and url", "tell its administrator")
                if not with_token and origin(url) is None:
                    found = "a file lies at an address without https"
                    raise server.error(SourceError, "export manifest", found, "https", "tell its administrator")
                number = numbers.get((section, kind), 0)
                numbers[section, kind] = number + 1
                count = entry.get("count")
                is_count = isinstance(count, int) and not isinstance(count, bool)
                yield f"{above}{kind}.{number:03d}.ndjson", url, count if is_count else None, with_token


def _delete(server: Server, folder: Folder) -> None:
    """Tells the server that the export may go. What it answers changes nothing here."""
    try:
        answer = server.ask("export job", folder.state["job"], "DELETE", again_after=())
        is_deleted = answer.status < 300 or answer.status in (404, 410)
        answer.drop()
    except (UnfinishedError, SourceError):
        is_deleted = False
    if not is_deleted:
        folder.state["job_left"] = True
