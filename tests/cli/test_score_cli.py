"""`stepwell score` as a user meets it."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from stepwell.cli import app

HEADER = "person_id,q1,q2,q3,q4,q5,q6,q7,q8,q9"


def stepwell(*arguments):
    return CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, [str(a) for a in arguments])


@pytest.fixture
def items(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text(
        "\n".join([HEADER, "a,1,1,1,1,1,1,1,1,1", "b,3,3,3,3,3,3,3,3,0", "c,7,9,7,1,1,1,1,1,0"]) + "\n", "utf-8"
    )
    return path


def test_rows_go_out_and_counts_beside_them(items):
    done = stepwell("score", "phq-9", items, "--unanswered", "7,9")
    assert done.exit_code == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(r["person_id"], r["total"], r["band"], r["safety"]) for r in rows] == [
        ("a", "9", "mild", "met"),
        ("b", "24", "severe", "not met"),
        ("c", "", "", "not met"),
    ]
    assert rows[2]["unknown_because"] == "3 of 9 items unanswered; at most 2 may be"
    assert "3 administrations, 2 with a total, 1 unknown" in done.stderr
    assert "item 9): noted on 1, unknown on 0" in done.stderr
    assert "988" in done.stderr
    assert "911" in done.stderr


def test_the_words_on_danger_are_those_of_the_knowledge_files(items):
    from stepwell.knowledge.loader import load

    assert load().crisis["us"].text in stepwell("score", "phq-9", items, "--unanswered", "7,9").stderr


def test_nothing_noted_no_call(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text(f"{HEADER}\na,1,1,1,1,1,1,1,1,0\n", "utf-8")
    assert "988" not in stepwell("score", "phq-9", path).stderr


@pytest.mark.parametrize("name", ["scored.csv", "scored.parquet"])
def test_a_file_is_written_once_and_never_over_another(items, tmp_path, name):
    out = tmp_path / name
    done = stepwell("score", "phq-9", items, "--unanswered", "7,9", "--out", out)
    assert (done.exit_code, done.stdout) == (0, "")
    before = out.read_bytes()
    again = stepwell("score", "phq-9", items, "--unanswered", "7,9", "--out", out)
    assert again.exit_code == 12
    assert "exists already" in again.stderr
    assert out.read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))


def test_all_that_is_wrong_is_said_with_line_and_column_and_no_cell(items, tmp_path):
    done = stepwell("score", "phq-9", items, "--out", tmp_path / "new.csv")
    assert done.exit_code == 11
    assert done.stdout == ""
    assert done.stderr.count("items.csv:4: column") == 3
    assert "not among the answers of this item" in done.stderr
    assert "expected: a whole number from 0 to 3, or an empty cell" in done.stderr
    assert not (tmp_path / "new.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("phq9", "{items}"), 12, "did you mean `phq-9`?"),
        (("phq-9", "{items}", "--layout", "nhanse"), 12, "one of nhanes"),
        (("phq-9", "{items}", "--unanswered", "3"), 12, "3 is an answer of item"),
        (("gad-7", "{items}.none"), 11, "cannot be read"),
        (("phq-9", "{items}", "--unanswered", "7,9", "--out", "{folder}/no/new.csv"), 12, "there is no folder"),
        (("phq-9", "{items}", "--unanswered", "7,9", "--describe-on", "madrs"), 12, "were not seen"),
    ],
)
def test_each_mistake_has_one_message_and_its_code(items, tmp_path, arguments, code, words):
    done = stepwell("score", *(a.format(items=items, folder=tmp_path) for a in arguments))
    assert done.exit_code == code, done.stderr
    assert words in done.stderr
    assert isinstance(done.exception, SystemExit)


def test_the_group_is_described_on_another_scale_but_no_persons_course_is(tmp_path):
    header = ",".join(["person_id", *(f"q{n}" for n in range(1, 17))])
    path = tmp_path / "qids.csv"
    path.write_text("\n".join([header, "a" + ",1" * 16, "b" + ",3" * 16]) + "\n", "utf-8")
    done = stepwell("score", "qids-sr16", path, "--describe-on", "ham-d17")
    assert done.exit_code == 0, done.stderr
    assert "mean 24.0 to 32.0, from 18.0 on qids-sr16" in done.stderr
    path.write_text("\n".join([header, "a" + ",1" * 16, "a" + ",2" * 16]) + "\n", "utf-8")
    done = stepwell("score", "qids-sr16", path, "--describe-on", "ham-d17")
    assert done.exit_code == 12
    assert "crosswalks are refused within a course" in done.stderr
    assert done.stdout == ""  # nothing is written before everything is known to be right


def test_what_is_only_recalled_is_said(tmp_path):
    path = tmp_path / "rrs.csv"
    path.write_text(",".join(f"q{n}" for n in range(1, 23)) + "\n" + ",".join("1" * 22) + "\n", "utf-8")
    assert "Recalled, not verified: the rules behind total" in stepwell("score", "rrs", path).stderr


def test_ids_and_days_of_any_type_are_carried(tmp_path):
    columns = {f"q{n}": [1, 2] for n in range(1, 10)}
    carried = {
        "person_id": pa.array([2**64 - 1, 7], pa.uint64()),
        "visit": pa.array([[1], [2, 3]]),
        "day": pa.array([4_000_000, -4_000_000], pa.date32()),
        "bytes": pa.array([b"7", b"\xff"]),
    }
    pq.write_table(pa.table(carried | columns), tmp_path / "items.parquet")
    done = stepwell("score", "phq-9", tmp_path / "items.parquet")
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(r["person_id"], r["visit"], r["total"]) for r in rows] == [
        ("18446744073709551615", "[1]", "9"),
        ("7", "[2, 3]", "18"),
    ]
    assert all(r["day"] for r in rows)
    assert [r["bytes"] for r in rows] == ["7", "\\xff"]


def test_what_stands_in_the_place_of_names_is_not_repeated(tmp_path):
    (tmp_path / "items.csv").write_text("Jane Doe,9,8,7,6,5,4,3,2,1\nJohn Roe,2,2,2,2,2,2,2,2,2\n", "utf-8")
    names = ",".join(["Jane Do", *"bcdefghi"])
    done = stepwell("score", "phq-9", tmp_path / "items.csv", "--columns", names)
    assert done.exit_code == 11, done.output
    assert "Doe" not in done.output
    pq.write_table(pa.table({"Jane Doe": [1], **{f"q{n}": [1] for n in range(2, 10)}}), tmp_path / "items.parquet")
    done = stepwell("score", "phq-9", tmp_path / "items.parquet", "--columns", names)
    assert done.exit_code == 11, done.output
    assert "did you mean column 1?" in done.output
    assert "Doe" not in done.output
    # A name in another script, with a number after it, is no name of an item.
    (tmp_path / "items.csv").write_text("王五1,2,3,4,5,6,7,8,9\n李四9,1,1,1,1,1,1,1,1\n", "utf-8")
    done = stepwell("score", "phq-9", tmp_path / "items.csv")
    assert done.exit_code == 11, done.output
    assert "no column for item 1 " in done.output
    assert "王五" not in done.output
