"""What a form looks like from outside: its fields, what each may hold, where a field belongs. Errors and new forms take their
words from here."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from . import cited
from .cited import Cited, Form
from .written import Path_

_EXAMPLES = {
    id(quantity.__metadata__[0]): example
    for quantity, example in (
        (cited.Days, "N days"),
        (cited.Duration, "N days"),
        (cited.Years, "N years"),
        (cited.Percent, "N %"),
        (cited.Ratio, "N times"),
        (cited.Sessions, "N sessions"),
        (cited.Trials, "N trials"),
        (cited.Records, "N records"),
        (cited.Drugs, "N drugs"),
        (cited.Supplies, "N supplies"),
        (cited.Points, "N points"),
        (cited.MgPerDay, "N mg/day"),
        (cited.Mg, "N mg"),
        (cited.Minutes, "N minutes"),
        (cited.MmHg, "N mmHg"),
        (cited.People, "N people"),
    )
}
_PLAIN_TYPES = ((str, "text"), (int, "a whole number"), (float, "a number"))
A_GROUP = "{...}"
"""Stands for the fields of a form inside a form."""


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


def field_at(form: type[Form] | None, path: Path_) -> FieldInfo | None:
    """The field at this path; None where there is none."""
    names = [part for part in path if isinstance(part, str)]
    field = None
    for name in names:
        fields = form.model_fields if form is not None else {}
        field = next((f for n, f in fields.items() if (f.alias or n) == name), None)
        form = type_inside(field.annotation, BaseModel) if field is not None else None
    return field


def form_at(form: type[Form], path: Path_) -> type[Form] | None:
    """The form that the field at this path holds, or the form itself."""
    if not any(isinstance(part, str) for part in path):
        return form
    field = field_at(form, path)
    return type_inside(field.annotation, BaseModel) if field else None


def names_at(form: type[Form], path: Path_) -> list[str]:
    """The fields of the form that holds the field at this path, as they are written."""
    parent = form_at(form, path[:-1])
    return [field.alias or name for name, field in columns_of(parent).items()] if parent else []


def holders(form: type[Form], word: str, path: Path_ = (), above: tuple = ()) -> Iterator[str]:
    """The parts of the form that hold a field of this name."""
    for name, field in form.model_fields.items():
        inner, here = type_inside(field.annotation, BaseModel), (*path, field.alias or name)
        if inner is None or inner in above:
            continue
        if word in (f.alias or n for n, f in inner.model_fields.items()):
            yield name_of(here)
        yield from holders(inner, word, here, (*above, inner))


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
        return A_GROUP
    return next((word for kind, word in _PLAIN_TYPES if type_inside(field.annotation, kind)), "...")


def words_of(annotation: object) -> list[str]:
    """The words that a field may hold, where it holds one of several."""
    if typing.get_origin(annotation) is typing.Literal:
        return list(typing.get_args(annotation))
    return [word for argument in typing.get_args(annotation) for word in words_of(argument)]


def _marks(annotation: object) -> list:
    here = list(getattr(annotation, "__metadata__", ()))
    return here + [mark for argument in typing.get_args(annotation) for mark in _marks(argument)]
