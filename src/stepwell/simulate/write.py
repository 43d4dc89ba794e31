"""Writing records and truth: one file a table, chunk after chunk, in a folder that appears whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from stepwell.errors import Problem, QuestionError
from stepwell.tables import TRUTH, TRUTH_PERSON, TRUTH_TRIAL

from .course import NEVER, Course, Ended
from .formulary import Formulary
from .parameters import cdm_columns
from .record import STOP_REASON, Records
from .truth import Truth, find_truth
from .vocabulary import FIRST_LOCAL_CONCEPT, product_name, products, vocabulary

_ARROW = {
    "integer": pa.int64(),
    "float": pa.float64(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "text": pa.string(),
}
_ENDED = pa.array([e.name.lower().replace("_", " ") for e in Ended])


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to fill beside `out`, which takes its place when all went well and is removed otherwise.

    Raises QuestionError where `out` already holds something or cannot be written.
    """
    out = out.absolute()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        found, remedy = "already exists and is not empty", "name another folder, or remove this one first"
        raise QuestionError("Nothing was simulated", [Problem(str(out), found, "a new or empty folder", remedy)])
    partial = out.with_name(f".{out.name}.partial-{os.getpid()}")
    try:
        (partial / "truth").mkdir(parents=True)
        yield partial
        if out.exists():
            out.rmdir()
        partial.rename(out)
    except OSError as error:
        found, expected = (
            f"cannot be written ({error.strerror})",
            "a folder you may write to, with room for the records",
        )
        raise QuestionError("Nothing was simulated", [Problem(str(out), found, expected, "name another")]) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@cache
def cdm_schema(table: str) -> pa.Schema:
    """The OMOP CDM 5.4 table's columns and types."""
    own = (c for c in cdm_columns() if c.table == table)
    return pa.schema([pa.field(c.column, _ARROW[c.type], nullable=c.required == "no") for c in own])


class Folder:
    """The open files of a simulation. `add` writes a chunk; ids go on from one chunk to the next."""

    def __init__(self, path: Path, formulary: Formulary, form: str):
        self.path, self.formulary, self.form = path, formulary, form
        self._writers: dict[str, pa.parquet.ParquetWriter | pa.csv.CSVWriter] = {}
        self._next_id: dict[str, int] = {}
        self.n_rows: dict[str, int] = {}
        self._products = products(formulary)
        self._product_of = np.array([self._products[d.ingredient, d.strength_mg] for d in formulary.drugs])

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_) -> None:
        for writer in self._writers.values():
            writer.close()

    def add(self, records: Records) -> None:
        """Writes one chunk of people: their records, and the truth about them."""
        c = records.course
        self._write_people(records)
        self._write_clinical(records)
        self._write_truth(c, find_truth(c, self.formulary))

    def finish(self, settings: dict) -> None:
        """Writes what does not grow with the people: vocabulary, empty tables, `simulation.json`."""
        for table, rows in vocabulary(self.formulary).items():
            self._write(table, pa.Table.from_pylist(rows, schema=cdm_schema(table)), self.path)
        for table in ("procedure_occurrence", "observation", "death"):
            if table not in self._writers:
                self._cdm(table, 0, {})
        settings = settings | {"n_rows": dict(sorted(self.n_rows.items()))}
        text = json.dumps(settings, indent=2, ensure_ascii=False, default=str) + "\n"
        (self.path / "simulation.json").write_text(text, encoding="utf-8")

    # --- tables ------------------------------------------------------------------------------------------------------

    def _write_people(self, records: Records) -> None:
        c, concepts = records.course, self.formulary.parameters.concepts.of
        types = self.formulary.parameters.types.of
        n, born = len(c.person), c.birth.astype("datetime64[D]")
        month = born.astype("datetime64[M]")
        self._cdm(
            "person",
            n,
            {
                "person_id": c.person,
                "gender_concept_id": np.where(c.female, concepts["female"], concepts["male"]),
                "year_of_birth": born.astype("datetime64[Y]").astype(int) + 1970,
                "month_of_birth": month.astype(int) % 12 + 1,
                "day_of_birth": (born - month).astype(int) + 1,
                "race_concept_id": 0,
                "ethnicity_concept_id": 0,
                "person_source_value": pa.array(c.person).cast(pa.string()),
                "gender_source_value": _words(["M", "F"], c.female),
            },
        )
        self._cdm(
            "observation_period",
            n,
            {
                "observation_period_id": c.person,
                "person_id": c.person,
                "observation_period_start_date": records.observed_from,
                "observation_period_end_date": c.last_day,
                "period_type_concept_id": types["period"],
            },
        )
        died = np.flatnonzero(c.dies)
        death = {"person_id": c.person[died], "death_date": c.last_day[died], "death_type_concept_id": types["record"]}
        self._cdm("death", len(died), death)

    def _write_clinical(self, records: Records) -> None:
        f, c, types = self.formulary, records.course, self.formulary.parameters.types.of
        fills = records.fills
        local = self._product_of[fills.drug]
        product = np.where(fills.is_mapped, local, 0)
        names = [product_name(*p) for p in self._products]
        self._cdm(
            "drug_exposure",
            len(fills),
            {
                "person_id": c.person[fills.row],
                "drug_concept_id": product,
                "drug_exposure_start_date": fills.start,
                "drug_exposure_end_date": fills.end,
                "drug_type_concept_id": types["fill"],
                "stop_reason": _words([STOP_REASON.get(e, "") for e in Ended], fills.stop),
                "quantity": pa.array(fills.quantity.astype(float), mask=fills.quantity < 0),
                "days_supply": pa.array(fills.days_supply, mask=fills.days_supply < 0),
                "drug_source_value": _words(names, local - FIRST_LOCAL_CONCEPT),
                "drug_source_concept_id": product,
            },
        )
        diagnoses, codes = records.diagnoses, list(f.codes.values())
        self._cdm(
            "condition_occurrence",
            len(diagnoses),
            {
                "person_id": c.person[diagnoses.row],
                "condition_concept_id": np.array([x.standard_concept_id for x in codes])[diagnoses.code],
                "condition_start_date": diagnoses.day,
                "condition_type_concept_id": types["record"],
                "condition_source_value": _words([x.icd10cm for x in codes], diagnoses.code),
                "condition_source_concept_id": np.array([x.source_concept_id for x in codes])[diagnoses.code],
            },
        )
        scores = records.scores
        instrument = c.instrument[scores.row]
        known = [f.knowledge.instruments[i] for i in f.instruments]
        self._cdm(
            "measurement",
            len(scores),
            {
                "person_id": c.person[scores.row],
                "measurement_concept_id": np.array([k.omop[0] if k.omop else 0 for k in known])[instrument],
                "measurement_date": scores.day,
                "measurement_type_concept_id": types["record"],
                "value_as_number": scores.total.astype(float),
                "measurement_source_value": _words([k.label for k in known], instrument),
                "measurement_source_concept_id": 0,
            },
        )

    def _write_truth(self, c: Course, truth: Truth) -> None:
        person = pa.array(c.person).cast(pa.string())
        names = sorted(truth.met_day)
        met = np.stack([truth.met_day[name] for name in names], axis=1).ravel()
        columns = {
            "source_person_id": person.take(pa.array(np.repeat(np.arange(len(c.person)), len(names)))),
            "definition": pa.array(names * len(c.person)),
            "is_trd": pa.array(met != NEVER),
            "met_date": _dates(met, met == NEVER),
        }
        self._declared(TRUTH_PERSON, columns)
        is_trial = c.given & c.depressed[:, None]
        is_trial[:, -1] = False
        roles = self.formulary.role_of[np.maximum(c.drug, 0)]
        row, column = np.nonzero(is_trial & (roles == "antidepressant"))
        # Too short to be judged: what it had done by the day on which the next step was decided.
        judged = truth.endpoint[row, column] >= 0
        baseline = np.where(judged, truth.baseline[row, column], c.baseline[row, column])
        score = np.where(judged, truth.endpoint[row, column], c.score_on(row, column, c.decided[row, column]))
        of_person = np.diff(np.flatnonzero(np.diff(row, prepend=-1)), append=len(row))
        number = np.arange(len(row)) - np.repeat(np.cumsum(of_person) - of_person, of_person) + 1
        ingredient = self.formulary.ingredient_of[c.drug[row, column]]
        columns = {
            "source_person_id": person.take(pa.array(row)),
            "trial_number": pa.array(number, pa.int32()),
            "step_number": pa.array(c.step[row, column], pa.int32()),
            "ingredient": pa.array(self.formulary.ingredients).take(pa.array(ingredient)),
            "start_date": _dates(c.start[row, column]),
            "end_date": _dates(c.end[row, column]),
            "is_adequate": pa.array(truth.is_adequate[row, column]),
            "improvement_pct": pa.array(100 * (baseline - score) / baseline),
            "is_remission": pa.array(score <= self.formulary.remission_cut[c.instrument[row]]),
            "ended_for": _ENDED.take(pa.array(c.ended[row, column])),
        }
        self._declared(TRUTH_TRIAL, columns)

    # --- files -------------------------------------------------------------------------------------------------------

    def _cdm(self, table: str, n: int, columns: dict) -> None:
        """Writes rows of a CDM table: what is not given is NULL, and its own id is counted on."""
        schema = cdm_schema(table)
        own_id = f"{table}_id"
        if own_id in schema.names and own_id not in columns:
            begin = self._next_id.get(table, 1)
            columns = columns | {own_id: np.arange(begin, begin + n)}
            self._next_id[table] = begin + n
        arrays = [_column(columns.get(field.name), field, n) for field in schema]
        self._write(table, pa.Table.from_arrays(arrays, schema=schema), self.path)

    def _declared(self, table, columns: dict[str, pa.Array]) -> None:
        schema = table.schema.to_pyarrow()
        arrays = [columns[name].cast(schema.field(name).type) for name in schema.names]
        self._write(table.name, pa.Table.from_arrays(arrays, schema=schema), self.path / "truth")

    def _write(self, name: str, rows: pa.Table, folder: Path) -> None:
        self.n_rows[name] = self.n_rows.get(name, 0) + rows.num_rows
        if name not in self._writers:
            # The truth is Parquet in any case: it is stepwell's own.
            if self.form == "parquet" or name in {t.name for t in TRUTH}:
                path = folder / f"{name}.parquet"
                self._writers[name] = pa.parquet.ParquetWriter(
                    path, rows.schema, compression="zstd", compression_level=1
                )
            else:
                self._writers[name] = pa.csv.CSVWriter(folder / f"{name}.csv", rows.schema)
        self._writers[name].write(rows)


def _words(words: list[str], place: np.ndarray) -> pa.Array:
    """The word at each place; NULL where the place is negative."""
    place = np.asarray(place).astype(np.int64)
    return pa.array(words, pa.string()).take(pa.array(place, mask=place < 0))


def _dates(day: np.ndarray, mask: np.ndarray | None = None) -> pa.Array:
    return pa.array(day.astype(np.int32), mask=mask).cast(pa.date32())


def _column(value: object, field: pa.Field, n: int) -> pa.Array:
    if value is None:
        return pa.nulls(n, field.type)
    if isinstance(value, pa.Array):
        return value.cast(field.type)
    if isinstance(value, list):
        return pa.array(value, field.type)
    if not isinstance(value, np.ndarray):
        return pa.repeat(pa.scalar(value, field.type), n)
    return _dates(value) if pa.types.is_date32(field.type) else pa.array(value).cast(field.type)
