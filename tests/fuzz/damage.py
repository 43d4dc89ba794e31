"""Results that were damaged: a manifest with other keys or types, tables that are missing, cut, empty or of another form."""

from __future__ import annotations

import atexit
import json
import random
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stepwell.runner import run

from .evil import SECRET
from .judge import Input
from .slips import spoil_bytes

_ROWS = {
    "person.csv": ("person_id,birth_date,sex", "1,1980-01-01,female", "2,1985,male", "3,1990-05,"),
    "observation_period.csv": ("person_id,start_date,end_date", "1,2019-01-01,2021-12-31", "2,2019-01-01,2021-12-31"),
    "condition.csv": ("person_id,condition_date,vocabulary,code", "1,2020-01-01,ICD10CM,F33.1"),
    "medication.csv": (
        "person_id,drug,start_date,days_supply,mg_per_day",
        "1,sertraline,2020-01-01,60,100",
        "1,venlafaxine,2020-03-01,90,150",
        "2,bupropion,2020-01-01,60,300",
    ),
    "measurement.csv": ("person_id,measured_date,instrument,total", "1,2020-01-02,phq-9,19", "1,2020-02-25,phq-9,18"),
}
_VALUES = (None, 0, -1, 1e300, "", "x", "\x1b[2J", [], {}, [[]], {"a": []}, True, 10**30, ["nope"], {"person": "many"})
_CALLS = (
    ("why", "result", "1"),
    ("why", "result", "1", "--json"),
    ("candidacy", "result", "1"),
    ("candidacy", "result", "1", "--json"),
    ("person", "result", "1", "--html", "page.html"),
    ("report", "result", "--out", "page.html"),
    ("programme", "result", "--html", "page.html"),
    ("quality", "result"),
    ("quality", "result", "--out", "table.csv"),
    ("compare", "result", "--json"),
    ("compare", "result", "--out", "page.html"),
)


def damaged(chance: random.Random, place: Path) -> Input:
    """A copy of a result with one thing damaged, and one command that opens it."""
    folder = place / "result"
    shutil.copytree(_result(), folder)
    tables = sorted(p.parent.name for p in folder.glob("*/*.parquet"))
    kind, name = chance.random(), chance.choice(tables)
    part = chance.choice(sorted((folder / name).glob("*.parquet")))
    if kind < 0.35:
        said = _spoil_manifest(folder / "run.json", chance)
    elif kind < 0.45:
        content, said = spoil_bytes((folder / "run.json").read_bytes(), chance)
        (folder / "run.json").write_bytes(content)
    elif kind < 0.6:
        shutil.rmtree(folder / name)
        said = f"{name} is gone"
        if chance.random() < 0.4:
            (folder / name).write_text("a file\n", "utf-8")
            said += " and a file in its place"
    elif kind < 0.75:
        content, what = spoil_bytes(part.read_bytes(), chance)
        part.write_bytes(content)
        said = f"{name} {what}"
    else:
        said = f"{name}: {_spoil_table(part, chance)}"
    return Input(said, (chance.choice(_CALLS),), prints_records=True)


def _spoil_manifest(file: Path, chance: random.Random) -> str:
    manifest = json.loads(file.read_text("utf-8"))
    inside, path = manifest, []
    while True:
        keys = sorted(inside) if isinstance(inside, dict) else range(len(inside))
        key = chance.choice(keys)
        path.append(key)
        if not isinstance(inside[key], (dict, list)) or not inside[key] or chance.random() < 0.4:
            break
        inside = inside[key]
    if chance.random() < 0.3:
        del inside[key]
        said = "gone"
    else:
        inside[key] = chance.choice(_VALUES)
        said = f"is {inside[key]!r}"
    file.write_text(json.dumps(manifest), "utf-8")
    return f"run.json {'.'.join(map(str, path))} {said}"


def _spoil_table(part: Path, chance: random.Random) -> str:
    rows = pq.read_table(part)
    column = chance.choice(rows.column_names)
    at, n = rows.column_names.index(column), rows.num_rows
    what = chance.choice(
        ("no column", "another name", "text", "numbers", "lists", "bytes", "all null", "no rows", "twice")
    )
    if what == "no column":
        rows = rows.drop_columns([column])
    elif what == "another name":
        rows = rows.rename_columns([f"x{SECRET}" if c == column else c for c in rows.column_names])
    elif what == "no rows":
        rows = rows.slice(0, 0)
    elif what == "twice":
        rows = pa.concat_tables([rows, rows])
    else:
        of = {"text": [SECRET], "numbers": [2**62], "lists": [[1]], "bytes": [b"\xff"], "all null": [None]}[what]
        rows = rows.set_column(at, column, pa.array(of * n))
    pq.write_table(rows, part)
    return f"{column}: {what}"


@cache
def _result() -> Path:
    """A sound result of three people, made once for all inputs."""
    place = Path(tempfile.mkdtemp(prefix="stepwell-fuzz-result-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    (place / "records").mkdir()
    for name, lines in _ROWS.items():
        (place / "records" / name).write_text("\n".join(lines) + "\n", "utf-8")
    run(place / "records", place / "result", definitions=["fabbri-2021", "us-label"], stagings=["thase-rush"])
    return place / "result"


KINDS: dict[str, Callable[[random.Random, Path], Input]] = {"damaged result": damaged}
