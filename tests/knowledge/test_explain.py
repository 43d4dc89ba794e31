import pytest

from stepwell.errors import QuestionError
from stepwell.knowledge import explain, load
from stepwell.knowledge.definition import CRITERIA, fields
from stepwell.knowledge.sentences import _RULES

K = load()


def test_every_criterion_and_every_way_of_building_trials_has_its_sentence():
    building = {f"trials.{name}" for name in type(K.definitions["us-label"].trials).model_fields}
    assert set(_RULES) == set(CRITERIA) | building | {"within", "dated"}


@pytest.mark.parametrize("definition", K.definitions.values(), ids=lambda d: d.id)
def test_no_sentence_of_a_definition_is_empty_or_unfinished(definition):
    named = [(f"who.{n}", f) for n, f in fields(definition.who)] + [
        (f"trials.{n}", f) for n, f in fields(definition.trials)
    ]
    for branch in definition.branch:
        named += [(f"trial.{n}", f) for n, f in fields(branch.trial)]
        named += [(f"failure.{n}", f) for n, f in fields(branch.failure)]
        named += [(n, getattr(branch, n)) for n in ("count", "within", "taken", "dated") if getattr(branch, n)]
    for path, form in named:
        sentence = explain.rule(path, form)
        assert sentence
        assert "None" not in sentence
        assert not sentence.endswith(".")


def test_the_words_of_a_rule():
    branch = K.definitions["sforzini-2022"].branch[0]
    assert explain.rule("trial.min_duration", branch.trial.min_duration) == "at least 28 days"
    assert explain.rule("failure.improvement", branch.failure.improvement) == "improved by less than 25 %"
    assert explain.rule("count", branch.count) == "at least 2 such trials, of different drugs"
    assert explain.rule("within", branch.within) == "in one episode"


def test_provenance_names_the_source_the_place_and_how_it_was_seen():
    branch = K.definitions["sforzini-2022"].branch[0]
    assert explain.provenance(branch.failure.improvement, K) == "[Sforzini 2022, Table 1, item 3; full text]"
    assert explain.provenance(branch.dated, K) == "choice: A trial is known to have failed when it is over."


def test_a_recalled_value_says_so():
    row = next(row for row in K.dose_minima if row.seen == "recalled")
    assert explain.provenance(row, K).endswith("; recalled, not verified]")


def test_a_drug_with_several_sources_names_them_all():
    assert explain.provenance(K.ingredients["sertraline"], K).count(" and ") == 3


@pytest.mark.parametrize("definition", K.definitions.values(), ids=lambda d: d.id)
def test_a_card_holds_every_field_and_every_source_once(definition):
    card = explain.card(definition, K)
    assert definition.name in card
    for name, _ in fields(definition.trials):
        assert f"| {name} |" in card
    for branch in definition.branch:
        for name, _ in fields(branch.failure):
            assert f"| failure.{name} |" in card
    sources = card.split("## Sources")[1]
    for key in explain.sources_of(definition):
        assert sources.count(f"- **{explain.short_name(key, K.references)}.**") == 1


def test_a_table_of_a_card_has_as_many_cells_in_every_row():
    for definition in K.definitions.values():
        for line in explain.card(definition, K).splitlines():
            if line.startswith("|"):
                assert line.replace("\\|", "").count("|") == 4, line


def test_short_names_are_told_apart():
    names = [explain.short_name(key, K.references) for key in K.references]
    assert len(set(names)) == len(names)


def test_the_bibliography_is_ordered_and_does_not_repeat():
    text = explain.bibliography(["fabbri-2021", "cepeda-2018", "fabbri-2021"], K)
    assert [line[4:10] for line in text.splitlines()] == ["Cepeda", "Fabbri"]


def test_the_dose_table_marks_what_was_not_verified():
    rows = {
        line.split(" | ")[0].lstrip("| "): line for line in explain.dose_table(K).splitlines() if line.startswith("| ")
    }
    assert "100? | 50 | 50" in rows["sertraline"]
    assert "toloxatone" not in rows
    assert "*" in rows["gepirone"]


def test_everything_listed_can_be_shown():
    shown = (K.definitions, K.stagings, K.quality, K.treatments, K.regimens, K.plasma)
    shown += (K.all_instruments, K.crosswalks, K.codesets, K.ladders)
    shown += (K.candidacies, K.published)
    names = [line.split()[0] for line in explain.listing(K).splitlines() if line.startswith("  ")]
    assert len(names) == sum(map(len, shown)) + 1
    for name in names:
        assert explain.show(name, K).startswith("# ")


def test_a_definition_is_also_found_with_its_version():
    assert explain.show("us-label@1", K) == explain.show("us-label", K)


def test_a_card_that_does_not_exist():
    with pytest.raises(QuestionError) as caught:
        explain.show("sforzini-2021", K)
    assert caught.value.problems[0].remedy == "did you mean `sforzini-2022`?"


def test_restricted_items_are_named_in_few_words():
    for instrument in K.all_instruments.values():
        card = explain.instrument_card(instrument, K)
        assert instrument.licence.terms in card
        for item in instrument.items:
            assert len(item.label.split()) <= 3
