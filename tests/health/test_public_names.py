"""The names that Python users import: typed, described, and hidden by no module."""

from __future__ import annotations

import inspect
import pkgutil

import pytest

import stepwell
import stepwell.knowledge
from stepwell.errors import QuestionError


@pytest.mark.parametrize("package", [stepwell, stepwell.knowledge])
def test_no_module_hides_a_public_name(package):
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    assert not modules & set(package.__all__)


@pytest.mark.parametrize("name", [n for n in stepwell.__all__ if not n.startswith("__")])
def test_every_public_name_is_described_and_typed(name):
    found = getattr(stepwell, name)
    assert inspect.getdoc(found)
    if inspect.isfunction(found):
        hints = inspect.signature(found)
        assert hints.return_annotation is not inspect.Signature.empty
        assert all(p.annotation is not inspect.Parameter.empty for p in hints.parameters.values())


def test_what_the_docstrings_of_score_and_definition_say():
    assert stepwell.score("phq-2", {"1": 2, "2": 3}) == 5
    assert stepwell.score("phq-9", {"1": 2, "2": 3}) is None
    with pytest.raises(QuestionError, match="no instrument"):
        stepwell.score("phq-99", {})
    definition = stepwell.load_knowledge().definitions["sforzini-2022"]
    assert isinstance(definition, stepwell.Definition)
    duration = definition.branch[0].trial.min_duration
    assert (duration.at_least, duration.source) == (28, "sforzini-2022")
    assert '"phq-2"' in stepwell.score.__doc__
    assert "min_duration.at_least" in stepwell.Definition.__doc__
