"""9d Sessions and series: what in the records is one, told apart, counted once, strung together."""

import pytest


def test_a_visit_the_drug_and_the_units_of_one_day_are_one_session(sessions):
    """A visit that includes the drug, the drug's own row and units billed are one session with one dose."""
    sessions(
        dose="""
            ingredient | given_date | kind           | mg
            spray      | 2020-03-02 | administration | 40
        """,
        procedure="""
            procedure   | procedure_date | code  | quantity
            spray-visit | 2020-03-02     | V0001 | 1
            spray-visit | 2020-03-02     | U0001 | 40
        """,
    ).shows(
        session="""
            treatment | session_date | is_session | mg | n_records | series_number | session_number
            spray     | 2020-03-02   | yes        | 40 | 3         | 1             | 1
        """,
    )


@pytest.mark.parametrize(
    ("code", "quantity", "low", "high"),
    [("V0001", 1, 20, 40), ("V0002", 1, 60, 80), ("U0001", 60, 60, 60), ("spray-visit", 1, None, None)],
    ids=["up to 40 mg", "more than 40 mg", "60 units of 1 mg", "no known code"],
)
def test_what_a_code_says_of_the_dose(sessions, code, quantity, low, high):
    """A visit's code gives a range within the doses that are possible; units give the dose; any other code says nothing."""
    (day,) = sessions(
        procedure=f"""
            procedure   | procedure_date | code   | quantity
            spray-visit | 2020-03-02     | {code} | {quantity}
        """
    ).tables["session"]
    assert (day["is_session"], day["mg_at_least"], day["mg_at_most"]) == (True, low, high)
    assert day["mg"] == (low if low == high else None)


@pytest.mark.parametrize(
    ("code", "day", "is_session"),
    [
        ("U0001", "2020-12-31", True),
        ("U0001", "2021-01-01", None),
        ("U0002", "2021-01-01", True),
        ("U0002", "2020-12-31", None),
    ],
)
def test_a_code_outside_its_dates_says_nothing(sessions, code, day, is_session):
    """Valid on its last day and on its first; a day later or earlier nobody can say what it meant."""
    (found,) = sessions(
        procedure=f"""
            procedure   | procedure_date | code   | quantity
            spray-visit | {day}          | {code} | 40
        """
    ).tables["session"]
    assert (found["is_session"], found["is_code_out_of_date"]) == (is_session, is_session is None)
    assert found["mg"] == (40 if is_session else None)


@pytest.mark.parametrize(
    ("mg", "impossible", "known"),
    [(20, False, 20), (19, True, None), (80, False, 80), (81, True, None), (100, True, None), (30, True, None),
     (0.04, True, None), (40000, True, None)],
    ids=["least", "1 mg below", "greatest", "1 mg above", "a dose too much", "no multiple", "grams", "micrograms"],
)  # fmt: skip
def test_a_dose_that_no_session_has_is_unknown(sessions, mg, impossible, known):
    """A dose outside what is possible is another unit or a slip: the session is one, its dose unknown, and that is counted."""
    (day,) = sessions(
        dose=f"""
            ingredient | given_date | kind           | mg
            spray      | 2020-03-02 | administration | {mg}
        """
    ).tables["session"]
    assert (day["is_session"], day["is_dose_impossible"], day["mg"]) == (True, impossible, known)


def test_records_that_contradict_each_other(sessions):
    """A visit of more than 40 mg and a dose of 40 mg cannot both be right: the dose is a range that holds both."""
    sessions(
        dose="""
            ingredient | given_date | kind           | mg
            spray      | 2020-03-02 | administration | 40
        """,
        procedure="""
            procedure   | procedure_date | code
            spray-visit | 2020-03-02     | V0002
        """,
    ).shows(
        session="""
            session_date | is_session | is_dose_contradictory | mg | mg_at_least | mg_at_most
            2020-03-02   | yes        | yes                   |    | 40          | 80
        """,
    )


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [(20, 40, 60, 60), (20, 20, 20, 40), (60, 60, 60, 60), (60, 40, None, None)],
    ids=["two doses", "alike: sent twice, or two devices", "alike: too much as two", "too much"],
)
def test_two_doses_on_one_day(sessions, first, second, low, high):
    """Different rows of one day add up. Rows that are alike are one row sent twice or two devices, and nobody can say which,
    unless both together would be more than is possible."""
    (day,) = sessions(
        dose=f"""
            ingredient | given_date | kind           | mg
            spray      | 2020-03-02 | administration | {first}
            spray      | 2020-03-02 | administration | {second}
        """
    ).tables["session"]
    assert (day["n_records"], day["mg_at_least"], day["mg_at_most"]) == (2, low, high)


def test_a_supply_is_not_a_dose_given(sessions):
    """A fill does not say on which day the drug was used, and beside a dose charted it adds nothing."""
    sessions(
        dose="""
            ingredient | given_date | kind           | mg
            spray      | 2020-03-02 | supply         | 160
            spray      | 2020-03-05 |                | 40
            spray      | 2020-03-09 | administration | 40
            spray      | 2020-03-09 | supply         | 80
        """
    ).shows(
        session="""
            session_date | is_session | session.given | mg | is_dose_impossible
            2020-03-02   | unknown    | unknown       |    | no
            2020-03-05   | unknown    | unknown       | 40 | no
            2020-03-09   | yes        | met           | 40 | no
        """,
        series="""
            series_number | is_series | n_sessions | n_sessions_possible
            1             | yes       | 1          | 3
        """,
    )


@pytest.mark.parametrize(
    ("born", "died", "alive"),
    [("2020-03-02", "2020-03-02", "met"), ("2020-03-03", "", "not met"), ("1980-01-01", "2020-03-01", "not met")],
    ids=["first and last day of life", "before birth", "after death"],
)
def test_nobody_is_treated_before_birth_or_after_death(sessions, born, died, alive):
    """Such a day is no session, and in no series."""
    person = f"""
        birth_earliest_date | birth_latest_date | death_date
        {born}              | {born}            | {died}
    """
    day = f"""
        session_date | session.alive | is_session
        2020-03-02   | {alive}       | {"yes" if alive == "met" else "no"}
    """
    dose = """
        ingredient | given_date | kind           | mg
        spray      | 2020-03-02 | administration | 40
    """
    found = sessions(person=person, dose=dose).shows(session=day)
    assert len(found.tables["series"]) == (alive == "met")


def infusions(*days: str, mg: object = 40, route: str = "intravenous") -> str:
    lines = [f"infusion | {day} | administration | {mg} | {route}" for day in days]
    return "\n".join(["ingredient | given_date | kind | mg | route", *lines])


@pytest.mark.parametrize(
    ("mg", "route", "dose", "by_route", "is_session"),
    [
        (100, "intravenous", True, True, True),
        (101, "intravenous", False, True, False),
        ("", "intravenous", None, True, None),
        (40, "intramuscular", True, True, True),
        (40, "oral", True, False, False),
        (40, "", True, None, None),
    ],
    ids=["100 mg", "101 mg", "dose unknown", "intramuscular", "oral", "route unknown"],
)
def test_an_infusion_against_depression_by_dose_and_route(sessions, mg, route, dose, by_route, is_session):
    """At most 100 mg, by a route that is asked; where one is not recorded, nobody can tell."""
    rows = sessions(dose=infusions("2020-01-02", "2020-01-05", mg=mg, route=route)).tables["session"]
    found = {(r["session.dose"], r["session.route"], r["is_session"]) for r in rows}
    assert found == {(dose, by_route, is_session)}


@pytest.mark.parametrize(("second", "is_session"), [("2020-01-12", True), ("2020-01-13", None)])
def test_repetition_tells_a_treatment_from_an_anaesthetic(sessions, second, is_session):
    """Two days at most 10 days apart are a treatment; a single day may be anything."""
    rows = sessions(dose=infusions("2020-01-02", second)).tables["session"]
    assert [r["is_session"] for r in rows] == [is_session] * 2


def test_what_may_be_no_session_proves_no_repetition(sessions):
    """A day of unknown route beside a certain one leaves both unknown."""
    lines = infusions("2020-01-02") + "\ninfusion | 2020-01-05 | administration | 40 | "
    sessions(dose=lines).shows(
        session="""
            session_date | session.route | session.repeated | is_session
            2020-01-02   | met           | unknown          | unknown
            2020-01-05   | unknown       | unknown          | unknown
        """,
    )


@pytest.mark.parametrize(
    ("done", "has", "apart"),
    [
        ("2020-01-02 | anaesthesia", None, False),
        ("2020-01-02 | ect", None, False),
        ("2020-01-03 | anaesthesia", None, True),
        ("", {"person", "observation_period", "condition", "dose"}, None),
    ],
    ids=["anaesthesia that day", "a shock that day", "the day after", "no procedures held"],
)
def test_apart_from_anaesthesia(sessions, done, has, apart):
    """On a day with anaesthesia or a shock the drug is given for that; in a source without procedures nobody can say."""
    procedure = f"procedure_date | procedure\n{done}" if done else ""
    rows = sessions(has=has, dose=infusions("2020-01-02", "2020-01-05"), procedure=procedure).tables["session"]
    day = next(r for r in rows if r["treatment"] == "infusion" and r["session_date"].day == 2)
    assert day["session.apart"] is apart


@pytest.mark.parametrize(
    ("diagnosed", "seen", "met"),
    [
        ("2020-02-01 | major-depression", "2010-01-01", True),
        ("2020-01-31 | major-depression", "2010-01-01", False),
        ("2020-04-01 | major-depression", "2010-01-01", True),
        ("2020-04-02 | major-depression", "2010-01-01", False),
        ("2020-04-01 | bipolar", "2020-02-01", False),
        ("2020-04-01 | bipolar", "2020-02-02", None),
    ],
    ids=["60 days before", "61 days", "on the day", "the day after", "another diagnosis", "not observed so long"],
)
def test_a_diagnosis_in_the_time_before(sessions, diagnosed, seen, met):
    """At most 60 days before; where none is recorded, only time that was observed says that there was none."""
    rows = sessions(
        condition=f"condition_date | codeset\n{diagnosed}",
        observation_period=f"start_date | end_date\n{seen} | 2021-12-31",
        dose=infusions("2020-04-01"),
    ).tables["session"]
    assert [r["session.diagnosed"] for r in rows] == [met]


UNREAD = """
    person_id | record    | codeset          | first_date | last_date
    2         | procedure |                  | 2020-04-01 | 2020-04-01
    3         | procedure | ect              | 2020-03-01 | 2020-05-01
    4         | procedure | tms              | 2020-03-01 | 2020-05-01
    5         | procedure |                  | 2020-04-02 | 2020-05-01
    6         | procedure |                  | 2020-03-01 | 2020-03-31
    7         | procedure |                  |            |
    8         | condition |                  | 2020-02-01 | 2020-02-01
    9         | condition | major-depression | 2020-04-01 | 2020-04-01
    10        | condition | bipolar          | 2020-04-01 | 2020-04-01
    11        | condition |                  | 2020-01-01 | 2020-01-31
    12        | condition |                  | 2020-04-02 | 2020-05-01
    13        | condition |                  |            |
    14        | condition |                  | 2020-04-01 | 2020-04-01
    15        | procedure |                  | 2020-04-01 | 2020-04-01
"""


def test_codes_that_nobody_could_read_may_be_what_is_looked_for(sessions):
    """A procedure that could not be read, of that day, may be an anaesthetic; a diagnosis, of the 60 days before, may be the one
    that is asked. What is recorded settles it, whatever could not be read."""
    people = range(1, 16)
    lines = [f"{p} | infusion | 2020-04-01 | administration | 40 | intravenous" for p in people]
    found = sessions(
        dose="\n".join(["person_id | ingredient | given_date | kind | mg | route", *lines]),
        condition="person_id | condition_date | codeset\n14 | 2020-03-01 | major-depression",
        procedure="person_id | procedure_date | procedure\n15 | 2020-04-01 | ect",
        code_gap=UNREAD,
    ).tables["session"]
    rows = {r["person_id"]: r for r in found if r["treatment"] == "infusion"}
    apart = {p: rows[p]["session.apart"] for p in people}
    assert apart == dict.fromkeys(people, True) | {2: None, 3: None, 7: None, 15: False}
    diagnosed = {p: rows[p]["session.diagnosed"] for p in people}
    assert diagnosed == dict.fromkeys(people, False) | {8: None, 9: None, 13: None, 14: True}
    # What is certainly no treatment of depression is no session; where a code may be hidden nobody can say.
    assert {p: rows[p]["is_session"] for p in people} == dict.fromkeys(people, False) | dict.fromkeys((8, 9, 13, 14))


def sprays(*days: str, mg: int = 40) -> str:
    lines = [f"spray | {day} | administration | {mg}" for day in days]
    return "\n".join(["ingredient | given_date | kind | mg", *lines])


@pytest.mark.parametrize(("second", "n"), [("2020-04-01", 1), ("2020-04-02", 2)])
def test_a_longer_pause_begins_a_new_series(sessions, second, n):
    """30 days from one session to the next are one series, 31 two."""
    rows = sessions(dose=sprays("2020-03-02", second)).tables["series"]
    assert [r["begun_by"] for r in rows] == ["first", "pause"][:n]


@pytest.mark.parametrize(
    ("days", "n"),
    [
        (["2020-03-01", "2020-03-15", "2020-03-22", "2020-03-25", "2020-04-01"], 2),
        (["2020-03-01", "2020-03-15", "2020-03-22", "2020-03-25", "2020-04-02"], 1),
        (["2020-03-02", "2020-03-15", "2020-03-22", "2020-03-25", "2020-04-01"], 1),
        (["2020-03-01", "2020-03-16", "2020-03-22", "2020-03-25", "2020-04-01"], 1),
    ],
    ids=["three in 10 days", "in 11 days", "20 days after the first", "6 days after the one before"],
)
def test_an_induction_that_begins_anew(sessions, days, n):
    """Three sessions within 10 days, more than 20 days after the first of all and 7 after the one before, are a re-induction."""
    rows = sessions(dose=sprays(*days)).tables["series"]
    assert [r["begun_by"] for r in rows] == ["first", "re-induction"][:n]


def test_places_in_a_series(sessions):
    """Weeks count from the first session of the series."""
    sessions(dose=sprays("2020-03-02", "2020-03-08", "2020-03-09", "2020-03-30", "2020-05-04")).shows(
        session="""
            session_date | series_number | session_number | week | n_days_since
            2020-03-02   | 1             | 1              | 1    |
            2020-03-08   | 1             | 2              | 1    | 6
            2020-03-09   | 1             | 3              | 2    | 1
            2020-03-30   | 1             | 4              | 5    | 21
            2020-05-04   | 2             | 1              | 1    |
        """,
        series="""
            series_number | begun_by | start_date | end_date   | n_sessions | n_days_since | mg_total_at_least
            1             | first    | 2020-03-02 | 2020-03-30 | 4          |              | 160
            2             | pause    | 2020-05-04 | 2020-05-04 | 1          | 35           | 40
        """,
    )


def test_a_shock_is_a_procedure(sessions):
    """Several codes of one day are one session."""
    sessions(
        procedure="""
            procedure | procedure_date | code
            ect       | 2020-03-02     | 90870
            ect       | 2020-03-02     | 00104
            ect       | 2020-03-04     | 90870
        """
    ).shows(
        session="""
            treatment | session_date | is_session | n_records
            shock     | 2020-03-02   | yes        | 2
            shock     | 2020-03-04   | yes        | 1
        """,
    )


@pytest.mark.parametrize(
    ("declared", "route", "is_session"),
    [("", "intravenous", None), ("no", "oral", True), ("yes", "intravenous", None)],
    ids=["not declared", "declared", "declared a comparator"],
)
def test_a_declared_session_is_certain(sessions, declared, route, is_session):
    """A single infusion may be anything, until its source declares it to be a session; then only the life span is asked."""
    lines = [f"2020-02-20 | infusion | {declared} | A"] if declared else []
    (day,) = sessions(
        dose=f"""
            ingredient | given_date | kind           | mg  | route
            infusion   | 2020-02-20 | administration | {40 if is_session is None else 200} | {route}
            """,
        declared_session="\n".join(["session_date | treatment | is_comparator | arm", *lines]) if lines else "",
    ).tables["session"]
    assert (day["is_session"], day["is_declared"]) == (is_session, declared == "no")
    assert (day.get("session.route") is None) == (declared == "no")
