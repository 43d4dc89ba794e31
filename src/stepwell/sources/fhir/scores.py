"""One questionnaire, answered once, is one administration, however often it was sent: as a response, as a panel, as items, as
a total. Rows of one moment are of one day, though one is sent as 23:30-05:00 and another as 04:30Z of the next day: the local
day is theirs.

The sum of the items wins where all of them were answered; a stated total that differs is told. Without all items the stated total
is read as it stands.
"""

from __future__ import annotations

import duckdb
from ibis.util import gen_name

from ..files import SOURCE_ADDRESS
from ..source import Loss
from ..stored import STORED

_COLUMNS = (
    "measurement_id",
    SOURCE_ADDRESS,
    "person_id",
    "measurement_concept_id",
    "measurement_source_concept_id",
    "measurement_source_value",
    "measurement_date",
    "measurement_datetime",
    "value_as_number",
    "value_as_concept_id",
    "value_as_string",
)


def settle_scores(
    db: duckdb.DuckDBPyConnection, measurement: str, totals: dict[str, tuple[int, int]]
) -> tuple[str, list[Loss]]:
    """The name of a table of `measurement` with each administration once, and what had to be said.

    `totals` says of an instrument how many items it has, and the concept of its total.
    """

    def new(select: str) -> str:
        name = gen_name(f"{STORED}_fhir")
        db.execute(f"CREATE TEMP TABLE {name} AS {select}")
        return name

    def count(of: str) -> int:
        return int(db.execute(f"SELECT count(*) FROM {of}").fetchone()[0])

    values = ", ".join(f"('{i}', {n}, {concept})" for i, (n, concept) in totals.items()) or "('', 0, 0)"
    rows = new(
        f"""WITH told AS (SELECT *, TRY_CAST(measurement_datetime AS TIMESTAMPTZ) AS instant,
                measurement_datetime LIKE '%T%Z' OR measurement_datetime LIKE '%T%+00:00' AS is_utc FROM {measurement}),
            local AS (SELECT person_id, instrument, instant, min(measurement_date) AS local_date FROM told
                WHERE NOT is_utc AND measurement_datetime LIKE '%T%' GROUP BY ALL)
        SELECT told.* EXCLUDE (instant, is_utc, measurement_date),
            CASE WHEN is_utc THEN coalesce(local_date, measurement_date) ELSE measurement_date END AS measurement_date,
            row_number() OVER (ORDER BY seq, told.instrument, item) AS n
        FROM told LEFT JOIN local USING (person_id, instrument, instant)"""
    )
    asked = f"""{rows} WHERE instrument IS NOT NULL AND person_id IS NOT NULL"""
    # Answers by themselves belong together by their day, those of a response by the response.
    forms = new(
        f"""SELECT person_id, measurement_date, instrument, form, count(DISTINCT item) AS n_items,
            bool_and(points IS NOT NULL) AS is_answered, min(seq) AS seq, min({SOURCE_ADDRESS}) AS address,
            min(measurement_datetime) AS moment, sum(low) AS total, bool_and(low = high) AS is_one
        FROM (SELECT person_id, measurement_date, instrument, coalesce(form, '') AS form, item, min(seq) AS seq,
                min({SOURCE_ADDRESS}) AS {SOURCE_ADDRESS}, min(measurement_datetime) AS measurement_datetime,
                min(TRY_CAST(points AS DOUBLE)) AS low, max(TRY_CAST(points AS DOUBLE)) AS high, min(points) AS points
            FROM (SELECT * FROM {asked}) WHERE item <> '' GROUP BY ALL)
        GROUP BY person_id, measurement_date, instrument, form"""
    )
    sums = new(
        f"""SELECT person_id, measurement_date, instrument, total, any_value(concept) AS concept,
            min_by(address, (form = '', seq)) AS address, min_by(moment, (form = '', seq)) AS moment
        FROM {forms} JOIN (VALUES {values}) AS of(of_instrument, n_all, concept)
            ON instrument = of_instrument AND n_items = n_all
        WHERE (is_one OR measurement_date IS NULL) AND is_answered GROUP BY person_id, measurement_date, instrument, total"""
    )
    same = "t.person_id = s.person_id AND t.measurement_date = s.measurement_date AND t.instrument = s.instrument"
    stated = f"(SELECT * FROM {asked} AND item = '')"
    dropped = new(
        f"""SELECT t.n, bool_or(t.points IS NULL OR TRY_CAST(t.points AS DOUBLE) = s.total) AS agrees
        FROM {stated} t JOIN {sums} s ON {same} GROUP BY t.n"""
    )
    # A total without the items, or an answer, that was sent twice.
    again = new(
        f"""SELECT n FROM (SELECT n, row_number() OVER (PARTITION BY person_id, measurement_date, instrument, item,
            coalesce(points, value_as_string, value_as_concept_id::VARCHAR) ORDER BY form IS NULL, seq, n) AS place FROM {asked}
            AND measurement_date IS NOT NULL AND n NOT IN (SELECT n FROM {dropped})) WHERE place > 1"""
    )
    losses = []
    for n, what, effect in (
        (count(sums), "totals added up from the answers to all items of an instrument", "kept"),
        (
            count(f"{dropped} WHERE agrees"),
            "totals of an administration whose items are there too: it is one administration",
            "corrected",
        ),
        (
            count(f"{dropped} WHERE NOT agrees"),
            "totals that differ from the sum of their items on the same day: the sum of the items is read",
            "corrected",
        ),
        (count(again), "answers and totals sent more than once for the same day, with the same value", "corrected"),
    ):
        if n:
            losses.append(Loss("measurement", what, effect, n))
    columns = ", ".join(_COLUMNS)
    name = new(
        f"""SELECT {columns} FROM {rows} WHERE n NOT IN (SELECT n FROM {dropped}) AND n NOT IN (SELECT n FROM {again})
        UNION ALL BY NAME
        SELECT address AS measurement_id, address AS {SOURCE_ADDRESS}, person_id, concept AS measurement_source_concept_id,
            measurement_date, moment AS measurement_datetime, total::VARCHAR AS value_as_number FROM {sums}"""
    )
    return name, losses
