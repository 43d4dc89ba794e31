"""Which patients to go through: a list of ids, the members of a Group, or every Patient of the server."""

from __future__ import annotations

from pathlib import Path

from stepwell.errors import Problem, QuestionError, SourceError
from stepwell.paths import file_problem

from .crawl import IS_ID, patient_id, resources
from .outcomes import issue_codes
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
    what = "reading of the Group"
    status, found = server.json(what, f"{server.base}/Group/{group}")
    if status != 200 or found.get("resourceType") != "Group":
        remedy = "check --group, and ask whether this client may read it; or list the patients with --patients"
        raise server.refused(what, status, issue_codes(found), SourceError, remedy)
    listed = found.get("member")
    active = (
        [m for m in listed if isinstance(m, dict) and m.get("inactive") is not True] if isinstance(listed, list) else []
    )
    ids = list(dict.fromkeys(filter(None, (patient_id(member.get("entity")) for member in active))))
    if not ids:
        remedy = "list the patients with --patients"
        raise server.error(SourceError, what, "shows no patient as its member", "members", remedy)
    return ids


def everybody(server: Server) -> list[str]:
    """The ids of all patients that the server lets this client find."""
    what = "search of Patient"
    status, first = server.json(what, f"{server.base}/Patient?_count={_PAGE}")
    if status != 200:
        remedy = "name the patients with --group or --patients"
        raise server.refused(what, status, issue_codes(first), SourceError, remedy)
    found = (r.get("id") for page in server.pages(what, first) for r in resources(server, "Patient", page))
    return list(dict.fromkeys(one for one in found if isinstance(one, str) and IS_ID.fullmatch(one)))
