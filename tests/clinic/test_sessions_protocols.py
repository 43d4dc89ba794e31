"""Protocol files: what is shipped, a clinic's own file, and values that are only recalled."""

from __future__ import annotations

import datetime as dt

import pytest

import stepwell
from stepwell.clinic.sessions import protocol_files
from stepwell.clinic.sessions.models import KeptProtocol

SHIPPED = ("esketamine-eu", "esketamine-us", "ketamine-im", "ketamine-iv")
TODAY = dt.date(2026, 11, 29)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The clinic's own folder of protocols."""
    monkeypatch.setattr(protocol_files, "own_folder", lambda: tmp_path)
    return tmp_path


def test_the_shipped_files_agree_with_the_regimens_of_the_knowledge(folder):
    files = protocol_files.available()
    assert tuple(files) == SHIPPED
    regimens = stepwell.load_knowledge().regimens
    for file in files.values():
        protocol, regimen = file.protocol, regimens[file.protocol.regimen]
        assert regimen.treatment == protocol.treatment
        weeks = [(phase.id, phase.from_week, phase.until_week) for phase in protocol.phases]
        assert weeks == [(phase.id, phase.from_week, phase.until_week) for phase in regimen.phases]
        if regimen.doses:
            doses = [(rule.when, rule.any_of, rule.age_at_least, rule.age_below) for rule in protocol.doses]
            assert doses == [(rule.when, rule.any_of, rule.age_at_least, rule.age_below) for rule in regimen.doses]
        if regimen.pressure_before:
            limits = [(p.systolic_at_most, p.diastolic_at_most, p.age_below) for p in protocol.pressure_before]
            assert limits == [(p.systolic_at_most, p.diastolic_at_most, p.age_below) for p in regimen.pressure_before]
        if regimen.observed:
            assert protocol.earliest_end.at_least == regimen.observed.at_least
        if regimen.pressure_after:
            assert protocol.readings[1].first == regimen.pressure_after.first
            assert protocol.readings[1].last == regimen.pressure_after.last
        if regimen.form:
            assert protocol.monitoring_form.within_days == regimen.form.within
        groups = {form.group for form in stepwell.load_knowledge().interacting.values()}
        assert {check.interacting for check in protocol.checks if check.interacting} <= groups


def test_doses_and_limits_follow_age_and_session(folder):
    protocol = protocol_files.available()["esketamine-eu"].protocol
    old, young = dt.date(1950, 1, 1), dt.date(1990, 1, 1)
    assert [rule.any_of for rule in protocol.doses_for(old, TODAY, True)] == [(28,)]
    assert [rule.any_of for rule in protocol.doses_for(young, TODAY, False)] == [(56, 84)]
    assert protocol.pressure_for(old, TODAY).systolic_at_most == 150
    assert protocol.pressure_for(young, TODAY).systolic_at_most == 140
    infusion = protocol_files.available()["ketamine-iv"].protocol.doses[0]
    assert infusion.has(40)
    assert not infusion.has(400)


def test_a_recalled_value_is_used_only_after_a_prescriber_confirmed_it(folder, home, actor):
    files = protocol_files.available()
    assert protocol_files.is_confirmed(files["esketamine-us"], home.pk)
    file = files["ketamine-iv"]
    assert {one.seen for _, one in file.protocol.recalled} == {"recalled"}
    assert not protocol_files.is_confirmed(file, home.pk)
    protocol_files.confirm(file, home, actor("prescriber"))
    protocol_files.confirm(file, home, actor("prescriber"))
    assert protocol_files.is_confirmed(file, home.pk)
    assert not protocol_files.is_confirmed(files["ketamine-im"], home.pk)


def test_the_clinics_own_file_takes_the_place_of_a_shipped_one_and_wrong_ones_are_told(folder):
    shipped = protocol_files.available()["esketamine-us"]
    own = shipped.text.replace("at_least: 2 hours", "at_least: 3 hours")
    (folder / "esketamine-us.yaml").write_text(own, encoding="utf-8")
    wrong = shipped.text.replace("id: esketamine-us", "id: other").replace("28 mg,", "28,")
    (folder / "other.yaml").write_text(wrong.replace("source: spravato-mims,", "source: nobody,"), encoding="utf-8")
    files = protocol_files.available()
    assert tuple(files) == SHIPPED
    assert files["esketamine-us"].is_own
    assert files["esketamine-us"].protocol.earliest_end.at_least == 180
    told = [str(problem) for problem in protocol_files.problems()]
    assert told
    assert all("other.yaml" in problem and str(folder) not in problem for problem in told)
    assert any("has no unit" in problem for problem in told)
    (folder / "other.yaml").write_text(
        shipped.text.replace("id: esketamine-us", "id: another").replace("source: spravato-mims,", "source: nobody,"),
        encoding="utf-8",
    )
    told = [str(problem) for problem in protocol_files.problems()]
    assert any("no source `nobody`" in problem for problem in told)
    assert any("its id is `another`" in problem for problem in told)


def test_the_text_by_which_something_was_ordered_stays_readable(folder):
    file = protocol_files.available()["esketamine-us"]
    protocol_files.keep(file)
    protocol_files.keep(file)
    assert KeptProtocol.objects.count() == 1
    assert protocol_files.kept([file.digest, "of no file"]) == {file.digest: file.protocol}
