"""Downloads one exported file to the disk and takes it only when it is whole."""

from __future__ import annotations

from pathlib import Path

from stepwell.errors import UnfinishedError

from .folder import Folder
from .json_lines import parse
from .outcomes import codes_of
from .server import GO_ON, Server
from .web import BrokenExchangeError

_TRIES = 4
_LONGEST_LINE = 64 << 20


class _NotWholeError(Exception):
    """What came is not the whole file."""


def download(server: Server, folder: Folder, name: str, url: str, count: int | None, with_token: bool) -> int:
    """Writes the file `name` and returns its number of lines.

    It is whole when the length that HTTP announced has come, its first and last lines are resources of the type, and it has as
    many lines as the server's manifest says (`count`). Anything else is fetched again, up to four times; then `UnfinishedError`.
    """
    what = f"file {name}"
    for attempt in range(_TRIES):
        # Oracle answers with a redirect to its storage, where the token must not go.
        asked = {"headers": {"Accept": "application/fhir+ndjson"}, "with_token": with_token, "may_lead_away": True}
        answer = server.ask(what, url, **asked)
        if answer.status != 200:
            raise server.refused(what, answer.status, codes_of(answer), UnfinishedError, GO_ON)
        lines = _Lines(Path(name).name.split(".")[0])
        try:
            with folder.new(name) as partial, partial.open("wb") as opened:
                for piece in answer.pieces():
                    opened.write(piece)
                    lines.add(piece)
                lines.check(count)
            return lines.n
        except (BrokenExchangeError, _NotWholeError) as error:
            found = str(error)
        if attempt < _TRIES - 1:
            server.wait(attempt)
    remedy = f"{GO_ON}; if it ends here again, tell the administrator"
    raise server.error(UnfinishedError, what, found, "a whole file with one resource of its type on each line", remedy)


class _Lines:
    """Counts the lines of a file as its pieces come, and keeps the first and the last one."""

    def __init__(self, resource_type: str):
        self.n = 0
        self._type = resource_type
        self._first = self._last = b""
        self._rest = bytearray()

    def add(self, piece: bytes) -> None:
        """The next piece of the file."""
        self._rest += piece
        if b"\n" in piece:
            *whole, self._rest = self._rest.split(b"\n")
            for line in whole:
                self._line(bytes(line))
        elif len(self._rest) > _LONGEST_LINE:
            raise _NotWholeError("a line is longer than 64 MB")

    def _line(self, line: bytes) -> None:
        if line.strip():
            self.n += 1
            self._first = self._first or line
            self._last = line

    def check(self, count: int | None) -> None:
        """Raises where the file is not whole."""
        self._line(bytes(self._rest))
        for line in filter(None, (self._first, self._last)):
            resource = parse(line)
            if resource is None:
                raise _NotWholeError("a line is no whole JSON object")
            if resource.get("resourceType") != self._type:
                raise _NotWholeError("a line is a resource of another type")
        if count is not None and count != self.n:
            raise _NotWholeError(f"has {self.n:,} lines, and {count:,} were announced")
