"""The protocol files: those shipped, those in the folder `protocols` of the clinic's directory, and the kept text of those by
which something was ordered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from stepwell.clinic import events
from stepwell.clinic.access.models import Clinic
from stepwell.clinic.access.policy import Action, Actor
from stepwell.data_files import Cited, read_file
from stepwell.errors import Problem

from .models import ConfirmedProtocol, KeptProtocol
from .protocol import Protocol

SHIPPED = Path(__file__).parent / "protocols"
OWN = "protocols"
"""The folder in the clinic's directory."""


@dataclass(frozen=True)
class ProtocolFile:
    """A protocol as a file says it. `digest` is that of its text."""

    protocol: Protocol
    text: str
    digest: str
    is_own: bool
    references: dict
    """The sources that it names, by id."""


def available() -> dict[str, ProtocolFile]:
    """The protocols that can be ordered, by id; the clinic's own file takes the place of a shipped one of the same id."""
    return {file.protocol.id: file for path, is_own in _paths() if (file := _read(path, is_own)[0]) is not None}


def problems() -> list[Problem]:
    """Everything that is wrong with the clinic's own files; those files cannot be used."""
    return [problem for path, is_own in _paths() if is_own for problem in _read(path, True)[1]]


def own_folder() -> Path:
    """Where the clinic puts its own files."""
    return settings.DIRECTORY.path / OWN


def kept(digests: Iterable[str]) -> dict[str, Protocol]:
    """The protocols of these digests, as they were when something was ordered by them."""
    wanted = set(digests)
    return {row.digest: _parsed(row.digest, row.text) for row in KeptProtocol.objects.filter(digest__in=wanted)}


def keep(file: ProtocolFile) -> None:
    """Keeps the text, once."""
    now = timezone.now()
    defaults = {"protocol": file.protocol.id, "text": file.text, "at": now}
    KeptProtocol.objects.get_or_create(digest=file.digest, defaults=defaults)


def is_confirmed(file: ProtocolFile, clinic_id: int) -> bool:
    """Whether it may be ordered by: nothing in it is only recalled, or a prescriber confirmed what is."""
    if not file.protocol.recalled:
        return True
    return ConfirmedProtocol.objects.filter(clinic_id=clinic_id, digest=file.digest).exists()


def confirm(file: ProtocolFile, clinic: Clinic, actor: Actor) -> None:
    """A prescriber confirms the recalled values of this text for the clinic; another text is to be confirmed anew."""
    with transaction.atomic():
        ConfirmedProtocol.objects.get_or_create(
            clinic=clinic,
            digest=file.digest,
            defaults={
                "protocol": file.protocol.id,
                "user_id": actor.user_id,
                "actor": actor.name,
                "at": timezone.now(),
            },
        )
        detail = {"protocol": file.protocol.id, "digest": file.digest}
        events.record(actor, Action.WRITE_ORDER, detail=detail)


def _paths() -> Iterator[tuple[Path, bool]]:
    yield from ((path, False) for path in sorted(SHIPPED.glob("*.yaml")))
    yield from ((path, True) for path in sorted(own_folder().glob("*.yaml")))


def _read(path: Path, is_own: bool) -> tuple[ProtocolFile | None, tuple[Problem, ...]]:
    status = path.stat()
    return _read_once(path, is_own, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=64)
def _read_once(path: Path, is_own: bool, _changed: int, _size: int) -> tuple[ProtocolFile | None, tuple[Problem, ...]]:
    filled = read_file(path, Protocol)
    problems = list(filled.problems)
    named = {} if filled.form is None else {name: of for of, one in filled.form.cited() for name in _sources(one)}
    for name, of in named.items():
        if name not in filled.references:
            remedy = "write it under `references:` in the file, with a `title:`"
            problems.append(Problem(f"{path.name}, {of}", f"no source `{name}`", "a named source", remedy))
    if filled.form is not None and filled.form.id != path.stem:
        problems.append(
            Problem(path.name, f"its id is `{filled.form.id}`", "the name of the file", "rename one of them")
        )
    if problems:
        return None, tuple(problems)
    text = path.read_text(encoding="utf-8-sig")
    digest = hashlib.sha256(text.encode()).hexdigest()
    return ProtocolFile(filled.form, text, digest, is_own, {name: filled.references[name] for name in named}), ()


def _sources(one: Cited) -> list[str]:
    return [name.strip() for name in (one.source or "").split(";") if name.strip()]


@lru_cache(maxsize=64)
def _parsed(_digest: str, text: str) -> Protocol:
    data = yaml.safe_load(text)
    data.pop("references", None)
    return Protocol.model_validate(data)
