"""An answer as plain data, for `--json`."""

from __future__ import annotations

from dataclasses import asdict

from stepwell.simulate import Policy, unverified

from .answer import Answer, Case
from .words import paragraphs


def plain(answer: Answer) -> dict:
    """Everything in the answer, with the question and what it stands on. Units are beside each measure; intervals are of 95 %."""
    q = answer.question
    return {
        "question": {
            "policies": {q.base_name: _policy(q.base)} | {name: _policy(p) for name, p in q.policies.items()},
            "against": q.base_name,
            "people": q.people,
            "draws": q.draws,
            "seed": q.seed,
            "years": q.years,
            "failed_before": q.failed_before,
            "scenarios": list(q.scenarios),
            "utilities": q.utilities,
            "costs": q.costs,
            "discount_pct": q.discount,
        },
        "cases": [_case(answer, case) for case in answer.cases],
        "says": paragraphs(answer),
        "unverified": [{"path": u.path, "how": u.how} for u in unverified(answer.parameters)],
    }


def _case(answer: Answer, case: Case) -> dict:
    return {
        "scenario": case.scenario,
        "measures": [
            {
                "measure": measure,
                "unit": unit,
                "against": asdict(case.base[measure]),
                "policies": [
                    {"policy": row.policy, "found": asdict(row.found), "difference": asdict(row.difference)}
                    for row in case.of(measure)
                ],
            }
            for measure, unit in answer.measures
        ],
    }


def _policy(policy: Policy) -> dict:
    return {
        "offers": [
            {"treatment": o.treatment.name.lower(), "after": o.after, "uptake": o.uptake, "wait_days": o.wait_days}
            for o in policy.offers
        ],
        "maintenance_days": policy.maintenance_days,
        "judge_after": policy.judge_after,
        "therapy": policy.therapy,
    }
