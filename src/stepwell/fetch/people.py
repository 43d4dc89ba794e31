"""Which patients to go through: a list of ids, the members of a Group, or every Patient of the server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from stepwell.errors import Problem, QuestionError, SourceError
from stepwell.paths import file_problem

from .crawl import IS_ID, next_page, resources
from .server import Server

_EXPECTED = "a text file with one patient id per line"
_SHOWN = 5
_PAGE = 200


def read_ids(file: Path) -> list[str]:
    """The ids in a file, each once, in its order. Raises `QuestionError`, which names lines and not ids."""
    if problem := file_problem(Path(file), _EXPECTED):
        raise QuestionError("The list of patients cannot be read.", [problem])
    try:
        lines = Path(file).read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        problem = Problem(str(file), "is no text in UTF-8", _EXPECTED, "save it as UTF-8")
        raise QuestionError("The list of patients cannot be read.", [problem]) from None
    ids, wrong = {}, []
    for number, line in enumerate(lines, 1):
        text = line.strip().removeprefix("Patient/")
        if IS_ID.fullmatch(text):
            ids[text] = None
        elif text:
            wrong.append(number)
    problems = [
        Problem(f"{file}, line {n}", "is no FHIR id", "letters, digits, - and . (64 at most)") for n in wrong[:_SHOWN]
    ]
    if len(wrong) > _SHOWN:
        problems.append(Problem(str(file), f"{len(wrong) - _SHOWN} more lines are no ids", _EXPECTED))
    if not ids and not problems:
        problems = [Problem(str(file), "holds no id", _EXPECTED, "write one id per line")]
    if problems:
        raise QuestionError("The list of patients cannot be read.", problems)
    return list(ids)


def members(server: Server, group: str) -> list[str]:
    """The ids of the patients in a Group, those that are marked inactive left out."""
    status, found = server.json("reading of the Group", f"{server.base}/Group/{group}")
    if status != 200 or found.get("resourceType") != "Group":
        remedy = "check --group, and ask whether this client may read it; or list the patients with --patients"
        raise server.error(SourceError, "reading of the Group", f"answered {status}", "a Group", remedy)
    ids = {}
    listed = found.get("member")
    for member in listed if isinstance(listed, list) else []:
        entity = member.get("entity") if isinstance(member, dict) else None
        text = entity.get("reference") if isinstance(entity, dict) else None
        if member.get("inactive") is not True and isinstance(text, str):
            match = re.search(rf"(?:^|/)Patient/({IS_ID.pattern})(?:/_history/.*)?$", text)
            if match:
                ids[match[1]] = None
    if not ids:
        remedy = "list the patients with --patients"
        raise server.error(SourceError, "reading of the Group", "shows no patient as its member", "members", remedy)
    return list(ids)


def everybody(server: Server) -> list[str]:
    """The ids of all patients that the server lets this client find."""
    return list(dict.fromkeys(_search_patients(server)))


def _search_patients(server: Server) -> Iterator[str]:
    url, seen = f"{server.base}/Patient?_count={_PAGE}", set()
    while url is not None and url not in seen:
        seen.add(url)
        status, page = server.json("search of Patient", url)
        if status != 200:
            remedy = "name the patients with --group or --patients"
            raise server.error(SourceError, "search of Patient", f"answered {status}", "a list of patients", remedy)
        for patient in resources(server, "Patient", page):
            if isinstance(patient.get("id"), str) and IS_ID.fullmatch(patient["id"]):
                yield patient["id"]
        url = next_page(server, "Patient", page)
