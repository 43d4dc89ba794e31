"""What must hold for the knowledge that stepwell ships."""

import math
import re
from itertools import combinations

import pytest

from stepwell.knowledge import load
from stepwell.knowledge.check import parts
from stepwell.knowledge.cited import Cited
from stepwell.knowledge.explain import needs, sources_of
from stepwell.knowledge.loader import DATA

K = load()
SETTING = ("basis", "max_gap", "unknown_supply", "cross_taper", "episode_gap", "dose_standard", "baseline", "endpoint")


def everything():
    yield from K.ingredients.values()
    yield from (
        *K.role_rules,
        *K.product_uses,
        *K.rxnorm_products,
        *K.product_forms,
        K.drug_records.unidentified,
        *K.combinations,
        *K.dose_minima,
        *K.label_maxima.values(),
    )
    for forms in (
        K.dose_standards,
        K.codesets,
        K.all_instruments,
        K.crosswalks,
        K.definitions,
        K.stagings,
        K.quality,
        K.ladders,
        K.persistence,
        K.candidacies,
        K.published,
        K.vitals,
        K.interacting,
        K.brands,
        K.nearly,
        K.reporting,
        K.completeness,
        K.treatments,
        K.regimens,
        K.plasma,
        K.published,
    ):
        yield from forms.values()
    yield K.following
    yield K.policy_age
    yield K.around


def test_every_source_resolves_and_is_used():
    used = {source for form in everything() for source in sources_of(form)}
    assert used == set(K.references)


def test_loading_twice_gives_the_same_object_and_a_name():
    assert load() is K
    assert len(K.digest) == 64


def test_nothing_recalled_is_the_only_reason_for_a_default():
    """Recalled values stand in the files; a definition that decides by one says so, and is never run unasked."""
    for definition in K.definitions.values():
        recalled = [path for path, form in parts(definition) if isinstance(form, Cited) and form.seen == "recalled"]
        deciding = [path for path in recalled if path[0] not in ("published", "policy")]
        assert definition.rests_on_recall == bool(deciding), definition.id
        assert ("recalled, not verified" in definition.standing) == bool(deciding), definition.id
        assert not (definition.by_default and deciding), definition.id
        minima = [row for row in K.dose_minima if row.standard == definition.trials.dose_standard.is_]
        assert minima
        assert {row.seen for row in minima} == {"secondary"}


def test_whatever_is_unread_or_chosen_is_a_draft():
    for form in (*K.definitions.values(), *K.all_instruments.values(), *K.crosswalks.values(), *K.codesets.values()):
        assert form.status == "draft"


# ---- drugs


def test_no_ingredient_without_class_and_label_and_ids_are_plain():
    for drug in K.ingredients.values():
        assert drug.label
        assert drug.drug_class
    assert {d.role for d in K.ingredients.values()} == {
        "antidepressant", "antipsychotic", "augmentation", "rapid-acting", "set-aside",
    }  # fmt: skip


def test_salts_of_lithium_are_one_drug_and_its_three_code_families_lead_to_it():
    assert "lithium-carbonate" not in K.ingredients
    assert len(K.ingredients["lithium"].rxnorm) == len(K.ingredients["lithium"].omop) == 3


@pytest.mark.parametrize(
    ("drug", "omop"),
    [("sertraline", 739138), ("citalopram", 797617), ("milnacipran", 19080226), ("reboxetine", 19084693)],
)
def test_ids_that_public_lists_confuse(drug, omop):
    assert K.ingredients[drug].omop == (omop,)


def test_oral_selegiline_is_no_antidepressant_and_the_patch_is_read_per_day():
    assert K.ingredients["selegiline-transdermal"].atc == ()
    products = [row for row in K.product_uses if row.ingredient == "selegiline-transdermal"]
    oral = [row for row in products if row.labelled_use]
    patches = sorted(row.mg_per_unit for row in products if not row.labelled_use)
    assert len(oral) == 3
    assert patches == [6, 9, 12]
    assert {row.days_per_unit for row in products if not row.labelled_use} == {1}


def test_weekly_fluoxetine_is_no_high_dose():
    (weekly,) = [row for row in K.product_uses if row.days_per_unit not in (None, 1)]
    assert weekly.ingredient == "fluoxetine"
    assert weekly.mg_per_unit / weekly.days_per_unit < 20


def test_products_for_another_use():
    uses = {(row.ingredient, row.labelled_use) for row in K.product_uses if row.labelled_use}
    assert ("bupropion", "smoking cessation") in uses
    assert ("doxepin", "sleep") in uses


def test_combinations_that_count_as_what():
    counted = {frozenset(row.components): row.counts_as for row in K.combinations}
    assert counted[frozenset({"olanzapine", "fluoxetine"})] == ("fluoxetine", "olanzapine")
    assert counted[frozenset({"amitriptyline", "perphenazine"})] == ("amitriptyline",)
    assert counted[frozenset({"naltrexone", "bupropion"})] == ()
    assert counted[frozenset({"dextromethorphan", "bupropion"})] == ("dextromethorphan-bupropion",)


def test_where_no_minimum_was_seen_none_is_given():
    listed = {row.ingredient for row in K.dose_minima if row.standard == "mgh-atrq"}
    assert not listed & {"dosulepin", "lofepramine", "toloxatone", "dextromethorphan-bupropion", "esketamine-nasal"}
    assert all(math.isfinite(row.min_mg_per_day) for row in K.dose_minima)


def test_the_widened_standard_only_adds_but_for_a_label_that_has_changed():
    doses = {(row.standard, row.ingredient): row.min_mg_per_day for row in K.dose_minima}
    narrow = {i: d for (standard, i), d in doses.items() if standard == "mgh-atrq"}
    wide = {i: d for (standard, i), d in doses.items() if standard == "mgh-atrq-widened"}
    assert {i for i, d in narrow.items() if wide.get(i) != d} == {"vilazodone"}
    assert len(wide) > len(narrow)


# ---- code sets


def covers(code, vocabulary, word):
    if code.vocabulary != vocabulary:
        return False
    return word.startswith(code.code) if code.match == "prefix" else word == code.code


def holds(name, vocabulary, word):
    codeset = K.codesets[name]
    taken_in = any(covers(code, vocabulary, word) for code in codeset.codes)
    return taken_in and not any(covers(code, vocabulary, word) for code in codeset.excluded)


SAFETY = (
    "anaesthetic-allergy",
    "aneurysm",
    "arteriovenous-malformation",
    "cardiovascular-event",
    "cystitis",
    "heart-or-lung-disease",
    "intracerebral-haemorrhage",
    "pregnancy",
    "raised-intracranial-pressure",
    "severe-liver-disease",
    "substance-use",
    "suicidality",
)


@pytest.mark.parametrize("name", SAFETY)
def test_what_labels_and_policies_ask_is_looked_for_in_every_icd(name):
    assert {"ICD10CM", "ICD10", "ICD9CM"} <= {code.vocabulary for code in K.codesets[name].codes}


@pytest.mark.parametrize(
    ("name", "vocabulary", "word"),
    [
        ("aneurysm", "ICD10CM", "I67.0"),
        ("aneurysm", "ICD10CM", "I25.41"),
        ("aneurysm", "ICD9CM", "441.4"),
        ("aneurysm", "ICD10", "I71.4"),
        ("suicidality", "ICD9CM", "V62.84"),
        ("suicidality", "ICD9CM", "E950.0"),
        ("suicidality", "ICD10", "X60"),
        ("psychosis", "SNOMED", "111482003"),
        ("dementia", "OMOP", "372608"),
        ("dementia", "OMOP", "375239"),
        ("dementia", "OMOP", "373179"),
        ("depression-in-remission", "OMOP", "440075"),
        ("depression-in-remission", "OMOP", "433750"),
        ("heart-or-lung-disease", "ICD9CM", "428.0"),
        ("substance-use", "ICD9CM", "305.00"),
        ("pregnancy", "ICD9CM", "V22.1"),
    ],
)
def test_codes_that_were_missing(name, vocabulary, word):
    assert holds(name, vocabulary, word)


def test_tobacco_is_no_substance_use():
    assert not holds("substance-use", "ICD9CM", "305.1")


DISJOINT = (
    "major-depression",
    "depression-in-remission",
    "depression-other",
    "bipolar",
    "psychosis",
    "dementia",
    "substance-use",
)


@pytest.mark.parametrize("pair", list(combinations(DISJOINT, 2)), ids=" and ".join)
def test_sets_that_exclude_each_other_share_no_code(pair):
    one, other = pair
    words = {(c.vocabulary, c.code) for name in pair for c in K.codesets[name].codes}
    shared = {word for word in words if holds(one, *word) and holds(other, *word)}
    assert not shared


@pytest.mark.parametrize("name", ["SNOMED", "OMOP"])
def test_what_lies_below_the_wide_ancestor_is_taken_out_again(name):
    out = {c.code for c in K.codesets["depression-other"].excluded if c.vocabulary == name and c.match == "descendants"}
    roots = {
        "SNOMED": {"370143000", "13746004", "84760002", "191459006"},
        "OMOP": {"4152280", "436665", "4224940", "379784"},
    }
    assert roots[name] <= out


@pytest.mark.parametrize(
    ("vocabulary", "word", "expected"),
    [
        ("ICD10CM", "F33.1", {"major-depression"}),
        ("ICD10CM", "F32.3", {"major-depression", "psychotic-depression"}),
        ("ICD10CM", "F32.9", {"major-depression"}),
        ("ICD10CM", "F32.A", {"depression-other"}),
        ("ICD10CM", "F32.5", {"depression-in-remission"}),
        ("ICD10CM", "F33.42", {"depression-in-remission"}),
        ("ICD10CM", "F34.1", {"depression-other", "dysthymia"}),
        ("ICD10CM", "F60.3", {"labile-personality"}),
        ("ICD10CM", "F84.5", {"pervasive-developmental"}),
        ("SNOMED", "408857007", {"pervasive-developmental"}),
        ("ICD10CM", "Z51.5", {"palliative-care"}),
        ("SNOMED", "170935008", {"hospice"}),
        ("ICD10CM", "F31.32", {"bipolar"}),
        ("ICD10CM", "F25.1", {"psychosis"}),
        ("ICD10CM", "F17.210", set()),
        ("ICD9CM", "296.22", {"major-depression"}),
        ("ICD9CM", "296.26", {"depression-in-remission"}),
        ("ICD9CM", "296.52", {"bipolar"}),
        ("ICD9CM", "290.21", {"dementia"}),
        ("ICD9CM", "311", {"depression-other"}),
        ("OMOP", "4152280", {"major-depression"}),
        ("OMOP", "440383", {"depression-other"}),
        ("OMOP", "437528", {"bipolar"}),
        ("OMOP", "379784", {"dementia"}),
    ],
)  # fmt: skip
def test_where_a_diagnosis_belongs(vocabulary, word, expected):
    conditions = [name for name, codeset in K.codesets.items() if "condition" in codeset.records]
    assert {name for name in conditions if holds(name, vocabulary, word)} == expected


def test_every_psychotic_depression_is_major_depression():
    for code in K.codesets["psychotic-depression"].codes:
        assert holds("major-depression", code.vocabulary, code.code), code.code


def test_no_descriptions_of_licensed_vocabularies_are_shipped():
    """Labels are stepwell's own short words; SNOMED and CPT descriptions are longer and end in a tag."""
    for codeset in K.codesets.values():
        for code in (*codeset.codes, *codeset.excluded):
            assert len(code.label) <= 60
            assert "(disorder)" not in code.label


# ---- definitions


def test_six_are_run_unless_others_are_asked_for():
    assert {d.id for d in K.definitions.values() if d.by_default} == {
        "sforzini-2022", "clinic-two-classes", "us-label", "fabbri-2021", "li-2019", "cepeda-2018",
    }  # fmt: skip


def test_what_a_form_does_not_hold_is_said_in_sentences():
    for definition in K.definitions.values():
        assert definition.not_held, definition.id
        assert all(sentence.endswith(".") for sentence in definition.not_held), definition.id


def test_a_policy_says_whose_it_is():
    policies = [d for d in K.definitions.values() if d.id.startswith("payer-")]
    assert len(policies) == sum(d.policy is not None for d in K.definitions.values())
    assert len({d.policy.payer for d in policies}) == len(policies)


def test_definitions_that_can_share_their_trials_do():
    def values(definition):
        return [
            getattr(definition.trials, name).model_dump(exclude={"source", "locator", "seen", "choice"})
            for name in SETTING
        ]

    settings = {definition.id: values(definition) for definition in K.definitions.values()}
    fabbri = settings.pop("fabbri-2021")
    assert fabbri == settings.pop("fabbri-2021-code") == settings.pop("fabbri-2021-exeter")
    eras = settings.pop("ohdsi-1009-code")
    assert all(setting == settings["us-label"] for setting in settings.values())
    assert settings["us-label"] not in (fabbri, eras)


@pytest.mark.parametrize(
    ("name", "scores", "doses"),
    [
        ("sforzini-2022", True, True),
        ("clinic-two-classes", True, True),
        ("us-label", False, True),
        ("fabbri-2021", False, False),
        ("li-2019", False, False),
        ("cepeda-2018", False, False),
    ],
)
def test_what_a_definition_needs(name, scores, doses):
    asked = needs(K.definitions[name])
    assert ("questionnaire scores" in asked) == scores
    assert ("doses" in asked) == doses
    assert "diagnoses" in asked


# ---- quality measures


def test_measures_cut_where_their_instrument_does():
    """Remission of the published measures is the cut that the instrument's own file gives."""
    for measure in K.quality.values():
        if measure.remission:
            assert measure.remission.below - 1 == K.instruments["phq-9"].remission.at_most, measure.id


def test_every_measure_leaves_out_what_its_published_code_leaves_out():
    """CMS159 leaves out four kinds of diagnoses, hospice and palliative care, and death; CMS128 hospice. CMS128 looks at the
    first day and 114 (231) days after it."""
    left_out = K.quality["remission-12-months"].excluded
    diagnoses = {"bipolar", "labile-personality", "psychosis", "pervasive-developmental"}
    assert set(left_out.diagnosis.any_of) == diagnoses
    assert set(left_out.care.any_of) == {"hospice", "palliative-care"}
    assert left_out.death is not None
    days = {}
    for measure in K.quality.values():
        if measure.covered:
            assert measure.excluded.care.any_of == ("hospice",)
            days[measure.id] = (measure.covered.at_least, measure.covered.of)
        else:
            assert set(measure.excluded.diagnosis.any_of) == diagnoses
            assert measure.start.diagnosis.at_most_after == 7
    assert days == {"amm-acute": (84, 1 + 114), "amm-continuation": (180, 1 + 231)}


def test_what_a_measure_does_not_hold_says_what_that_does_to_its_rate():
    """Each such sentence names the rate, or who is in it."""
    for measure in K.quality.values():
        for sentence in measure.not_held:
            assert re.search("rate|counted once|not asked here", sentence), f"{measure.id}: {sentence}"
            assert "recall" not in sentence


# ---- the ladder


def test_the_published_steps_give_back_the_published_two_thirds():
    left, remitted, entered = 1.0, 0.0, K.ladders["star-d"].steps[0].entered
    for step in K.ladders["star-d"].steps:
        left *= 1 - step.remitted / 100
        remitted += step.entered * step.remitted / 100
    assert round(100 * (1 - left), 1) == 67.1
    assert 50 < 100 * remitted / entered < 51


# ---- a definition of one's own beside those shipped


def test_a_definition_of_ones_own_stands_beside_those_shipped(tmp_path):
    shipped = (DATA / "definition" / "us-label.yaml").read_text("utf-8")
    own = tmp_path / "ours.yaml"
    own.write_text(
        shipped.replace("id: us-label", "id: ours").replace("at_least: 2 trials", "at_least: 3 trials"), "utf-8"
    )
    knowledge = load([own])
    assert set(knowledge.definitions) == {*K.definitions, "ours"}
    assert knowledge.definitions["ours"].branch[0].count.at_least == 3
    assert knowledge.definitions["us-label"] == K.definitions["us-label"]
    assert knowledge.digest != K.digest
