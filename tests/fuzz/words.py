"""Inputs that need no records: questionnaires, definitions, addresses of databases, paths and options."""

from __future__ import annotations

import csv
import io
import os
import random
import re
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import stepwell
from stepwell.knowledge.loader import load
from stepwell.simulate import simulate

from .addresses import address
from .evil import BOMB, COLUMNS, PATHS, WORDS, YAML, value
from .judge import Input
from .slips import spoil_bytes, spoil_text

DATA = Path(stepwell.__file__).parent / "knowledge" / "data"


def items(chance: random.Random, place: Path) -> Input:
    """A file of answers to a questionnaire, with evil cells, an evil header, broken bytes or evil options."""
    instrument = chance.choice([i for i in _knowledge().instruments.values() if i.items])
    names = ["id", *(f"q{n}" for n in range(1, len(instrument.items) + 1))]
    rows = [[f"p{n}", *("1" for _ in instrument.items)] for n in range(3)]
    said, last = [], chance.choice((1, len(names)))
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        row, column = chance.randrange(3), chance.randrange(last)
        rows[row][column] = value(chance)
        said.append(f"{names[column]}[{row}]={rows[row][column][:60]!r}")
    if chance.random() < 0.15:
        column = chance.randrange(len(names))
        names[column] = chance.choice(("", "q1", "id", "item 1", "'", "q99", "x\x01"))
        said.append(f"header[{column}]={names[column]!r}")
    if chance.random() < 0.3:
        file = place / "items.parquet"
        columns = [pa.array([row[c] for row in rows]) for c in range(len(names))]
        if chance.random() < 0.5:
            columns[0] = chance.choice(COLUMNS)
            said.append(f"first column {columns[0].type}")
        pq.write_table(pa.Table.from_arrays(columns, names), file)
    else:
        file, text = place / "items.csv", io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([names, *rows])
        content = text.getvalue().encode("utf-8", "surrogatepass")
        if chance.random() < 0.2:
            content, what = spoil_bytes(content, chance)
            said.append(what)
        file.write_bytes(content)
    call = ["score", instrument.id, file.name]
    for option in ("--unanswered", "--columns", "--zero-below", "--layout", "--describe-on"):
        if chance.random() < 0.08:
            call += [option, chance.choice(WORDS)]
            said.append(f"{option}={call[-1][:40]!r}")
    is_whole = not any(s.startswith(("bytes", "header", "first column")) for s in said)

    def read(_, printed: str) -> str | None:
        n_rows = sum(1 for _ in csv.reader(io.StringIO(printed, newline=""))) - 1
        return f"{n_rows} rows of 3 are scored" if is_whole and n_rows != 3 else None

    return Input("; ".join(said), (tuple(call),), prints_records=True, n=len(said), read=read)


def definition(chance: random.Random, place: Path) -> Input:
    """A definition of a user's own with a slip of the hand, an evil value, or YAML that harms other readers."""
    sources = _definitions()
    name = chance.choice(sorted(sources))
    text, kind = re.sub(r"(?m)^id: .*$", "id: mine", sources[name]), chance.random()
    if kind < 0.4:
        text, said = spoil_text(text, chance)
    elif kind < 0.9:
        lines = text.split("\n")
        at = chance.choice([n for n, line in enumerate(lines) if ":" in line])
        key = lines[at].partition(":")[0]
        lines[at] = f"{key}: {chance.choice(YAML)}"
        text, said = "\n".join(lines), f"line {at + 1} is {lines[at][:80]!r}"
    elif kind < 0.95:
        word = chance.choice(YAML)
        text, said = word, f"the file is {word[:80]!r}"
    else:
        text, said = f"{text}\n{BOMB}" if chance.random() < 0.5 else BOMB, "aliases nine deep"
    file = place / "mine.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    call = chance.choice((("check",), ("check",), ("explain",)))
    return Input(f"{name}: {said}", (("definition", *call, file.name),))


def path(chance: random.Random, place: Path) -> Input:
    """A path that is a pattern, an option or SQL to others, or names a link, a pipe or somebody's file."""
    lay_paths(place)
    name = chance.choice(PATHS)
    calls = (
        ("template", name),
        ("template", f"{name}x"),
        ("definition", "new", name),
        ("definition", "new", f"{name}.yaml", "--from", "us-label"),
        ("definition", "check", name),
        ("score", "phq-9", name),
        ("score", "phq-9", "good.csv", "--out", name),
        ("score", "phq-9", "good.csv", "--out", f"{name}.csv"),
        ("score", "phq-9", "good.csv", "--out", f"{name}.parquet"),
        ("knowledge", "show", "us-label", "--definition-file", name),
        ("check", name),
        ("run", name, "--out", "out"),
        ("why", name, "1"),
        ("candidacy", name, "1"),
        ("person", name, "1", "--html", f"{name}.html"),
        ("report", name),
        ("programme", name, "--html", "page.html"),
        ("quality", name),
        ("compare", name),
    )
    return Input(f"path {name[:80]!r}", (chance.choice(calls),), prints_records=True)


def lay_paths(place: Path) -> None:
    """What an evil path may meet: a file and a folder of the user's, links to them and to nothing, a pipe, a closed folder."""
    (place / "kept" / "deep").mkdir(parents=True)
    (place / "locked").mkdir()
    (place / "x.partial").mkdir()
    for kept in (
        "keep.txt",
        "kept/keep.txt",
        "kept/deep/keep.txt",
        "locked/keep.txt",
        "x.partial/keep.txt",
        "x.csv.partial",
    ):
        (place / kept).write_text("of the user\n", "utf-8")
    header = ",".join(["id", *(f"q{n}" for n in range(1, 10))])
    (place / "good.csv").write_text(f"{header}\np1,{','.join('1' * 9)}\n", "utf-8")
    os.symlink("kept", place / "link")
    os.symlink("nowhere", place / "dangling")
    os.symlink("loop", place / "loop")
    os.mkfifo(place / "pipe")


def option(chance: random.Random, place: Path) -> Input:
    """A word, a number or a day that an option does not mean."""
    (place / "empty").mkdir()
    (place / "items.csv").write_text("id,q1\np1,1\n", "utf-8")
    word = chance.choice(WORDS)
    calls = (
        ("knowledge", "show", word),
        ("knowledge", word),
        ("score", word, "items.csv"),
        ("score", "phq-9", "items.csv", "--columns", word),
        ("score", "phq-9", "items.csv", "--unanswered", word),
        ("score", "phq-9", "items.csv", "--zero-below", word),
        ("score", "phq-9", "items.csv", "--layout", word),
        ("definition", "new", "x.yaml", "--from", word),
        ("run", "empty", "--out", "out", "--definition", word),
        ("run", "empty", "--out", "out", "--staging", word),
        ("run", "empty", "--out", "out", "--threads", word),
        ("run", "empty", "--out", "out", "--memory", word),
        ("run", "empty", "--out", "out", "--engine", word),
        ("check", "empty", "--engine", word),
        ("candidacy", "empty", word),
        ("candidacy", "empty", "1", "--at", word),
        ("candidacy", "empty", "1", "--policy", word),
        ("why", "empty", word),
        ("compare", "empty", "--between", word, word),
        ("compare", "empty", "--suppress-below", word),
        ("simulate", "--people", "1", "--out", "sim", "--format", f"x{word}"),
        ("simulate", "--people", "1", "--out", "sim", "--noise", f"x{word}"),
        ("simulate", "--people", "1", "--out", "sim", "--offer", word),
        ("what-if", "--offer", f"x{word}", "--after", "2", "--people", "1", "--draws", "1"),
        ("what-if", "--offer", "ect", "--after", f"x{word}", "--people", "1", "--draws", "1"),
        (word or "x",),
    )
    call = chance.choice(calls)
    if call[0] in ("simulate", "what-if"):
        _compile()
    return Input(f"word {word[:80]!r}", (call,), ends=frozenset({0, 2, 10, 11, 12}))


@cache
def _compile() -> None:
    """Compiles the simulator, which takes minutes on a busy machine, so that it is not taken for a command that hangs."""
    with tempfile.TemporaryDirectory(prefix="stepwell-fuzz-") as folder:
        simulate(1, 1, Path(folder) / "records")


@cache
def _knowledge():
    return load()


@cache
def _definitions() -> dict[str, str]:
    return {file.name: file.read_text("utf-8") for file in sorted((DATA / "definition").glob("*.yaml"))}


KINDS: dict[str, Callable[[random.Random, Path], Input]] = {
    "questionnaire": items,
    "definition": definition,
    "address": address,
    "path": path,
    "option": option,
}
