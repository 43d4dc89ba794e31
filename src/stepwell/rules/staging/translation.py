"""Forms of staging models -> the numbers that the rules read (`staging/numbers.py`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.staging import Procedure, Sign, Staging
from stepwell.tables.row_type import NA

from ..criterion_numbers import DISTINCT, NONE
from ..sets import Names, SetRows, as_array, or_na
from .numbers import (
    BAND,
    FAILED_PROCEDURE,
    GIVEN,
    GRADE,
    ITEM,
    ITEMS,
    NOT_ASKED_PROCEDURE,
    RANGE,
    SIGN,
    STAGING,
    Stagings,
)


class StagingRows:
    """Collects the rows of the staging models."""

    def __init__(self, names: Names, sets: SetRows, knowledge: Knowledge):
        self.names, self.sets, self.knowledge = names, sets, knowledge
        self.stagings, self.items, self.grades, self.bands, self.ranges, self.signs = [], [], [], [], [], []
        self.labels: list[str] = []
        self.classes: list[list[bool]] = []

    def add(self, form: Staging, rule: int) -> None:
        """Adds one model, whose trials failed by this rule."""
        window, points = form.window, form.points
        severity = points.severity if points else None
        psychotic = severity.psychotic if severity else None
        unrecorded = points.unrecorded if points else ()
        every = [p for scale in severity.scales for p in scale.points] if severity else [np.nan]
        first_band, first_sign, first_range = len(self.bands), len(self.signs), len(self.ranges)
        self.bands += self._bands(form)
        self.signs += [self._sign(sign) for sign in form.asked_signs]
        self.ranges += [(r.at_least, self._label(r.label)) for r in (form.names.ranges if form.names else ())]
        self.items.append([self._item(form, name) for name in ITEMS])
        what = {
            "rule": rule,
            "failed_at_least": form.failed.count.at_least,
            "distinct": DISTINCT.index(form.failed.count.distinct),
            "is_profile": bool(form.signs),
            "has_points": points is not None,
            "asks_score": window is not None,
            "score_before": window.before if window else NA,
            "score_after": window.after if window else NA,
            "instruments": self.sets.of_points(dict.fromkeys(form.instruments, 0.0)),
            "procedures": self.sets.of_codesets(form.procedures) if form.procedures else NONE,
            "psychotic": self.sets.of_codesets(form.psychotic_sets) if form.psychotic_sets else NONE,
            "psychotic_of": psychotic.of if psychotic else np.nan,
            "psychotic_points": psychotic.points if psychotic else np.nan,
            "first_band": first_band,
            "n_bands": len(self.bands) - first_band,
            "least_severity": min(every),
            "most_severity": max(every),
            "unrecorded_at_least": sum(one.at_least for one in unrecorded),
            "unrecorded_at_most": sum(one.at_most for one in unrecorded),
            "first_sign": first_sign,
            "n_signs": len(form.asked_signs),
            "first_range": first_range,
            "n_ranges": len(self.ranges) - first_range,
            "has_rungs": bool(form.rungs),
        }
        self.stagings.append(tuple(what[name] for name in STAGING.names))

    def as_arrays(self, rule: np.recarray, asked: np.recarray, has: frozenset[str]) -> Stagings:
        """All that was added, with the rules by which trials failed and what they ask."""
        item = as_array(ITEM, [one for of_form in self.items for one in of_form])
        return Stagings(
            staging=as_array(STAGING, self.stagings),
            item=item.reshape(len(self.items), len(ITEMS)),
            grade=as_array(GRADE, self.grades),
            band=as_array(BAND, self.bands),
            range=as_array(RANGE, self.ranges),
            sign=as_array(SIGN, self.signs),
            classes=np.array(self.classes, bool).reshape(len(self.classes), len(self.names.drug_class)),
            rule=rule,
            asked=asked,
            has_medication="medication" in has,
            has_condition="condition" in has,
            has_procedure="procedure" in has,
        )

    def _bands(self, form: Staging) -> list[tuple]:
        """The bands of each scale from the highest to the lowest, in the order in which they are tried."""
        if form.points is None or form.points.severity is None:
            return []
        return [
            (self.names.instrument.index(scale.instrument), band.at_least, points)
            for scale in form.points.severity.scales
            for band, points in reversed(
                tuple(zip(self.knowledge.instruments[scale.instrument].bands, scale.points, strict=True))
            )
        ]

    def _item(self, form: Staging, name: str) -> tuple:
        asked = getattr(form.points, name) if form.points else None
        if asked is None:
            return (0, np.nan, 0, 0, 0)
        if name == "ect":
            return (1, asked.points, 0, 0, _procedure(asked))
        first, grades = len(self.grades), getattr(asked, "grades", ())
        self.grades += [(g.at_least, g.points) for g in grades]
        each = getattr(asked, "each", None)
        return (1, np.nan if each is None else each, first, len(grades), 0)

    def _sign(self, sign: Sign) -> tuple:
        what = {
            "failed": or_na(sign.failed),
            "classes": or_na(sign.classes),
            "days_failed": or_na(sign.span),
            "augmented": or_na(sign.augmented),
            "intolerant": or_na(sign.intolerant),
            "days_episode": or_na(sign.duration),
            "of_classes": self._classes(sign.of_class),
            "procedure": _procedure(sign.ect),
            "diagnosis": self.sets.of_codesets(sign.diagnosis) if sign.diagnosis else NONE,
            "points": self.sets.of_points(sign.score.limits) if sign.score else NONE,
            "is_unrecorded": sign.unrecorded,
            "label": self._label(sign.label),
        }
        return tuple(what[name] for name in SIGN.names)

    def _classes(self, classes: Sequence[str]) -> int:
        if not classes:
            return NONE
        self.classes.append([name in classes for name in self.names.drug_class])
        return len(self.classes) - 1

    def _label(self, label: str) -> int:
        if label not in self.labels:
            self.labels.append(label)
        return self.labels.index(label)


def _procedure(asked: Procedure | None) -> int:
    return NOT_ASKED_PROCEDURE if asked is None else GIVEN if asked.counts == "given" else FAILED_PROCEDURE
