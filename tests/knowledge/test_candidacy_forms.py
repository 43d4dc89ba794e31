"""Wrong forms of candidacy, published trials and vital signs are told with file and line."""

from __future__ import annotations

import re

import pytest

from stepwell.errors import KnowledgeError
from stepwell.knowledge.loader import read_folder

FORM = "candidacy/here.yaml"
TRIAL = "published/one.yaml"
FILES = {
    FORM: """\
id: here
version: 1
status: draft
kind: policy
title: A policy
summary: A policy.
treatment: sertraline
payer: Somebody
in_force: {valid_from: 2024-01-01, choice: For a test.}
indications:
  - id: trd
    label: Resistant
    choice: For a test.
    asks:
      - {id: adult, label: Adult, age: {at_least: 18 years}, choice: For a test.}
      - {id: trials, label: Trials, failed_trials: {definition: two-trials}, choice: For a test.}
      - id: either
        label: One of two
        choice: For a test.
        either:
          - {label: A, had: {any_of: [ect], at_least: 1 session}}
          - {label: B, scored: {any_of: [{instrument: two-item, above: 3 points}], within: 28 days}}
contraindications:
  - {id: one, label: None, free_of: {any_of: [major-depression]}, choice: For a test.}
cautions:
  - id: pressure
    label: Pressure
    pressure: {systolic_at_most: 140 mmHg, diastolic_at_most: 90 mmHg, within: 30 days, from_age: 18 years, below_age: 65 years}
    choice: For a test.
documents:
  - {id: letter, label: A letter, choice: For a test.}
evidence: [one]
""",
    TRIAL: """\
id: one
label: One
year: 2020
treatment: [sertraline]
people: 10 people
population: People
design: Open
compared_with: Nothing
primary: {is: not compared, choice: For a test.}
outcomes:
  - {what: Response, treated: 50 %, choice: For a test.}
""",
}
WRONG = {
    "misspelt ask": (FORM, "free_of:", "free_off:", "`contraindications[1].free_off` is no field", "`free_of`"),
    "nothing asked": (
        FORM,
        "age: {at_least: 18 years}, ",
        "",
        "exclude each other, and one is needed",
        "write one of them",
    ),
    "two things asked": (
        FORM,
        "age: {at_least: 18 years}",
        "age: {at_least: 18 years}, taking: {otherwise: unknown}",
        "exclude each other",
        "write one of them",
    ),
    "no unit": (FORM, "140 mmHg", "140", "has no unit", "a number, a space and a unit"),
    "wrong unit": (FORM, "140 mmHg", "140 kPa", "'kPa' is no unit of a pressure", "known units: mmHg"),
    "sides exchanged": (
        FORM,
        "diastolic_at_most: 90",
        "diastolic_at_most: 190",
        "is not below systolic_at_most",
        "exchange",
    ),
    "ages exchanged": (FORM, "below_age: 65", "below_age: 17", "is not above from_age", "check both ages"),
    "no such code set": (
        FORM,
        "any_of: [major-depression]",
        "any_of: [major-depresion]",
        "names the code set of diagnoses",
        "did you mean",
    ),
    "no such procedure": (
        FORM,
        "any_of: [ect]",
        "any_of: [etc]",
        "names the code set of procedures 'etc'",
        "did you mean `ect`",
    ),
    "no such definition": (
        FORM,
        "definition: two-trials",
        "definition: two-trial",
        "names the definition",
        "`two-trials`",
    ),
    "no such instrument": (FORM, "instrument: two-item", "instrument: two-items", "names the instrument", "`two-item`"),
    "no such drug": (FORM, "treatment: sertraline", "treatment: sertralin", "names the ingredient", "`sertraline`"),
    "no such trial": (
        FORM,
        "evidence: [one]",
        "evidence: [two]",
        "names the published trial 'two'",
        "add `two` to published/",
    ),
    "no day": (
        FORM,
        "valid_from: 2024-01-01",
        "valid_from: Jan 2024",
        "'Jan 2024' is no day",
        "write it as 2025-01-31",
    ),
    "ends before it begins": (
        FORM,
        "valid_from: 2024-01-01",
        "valid_from: 2024-01-01, valid_until: 2023-12-31",
        "lies before valid_from",
        "check both days",
    ),
    "no payer": (FORM, "payer: Somebody\n", "", "a policy has a payer", "write payer with kind: policy"),
    "an id twice": (FORM, "id: trials,", "id: adult,", "trd.adult stand twice", "an id of its own"),
    "no provenance": (
        FORM,
        "label: A letter, choice: For a test.",
        "label: A letter",
        "nothing says where it is from",
        "write source",
    ),
    "not a finding": (TRIAL, "is: not compared", "is: good", "'good'", "write one of these"),
    "no arm unit": (TRIAL, "treated: 50 %", "treated: 0.5", "is a fraction", "as a percentage"),
}


@pytest.fixture
def whole(folder):
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_the_right_ones_are_read(whole):
    knowledge = read_folder(whole)
    assert list(knowledge.candidacies) == ["here"]
    assert knowledge.candidacies["here"].definitions == ("two-trials",)
    assert list(knowledge.published) == ["one"]


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_one_is_told_with_file_and_line(whole, kind):
    file, right, wrong, found, remedy = WRONG[kind]
    text = FILES[file]
    assert text.count(right) == 1, kind
    (whole / file).write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises(KnowledgeError) as error:
        read_folder(whole)
    told = [p for p in error.value.problems if found in p.found]
    assert told, str(error.value)
    assert remedy in f"{told[0].remedy} {told[0].expected}", told[0]
    assert re.fullmatch(rf"{re.escape(file)}:\d+", told[0].where)
    line = int(told[0].where.rpartition(":")[2])
    near = text[: text.index(right)].count("\n") + 1
    # What is wrong with a form as a whole is told at its first line.
    assert line == 1 or abs(line - near) <= 14


def test_a_vital_sign_without_a_unit(whole):
    path = whole / "vital.csv"
    path.write_text(path.read_text("utf-8").replace(",mmHg,", ",mm,"), encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"vital\.csv:2"):
        read_folder(whole)
