"""Every table of the clinic as CSV, without what must not leave it: secrets, therapists' notes; or stands elsewhere."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from django.db import models

from stepwell.clinic.pages.spreadsheet import no_formula

from .backup import backed_up

SECRET, ELSEWHERE, NO_DATA, NOTES = "a secret", "elsewhere in the export", "no data of the clinic", "therapists' notes"
LEFT_OUT = {
    "access.User": ELSEWHERE,
    "account.EmailAddress": SECRET,
    "account.EmailConfirmation": SECRET,
    "mfa.Authenticator": SECRET,
    "history.Link": SECRET,
    "history.Line": ELSEWHERE,
    "people.Person": ELSEWHERE,
    "measures.Beat": NO_DATA,
    "therapy.Note": NOTES,
}
"""The tables that are not written, and why."""
FREE_TEXT = {("safety.AlertStep", "note"), ("therapy.GoalReview", "words"), ("authorisation.FormFile", "data")}
"""Columns that are left out: what staff wrote about an answer about suicide, what was said about a goal, payers' PDF files."""
_BATCH = 500


def written(*, therapy_notes: bool = False) -> list[type[models.Model]]:
    """The tables that are written, in the order of their names."""
    kept = {label for label, why in LEFT_OUT.items() if therapy_notes and why == NOTES}
    return [m for m in backed_up() if m._meta.label not in LEFT_OUT or m._meta.label in kept]


def write_tables(folder: Path, *, therapy_notes: bool = False) -> dict[str, int]:
    """Writes one file for each table that has rows; returns how many rows each has."""
    folder.mkdir()
    counts = {}
    for model in written(therapy_notes=therapy_notes):
        fields = [f for f in model._meta.concrete_fields if (model._meta.label, f.attname) not in FREE_TEXT]
        n = write_csv(folder / f"{model._meta.label.lower()}.csv", [f.attname for f in fields], _rows(model, fields))
        if n:
            counts[model._meta.label] = n
    return counts


def _rows(model: type[models.Model], fields: Sequence[models.Field]) -> Iterator[dict]:
    for row in model._base_manager.order_by("pk").iterator(chunk_size=_BATCH):
        yield {field.attname: cell(field.value_from_object(row)) for field in fields}


def cell(value: Any) -> Any:
    """A value as a cell of a CSV file: nothing for None, JSON for what has parts, no text that a spreadsheet would calculate."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode("ascii")
    return no_formula(str(value))


def write_csv(file: Path, columns: Sequence[str], rows: Iterable[dict]) -> int:
    """Writes the rows into a new file that only its owner reads; no file where there is no row. Returns how many there are."""
    out = writer = None
    n = 0
    try:
        for row in rows:
            if writer is None:
                descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                out = os.fdopen(descriptor, "w", newline="", encoding="utf-8")
                writer = csv.DictWriter(out, columns)
                writer.writeheader()
            writer.writerow(row)
            n += 1
    finally:
        if out is not None:
            out.close()
    return n
