"""The comparison as plain values, for JSON: what may be shown as a number, and None where it is withheld or has no value."""

from __future__ import annotations

from dataclasses import asdict

from stepwell.report.disclosure import Count
from stepwell.report.proportion import Proportion
from stepwell.report.verdicts import Agreement, Share

from .between import Between, Side
from .comparison import Comparison, Row
from .persistence import Clock, FirstWeeks
from .varied import Varied


def plain(comparison: Comparison, betweens: tuple[Between, ...] = (), first_weeks: FirstWeeks | None = None) -> dict:
    """The whole comparison. Counts are numbers, or what is shown in their place (`<5`, `withheld`)."""
    return {
        "definitions": [_row(row) for row in comparison.rows],
        "groups": {name: count(n) for name, n in comparison.overlap.groups.items()},
        "combinations": [
            {"met": sorted(c.met), "unknown_for_some": sorted(c.unknown), "people": count(c.people)}
            for c in comparison.overlap.combinations
        ],
        "other_combinations": {"combinations": comparison.overlap.n_other, "people": count(comparison.overlap.other)},
        "agreement": [_agreement(a) for a in comparison.verdicts.agreements],
        "between": [
            {"agreement": _agreement(b.agreement), "sides": [_side(side) for side in b.sides]} for b in betweens
        ],
        "first_weeks": first_weeks and [_clock(c) for c in (first_weeks.diagnosis, first_weeks.treatment)],
        "knowledge_has_changed": comparison.is_knowledge_changed,
    }


def plain_varied(varied: Varied) -> dict:
    """One choice at a time: the base definition, its variants, and what each choice spans."""
    return {
        "base": {"definition": varied.base.name, "standing": varied.base.standing, **_share(varied.found)},
        "spans": [{"choice": choice, "least": least.value, "most": most.value} for choice, least, most in varied.spans],
        "variants": [
            {
                "choice": v.option.choice,
                "value": v.option.value,
                "used_by": list(v.option.used_by),
                "recalled": v.option.is_recalled,
                **_share(v.found),
                "newly_met": count(v.agreement.only_second),
                "no_longer_met": count(v.agreement.only_first),
            }
            for v in varied.variants
        ],
        "not_answerable": [
            {"choice": option.choice, "value": option.value, "missing": missing}
            for option, missing in varied.not_answerable
        ],
    }


def count(n: Count) -> int | str:
    """The number where it may be shown, else what stands in its place."""
    return n.text if n.n is None else n.n


def share(proportion: Proportion | None) -> dict | None:
    """A share with its interval."""
    return None if proportion is None else asdict(proportion)


def _row(row: Row) -> dict:
    definition = row.definition
    return {
        "definition": definition.name,
        "title": definition.title,
        "standing": definition.standing,
        "as_code_of": definition.as_code.of if definition.as_code else None,
        "asks": row.aligned.cells,
        "not_held": list(definition.not_held),
        "published": [asdict(p) for p in row.aligned.published],
        "treated": _share(row.treated) | {"share_of_judged": share(row.of_judged)},
        "everybody": _share(row.everybody),
    }


def _share(found: Share) -> dict:
    counts = {verdict.replace(" ", "_"): count(n) for verdict, n in found.counts.items()}
    return {"people": count(found.people), **counts, "share_met": share(found.share("met"))}


def _agreement(a: Agreement) -> dict:
    counts = {name: count(getattr(a, name)) for name in ("known", "both", "only_first", "only_second", "neither")}
    return {"first": a.first, "second": a.second, **counts, "kappa": a.kappa, "jaccard": a.jaccard}


def _side(side: Side) -> dict:
    return {
        "inside": side.inside.name,
        "outside": side.outside.name,
        "not_met": count(side.not_met),
        "unknown": count(side.unknown),
        "reasons": [
            {
                "verdict": r.verdict,
                "criterion": r.criterion,
                "asked": r.asked,
                "people": count(r.people),
                "drugs": {name: count(n) for name, n in r.drugs},
            }
            for r in side.reasons
        ],
    }


def _clock(clock: Clock) -> dict:
    return {
        "from": clock.what,
        "people": count(clock.people),
        "times": [
            {
                "days": line.days,
                "followed": count(line.followed),
                "not_observed_so_long": count(line.lost),
                "states": {
                    state: {"people": count(n), "share": share(line.share(state))} for state, n in line.counts.items()
                },
            }
            for line in clock.lines
        ],
    }
