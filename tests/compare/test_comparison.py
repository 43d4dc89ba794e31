"""Shares, kappa and overlap, counted by hand."""

from __future__ import annotations

import json
from collections import Counter

import pyarrow.parquet as pq
import pytest

from stepwell.compare import compare
from stepwell.compare.aligned import align, side_by_side
from stepwell.compare.overlap import find_overlap
from stepwell.errors import QuestionError
from stepwell.knowledge.loader import load
from stepwell.report.verdicts import count_verdicts
from stepwell.result import Result

Y, N, U = "met", "not met", "unknown"


def overlap_of(patterns, names, suppress_below=0):
    counted = Counter({(True, verdicts): n for verdicts, n in patterns.items()})
    return find_overlap(counted, names, count_verdicts(counted, names, suppress_below), suppress_below)


def test_kappa_by_hand(result):
    comparison = compare(result, suppress_below=0)
    pair = comparison.agreement("kubitz-2013@1", "liu-2021@1")
    # 8 people of whom both can say: 2 both, 4 only the first, 1 only the second, 1 neither. Observed agreement 3/8;
    # by chance 6/8 * 3/8 + 2/8 * 5/8 = 28/64; kappa (24/64 - 28/64) / (36/64) = -4/36.
    assert (pair.both.n, pair.only_first.n, pair.only_second.n, pair.neither.n, pair.known.n) == (2, 4, 1, 1, 8)
    assert pair.kappa == pytest.approx(-4 / 36)
    assert pair.jaccard == pytest.approx(2 / 7)


def test_everybody_is_under_all_some_open_or_none(result):
    overlap = compare(result, suppress_below=0).overlap
    assert {name: n.n for name, n in overlap.groups.items()} == {"all": 2, "some": 5, "open": 1, "none": 1}
    assert overlap.everybody.n == 9


def test_the_combinations_are_those_met_for_certain():
    patterns = {(Y, Y, N): 30, (Y, N, U): 20, (Y, N, N): 10, (N, N, U): 7, (N, N, N): 9, (Y, Y, Y): 6}
    overlap = overlap_of(patterns, ["a", "b", "c"])
    assert [(sorted(c.met), c.people.n) for c in overlap.combinations] == [
        (["a"], 30),
        (["a", "b"], 30),
        (["a", "b", "c"], 6),
    ]
    assert overlap.combinations[0].unknown == {"c"}
    assert {name: n.n for name, n in overlap.groups.items()} == {"all": 6, "some": 60, "open": 7, "none": 9}
    assert (overlap.other.n, overlap.n_other) == (0, 0)


def test_a_combination_of_few_people_is_not_drawn_nor_given_away():
    patterns = {(Y, Y): 40, (Y, N): 30, (N, Y): 3, (N, N): 100}
    overlap = overlap_of(patterns, ["a", "b"], suppress_below=5)
    assert {frozenset({"b"})}.isdisjoint({c.met for c in overlap.combinations})
    shares = count_verdicts(Counter({(True, v): n for v, n in patterns.items()}), ["a", "b"], 5).shares
    met_b = next(s for s in shares if s.definition == "b").counts["met"].n
    drawn_b = [c.people.n for c in overlap.combinations if "b" in c.met]
    assert met_b is None or not drawn_b  # else 43 - 40 = 3 could be worked out
    assert overlap.other.n is None


def test_definitions_read_across():
    knowledge = load()
    rows = {a.definition.id: a for a in align(knowledge.definitions.values(), knowledge)}
    assert rows["sforzini-2022"].cells["failure"] == "< 25 % better"
    assert rows["sforzini-2022"].cells["number"] == "2 drugs"
    assert rows["ema-2009"].cells["number"] == "2 classes"
    assert rows["cepeda-2018"].cells["number"] == "3 drugs; or: 1 drug"
    assert rows["kubitz-2013"].cells["age"] == "18 to 64"
    assert rows["kubitz-2013"].published[0].said == "6.6 % (3,134 of 47,654)"
    assert rows["amos-2018"].is_recalled


def test_a_program_stands_under_its_paper():
    definitions = [d for d in load().definitions.values() if d.id.startswith(("fabbri", "cepeda"))]
    ordered = [
        d.id for d in side_by_side(definitions, lambda d: {"fabbri-2021-code": 0, "cepeda-2018": 1}.get(d.id, 2))
    ]
    assert ordered == ["cepeda-2018", "fabbri-2021", "fabbri-2021-code", "fabbri-2021-exeter"]


def test_a_single_definition_is_nothing_to_compare(people, tmp_path):
    written = people()
    written.add(("sertraline", 0, 60, 100.0))
    with pytest.raises(QuestionError, match="nothing to compare") as error:
        compare(written.judge(tmp_path / "result", "liu-2021"))
    assert "one definition: liu-2021@1" in str(error.value)


def test_a_result_of_an_older_version_says_all_that_is_missing(people, tmp_path):
    written = people()
    written.add(("sertraline", 0, 60, 100.0))
    folder = tmp_path / "result"
    written.judge(folder, "liu-2021", "kubitz-2013")
    file = folder / "judged_trial" / "part-00000.parquet"
    pq.write_table(pq.read_table(file).drop_columns(["trial.min_dose"]), file)
    manifest = json.loads((folder / "run.json").read_text())
    with pytest.raises(QuestionError, match="another version of stepwell") as error:
        compare(Result.open(folder))
    assert "judged_trial/part-00000.parquet has no column trial.min_dose" in str(error.value)
    del manifest["setting_of"]
    (folder / "run.json").write_text(json.dumps(manifest))
    with pytest.raises(QuestionError, match="another version of stepwell") as error:
        compare(Result.open(folder))
    assert "run.json has no setting_of" in str(error.value)
