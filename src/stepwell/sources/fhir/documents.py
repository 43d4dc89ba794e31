"""FHIR files as resources, one after the other, each with the file and line it stands in.

A file is looked at before it is read: NDJSON is read line by line; anything else (a bundle, an array, pretty-printed JSON) is
read one resource at a time, so that a bundle of several hundred megabytes takes the memory of its text. Numbers stay text, as
they are written: `1e400` is no infinity, and `0.10` keeps its zero.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import Problem, SourceError
from ...paths import file_problem

SUFFIXES = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz", ".json", ".json.gz", ".xml")
_LONG_LINE = 1 << 22
_MOST_TOLD = 20
_EXPECTED = "one FHIR R4 resource a line, or a bundle"
_BLANK = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class Found:
    """One resource: as it stands in the file, where that is (`Condition.ndjson, line 3`), the address that its bundle gives it,
    and whether the bundle says that it was deleted (then the resource holds its type and id only)."""

    resource: dict
    where: str
    url: str | None = None
    is_deleted: bool = False


class _RejectError(ValueError):
    """What a file holds that is no JSON, in words."""


def _no_constant(name: str):
    raise _RejectError("a number that JSON does not know")


_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_no_constant)


def fhir_files(location: Path) -> list[Path]:
    """The files at a location that may hold FHIR, in the order in which they are read. Hidden files and logs are none."""
    if location.is_file():
        return [location]
    files = [
        path
        for path in location.rglob("*")
        if path.name.lower().endswith(SUFFIXES) and not _is_aside(path.relative_to(location)) and not path.is_dir()
    ]
    return sorted(files)


def _is_aside(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts) or path.name.lower() in ("log.ndjson", "log.ndjson.gz")


def holds_fhir(path: Path) -> bool:
    """Whether a file says by its name or its beginning that it holds FHIR (a JSON file may hold anything)."""
    if ".ndjson" in path.name.lower():
        return True
    try:
        with _opened(path) as file:
            head = file.read(1 << 16)
    except (OSError, EOFError, zlib.error):
        return False
    return b'"resourceType"' in head or b"http://hl7.org/fhir" in head


def read_documents(files: list[Path], root: Path) -> Iterator[Found]:
    """The resources of these files. Raises SourceError, after the last file, with every file and line that is no JSON."""
    problems: list[Problem] = []
    n_more = 0
    for path in files:
        shown = path.name if root.is_file() else str(path.relative_to(root))
        if problem := file_problem(path, _EXPECTED):
            problems.append(problem)
            continue
        for each in _read_file(path, shown):
            if isinstance(each, Found):
                if not problems:
                    yield each
            elif len(problems) < _MOST_TOLD:
                problems.append(each)
            else:
                n_more += 1
    if problems:
        if n_more:
            problems.append(Problem("", f"{n_more:,} more such lines", _EXPECTED))
        raise SourceError("These FHIR files cannot be read.", problems)


def read_bundle(bundle: dict, label: str) -> Iterator[Found]:
    """The resources of a bundle (or of one resource) in memory. Raises SourceError where it is no JSON."""
    try:
        text = json.dumps(bundle)
    except (TypeError, ValueError, RecursionError) as error:
        problem = Problem(label, f"no JSON ({type(error).__name__})", "a bundle as JSON gives it")
        raise SourceError("This bundle cannot be read.", [problem]) from None
    for each in _whole(text.encode(), label):
        if isinstance(each, Problem):
            raise SourceError("This bundle cannot be read.", [each])
        yield each


def _opened(path: Path):
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")


def _read_file(path: Path, shown: str) -> Iterator[Found | Problem]:
    try:
        with _opened(path) as file:
            first = file.read(_LONG_LINE)
            if problem := _head_problem(first, shown):
                yield problem
                return
            file.seek(0)
            if _is_by_line(first):
                yield from _lines(file, shown)
            else:
                yield from _whole(file.read(), shown)
    except (OSError, EOFError, zlib.error) as error:
        remedy = "copy or fetch the file anew"
        yield Problem(shown, f"the file cannot be read to its end ({type(error).__name__})", "a whole file", remedy)


def _head_problem(first: bytes, shown: str) -> Problem | None:
    start = first.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        remedy = f"convert it, for example with: iconv -f UTF-16 -t UTF-8 {shown} > utf8.ndjson"
        return Problem(shown, "the text is UTF-16", "UTF-8", remedy)
    if start.startswith((b"<!doctype html", b"<html")):
        return Problem(shown, "a web page (HTML), as a server sends in place of an error", _EXPECTED, "fetch it anew")
    if start.startswith(b"<"):
        return Problem(shown, "XML", f"JSON: {_EXPECTED}", "export the records as JSON, best as bulk NDJSON")
    return None


def _is_by_line(first: bytes) -> bool:
    """Whether the first line that is not empty is a JSON object by itself, and no bundle of any size."""
    line = next((part for part in first.split(b"\n") if part.strip(b"\xef\xbb\xbf \t\r")), b"")
    if b"\n" not in first and len(first) == _LONG_LINE:
        return False
    try:
        return isinstance(_parsed(line), dict)
    except _RejectError:
        # A first line that begins as a whole resource does and is broken is a broken line, not a document.
        return b"\n" in first and re.match(rb'[^{]*\{\s*"[^"]+"\s*:', line) is not None and not _is_opening(line)


def _is_opening(line: bytes) -> bool:
    """Whether a line that is no JSON by itself opens a document that goes on: it ends within a value, as a line of
    pretty-printed JSON does."""
    return line.rstrip().endswith((b"{", b"[", b","))


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _RejectError("the text is not UTF-8") from None


def _parsed(line: bytes) -> object:
    text = _text(line).strip()
    try:
        value, end = _DECODER.raw_decode(text)
    except (json.JSONDecodeError, RecursionError):
        raise _RejectError("no JSON (is the line cut off?)") from None
    if text[end:].strip():
        raise _RejectError("text after the end of the resource")
    return value


def _lines(file, shown: str) -> Iterator[Found | Problem]:
    for number, line in enumerate(file, 1):
        if not line.strip(b"\xef\xbb\xbf \t\r\n"):
            continue
        where = f"{shown}, line {number}"
        try:
            yield from _resources(_parsed(line), where)
        except _RejectError as rejected:
            yield Problem(where, str(rejected), _EXPECTED, "fetch the file anew, or remove the line")


def _whole(content: bytes, shown: str) -> Iterator[Found | Problem]:
    """The resources of a document: of a bundle and of an array one at a time."""
    n = 0
    try:
        text = _text(content)
        del content
        for n, (value, url_and_request) in enumerate(_values(text), 1):
            yield from _entry(value, url_and_request, f"{shown}, resource {n}")
    except _RejectError as rejected:
        yield Problem(f"{shown}, after resource {n}", str(rejected), _EXPECTED, "fetch the file anew")
    except (json.JSONDecodeError, RecursionError, IndexError):
        found = "no JSON (is the file cut off?)"
        yield Problem(f"{shown}, after resource {n}", found, _EXPECTED, "fetch the file anew")


def _values(text: str) -> Iterator[tuple[object, dict]]:
    """The resources of a text, each with what its bundle says about it."""
    at = _skip(text, 0)
    while at < len(text):
        if text[at] == "[":
            for value, end in _elements(text, at):
                if value is not None:
                    yield value, {}
                at = end
        elif text[at] == "{":
            at = yield from _document(text, at)
        else:
            raise _RejectError("no JSON")
        at = _skip(text, at)


def _document(text: str, at: int) -> Iterator[tuple[object, dict]]:
    """One object: a resource, or a bundle, whose entries are given one at a time. Returns where it ends."""
    told, is_bundle = {}, False
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if not isinstance(key, str) or text[at] != ":":
            raise _RejectError("no JSON")
        at = _skip(text, at + 1)
        if key == "entry" and text[at] == "[" and told.get("resourceType", "Bundle") == "Bundle":
            is_bundle = True
            for entry, end in _elements(text, at):
                if isinstance(entry, dict):
                    yield entry.get("resource"), entry
                at = end
        else:
            told[key], at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
        elif text[at] != "}":
            raise _RejectError("no JSON")
    if not is_bundle:
        yield told, {}
    return at + 1


def _elements(text: str, at: int) -> Iterator[tuple[object, int]]:
    """The elements of the array that begins here, each with where it ends; at last None and where the array ends."""
    at = _skip(text, at + 1)
    while text[at] != "]":
        value, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        yield value, at
        if text[at] == ",":
            at = _skip(text, at + 1)
        elif text[at] != "]":
            raise _RejectError("no JSON")
    yield None, at + 1


def _resources(value: object, where: str) -> Iterator[Found]:
    """The resource, or those of the bundle."""
    if isinstance(value, dict) and value.get("resourceType") == "Bundle":
        entries = value.get("entry", [])
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict):
                yield from _entry(entry.get("resource"), entry, where)
    else:
        yield from _entry(value, {}, where)


def _entry(resource: object, entry: dict, where: str) -> Iterator[Found]:
    url, request = entry.get("fullUrl"), entry.get("request")
    url = url if isinstance(url, str) else None
    if isinstance(request, dict) and request.get("method") == "DELETE":
        type_, _, id_ = str(request.get("url")).rpartition("/")
        yield Found({"resourceType": type_.rpartition("/")[2], "id": id_}, where, url, is_deleted=True)
    elif isinstance(resource, dict):
        if resource.get("resourceType") == "Bundle":
            yield from _resources(resource, where)
        else:
            yield Found(resource, where, url)
    elif resource is not None:
        raise _RejectError("no FHIR resource")


def _skip(text: str, at: int) -> int:
    return _BLANK.match(text, at).end()
