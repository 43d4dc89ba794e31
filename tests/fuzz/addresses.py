"""Addresses of databases with a password, written in ways that may be wrong."""

from __future__ import annotations

import random
from pathlib import Path

from stepwell.engines import read_address
from stepwell.errors import StepwellError

from .evil import SECRET
from .judge import Input, leak

_AROUND = ("{}", "{}@x", "#{}", "/{}", "?{}", "[{}]", "%{}", ":{}", " {}", "é{}", "\x1b{}", "\\{}", "{}&a=b", "{};")
_SCHEMES = ("postgresql", "postgres", "POSTGRESQL", "postgresql+psycopg2", "jdbc:postgresql", "spark", "SPARK", "mysql")
_OTHERS = ("mssql+pyodbc", "duckdb", "http", "", "post gres", "-", "\x1b")
_MARKS = ("://", "://", "://", "://", ":/", ":", "//", ":///", ":////", "")
_USERS = ("me:{}@", "me:{}@", ":{}@", "me@x:{}@", "me::{}@", "{{}}:{}@", "")
_HOSTS = ("127.0.0.1:1", "127.0.0.1:1", "[::1]:1", "127.0.0.1:1,127.0.0.1:2", "127.0.0.1:99999", "127.0.0.1:x")
_DATABASES = ("/db", "/db", "", "/", "/a/b", "/db;x", "/a%00b", "/'")
_OPTIONS = (
    "",
    "",
    "?password={}",
    "?schema=cdm&password={}",
    ";password={}",
    "&password={}",
    "?a&b={}",
    "?schema=cdm;password={}",
    "?sslpassword={}",
    "?schema=x%3Bpassword={}",
    "?options=-c {}",
    "?connect_timeout={}",
    "?port={}",
    "?sslmode={}",
    "?passfile={}",
    "?unknown={}",
    "#{}",
)


def address(chance: random.Random, place: Path) -> Input:
    """The address of a database with a password, and a command that meets it. No server answers."""
    secret = chance.choice(_AROUND).format(SECRET)
    parts = [chance.choice((*_SCHEMES, *_OTHERS))]
    parts += [chance.choice(part).format(secret) for part in (_MARKS, _USERS, _HOSTS, _DATABASES, _OPTIONS)]
    written = "".join(parts) if chance.random() < 0.9 else f"host=127.0.0.1 port=1 user=me password={secret}"
    said = f"address {written!r}"
    try:
        read = read_address(written)
    except StepwellError as error:
        read, shown = None, str(error)
    else:
        shown = read.shown if read else ""
    if fault := leak(shown):
        return Input(said, check=lambda: fault)
    if read is not None and read.engine == "spark":
        return Input(said, check=lambda: None)  # only what is shown: a command would start Spark
    calls = (("check", written), ("run", written, "--out", "out"), ("compare", written, "--vary", "us-label"))
    return Input(said, (chance.choice(calls),))
