"""The made-up clinic with treatments given in sessions: a spray, an infusion and a shock, whose numbers are round and its own."""

from __future__ import annotations

from dataclasses import replace

from clinic import DRUGS as CLINIC_DRUGS
from clinic import KNOWLEDGE, WHY

from stepwell.knowledge.forms import Ingredient, LabelMaximum
from stepwell.knowledge.regimen import Regimen
from stepwell.knowledge.treatment import Following, Treatment


def _drug(name: str) -> Ingredient:
    words = {"label": name.capitalize(), "drug_class": "made up", "source": "none", "locator": "-", "seen": "recalled"}
    return Ingredient(ingredient=name, role="rapid-acting", **words)


def _days(key: str, n: int) -> dict:
    return {key: f"{n} days", **WHY}


def _checkpoint(label: str, first: int, last: int) -> dict:
    return {"label": label, "first": f"{first} days", "last": f"{last} days", **WHY}


_COMMON = {
    "status": "draft",
    "summary": "Made up for the tests.",
    "alive": WHY,
    "given": WHY,
    "pause": _days("at_most", 30),
}
SPRAY = Treatment.model_validate(
    {
        "id": "spray",
        "label": "Spray",
        "ingredients": ["spray"],
        "procedures": ["spray-visit"],
        "codes": [
            {"code": "V0001", "mg_at_most": "40 mg", **WHY},
            {"code": "V0002", "mg_above": "40 mg", **WHY},
            {"code": "U0001", "mg_per_unit": "1 mg", "valid_until": "2020-12-31", **WHY},
            {"code": "U0002", "mg_per_unit": "1 mg", "valid_from": "2021-01-01", **WHY},
        ],
        "possible": {"at_least": "20 mg", "at_most": "80 mg", "multiple_of": "20 mg", **WHY},
        "again": {"at_least": "3 sessions", "within": "10 days", "after": "20 days", "pause": "7 days", **WHY},
        "phases_of": "spray-label",
        "checkpoints": [_checkpoint("day 1", 1, 2), _checkpoint("induction", 10, 20), _checkpoint("later", 50, 70)],
        **_COMMON,
    }
)
INFUSION = Treatment.model_validate(
    {
        "id": "infusion",
        "label": "Infusion",
        "ingredients": ["infusion"],
        "possible": {"at_least": "1 mg", "at_most": "1000 mg", **WHY},
        "routes": {"any_of": ["intravenous", "intramuscular"], **WHY},
        "dose": {"at_most": "100 mg", **WHY},
        "apart": {"any_of": ["anaesthesia", "ect"], **WHY},
        "diagnosed": {"any_of": ["major-depression"], **_days("within", 60)},
        "repeated": {"at_least": "2 sessions", "within": "10 days", **WHY},
        **_COMMON,
    }
)
SHOCK = Treatment.model_validate({"id": "shock", "label": "Shock", "procedures": ["ect"], **_COMMON})
REGIMEN = Regimen.model_validate(
    {
        "id": "spray-label",
        "version": 1,
        "status": "draft",
        "title": "Made up for the tests",
        "summary": "Made up for the tests.",
        "treatment": "spray",
        "authority": "label",
        "indications": [{"label": "made up", "valid_from": "2019-06-01", **WHY}],
        "phases": [
            {
                "id": "induction",
                "from_week": 1,
                "until_week": 2,
                "at_most": "2 sessions",
                "at_least": "2 sessions",
                **WHY,
            },
            {
                "id": "maintenance",
                "from_week": 3,
                "at_most": "1 session",
                "at_least": "1 session",
                "every": "2 weeks",
                **WHY,
            },
        ],
        "doses": [
            {"when": "first session", "any_of": ["40 mg"], "age_below": "65 years", **WHY},
            {"when": "first session", "any_of": ["20 mg"], "age_at_least": "65 years", **WHY},
            {"when": "later sessions", "any_of": ["40 mg", "80 mg"], **WHY},
        ],
        "observed": {"at_least": "2 hours", **WHY},
        "pressure_before": [
            {"systolic_at_most": "140 mmHg", "diastolic_at_most": "90 mmHg", "age_below": "65 years", **WHY},
            {"systolic_at_most": "150 mmHg", "diastolic_at_most": "90 mmHg", "age_at_least": "65 years", **WHY},
        ],
        "pressure_after": {"first": "30 minutes", "last": "50 minutes", **WHY},
        "pressure_end": WHY,
        "oxygen": {"valid_from": "2019-09-01", **WHY},
        "sedation": {"at_least": "5 points", **WHY},
        "dissociation": {"at_most": "4 points", **WHY},
        "form": _days("within", 7),
        "missed": {"text": "Made up.", **WHY},
    }
)
FOLLOWING = Following.model_validate(
    {
        "baseline": _days("before", 14),
        "after_end": _days("at_most", 100),
        "lost": _days("relapse_within", 50),
        "bridge": {"before": "10 days", "after": "20 days", "still": "15 days", **WHY},
        "stretches": {"before": "30 days", "after": "30 days", **WHY},
        "episodes": _days("days", 100),
    }
)
SESSION_CLINIC = replace(
    KNOWLEDGE,
    ingredients={d.ingredient: d for d in (*CLINIC_DRUGS, _drug("spray"), _drug("infusion"))},
    treatments={t.id: t for t in (SPRAY, INFUSION, SHOCK)},
    regimens={REGIMEN.id: REGIMEN},
    following=FOLLOWING,
    label_maxima={
        name: LabelMaximum(ingredient=name, max_mg_per_day=mg, **WHY)
        for name, mg in {"sertraline": 200, "venlafaxine": 300}.items()
    },
    digest="session clinic",
)
