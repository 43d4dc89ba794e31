"""The forms "as the code does it" answer as the published programs do, for every single person.

Each program is written out once more beside this file, in plain loops over the records of one person and without the engine.
"""

from __future__ import annotations

from random import Random

import ibis
import pytest
from as_code import exeter, fabbri, ohdsi_1009
from as_code.answer import Answer
from as_code.people import crowd_near_limits
from untidy import untidy_crowd

from stepwell.in_memory import determine_records
from stepwell.knowledge.loader import load
from stepwell.runner import run
from stepwell.simulate import simulate
from stepwell.sources import open_source

KNOWLEDGE = load()
PROGRAMS = {
    "fabbri-2021-code": fabbri.answer,
    "fabbri-2021-exeter": exeter.answer,
    "ohdsi-1009-code": ohdsi_1009.answer,
}
ANSWERS = {True: "met", False: "not met"}


def test_every_form_of_a_program_has_its_program():
    assert {d.id for d in KNOWLEDGE.definitions.values() if d.as_code} == PROGRAMS.keys()


def by_person(records: dict[str, list[dict]]) -> dict[int, dict[str, list[dict]]]:
    """The record tables of each person."""
    people = {row["person_id"]: {name: [] for name in records} for row in records["person"]}
    for name, rows in records.items():
        for row in rows:
            people[row["person_id"]][name].append(row)
    return people


def differences(form: str, people: dict[int, dict], determined: list[dict]) -> list[str]:
    """People of whom form and program do not say the same: the answer, and the day where the program gives one."""
    found = {row["person_id"]: row for row in determined if row["definition"] == KNOWLEDGE.definitions[form].name}
    assert found.keys() == people.keys()
    lines = []
    for person_id, records in people.items():
        said, row = PROGRAMS[form](records), found[person_id]
        day = row["met_date"] if said.date else None
        if (ANSWERS[said.is_trd], said.date) != (row["verdict"], day):
            lines.append(f"person {person_id}: form {row['verdict']} {row['met_date']}, program {said}")
    return lines


def drawn_near_limits():
    return crowd_near_limits(Random("near the limits"), 6000)


def untidy():
    """Few drugs, so that people meet again."""
    drugs = ("sertraline", "fluoxetine", "venlafaxine", "quetiapine", "lithium", "esketamine-nasal", "bupropion")
    return untidy_crowd(Random("untidy"), 2000, KNOWLEDGE, drugs)


@pytest.mark.parametrize("crowd", [drawn_near_limits, untidy])
def test_everybody_of_a_crowd(crowd):
    records = crowd()
    forms = [KNOWLEDGE.definitions[form] for form in PROGRAMS]
    determined, people = determine_records(records, forms, KNOWLEDGE)["determination"].to_pylist(), by_person(records)
    for form in PROGRAMS:
        differ = differences(form, people, determined)
        assert not differ, f"{form}: {len(differ)} differ:\n" + "\n".join(differ[:20])
        n_met = sum(PROGRAMS[form](own).is_trd for own in people.values())
        assert crowd is untidy or n_met >= 200, f"only {n_met} meet {form}: too few to mean anything"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """20,000 simulated people with realistic noise: their records by person, and what the forms say of them."""
    folder = tmp_path_factory.mktemp("as_code")
    simulate(20_000, 1009, folder / "records", noise="realistic")
    result = run(folder / "records", folder / "result", definitions=tuple(PROGRAMS))
    source = open_source(folder / "records", ibis.duckdb.connect(), KNOWLEDGE)
    records = {name: table.to_pyarrow().to_pylist() for name, table in source.tables.items()}
    return by_person(records), result.table("determination").to_pyarrow().to_pylist()


@pytest.mark.long
@pytest.mark.parametrize("form", PROGRAMS)
def test_everybody_of_a_simulated_20000(form, simulated):
    people, determined = simulated
    assert len(people) == 20_000
    differ = differences(form, people, determined)
    assert not differ, f"{len(differ)} differ:\n" + "\n".join(differ[:20])
    assert sum(PROGRAMS[form](records) != Answer(False) for records in people.values()) >= 500
