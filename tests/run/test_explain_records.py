"""Records held in memory are explained in the same words as records in files."""

from __future__ import annotations

import ibis
import pytest

import stepwell
from stepwell.candidacy import assess
from stepwell.errors import QuestionError
from stepwell.report.person import render_person
from stepwell.sources import open_source
from stepwell.tables import RECORDS


@pytest.fixture(scope="module")
def pair(records, result):
    """The result that a run wrote, and one in memory of the same records."""
    con = ibis.duckdb.connect()
    source = open_source(records, con, result.knowledge)
    tables = {t.name: con.to_pyarrow(source.tables[t.name]) for t in RECORDS if t.name in source.tables}
    con.disconnect()
    definitions, stagings = [d.id for d in result.definitions], [s.id for s in result.stagings]
    held = stepwell.explain_records(tables, definitions, has=source.has, stagings=stagings, label=source.label)
    return result, held


def test_every_row_of_every_person_is_the_same(pair):
    written, held = pair
    numbers = written.table("person").person_id.to_pyarrow().to_pylist()
    assert {t for t in written.tables if t != "attrition"} == set(held.tables)
    for name in held.tables:
        assert held.rows_of_people(name, numbers) == written.rows_of_people(name, numbers), name


def test_a_person_is_explained_in_the_same_words(pair):
    written, held = pair
    people = written.table("determination").filter(ibis._.verdict == "met").person_id.to_pyarrow().to_pylist()
    for number in [*people[:2], 1, 2]:
        (row,) = written.rows_of("person", number)
        person = row["source_person_id"]
        assert held.person_id(person) == number
        assert held.evidence(person) == written.evidence(person)
        assert held.series_evidence(person) == written.series_evidence(person)
        assert held.verdicts_of(person) == written.verdicts_of(person)
        assert held.stages_of(person) == written.stages_of(person)
        ours, theirs = ([a.as_dict() for a in assess(r, person)[1]] for r in pair)
        assert theirs == ours
        ours, theirs = (render_person(r, person).replace(r.manifest["source"]["fingerprint"], "") for r in pair)
        assert theirs == ours


def test_what_is_not_there_is_told(pair):
    held = pair[1]
    with pytest.raises(QuestionError, match="no such person"):
        held.person_id("nobody")
    with pytest.raises(QuestionError, match="no such table"):
        held.rows_of("attrition", 1)
    with pytest.raises(QuestionError, match="no such definition"):
        stepwell.explain_records({}, ["trd"])
