"""Simulating into a folder, chunk after chunk: it appears whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import numpy as np

from stepwell.errors import Problem, QuestionError
from stepwell.knowledge import load
from stepwell.output import new_folder

from ..certainty import unverified
from ..forms import Noise
from ..model import ModelParameters
from ..packing import model_parameters
from ..parameters import parameters
from ..policy import Offer, Policy
from ..population import MOST_RECORDED, draw_events, draw_people
from ..states import Treatment
from ..streams import Streams
from .clinic import measure_doses, no_others
from .course import find_sessions
from .files import Files
from .formulary import Formulary
from .history import find_spans, find_treatments, prepared
from .listed import TABLES, list_rows
from .made import Records, Scores, chart, diagnose, dispense, read_around
from .mood import find_mood, find_visits
from .noise import blurred
from .omop import Omop
from .people import draw_whom
from .truth import find_truth
from .truths import truth_tables

CHUNK = 1 << 14
FORMATS = ("omop-parquet", "omop-csv", "omop-duckdb", "fhir", "csv-folder")
_SHORT = {"parquet": "omop-parquet", "csv": "omop-csv", "duckdb": "omop-duckdb"}
Format = Literal["omop-parquet", "omop-csv", "omop-duckdb", "fhir", "csv-folder", "parquet", "csv", "duckdb"]


def simulate(
    people: int,
    seed: int,
    out: Path,
    *,
    format: Format = "omop-parquet",
    noise: Noise | Literal["off", "realistic"] = "realistic",
    policy: Policy | None = None,
    model: ModelParameters | None = None,
    scored: Literal["visits", "doses"] = "visits",
    progress: Callable[[int, int], None] | None = None,
    chunk: int = CHUNK,
) -> None:
    """Writes simulated records into a new folder, the truth in `out/truth`, and `simulation.json` beside them.

    The same people, seed and settings give the same rows, whatever the `chunk` of people drawn at a time (it sets how much
    memory is used), and the same numbers in every format: OMOP CDM 5.4 (`parquet`, `csv` and `duckdb` are short for it), FHIR R4
    bulk NDJSON, or stepwell's own folder of CSV files. `noise` says how untidy the records are; `policy` what is offered to
    whom (by default what `parameters.yaml` says), `model` how people fare. `scored` says when: at `visits`, or (`doses`) also
    before doses of esketamine and ketamine and on some days after, with other scales, as such clinics do. `progress` is told how
    many people are done, of how many.

    Raises QuestionError where the folder is not empty, cannot be written, or a setting does not exist.
    """
    form = _SHORT.get(format, format)
    _check(people, seed, form, noise, scored)
    f = Formulary(load(), parameters())
    model, policy = model or model_parameters(), policy or usual_policy()
    _check_horizon(model, f)
    blur = {"off": None, "realistic": f.parameters.noise}[noise] if isinstance(noise, str) else noise
    with new_folder(out, "Nothing was simulated") as partial, Files(partial, form) as files:
        (partial / "truth").mkdir()
        writer = _writer(form, f, scored, seed, blur)
        first = dict.fromkeys(TABLES, 1)
        chunks = [range(begin, min(begin + chunk, people + 1)) for begin in range(1, people + 1, chunk)]
        drawn = _ahead(lambda some: _draw(some, seed, model, policy, blur, scored, f), chunks)
        for some, (records, truth) in zip(chunks, drawn, strict=True):
            listed = list_rows(records, f, first)
            for name, rows in writer.tables(listed).items():
                files.write(name, rows)
            for name, rows in truth.items():
                files.write(name, rows, is_truth=True)
            first = {table: first[table] + len(getattr(listed, table)) for table in TABLES}
            if progress is not None:
                progress(some[-1], people)
        for name, rows in writer.constant().items():
            files.write(name, rows)
        settings = {
            "people": people,
            "seed": seed,
            "format": form,
            "policy": [_offer(offer) for offer in policy.offers],
            "scored": scored,
            "noise": "off" if blur is None else _plain(blur),
            "knowledge": f.knowledge.digest,
            "parameters": _plain(f.parameters),
            "model": _plain(model),
            "unverified": [str(what.path) for what in unverified(model)],
        }
        _say(partial, settings | {"n_rows": files.finish()})


def _ahead(draw: Callable, chunks: list[range]) -> Iterator:
    """What is drawn of each chunk, in order: the next one is drawn while the last one is written."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(draw, chunks[0])
        for following in (*chunks[1:], None):
            drawn = coming.result()
            if following is not None:
                coming = pool.submit(draw, following)
            yield drawn


def _draw(
    some: range, seed: int, model: ModelParameters, policy: Policy, noise: Noise | None, scored: str, f: Formulary
):
    """The records and the truth of some people."""
    who = draw_people(model, seed, some)
    streams = Streams(seed, who["person"])
    events = draw_events(model, policy, seed, some, threads=1)
    people = draw_whom(streams, who, events, f)
    events = prepared(events, people)
    treatments = find_treatments(streams, people, events, f)
    spans = find_spans(streams, treatments, f)
    courses, sessions = find_sessions(streams, people, events, model, f)
    mood = find_mood(streams, people, events, f)
    visits = find_visits(streams, people, mood, f)
    is_clinics, others = np.zeros(len(visits), dtype=bool), no_others()
    if scored == "doses":
        visits, is_clinics, others = measure_doses(streams, people, visits, mood, courses, sessions, f)
    diagnoses = diagnose(streams, people, events, f)
    truth = find_truth(people, treatments, spans, sessions, visits, diagnoses, f)
    charted = chart(streams, sessions, f)
    records = Records(
        people,
        people.first_day,
        dispense(people, treatments, spans, f),
        diagnoses,
        Scores(visits.row, visits.day, visits.total, is_clinics),
        others,
        charted,
        read_around(streams, charted, f),
    )
    told = truth_tables(people, events, treatments, spans, mood, courses, sessions, truth, f)
    return (records if noise is None else blurred(records, streams, noise, f)), told


def usual_policy() -> Policy:
    """What the simulated health service offers by default."""
    offers = parameters().offers
    return Policy(
        offers=tuple(
            Offer(t, after=o.after, uptake=o.uptake / 100, wait_days=float(o.wait))
            for t in Treatment
            if (o := getattr(offers, t.name.lower())).uptake
        )
    )


def _writer(form: str, f: Formulary, scored: str, seed: int, noise: Noise | None):
    if form == "fhir":
        from .fhir import Fhir

        return Fhir(f, seed, noise or f.parameters.noise.off())
    if form == "csv-folder":
        from .own import Own

        return Own(f, has_answers=scored == "doses")
    return Omop(f)


def _say(partial: Path, settings: dict) -> None:
    text = json.dumps(settings, indent=2, ensure_ascii=False, default=str) + "\n"
    (partial / "simulation.json").write_text(text, encoding="utf-8")


def _plain(form) -> dict:
    """A form as plain data, without what was not filled in."""
    return form.model_dump(mode="json", exclude_none=True)


def _offer(offer: Offer) -> dict:
    return {
        "treatment": offer.treatment.name.lower(),
        "after": int(offer.after),
        "uptake": float(offer.uptake),
        "wait_days": float(offer.wait_days),
    }


def _check(people: int, seed: int, form: str, noise: object, scored: str) -> None:
    formats = f"one of {', '.join((*FORMATS, *_SHORT))}"
    asked = {
        "people": (people, 1 <= people <= MOST_RECORDED, f"1 to {MOST_RECORDED:,}"),
        "seed": (seed, 0 <= seed < 2**64, "a whole number from 0 to 2^64 - 1"),
        "format": (form, form in FORMATS, formats),
        "noise": (noise, isinstance(noise, Noise) or noise in ("off", "realistic"), "off, realistic, or a Noise"),
        "scored": (scored, scored in ("visits", "doses"), "visits or doses"),
    }
    problems = [
        Problem(name, f"is {value!r}", expected, f"choose {expected}")
        for name, (value, is_good, expected) in asked.items()
        if not is_good
    ]
    if problems:
        raise QuestionError("Nothing was simulated", problems)


def _check_horizon(model: ModelParameters, f: Formulary) -> None:
    longest = f.parameters.observation.lasts.at_most
    if np.floor(model.horizon.after) < longest:
        found = f"is {model.horizon.after:g} days, and people are observed for up to {longest} days after the first treatment"
        problem = Problem("horizon", found, "a horizon that is not shorter", "lengthen it, or observation.lasts")
        raise QuestionError("Nothing was simulated", [problem])
