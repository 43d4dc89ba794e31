"""What somebody uploads as records: a FHIR bundle, a zip of files, or several files. stepwell's readers do the rest."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import stepwell
from stepwell.errors import Problem, SourceError

MOST_UNPACKED = 200 * 2**20
MOST_FILES = 200
SUFFIXES = (".csv", ".json", ".ndjson", ".parquet")
_EXPECTED = "a FHIR bundle (.json), or stepwell's CSV files, several at once or in one .zip"


def read_upload(files: Sequence) -> stepwell.reading.Records:
    """The records in uploaded files (Django's `UploadedFile`). Raises SourceError with every problem, in plain words."""
    if not files:
        raise _refused("no file", "choose a file first")
    if len(files) == 1 and files[0].name.lower().endswith(".json"):
        return stepwell.read_records(_bundle(files[0].read()))
    with tempfile.TemporaryDirectory(prefix="stepwell-import-") as place:
        folder = Path(place)
        if len(files) == 1 and files[0].name.lower().endswith(".zip"):
            _unpack(files[0], folder)
        else:
            for file in files:
                _write(folder, file.name, file.read())
        return stepwell.read_records(folder)


def _bundle(written: bytes) -> dict:
    try:
        bundle = json.loads(written)
    except (ValueError, RecursionError):
        raise _refused("a file that is no JSON", "export the records again") from None
    if not isinstance(bundle, dict):
        raise _refused("JSON that is no FHIR bundle", "export the records as one bundle")
    return bundle


def _unpack(file, folder: Path) -> None:
    """The files of the archive, without its folders. What it would unpack to is looked at first."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = [e for e in archive.infolist() if not e.is_dir() and not _is_clutter(e.filename)]
            if len(entries) > MOST_FILES or sum(e.file_size for e in entries) > MOST_UNPACKED:
                raise _refused("an archive that unpacks to too much", "leave out what is not needed")
            for entry in entries:
                with archive.open(entry) as packed:
                    _write(folder, entry.filename, packed.read(MOST_UNPACKED + 1))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError):
        raise _refused(
            "an archive that cannot be opened, or has a password", "pack it again without a password"
        ) from None


def _is_clutter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or parts[-1].startswith(".")


def _write(folder: Path, name: str, content: bytes) -> None:
    plain = PurePosixPath(name.replace("\\", "/")).name
    if not plain.lower().endswith(SUFFIXES):
        raise _refused("a file of another kind", f"leave out what does not end in {', '.join(SUFFIXES)}")
    if (folder / plain).exists():
        raise _refused("two files of one name", "leave one of them out")
    (folder / plain).write_bytes(content)


def _refused(found: str, remedy: str) -> SourceError:
    return SourceError("These records cannot be read.", [Problem("the upload", found, _EXPECTED, remedy)])
