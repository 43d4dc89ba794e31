"""Every way in which a definition of one's own can be written wrongly that anybody thought of, and what its writer is told.

A problem names the line, what stands there and what to do, in words that need no programming; all problems come at once.
"""

import re
from itertools import zip_longest
from pathlib import Path

import pytest
from spoilt import spoilt

from stepwell.errors import KnowledgeError
from stepwell.knowledge.loader import read_folder

MINE = """\
id: my-rule
version: 1
status: draft
title: Two drugs that brought too little
summary: Two drugs failed.

who:
  age:
    at_least: 18 years
    choice: Adults.
  diagnosis:
    any_of: [major-depression]
    at_least: 1 record
    choice: It is about depression.

trials:
  dose_standard:
    is: by-form
    choice: The only one.
  baseline:
    before: 42 days
    after: 7 days
    choice: Six weeks.
  endpoint:
    after_start: 28 days
    after_end: 14 days
    choice: Four weeks.

branch:
  - trial:
      role:
        is: antidepressant
        choice: Antidepressants only.
      use:
        is: antidepressant dose
        choice: Not for sleep.
      min_duration:
        at_least: 28 days
        source: consensus
        locator: Table 1
        seen: abstract
    failure:
      improvement:
        below: 50 %
        source: handbook
        locator: page 7
        seen: full-text
    count:
      at_least: 2 trials
      distinct: ingredient
      choice: Two.
    within:
      is: episode
      choice: The present one.
    dated:
      at: trial end
      choice: When it is over.

published:
  - share: 20 %
    n: 20 people
    of: 100 people
    setting: our clinic
    source: handbook
    locator: page 9
    seen: full-text

references:
  handbook:
    title: Our handbook
    year: 2024
"""

IMPROVEMENT = MINE[MINE.index("      improvement:") : MINE.index("    count:")]
BRANCH = MINE[MINE.index("  - trial:") : MINE.index("published:")]
DURATION = MINE[MINE.index("      min_duration:") : MINE.index("    failure:")]

# kind: (what stands there, what is written instead, words of what is found, words of what to do)
WRONG = {
    # a field's name
    "a misspelt field": (
        "    below: 50",
        "    bellow: 50",
        "`branch[1].failure.improvement.bellow` is no field",
        "did you mean `below`?",
    ),
    "a field nobody knows": (
        "version: 1",
        "version: 1\nprevalence: high",
        "`prevalence` is no field of this form",
        "delete it",
    ),
    "a field in the wrong place": (
        "    count:\n",
        "    min_dose: {at_least: 28 days, choice: x}\n    count:\n",
        "`branch[1].min_dose` is no field",
        "it belongs under `branch.trial`: check its indentation",
    ),
    "a capital letter": ("title: Two", "Title: Two", "`Title` is no field", "did you mean `title`?"),
    "a field twice": (
        "status: draft",
        "status: draft\nversion: 2",
        "`version` is written twice (first on line 2)",
        "delete one of the two",
    ),
    "a field missing": ("title: Two drugs that brought too little\n", "", "`title` is missing", "add `title: text`"),
    "a whole part missing": (
        "    within:\n      is: episode\n      choice: The present one.\n",
        "",
        "`branch[1].within` is missing",
        "add `within:` and under it, further in: is, days",
    ),
    # numbers and units
    "a number without its unit": (
        "42 days",
        "42",
        "`trials.baseline.before`: 42 has no unit",
        "write a time as a number, a space and a unit",
    ),
    "a unit of something else": ("42 days", "42 %", "'%' is no unit of a time", "known units: days, day, weeks, week"),
    "months": ("42 days", "2 months", "'months' is no unit of a time", "known units: days"),
    "a negative time": ("42 days", "-42 days", "'-42 days' is negative", "write a time as a number of 0 or more"),
    "a typographer's minus": ("42 days", "\u221242 days", "is negative", "write a time as a number of 0 or more"),
    "half a trial": ("2 trials", "2.5 trials", "2.5 is not a whole number", "write a whole number"),
    "a number in words": ("42 days", "six weeks", "'six weeks' is no number with a unit", "write a time as a number"),
    "a range": (
        "28 days\n        source",
        "4-6 weeks\n        source",
        "'4-6 weeks' is a range",
        "write a time as one number",
    ),
    "a range in words": ("42 days", "4 to 6 weeks", "'4 to 6 weeks' is a range", "write a time as one number"),
    "a sign before the number": (
        "42 days",
        '"<= 42 days"',
        "has a sign before it",
        "write the number and its unit alone",
    ),
    "a decimal comma": ("50 %", "0,5 %", "'0,5 %' has a comma", "write a point"),
    "a share as a fraction": ("50 %", "0.5", "0.5 is a fraction", "write a share as a percentage, such as '50 %'"),
    "a percentage as a fraction": ("50 %", "0.5 %", "is 0.5 %, less than one in a hundred", "write `50 %` if"),
    "a share over the whole": ("50 %", "150 %", "is 150 %", "check the value"),
    "a share of nothing": ("50 %", "0 %", "is 0 %", "check the value"),
    "percent in words": ("50 %", "50 percent", "'percent' is no unit of a share", "known units: %"),
    "an age of a child of 180": ("18 years", "180 years", "`who.age.at_least` is 180 years", "check the value"),
    "an upper age below the lower": (
        "at_least: 18 years\n",
        "at_least: 18 years\n    at_most: 8 years\n",
        "`who.age.at_most` is 8 years, below the lower limit",
        "check the value",
    ),
    "no trial": ("2 trials", "0 trials", "`branch[1].count.at_least` is 0 trials", "check the value"),
    "no time to count in": (
        "      is: episode",
        "      days: 0 days",
        "`branch[1].within.days` is no time at all",
        "check the value",
    ),
    "a version that is no number": ("version: 1", "version: first", "`version` is 'first'", "write a whole number"),
    "half a version": ("version: 1", "version: 1.5", "`version` is 1.5", "write a whole number"),
    "version nought": ("version: 1", "version: 0", "`version` is 0, out of range", "check the value"),
    "more than all": ("n: 20 people", "n: 200 people", "`published[1].n` is 200 of 100", "check the value"),
    "a published share over the whole": (
        "share: 20 %",
        "share: 120 %",
        "`published[1].share` is 120 %",
        "check the value",
    ),
    "a list of values": ("42 days", "[28 days, 42 days]", "one value belongs here", "write a time as a number"),
    "a value in braces": ("42 days", "{42 days}", "one value belongs here", "write a time as a number"),
    "a value left empty": (
        "before: 42 days",
        "before:",
        "`trials.baseline.before` is empty",
        "write a time as a number",
    ),
    # words of a closed list
    "an unknown word": (
        "distinct: ingredient",
        "distinct: ingredients",
        "is 'ingredients'",
        "did you mean `ingredient`?",
    ),
    "an unknown role": (
        "is: antidepressant\n",
        "is: antidepresant\n",
        "is 'antidepresant'",
        "did you mean `antidepressant`?",
    ),
    "a word from nowhere": (
        "at: trial end",
        "at: discharge",
        "`branch[1].dated.at` is 'discharge'",
        "write one of these",
    ),
    "an unknown status": ("status: draft", "status: final", "`status` is 'final'", "write one of these"),
    "no, on and yes": ("      is: episode", "      is: on", "is 'on'", "write one of these"),
    "a list for one word": (
        "is: antidepressant\n",
        "is: [antidepressant]\n",
        "`branch[1].trial.role.is` is a list",
        "without brackets or a dash",
    ),
    "one for a list": (
        "any_of: [major-depression]",
        "any_of: major-depression",
        "is 'major-depression'",
        "write [major-depression]",
    ),
    "an empty list": ("any_of: [major-depression]", "any_of: []", "`who.diagnosis.any_of` is empty", "add an entry"),
    "a number for a title": (
        "title: Two drugs that brought too little",
        "title: 2024",
        "`title` is 2024",
        'put it in quotes: "2024"',
    ),
    "true for a title": (
        "title: Two drugs that brought too little",
        "title: true",
        "`title` is true",
        'put it in quotes: "true"',
    ),
    "an id with spaces": ("id: my-rule", "id: My rule", "`id` is 'My rule'", "lower-case letters, digits and hyphens"),
    "a date for a year": (
        "year: 2024",
        "year: 2024-13-45",
        "`references.handbook.year` is '2024-13-45'",
        "write a whole number",
    ),
    # where a value is from
    "no source": (
        "        source: consensus\n        locator: Table 1\n        seen: abstract\n",
        "",
        "`branch[1].trial.min_duration`: nothing says where it is from: source, locator, seen missing",
        "write source, locator and seen, or choice: why this value",
    ),
    "no locator": (
        "        locator: Table 1\n",
        "",
        "nothing says where it is from: locator missing",
        "write source, locator and seen",
    ),
    "not said how it was seen": (
        "        seen: abstract\n",
        "",
        "nothing says where it is from: seen missing",
        "write source, locator and seen",
    ),
    "a source and a choice": (
        "        seen: abstract\n",
        "        seen: abstract\n        choice: Ours.\n",
        "both a source and a choice",
        "write either",
    ),
    "an empty reason": ("choice: Adults.", 'choice: " "', "a choice needs its reason", "write choice: why this value"),
    "a reason left out": (
        "choice: Adults.",
        "choice:",
        "`who.age`: nothing says where it is from",
        "write source, locator and seen, or choice",
    ),
    "an unknown way of seeing": ("seen: abstract", "seen: remembered", "is 'remembered'", "write one of these"),
    "a misspelt way of seeing": ("seen: abstract", "seen: abstarct", "is 'abstarct'", "did you mean `abstract`?"),
    "an unknown source": (
        "source: consensus",
        "source: Smith 1999",
        "names the source 'Smith 1999'",
        "describe it at the end of your file: `references:`",
    ),
    "a misspelt source": (
        "source: consensus",
        "source: consensis",
        "names the source 'consensis'",
        "did you mean `consensus`?",
    ),
    "a source that nobody cites": (
        "references:\n",
        "references:\n  spare:\n    title: Spare\n",
        "source `spare` is cited nowhere",
        "cite it or delete it",
    ),
    "a source of a known name": (
        "references:\n",
        "references:\n  consensus:\n    title: Another\n",
        "`consensus` is the name of another source",
        "give yours another name",
    ),
    "a source without a title": (
        "    title: Our handbook\n",
        "",
        "`references.handbook.title` is missing",
        "add `title: text`",
    ),
    "a source in one line": (
        "  handbook:\n    title: Our handbook\n    year: 2024\n",
        "  handbook: Our handbook\n",
        "`references.handbook` is 'Our handbook'",
        "title",
    ),
    "sources as a list": (
        "  handbook:\n    title: Our handbook\n    year: 2024\n",
        "  - handbook\n",
        "`references` holds no sources",
        "write under it",
    ),
    "a recalled value in a reviewed file": (
        "status: draft",
        "status: reviewed",
        "is recalled in a reviewed file",
        "look the value up",
    ),
    # names of what stepwell knows
    "an unknown code set": (
        "[major-depression]",
        "[melancholia]",
        "code set of diagnoses 'melancholia'",
        "write one of major-depression",
    ),
    "a misspelt code set": (
        "[major-depression]",
        "[major-depresion]",
        "'major-depresion'",
        "did you mean `major-depression`?",
    ),
    "procedures for diagnoses": (
        "[major-depression]",
        "[ect]",
        "code set of diagnoses 'ect'",
        "write one of major-depression",
    ),
    "an unknown dose standard": ("is: by-form", "is: athf", "dose standard 'athf'", "write one of by-form"),
    "an id that is taken": (
        "id: my-rule",
        "id: two-trials",
        "id 'two-trials' is taken by definition/two-trials.yaml:1",
        "choose another id",
    ),
    # parts of the form
    "no way to fail": (IMPROVEMENT, "      {}\n", "failure is empty", "write at least one way in which a trial fails"),
    "failure left empty": (IMPROVEMENT, "", "`branch[1].failure` is empty", "improvement"),
    "no branch": (BRANCH, "  []\n", "`branch` is empty", "add an entry"),
    "branch left empty": (BRANCH, "", "`branch` is empty", "write a list"),
    "a branch without its dash": (
        "  - trial:",
        "    trial:",
        "`branch` is a group of fields",
        "begin each entry with a dash",
    ),
    "a value where fields belong": (
        "    count:\n      at_least: 2 trials\n      distinct: ingredient\n      choice: Two.\n",
        "    count: 2 trials\n",
        "`branch[1].count` is '2 trials'",
        "write `field: value` lines under it, each on a line of its own: at_least, distinct",
    ),
    "a dash too many": (
        "      is: episode\n      choice: The",
        "      - is: episode\n        choice: The",
        "`branch[1].within` is a list",
        "field: value",
    ),
    "who left empty": (
        MINE[MINE.index("  age:") : MINE.index("trials:")],
        "",
        "`who` is empty",
        "age, diagnosis, never",
    ),
    "two stretches of time": (
        "      is: episode",
        "      is: episode\n      days: 90 days",
        "is and days exclude each other",
        "write one of them",
    ),
    "no stretch of time": (
        "      is: episode\n",
        "",
        "is and days exclude each other, and one is needed",
        "write one of them",
    ),
    "taken in a number of days": (
        "    within:\n      is: episode",
        "    taken: {at_least: 3 trials, distinct: ingredient, choice: x}\n    within:\n      days: 90 days",
        "taken needs within: {is: episode} or {is: ever}",
        "write one of them",
    ),
    # contradictions
    "windows that overlap": (
        "after_start: 28 days",
        "after_start: 3 days",
        "is 3 days, while the score before a trial may be",
        "let the endpoint begin later",
    ),
    "asked for and excluded": (
        "\ntrials:",
        "  never:\n    any_of: [major-depression]\n    choice: x\n\ntrials:",
        "excludes 'major-depression', which `who.diagnosis` asks for",
        "keep one of the two",
    ),
    "taken beside failed": (
        IMPROVEMENT,
        IMPROVEMENT + "      taken:\n        choice: x\n",
        "decides nothing beside `taken`",
        "keep one of the two",
    ),
    "the same branch twice": (
        "published:",
        BRANCH + "published:",
        "`branch[2]` asks the same as `branch[1]`",
        "delete one of the two",
    ),
    # not filled in
    "a place not filled in": (
        "42 days",
        "___ days",
        "`trials.baseline.before` is still to be filled in",
        "write a number",
    ),
    "a reason not filled in": (
        "choice: Adults.",
        "choice: ___",
        "`who.age.choice` is still to be filled in",
        "or delete the part `who.age`",
    ),
    "a word not filled in": (
        "distinct: ingredient",
        "distinct: ___",
        "is still to be filled in",
        "write ingredient, class or course",
    ),
    "a source not filled in": (
        "source: consensus",
        "source: ___",
        "is still to be filled in",
        "write it in place of `___`",
    ),
    # YAML
    "a tab": ("    at_least: 18 years", "\tat_least: 18 years", "the line begins with a tab", "write plain spaces"),
    "a space from a web page": (
        "    at_least: 18 years",
        "\u00a0\u00a0\u00a0\u00a0at_least: 18 years",
        "a space of another kind",
        "write plain spaces",
    ),
    "no space after the colon": (
        "at_least: 18 years",
        "at_least:18 years",
        "no space after `at_least:`",
        "write `at_least: 18 years`",
    ),
    "no colon": ("at_least: 18 years", "at_least 18 years", "the line has no colon", "write `field: value`"),
    "a colon in the text": (
        "choice: Adults.",
        "choice: Adults: those of 18",
        "a second colon in the text",
        "between quotes",
    ),
    "an open quote": (
        "choice: Adults.",
        'choice: "Adults.',
        "a quote is opened here and never closed",
        "write the closing quote",
    ),
    "text after a quote": (
        "choice: Adults.",
        'choice: "Adults" only.',
        "text goes on after the closing quote",
        "between quotes",
    ),
    "an open bracket": ("[major-depression]", "[major-depression", "`[` without its `]`", "write the `]`"),
    "an open brace": (
        "    within:\n      is: episode\n      choice: The present one.\n",
        "    within: {is: episode, choice: x\n",
        "`{` without its `}`",
        "write the `}`",
    ),
    "text after a bracket": (
        "choice: Adults.",
        "choice: [Adults] only",
        "text goes on after the closing bracket",
        "between quotes",
    ),
    "a percent sign first": (
        "choice: Adults.",
        "choice: % of all",
        "the text begins with a percent sign",
        "between quotes",
    ),
    "an at sign first": ("choice: Adults.", "choice: @home", "the text begins with an at sign", "between quotes"),
    "a greater-than sign first": (
        "choice: Adults.",
        "choice: > 17 years",
        "the text begins with the sign >",
        "between quotes",
    ),
    "an exclamation mark first": (
        "choice: Adults.",
        "choice: !important",
        "`!important` at its beginning",
        "in quotes",
    ),
    "an asterisk first": ("choice: Adults.", "choice: *adults", "the text begins with an asterisk", "between quotes"),
    "an ampersand first": (
        "choice: Adults.",
        "choice: & adults",
        "the text begins with an ampersand",
        "between quotes",
    ),
    "a line too far in": (
        "    choice: Adults.",
        "      choice: Adults.",
        "this line does not fit below line 9",
        "check indentation",
    ),
    "a line too far out": (
        "    choice: Adults.",
        "   choice: Adults.",
        "this line does not fit below line 9",
        "check indentation",
    ),
    "a copied fence": ("id: my-rule", "```yaml\nid: my-rule", "the line is a fence", "delete it"),
    "two documents": (
        "status: draft",
        "status: draft\n---\nstatus: draft",
        "a second document begins here",
        "delete the line `---`",
    ),
    "an anchor used again": (
        "choice: Two.",
        "choice: *why",
        "`*name` stands for what is written elsewhere",
        "write it out",
    ),
    "an anchor inside itself": (
        "any_of: [major-depression]",
        "any_of: &a [major-depression, *a]",
        "stands for what is written elsewhere",
        "write it out",
    ),
    "a bracket for a name": (
        "who:\n",
        "[who]: x\nwho:\n",
        "a bracket stands where a field's name belongs",
        "put the text in quotes",
    ),
    "a character that no text has": (
        "choice: Adults.",
        "choice: Adults\u0007.",
        "a character that no text has",
        "remove it",
    ),
}

ALSO = {
    "a recalled value in a reviewed file": ("seen: abstract", "seen: recalled"),
    "an anchor used again": ("choice: Adults.", "choice: &why Adults."),
}
"""What else is changed for the mistake to be one."""

# Where it is best mended, when that is not the first line that was changed: mostly the head of the part that it is about.
SAID_AT = {
    **dict.fromkeys(
        ("no source", "no locator", "not said how it was seen", "a source and a choice"), "      min_duration:"
    ),
    **dict.fromkeys(("an empty reason", "a reason left out"), "  age:"),
    **dict.fromkeys(("no way to fail", "failure left empty"), "    failure:"),
    **dict.fromkeys(("no branch", "branch left empty", "a branch without its dash"), "branch:"),
    **dict.fromkeys(("a dash too many", "two stretches of time", "no stretch of time"), "    within:"),
    "a source without a title": "  handbook:",
    "sources as a list": "references:",
    "a recalled value in a reviewed file": "        seen: recalled",
    "who left empty": "who:",
    "taken in a number of days": "  - trial:",
    "asked for and excluded": "    any_of: [major-depression]\n    choice: x",
    "taken beside failed": "      improvement:",
    "an anchor used again": "      choice: *why",
    "a field missing": "id: my-rule",
    "a whole part missing": "  - trial:",
    "a field in the wrong place": "    min_dose:",
}


def write(tmp_path: Path, kind: str) -> tuple[Path, str]:
    old, new, *_ = WRONG[kind]
    text = MINE
    for before, after in ((old, new), *([ALSO[kind]] if kind in ALSO else [])):
        assert text.count(before) >= 1, f"{before!r} does not stand in the definition"
        text = text.replace(before, after, 1)
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path, text


def problems_of(folder: Path, path: Path):
    with pytest.raises(KnowledgeError) as caught:
        read_folder(folder, [path])
    return caught.value.problems


def first_difference(text: str) -> int:
    pairs = zip_longest(MINE.splitlines(), text.splitlines())
    return next(number for number, (old, new) in enumerate(pairs, 1) if old != new)


def test_the_definition_itself_is_right(folder, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(MINE, encoding="utf-8")
    assert set(read_folder(folder, [path]).definitions) == {"two-trials", "my-rule"}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_definition_says_where_what_and_what_to_do(folder, tmp_path, kind):
    *_, found, remedy = WRONG[kind]
    path, text = write(tmp_path, kind)
    (problem,) = problems_of(folder, path)
    assert found in problem.found
    assert remedy in problem.remedy
    line = 1 + text[: text.index(SAID_AT[kind])].count("\n") if kind in SAID_AT else first_difference(text)
    assert problem.where == f"{path}:{line}"
    assert not re.search(r"Input should|pydantic|yaml\.|Traceback|None\b", f"{problem}")


def test_there_are_many_kinds_and_each_is_another():
    assert len(WRONG) >= 40
    assert len({(old, new) for old, new, *_ in WRONG.values()}) == len(WRONG)


def test_everything_wrong_is_told_at_once_from_the_first_line_to_the_last(folder, tmp_path):
    path, text = tmp_path / "mine.yaml", MINE
    for old, new in (
        ("version: 1", "version: one"),
        ("[major-depression]", "[melancholia]"),
        ("before: 42 days\n    after: 7 days\n    choice: Six weeks.", "before: 42\n    after: 7"),
        ("source: consensus", "source: Smith"),
        ("below: 50 %", "below: 0.5 %"),
        ("2 trials", "___ trials"),
        ("year: 2024", "year: soon"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    found = {int(p.where.rpartition(":")[2]): p.found for p in problems_of(folder, path)}
    expected = ("version: one", "[melancholia]", "baseline:", "before: 42", "after: 7", "Smith", "0.5 %", "___", "soon")
    assert list(found) == [1 + text[: text.index(words)].count("\n") for words in expected]
    with pytest.raises(KnowledgeError, match=f"^{len(expected)} problems in {re.escape(str(path))}"):
        read_folder(folder, [path])


# kind: (the file's bytes, words of what is found, words of what to do); None: it is right
FILES = {
    "an empty file": (b"", "is empty", "stepwell definition new"),
    "only comments": (b"# to do\n", "is empty", "stepwell definition new"),
    "a list": (b"- id: my-rule\n", "is a list", "stepwell definition new"),
    "a sentence": (b"Two drugs failed.\n", "is one piece of text", "stepwell definition new"),
    "letters of an old code page": (
        MINE.replace("Adults.", "\u00dcber 18").encode("latin-1"),
        "not written in UTF-8",
        "save it as UTF-8",
    ),
    "UTF-16": (MINE.encode("utf-16"), "not written in UTF-8", "save it as UTF-8"),
    "a document of a word processor": (
        b"PK\x03\x04\x14\x00\x06\x00",
        "holds a character that no text has",
        "not as a document of a word processor",
    ),
    "a mark of the byte order": (MINE.encode("utf-8-sig"), None, None),
    "lines that end as on Windows": (MINE.replace("\n", "\r\n").encode(), None, None),
    "no line end at the end": (MINE.rstrip().encode(), None, None),
    "a tab in an empty line": (
        MINE.replace("\nwho:", "\t\nwho:").encode(),
        "the line begins with a tab",
        "plain spaces",
    ),
    "units without a space": (MINE.replace("42 days", "42days").replace("50 %", "50%").encode(), None, None),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_of_any_kind_is_read_or_told_of(folder, tmp_path, kind):
    content, found, remedy = FILES[kind]
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    if found is None:
        assert "my-rule" in read_folder(folder, [path]).definitions
        return
    (problem,) = problems_of(folder, path)
    assert found in problem.found
    assert remedy in problem.remedy
    assert re.fullmatch(rf"{re.escape(str(path))}:\d+", problem.where)


def test_a_letter_that_cannot_be_read_is_told_with_its_line(folder, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(MINE.replace("Adults.", "\u00dcber 18").encode("latin-1"))
    (problem,) = problems_of(folder, path)
    assert problem.where == f"{path}:{first_difference(MINE.replace('Adults.', 'x'))}"


def test_a_file_that_is_not_there_a_folder_and_a_near_name(folder, tmp_path):
    (tmp_path / "mine.yaml").write_text(MINE, encoding="utf-8")
    told = {
        "mien.yaml": ("there is no such file", f"did you mean `{tmp_path / 'mine.yaml'}`?"),
        "nowhere/at/all.yaml": ("there is no such file", "check the name and the folder"),
        ".": ("is a folder", "name the file in it"),
    }
    for name, (found, remedy) in told.items():
        (problem,) = problems_of(folder, tmp_path / name)
        assert (problem.found, problem.remedy) == (found, remedy)


def test_words_are_read_as_words(folder, tmp_path):
    """YAML makes false of `no`, 8 of 010 and a day of 2024-01-31; here they stay what was written."""
    path = tmp_path / "mine.yaml"
    for title in ("no", "on", "Yes", "12:30", "2024-01-31", "1_000", "=", "0x1F"):
        path.write_text(MINE.replace("title: Two drugs that brought too little", f"title: {title}"), encoding="utf-8")
        assert read_folder(folder, [path]).definitions["my-rule"].title == title


def test_two_files_may_bring_the_same_source_but_not_the_same_id(folder, tmp_path):
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(MINE, encoding="utf-8")
    two.write_text(MINE.replace("id: my-rule", "id: another"), encoding="utf-8")
    assert {"my-rule", "another"} < set(read_folder(folder, [one, two]).definitions)
    two.write_text(MINE, encoding="utf-8")
    with pytest.raises(KnowledgeError) as caught:
        read_folder(folder, [one, two])
    (problem,) = caught.value.problems
    assert problem.where == f"{two}:1"
    assert f"is taken by {one}:1" in problem.found


def test_whatever_slips_the_file_is_read_or_told_of(folder, tmp_path):
    path, told = tmp_path / "mine.yaml", 0
    for text in spoilt(MINE, 150, seed=3):
        path.write_text(text, encoding="utf-8")
        try:
            read_folder(folder, [path])
        except KnowledgeError as error:
            told += 1
            for problem in error.problems:
                assert re.fullmatch(rf"{re.escape(str(path))}:\d+", problem.where), text
                assert problem.found
                assert problem.remedy, text
    assert told > 100
