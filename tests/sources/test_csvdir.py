"""stepwell's own folder: the template reads back, the cells mean what it says, and mistakes are named by line."""

from __future__ import annotations

import datetime

import pytest

from stepwell.errors import QuestionError, SourceError
from stepwell.sources import write_template
from stepwell.sources.csvform import FILES
from stepwell.sources.source import CodedRows

D = datetime.date


@pytest.fixture
def own(tmp_path):
    """A filled-in template: `own(person=["p1,1980,female,"], medication=[...])`."""
    place = tmp_path / "own"
    write_template(place)

    def fill(**lines: list[str]):
        for name, rows in lines.items():
            with (place / f"{name}.csv").open("a", encoding="utf-8") as file:
                # The last columns, of drugs given in sessions, are left empty where a line does not reach them.
                file.writelines(f"{row}{',' * (len(FILES[name]) - 1 - row.count(','))}\n" for row in rows)
        return place

    return fill


def problems(opened, place) -> list[str]:
    with pytest.raises(SourceError) as raised:
        opened(place)
    return [f"{p.where}: {p.found}" for p in raised.value.problems]


def test_the_template_explains_itself_and_its_examples_read_back(own, opened):
    place = own()
    readme = (place / "README.md").read_text(encoding="utf-8")
    for name, form in FILES.items():
        header = (place / f"{name}.csv").read_text(encoding="utf-8").strip()
        assert header == ",".join(f.name for f in form)
        section = readme.split(f"## {name}.csv")[1].split("\n## ")[0]
        assert all(f"`{f.name}`" in section and f.explanation in section for f in form)
        if "```" in section:
            block = section.split("```")[1].strip().splitlines()
            assert block[0] == header
            own(**{name: block[1:]})
    found = opened(place)
    assert found.rows("person", "source_person_id") == ["p1"]
    assert found.rows("condition", "codeset") == ["major-depression"]
    assert found.rows("measurement", "instrument", "total") == [("phq-9", 19.0), ("phq-9", 18.0)]
    assert found.rows("procedure", "procedure", "minute") == [("ect", None), ("psychotherapy", 14 * 60)]
    assert found.rows("answer", "instrument", "item", "value") == [
        ("phq-9", "9", 1.0),
        ("q-les-q-sf", None, 41.0),
        (None, "joy", 3.0),
    ]
    assert found.rows("dose", "ingredient", "kind", "mg") == [("ketamine", "administration", None)]
    assert found.rows("declared_session", "treatment", "is_comparator", "arm", "mg_per_kg") == [
        ("ketamine", False, "ketamine", 0.5),
        ("ketamine", True, "midazolam", 0.045),
    ]
    lost = {loss.what: (loss.effect, loss.n_rows) for loss in found.source.losses if not isinstance(loss, CodedRows)}
    assert lost["sessions of what a treatment was compared with: no doses, and no medicines"] == ("kept", 1)
    assert not [what for what in lost if "nobody could identify" in what]


def test_a_declared_session_says_what_it_is_a_session_of(own, opened):
    """Only with the treatment's own drug; another one is a comparator, and says so."""
    rest = ",,,,,,"
    lines = [
        f"p1,ketamine,2020-01-01{rest},administration,,,,ketamin",
        f"p1,midazolam,2020-01-02{rest},administration,,,,ketamine",
        f"p1,placebo,2020-01-03{rest},comparator",
        f"p1,ketamine,2020-01-04{rest},administration,,,,,arm one",
        f"p1,Ketamine,2020-01-05{rest},,,,,Ketamine,,0.5",
    ]
    place = own(person=["p1,,,"], medication=lines)
    assert problems(opened, place) == [
        "medication.csv, line 2: an unknown treatment in session",
        "medication.csv, line 3: a session of one treatment with another drug",
        "medication.csv, line 4: a comparator of nothing",
        "medication.csv, line 5: arm or mg_per_kg of a line that is no declared session",
    ]


def test_the_template_does_not_write_over_anything(own):
    with pytest.raises(QuestionError):
        write_template(own())


def test_columns_may_come_in_any_order_and_be_left_out(tmp_path, opened):
    (tmp_path / "Person.CSV").write_text("sex,person_id\nF,p1\n", encoding="utf-8")
    (tmp_path / "medication.csv").write_text("Drug,START_DATE,person_id\nSertraline,2020-01-01,p1\n", encoding="utf-8")
    found = opened(tmp_path)
    assert found.rows("person", "sex", "birth_earliest_date") == [("female", None)]
    assert found.rows("medication", "ingredient", "end_date", "mg_per_day") == [("sertraline", None, None)]
    assert found.source.has == {"person", "medication", "concomitant"}


def test_births_of_three_kinds(own, opened):
    found = opened(own(person=["a,1980,,", "b,1980-02,,", "c,1980-02-29,,", "d,,,"], medication=[]))
    assert found.rows("person", "birth_earliest_date", "birth_latest_date") == [
        (D(1980, 1, 1), D(1980, 12, 31)),
        (D(1980, 2, 1), D(1980, 2, 29)),
        (D(1980, 2, 29), D(1980, 2, 29)),
        (None, None),
    ]


@pytest.mark.parametrize(
    ("line", "end", "mg"),
    [
        ("p1,sertraline,2020-01-01,,30,50,,,", D(2020, 1, 30), 50.0),
        ("p1,sertraline,2020-01-01,2020-03-01,,50,,,", D(2020, 3, 1), 50.0),
        ("p1,sertraline,2020-01-01,,30,,25,60,", D(2020, 1, 30), 50.0),
        ("p1,sertraline 25 mg tablet,2020-01-01,,30,,,60,", D(2020, 1, 30), 50.0),
        ("p1,sertraline,2020-01-01,,0,0,25,0,", None, None),
        ("p1,sertraline,2020-01-01,2020-03-01,,,25,60,", D(2020, 3, 1), None),
    ],
)
def test_end_and_dose(own, opened, line, end, mg):
    found = opened(own(person=["p1,1980,,"], medication=[line]))
    assert found.rows("medication", "ingredient", "end_date", "mg_per_day") == [("sertraline", end, mg)]


def test_drugs_by_name_combination_and_those_not_looked_for(own, opened):
    drugs = ["Escitalopram", "amitriptyline + perphenazine", "aspirin", "fluoxetine/olanzapine", "Other"]
    found = opened(own(person=["p1,,,"], medication=[f"p1,{d},2020-01-01,,,,,," for d in drugs]))
    assert found.rows("medication", "address", "ingredient") == [
        ("medication.csv:2", "escitalopram"),
        ("medication.csv:3", "amitriptyline"),
        ("medication.csv:5", "fluoxetine"),
        ("medication.csv:5", "olanzapine"),
    ]
    # Nobody here knows the name: it may be a brand of an antidepressant. `other` says that it is none.
    assert found.lost("nobody could identify") == [("left out", 1)]
    assert found.lost("not looked for") == [("left out", 1)]
    assert (found.source.drug_rows.n_looked_for, found.source.drug_rows.n_other) == (3, 1)
    gaps = found.con.to_pyarrow(found.source.tables["incomplete_medication"]).to_pylist()
    assert sorted((g["reason"], g["n_rows"], g["n_of"]) for g in gaps) == [
        ("unidentified drugs", 1, 5),
        ("unidentified drugs in the source", 1, 5),
    ]


def test_selegiline_by_its_route_and_charted_drugs_alone(own, opened):
    lines = ["p1,selegiline,2020-01-01,,,,,,,,,oral,", "p1,selegiline 5 mg tablet,2020-02-01,,,,,,,,,,",
             "p1,selegiline,2020-03-01,,,,,,,,,transdermal,", "p1,selegiline,2020-04-01,,,,,,,,,,",
             "p2,sertraline,2020-01-01,,,,,,,administration,,,", "p2,sertraline,2020-05-01,,,,,,,administration,,,"]  # fmt: skip
    found = opened(own(person=["p1,,,", "p2,,,"], medication=lines))
    uses = ["Parkinson's disease", "Parkinson's disease", None, "not known", None, None]
    assert found.rows("medication", "labelled_use") == uses
    gaps = found.con.to_pyarrow(found.source.tables["incomplete_medication"]).to_pylist()
    assert [tuple(g.values()) for g in gaps] == [(2, "given in care only", None, 2, 2)]


def test_a_code_counts_for_its_own_vocabulary_only(own, opened):
    lines = ["p1,2020-01-01,ICD10CM,F33.1", "p1,2020-01-02,ICD9CM,F33.1", "p1,2020-01-03,SNOMED,29633"]
    found = opened(own(person=["p1,,,"], condition=lines))
    assert found.rows("condition", "address", "codeset") == [("condition.csv:2", "major-depression")]
    assert found.lost("in no code set") == [("left out", 2)]


def test_every_mistake_is_named_with_its_line(own, opened):
    place = own(
        person=["p1,1980,female,", "p2,in 1980,unsure,"],
        medication=["p1,sertraline,2020-13-01,,thirty,,,,", "", "p9,sertraline,,,,,,,bored", ",,,,,,,,"],
        condition=["p1,2020-01-01,ICD11,6A70", "p1,2020-01-01,stepwell,sadness"],
        measurement=["p1,2020-01-01,phq-99,12"],
    )
    assert problems(opened, place) == [
        "person.csv, line 3: birth_date is no usable date",
        "person.csv, line 3: sex is none of the words known",
        "condition.csv, line 2: an unknown vocabulary",
        "condition.csv, line 3: an unknown code set",
        "medication.csv, line 4: start_date is empty",
        "medication.csv, line 2: start_date is no usable date",
        "medication.csv, line 2: days_supply is no whole number",
        "medication.csv, line 4: stop_reason is none of the words known",
        "medication.csv, line 4: a person who is not in person.csv",
        "measurement.csv, line 2: an unknown instrument",
    ]


def test_many_wrong_lines_are_counted(own, opened):
    place = own(person=["p1,,,"], medication=["p1,sertraline,soon,,,,,,"] * 9)
    assert problems(opened, place) == ["medication.csv, lines 2, 3, 4, 5, 6 and 4 more: start_date is no usable date"]


def test_wrong_headers_are_corrected_by_suggestion(tmp_path, opened):
    (tmp_path / "person.csv").write_text("person_id,brith_date,note\n1,,x\n", encoding="utf-8")
    (tmp_path / "medication.csv").write_text("person_id,drugs,start_date\n1,x,y\n", encoding="utf-8")
    with pytest.raises(SourceError) as raised:
        opened(tmp_path)
    message = str(raised.value)
    assert "did you mean 'birth_date'?" in message
    assert "column 3 has an unknown name" in message
    assert "rename 'drugs' to 'drug'" in message


def test_a_cell_with_a_line_break_does_not_shift_the_lines(own, opened):
    place = own(
        person=["p1,,,"], medication=['p1,"sertraline\n50 mg",2020-01-01,,,,,,', "p1,fluoxetine,2020-01-01,,,,,,"]
    )
    assert found_addresses(opened(place)) == ["medication.csv:2", "medication.csv:4"]


def found_addresses(found) -> list[str]:
    return found.rows("medication", "address")


def test_same_bytes_whatever_the_threads(own, opened):
    people = [f"p{n},1980,," for n in range(3000)]
    lines = [f"p{n % 3000},{('sertraline', 'fluoxetine')[n % 2]},2020-01-01,,{n % 40},50,,," for n in range(20_000)]
    place = own(person=people, medication=lines)

    def content(threads: int, in_order: bool) -> list:
        found = opened(place, {"threads": threads, "preserve_insertion_order": in_order})
        tables = found.source.tables.values()
        return [found.con.to_pyarrow(t.order_by(list(t.columns))) for t in tables] + list(found.source.losses)

    assert content(1, True) == content(2, False)
