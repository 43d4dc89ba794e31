"""A packet's content: from evidence, with the lines it rests on, and without what may not be disclosed."""

from __future__ import annotations

from datetime import date

import pytest
from packet_records import example_policy, packet_of, run_records

from stepwell import load_knowledge
from stepwell.clinic.authorisation.content import Denial, Patient, Request, edit
from stepwell.clinic.authorisation.disclosure import WITHHELD
from stepwell.clinic.authorisation.letters import NOT_RECORDS


@pytest.fixture(scope="module")
def result():
    return run_records()


@pytest.fixture(scope="module")
def packet(result):
    states = {"medication.csv:3": "confirmed", "measurement.csv:2": "confirmed", "measurement.csv:3": "reported"}
    return packet_of(result, states=states)


def test_the_trials_stand_with_dose_time_outcome_and_the_lines_behind_them(packet):
    bupropion, sertraline, venlafaxine = packet.trials
    assert (bupropion.drug, bupropion.counts) == ("bupropion", "before the present episode")
    assert (sertraline.dose, sertraline.weeks, sertraline.counts) == ("up to 100 mg a day", 5.0, "does not count")
    assert sertraline.outcome == "PHQ-9 19 on 8 Jan 2025, 18 on 12 Feb 2025: 5.3 % better"
    assert sertraline.rests_on == ("medication.csv:3", "measurement.csv:2", "measurement.csv:3")
    assert sertraline.state == "reported", "the weakest of its lines"
    assert venlafaxine.stopped == "still taken"
    assert any("asked: at least 42 days" in why for why in sertraline.why)


def test_every_sentence_of_both_letters_rests_on_something_that_is_there(result, packet):
    denial = Denial(day=date(2026, 2, 1), reason="Two adequate trials are not shown.", number="D-9")
    appeal = packet_of(result, denial=denial)
    assert (packet.letter.kind, appeal.letter.kind) == ("necessity", "appeal")
    for content in (packet, appeal):
        known = {source.address for source in content.sources} | set(NOT_RECORDS)
        for sentence in content.letter.sentences:
            assert sentence.rests_on, sentence.id
            assert set(sentence.rests_on) <= known, sentence
    text = " ".join(s.text for s in appeal.letter.sentences)
    assert "On 1 Feb 2026 authorisation of esketamine (nasal) was denied (number D-9)." in text
    assert "The reason given is: “Two adequate trials are not shown”." in text


def test_a_letter_says_nothing_that_nobody_recorded(result):
    """Without a birth date, a payer or a request there are no sentences about them, and they are listed as missing."""
    bare = packet_of(result, patient=Patient(name="Anna Example"), request=Request())
    text = " ".join(s.text for s in bare.letter.sentences)
    assert "born" not in text
    assert "units" not in text
    assert {"Birth date", "Height", "Weight", "Code", "Units", "Benefit (medical or pharmacy)"} <= set(bare.missing)
    assert not any(word in text.lower() for word in ("medically necessary", "cure", "fix ", "severe", "failed"))


def test_criteria_stand_one_by_one_with_what_would_settle_them(packet):
    own = {c.label: c for c in packet.criteria if c.asked_by == "payer"}
    assert own["Adult"].stands == "met"
    trials = own["Failed trials of antidepressants"]
    assert (trials.stands, bool(trials.settled_by)) == ("nearly met", True)
    assert "sertraline 35 of 42 days" in trials.found
    assert "Cigna" in trials.source
    against = [c for c in packet.criteria if c.kind == "contraindication" and c.stands == "not met"]
    assert [c.rests_on for c in against] == [("condition.csv:4",)]
    assert any(line.startswith("Failed trials of antidepressants (nearly met)") for line in packet.missing)


def test_scales_psychotherapy_and_other_treatments(packet):
    (scale,) = packet.scales
    assert (scale.baseline.total, scale.latest.total, scale.change) == ("19", "17", "10.5 % better")
    assert packet.psychotherapy[0].text == "Psychotherapy: recorded on 2 days, from 20 Jan 2025 to 20 Feb 2025."
    assert packet.suicidality[0].text == "PHQ-9, item 9: 3 on 27 Mar 2025."
    assert "988" in packet.crisis


def test_a_policy_that_is_not_in_force_says_so_and_judges_nothing(result, tmp_path):
    text = example_policy().replace("2026-01-01", "2025-04-01")
    path = tmp_path / "our-payer.yaml"
    path.write_text(text, encoding="utf-8")
    content = packet_of(result, "our-payer", knowledge=load_knowledge(policies=[path]))
    assert not [c for c in content.criteria if c.asked_by == "payer"]
    assert {t.counts for t in content.trials} == {"not judged by this policy on that day"}
    assert content.missing[0] == "The criteria of Example Health: esketamine: not in force on that day"


def test_a_later_request_compares_with_the_time_before_treatment(result):
    """Without a session of the treatment the first score is the baseline."""
    again = packet_of(result, request=Request(kind="again"))
    assert again.scales[0].baseline.total == "19"
    assert any("before treatment it was 19" in s.text for s in again.letter.sentences)


@pytest.mark.parametrize("policy", ["cigna", "carefirst", "mercy-care-az", "ketamine-off-label"])
def test_nothing_of_substance_use_is_disclosed_without_consent(result, policy):
    """Neither the diagnosis nor the drug that may treat it is in a packet, nor their addresses, nor a verdict resting on them."""
    content = packet_of(result, policy)
    text = content.model_dump_json().lower()
    for word in ("f10", "alcohol dependence", "methadone", "condition.csv:5", "medication.csv:5"):
        assert word not in text
    asked = [c for c in content.criteria if "alcohol" in c.label.lower() or "depressant of" in c.label]
    assert {c.found for c in asked} <= {f"{WITHHELD}."}
    assert {c.stands for c in asked} <= {"unknown"}


def test_what_is_withheld_is_withheld_whether_or_not_there_is_any(result, monkeypatch):
    """The same packet comes from records without the diagnosis: what is left out cannot be guessed from what is said."""
    with_it = packet_of(result, "carefirst")
    rows_of = result.rows_of

    def without(name, person_id):
        rows = rows_of(name, person_id)
        return [r for r in rows if r.get("codeset") != "substance-use" and r.get("ingredient") != "methadone"]

    monkeypatch.setattr(result, "rows_of", without)
    assert packet_of(result, "carefirst") == with_it


def test_with_written_consent_it_is_said(result):
    content = packet_of(result, "carefirst", consents=["substance-use"])
    (asked,) = [c for c in content.criteria if c.label == "No untreated alcohol or drug use disorder"]
    assert "F10.20" in asked.found
    assert content.consents == ("substance-use",)


def test_off_label_ketamine_says_so(result):
    text = " ".join(s.text for s in packet_of(result, "ketamine-off-label").letter.sentences)
    assert "Ketamine (racemic) is not approved for depression; this use is off-label." in text


def test_an_edited_sentence_is_the_clinicians_own(packet):
    edited = edit(packet, {"who": "Ms Example is my patient.", "trial.1": " ", "scale.PHQ-9": ""}, added=["She works."])
    by_id = {s.id: s for s in edited.letter.sentences}
    assert (by_id["who"].text, by_id["who"].is_own) == ("Ms Example is my patient.", True)
    assert by_id["who"].composed == packet.letter.sentences[0].composed, "what was composed is kept"
    assert by_id["trial.1"].text == ""
    assert (by_id["own-1"].text, by_id["own-1"].rests_on) == ("She works.", ())
    back = edit(edited, {s.id: s.composed for s in packet.letter.sentences})
    assert back.letter.sentences[: len(packet.letter.sentences)] == packet.letter.sentences
    assert edited.digest != packet.digest
    with pytest.raises(KeyError, match="no sentence nothing"):
        edit(packet, {"nothing": "x"})


def test_a_policy_of_the_clinics_own_is_laid_beside_the_records(result, tmp_path):
    text = example_policy().replace("2026-01-01", "2025-01-01")
    path = tmp_path / "our-payer.yaml"
    path.write_text(text, encoding="utf-8")
    content = packet_of(result, "our-payer", knowledge=load_knowledge(policies=[path]))
    assert content.policy.name == "our-payer@1"
    assert {c.stands for c in content.criteria if c.label == "Adult"} == {"met"}
    path.write_text(
        text.replace("at_least: 18 years", "at_lest: 18").replace("payer-cigna", "payer-cigma"), encoding="utf-8"
    )
    with pytest.raises(Exception, match="problems in") as error:
        load_knowledge(policies=[path])
    assert "did you mean `payer-cigna`?" in str(error.value)
