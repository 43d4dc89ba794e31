"""Staging models as they are shipped, and what a wrong one is told."""

import shutil

import pytest

from stepwell.errors import KnowledgeError
from stepwell.knowledge.loader import DATA, load, read_folder

K = load()


def test_no_model_that_rests_on_recall_is_used_by_default():
    assert {s.id for s in K.stagings.values() if s.rests_on_recall} == {"dm-trd"}
    assert [s.id for s in K.stagings.values() if s.by_default and s.rests_on_recall] == []


def test_the_maudsley_sum_goes_from_3_to_15():
    """As its table says: the least and the most of all items, for whoever is staged at all."""
    items = K.stagings["maudsley"].points
    most = items.severity.psychotic.points + sum(
        i.grades[-1].points for i in (items.duration, items.failed, items.augmented)
    )
    assert most + items.ect.points == 15
    assert min(items.severity.scales[0].points) + items.duration.grades[0].points + items.failed.grades[0].points == 3


@pytest.mark.parametrize(
    ("model", "right", "wrong", "found"),
    [
        (
            "maudsley",
            "{at_least: 366 days, points: 2 points}",
            "{at_least: 366 days, points: 1 point}",
            "does not rise",
        ),
        ("maudsley", "[1 point, 2 points, 3 points, 4 points]", "[1 point, 2 points]", "gives 2 numbers of points"),
        ("maudsley", "instrument: madrs", "instrument: madras", "madras"),
        ("maudsley", "any_of: [psychotic-depression]", "any_of: [psychotic]", "psychotic"),
        ("maudsley", "any_of: [ect]", "any_of: [etc]", "etc"),
        ("maudsley", "label: moderate, at_least: 7 points", "label: moderate, at_least: 3 points", "does not rise"),
        ("mgh-s", "each: 0.5 points", "each: 0.5", "has no unit"),
        ("thase-rush", "of_class: [TCA]", "of_class: [tricyclic]", "tricyclic"),
        ("thase-rush", "id: two", "id: one", "'one' again"),
        ("thase-rush", "  is: episode", "  is: ever", "present episode"),
        ("dm-trd", "at_least: 0 points, at_most: 3 points", "at_least: 4 points, at_most: 3 points", "below the least"),
        ("difficult-to-treat", "diagnosis: [substance-use]", "diagnosis: [substances]", "substances"),
    ],
)
def test_a_wrong_model_is_told_what_is_wrong(tmp_path, model, right, wrong, found):
    """With the file and the line."""
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    file = folder / "staging" / f"{model}.yaml"
    text = file.read_text("utf-8")
    assert right in text
    file.write_text(text.replace(right, wrong, 1), "utf-8")
    with pytest.raises(KnowledgeError) as caught:
        read_folder(folder)
    said = [p for p in caught.value.problems if found in f"{p.found} {p.expected} {p.remedy}"]
    assert said, [str(p) for p in caught.value.problems]
    assert said[0].where.startswith(f"staging/{model}.yaml:")
