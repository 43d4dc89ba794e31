"""A PostgreSQL server that the tests start for themselves and stop afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Server:
    """A PostgreSQL server of our own. `address` gives what a user would name, `connect` a psycopg connection."""

    guarded = "not-to-be-shown"
    """The password of the user `guarded`, the only one who needs one."""

    def __init__(self, folder: Path):
        self.folder = folder

    def address(self, user: str = "stepwell", password: str = "", **options: str) -> str:
        secret = f":{password}" if password else ""
        options = {"host": str(self.folder), **options}
        return f"postgresql://{user}{secret}@/postgres?" + "&".join(f"{k}={v}" for k, v in options.items())

    def connect(self, **options):
        import psycopg

        return psycopg.connect(host=str(self.folder), **{"user": "stepwell", "dbname": "postgres", **options})


@contextmanager
def postgresql_server() -> Iterator[Server]:
    """A server of our own, whose database sorts text as English does: the hostile case. Skips where there is none."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'stepwell[postgres]'")
    initdb, pg_ctl = (_server_program(name) for name in ("initdb", "pg_ctl"))
    if not (initdb and pg_ctl):
        pytest.skip("this machine has no PostgreSQL server (Debian: apt-get install postgresql)")
    # Not under pytest's own folder, which only its owner may enter: PostgreSQL refuses to run as root.
    folder = Path(tempfile.mkdtemp(prefix="stepwell-pg-"))
    who = _unprivileged(folder)

    def call(*command: str) -> None:
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=120, **who)

    data = str(folder / "data")
    english = ("--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US")
    try:
        call(initdb, "-D", data, "-U", "stepwell", "-A", "trust", "--no-sync", *english)
        rules = folder / "data" / "pg_hba.conf"
        rules.write_text("local all guarded scram-sha-256\n" + rules.read_text("utf-8"), "utf-8")
        # Reached by a socket in the folder only: nothing listens on the network.
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        call(pg_ctl, "-D", data, "-l", str(folder / "log"), "-w", "-o", options, "start")
        try:
            server = Server(folder)
            with server.connect() as connection:
                connection.execute(f"CREATE ROLE guarded LOGIN PASSWORD '{server.guarded}'")
            yield server
        finally:
            call(pg_ctl, "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _server_program(name: str) -> str | None:
    """Debian keeps the server's programs off the path, in a folder for each version."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: int(p.parts[-3]))
    return shutil.which(name) or (str(debian[-1]) if debian else None)


def _unprivileged(folder: Path) -> dict:
    """How to run a program as somebody who may run a server, with the folder handed over to them."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    pytest.skip("PostgreSQL does not run as root, and this machine has no user postgres or nobody")
