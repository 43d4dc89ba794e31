"""The payers' policies that a clinic can choose: those shipped with stepwell and its own, read by stepwell's own loader."""

from __future__ import annotations

import re
import tempfile
from functools import lru_cache
from pathlib import Path

import stepwell
from stepwell.errors import KnowledgeError, Problem

from .models import PolicyFile

LONGEST = 200_000
"""Characters of a policy file."""

_ID = re.compile(r"^id:\s*[\"']?([a-z0-9][a-z0-9-]*)", re.MULTILINE)


def knowledge_of(clinic_id: int):
    """stepwell's knowledge with the latest version of each policy file of the clinic."""
    return _load(_texts(clinic_id))


def forms_of(clinic_id: int) -> list:
    """What a packet can be for: policies, and practices such as off-label ketamine; the clinic's own first."""
    knowledge, own = knowledge_of(clinic_id), dict(_texts(clinic_id))
    forms = [f for f in knowledge.candidacies.values() if f.status != "retired" and f.kind in ("policy", "practice")]
    return sorted(forms, key=lambda f: (f.id not in own, f.kind != "policy", f.title))


def own_ids(clinic_id: int) -> set[str]:
    """The ids of the clinic's own policies."""
    return {policy for policy, _ in _texts(clinic_id)}


def id_in(text: str) -> str | None:
    """The id that a policy file gives itself; None where it gives none."""
    found = _ID.search(text)
    return found.group(1) if found else None


def problems_in(text: str, clinic_id: int) -> list[Problem]:
    """Everything that is wrong with a policy file, in the order of its lines; nothing where it can be used."""
    if len(text) > LONGEST:
        return [Problem("", "the file is longer than any policy", f"at most {LONGEST:,} characters", "check the file")]
    name = id_in(text)
    if name is None:
        return [Problem("line 1", "there is no id", "`id:` with small letters, digits and hyphens", "add a line `id:`")]
    others = tuple((policy, other) for policy, other in _texts(clinic_id) if policy != name)
    try:
        _read((*others, (name, text)))
    except KnowledgeError as error:
        return [_without_path(problem, name) for problem in error.problems]
    return []


def _texts(clinic_id: int) -> tuple[tuple[str, str], ...]:
    latest = {}
    for file in PolicyFile.objects.filter(clinic_id=clinic_id).order_by("policy", "number"):
        latest[file.policy] = file.text
    return tuple(latest.items())


@lru_cache(maxsize=16)
def _load(texts: tuple[tuple[str, str], ...]):
    return _read(texts) if texts else stepwell.load_knowledge()


def _read(texts: tuple[tuple[str, str], ...]):
    with tempfile.TemporaryDirectory(prefix="stepwell-policies-") as folder:
        paths = []
        for policy, text in texts:
            paths.append(Path(folder) / f"{policy}.yaml")
            paths[-1].write_text(text, encoding="utf-8")
        return stepwell.load_knowledge(policies=paths)


def _without_path(problem: Problem, name: str) -> Problem:
    """The problem with the line in the place of the path of a passing file."""
    file, _, line = problem.where.rpartition(":")
    if Path(file).name == f"{name}.yaml" and line.isdigit():
        return Problem(f"line {line}", problem.found, problem.expected, problem.remedy)
    return problem
