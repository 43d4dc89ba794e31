"""The engine strings sessions together as the plain-loop oracle does, on people whose records are untidy in every known way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from clinic import WHY, define
from drawn import complete
from oracle_adherence import judge_adherence
from oracle_effect import find_effects
from session_cases import TABLES, by_engine, read_by_oracle
from session_clinic import REGIMEN, SESSION_CLINIC
from untidy import without_days
from untidy_sessions import BEGIN, untidy_sessions

from stepwell.knowledge.instrument import Safety
from stepwell.knowledge.regimen import Regimen
from stepwell.tables import RECORDS


def assert_alike(name: str, of_engine: list[dict], of_oracle: list[dict]) -> None:
    """The engine has the rows of the oracle, over 300 of them, with the same value in every column that the oracle works out."""
    key = TABLES[name].key
    found, expected = ({tuple(r[k] for k in key): r for r in rows} for rows in (of_engine, of_oracle))
    assert len(found) == len(of_engine) > 300
    assert found.keys() == expected.keys()
    differ = [
        f"{name} {k} {column}: {found[k][column]} / {value}"
        for k, row in expected.items()
        for column, value in row.items()
        if found[k][column] != value
    ]
    assert not differ, f"{len(differ)} values differ (engine / oracle):\n" + "\n".join(differ[:20])


@pytest.mark.parametrize(
    "has", [None, frozenset(t.name for t in RECORDS) - {"procedure", "condition"}], ids=["all", "less"]
)
def test_the_engine_agrees_with_the_oracle(has):
    crowd = untidy_sessions(Random("sessions"), 300)
    engine, oracle = by_engine(crowd, has), read_by_oracle(crowd, has)
    for name in ("session", "series"):
        assert_alike(name, engine[name], oracle[name])
    assert {r["is_session"] for r in engine["session"]} == {True, False, None}
    assert {r["begun_by"] for r in engine["series"]} == {"first", "pause", "re-induction"}


REASONS = TABLES["incomplete_medication"].by_name["reason"].values


def with_medicines(rng: Random, crowd: dict[str, list[dict]]) -> dict[str, list[dict]]:
    """The same people with medicines around their sessions, some of unknown length or dose, and with incomplete drug records."""
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
        if rng.random() < 0.2:
            missing.append({"person_id": person["person_id"], "reason": rng.choice(REASONS), "n_rows": 1, "n_of": 3})
    more = complete({"person": crowd["person"], "medication": medication, "incomplete_medication": missing})
    return crowd | {name: more[name] for name in ("medication", "incomplete_medication")}


@pytest.mark.parametrize("share_without_day", [0, 0.1], ids=["all days known", "some days lost"])
def test_what_a_series_did_agrees_with_the_oracle(share_without_day):
    """Scales, checkpoints, onset, loss, benefit and how it ended; medicines before, during and after; what took over; arms."""
    crowd = with_medicines(Random("medicines"), untidy_sessions(Random("effects"), 400))
    if share_without_day:
        kept = without_days(Random("days lost"), crowd, share_without_day)
        crowd = complete({name: rows for name, rows in kept.items() if rows})
    engine = by_engine(crowd)
    form, has = define().trials, frozenset(t.name for t in RECORDS)
    expected_rows = find_effects(crowd, engine["session"], engine["series"], form, SESSION_CLINIC, has)
    assert expected_rows.keys() == {"series_response", "effect", "load", "arm_response"}
    for name, rows in expected_rows.items():
        key = TABLES[name].key
        found, expected = ({tuple(r[k] for k in key): r for r in of} for of in (engine[name], rows))
        assert len(found) == len(engine[name]) > 100
        assert found.keys() == expected.keys()
        assert set(rows[0]) == set(engine[name][0]), "every column is compared"
        differ = [
            f"{name} {k} {column}: {found[k][column]} / {value}"
            for k, row in expected.items()
            for column, value in row.items()
            if found[k][column] != (pytest.approx(value) if isinstance(value, float) else value)
        ]
        assert not differ, f"{len(differ)} values differ (engine / oracle):\n" + "\n".join(differ[:20])
    assert {r["is_response"] for r in engine["series_response"]} == {True, False, None}
    assert sum(r["lost_date"] is not None for r in engine["effect"]) > 10
    assert {r["ended"] for r in engine["effect"]} >= {None, "relapse", "not seen to end", "next series", "death"}
    assert {r["bridge"] for r in engine["effect"]} == {True, False, None}
    assert {r["is_observed"] for r in engine["load"]} == {True, False, None}


CRISIS = Regimen.model_validate(
    {
        "id": "spray-crisis",
        "version": 1,
        "status": "draft",
        "title": "Made up for the tests",
        "summary": "Made up for the tests.",
        "treatment": "spray",
        "authority": "label",
        "indications": [{"label": "made up", "valid_from": "2020-07-01", **WHY}],
        "indicated": {
            "any_of": ["suicidality"],
            "answers": [{"instrument": "phq-9", "items": ["9"], "at_least": 2}],
            "within": "14 days",
            **WHY,
        },
        "phases": [
            {
                "id": "induction",
                "from_week": 1,
                "until_week": 2,
                "at_most": "2 sessions",
                "at_least": "1 session",
                **WHY,
            }
        ],
        "doses": [{"when": "every session", "any_of": ["60 mg", "80 mg"], **WHY}],
        "missed": {"text": "Made up.", **WHY},
    }
)
"""A second regimen of the spray, for whom an indication has to be shown; it asks little, and of nothing after week 2."""

TWO_REGIMENS = replace(
    SESSION_CLINIC,
    regimens={r.id: r for r in (REGIMEN, CRISIS)},
    instruments=SESSION_CLINIC.instruments
    | {
        "phq-9": SESSION_CLINIC.instruments["phq-9"].model_copy(
            update={"safety": Safety(items=("8", "9"), at_least=1, **WHY)}
        )
    },
    digest="two regimens",
)


SEEN = {
    "regimen.indicated": {None},
    "regimen.in_force": {True},
    "regimen.pressure_after": {True, None},
    "regimen.oxygen": {True, None},
}
"""The verdicts that a criterion can have in these records; all three where it is not named. The first regimen asks for no
indication and was in force before the records begin; no record says that nothing was read, and no saturation is too low."""


def with_readings(rng: Random, crowd: dict[str, list[dict]]) -> dict[str, list[dict]]:
    """The same people with readings around most sessions, some without a time or a value, or several in one minute; with answers
    about suicide, incomplete drug records, and codes and answers that nobody could read."""
    monitoring, answers, gaps, conditions = list(crowd["monitoring"]), [], [], list(crowd["condition"])
    values = {
        "systolic": (120.0, 140.0, 141.0, 150.0, 151.0, None),
        "diastolic": (80.0, 90.0, 91.0),
        "oxygen saturation": (92.0, 97.0, None),
        "moaa-s": (3.0, 4.0, 5.0, 5.0),
        "cadss": (0.0, 4.0, 5.0, 6.0, None),
        "observed": (119.0, 120.0, 140.0),
        "form sent": (0.0, 7.0, 8.0),
    }
    minutes = (-5, -5, 0, 1, 29, 30, 40, 40, 50, 51, 100, 110, None)
    given = [(r["person_id"], r["given_date"]) for r in crowd["dose"] if r["ingredient"] == "spray"]
    for person, day in sorted(set(given)):
        for kind in rng.choices(
            [k for k in values for _ in range(3 if "stolic" in k else 1)], k=rng.choice((0, 6, 16))
        ):
            row = {"person_id": person, "session_date": day, "kind": kind, "value": rng.choice(values[kind])}
            monitoring.append({**row, "minutes": rng.choice(minutes), "address": f"reading/{len(monitoring)}"})
    for person in (r["person_id"] for r in crowd["person"]):
        days = [d for p, d in given if p == person] or [BEGIN]
        about = {"person_id": person, "instrument": "phq-9"}
        answers += [
            {**about, "answered_date": min(days) - timedelta(rng.choice((-1, 0, 14, 15))), "item": rng.choice("8999"),
             "value": rng.choice((0.0, 0.0, 0.0, 0.0, 1.0, 2.0, None)), "at_least": 0.0, "at_most": 3.0, "better": "lower"}
            for _ in range(rng.choice((0, 1, 1, 2)))
        ]  # fmt: skip
        if rng.random() < 0.1:
            dated = {"condition_date": min(days) - timedelta(rng.choice((0, 14, 15))), "codeset": "suicidality"}
            conditions.append({"person_id": person, **dated, "address": f"suicidality/{person}"})
        if rng.random() < 0.2:
            named = {"condition": ("suicidality", "ect", None), "answer": (None,), "procedure": ("spray-visit",)}
            record, names = rng.choice(list(named.items()))
            reason = "without a day" if record == "procedure" else "could not be read"
            span = rng.choice(((None, None), (min(days) - timedelta(20), min(days) - timedelta(rng.choice((14, 15))))))
            gaps.append(
                {"person_id": person, "record": record, "codeset": rng.choice(names), "reason": reason, "n_rows": 1,
                 "first_date": span[0], "last_date": span[1]}
            )  # fmt: skip
    own = {"monitoring": monitoring, "answer": answers, "code_gap": gaps, "condition": conditions}
    own["incomplete_medication"] = [
        {"person_id": person["person_id"], "reason": rng.choice(REASONS), "n_rows": 1, "n_of": 3}
        for person in crowd["person"]
        if rng.random() < 0.1
    ]
    more = complete({"person": crowd["person"], **own})
    return crowd | {name: more[name] for name in own}


@pytest.mark.parametrize("has", [None, frozenset(t.name for t in RECORDS) - {"condition"}], ids=["all", "no diagnoses"])
def test_adherence_agrees_with_the_oracle(has):
    """Every criterion of every session and series, under a regimen for everybody and one whose indication has to be shown."""
    crowd = with_readings(Random("readings"), untidy_sessions(Random("adherence"), 400))
    engine = by_engine(crowd, has, TWO_REGIMENS)
    held = frozenset(t.name for t in RECORDS) if has is None else has
    expected_rows: dict[str, list[dict]] = {"judged_session": [], "judged_series": []}
    for regimen in (REGIMEN, CRISIS):
        found = judge_adherence(crowd, engine["session"], engine["series"], regimen, TWO_REGIMENS, held)
        for name, rows in found.items():
            expected_rows[name] += rows
    for name, rows in expected_rows.items():
        assert_alike(name, engine[name], rows)
        for column in (c for c in TABLES[name].columns if c.name.startswith("regimen.")):
            seen = {r[column.name] for r in rows if r["regimen"] == REGIMEN.name}
            assert seen == SEEN.get(column.name, {True, False, None}), column.name
    seen = {r["regimen.indicated"] for r in expected_rows["judged_series"] if r["regimen"] == CRISIS.name}
    assert seen == {True, None}


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
