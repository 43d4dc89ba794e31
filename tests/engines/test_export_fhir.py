"""`stepwell export --as fhir`: valid R4, the verdicts of the result, unknown never as "not met"."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from exported import fhir_result
from fhir.resources.R4B import get_fhir_model_class
from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.errors import QuestionError
from stepwell.export import export_fhir
from stepwell.result import Result


@pytest.fixture(scope="module")
def out(clinic, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("fhir") / "new/out"
    export_fhir(Result.open(clinic / "result"), out)
    return out


def lines(folder: Path, resource: str) -> list[dict]:
    return [json.loads(line) for line in (folder / f"{resource}.ndjson").read_text("utf-8").splitlines()]


def verdict(part: dict) -> str:
    """What an Observation or a component says."""
    assert ("valueCodeableConcept" in part) != ("dataAbsentReason" in part)
    if "dataAbsentReason" in part:
        assert part["dataAbsentReason"]["coding"][0]["code"] == "unknown"
        return "unknown"
    return {"met": "met", "not-met": "not met"}[part["valueCodeableConcept"]["coding"][0]["code"]]


def test_every_resource_is_valid_and_has_its_provenance(out):
    observations, provenances = lines(out, "Observation"), lines(out, "Provenance")
    for resource in (*observations, *provenances):
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        assert re.fullmatch("[A-Za-z0-9.-]{1,64}", resource["id"])
    assert len({o["id"] for o in observations}) == len(observations)
    targets = [p["target"][0]["reference"] for p in provenances]
    assert targets == [f"Observation/{o['id']}" for o in observations]


def test_the_verdicts_are_those_of_the_result(clinic, out):
    result = Result.open(clinic / "result")
    people = {p["person_id"]: p for p in result.table("person").to_pyarrow().to_pylist()}
    determined = {
        (d["definition"], people[d["person_id"]]["source_person_id"]): d
        for d in result.table("determination").to_pyarrow().to_pylist()
    }
    found = {
        (o["code"]["coding"][0]["code"], o["subject"]["identifier"]["value"]): o for o in lines(out, "Observation")
    }
    assert found.keys() == determined.keys()
    for key, observation in found.items():
        assert verdict(observation) == determined[key]["verdict"], key
        if determined[key]["met_date"]:
            assert observation["effectiveDateTime"] == str(determined[key]["met_date"])
        else:
            assert "effectiveDateTime" not in observation
    counts = Counter(d["verdict"] for d in determined.values())
    assert min(counts[v] for v in ("met", "not met", "unknown")) > 0
    said = Counter(
        {
            v: sum(
                n
                for k, n in json.loads((out / "export.json").read_text("utf-8"))["determinations"].items()
                if k.endswith(f": {v}")
            )
            for v in counts
        }
    )
    assert said == counts


def test_the_components_are_the_evidence(clinic, out):
    result = Result.open(clinic / "result")
    by_person: dict[str, list[dict]] = {}
    for observation in lines(out, "Observation"):
        by_person.setdefault(observation["subject"]["identifier"]["value"], []).append(observation)
    provenance = {p["target"][0]["reference"]: p for p in lines(out, "Provenance")}
    n_unknown = 0
    for person in sorted(by_person)[:12]:
        evidence = [e for e in result.evidence(person) if e["definition"] in {d.name for d in result.definitions}]
        for observation in by_person[person]:
            name = observation["code"]["coding"][0]["code"]
            own = [e for e in evidence if e["definition"] == name]
            shown = [(c["code"]["coding"][0]["code"], verdict(c)) for c in observation["component"]]
            assert shown == [(e["criterion"], e["verdict"]) for e in own]
            n_unknown += sum(v == "unknown" for _, v in shown)
            what = [e["what"] for e in provenance[f"Observation/{observation['id']}"]["entity"]]
            identified = {(w["identifier"]["system"], w["identifier"]["value"]) for w in what}
            assert ("urn:stepwell:input-digest", result.manifest["source"]["fingerprint"]) in identified
            assert ("urn:stepwell:definition", name) in identified
            assert {("urn:stepwell:address", e["address"]) for e in own if e["address"]} <= identified
    assert n_unknown > 0


def test_addresses_of_a_fhir_source_are_references(clinic, tmp_path):
    export_fhir(Result.open(fhir_result(clinic, tmp_path)), tmp_path / "out")
    for observation in lines(tmp_path / "out", "Observation"):
        assert re.fullmatch(r"Patient/\d+", observation["subject"]["reference"])
        assert "identifier" not in observation["subject"]
    references = [
        e["what"]["reference"]
        for p in lines(tmp_path / "out", "Provenance")
        for e in p["entity"]
        if "reference" in e["what"]
    ]
    assert {r.split("/")[0] for r in references} == {"Patient", "MedicationRequest"}


def test_the_same_result_gives_the_same_bytes_and_errors_are_clear(clinic, out, tmp_path):
    def call(*words: object):
        return CliRunner().invoke(app, ["export", *map(str, words)], env={"COLUMNS": "200"})

    done = call(clinic / "result", "--as", "fhir", "--out", tmp_path / "again")
    assert done.exit_code == 0, done.output
    assert re.search(r"us-label@\d+: unknown: \d", done.output)
    for file in out.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()

    person = lines(out, "Observation")[0]["subject"]["identifier"]["value"]
    assert call(clinic / "result", "--as", "fhir", "--person", person, "--out", tmp_path / "one").exit_code == 0
    all_of_them = [o for o in lines(out, "Observation") if o["subject"]["identifier"]["value"] == person]
    assert lines(tmp_path / "one", "Observation") == all_of_them

    for more, said in (
        (("--out", tmp_path / "one"), "already exists and is not empty"),
        (("--out", tmp_path / "new", "--person", "nobody-7"), "belong to nobody"),
    ):
        refused = call(clinic / "result", "--as", "fhir", *more)
        assert refused.exit_code == 12, refused.output
        assert said in refused.output.replace("\n", " ")
        assert not (tmp_path / "new").exists()

    copy = fhir_result(clinic, tmp_path)
    (copy / "timing.json").unlink()
    with pytest.raises(QuestionError, match="cannot be exported as FHIR"):
        export_fhir(Result.open(copy), tmp_path / "new")
    assert not (tmp_path / "new").exists()
