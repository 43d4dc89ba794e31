"""9g Around sessions: other measures, psychotherapy, answers about suicide."""

from datetime import date

import polars as pl
import pyarrow as pa
import pytest
from drawn import parse

from stepwell.knowledge import load
from stepwell.on_request.around import find_concern, find_therapy, find_trajectory
from stepwell.on_request.rows import rows_in_dates, rows_in_days
from stepwell.tables import DERIVED, RECORDS
from stepwell.tables.around import AROUND

KNOWLEDGE = load()
TABLES = {t.name: t for t in (*RECORDS, *DERIVED, *AROUND)}
INSTRUMENTS = tuple(KNOWLEDGE.all_instruments.values())
SERIES = """
    start_date | end_date
    2024-01-10 | 2024-02-07
"""
SESSION = """
    session_number | session_date | minute
    1              | 2024-01-10   | 600
    2              | 2024-01-17   | 600
    3              | 2024-02-07   |
"""


def _read(name: str, text: str | None, **always) -> pl.DataFrame:
    table = TABLES[name]
    rows = [{"person_id": 1, **always, **row} for row in (parse(text, table) if text else [])]
    full = [{c.name: row.get(c.name) for c in table.columns} for row in rows]
    return rows_in_days(table, pl.from_arrow(pa.Table.from_pylist(full, schema=table.arrow_schema)))


def around(name: str, series: str | None = SERIES, session: str | None = SESSION, **drawn: str) -> list[dict]:
    numbered = {"treatment": "esketamine", "series_number": 1}
    series = _read("series", series, **numbered)
    session = _read("session", session, **numbered)
    measurement, answer = _read("measurement", drawn.get("measurement")), _read("answer", drawn.get("answer"))
    if name == "trajectory":
        found = find_trajectory(series, session, measurement, answer, INSTRUMENTS, KNOWLEDGE.following)
    elif name == "therapy":
        procedure = _read("procedure", drawn["procedure"], procedure="psychotherapy", address="x")
        found = find_therapy(series, session, procedure, KNOWLEDGE.around.therapy, KNOWLEDGE.following)
    else:
        found = find_concern(measurement, answer, series, INSTRUMENTS)
    return rows_in_dates(TABLES[name], found).to_pylist()


def shows(rows: list[dict], name: str, text: str) -> None:
    expected = parse(text, TABLES[name])
    assert [{k: row[k] for k in expected[0]} for row in rows] == expected


def test_a_measure_is_followed_from_its_baseline():
    """The last value up to the day of the first session is the baseline; on that day it is taken to stand before the dose."""
    rows = around(
        "trajectory",
        answer="""
            instrument | item | answered_date | value | better
            q-les-q-sf |      | 2024-01-08    | 40    | higher
            q-les-q-sf |      | 2024-01-10    | 44    | higher
            q-les-q-sf |      | 2024-01-18    | 50    | higher
            q-les-q-sf |      | 2024-02-10    | 41    | higher
        """,
    )
    shows(
        rows,
        "trajectory",
        """
            value_date | n_days | session_number | n_days_since | baseline_value | change | is_better
            2024-01-08 | -2     |                |              | 44             |        |
            2024-01-10 | 0      | 1              | 0            | 44             |        |
            2024-01-18 | 8      | 2              | 1            | 44             | 6      | yes
            2024-02-10 | 31     | 3              | 3            | 44             | -3     | no
        """,
    )


def test_the_window_of_a_series_has_two_ends():
    """14 days before the first session and 182 days after the last one are inside, a day more is not (`effect.yaml`)."""
    rows = around(
        "trajectory",
        measurement="""
            instrument | measured_date | total
            phq-9      | 2023-12-26    | 20
            phq-9      | 2023-12-27    | 21
            phq-9      | 2024-08-07    | 6
            phq-9      | 2024-08-08    | 5
        """,
    )
    shows(rows, "trajectory", "value_date | value\n2023-12-27 | 21\n2024-08-07 | 6")


def test_questions_of_the_clinics_own_have_their_own_way():
    """A question without a way that is better changes, but neither for the better nor for the worse."""
    rows = around(
        "trajectory",
        answer="""
            item    | answered_date | value | better
            insight | 2024-01-09    | 2     |
            insight | 2024-01-19    | 7     |
            joy     | 2024-01-09    | 2     | higher
            joy     | 2024-01-19    | 7     | higher
        """,
    )
    shows(
        rows,
        "trajectory",
        """
            item    | value_date | change | is_better | is_meaningful
            insight | 2024-01-09 |        |           |
            insight | 2024-01-19 | 5      |           |
            joy     | 2024-01-09 |        |           |
            joy     | 2024-01-19 | 5      | yes       |
        """,
    )


@pytest.mark.parametrize(("total", "meaningful"), [(15.0, False), (14.0, True)])
def test_a_change_means_something_from_the_least_that_was_seen(total, meaningful):
    """6 points on the PHQ-9 within a person (abstract of Turkoz 2021); 5 are fewer."""
    rows = around(
        "trajectory",
        measurement=f"""
            instrument | measured_date | total
            phq-9      | 2024-01-09    | 20
            phq-9      | 2024-02-01    | {total}
        """,
    )
    assert rows[-1]["is_meaningful"] is meaningful


def test_a_change_known_from_memory_only_decides_nothing():
    """For the Q-LES-Q-SF the smallest change that means something is only recalled: whether one does stays unknown."""
    rows = around(
        "trajectory",
        answer="""
            instrument | answered_date | value | better
            q-les-q-sf | 2024-01-09    | 30    | higher
            q-les-q-sf | 2024-02-01    | 90    | higher
        """,
    )
    assert rows[-1]["is_better"] is True
    assert rows[-1]["is_meaningful"] is None


def test_psychotherapy_lies_in_a_stretch_after_the_last_session():
    """Days are counted from the last session; days 3 and 4 lie in two stretches, day 15 in none (`around.yaml`)."""
    rows = around(
        "therapy",
        procedure="""
            procedure_date
            2024-01-09
            2024-01-20
            2024-01-21
            2024-01-31
            2024-02-01
        """,
    )
    shows(
        rows,
        "therapy",
        """
            therapy_date | session_number | n_days_since | within
            2024-01-09   |                |              |
            2024-01-20   | 2              | 3            | days 1 to 3
            2024-01-21   | 2              | 4            | days 4 to 7
            2024-01-31   | 2              | 14           | days 8 to 14
            2024-02-01   | 2              | 15           |
        """,
    )


def test_on_the_day_of_a_session_times_tell_which_came_first():
    """After the dose by two hours; an hour before it; and on a day whose session has no time nobody can say."""
    rows = around(
        "therapy",
        procedure="""
            procedure_date | minute
            2024-01-10     | 720
            2024-01-17     | 540
            2024-02-07     | 720
        """,
    )
    shows(
        rows,
        "therapy",
        """
            therapy_date | hours_since | is_order_known | within
            2024-01-10   | 2           | yes            | the same day
            2024-01-17   | -1          | yes            |
            2024-02-07   |             | no             |
        """,
    )


def test_no_answer_is_never_read_as_none():
    """Above zero, zero, asked and unanswered, and a total beside which no item is recorded are four different things."""
    rows = around(
        "concern",
        series=None,
        answer="""
            instrument | item | answered_date | value
            phq-9      | 9    | 2024-01-01    | 0
            phq-9      | 9    | 2024-01-08    | 1
            phq-9      | 9    | 2024-01-15    |
        """,
        measurement="""
            instrument | measured_date | total
            phq-9      | 2024-01-08    | 17
            phq-9      | 2024-01-22    | 15
        """,
    )
    rows.sort(key=lambda r: r["answered_date"])
    shows(
        rows,
        "concern",
        """
            answered_date | item | value | state        | baseline_value | has_risen
            2024-01-01    | 9    | 0     | zero         |                |
            2024-01-08    | 9    | 1     | above zero   | 0              | yes
            2024-01-15    | 9    |       | unanswered   | 0              |
            2024-01-22    |      |       | not recorded |                |
        """,
    )


def test_a_rise_is_from_this_persons_own_baseline():
    """Before a series from the first answer; in it from the last answer up to the day of its first session."""
    rows = around(
        "concern",
        answer="""
            instrument | item | answered_date | value
            madrs      | 10   | 2023-06-01    | 4
            madrs      | 10   | 2024-01-09    | 2
            madrs      | 10   | 2024-01-10    | 1
            madrs      | 10   | 2024-01-18    | 2
        """,
    )
    shows(
        rows,
        "concern",
        """
            answered_date | state      | baseline_date | baseline_value | has_risen
            2023-06-01    | above zero |               |                |
            2024-01-09    | above zero | 2023-06-01    | 4              | no
            2024-01-10    | above zero | 2023-06-01    | 4              | no
            2024-01-18    | above zero | 2024-01-10    | 1              | yes
        """,
    )


def test_every_instrument_with_a_safety_item_is_looked_at():
    """One answer at the instrument's own limit, and one below it where there is one, for each item that it names."""
    for instrument in INSTRUMENTS:
        for item in instrument.safety.items if instrument.safety else ():
            lines = [
                f"{instrument.id} | {item} | 2024-01-0{1 + n} | {instrument.safety.at_least - 1 + n}" for n in (0, 1)
            ]
            rows = around(
                "concern", answer="\n".join(["instrument | item | answered_date | value", *lines]), series=None
            )
            assert [r["state"] for r in rows] == ["zero", "above zero"], (instrument.id, item)
            assert rows[1]["has_risen"] is True
            assert rows[1]["baseline_date"] == date(2024, 1, 1)
