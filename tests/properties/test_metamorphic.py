"""What must not change an answer, and which way an answer may change: the engine against itself on changed records."""

from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest
from agreement import TABLES, by_engine, of_definition
from clinic import FORMS, KNOWLEDGE, branch, define
from untidy import untidy_crowd

SUPPLY_FORMS = [f for f in FORMS if f.trials.basis.is_ == "supply" and not any(b.trial.min_supplies for b in f.branch)]
"""Forms to which it does not matter in how many supplies a drug is given."""


@pytest.fixture(scope="module")
def crowd():
    return untidy_crowd(Random("metamorphic 2"), 500, KNOWLEDGE)


@pytest.fixture(scope="module")
def answer(crowd):
    return by_engine(crowd, FORMS, KNOWLEDGE)


def changed(crowd, **tables):
    return {**crowd, **tables}


def without(tables, *columns):
    """The tables without some columns, for what may differ."""
    return {name: [{k: v for k, v in r.items() if k not in columns} for r in rows] for name, rows in tables.items()}


def test_the_crowd_is_worth_asking(answer):
    """Every verdict of every form, every outcome and every kind of step occurs."""
    seen = Counter((r["definition"], r["verdict"]) for r in answer["determination"])
    # A form that answers as a published program does never says unknown.
    never_open = {(f.name, "unknown") for f in FORMS if f.id.endswith("-code")}
    assert {(f.name, v) for f in FORMS for v in ("met", "not met", "unknown")} - never_open == set(seen) - never_open
    for table, column in (("trial", "outcome"), ("step", "kind"), ("step", "ended")):
        assert set(TABLES[table].by_name[column].values) <= {r[column] for r in answer[table]}


def test_order_of_rows(crowd, answer):
    """The order in which records come does not matter."""
    rng = Random("shuffle")
    assert by_engine({n: rng.sample(rows, len(rows)) for n, rows in crowd.items()}, FORMS, KNOWLEDGE) == answer


def test_a_calendar_later(crowd, answer):
    """Records 28 years later, when every date falls on the same day of the calendar, give the same answers 28 years later."""
    cycle = timedelta(days=28 * 365 + 7)

    def shift(rows):
        return [{k: v + cycle if isinstance(v, date) else v for k, v in r.items()} for r in rows]

    shifted = by_engine({name: shift(rows) for name, rows in crowd.items()}, FORMS, KNOWLEDGE)
    assert shifted == {name: shift(rows) for name, rows in answer.items()}


def test_every_record_sent_twice(crowd):
    """A source that sends everything twice, under new addresses, changes nothing but the number of records.

    Except where a form asks for a number of records.
    """
    forms = [f for f in FORMS if not (f.who.diagnosis and f.who.diagnosis.counted == "records")]
    answer = by_engine(crowd, forms, KNOWLEDGE)
    twice = {n: crowd[n] + [{**r, "address": f"{r['address']}/again"} for r in crowd[n]] for n in ("medication",)}
    for name in ("condition", "measurement", "observation_period"):
        twice[name] = crowd[name] + [{**r, "address": f"{r['address']}/again"} for r in crowd[name]]
    found = by_engine(changed(crowd, **twice), forms, KNOWLEDGE)
    assert [2 * r["n_records"] for r in answer["exposure"]] == [r["n_records"] for r in found["exposure"]]
    assert without(found, "n_records") == without(answer, "n_records")


def test_an_unrelated_drug(crowd, answer):
    """A drug that the knowledge files do not hold is as if it were not there."""
    others = [{**r, "ingredient": "penicillin", "address": f"{r['address']}/p"} for r in crowd["medication"]]
    assert by_engine(changed(crowd, medication=crowd["medication"] + others), FORMS, KNOWLEDGE) == answer


def test_an_unrelated_diagnosis(crowd, answer):
    """A diagnosis in a code set that no form asks for is as if it were not there."""
    others = [{**r, "codeset": "dementia", "address": f"{r['address']}/d"} for r in crowd["condition"]]
    assert by_engine(changed(crowd, condition=crowd["condition"] + others), FORMS, KNOWLEDGE) == answer


def test_one_person_alone(crowd, answer):
    """A person's answer is the same alone as in a crowd."""
    for person_id in range(1, 31):
        alone = by_engine({n: own(rows, person_id) for n, rows in crowd.items()}, FORMS, KNOWLEDGE, has=crowd.keys())
        assert alone == {n: own(rows, person_id) for n, rows in answer.items()}


def own(rows, person_id):
    return [r for r in rows if r["person_id"] == person_id]


def test_a_supply_in_two_halves(crowd):
    """A supply split into two adjoining halves is the same treatment, wherever no other supply of the drug touches it."""
    halves = []
    for r in crowd["medication"]:
        if r["end_date"] is None or r["end_date"] == r["start_date"] or touched(r, crowd["medication"]):
            halves.append(r)
            continue
        middle = r["start_date"] + (r["end_date"] - r["start_date"]) // 2
        halves.append({**r, "end_date": middle, "stop_reason": None})
        halves.append({**r, "start_date": middle + timedelta(days=1), "address": f"{r['address']}/second"})
    assert len(halves) > len(crowd["medication"]) + 100
    one, two = (by_engine(changed(crowd, medication=m), SUPPLY_FORMS, KNOWLEDGE) for m in (crowd["medication"], halves))
    one.pop("exposure"), two.pop("exposure")
    assert without(two, "n_exposures") == without(one, "n_exposures")


def touched(row, rows) -> bool:
    """Whether another supply of the same person and ingredient shares a day with this one."""
    return any(
        other is not row
        and (other["person_id"], other["ingredient"]) == (row["person_id"], row["ingredient"])
        and other["start_date"] <= row["end_date"]
        and (other["end_date"] or other["start_date"]) >= row["start_date"]
        for other in rows
    )


def strictness():
    """Pairs (stricter, looser) of forms. None asks about the person: the day on which that is judged may move."""
    base = {"min_duration": 28, "improvement": 50, "switched": (60, "unscored"), "count": 2, "within": "ever"}

    def form(name, who=None, **other):
        return define(branch(**{**base, **other}), name=name, **(who or {}))

    loose = form("loose")
    return loose, [
        form("longer", min_duration=42),
        form("also-dose", min_dose=28),
        form("more", count=3),
        form("deeper-failure", improvement=25),
        form("sooner-switch", switched=(14, "unscored")),
        form("no-switch", switched=None),
        form("other-class", distinct="class"),
        form("one-episode", within="episode"),
        form("one-year", within=365),
        form("also-taken", taken=(3, "ingredient")),
        form("also-excluded", who={"never": (("bipolar",), "ever")}),
    ]


def test_a_stricter_form_is_met_by_fewer(crowd):
    """Whoever meets a stricter form meets the looser one, no earlier; whom the looser rules out, the stricter does too."""
    loose, stricter = strictness()
    found = by_engine(crowd, [loose, *stricter], KNOWLEDGE)
    judged = {r["person_id"]: r for r in of_definition(found, loose)["determination"]}
    for form in stricter:
        fewer = 0
        for strict in of_definition(found, form)["determination"]:
            looser = judged[strict["person_id"]]
            if strict["verdict"] == "met":
                assert looser["verdict"] == "met", form.id
                assert looser["met_date"] <= strict["met_date"], form.id
            if looser["verdict"] == "not met":
                assert strict["verdict"] == "not met", form.id
            fewer += strict["verdict"] != looser["verdict"]
        assert fewer, f"{form.id} makes no difference in this crowd"


def fill_doses(crowd, answer):
    """Doses of drugs without a low-dose rule: whether those are antidepressant use does not hang on the dose."""
    ruled = {r.ingredient for r in KNOWLEDGE.role_rules}
    return {
        "medication": [
            {**r, "mg_per_day": guess(r, 20.0, 50.0, 75.0, 300.0)}
            if r["mg_per_day"] is None and r["ingredient"] not in ruled
            else r
            for r in crowd["medication"]
        ]
    }


def fill_births(crowd, answer):
    """Days of birth, within the years that were known."""
    return {
        "person": [
            {**r, "birth_earliest_date": day, "birth_latest_date": day}
            for r in crowd["person"]
            for day in [r["birth_latest_date"] or guess(r, date(1970, 1, 1), date(2002, 1, 20), date(2010, 1, 1))]
        ]
    }


def fill_stop_reasons(crowd, answer):
    """Reasons for stopping, of drugs no course of which was going on when observation ended."""
    going_on = {(r["person_id"], r["ingredient"]) for r in answer["trial"] if r["is_ongoing"]}
    return {
        "medication": [
            {**r, "stop_reason": guess(r, "intolerance", "no effect", "other")}
            if r["stop_reason"] is None and (r["person_id"], r["ingredient"]) not in going_on
            else r
            for r in crowd["medication"]
        ]
    }


def fill_observation(crowd, answer):
    """Observation of people who had none."""
    observed = {r["person_id"] for r in crowd["observation_period"]}
    span = {"start_date": date(2018, 1, 1), "end_date": date(2026, 1, 1), "address": "filled"}
    more = [{"person_id": p["person_id"], **span} for p in crowd["person"] if p["person_id"] not in observed]
    return {"observation_period": crowd["observation_period"] + more}


def guess(row, *values):
    """A value for a row, the same for rows that say the same: a record sent twice stays one."""
    content = {k: v for k, v in row.items() if k not in ("address", "source_person_id")}
    return Random(str(sorted(content.items(), key=str))).choice(values)


def conclusions(tables) -> dict[tuple, object]:
    """The verdicts, and for forms that look back from the index day only whether enough trials count.

    As long as it is unknown which trials count, so is the day from which an exclusion `before` looks back; it is judged on
    the last day that may be it, and a reason to exclude that came after an earlier one may turn out not to matter.
    """
    looks_back = {f.name for f in FORMS if f.who.never and f.who.never.when == "before"}
    said = {True: "met", False: "not met", None: "unknown"}
    as_code = {f.name for f in FORMS if f.as_code}
    return {
        (r["definition"], r["person_id"]): said[r["count"]] if r["definition"] in looks_back else r["verdict"]
        for r in tables["determination"]
        if r["definition"] not in as_code
    }


@pytest.mark.parametrize("fill", [fill_doses, fill_births, fill_stop_reasons, fill_observation])
def test_filling_in_an_unknown(crowd, answer, fill):
    """What was met or not met stays so when an unknown is filled in; only unknown verdicts may move.

    This holds for the four fields below. It does not hold for the end of a supply, for the dose of a drug with a
    low-dose rule, and for a score: these say where a trial ends, which drugs stand beside it and which score is its last,
    so a new value makes other trials rather than filling in the old ones. Nor does it hold for a form that answers as a
    published program does: a program reads what is missing as "no".
    """
    filled = by_engine(changed(crowd, **fill(crowd, answer)), FORMS, KNOWLEDGE)
    before, after = conclusions(answer), conclusions(filled)
    overturned = {k: (v, after[k]) for k, v in before.items() if v != "unknown" and after[k] != v}
    assert not overturned
    assert any(after[k] != v for k, v in before.items()), "nothing was settled: the test says nothing"
