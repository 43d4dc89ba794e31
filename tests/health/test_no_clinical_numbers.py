"""A clinical number or a drug's name belongs into the knowledge files, where it stands with its source; never into code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import stepwell
from stepwell.knowledge import load

PACKAGE = Path(stepwell.__file__).parent

# The rooms in which a number could decide something about a person.
DECIDING = ("rules/", "on_request/", "knowledge/", "sources/", "candidacy/", "three_values.py")

# Nothing, one, both, days of a week, per cent.
EVERYDAY = {0, 1, 2, 7, 100}

NOT_CLINICAL = {
    "candidacy/story.py": ({5}, "blanks before a table"),
    "on_request/around.py": ({24, 60}, "hours of a day and minutes of an hour"),
    "knowledge/answers.py": ({5}, "lines named of a column with wrong answers"),
    "knowledge/cited.py": ({60, 365.25}, "minutes of an hour; days of a year"),
    "knowledge/fill.py": ({57, 60}, "letters shown of a wrong value"),
    "knowledge/incomplete_words.py": ({99}, "a share that is not quite all"),
    "knowledge/rules.py": ({10}, "letters of a hash"),
    "knowledge/plasma.py": ({60}, "minutes of an hour"),
    "knowledge/plasma_card.py": ({60}, "minutes of an hour"),
    "knowledge/plasma_curve.py": (
        {0.5, 9, 24.0, 60, 64, 1000, 1e-9},
        "half a racemic dose and half a step; decimals kept of a time; hours of a day; minutes of an hour; curves kept; ng a µg",
    ),
    "knowledge/written.py": ({40}, "how deep a file may be nested"),
    "rules/counting.py": ({32}, "bits of a number"),
    "rules/days.py": (
        {3, 4, 5, 9, 10, 12, 31, 153, 365, 400, 1460, 36524, 146096, 146097, 719468},
        "how days are numbered, and how many months and years have",
    ),
    "rules/exposure.py": ({1e6, 0.5}, "rounding to a millionth"),
    "rules/judging.py": ({100_000}, "rows made at a time"),
    "rules/sessions/medication_burden.py": ({3}, "before, during and after"),
    "rules/sessions/translation.py": ({1970}, "the day from which days are counted"),
    "rules/sessions/treatment_day.py": ({3}, "places of a list of three"),
    "rules/sorting.py": ({3, 9, 23, 25}, "Shell's gaps; bits of a number"),
    "rules/translation.py": ({16}, "translations kept"),
    "sources/cdm_part.py": ({8532, 8507, 12, 31}, "OMOP's ids of sexes; ends of months and years"),
    "sources/cells.py": ({0.5, 60, 2100}, "rounding; minutes of an hour; the year from which dates were shifted"),
    "sources/csv_checks.py": ({5}, "lines shown of a wrong file"),
    "sources/doses.py": ({1000.0, 0.001, 60}, "factors of units; minutes of an hour"),
    "sources/parquet_files.py": ({4, 12}, "lengths of the marks of a Parquet file"),
    "sources/fhir/care.py": (
        {8546, 9201, 9202, 9203, 3, 10},
        "OMOP's ids of visits and of a hospice; parts and letters of a date",
    ),
    "sources/orders.py": (
        {38000177, 32838, 38000175, 32825, 32869, 32818, 38000180, 32865},
        "OMOP's ids of types of records",
    ),
    "sources/fhir/concepts.py": ({32838, 32825, 32818, 32865, 32869}, "OMOP's ids of types of records"),
    "sources/fhir/documents.py": ({16, 20, 22, 200}, "how much of a file is looked at, and how many lines are named"),
    "sources/fhir/dosage.py": (
        {24, 1e3, 1e-3, 1e-6, 3.0, 4.0, 0.5},
        "hours of a day; factors of units; rounding; what codes such as TID mean",
    ),
    "sources/fhir/medications.py": ({10}, "letters of a date"),
    "sources/fhir/resources.py": ({20}, "how many places are named"),
    "sources/fhir/rows.py": ({15}, "rows stored at a time"),
    "sources/fhir/shapes.py": ({1e6}, "microseconds of a second"),
    "sources/fhir/surveys.py": ({10}, "letters of a date"),
    "sources/laid_down.py": ({4, 64, 20_480}, "folders written at a time, and rows that wait for them"),
    "sources/parts.py": ({12_500}, "people read at a time"),
    "sources/repeats.py": ({32, 63}, "bits of a number"),
    "sources/identify.py": ({2_000_000_000}, "the concept ids that OMOP leaves to sites"),
    "sources/ingredients.py": ({3, 4, 5}, "the numbers of ways of finding an ingredient"),
    "sources/incomplete.py": ({9201, 262}, "OMOP's ids of visits"),
    "sources/files.py": ({4, 12, 16, 20, 0.75}, "how files and close names are recognised"),
    "sources/medication.py": ({24, 32818, 38000180}, "hours of a day; OMOP's ids of types of records"),
    "sources/omop.py": ({0.75}, "close names"),
    "sources/opening.py": ({8, 12, 39}, "how messages are cut and folded"),
    "sources/sig.py": ({500}, "characters of the longest text"),
    "sources/sig_grammar.py": ({4}, "the largest count without a unit"),
    "sources/sig_numbers.py": ({3, 4}, "a joint of three tokens; quarters"),
    "sources/sig_words.py": (
        {3, 4, 8, 24, 28, 31, 1000},
        "the counts that TID and QID stand for; digits; hours of a day; days of a month; mg of a gram",
    ),
    "sources/strength.py": (
        {8505, 8587, 8576, 9655, 8504, 9600, 0.001, 1000.0, 1e-06, 3},
        "OMOP's ids of units and their factors; groups of a pattern",
    ),
    "sources/values.py": (
        {53, 62},
        "the whole numbers of a double and of 64 bits",
    ),
}

AMOUNT = re.compile(r"\b(?!0\b)\d+(\.\d+)? ?(days?|weeks?|months|years|mg|%|points)\b")


def modules() -> list[str]:
    return sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def constants(module: str) -> list[tuple[int, object]]:
    """Every literal of a module with its line, without docstrings, powers of two, and the length of a list of names."""
    tree = ast.parse((PACKAGE / module).read_text("utf-8"))
    left_out = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=prose):
                left_out.add(id(prose))
            case ast.Assign(targets=[ast.Tuple()], value=ast.Call(func=ast.Name(id="range"), args=[length])):
                left_out.add(id(length))
            case ast.BinOp(left=ast.Constant(value=2 | 2.0), op=ast.Pow(), right=bits):
                left_out.add(id(bits))
    return [(n.lineno, n.value) for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in left_out]


def drug_names() -> set[str]:
    """The names by which drugs are known; (es)ketamine, whose sessions are the subject of the package, may be named."""
    drugs = [drug for drug in load().ingredients.values() if drug.role != "rapid-acting"]
    words = {re.split(r"[- ]", name)[0].lower() for drug in drugs for name in (drug.ingredient, drug.label)}
    return {word for word in words if len(word) > 3}


@pytest.mark.parametrize("module", [m for m in modules() if m.startswith(DECIDING)])
def test_no_number_in_the_code_that_decides(module):
    allowed = EVERYDAY | NOT_CLINICAL.get(module, (set(), ""))[0]
    found = [
        f"{module}:{line}: {value!r}"
        for line, value in constants(module)
        if (isinstance(value, int | float) and not isinstance(value, bool) and value not in allowed)
        or (isinstance(value, str) and AMOUNT.search(value))
    ]
    assert not found, "clinical numbers go into the knowledge files; others into NOT_CLINICAL, with what they are"


def test_what_is_said_not_to_be_clinical_is_in_files_that_exist():
    assert set(NOT_CLINICAL) <= set(modules())


@pytest.mark.parametrize("module", modules())
def test_no_drug_in_code(module):
    names = drug_names()
    text = (PACKAGE / module).read_text("utf-8")
    identifiers = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}
    said = [(line, value) for line, value in constants(module) if isinstance(value, str)] + [
        (0, i) for i in identifiers
    ]
    found = [f"{module}:{line}: {value!r}" for line, value in said if names & set(re.findall(r"[a-z]+", value.lower()))]
    assert not found, "drugs are named in ingredient.csv only"


def test_the_health_test_would_notice(tmp_path, monkeypatch):
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "bad.py").write_text(
        '"""28 days."""\nLIMIT = 28\nNAME = "sertraline"\nSQL = "interval 30 days"\n'
    )
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    assert constants("engine/bad.py") == [(2, 28), (3, "sertraline"), (4, "interval 30 days")]
    assert AMOUNT.search("interval 30 days")
    assert "sertraline" in drug_names()
    with pytest.raises(AssertionError):
        test_no_number_in_the_code_that_decides("engine/bad.py")
    with pytest.raises(AssertionError):
        test_no_drug_in_code("engine/bad.py")
