"""Answers to single items, totals of other scales, questions of the clinic's own."""

from __future__ import annotations

import pytest
from cdm_headers import CONCEPT, MEASUREMENT

from stepwell.errors import SourceError
from stepwell.sources.csvform import FILES

PEOPLE = ["person_id,year_of_birth", "1,1980"]
DRUG = ["drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date", "1,1,0,2020-01-01"]


@pytest.fixture
def own(tmp_path):
    def fill(*answers: str):
        place = tmp_path / "own"
        place.mkdir(exist_ok=True)
        lines = {"person": ["p1,1980,female,"], "medication": ["p1,sertraline,2020-01-01"], "answer": answers}
        for name, rows in lines.items():
            header = ",".join(f.name for f in FILES[name])
            full = [f"{row}{',' * (len(FILES[name]) - 1 - row.count(','))}" for row in rows]
            (place / f"{name}.csv").write_text("\n".join([header, *full]) + "\n", encoding="utf-8")
        return place

    return fill


def test_an_own_folder_gives_items_totals_and_questions_with_their_scales(own, opened):
    place = own(
        "p1,2020-03-01,PHQ-9,9,2",
        "p1,2020-03-01,madrs,10,",
        "p1,2020-03-01,Q-LES-Q-SF,,41",
        "p1,2020-03-01,body weight,kg,82.5",
        "p1,2020-03-01,,Joy,3,0,10,higher",
    )
    found = opened(place)
    columns = ("instrument", "item", "value", "at_least", "at_most", "better")
    assert sorted(found.rows("answer", *columns), key=str) == sorted(
        [
            ("phq-9", "9", 2.0, 0.0, 3.0, "lower"),
            ("madrs", "10", None, 0.0, 6.0, "lower"),
            ("q-les-q-sf", None, 41.0, 0.0, 100.0, "higher"),
            ("body-weight", "kg", 82.5, 20.0, 400.0, None),
            (None, "joy", 3.0, 0.0, 10.0, "higher"),
        ],
        key=str,
    )
    assert found.lost("asked and not answered") == [("kept", 1)]
    assert found.rows("measurement", "total") == []


def test_lines_that_cannot_be_read_are_named_together(own, opened):
    place = own(
        "p1,2020-03-01,phq-99,9,2",
        "p1,2020-03-01,phq-9,12,2",
        "p1,2020-03-01,phq-9,9,4",
        "p1,2020-03-01,phq-9,,12",
        "p1,2020-03-01,,joy,3",
        "p1,2020-03-01,,joy,11,0,10,higher",
        "p1,2020-03-01,,joy,3,10,0,higher",
        "p1,2020-03-01,,,3,0,10",
        "p1,,phq-9,9,1",
        "p1,2020-03-01,body weight,,82",
    )
    with pytest.raises(SourceError) as raised:
        opened(place)
    found = {(p.where.rpartition("line ")[2], p.found) for p in raised.value.problems}
    assert {
        ("2", "an unknown instrument"),
        ("3, 11", "no item of that instrument"),
        ("4", "a value outside the scale"),
        ("5", "a total that belongs into measurement.csv"),
        ("6", "a question of your own without a scale"),
        ("8", "at_least is not below at_most"),
        ("9", "neither an instrument nor an item"),
        ("10", "answered_date is empty"),
    } <= {(where.replace("answer.csv, lines ", ""), what) for where, what in found}
    assert any("7" in where and what == "a value outside its scale" for where, what in found)


def test_omop_rows_of_items_and_of_other_scales(folder, opened):
    concept = [CONCEPT, "501,Item,Observation,LOINC,Survey,S,44260-8,", "502,Total,Observation,LOINC,Survey,S,70274-6,"]
    rows = [
        "1,1,501,2020-01-01,0,,",
        "2,1,501,2020-02-01,2,,",
        "3,1,501,2020-03-01,,,",
        "4,1,501,2020-04-01,9,,",
        "5,1,502,2020-01-01,11,,",
    ]
    found = opened(folder(person=PEOPLE, drug_exposure=DRUG, measurement=[MEASUREMENT, *rows], concept=concept))
    assert found.rows("answer", "instrument", "item", "value") == [
        ("phq-9", "9", 0.0),
        ("phq-9", "9", 2.0),
        ("phq-9", "9", None),
        ("phq-9", "9", None),
        ("gad-7", None, 11.0),
    ]
    assert found.lost("asked and not answered") == [("kept", 1)]
    assert found.lost("answers outside the scale") == [("read as unknown", 1)]
    assert found.rows("measurement", "total") == []


COLUMNS = "observation_id person_id observation_concept_id observation_date value_as_number value_as_string value_as_concept_id"
OBSERVATION = COLUMNS.replace(" ", ",")


def test_an_answer_in_words_or_as_a_code_is_read(folder, opened):
    """By LOINC's code of the answer, wherever it stands, or by the words on the form, in any case; the number goes first."""
    concept = [
        CONCEPT,
        "501,Item,Observation,LOINC,Survey,S,44260-8,",
        "601,Answer,Meas Value,LOINC,Answer,S,LA6568-5,",
        "602,Answer,Meas Value,LOINC,Answer,S,LA6571-9,",
    ]
    observation = [
        OBSERVATION,
        "1,1,501,2020-01-01,,,601",
        "2,1,501,2020-02-01,,,602",
        "3,1,501,2020-03-01,,Several days,",
        "4,1,501,2020-04-01,,LA6570-1,0",
        "5,1,501,2020-05-01,1,nearly every day,602",
    ]
    found = opened(folder(person=PEOPLE, drug_exposure=DRUG, observation=observation, concept=concept))
    assert found.rows("answer", "item", "value") == [("9", 0.0), ("9", 3.0), ("9", 1.0), ("9", 2.0), ("9", 1.0)]
    assert found.lost("in words or as a concept") == []
    assert found.lost("asked and not answered") == []


def test_other_words_and_concepts_are_unknown_never_the_least(folder, opened):
    concept = [
        CONCEPT,
        "501,Item,Observation,LOINC,Survey,S,44260-8,",
        "603,Answer,Meas Value,LOINC,Answer,S,LA9999-9,",
    ]
    observation = [
        OBSERVATION,
        "1,1,501,2020-01-01,,sometimes,",
        "2,1,501,2020-02-01,,,45881653",
        "3,1,501,2020-03-01,,1,",
        "4,1,501,2020-04-01,,not at all,603",
        "5,1,501,2020-05-01,,,0",
    ]
    found = opened(folder(person=PEOPLE, drug_exposure=DRUG, observation=observation, concept=concept))
    assert found.rows("answer", "item", "value") == [("9", None), ("9", None), ("9", 1.0), ("9", None), ("9", None)]
    assert found.lost("in words or as a concept") == [("read as unknown", 3)]
    assert found.lost("asked and not answered") == [("kept", 1)]


def test_answers_as_codes_without_a_vocabulary(folder, opened):
    """What the concept of an answer is cannot be looked up; its code in the text can be read."""
    observation = [
        "observation_id,person_id,observation_concept_id,observation_date,observation_source_value,value_as_string,value_as_concept_id",
        "1,1,0,2020-01-01,44260-8,LA6571-9,",
        "2,1,0,2020-02-01,44260-8,,602",
    ]
    found = opened(folder(person=PEOPLE, drug_exposure=DRUG, observation=observation))
    assert found.rows("answer", "item", "value") == [("9", 3.0), ("9", None)]


QUESTIONS = {
    "concept not held": ("9999,,", True),
    "a site's own concept": ("2000000001,,", True),
    "a site's own source concept": ("0,2000000001,q9", True),
    "words": ("0,,item nine", True),
    "nothing": ("0,,", True),
    "five digits beside another concept": ("9999,8888,85025", True),
    "a billing code and its concept": ("8888,8888,85025", False),
    "held": ("501,,", False),
    "source concept held": ("9999,501,", False),
    "code in the value": ("9999,8888,44260-8", False),
    "another LOINC code": ("0,,LOINC:718-7", False),
    "a total that stepwell knows": ("3042932,,", False),
    "a known name": ("0,,PHQ-9 total", False),
    "a vital sign that stepwell knows": ("3004249,,", False),
}


@pytest.mark.parametrize("name", ["measurement", "observation"])
def test_whose_questions_could_not_be_read(folder, opened, name):
    """A measurement that nobody could identify may be an answer: then that none is found says nothing of its person."""
    concept = [CONCEPT, "501,Item,Observation,LOINC,Survey,S,44260-8,", "2000000001,Q9,Observation,Ward,Survey,,q9,"]
    columns = "{0}_id,person_id,{0}_date,value_as_number,{0}_concept_id,{0}_source_concept_id,{0}_source_value"
    people = dict(enumerate(QUESTIONS, 1))
    rows = [f"{n},{n},2020-01-01,2,{QUESTIONS[case][0]}" for n, case in people.items()]
    place = folder(
        person=["person_id,year_of_birth", *(f"{n},1980" for n in people)],
        drug_exposure=DRUG,
        concept=concept,
        **{name: [columns.format(name), *rows, "99,1,2021-02-03,2,9999,,"]},
    )
    found = opened(place)
    gaps = found.con.to_pyarrow(found.source.tables["code_gap"]).to_pylist()
    assert {people[g["person_id"]] for g in gaps} == {case for case, (_, is_unread) in QUESTIONS.items() if is_unread}
    assert {(g["record"], g["codeset"], str(g["first_date"])) for g in gaps} == {("answer", None, "2020-01-01")}
    days = {g["person_id"]: (str(g["last_date"]), g["n_rows"]) for g in gaps}
    assert (days[1], days[2]) == (("2021-02-03", 2), ("2020-01-01", 1))
    assert found.lost("measurements and observations that nobody could identify") == [("read as unknown", 7)]
    assert "code_gap" in found.source.has
