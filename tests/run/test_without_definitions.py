"""Records that can answer no definition still give a result: sessions and series need none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from record_shapes import DAY, SHAPES
from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.errors import QuestionError
from stepwell.result import Result
from stepwell.runner import run


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    return SHAPES["a clinic without diagnoses"].write(tmp_path_factory.mktemp("clinic") / "records")


def test_a_clinic_without_diagnoses_gets_its_series(records, tmp_path):
    done = CliRunner().invoke(app, ["run", str(records), "--out", str(tmp_path / "result")])
    assert done.exit_code == 0, done.output
    told = " ".join(done.output.split())
    assert "No definition of treatment-resistant depression can be answered from these records." in told
    assert (
        "Not answerable from this data, because there are no diagnoses, and the definition asks for some: cepeda"
        in told
    )
    result = Result.open(tmp_path / "result")
    rows = result.manifest["rows"]
    assert result.definitions == ()
    assert len(result.manifest["not_answerable"]) > 1
    assert (rows["determination"], rows["judged_trial"]) == (0, 0)
    assert result.table("determination").to_pyarrow().num_rows == 0
    assert (rows["session"], rows["series"], rows["effect"], rows["exposure"]) == (7, 1, 1, 7)
    (effect,) = result.table("effect").to_pyarrow().to_pylist()
    assert effect["onset_date"] == DAY + timedelta(20), "the MADRS fell from 31 to 9"
    assert result.manifest["step_setting"] in result.manifest["settings"]


def test_a_definition_that_was_named_and_cannot_be_answered_is_still_refused(records, tmp_path):
    with pytest.raises(QuestionError, match="cannot answer every definition"):
        run(records, tmp_path / "result", definitions=["us-label"])
    assert list(tmp_path.iterdir()) == []
