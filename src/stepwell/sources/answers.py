"""Answers to single items, totals of scales by which no treatment of depression is judged, questions of the clinic's own.

An answer that cannot be read is unknown, never the least there is: the row stays, without a value, and is counted.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import ibis
import ibis.expr.types as ir

from ..knowledge.forms import Knowledge
from ..knowledge.instrument import Instrument
from ..tables.ranges import DAY, LEAST_FRACTION, OWN_SCALE
from .codes import CODED, Codes, SetCode, instrument_codes
from .files import RawTable
from .people import People
from .source import Loss
from .stored import store
from .tally import Finding, settle, without_repeats
from .undated import Gaps, note_undated
from .unread_answers import find_unread, settle_unread
from .values import concept, day, is_whole, number, text, within

_BETTER = {"higher is better": "higher", "higher is worse": "lower", "neither": None}
_COLUMNS = ("person_id", "answered_date", "instrument", "item", "value", "at_least", "at_most", "better", "address")
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


def _known(knowledge: Knowledge) -> list[_Known]:
    """Every item of every instrument, and the totals of those without a rank. Those with one are read into `measurement`."""
    asked = []
    for i in knowledge.all_instruments.values():
        parts = [(item.item, item.at_least, item.at_most) for item in i.items]
        parts += [(_TOTAL, i.at_least, i.at_most)] if i.rank is None and i.scoring is not None else []
        asked += [_Known(_set_id(i, p), i.id, p, float(a), float(b), _BETTER[i.direction]) for p, a, b in parts]
    return asked


def _set_id(instrument: Instrument, item: str) -> str:
    return f"{instrument.id}/{item.lower()}"


def _as_table(knowledge: Knowledge) -> ir.Table:
    schema = {"asked": "string", "of_instrument": "string", "of_item": "string", "least": "float64", "most": "float64",
              "way": "string"}  # fmt: skip
    return ibis.memtable([asdict(k) for k in _known(knowledge)], schema=schema)


def _in_words(knowledge: Knowledge) -> ir.Table:
    """One row is one answer of one item as it is said without its number: a code, or words in capitals."""
    rows = [
        {"of_set": _set_id(i, item.item), "said_as": said.upper(), "means": float(answer)}
        for i in knowledge.all_instruments.values()
        for item in i.items
        for forms in (
            *((i.answers_in_words.loinc, i.answers_in_words.words) if i.answers_in_words is not None else ()),
            *(other.answers for other in i.also_coded),
        )
        for answer, said in forms.items()
    ]
    return ibis.memtable(rows, schema={"of_set": "string", "said_as": "string", "means": "float64"})


def _concept_codes(con, rows: ir.Table, vocabulary: dict[str, RawTable], where: str) -> ir.Table:
    """The LOINC codes of the concepts that stand as answers (`of` a concept)."""
    if "concept" not in vocabulary:
        return ibis.memtable([], schema={"of": "int64", "code_of_answer": "string"})
    raw = vocabulary["concept"].rows
    codes = raw.select(of=concept(raw.concept_id), vocabulary=text(raw.vocabulary_id), code=text(raw.concept_code))
    codes = codes.filter(codes.vocabulary == "LOINC").semi_join(rows, codes.of == rows.answer_concept)
    return store(con, codes.group_by("of").agg(code_of_answer=codes.code.min()), where)


def _instrument_names(knowledge: Knowledge) -> dict[str, str]:
    return {name.lower(): i.id for i in knowledge.all_instruments.values() for name in (i.id, i.label, *i.names)}


def with_known(rows: ir.Table, knowledge: Knowledge) -> ir.Table:
    """The lines of answer.csv with what is known of the item or total that they name; NULL where nothing is."""
    names = ibis.memtable(
        [{"called": name, "id": i} for name, i in _instrument_names(knowledge).items()],
        schema={"called": "string", "id": "string"},
    )
    rows = rows.left_join(names, rows.instrument.lower() == names.called)
    rows = rows.mutate(key=rows.id + "/" + rows.item.lower().fill_null(_TOTAL))
    known = _as_table(knowledge)
    return rows.left_join(known, rows.key == known.asked)


def answer_problems(rows: ir.Table, knowledge: Knowledge) -> list[tuple[ir.BooleanValue, str, str]]:
    """What makes a line (of `with_known`) unreadable: the condition, what it is in words, what was expected."""
    own, named = rows.instrument.isnull(), rows.id.notnull()
    value, low, high = number(rows.value), *(within(OWN_SCALE, number(c)) for c in (rows.at_least, rows.at_most))
    is_total_elsewhere = rows.item.isnull() & rows.id.isin(sorted(knowledge.instruments))
    return [
        (~own & ~named, "an unknown instrument", "an id of `stepwell knowledge list`, or no instrument"),
        (is_total_elsewhere, "a total that belongs into measurement.csv", "an item, or the line in measurement.csv"),
        (
            named & ~is_total_elsewhere & rows.asked.isnull(),
            "no item of that instrument",
            "the number of an item on the form, or nothing where the instrument has a total",
        ),
        (
            ~(value.between(rows.least, rows.most) & is_said(value, rows.of_item)),
            "a value outside the scale",
            "a value within the scale of what is asked",
        ),
        (own & rows.item.isnull(), "neither an instrument nor an item", "what is asked, such as joy"),
        (own & (low.isnull() | high.isnull()), "a question of your own without a scale", "at_least and at_most"),
        (own & (low >= high), "at_least is not below at_most", "the least and the greatest answer there is"),
        (own & ~value.between(low, high), "a value outside its scale", "a value from at_least to at_most"),
    ]


def is_said(value: ir.FloatingValue, item: ir.StringValue) -> ir.BooleanValue:
    """Whether an answer can be one of the form: items are answered with whole numbers, but a weight; a total is 0 or more than
    a trace."""
    is_trace = (value > 0) & (value < LEAST_FRACTION)
    return (item.isin([_TOTAL, "kg"]) | is_whole(value)) & ~is_trace


def read_own_answers(
    gaps: Gaps, con: ibis.BaseBackend, people: People, raw: RawTable, knowledge: Knowledge
) -> tuple[ir.Table, list[Loss]]:
    """The lines of answer.csv, which have been checked; questions of the clinic's own are told apart by case-folded words."""
    rows = with_known(raw.rows, knowledge)
    own = rows.asked.isnull()
    rows = rows.select(
        "person_id",
        "address",
        answered_date=day(rows.answered_date).value,
        written=rows.answered_date,
        instrument=rows.of_instrument,
        item=own.ifelse(rows.item.lower(), rows.of_item).nullif(_TOTAL),
        value=number(rows.value) + 0.0,
        at_least=ibis.coalesce(rows.least, number(rows.at_least)),
        at_most=ibis.coalesce(rows.most, number(rows.at_most)),
        better=own.ifelse(rows.better.lower(), rows.way),
    )
    undated = Finding(rows.answered_date.isnull(), f"answers dated outside {DAY}", "left out")
    kept, losses, _n = settle(
        "answer",
        raw.where,
        rows,
        [
            undated,
            Finding(rows.value.isnull(), "questions that were asked and not answered", "kept"),
        ],
    )
    losses += note_undated(gaps, con, rows, losses, [undated], "answer", "instrument", raw.where)
    return kept.select(*_COLUMNS), losses


def read_answers(
    coded: Codes, gaps: Gaps, con, people: People, raws: list[RawTable], vocabulary, knowledge
) -> tuple[ir.Table, list[Loss]]:
    """The rows of OMOP's measurement and observation tables that answer an item, or are the total of a scale without a rank.
    Whose rows nobody could identify goes to `gaps`.

    A questionnaire of the clinic's own has no code and no scale there, and is not read.
    """
    items: dict[tuple[str, str], SetCode] = {}
    for (
        i
    ) in knowledge.all_instruments.values():  # those with a rank come first: two of them share items with a shorter one
        for item in i.items:
            also = [("loinc", o.items[item.item]) for o in i.also_coded if item.item in o.items]
            for of, code in (*item.codes.items(), *also):
                items.setdefault((of, code), SetCode(_set_id(i, item.item), of.upper(), code, "exact"))
    totals = [i for i in knowledge.measures.values() if i.scoring is not None]
    codes = [*items.values(), *(SetCode(f"{c.set_id}/", *_rest(c)) for c in instrument_codes(totals))]
    parts, ids, unread, where = [], [], [], " and ".join(r.where for r in raws)
    for raw in raws:
        name = raw.name
        unread.append(find_unread(coded, people, raw, f"{name}_date", knowledge))
        rows = coded.find(raw, CODED[name], codes)
        ids.append(rows.select(kind="set_id", id=f"{name}_id"))
        told = RawTable(name, raw.where, rows)
        written = [text(told.column(c)) for c in ("value_as_string", "value_source_value")]
        parts.append(
            rows.select(
                "set_id",
                id="person_id",
                answered_date=day(rows[f"{name}_date"]).value,
                written=rows[f"{name}_date"].cast("string"),
                given=ibis.coalesce(number(told.column("value_as_number", "float64")), *map(number, written)),
                answer_concept=concept(told.column("value_as_concept_id", "int64")).nullif(0),
                in_words=ibis.coalesce(*written),
                address=told.address(f"{name}_id"),
            )
        )
    rows = people.attach(ibis.union(*parts) if len(parts) > 1 else parts[0], "id")
    known = store(con, _as_table(knowledge), "items")
    rows = rows.join(known, rows.set_id == known.asked)
    codes = _concept_codes(con, rows, vocabulary, where)
    rows = rows.left_join(codes, rows.answer_concept == codes.of)
    said = store(con, _in_words(knowledge), "answers in words")
    rows = rows.mutate(said=ibis.coalesce(rows.code_of_answer, rows.in_words).upper())
    rows = rows.left_join(said, [rows.asked == said.of_set, rows.said == said.said_as])
    rows = rows.mutate(
        given=ibis.coalesce(rows.given, rows.means),
        is_in_words=rows.in_words.notnull() | rows.answer_concept.notnull(),
    )
    is_on_scale = rows.given.between(rows.least, rows.most) & is_said(rows.given, rows.of_item)
    rows = rows.mutate(
        instrument=rows.of_instrument,
        item=rows.of_item.nullif(_TOTAL),
        value=is_on_scale.ifelse(rows.given + 0.0, ibis.null("float64")),
        at_least=rows.least,
        at_most=rows.most,
        better=rows.way,
    )
    undated = Finding(rows.answered_date.isnull(), "answers without a usable date", "left out")
    kept, losses, _n = settle(
        "answer",
        where,
        rows,
        [
            Finding(rows.person_id.isnull(), "answers of people who are not in person", "left out"),
            undated,
            Finding(
                rows.given.isnull() & rows.is_in_words,
                "answers in words or as a concept that the instrument's own answers do not hold",
                "read as unknown",
            ),
            Finding(rows.given.isnull() & ~rows.is_in_words, "questions that were asked and not answered", "kept"),
            Finding(rows.given.notnull() & ~is_on_scale, "answers outside the scale", "read as unknown"),
            Finding(
                rows.item.notnull() & rows.value.notnull(),
                "answers to single items of an instrument; totals are not added up from them",
                "kept",
            ),
        ],
    )
    losses += note_undated(gaps, con, rows, losses, [undated], "answer", "instrument", where)
    kept, repeats = without_repeats("answer", where, kept.select(*_COLUMNS, "set_id"), ids, "set_id")
    gap, found = settle_unread(con, [rows for rows in unread if rows is not None], where)
    gaps += [] if gap is None else [gap]
    return kept.drop("set_id"), losses + repeats + found


def _rest(code: SetCode) -> tuple:
    return code.vocabulary, code.code, code.match, code.is_included
