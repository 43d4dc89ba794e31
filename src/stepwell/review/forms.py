"""The reviewers' forms: a CSV file each, one line a chart, filled in with a spreadsheet or a text editor."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stepwell.errors import Problem, QuestionError

from .sample import MET, NOT_MET

COLUMNS = ("sample", "number", "verdict", "confidence", "reason", "reviewer", "date")
CANNOT_SAY = "cannot say"
ANSWERS = (MET, NOT_MET, CANNOT_SAY)
"""What a reviewer may say of a person."""
CONFIDENCE = ("high", "medium", "low")

REVIEWERS = "reviewers"
"""The folder that reviewers get: pages and forms."""

_TITLE = "The forms of this review cannot be used."
_MOST_SHOWN = 10
_TO_FILL = ("verdict", "confidence", "reason", "reviewer", "date")


@dataclass(frozen=True)
class Form:
    """One reviewer's verdicts, by the number of the chart, with the reasons that were given."""

    name: str
    """The letter on the form, such as `A`."""
    verdicts: dict[int, str]
    reasons: dict[int, str]
    confidence: dict[int, str]


def empty_form(sample: str, numbers: Sequence[int], columns: Sequence[str] = COLUMNS, rows: Sequence[dict] = ()) -> str:
    """A form to fill in; `rows` may hold what is known already, one line a number."""
    known = {row["number"]: row for row in rows}
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({"sample": sample, "number": n} | known.get(n, {}) for n in numbers)
    return text.getvalue()


def form_files(folder: Path) -> list[Path]:
    """The forms in the folder of a review, in the order of their letters."""
    return sorted((folder / REVIEWERS).glob("review_*.csv"))


def read_forms(files: Sequence[Path], sample: str, numbers: Sequence[int]) -> tuple[tuple[Form, ...], tuple[str, ...]]:
    """The forms that were filled in, and the names of those that nobody touched.

    Raises `QuestionError` with every problem of every form. No problem repeats what a reviewer wrote: it may be about a patient.
    """
    if not files:
        found, expected = "no form is there", "files such as review_A.csv"
        raise QuestionError(_TITLE, [Problem(REVIEWERS, found, expected, "put them there, or name them with --form")])
    read = [_Read(file, sample, numbers) for file in files]
    problems = [problem for one in read for problem in one.problems]
    filled = [one for one in read if not one.is_untouched]
    by_name: dict[str, Path] = {}
    for one in filled:
        other = by_name.setdefault(one.reviewer.casefold(), one.file) if one.reviewer else one.file
        if other != one.file:
            found = f"the same reviewer as in {other.name}"
            problems.append(Problem(one.file.name, found, "another reviewer", "leave out one of the two forms"))
    if not problems and not filled:
        expected = f"a verdict for each chart: {', '.join(ANSWERS)}"
        problems = [Problem(one.file.name, "nothing is filled in", expected) for one in read]
    if problems:
        raise QuestionError(_TITLE, problems)
    return tuple(one.form() for one in filled), tuple(one.file.name for one in read if one.is_untouched)


def read_settled(file: Path, sample: str, disagreed: Sequence[int]) -> dict[int, str]:
    """What a further reviewer says of charts on which the reviewers disagree, by their numbers. Raises as `read_forms` does."""
    read = _Read(file, sample, disagreed, may_be_open=True)
    if read.problems:
        raise QuestionError(_TITLE, read.problems)
    return {n: row["verdict"] for n, row in read.rows.items() if row["verdict"]}


class _Read:
    """One file with everything that is wrong with it."""

    def __init__(self, file: Path, sample: str, numbers: Sequence[int], may_be_open: bool = False):
        self.file, self.problems = file, []
        self.rows: dict[int, dict[str, str]] = {}
        self.is_untouched = False
        lines = self._lines()
        if lines is None:
            return
        self.is_untouched = not may_be_open and not any(row[name] for _, row in lines for name in _TO_FILL)
        seen: dict[int, int] = {}
        for line, row in lines:
            number = int(row["number"]) if row["number"].isdecimal() else None
            if row["sample"] != sample:
                self._say(f"line {line}, sample", "this line is of another sample, or has none", sample)
            elif number not in numbers:
                expected = (
                    "a number of a chart on which the reviewers disagree" if may_be_open else "a number of the sample"
                )
                self._say(f"line {line}, number", "no such chart", expected)
            elif number in seen:
                self._say(
                    f"line {line}, number", f"chart {number} was on line {seen[number]} already", "one line a chart"
                )
            else:
                seen[number], self.rows[number] = line, row
        if not self.is_untouched:
            self._check_words(seen)
            if not may_be_open:
                self._check_whole(numbers)

    @property
    def reviewer(self) -> str:
        """The name on the form; empty where there is none."""
        return next((row["reviewer"] for row in self.rows.values() if row["reviewer"]), "")

    def form(self) -> Form:
        name = self.file.stem.removeprefix("review_")
        return Form(name, *({n: row[of] for n, row in self.rows.items()} for of in ("verdict", "reason", "confidence")))

    def _say(self, where: str, found: str, expected: str = "", remedy: str = "") -> None:
        self.problems.append(
            Problem(f"{self.file.name}, {where}" if where else self.file.name, found, expected, remedy)
        )

    def _lines(self) -> list[tuple[int, dict[str, str]]] | None:
        """Each line that holds anything, with its number; None where the file is no form."""
        try:
            text = _text(self.file.read_bytes())
        except OSError as error:
            self._say("", error.strerror or "it cannot be read", "a CSV file")
            return None
        header = text.partition("\n")[0]
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count))
        try:
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
        except csv.Error:
            self._say("", "this is no CSV file", "the form, saved as CSV", "save it as CSV (UTF-8)")
            return None
        if not rows:
            self._say(
                "", "the file is empty", f"the columns {', '.join(COLUMNS)}", "take the form again and fill it in"
            )
            return None
        names = [name.strip().lower() for name in rows[0][1]]
        missing = [name for name in COLUMNS if names.count(name) != 1]
        if missing:
            self._say("line 1", f"without (or twice with) {', '.join(missing)}", f"the columns {', '.join(COLUMNS)}")
            return None
        cells = [(line, dict(zip(names, [*row, *[""] * len(names)], strict=False))) for line, row in rows[1:]]
        plain = [(line, {name: " ".join(row[name].split()) for name in COLUMNS}) for line, row in cells]
        for _, row in plain:
            row["verdict"], row["confidence"] = row["verdict"].lower(), row["confidence"].lower()
        return plain

    def _check_words(self, lines: dict[int, int]) -> None:
        for name, words in (("verdict", ANSWERS), ("confidence", CONFIDENCE)):
            for number, row in self.rows.items():
                if row[name] and row[name] not in words:
                    self._say(f"line {lines[number]}, {name}", "another word", f"one of {', '.join(words)}")

    def _check_whole(self, numbers: Sequence[int]) -> None:
        gone = [n for n in numbers if n not in self.rows]
        if gone:
            self._say("", f"no line for {_list(gone)}", "a line for each chart of the sample")
        empty = [n for n, row in sorted(self.rows.items()) if not row["verdict"]]
        if empty:
            remedy = f"write “{CANNOT_SAY}” where the records do not let you decide"
            self._say("verdict", f"none for {_list(empty)}", f"one of {', '.join(ANSWERS)}", remedy)
        names = {row["reviewer"].casefold() for row in self.rows.values()} - {""}
        if len(names) != 1:
            found = "two reviewers or more" if names else "no reviewer is named"
            self._say("reviewer", found, "the name of one reviewer, on one line or on all", "give each reviewer a form")


def _text(content: bytes) -> str:
    """The text of a file that a spreadsheet saved: UTF-8, or the code page of Windows in Western Europe and America."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _list(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_MOST_SHOWN]))
    more = f" and {len(numbers) - _MOST_SHOWN} more" if len(numbers) > _MOST_SHOWN else ""
    return f"{'chart' if len(numbers) == 1 else 'charts'} {shown}{more}"


def lines_of(forms: Sequence[Form], numbers: Sequence[int]) -> Iterator[dict]:
    """What each reviewer said of some charts, as lines of a form for the one who settles them."""
    for number in numbers:
        line: dict = {"number": number}
        for form in forms:
            said = {"verdict": form.verdicts, "confidence": form.confidence, "reason": form.reasons}
            line |= {f"{what} {form.name}": by_number[number] for what, by_number in said.items()}
        yield line
