"""Filling a form from what is written, and saying in plain words what does not fit."""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from ..errors import Problem
from . import cited
from .cited import Cited, Form
from .written import Path_, Written

F = TypeVar("F", bound=Form)

_EXAMPLES = {
    id(quantity.__metadata__[0]): example
    for quantity, example in (
        (cited.Days, "N days"),
        (cited.Years, "N years"),
        (cited.Percent, "N %"),
        (cited.Trials, "N trials"),
        (cited.Records, "N records"),
        (cited.Points, "N points"),
        (cited.MgPerDay, "N mg/day"),
        (cited.People, "N people"),
    )
}
_ADVICE = re.compile(r"[;:] (?=write |known units)")
_PLAIN_TYPES = ((str, "text"), (int, "a whole number"), (float, "a number"))
_PLAIN_WORDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "dict_type": "`field: value` lines",
    "model_type": "`field: value` lines",
    "model_attributes_type": "`field: value` lines",
    "string_pattern_mismatch": "lower-case letters, digits and hyphens",
}


def fill(form: type[F], written: Written, problems: list[Problem]) -> F | None:
    """The form filled in, or None with every problem of it."""
    try:
        return form.model_validate(written.data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        misspelt = {_meant(form, tuple(d["loc"])) for d in details if d["type"] == "extra_forbidden"}
        told = [d for d in details if not _follows(d, details, misspelt)]
        problems.extend(_in_words(form, written, detail) for detail in told)
        return None


def fill_row(form: type[F], row: Written, problems: list[Problem]) -> F | None:
    """The same for a row of a CSV file: where a form holds several values, the cell separates them by semicolons."""
    several = {name for name, field in columns_of(form).items() if _inside(field.annotation, tuple)}
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


def _in_words(form: type[Form], written: Written, detail: Mapping) -> Problem:
    path, kind, value = tuple(detail["loc"]), detail["type"], detail["input"]
    where, name = written.at(path), name_of(path)
    if kind == "extra_forbidden":
        meant = _meant(form, path)
        remedy = f"did you mean `{meant[-1]}`?" if meant else "delete it, or write one of these"
        return Problem(where, f"`{name}` is no field of this form", "one of " + ", ".join(_names(form, path)), remedy)
    if kind == "missing":
        example = _example(_field_at(form, path))
        return Problem(where, f"`{name}` is missing", example, f"add `{path[-1]}: {example}`")
    said = f"`{name}` is {_shown(value)}" if name else f"the form is {_shown(value)}"
    if kind == "value_error":
        found, *remedy = _ADVICE.split(str(detail["ctx"]["error"]), maxsplit=1)
        example = _example(_field_at(form, path))
        expected = example if example.startswith("N ") else ""
        return Problem(where, f"`{name}`: {found}" if name else found, expected, "".join(remedy))
    if kind == "literal_error":
        expected = detail["ctx"]["expected"]
        meant = closest(str(value), [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")])
        return Problem(where, said, f"one of {expected}", f"did you mean `{meant}`?" if meant else "write one of these")
    if kind == "too_short":
        return Problem(where, f"`{name}` is empty", "at least one entry", "add an entry")
    if kind.startswith(("greater_than", "less_than")):
        limits = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
        expected = " ".join(f"{limits[k]} {v}" for k, v in detail["ctx"].items() if k in limits)
        return Problem(where, f"{said}, out of range", expected, "check the value and its unit")
    expected = _PLAIN_WORDS.get(kind, detail["msg"])
    return Problem(where, said, expected, f"write {expected}")


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
    return [field.alias or name for name, field in parent.model_fields.items()] if parent else []


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
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _field_at(form: type[Form] | None, path: Path_) -> FieldInfo | None:
    names = [part for part in path if isinstance(part, str)]
    field = None
    for name in names:
        fields = form.model_fields if form is not None else {}
        field = next((f for n, f in fields.items() if (f.alias or n) == name), None)
        form = _inside(field.annotation, BaseModel) if field is not None else None
    return field


def _form_at(form: type[Form], path: Path_) -> type[Form] | None:
    field = _field_at(form, path)
    return (
        form if not any(isinstance(p, str) for p in path) else _inside(field.annotation, BaseModel) if field else None
    )


def _inside(annotation: object, wanted: type) -> type | None:
    """The first type of that kind within an annotation such as `tuple[Branch, ...] | None`."""
    origin = typing.get_origin(annotation)
    if isinstance(annotation, type) and origin is None:
        return annotation if issubclass(annotation, wanted) else None
    if origin is wanted:
        return origin
    if origin in (typing.Union, types.UnionType, typing.Annotated, tuple):
        found = (_inside(argument, wanted) for argument in typing.get_args(annotation))
        return next((f for f in found if f is not None), None)
    return None


def _example(field: FieldInfo | None) -> str:
    if field is None:
        return ""
    marks = [*field.metadata, *_marks(field.annotation)]
    quantity = next((_EXAMPLES[id(mark)] for mark in marks if id(mark) in _EXAMPLES), None)
    if quantity:
        return quantity
    words = _literals(field.annotation)
    if words:
        return " | ".join(words)
    if _inside(field.annotation, tuple):
        return "[...]"
    if _inside(field.annotation, BaseModel):
        return "{...}"
    return next((word for kind, word in _PLAIN_TYPES if _inside(field.annotation, kind)), "...")


def _marks(annotation: object) -> list:
    here = list(getattr(annotation, "__metadata__", ()))
    return here + [mark for argument in typing.get_args(annotation) for mark in _marks(argument)]


def _literals(annotation: object) -> list[str]:
    if typing.get_origin(annotation) is typing.Literal:
        return list(typing.get_args(annotation))
    return [word for argument in typing.get_args(annotation) for word in _literals(argument)]
