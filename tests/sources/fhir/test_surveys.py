"""Questionnaires and observations: one administration is one score, however often it was sent. Each person is one case."""

from __future__ import annotations

import json
from datetime import date

import pytest
from resources import ANSWERS, ITEMS, LOINC, PANEL, TOTAL, coded, observation, of, patient, response

DAY = date(2020, 4, 1)
TWELVE = (2, 2, 2, 2, 1, 1, 2, 0, 0)
CMS_ITEMS = ("54637-4", "54639-0", "54641-6", "54643-2", "54645-7", "54647-3", "54649-9", "54651-5", "54653-1")
CMS_ANSWERS = ("LA10997-7", "LA10998-5", "LA10999-3", "LA11000-9")


def answers(points) -> dict[str, str]:
    return {item: ANSWERS[p] for item, p in zip(ITEMS, points, strict=True)}


def items(person: str, points) -> list[dict]:
    return [
        observation(f"{person}-{item}", person, item, valueCodeableConcept=coded(answer))
        for item, answer in answers(points).items()
    ]


def total(id_: str, person: str, value, **more) -> dict:
    return observation(id_, person, TOTAL, **({"valueQuantity": {"value": value}} if value is not None else {}), **more)


ABSENT = {"dataAbsentReason": coded("asked-declined", "http://terminology.hl7.org/CodeSystem/data-absent-reason")}
CASES = [
    # 1: sent four ways; 2: the total differs from the items; 3: an item is missing.
    response("r1", "1", {**answers(TWELVE), "69722-7": "LA6573-5"}),
    observation("p1", "1", PANEL, hasMember=[{"reference": f"Observation/1-{i}"} for i in ITEMS]),
    *items("1", TWELVE),
    total("t1", "1", 12),
    *items("2", TWELVE),
    total("t2", "2", 21),
    *items("3", TWELVE)[:8],
    total("t3", "3", 14),
    # 4 to 8: totals on their own: as text, coded by the panel, in error, cancelled, unknown, without a value, too great.
    observation("text", "4", TOTAL, valueString="12"),
    observation("panel", "5", PANEL, valueQuantity={"value": 27}),
    total("error", "6", 3, status="entered-in-error"),
    total("cancelled", "6", 3, status="cancelled"),
    total("unknown", "6", 3, status="unknown"),
    total("declined", "7", None, **ABSENT),
    total("huge", "8", "1e400"),
    total("below", "8", 5, effectiveDateTime="2020-05-01"),
    total("less", "8", 5, effectiveDateTime="2020-05-02") | {"valueQuantity": {"value": 5, "comparator": "<"}},
    # 9: an older version of the same score; 10: a month only; 11: the evening of a day.
    total("v", "9", 20, meta={"lastUpdated": "2021-01-01T00:00:00Z"}),
    total("v", "9", 10, meta={"lastUpdated": "2020-01-01T00:00:00Z"}),
    total("month", "10", 9, effectiveDateTime="2020-04"),
    # 11: a questionnaire of which nobody knows the questions.
    of("QuestionnaireResponse", "own", "11", status="completed", authored="2020-04-01",
       item=[{"linkId": "q1", "answer": [{"valueInteger": 3}]}]),
    # 12: questions known by their questionnaire; the points stand beside the answer.
    {"resourceType": "Questionnaire", "id": "form", "url": "http://clinic/form", "status": "active",
     "item": [{"linkId": f"q{n}", "code": [{"system": LOINC, "code": c}]} for n, c in enumerate(ITEMS)]},
    of("QuestionnaireResponse", "linked", "12", status="completed", authored="2020-04-01", questionnaire="http://clinic/form|1",
       item=[{"linkId": f"q{n}", "answer": [{"valueCoding": {"code": "x", "extension": [
           {"url": "http://hl7.org/fhir/StructureDefinition/itemWeight", "valueDecimal": 1}]}}]} for n in range(9)]),
    # 13: blood pressure in components.
    observation("bp", "13", "85354-9", component=[
        {"code": coded("8480-6"), "valueQuantity": {"value": 120, "unit": "mmHg"}},
        {"code": coded("8462-4"), "valueQuantity": {"value": 80, "unit": "mmHg"}}]),
    # 14 to 17: CMS's codes: all items and a total that differs; a total alone; by the panel, in words; some thoughts, not often.
    *(observation(f"cms{n}", "14", item, valueCodeableConcept=coded(CMS_ANSWERS[points]))
      for n, (item, points) in enumerate(zip(CMS_ITEMS, TWELVE, strict=True))),
    observation("cms-total", "14", "54654-9", valueQuantity={"value": 9}),
    observation("cms-alone", "15", "54654-9", valueQuantity={"value": 3}),
    observation("cms-panel", "16", "54635-8", valueCodeableConcept={"text": "4"}),
    observation("cms-some", "17", "54652-3", valueCodeableConcept=coded("LA33-6")),
    observation("cms-often", "17", "54653-1", valueCodeableConcept=coded("LA10997-7")),
    observation("cms-absent", "17", "54651-5", **ABSENT),
    # 18: one moment as the local evening and as the next day in UTC: one administration. 19: two moments of two days.
    *(observation(f"utc-{item}", "18", item, valueCodeableConcept=coded(answer), effectiveDateTime="2020-04-02T04:30:00Z")
      for item, answer in answers(TWELVE).items()),
    total("evening", "18", 12),
    total("one", "19", 12),
    total("other", "19", 12, effectiveDateTime="2020-04-02T05:30:00.000+00:00"),
    observation("cms-form", "17", "54652-3", valueCodeableConcept=coded("LA33719-8"), effectiveDateTime="2020-05-01"),
]  # fmt: skip


@pytest.fixture(scope="module")
def read(tmp_path_factory, open_once):
    """The cases as one bundle, with the number that is too great for any computer written as it is."""
    people = [patient(str(n)) for n in range(1, 20)]
    text = json.dumps(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in (*people, *CASES)]}
    )
    place = tmp_path_factory.mktemp("bundle") / "all.json"
    place.write_text(text.replace('"1e400"', "1e400"))
    return open_once(place)


@pytest.fixture(scope="module")
def scores(read):
    people = dict(read.rows("person", "person_id", "source_person_id"))
    rows = read.rows("measurement", "person_id", "address", "measured_date", "total")
    found: dict[str, list] = {}
    for person, *row in rows:
        found.setdefault(people[person], []).append(tuple(row))
    return found


def test_one_questionnaire_sent_four_ways_is_one_score(read, scores):
    assert scores["1"] == [("QuestionnaireResponse/r1", DAY, 12.0)]
    people = dict(read.rows("person", "person_id", "source_person_id"))
    given = [i for p, i in read.rows("answer", "person_id", "item") if people[p] == "1"]
    assert sorted(given) == [str(n) for n in range(1, 10)]


def test_the_sum_of_the_items_wins_and_the_difference_is_told(read, scores):
    assert [row[2] for row in scores["2"]] == [12.0]
    assert read.lost("totals that differ from the sum of their items") == [("corrected", 2)]


def test_one_moment_is_one_day_and_the_local_one(scores):
    assert [row[1:] for row in scores["18"]] == [(DAY, 12.0)]
    assert [row[1] for row in scores["19"]] == [DAY, date(2020, 4, 2)]


def test_without_all_items_the_stated_total_is_read(scores):
    assert scores["3"] == [("Observation/t3", DAY, 14.0)]


@pytest.mark.parametrize(
    ("person", "totals"),
    [
        ("4", [12.0]),
        ("5", [27.0]),
        ("6", None),
        ("7", [None]),
        ("8", [5.0, None, None]),
        ("9", [20.0]),
        ("10", None),
        ("12", [9.0]),
        ("14", [12.0]),
        ("15", [3.0]),
        ("16", [4.0]),
        ("17", None),
        ("18", [12.0]),
        ("19", [12.0, 12.0]),
    ],
)
def test_totals(scores, person, totals):
    found = scores.get(person)
    assert (found and sorted((row[2] for row in found), key=lambda t: (t is None, t or 0))) == totals


def test_that_thoughts_of_death_were_there_at_all_is_an_answer_of_its_own(read):
    """CMS asks whether a symptom was there and how often: "never or 1 day" counts 0, and a yes is a sign all the same."""
    people = dict(read.rows("person", "person_id", "source_person_id"))
    rows = read.rows("answer", "person_id", "instrument", "item", "answered_date", "value")
    assert sorted(row[1:] for row in rows if people[row[0]] == "17") == sorted(
        [
            ("cms-self-harm", "9", DAY, 1.0),
            ("cms-self-harm", "9", date(2020, 5, 1), 0.0),
            ("phq-9", "8", DAY, None),
            ("phq-9", "9", DAY, 0.0),
        ],
        key=str,
    )
    assert {("cms-self-harm", "9"), ("phq-9", "9")} <= set(read.knowledge.safety_items)


def test_what_cannot_be_read_is_told(read):
    assert read.lost("entered in error") == [("left out", 1)]
    assert read.lost("older versions") == [("corrected", 1)]
    assert read.lost("scores without a usable date") == [("left out", 1)]
    assert read.lost("of which no question could be identified") == [("read as unknown", 1)]
    gaps = read.con.to_pyarrow(read.source.tables["code_gap"]).to_pylist()
    people = dict(read.rows("person", "person_id", "source_person_id"))
    assert "11" in {people[g["person_id"]] for g in gaps if g["record"] == "answer"}


def test_components_are_readings_of_their_own(read):
    vitals = read.rows("vital", "address", "vital", "mmhg")
    assert sorted(vitals) == [
        ("Observation/bp", "blood-pressure-diastolic", 80.0),
        ("Observation/bp", "blood-pressure-systolic", 120.0),
    ]


# What the authors of each example state as its total; the items' sum is the same.
PUBLISHED = {
    "us_core": (["QuestionnaireResponse-phq-9-example", "Observation-PHQ9"], "example", [12.0]),
    "mii_proms": (["QuestionnaireResponse", "Observation", "Questionnaire-mii-qst-pro-phq-9.json"], "example", [27.0]),
    "fhirpath_js_phq9": (["phq9-response.json"], "", [15.0]),
    "cds4cpm": (["brenda_jackson"], "5c41cecf-cf81-434f-9da7-e24e5a99dbc2", [8.0, 15.0, 18.0]),
}


@pytest.mark.parametrize("publisher", PUBLISHED)
def test_the_totals_of_four_publishers(real_data, tmp_path, opened, publisher):
    files, person, totals = PUBLISHED[publisher]
    place = real_data / "fhir_phq9_examples" / publisher
    if not place.is_dir():
        pytest.skip("fhir_phq9_examples is not there")
    for n, file in enumerate(f for f in sorted(place.iterdir()) if f.name.startswith(tuple(files))):
        resource = json.loads(file.read_text("utf-8"))
        resource |= {} if person else {"subject": {"reference": "Patient/somebody"}}
        (tmp_path / f"{n}.json").write_text(json.dumps(resource))
    if publisher != "cds4cpm":
        (tmp_path / "patient.json").write_text(json.dumps(patient(person or "somebody")))
    assert sorted(opened(tmp_path).rows("measurement", "total")) == totals
