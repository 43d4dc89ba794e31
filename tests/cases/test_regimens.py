"""The packaged treatments and regimens at their limits: one day, one milligram, one mmHg inside and outside."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from clinic import define
from drawn import complete

from stepwell.in_memory import determine_records
from stepwell.knowledge.loader import load
from stepwell.why.series import _asked

K = load()
DAY = date(2026, 3, 2)
US, MDSI, EU = "spravato-us-trd", "spravato-us-mdsi", "spravato-eu"
LATER = timedelta(days=3)


def read(**records) -> dict[str, list[dict]]:
    depressed = {"condition_date": DAY - timedelta(30), "codeset": "major-depression"}
    records.setdefault("condition", [depressed, {"condition_date": DAY - timedelta(3), "codeset": "suicidality"}])
    found = determine_records(complete(records), [define()], K, stagings=())
    return {name: table.to_pylist() for name, table in found.items()}


def sprays(*offsets: int, mg: float | None = 56.0, first: float = 56.0, start: date = DAY) -> list[dict]:
    return [
        {"given_date": start + timedelta(n), "ingredient": "esketamine-nasal", "kind": "administration",
         "mg": mg if n else first}
        for n in offsets
    ]  # fmt: skip


def verdicts(found: dict, regimen: str, criterion: str) -> list[bool | None]:
    return [r[criterion] for r in found["judged_session"] if r["regimen"] == K.regimens[regimen].name]


def born(years: int, days: int = 0) -> list[dict]:
    day = DAY.replace(year=DAY.year - years) + timedelta(days)
    return [{"person_id": 1, "birth_earliest_date": day, "birth_latest_date": day}]


@pytest.mark.parametrize(
    ("regimen", "years", "days", "mg", "met"),
    [
        (US, 40, 0, 56, True),
        (US, 40, 0, 84, False),
        (US, 40, 0, 28, False),
        (US, 70, 0, 56, True),
        (EU, 65, 1, 56, True),
        (EU, 65, 1, 28, False),
        (EU, 65, 0, 28, True),
        (EU, 65, 0, 56, False),
        (US, 40, 0, 55, None),
        (US, 40, 0, 57, None),
    ],
)
def test_the_first_dose(regimen, years, days, mg, met):
    """56 mg, and 28 mg from 65 years on by the European label; 55 or 57 mg is no dose of the device, so the dose is unknown."""
    found = read(person=born(years, days), dose=sprays(0, first=float(mg)))
    assert verdicts(found, regimen, "regimen.first_dose") == [met]
    assert found["session"][0]["is_dose_impossible"] is (met is None)


@pytest.mark.parametrize(
    ("regimen", "years", "mg", "met"),
    [(US, 40, 84, True), (US, 40, 28, False), (EU, 70, 28, True), (EU, 70, 84, True), (EU, 40, 28, False), (MDSI, 40, 84, True),
     (MDSI, 40, 28, False)],
)  # fmt: skip
def test_later_doses(regimen, years, mg, met):
    found = read(person=born(years), dose=sprays(0, 3, mg=float(mg)))
    assert verdicts(found, regimen, "regimen.dose")[1] is met


@pytest.mark.parametrize(
    ("offsets", "last"),
    [
        ((0, 3, 6), False),
        ((0, 3, 7), True),
        ((0, 3, 7, 10, 14, 17, 21, 24, 27), False),
        ((0, 3, 7, 10, 14, 17, 21, 24, 28), True),
        ((0, 28, 34), False),
        ((0, 28, 35), True),
        ((0, 28, 56, 62), False),
        ((0, 28, 56, 63), True),
    ],
    ids=[
        "third in week 1",
        "week 2",
        "third in week 4",
        "week 5",
        "second in week 5",
        "week 6",
        "second in week 9",
        "week 10",
    ],
)
def test_sessions_a_week(offsets, last):
    """Two a week in weeks 1 to 4, one a week from week 5 on."""
    found = read(dose=sprays(*offsets))
    assert verdicts(found, US, "regimen.frequency")[-1] is last


INDUCTION, WEEKLY = (0, 3, 7, 10, 14, 17, 21, 24), (28, 35, 42, 49)


@pytest.mark.parametrize(
    ("offsets", "n"),
    [
        ((*INDUCTION, *WEEKLY, 56, 70, 84), 0),
        ((*INDUCTION[:7], *WEEKLY, 56, 70, 84), 1),
        ((*INDUCTION, *WEEKLY[:2], *WEEKLY[3:], 56, 70, 84), 1),
        ((*INDUCTION, *WEEKLY, 69, 77), 0),
        ((*INDUCTION, *WEEKLY, 70, 77), 1),
    ],
    ids=[
        "all",
        "seven in the induction",
        "three in weeks 5 to 8",
        "one late in weeks 9 and 10",
        "none in weeks 9 and 10",
    ],
)
def test_sessions_missed(offsets, n):
    """Two a week, one a week, one in two weeks, as far as the weeks lie before the last session's."""
    found = read(dose=sprays(*offsets))
    (series,) = [r for r in found["judged_series"] if r["regimen"] == K.regimens[US].name]
    assert (series["n_missed"], series["regimen.missed"]) == (n, n == 0)


@pytest.mark.parametrize(
    ("regimen", "day", "met"),
    [
        (US, date(2019, 3, 5), True),
        (US, date(2019, 3, 4), False),
        (MDSI, date(2020, 8, 3), True),
        (MDSI, date(2020, 8, 2), False),
        (EU, date(2019, 3, 4), None),
    ],
)
def test_from_which_day_a_label_holds(regimen, day, met):
    found = read(dose=sprays(0, start=day), condition=[{"condition_date": day, "codeset": "suicidality"}])
    assert verdicts(found, regimen, "regimen.in_force") == [met]


def test_for_whom_the_regimen_for_acute_suicidal_thoughts_is():
    """Judged only where a record around the first session says that the indication applies; silence leaves it unknown, and only
    an answer of no beside observed time without a diagnosis says that it does not."""

    def answer(person, item, value, instrument="c-ssrs-screener", days=0):
        day = DAY - timedelta(days)
        return {"person_id": person, "answered_date": day, "instrument": instrument, "item": item, "value": value}

    def coded(person, days):
        return {"person_id": person, "condition_date": DAY - timedelta(days), "codeset": "suicidality"}

    def unread(person, record, first, last, codeset=None):
        days = {"first_date": DAY - timedelta(first), "last_date": DAY - timedelta(last)}
        return {"person_id": person, "record": record, "codeset": codeset, "n_rows": 1, **days}

    people = range(1, 21)
    late = {"person_id": 11, "start_date": DAY - timedelta(13), "end_date": DAY + timedelta(99)}
    always = [
        {"person_id": p, "start_date": date(2010, 1, 1), "end_date": date(2029, 12, 31)} for p in people if p != 11
    ]
    found = read(
        dose=[{**row, "person_id": p} for p in people for row in sprays(0, 3, mg=28)],
        condition=[coded(1, 14), coded(2, 15), coded(3, -1)],
        answer=[
            answer(4, "4", 1.0, days=14), answer(5, "4", 1.0, days=15), answer(6, "2", 1.0), answer(7, "9", 1.0, "phq-9"),
            answer(8, "9", 0.0, "phq-9"), answer(9, "9", None, "phq-9"), answer(10, "1", 0.0), answer(10, "6b", 1.0),
            *(answer(p, "9", 0.0, "phq-9") for p in range(11, 20)),
            answer(20, "9", 0.0, "phq-9"), answer(20, "5", None),
        ],
        # Codes of that person that nobody could read, and in which days and sets they may hide one.
        code_gap=[
            unread(12, "condition", 30, 14), unread(13, "condition", 30, 15), unread(14, "condition", -1, -9),
            unread(15, "condition", 9, 9, "suicidality"), unread(16, "condition", 9, 9, "aneurysm"),
            unread(17, "procedure", 9, 9), unread(18, "answer", 30, 14), unread(19, "answer", 30, 15),
        ],
        observation_period=[*always, late],
    )  # fmt: skip
    judged = {r["person_id"]: r for r in found["judged_series"] if r["regimen"] == K.regimens[MDSI].name}
    named = {p: judged[p]["regimen.indicated"] if p in judged else False for p in people}
    assert named == {
        1: True,
        2: None,
        3: None,
        4: True,
        5: None,
        6: None,
        7: None,
        8: False,
        9: None,
        10: True,
        11: None,
        12: None,
        13: False,
        14: False,
        15: None,
        16: False,
        17: False,
        18: None,
        19: False,
        20: None,
    }
    assert {p: judged[p]["regimen.dose"] for p in judged} == {p: named[p] and False for p in judged}
    assert {judged[p]["n_not_met.dose"] for p in judged if named[p] is None} == {0}
    assert 8 not in {r["person_id"] for r in found["judged_session"] if r["regimen"] == K.regimens[MDSI].name}
    assert len([r for r in found["judged_series"] if r["regimen"] == K.regimens[US].name]) == len(people)


READINGS = {
    "regimen.pressure_before": [
        ([("systolic", -5, 140), ("diastolic", -5, 90)], True),
        ([("systolic", -5, 141), ("diastolic", -5, 90)], False),
        ([("systolic", -5, 140), ("diastolic", -5, 91)], False),
    ],
    "regimen.pressure_after": [
        ([("systolic", 30, 150), ("diastolic", 50, 90)], True),
        ([("systolic", 29, 150), ("diastolic", 40, 90)], None),
        ([("systolic", 40, 150), ("diastolic", 51, 90)], None),
    ],
    "regimen.observed": [([("observed", None, 120)], True), ([("observed", None, 119)], False)],
    "regimen.form": [([("form sent", None, 7)], True), ([("form sent", None, 8)], False)],
    "regimen.sedation": [([("moaa-s", 90, 5)], True), ([("moaa-s", 90, 4)], False)],
    "regimen.dissociation": [
        ([("cadss", 90, 4)], True),
        ([("cadss", -5, 4), ("cadss", 90, 5)], False),
        ([("cadss", 90, 5)], None),
    ],
}


@pytest.mark.parametrize(
    ("criterion", "readings", "met"), [(c, readings, met) for c, rows in READINGS.items() for readings, met in rows]
)
def test_what_the_label_and_the_programme_ask_of_a_session(criterion, readings, met):
    rows = [{"session_date": DAY, "kind": kind, "minutes": at, "value": float(value)} for kind, at, value in readings]
    found = read(dose=sprays(0), monitoring=rows)
    assert verdicts(found, US, criterion) == [met]


@pytest.mark.parametrize(
    ("days", "systolic", "diastolic", "met"),
    [(1, 140, 90, True), (1, 141, 90, False), (1, 140, 91, False), (0, 150, 90, True), (0, 151, 90, False), (0, 150, 91, False)],
)  # fmt: skip
def test_limits_of_pressure_by_age(days, systolic, diastolic, met):
    """The European label: at most 140/90 mmHg below 65 years, 150/90 from 65 on."""
    rows = [{"session_date": DAY, "kind": "systolic", "minutes": -5, "value": float(systolic)},
            {"session_date": DAY, "kind": "diastolic", "minutes": -5, "value": float(diastolic)}]  # fmt: skip
    found = read(person=born(65, days), dose=sprays(0), monitoring=rows)
    assert verdicts(found, EU, "regimen.pressure_before") == [met]


def test_no_regimen_decides_by_what_was_only_recalled():
    assert not any(r.rests_on_recall for r in K.regimens.values())


@pytest.mark.parametrize(
    ("code", "quantity", "day", "mg", "is_session"),
    [
        ("G2082", 1, DAY, None, True),
        ("G2083", 1, DAY, 84, True),
        ("S0013", 56, date(2025, 12, 31), 56, True),
        ("S0013", 56, date(2026, 1, 1), None, None),
        ("J0013", 84, date(2026, 1, 1), 84, True),
        ("J0013", 84, date(2025, 12, 31), None, None),
        ("J0013", 85, DAY, None, True),
    ],
)
def test_billing_codes(code, quantity, day, mg, is_session):
    """G2082 is 28 or 56 mg, G2083 can only be 84; the codes for milligrams hold within their dates."""
    row = {"procedure_date": day, "procedure": "esketamine-session", "vocabulary": "HCPCS", "code": code}
    (session,) = read(procedure=[{**row, "quantity": float(quantity)}])["session"]
    assert (session["mg"], session["is_session"]) == (mg, is_session)
    assert session["mg_at_most"] == (56 if code == "G2082" else mg)


def infusions(*offsets: int, mg: float = 40.0, route: str = "intravenous") -> list[dict]:
    return [
        {"given_date": DAY + timedelta(n), "ingredient": "ketamine", "kind": "administration", "mg": mg, "route": route}
        for n in offsets
    ]


@pytest.mark.parametrize(
    ("rows", "is_session"),
    [
        (infusions(0, 2, mg=100.0), True),
        (infusions(0, 2, mg=101.0), False),
        (infusions(0, 14), True),
        (infusions(0, 15), None),
        (infusions(0), None),
        (infusions(0, 2, route="nasal"), True),
        (infusions(0, 2, route="oral"), False),
    ],
    ids=["100 mg", "101 mg", "14 days apart", "15 days apart", "once", "nasal", "oral"],
)
def test_ketamine_told_from_anaesthesia_and_pain(rows, is_session):
    assert {r["is_session"] for r in read(dose=rows)["session"]} == {is_session}


@pytest.mark.parametrize(("before", "is_session"), [(365, True), (366, False)])
def test_ketamine_needs_a_diagnosis_in_a_year(before, is_session):
    condition = [{"condition_date": DAY - timedelta(before), "codeset": "depression-other"}]
    assert {r["is_session"] for r in read(dose=infusions(0), condition=condition)["session"]} == {
        None if is_session else False
    }


@pytest.mark.parametrize(("gap", "n"), [(42, 1), (43, 2)])
@pytest.mark.parametrize("treatment", ["esketamine", "ect", "tms"])
def test_a_pause_that_begins_a_new_series(treatment, gap, n):
    days = (0, gap)
    if treatment == "esketamine":
        found = read(dose=sprays(*days))
    else:
        found = read(procedure=[{"procedure_date": DAY + timedelta(d), "procedure": treatment} for d in days])
    assert len(found["series"]) == n


@pytest.mark.parametrize(("treatment", "most"), [("ect", 3), ("tms", 5)])
def test_procedures_a_week(treatment, most):
    procedure = [{"procedure_date": DAY + timedelta(d), "procedure": treatment} for d in range(most + 1)]
    found = read(procedure=procedure)
    assert verdicts(found, f"{treatment}-course", "regimen.frequency") == [True] * most + [False]


@pytest.mark.parametrize(("days", "n"), [((0, 3, 22, 29, 31, 34, 36), 2), ((0, 3, 21, 28, 30, 33, 35), 1)])
def test_a_re_induction_without_a_pause(days, n):
    """Four sessions in two weeks, more than 28 days after the first and a week after the one before."""
    assert len(read(dose=sprays(*days))["series"]) == n


@pytest.mark.parametrize("regimen", [US, MDSI])
@pytest.mark.parametrize(
    ("day", "minutes", "met"),
    [(date(2024, 12, 30), None, True), (date(2024, 12, 31), None, None), (date(2024, 12, 31), 60, True)],
)
def test_oxygen_saturation_from_the_day_of_the_rems(regimen, day, minutes, met):
    """The US programme asks to watch for respiratory depression since 31 December 2024; the European label names no oximeter."""
    depressed = {"condition_date": day - timedelta(30), "codeset": "major-depression"}
    suicidal = {"condition_date": day - timedelta(3), "codeset": "suicidality"}
    reading = {"session_date": day, "kind": "oxygen saturation", "minutes": minutes, "value": 95.0}
    found = read(
        condition=[depressed, suicidal], dose=sprays(0, start=day), monitoring=[reading] if minutes is not None else []
    )
    assert verdicts(found, regimen, "regimen.oxygen") == [met]
    assert K.regimens[EU].oxygen is None


def test_the_limits_that_why_names_are_those_of_the_age_on_the_day():
    """Before the 65th birthday, after it, and over a series in which it lies: both."""
    born = {"birth_earliest_date": date(1955, 3, 5), "birth_latest_date": date(1955, 3, 5)}

    def limits(*days: date) -> list[float]:
        rules = _asked(K.regimens[EU], born, *days)
        return [form.systolic_at_most for criterion, form in rules if criterion == "regimen.pressure_before"]

    assert limits(date(2020, 3, 4)) == [140]
    assert limits(date(2020, 3, 5)) == [150]
    assert sorted(limits(date(2020, 3, 4), date(2020, 3, 5))) == [140, 150]
