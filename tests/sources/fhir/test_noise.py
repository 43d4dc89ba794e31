"""What goes wrong only in FHIR: each knob does what it says, and the reader says no more than what it can know."""

from __future__ import annotations

import json

import pytest

import stepwell
from stepwell.simulate import Noise, record_parameters, simulate
from stepwell.validation import agreement

OFF = record_parameters().noise.off()
KNOBS = [name for name in Noise.model_fields if Noise.is_of_fhir(name)]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Simulates some people as FHIR into a folder: `written(fhir_text_sig=100)`; each once."""
    made = {}

    def write(form="fhir", **shares):
        key = form, *sorted(shares.items())
        if key not in made:
            made[key] = tmp_path_factory.mktemp("noise") / "records"
            simulate(60, 5, made[key], format=form, noise=OFF.but(**shares), scored="doses")
        return made[key]

    return write


def lines(folder, name):
    return [json.loads(line) for line in (folder / f"{name}.ndjson").read_text("utf-8").splitlines()]


def verdicts(folder):
    result = stepwell.run(folder)
    people = dict(result.table("person").select("person_id", "source_person_id").to_pyarrow().to_pandas().values)
    rows = result.table("determination").to_pyarrow().to_pylist()
    return {(people[row["person_id"]], row["definition"]): (row["verdict"], row["index_date"]) for row in rows}


@pytest.mark.parametrize("knob", KNOBS)
def test_a_knob_of_fhir_changes_fhir_and_no_other_form(written, knob):
    def files(folder, suffix):
        return {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix == suffix}

    assert files(written("csv-folder"), ".csv") == files(written("csv-folder", **{knob: 100}), ".csv")
    assert files(written(), ".ndjson") != files(written(**{knob: 100}), ".ndjson")


def test_drugs_are_named_in_four_ways(written):
    coded = lines(written(), "MedicationDispense")
    contained = lines(written(fhir_contained_drug=100), "MedicationDispense")
    assert [d["medicationCodeableConcept"] for d in coded] == [d["contained"][0]["code"] for d in contained]
    assert {d["medicationReference"]["reference"] for d in contained} == {"#drug"}
    place = written(fhir_referenced_drug=100)
    known = {f"Medication/{m['id']}": m["code"] for m in lines(place, "Medication")}
    referred = [known[d["medicationReference"]["reference"]] for d in lines(place, "MedicationDispense")]
    assert referred == [d["medicationCodeableConcept"] for d in coded]
    shown = [d["medicationReference"] for d in lines(written(fhir_display_only_drug=100), "MedicationDispense")]
    assert shown == [{"display": d["medicationCodeableConcept"]["text"]} for d in coded]


def test_a_text_sig_leaves_out_quantity_and_length(written):
    structured = lines(written(), "MedicationDispense")
    told = lines(written(fhir_text_sig=100), "MedicationDispense")
    assert not any({"quantity", "daysSupply"} & d.keys() for d in told)
    for was, is_ in zip(structured, told, strict=True):
        a_day = was["quantity"]["value"] // was["daysSupply"]["value"]
        (sig,) = is_["dosageInstruction"]
        assert sig["text"] == f"Take {a_day} tablet{'s'[: a_day > 1]} by mouth once daily"


def test_what_is_wrong_partial_or_odd_is_written_as_such(written):
    wrong = written(fhir_entered_in_error=100)
    for name in ("MedicationRequest", "MedicationDispense", "Observation"):
        rows = lines(wrong, name)
        assert [r["id"].endswith("-error") for r in rows] == [r["status"] == "entered-in-error" for r in rows]
        assert [r for r in rows if r["status"] != "entered-in-error"] == lines(written(), name)
    for row in lines(wrong, "Condition"):
        taken_back = row["verificationStatus"]["coding"][0]["code"] == "entered-in-error"
        assert taken_back == row["id"].endswith("-error") == ("clinicalStatus" not in row)
    partial = written(fhir_partial_date=100)
    assert {len(r["recordedDate"]) for r in lines(partial, "Condition")} == {7}
    assert {len(r["whenHandedOver"]) for r in lines(partial, "MedicationDispense")} == {7}
    odd = lines(written(fhir_odd_unit=100), "MedicationDispense")
    days = [d["daysSupply"]["value"] for d in lines(written(), "MedicationDispense")]
    assert [(d["daysSupply"]["value"], d["daysSupply"]["code"]) for d in odd] == [(24 * n, "h") for n in days]


def test_nothing_changes_where_the_same_is_said_in_another_way(written):
    both = written(fhir_contained_drug=40, fhir_referenced_drug=60, fhir_response_too=100, fhir_entered_in_error=100)
    assert verdicts(both) == verdicts(written())


def wrong(truly, found):
    """The verdicts that are neither the true one nor unknown, as pairs."""
    return [(truly[key][0], said[0]) for key, said in found.items() if said[0] not in (truly[key][0], "unknown")]


@pytest.mark.parametrize("shares", [{"fhir_display_only_drug": 50}, {"fhir_text_sig": 100}, {"fhir_partial_date": 50}])
def test_what_cannot_be_known_is_never_said(written, shares):
    assert not wrong(verdicts(written()), verdicts(written(**shares)))


def test_validate_scores_the_knobs_of_fhir_on_fhir(monkeypatch):
    forms = {}

    def noted(people, seed, out, *, noise, format):
        on = [n for n in Noise.model_fields if getattr(noise, n).p]
        forms[on[0] if len(on) == 1 else len(forms)] = format
        raise StopIteration

    monkeypatch.setattr(agreement, "simulate", noted)
    for knob in ("fhir_partial_date", "missing_fill"):
        with pytest.raises(StopIteration):
            agreement._score(100, 1, knob, OFF.but(**{knob: 5}))
    assert forms == {"fhir_partial_date": "fhir", "missing_fill": "omop-parquet"}
