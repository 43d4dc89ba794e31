"""Simulated people whose truth is known: their course of treatment, the records somebody kept of it, and who has TRD.

The simulator shares the declared tables and the knowledge files with the rest of stepwell and nothing else; what it writes
is read back like any other OMOP folder. Nobody in it exists, and its shares are no evidence about real people.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np

from stepwell.errors import Problem, QuestionError
from stepwell.knowledge import load

from .certainty import Unverified, unverified, vary
from .draw import draw_course
from .forms import Noise
from .formulary import Formulary
from .model import ModelParameters
from .packing import model_parameters
from .parameters import parameters
from .policy import Offer, Policy
from .population import (
    days_ill,
    draw_events,
    draw_outcomes,
    draw_people,
    maintenance_days,
    session_days,
    write_events,
)
from .record import make_records
from .states import Cause, Event, Outcome, Resistance, State, Treatment
from .streams import Kind, Streams
from .write import Folder, new_folder

__all__ = [
    "Cause",
    "Event",
    "Kind",
    "ModelParameters",
    "Noise",
    "Offer",
    "Outcome",
    "Policy",
    "Resistance",
    "State",
    "Streams",
    "Treatment",
    "Unverified",
    "days_ill",
    "draw_events",
    "draw_outcomes",
    "draw_people",
    "maintenance_days",
    "model_parameters",
    "session_days",
    "simulate",
    "unverified",
    "vary",
    "write_events",
]

CHUNK = 8192


def simulate(
    people: int,
    seed: int,
    out: Path,
    *,
    format: Literal["csv", "parquet"] = "parquet",
    noise: Noise | Literal["off", "realistic"] = "realistic",
    drop_out: Literal["star-d", "real-world"] = "star-d",
    progress: Callable[[int, int], None] | None = None,
    chunk: int = CHUNK,
) -> None:
    """Writes simulated records as an OMOP CDM 5.4 folder, the truth in `out/truth`, and `simulation.json` beside them.

    The same people, seed and settings give the same rows, whatever the `chunk` of people drawn at a time (it sets how much
    memory is used). `noise` says how untidy the records are; `drop_out` how many go on to a next step after one that did
    not bring remission: as few as in STAR*D, or as many as in the usual care of the hard to treat. `progress` is told how
    many people are done, of how many.

    Raises QuestionError where the folder is not empty, cannot be written, or a setting does not exist.
    """
    _check(people, format, noise, drop_out)
    formulary = Formulary(load(), parameters())
    blur = {"off": None, "realistic": parameters().noise}[noise] if isinstance(noise, str) else noise
    with new_folder(Path(out)) as partial, Folder(partial, formulary, format) as folder:
        for begin in range(0, people, chunk):
            person = np.arange(begin + 1, min(begin + chunk, people) + 1)
            streams = Streams(seed, person)
            course = draw_course(streams, person, formulary, drop_out)
            folder.add(make_records(course, streams, formulary, blur))
            if progress is not None:
                progress(int(person[-1]), people)
        folder.finish(
            {
                "people": people,
                "seed": seed,
                "drop_out": drop_out,
                "noise": "off" if blur is None else _plain(blur),
                "knowledge": formulary.knowledge.digest,
                "parameters": _plain(formulary.parameters),
            }
        )


def _plain(form) -> dict:
    """A form as plain data, without what was not filled in."""
    return form.model_dump(mode="json", exclude_none=True)


def _check(people: int, form: str, noise: object, drop_out: str) -> None:
    asked = {
        "people": (people, people >= 1, "1 or more"),
        "format": (form, form in ("csv", "parquet"), "csv or parquet"),
        "noise": (noise, isinstance(noise, Noise) or noise in ("off", "realistic"), "off, realistic, or a Noise"),
        "drop_out": (drop_out, drop_out in ("star-d", "real-world"), "star-d or real-world"),
    }
    problems = [
        Problem(name, f"is {value!r}", expected, f"choose {expected}")
        for name, (value, is_good, expected) in asked.items()
        if not is_good
    ]
    if problems:
        raise QuestionError("Nothing was simulated", problems)
