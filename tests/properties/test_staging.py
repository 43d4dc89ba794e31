"""The engine and the plain loops agree on every column of `stage` and `staged_trial`, whatever the records."""

from random import Random

import pytest
from staged import CLINIC, MODELS, disagreements
from untidy import untidy_crowd

from stepwell.knowledge.definition import fields
from stepwell.knowledge.loader import load
from stepwell.knowledge.staging import ASKED, Items

PACKAGED = load()
DRUGS = (
    "sertraline",
    "fluoxetine",
    "venlafaxine",
    "bupropion",
    "amitriptyline",
    "phenelzine",
    "trazodone",
    "aripiprazole",
    "lithium",
)


def shown(lines: list[str]) -> str:
    return f"{len(lines)} values differ (engine / plain loops):\n" + "\n".join(lines[:20])


def test_the_models_ask_everything():
    signs = [sign for m in MODELS for sign in m.asked_signs]
    assert {name for sign in signs for name, value in fields(sign) if name in ASKED and value} == set(ASKED)
    assert {name for m in MODELS if m.points for name, value in fields(m.points) if value} == set(Items.model_fields)


def test_a_crowd():
    """Untidy people under each of the made-up models."""
    crowd = untidy_crowd(Random("staging"), 1000, CLINIC)
    differ = disagreements(crowd, MODELS, CLINIC)
    assert not differ, shown(differ)


def test_gaps_in_the_drug_records():
    """Where drugs may be missing from the records, nobody can say how many more failed."""
    crowd = untidy_crowd(
        Random("gaps"), 400, CLINIC, gaps=(None, "unidentified drugs", "given in care only", "drugs without a day")
    )
    differ = disagreements(crowd, MODELS, CLINIC)
    assert not differ, shown(differ)


def test_a_crowd_under_the_packaged_models():
    """The packaged models, also those that are not used by default."""
    crowd = untidy_crowd(Random("packaged staging"), 600, PACKAGED, drugs=DRUGS)
    differ = disagreements(crowd, tuple(PACKAGED.stagings.values()), PACKAGED)
    assert not differ, shown(differ)


@pytest.mark.parametrize("missing", ["condition", "measurement", "medication", "procedure", "observation_period"])
def test_a_source_without_a_table(missing):
    """What a source does not hold at all is unknown, not absent."""
    crowd = untidy_crowd(Random(missing), 100, CLINIC)
    crowd[missing] = []
    differ = disagreements(crowd, MODELS, CLINIC, has=frozenset(crowd) - {missing})
    assert not differ, shown(differ)
