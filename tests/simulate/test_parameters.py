"""The simulator's files: cited, complete, and refused with file and line when something is wrong."""

import pytest

from stepwell.errors import KnowledgeError
from stepwell.knowledge.cited import Cited, Form
from stepwell.simulate.parameters import DATA, codes, drugs, parameters, session_codes
from stepwell.simulate.records.formulary import Formulary


def cited_forms(form):
    for name in type(form).model_fields:
        value = getattr(form, name)
        if isinstance(value, Cited):
            yield name, value
        if isinstance(value, Form):
            yield from cited_forms(value)


def test_nothing_is_merely_recalled():
    found = [*cited_forms(parameters()), *((d.ingredient, d) for d in drugs()), *((c.name, c) for c in codes())]
    assert len(found) > 60
    assert [name for name, form in found if form.seen == "recalled"] == []


def test_shares_that_belong_together_make_a_whole():
    who, scores, fills = parameters().people, parameters().scores, parameters().fills
    assert who.depressed.share + who.untreated.share + who.other_use.share == 100
    assert sum(scores.instruments.of.values()) == 100
    assert sum(fills.lasting.of.values()) == 100
    for use, column in (
        ("depression", "first_weight_pct"),
        ("depression", "later_weight_pct"),
        ("added", "later_weight_pct"),
    ):
        assert sum(getattr(d, column) for d in drugs() if d.use == use) == 100


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  bipolar:", "  bipola:", "bipola"),
        ("{share: 84 %,", "{share: 84,", "no unit"),
        ('encounters"\n  seen: secondary', 'encounters"\n  seen: heard', "secondary"),
        (
            "  source: omop-vocabulary\n  locator: concept",
            "  source: omop-vocabularies\n  locator: concept",
            "omop-vocabularies",
        ),
        ("  omop-vocabulary:\n", "  nobody-cites-this:\n    title: x\n  omop-vocabulary:\n", "nobody-cites-this"),
        (", choice: Most people in the data have depression and are treated for it.", "", "choice"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path, old, new, said):
    text = (DATA / "parameters.yaml").read_text("utf-8")
    assert text.count(old) == 1
    path = tmp_path / "parameters.yaml"
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(KnowledgeError) as error:
        parameters(path)
    assert all(p.where.startswith("parameters.yaml:") for p in error.value.problems)
    assert said in str(error.value)


def test_files_that_do_not_fit_the_knowledge_are_refused(formulary):
    truth = parameters().truth.model_copy(update={"definitions": ("no-such-definition",)})
    with pytest.raises(KnowledgeError, match="do not fit") as error:
        Formulary(formulary.knowledge, parameters().model_copy(update={"truth": truth}))
    assert "no-such-definition" in str(error.value)


@pytest.mark.parametrize("when", ["first", "later"])
@pytest.mark.parametrize("treatment", ["esketamine", "ketamine", "ect", "tms"])
def test_every_session_is_given_something(treatment, when):
    assert sum(r.share_pct for r in session_codes() if (r.treatment, r.when) == (treatment, when)) == 100
