"""The record tables of some people of an OMOP CDM, made of its raw rows: what `omop.py` selects on the engine is read here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from ..knowledge.forms import Knowledge
from ..tables import CODE_GAP
from ..tables.ranges import BIRTH
from .answers import read_answers
from .cells import Cells, chosen
from .coded import new_diagnoses, read_coded, without_value
from .drug_part import DrugPlan, read_drug_rows
from .findings import Finding, settle, without_repeats
from .identify import CODING, GapPlan, all_gaps, gap_rows
from .parts import PEOPLE, Read
from .records import merge_rows, settle_periods, settle_scores
from .session_readings import read_readings
from .unread_answers import unread_rows
from .vitals import read_vitals

FEMALE, MALE = 8532, 8507
_SEX_WORDS = {"female": ("f", "female"), "male": ("m", "male")}
_NOTHING = pl.DataFrame(schema={"person_id": pl.Int64, "key": pl.Int64})


@dataclass(frozen=True)
class CodedPlan:
    """How the raw rows of one table of coded rows are read. `sets`: for each purpose (`condition`, `score`, ...) the keys that
    carry a code of a set (`key`, `set_id`, `vocabulary`, `code`). `codings`: the keys with their coding; `unread`: those that may
    be answers and that nobody could identify. `date`: the column of the day."""

    table: str
    date: str
    sets: dict[str, pl.DataFrame]
    codings: pl.DataFrame | None = None
    unread: pl.DataFrame | None = None

    def keys(self) -> pl.Series:
        """All keys of which rows are read."""
        told = [*self.sets.values(), *(f for f in (self.codings, self.unread) if f is not None)]
        return pl.concat([f["key"] for f in told]).unique().sort()

    def find(self, rows: pl.DataFrame, purpose: str) -> pl.DataFrame:
        """The raw rows that carry a code of a set, once per set, with `set_id`, `vocabulary` and `code`."""
        return rows.join(self.sets[purpose], "key")


@dataclass(frozen=True)
class CdmPlan:
    """What was worked out of a CDM before its rows are read. `records`: the record tables that are read; `coded`: by the name of
    the selected rows, how they are read; `care`: the names of those that hold care, in order; `gaps`: what is to be said of the
    rows that may hide a code, by record; `answer_words`: the codes of concepts that stand as answers; `drugs`: None where there
    are no drug records."""

    knowledge: Knowledge
    records: frozenset[str]
    coded: dict[str, CodedPlan]
    care: tuple[str, ...]
    gaps: dict[str, GapPlan]
    answer_words: pl.DataFrame
    drugs: DrugPlan | None


def read_cdm_part(part: Mapping[str, pl.DataFrame], plan: CdmPlan) -> Read:
    """The record tables of the people of one part."""
    return _Reader(part, plan).read()


class _Reader:
    def __init__(self, part: Mapping[str, pl.DataFrame], plan: CdmPlan):
        self._part, self._plan, self._knowledge = part, plan, plan.knowledge
        self._people = part[PEOPLE]
        self._gaps: list[pl.DataFrame] = []
        self._made = Read()

    def read(self) -> Read:
        self._persons()
        readers = {
            "observation_period": self._periods,
            "condition": self._conditions,
            "measurement": self._scores,
            "procedure": self._procedures,
            "vital": self._vitals,
            "answer": self._answers,
        }
        for name, reader in readers.items():
            if name in self._plan.records:
                reader()
        if self._plan.drugs is not None:
            drugs = read_drug_rows(self._part, self._plan.drugs)
            self._made.tables.update(drugs.tables)
            self._made.losses.update(drugs.losses)
            if "dose" in drugs.tables:
                self._readings(drugs.tables["dose"])
        self._made.tables[CODE_GAP.name] = all_gaps(self._gaps)
        return self._made

    def _rows(self, name: str) -> pl.DataFrame:
        return self._part.get(name, _NOTHING)

    def _found(self, purpose: str) -> dict[str, pl.DataFrame]:
        """By raw table, the rows with a code that is looked for."""
        of = {name: plan for name, plan in self._plan.coded.items() if purpose in plan.sets}
        return {plan.table: plan.find(self._rows(name), purpose) for name, plan in of.items()}

    def _persons(self) -> None:
        rows = _person_rows(self._part["person"])
        merged, losses = merge_rows(rows, self._people)
        if "death" in self._part:
            when = Cells(self._part["death"]).day("death_date").value
            dead, found = settle(
                "person",
                self._part["death"].select("person_id", died=when),
                [
                    Finding(pl.col("person_id").is_null(), "deaths of people who are not in person", "left out"),
                    Finding(pl.col("died").is_null(), "deaths without a usable date", "read as unknown"),
                ],
            )
            dead = dead.group_by("person_id").agg(death_date=pl.col("died").min())
            merged = merged.drop("death_date").join(dead, "person_id", "left")
            losses = [*losses, *found]
        self._made.tables["person"], self._made.losses["person"] = merged, losses

    def _periods(self) -> None:
        cells = Cells(self._part["observation_period"])
        end = cells.day("observation_period_end_date")
        rows = cells.rows.select(
            "person_id",
            start_date=cells.day("observation_period_start_date").value,
            end_date=end.value,
            end_is_marker=end.is_marker,
            address=cells.address("observation_period", "observation_period_id"),
        )
        found = settle_periods(rows)
        self._made.tables["observation_period"], self._made.losses["observation_period"] = found

    def _conditions(self) -> None:
        kept = self._coded("condition", "condition_occurrence", "condition")
        if "observation" in self._plan.coded:
            plan = self._plan.coded["observation"]
            among = plan.find(without_value(self._rows("observation")), "condition")
            rows, gap, losses = read_coded(among, "condition", plan.table, plan.date)
            new, twice = new_diagnoses(rows, kept)
            self._gaps.append(gap)
            self._made.losses["condition of observation"] = [*losses, twice]
            kept = pl.concat([kept, new])
        self._made.tables["condition"] = kept

    def _procedures(self) -> None:
        kept = []
        if "procedure_occurrence" in self._plan.coded:
            kept.append(self._coded("procedure", "procedure_occurrence", "procedure"))
        kept += [self._coded("procedure", name, f"procedure of {name}", "care") for name in self._plan.care]
        self._made.tables["procedure"] = pl.concat(kept)

    def _coded(self, record: str, name: str, section: str, purpose: str | None = None) -> pl.DataFrame:
        plan, raw = self._plan.coded[name], self._rows(name)
        if plan.codings is not None:
            day = Cells(raw).day(plan.date).value
            rows = raw.join(plan.codings, "key").select("person_id", *CODING, date=day)
            gap, counted = gap_rows(rows, self._people, self._plan.gaps[record])
            self._gaps.append(gap)
            self._made.losses[f"{section} gap"] = [counted]
        kept, gap, losses = read_coded(plan.find(raw, purpose or record), record, plan.table, plan.date)
        self._gaps.append(gap)
        self._made.losses[section] = losses
        return kept

    def _scores(self) -> None:
        parts = []
        for name, found in self._found("score").items():
            cells, date = Cells(found), f"{name}_date"
            stated = cells.number("value_as_number")
            written = pl.coalesce(*(cells.number(c) for c in ("value_as_string", "value_source_value")))
            first, last = cells.span(date)
            parts.append(
                found.select(
                    "person_id",
                    instrument="set_id",
                    measured_date=cells.day(date).value,
                    first=first,
                    last=last,
                    value=pl.coalesce(stated, written),
                    is_from_text=stated.is_null() & written.is_not_null(),
                    address=cells.address(name, f"{name}_id"),
                )
            )
        kept, gap, losses = settle_scores(pl.concat(parts), self._knowledge)
        kept, repeats = without_repeats("measurement", kept, "instrument")
        self._gaps.append(gap)
        self._made.tables["measurement"], self._made.losses["measurement"] = kept, [*losses, *repeats]

    def _vitals(self) -> None:
        (rows,) = self._found("vital").values()
        kept, gap, losses = read_vitals(rows, self._knowledge)
        self._gaps.append(gap)
        self._made.tables["vital"], self._made.losses["vital"] = kept, losses

    def _answers(self) -> None:
        kept, gap, losses = read_answers(self._found("answer"), self._plan.answer_words, self._knowledge)
        self._gaps.append(gap)
        unread = []
        for name, plan in self._plan.coded.items():
            if plan.unread is not None:
                rows = self._rows(name).join(plan.unread.select("key"), "key")
                unread.append(rows.select("person_id", date=Cells(rows).day(plan.date).value))
        gap, counted = unread_rows(pl.concat(unread))
        self._gaps.append(gap)
        self._made.tables["answer"], self._made.losses["answer"] = kept, [*losses, counted]

    def _readings(self, dose: pl.DataFrame) -> None:
        read = read_readings(self._found("reading"), dose, self._knowledge)
        self._made.tables.update(read.tables)
        self._made.losses.update(read.losses)


def _person_rows(raw: pl.DataFrame) -> pl.DataFrame:
    """The rows of `person` as `merge_rows` takes them."""
    cells, empty = Cells(raw), pl.lit(None, pl.Int64)
    year, month, born = (cells.whole(c) for c in ("year_of_birth", "month_of_birth", "day_of_birth"))
    rows = raw.select(
        "person_id",
        exact=cells.day("birth_datetime", BIRTH).value,
        year=pl.when(year.is_between(BIRTH.at_least.year, BIRTH.at_most.year)).then(year),
        month=pl.when(month.is_between(1, 12)).then(month).otherwise(empty),
        day=pl.when(born.is_between(1, 31)).then(born).otherwise(empty),
        is_no_month=(~month.is_between(1, 12) | (month.is_null() & cells.text("month_of_birth").is_not_null())),
        is_day_given=cells.text("day_of_birth").is_not_null(),
        sex_id=cells.concept("gender_concept_id"),
        word=cells.text("gender_source_value").str.to_lowercase(),
        address=cells.address("person", "source_id"),
    )
    year, month, first, last = pl.col("year"), pl.col("month"), pl.lit(1), pl.lit(31)
    rows = rows.with_columns(
        whole=_date(year, month, pl.col("day")),
        first_of_month=_date(year, month, first),
        first_of_year=_date(year, first, first),
        last_of_year=_date(year, pl.lit(12), last),
    )
    given = pl.col("is_day_given") & year.is_not_null() & month.is_not_null()
    word = pl.col("word")
    return rows.select(
        "person_id",
        birth_earliest_date=pl.coalesce("whole", "first_of_month", "first_of_year", "exact"),
        birth_latest_date=pl.coalesce("whole", pl.col("first_of_month").dt.month_end(), "last_of_year", "exact"),
        sex=chosen(
            (pl.col("sex_id") == FEMALE, "female"),
            (pl.col("sex_id") == MALE, "male"),
            (pl.col("sex_id").is_not_null(), "other"),
            (word.is_in(_SEX_WORDS["female"]), "female"),
            (word.is_in(_SEX_WORDS["male"]), "male"),
        ),
        death_date=pl.lit(None, pl.Date),
        is_partly_unreadable=pl.col("is_no_month").fill_null(False) | (given & pl.col("whole").is_null()),
        address="address",
    )


def _date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    return pl.format("{}-{}-{}", year, month, day).str.to_date("%Y-%m-%d", strict=False)
