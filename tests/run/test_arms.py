"""A crossover trial in an own folder: single infusions that their source declares, and the arm they were compared with."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from stepwell.report.programme_page import render_programme
from stepwell.report.programme_shown import show_programme
from stepwell.runner import run
from stepwell.sources.csvform import FILES

FIRST, SECOND, PEOPLE = date(2022, 3, 7), date(2022, 3, 28), 12


def write_crossover(place, *, declares: bool):
    """Twelve people: half are given ketamine first, half midazolam; two thirds respond to ketamine, one of six to midazolam."""
    rows = {name: [] for name in FILES}

    def add(table: str, **cells) -> None:
        rows[table].append(",".join(str(cells.get(f.name, "")) for f in FILES[table]))

    for n in range(PEOPLE):
        who = f"p{n:02}"
        add("person", person_id=who, birth_date=1980, sex="female")
        add("observation_period", person_id=who, start_date="2020-01-01", end_date="2023-12-31")
        add("condition", person_id=who, condition_date="2022-01-10", vocabulary="ICD10CM", code="F33.2")
        for day, drug in zip((FIRST, SECOND), ("ketamine", "midazolam")[:: 1 if n % 2 else -1], strict=True):
            responds = n % 3 > 0 if drug == "ketamine" else n % 6 == 0
            said = {"session": "ketamine", "arm": drug, "mg_per_kg": 0.5 if drug == "ketamine" else 0.045}
            kind = "comparator" if drug == "midazolam" and declares else "administration"
            add("medication", person_id=who, drug=drug, start_date=day, kind=kind, route="intravenous",
                **(said if declares else {}))  # fmt: skip
            for after, total in ((0, 32), (1, 12 if responds else 28)):
                on = day + timedelta(after)
                add("measurement", person_id=who, measured_date=on, instrument="madrs", total=total)
    # One person is given esketamine twice: the treatment with fewer series comes second on the page.
    for day in (0, 3):
        on = FIRST + timedelta(200 + day)
        add(
            "medication", person_id="p00", drug="esketamine", start_date=on, kind="administration", mg=56, route="nasal"
        )
    place.mkdir()
    for name, form in FILES.items():
        header = ",".join(f.name for f in form)
        (place / f"{name}.csv").write_text("\n".join([header, *rows[name]]) + "\n", encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def crossover(tmp_path_factory):
    place = tmp_path_factory.mktemp("crossover")
    return run(
        write_crossover(place / "records", declares=True), place / "result", definitions=["us-label"], stagings=[]
    )


def test_a_declared_infusion_is_a_session_and_its_comparator_is_none(crossover):
    sessions = crossover.table("session").execute()
    ketamine = sessions[sessions.treatment == "ketamine"]
    assert len(ketamine) == PEOPLE
    assert ketamine.is_session.all()
    assert crossover.table("exposure").execute().ingredient.eq("midazolam").sum() == 0
    story = [e for e in crossover.series_evidence("p00") if e["rule"] == "ketamine"]
    assert {(e["criterion"], e["verdict"]) for e in story} >= {("session.alive", "met"), ("session.given", "met")}
    assert {e["verdict"] for e in story} == {"met"}
    assert any("Declared to be a session by the source" in e["found"] for e in story)


def test_the_programme_shows_response_by_arm(crossover):
    given = show_programme(crossover, suppress_below=0).given
    assert [g.treatment.id for g in given] == ["ketamine", "esketamine"], "most series first"
    ketamine, esketamine = given
    assert esketamine.arms == ()
    at_24_hours = [
        (a.arm, a.is_comparator, a.people.n, a.runs.n, a.checkpoints[0].label, a.checkpoints[0].scored.n,
         a.checkpoints[0].responded.n)
        for a in ketamine.arms
    ]  # fmt: skip
    assert at_24_hours == [
        ("ketamine", False, 12, 12, "24 hours", 12, 8),
        ("midazolam", True, 12, 12, "24 hours", 12, 2),
    ]
    (first, *_) = ketamine.checkpoints
    assert (first.label, first.scored.n, first.responded.n) == ("24 hours", 12, 8), "comparators count in no series"
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", render_programme(crossover, suppress_below=0)))
    assert "compared with, not counted as Ketamine" in page
    assert "no test is made" in page
    shown = show_programme(crossover, suppress_below=5)
    midazolam = next(g for g in shown.given if g.treatment.id == "ketamine").arms[1]
    assert midazolam.checkpoints[0].responded.n is None, "two of twelve are not shown"


def test_without_the_declaration_nobody_can_tell(tmp_path):
    """The same infusions, charted and not declared: each may be anything, and no arm is known."""
    place = write_crossover(tmp_path / "records", declares=False)
    result = run(place, tmp_path / "result", definitions=["us-label"], stagings=[])
    sessions = result.table("session").execute()
    assert sessions[sessions.treatment == "ketamine"].is_session.isna().all()
    assert result.table("arm_response").count().execute() == 0
