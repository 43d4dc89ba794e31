"""The engine's stages beside the plain loops', and made-up models for the tests.

Like the clinic's, their limits are round numbers of their own and no clinical statement.
"""

from __future__ import annotations

from dataclasses import replace

import oracle_staging
from agreement import Tables
from clinic import KNOWLEDGE, WHY, branch, define

from stepwell.in_memory import determine_records
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.instrument import Band
from stepwell.knowledge.rules import rule_id
from stepwell.knowledge.staging import Staging


def _bands(top: int) -> tuple[Band, ...]:
    return tuple(
        Band(label=label, at_least=f"{low} points", at_most=f"{high} points")
        for label, low, high in (("none", 0, 4), ("mild", 5, 9), ("moderate", 10, 19), ("severe", 20, top))
    )


CLINIC: Knowledge = replace(
    KNOWLEDGE,
    instruments={n: i.model_copy(update={"bands": _bands(27)}) for n, i in KNOWLEDGE.instruments.items()},
)
"""The made-up clinic, with bands for its instruments."""


def model(name: str = "points", *, failed: dict | None = None, trials: dict | None = None, **parts) -> Staging:
    """A staging model: `points`, `rungs` or `signs`, and `names`."""
    failed = failed or branch(
        min_duration=28,
        min_dose=28,
        improvement=50,
        switched=(60, "unscored"),
        added_to="unscored",
        count=1,
        added=(1, 28),
    )
    return Staging.model_validate(
        {
            "id": name,
            "version": 1,
            "status": "draft",
            "title": "Made up for the tests",
            "summary": "Made up for the tests.",
            "by_default": True,
            "trials": define(**(trials or {})).trials,
            "failed": failed,
            **parts,
        }
    )


def by_engine(records: Tables, stagings, knowledge: Knowledge, has=None) -> Tables:
    """The engine's tables as lists of rows."""
    found = determine_records(records, [define()], knowledge, has=has, stagings=stagings)
    return {name: rows.to_pylist() for name, rows in found.items()}


def disagreements(records: Tables, stagings, knowledge: Knowledge, has=None) -> list[str]:
    """Every value in which engine and plain loops differ, as `model: table key column: engine / oracle`."""
    found, differ = by_engine(records, stagings, knowledge, has), []
    for staging in stagings:
        expected = oracle_staging.stage(records, staging, knowledge, has)
        own = {"staging": staging.name, "rule": rule_id(staging)}
        for name, column, key in (("stage", "staging", ()), ("staged_trial", "rule", ("trial_number",))):
            key = ("person_id", *key)
            engine = {tuple(r[k] for k in key): r for r in found[name] if r[column] == own[column]}
            plain = {tuple(r[k] for k in key): r for r in expected[name]}
            differ += [f"{staging.name}: {name} {k}: only one has it" for k in engine.keys() ^ plain.keys()]
            for k in engine.keys() & plain.keys():
                for c in plain[k].keys() - {column}:
                    if engine[k][c] != plain[k][c]:
                        differ.append(f"{staging.name}: {name} {k} {c}: {engine[k][c]} / {plain[k][c]}")
    return sorted(differ)


POINTS = {
    "duration": {
        "grades": [{"at_least": f"{d} days", "points": f"{p} points"} for d, p in ((0, 1), (101, 2), (201, 3))],
        **WHY,
    },
    "severity": {
        "window": {"before": "21 days", "after": "14 days", **WHY},
        "scales": [
            {"instrument": i, "points": ["1 point", "2 points", "3 points", "4 points"]} for i in ("phq-9", "qids-sr16")
        ],
        "psychotic": {"any_of": ["psychosis"], "of": "4 points", "points": "5 points", **WHY},
        **WHY,
    },
    "failed": {
        "grades": [{"at_least": f"{n} trials", "points": f"{p} points"} for n, p in ((1, 1), (2, 2), (3, 4))],
        **WHY,
    },
    "augmented": {"grades": [{"at_least": "1 trial", "points": "1 point"}], **WHY},
    "ect": {"any_of": ["ect"], "counts": "given", "points": "1 point", **WHY},
}
NAMES = {
    "ranges": [{"label": label, "at_least": f"{n} points"} for label, n in (("few", 0), ("some", 6), ("many", 9))],
    **WHY,
}


def _sign(name: str, **asked: object) -> dict:
    return {"id": name, "label": name, **asked, **WHY}


MODELS = (
    model(points=POINTS, names=NAMES),
    model(
        "each",
        failed=branch(
            min_duration=28, improvement=50, switched=(60, "unscored"), count=1, distinct="course", added=(1, 7)
        ),
        points={
            "failed": {"each": "1 point", **WHY},
            "raised": {"each": "0.5 points", **WHY},
            "added_to": {"each": "0.5 points", **WHY},
            "ect": {"any_of": ["ect", "tms"], "counts": "failed", "points": "3 points", **WHY},
            "unrecorded": [
                {"id": "function", "label": "function", "at_least": "0 points", "at_most": "3 points", **WHY}
            ],
        },
    ),
    model(
        "rungs",
        rungs=[
            _sign("one", failed="1 trial"),
            _sign("two", failed="2 trials", classes="2 trials", span="84 days"),
            _sign("three", classes="2 trials", of_class=["SSRI"], augmented="1 trial"),
            _sign(
                "four",
                classes="2 trials",
                of_class=["SSRI", "SNRI"],
                ect={"any_of": ["ect"], "counts": "failed", **WHY},
            ),
        ],
    ),
    model(
        "profile",
        trials={"episode_gap": 90},
        signs=[
            _sign("two-failed", failed="2 trials"),
            _sign("long", duration="120 days"),
            _sign(
                "ill",
                score={
                    "before": "21 days",
                    "after": "14 days",
                    "any_of": [{"instrument": "phq-9", "at_least": "10 points"}],
                    **WHY,
                },
            ),
            _sign("not-tolerated", intolerant="1 trial"),
            _sign("bipolar", diagnosis=["bipolar", "psychosis"]),
            _sign("ect", ect={"any_of": ["ect"], "counts": "given", **WHY}),
            _sign("function", unrecorded=True),
        ],
    ),
)
"""Models that between them ask everything that a model can ask."""
