"""The main job: same input, same bytes; one bucket or many; nothing half-written; everybody has a row."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import stepwell
from stepwell.engines import connect
from stepwell.errors import QuestionError, SourceError, UnfinishedError
from stepwell.knowledge.loader import load
from stepwell.result import Result
from stepwell.runner import run
from stepwell.sources import open_source
from stepwell.store import store_in_folder
from stepwell.tables import DERIVED, RECORDS

DECLARED = {t.name: t for t in (*RECORDS, *DERIVED)}


def tables_of(result: Result) -> dict[str, pa.Table]:
    return {
        name: result.table(name).to_pyarrow().sort_by([(k, "ascending") for k in DECLARED[name].key])
        for name in result.tables
    }


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file() and f.name != "timing.json"
    }


def test_same_input_gives_the_same_bytes_whatever_the_threads(records, tmp_path):
    first = run(records, tmp_path / "a", threads=1)
    second = run(records, tmp_path / "b", threads=2)
    assert bytes_of(first.folder) == bytes_of(second.folder)


@pytest.mark.parametrize("most_folders", [64, 4], ids=["laid down at once", "laid down by groups first"])
@pytest.mark.parametrize("people_per_part", [12_500, 16], ids=["read at once", "read in parts"])
def test_one_bucket_or_many_give_the_same_tables(records, result, tmp_path, monkeypatch, most_folders, people_per_part):
    monkeypatch.setattr("stepwell.sources.laid_down._MOST_FOLDERS", most_folders)
    monkeypatch.setattr("stepwell.sources.parts.PEOPLE_PER_PART", people_per_part)
    many = run(records, tmp_path / "many", people_per_bucket=37)
    assert len(list((many.folder / "trial").iterdir())) > 5
    assert tables_of(many) == tables_of(result)


def test_the_order_of_rows_does_not_matter(records, result, tmp_path):
    shuffled = tmp_path / "shuffled"
    shuffled.mkdir()
    for file in records.glob("*.parquet"):
        table = pq.read_table(file)
        order = pc.sort_indices(pa.chunked_array([pa.array([hash((i, 3)) for i in range(table.num_rows)], pa.int64())]))
        pq.write_table(table.take(order), shuffled / file.name)
    assert tables_of(run(shuffled, tmp_path / "out")) == tables_of(result)


def test_csv_gives_what_parquet_gives(records, result, tmp_path):
    as_csv = tmp_path / "csv"
    as_csv.mkdir()
    for file in records.glob("*.parquet"):
        pyarrow.csv.write_csv(pq.read_table(file), as_csv / f"{file.stem.upper()}.CSV")
    for name, table in tables_of(run(as_csv, tmp_path / "out")).items():
        assert name == "attrition" or table == tables_of(result)[name], name


def test_tables_have_the_declared_columns_and_unique_keys(result):
    for name, table in tables_of(result).items():
        declared = DECLARED[name]
        assert table.schema.names == [c.name for c in declared.columns], name
        assert table.schema.types == declared.schema.to_pyarrow().types, name
        # Equal source rows are kept as they are; everything that stepwell makes has one row per key.
        if declared in DERIVED:
            assert (
                table.select(list(declared.key)).group_by(list(declared.key)).aggregate([]).num_rows == table.num_rows
            ), name
        for column in declared.columns:
            if not column.null and name != "judged_trial":
                assert table[column.name].null_count == 0, f"{name}.{column.name}"
            if column.values:
                assert set(pc.unique(table[column.name]).to_pylist()) <= {*column.values, None}, f"{name}.{column.name}"


def test_everybody_has_a_row_under_every_definition(result):
    determination = result.table("determination")
    people = result.table("person").count().execute()
    counts = determination.group_by("definition").agg(n=determination.count()).to_pyarrow().to_pylist()
    assert {c["definition"] for c in counts} == set(result.manifest["definitions"])
    assert {c["n"] for c in counts} == {people}


def test_a_verdict_follows_from_the_stored_criteria(result):
    """A determination says no more and no less than its criteria in the tables do."""
    asked = {d.name: ["count", *(f"who.{n}" for n, v in d.who if v is not None)] for d in result.definitions}
    for row in result.table("determination").to_pyarrow().to_pylist():
        verdicts = [row[c] for c in asked[row["definition"]]]
        expected = "not met" if False in verdicts else "unknown" if None in verdicts else "met"
        assert row["verdict"] == expected
        assert (row["met_date"] is not None) == (expected == "met")


def test_evidence_repeats_the_stored_verdicts_with_words_and_provenance(result):
    people = result.table("person").limit(60).to_pyarrow()["source_person_id"].to_pylist()
    rows = [r for p in people for r in result.evidence(p)]
    assert {r["verdict"] for r in rows} == {"met", "not met", "unknown"}
    for row in rows:
        assert row["found"]
        assert row["choice"] or (row["source"] and row["seen"])
        assert row["comparison"] is None or row["limit"] is not None
        assert row["trial_number"] is None or row["address"].startswith("drug_exposure/")


def test_a_count_is_held_against_the_rule_of_the_branch_it_is_of(result):
    """Cepeda 2018 has two ways; whoever meets neither is shown the one that came closest, with its own rule."""
    rows = result.table("determination")
    second_way = rows.filter((rows.definition == "cepeda-2018@1") & rows.branch.isnull() & (rows.n_needed == 1))
    ids = second_way.order_by("person_id").limit(3).to_pyarrow()["person_id"].to_pylist()
    assert ids, "nobody came closest by the second way: the test would say nothing"
    people = result.table("person")
    for person in people.filter(people.person_id.isin(ids)).to_pyarrow()["source_person_id"].to_pylist():
        (row,) = (
            r for r in result.evidence(person) if r["definition"] == "cepeda-2018@1" and r["criterion"] == "count"
        )
        assert row["limit"] == "1"
        assert "at least 1 such trial" in row["sentence"]


def test_only_the_definitions_asked_are_run(records, tmp_path):
    result = run(records, tmp_path / "out", definitions=["fabbri-2021"])
    assert result.manifest["definitions"] == ["fabbri-2021@1"]


def test_without_a_folder_the_result_lives_as_long_as_it_is_held(records):
    result = stepwell.run(records, definitions=["fabbri-2021"])
    folder = result.folder
    assert result.table("determination").count().execute() == 400
    del result
    assert not folder.exists()


def test_an_unknown_definition_names_the_known_ones(records, tmp_path):
    with pytest.raises(QuestionError) as error:
        run(records, tmp_path / "out", definitions=["sforzini", "nonsense"])
    assert "sforzini-2022" in str(error.value)
    assert len(error.value.problems) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_definition_that_the_data_cannot_answer_is_refused(records, tmp_path):
    without_scores = tmp_path / "records"
    without_scores.mkdir()
    for file in records.glob("*.parquet"):
        if file.stem not in ("measurement", "observation"):
            (without_scores / file.name).write_bytes(file.read_bytes())
    with pytest.raises(QuestionError, match="cannot answer") as error:
        run(without_scores, tmp_path / "out", definitions=["sforzini-2022"])
    assert "score" in str(error.value)
    default = run(without_scores, tmp_path / "out")
    assert "sforzini-2022@1" not in default.manifest["definitions"]
    assert default.manifest["not_answerable"]["sforzini-2022@1"]


def test_a_stopped_run_leaves_nothing(records, tmp_path):
    def stop(what, done, total):
        if what == "judging" and done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(records, tmp_path / "out", people_per_bucket=50, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_run_leaves_the_earlier_result_as_it_was(records, tmp_path):
    run(records, tmp_path / "out", definitions=["fabbri-2021"])
    before = bytes_of(tmp_path / "out")
    with pytest.raises(SourceError):
        run(tmp_path / "nowhere", tmp_path / "out", replace_existing=True)
    assert bytes_of(tmp_path / "out") == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_an_existing_folder_is_not_overwritten(records, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").write_text("mine")
    for replace in (False, True):
        with pytest.raises(QuestionError):
            run(records, tmp_path / "out", replace_existing=replace)
    assert (tmp_path / "out" / "precious").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_one_clear_error(records, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(QuestionError, match="cannot be written"):
        run(records, tmp_path / "file" / "out")


def test_work_that_does_not_fit_into_memory_is_kept_and_goes_on_with_more(records, result, tmp_path):
    with pytest.raises(UnfinishedError) as raised:
        run(records, tmp_path / "out", memory="10MB")
    assert "--memory" in str(raised.value)
    assert "run the same command again" in str(raised.value)
    again = run(records, tmp_path / "out")
    assert tables_of(again) == tables_of(result)


def test_an_amount_of_memory_needs_its_unit(records, tmp_path):
    with pytest.raises(QuestionError, match="such as 2GB") as raised:
        run(records, tmp_path / "out", memory="2 gigs")
    assert "'2 gigs'" in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_progress_only_grows_and_ends_complete(records, tmp_path):
    seen: dict[str, list[tuple[int, int]]] = {}
    run(
        records, tmp_path / "out", people_per_bucket=100, progress=lambda w, d, t: seen.setdefault(w, []).append((d, t))
    )
    for what, steps in seen.items():
        done = [d for d, _ in steps]
        assert done == sorted(done), what
        assert steps[-1][0] == steps[-1][1], what


def test_a_person_that_does_not_exist_is_not_echoed(result):
    with pytest.raises(QuestionError) as error:
        result.evidence("MARKED-NAME")
    assert "MARKED-NAME" not in str(error.value)


def test_a_folder_that_is_no_result_says_so(tmp_path):
    with pytest.raises(QuestionError, match="no result"):
        Result.open(tmp_path)


def test_nothing_stays_in_memory_of_what_reading_needed(records, tmp_path):
    with connect(str(records)) as place:
        con = place.engine.tables
        source = open_source(place.location, con, load(), place.vocabulary)
        assert con.list_tables(like="stepwell_stored")
        stored = store_in_folder(source, place.engine, tmp_path, 100, False, lambda *_: None)
        assert con.list_tables(like="stepwell_stored") == []
        assert stored.source.tables["person"].count().to_pyarrow().as_py() > 0
