"""The trials of one person by one definition as rows to be read: what each was, whether it counts, and why."""

from __future__ import annotations

from collections.abc import Mapping

from stepwell.knowledge.forms import Knowledge
from stepwell.why.found import show_number

from .trials import Judged

_COUNTS = {True: "counts", False: "does not count", None: "unknown whether it counts"}


def tell_trials(judged: Judged, knowledge: Knowledge) -> dict:
    """The trials by one definition, each with what makes it count, or keeps it from counting: `definition`, `rows`, and `episode`
    (its row; None where the records show none)."""
    evidence = judged.evidence(knowledge)
    rows = []
    for row in judged.rows:
        if not row["trial.role"]:
            continue
        trial = judged.trials[row["trial_number"]]
        own = [e for e in evidence if (e["branch"], e["trial_number"]) == (row["branch"], row["trial_number"])]
        rows.append(
            {
                "label": knowledge.ingredients[trial["ingredient"]].label,
                "class": trial["drug_class"],
                "from": trial["start_date"],
                "to": trial["end_date"],
                "days": trial["n_days"],
                "dose": "not known" if trial["max_mg_per_day"] is None else show_number(trial["max_mg_per_day"]),
                "counts": _COUNTS[row["counts"]],
                "why": [_why(e) for e in own if _says_why(e, row)],
                "address": trial["address"],
                "trial": trial,
            }
        )
    return {"definition": judged.definition, "rows": rows, "episode": judged.episode}


def _says_why(evidence: Mapping, row: Mapping) -> bool:
    """Whether a line says why the trial counts, or why it does not: how it failed, or else every line that is not met."""
    is_way_to_fail = evidence["criterion"].startswith("failure.")
    if is_way_to_fail and row["failed"] is True:
        return evidence["verdict"] == "met"
    return evidence["verdict"] != "met" and not evidence["found"].startswith("Scored, so")


def _why(evidence: Mapping) -> str:
    asked = f" (asked: {evidence['comparison']} {evidence['limit']} {evidence['unit'] or ''})".replace(" )", ")")
    return evidence["found"] + (asked if evidence["comparison"] and evidence["limit"] else "")
