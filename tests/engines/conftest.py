"""A real PostgreSQL and a real local Spark, each started for the tests alone and gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # importlib mode leaves it out

ELSEWHERE = ("postgres", "spark")
JAVAS = ("17", "21")  # what Spark 4.0 runs on


@pytest.fixture(scope="session", params=ELSEWHERE)
def elsewhere(request):
    """A connection to each engine that is not DuckDB, one after the other."""
    return request.getfixturevalue(request.param)


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


@pytest.fixture(scope="session")
def clinic(tmp_path_factory):
    """A folder with simulated records (`records`, OMOP as CSV) and what came of them (`result`)."""
    import stepwell
    from stepwell.simulate import simulate

    place = tmp_path_factory.mktemp("clinic")
    simulate(80, 3, place / "records", format="omop-csv", scored="doses")
    stepwell.run(place / "records", place / "result", definitions=["us-label", "li-2019"])
    return place


@pytest.fixture(scope="session")
def postgres(server):
    """A psycopg connection to the server."""
    with server.connect() as connection:
        yield connection


@pytest.fixture(scope="session")
def server():
    """A server of our own, whose database sorts text as English does: the hostile case."""
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


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """A Spark session with two threads, inside this process."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: pip install 'stepwell[spark]'")
    from pyspark.sql import SparkSession

    java = _java()
    if java is None:
        pytest.skip("this machine has no Java 17 or 21 (Debian: apt-get install openjdk-17-jre-headless)")
    folder = tmp_path_factory.mktemp("spark")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_HOME", java)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("SPARK_LOCAL_DIRS", str(folder / "local"))
        builder = SparkSession.builder.master("local[2]").appName("stepwell's tests")
        for name, value in {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": "1g",
            "spark.log.level": "ERROR",
            "spark.ui.enabled": "false",
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.default.parallelism": "2",
            "spark.sql.shuffle.partitions": "2",
            # A few hundred people are done long before their queries would have been compiled to Java or planned anew.
            "spark.sql.adaptive.enabled": "false",
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            # A time zone with daylight saving, far from UTC: stepwell must not depend on it.
            "spark.sql.session.timeZone": "America/New_York",
        }.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        yield session
        session.stop()


def _java() -> str | None:
    homes = [Path(h) for h in (os.environ.get("JAVA_HOME"),) if h]
    homes += [home for version in JAVAS for home in sorted(Path("/usr/lib/jvm").glob(f"*{version}*"))]
    if java := shutil.which("java"):
        homes.append(Path(java).resolve().parent.parent)
    return next((str(h) for h in homes if _version_of(h) in JAVAS), None)


def _version_of(home: Path) -> str | None:
    """The major version, as the installation itself says it."""
    if not (home / "bin/java").exists():
        return None
    said = subprocess.run([home / "bin/java", "-version"], capture_output=True, text=True, check=False).stderr
    return said.partition('version "')[2].partition(".")[0]
