"""Item-level answers as people have them: which column is which item, what means "not answered", and every wrong cell at once.

No message repeats a cell: it names the line, the column and what belongs there.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import Problem, QuestionError, SourceError
from ..paths import file_problem
from .fill import closest
from .instrument import Instrument, Item, Layout

LINES_NAMED = 5
_OWN = (
    "instrument",
    "total",
    "is_prorated",
    "band",
    "n_answered",
    "n_items",
    "unknown_because",
    "profile",
    "safety",
    "recalled",
)


@dataclass(frozen=True)
class _Sheet:
    """Rows as they were written: the file's name ("" for a table), the cells by column, the line of every row."""

    file: str
    columns: dict[str, list]
    lines: list[int]

    def at(self, row: int) -> str:
        return f"{self.file}:{self.lines[row]}" if self.file else f"row {self.lines[row]}"


def read_answers(
    instrument: Instrument,
    items: object,
    *,
    unanswered: Iterable[str | float] = (),
    layout: str | None = None,
    columns: Sequence[str] | Mapping[str, str] | None = None,
    zero_below: float | None = None,
) -> tuple[dict[str, pa.Array], dict[str, np.ndarray]]:
    """The columns that are no items, as they came, and the answers by item with NaN where there is none.

    Raises QuestionError for a layout or a code that cannot be, SourceError with every problem of the answers.
    """
    preset = _layout(instrument, layout)
    codes = [*unanswered, *(preset.unanswered if preset else ())]
    if preset is not None:
        columns, zero_below = columns or preset.columns, zero_below or preset.zero_below
    _refuse_answers_as_codes(instrument, codes)
    sheet = _read_sheet(items)
    found = _match(instrument, sheet, columns)
    carried = [name for name in sheet.columns if name not in found.values()]
    reader = _Reader(codes, zero_below)
    problems = [
        problem
        for item in instrument.items
        if item.item in found
        for problem in reader.read(item, sheet, found[item.item])
    ]
    own = {*_OWN, *(s.id.replace("-", "_") for s in (*instrument.subscales, *instrument.findings))}
    for name in carried:
        if name in own:
            where = sheet.file or "columns"
            problems.append(
                Problem(where, f"`{name}` is the name of a column that stepwell adds", "", "rename or drop it")
            )
    if problems:
        raise SourceError(f"these are no answers to the {instrument.label}", problems)
    n = len(sheet.lines)
    answers = {i.item: reader.answers.get(i.item, np.full(n, np.nan)) for i in instrument.items}
    return {name: _carried(sheet.columns[name]) for name in carried}, answers


def _carried(cells: list) -> pa.Array:
    """The cells as a column that CSV can hold too: bytes as text, lists and mixed types as Python writes them."""
    cells = [cell.decode("utf-8", "backslashreplace") if isinstance(cell, bytes) else cell for cell in cells]
    for type_ in (None, pa.uint64()):  # a number beyond 64 bits with a sign may fit without one
        try:
            column = pa.array(cells, type_)
        except (pa.ArrowException, OverflowError, ValueError, TypeError):  # a list of rows may mix types
            continue
        if not pa.types.is_nested(column.type):
            return column
    return pa.array([None if cell is None else str(cell) for cell in cells])


def _layout(instrument: Instrument, name: str | None) -> Layout | None:
    known = {layout.id: layout for layout in instrument.layouts}
    if name is None or name in known:
        return known.get(name)
    expected = f"one of {', '.join(known)}" if known else f"no layout: the {instrument.label} has none"
    problem = Problem("layout", f"no layout {name!r} of the {instrument.label}", expected, "name the columns instead")
    raise QuestionError(f"there is no layout {name!r}", [problem])


def _refuse_answers_as_codes(instrument: Instrument, codes: Iterable[str | float]) -> None:
    problems = []
    for code in codes:
        number = _as_number(code)
        taken = [i.item for i in instrument.items if number is not None and i.at_least <= number <= i.at_most]
        if taken:
            found = f"{code} is an answer of item {', '.join(taken)}"
            problems.append(Problem("unanswered", found, "a code that no answer has", "leave it out"))
    if problems:
        raise QuestionError("an answer cannot mean that there is none", problems)


def _as_number(cell: object) -> float | None:
    """The cell as a number; None where it is none. A truth value is none either."""
    if isinstance(cell, bool):
        return None
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return None


class _Reader:
    """Reads cells into answers. What a cell says is settled once for each different cell of a column."""

    def __init__(self, codes: Iterable[str | float], zero_below: float | None):
        self.words = {str(code).strip() for code in codes}
        self.numbers = {number for number in map(_as_number, self.words) if number is not None}
        self.zero_below = zero_below or 0.0
        self.answers: dict[str, np.ndarray] = {}

    def read(self, item: Item, sheet: _Sheet, column: str) -> list[Problem]:
        cells = sheet.columns[column]
        keys = [repr(cell) for cell in cells]
        said = {key: self._answer(cell, item) for key, cell in dict(zip(keys, cells, strict=True)).items()}
        wrong: dict[str, list[int]] = {}
        for row, key in enumerate(keys):
            if isinstance(said[key], str):
                wrong.setdefault(said[key], []).append(row)
        if not wrong:
            self.answers[item.item] = np.array([said[key] for key in keys], dtype=float)
        return [self._problem(item, sheet, column, kind, rows) for kind, rows in sorted(wrong.items())]

    def _answer(self, cell: object, item: Item) -> float | str:
        """The answer, NaN for none, or in words what is wrong with the cell."""
        if cell is None or (isinstance(cell, str) and not cell.strip()) or str(cell).strip() in self.words:
            return math.nan
        number = _as_number(cell)
        if number is None:
            return "no number"
        if math.isnan(number) or number in self.numbers:
            return math.nan
        if 0 < abs(number) < self.zero_below:
            number = 0.0
        if not number.is_integer():
            return "no whole number"
        return number if item.at_least <= number <= item.at_most else "not among the answers of this item"

    @staticmethod
    def _problem(item: Item, sheet: _Sheet, column: str, kind: str, rows: list[int]) -> Problem:
        also = [str(sheet.lines[row]) for row in rows[1 : 1 + LINES_NAMED]]
        more = len(rows) - 1 - len(also)
        others = f" (also on {', '.join(also)}{f' and {more:,} more' if more else ''})" if also else ""
        label = f" ({item.label})" if item.label else ""
        found = f"column `{column}`, item {item.item}{label}: {kind}{others}"
        expected = f"a whole number from {item.at_least} to {item.at_most}, or an empty cell"
        remedy = "correct it; if it stands for no answer, name it with `unanswered`"
        if kind == "no whole number":
            remedy = (
                "correct it; if a SAS reader made a tiny number of a 0, say below which it is one with `zero_below`"
            )
        return Problem(sheet.at(rows[0]), found, expected, remedy)


def _match(instrument: Instrument, sheet: _Sheet, columns: Sequence[str] | Mapping[str, str] | None) -> dict[str, str]:
    """The column of each item."""
    asked = [item.item for item in instrument.items if not item.apart]
    where = sheet.file or "columns"
    if columns is not None:
        if not isinstance(columns, Mapping) and len(columns) != len(asked):
            found = f"{len(columns)} columns for {len(asked)} items"
            expected = f"one column for each of the items {', '.join(asked)}, in this order"
            raise QuestionError("these are not the columns of the items", [Problem("columns", found, expected)])
        told = dict(columns) if isinstance(columns, Mapping) else dict(zip(asked, columns, strict=True))
        named = {item: [column] if column in sheet.columns else [] for item, column in told.items()}
    else:
        told = {}
        plain = {column: _plain(column) for column in sheet.columns}
        own = {item.item: _names(instrument, item) for item in instrument.items}
        named = {item: [c for c, word in plain.items() if word in names] for item, names in own.items()}
    problems = []
    for item in instrument.items:
        here = named.get(item.item, [])
        if not here and not item.apart:
            label = f" ({item.label})" if item.label else ""
            names = list(sheet.columns)
            meant = closest(told.get(item.item, ""), names)
            expected = f"a column called {told.get(item.item) or f'{item.item}, q{item.item} or item {item.item}'}"
            # A file without a header has somebody's answers in the place of names: no name is repeated.
            remedy = (
                f"did you mean column {names.index(meant) + 1}?"
                if meant
                else "say with `columns` which column is which item"
            )
            problems.append(Problem(where, f"no column for item {item.item}{label}", expected, remedy))
        if len(here) > 1:
            found = f"{' and '.join(f'`{c}`' for c in here)} are both called item {item.item}"
            problems.append(Problem(where, found, "one column for each item", "rename or drop one"))
    if problems:
        raise SourceError(f"this does not hold the items of the {instrument.label}", problems)
    return {item: here[0] for item, here in named.items() if here}


def _plain(word: str) -> str:
    # Letters of every script stay: a name with a number after it is no name of an item.
    return re.sub(r"[\W_]", "", word.lower())


def _names(instrument: Instrument, item: Item) -> set[str]:
    stems = ("", "q", "question", "item", *map(_plain, (instrument.id, instrument.label, *instrument.names)))
    return {stem + _plain(item.item) for stem in stems} | {_plain(code) for code in item.codes.values()}


def _read_sheet(items: object) -> _Sheet:
    if isinstance(items, str | Path):
        path = Path(items)
        if problem := file_problem(path, "a CSV or Parquet file with a column for each item"):
            raise SourceError("the items cannot be read", [problem])
        return _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_csv(path)
    if isinstance(items, Sequence) and all(isinstance(row, Mapping) for row in items):
        names = dict.fromkeys(name for row in items for name in row)
        return _Sheet("", {str(n): [row.get(n) for row in items] for n in names}, list(range(1, len(items) + 1)))
    try:
        return _of_table(items if isinstance(items, pa.Table) else pa.table(items), "")
    except (TypeError, ValueError, pa.ArrowInvalid):
        found, expected = f"a {type(items).__name__}", "a file, an Arrow table or data frame, or a list of rows"
        raise QuestionError("items cannot be read from this", [Problem("items", found, expected)]) from None


def _of_table(table: pa.Table, file: str) -> _Sheet:
    names = table.column_names
    if len(set(names)) < len(names):
        position = next(n for n, name in enumerate(names, 1) if name in names[: n - 1])
        problem = Problem(
            file or "columns", f"column {position} has the name of an earlier one", "", "name each column once"
        )
        raise SourceError("the items cannot be read", [problem])
    columns = {name: _cells(table.column(name)) for name in names}
    return _Sheet(file, columns, list(range(1, table.num_rows + 1)))


def _cells(column: pa.ChunkedArray) -> list:
    try:
        return column.to_pylist()
    except (OverflowError, ValueError):  # a day after the year 9999, which Python has no date for
        return column.cast(pa.string()).to_pylist()


def _read_parquet(path: Path) -> _Sheet:
    try:
        return _of_table(pq.read_table(path.absolute(), partitioning=None), path.name)
    except (OSError, pa.ArrowException):
        raise _unreadable(path, "is no readable Parquet file") from None


def _unreadable(path: Path, found: str) -> SourceError:
    problem = Problem(
        path.name, found, "a CSV or Parquet file with a column for each item", "check the path and the file"
    )
    return SourceError("the items cannot be read", [problem])


def _read_csv(path: Path) -> _Sheet:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise _unreadable(path, "is not text in UTF-8") from None
    except OSError as error:
        raise _unreadable(path, f"cannot be read ({error.strerror})") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    problems, rows, lines = [], [], []
    try:
        header = [name.strip() for name in next(reader, [])]
        line = reader.line_num + 1
        for cells in reader:
            if cells and len(cells) != len(header):
                found = f"{len(cells)} cells in a row of {len(header)}"
                problems.append(Problem(f"{path.name}:{line}", found, "", "quote cells that hold a comma"))
            elif cells:
                rows.append(cells)
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise _unreadable(path, f"is not CSV on line {reader.line_num} ({error})") from None
    # The names are not repeated: a first line that is no header holds answers.
    for position, name in enumerate(header, 1):
        earlier = header.index(name) + 1
        if name and earlier == position:
            continue
        found = f"column {position} has the name of column {earlier}" if name else f"column {position} has no name"
        remedy = "correct the names, or add a header line if the first line holds answers"
        problems.append(Problem(f"{path.name}:1", found, "a header line: each column once, with a name", remedy))
    if problems:
        raise SourceError("the items cannot be read", problems)
    return _Sheet(path.name, {name: [row[n] for row in rows] for n, name in enumerate(header)}, lines)
