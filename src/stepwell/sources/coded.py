"""Diagnoses and procedures of a CDM, and the care that it keeps among observations and visits: the rows that carry a code of a
set, and those that may hide one."""

from __future__ import annotations

from functools import reduce

import ibis
import ibis.expr.types as ir
import polars as pl

from ..knowledge.forms import Knowledge
from ..tables.ranges import QUANTITY
from .codes import CODED, PLACES, Codes, Columns, SetCode, codeset_codes, visit_columns
from .files import RawTable
from .identify import CODING, codings_of, find_gap, with_coding
from .people import People
from .source import Loss
from .stored import run, store
from .tally import Finding, settle, without_repeats
from .undated import Gaps, note_undated
from .values import concept, day, is_no_time, is_outside, minute_of, number, text, within


def read_conditions(
    coded: Codes,
    observation: RawTable | None,
    gaps: Gaps,
    con,
    people: People,
    raws: list[RawTable],
    vocabulary: dict[str, RawTable],
    knowledge: Knowledge,
) -> tuple[ir.Table, list[Loss]]:
    """Diagnoses, and those that OMOP's vocabulary puts among the observations (an allergy, self-harm, an attempt): rows with such
    a code and without a value. A row with a value answers a question, and may answer it with no."""
    (raw,) = raws
    main = _read_main(coded, gaps, con, people, raw, vocabulary, knowledge, "condition", "condition_start_date")
    if observation is None:
        return main
    stated = (
        text(observation.column("value_as_string")),
        text(observation.column("value_source_value")),
        observation.column("value_as_number", "float64").cast("string"),
        concept(observation.column("value_as_concept_id", "int64")).nullif(0).cast("string"),
    )
    bare = RawTable(observation.name, observation.where, observation.rows.filter(ibis.coalesce(*stated).isnull()))
    codes = codeset_codes(s for s in knowledge.codesets.values() if s.kind == "condition")
    rows, found = _read_coded(
        coded, gaps, con, people, bare, CODED[bare.name], codes, vocabulary, "condition", "observation_date"
    )
    losses = main[1] + [loss for loss in found if loss not in main[1]]
    rows = store(con, rows.select(main[0].columns), observation.where)
    # Some exports write every diagnosis into both tables: it is one diagnosis.
    new = rows.anti_join(main[0], ["person_id", "condition_date", "codeset", "code"])
    n_rows, n_new = (int(run(of.count(), observation.where).as_py()) for of in (rows, new))
    if n_new < n_rows:
        what = "diagnoses among the observations that stand among the diagnoses too, of the same day and code"
        losses.append(Loss("condition", what, "corrected", n_rows - n_new))
    return main[0].union(new), losses


def read_procedures(
    coded: Codes,
    care: list[tuple[RawTable, Columns, str]],
    gaps: Gaps,
    con,
    people: People,
    raws: list[RawTable],
    vocabulary: dict[str, RawTable],
    knowledge: Knowledge,
) -> tuple[ir.Table, list[Loss]]:
    """Procedures, and care that the CDM keeps among observations and visits."""
    parts, losses = [], []
    for raw in raws:
        rows, found = _read_main(coded, gaps, con, people, raw, vocabulary, knowledge, "procedure", "procedure_date")
        parts.append(rows)
        losses += found
    of_care = codeset_codes(s for s in knowledge.codesets.values() if s.kind == "care")
    for raw, where, date in care:
        rows, found = _read_coded(coded, gaps, con, people, raw, where, of_care, vocabulary, "procedure", date)
        parts.append(rows)
        losses += found
    return reduce(lambda a, b: a.union(b), parts), losses


def find_care(filled: dict[str, RawTable]) -> list[tuple[RawTable, Columns, str]]:
    """The tables besides diagnoses and procedures that may hold care, each with its codes and its date."""
    tables = []
    if "observation" in filled:
        tables.append((filled["observation"], CODED["observation"], "observation_date"))
    if "visit_occurrence" in filled:
        visit = filled["visit_occurrence"]
        tables += [(visit, columns, date) for columns, date in visit_columns(visit)]
    return tables


def _read_main(
    coded: Codes,
    gaps: Gaps,
    con,
    people: People,
    raw: RawTable,
    vocabulary: dict[str, RawTable],
    knowledge: Knowledge,
    record: str,
    date: str,
) -> tuple[ir.Table, list[Loss]]:
    """The rows of the table made for them. Those that may hide a code go to `gaps`."""
    columns = CODED[raw.name]
    keys = with_coding(coded.keys(raw.name, columns), record)

    def rows_coded(pairs: pl.DataFrame) -> ir.Table:
        rows = coded.rows_of(raw, columns, keys.join(pairs, CODING, nulls_equal=True).select(*PLACES, "codeset"))
        return people.attach(rows.select("codeset", id="person_id", date=day(rows[date]).value), "id")

    has_hierarchy = "concept_ancestor" in vocabulary
    codings = codings_of(keys)
    gap, found = find_gap(con, people, rows_coded, codings, raw.where, record, knowledge, has_hierarchy=has_hierarchy)
    gaps += [] if gap is None else [gap]
    codes = codeset_codes(s for s in knowledge.codesets.values() if record in s.records)
    rows, losses = _read_coded(coded, gaps, con, people, raw, columns, codes, vocabulary, record, date)
    return rows, found + losses


def _read_coded(
    coded: Codes,
    gaps: Gaps,
    con: ibis.BaseBackend,
    people: People,
    raw: RawTable,
    columns: Columns,
    codes: list[SetCode],
    vocabulary: dict[str, RawTable],
    record: str,
    date: str,
) -> tuple[ir.Table, list[Loss]]:
    """The rows that carry a code of a set, once per set."""
    losses = []
    deep = [c for c in codes if c.match == "descendants"]
    if deep and "concept_ancestor" not in vocabulary:
        what = (
            f"{len(deep)} codes of the code sets mean 'and everything below', but there is no concept_ancestor to say what "
            "lies below them: they match only themselves"
        )
        losses.append(Loss(record, what, "kept", 0))
    rows = coded.find(raw, columns, codes)
    ids = rows.select(kind="set_id", id=f"{raw.name}_id")
    when = day(rows[date])
    told = RawTable(raw.name, raw.where, rows)
    more = {
        "quantity": within(QUANTITY, number(told.column("quantity", "float64"))),
        "minute": minute_of(told.column("procedure_datetime")),
        "is_quantity_outside": is_outside(QUANTITY, number(told.column("quantity", "float64"))),
        "is_time_unreadable": is_no_time(told.column("procedure_datetime")),
    }
    rows = rows.select(
        **(more if record == "procedure" else {}),
        id="person_id",
        set_id="set_id",
        vocabulary="vocabulary",
        code="code",
        date=when.value,
        written=rows[date],
        is_unreadable=when.is_unreadable,
        is_marker=when.is_marker,
        is_shifted=when.is_shifted,
        address=told.address(f"{raw.name}_id"),
    )
    rows = people.attach(rows, "id")
    undated = [
        Finding(rows.is_unreadable, "rows whose date cannot be read", "left out"),
        Finding(rows.is_marker, "rows dated before 1900 or after 2299", "left out"),
        Finding(rows.date.isnull(), "rows without a date", "left out"),
    ]
    kept, found, _n = settle(
        record,
        raw.where,
        rows,
        [
            Finding(rows.person_id.isnull(), "rows of people who are not in person", "left out"),
            *undated,
            Finding(rows.is_shifted, "rows dated after 2100, as in records whose dates were shifted", "kept"),
            *(procedure_findings(rows) if record == "procedure" else ()),
        ],
    )
    found += note_undated(gaps, con, rows, found, undated, record, "set_id", raw.where)
    column = {"condition": "codeset", "procedure": "procedure"}[record]
    kept = kept.rename({column: "set_id", f"{record}_date": "date"})
    kept = kept.drop("id", "written", "is_unreadable", "is_marker", "is_shifted")
    kept = kept.drop(*(c for c in ("is_quantity_outside", "is_time_unreadable") if c in kept.columns))
    kept, repeats = without_repeats(record, raw.where, kept, [ids], column)
    return kept, losses + found + repeats


def procedure_findings(rows: ir.Table) -> list[Finding]:
    """What is said of the quantity and the time of procedures."""
    return [
        Finding(rows.is_quantity_outside, f"procedures with a quantity outside {QUANTITY}", "read as unknown"),
        Finding(rows.is_time_unreadable, "procedures whose time cannot be read", "read as unknown"),
    ]
