"""stepwell's own folder: six CSV files with plain columns, for records that are in no database.

Written by hand or by a small script, so it is read strictly: a date or a number that cannot be read, a word that is not in
the list, a person who is not in person.csv are errors with file and line, all at once. Drugs and codes that are not looked
for are counted, as in any other source.
"""

from __future__ import annotations

from functools import partial

import ibis
import ibis.expr.types as ir

from ..errors import Problem, SourceError
from ..knowledge.forms import Knowledge
from ..tables import RECORDS
from ..tables.ranges import BIRTH, DAY
from .answers import answer_problems, read_own_answers, with_known
from .coded_lines import find_line_gap, read_coded_lines
from .concomitant import only_interacting
from .csv_medication import find_own_drugs, find_own_incomplete, read_own_medication
from .csvform import FILES, REQUIRED_FILES, Field
from .declared_lines import declared_problems, read_declared, without_comparators
from .drugs import NamedDrugs
from .files import RawTable, column_problems, line_numbers
from .identify import OWN, all_gaps
from .people import People, number_people
from .records import empty, merge_rows, settle_periods, settle_scores
from .session_lines import read_dose_lines, read_monitoring_lines
from .source import DrugRows, Loss
from .source_value import SHAPES
from .stored import filled_tables, keep_few, run, store
from .tally import Finding, settle
from .undated import Gaps
from .values import CLOCK, day, is_whole, number, span, text
from .vitals import is_percent, read_own_vitals, vital_names

LINES_SHOWN = 5


_OWN = OWN.lower()


def check_files(tables: dict[str, RawTable]) -> list[Problem]:
    """Missing files, missing columns, unknown columns."""
    problems = [
        Problem("", f"no {name}.csv", "person.csv and medication.csv", "see `stepwell template` for empty files")
        for name in REQUIRED_FILES
        if name not in tables
    ]
    for name, raw in tables.items():
        names = [f.name for f in FILES[name]]
        needed = [f.name for f in FILES[name] if f.is_required]
        problems += column_problems(raw, needed, names, strict=True)
    return problems


def read_csv_folder(
    tables: dict[str, RawTable], con: ibis.BaseBackend, knowledge: Knowledge
) -> tuple[dict[str, ir.Table], frozenset[str], list[Loss], DrugRows | None]:
    """The record tables of an own folder, the names of those that it has, the findings, and the numbers of its drug rows.

    Raises SourceError with every wrong file, column and cell.
    """
    if problems := check_files(tables):
        raise SourceError("This folder cannot be read as stepwell's own.", problems)
    lines = {name: _lines(con, raw, FILES[name]) for name, raw in filled_tables(tables).items()}
    lines = filled_tables(lines)
    if "person" not in lines:
        problem = Problem(tables["person"].where, "no people", "one line per person", "fill in the file")
        raise SourceError("There is nobody in this source.", [problem])
    people = number_people(con, lines["person"].rows.source_id, lines["person"].where)
    attached = {name: people.attach(raw.rows, "source_id") for name, raw in lines.items()}
    lines = {name: RawTable(name, raw.where, keep_few(attached[name], raw.where)) for name, raw in lines.items()}
    drugs = interacting = None
    if "medication" in lines:
        drugs, interacting = find_own_drugs(con, lines["medication"], knowledge, only_interacting(knowledge))
    problems = [p for name, raw in lines.items() for p in _cell_problems(raw, FILES[name], drugs, knowledge)]
    if problems:
        raise SourceError("Some lines cannot be read.", problems)
    gaps: Gaps = []
    readers = {
        "person": _persons,
        "observation_period": _observation,
        "condition": partial(read_coded_lines, gaps),
        "medication": partial(read_own_medication, drugs),
        "measurement": partial(_measurements, gaps),
        "procedure": partial(read_coded_lines, gaps),
        "vital": partial(read_own_vitals, gaps),
        "monitoring": read_monitoring_lines,
        "answer": partial(read_own_answers, gaps),
    }
    records, losses = {}, []
    if "medication" in lines:
        told, losses = read_declared(lines["medication"])
        declared = store(con, told, lines["medication"].where)
        if run(declared.count(), lines["medication"].where).as_py():
            records["declared_session"] = declared
        lines["medication"] = without_comparators(lines["medication"])
    for name, reader in readers.items():
        if name in lines:
            records[name], found = reader(con, people, lines[name], knowledge)
            losses += found
    for name in ("condition", "procedure"):
        if name in lines:
            gap, found = find_line_gap(con, people, lines[name], knowledge)
            losses += found
            gaps += [] if gap is None else [gap]
    if gaps:
        records["code_gap"] = all_gaps(gaps)
    if "medication" in lines:
        given, found = read_dose_lines(lines["medication"], drugs, knowledge)
        doses = store(con, given, lines["medication"].where)
        if run(doses.count(), lines["medication"].where).as_py():
            records["dose"] = doses
            losses += found
    drug_rows = None
    if "medication" in lines:
        records["concomitant"], _of_medication = read_own_medication(
            interacting, con, people, lines["medication"], only_interacting(knowledge)
        )
        incomplete, drug_rows = find_own_incomplete(con, people, lines["medication"], drugs, interacting, knowledge)
        if drug_rows.is_incomplete_for_some:
            records["incomplete_medication"] = incomplete
    has = frozenset(records)
    for table in RECORDS:
        if table.name not in records:
            records[table.name] = empty(con, table.schema)
    tables = {t.name: records[t.name].select(*t.schema).cast(t.schema) for t in RECORDS}
    return tables, has, losses, drug_rows


def _lines(con: ibis.BaseBackend, raw: RawTable, form: tuple[Field, ...]) -> RawTable:
    """Every column of the form as text, with `line` and `address`; lines on which all cells are empty are no rows."""
    numbered = raw.rows.mutate(row=ibis.row_number())
    n_rows = int(run(raw.rows.count(), raw.where).as_py())
    lines = line_numbers(raw.path, n_rows)
    if lines is None:
        numbered = numbered.mutate(line=numbered.row + 2)
    else:
        places = ibis.memtable({"at": range(n_rows), "line": lines}, schema={"at": "int64", "line": "int64"})
        places = store(con, places, raw.where)
        numbered = numbered.join(places, numbered.row == places.at)
    file = RawTable(raw.name, raw.where, numbered)
    columns = {f.name: text(file.column(f.name)) for f in form}
    rows = numbered.select("line", **columns).rename(source_id="person_id")
    cells = [rows[c] for c in rows.columns if c != "line"]
    rows = rows.filter(ibis.coalesce(*cells).notnull())
    return RawTable(raw.name, raw.where, rows.mutate(address=ibis.literal(f"{raw.where}:") + rows.line.cast("string")))


def _cell_problems(
    raw: RawTable, form: tuple[Field, ...], drugs: NamedDrugs | None, knowledge: Knowledge
) -> list[Problem]:
    """Cells that are empty or cannot be read, with their lines: one pass over the file."""
    rows = with_known(raw.rows, knowledge) if raw.name == "answer" else raw.rows
    checks: list[tuple[ir.BooleanValue, str, str]] = []
    for field in form:
        cell = rows["source_id" if field.name == "person_id" else field.name]
        if field.is_required:
            checks.append((cell.isnull(), f"{field.name} is empty", field.explanation))
        if field.kind in _READABLE:
            is_readable, what = _READABLE[field.kind]
            unread = cell.notnull() & ~is_readable(cell, field).fill_null(False)
            checks.append((unread, f"{field.name} is {what}", field.explanation))
    if raw.name != "person":
        strangers = rows.source_id.notnull() & rows.person_id.isnull()
        expected = "a person_id of person.csv, written in the same way: `1` and `1.0` are two ids"
        checks.append((strangers, "a person who is not in person.csv", expected))
    if raw.name in ("condition", "procedure"):
        vocabulary = rows.vocabulary.upper()
        known = [v.upper() for v in (*SHAPES, "OMOP", _OWN)]
        checks.append(
            (vocabulary.notin(known), "an unknown vocabulary", f"one of {', '.join((*SHAPES, 'OMOP', _OWN))}")
        )
        sets = [s.id for s in knowledge.codesets.values() if raw.name in s.records]
        stranger = (vocabulary == OWN) & rows.code.lower().notin(sets)
        checks.append((stranger, "an unknown code set", f"one of {', '.join(sorted(sets))}"))
    if raw.name == "medication":
        checks += declared_problems(rows, drugs, knowledge)
    if raw.name == "measurement":
        known = list(_instrument_names(knowledge))
        labels = ", ".join(sorted(knowledge.instruments))
        checks.append((rows.instrument.lower().notin(known), "an unknown instrument", f"one of {labels}"))
    if raw.name == "vital":
        known = list(vital_names(knowledge))
        expected = f"one of {', '.join(sorted(knowledge.vitals))}"
        checks.append((rows.vital.lower().notin(known), "an unknown vital sign", expected))
        of_percent = is_percent(rows.vital.lower(), knowledge)
        misplaced = of_percent.ifelse(rows.mmhg, rows.percent).notnull()
        checks.append(
            (misplaced, "a reading in the column of another unit", "a pressure in mmhg, a saturation in percent")
        )
    if raw.name == "answer":
        checks += answer_problems(rows, knowledge)
    marked = rows.select("line", **{f"c{n}": when.fill_null(False) for n, (when, *_words) in enumerate(checks)})
    found = marked.agg(
        **{f"n{n}": marked[f"c{n}"].sum() for n in range(len(checks))},
        **{
            f"l{n}": marked.line.collect(where=marked[f"c{n}"], order_by=marked.line)[:LINES_SHOWN]
            for n in range(len(checks))
        },
    )
    counts = run(found, raw.where).to_pylist()[0]
    return [
        Problem(_in_lines(raw.where, counts[f"l{n}"], int(counts[f"n{n}"])), what, expected, "correct or remove them")
        for n, (_when, what, expected) in enumerate(checks)
        if counts[f"n{n}"]
    ]


def _in_lines(where: str, lines: list[int], n: int) -> str:
    more = f" and {n - len(lines)} more" if n > len(lines) else ""
    return f"{where}, {'line' if n == 1 else 'lines'} {', '.join(map(str, lines))}{more}"


_READABLE = {
    "date": (lambda cell, field: ~day(cell).is_unreadable, "no usable date"),
    "birth": (lambda cell, field: span(cell)[0].notnull(), "no usable date"),
    "whole": (lambda cell, field: is_whole(number(cell)), "no whole number"),
    "number": (lambda cell, field: number(cell).notnull(), "no number"),
    "time": (lambda cell, field: cell.re_search(CLOCK), "no time such as 09:30"),
    "word": (lambda cell, field: cell.lower().isin(field.words), "none of the words known"),
}


def _instrument_names(knowledge: Knowledge) -> dict[str, str]:
    return {name.lower(): i.id for i in knowledge.instruments.values() for name in (i.id, i.label, *i.names)}


def _persons(con: ibis.BaseBackend, people: People, raw: RawTable, knowledge: Knowledge) -> tuple[ir.Table, list[Loss]]:
    rows = raw.rows
    first, last = span(rows.birth_date)
    is_possible = (first >= ibis.date(BIRTH.at_least)) & (last <= ibis.date(BIRTH.at_most))
    death = day(rows.death_date)
    sex = rows.sex.lower()
    rows = rows.select(
        "person_id",
        "address",
        birth_earliest_date=is_possible.ifelse(first, ibis.null("date")),
        birth_latest_date=is_possible.ifelse(last, ibis.null("date")),
        sex=ibis.cases(
            (sex.isin(["female", "f"]), "female"), (sex.isin(["male", "m"]), "male"), (sex == "other", "other")
        ),
        death_date=death.value,
        is_partly_unreadable=ibis.literal(False),
        is_no_death=death.is_marker,
    )
    _rows, losses, _n = settle(
        "person",
        raw.where,
        rows,
        [Finding(rows.is_no_death, f"deaths dated outside {DAY}", "read as unknown")],
    )
    merged, found = merge_rows(people, rows, raw.where)
    return merged, losses + found


def _observation(
    con: ibis.BaseBackend, people: People, raw: RawTable, knowledge: Knowledge
) -> tuple[ir.Table, list[Loss]]:
    start, end = day(raw.rows.start_date), day(raw.rows.end_date)
    rows = raw.rows.select(
        "person_id", "address", start_date=start.value, end_date=end.value, end_is_marker=end.is_marker
    )
    return settle_periods(rows, raw.where)


def _measurements(
    gaps: Gaps, con: ibis.BaseBackend, people: People, raw: RawTable, knowledge: Knowledge
) -> tuple[ir.Table, list[Loss]]:
    rows = raw.rows
    known = rows.instrument.lower()
    when = day(rows.measured_date)
    rows = rows.select(
        "person_id",
        "address",
        instrument=ibis.cases(*((known == word, i) for word, i in _instrument_names(knowledge).items())),
        measured_date=when.value,
        value=number(rows.total),
        is_from_text=ibis.literal(False),
        is_marker=when.is_marker,
        written=rows.measured_date,
    )
    return settle_scores(gaps, con, rows, raw.where, knowledge)
