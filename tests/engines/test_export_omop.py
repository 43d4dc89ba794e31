"""`stepwell export --as omop-episode`: the files load into the CDM, lead to the rows they name, and change no answer."""

import csv
import json
import os
import re
import shutil
from pathlib import Path

import duckdb
import pytest
from exported import fhir_result
from typer.testing import CliRunner

import stepwell
from stepwell.cli import app
from stepwell.export import export_omop_episode
from stepwell.export.omop_concepts import FIRST_CUSTOM, STANDARD, Concepts
from stepwell.knowledge import load

DATA = Path(os.environ.get("STEPWELL_DATA") or Path(__file__).parents[3] / "shared" / "data") / "omop_spec"
TABLES = {
    "episode": "episode",
    "episode_event": "episode_event",
    "stepwell_concept": "concept",
    "stepwell_vocabulary": "vocabulary",
}


@pytest.fixture(scope="module")
def place(clinic):
    """Simulated records, what came of them, and the export."""
    export_omop_episode(result_of(clinic), clinic / "out")
    return clinic


def rows(file: Path) -> list[dict]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def header(file: Path) -> list[str]:
    with file.open(encoding="utf-8", newline="") as opened:
        return next(csv.reader(opened))


def result_of(place: Path) -> stepwell.Result:
    return stepwell.Result.open(place / "result")


def ddl(dialect: str, schema: str) -> list[str]:
    file = DATA / f"OMOPCDM_{dialect}_5.4_ddl.sql"
    if not file.is_file():
        pytest.skip("no omop_spec in STEPWELL_DATA or beside the checkout")
    text = re.sub(r"^--.*$", "", file.read_text("utf-8"), flags=re.MULTILINE)
    return [s for s in text.replace("@cdmDatabaseSchema", schema).split(";") if s.strip()]


def test_one_row_is_one_step_trial_or_series(place):
    result = result_of(place)
    trials = result.table("trial")
    trials = trials.filter(trials.setting == result.manifest["step_setting"])
    found = rows(place / "out/episode.csv")
    kinds = [row["episode_source_value"].split()[0] for row in found]
    assert kinds.count("trial") == trials.count().to_pyarrow().as_py() > 50
    assert kinds.count("step") == result.manifest["rows"]["step"] > 50
    assert kinds.count("series") == result.manifest["rows"]["series"] > 0
    assert len({row["episode_id"] for row in found}) == len(found)


def test_a_trial_is_linked_to_each_of_its_supplies_and_lies_in_its_step(place):
    """Against a plain loop over the tables of the result."""
    result = result_of(place)
    episodes = {row["episode_id"]: row for row in rows(place / "out/episode.csv")}
    events: dict[str, set] = {}
    for event in rows(place / "out/episode_event.csv"):
        events.setdefault(event["episode_id"], set()).add((event["episode_event_field_concept_id"], event["event_id"]))
    people = {p["person_id"]: p["source_person_id"] for p in result.table("person").to_pyarrow().to_pylist()}
    supplies = result.table("exposure").to_pyarrow().to_pylist()
    steps = result.table("step").to_pyarrow().to_pylist()
    by_key = {(row["person_id"], row["episode_source_value"]): row for row in episodes.values()}
    n_parents = 0
    for trial in result.table("trial").to_pyarrow().to_pylist():
        if trial["setting"] != result.manifest["step_setting"]:
            continue
        who = people[trial["person_id"]]
        row = by_key[who, f"trial {trial['trial_number']}"]
        own = [
            s["address"].split("/")[1]
            for s in supplies
            if (s["person_id"], s["ingredient"]) == (trial["person_id"], trial["ingredient"])
            and trial["start_date"] <= s["start_date"] <= trial["end_date"]
        ]
        assert len(own) == trial["n_exposures"]
        assert events[row["episode_id"]] == {("1147094", n) for n in own}
        assert row["episode_start_date"] == str(trial["start_date"])
        is_open = trial["is_ongoing"] or not trial["is_end_known"]
        assert row["episode_end_date"] == ("" if is_open else str(trial["end_date"]))
        within = [
            s
            for s in steps
            if (s["person_id"], s["episode_number"]) == (trial["person_id"], trial["episode_number"])
            and s["start_date"] <= trial["start_date"] <= s["end_date"]
        ]
        if not within:
            assert row["episode_parent_id"] == ""
            continue
        (step,) = within
        parent = episodes[row["episode_parent_id"]]
        assert parent["episode_source_value"] == f"step {step['episode_number']}.{step['step_number']}"
        assert parent["person_id"] == who
        assert events[row["episode_id"]] <= events[parent["episode_id"]]
        n_parents += 1
    assert n_parents > 50


@pytest.mark.parametrize("dialect", ["duckdb", "postgresql"])
def test_the_files_load_into_the_cdm_and_lead_to_its_rows(place, dialect, request):
    statements = ddl(dialect, "cdm54")
    if dialect == "duckdb":
        con = duckdb.connect()
        con.execute("CREATE SCHEMA cdm54")

        def fill(table: str, file: Path) -> None:
            columns = ", ".join(header(file))
            con.execute(f"INSERT INTO cdm54.{table} ({columns}) SELECT {columns} FROM '{file}'")

    else:
        con = request.getfixturevalue("postgres")
        con.execute("DROP SCHEMA IF EXISTS cdm54 CASCADE; CREATE SCHEMA cdm54")

        def fill(table: str, file: Path) -> None:
            columns = ", ".join(header(file))
            with con.cursor().copy(f"COPY cdm54.{table} ({columns}) FROM STDIN (FORMAT csv, HEADER)") as copy:
                copy.write(file.read_bytes())

    for statement in statements:
        con.execute(statement)
    for name, table in TABLES.items():
        fill(table, place / f"out/{name}.csv")
    for table in ("drug_exposure", "procedure_occurrence", "person"):
        fill(table, place / f"records/{table}.csv")
    for c in STANDARD:  # as a vocabulary from Athena holds them
        con.execute(
            "INSERT INTO cdm54.concept SELECT "
            f"{c.concept_id}, '{c.name}', 'Metadata', 'x', 'x', 'S', 'x', DATE '1970-01-01', DATE '2099-12-31', NULL"
        )

    def one(sql: str) -> int:
        return con.execute(sql).fetchone()[0]

    for name, table in TABLES.items():
        if table != "concept":
            assert one(f"SELECT count(*) FROM cdm54.{table}") == len(rows(place / f"out/{name}.csv")) > 0
    assert one("SELECT count(*) - count(DISTINCT concept_id) FROM cdm54.concept") == 0
    assert one("SELECT count(*) - count(DISTINCT episode_id) FROM cdm54.episode") == 0
    for column in ("episode_concept_id", "episode_object_concept_id", "episode_type_concept_id"):
        assert (
            one(f"SELECT count(*) FROM cdm54.episode WHERE {column} NOT IN (SELECT concept_id FROM cdm54.concept)") == 0
        )
    lost = "SELECT count(*) FROM cdm54.episode e LEFT JOIN cdm54.{0} p ON e.{1} = p.{2} WHERE e.{1} IS NOT NULL AND p.{2} IS NULL"
    assert one(lost.format("person", "person_id", "person_id")) == 0
    assert one(lost.format("episode", "episode_parent_id", "episode_id")) == 0
    found = 0
    for table, field in (("drug_exposure", 1147094), ("procedure_occurrence", 1147082)):
        links = (
            f"FROM cdm54.episode_event v JOIN cdm54.episode e USING (episode_id) JOIN cdm54.{table} d "
            f"ON v.event_id = d.{table}_id AND v.episode_event_field_concept_id = {field} AND d.person_id = e.person_id"
        )
        assert one(f"SELECT count(*) {links}") > 0
        found += one(f"SELECT count(*) {links}")
    assert found == one("SELECT count(*) FROM cdm54.episode_event")


def test_records_with_these_tables_give_the_same_result(place):
    extended = place / "extended"
    shutil.copytree(place / "records", extended, ignore=shutil.ignore_patterns("truth", "simulation.json"))
    for name in ("episode", "episode_event"):
        shutil.copyfile(place / f"out/{name}.csv", extended / f"{name}.csv")
    with (extended / "concept.csv").open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, header(place / "records/concept.csv")).writerows(rows(place / "out/stepwell_concept.csv"))
    again = stepwell.run(extended, place / "again", definitions=["us-label", "li-2019"])
    first = result_of(place)
    assert again.manifest["rows"] == first.manifest["rows"]
    for name in again.tables:
        key = list(again.table(name).columns)
        one, other = (r.table(name).order_by(key).to_pyarrow() for r in (first, again))
        assert one.equals(other), name
    made = export_omop_episode(again, place / "out-again")
    assert made["rows"] == json.loads((place / "out/export.json").read_text("utf-8"))["rows"]
    for name in TABLES:
        assert (place / f"out-again/{name}.csv").read_bytes() == (place / f"out/{name}.csv").read_bytes(), name


def test_the_command_says_what_it_wrote_and_what_is_wrong(place, tmp_path):
    def call(*words: object):
        return CliRunner().invoke(app, ["export", *map(str, words)], env={"COLUMNS": "200"})

    done = call(place / "result", "--as", "omop-episode", "--out", tmp_path / "all")
    assert done.exit_code == 0, done.output
    made = json.loads((tmp_path / "all/export.json").read_text("utf-8"))
    assert f"{made['episodes']['trial']:,} trials" in done.output
    for file in (tmp_path / "all").iterdir():
        assert file.read_bytes() == (place / "out" / file.name).read_bytes()

    person = rows(place / "out/episode.csv")[0]["person_id"]
    words = ("--as", "omop-episode", "--person", person, "--first-id", "5000")
    assert call(place / "result", *words, "--out", tmp_path / "one").exit_code == 0
    one = rows(tmp_path / "one/episode.csv")
    assert {row["person_id"] for row in one} == {person}
    assert [int(row["episode_id"]) for row in one] == list(range(5000, 5000 + len(one)))

    for result, more, said in (
        (place / "result", ("--out", tmp_path / "all"), "already exists and is not empty"),
        (
            place / "result",
            ("--out", tmp_path / "new", "--person", "nobody-7"),
            "1 of the 1 ids given belong to nobody",
        ),
        (fhir_result(place, tmp_path), ("--out", tmp_path / "new"), "not read from OMOP's table person"),
        (place / "records", ("--out", tmp_path / "new"), "run.json"),
        (tmp_path / "nothing", ("--out", tmp_path / "new"), "run.json"),
    ):
        refused = call(result, "--as", "omop-episode", *more)
        assert refused.exit_code == 12, refused.output
        assert said in refused.output.replace("\n", " "), refused.output
        assert "nobody-7" not in refused.output
        assert not (tmp_path / "new").exists()
    assert call(place / "result", "--as", "csv", "--out", tmp_path / "new").exit_code == 2


def test_custom_concepts_have_the_same_id_in_every_export():
    knowledge = load()
    few, many = Concepts(knowledge, ["sertraline"]), Concepts(knowledge, [*knowledge.ingredients, "x + " * 40])
    assert few.regimen("sertraline") == many.regimen("sertraline") >= FIRST_CUSTOM
    assert few.kind("trial") == many.kind("trial")
    for row in many.concept_rows():
        assert FIRST_CUSTOM <= row["concept_id"] < 2**31
        assert len(row["concept_code"]) <= 50
        assert len(row["concept_name"]) <= 255
