"""People written down: read strictly, judged by the engine, and told where they are judged otherwise than expected."""

from __future__ import annotations

from datetime import date

import pytest
from spoilt import spoilt

from stepwell.errors import SourceError
from stepwell.own import as_records, read_people, try_people, write_new
from stepwell.own.trying import find_differences

ADA = """\
Ada:
  story: Two drugs.
  born: 1980-05-01
  observed: 2015-01-01 2025-12-31
  diagnoses: {2020-01-01: major-depression}
  drugs:
    - sertraline 2020-01-01 8 weeks 100 mg
    - venlafaxine 2020-02-26 2020-04-28 150
  scores: [phq-9 2020-01-01 20, phq-9 2020-02-25 18, phq-9 2020-04-25 17]
  procedures: {2020-09-01: ect}
  expect:
    verdict: met
    date: 2020-04-28
    trials: {sertraline: {n_days: 56, failure.improvement: met, counts: met}}
"""

# kind: (what stands there, what is written instead, words of what is found, words of what to do)
WRONG = {
    "a misspelt field": (
        "  drugs:",
        "  drug:",
        "`drug` is nothing that is written of a person",
        "did you mean `drugs`?",
    ),
    "a field nobody knows": ("  story:", "  weight:", "`weight` is nothing", "delete it"),
    "a person in one line": (ADA, "Ada: two drugs\n", "'Ada' is no person", "write under it story"),
    "no day of the calendar": ("1980-05-01", "1980-02-30", "no day of the calendar", "with hyphens"),
    "a day the other way round": ("phq-9 2020-01-01", "phq-9 01.01.2020", "no day of the calendar", "with hyphens"),
    "one day of two": ("2015-01-01 2025-12-31", "2015-01-01", "`observed` holds no two days", "write both days"),
    "days that are swapped": (
        "2015-01-01 2025-12-31",
        "2025-12-31 2015-01-01",
        "ends before it begins",
        "swap the two",
    ),
    "an unknown diagnosis": (
        "major-depression",
        "melancholia",
        "'melancholia' is no code set of diagnoses",
        "one of these",
    ),
    "a misspelt diagnosis": (
        "major-depression",
        "major-depresion",
        "is no code set",
        "did you mean `major-depression`?",
    ),
    "diagnoses without days": (
        "{2020-01-01: major-depression}",
        "major-depression",
        "holds no days",
        "write a day, a colon",
    ),
    "an unknown procedure": ("ect}", "etc}", "'etc' is no code set of procedures", "did you mean `ect`?"),
    "a misspelt drug": ("sertraline 2020", "sertralin 2020", "'sertralin' is no drug", "did you mean `sertraline`?"),
    "a brand in capitals": (
        "sertraline 2020",
        "Sertraline 2020",
        "'Sertraline' is no drug",
        "did you mean `sertraline`?",
    ),
    "a drug without its dose": ("8 weeks 100 mg", "8 weeks", "no drug with its days and dose", "write it so"),
    "a drug without its end": ("8 weeks 100 mg", "100 mg", "no drug with its days and dose", "write it so"),
    "a drug that ends before it begins": (
        "2020-04-28 150",
        "2020-01-28 150",
        "the last day is before the first",
        "check both",
    ),
    "an unknown reason": ("100 mg", "100 mg bored", "'bored' is no reason for stopping", "one of these"),
    "drugs that are no list": (
        "  scores: [phq-9 2020-01-01 20, ",
        "  scores: phq-9 #",
        "`scores` is no list",
        "with a dash",
    ),
    "an unknown questionnaire": ("[phq-9", "[phq-8", "'phq-8' is no questionnaire", "did you mean `phq-"),
    "a score without its day": ("phq-9 2020-01-01 20", "phq-9 20", "no score with its day and points", "write it so"),
    "a score off the scale": ("2020-01-01 20,", "2020-01-01 28,", "28 points are not on the scale", "check the score"),
    "no verdict": ("    verdict: met\n", "", "`expect` of Ada says nothing yet", "write one of them"),
    "a verdict not filled in": (
        "verdict: met",
        "verdict: ___",
        "`expect` of Ada says nothing yet",
        "write one of them",
    ),
    "a verdict of another kind": (
        "verdict: met",
        "verdict: perhaps",
        "`expect` of Ada is 'perhaps'",
        "write one of them",
    ),
    "an unknown column": (
        "    date:",
        "    met_dat:",
        "'met_dat' is no column of determination",
        "did you mean `met_date`?",
    ),
    "an unknown column of a trial": ("n_days:", "ndays:", "'ndays' is no column of a trial", "did you mean `n_days`?"),
    "a drug not taken": ("{sertraline: {n", "{lithium: {n", "Ada takes no lithium", "check the name"),
    "a person twice": (ADA, ADA + ADA, "`Ada` is written twice (first on line 1)", "delete one"),
    "a tab": ("  born", "\tborn", "the line begins with a tab", "write plain spaces"),
}


@pytest.fixture
def ada(tmp_path):
    path = tmp_path / "people.yaml"
    path.write_text(ADA, "utf-8")
    return path


@pytest.fixture(scope="module")
def definition(knowledge):
    return knowledge.definitions["clinic-two-classes"]


def test_a_person_becomes_records_with_their_lines(ada, knowledge):
    records = as_records(read_people(ada, knowledge))
    assert [(r["ingredient"], r["start_date"], r["end_date"], r["mg_per_day"]) for r in records["medication"]] == [
        ("sertraline", date(2020, 1, 1), date(2020, 2, 25), 100),
        ("venlafaxine", date(2020, 2, 26), date(2020, 4, 28), 150),
    ]
    assert [r["address"] for r in records["medication"]] == [f"{ada}:7", f"{ada}:8"]
    assert [(r["codeset"], r["condition_date"]) for r in records["condition"]] == [
        ("major-depression", date(2020, 1, 1))
    ]
    assert [r["procedure"] for r in records["procedure"]] == ["ect"]
    assert [r["total"] for r in records["measurement"]] == [20, 18, 17]


def test_what_is_left_out_and_what_is_unknown(tmp_path, knowledge):
    path = tmp_path / "people.yaml"
    path.write_text(
        "A:\n  born: 1980\n  observed: never\n  drugs: [sertraline 2020-01-01 - - intolerance]\n  expect: unknown\n"
        "B:\n  born: unknown\n  diagnoses: {2020-01-01: [major-depression, bipolar]}\n  expect: not met\n",
        "utf-8",
    )
    records = as_records(read_people(path, knowledge))
    one, two = records["person"]
    assert (one["birth_earliest_date"], one["birth_latest_date"]) == (date(1980, 1, 1), date(1980, 12, 31))
    assert (two["birth_earliest_date"], two["birth_latest_date"]) == (None, None)
    (supply,) = records["medication"]
    assert (supply["end_date"], supply["mg_per_day"], supply["stop_reason"]) == (None, None, "intolerance")
    assert [row["person_id"] for row in records["observation_period"]] == [2]
    assert {row["codeset"] for row in records["condition"]} == {"major-depression", "bipolar"}


@pytest.mark.parametrize("kind", WRONG)
def test_wrongly_written_people_say_where_what_and_what_to_do(tmp_path, knowledge, kind):
    old, new, found, remedy = WRONG[kind]
    assert old in ADA
    path = tmp_path / "people.yaml"
    path.write_text(ADA.replace(old, new, 1), "utf-8")
    with pytest.raises(SourceError) as caught:
        read_people(path, knowledge)
    told = [p for p in caught.value.problems if found in p.found and remedy in p.remedy]
    assert len(told) == 1, caught.value
    assert told[0].where.startswith(f"{path}:")
    assert told[0].expected


def test_everything_wrong_is_told_at_once(tmp_path, knowledge):
    path = tmp_path / "people.yaml"
    text = (
        ADA.replace("sertraline 2020", "sertralin 2020")
        .replace("1980-05-01", "1980")
        .replace("verdict: met", "verdict: x")
    )
    path.write_text(text + text.replace("Ada", "Bela").replace("phq-9 2020-01-01 20", "phq-9 soon 20"), "utf-8")
    with pytest.raises(SourceError, match=r"^5 problems in the people written down in ") as caught:
        read_people(path, knowledge)
    assert len({problem.where for problem in caught.value.problems}) == 5


def test_a_person_judged_as_expected_differs_in_nothing(ada, knowledge, definition):
    (tried,) = try_people(read_people(ada, knowledge), definition, knowledge)
    assert tried.differences == ()


def test_each_thing_expected_otherwise_is_told(tmp_path, knowledge, definition):
    path = tmp_path / "people.yaml"
    text = ADA.replace("verdict: met", "verdict: unknown").replace("2020-04-28\n    trials", "2020-04-27\n    trials")
    path.write_text(text.replace("n_days: 56", "n_days: 55").replace("counts: met", "counts: not met"), "utf-8")
    (tried,) = try_people(read_people(path, knowledge), definition, knowledge)
    assert [(d.name, d.expected, d.found) for d in tried.differences] == [
        ("verdict", "unknown", "met"),
        ("date", date(2020, 4, 27), date(2020, 4, 28)),
        ("sertraline: n_days", 55, 56),
        ("sertraline: counts", "not met", "met"),
    ]
    assert {row["criterion"] for row in tried.evidence} >= {"count", "failure.improvement"}


def test_a_drug_that_made_no_trial_is_told():
    rows = {"determination": [{"verdict": "unknown"}], "trial": [], "judged_trial": []}
    (difference,) = find_differences({"verdict": "unknown", "lithium: n_days": 3}, rows)
    assert (difference.name, difference.found) == ("lithium: n_days", "no such trial")


def test_the_command_says_who_differs_and_its_exit_code_says_whether_any_does(tmp_path, knowledge, stepwell):
    path, people = write_new(tmp_path / "mine.yaml", knowledge, "clinic-two-classes")
    people.write_text(ADA, "utf-8")
    code, said = stepwell("definition", "test", path)
    assert code == 0
    assert "✓ Ada: met on 28 Apr 2020, as expected" in said
    assert "1 person: 1 as expected, 0 not." in said
    people.write_text(ADA.replace("verdict: met", "verdict: not met"), "utf-8")
    code, said = stepwell("definition", "test", path, people)
    assert code == 1
    assert f"✗ Ada: met on 28 Apr 2020, not as expected ({people}:1)" in said.replace("\n", "")
    assert "expected not met, found met" in said
    assert "trial.min_duration" in said


def test_the_commands_end_with_the_code_of_their_error(tmp_path, knowledge, stepwell):
    path, people = write_new(tmp_path / "mine.yaml", knowledge, "clinic-two-classes")
    assert stepwell("definition", "check", path)[0] == 0
    assert stepwell("definition", "explain", path)[0] == 0
    assert stepwell("definition", "test", path)[0] == SourceError.exit_code
    people.unlink()
    assert stepwell("definition", "test", path)[0] == SourceError.exit_code
    path.write_text("id: mine\n", "utf-8")
    for command in ("check", "explain", "test"):
        assert stepwell("definition", command, path)[0] == 10
    assert stepwell("definition", "new", path)[0] == 12


def test_a_result_keeps_the_definitions_of_ones_own(tmp_path, knowledge, stepwell):
    import stepwell as package
    from stepwell.simulate import simulate

    path, _ = write_new(tmp_path / "mine.yaml", knowledge, "us-label")
    simulate(60, 1, tmp_path / "records")
    package.run(tmp_path / "records", tmp_path / "out", definitions=["mine"], definition_files=[path])
    path.unlink()
    reopened = package.Result.open(tmp_path / "out")
    assert [d.name for d in reopened.definitions] == ["mine@1"]
    assert stepwell("why", tmp_path / "out", "1")[0] == 0


def test_whatever_slips_the_file_is_read_or_told_of(tmp_path, knowledge):
    path, told = tmp_path / "people.yaml", 0
    for text in spoilt(ADA, 150, seed=5):
        path.write_text(text, "utf-8")
        try:
            read_people(path, knowledge)
        except SourceError as error:
            told += 1
            for problem in error.problems:
                assert problem.where.startswith(f"{path}:"), text
                assert problem.remedy, text
    assert told > 100
