"""Values that were once wrong or stale, as the loader gives them: each was checked at the source that it names."""

import pytest

from stepwell.knowledge import load
from stepwell.knowledge.book import book

K = load()


def published(definition):
    return [(p.share, p.n, p.of, p.source, p.seen) for p in K.definitions[definition].published]


def test_kubitz_gives_the_paper_first_and_says_which_is_the_conference_version():
    assert published("kubitz-2013") == [
        (6.6, 3134, 47654, "kubitz-2013", "secondary"),
        (7.7, 3095, 40350, "kubitz-2013", "secondary"),
    ]
    paper, conference = K.definitions["kubitz-2013"].published
    assert "episodes" in paper.setting
    assert "conference version" in conference.setting
    assert "conference version" in book(K)


def test_amos_counts_within_two_years_of_the_first_antidepressant():
    within = K.definitions["amos-2018"].branch[0].within
    assert (within.days, within.after, within.source, within.seen) == (730, "first trial", "amos-2018", "abstract")


def test_lundberg_is_of_2012_to_2017():
    assert "January 2012 to December 2017" in K.definitions["lundberg-2022"].published[0].setting


def test_star_d_says_once_how_step_and_level_differ_and_cites_no_abstract_for_an_argument_of_its_own():
    ladder = K.ladders["star-d"]
    assert sum("377" in remark.text for remark in ladder.remarks) == 1
    assert not any("377" in (step.entered_from.locator or "") for step in ladder.steps)
    (argument,) = [remark for remark in ladder.remarks if "as if those who left" in remark.text]
    assert argument.source is None
    assert argument.choice


def test_the_approval_for_acute_suicidality_has_one_date():
    label = next(i for i in K.candidacies["esketamine-us"].indications if i.id == "suicidal")
    (regimen,) = K.regimens["spravato-us-mdsi"].indications
    assert (label.valid_from, label.source) == (regimen.valid_from, regimen.source)
    assert regimen.seen == "secondary"


def test_the_dutch_measure_says_that_its_points_are_recalled_and_decides_nothing_unasked():
    """Psychotic features are no part of it. No point was seen at a source: each says so, and the measure runs only when asked."""
    form = K.stagings["dm-trd"]
    points = form.points
    assert points.severity.psychotic is None
    graded = (points.duration, points.failed, points.augmented, points.severity, points.ect, *points.unrecorded)
    assert {part.seen for part in graded} == {"recalled"}
    assert not form.by_default
    assert any("recalled, not read" in said for said in form.not_held)


def test_mercy_care_asks_two_classes():
    count = K.definitions["payer-mercy-care-az"].branch[0].count
    assert (count.at_least, count.distinct, count.source) == (2, "class", "mercy-care-spravato")
    assert not any("two drugs" in said for said in K.candidacies["mercy-care-az"].not_held)


def test_setiptiline_is_found_by_its_name():
    drug = K.ingredients["setiptiline"]
    assert (drug.role, drug.drug_class, drug.rxnorm, drug.seen) == ("antidepressant", "Tetracyclic", (), "secondary")


def test_vilazodone_has_the_labels_range_beside_the_questionnaires_minimum():
    minima = {row.standard: row for row in K.dose_minima if row.ingredient == "vilazodone"}
    assert (minima["mgh-atrq"].min_mg_per_day, minima["mgh-atrq-widened"].min_mg_per_day) == (40, 20)
    assert minima["mgh-atrq-widened"].source == K.label_maxima["vilazodone"].source == "viibryd-hcp"
    assert K.label_maxima["vilazodone"].max_mg_per_day == 40


def test_two_papers_by_turkoz_have_two_names():
    from stepwell.simulate import model_parameters

    parameters = model_parameters()
    assert "turkoz-2021-change" in K.references
    assert parameters.esketamine.response_odds.source == "turkoz-2021-response"
    assert parameters.ect.remission.source == "ekstrand-2022"


def test_tms_again_is_a_share_of_all_who_were_followed():
    from stepwell.simulate import model_parameters

    again = model_parameters().tms.again.given
    assert (again.share, again.of, again.source) == (36.2, 257, "dunner-2014")
    assert round(100 * 93 / again.of, 1) == again.share


@pytest.mark.parametrize(
    ("trial", "form"),
    [("murrough-2013a", "ketamine-off-label"), ("daly-2018", "esketamine-us"), ("sustain-1", "esketamine-us")],
)
def test_the_trials_beside_the_programme_and_candidacy_include(trial, form):
    assert trial in K.candidacies[form].evidence
    assert K.published[trial].treatment == ((K.candidacies[form].treatment),)


def test_a_recalled_result_of_the_two_site_trial_is_marked():
    responded = next(o for o in K.published["murrough-2013a"].outcomes if o.what.startswith("Response"))
    assert responded.seen == "recalled"
