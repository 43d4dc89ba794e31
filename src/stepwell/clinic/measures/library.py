"""The questionnaires and schedules that a clinic can ask by: those that stepwell ships, and the files in the clinic's directory.

`questionnaires/*.yaml` adds a questionnaire, or replaces one of the same id by a later date; `schedules/*.yaml` a schedule;
`wordings/*.yaml` the wording of an instrument that stepwell may not ship and the clinic may use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stepwell.clinic.history.questionnaire import Part, Questionnaire, read, shipped
from stepwell.errors import Problem, QuestionError

from .schedule import Schedule

_SHIPPED = Path(__file__).parent / "schedules"


class Wording(BaseModel):
    """The wording of an instrument, as a clinic installs it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    instrument: str
    licence: str = Field(min_length=1)
    """By what right the clinic uses it."""
    about: str = ""
    items: dict[str, str]
    choices: dict[str, dict[str, str]] = {}
    """The answers of each item: `{"1": {"0": "...", "1": "..."}}`; `all` stands for every item."""


@lru_cache(maxsize=8)
def _library(place: Path, _state: tuple) -> tuple[dict[str, Questionnaire], dict[str, Schedule]]:
    problems: list[Problem] = []
    forms: dict[str, Questionnaire] = {}
    for form in (*shipped(), *_read(place / "questionnaires", read, problems)):
        if form.id not in forms or form.date > forms[form.id].date:
            forms[form.id] = form
    for file, wording in _named(place / "wordings", _model(Wording), problems):
        problems += _problems_of(wording, file, forms.values())
        forms = {name: _worded(form, wording) for name, form in forms.items()}
    schedules: dict[str, Schedule] = {}
    for schedule in (
        *_read(_SHIPPED, _model(Schedule), problems),
        *_read(place / "schedules", _model(Schedule), problems),
    ):
        if schedule.id not in schedules or schedule.date > schedules[schedule.id].date:
            schedules[schedule.id] = schedule
        for name in {name for asked in schedule.asked for name in asked.questionnaires} - set(forms):
            problems.append(Problem(f"schedule {schedule.id}", f"no questionnaire {name!r}", ", ".join(sorted(forms))))
    if problems:
        raise QuestionError("The clinic's files of questionnaires cannot be read.", problems)
    return forms, schedules


def _model(form: type[BaseModel]) -> Callable[[Path], Any]:
    return lambda file: form.model_validate(yaml.safe_load(file.read_text("utf-8")))


def _read(folder: Path, reader: Callable[[Path], Any], problems: list[Problem]) -> Iterator[Any]:
    return (one for _file, one in _named(folder, reader, problems))


def _named(folder: Path, reader: Callable[[Path], Any], problems: list[Problem]) -> Iterator[tuple[Path, Any]]:
    """Each file of the folder and what it says; what is wrong is added to the problems."""
    for file in sorted(folder.glob("*.yaml")):
        try:
            yield file, reader(file)
        except ValidationError as error:
            for one in error.errors():
                where = ".".join(str(part) for part in one["loc"])
                problems.append(Problem(f"{file}, {where}", one["msg"], "", "correct the file, or take it away"))
        except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, OSError) as error:
            expected = "a YAML file as docs/clinic.md shows"
            problems.append(Problem(str(file), f"cannot be read: {type(error).__name__}", expected))


def _problems_of(wording: Wording, file: Path, forms: Iterable[Questionnaire]) -> Iterator[Problem]:
    parts = [part for form in forms for part in form.parts if part.instrument == wording.instrument]
    if not parts:
        yield Problem(f"{file}, instrument", f"{wording.instrument!r} is asked by no questionnaire")
    elif set(wording.items) != set(parts[0].items):
        yield Problem(f"{file}, items", "not the items of the instrument", f"each of {', '.join(parts[0].items)}")


def _worded(form: Questionnaire, wording: Wording) -> Questionnaire:
    """The questionnaire in the clinic's wording, where the instrument is the same and every item has one."""
    parts = []
    for part in form.parts:
        if part.instrument == wording.instrument and set(wording.items) == set(part.items):
            choices = {item: wording.choices.get(item) or wording.choices.get("all") or {} for item in part.items}
            choices = {item: given for item, given in choices.items() if given}
            new = {"items": {item: wording.items[item] for item in part.items}, "item_choices": choices}
            part = Part.model_validate(
                part.model_dump(exclude={"is_by_number"}) | new | {"about": wording.about or part.about}
            )
        parts.append(part)
    return form.model_copy(update={"parts": tuple(parts)})


def _here() -> tuple[dict[str, Questionnaire], dict[str, Schedule]]:
    """The library of this clinic's directory; read again where a file changed."""
    place = settings.DIRECTORY.path
    files = [f for name in ("questionnaires", "schedules", "wordings") for f in sorted((place / name).glob("*.yaml"))]
    return _library(place, tuple((str(file), file.stat().st_mtime_ns) for file in files))


def titles() -> Callable[[str], str]:
    """What each questionnaire is called, by its id; the id itself where its file is gone."""
    known = questionnaires()
    return lambda name: known[name].title if name in known else name


def questionnaires() -> dict[str, Questionnaire]:
    """Every questionnaire by its id."""
    return _here()[0]


def schedules() -> dict[str, Schedule]:
    """Every schedule by its id."""
    return _here()[1]
