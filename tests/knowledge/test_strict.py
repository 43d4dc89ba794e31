"""Every kind of wrong file gives an error that says where it is, what was found and what to write instead."""

import hashlib
import re
from itertools import zip_longest
from pathlib import Path

import pytest

from stepwell.errors import KnowledgeError
from stepwell.knowledge.loader import read_folder

DEFINITION = "definition/two-trials.yaml"
INSTRUMENT = "instrument/two-item.yaml"
TREATMENT, REGIMEN = "treatment/shock.yaml", "regimen/shock-label.yaml"

WRONG = {
    # kind: (file, what stands there, what is written instead, words of the message, words of the remedy)
    "session of an unknown drug": (TREATMENT, "[sertraline]", "[sertralin]", "the ingredient 'sertralin'", "`sertraline`"),
    "session of an unknown set": (TREATMENT, "procedures: [ect]", "procedures: [ekt]", "set of procedures 'ekt'", "`ect`"),
    "session without anything": (
        TREATMENT,
        "ingredients: [sertraline]\nprocedures: [ect]\n",
        "",
        "nothing says what to look for",
        "write ingredients, procedures, or both",
    ),
    "phases of no regimen": (TREATMENT, "shock-label", "shok-label", "the regimen 'shok-label'", "`shock-label`"),
    "regimen of no treatment": (REGIMEN, "treatment: shock", "treatment: shok", "the treatment 'shok'", "`shock`"),
    "dose without unit": (TREATMENT, "at_least: 20 mg", "at_least: 20", "20 has no unit", "write a dose as a number"),
    "dose in grams": (TREATMENT, "at_most: 80 mg", "at_most: 0.08 g", "'g' is no unit of a dose", "known units: mg"),
    "no possible dose": (TREATMENT, "at_most: 80 mg", "at_most: 10 mg", "no dose is possible", "at_most not below it"),
    "code that says two things": (
        TREATMENT,
        "mg_at_most: 40 mg",
        "mg_at_most: 40 mg, mg_per_unit: 1 mg",
        "a code says what a unit holds or how much a visit does",
        "write one of mg_per_unit",
    ),
    "window before the first session": (TREATMENT, "first: 1 day,", "first: 0 days,", "holds no day after", "write first"),
    "phases in one week": (REGIMEN, "from_week: 3", "from_week: 2", "begins before induction has ended", "phases in order"),
    "half weeks": (REGIMEN, "every: 2 weeks", "every: 10 days", "10 days are not whole weeks", "write every as weeks"),
    "pressure without unit": (REGIMEN, "140 mmHg", "140", "140 has no unit", "write a pressure as a number"),
    "readings in no window": (REGIMEN, "last: 50 minutes", "last: 20 minutes", "ends before it begins", "last not below first"),
    "regimen without a source": (
        REGIMEN,
        "within: 7 days, choice: For a test.",
        "within: 7 days",
        "nothing says where it is from",
        "write source, locator and seen, or choice",
    ),
    "greatest dose of an unknown drug": (
        "label_maximum.csv", "sertraline,200", "sertralin,200", "the ingredient 'sertralin'", "`sertraline`",
    ),
    "brand of an unknown drug": (
        "brand.csv", "Poppies,poppy", "Poppies,popy", "the ingredient 'popy'", "correct the name",
    ),
    "misspelt field": (DEFINITION, "  max_gap:", "  max_gapp:", "`trials.max_gapp` is no field", "did you mean `max_gap`?"),
    "unknown field": (DEFINITION, "version: 1", "version: 1\nprefix: 12", "`prefix` is no field", "delete it"),
    "duplicate field": (
        DEFINITION,
        "title: Two failed trials",
        "title: Two failed trials\ntitle: Three",
        "`title` is written twice (first on line 4)",
        "delete one",
    ),
    "missing field": (DEFINITION, "title: Two failed trials\n", "", "`title` is missing", "add `title: text`"),
    "number without unit": (DEFINITION, "14 days", "14", "14 has no unit", "write a time as a number, a space and a unit"),
    "wrong unit": (DEFINITION, "14 days", "14 %", "'%' is no unit of a time", "known units: days"),
    "negative": (DEFINITION, "14 days", "-14 days", "is negative", ""),
    "half a trial": (DEFINITION, "2 trials", "2.5 trials", "is not a whole number", ""),
    "no provenance": (
        DEFINITION,
        "{is: supply, choice: For a test.}",
        "{is: supply}",
        "nothing says where it is from: source, locator, seen missing",
        "write source, locator and seen, or choice",
    ),
    "no locator": (
        DEFINITION, "        locator: Table 1\n", "", "nothing says where it is from: locator missing", "write source, locator",
    ),
    "source and choice": (
        DEFINITION,
        "        below: 25 %",
        "        below: 25 %\n        choice: both",
        "both a source and a choice",
        "write either source, locator and seen, or choice alone",
    ),
    "empty choice": (DEFINITION, "{is: supply, choice: For a test.}", '{is: supply, choice: " "}', "needs its reason", ""),
    "not a way of seeing": (DEFINITION, "        seen: full-text", "        seen: fulltext", "'fulltext'", "`full-text`"),
    "unknown source": (
        DEFINITION,
        "        source: consensus",
        "        source: consensos",
        "names the source 'consensos'",
        "did you mean `consensus`?",
    ),
    "unused source": (
        "references.yaml",
        "form:\n",
        "spare:\n  title: Never cited\nform:\n",
        "source `spare` is cited nowhere",
        "cite it or delete it",
    ),
    "unknown dose standard": (
        DEFINITION,
        "{is: by-form,",
        "{is: by-from,",
        "dose standard 'by-from'",
        "did you mean `by-form`?",
    ),
    "unknown code set": (
        DEFINITION,
        "[major-depression]",
        "[major-depresion]",
        "code set of diagnoses 'major-depresion'",
        "did you mean `major-depression`?",
    ),
    "procedures as diagnoses": (DEFINITION, "[major-depression]", "[ect]", "code set of diagnoses 'ect'", "add `ect`"),
    "unknown ingredient": (
        "dose_standard.csv",
        "sertraline,by-form",
        "sertralin,by-form",
        "ingredient 'sertralin'",
        "did you mean `sertraline`?",
    ),
    "unknown standard in a row": (
        "dose_standard.csv",
        "sertraline,by-form",
        "sertraline,by-fom",
        "dose standard 'by-fom'",
        "did you mean `by-form`?",
    ),
    "combination of an unknown drug": (
        "combination.csv",
        ",sertraline,,,,Water",
        ",sertralina,,,,Water",
        "ingredient 'sertralina'",
        "did you mean `sertraline`?",
    ),
    "unknown word": (DEFINITION, "distinct: ingredient", "distinct: ingredients", "'ingredients'", "`ingredient`"),
    "empty failure": (
        DEFINITION,
        "      improvement:\n        below: 25 %\n        source: consensus\n        locator: Table 1\n        seen: full-text\n",
        "      {}\n",
        "failure is empty",
        "write at least one way",
    ),
    "taken in sliding days": (
        DEFINITION,
        "    within: {is: episode, choice: For a test.}",
        "    within: {days: 90 days, choice: x}\n    taken: {at_least: 2 trials, distinct: class, choice: x}",
        "taken needs within",
        "",
    ),
    "share over 100": (DEFINITION, "share: 10 %", "share: 110 %", "`published[1].share` is 110 %", "check the value"),
    "part over whole": (DEFINITION, "n: 5 people", "n: 51 people", "is 51 of 50", "check the value"),
    "no improvement asked": (DEFINITION, "below: 25 %", "below: 0 %", "improvement.below` is 0 %", "check the value"),
    "no trial asked": (DEFINITION, "2 trials", "0 trials", "count.at_least` is 0 trials", "check the value"),
    "id not the file's": (DEFINITION, "id: two-trials", "id: two-trails", "id 'two-trails'", "write `id: two-trials`"),
    "id in capitals": (DEFINITION, "id: two-trials", "id: Two", "`id` is 'Two'", "lower-case letters"),
    "a list where fields belong": (DEFINITION, "{is: episode, choice: For a test.}", "[episode]", "is a list", "field: value"),
    "broken YAML": (
        DEFINITION, "title: Two failed trials", "title: [Two", "cannot be read: `[` without its `]`", "write the `]`",
    ),
    "wrong header": (
        "dose_standard.csv",
        "min_mg_per_day",
        "min_mg",
        "wrong header: min_mg_per_day missing; min_mg unknown",
        "write the header exactly so",
    ),
    "too many cells": ("dose_standard.csv", "page 1,", "page 1, left,", "8 cells in a row of 7", "quote cells"),
    "duplicate row": (
        "dose_standard.csv",
        "trazodone,by-form,300",
        "sertraline,by-form,60",
        "ingredient and standard as in dose_standard.csv:2",
        "delete one",
    ),
    "row without source": ("dose_standard.csv", "form,page 1,secondary", ",,", "nothing says where it is from", "write source"),
    "dose of nothing": ("dose_standard.csv", "by-form,50", "by-form,0", "out of range", "check the value and its unit"),
    "dose in words": ("dose_standard.csv", "by-form,50", "by-form,fifty", "`min_mg_per_day` is 'fifty'", "write a number"),
    "low dose that is adequate": (
        "ingredient_role.csv",
        "sleep,100",
        "sleep,300",
        "`at_most_mg_per_day` is 300",
        "check both doses",
    ),
    "product of an unknown drug": (
        "rxnorm_product.csv", "Tablet,sertraline", "Tablet,sertralin", "the ingredient 'sertralin'", "`sertraline`",
    ),
    "one code for two drugs": ("ingredient.csv", "10737", "36437", "rxnorm code 36437 is that of ingredient.csv:2", "look up"),
    "code of no vocabulary": (
        "codeset/major-depression.csv",
        "ICD10CM,F32,",
        "ICD-10-CM,F32,",
        "`vocabulary` is 'ICD-10-CM'",
        "did you mean `ICD10CM`?",
    ),
    "code written twice": ("codeset/major-depression.csv", "F32.5", "F32", "vocabulary and code as in", "delete one"),
    "total that the items cannot reach": (INSTRUMENT, "at_most: 6 points\nitems", "at_most: 7 points\nitems", "is 7 points", ""),
    "gap between bands": (INSTRUMENT, "at_least: 3 points", "at_least: 4 points", "`bands` leave a gap", "check the value"),
    "item never scored": (INSTRUMENT, '["1"], ["2"]', '["1"]', "'2' is in no scoring group", "check the value"),
    "item scored twice": (INSTRUMENT, '["1"], ["2"]', '["1"], ["2", "1"]', "'1', which is unknown or named twice", ""),
    "cut outside the scale": (INSTRUMENT, "at_most: 1 points", "at_most: 9 points", "`remission.at_most` is 9", "check"),
    "example outside the item": (INSTRUMENT, '{"1": 2,', '{"1": 4,', "is no answer of that item", "check"),
    "more enter than before": ("ladder/steps.yaml", "entered: 60", "entered: 160", "`steps[2].entered` is 160", "check"),
}  # fmt: skip


def spoil(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{old!r} does not stand in {file}"
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def problems_of(folder: Path, *extra: Path):
    with pytest.raises(KnowledgeError) as caught:
        read_folder(folder, extra)
    assert caught.value.exit_code == 10
    assert "pydantic" not in str(caught.value)
    return caught.value.problems


def first_difference(before: str, after: str) -> int:
    pairs = zip_longest(before.splitlines(), after.splitlines())
    return next(number for number, (old, new) in enumerate(pairs, 1) if old != new)


def test_the_folder_itself_is_right(folder):
    knowledge = read_folder(folder)
    assert set(knowledge.definitions) == {"two-trials"}
    assert [code.code for code in knowledge.codesets["major-depression"].excluded] == ["F32.5"]


# Said where it is best mended, not where it was spoiled: at the group of fields, at the second of two, at the item.
SAID_AT = {
    # What only the whole form shows is told of its first line.
    "session without anything": "id: shock",
    "phases in one week": "id: shock-label",
    "missing field": "id: two-trials",
    "no locator": "improvement:",
    "source and choice": "improvement:",
    "empty failure": "failure:",
    "taken in sliding days": "  - trial:",
    "code written twice": "F32,no",
    "gap between bands": "bands:",
    "item never scored": 'item: "2"',
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_file_says_where_what_and_what_to_write(folder, kind):
    file, old, new, found, remedy = WRONG[kind]
    before = (folder / file).read_text("utf-8")
    spoil(folder, file, old, new)
    after = (folder / file).read_text("utf-8")
    (problem,) = problems_of(folder)
    line = 1 + after[: after.index(SAID_AT[kind])].count("\n") if kind in SAID_AT else first_difference(before, after)
    assert problem.where == f"{file}:{line}"
    assert found in problem.found
    assert remedy in problem.remedy


def test_all_problems_are_told_at_once_and_none_twice(folder):
    spoil(folder, DEFINITION, "14 days", "14")
    spoil(folder, DEFINITION, "version: 1", "version: one")
    spoil(folder, "dose_standard.csv", "by-form,50", "by-form,none")
    spoil(folder, INSTRUMENT, "rater: self", "rater: nurse")
    found = [problem.where for problem in problems_of(folder)]
    assert found == ["dose_standard.csv:2", "instrument/two-item.yaml:6", f"{DEFINITION}:2", f"{DEFINITION}:12"]


def test_a_line_is_right_below_a_cell_of_several_lines(folder):
    spoil(folder, "combination.csv", "Water is no drug.", '"Water\nis no drug."')
    with (folder / "combination.csv").open("a", encoding="utf-8") as file:
        file.write("fire;water,,fire,,,,No drug.\n")
    (problem,) = problems_of(folder)
    assert problem.where == "combination.csv:4"


def test_a_file_that_is_not_text_is_told_by_name(folder):
    (folder / DEFINITION).write_bytes(b"id: \xff\xfe")
    (problem,) = problems_of(folder)
    assert problem.where == f"{DEFINITION}:1"
    assert problem.remedy.startswith("save it as UTF-8")


def test_recalled_values_do_not_pass_in_a_reviewed_file(folder):
    spoil(folder, DEFINITION, "status: draft", "status: reviewed")
    spoil(folder, DEFINITION, "        seen: full-text", "        seen: recalled")
    recalled = next(problem for problem in problems_of(folder) if "recalled" in problem.found)
    assert recalled.where == f"{DEFINITION}:29"
    assert "`branch[1].failure.improvement.seen`" in recalled.found
    assert "look the value up" in recalled.remedy


def test_a_reviewed_file_must_be_locked_and_then_no_longer_changes(folder):
    spoil(folder, DEFINITION, "status: draft", "status: reviewed")
    (problem,) = problems_of(folder)
    assert problem.where == f"{DEFINITION}:3"
    line = re.search(r"`([0-9a-f]{64}  \S+)`", problem.remedy)[1]
    (folder / "knowledge.lock").write_text(f"# reviewed files\n{line}\n", encoding="utf-8")
    assert read_folder(folder).definitions["two-trials"].status == "reviewed"

    spoil(folder, DEFINITION, "28 days, source", "29 days, source")
    (problem,) = problems_of(folder)
    assert problem.where == f"{DEFINITION}:1"
    assert "changed after its review (knowledge.lock:2)" in problem.found
    assert "raise its version" in problem.remedy


def test_the_codes_of_a_reviewed_code_set_are_locked_too(folder):
    spoil(folder, "codeset/ect.yaml", "status: draft", "status: reviewed")
    assert {problem.found.split()[0] for problem in problems_of(folder)} == {"codeset/ect.yaml", "codeset/ect.csv"}


def test_a_lock_of_a_file_that_is_gone_is_told(folder):
    (folder / "knowledge.lock").write_text(f"{'0' * 64}  definition/gone.yaml\n", encoding="utf-8")
    (problem,) = problems_of(folder)
    assert (problem.where, problem.remedy) == ("knowledge.lock:1", "delete this line")


def own_definition(folder: Path, tmp_path: Path) -> Path:
    text = (folder / DEFINITION).read_text(encoding="utf-8")
    path = tmp_path / "mine.yaml"
    text = text.replace("id: two-trials", "id: my-trials").replace("choice: For a test.", "choice: Ours.")
    path.write_text(text + "references:\n  ours:\n    title: Our clinic's rule\n", encoding="utf-8")
    return path


def test_a_definition_of_ones_own_may_bring_its_sources(folder, tmp_path):
    path = own_definition(folder, tmp_path)
    path.write_text(path.read_text("utf-8").replace("source: consensus", "source: ours", 1), encoding="utf-8")
    knowledge = read_folder(folder, [path])
    assert set(knowledge.definitions) == {"two-trials", "my-trials"}
    assert knowledge.references["ours"].title == "Our clinic's rule"
    assert knowledge.digest != read_folder(folder).digest


def test_a_wrong_definition_of_ones_own_is_told_with_its_own_path(folder, tmp_path):
    path = own_definition(folder, tmp_path)
    spoil(tmp_path, "mine.yaml", "max_gap", "maxgap")
    found = {problem.where: problem for problem in problems_of(folder, path)}
    assert found[f"{path}:12"].remedy == "did you mean `max_gap`?"
    assert any("`ours` is cited nowhere" in problem.found for problem in found.values())


def test_a_definition_of_ones_own_cannot_take_a_name_that_is_taken(folder, tmp_path):
    path = tmp_path / "two-trials.yaml"
    path.write_text((folder / DEFINITION).read_text("utf-8"), encoding="utf-8")
    (problem,) = problems_of(folder, path)
    assert problem.where == f"{path}:1"
    assert f"is taken by {DEFINITION}:1" in problem.found


def test_a_definition_that_does_not_exist_is_told(folder, tmp_path):
    (problem,) = problems_of(folder, tmp_path / "none.yaml")
    assert problem.found == "there is no such file"


def test_the_digest_names_the_content(folder):
    before = read_folder(folder).digest
    assert before == read_folder(folder).digest
    spoil(folder, "references.yaml", "A consensus", "Another consensus")
    assert read_folder(folder).digest != before
    assert len(before) == len(hashlib.sha256().hexdigest())
