"""A real PostgreSQL and a real local Spark, each started for the tests alone and gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # importlib mode leaves it out
from postgresql import postgresql_server

ELSEWHERE = ("postgres", "spark")
JAVAS = ("17", "21")  # what Spark 4.0 runs on


@pytest.fixture(scope="session", params=ELSEWHERE)
def elsewhere(request):
    """A connection to each engine that is not DuckDB, one after the other."""
    return request.getfixturevalue(request.param)


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
    """A PostgreSQL server of our own."""
    with postgresql_server() as started:
        yield started


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
