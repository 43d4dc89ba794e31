"""A small made-up clinic for the tests: a few drugs with invented minimum doses, two questionnaires, and forms in one line.

None of its limits is a clinical statement. They are round numbers of their own, so that a test of the engine neither
depends on the packaged knowledge nor changes with it.
"""

from __future__ import annotations

from stepwell.knowledge.definition import Definition
from stepwell.knowledge.forms import DoseMinimum, Ingredient, Instrument, Knowledge, RoleRule

WHY = {"choice": "Made up for the tests."}


def _drug(name: str, role: str, drug_class: str) -> Ingredient:
    return Ingredient(
        ingredient=name,
        label=name.capitalize(),
        role=role,
        drug_class=drug_class,
        source="none",
        locator="-",
        seen="recalled",
    )


def _instrument(name: str, rank: int, top: int, remission: int) -> Instrument:
    return Instrument(
        id=name,
        status="draft",
        label=name.upper(),
        rank=rank,
        rank_choice="Made up for the tests.",
        rater="self",
        at_least="0 points",
        at_most=f"{top} points",
        items=(),
        scoring={"groups": (), "missing_at_most": 0, **WHY},
        bands=(),
        bands_from=WHY,
        remission={"at_most": f"{remission} points", **WHY},
        response={"at_least": "50 %", **WHY},
        licence={"item_texts": "withheld", "terms": "none shown", **WHY},
    )


DRUGS = (
    _drug("sertraline", "antidepressant", "SSRI"),
    _drug("fluoxetine", "antidepressant", "SSRI"),
    _drug("venlafaxine", "antidepressant", "SNRI"),
    _drug("bupropion", "antidepressant", "NDRI"),
    _drug("trazodone", "antidepressant", "SARI"),
    _drug("quetiapine", "antipsychotic", "antipsychotic"),
    _drug("lithium", "augmentation", "mood stabiliser"),
    _drug("tryptophan", "set-aside", "amino acid"),
)
MINIMA = {"sertraline": 50, "fluoxetine": 20, "venlafaxine": 75, "trazodone": 150}
"""Bupropion has none, so that its adequacy is unknown at any dose."""

KNOWLEDGE = Knowledge(
    references={},
    ingredients={d.ingredient: d for d in DRUGS},
    role_rules=(RoleRule(ingredient="trazodone", use="sleep", at_most_mg_per_day=100, **WHY),),
    product_uses=(),
    combinations=(),
    dose_standards={},
    dose_minima=tuple(
        DoseMinimum(ingredient=i, standard="clinic", min_mg_per_day=mg, **WHY) for i, mg in MINIMA.items()
    ),
    codesets={},
    instruments={i.id: i for i in (_instrument("phq-9", 1, 27, 4), _instrument("qids-sr16", 2, 27, 5))},
    definitions={},
    ladders={},
    digest="clinic",
)


def _days(key: str, n: int) -> dict:
    return {key: f"{n} days", **WHY}


def branch(
    *,
    role: str | tuple[str, ...] = "antidepressant",
    use: str = "antidepressant dose",
    min_duration: int | tuple[int, int] | None = None,
    min_dose: int | None = None,
    preceded_by: tuple[str, int] | None = None,
    recent: tuple[tuple[str, ...], int, int | None, int] | None = None,
    diagnosed: tuple[tuple[str, ...], int] | None = None,
    drug: dict | None = None,
    min_supplies: int | None = None,
    still_ill: dict[str, int] | None = None,
    count: int = 2,
    distinct: str = "ingredient",
    within: str | int | dict = "episode",
    taken: tuple[int, str] | tuple[int, str, str] | None = None,
    dated: str = "trial end",
    added: tuple[int, int] | None = None,
    improvement: float | None = None,
    improvement_at_most: float | None = None,
    not_remitted: bool = False,
    intolerant: bool = False,
    switched: tuple[int, str] | tuple[int, str, str] | tuple[int, str, str, str] | None = None,
    added_to: str | None = None,
    having_taken: bool = False,
) -> dict:
    """One branch of a form; the last seven are the ways to fail. Times are in days."""
    trial = {"role": _one_or_any(role), "use": {"is": use, **WHY}}
    if min_duration is not None:
        least, *longest = min_duration if isinstance(min_duration, tuple) else (min_duration,)
        trial["min_duration"] = _days("at_least", least)
        if longest:
            trial["min_duration"]["single_until_next"] = f"{longest[0]} days"
    if min_dose is not None:
        trial["min_dose"] = _days("at_least", min_dose)
    if preceded_by is not None:
        trial["preceded_by"] = {"role": preceded_by[0], **_days("within", preceded_by[1])}
    if recent is not None:
        names, n, n_before, days = recent
        trial["recent"] = {"any_of": names, "at_least": f"{n} drugs", **_days("within", days)}
        if n_before is not None:
            trial["recent"]["begun_before"] = f"{n_before} drugs"
    if diagnosed is not None:
        trial["diagnosed"] = {"any_of": diagnosed[0], **_days("within", diagnosed[1])}
    if drug is not None:
        trial["drug"] = {**drug, **WHY}
    if min_supplies is not None:
        trial["min_supplies"] = {"at_least": f"{min_supplies} supplies", **WHY}
    if still_ill is not None:
        limits = [{"instrument": i, "at_least": f"{n} points"} for i, n in still_ill.items()]
        trial["still_ill"] = {"any_of": limits, **WHY}
    failure = {
        "improvement": {"below": f"{improvement} %", **WHY} if improvement is not None else None,
        "not_remitted": WHY if not_remitted else None,
        "intolerant": WHY if intolerant else None,
        "switched": _switched(*switched) if switched else None,
        "added_to": {"when": added_to, **WHY} if added_to else None,
        "taken": WHY if having_taken else None,
    }
    if improvement_at_most is not None:
        failure["improvement"] = {"at_most": f"{improvement_at_most} %", **WHY}
    if isinstance(within, int):
        within = {"days": f"{within} days"}
    return {
        "trial": trial,
        "failure": failure,
        "count": {"at_least": f"{count} trials", "distinct": distinct, **WHY},
        "within": {"is": within, **WHY} if isinstance(within, str) else {**within, **WHY},
        "taken": _taken(*taken) if taken else None,
        "added": {"at_least": f"{added[0]} trials", **_days("for", added[1])} if added else None,
        "dated": {"at": dated, **WHY},
    }


def _one_or_any(role: str | tuple[str, ...]) -> dict:
    return {"is": role, **WHY} if isinstance(role, str) else {"any_of": role, **WHY}


def _switched(within: int, when: str, to: str = "another drug", by: str = "next start") -> dict:
    return {"when": when, "to": to, "by": by, **_days("within", within)}


def _taken(at_least: int, distinct: str, when: str = "by then") -> dict:
    return {"at_least": f"{at_least} trials", "distinct": distinct, "when": when, **WHY}


def define(
    *branches: dict,
    age: int | tuple[int, int] | None = None,
    diagnosis: tuple[tuple[str, ...], int, str] | tuple[tuple[str, ...], int, str, int] | None = None,
    counted: str = "days",
    never: tuple[tuple[str, ...], str] | tuple[tuple[str, ...], str, bool] | None = None,
    washout: int | None = None,
    basis: str = "supply",
    evidence: str = "prescribed",
    max_gap: int = 14,
    unknown_supply: int = 45,
    cross_taper: int = 14,
    episode_gap: int = 182,
    dose_standard: str = "clinic",
    baseline: tuple[int, int] = (14, 7),
    endpoint: tuple[int, int] = (21, 14),
    as_code: bool = False,
    name: str = "spec",
) -> Definition:
    """A definition; without a branch, one that counts any two antidepressants taken in an episode."""
    youngest, oldest = age if isinstance(age, tuple) else (age, None)
    who = {
        "age": {
            name: f"{years} years" for name, years in (("at_least", youngest), ("at_most", oldest)) if years is not None
        },
        "diagnosis": {"any_of": diagnosis[0], "at_least": f"{diagnosis[1]} records", "when": diagnosis[2], **WHY}
        if diagnosis
        else None,
        "never": {"any_of": never[0], "when": never[1], "in_one_period": never[2:] == (True,), **WHY}
        if never
        else None,
        "washout": _days("at_least", washout) if washout is not None else None,
    }
    who["age"] = {**who["age"], **WHY} if who["age"] else None
    if diagnosis and len(diagnosis) > 3:
        who["diagnosis"]["within"] = f"{diagnosis[3]} days"
    if diagnosis:
        who["diagnosis"]["counted"] = counted
    return Definition.model_validate(
        {
            "id": name,
            "version": 1,
            "status": "draft",
            "title": "Made up for the tests",
            "summary": "Made up for the tests.",
            "as_code": {"of": "words", "does": ("Something else.",), **WHY} if as_code else None,
            "who": who,
            "trials": {
                "basis": {"is": basis, **WHY},
                "medication_evidence": {"is": evidence, **WHY},
                "max_gap": _days("at_most", max_gap),
                "unknown_supply": _days("at_most", unknown_supply),
                "cross_taper": _days("at_most", cross_taper),
                "episode_gap": _days("at_most", episode_gap),
                "dose_standard": {"is": dose_standard, **WHY},
                "baseline": {"before": f"{baseline[0]} days", "after": f"{baseline[1]} days", **WHY},
                "endpoint": {"after_start": f"{endpoint[0]} days", "after_end": f"{endpoint[1]} days", **WHY},
            },
            "branch": list(branches) or [branch(having_taken=True)],
        }
    )


FORMS = (
    define(
        branch(
            min_duration=28,
            min_dose=28,
            improvement=25,
            intolerant=True,
            switched=(42, "unscored"),
            added_to="unscored",
        ),
        age=18,
        diagnosis=(("major-depression", "depression-other"), 1, "before"),
        never=(("bipolar", "psychosis"), "before"),
        name="scored",
    ),
    define(
        branch(min_duration=42, not_remitted=True, distinct="class", within="ever", dated="next treatment start"),
        never=(("bipolar",), "ever"),
        name="not-remitted",
    ),
    define(
        branch(
            use="any",
            min_duration=42,
            switched=(98, "always"),
            within="ever",
            taken=(3, "ingredient"),
            dated="next treatment start",
        ),
        diagnosis=(("major-depression", "depression-other"), 2, "ever"),
        basis="prescriptions",
        max_gap=182,
        cross_taper=0,
        name="prescriptions",
    ),
    define(
        branch(count=3, having_taken=True, within=365, dated="trial start"),
        branch(
            role="antipsychotic",
            use="any",
            preceded_by=("antidepressant", 365),
            count=1,
            within=365,
            having_taken=True,
            dated="trial start",
        ),
        age=18,
        name="within-a-year",
    ),
    define(
        branch(use="any", added_to="always", switched=(180, "always"), min_duration=28, distinct="course"),
        unknown_supply=30,
        cross_taper=7,
        episode_gap=120,
        max_gap=7,
        baseline=(28, 14),
        endpoint=(14, 28),
        name="courses",
    ),
    define(
        branch(
            role=("antidepressant", "antipsychotic"),
            drug={"of_class": ("SSRI", "SNRI", "antipsychotic")},
            min_supplies=2,
            switched=(42, "always", "another class"),
            count=1,
            within="ever",
        ),
        branch(
            drug={"any_of": ("sertraline", "bupropion")},
            having_taken=True,
            count=1,
            within={"days": "60 days", "before": ("ect",)},
            dated="trial start",
        ),
        branch(having_taken=True, within={"days": "90 days", "after": "first diagnosis"}),
        age=(18, 49),
        diagnosis=(("major-depression",), 1, "before", 100),
        washout=30,
        name="new-users",
    ),
    define(
        branch(improvement_at_most=25, still_ill={"phq-9": 15}, count=1, added=(1, 14)),
        branch(having_taken=True, within={"days": "90 days", "after": "first trial"}, dated="trial start"),
        age=(18, 49),
        name="still-ill",
    ),
    define(
        branch(min_dose=14, intolerant=True, dated="trial start"),
        never=(("psychosis",), "ever"),
        name="not-tolerated",
    ),
    *(
        define(
            branch(
                use="any",
                min_duration=(42, 98),
                switched=(98, "always", "another drug", "next prescription"),
                within="ever",
                taken=(3, "ingredient", "ever"),
                distinct=distinct,
                dated="next prescription",
            ),
            diagnosis=(("major-depression", "depression-other"), 2, "ever"),
            counted="records",
            never=(("bipolar",), "ever"),
            basis="prescriptions",
            max_gap=182,
            cross_taper=0,
            as_code=as_code,
            name=name,
        )
        for name, as_code, distinct in (("next-one", False, "course"), ("next-one-code", True, "ingredient"))
    ),
    *(
        define(
            branch(
                use="any",
                recent=(("sertraline", "fluoxetine", "venlafaxine", "bupropion"), 2, 1, 100),
                diagnosed=(("major-depression",), 100),
                having_taken=True,
                count=1,
                distinct="course",
                within="ever",
                dated="trial start",
            ),
            branch(
                role=("antipsychotic", "augmentation"),
                recent=(("sertraline", "fluoxetine", "trazodone"), 1, None, 60),
                having_taken=True,
                count=1,
                within="ever",
                dated="trial start",
            ),
            never=(("bipolar", "psychosis"), "before", True),
            basis="eras",
            max_gap=30,
            as_code=as_code,
            name=name,
        )
        for name, as_code in (("eras", False), ("eras-code", True))
    ),
    *(
        define(
            branch(min_duration=28, min_dose=28, switched=(42, "always"), added_to="always", within="ever"),
            washout=30,
            evidence="supplied",
            as_code=as_code,
            name=name,
        )
        for name, as_code in (("supplied", False), ("supplied-code", True))
    ),
)
"""Forms that between them ask every criterion and use every way of counting, dating and building trials."""
