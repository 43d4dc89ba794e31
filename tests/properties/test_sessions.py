"""The engine strings sessions together as the plain-loop oracle does, on people whose records are untidy in every known way."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from drawn import complete
from oracle_effect import find_effects, judge_sessions
from session_cases import TABLES, by_engine, read_by_oracle
from session_clinic import REGIMEN, SESSION_CLINIC
from untidy_sessions import BEGIN, untidy_sessions

from stepwell.tables import RECORDS


@pytest.mark.parametrize(
    "has", [None, frozenset(t.name for t in RECORDS) - {"procedure", "condition"}], ids=["all", "less"]
)
def test_the_engine_agrees_with_the_oracle(has):
    crowd = untidy_sessions(Random("sessions"), 300)
    engine, oracle = by_engine(crowd, has), read_by_oracle(crowd, has)
    for name in ("session", "series"):
        key = TABLES[name].key
        found, expected = ({tuple(r[k] for k in key): r for r in rows[name]} for rows in (engine, oracle))
        assert len(found) == len(engine[name]) > 300
        assert found.keys() == expected.keys()
        differ = [
            f"{name} {k} {column}: {found[k][column]} / {value}"
            for k, row in expected.items()
            for column, value in row.items()
            if found[k][column] != value
        ]
        assert differ == []
    assert {r["is_session"] for r in engine["session"]} == {True, False, None}
    assert {r["begun_by"] for r in engine["series"]} == {"first", "pause", "re-induction"}


def with_medicines(rng: Random, crowd: dict[str, list[dict]]) -> dict[str, list[dict]]:
    """The same people with medicines around their sessions, some of unknown length or dose, and a few drugs without a day."""
    medication, missing = [], []
    for person in crowd["person"]:
        for _ in range(rng.randint(0, 5)):
            first = BEGIN + timedelta(rng.randint(-60, 320))
            length = rng.choice((None, 0, 6, 27, 89))
            medication.append(
                {"person_id": person["person_id"],
                 "ingredient": rng.choice([d for d in SESSION_CLINIC.ingredients if d not in ("spray", "infusion")]),
                 "start_date": first, "end_date": None if length is None else first + timedelta(length),
                 "mg_per_day": rng.choice((None, 25.0, 50.0, 100.0, 300.0)), "is_supplied": True}
            )  # fmt: skip
        if rng.random() < 0.1:
            missing.append({"person_id": person["person_id"], "reason": "drugs without a day", "n_rows": 1, "n_of": 3})
    more = complete({"person": crowd["person"], "medication": medication, "incomplete_medication": missing})
    return crowd | {name: more[name] for name in ("medication", "incomplete_medication")}


def test_what_a_series_did_agrees_with_the_oracle():
    """Scales, checkpoints, onset, loss, benefit, and the medicines before, during and after."""
    crowd = with_medicines(Random("medicines"), untidy_sessions(Random("effects"), 400))
    engine = by_engine(crowd)
    expected_rows = find_effects(crowd, engine["series"], SESSION_CLINIC)
    for name, rows in expected_rows.items():
        key = TABLES[name].key
        found, expected = ({tuple(r[k] for k in key): r for r in of} for of in (engine[name], rows))
        assert len(found) == len(engine[name]) > 300
        assert found.keys() == expected.keys()
        differ = [
            f"{name} {k} {column}: {found[k][column]} / {value}"
            for k, row in expected.items()
            for column, value in row.items()
            if found[k][column] != pytest.approx(value)
        ]
        assert not differ, f"{len(differ)} values differ (engine / oracle):\n" + "\n".join(differ[:20])
    assert {r["is_response"] for r in engine["series_response"]} == {True, False, None}
    assert sum(r["lost_date"] is not None for r in engine["effect"]) > 10
    assert {r["is_observed"] for r in engine["load"]} == {True, False, None}


def test_adherence_agrees_with_the_oracle():
    """In force, not too often in the week, observed for long enough, the form sent in time: session by session."""
    crowd = untidy_sessions(Random("adherence"), 400)
    engine = by_engine(crowd)
    expected_rows = judge_sessions(crowd, engine["session"], REGIMEN)
    key = ("person_id", "series_number", "session_number")
    found, expected = ({tuple(r[k] for k in key): r for r in of} for of in (engine["judged_session"], expected_rows))
    assert len(found) == len(engine["judged_session"]) > 500
    assert found.keys() == expected.keys()
    differ = [
        f"{k} {column}: {found[k][column]} / {value}"
        for k, row in expected.items()
        for column, value in row.items()
        if found[k][column] != value
    ]
    assert not differ, f"{len(differ)} values differ (engine / oracle):\n" + "\n".join(differ[:20])
    for column in ("frequency", "observed", "form"):
        assert {r[f"regimen.{column}"] for r in expected_rows} == {True, False, None}, column


def test_a_person_alone_is_the_same_in_a_crowd_and_in_any_order():
    crowd = untidy_sessions(Random("alone"), 40)
    together = by_engine(crowd)
    shuffled = {name: Random(name).sample(rows, len(rows)) for name, rows in crowd.items()}
    assert by_engine(shuffled) == together
    one = {name: [r for r in rows if r["person_id"] == 7] for name, rows in crowd.items()}
    for name, rows in by_engine(one).items():
        if name != "attrition":
            assert rows == [r for r in together[name] if r["person_id"] == 7], name


def test_a_stricter_dose_makes_no_new_session():
    """Whoever asks for less of the drug finds no session that was none before."""
    infusion = SESSION_CLINIC.treatments["infusion"]
    less = infusion.model_copy(update={"dose": infusion.dose.model_copy(update={"at_most": 50.0})})
    strict = _with(less)
    crowd = untidy_sessions(Random("strict"), 150)
    loose, tight = ({(r["person_id"], r["session_date"]) for r in by_engine(crowd, knowledge=k)["session"]
                     if r["treatment"] == "infusion" and r["is_session"]} for k in (SESSION_CLINIC, strict))  # fmt: skip
    assert tight < loose


def _with(treatment):
    from dataclasses import replace

    return replace(
        SESSION_CLINIC, treatments=SESSION_CLINIC.treatments | {treatment.id: treatment}, digest=f"with {treatment.id}"
    )


@pytest.mark.parametrize(
    "name", ["session", "series", "judged_session", "judged_series", "series_response", "effect", "load"]
)
def test_every_table_is_what_it_was_declared_to_be(name, found):
    table, rows = TABLES[name], found[name]
    assert rows
    assert list(rows[0]) == [c.name for c in table.columns]
    keys = [tuple(r[k] for k in table.key) for r in rows]
    assert keys == sorted(set(keys))
    for column in table.columns:
        values = {r[column.name] for r in rows}
        assert column.null or None not in values, column.name
        assert not column.values or values - {None} <= set(column.values), column.name


@pytest.fixture(scope="module")
def found():
    return by_engine(untidy_sessions(Random("shape"), 150))
