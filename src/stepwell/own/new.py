"""A new form to fill in, written by the form itself: every field with what it means, what is optional commented out."""

from __future__ import annotations

import json
import os
import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from stepwell.errors import Problem, QuestionError
from stepwell.knowledge.cited import Cited, Form
from stepwell.knowledge.definition import Definition, TrialBuilding
from stepwell.knowledge.fill import MARK, closest
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.shape import example_of, type_inside, words_of
from stepwell.output import new_file

_WIDTH = 118
_OF_THE_SOURCE_ONLY = ("published", "policy")
"""What is true of a packaged definition and no longer of one made from it."""
_OF_PROGRAMS = ("as_code", "single_until_next", "in_one_period", "recent", "diagnosed")
"""What only the code of others asks: not offered in an empty form."""


def write_new(path: Path, knowledge: Knowledge, start: str | None = None) -> tuple[Path, Path]:
    """Writes a form to fill in, and beside it a file of people to try it on; returns both paths. With `start`, the id of a
    packaged definition, the form is filled in as that one is.

    Raises QuestionError when there is such a file already, when the folder cannot be written, and when there is no such id.
    """
    path = Path(path)
    if not path.name:
        problem = Problem(str(path), "is a folder", "a file that ends in .yaml", "write my-rule.yaml")
        raise QuestionError("The new definition was not written.", [problem])
    people = people_file(path)
    own_id = "-".join(re.findall(r"[a-z0-9]+", path.stem.lower())) or "my-definition"
    problems = [
        Problem(str(p), "is there already", "a new file", "name another one")
        for p in (path, people)
        if os.path.lexists(p)
    ]
    if path.suffix not in (".yaml", ".yml"):
        remedy = f"write {path.with_suffix('.yaml')}"
        problems.append(Problem(str(path), "has another ending", "a file that ends in .yaml", remedy))
    if start is not None and start not in knowledge.definitions:
        meant = closest(start, knowledge.definitions)
        remedy = f"did you mean `{meant}`?" if meant else "see `stepwell knowledge list`"
        problems.append(Problem(start, "is no definition", f"one of {', '.join(knowledge.definitions)}", remedy))
    if own_id in knowledge.definitions:
        problems.append(
            Problem(
                str(path), f"would be named {own_id!r}, as a packaged one is", "a name of its own", "name another file"
            )
        )
    if problems:
        raise QuestionError("The new definition was not written.", problems)
    with new_file(path) as form, new_file(people) as cases:
        form.write_text(form_text(own_id, knowledge, knowledge.definitions.get(start)), "utf-8")
        cases.write_text(_file("people.yaml").replace("FILE", path.name).replace("PEOPLE", people.name), "utf-8")
    return path, people


def people_file(path: Path) -> Path:
    """Where the people to try a definition on are looked for: `my-rule-people.yaml` beside `my-rule.yaml`."""
    return path.with_name(f"{path.stem}-people.yaml")


def form_text(own_id: str, knowledge: Knowledge, start: Definition | None = None) -> str:
    """The text of the form, empty or filled in as `start`."""
    filled: dict[str, object] = {"id": own_id, "version": 1, "status": "draft", "by_default": True}
    if start is None:
        filled["trials"] = _Offered(_usual_building(knowledge))
    else:
        given = {name: getattr(start, name) for name in Definition.model_fields if name not in _OF_THE_SOURCE_ONLY}
        filled = given | filled | {"title": f"{start.title}, changed"}
    head = _file("head.txt").replace("MARK", MARK)
    if start is not None:
        head += f"#\n# Begun as a copy of {start.name}. Say in title, summary and reasons what you change.\n"
    return head + "\n" + "\n".join(_fields(Definition, filled, 0)) + "\n\n" + _file("tail.txt").replace("MARK", MARK)


@dataclass(frozen=True)
class _Offered:
    """A value that holds anyway: shown, and commented out."""

    value: Form


def _usual_building(knowledge: Knowledge) -> TrialBuilding:
    """How trials are built by most of the packaged definitions; of equals, the first."""
    ways = [definition.trials for definition in knowledge.definitions.values()]
    return Counter(ways).most_common(1)[0][0]


def _file(name: str) -> str:
    return resources.files("stepwell.own").joinpath(name).read_text("utf-8")


def _fields(form: type[Form], filled: dict[str, object], depth: int) -> Iterator[str]:
    """The lines of a form; `filled` holds its values by field, and what it does not hold is marked."""
    own = [(name, field) for name, field in form.model_fields.items() if name not in Cited.model_fields]
    own = [(name, field) for name, field in own if name not in _OF_PROGRAMS or filled.get(name)]
    values = {name: filled.get(name) for name, _ in own}
    is_empty = all(value in (None, ()) for value in values.values())
    needed = [name for name, field in own if field.is_required() and field.annotation is not TrialBuilding]
    # Where nothing must be filled in and something has to be, the first field is offered.
    shown = {*needed, *([own[0][0]] if own and is_empty and not needed else [])}
    for name, field in own:
        value = values[name]
        if value in (None, ()) and not field.is_required() and field.default not in (None, ()):
            value = field.default
        is_on = name in shown or (value not in (None, ()) and not isinstance(value, _Offered))
        value = value.value if isinstance(value, _Offered) else value
        lines = _field(field.alias or name, field, value, depth)
        if depth == 0:
            yield ""
        yield from _comment(field, depth)
        yield from lines if is_on else (f"#{line}" for line in lines)
    if issubclass(form, Cited):
        yield from _provenance(filled, depth)


def _field(key: str, field: FieldInfo, value: object, depth: int) -> Iterator[str]:
    indent = "  " * depth
    inner = type_inside(field.annotation, BaseModel)
    several = type_inside(field.annotation, tuple) is not None
    if inner is not None and several:
        yield f"{indent}{key}:"
        for one in value or (None,):
            lines = list(_fields(inner, _values(one), depth + 2))
            start = next(n for n, line in enumerate(lines) if not line.lstrip().startswith("#"))
            above = [line for line in lines[:start] if not line.startswith("#")]
            yield from above
            yield f"{indent}  - {lines[start].lstrip()}"
            yield from (line for line in lines[:start] if line.startswith("#"))
            yield from lines[start + 1 :]
    elif inner is not None:
        yield f"{indent}{key}:"
        yield from _fields(inner, _values(value), depth + 1)
    elif get_origin(field.annotation) is dict:
        yield f"{indent}{key}:"
        yield from (f"{indent}  {k}: {_written(field, v)}" for k, v in (value or {MARK: None}).items())
    elif several or type_inside(field.annotation, list):
        many = [_text(str(one)) for one in value or (MARK,)]
        yield from _list(key, many, indent)
    elif isinstance(value, str) and len(value) > _WIDTH // 2:
        yield f"{indent}{key}: >-"
        yield from textwrap.wrap(value, _WIDTH, initial_indent=f"{indent}  ", subsequent_indent=f"{indent}  ")
    else:
        words = words_of(field.annotation) if key not in Cited.model_fields else []
        hint = f"  # {', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else f"  # {words[0]}" if words else ""
        yield f"{indent}{key}: {_written(field, value)}{hint}"


def _list(key: str, many: list[str], indent: str) -> Iterator[str]:
    line = f"{indent}{key}: [{', '.join(many)}]"
    if len(line) <= _WIDTH and not any(re.search(r"[,\[\]{}]", one) for one in many):
        yield line
        return
    yield f"{indent}{key}:"
    for one in many:
        yield from textwrap.wrap(one, _WIDTH, initial_indent=f"{indent}  - ", subsequent_indent=f"{indent}    ")


def _values(form: Form | None) -> dict[str, object]:
    return {name: getattr(form, name) for name in type(form).model_fields} if form is not None else {}


def _comment(field: FieldInfo, depth: int) -> Iterator[str]:
    """What the field means: its own words, or those of the form that it holds."""
    inner = type_inside(field.annotation, BaseModel)
    said = field.description or (inner.__doc__ if inner is not None else None)
    if said:
        lead = "  " * depth + "# "
        yield from textwrap.wrap(" ".join(said.split()), _WIDTH, initial_indent=lead, subsequent_indent=lead)


def _provenance(filled: dict[str, object], depth: int) -> Iterator[str]:
    names = [name for name in Cited.model_fields if filled.get(name)] or ["choice"]
    for name in names:
        yield from _field(name, Cited.model_fields[name], filled.get(name), depth)


def _written(field: FieldInfo, value: object) -> str:
    """A value as it is written in a form, with its unit."""
    example = example_of(field)
    unit = example.removeprefix("N") if example.startswith("N ") else ""
    if value is None:
        return f"{MARK}{unit}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}{unit}"
    return _text(str(value))


def _text(text: str) -> str:
    """The text, in quotes where YAML would read it as something else."""
    try:
        is_plain = yaml.safe_load(f"- {text}") == [text] and "#" not in text and ": " not in text
    except yaml.YAMLError:
        is_plain = False
    return text if is_plain else json.dumps(text, ensure_ascii=False)
