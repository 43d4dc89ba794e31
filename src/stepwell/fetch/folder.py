"""The folder of a fetch: files that appear whole, and a state by which the same command continues.

While the fetch goes on, everything lies in `OUT.partial`, so that nobody takes a part of the records for all of them. At the end
the folder gets its name.

    OUT/Condition.000.ndjson          one resource per line
        deleted/Bundle.000.ndjson     what the server says it deleted (bulk export with --since only)
        error/OperationOutcome.000.ndjson
        fetch.json                    what was asked and how, when, how many lines per type, what could not be had
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stepwell.errors import Problem, QuestionError
from stepwell.folder_lock import hold_lock
from stepwell.output import cannot_write, check_name, new_file, new_parents, write_text

if TYPE_CHECKING:
    from filelock import FileLock

_TITLE = "Nothing was fetched."
STATE = "fetch.json"
_PEOPLE = "people.json"
_LOCK = "lock"
_PRIVATE = ("job", "files_of_job", "batches_done")
"""What only a fetch that goes on needs."""


class Folder:
    """What has been fetched so far. `state` is plain data that `save` writes; it never holds a token."""

    def __init__(self, out: Path, place: Path, state: dict):
        self.out, self.place, self.state = out, place, state
        self._lock: FileLock | None = None

    def hold(self) -> None:
        """Keeps other fetches out. Raises `QuestionError` where one works there."""
        held = _refused(self.place, "another fetch works there", "one at a time", "wait for it")
        self._lock = hold_lock(self.place / _LOCK, held)

    def release(self) -> None:
        """Lets other fetches in."""
        if self._lock is not None:
            self._lock.release()

    def save(self) -> None:
        """Writes the state."""
        write_text(self.place / STATE, json.dumps(self.state, indent=2, sort_keys=True) + "\n", replace=True)

    def people(self) -> list[str] | None:
        """The ids of the patients to go through, once they were found."""
        file = self.place / _PEOPLE
        return json.loads(file.read_text("utf-8")) if file.exists() else None

    def keep_people(self, ids: list[str]) -> None:
        """Keeps them until the end, so that a second run has the same ones in the same order."""
        write_text(self.place / _PEOPLE, json.dumps(ids), replace=True)

    @contextmanager
    def new(self, name: str) -> Iterator[Path]:
        """A path to write to, which becomes the file `name` when the block ends well."""
        file = self.place / name
        file.parent.mkdir(exist_ok=True)
        with new_file(file, replace=True) as partial:
            yield partial

    def write_lines(self, name: str, lines: Iterable[bytes]) -> int:
        """Writes a file whole and returns how many lines it has."""
        n = 0
        with self.new(name) as partial, partial.open("wb") as opened:
            for line in lines:
                opened.write(line)
                n += 1
        return n

    def files(self, resource_type: str) -> list[Path]:
        """The files of a type, in order."""
        return sorted(self.place.glob(f"{resource_type}.*.ndjson"))

    def next_name(self, resource_type: str) -> str:
        """The name of the next file of a type."""
        numbers = [int(file.name.split(".")[1]) for file in self.files(resource_type)]
        return f"{resource_type}.{max(numbers, default=-1) + 1:03d}.ndjson"

    def forget_files(self) -> None:
        """Removes what was fetched: an export that the server no longer has cannot be joined with a new one."""
        for file in [*self.place.glob("*.ndjson"), *self.place.glob("*/*.ndjson")]:
            file.unlink()

    def counts(self) -> dict[str, int]:
        """How many lines there are of each type of resource."""
        found: dict[str, int] = {}
        for file in sorted(self.place.glob("*.ndjson")):
            with file.open("rb") as opened:
                n = sum(1 for line in opened if line.strip())
            kind = file.name.split(".")[0]
            found[kind] = found.get(kind, 0) + n
        return found

    def finish(self) -> None:
        """Leaves what is needed later only, and gives the folder its name."""
        for name in _PRIVATE:
            self.state.pop(name, None)
        self.state["finished"] = True
        self.save()
        self.release()  # before the folder is moved: Windows moves no folder in which a file is open
        for name in (_PEOPLE, _LOCK):
            (self.place / name).unlink(missing_ok=True)
        try:
            os.rename(self.place, self.out)
        except OSError as error:
            raise cannot_write(self.out, error, _TITLE) from None


@contextmanager
def open_folder(out: Path, request: dict) -> Iterator[Folder]:
    """The folder of this request: new, going on, or finished (`state["finished"]`). Nobody else may use it meanwhile.

    Raises `QuestionError` where something else is there.
    """
    try:
        check_name(out)
        out = out.absolute()
        place = out.with_name(f"{out.name}.partial")
        is_empty = out.is_dir() and not out.is_symlink() and not any(out.iterdir())
        if os.path.lexists(out) and not is_empty:
            yield Folder(out, out, _read_state(out, request))
            return
        with new_parents(place, _TITLE):
            is_new = not os.path.lexists(place)
            if is_new:
                place.mkdir()
            folder = Folder(
                out, place, {"request": request, "finished": False} if is_new else _read_state(place, request)
            )
            with _alone(folder):
                yield folder
    except OSError as error:
        raise cannot_write(out, error, _TITLE) from None


@contextmanager
def _alone(folder: Folder) -> Iterator[None]:
    """Holds the lock. Where the block fails and there is nothing to go on with, the folder goes."""
    place = folder.place
    folder.hold()
    try:
        # Of a run that was killed.
        for left in [*place.glob(".stepwell-*.partial"), *place.glob("*/.stepwell-*.partial")]:
            left.unlink()
        folder.save()
        yield
    except BaseException:
        if not (folder.state.get("job") or folder.people() or folder.counts()):
            folder.release()  # first: Windows removes no file that is open
            shutil.rmtree(place)
        raise
    finally:
        folder.release()


def _read_state(folder: Path, request: dict) -> dict:
    """The state of a folder that holds this request. Raises `QuestionError` for any other."""
    try:
        state = json.loads((folder / STATE).read_text("utf-8"))
        asked = dict(state["request"])
    except (OSError, ValueError, KeyError, TypeError):
        found = "is there already, and is no folder of stepwell fhir fetch"
        raise _refused(folder, found, "a new folder", "name another with --out") from None
    if folder.is_symlink() or asked != request:
        different = sorted(name for name in request if asked.get(name) != request[name])
        found = f"holds what was fetched by another command (differs in: {', '.join(different) or 'a link'})"
        raise _refused(folder, found, "the same command, which continues", "name another folder with --out")
    return state


def _refused(place: Path, found: str, expected: str, remedy: str) -> QuestionError:
    return QuestionError(_TITLE, [Problem(str(place), found, expected, remedy)])
