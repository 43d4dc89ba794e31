"""9h Arms of a trial: declared sessions of a treatment and of what it was compared with, each followed up to the next arm."""


def test_a_crossover_shows_each_arm(judged):
    """Person 1 is given the drug first and the comparator later, person 2 the other way round; each arm has its scores."""
    found = judged(
        dose="""
            person_id | ingredient | given_date | kind           | route
            1         | spray      | 2020-03-02 | administration | nasal
            2         | spray      | 2020-03-16 | administration | nasal
        """,
        declared_session="""
            person_id | session_date | treatment | is_comparator | arm     | mg_per_kg
            1         | 2020-03-02   | spray     | no            | spray   | 0.5
            1         | 2020-03-16   | spray     | yes           | placebo |
            2         | 2020-03-02   | spray     | yes           | placebo |
            2         | 2020-03-16   | spray     | no            | spray   | 0.5
        """,
        measurement="""
            person_id | instrument | measured_date | total
            1         | phq-9      | 2020-03-02    | 20
            1         | phq-9      | 2020-03-03    | 8
            1         | phq-9      | 2020-03-16    | 18
            1         | phq-9      | 2020-03-17    | 16
            2         | phq-9      | 2020-03-01    | 22
            2         | phq-9      | 2020-03-03    | 20
            2         | phq-9      | 2020-03-16    | 21
            2         | phq-9      | 2020-03-18    | 4
        """,
    )
    told = ("person_id", "arm_number", "arm", "is_comparator", "baseline_total", "total", "is_response")
    at_day_1 = [tuple(r[c] for c in told) for r in found.tables["arm_response"] if r["checkpoint"] == "day 1"]
    assert at_day_1 == [
        (1, 1, "spray", False, 20, 8, True),
        (1, 2, "placebo", True, 18, 16, False),
        (2, 1, "placebo", True, 22, 20, False),
        (2, 2, "spray", False, 21, 4, True),
    ]
    later = [r["total"] for r in found.tables["arm_response"] if r["checkpoint"] != "day 1"]
    assert later == [None] * 8, "no score of the next arm is counted, and no later one was taken"
    sessions = found.tables["session"]
    assert [(s["person_id"], s["is_session"]) for s in sessions] == [(1, True), (2, True)], "no comparator is a session"
    followed = {r["person_id"]: r for r in found.tables["series_response"] if r["checkpoint_number"] == 2}
    assert followed[1]["total"] is None, "a score after the comparator tells nothing of the series before it"


def test_runs_of_one_arm_and_a_day_with_two(judged):
    """Sessions of one arm in a row are one run; a day on which two arms are declared belongs to none."""
    found = judged(
        dose="ingredient | given_date | kind\nspray | 2020-03-02 | administration",
        declared_session="""
            session_date | treatment | is_comparator | arm | mg_per_kg
            2020-03-02   | spray     | no            | A   | 0.5
            2020-03-05   | spray     | no            | A   | 1.0
            2020-03-09   | spray     | no            | A   |
            2020-03-09   | spray     | yes           | B   |
            2020-03-12   | spray     | yes           | B   |
        """,
    ).tables["arm_response"]
    runs = [
        (r["arm"], r["n_sessions"], r["mg_per_kg"], str(r["end_date"])) for r in found if r["checkpoint_number"] == 1
    ]
    assert runs == [("A", 2, None, "2020-03-05"), ("B", 1, None, "2020-03-12")]


def test_declared_sessions_alone_show_what_their_arms_did(judged):
    """A comparator's clinic may have no dose and no procedure of a treatment at all."""
    found = judged(
        declared_session="session_date | treatment | is_comparator | arm\n2020-03-02 | spray | yes | placebo",
        measurement="instrument | measured_date | total\nphq-9 | 2020-03-02 | 20\nphq-9 | 2020-03-03 | 8",
    ).tables
    told = [(r["arm"], r["baseline_total"], r["total"]) for r in found["arm_response"] if r["checkpoint"] == "day 1"]
    assert told == [("placebo", 20, 8)]
    assert found["session"] == []


def test_the_treatment_and_a_comparator_under_one_name_are_two_arms(judged):
    """A source may name its arms by the sequence of a crossover: the placebo's scores are still not those of the drug."""
    found = judged(
        dose="ingredient | given_date | kind\nspray | 2020-03-02 | administration",
        declared_session="""
            session_date | treatment | is_comparator | arm
            2020-03-02   | spray     | no            | AB
            2020-03-12   | spray     | yes           | AB
        """,
        measurement="""
            instrument | measured_date | total
            phq-9      | 2020-03-02    | 20
            phq-9      | 2020-03-12    | 18
            phq-9      | 2020-03-13    | 8
        """,
    ).tables["arm_response"]
    told = [(r["is_comparator"], r["n_sessions"], r["total"]) for r in found if r["checkpoint"] == "day 1"]
    assert told == [(False, 1, None), (True, 1, 8)]
