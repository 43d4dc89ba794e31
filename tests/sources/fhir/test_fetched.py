"""What a live server did not give (`fetch.json`): check says it, and the absence of such records says nothing."""

from __future__ import annotations

import json

import pytest
from resources import TOTAL, condition, dispense, ndjson, observation, patient
from typer.testing import CliRunner

import stepwell
from stepwell.cli import app
from stepwell.errors import SourceError
from stepwell.knowledge.loader import load
from stepwell.sources.fhir.fetched import Unfetched, find_unfetched, mark_unfetched
from stepwell.tables import RECORDS

KNOWLEDGE = load()
FETCHED = {
    "finished": True,
    "how": "bulk export",
    "request": {"base": "https://nowhere.invalid/fhir", "since": None},
    "not_offered": ["Claim", "MedicationStatement"],
    "counts": {},
}

INSURED = {
    "resourceType": "Coverage",
    "id": "i",
    "status": "active",
    "beneficiary": {"reference": "Patient/ann"},
    "period": {"start": "2015-01-01", "end": "2022-01-01"},
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory, open_once):
    """Somebody with one antidepressant and a diagnosis, after a fetch whose state has these entries: the source and the
    determination with its trial."""
    supply = {"daysSupply": {"value": 60}, "quantity": {"value": 60}}
    made = [patient("ann"), condition("c", "ann"), dispense("d", "ann", **supply), INSURED]
    for day, total in (("2020-03-01", 20), ("2020-04-28", 19)):
        score = {"effectiveDateTime": day, "valueQuantity": {"value": total}}
        made.append(observation(f"o-{day}", "ann", TOTAL, **score))
    opened = open_once(ndjson(tmp_path_factory.mktemp("fetched") / "export", *made))
    records = {t.name: opened.con.to_pyarrow(opened.source.tables[t.name]) for t in RECORDS}

    def judged(**state):
        folder = tmp_path_factory.mktemp("state")
        (folder / "fetch.json").write_text(json.dumps(FETCHED | state))
        source = mark_unfetched(opened.source, find_unfetched(folder), KNOWLEDGE)
        marked = {name: opened.con.to_pyarrow(source.tables[name]) for name in ("code_gap", "incomplete_medication")}
        found = stepwell.determine_records(
            records | marked, [KNOWLEDGE.definitions["sforzini-2022"]], KNOWLEDGE, has=source.has
        )
        (determination,), (trial,) = (found[name].to_pylist() for name in ("determination", "judged_trial"))
        return source, determination | trial | {"verdict": determination["verdict"]}

    return judged


def lost(source, words: str) -> list[tuple[str, int]]:
    return [(loss.effect, loss.n_rows) for loss in source.losses if words in loss.what]


@pytest.mark.parametrize("kind", ["AllergyIntolerance", "Claim", "ExplanationOfBenefit"])
def test_a_refused_type_that_may_hold_an_allergy_or_a_diagnosis_hides_it(judged, kind):
    source, _ = judged(refused=[kind])
    gaps = source.tables["code_gap"].to_pyarrow().to_pylist()
    hidden = {(gap["record"], gap["codeset"]) for gap in gaps}
    assert hidden & {("condition", None), ("condition", "anaesthetic-allergy")}
    assert lost(source, f"refused all or some records of {kind}") == [("read as unknown", 0)]


def test_every_type_that_is_read_is_fetched_and_its_refusal_is_not_silence():
    """But for those about whom and how long, whose lack hides no record."""
    pytest.importorskip("joserfc")
    from stepwell.fetch.job import TYPES
    from stepwell.sources.fhir.fetched import _HOLDS
    from stepwell.sources.fhir.resources import READERS

    assert set(READERS) - set(TYPES) <= {"Questionnaire"}
    assert set(READERS) - set(_HOLDS) <= {"Patient", "Coverage", "Medication", "Questionnaire"}


def test_types_that_a_server_may_lack_change_nothing_but_are_said(judged):
    source, found = judged()
    assert found["verdict"] == "not met"
    assert found["who.never"] is True
    assert lost(source, "does not offer or refused: Claim, MedicationStatement") == [("kept", 0)]
    assert not source.drug_rows.not_fetched


def test_drugs_that_were_not_given_are_not_absent(judged):
    for state in ({"not_offered": ["MedicationRequest"]}, {"refused": {"MedicationStatement": 2}}):
        source, found = judged(**state)
        assert found["verdict"] == "unknown"
        assert source.drug_rows.not_fetched == tuple(next(iter(state.values())))
        assert lost(source, "for everybody it is unknown what these records would say") == [("read as unknown", 0)]


def test_diagnoses_that_were_not_given_are_not_absent(judged):
    for state in ({"refused": {"Condition": 1}}, {"not_offered": ["Condition"]}):
        _, found = judged(**state)
        assert found["who.never"] is None
        assert found["who.diagnosis"] is True, "what is there is there"


def test_scores_that_were_not_given_are_not_absent(judged):
    """How a trial ended is open where a score may be hidden; a server without QuestionnaireResponse has its scores elsewhere."""
    for state, is_hidden in (
        ({"refused": {"Observation": 1}}, True),
        ({"not_granted": ["QuestionnaireResponse"]}, True),
        ({"not_offered": ["Observation"]}, True),
        ({"not_offered": ["QuestionnaireResponse"]}, False),
    ):
        source, judgement = judged(**state)
        assert judgement["failure.improvement"] is (None if is_hidden else True)
        gaps = source.tables["code_gap"]
        found = {(r["record"], r["codeset"]) for r in gaps.to_pyarrow().to_pylist()}
        scores = {("measurement", name) for name in KNOWLEDGE.instruments}
        assert found == {("answer", None)} | (scores if is_hidden else set())


def test_only_changes_say_nothing_of_what_was_before(judged):
    source, found = judged(request={"since": "2026-01-31T00:00:00Z"}, deletions="unknown")
    assert found["verdict"] == "unknown"
    assert lost(source, "only what changed since") == [("read as unknown", 0)]
    assert lost(source, "which records were deleted") == [("kept", 0)]


def test_beside_a_first_fetch_the_changes_are_whole(tmp_path):
    for name, since in (("first", None), ("later", "2026-01-31T00:00:00Z")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "fetch.json").write_text(json.dumps(FETCHED | {"request": {"since": since}}))
    assert not find_unfetched(tmp_path).types
    assert find_unfetched(tmp_path / "later").types


def test_check_says_what_is_missing(tmp_path):
    folder = ndjson(tmp_path / "export", patient("ann"), dispense("d", "ann"), condition("c", "ann"))
    state = FETCHED | {"refused": {"MedicationRequest": 1, "Procedure": 1}, "server_errors": 3}
    (folder / "fetch.json").write_text(json.dumps(state))
    done = CliRunner().invoke(app, ["check", str(folder)], env={"COLUMNS": "4000"})
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "The server did not give all records of drugs (MedicationRequest)" in said
    assert "never “not met” for want of a drug" in said
    assert "because the server did not give all records of drugs" in said
    assert "the server refused all or some records of MedicationRequest, Procedure: for everybody it is unknown" in said
    assert "some records may not have been exported" in said


def test_an_unfinished_fetch_is_not_read(tmp_path, opened):
    folder = ndjson(tmp_path / "export.partial", patient("ann"), dispense("d", "ann"))
    (folder / "fetch.json").write_text(json.dumps(FETCHED | {"finished": False}))
    with pytest.raises(SourceError, match=r"export.partial: is a fetch that has not ended"):
        opened(folder)


@pytest.mark.parametrize("content", ["{", "[]", "7", '{"request": 7, "finished": true}', '{"a": 1}', "[" * 100_000])
def test_another_file_of_that_name_is_none_of_it(tmp_path, content):
    (tmp_path / "fetch.json").write_text(content)
    assert find_unfetched(tmp_path) == Unfetched()


@pytest.mark.parametrize("wrong", [{"not_offered": 7}, {"refused": [1, "Condition"]}, {"server_errors": "x"}])
def test_a_damaged_entry_is_no_traceback(tmp_path, wrong):
    (tmp_path / "fetch.json").write_text(json.dumps(FETCHED | wrong))
    assert find_unfetched(tmp_path).types <= {"Condition"}
