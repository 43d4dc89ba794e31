"""From filled-in forms to results: agreement, who settles what, what is withheld, and every slip in a form at once."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest
from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.errors import QuestionError
from stepwell.review import score_review, write_scored
from stepwell.review.measures import UNDECIDED
from stepwell.review.table import show


def _met_of(sample):
    verdicts = {s.name: s.verdict for s in sample.strata}
    return {c.number: verdicts[c.stratum] for c in sample.charts}


def test_two_reviewers_are_scored_against_the_definition(review, sample, filled):
    """A says what the definition says, and cannot say where it is unknown; B says met of everybody but one."""
    definition = _met_of(sample)
    odd = next(n for n, v in definition.items() if v == "not met")
    a = {n: "cannot say" if v == "unknown" else v for n, v in definition.items()}
    filled(review, "A", a.get)
    filled(review, "B", lambda n: "not met" if n == odd else "met")
    scored = score_review(review)
    both = {n: a[n] if a[n] == ("not met" if n == odd else "met") else UNDECIDED for n in a}
    assert scored.references == both
    assert scored.cells == Counter((c.stratum, both[c.number]) for c in sample.charts)
    assert scored.disagreed == tuple(n for n in a if both[n] == UNDECIDED)
    ppv, npv, sensitivity, _ = scored.estimates
    assert ppv.among_decided.value == npv.among_decided.value == sensitivity.among_decided.value == 1
    assert npv.least == pytest.approx(_share_decided(sample, both)), "every open chart counts against it"

    (agreement,) = scored.agreements
    n, same = len(a), sum(a[k] == ("not met" if k == odd else "met") for k in a)
    of_a = Counter(a.values())
    chance = (of_a["met"] * (n - 1) + of_a["not met"]) / n**2
    assert agreement.same.value == same / n
    assert agreement.kappa.value == pytest.approx((same / n - chance) / (1 - chance))
    assert agreement.kappa.low < agreement.kappa.value < agreement.kappa.high


def _share_decided(sample, both):
    """The weighted share of people not meeting the definition of whom the reviewers say the same."""
    weights = {s.name: (s.weight, s.verdict) for s in sample.strata}
    charts = [(weights[c.stratum][0], both[c.number]) for c in sample.charts if weights[c.stratum][1] == "not met"]
    return sum(w for w, said in charts if said == "not met") / sum(w for w, _ in charts)


def test_disagreements_are_a_form_and_settle_what_is_open(review, sample, filled, form):
    read_form, save_form = form
    filled(review, "A", lambda n: "met")
    filled(review, "B", lambda n: "not met" if n <= 3 else "met")
    rows = read_form(review / "reviewers/review_A.csv")
    rows[0] |= {"confidence": "low", "reason": "=cmd|' /C calc'!A0"}
    save_form(review / "reviewers/review_A.csv", rows)
    first = score_review(review)
    assert {n for n, said in first.references.items() if said == UNDECIDED} == {1, 2, 3}
    write_scored(first, review / "score")
    file = review / "score/disagreements.csv"
    rows = read_form(file)
    assert [(r["number"], r["verdict A"], r["verdict B"]) for r in rows] == [
        (str(n), "met", "not met") for n in (1, 2, 3)
    ]
    assert (rows[0]["confidence A"], rows[0]["reason A"]) == ("low", "'=cmd|' /C calc'!A0"), "a formula stays text"
    for row, verdict in zip(rows, ("met", "not met", ""), strict=True):
        row["verdict"] = verdict
    save_form(file, rows)
    second = score_review(review, settled=file)
    assert [second.references[n] for n in (1, 2, 3, 4)] == ["met", "not met", UNDECIDED, "met"]
    assert second.settled == {1: "met", 2: "not met"}


def test_one_reviewer_is_enough_and_an_untouched_form_is_left_out(review, filled):
    filled(review, "A", lambda n: "met")
    scored = score_review(review)
    assert scored.untouched == ("review_B.csv",)
    assert [f.name for f in scored.forms] == ["A"]
    assert scored.agreements == ()


def test_reviewers_who_always_say_the_same_have_no_kappa_or_no_interval(review, filled):
    filled(review, "A", lambda n: "met")
    filled(review, "B", lambda n: "met")
    assert score_review(review).agreements[0].kappa is None
    filled(review, "A", lambda n: "met" if n % 2 else "not met")
    filled(review, "B", lambda n: "met" if n % 2 else "not met")
    kappa = score_review(review).agreements[0].kappa
    assert (kappa.value, kappa.low, kappa.high) == (1, None, None)


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8", ";"), ("cp1252", ";"), ("utf-8-sig", "\t")])
def test_a_form_is_read_as_spreadsheets_save_it(review, filled, form, encoding, delimiter):
    read_form, save_form = form
    filled(review, "A", lambda n: " Not  Met ")
    rows = read_form(review / "reviewers/review_A.csv")
    rows[0] |= {"reason": "kein Ansprechen über 8 Wochen; früher «gut»", "number": "01"}
    save_form(review / "reviewers/review_A.csv", rows[::-1], encoding, delimiter)
    scored = score_review(review)
    assert set(scored.forms[0].verdicts.values()) == {"not met"}
    assert scored.forms[0].reasons[1] == "kein Ansprechen über 8 Wochen; früher «gut»"


def test_every_slip_of_every_form_is_said_at_once_without_what_was_written(review, sample, filled, form):
    read_form, save_form = form
    secret = "Jane Doe, born 1 May 1970"
    filled(review, "A", lambda n: "met")
    filled(review, "B", lambda n: "met")
    rows = read_form(review / "reviewers/review_A.csv")
    rows[0]["verdict"] = secret
    rows[1]["verdict"] = ""
    rows[2] |= {"number": "99", "reason": secret}
    rows[3]["number"] = rows[4]["number"]
    rows[5]["sample"] = "s0000000000"
    rows[6]["confidence"] = secret
    rows[7]["reviewer"] = secret
    save_form(review / "reviewers/review_A.csv", rows)
    (review / "reviewers/review_C.csv").write_text("", "utf-8")
    (review / "reviewers/review_D.csv").write_text("number,verdict\n1,met\n", "utf-8")
    shutil.copy(review / "reviewers/review_B.csv", review / "reviewers/review_E.csv")
    with pytest.raises(QuestionError) as error:
        score_review(review)
    said = [(p.where, p.found) for p in error.value.problems]
    expected = [
        ("review_A.csv, line 4, number", "no such chart"),
        ("review_A.csv, line 6, number", "chart 5 was on line 5 already"),
        ("review_A.csv, line 7, sample", "this line is of another sample, or has none"),
        ("review_A.csv, line 2, verdict", "another word"),
        ("review_A.csv, line 8, confidence", "another word"),
        ("review_A.csv", "no line for charts 3, 4, 6"),
        ("review_A.csv, verdict", "none for chart 2"),
        ("review_A.csv, reviewer", "two reviewers or more"),
        ("review_C.csv", "the file is empty"),
        ("review_D.csv, line 1", "without (or twice with) sample, confidence, reason, reviewer, date"),
        ("review_E.csv", "the same reviewer as in review_B.csv"),
    ]
    assert said == expected
    assert not any(secret in str(p) or "Jane" in str(p) for p in error.value.problems)


def test_a_form_without_a_name_nothing_filled_in_and_no_form_are_said(review, filled, form):
    read_form, save_form = form
    with pytest.raises(QuestionError) as error:
        score_review(review)
    assert [p.found for p in error.value.problems] == ["nothing is filled in"] * 2
    filled(review, "A", lambda n: "met")
    rows = [row | {"reviewer": ""} for row in read_form(review / "reviewers/review_A.csv")]
    save_form(review / "reviewers/review_A.csv", rows)
    with pytest.raises(QuestionError) as error:
        score_review(review)
    assert [p.found for p in error.value.problems] == ["no reviewer is named"]
    shutil.rmtree(review / "reviewers")
    with pytest.raises(QuestionError) as error:
        score_review(review)
    assert [p.found for p in error.value.problems] == ["no form is there"]


@pytest.mark.parametrize("how", ["no folder", "a stratum changed", "no JSON", "another design"])
def test_a_key_that_was_lost_or_changed_is_one_clear_error(review, filled, how):
    filled(review, "A", lambda n: "met")
    charts, design = review / "key/charts.csv", review / "key/design.json"
    if how == "no folder":
        shutil.rmtree(review / "key")
    elif how == "a stratum changed":
        charts.write_text(charts.read_text("utf-8").replace("unknown", "met", 1), "utf-8")
    else:
        design.write_text("{" if how == "no JSON" else '{"charts_sha256": 1, "strata": [1]}', "utf-8")
    with pytest.raises(QuestionError, match="key of this review"):
        score_review(review)


def test_small_counts_are_withheld_with_every_measure_that_rests_on_them(review, sample, filled):
    definition = _met_of(sample)
    filled(review, "A", lambda n: "not met" if definition[n] != "met" else "met")
    scored = score_review(review)
    shown = show(scored, 5)
    for s in scored.sample.strata:  # of two charts in each stratum, every count is 0 or small
        assert s.sampled < 5
        assert shown.counts["charts", s.name].n is None
        for reference in ("met", "not met"):
            assert shown.counts[s.name, reference].n is None or scored.cells[s.name, reference] == 0
    assert all(line.among_decided is None and line.least is None and line.is_withheld for line in shown.lines)
    everything = show(scored, 0)
    assert not everything.is_withheld
    assert [line.among_decided for line in everything.lines] == [e.among_decided for e in scored.estimates]


def test_a_stratum_that_is_read_whole_does_not_give_its_size_away(review, sample, filled):
    """The number of charts is the number of people there: withheld both, and not to be had by subtraction."""
    filled(review, "A", lambda n: "met")
    scored = score_review(review)
    strata = tuple(
        type(s)(s.name, 3, 3) if s.name == "unknown" else type(s)(s.name, 600, 30) for s in scored.sample.strata
    )
    cells = {(s.name, "met"): s.sampled for s in strata}
    design = {f: getattr(scored.sample, f) for f in scored.sample.__dataclass_fields__} | {"strata": strata}
    changed = type(scored)(
        **{f: getattr(scored, f) for f in scored.__dataclass_fields__}
        | {"sample": type(scored.sample)(**design), "cells": cells}
    )
    counts = show(changed, 5).counts
    assert counts["people", "unknown"].n is counts["charts", "unknown"].n is counts["unknown", "met"].n is None
    for what in ("people", "charts"):
        hidden = [s.name for s in strata if counts[what, s.name].n is None] + [""] * (counts[what, ""].n is None)
        assert len(hidden) >= 2, f"the {what} of the small stratum follow from the others"


def test_the_commands_write_both_folders_and_tables(result, tmp_path, filled, form):
    run = CliRunner().invoke
    out = tmp_path / "review"
    said = run(app, ["review", "sample", str(result.folder), "--definition", "sforzini-2022", "--sample", "5", "--take", "met=2",
                     "--reviewers", "1", "--out", str(out)])  # fmt: skip
    assert said.exit_code == 0, said.output
    assert "Keep from them" in said.output
    assert sorted(f.name for f in out.iterdir()) == ["key", "reviewers"]
    assert [f.name for f in (out / "reviewers").glob("*.csv")] == ["review_A.csv"]
    filled(out, "A", lambda n: "met")
    said = run(app, ["review", "score", str(out)], env={"COLUMNS": "200"})
    assert said.exit_code == 0, said.output
    assert "40.0%" in said.output or "100.0%" in said.output
    assert "The tables withhold counts from 1 to 4" in " ".join(said.output.split())
    table = (out / "score/table.md").read_text("utf-8")
    assert "withheld" in table
    rows = form[0](out / "score/accuracy.csv")
    assert [r["withheld"] for r in rows] == ["yes"] * 3 + ["no"]
    again = run(app, ["review", "score", str(out)])
    assert again.exit_code == 12
    assert "--replace" in again.output
    assert run(app, ["review", "score", str(out), "--replace", "--suppress-below", "0"]).exit_code == 0
    rows = form[0](out / "score/accuracy.csv")
    assert rows[0] | {"low": "", "high": ""} == {
        "measure": "positive predictive value", "estimate": "1.0", "low": "", "high": "", "charts": "2", "least": "1.0",
        "most": "1.0", "withheld": "no",
    }  # fmt: skip
    wrong = run(
        app, ["review", "sample", str(result.folder), "--definition", "us-label", "--take", "met", "--out", str(out)]
    )
    assert wrong.exit_code == 12
    assert "met=20" in wrong.output


def test_a_program_reads_what_the_tables_for_a_paper_hold(review, filled, sample):
    """And nothing more: what is withheld there is withheld here."""
    import json

    filled(review, "A", lambda n: "met")
    filled(review, "B", lambda n: "not met" if n <= 3 else "met")
    done = CliRunner().invoke(app, ["review", "score", str(review), "--json", "--suppress-below", "0"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["command"] == "review score"
    answer = told["answer"]
    assert answer["definition"] == sample.definition
    assert {s["stratum"]: s["charts"] for s in answer["strata"]} == {s.name: s.sampled for s in sample.strata}
    (agreement,) = answer["agreement"]
    n = len(sample.charts)
    assert agreement["same"]["estimate"] == (n - 3) / n
    again = ["review", "score", str(review), "--json", "--suppress-below", "1000", "--replace"]
    hidden = json.loads(CliRunner().invoke(app, again).stdout)["answer"]
    assert all(isinstance(s["people"], str) for s in hidden["strata"])
    assert all(m["estimate"] is None and m["withheld"] for m in hidden["measures"] if m["charts"] is None)
