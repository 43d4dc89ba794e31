"""The engine and the plain-loop oracle agree on every column of every table, whatever the records."""

from random import Random

import pytest
from agreement import by_engine, disagreements
from clinic import FORMS, KNOWLEDGE, branch, define
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from untidy import untidy_crowd, without_days, without_drug_days

from stepwell.knowledge.definition import CRITERIA, fields
from stepwell.knowledge.loader import load

PACKAGED = load()


def shown(lines: list[str]) -> str:
    return f"{len(lines)} values differ (engine / oracle):\n" + "\n".join(lines[:20])


def criteria_of(definition) -> set[str]:
    """The criteria that a definition asks, by the paths of their fields."""
    asked = {f"who.{name}" for name, _ in fields(definition.who)}
    for one in definition.branch:
        for part in ("trial", "failure"):
            asked |= {f"{part}.{name}" for name, _ in fields(getattr(one, part))}
        asked |= {name for name in ("count", "taken", "added") if getattr(one, name)}
    return asked


def test_the_forms_ask_every_criterion():
    assert set().union(*map(criteria_of, FORMS)) == set(CRITERIA)


@pytest.mark.parametrize("definition", FORMS, ids=lambda d: d.id)
def test_a_crowd(definition):
    """A thousand untidy people under each of the made-up forms."""
    crowd = untidy_crowd(Random(definition.id), 1000, KNOWLEDGE)
    differ = disagreements(crowd, [definition], KNOWLEDGE)
    assert not differ, shown(differ)


def test_forms_together():
    """Several forms in one plan, which share trials where they build them alike, answer as each does alone."""
    crowd = untidy_crowd(Random("together"), 300, KNOWLEDGE)
    twin = FORMS[0].model_copy(update={"id": "twin", "branch": FORMS[1].branch})
    differ = disagreements(crowd, [*FORMS, twin], KNOWLEDGE)
    assert not differ, shown(differ)


# All of them together take minutes; those that a run asks by default are tried every time.
EVERY = [
    pytest.param(d, id=d.id, marks=() if d.by_default else pytest.mark.long) for d in PACKAGED.definitions.values()
]


@pytest.mark.parametrize("definition", EVERY)
def test_a_crowd_under_a_packaged_definition(definition):
    """The packaged definitions, with the packaged drugs, doses and instruments."""
    ruled = {r.ingredient for r in PACKAGED.role_rules}
    drugs = (
        "sertraline",
        "fluoxetine",
        "venlafaxine",
        "bupropion",
        "mirtazapine",
        "quetiapine",
        "aripiprazole",
        "lithium",
    )
    n = 600 if definition.by_default else 100
    crowd = untidy_crowd(Random(definition.id), n, PACKAGED, drugs=(*drugs, *sorted(ruled)))
    differ = disagreements(crowd, [definition], PACKAGED)
    assert not differ, shown(differ)


GAPS = (None, "unidentified drugs", "given in care only", "drugs without a day", "interacting drugs without a day")


def test_gaps_in_the_drug_records():
    """Where drugs may be missing from the records, their absence says nothing: under the made-up forms, programs among them."""
    assert any(form.as_code for form in FORMS)
    crowd = untidy_crowd(Random("gaps"), 600, KNOWLEDGE, gaps=GAPS)
    differ = disagreements(crowd, FORMS, KNOWLEDGE)
    assert not differ, shown(differ)


def test_rows_without_a_day():
    """Where diagnoses, procedures and scores have lost their days, engine and oracle agree, and no verdict contradicts that
    of the whole records: it is the same, or unknown."""
    rng = Random("days")
    crowd = untidy_crowd(rng, 1500, KNOWLEDGE)
    less = without_days(rng, crowd)
    differ = disagreements(less, FORMS, KNOWLEDGE)
    assert not differ, shown(differ)
    told, n = settled(crowd, less)
    assert all("met" in pair and "not met" in pair for pair in zip(*told.values(), strict=True))
    assert len(told) > n / 3


def test_drugs_without_a_day():
    """The same where drug rows have lost their days. Nothing that rests on trials is settled then: what is left to say is that
    somebody is not the person asked for."""
    rng = Random("undated drugs")
    crowd = untidy_crowd(rng, 1500, KNOWLEDGE)
    less = without_drug_days(rng, crowd)
    differ = disagreements(less, FORMS, KNOWLEDGE)
    assert not differ, shown(differ)
    concerned = {row["person_id"] for row in less["incomplete_medication"]}
    assert len(concerned) > 500
    told, _ = settled(crowd, less)
    of_concerned = {(name, said) for (_, person_id, name), (_, said) in told.items() if person_id in concerned}
    assert of_concerned == {("verdict", "not met")}


def settled(crowd, less) -> tuple[dict, int]:
    """The pairs of the verdict on the whole records and the one on `less`, where that is not unknown; and how many verdicts there
    are. None contradicts the other."""
    asked = [form for form in FORMS if not form.as_code]
    truly, found = (
        {
            (row["definition"], row["person_id"], name): {True: "met", False: "not met"}.get(row[name], row[name])
            for row in by_engine(records, asked, KNOWLEDGE)["determination"]
            for name in ("verdict", "count")
        }
        for records in (crowd, less)
    )
    told = {key: (truly[key], said) for key, said in found.items() if said in ("met", "not met")}
    wrong = [f"{key}: {was} / {said}" for key, (was, said) in told.items() if was in ("met", "not met") and was != said]
    assert not wrong, f"{len(wrong)} verdicts contradict the whole records:\n" + "\n".join(wrong[:20])
    return told, len(found)


NEW_USERS = next(form for form in FORMS if form.id == "new-users")
"""The form that counts from a diagnosis and up to a procedure."""


@pytest.mark.parametrize("missing", ["condition", "measurement", "medication", "procedure"])
def test_a_source_without_a_table(missing):
    """What a source does not hold at all is unknown, not absent."""
    crowd = untidy_crowd(Random(missing), 100, KNOWLEDGE)
    crowd[missing] = []
    differ = disagreements(crowd, [FORMS[0], NEW_USERS], KNOWLEDGE, has=frozenset(crowd) - {missing})
    assert not differ, shown(differ)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(rng=st.randoms(use_true_random=False), n=st.integers(1, 3))
def test_a_few_people(rng, n):
    """The same with few people, so that a disagreement is made as small as it can be."""
    differ = disagreements(untidy_crowd(rng, n, KNOWLEDGE), FORMS[:1], KNOWLEDGE)
    assert not differ, shown(differ)


@st.composite
def forms(draw):
    """Any valid form of one branch."""
    days = st.sampled_from((0, 1, 7, 14, 15, 28, 42, 60, 182))
    maybe_days = st.none() | days
    basis = draw(st.sampled_from(("supply", "supply", "prescriptions", "eras")))
    # The next prescription is asked only of trials built of prescriptions.
    by_next = basis == "prescriptions" and draw(st.booleans())
    to = st.just("another drug") if by_next else st.sampled_from(("another drug", "another class"))
    by = "next prescription" if by_next else "next start"
    whether = st.sampled_from(("always", "unscored", None))
    failure = {
        "improvement": draw(st.sampled_from((None, 0, 25, 50))),
        "improvement_at_most": draw(st.sampled_from((None, 25))),
        "not_remitted": draw(st.booleans()),
        "intolerant": draw(st.booleans()),
        "switched": (draw(days), when, draw(to), by) if (when := draw(whether)) else None,
        "added_to": draw(whether),
    }
    tied = ({"days": "60 days", "after": "first trial"}, {"days": "365 days", "before": ("ect", "tms")})
    within = draw(st.sampled_from(("episode", "ever", 30, 365, *tied)))
    distinct = st.sampled_from(("ingredient", "class", "course"))
    taken = (draw(st.integers(1, 3)), draw(distinct), draw(st.sampled_from(("by then", "ever"))))
    one = branch(
        role=draw(
            st.sampled_from(("antidepressant", "antidepressant", "antipsychotic", ("antidepressant", "augmentation")))
        ),
        drug=draw(st.sampled_from((None, None, {"of_class": ("SSRI",)}, {"any_of": ("sertraline", "lithium")}))),
        min_supplies=draw(st.sampled_from((None, None, 2))),
        still_ill=draw(st.sampled_from((None, None, {"phq-9": 10}))),
        added=(1, draw(days)) if isinstance(within, str) and draw(st.booleans()) else None,
        use=draw(st.sampled_from(("antidepressant dose", "any"))),
        min_duration=(draw(days), draw(days)) if by_next else draw(maybe_days),
        min_dose=draw(maybe_days),
        preceded_by=("antidepressant", draw(days)) if draw(st.booleans()) else None,
        recent=draw(st.sampled_from((None, None, (("sertraline", "lithium", "trazodone"), 1, 1, 60)))),
        diagnosed=draw(st.sampled_from((None, None, (("major-depression",), 60)))),
        count=draw(st.integers(1, 3)),
        distinct=draw(distinct),
        within=within,
        taken=taken if isinstance(within, str) and draw(st.booleans()) else None,
        dated="next prescription"
        if by_next
        else draw(st.sampled_from(("trial start", "trial end", "next treatment start"))),
        having_taken=all(v is None or v is False for v in failure.values()),
        **failure,
    )
    codesets = st.sampled_from((("major-depression",), ("bipolar", "psychosis")))
    nevers = [(draw(codesets), *rest) for rest in (("ever",), ("before",), ("before", True))]
    diagnosis = st.sampled_from(
        (
            None,
            (("major-depression",), 1, "ever"),
            (("bipolar", "psychosis"), 2, "before"),
            (("major-depression",), 1, "before", 60),
        )
    )
    return define(
        one,
        age=draw(st.none() | st.integers(17, 19) | st.just((18, 49))),
        washout=draw(st.sampled_from((None, None, 30, 400))),
        diagnosis=draw(diagnosis),
        counted=draw(st.sampled_from(("days", "records"))),
        never=draw(st.sampled_from(nevers)) if draw(st.booleans()) else None,
        basis=basis,
        as_code=draw(st.sampled_from((False, False, True))),
        max_gap=draw(days),
        unknown_supply=draw(days),
        cross_taper=draw(days),
        episode_gap=draw(days),
        baseline=(draw(days), draw(days)),
        endpoint=(draw(days), draw(days)),
    )


# No shrinking: every form is compiled anew, which takes seconds.
@settings(max_examples=8, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(definition=forms(), seed=st.integers(0, 10_000))
def test_any_form(definition, seed):
    """Forms nobody wrote: whatever is filled in, both read it alike."""
    differ = disagreements(untidy_crowd(Random(seed), 150, KNOWLEDGE), [definition], KNOWLEDGE)
    assert not differ, shown(differ)
