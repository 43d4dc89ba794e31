"""Filling a form from what is written, and saying in plain words what does not fit."""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from ..errors import Problem
from . import cited
from .cited import Cited, Form
from .written import Path_, Written

F = TypeVar("F", bound=Form)
MARK = "___"
"""Stands in a new form where something is still to be filled in."""

_EXAMPLES = {
    id(quantity.__metadata__[0]): example
    for quantity, example in (
        (cited.Days, "N days"),
        (cited.Years, "N years"),
        (cited.Percent, "N %"),
        (cited.Trials, "N trials"),
        (cited.Records, "N records"),
        (cited.Supplies, "N supplies"),
        (cited.Points, "N points"),
        (cited.MgPerDay, "N mg/day"),
        (cited.People, "N people"),
    )
}
_ADVICE = re.compile(r"[;:] (?=write |known units)")
_PLAIN_TYPES = ((str, "text"), (int, "a whole number"), (float, "a number"))
_LINES = "`field: value` lines"
_A_GROUP = "{...}"
_GROUP_TYPES = ("model_type", "model_attributes_type")
_PLAIN_WORDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "finite_number": "a number",
    "dict_type": _LINES,
    "model_type": _LINES,
    "model_attributes_type": _LINES,
    "string_pattern_mismatch": "lower-case letters, digits and hyphens",
}


def fill(form: type[F], written: Written, problems: list[Problem], under: Path_ = ()) -> F | None:
    """The form filled in, or None with every problem of it. `under` is what its fields stand under in the file."""
    unfilled = [path for path, value in _texts(written.data) if MARK in value]
    for path in unfilled:
        found = f"`{name_of((*under, *path))}` is still to be filled in"
        problems.append(Problem(written.at(path), found, "", _to_fill_in(form, path)))
    try:
        filled = form.model_validate(written.data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        misspelt = {_meant(form, tuple(d["loc"])) for d in details if d["type"] == "extra_forbidden"}
        told = [d for d in details if not _follows(d, details, misspelt) and tuple(d["loc"]) not in unfilled]
        told += _hidden(form, written.data, details)
        problems.extend(_in_words(form, written, detail, under) for detail in told)
        return None
    return None if unfilled else filled


def fill_parts(form: type[Form], data: object, path: Path_ = ()) -> Iterator[tuple[Path_, Form]]:
    """The forms inside one that cannot be filled which can be filled by themselves, each with its path."""
    for inner, value, here in _inner(form, data, path):
        with suppress(ValidationError):
            yield here, inner.model_validate(value)
        yield from fill_parts(inner, value, here)


def fill_row(form: type[F], row: Written, problems: list[Problem]) -> F | None:
    """The same for a row of a CSV file: where a form holds several values, the cell separates them by semicolons."""
    several = {name for name, field in columns_of(form).items() if type_inside(field.annotation, tuple)}
    data = {
        name: tuple(part.strip() for part in cell.split(";")) if name in several else cell
        for name, cell in row.data.items()
    }
    return fill(form, Written(row.file, data, row.lines), problems)


def columns_of(form: type[Form]) -> dict[str, FieldInfo]:
    """The columns of a CSV file of such rows, its own before those of its provenance."""
    provenance = Cited.model_fields if issubclass(form, Cited) else {}
    own = {name: field for name, field in form.model_fields.items() if name not in provenance}
    return own | dict(provenance)


def name_of(path: Path_) -> str:
    """A path as people write it: `branch[1].trial.min_duration`, counting from one."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def closest(word: str, known: typing.Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    matches = difflib.get_close_matches(word, list(known), n=1)
    return matches[0] if matches else None


def _to_fill_in(form: type[Form], path: Path_) -> str:
    """What to write in place of the mark, and what may be left out instead."""
    field = _field_at(form, path)
    words = words_of(field.annotation) if field is not None else []
    if words:
        what = f"write {', '.join(words[:-1])} or {words[-1]}" if words[1:] else f"write {words[0]}"
    elif path[-1] == "choice":
        what = "write your reason, or write source, locator and seen instead of choice"
    else:
        what = "write a number" if example_of(field).startswith("N ") else f"write it in place of `{MARK}`"
    for end in range(len(path) - 1, 0, -1):
        group = _field_at(form, path[:end])
        if isinstance(path[end - 1], str) and group is not None and not group.is_required():
            return f"{what}; or delete the part `{name_of(path[:end])}` if you do not ask it"
    return what


def _inner(form: type[Form], data: object, path: Path_ = ()) -> Iterator[tuple[type[Form], object, Path_]]:
    """The forms directly inside one, as far as something is written for them."""
    for name, field in form.model_fields.items():
        inner, key = type_inside(field.annotation, BaseModel), field.alias or name
        value = data.get(key) if isinstance(data, dict) else None
        if inner is not None and isinstance(value, dict):
            yield inner, value, (*path, key)
        elif inner is not None and isinstance(value, list):
            yield from ((inner, item, (*path, key, n)) for n, item in enumerate(value) if isinstance(item, dict))


def _texts(data: object, path: Path_ = ()) -> Iterator[tuple[Path_, str]]:
    """Every text that is written, with its path."""
    if isinstance(data, str):
        yield path, data
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in parts:
        yield from _texts(value, (*path, key))


def _hidden(form: type[Form], data: object, details: list, path: Path_ = ()) -> list[dict]:
    """Missing provenance of statements of which another field is wrong too, so that it is told with it and not after it."""
    found = []
    for inner, value, here in _inner(form, data, path):
        if issubclass(inner, Cited) and any(tuple(d["loc"])[:-1] == here for d in details):
            wrong = cited.wrong_provenance(*(value.get(name) for name in Cited.model_fields))
            if wrong:
                found.append({"loc": here, "type": "value_error", "input": value, "ctx": {"error": wrong}})
        found += _hidden(inner, value, details, here)
    return found


def _in_words(form: type[Form], written: Written, detail: Mapping, under: Path_ = ()) -> Problem:
    path, kind, value = tuple(detail["loc"]), detail["type"], detail["input"]
    where, name = written.at(path), name_of((*under, *path))
    if kind == "extra_forbidden":
        expected = "one of " + ", ".join(_names(form, path))
        return Problem(where, f"`{name}` is no field of this form", expected, _place(form, path))
    if kind == "missing":
        example = example_of(_field_at(form, path))
        if example == _A_GROUP:
            names = ", ".join(_names(form, (*path, "")))
            return Problem(
                where, f"`{name}` is missing", _LINES, f"add `{path[-1]}:` and under it, further in: {names}"
            )
        return Problem(where, f"`{name}` is missing", example, f"add `{path[-1]}: {example}`")
    said = f"`{name}` is {_shown(value)}" if name else f"the form is {_shown(value)}"
    if kind == "value_error":
        found, *remedy = _ADVICE.split(str(detail["ctx"]["error"]), maxsplit=1)
        example = example_of(_field_at(form, path))
        expected = example if example.startswith("N ") else ""
        found = f"`{name}` is empty: {found}" if value is None else f"`{name}`: {found}" if name else found
        return Problem(where, found, expected, "".join(remedy))
    if kind == "literal_error":
        expected = detail["ctx"]["expected"]
        meant = closest(str(value), [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")])
        remedy = f"did you mean `{meant}`?" if meant else "write one of these"
        if isinstance(value, list):
            remedy = "write one of these, without brackets or a dash"
        return Problem(where, said, f"one of {expected}", remedy)
    if kind == "too_short":
        return Problem(where, f"`{name}` is empty", "at least one entry", "add an entry")
    if kind.startswith(("greater_than", "less_than")):
        limits = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
        expected = " ".join(f"{limits[k]} {v}" for k, v in detail["ctx"].items() if k in limits)
        return Problem(where, f"{said}, out of range", expected, "check the value and its unit")
    expected = _PLAIN_WORDS.get(kind, detail["msg"])
    if kind == "string_type" and isinstance(value, int | float):
        return Problem(where, said, expected, f'put it in quotes: "{str(value).lower()}"')
    if kind in _GROUP_TYPES:
        names = ", ".join(_names(form, (*path, "")))
        return Problem(where, said, expected, f"write {expected} under it, each on a line of its own: {names}")
    if kind == "tuple_type" and isinstance(value, dict):
        return Problem(where, said, expected, "begin each entry with a dash: `- ` before its first field")
    if kind == "tuple_type":
        example = f"[{value}]" if isinstance(value, str) and value else "a list, in brackets or with a dash each"
        return Problem(where, said, expected, f"write {example}")
    return Problem(where, said, expected, f"write {expected}")


def _place(form: type[Form], path: Path_) -> str:
    """What to do about a field that the form has not: its right spelling, or where it belongs."""
    meant = _meant(form, path)
    if meant:
        return f"did you mean `{meant[-1]}`?"
    elsewhere = sorted(set(_holders(form, str(path[-1]))))
    if elsewhere:
        return f"it belongs under `{'` or `'.join(elsewhere)}`: check its indentation"
    return "delete it, or write one of these"


def _holders(form: type[Form], word: str, path: Path_ = (), above: tuple = ()) -> Iterator[str]:
    """The parts of the form that hold a field of this name."""
    for name, field in form.model_fields.items():
        inner, here = type_inside(field.annotation, BaseModel), (*path, field.alias or name)
        if inner is None or inner in above:
            continue
        if word in (f.alias or n for n, f in inner.model_fields.items()):
            yield name_of(here)
        yield from _holders(inner, word, here, (*above, inner))


def _follows(detail: Mapping, details: list, misspelt: set) -> bool:
    """Whether an error only follows from another: a field missing because it is misspelt, a list empty because its entry is
    wrong."""
    path = tuple(detail["loc"])
    if detail["type"] == "missing":
        return path in misspelt
    below = (tuple(d["loc"]) for d in details if d is not detail)
    return detail["type"] == "too_short" and any(other[: len(path)] == path for other in below)


def _names(form: type[Form], path: Path_) -> list[str]:
    """The fields of the form that holds the field at this path, as they are written."""
    parent = _form_at(form, path[:-1])
    return [field.alias or name for name, field in columns_of(parent).items()] if parent else []


def _meant(form: type[Form], path: Path_) -> Path_ | None:
    """The field that a misspelt one was probably meant to be."""
    name = closest(str(path[-1]), _names(form, path))
    return (*path[:-1], name) if name else None


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a group of fields"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _field_at(form: type[Form] | None, path: Path_) -> FieldInfo | None:
    names = [part for part in path if isinstance(part, str)]
    field = None
    for name in names:
        fields = form.model_fields if form is not None else {}
        field = next((f for n, f in fields.items() if (f.alias or n) == name), None)
        form = type_inside(field.annotation, BaseModel) if field is not None else None
    return field


def _form_at(form: type[Form], path: Path_) -> type[Form] | None:
    if not any(isinstance(part, str) for part in path):
        return form
    field = _field_at(form, path)
    return type_inside(field.annotation, BaseModel) if field else None


def type_inside(annotation: object, wanted: type) -> type | None:
    """The first type of that kind within an annotation such as `tuple[Branch, ...] | None`."""
    origin = typing.get_origin(annotation)
    if isinstance(annotation, type) and origin is None:
        return annotation if issubclass(annotation, wanted) else None
    if origin is wanted:
        return origin
    if origin in (typing.Union, types.UnionType, typing.Annotated, tuple):
        found = (type_inside(argument, wanted) for argument in typing.get_args(annotation))
        return next((f for f in found if f is not None), None)
    return None


def example_of(field: FieldInfo | None) -> str:
    """What a field may hold, in a few words: `N days`, `ever | before`, `text`."""
    if field is None:
        return ""
    marks = [*field.metadata, *_marks(field.annotation)]
    quantity = next((_EXAMPLES[id(mark)] for mark in marks if id(mark) in _EXAMPLES), None)
    if quantity:
        return quantity
    words = words_of(field.annotation)
    if words:
        return " | ".join(words)
    if type_inside(field.annotation, tuple):
        return "[...]"
    if type_inside(field.annotation, BaseModel):
        return _A_GROUP
    return next((word for kind, word in _PLAIN_TYPES if type_inside(field.annotation, kind)), "...")


def _marks(annotation: object) -> list:
    here = list(getattr(annotation, "__metadata__", ()))
    return here + [mark for argument in typing.get_args(annotation) for mark in _marks(argument)]


def words_of(annotation: object) -> list[str]:
    """The words that a field may hold, where it holds one of several."""
    if typing.get_origin(annotation) is typing.Literal:
        return list(typing.get_args(annotation))
    return [word for argument in typing.get_args(annotation) for word in words_of(argument)]
