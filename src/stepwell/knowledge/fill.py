"""Filling a form from what is written, and saying in plain words what does not fit."""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ..errors import Problem
from . import cited
from .cited import Cited, Form
from .shape import A_GROUP, columns_of, example_of, field_at, holders, name_of, names_at, type_inside, words_of
from .written import Path_, Written

F = TypeVar("F", bound=Form)
MARK = "___"
"""Stands in a new form where something is still to be filled in."""

_ADVICE = re.compile(r"[;:] (?=write |known units)")
_LINES = "`field: value` lines"
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


def closest(word: str, known: typing.Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    matches = difflib.get_close_matches(word, list(known), n=1)
    return matches[0] if matches else None


def _to_fill_in(form: type[Form], path: Path_) -> str:
    """What to write in place of the mark, and what may be left out instead."""
    field = field_at(form, path)
    words = words_of(field.annotation) if field is not None else []
    if words:
        what = f"write {', '.join(words[:-1])} or {words[-1]}" if words[1:] else f"write {words[0]}"
    elif path[-1] == "choice":
        what = "write your reason, or write source, locator and seen instead of choice"
    else:
        what = "write a number" if example_of(field).startswith("N ") else f"write it in place of `{MARK}`"
    for end in range(len(path) - 1, 0, -1):
        group = field_at(form, path[:end])
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
        expected = "one of " + ", ".join(names_at(form, path))
        return Problem(where, f"`{name}` is no field of this form", expected, _place(form, path))
    if kind == "missing":
        example = example_of(field_at(form, path))
        if example == A_GROUP:
            names = ", ".join(names_at(form, (*path, "")))
            return Problem(
                where, f"`{name}` is missing", _LINES, f"add `{path[-1]}:` and under it, further in: {names}"
            )
        return Problem(where, f"`{name}` is missing", example, f"add `{path[-1]}: {example}`")
    said = f"`{name}` is {_shown(value)}" if name else f"the form is {_shown(value)}"
    if kind == "value_error":
        found, *remedy = _ADVICE.split(str(detail["ctx"]["error"]), maxsplit=1)
        example = example_of(field_at(form, path))
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
        names = ", ".join(names_at(form, (*path, "")))
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
    elsewhere = sorted(set(holders(form, str(path[-1]))))
    if elsewhere:
        return f"it belongs under `{'` or `'.join(elsewhere)}`: check its indentation"
    return "delete it, or write one of these"


def _follows(detail: Mapping, details: list, misspelt: set) -> bool:
    """Whether an error only follows from another: a field missing because it is misspelt, a list empty because its entry is
    wrong."""
    path = tuple(detail["loc"])
    if detail["type"] == "missing":
        return path in misspelt
    below = (tuple(d["loc"]) for d in details if d is not detail)
    return detail["type"] == "too_short" and any(other[: len(path)] == path for other in below)


def _meant(form: type[Form], path: Path_) -> Path_ | None:
    """The field that a misspelt one was probably meant to be."""
    name = closest(str(path[-1]), names_at(form, path))
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
