"""Files as they come: every shape is read, or refused with file and line, and nothing of the patient is in the message."""

from __future__ import annotations

import gzip
import json
import random
import shutil

import pytest
from resources import (
    SERTRALINE,
    bundle,
    coded,
    condition,
    dispense,
    ndjson,
    observation,
    of,
    patient,
    request,
    response,
)

from stepwell.errors import SourceError
from stepwell.sources.fhir.documents import fhir_files, holds_fhir, read_documents

SECRET = "Zanzibar-4711"
PEOPLE = [patient(SECRET), patient("2")]
CARE = [request("a", SECRET), condition("b", SECRET), observation("c", SECRET, "44261-6", valueInteger=12)]
ALL = [*PEOPLE, *CARE]


def lines(*resources: dict) -> str:
    return "".join(json.dumps(r) + "\n" for r in resources)


def as_urns() -> dict:
    """A transaction of which the server is to give the ids."""
    urn = "urn:uuid:11111111-2222-3333-4444-555555555555"
    entries = [{"fullUrl": urn, "resource": {k: v for k, v in patient("x").items() if k != "id"}}]
    for n, r in enumerate(CARE):
        own = {**{k: v for k, v in r.items() if k != "id"}, "subject": {"reference": urn}}
        entries.append({"fullUrl": f"urn:uuid:{n}", "resource": own, "request": {"method": "POST", "url": "x"}})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


SHAPES = {
    "bulk names": {"Patient.000.ndjson": lines(*PEOPLE), "MedicationRequest.000.ndjson": lines(CARE[0]),
                   "Condition.ndjson": lines(CARE[1]), "sub/Observation.001.ndjson.gz": lines(CARE[2])},
    "a bundle": {"all.json": json.dumps(bundle(*ALL))},
    "a bundle whose type comes last": {"all.json": json.dumps({"entry": bundle(*ALL)["entry"], "resourceType": "Bundle"})},
    "a pretty bundle": {"all.json": json.dumps(bundle(*ALL), indent=2)},
    "two bundles": {"a.json": json.dumps(bundle(*PEOPLE)), "b.json": json.dumps(bundle(*CARE))},
    "an array": {"all.json": json.dumps(ALL)},
    "an array called NDJSON": {"all.ndjson": json.dumps(ALL, indent=1)},
    "pretty resources": {"all.ndjson": "\n".join(json.dumps(r, indent=2) for r in ALL)},
    "BOM, CRLF and empty lines": {"all.ndjson": "\ufeff\r\n" + lines(*ALL).replace("\n", "\r\n\r\n")},
    "smart-fetch": {"000.2024/Patient.ndjson.gz": lines(*PEOPLE), "001.2024/All.ndjson.gz": lines(*CARE),
                    "log.ndjson": '{"exportId": 1}\n', ".metadata/done.json": "{}", "manifest.json": '{"output": []}'},
    "one file": {"all.ndjson": lines(*ALL)},
    "ids that the server is to give": {"all.json": json.dumps(as_urns())},
}  # fmt: skip


def write(folder, files: dict[str, str]):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = text.encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return folder


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_holds_the_same_resources(tmp_path, shape):
    place = write(tmp_path, SHAPES[shape])
    place = place / "all.ndjson" if shape == "one file" else place
    found = [each.resource for each in read_documents([f for f in fhir_files(place) if holds_fhir(f)], place)]
    told = json.loads(json.dumps(found), parse_int=str)
    if shape == "ids that the server is to give":
        assert [r["resourceType"] for r in told] == ["Patient", *(r["resourceType"] for r in CARE)]
    else:
        assert sorted(told, key=str) == sorted(json.loads(json.dumps(ALL), parse_int=str), key=str)


@pytest.mark.parametrize("shape", ["smart-fetch", "ids that the server is to give"])
def test_a_source_is_opened_by_its_place(tmp_path, opened, shape):
    found = opened(write(tmp_path, SHAPES[shape]))
    (drug,) = found.rows("medication", "person_id", "ingredient", "address")
    assert drug[1:] == ("sertraline", "MedicationRequest/" + ("a" if shape == "smart-fetch" else "0"))
    assert found.rows("condition", "person_id", "codeset") == [(drug[0], "major-depression")]
    assert found.rows("measurement", "person_id", "total") == [(drug[0], 12.0)]


WRONG = {
    "cut off": (lines(*ALL)[:-30], "line 5", "no JSON"),
    "broken line": (lines(*PEOPLE) + '{"resourceType": "Patient", "id": "' + SECRET + "\n" + lines(*CARE), "line 3", "no JSON"),
    "text after": (lines(ALL[0]) + json.dumps(ALL[1]) + " x\n", "line 2", "after the end"),
    "a number": (lines(ALL[0]) + "17\n", "line 2", "no FHIR resource"),
    "nothing that names a type": (lines(ALL[0]) + '{"id": 1}\n', "line 2", "without a resourceType"),
    "NaN": (lines(ALL[0]) + '{"resourceType": "Patient", "multipleBirthInteger": NaN}\n', "line 2", "JSON does not know"),
    "HTML": ("<!DOCTYPE html><html>" + SECRET, "all.ndjson", "web page"),
    "XML": ('<?xml version="1.0"?><Bundle xmlns="http://hl7.org/fhir"/>', "all.ndjson", "XML"),
    "UTF-16": ("\ufeff", "all.ndjson", "UTF-16"),
    "Latin-1": (lines(ALL[0]) + '{"resourceType": "Patient", "id": "\u00e9"}\n', "line 2", "not UTF-8"),
    "DSTU2": (lines(ALL[0], {"resourceType": "MedicationOrder", "id": "1"}), "line 2", "DSTU2"),
    "STU3": (lines(ALL[0], condition("b", "2", clinicalStatus="active")), "line 2", "STU3"),
    "R5": (lines(ALL[0], request("b", "2", medication={"concept": SERTRALINE})), "line 2", "R5"),
    "nobody": (lines(*CARE), "", "no Patient resource"),
    "deep": ("[" * 100_000, "all.ndjson", "no JSON"),
    "cut off bundle": (json.dumps(bundle(*ALL))[:-40], "after resource 4", "cut off"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_read_is_named_by_file_and_line(tmp_path, opened, wrong):
    text, where, what = WRONG[wrong]
    encoding = {"UTF-16": "utf-16-le", "Latin-1": "latin-1"}.get(wrong, "utf-8")
    (tmp_path / "all.ndjson").write_bytes(text.encode(encoding))
    with pytest.raises(SourceError) as raised:
        opened(tmp_path)
    message = str(raised.value)
    assert where in message
    assert what in message
    assert SECRET not in message


def test_a_gzip_that_ends_early(tmp_path, opened):
    (tmp_path / "Patient.ndjson.gz").write_bytes(gzip.compress(lines(*PEOPLE).encode())[:-12])
    with pytest.raises(SourceError, match="cannot be read to its end"):
        opened(tmp_path)


ODD = [
    *PEOPLE,
    patient("2", birthDate="1979"),  # two patients with one id
    {k: v for k, v in request("x", "2").items() if k != "id"},  # no id
    condition("shape", "2", code=[{"text": SECRET}]),  # a list where an object belongs
    {"resourceType": "Observation", "id": "o", "status": "final", "code": "PHQ-9", "subject": {"reference": "Patient/2"}},
    {"resourceType": "Appointment", "id": "1"},
    {"resourceType": "OperationOutcome", "issue": []},
    condition("half", "2", note=[{"text": "\ud800"}]),
    condition("nul", "2", code={"text": "a\u0000b\ud800"}),
    response("q", "2", {}, item=[{"linkId": "/44260-8", "answer": [{"valueCoding": ["LA6568-5"]}]}]),
]  # fmt: skip


@pytest.fixture(scope="module")
def odd(tmp_path_factory, open_once):
    folder = ndjson(tmp_path_factory.mktemp("odd") / "export", *ODD, dispense("gone", "2"))
    gone = bundle({}, type_="transaction", request={"method": "DELETE", "url": "MedicationDispense/gone"})
    (folder / "deleted").mkdir()
    (folder / "deleted" / "Bundle.ndjson").write_text(json.dumps(gone) + "\n")
    return open_once(folder)


def test_nothing_odd_is_lost_without_a_word(odd):
    assert odd.lost("another shape than FHIR R4 gives it (the first: Condition.ndjson, line 1)") == [
        ("read as unknown", 2)
    ]
    assert odd.lost("without an id") == [("kept", 1)]
    assert odd.lost("further rows of a person already there") == [("corrected", 1)]
    assert odd.lost("Appointment 1") == [("left out", 1)]
    assert odd.lost("OperationOutcome") == [("left out", 1)]
    assert odd.lost("resources that were deleted") == [("left out", 1)]
    assert not any(SECRET in loss.what for loss in odd.source.losses)


def test_what_has_another_shape_may_hide_something(odd):
    records = {gap["record"] for gap in odd.con.to_pyarrow(odd.source.tables["code_gap"]).to_pylist()}
    assert records == {"condition", "answer"}


def test_two_patients_of_one_id_contradict(odd):
    born = odd.con.to_pyarrow(odd.source.tables["person"]).to_pylist()
    (two,) = [p for p in born if p["source_person_id"] == "2"]
    assert (two["birth_earliest_date"].year, two["birth_latest_date"].year) == (1979, 1980)


def test_a_resource_without_an_id_is_named_by_its_line(odd):
    assert odd.rows("medication", "address") == ["MedicationRequest.ndjson, line 1"]


EVERY = [
    *CARE,
    dispense("d", "2", daysSupply={"value": 30}, dosageInstruction=[{"text": "1 daily", "timing": {"repeat": {"frequency": 1}}}]),
    response("q", "2", {"44250-9": "LA6569-3", "44260-8": "LA6568-5"}, meta={"lastUpdated": "2020-01-01T00:00:00Z"}),
    {"resourceType": "Claim", "id": "k", "status": "active", "use": "claim", "patient": {"reference": "Patient/2"},
     "item": [{"productOrService": coded("90870", "http://www.ama-assn.org/go/cpt"), "servicedDate": "2020-01-01"}]},
    of("Encounter", "e", "2", status="finished", period={"start": "2020-01-01"}, **{"class": {"code": "AMB"}}),
    of("MedicationStatement", "s", "2", status="active", medicationReference={"reference": "#m"}, effectiveDateTime="2020-01-01",
       contained=[{"resourceType": "Medication", "id": "m", "code": SERTRALINE}]),
]  # fmt: skip


def mutated(text: str, chance: random.Random) -> str:
    at, n = chance.randrange(len(text)), chance.randrange(1, 4)
    return chance.choice((text[:at], text[:at] + text[at + n :], text[:at] + chance.choice('{}[]",:0ntf\\\x00é') + text[at:],
                          text.replace('"', "", 1), text.replace("[", "{", 1), text.replace('":', '":[', 1)))  # fmt: skip


@pytest.mark.parametrize("n", [400, pytest.param(10_000, marks=pytest.mark.long)])
def test_mutated_lines_are_read_or_named(tmp_path, opened, n):
    """Every mutated line that is still JSON goes through the readers; the others are named by their lines."""
    chance = random.Random(n)
    whole = [json.dumps(r) for r in EVERY]
    drawn = [mutated(chance.choice(whole), chance) for _ in range(n)]
    (tmp_path / "All.ndjson").write_text(lines(*PEOPLE) + "\n".join(d.replace("\n", " ") for d in drawn) + "\n")
    kept = []
    for line in drawn:
        try:
            value = json.loads(line, parse_constant=lambda _: 1 / 0)
        except ValueError:
            continue
        if isinstance(value, dict) and isinstance(value.get("resourceType"), str):
            kept.append(line)
    with pytest.raises(SourceError) as raised:
        opened(tmp_path)
    assert "All.ndjson, line" in str(raised.value)
    assert SECRET not in str(raised.value)
    shutil.rmtree(tmp_path, ignore_errors=True)
    tmp_path.mkdir()
    (tmp_path / "All.ndjson").write_text(lines(*PEOPLE) + "\n".join(kept) + "\n")
    assert opened(tmp_path).rows("person", "source_person_id")
