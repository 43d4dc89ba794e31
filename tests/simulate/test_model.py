"""The model's parameters: cited, complete, and refused with file and line, or with their path, when they are impossible."""

import re

import numpy as np
import pytest

from stepwell.errors import KnowledgeError, QuestionError
from stepwell.simulate import Offer, Policy, Treatment, model_parameters, unverified, vary
from stepwell.simulate.packing import packed
from stepwell.simulate.parameters import DATA


def refused(tmp_path, *changes):
    """The problems of the file with these changes, each as (line, text), and the lines that were changed."""
    text = (DATA / "model.yaml").read_text("utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = tmp_path / "model.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(KnowledgeError) as error:
        model_parameters(path)
    assert all(p.where.startswith("model.yaml:") for p in error.value.problems)
    changed = {n for _, new in changes for n, line in enumerate(text.splitlines(), 1) if new in line}
    return [(int(p.where.split(":")[1]), str(p)) for p in error.value.problems], changed


IMPOSSIBLE = {
    "more than 100 %": ("given_up: {share: 8 %", "given_up: {share: 108 %"),
    "negative": ("underdosed: {share: 16 %", "underdosed: {share: -16 %"),
    "is a fraction": ("kept: {share: 30 %", "kept: {share: 0.3"),
    "no time for an effect": ("onset: {least: 14 days", "onset: {least: 140 days"),
    "ends before it begins": ("pause: {at_least: 1 days", "pause: {at_least: 15 days"),
    "no time at all": ("recovery: {after: 180 days", "recovery: {after: 0 days"),
    "within its interval": ("high: 0.84 times", "high: 0.4 times"),
    "falling curve": ("{4 weeks: 80 %, 8 weeks: 60 %}", "{4 weeks: 60 %, 8 weeks: 80 %}"),
    "cannot be: of those": ("at_the_end_of_others: 54.9 %", "at_the_end_of_others: 90 %"),
    "for each share": ("123 people]", "123 people, 9 people]"),
    "is no span of ages": ("oldest: 85 years", "oldest: 30 years"),
    "`next_step.stay` is no field": ("  stays: {share", "  stay: {share"),
}


@pytest.mark.parametrize("said", IMPOSSIBLE)
def test_an_impossible_number_is_refused_with_its_line(tmp_path, said):
    problems, changed = refused(tmp_path, IMPOSSIBLE[said])
    assert any(said in text and line in changed for line, text in problems), problems


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[36.8 %, 30.6 %,", "[96.8 %, 30.6 %,", "left over of 100 %"),
        (
            'response: {share: 70 %, choice: "A little',
            'response: {share: 7 %, choice: "A little',
            "rarer than remission",
        ),
        ("source: reif-2023,", "source: reif-2024,", "reif-2024"),
        ("response_odds: {ratio: 1.72 times", "response: {share: 60 %, choice: x}\n  odd: {ratio: 1.72 times", "odd"),
        ("within: {after: 1 years, source: rush-2006,", "within: {after: 1 years,", "source missing"),
        ("choice: About the sex ratio of treated depression.", "free: true", "nothing says where it is from"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path, old, new, said):
    problems, _ = refused(tmp_path, (old, new))
    assert any(said in text for _, text in problems), problems


def test_everything_impossible_is_said_at_once(tmp_path):
    problems, _ = refused(tmp_path, *IMPOSSIBLE.values())
    for said in IMPOSSIBLE:
        assert any(said in text for _, text in problems), said


def test_changes_are_checked_too():
    wrong = {"trial.onset.mean": -1.0, "trial.given_up.share": 101.0, "well.shape.ratio": np.nan}
    with pytest.raises(KnowledgeError) as error:
        model_parameters().but(wrong)
    assert {p.where for p in error.value.problems} == {path.rsplit(".", 1)[0] for path in wrong}
    with pytest.raises(KnowledgeError) as error:
        model_parameters().but({"trial.onset.men": 1.0, "trial.onset": 2.0, "trial.onset.choice": "mine", "x": 1})
    assert len(error.value.problems) == 4


def test_changes_change_what_they_name_and_nothing_else():
    before, after = packed(model_parameters()), packed(model_parameters().but({"trial.underdosed.share": 50.0}))
    assert [n for n in before.dtype.names if not np.array_equal(before[n], after[n])] == ["underdosed"]


def test_laws_go_through_the_published_points():
    p = packed(model_parameters())[0]

    def kept(shape, scale, days):
        return np.exp(-((days / scale) ** shape))

    assert kept(p["course_shape"][1], p["course_scale"][1], 28) == pytest.approx(0.80)
    assert kept(p["course_shape"][1], p["course_scale"][1], 56) == pytest.approx(0.60)
    assert 1 - kept(p["course_shape"][2], p["course_scale"][2], 365.25) == pytest.approx(0.511)
    assert p["course_shape"][3] == 1
    for k, share in enumerate(model_parameters().well.relapse_from_remission.by_step):
        assert 1 - kept(p["relapse_shape"], p["remission_scale"][k], 365.25) == pytest.approx(share / 100)
    odds = p["remission_odds"] / model_parameters().trial.odds.by_step
    assert odds / (1 + odds) * 100 == pytest.approx(model_parameters().trial.remission.by_step)
    for drugs in ("first_drugs", "later_drugs", "added_drugs"):
        assert (np.diff(p[drugs]) >= 0).all()
        assert p[drugs][-1] == 1


def test_early_response_adds_up_to_what_was_published():
    early = model_parameters().esketamine.early
    of_helped, of_others = early.given_the_end()
    end = early.at_the_end / 100
    assert of_helped * end + of_others * (1 - end) == pytest.approx(early.first_day / 100)
    assert (1 - of_helped) * end / (1 - early.first_day / 100) == pytest.approx(early.at_the_end_of_others / 100)


def test_what_nobody_read_is_named():
    found = {u.path: u.how for u in unverified(model_parameters())}
    assert "therapy.relapse" in found
    assert "esketamine.early" not in found
    for path, quantity in model_parameters().quantities():
        assert found.get(path) == {None: "assumed", "recalled": "recalled"}.get(quantity.seen), path
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_samples_vary_what_is_uncertain_as_much_as_it_is():
    parameters = model_parameters()
    assert vary(parameters, 1, 0) is parameters
    samples = [vary(parameters, 1, n) for n in range(1, 251)]
    assert vary(parameters, 1, 7) == samples[6] != vary(parameters, 2, 7)
    ratio = np.log([s.esketamine.maintenance.relapse_from_remission.ratio for s in samples])
    known = parameters.esketamine.maintenance.relapse_from_remission
    assert ratio.mean() == pytest.approx(np.log(known.ratio), abs=0.08)
    assert ratio.std() == pytest.approx(np.log(known.high / known.low) / 3.92, rel=0.2)
    share = np.array([s.trial.remission.by_step[3] for s in samples]) / 100
    p, n = 0.13, parameters.trial.remission.of[3]
    assert share.std() == pytest.approx(np.sqrt(p * (1 - p) / n), rel=0.2)
    fixed = {s.trial.given_up.share for s in samples} | {s.who.never.share for s in samples}
    assert fixed == {parameters.trial.given_up.share, parameters.who.never.share}
    different = np.corrcoef(ratio, share)[0, 1]
    assert abs(different) < 5 / np.sqrt(len(samples))


def test_an_impossible_policy_is_refused_at_once():
    with pytest.raises(QuestionError) as error:
        Policy(offers=(Offer(9, 0, 2, -1), Offer(Treatment.ECT, 2, np.nan)), maintenance_days=-1, judge_after=0)
    where = [p.where for p in error.value.problems]
    assert where == [
        *(f"offers[0].{name}" for name in ("treatment", "after", "uptake", "wait_days")),
        "offers[1].uptake",
        "maintenance_days",
        "judge_after",
    ]
    with pytest.raises(QuestionError, match="simulated"):
        Policy(offers=(Offer(Treatment.ECT, 2), Offer(Treatment.ECT, 3)))


def test_the_file_says_what_is_free():
    free = {path for path, q in model_parameters().quantities() if q.free}
    assert {"trial.odds", "trial.setting", "next_step.goes_on", "who.frailty"} <= free
    text = (DATA / "model.yaml").read_text("utf-8")
    assert len(free) == len(re.findall(r"free: true[,}]", text))
