"""The clinic's directory: `clinic.toml` (settings), `secret` (keys), and the SQLite database where no other is named."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import tomllib
from dataclasses import dataclass, field, fields
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

# How messages to patients leave (docs/clinic-messages.md). Each holds the clinic's name and a link, and nothing about health.
# E-mail: the mail server. smtp_security is "starttls", "tls" or "none".
smtp_host = ""
smtp_port = 587
smtp_user = ""
smtp_password = ""
smtp_security = "starttls"
mail_from = ""
# Text messages: a command of yours that gets each message as JSON on its standard input.
sms_command = ""
# A folder: every message is written there as a file, and leaves by neither of the above.
message_folder = "{message_folder}"
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
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_security: str = "starttls"
    mail_from: str = ""
    sms_command: str = ""
    message_folder: str = ""

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
    words["message_folder"] = "messages" if demo else ""  # nothing leaves the demo
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
    yield from _of_messages(file, given)


def _of_messages(file: Path, given: dict):
    security = given.get("smtp_security", "starttls")
    if security not in ("starttls", "tls", "none"):
        yield Problem(f"{file}, smtp_security", "no such way", '"starttls", "tls" or "none"')
    if given.get("smtp_host") and "@" not in str(given.get("mail_from", "")):
        yield Problem(f"{file}, mail_from", "no e-mail address", "the address from which the clinic writes")
    command = given.get("sms_command", "")
    try:
        program = shlex.split(command)[0] if isinstance(command, str) and command.strip() else ""
    except ValueError:
        yield Problem(f"{file}, sms_command", "a quotation mark is not closed", "a command as in a shell")
    else:
        if program and shutil.which(program) is None:
            yield Problem(f"{file}, sms_command", "its program is not on this machine", "a command that can be run")


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
