"""A new form explains itself, is right once its places are filled in, and says what its packaged model says."""

from __future__ import annotations

import re

import pytest
import yaml
from pydantic import BaseModel

from stepwell.errors import KnowledgeError, QuestionError
from stepwell.knowledge.cited import Cited
from stepwell.knowledge.definition import Definition
from stepwell.knowledge.fill import MARK
from stepwell.knowledge.loader import load, load_own
from stepwell.knowledge.shape import type_inside
from stepwell.own import people_file, write_new
from stepwell.own.new import form_text

FILLED = {
    "years": "18 years",
    "days": "28 days",
    "%": "25 %",
    "trials": "2 trials",
    "records": "1 records",
    "supplies": "3 supplies",
}


def fill_in(text: str) -> str:
    """Every marked place of the lines that are read, filled in by what the line itself offers."""
    lines = []
    for line in text.splitlines():
        if MARK in line and not line.startswith("#"):
            head, _, hint = line.partition("  # ")
            unit = head.rpartition(MARK)[2].strip()
            first = re.split(r", | or ", hint)[0] if hint else FILLED[unit] if unit else "Because we say so."
            line = head.replace(f"{MARK} {unit}".strip(), first)
        lines.append(line)
    return "\n".join(lines) + "\n"


def test_an_empty_form_lists_its_places_and_is_right_when_they_are_filled_in(tmp_path, knowledge):
    path, _ = write_new(tmp_path / "my-rule.yaml", knowledge)
    text = path.read_text("utf-8")
    marked = [n for n, line in enumerate(text.splitlines(), 1) if MARK in line and not line.startswith("#")]
    with pytest.raises(KnowledgeError) as caught:
        load_own(path)
    assert [problem.where for problem in caught.value.problems] == [f"{path}:{n}" for n in marked]
    assert all("still to be filled in" in problem.found and problem.remedy for problem in caught.value.problems)
    assert len(marked) > 10

    path.write_text(fill_in(text), "utf-8")
    definition, _ = load_own(path)
    assert (definition.id, definition.version, definition.status) == ("my-rule", 1, "draft")


def test_what_an_empty_form_leaves_out_is_built_as_it_shows(tmp_path, knowledge):
    path, _ = write_new(tmp_path / "my-rule.yaml", knowledge)
    lines = path.read_text("utf-8").splitlines()
    start = lines.index("#trials:")
    end = next(n for n in range(start, len(lines)) if not lines[n].startswith("#"))
    on = [line[1:] if start <= n < end else line for n, line in enumerate(lines)]
    path.write_text(fill_in("\n".join(lines)), "utf-8")
    without = load_own(path)[0].trials
    path.write_text(fill_in("\n".join(on)), "utf-8")
    assert load_own(path)[0].trials == without


def names(form: type[BaseModel]) -> set[str]:
    """The names of all fields of a form and of the forms inside it, as they are written."""
    found = set()
    for name, field in form.model_fields.items():
        inner = type_inside(field.annotation, BaseModel)
        found |= {field.alias or name} | (names(inner) if inner is not None else set())
    return found


def test_every_field_of_the_form_stands_in_an_empty_one(knowledge):
    text = form_text("my-rule", knowledge)
    of_programs = {"as_code", "of", "does", "single_until_next", "in_one_period", "recent", "begun_before", "diagnosed"}
    asked = names(Definition) - Cited.model_fields.keys() - of_programs
    assert [name for name in asked if not re.search(rf"^#* *(- )?{name}:", text, re.MULTILINE)] == []
    assert len(asked) > 30


def test_a_form_begun_with_a_packaged_definition_is_right_at_once_and_says_the_same(tmp_path, knowledge):
    paths = []
    for start in knowledge.definitions:
        path, _ = write_new(tmp_path / f"own-{start}.yaml", knowledge, start)
        paths.append(path)
    made = load(paths).definitions
    named = {"id", "version", "status", "title", "by_default", "published", "policy"}
    for start, model in knowledge.definitions.items():
        own = made[f"own-{start}"]
        for field in Definition.model_fields.keys() - named:
            assert getattr(own, field) == getattr(model, field), (start, field)
        assert own.published == ()


def test_an_optional_part_is_asked_when_its_signs_are_taken_away(tmp_path, knowledge):
    path, _ = write_new(tmp_path / "my-rule.yaml", knowledge)
    text = fill_in(path.read_text("utf-8"))
    off = "#      min_duration:\n#        at_least: ___ days\n#        choice: ___\n"
    assert off in text
    path.write_text(text.replace(off, fill_in(off.replace("#", ""))), "utf-8")
    assert load_own(path)[0].branch[0].trial.min_duration.at_least == 28


def test_the_people_beside_it_wait_for_what_is_expected(tmp_path, knowledge):
    path, people = write_new(tmp_path / "my-rule.yaml", knowledge)
    assert people == people_file(path)
    text = people.read_text("utf-8")
    assert path.name in text
    assert text.count(f"expect: {MARK}") == len(yaml.safe_load(text)) > 1


@pytest.mark.parametrize(
    ("name", "start", "found", "remedy"),
    [
        ("there.yaml", None, "is there already", "name another one"),
        ("new.txt", None, "has another ending", "new.yaml"),
        ("new.yaml", "us-lable", "is no definition", "did you mean `us-label`?"),
        ("us-label.yaml", None, "would be named 'us-label', as a packaged one is", "name another file"),
    ],
)
def test_nothing_is_written_where_it_should_not_be(tmp_path, knowledge, name, start, found, remedy):
    (tmp_path / "there.yaml").write_text("mine\n", "utf-8")
    with pytest.raises(QuestionError) as caught:
        write_new(tmp_path / name, knowledge, start)
    (problem,) = caught.value.problems
    assert found in problem.found
    assert remedy in problem.remedy
    assert [p.name for p in tmp_path.iterdir()] == ["there.yaml"]
    assert (tmp_path / "there.yaml").read_text("utf-8") == "mine\n"


def test_the_same_form_comes_out_every_time(knowledge):
    assert form_text("a", knowledge) == form_text("a", knowledge)
