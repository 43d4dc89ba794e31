"""What the engine needs of the knowledge of treatments given in sessions, as small tables: one set of stages serves them all."""

from __future__ import annotations

from collections.abc import Iterable

from stepwell.knowledge.forms import Knowledge

KNOWN_TREATMENTS = {
    "known_treatment": {
        "treatment": "string",
        "possible_at_least": "float64",
        "possible_at_most": "float64",
        "multiple_of": "float64",
        "dose_at_most": "float64",
        "asks_route": "boolean",
        "asks_apart": "boolean",
        "diagnosed_within": "int64",
        "repeated_at_least": "int64",
        "repeated_within": "int64",
        "pause_at_most": "int64",
        "again_at_least": "int64",
        "again_within": "int64",
        "again_after": "int64",
        "again_pause": "int64",
        "has_phases": "boolean",
    },
    "known_treatment_name": {"treatment": "string", "use": "string", "name": "string"},
    "known_billing_code": {
        "treatment": "string",
        "code": "string",
        "valid_from": "date",
        "valid_until": "date",
        "mg_per_unit": "float64",
        "mg_at_most": "float64",
        "mg_above": "float64",
    },
    "known_phase": {"treatment": "string", "phase": "string", "from_week": "int64", "until_week": "int64"},
    "known_checkpoint": {
        "treatment": "string",
        "checkpoint_number": "int64",
        "checkpoint": "string",
        "first": "int64",
        "last": "int64",
    },
    "known_label_maximum": {"ingredient": "string", "max_mg_per_day": "float64"},
}
"""`known_treatment_name` has the names that a treatment looks for, by use: `drug`, `procedure`, `route`, `apart`, `diagnosed`."""


def known_treatments(knowledge: Knowledge) -> dict[str, list[dict]]:
    """The rows of these tables."""
    treatments = knowledge.treatments.values()
    return {
        "known_treatment": [
            {
                "treatment": t.id,
                "possible_at_least": t.possible and t.possible.at_least,
                "possible_at_most": t.possible and t.possible.at_most,
                "multiple_of": t.possible and t.possible.multiple_of,
                "dose_at_most": t.dose and t.dose.at_most,
                "asks_route": t.routes is not None,
                "asks_apart": t.apart is not None,
                "diagnosed_within": t.diagnosed and t.diagnosed.within,
                "repeated_at_least": t.repeated and t.repeated.at_least,
                "repeated_within": t.repeated and t.repeated.within,
                "pause_at_most": t.pause.at_most,
                "again_at_least": t.again and t.again.at_least,
                "again_within": t.again and t.again.within,
                "again_after": t.again and t.again.after,
                "again_pause": t.again and t.again.pause,
                "has_phases": t.phases_of is not None,
            }
            for t in treatments
        ],
        "known_treatment_name": [
            {"treatment": t.id, "use": use, "name": name}
            for t in treatments
            for use, names in (
                ("drug", t.ingredients),
                ("procedure", t.procedures),
                ("route", t.routes.any_of if t.routes else ()),
                ("apart", t.apart.any_of if t.apart else ()),
                ("diagnosed", t.diagnosed.any_of if t.diagnosed else ()),
            )
            for name in names
        ],
        "known_billing_code": [
            {
                "treatment": t.id,
                "code": c.code,
                "valid_from": c.valid_from,
                "valid_until": c.valid_until,
                "mg_per_unit": c.mg_per_unit,
                "mg_at_most": c.mg_at_most,
                "mg_above": c.mg_above,
            }
            for t in treatments
            for c in t.codes
        ],
        "known_phase": [
            {"treatment": t.id, "phase": p.id, "from_week": p.from_week, "until_week": p.until_week}
            for t in treatments
            if t.phases_of
            for p in knowledge.regimens[t.phases_of].phases
        ],
        "known_checkpoint": [
            {
                "treatment": t.id,
                "checkpoint_number": number,
                "checkpoint": c.label,
                "first": c.first,
                "last": c.last,
            }
            for t in treatments
            for number, c in enumerate(t.checkpoints, 1)
        ],
        "known_label_maximum": [
            {"ingredient": m.ingredient, "max_mg_per_day": m.max_mg_per_day} for m in knowledge.label_maxima.values()
        ],
    }


def lengths(knowledge: Knowledge, rule: str) -> list[int]:
    """Of how many sessions in a row the rule (`repeated`, `again`) speaks, over all treatments."""
    asked: Iterable = (getattr(t, rule) for t in knowledge.treatments.values())
    return sorted({a.at_least for a in asked if a is not None})
