"""The report's section on staging: everybody is in one line of every model, and few people are not shown."""

import pytest

from stepwell.report.page import render_report
from stepwell.report.summarise import summarise
from stepwell.runner import run
from stepwell.simulate import simulate


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stages")
    simulate(300, 3, folder / "records")
    return run(folder / "records", folder / "result", definitions=["us-label"])


def test_everybody_is_in_one_line_of_every_model(result):
    stages = summarise(result, suppress_below=0).stages
    assert len(stages.models) + len(stages.profiles) == len(result.stagings)
    for model in stages.models:
        assert sum(count.n for _, count in model.lines) == 300
    for profile in stages.profiles:
        for _, counts in profile.lines:
            assert sum(count.n for count in counts.values()) == profile.people.n


def test_a_few_people_are_not_shown(result):
    shown = summarise(result, suppress_below=5).stages
    counts = [count for model in shown.models for _, count in model.lines]
    counts += [count for profile in shown.profiles for _, signs in profile.lines for count in signs.values()]
    assert not [count for count in counts if count.n is not None and 0 < count.n < 5]


def test_the_page_names_every_model(result):
    page = render_report(result, people=None)
    assert all(staging.name in page for staging in result.stagings)


def test_why_is_told_for_everybody(result):
    """The evidence of a model has one line for each of its items, and the sums of points are those of the table."""
    for person_id in range(1, 40):
        stages = {row["staging"]: row for row in result.rows_of("stage", person_id)}
        person = result.table("person")
        source_id = person.filter(person.person_id == person_id).source_person_id.to_pyarrow().to_pylist()[0]
        evidence = [e for e in result.evidence(source_id) if e["trial_number"] is None]
        for staging in result.stagings:
            lines = [e for e in evidence if e["definition"] == staging.name]
            row = stages[staging.name]
            told = row["applies"] is not False
            assert [e["criterion"] for e in lines] == [path for path, _ in staging.items()] * told
            if staging.points and told:
                assert sum(float(e["value"].split()[0]) for e in lines) == row["points_at_least"]
            for e in lines:
                assert e["found"]
                assert e["source"] or e["choice"]
