"""The engine strings sessions together as the plain-loop oracle does, on people whose records are untidy in every known way."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest
from drawn import complete
from session_cases import TABLES, by_engine, read_by_oracle
from session_clinic import SESSION_CLINIC

from stepwell.sources.csvform import MONITORED
from stepwell.tables import RECORDS

BEGIN = date(2020, 6, 1)
JUMPS = (0, 0, 1, 2, 3, 3, 4, 4, 6, 7, 7, 9, 10, 11, 20, 21, 29, 30, 31, 60, 61)
KINDS = ("administration", "administration", "administration", "supply", None)
DOSES = (20.0, 40.0, 40.0, 60.0, 80.0, 99.0, 100.0, 101.0, 0.04, 30.0, 160.0, None)
CODES = ("V0001", "V0002", "U0001", "U0002", "spray-visit")


def untidy_sessions(rng: Random, n: int) -> dict[str, list[dict]]:
    """Record tables of `n` people with treatments given in sessions."""
    tables: dict[str, list[dict]] = {name: [] for name in (t.name for t in RECORDS)}
    for person_id in range(1, n + 1):
        for name, rows in _person(rng).items():
            tables[name] += [{"person_id": person_id, **row} for row in rows]
    return complete(tables)


def _person(rng: Random) -> dict[str, list[dict]]:
    dose, procedure, measurement, days = [], [], [], []
    for what in rng.sample(("spray", "infusion", "ect"), rng.randint(1, 3)):
        day = BEGIN + timedelta(rng.choice((0, 100, 200)))
        for _ in range(rng.randint(1, 9)):
            day += timedelta(rng.choice(JUMPS))
            days.append(day)
            for _ in range(rng.choice((1, 1, 1, 2, 3))):
                if what == "ect" or (what == "spray" and rng.random() < 0.4):
                    procedure.append(
                        {"procedure_date": day, "procedure": "ect" if what == "ect" else "spray-visit",
                         "code": rng.choice(CODES), "quantity": rng.choice((1.0, 40.0, 80.0, None))}
                    )  # fmt: skip
                else:
                    dose.append(
                        {"given_date": day, "ingredient": what, "kind": rng.choice(KINDS), "mg": rng.choice(DOSES),
                         "code": rng.choice((None, None, None, *CODES)), "quantity": rng.choice((1.0, 40.0, None)),
                         "route": rng.choice(("intravenous", "intravenous", "oral", None)),
                         "minute": rng.choice((None, 600))}
                    )  # fmt: skip
            if rng.random() < 0.2:
                dose += dose[-1:]
    procedure += [
        {"procedure_date": rng.choice(days), "procedure": "anaesthesia", "code": "00100"}
        for _ in range(rng.choice((0, 0, 1)))
    ]
    for _ in range(rng.randint(0, 12)):
        when = rng.choice(days) + timedelta(rng.choice((-14, -1, 0, 1, 2, 10, 20, 60)))
        instrument = rng.choice(("phq-9", "phq-9", "qids-sr16"))
        measurement.append(
            {"instrument": instrument, "measured_date": when, "total": rng.choice((3.0, 9.0, 15.0, 20.0))}
        )
    return {
        "person": [_life(rng, days)],
        "observation_period": _periods(rng, days),
        "condition": [
            {"condition_date": min(days) + timedelta(rng.choice((-61, -60, 0, 1))), "codeset": "major-depression"}
            for _ in range(rng.choice((0, 1, 1)))
        ],
        "dose": dose,
        "procedure": procedure,
        "declared_session": [
            {"session_date": rng.choice(days), "treatment": rng.choice(("infusion", "spray")), "arm": rng.choice("AB"),
             "is_comparator": rng.random() < 0.3}
            for _ in range(rng.choice((0, 0, 2)))
        ],
        "measurement": measurement,
        "monitoring": [
            {"session_date": rng.choice(days), "kind": kind, "minutes": rng.choice((-5, 0, 30, 40, 50, 51, 110, None)),
             "value": rng.choice((3.0, 5.0, 80.0, 120.0, 140.0, 141.0, None))}
            for kind in rng.choices(MONITORED, k=8)
        ],
    }  # fmt: skip


def _life(rng: Random, days: list[date]) -> dict:
    born = rng.choice((date(1980, 1, 1), date(1955, 6, 15), min(days), min(days) + timedelta(5), None))
    latest = born and born + timedelta(rng.choice((0, 0, 30)))
    died = rng.choice((None, None, None, max(days), max(days) - timedelta(3)))
    return {"birth_earliest_date": born, "birth_latest_date": latest, "death_date": died}


def _periods(rng: Random, days: list[date]) -> list[dict]:
    first, last = min(days), max(days)
    choice = rng.randint(0, 3)
    if choice == 0:
        return []
    if choice == 1:
        return [{"start_date": first - timedelta(400), "end_date": last + timedelta(400)}]
    middle = first + (last - first) / 2
    return [
        {"start_date": first - timedelta(rng.choice((59, 60, 61))), "end_date": middle},
        {"start_date": middle + timedelta(rng.choice((1, 2))), "end_date": last + timedelta(rng.choice((0, 30)))},
    ]


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
