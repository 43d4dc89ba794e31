"""9e Adherence to a regimen: dates, weeks, doses, readings, forms; unknown where nothing is recorded."""

from datetime import date, timedelta

import pytest

DAY = date(2020, 3, 2)


def sprays(*offsets: int, mg: object = 40) -> str:
    lines = [f"spray | {DAY + timedelta(n)} | administration | {mg}" for n in offsets]
    return "\n".join(["ingredient | given_date | kind | mg", *lines])


def readings(*lines: str) -> str:
    return "\n".join(["session_date | kind | minutes | value", *(f"{DAY} | {line}" for line in lines)])


def first_session(judged, criterion: str, **drawn: str):
    """The verdict of one criterion for a first session, and for its whole series."""
    found = judged(dose=sprays(0), **drawn).tables
    (session,), (series,) = found["judged_session"], found["judged_series"]
    assert session[criterion] == series[criterion]
    name = criterion.partition(".")[2]
    counted = (series[f"n_not_met.{name}"], series[f"n_unknown.{name}"])
    assert counted == {True: (0, 0), False: (1, 0), None: (0, 1)}[session[criterion]]
    return session[criterion]


@pytest.mark.parametrize(("day", "met"), [("2019-06-01", True), ("2019-05-31", False)])
def test_a_regimen_in_force(judged, day, met):
    """Given on the first day of the first indication or later."""
    dose = f"ingredient | given_date | kind | mg\nspray | {day} | administration | 40"
    (session,) = judged(dose=dose).tables["judged_session"]
    assert session["regimen.in_force"] is met


@pytest.mark.parametrize(
    ("born", "mg", "met"),
    [
        ("1980-01-01", 40, True),
        ("1980-01-01", 60, False),
        ("1980-01-01", 20, False),
        ("1955-03-03", 40, True),
        ("1955-03-02", 40, False),
        ("1955-03-02", 20, True),
        ("", 40, None),
        ("", 60, False),
        ("1980-01-01", "", None),
    ],
    ids=[
        "40 mg",
        "60",
        "20",
        "64 years",
        "65 years, 40",
        "65 years, 20",
        "age unknown",
        "right at no age",
        "dose unknown",
    ],
)
def test_the_first_dose_by_age(judged, born, mg, met):
    """40 mg below 65 years, 20 mg from 65 on; where the age is unknown, only a dose that is right at no age is not met."""
    person = f"birth_earliest_date | birth_latest_date\n{born} | {born}"
    (session,) = judged(person=person, dose=sprays(0, mg=mg)).tables["judged_session"]
    assert session["regimen.first_dose"] is met


@pytest.mark.parametrize(("mg", "met"), [(40, True), (80, True), (60, False), (20, False), ("", None)])
def test_later_doses(judged, mg, met):
    """40 or 80 mg from the second session on."""
    dose = sprays(0) + f"\nspray | {DAY + timedelta(3)} | administration | {mg}"
    found = judged(dose=dose).tables
    assert [s["regimen.dose"] for s in found["judged_session"]] == [True, met]
    assert found["judged_series"][0]["regimen.dose"] is met


@pytest.mark.parametrize(
    ("code", "met"), [("V0001", None), ("V0002", None)], ids=["up to 40 mg: 20 or 40", "more than 40 mg: 60 or 80"]
)
def test_a_dose_known_as_a_range(judged, code, met):
    """A range that holds a dose asked and one not asked leaves it unknown."""
    procedure = f"procedure | procedure_date | code\nspray-visit | {DAY + timedelta(3)} | {code}"
    sessions = judged(dose=sprays(0), procedure=procedure).tables["judged_session"]
    assert sessions[1]["regimen.dose"] is met


@pytest.mark.parametrize(
    ("offsets", "verdicts"),
    [
        ((0, 6), [True, True]),
        ((0, 3, 6), [True, True, False]),
        ((0, 3, 7), [True, True, True]),
        ((0, 14, 20), [True, True, False]),
        ((0, 14, 21), [True, True, True]),
    ],
    ids=["2 in week 1", "3 in week 1", "the third in week 2", "2 in week 3", "1 in week 3 and 1 in week 4"],
)
def test_sessions_in_a_week(judged, offsets, verdicts):
    """At most two a week in weeks 1 and 2, at most one from week 3 on; weeks count from the first session."""
    sessions = judged(dose=sprays(*offsets)).tables["judged_session"]
    assert [s["regimen.frequency"] for s in sessions] == verdicts


def test_a_week_with_days_that_may_be_none(judged):
    """A supply may be no session: whether the third record of the week is one too many is unknown."""
    dose = sprays(0, 6) + f"\nspray | {DAY + timedelta(3)} | supply | 40"
    sessions = judged(dose=dose).tables["judged_session"]
    assert [s["regimen.frequency"] for s in sessions] == [True, True, None]


@pytest.mark.parametrize(
    ("offsets", "n", "met"),
    [
        ((0, 3, 7, 10, 14), 0, True),
        ((0, 7, 10, 14), 1, False),
        ((0, 7), 1, False),
        ((0, 6), 0, True),
        ((0, 3, 7, 10, 20, 28), 0, True),
        ((0, 3, 7, 10, 28), 1, False),
    ],
    ids=[
        "all",
        "one in week 1",
        "only week 1 is over",
        "no week is over",
        "one in weeks 3 and 4",
        "none in weeks 3 and 4",
    ],
)
def test_sessions_missed(judged, offsets, n, met):
    """Two in each of weeks 1 and 2, one in every two weeks after that, as far as they lie before the week of the last session."""
    (series,) = judged(dose=sprays(*offsets)).tables["judged_series"]
    assert (series["n_missed"], series["regimen.missed"]) == (n, met)


def test_what_was_not_observed_was_not_missed(judged):
    """Where not all of the series was observed, sessions may only be missing from the record."""
    period = f"start_date | end_date\n{DAY + timedelta(1)} | 2021-01-01"
    (series,) = judged(dose=sprays(0, 7), observation_period=period).tables["judged_series"]
    assert (series["n_missed"], series["regimen.missed"]) == (1, None)


def test_a_session_without_a_day_may_be_the_one_that_is_missing(judged):
    """A procedure of the treatment without a usable day may be the session that was missed; one of an earlier year is not."""
    gap = "record | codeset | reason | first_date | last_date | n_rows\nprocedure | spray-visit | without a day | {} | {} | 1"
    for span, met in ((("", ""), None), (("2010-01-01", "2010-12-31"), False)):
        (series,) = judged(dose=sprays(0, 7), code_gap=gap.format(*span)).tables["judged_series"]
        assert (series["n_missed"], series["regimen.missed"]) == (1, met)


@pytest.mark.parametrize(("value", "met"), [("120", True), ("119", False), ("", None)])
def test_observed_long_enough(judged, value, met):
    """Two hours; where no length is recorded it is unknown."""
    assert first_session(judged, "regimen.observed", monitoring=readings(f"observed | | {value}")) is met


@pytest.mark.parametrize(
    ("high", "low", "minutes", "met"),
    [(140, 90, -5, True), (141, 90, -5, False), (140, 91, 0, False), (140, 90, 1, None), (140, "", -5, None),
     (141, "", -5, False)],
    ids=["140/90", "141/90", "140/91", "after the dose", "half of it", "half of it, too high"],
)  # fmt: skip
def test_pressure_before_the_dose(judged, high, low, minutes, met):
    """At most 140/90 mmHg in the last reading before; without one it is unknown."""
    monitoring = readings(f"systolic | {minutes} | {high}", f"diastolic | {minutes} | {low}")
    assert first_session(judged, "regimen.pressure_before", monitoring=monitoring) is met


@pytest.mark.parametrize(
    ("born", "high", "met"),
    [
        ("1955-03-03", 141, False),
        ("1955-03-02", 141, True),
        ("1955-03-02", 150, True),
        ("1955-03-02", 151, False),
        ("", 140, True),
        ("", 150, None),
        ("", 151, False),
    ],
    ids=["64 years, 141", "65 years, 141", "150", "151", "right at every age", "age unknown", "right at no age"],
)
def test_pressure_before_the_dose_by_age(judged, born, high, met):
    """At most 140/90 mmHg below 65 years and 150/90 from 65 on; where the age is unknown, what both say."""
    person = f"birth_earliest_date | birth_latest_date\n{born} | {born}"
    monitoring = readings(f"systolic | -5 | {high}", "diastolic | -5 | 90")
    assert first_session(judged, "regimen.pressure_before", person=person, monitoring=monitoring) is met


def test_limits_and_doses_are_those_of_the_age_on_the_day(judged):
    """Three days after the first session this person is 65: 150 mmHg is right then, and was too high before."""
    person = f"birth_earliest_date | birth_latest_date\n{(born := '1955-03-05')} | {born}"
    lines = [
        f"{DAY + timedelta(n)} | {line}" for n in (0, 3) for line in ("systolic | -5 | 150", "diastolic | -5 | 90")
    ]
    monitoring = "\n".join(["session_date | kind | minutes | value", *lines])
    found = judged(person=person, dose=sprays(0, 3), monitoring=monitoring).tables["judged_session"]
    assert [s["regimen.pressure_before"] for s in found] == [False, True]


@pytest.mark.parametrize(("minutes", "met"), [(30, True), (50, True), (29, None), (51, None), ("", None)])
def test_pressure_after_the_dose(judged, minutes, met):
    """A reading from minute 30 to minute 50; that none is recorded does not say that none was taken."""
    monitoring = readings(f"systolic | {minutes} | 150", f"diastolic | {minutes} | 80")
    assert first_session(judged, "regimen.pressure_after", monitoring=monitoring) is met


@pytest.mark.parametrize(
    ("before", "end", "met"),
    [
        ("120", "149", True), ("120", "150", False), ("120", "151", False), ("120", "", None),
        ("150", "150", True), ("", "150", None), ("", "151", False), ("155", "151", False),
    ],
)  # fmt: skip
def test_pressure_at_the_end(judged, before, end, met):
    """Decreasing: the last reading is below the one after the dose, or equal to it where none had risen above that before
    the dose. One that is as high as 40 minutes after the dose has not come down."""
    pairs = [("-5", before, "80"), ("40", "150", "80"), ("110", end, "79")]
    lines = [f"{kind} | {at} | {v}" for at, s, d in pairs for kind, v in (("systolic", s), ("diastolic", d))]
    assert first_session(judged, "regimen.pressure_end", monitoring=readings(*lines)) is met


@pytest.mark.parametrize(
    ("minutes", "value", "met"),
    [(1, 97, True), (110, 82, True), (0, 97, None), ("", 97, None), (40, "", None)],
    ids=["after the dose", "a low one", "before it", "no time", "no value"],
)
def test_oxygen_saturation_after_the_dose(judged, minutes, value, met):
    """A reading after the dose; which saturation is enough nobody says. None recorded does not say that none was taken."""
    monitoring = readings(f"oxygen saturation | {minutes} | {value}")
    assert first_session(judged, "regimen.oxygen", monitoring=monitoring) is met


@pytest.mark.parametrize(("day", "met"), [("2019-08-31", True), ("2019-09-01", None)])
def test_oxygen_saturation_before_it_was_asked(judged, day, met):
    """Asked from 1 September 2019 on: a session before that day is none too few."""
    dose = f"ingredient | given_date | kind | mg\nspray | {day} | administration | 40"
    (session,) = judged(dose=dose).tables["judged_session"]
    assert session["regimen.oxygen"] is met


def test_which_oxygen_saturations_are_kept(judged):
    """The last before the dose, the least and the last after it; of two of one minute the lower."""
    lines = ("-5 | 98", "40 | 91", "40 | 89", "60 | 93", "110 | 96", "110 | 97")
    found = judged(dose=sprays(0), monitoring=readings(*(f"oxygen saturation | {line}" for line in lines)))
    (session,) = found.tables["judged_session"]
    assert [session[f"oxygen_{name}"] for name in ("before", "least", "end")] == [98, 89, 96]


@pytest.mark.parametrize(("last", "met"), [("5", True), ("4", False), ("", None)])
def test_sedation_gone_at_the_end(judged, last, met):
    """The last score after the dose is back at 5."""
    monitoring = readings(*(["moaa-s | 40 | 3"] if last else []), f"moaa-s | 100 | {last}")
    assert first_session(judged, "regimen.sedation", monitoring=monitoring) is met


@pytest.mark.parametrize(
    ("before", "last", "met"),
    [("0", "4", True), ("0", "5", False), ("6", "6", True), ("", "4", True), ("", "5", None), ("6", "", None)],
    ids=["at most 4", "5", "as before the dose", "before unknown, 4", "before unknown, 5", "no last score"],
)
def test_dissociation_gone_at_the_end(judged, before, last, met):
    """The last score after the dose is at most 4, or at most what it was before, which may not be recorded."""
    monitoring = readings(f"cadss | -5 | {before}", f"cadss | 100 | {last}")
    assert first_session(judged, "regimen.dissociation", monitoring=monitoring) is met


@pytest.mark.parametrize(("days", "met"), [("7", True), ("8", False), ("", None)])
def test_the_form_sent_in_time(judged, days, met):
    """Within 7 days; where nothing is recorded it is unknown."""
    assert first_session(judged, "regimen.form", monitoring=readings(f"form sent | | {days}")) is met


def test_a_series_is_as_its_worst_session(judged):
    """Not met where any session's is not, else unknown where any is."""
    other = DAY + timedelta(3)
    monitoring = readings("observed | | 120") + f"\n{other} | observed | | 100"
    found = judged(dose=sprays(0, 3, 7), monitoring=monitoring)
    found.shows(
        judged_series="""
            regimen.observed | n_not_met.observed | n_unknown.observed
            not met          | 1                  | 1
        """,
        judged_session="""
            session_number | regimen.observed | observed_minutes
            1              | met              | 120
            2              | not met          | 100
            3              | unknown          |
        """,
    )
