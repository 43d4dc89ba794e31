"""The folder: the same for any chunk, other with another seed, whole or not there at all, and simulated by nobody's engine."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.csv
import pytest

import stepwell.simulate
from stepwell.errors import QuestionError
from stepwell.simulate import MOST_RECORDED, simulate

try:
    import resource
except ImportError:  # not on Windows
    resource = None

TABLES = [
    "person",
    "observation_period",
    "drug_exposure",
    "condition_occurrence",
    "measurement",
    "procedure_occurrence",
    "visit_occurrence",
    "death",
    "truth_person",
    "truth_trial",
    "truth_state",
    "truth_exposure",
    "truth_session",
    "truth_series",
]


@pytest.mark.parametrize("noise", ["off", "realistic"])
def test_any_chunk_gives_the_same_rows(simulated, noise):
    one, two = simulated(300, noise=noise, chunk=300), simulated(300, noise=noise, chunk=7)
    for table in TABLES:
        assert one[table].equals(two[table]), table


def test_more_people_leave_the_first_ones_as_they_were(simulated):
    few, many = simulated(50), simulated(80)
    assert many["truth_trial"].slice(0, len(few["truth_trial"])).equals(few["truth_trial"])
    assert many["drug_exposure"].slice(0, len(few["drug_exposure"])).equals(few["drug_exposure"])


def test_the_same_twice_is_the_same_to_the_byte(simulated):
    one, two = simulated(100), simulated(100)
    files = sorted(p.relative_to(one.folder) for p in one.folder.rglob("*") if p.is_file())
    assert len(files) > len(TABLES)
    for file in files:
        assert (one.folder / file).read_bytes() == (two.folder / file).read_bytes(), file


def test_another_seed_gives_other_people(simulated):
    one, two = simulated(100, seed=1), simulated(100, seed=2)
    for table in ("person", "drug_exposure", "measurement", "truth_trial"):
        assert not one[table].equals(two[table]), table


def test_csv_holds_what_parquet_holds(simulated):
    parquet, csv = simulated(60), simulated(60, format="csv")
    for table in TABLES[:8]:
        expected = parquet[table]
        types = pyarrow.csv.ConvertOptions(column_types=expected.schema, strings_can_be_null=True)
        found = pyarrow.csv.read_csv(csv.folder / f"{table}.csv", convert_options=types)
        assert found.cast(expected.schema).equals(expected), table
    assert csv["truth_trial"].equals(parquet["truth_trial"])


def test_it_says_how_it_was_made(untidy):
    made = json.loads((untidy.folder / "simulation.json").read_text("utf-8"))
    assert made["people"] == len(untidy["person"])
    assert made["n_rows"]["drug_exposure"] == len(untidy["drug_exposure"])
    assert made["model"]["trial"]["remission"]["seen"] == "abstract"
    assert [o["treatment"] for o in made["policy"]] == ["esketamine", "ketamine", "ect", "tms"]
    assert "trial.intolerance" in made["unverified"]
    assert made["noise"]["missing_fill"]["share"] > 0


def test_progress_tells_the_truth(tmp_path):
    told = []
    simulate(25, 1, tmp_path / "out", chunk=10, progress=lambda done, total: told.append((done, total)))
    assert told == [(10, 25), (20, 25), (25, 25)]


class StoppedError(Exception):
    pass


def test_nothing_is_left_of_what_was_not_finished(tmp_path):
    def stop(done, total):
        if done >= 20:
            raise StoppedError

    with pytest.raises(StoppedError):
        simulate(100, 1, tmp_path / "out", chunk=10, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(QuestionError, match="Nothing was simulated") as error:
        simulate(10, 1, tmp_path)
    assert "not empty" in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    simulate(10, 1, out)
    assert (out / "person.parquet").exists()


def test_a_place_that_cannot_be_written_is_said_so(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(QuestionError, match="Nothing was simulated"):
        simulate(10, 1, tmp_path / "file" / "out")


@pytest.mark.skipif(resource is None, reason="needs limits on the size of files")
@pytest.mark.parametrize(
    ("form", "people", "most"),
    [("omop-parquet", 200, 20_000), ("omop-csv", 200, 20_000), ("fhir", 200, 20_000), ("csv-folder", 200, 20_000),
     ("omop-duckdb", 200, 20_000), ("omop-duckdb", 5, 100_000), ("omop-duckdb", 5, 40_000)],
)  # fmt: skip
def test_a_disk_that_fills_up(tmp_path, form, people, most):
    """No file may grow beyond so many bytes, as on a full disk: it is said, and nothing stays."""
    command = [sys.executable, "-m", "stepwell", "simulate", "--people", str(people), "--format", form]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # or a file of bytecode would be cut off
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
        check=False,
        timeout=300,
    )
    assert done.returncode == QuestionError.exit_code, done.stderr
    assert "Nothing was simulated" in done.stderr
    assert "a place that may be written, with room" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_every_wrong_setting_is_said_at_once(tmp_path):
    with pytest.raises(QuestionError) as error:
        simulate(0, -1, tmp_path / "out", format="xlsx", noise="loud")
    assert [p.where for p in error.value.problems] == ["people", "seed", "format", "noise"]
    with pytest.raises(QuestionError, match="1 to 50,000,000"):
        simulate(MOST_RECORDED + 1, 1, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_it_shares_no_code_with_the_engine():
    allowed = {"errors", "knowledge", "machine_code", "output", "paths", "tables"}
    files = list(Path(stepwell.simulate.__file__).parent.rglob("*.py"))
    assert len(files) > 30
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            names += [a.name for a in node.names] if isinstance(node, ast.Import) else []
            rooms = {name.split(".")[1] for name in names if name.startswith("stepwell.")}
            assert rooms <= allowed, file
            levels = 2 if file.parent.name == "records" else 1
            assert not (isinstance(node, ast.ImportFrom) and node.level > levels), file
