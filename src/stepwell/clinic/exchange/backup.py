"""Backup and restore: one file, the same for SQLite and PostgreSQL, with a digest of every table and the head of the event chain.

The file is a ZIP: `manifest.json` and `tables/<room>.<model>.jsonl`, one row per line. Sessions and counts of
failed sign-ins are left out: whoever was signed in signs in again.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import hashlib
import io
import json
import os
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder

import stepwell
from stepwell.clinic import events
from stepwell.errors import Problem, QuestionError, SourceError

FORMAT = "stepwell clinic backup 1"
_LEFT_OUT = {"sessions", "contenttypes", "axes", "auth"}
_BATCH = 500


def backed_up() -> list[type[models.Model]]:
    """The tables that are in a backup, in the order of their names."""
    found = [m for m in apps.get_models() if m._meta.app_label not in _LEFT_OUT and m._meta.managed]
    return sorted(found, key=lambda model: model._meta.label)


def backup(file: Path) -> dict[str, int]:
    """Writes everything into one new file, as it stood at one moment. Returns how many rows each table has."""
    if file.exists():
        problem = Problem(str(file), "it is there already", "a new file", "name another file")
        raise QuestionError("Nothing was backed up.", [problem])
    part = file.with_name(file.name + ".partial")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            manifest = _write(out)
            out.flush()
            os.fsync(out.fileno())
        part.rename(file)
        # After the copy: a restored clinic is the one that was copied.
        events.record(None, "backup", detail={"by": "command line"})
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return {name: table["rows"] for name, table in manifest["tables"].items()}


def _write(out) -> dict:
    tables = {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for model in backed_up():
            digest, n = hashlib.sha256(), 0
            with archive.open(_member(model), "w", force_zip64=True) as entry:
                for line in _lines(model):
                    entry.write(line)
                    digest.update(line)
                    n += 1
            tables[model._meta.label] = {"rows": n, "sha256": digest.hexdigest()}
        manifest = {
            "format": FORMAT,
            "stepwell": stepwell.__version__,
            "migrations": _migrations(),
            "events": _head(),
            "tables": tables,
        }
        archive.writestr("manifest.json", json.dumps(manifest, indent=1))
    return manifest


def _lines(model: type[models.Model]) -> Iterator[bytes]:
    fields = model._meta.concrete_fields
    for row in model._base_manager.order_by("pk").iterator(chunk_size=_BATCH):
        values = {field.attname: _written(field.value_from_object(row)) for field in fields}
        yield json.dumps(values, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def _written(value):
    """The value as JSON has it. Times keep their microseconds, which the event chain covers."""
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode("ascii")
    return str(value) if isinstance(value, uuid.UUID | decimal.Decimal) else value


def _member(model: type[models.Model]) -> str:
    return f"tables/{model._meta.label}.jsonl"


def _migrations() -> list[str]:
    return sorted(
        f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations() if app not in _LEFT_OUT
    )


def _head() -> dict:
    from stepwell.clinic.events.models import Event

    last = Event.objects.order_by("-number").first()
    return {"number": last.number, "digest": last.digest} if last else {"number": 0, "digest": ""}


def check(file: Path) -> dict:
    """The manifest of a backup whose every table is as it was written; else every problem."""
    title = "This backup cannot be restored."
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            if manifest.get("format") != FORMAT:
                raise SourceError(title, [Problem(str(file), "a backup of another format", FORMAT)])
            problems = []
            for name, told in manifest["tables"].items():
                digest = hashlib.sha256()
                with archive.open(f"tables/{name}.jsonl") as entry:
                    while block := entry.read(1 << 20):
                        digest.update(block)
                if digest.hexdigest() != told["sha256"]:
                    problems.append(Problem(f"{file}, {name}", "not as it was written", "", "use another backup"))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        kind = "no such file" if isinstance(error, FileNotFoundError) else "no backup of a clinic, or a damaged one"
        raise SourceError(title, [Problem(str(file), kind, "", "use another backup")]) from None
    if problems:
        raise SourceError(title, problems)
    return manifest


def restore(file: Path, manifest: dict) -> dict[str, int]:
    """Reads a checked backup into the empty tables of this clinic, and verifies the event chain."""
    _same_version(file, manifest)
    _empty()
    by_label = {model._meta.label: model for model in backed_up()}
    with zipfile.ZipFile(file) as archive, transaction.atomic():
        for name in manifest["tables"]:
            with archive.open(f"tables/{name}.jsonl") as entry:
                _insert(by_label[name], io.TextIOWrapper(entry, "utf-8"))
        for statement in connection.ops.sequence_reset_sql(no_style(), backed_up()):
            with connection.cursor() as cursor:
                cursor.execute(statement)
        counts = {model._meta.label: model._base_manager.count() for model in backed_up()}
        problems = [Problem(str(file), text) for text in events.verify_chain()]
        if _head() != manifest["events"]:
            problems.append(Problem(str(file), "the event log does not end where the backup says"))
        problems += [
            Problem(f"{file}, {name}", f"{counts[name]} rows", str(told["rows"]))
            for name, told in manifest["tables"].items()
            if counts[name] != told["rows"]
        ]
        if problems:
            raise SourceError("Nothing was restored: the backup contradicts itself.", problems)
    return counts


def _same_version(file: Path, manifest: dict) -> None:
    if manifest["migrations"] != _migrations():
        found = f"made by stepwell {manifest['stepwell']}, whose tables differ from this version's"
        remedy = f"restore it with stepwell {manifest['stepwell']}, then start the clinic with this version"
        raise SourceError("This backup cannot be restored.", [Problem(str(file), found, "", remedy)])


def _empty() -> None:
    full = [model._meta.label for model in backed_up() if model._base_manager.exists()]
    if full:
        problems = [Problem(name, "it has rows already", "an empty database") for name in full]
        raise QuestionError("Nothing was restored: the database holds a clinic.", problems)


def _insert(model: type[models.Model], lines) -> None:
    fields = model._meta.concrete_fields
    batch: list[models.Model] = []
    size = max(connection.ops.bulk_batch_size(fields, [None] * _BATCH), 1)

    def write() -> None:
        # `raw`: the rows as they are. `bulk_create` would set the times of adding anew.
        model._base_manager._insert(batch, fields=fields, using="default", raw=True)
        batch.clear()

    for line in lines:
        values = json.loads(line)
        batch.append(model(**{field.attname: field.to_python(values[field.attname]) for field in fields}))
        if len(batch) >= size:
            write()
    if batch:
        write()
