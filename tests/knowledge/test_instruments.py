"""What must hold for the instruments and crosswalks that stepwell ships, and what a wrong file of theirs says."""

import pytest

from stepwell.errors import KnowledgeError
from stepwell.knowledge import explain, load
from stepwell.knowledge.check import parts
from stepwell.knowledge.cited import Cited
from stepwell.knowledge.loader import read_folder
from stepwell.rules import translate

K = load()
ALL = K.all_instruments


def test_response_is_judged_by_the_four_of_before_and_by_no_other():
    question = translate((), (), K, frozenset(), False)
    known = zip(question.names.instrument, question.known.instrument.tolist(), strict=True)
    ranked = [(name, *cuts) for name, cuts in known]  # in the order of their ranks
    assert ranked == [("madrs", 10, 50), ("ham-d17", 7, 50), ("qids-sr16", 5, 50), ("phq-9", 4, 50)]
    assert not set(K.instruments) & set(K.measures)


def test_sources_look_for_the_judging_instruments_only():
    from stepwell.sources.codes import instrument_codes

    assert {code.set_id for code in instrument_codes(K.instruments.values())} == set(K.instruments)


def test_nothing_that_judges_is_recalled():
    for form in K.instruments.values():
        assert all(part.seen != "recalled" for part in form.judging()), form.id


def test_a_reports_bibliography_names_what_the_run_could_use_and_no_more():
    from stepwell.report.cards import make_bibliography

    keys = {entry.key for entry in make_bibliography([K.definitions["us-label"]], K) if "instruments" in entry.used_by}
    assert {"ids-qids", "ecqm-depression", "trivedi-2006"} <= keys
    assert not keys & {"turkoz-2021-change", "kounali-2022", "topp-2015", "leucht-2018"}


def test_every_field_of_the_treatment_of_people_is_covered():
    about = {form.about for form in ALL.values()}
    assert about >= {
        "symptoms of depression", "anxiety", "suicidal thoughts and behaviour", "function", "quality of life", "well-being",
        "burden of side effects", "sexual function", "emotional blunting", "side effects on weight", "rumination", "anhedonia",
        "dissociation", "sedation", "psychotic symptoms",
    }  # fmt: skip


def test_directions():
    better = {name for name, form in ALL.items() if form.direction == "higher is better"}
    assert better == {"q-les-q-sf", "who-5", "csfq-14", "moaa-s"}
    assert ALL["body-weight"].direction == "neither"


def test_both_remission_cuts_of_the_madrs_are_named_by_their_trials():
    cuts = {cut.at_most: cut.used_by for cut in ALL["madrs"].cuts if cut.means == "remission"}
    assert "TRANSFORM" in cuts[12]
    assert "ESCAPE-TRD" in cuts[10]
    assert ALL["madrs"].remission.at_most == 10


def test_every_instrument_with_an_item_on_death_notes_it():
    with_safety = {name for name, form in ALL.items() if form.safety is not None}
    assert with_safety == {
        "phq-9", "qids-sr16", "ids-sr30", "madrs", "ham-d17", "bdi-ii", "c-ssrs-screener", "cms-self-harm",
    }  # fmt: skip
    words = ("suicid", "self-harm", "death")
    for form in ALL.values():
        for item in form.items:
            if any(word in item.label for word in words):
                assert item.item in form.safety.items, form.id


def test_no_name_or_code_leads_to_two_instruments():
    taken = {}
    for form in ALL.values():
        for word in {*form.names, *form.loinc, *form.snomed, *map(str, form.omop)}:
            assert taken.setdefault(word, form.id) == form.id, word


def test_labels_are_stepwells_own_few_words():
    for form in ALL.values():
        assert all(len(item.label.split()) <= 3 for item in form.items), form.id


@pytest.mark.parametrize("name", [*ALL, *K.crosswalks])
def test_every_card_shows_every_cited_value(name):
    card = explain.show(name, K)
    form = ALL.get(name) or K.crosswalks[name]
    for _, part in parts(form):
        if isinstance(part, Cited) and type(part).__name__ != "WorkedExample":
            assert explain.provenance(part, K).replace("|", "\\|") in card, part
    assert "None" not in card
    for line in card.splitlines():
        assert not line.startswith("- **:")


def test_every_column_of_a_scored_row_is_explained():
    from pathlib import Path

    from stepwell.knowledge.score import score_items

    page = (Path(__file__).parents[2] / "docs/scoring.md").read_text("utf-8")
    parts_of = {part.id.replace("-", "_") for form in ALL.values() for part in (*form.subscales, *form.findings)}
    for form in ALL.values():
        columns = set(score_items(form, [{item.item: None for item in form.items}]).column_names) - parts_of
        assert [name for name in columns if f"`{name}`" not in page] == []


# ---- the table of the inventories' owners


def test_the_whole_table_is_there_and_covers_every_total():
    table = K.crosswalks["qids-ids-hrsd"]
    assert len(table.rows) == 28
    for position, scale in enumerate(table.scales):
        reached = {p for row in table.rows for p in range(int(row[position][0]), int(row[position][1]) + 1)}
        assert reached == set(range(int(scale.at_least), int(scale.at_most) + 1)), scale.label


def test_it_is_no_one_to_one_map():
    rows = K.crosswalks["qids-ids-hrsd"].rows
    assert rows[14][2] == rows[15][2] == (18, 19)


def test_its_bands_are_those_of_the_instruments():
    """Severity steps at 6, 11, 16 and 21 of the QIDS-SR16, and beside them at the bands of the IDS-SR30 and HAM-D17."""
    rows = {int(row[0][0]): row for row in K.crosswalks["qids-ids-hrsd"].rows}
    for name, position in (("ids-sr30", 1), ("ham-d17", 2)):
        starts = [band.at_least for band in ALL[name].bands[1:]]
        assert starts == [rows[step][position][0] for step in (6, 11, 16, 21)]


# ---- wrong files

CROSSWALK = """\
id: two-scales
status: draft
label: Two scales
summary: A table.
source: consensus
locator: Table 6
seen: abstract
scales:
  - {scale: two-item, label: Two items, at_least: 0 points, at_most: 6 points}
  - {scale: other, label: Other, at_least: 0 points, at_most: 10 points}
rows:
  - ["0-1", "0-2"]
  - ["2", "3-4"]
  - ["3-6", "5-10"]
"""
SCORED = 'scoring: {groups: [["1"], ["2"]], missing_at_most: 0, choice: A sum.}'
IN_WORDS = "\nanswers_in_words: {loinc: {0: A, 1: B}, words: {0: no, 1: yes}, choice: For a test.}"
FINDING = "findings: [{id: high, label: high, any_of: [%s], choice: For a test.}]\n"


def problems(folder):
    with pytest.raises(KnowledgeError) as caught:
        read_folder(folder)
    return [str(problem) for problem in caught.value.problems]


@pytest.fixture
def crosswalk(folder):
    (folder / "crosswalk").mkdir()
    path = folder / "crosswalk/two-scales.yaml"
    path.write_text(CROSSWALK, "utf-8")
    assert read_folder(folder).crosswalks["two-scales"].rows[0] == ((0, 1), (0, 2))
    return path


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("at_most: 6 points", "at_most: 7 points", 9, "0 to 6 points, as in the instrument"),
        ('["2", "3-4"]', '["2"]', 13, "has 1 stretches"),
        ('["2", "3-4"]', '["2", "0-1"]', 13, "does not rise from the row before"),
        ('["3-6", "5-10"]', '["3-6", "5-11"]', 14, "leaves the Other"),
        ('["2", "3-4"]', '["2", "4-3"]', 13, "ends before it begins"),
        ('["2", "3-4"]', '["2", "about 3"]', 13, "is no stretch of points"),
        (
            "summary: A table.",
            "summary: A table.\nnot_seen: {text: Gone., choice: For a test.}",
            1,
            "write either rows or not_seen",
        ),
    ],
)
def test_a_wrong_crosswalk_says_where_and_what(folder, crosswalk, old, new, line, words):
    assert CROSSWALK.count(old) == 1
    crosswalk.write_text(CROSSWALK.replace(old, new), "utf-8")
    (problem,) = problems(folder)
    assert problem.startswith(f"crosswalk/two-scales.yaml:{line}: ")
    assert words in problem


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("rank: 1\n", "", None),
        ("remission: {at_most: 1 points, choice: For a test.}\n", "", "write scoring, remission and response, or no rank"),
        (SCORED, "", "write either scoring or no_total"),
        (SCORED, SCORED.replace("missing_at_most: 0", "missing_at_most: -1"), "at least 0"),
        (SCORED, SCORED.replace("choice", "as_percent: true, choice"), "100 points, as the items add up"),
        (SCORED, SCORED.replace("choice", "counts_from: 2, choice"), "2 points, as the items add up"),
        (SCORED, SCORED + "\n" + FINDING % "{answer_at_least: 2, total_at_least: 1 points}", "a sign has one limit"),
        (SCORED, SCORED + "\n" + FINDING % '{items: ["3"], answer_at_least: 2}', "names item '3'"),
        (SCORED, SCORED + "\n" + FINDING % "{answer_at_least: 2, n_items: 3}", "at most as many as there are items"),
        (SCORED, SCORED + "\nsafety: {items: ['3'], at_least: 1, choice: For a test.}", "names item '3'"),
        (SCORED, SCORED + IN_WORDS, "write them all, or none"),
        (SCORED, SCORED + "\nlayouts: [{id: a, columns: {'1': A}, choice: For a test.}]", "lack item 2"),
        (SCORED, SCORED + "\ncuts: [{means: relapse, used_by: us, at_most: 9 points, choice: For a test.}]", "a total of this"),
        (SCORED, SCORED + "\ncuts: [{means: relapse, used_by: us, choice: For a test.}]", "write either at_most or at_least"),
        (SCORED, SCORED + "\nmeaningful_change: [{about: within a person, whom: us, choice: For a test.}]", "write points"),
        ('{item: "2", at_least: 0', '{item: "2", only_after: "9", at_least: 0', "names item '9'"),
    ],
)  # fmt: skip
def test_a_wrong_instrument_says_where_and_what(folder, old, new, words):
    path = folder / "instrument/two-item.yaml"
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")
    if words is None:
        assert set(read_folder(folder).measures) == {"two-item"}
        return
    found = problems(folder)
    assert len(found) == 1, found
    assert found[0].startswith("instrument/two-item.yaml:")
    assert words in found[0]
