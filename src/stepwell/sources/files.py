"""Files and database tables as raw Ibis tables with lower-case column names; everything that is wrong with one is a Problem.

Nothing here knows what a column means. Messages name files, columns and line numbers, never what a cell holds: a file
without a header has patients in its first line, so unknown column names are only repeated when they resemble a known one.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import gzip
import hashlib
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
from ibis.util import gen_name

from ..errors import Problem
from ..paths import file_problem, parquet_parts, pattern, patterns
from .parquet_files import parquet_problem, unlike_parts
from .values import text

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".txt", ".parquet")
_BLOCK = 1 << 20
SOURCE_ADDRESS = "source_address"
"""The column of a table made from other records that names the record: `MedicationRequest/abc`."""


@dataclass(frozen=True)
class RawTable:
    """A table as it stands in the source: its name there, the file or relation to name in messages, and its rows."""

    name: str
    where: str
    rows: ir.Table
    path: Path | None = None

    def has(self, *columns: str) -> bool:
        """Whether it has all these columns."""
        return all(c in self.rows.columns for c in columns)

    def column(self, name: str, type_: str = "string") -> ir.Column:
        """The column, or NULLs where the source does not have it."""
        return self.rows[name] if name in self.rows.columns else ibis.null(type_)

    def address(self, id_: str) -> ir.StringValue:
        """Where each row stands in the source: the record that it was made from, where it names one, else `drug_exposure/123`."""
        if SOURCE_ADDRESS in self.rows.columns:
            return self.rows[SOURCE_ADDRESS]
        return ibis.literal(f"{self.name}/") + text(self.column(id_)).fill_null("?")


def table_name(path: Path) -> str | None:
    """The name of the table that a file or a folder of Parquet parts holds, in lower case; None for anything else.

    Raises `OSError` for a folder that may not be looked into.
    """
    if path.is_dir():
        return path.name.lower().removesuffix(".parquet") if parquet_parts(path) else None
    name = path.name.lower()
    suffix = next((s for s in sorted(SUFFIXES, key=len, reverse=True) if name.endswith(s)), None)
    return name.removesuffix(suffix) if suffix else None


def open_file(
    con: ibis.BaseBackend, path: Path, known: Sequence[str], *, parallel: bool = True
) -> tuple[RawTable | None, list[Problem]]:
    """One CSV or Parquet file, or one folder of Parquet parts. Rows come in the order of the file where not `parallel`.

    `known` are the column names of the table, by which a first line without any of them is told from a header.
    """
    parts = parquet_parts(path) if path.is_dir() else [path]
    if problems := [p for part in parts if (p := file_problem(part, "a file with a table")) is not None]:
        return None, problems
    if path.is_dir() or path.suffix.lower() == ".parquet":
        problems = [p for part in parts if (p := parquet_problem(part)) is not None]
        problems = problems or unlike_parts(parts)
        if problems:
            return None, problems
        try:
            told = patterns(parts) if con.name == "duckdb" else [str(p.absolute()) for p in parts]
            rows = con.read_parquet(told, table_name=gen_name("stepwell_raw"), hive_partitioning=False)
        except (duckdb.Error, ValueError) as error:
            return None, [read_problem(path.name, error)]
    else:
        header, delimiter, problems = _read_header(path, known)
        if problems:
            return None, problems
        rows = con.read_csv(
            pattern(path) if con.name == "duckdb" else str(path.absolute()),
            table_name=gen_name("stepwell_raw"),
            columns=dict.fromkeys(header, "VARCHAR"),
            auto_detect=False,
            header=True,
            delim=delimiter,
            quote='"',
            escape='"',
            parallel=parallel,
            hive_partitioning=False,
        )
    return RawTable(table_name(path), path.name, lower_columns(rows), path), []


def lower_columns(rows: ir.Table) -> ir.Table:
    """The same rows with column names in lower case."""
    return rows.rename({c.lower(): c for c in rows.columns if c != c.lower()})


def column_problems(raw: RawTable, required: Iterable[str], known: Iterable[str], *, strict: bool) -> list[Problem]:
    """Missing required columns and, where `strict`, columns that nobody knows."""
    required, known = list(required), list(known)
    found = set(raw.rows.columns)
    strangers = [c for c in raw.rows.columns if c not in known]
    problems = []
    if not found & set(known):
        return [_no_header(raw.where, required)]
    for column in required:
        if column not in found:
            near = difflib.get_close_matches(column, strangers, 1, 0.75)
            remedy = f"rename {near[0]!r} to {column!r}" if near else f"add the column {column!r}"
            problems.append(Problem(raw.where, f"no column {column!r}", f"the columns {', '.join(required)}", remedy))
    if strict:
        for position, column in enumerate(raw.rows.columns, 1):
            if column in known:
                continue
            near = difflib.get_close_matches(column, known, 1, 0.75)
            if near and near[0] in required and near[0] not in found:
                continue  # already said above
            found_text = f"unknown column {column!r}" if near else f"column {position} has an unknown name"
            remedy = f"did you mean {near[0]!r}?" if near else "remove it, or take the names from `stepwell template`"
            problems.append(Problem(raw.where, found_text, f"only {', '.join(known)}", remedy))
    return problems


def _no_header(where: str, names: Iterable[str]) -> Problem:
    return Problem(
        where,
        "no header line: the first line holds none of the column names of this table",
        f"a header with names such as {', '.join(names)}",
        "add the header as the first line",
    )


def read_problem(where: str, error: Exception) -> Problem:
    """What a failed read means, without the row that the database quotes in its own message."""
    message = str(error)
    line = re.search(r"CSV Error on Line: (\d+)", message)
    where = f"{where}, line {line[1]}" if line else where
    columns = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if "unicode" in message or "utf-8" in message.lower():
        return Problem(where, "the text is not UTF-8", "a UTF-8 file", _convert(where.split(",")[0]))
    if columns:
        return Problem(
            where,
            f"{columns[2]} fields",
            f"{columns[1]} fields, as in the header",
            "put values that hold a comma or a line break between double quotes",
        )
    if line:
        return Problem(
            where,
            "the line cannot be read as CSV (a quotation mark that is not closed?)",
            "one row a line; values with commas, quotes or line breaks between double quotes",
            "write the file anew with a CSV writer",
        )
    if "state machine" in message:  # so DuckDB calls a line that ends as no line before it does
        return Problem(
            where,
            "its lines end in several ways (as on Windows and as on Unix), or text follows a closing quotation mark",
            "one kind of line end, and quotation marks around whole values",
            "write the file anew with a CSV writer, or convert it, for example with dos2unix",
        )
    return Problem(
        where,
        f"the file cannot be read ({type(error).__name__})",
        "a whole CSV or Parquet file",
        "copy or write it anew",
    )


def line_numbers(path: Path, n_rows: int) -> list[int] | None:
    """The line on which each row of a CSV file begins; None where row n simply stands on line n + 1."""
    n_lines, last = 0, b"\n"
    opened = partial(gzip.open if path.suffix.lower() == ".gz" else open, path)
    with opened("rb") as file:
        for block in iter(lambda: file.read(_BLOCK), b""):
            n_lines, last = n_lines + block.count(b"\n"), block[-1:]
    if n_lines + (last != b"\n") == n_rows + 1:
        return None
    lines, end = [], 0
    with opened("rt", encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        try:
            for row in reader:
                if row:
                    lines.append(end + 1)
                end = reader.line_num
        except csv.Error:  # a cell too long for Python's reader
            return None
    return lines[1:] if len(lines) == n_rows + 1 else None


def fingerprint(paths: Iterable[Path]) -> str:
    """A digest of names and contents; it changes when a file does, not when it is copied."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        for part in parquet_parts(path) if path.is_dir() else [path]:
            with part.open("rb") as file:
                digest.update(f"{part.name.lower()}\0".encode())
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _read_header(path: Path, known: Sequence[str]) -> tuple[list[str], str, list[Problem]]:
    """Column names and delimiter of a CSV file, from its first line; its encoding is checked to the end.

    DuckDB fails with an internal error on a byte that is not UTF-8 in a column it was not asked for, so it is not left to it.
    """

    def problem(found: str, remedy: str) -> tuple[list[str], str, list[Problem]]:
        return [], ",", [Problem(path.name, found, "a UTF-8 text file with a header line", remedy)]

    start, decoder, n_lines = "", codecs.getincrementaldecoder("utf-8-sig")(), 0
    try:
        with (gzip.open if path.suffix.lower() == ".gz" else open)(path, "rb") as file:
            while block := file.read(_BLOCK):
                if not start and block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                    return problem("the text is UTF-16", _convert(path.name, "UTF-16"))
                if b"\0" in block:
                    return problem("this is not text", "give the table as CSV or Parquet")
                try:
                    text = decoder.decode(block)
                except UnicodeDecodeError as error:
                    line = n_lines + block[: error.start].count(b"\n") + 1
                    return problem(f"the text is not UTF-8 (line {line})", _convert(path.name))
                n_lines += block.count(b"\n")
                start = start or text
    except (OSError, EOFError, zlib.error) as error:
        return problem(f"the file cannot be read ({type(error).__name__})", "copy or write it anew")
    if not start.strip():
        return problem("the file is empty", "write at least the header, or remove the file")
    first = next(line for line in start.splitlines() if line.strip())
    try:
        delimiter = max(",\t;|", key=lambda d: len(next(csv.reader([first], delimiter=d))))
        names = enumerate(next(csv.reader([first], delimiter=delimiter)), 1)
    except csv.Error:
        return problem("the first line cannot be read as a header", "add the header as the first line")
    header = [name.strip() or f"unnamed_{position}" for position, name in names]  # a row number that pandas wrote
    lower = [c.lower() for c in header]
    twice = [position for position, c in enumerate(lower, 1) if c in lower[: position - 1]]
    if not set(lower) & set(known):
        return [], ",", [_no_header(path.name, known)]
    if twice:
        return problem(f"column {twice[0]} has the name of an earlier one", "name each column once")
    return header, delimiter, []


def _convert(name: str, encoding: str = "WINDOWS-1252") -> str:
    return f"convert it, for example with: iconv -f {encoding} -t UTF-8 {name} > utf8.csv"
