"""Reading the files of a knowledge folder: each filled into its form, with where it was written and every problem so far."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypeVar

from ..errors import Problem
from .check import Entry
from .definition import Definition, TrialBuilding
from .fill import columns_of, fill, fill_row
from .forms import Code, Codeset, Form, Reference
from .staging import Staging
from .written import Path_, Written, read_csv, read_yaml

LOCK = "knowledge.lock"
F = TypeVar("F", bound=Form)


class FolderReader:
    """One reading of the folder: the forms that could be filled, with where each was written, and every problem so far."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.problems: list[Problem] = []
        self.entries: list[Entry] = []
        self.unread: set[type[Form]] = set()
        self.trials: dict = {}

    def building(self) -> TrialBuilding | None:
        """How trials are built where a definition does not say."""
        written = read_yaml(self.folder / "trials.yaml", "trials.yaml", self.problems)
        building = self._fill(TrialBuilding, written, None) if written is not None else None
        if building is not None:
            self.trials = written.data
        else:
            self.unread.add(TrialBuilding)
        return building

    def single(self, file: str, form: type[F]) -> F | None:
        """A YAML file that is one form."""
        written = read_yaml(self.folder / file, file, self.problems)
        if written is None:
            self.unread.add(form)
        return self._fill(form, written, None) if written else None

    def table(self, file: str, form: type[F]) -> dict[str, F]:
        """A YAML file of forms by key."""
        written = read_yaml(self.folder / file, file, self.problems)
        if written is None:
            self.unread.add(form)
            return {}
        return self._keyed(written, form)

    def _keyed(self, written: Written, form: type[F], under: Path_ = (), is_own: bool = False) -> dict[str, F]:
        filled = {}
        for key, data in written.data.items():
            part = Written(written.file, data, _below(written.lines, (key,)))
            entry = fill(form, part, self.problems, (*under, key))
            known = Written(part.file, data if isinstance(data, dict) else {}, part.lines)
            self.entries.append(Entry(form, entry, known, key, is_own))
            if entry is not None:
                filled[key] = entry
        return filled

    def rows(self, file: str, form: type[F], key: tuple[str, ...]) -> list[F]:
        """A CSV file of forms, one a row; no two rows may agree in `key`."""
        filled, first = [], {}
        read = read_csv(self.folder / file, file, tuple(columns_of(form)), self.problems)
        if read is None:
            self.unread.add(form)
        for row in read or ():
            values = tuple(row.data.get(column) for column in key)
            if values in first:
                found = f"{' and '.join(key)} as in {first[values]}"
                self.problems.append(
                    Problem(row.at(), found, f"one row for each {' and '.join(key)}", "delete one of the two")
                )
                continue
            first[values] = row.at()
            entry = fill_row(form, row, self.problems)
            self.entries.append(Entry(form, entry, row, values[0]))
            if entry is not None:
                filled.append(entry)
        return filled

    def files(self, kind: str, form: type[F]) -> list[F]:
        """A folder of YAML files, one form each, named by its id."""
        filled = []
        for path in sorted((self.folder / kind).glob("*.yaml")):
            written = read_yaml(path, f"{kind}/{path.name}", self.problems)
            if written is None:
                self.unread.add(form)
            entry = self._fill(form, written, path.stem) if written else None
            if entry is not None:
                filled.append(entry)
        return filled

    def codesets(self) -> list[Codeset]:
        """The code sets: a YAML file for the scope and a CSV file of the same name for the codes."""
        filled = []
        for path in sorted((self.folder / "codeset").glob("*.yaml")):
            written = read_yaml(path, f"codeset/{path.name}", self.problems)
            file = f"codeset/{path.stem}.csv"
            codes = self.rows(file, Code, ("vocabulary", "code"))
            if written is None:
                self.unread.add(Codeset)
                continue
            sides = {
                "codes": tuple(code for code in codes if code.included == "yes"),
                "excluded": tuple(code for code in codes if code.included == "no"),
            }
            entry = self._fill(Codeset, Written(written.file, written.data | sides, written.lines), path.stem)
            if entry is not None:
                filled.append(entry)
        return filled

    def own(self, path: Path, form: type[F], references: dict[str, Reference]) -> list[F]:
        """A user's own definition or policy, with the references it brings."""
        written = read_yaml(path, str(path), self.problems)
        if written is None:
            self.unread.add(form)
            return []
        brought = written.data.get("references", {})
        if isinstance(brought, dict):
            part = Written(written.file, brought, _below(written.lines, ("references",)))
            own = self._keyed(part, Reference, ("references",), is_own=True)
            for key in sorted(own.keys() & references.keys()):
                if own[key] != references[key]:
                    found = f"`{key}` is the name of another source that stepwell knows already"
                    remedy = "give yours another name, here and where it is cited"
                    self.problems.append(Problem(part.at((key,)), found, "a name of its own", remedy))
            references |= own
        else:
            self.unread.add(Reference)
            remedy = "write under it, one step further in, a name of your own for each source, and under that `title:`"
            self.problems.append(
                Problem(written.at(("references",)), "`references` holds no sources", "`name:` lines", remedy)
            )
        data = {key: value for key, value in written.data.items() if key != "references"}
        entry = self._fill(form, Written(written.file, data, written.lines), None, is_own=True)
        return [] if entry is None else [entry]

    def _fill(self, form: type[F], written: Written, key: str | None, is_own: bool = False) -> F | None:
        own = written.data.get("trials", {})
        if form in (Definition, Staging) and isinstance(own, dict):
            written = Written(written.file, {**written.data, "trials": {**self.trials, **own}}, written.lines)
        entry = fill(form, written, self.problems)
        self.entries.append(Entry(form, entry, written, key, is_own))
        return entry

    def compare_with_lock(self) -> None:
        """A reviewed file is what it was when it was reviewed: its digest stands in `knowledge.lock`."""
        locked = {}
        lock = self.folder / LOCK
        for number, line in enumerate(lock.read_text(encoding="utf-8").splitlines() if lock.exists() else [], 1):
            if line and not line.startswith("#"):
                digest, _, file = line.partition("  ")
                locked[file] = (digest, f"{LOCK}:{number}")
        for entry in self.entries:
            if entry.key is None or getattr(entry.form, "status", None) != "reviewed":
                continue
            for path in sorted((self.folder / entry.written.file).parent.glob(f"{entry.key}.*")):
                file = path.relative_to(self.folder).as_posix()
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                found, where = locked.get(file, (None, entry.written.at(("status",))))
                if found is None:
                    remedy = f"once it has been reviewed, add the line `{digest}  {file}` to {LOCK}"
                    self.problems.append(
                        Problem(where, f"{file} is reviewed but not locked", f"its digest in {LOCK}", remedy)
                    )
                elif found != digest:
                    remedy = "undo the change, or raise its version and make it a draft again"
                    self.problems.append(Problem(f"{file}:1", f"changed after its review ({where})", found, remedy))
        for file, (_, where) in locked.items():
            if not (self.folder / file).is_file():
                self.problems.append(Problem(where, f"{file} does not exist", "a reviewed file", "delete this line"))


def _below(lines: dict[Path_, int], path: Path_) -> dict[Path_, int]:
    """The lines of what stands under that path, seen from there."""
    return {p[len(path) :]: line for p, line in lines.items() if p[: len(path)] == path}
