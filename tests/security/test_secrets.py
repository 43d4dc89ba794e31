"""No password is shown or kept, however the address of a database is written."""

from __future__ import annotations

import re
import socket

import ibis
import pytest
from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.engines import connect, read_address
from stepwell.errors import Problem, QuestionError, StepwellError
from stepwell.knowledge.loader import load
from stepwell.report import write_report
from stepwell.runner import run
from stepwell.sources import open_source

SECRET = "s3cr3t"
ODD = (
    f"postgresql+psycopg2://me:{SECRET}@nowhere.invalid/db",
    f"jdbc:postgresql://nowhere.invalid/db?user=me&password={SECRET}",
    f"mysql://me:{SECRET}@nowhere.invalid/db",
    f"host=nowhere.invalid user=me password={SECRET}",
    f"password={SECRET}://",
    f"postgresql://me:{SECRET}#x@nowhere.invalid/db",
    f"postgresql://me:#{SECRET}@nowhere.invalid/db",
    f"postgresql://me:{SECRET}/x@nowhere.invalid/db",
    f"postgresql://me:12/{SECRET}@nowhere.invalid/db",
    f"postgresql://me:12?a={SECRET}@nowhere.invalid/db",
    f"postgresql://me:?{SECRET}@nowhere.invalid/db",
    f"postgresql://me:[{SECRET}]@nowhere.invalid/db",
    f"postgresql://me:[{SECRET}@nowhere.invalid/db",
    f"postgresql://me:{SECRET} x@nowhere.invalid/db",
    f"postgresql://nowhere.invalid/db;password={SECRET}",
    f"postgresql://nowhere.invalid/db?schema=cdm;password={SECRET}",
    f"postgresql://nowhere.invalid/db?schema=cdm%3Bpassword={SECRET}",
    f"postgresql://nowhere.invalid/db&password={SECRET}",
    f"postgresql://nowhere.invalid/db?a&b={SECRET}",
    f"postgresql:/me:{SECRET}@nowhere.invalid/db",
    f"postgresql:me:{SECRET}@nowhere.invalid/db",
    f"me:{SECRET}@nowhere.invalid",
    f"post gres127.0.0.1:99999#{SECRET}",
    f"spark://me:{SECRET}/x@nowhere.invalid:7077/schema",
    f"\x1b]0;{SECRET}\x07://me:{SECRET}@nowhere.invalid/db",
)
UNDERSTOOD = (
    f"postgresql://me:{SECRET}@nowhere.invalid:5432/db?schema=cdm",
    f"POSTGRESQL://me:{SECRET}@nowhere.invalid/db",
    f"Postgres://me:a@{SECRET}@nowhere.invalid/db",
    f"postgresql://me:a:{SECRET}@nowhere.invalid/db",
    f"postgresql://me@nowhere.invalid/db?password={SECRET}&sslpassword={SECRET}&vocabulary=words",
    f"postgresql://:{SECRET}@[::1]:1/db",
    f"postgresql://me:{SECRET}@nowhere.invalid:1,[::1]:2/",
    f"spark://me:{SECRET}@nowhere.invalid:7077/schema?vocabulary=words&password={SECRET}",
)


@pytest.mark.parametrize("address", ODD)
def test_an_address_that_is_not_understood_is_not_repeated(address, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments in (
        ("check", address),
        ("run", address, "--out", "out"),
        ("compare", address, "--vary", "fabbri-2021"),
    ):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code in (11, 12), (done.output, done.exception)
        assert SECRET not in done.output
        assert "\x1b" not in done.output
    with pytest.raises(StepwellError) as caught:
        open_source(address, ibis.duckdb.connect(), load())
    assert SECRET not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("address", UNDERSTOOD)
def test_an_address_that_is_understood_is_shown_without_its_password(address):
    read = read_address(address)
    assert SECRET not in read.shown
    assert read.shown.startswith(f"{read.scheme}://")
    assert read_address(read.shown).shown == read.shown


IN_THE_PLACE_OF_A_PATH = (
    ("why", "{}", "1"),
    ("person", "{}", "1", "--html", "page.html"),
    ("report", "{}"),
    ("quality", "{}"),
    ("compare", "{}"),
    ("compare", "{}", "{}"),
    ("run", "nowhere", "--out", "{}"),
    ("run", "nowhere", "--out", "out", "--definition-file", "{}"),
    ("run", "nowhere", "--out", "out", "--definition", "{}"),
    ("score", "phq-9", "{}"),
    ("score", "phq-9", "items.csv", "--out", "{}"),
    ("definition", "new", "{}"),
    ("definition", "check", "{}"),
    ("template", "{}"),
    ("simulate", "--people", "1", "--out", "{}"),
    ("what-if", "--offer", "ect", "--after", "2", "--html", "{}"),
    ("knowledge", "show", "{}"),
    ("{}",),
)


@pytest.mark.parametrize("words", IN_THE_PLACE_OF_A_PATH, ids=" ".join)
def test_an_address_in_the_place_of_a_path_or_a_word_is_shown_without_its_password(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, [word.format(f"postgresql://me:{SECRET}@nowhere.invalid/db") for word in words])
    assert done.exit_code, done.output
    assert SECRET not in done.output
    assert list(tmp_path.iterdir()) == []


def test_passwords_are_taken_out_of_every_problem():
    for text in ("postgresql:/me:a@{}@x", "jdbc:y://x?password={}&a=b", "`host=x password={}`", "a://me:\n{}@x"):
        assert SECRET not in str(
            QuestionError(text.format(SECRET), [Problem(text.format(SECRET), text.format(SECRET))])
        )
    for kept in ("spark://host:7077/schema or postgresql://user@host:5432/db", "items.csv:4: column `q3`", "C:\\a@b"):
        assert str(Problem(kept, "is there")) == f"{kept}: is there"


def test_what_the_client_needs_reaches_it():
    read = read_address(f"Postgres://me:a@{SECRET}@host:1/db?schema=cdm&connect_timeout=3&vocabulary=my%20words")
    assert read.for_client == f"postgres://me:a@{SECRET}@host:1/db?connect_timeout=3"
    assert (read.schema, read.vocabulary) == ("cdm", "my words")
    assert read.shown == "postgres://me@host:1/db?schema=cdm&vocabulary=my%20words"
    assert read_address("spark:///cdm").shown == "spark:///cdm"
    assert read_address("postgresql:///db").shown == "postgresql:///db"
    assert read_address("folder/of mine") is None


def test_a_schema_beside_a_connection_is_a_name(monkeypatch):
    psycopg = pytest.importorskip("psycopg")
    from stepwell.engines import postgres

    monkeypatch.setattr(postgres.Postgres, "__enter__", lambda self: self)
    monkeypatch.setattr(postgres.Postgres, "__exit__", lambda *_: None)
    connection = object.__new__(psycopg.Connection)
    with pytest.raises(QuestionError) as caught, connect(f"host=x password={SECRET}", connection=connection):
        pass
    assert SECRET not in str(caught.value)


def test_nothing_is_sent(records, asked, tmp_path, monkeypatch):
    """No connection is opened, and DuckDB fetches no extension, even where a view in a database file asks for one."""

    def connected(*_):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", connected)
    monkeypatch.setattr(socket, "getaddrinfo", connected)
    result = run(records, tmp_path / "out", **asked)
    write_report(result, tmp_path / "page.html")
    assert result.evidence("0")
    with connect(str(records)) as place:
        found = place.engine.read("SELECT current_setting('autoinstall_known_extensions') AS is_on", None)
    assert found.to_pylist() == [{"is_on": False}]


def test_pages_load_nothing_from_elsewhere(result, tmp_path):
    html = write_report(result, tmp_path / "page.html").read_text("utf-8")
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(\s*['\"]?(?!#)", html)
