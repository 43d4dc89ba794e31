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
from .outcomes import codes_of
from .server import FHIR_JSON, GATEWAY, GO_ON, Server

_KICK_OFF = {"Prefer": "respond-async"}
_NDJSON = "application/fhir+ndjson"
_JSON = "application/json"
_NO_POST = {400, 404, 405, 406, 415, 422, 501}
_NO_EXPORT = {200, 404, 405, 501}
"""200: the server took `$export` for something else, and answered at once."""
_LONGEST_JOB = 24 * 3600.0
"""Seconds after which a run no longer waits for a job. The job goes on, and the next run waits for it again."""
_FOLDERS = {"output": "", "deleted": "deleted/", "error": "error/"}
_IS_TYPE = re.compile(r"[A-Z][A-Za-z]{1,60}")
_REFUSED = (
    "ask the administrator whether this client may export, or go through the patients one by one with --one-by-one; "
    "with 400, some of --types may be unknown there"
)


def export(server: Server, folder: Folder, levels: list[str], types: list[str], progress: Callable) -> bool:
    """Fetches by bulk export; False where the server has none at these levels (`Group/ID`, `Patient`, `` for the system).

    Continues a job that the folder knows of. Where the server has forgotten it, what came from it is removed, and a new job
    is started: files of two exports do not belong together.
    """
    state = folder.state
    if "job" in state and not _wait(server, folder):
        del state["job"]
        folder.forget_files()
    if "job" not in state:
        job = _start(server, levels, types, state["request"]["since"])
        if job is None:
            return False
        state["job"], state["files_of_job"] = job, {}
        folder.save()
        if not _wait(server, folder):
            raise server.error(SourceError, "export job", "the server does not know the job", "a job", GO_ON)
    _download(server, folder, list(_manifest(server, state["job"])), progress)
    _delete(server, folder)
    return True


def _start(server: Server, levels: list[str], types: list[str], since: str | None) -> str | None:
    """The address of the job; None where the server has no export."""
    what = "start of the export"
    asked = {"_outputFormat": _NDJSON, "_type": ",".join(types)} | ({"_since": since} if since else {})
    posted = {"headers": _KICK_OFF | {"Content-Type": FHIR_JSON}, "body": _parameters(asked)}
    for level in levels:
        url = "/".join(filter(None, (server.base, level, "$export")))
        # Asked twice, a server may export twice: `again_after` is empty.
        answer = server.ask(what, url, "POST", again_after=(), **posted)
        if answer.status in _NO_POST:
            answer.drop()
            answer = server.ask(what, f"{url}?{urlencode(asked)}", headers=_KICK_OFF, again_after=())
        codes = codes_of(answer)
        if answer.status == 202:
            if job := answer.header("Content-Location"):
                return server.address(job, what)
            expected = "a header Content-Location"
            raise server.error(SourceError, what, "names no job", expected, "tell its administrator")
        if not (answer.status in _NO_EXPORT or (answer.status == 400 and "not-supported" in codes)):
            raise server.refused(what, answer.status, codes, SourceError, _REFUSED)
    return None


def _parameters(asked: dict[str, str]) -> bytes:
    kinds = {"_since": "valueInstant"}
    found = [{"name": name, kinds.get(name, "valueString"): value} for name, value in asked.items()]
    return json.dumps({"resourceType": "Parameters", "parameter": found}).encode()


def _wait(server: Server, folder: Folder) -> bool:
    """Whether the export is there, once it is; False where the server does not know the job (any more)."""
    what, waited, n_polls = "export job", 0.0, 0
    while waited < _LONGEST_JOB:
        answer = server.ask(what, folder.state["job"], headers={"Accept": _JSON}, again_after=GATEWAY)
        if answer.status == 202:
            waited += server.wait(n_polls + 2, answer)
            n_polls += 1
        elif answer.status in (200, 404, 410):
            answer.drop()
            return answer.status == 200
        else:
            del folder.state["job"]
            folder.forget_files()
            folder.save()
            remedy = "run the same command again: it starts a new export"
            raise server.refused(what, answer.status, codes_of(answer), UnfinishedError, remedy)
    raise server.error(UnfinishedError, what, "has been working for a day", "the end of the export", GO_ON)


def _manifest(server: Server, job: str) -> Iterator[dict]:
    """The pages of the list of files."""
    what = "export manifest"
    status, first = server.json(what, job, _JSON)
    for page in server.pages(what, first, _JSON):
        if status != 200 or not isinstance(page.get("output"), list):
            found = f"answered {status}, without a list of files"
            raise server.error(SourceError, what, found, "a list `output`", GO_ON)
        yield page


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
    state["server_errors"] = sum(n for name, n in done.items() if name.startswith("error/"))
    state["deletions"] = "told" if state["request"]["since"] and any("deleted" in p for p in manifest) else "unknown"


def _files(server: Server, manifest: list[dict]) -> Iterator[tuple[str, str, int | None, bool]]:
    """The name of each file here, its address, how many lines the server says it has, and whether it asks for the token."""
    what, tell = "export manifest", "tell its administrator"
    numbers: dict[tuple[str, str], int] = {}
    for page in manifest:
        with_token = page.get("requiresAccessToken") is not False
        for section, above in _FOLDERS.items():
            entries = page.get(section)
            for entry in entries if isinstance(entries, list) else []:
                kind, url = (entry.get("type"), entry.get("url")) if isinstance(entry, dict) else (None, None)
                if not (isinstance(kind, str) and _IS_TYPE.fullmatch(kind) and isinstance(url, str)):
                    raise server.error(SourceError, what, "a file without a type or an address", "type and url", tell)
                if not with_token and origin(url) is None:
                    raise server.error(SourceError, what, "a file lies at an address without https", "https", tell)
                number = numbers.get((section, kind), 0)
                numbers[section, kind] = number + 1
                count = entry.get("count")
                yield f"{above}{kind}.{number:03d}.ndjson", url, count if type(count) is int else None, with_token


def _delete(server: Server, folder: Folder) -> None:
    """Tells the server that the export may go. What it answers changes nothing here."""
    try:
        answer = server.ask("export job", folder.state["job"], "DELETE", again_after=())
        answer.drop()
        folder.state["job_left"] = not (answer.status < 300 or answer.status in (404, 410))
    except (UnfinishedError, SourceError):
        folder.state["job_left"] = True
