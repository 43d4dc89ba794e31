"""Some tables only: the same bytes as in a whole result, nothing else written, and nothing explained from what is missing."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from stepwell.cli.app import app
from stepwell.errors import QuestionError
from stepwell.result import Result
from stepwell.runner import run

ALWAYS = {"person", "determination", "session", "monitoring", "attrition"}


@pytest.fixture(scope="module")
def chosen(records, tmp_path_factory) -> Result:
    return run(records, tmp_path_factory.mktemp("chosen") / "out", tables=["trial"])


def test_the_tables_are_those_of_a_whole_result(chosen, result):
    assert {folder.name for folder in chosen.folder.iterdir() if folder.is_dir()} == ALWAYS | {"trial"}
    assert set(chosen.tables) == ALWAYS | {"trial"}
    for name in chosen.tables:
        parts = sorted((chosen.folder / name).iterdir())
        assert parts, name
        for part in parts:
            assert part.read_bytes() == (result.folder / name / part.name).read_bytes(), name
        assert chosen.manifest["rows"][name] == result.manifest["rows"][name]
    assert chosen.table("trial").count().to_pyarrow().as_py() == result.manifest["rows"]["trial"] > 0


def test_what_is_missing_is_not_taken_for_what_nobody_recorded(chosen, result):
    with pytest.raises(QuestionError, match="some tables only"):
        Result.open(chosen.folder)
    with pytest.raises(QuestionError, match="no table exposure"):
        chosen.table("exposure")
    person = result.table("person").source_person_id.to_pyarrow().to_pylist()[0]
    for command in ("why", "candidacy", "report", "quality", "compare"):
        said = CliRunner().invoke(
            app, [command, str(chosen.folder), *([person] if command in ("why", "candidacy") else [])]
        )
        assert said.exit_code == 12, command
        assert "run the records again without --tables" in " ".join(said.output.split()), command


def test_every_name_that_is_no_table_is_told(records, tmp_path):
    with pytest.raises(QuestionError) as error:
        run(records, tmp_path / "out", tables=["determinations", "trial", "zzz"])
    assert error.value.title == "There is no such table of a result."
    assert [(p.where, p.remedy) for p in error.value.problems] == [
        ("determinations", "write determination, if that is meant"),
        ("zzz", ""),
    ]
    assert "judged_trial" in error.value.problems[-1].expected
    assert not list(tmp_path.iterdir())
