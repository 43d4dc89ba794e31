"""Item-level answers as people have them: columns, codes for no answer, and every wrong cell at once."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stepwell import score_items
from stepwell.errors import QuestionError, SourceError

HEADER = "person_id,q1,q2,q3,q4,q5,q6,q7,q8,q9"
NHANES = Path(os.environ.get("STEPWELL_DATA", Path(__file__).parents[3] / "shared/data")) / "nhanes_phq9_rx"


def write(folder, *lines, name="items.csv"):
    path = folder / name
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def totals(table):
    return table["total"].to_pylist()


def refused(error, *arguments, **named):
    with pytest.raises(error) as caught:
        score_items(*arguments, **named)
    return caught.value.problems


def test_one_row_is_one_administration_and_what_is_no_item_is_carried(tmp_path):
    path = write(tmp_path, HEADER, "a,1,1,1,1,1,1,1,1,1", "", "b,3,3,3,3,3,3,3,3,3", "a,,,,,,,,,")
    table = score_items("phq-9", path)
    assert table["person_id"].to_pylist() == ["a", "b", "a"]
    assert totals(table) == [9, 27, None]
    assert table["band"].to_pylist() == ["mild", "severe", None]


@pytest.mark.parametrize(
    "names", ["{}", "q{}", "Q{}", "item {}", "Item_{}", "PHQ-9 {}", "phq9_{}", "phq9 total {}", "question {}"]
)
def test_columns_are_found_by_their_names(names):
    row = {names.format(n): 1 for n in range(1, 10)}
    assert totals(score_items("phq-9", [row])) == [9]


def test_columns_are_found_by_loinc():
    codes = ["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"]
    row = {code: int(n == 8) for n, code in enumerate(codes)}
    (scored,) = score_items("phq-9", [row]).to_pylist()
    assert (scored["total"], scored["safety"]) == (1, "met")


def test_columns_can_be_said():
    row = dict.fromkeys("abcdefghi", 0) | {"a": 2}
    for columns in ("ihgfedcba", {str(n + 1): c for n, c in enumerate("ihgfedcba")}):
        (scored,) = score_items("phq-9", [row], columns=columns).to_pylist()
        assert (scored["total"], scored["safety"]) == (2, "met")
    (scored,) = score_items("phq-9", [row], columns="abcdefghi").to_pylist()
    assert (scored["total"], scored["safety"]) == (2, "not met")


def test_files_tables_and_rows_give_the_same(tmp_path):
    rows = [
        {"person_id": "a", **{f"q{n}": n % 4 for n in range(1, 10)}},
        {"person_id": "b", **{f"q{n}": None for n in range(1, 10)}},
    ]
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, tmp_path / "items.parquet")
    csv = write(tmp_path, HEADER, *(",".join("" if v is None else str(v) for v in row.values()) for row in rows))
    expected = score_items("phq-9", rows)
    for items in (table, tmp_path / "items.parquet", csv, str(csv), table.to_pandas()):
        assert score_items("phq-9", items).equals(expected)


def test_an_absent_column_is_not_an_unanswered_item(tmp_path):
    path = write(tmp_path, "q1,q2,q3,q4,q5,q6,q7", "1,1,1,1,1,1,1")
    problems = refused(SourceError, "phq-9", path)
    assert [p.found for p in problems] == ["no column for item 8 (movement)", "no column for item 9 (self-harm)"]
    assert all(p.where == "items.csv" for p in problems)


def test_two_columns_for_one_item(tmp_path):
    path = write(tmp_path, HEADER + ",item 3", "a" + ",1" * 10)
    (problem,) = refused(SourceError, "phq-9", path)
    assert problem.found == "`q3` and `item 3` are both called item 3"


def test_every_wrong_cell_is_told_at_once_by_line_and_column_and_none_is_repeated(tmp_path):
    path = write(
        tmp_path,
        HEADER,
        "a,1,1,1,1,1,1,1,1,1",
        "b,88,often,1,1,1,1,1,1,1",
        "c,1,1,1.5,1,1,1,1,1,1",
        "d,88,1,1,1,1,1,1,1,-1",
    )
    problems = refused(SourceError, "phq-9", path)
    assert [(p.where, p.found) for p in problems] == [
        ("items.csv:3", "column `q1`, item 1 (interest): not among the answers of this item (also on 5)"),
        ("items.csv:3", "column `q2`, item 2 (mood): no number"),
        ("items.csv:4", "column `q3`, item 3 (sleep): no whole number"),
        ("items.csv:5", "column `q9`, item 9 (self-harm): not among the answers of this item"),
    ]
    for problem in problems:
        assert problem.expected == "a whole number from 0 to 3, or an empty cell"
        assert problem.remedy
        assert "88" not in str(problem)
        assert "often" not in str(problem)


def test_many_wrong_cells_of_a_column_are_one_problem(tmp_path):
    path = write(tmp_path, HEADER, *["a,9,1,1,1,1,1,1,1,1"] * 30)
    (problem,) = refused(SourceError, "phq-9", path)
    assert problem.found.endswith("(also on 3, 4, 5, 6, 7 and 24 more)")


def test_a_code_for_no_answer_is_said_and_never_guessed(tmp_path):
    path = write(tmp_path, HEADER, "a,7,9,1,1,1,1,1,1,1", "b,NA,7.0,1,1,1,1,1,1,1")
    assert len(refused(SourceError, "phq-9", path)) == 3
    table = score_items("phq-9", path, unanswered=["7", 9, "NA"])
    assert table["n_answered"].to_pylist() == [7, 7]
    assert totals(table) == [9, 9]


def test_an_answer_cannot_be_a_code_for_none():
    (problem,) = refused(QuestionError, "phq-9", [], unanswered=["3"])
    assert problem.found.startswith("3 is an answer of item 1, 2,")


def test_a_zero_that_a_reader_spoilt_is_read_only_when_it_is_said():
    spoilt = float(np.ldexp(1.0, -260))
    row = {str(n): spoilt for n in range(1, 10)}
    problems = refused(SourceError, "phq-9", [row])
    assert len(problems) == 9
    assert "zero_below" in problems[0].remedy
    assert totals(score_items("phq-9", [row], zero_below=1e-70)) == [0]


@pytest.mark.parametrize("cell", [True, "x", "1,5", float("inf"), [1], "1e400"])
def test_what_is_no_answer(cell):
    row = {str(n): 1 for n in range(1, 9)} | {"9": cell}
    (problem,) = refused(SourceError, "phq-9", [row])
    assert problem.where == "row 1"


@pytest.mark.parametrize("cell", [None, "", "  ", float("nan")])
def test_what_is_an_empty_cell(cell):
    row = {str(n): 1 for n in range(1, 9)} | {"9": cell}
    assert score_items("phq-9", [row])["n_answered"].to_pylist() == [8]


def test_a_column_that_would_stand_twice(tmp_path):
    path = write(tmp_path, HEADER + ",total", "a" + ",1" * 9 + ",9")
    (problem,) = refused(SourceError, "phq-9", path)
    assert problem.found == "`total` is the name of a column that stepwell adds"


@pytest.mark.parametrize(
    ("lines", "where", "found"),
    [
        ([HEADER, "a,1,1"], "items.csv:2", "3 cells in a row of 10"),
        ([HEADER + ",q1", "a" + ",1" * 10], "items.csv:1", "column 11 has the name of column 2"),
        (["7,7", "7,7"], "items.csv:1", "column 2 has the name of column 1"),
        ([HEADER, 'a,"1'], "items.csv", "is not CSV on line 2"),
        ([""], "items.csv", "no column for item 1 (interest)"),
    ],
)
def test_a_file_that_is_no_table(tmp_path, lines, where, found):
    problem = refused(SourceError, "phq-9", write(tmp_path, *lines))[0]
    assert problem.where == where
    assert problem.found.startswith(found)


def test_files_that_cannot_be_read(tmp_path):
    assert refused(SourceError, "phq-9", tmp_path / "none.csv")[0].found == "no such file"
    (tmp_path / "odd.csv").write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in refused(SourceError, "phq-9", tmp_path / "odd.csv")[0].found
    (tmp_path / "odd.parquet").write_bytes(b"no")
    assert "Parquet" in refused(SourceError, "phq-9", tmp_path / "odd.parquet")[0].found
    assert "a int" in refused(QuestionError, "phq-9", 3)[0].found


def test_a_layout_that_does_not_exist():
    assert refused(QuestionError, "phq-9", [], layout="nhanse")[0].expected == "one of nhanes"
    assert "has none" in refused(QuestionError, "gad-7", [], layout="nhanes")[0].expected


def test_too_few_columns_are_told():
    assert refused(QuestionError, "phq-9", [], columns=["a"])[0].found == "1 columns for 9 items"


def test_no_rows_are_no_error(tmp_path):
    table = score_items("phq-9", write(tmp_path, HEADER))
    assert table.num_rows == 0
    assert table.schema.field("total").type == "double"


def test_items_that_stand_apart_may_be_left_out():
    row = {str(n): 3 for n in range(1, 15)}
    assert (
        totals(score_items("q-les-q-sf", [row]))
        == totals(score_items("q-les-q-sf", [row | {"15": 1, "16": 1}]))
        == [50]
    )


# ---- records that nobody here wrote


@pytest.fixture(scope="module")
def nhanes():
    """The six cycles of 2005 to 2016 as a careless reader of SAS files gives them: 0 comes back as 16 to the power of -65."""
    import pandas as pd

    files = [NHANES / f"DPQ_{cycle}.xpt" for cycle in "DEFGHI"]
    if not all(path.is_file() for path in files):
        pytest.skip("NHANES is not here; set STEPWELL_DATA to the folder that holds nhanes_phq9_rx")
    return pd.concat([pd.read_sas(path) for path in files])


def test_nhanes_scores_whole_and_agrees_with_a_plain_sum(nhanes):
    table = score_items("phq-9", pa.Table.from_pandas(nhanes, preserve_index=False), layout="nhanes")
    answers = nhanes[[f"DPQ0{n}0" for n in range(1, 10)]].to_numpy().round(6)
    complete = ((answers >= 0) & (answers <= 3)).all(axis=1)
    assert complete.sum() == 31191
    total = np.array(totals(table), dtype=float)
    assert (table["n_answered"].to_numpy() == 9).tolist() == complete.tolist()
    assert (total[complete] == answers[complete].sum(axis=1)).all()
    assert (total[complete] >= 10).sum() == 2709
    assert table["SEQN"].to_pylist() == nhanes["SEQN"].tolist()
    assert np.isin(answers, (7, 9)).sum() == 317
    assert np.isnan(total[np.isnan(answers).all(axis=1)]).all()


def test_nhanes_without_its_layout_is_refused_not_guessed(nhanes):
    columns = [f"DPQ0{n}0" for n in range(1, 10)]
    problems = refused(SourceError, "phq-9", pa.Table.from_pandas(nhanes, preserve_index=False), columns=columns)
    assert len(problems) == 18
