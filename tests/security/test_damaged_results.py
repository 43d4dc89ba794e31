"""A result that was damaged, cut short or written by another version: one clear error from every command, never a traceback."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.errors import QuestionError
from stepwell.result import Result

COMMANDS = (
    ("why", "{result}", "0"),
    ("candidacy", "{result}", "0"),
    ("person", "{result}", "0", "--html", "{page}", "--replace"),
    ("report", "{result}", "--out", "{page}", "--replace"),
    ("programme", "{result}", "--html", "{page}", "--replace"),
    ("quality", "{result}"),
    ("compare", "{result}", "--json"),
)
VALUE = "a-patients-name"


def _without(*keys):
    return lambda manifest: {k: v for k, v in manifest.items() if k not in keys}


def _with(**changed):
    return lambda manifest: manifest | changed


MANIFESTS = {
    "no JSON": lambda m: f'{{"{VALUE}": ',
    "lists a thousand deep": lambda m: "[" * 100_000,
    "a list": lambda m: [m],
    "nothing": lambda m: {},
    "no rows": _without("rows"),
    "no definitions": _without("definitions"),
    "no rules": _without("rules_of"),
    "no source": _without("source"),
    "no setting of a definition": _with(setting_of={}),
    "no settings": _with(settings={}),
    "a setting without a gap": lambda m: m | {"settings": {m["step_setting"]: {}}},
    "rows as text": _with(rows=VALUE),
    "a number of rows as text": lambda m: m | {"rows": m["rows"] | {"person": VALUE}},
    "fewer than no rows": lambda m: m | {"rows": m["rows"] | {"person": -1}},
    "a table elsewhere": lambda m: m | {"rows": m["rows"] | {"../records": 3}},
    "no people": lambda m: m | {"rows": {k: n for k, n in m["rows"].items() if k != "person"}},
    "definitions as text": _with(definitions=VALUE),
    "a number among the definitions": _with(definitions=[3]),
    "has as a number": _with(has=3),
    "knowledge as a list": _with(knowledge=[VALUE]),
}


def test_a_damaged_manifest_is_one_clear_error(result, tmp_path):
    manifest = json.loads((result.folder / "run.json").read_text("utf-8"))
    for what, damage in MANIFESTS.items():
        content = damage(manifest)
        (tmp_path / "run.json").write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        with pytest.raises(QuestionError) as raised:
            Result.open(tmp_path, knowledge=result.knowledge)
        assert "damaged" in str(raised.value), what
        assert all(p.where and p.found and p.remedy for p in raised.value.problems), what
        assert VALUE not in str(raised.value), what
    (tmp_path / "run.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(QuestionError, match="damaged"):
        Result.open(tmp_path, knowledge=result.knowledge)


def _cut(part: Path) -> None:
    part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])


def _spoil_footer(part: Path) -> None:
    content = bytearray(part.read_bytes())
    length = int.from_bytes(content[-8:-4], "little")
    for n in range(len(content) - 8 - length, len(content) - 8):
        content[n] ^= 0x5A
    part.write_bytes(content)


def _spoil_pages(part: Path) -> None:
    content = bytearray(part.read_bytes())
    length = int.from_bytes(content[-8:-4], "little")
    for n in range(4, len(content) - 8 - length):
        content[n] ^= 0x5A
    part.write_bytes(content)


def _rename_columns(part: Path) -> None:
    rows = pq.read_table(part)
    pq.write_table(rows.rename_columns([f"{VALUE}-{n}" for n in range(rows.num_columns)]), part)


def _change_types(part: Path) -> None:
    rows = pq.read_table(part)
    pq.write_table(pa.table({c: pa.array([VALUE] * rows.num_rows) for c in rows.column_names}), part)


def _lose_rows(part: Path) -> None:
    pq.write_table(pq.read_table(part).slice(0, 0), part)


DAMAGES = {
    "removed": Path.unlink,
    "cut": _cut,
    "emptied": lambda part: part.write_bytes(b""),
    "a spoilt footer": _spoil_footer,
    "spoilt pages": _spoil_pages,
    "other columns": _rename_columns,
    "other types": _change_types,
    "no rows": _lose_rows,
}


@pytest.mark.parametrize("what", DAMAGES)
def test_damaged_tables_are_one_clear_error_of_every_command(result, tmp_path, what):
    folder = tmp_path / "result"
    shutil.copytree(result.folder, folder)
    for part in folder.glob("*/part-*.parquet"):
        if pq.read_metadata(part).num_rows:
            DAMAGES[what](part)
    # The page of a programme without sessions needs nothing but how many people there are, which the ends of the files say.
    reading = [words for words in COMMANDS if (what, words[0]) != ("spoilt pages", "programme")]
    for words in reading:
        done = CliRunner().invoke(app, [w.format(result=folder, page=tmp_path / "page.html") for w in words])
        assert done.exit_code in (11, 12), (words[0], done.exit_code, done.output)
        assert "damaged" in done.output, words[0]
        assert VALUE not in done.output
        assert "Traceback" not in done.output
