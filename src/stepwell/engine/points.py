"""What was counted -> points and signs: what each item of a staging model gives, each stage or sign with its verdict
(docs/engine.md, 9).

Every number that a model asks for is a span: so much is certain, and so much possible. Points are spans too: where their ends
differ, the record leaves room for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import ibis
import ibis.expr.types as ir

from stepwell.evidence import UNKNOWN, all_of, judge
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.staging import DaysGrade, Procedure, Severity, Sign, Staging, TrialsGrade

from .incomplete import may_lack_drugs
from .presenting import add_recorded

ITEMS = ("duration", "severity", "failed", "raised", "added_to", "augmented", "ect")
"""The items of a sum of points that a record can hold."""
COUNTED = ("n_failed", "n_classes", "n_days_failed", "n_raised", "n_added_to", "n_augmented", "n_intolerant")
_NOTHING = ibis.null("float64")


class Span(NamedTuple):
    """A number as far as the record settles it. `at_most` is NULL where nobody can say how much it may be."""

    at_least: ir.NumericValue
    at_most: ir.NumericValue

    def reaches(self, n: float) -> ir.BooleanValue:
        """Whether it is at least n."""
        return judge(self.at_least >= n, self.at_most.isnull() | (self.at_most >= n))

    def times(self, factor: float) -> Span:
        """So many points for each."""
        return Span(self.at_least * factor, self.at_most * factor)

    def graded(self, grades: Sequence[DaysGrade | TrialsGrade]) -> Span:
        """The points of the highest grade reached, and of the highest that may be."""
        most = grades[-1].points
        return Span(
            _graded(self.at_least.fill_null(0), grades),
            self.at_most.isnull().ifelse(most, _graded(self.at_most, grades)),
        )


def find_points(
    presenting: ir.Table,
    counted: ir.Table,
    records: Mapping[str, ir.Table],
    score: ir.Table,
    instrument: ir.Table,
    staging: Staging,
    knowledge: Knowledge,
    has: frozenset[str],
) -> ir.Table:
    """One row is one person under one staging model, with what was found, the points of each item (`..._points_at_least`,
    `..._points_at_most`) and the verdict of each stage or sign (a column of its id); everybody has one, also people without any
    drug.

    Needs: `presenting` (`find_presenting`), `counted` (`count_failed`), `records` (condition, procedure), and `has`, the record
    tables that the source holds at all: an absence means nothing where there is no table, or where the person was never observed.
    Unknown when: a trial may have failed; nobody scored; nobody knows of procedures; the onset was not observed.
    """
    people = presenting.left_join(counted, "person_id").drop("person_id_right")
    people = add_recorded(people, records, score, instrument, staging)
    facts = _Facts(people, staging, has)
    points = _find_points(facts, staging, knowledge)
    columns = facts.columns()
    for name in ITEMS:
        ends = (f"{name}_points_at_least", f"{name}_points_at_most")
        columns |= dict(zip(ends, points.get(name, (_NOTHING, _NOTHING)), strict=True))
    verdicts = {sign_column(sign): _judge_sign(facts, sign) for sign in staging.asked_signs}
    return people.select(
        "person_id",
        "index_day",
        "episode_number",
        is_onset_known=facts.is_onset_known,
        applies=facts.applies(staging),
        **columns,
        **verdicts,
    )


def sign_column(sign: Sign) -> str:
    """The column that holds the verdict of a stage or sign."""
    return f"sign {sign.id}"


class _Facts:
    """What was found of the people, as spans and verdicts over their table."""

    def __init__(self, people: ir.Table, staging: Staging, has: frozenset[str]):
        self.people, self.staging = people, staging
        watched = people.is_observed
        self.absence = {
            table: watched & ibis.literal(table in has) for table in ("medication", "condition", "procedure")
        }
        self.absence["medication"] &= ~may_lack_drugs(people)
        for name in COUNTED:
            setattr(self, name, self._counted(name))
        n_days = people.index_day - people.start_day + 1
        self.is_onset_known = people.is_onset_known & ~may_lack_drugs(people)
        self.n_days_episode = Span(n_days, self.is_onset_known.ifelse(n_days, ibis.null("int64")))

    def _counted(self, name: str) -> Span:
        most = self.people[f"{name}_possible"].fill_null(0)
        is_counted = self.absence["medication"]
        return Span(self.people[name].fill_null(0), is_counted.ifelse(most, ibis.null("int64")))

    def applies(self, staging: Staging) -> ir.BooleanValue:
        """Whether the model stages the person: enough failed trials, or, for a profile, an episode."""
        if staging.signs:
            return judge(self.people.index_day.notnull(), ~self.absence["medication"] | ~self.absence["condition"])
        return self.n_failed.reaches(staging.failed.count.at_least)

    def of_class(self, drug_class: str) -> ir.BooleanValue:
        """Whether a trial of the class failed."""
        found, may = (self.people[f"{words} {drug_class}"].fill_null(False) for words in ("failed", "may have failed"))
        return judge(found, may | ~self.absence["medication"])

    def has_procedure(self, asked: Procedure) -> ir.BooleanValue:
        """Whether it was given; that it failed is never known from its record."""
        given = self.people.n_ect.fill_null(0) > 0
        is_open = ~self.absence["procedure"] | self.people.n_ect_is_hidden
        if asked.counts == "failed":
            return judge(ibis.literal(False), given | is_open)
        return judge(given, is_open)

    def has_diagnosis(self, name: str) -> ir.BooleanValue:
        """Whether a diagnosis is recorded."""
        return judge(self.people[name].fill_null(False), ~self.absence["condition"] | self.people[f"{name}_is_hidden"])

    def columns(self) -> dict[str, ir.Value]:
        """What was found, as columns of `stage`; NULL where the model does not ask."""
        people, asks = self.people, self.staging
        n_ect = people.n_ect.fill_null(0) if asks.procedures else ibis.null("int64")
        is_hidden = people.n_ect_is_hidden if asks.procedures else ibis.literal(False)
        is_counted = (self.absence["procedure"] & ~is_hidden) | (n_ect > 0)
        found = {
            "n_days_episode": self.n_days_episode.at_least,
            "instrument": people.instrument if asks.window else ibis.null("string"),
            "severity_day": people.severity_day if asks.window else ibis.null("int64"),
            "severity_total": people.severity_total if asks.window else _NOTHING,
            "is_psychotic": self.has_diagnosis("psychotic") if asks.psychotic_sets else UNKNOWN,
            "n_ect": is_counted.ifelse(n_ect, ibis.null("int64")),
        }
        for name in COUNTED:
            span = getattr(self, name)
            found |= {name: span.at_least, f"{name}_possible": span.at_most}
        return found


def _find_points(facts: _Facts, staging: Staging, knowledge: Knowledge) -> dict[str, Span]:
    """The points of each item that the model asks."""
    if staging.points is None:
        return {}
    items, points = staging.points, {}
    if items.duration:
        points["duration"] = facts.n_days_episode.graded(items.duration.grades)
    if items.severity:
        points["severity"] = _severity(facts, items.severity, knowledge)
    # Whoever is staged has as many as the model asks for, though it be unknown which.
    least = ibis.greatest(facts.n_failed.at_least, staging.failed.count.at_least)
    failed = Span(least, facts.n_failed.at_most)
    if items.failed:
        points["failed"] = (
            failed.graded(items.failed.grades) if items.failed.grades else failed.times(items.failed.each)
        )
    for name in ("raised", "added_to"):
        if getattr(items, name):
            points[name] = getattr(facts, f"n_{name}").times(getattr(items, name).each)
    if items.augmented:
        points["augmented"] = facts.n_augmented.graded(items.augmented.grades)
    if items.ect:
        given = facts.has_procedure(items.ect)
        points["ect"] = Span(*(given.fill_null(end).ifelse(items.ect.points, 0.0) for end in (False, True)))
    return {name: Span(*(end.cast("float64") for end in span)) for name, span in points.items()}


def _severity(facts: _Facts, asked: Severity, knowledge: Knowledge) -> Span:
    people = facts.people
    scored = [
        ((people.instrument == scale.instrument) & (people.severity_total >= band.at_least), points)
        for scale in asked.scales
        for band, points in reversed(
            tuple(zip(knowledge.instruments[scale.instrument].bands, scale.points, strict=True))
        )
    ]
    points = ibis.cases(*scored, else_=_NOTHING)
    every = [points for scale in asked.scales for points in scale.points]
    low, high = points.fill_null(min(every)), points.fill_null(max(every))
    if asked.psychotic:
        psychotic, of = facts.has_diagnosis("psychotic"), asked.psychotic.of
        low = ((points == of) & psychotic.fill_null(False)).ifelse(asked.psychotic.points, low)
        may_be = points.isnull() | (points == of)
        high = (may_be & psychotic.fill_null(True)).ifelse(asked.psychotic.points, high)
    return Span(low, high)


def _judge_sign(facts: _Facts, sign: Sign) -> ir.BooleanValue:
    """A stage or a sign: everything that it asks."""
    asked = {
        "n_failed": sign.failed,
        "n_classes": sign.classes,
        "n_days_failed": sign.span,
        "n_augmented": sign.augmented,
        "n_intolerant": sign.intolerant,
        "n_days_episode": sign.duration,
    }
    verdicts = [getattr(facts, name).reaches(n) for name, n in asked.items() if n is not None]
    verdicts += [facts.of_class(drug_class) for drug_class in sign.of_class]
    if sign.ect:
        verdicts.append(facts.has_procedure(sign.ect))
    if sign.diagnosis:
        verdicts.append(facts.has_diagnosis(f"diagnosis_{facts.staging.diagnoses.index(sign.diagnosis)}"))
    if sign.score:
        least = facts.people.instrument.cases(*sign.score.limits.items(), else_=_NOTHING)
        verdicts.append(facts.people.severity_total >= least)
    if sign.unrecorded:
        verdicts.append(UNKNOWN)
    return all_of(*verdicts)


def _graded(value: ir.NumericValue, grades: Iterable[DaysGrade | TrialsGrade]) -> ir.FloatingValue:
    return ibis.cases(*((value >= g.at_least, g.points) for g in reversed(tuple(grades))), else_=0.0)
