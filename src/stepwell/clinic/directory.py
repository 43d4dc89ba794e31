"""The clinic's directory: `clinic.toml` (settings), `secret` (keys), and the SQLite database where no other is named."""

from __future__ import annotations

import os
import secrets
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

from stepwell.errors import Problem, QuestionError

SETTINGS_FILE = "clinic.toml"
SECRET_FILE = "secret"
SQLITE_FILE = "clinic.sqlite3"
VARIABLE = "STEPWELL_CLINIC"
"""The environment variable that names the directory."""
_TEXT = """\
# The address at which people open the clinic in a browser. With https, put a proxy that ends TLS before the app.
address = "{address}"
# "sqlite", or a PostgreSQL database: "postgresql://user:password@host:5432/database"
database = "{database}"
# Minutes without a request after which a member of staff is signed out.
idle_minutes = 20
# The address of the proxy that forwards https, such as "127.0.0.1"; empty without one.
trusted_proxy = ""
# A simulated clinic: no second factor at sign-in. Never for real patients.
demo = {demo}
"""


@dataclass(frozen=True)
class Directory:
    """What `clinic.toml` says, and where it stands."""

    path: Path
    address: str = "http://127.0.0.1:8000"
    database: str = "sqlite"
    idle_minutes: int = 20
    trusted_proxy: str = ""
    demo: bool = False

    @property
    def secret(self) -> str:
        """The key that signs sessions and links."""
        return (self.path / SECRET_FILE).read_text("ascii").strip()

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the clinic by https."""
        return urlsplit(self.address).scheme == "https"

    @property
    def host(self) -> str:
        """The host's name in the address."""
        return urlsplit(self.address).hostname or "127.0.0.1"


def create(path: Path, *, address: str, database: str = "sqlite", demo: bool = False) -> Directory:
    """A new clinic directory, readable by its owner only. Refuses a folder that holds anything."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        problem = Problem(str(path), "it holds something already", "a new or empty folder", "name another folder")
        raise QuestionError("The clinic was not made.", [problem])
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    words = {"address": address, "database": database, "demo": str(demo).lower()}
    _write_private(path / SETTINGS_FILE, _TEXT.format(**words))
    _write_private(path / SECRET_FILE, secrets.token_urlsafe(48) + "\n")
    return read(path)


def read(path: Path) -> Directory:
    """The clinic directory, checked: every problem of its settings at once."""
    file = path / SETTINGS_FILE
    if not file.is_file() or not (path / SECRET_FILE).is_file():
        remedy = "make one: stepwell clinic init DIR"
        raise QuestionError("The clinic cannot start.", [Problem(str(path), "no clinic directory", "", remedy)])
    try:
        given = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise QuestionError("The clinic cannot start.", [Problem(str(file), f"not TOML: {error}")]) from None
    problems = list(_problems(file, given))
    if problems:
        raise QuestionError("The clinic cannot start.", problems)
    return Directory(path, **given)


def _problems(file: Path, given: dict):
    kinds = {f.name: f.type for f in fields(Directory) if f.name != "path"}
    for name, value in given.items():
        if name not in kinds:
            yield Problem(f"{file}, {name}", "unknown setting", ", ".join(kinds), "correct or remove it")
        elif type(value).__name__ != kinds[name]:
            yield Problem(f"{file}, {name}", f"a {type(value).__name__}", f"a {kinds[name]}")
    address = given.get("address", "http://127.0.0.1")
    if isinstance(address, str):
        parts = urlsplit(address)
        is_local = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            yield Problem(f"{file}, address", "no web address", "https://clinic.example")
        elif parts.scheme == "http" and not is_local:
            remedy = "put a proxy that ends TLS before the app and write https://"
            yield Problem(f"{file}, address", "http to another machine", "https, or http at 127.0.0.1", remedy)
    database = given.get("database", "sqlite")
    if isinstance(database, str) and database != "sqlite" and not database.startswith("postgresql://"):
        yield Problem(f"{file}, database", "no database that stepwell knows", '"sqlite" or "postgresql://..."')
    minutes = given.get("idle_minutes", 20)
    if isinstance(minutes, int) and not 1 <= minutes <= 720:
        yield Problem(f"{file}, idle_minutes", str(minutes), "1 to 720")


def use(path: Path) -> Directory:
    """Names the directory to the settings, checks it, and starts Django."""
    directory = read(path.resolve())
    os.environ[VARIABLE] = str(directory.path)
    os.environ["DJANGO_SETTINGS_MODULE"] = "stepwell.clinic.settings"
    import django

    django.setup()
    return directory


def _write_private(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
