"""Answers to single items, totals of scales by which no treatment of depression is judged, questions of the clinic's own.

An answer that cannot be read is unknown, never the least there is: the row stays, without a value, and is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import polars as pl

from ..knowledge.forms import Knowledge
from ..knowledge.instrument import Instrument
from ..tables import ANSWER
from ..tables.ranges import DAY, LEAST_FRACTION, OWN_SCALE
from .cells import Cells, is_whole, unsigned_zero, within
from .codes import SetCode, instrument_codes
from .findings import Finding, settle, without_repeats
from .source import Loss
from .undated import undated_rows
from .vocabulary import Vocabulary

_BETTER = {"higher is better": "higher", "higher is worse": "lower", "neither": None}
_COLUMNS = tuple(c.name for c in ANSWER.columns)
_TOTAL = ""


@dataclass(frozen=True)
class _Known:
    """What can be asked: an item of an instrument, or (item "") its total."""

    asked: str
    of_instrument: str
    of_item: str
    least: float
    most: float
    way: str | None


def _known(knowledge: Knowledge) -> pl.DataFrame:
    """Every item of every instrument, and the totals of those without a rank. Those with one are read into `measurement`."""
    asked = []
    for i in knowledge.all_instruments.values():
        parts = [(item.item, item.at_least, item.at_most) for item in i.items]
        parts += [(_TOTAL, i.at_least, i.at_most)] if i.rank is None and i.scoring is not None else []
        asked += [_Known(_set_id(i, p), i.id, p, float(a), float(b), _BETTER[i.direction]) for p, a, b in parts]
    texts, numbers = ("asked", "of_instrument", "of_item", "way"), ("least", "most")
    schema = {**dict.fromkeys(texts, pl.String), **dict.fromkeys(numbers, pl.Float64)}
    return pl.DataFrame([asdict(k) for k in asked], schema=schema)


def _set_id(instrument: Instrument, item: str) -> str:
    return f"{instrument.id}/{item.lower()}"


def _in_words(knowledge: Knowledge) -> pl.DataFrame:
    """One row is one answer of one item (`asked`) as it is said without its number: a code, or words in capitals."""
    rows = [
        (_set_id(i, item.item), said.upper(), float(answer))
        for i in knowledge.all_instruments.values()
        for item in i.items
        for forms in (
            *((i.answers_in_words.loinc, i.answers_in_words.words) if i.answers_in_words is not None else ()),
            *(other.answers for other in i.also_coded),
        )
        for answer, said in forms.items()
    ]
    return pl.DataFrame(rows, schema={"asked": pl.String, "said": pl.String, "means": pl.Float64}, orient="row")


def find_answer_codes(ids: pl.Series, vocabulary: Vocabulary) -> pl.DataFrame:
    """The LOINC codes (`code_of_answer`) of the concepts (`of`) that stand as answers."""
    codes = vocabulary.concepts(ids).filter(pl.col("vocabulary") == "LOINC")
    return codes.group_by(of="concept_id").agg(code_of_answer=pl.col("code").min())


def _instrument_names(knowledge: Knowledge) -> dict[str, str]:
    return {name.lower(): i.id for i in knowledge.all_instruments.values() for name in (i.id, i.label, *i.names)}


def with_known(lines: pl.DataFrame, knowledge: Knowledge) -> pl.DataFrame:
    """The lines of answer.csv with the `id` of the instrument and what is known of the item or total that they name; NULL where
    nothing is."""
    named = pl.col("instrument").str.to_lowercase()
    id_ = named.replace_strict(_instrument_names(knowledge), default=None, return_dtype=pl.String)
    item = pl.col("item").str.to_lowercase().fill_null(_TOTAL)
    rows = lines.with_columns(id=id_).with_columns(asked=pl.col("id") + "/" + item)
    known = _known(knowledge).with_columns(is_known=True)
    rows = rows.join(known, "asked", "left")
    return rows.with_columns(asked=pl.when("is_known").then("asked")).drop("is_known")


def answer_problems(rows: pl.DataFrame, knowledge: Knowledge) -> list[tuple[pl.Expr, str, str]]:
    """What makes a line (of `with_known`) unreadable: the condition, what it is in words, what was expected."""
    cells, id_, has_no_item = Cells(rows), pl.col("id"), pl.col("item").is_null()
    own, named = pl.col("instrument").is_null(), id_.is_not_null()
    value, low, high = cells.number("value"), *(within(OWN_SCALE, cells.number(c)) for c in ("at_least", "at_most"))
    is_total_elsewhere = has_no_item & id_.is_in(sorted(knowledge.instruments))
    is_answer = value.is_between(pl.col("least"), pl.col("most")) & is_said(value, pl.col("of_item"))
    return [
        (~own & ~named, "an unknown instrument", "an id of `stepwell knowledge list`, or no instrument"),
        (is_total_elsewhere, "a total that belongs into measurement.csv", "an item, or the line in measurement.csv"),
        (
            named & ~is_total_elsewhere & pl.col("asked").is_null(),
            "no item of that instrument",
            "the number of an item on the form, or nothing where the instrument has a total",
        ),
        (~is_answer, "a value outside the scale", "a value within the scale of what is asked"),
        (own & has_no_item, "neither an instrument nor an item", "what is asked, such as joy"),
        (own & (low.is_null() | high.is_null()), "a question of your own without a scale", "at_least and at_most"),
        (own & (low >= high), "at_least is not below at_most", "the least and the greatest answer there is"),
        (own & ~value.is_between(low, high), "a value outside its scale", "a value from at_least to at_most"),
    ]


def is_said(value: pl.Expr, item: pl.Expr) -> pl.Expr:
    """Whether an answer can be one of the form: items are answered with whole numbers, but a weight; a total is 0 or more than
    a trace."""
    is_trace = (value > 0) & (value < LEAST_FRACTION)
    return (item.is_in([_TOTAL, "kg"]) | is_whole(value)) & ~is_trace


def read_own_answers(lines: pl.DataFrame, knowledge: Knowledge) -> tuple[pl.DataFrame, pl.DataFrame, list[Loss]]:
    """The lines of answer.csv, which have been checked, with the rows of `code_gap`; questions of the clinic's own are told apart
    by case-folded words."""
    rows = with_known(lines, knowledge)
    cells, own = Cells(rows), pl.col("asked").is_null()
    first, last = cells.span("answered_date")
    # Engines have one letter for the small form of the Turkish capital I, Polars has two.
    asked = pl.col("item").str.replace_all("İ", "i", literal=True).str.to_lowercase()
    item = pl.when(own).then(asked).otherwise("of_item")
    rows = rows.select(
        "person_id",
        "address",
        answered_date=cells.day("answered_date").value,
        first=first,
        last=last,
        instrument="of_instrument",
        item=_no_total(item),
        value=unsigned_zero(cells.number("value")),
        at_least=pl.coalesce("least", cells.number("at_least")),
        at_most=pl.coalesce("most", cells.number("at_most")),
        better=pl.when(own).then(pl.col("better").str.to_lowercase()).otherwise("way"),
    )
    undated = Finding(pl.col("answered_date").is_null(), f"answers dated outside {DAY}", "left out")
    unanswered = Finding(pl.col("value").is_null(), "questions that were asked and not answered", "kept")
    kept, losses = settle(ANSWER.name, rows, [undated, unanswered])
    gap, counted = undated_rows(rows, [undated], ANSWER.name, "instrument")
    return kept.select(_COLUMNS), gap, [*losses, counted]


def answer_codes(knowledge: Knowledge) -> list[SetCode]:
    """The codes and names of items, and of the totals of scales without a rank.

    A questionnaire of the clinic's own has no code and no scale in a CDM, and is not read there.
    """
    items: dict[tuple[str, str], SetCode] = {}
    # Instruments with a rank come first: two of them share items with a shorter one.
    for i in knowledge.all_instruments.values():
        for item in i.items:
            also = [("loinc", o.items[item.item]) for o in i.also_coded if item.item in o.items]
            for of, code in (*item.codes.items(), *also):
                items.setdefault((of, code), SetCode(_set_id(i, item.item), of.upper(), code, "exact"))
    totals = [i for i in knowledge.measures.values() if i.scoring is not None]
    return [*items.values(), *(SetCode(f"{c.set_id}/", *_rest(c)) for c in instrument_codes(totals))]


def read_answers(
    found: Mapping[str, pl.DataFrame], answer_words: pl.DataFrame, knowledge: Knowledge
) -> tuple[pl.DataFrame, pl.DataFrame, list[Loss]]:
    """The rows of OMOP's measurement and observation tables that answer an item, or are the total of a scale without a rank, with
    the rows of `code_gap`.

    `found` has per table its raw rows with `person_id` and `set_id` (`answer_codes`); `answer_words` are the codes of the
    concepts that stand as answers (`find_answer_codes`).
    """
    rows = pl.concat([_stated(name, of_table) for name, of_table in found.items()])
    rows = rows.join(_known(knowledge), left_on="set_id", right_on="asked")
    rows = rows.join(answer_words, left_on="answer_concept", right_on="of", how="left")
    rows = rows.with_columns(said=pl.coalesce("code_of_answer", "in_words").str.to_uppercase())
    rows = rows.join(_in_words(knowledge), left_on=["set_id", "said"], right_on=["asked", "said"], how="left")
    given, is_given = pl.col("given"), pl.col("given").is_not_null()
    is_in_words = pl.col("in_words").is_not_null() | pl.col("answer_concept").is_not_null()
    is_answer = given.is_between(pl.col("least"), pl.col("most")) & is_said(given, pl.col("of_item"))
    rows = rows.with_columns(given=pl.coalesce("given", "means")).with_columns(
        instrument="of_instrument",
        item=_no_total(pl.col("of_item")),
        is_answer=is_answer,
        value=pl.when(is_answer).then(unsigned_zero(given)),
        at_least="least",
        at_most="most",
        better="way",
    )
    undated = Finding(pl.col("answered_date").is_null(), "answers without a usable date", "left out")
    kept, losses = settle(
        ANSWER.name,
        rows,
        [
            Finding(pl.col("person_id").is_null(), "answers of people who are not in person", "left out"),
            undated,
            Finding(
                ~is_given & is_in_words,
                "answers in words or as a concept that the instrument's own answers do not hold",
                "read as unknown",
            ),
            Finding(~is_given & ~is_in_words, "questions that were asked and not answered", "kept"),
            Finding(is_given & ~pl.col("is_answer"), "answers outside the scale", "read as unknown"),
            Finding(
                pl.col("item").is_not_null() & pl.col("value").is_not_null(),
                "answers to single items of an instrument; totals are not added up from them",
                "kept",
            ),
        ],
    )
    gap, counted = undated_rows(rows, [undated], ANSWER.name, "instrument")
    kept, repeats = without_repeats(ANSWER.name, kept.select(*_COLUMNS, "set_id"), "set_id")
    return kept.drop("set_id"), gap, [*losses, counted, *repeats]


def _stated(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """What the rows of one table say: the day, the number, the concept or the words that stand as the answer."""
    cells, written = Cells(rows), ("value_as_string", "value_source_value")
    first, last = cells.span(f"{name}_date")
    return rows.select(
        "person_id",
        "set_id",
        answered_date=cells.day(f"{name}_date").value,
        first=first,
        last=last,
        given=pl.coalesce(cells.number(c) for c in ("value_as_number", *written)),
        answer_concept=cells.concept("value_as_concept_id"),
        in_words=pl.coalesce(cells.text(c) for c in written),
        address=cells.address(name, f"{name}_id"),
    )


def _no_total(item: pl.Expr) -> pl.Expr:
    """The item; NULL for the total."""
    return pl.when(item != _TOTAL).then(item)


def _rest(code: SetCode) -> tuple:
    return code.vocabulary, code.code, code.match, code.is_included
