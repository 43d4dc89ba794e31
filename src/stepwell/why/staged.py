"""Why a person is staged so: one line for each item, stage or sign of a model, with what was found and what is missing, and the
trials that failed by its rule. Nothing is decided here: points and verdicts are read from the tables of the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from stepwell.knowledge.cited import Cited
from stepwell.knowledge.definition import DEPRESSION
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.sentences import provenance
from stepwell.knowledge.staging import ProcedurePoints, Sign, Staging, Unrecorded
from stepwell.knowledge.staging_card import item_rule
from stepwell.why.found import show_date, show_days, show_number
from stepwell.why.gaps import gaps_of, say_hidden, with_undated_scores
from stepwell.why.rows import evidence_of_trials

if TYPE_CHECKING:
    from stepwell.result_tables import ResultTables


def find_stage_evidence(result: ResultTables, person: str) -> list[dict]:
    """One row is one item, stage or sign of one model, or one criterion of a trial judged for it, as rows of `evidence`; the
    model's name stands under `definition`. Points that are settled are met, or not met where there are none."""
    if "stage" not in result.tables:
        return []
    person_id = result.person_id(person)
    stages = {row["staging"]: row for row in result.rows_of("stage", person_id)}
    trials = {(t["setting"], t["trial_number"]): t for t in result.rows_of("trial", person_id)}
    judged = result.rows_of("staged_trial", person_id)
    rows, gaps = [], gaps_of(result, person_id)
    for staging in result.stagings:
        rows.extend(_Words(stages[staging.name], staging, result.knowledge, gaps).rows())
        setting, rule = result.manifest["setting_of"][staging.name], result.manifest["rule_of"][staging.name]
        own = {number: t for (s, number), t in trials.items() if s == setting}
        verdicts = [{**row, "branch": 1} for row in judged if row["rule"] == rule]
        of_trials = evidence_of_trials(own, verdicts, staging, result.knowledge, person_id)
        rows.extend(with_undated_scores(of_trials, gaps))
    return rows


def show_stage(row: dict, staging: Staging) -> str:
    """`8 to 9 points, moderate`, `stage II to III`, `not staged, or up to stage II`; for a profile, which signs are present."""
    if row["applies"] is False:
        return "no episode" if staging.signs else "not staged: no failed trial"
    if staging.signs:
        present = [sign.label for sign in staging.signs if sign.id in (row["present"] or "").split()]
        return ", ".join(present) if present else "nothing present for certain"
    parts = []
    if staging.points:
        parts.append(_points(row["points_at_least"], row["points_at_most"]))
    if staging.rungs or staging.names:
        none = "not staged" if row["applies"] is None else "below the first stage"
        parts.append(_stages(row["stage_at_least"], row["stage_at_most"], "stage " if staging.rungs else "", none))
    return ", ".join(parts) + ("; unknown whether any trial failed" if row["applies"] is None else "")


def _stages(low: str | None, high: str | None, word: str, none: str) -> str:
    """The range of stages in words; `none` is said where not even the lowest is certain."""
    if low is None:
        return none if high is None else f"{none}, or up to {word}{high}"
    return f"{word}{low}" if low == high else f"{word}{low} to {high}"


class _Words:
    """The rows of one person under one model."""

    def __init__(self, row: dict, staging: Staging, knowledge: Knowledge, gaps: Sequence[Mapping]):
        self.row, self.staging, self.knowledge, self.gaps = row, staging, knowledge, gaps

    def rows(self) -> Iterator[dict]:
        """In the order of the form."""
        present, unknown = ((self.row[name] or "").split() for name in ("present", "unknown"))
        applies = self.row["applies"] is not False
        for path, item in self.staging.items():
            if not applies:
                continue
            if isinstance(item, Sign):
                verdict = "met" if item.id in present else "unknown" if item.id in unknown else "not met"
                yield self._row(
                    path,
                    item,
                    verdict,
                    f"{item.label}: " * bool(self.staging.rungs) + "; ".join(self.of_sign(item, verdict)),
                    None,
                )
            else:
                low, high = self.points_of(path, item)
                verdict = "unknown" if low != high else "met" if low else "not met"
                yield self._row(path, item, verdict, self.of_item(path, item), _points(low, high, bare=True))

    def points_of(self, path: str, item: Cited) -> tuple[float, float | None]:
        """The points of an item, at least and at most."""
        if isinstance(item, Unrecorded):
            return item.at_least, item.at_most
        name = path.rpartition(".")[2]
        return self.row[f"{name}_points_at_least"], self.row[f"{name}_points_at_most"]

    def of_item(self, path: str, item: Cited) -> str:
        """What was found of an item of points."""
        name = path.rpartition(".")[2]
        if isinstance(item, Unrecorded):
            return f"{item.label.capitalize()}: in no record table"
        if isinstance(item, ProcedurePoints):
            return self.procedure(item.counts)
        words = {
            "duration": self.duration,
            "severity": self.score,
            "failed": lambda: self.counted("n_failed", "failed"),
            "raised": lambda: self.counted("n_raised", "failed after the dose was raised"),
            "added_to": lambda: self.counted("n_added_to", "failed and had another drug added"),
            "augmented": lambda: self.counted("n_augmented", "added to an antidepressant"),
        }
        return words[name]()

    def of_sign(self, sign: Sign, verdict: str) -> Iterator[str]:
        """What was found of everything that a stage or a sign asks."""
        if sign.failed:
            yield self.counted("n_failed", "failed")
        if sign.classes:
            yield self.counted("n_classes", "among those that failed", "class", "classes")
        if sign.of_class:
            yield f"asks for a failed trial of {' and of '.join(sign.of_class)}; the trials are told below"
        if sign.span:
            yield self.counted("n_days_failed", "from the first failed trial to the last", "day", "days")
        if sign.augmented:
            yield self.counted("n_augmented", "added to an antidepressant")
        if sign.intolerant:
            yield self.counted("n_intolerant", "stopped for intolerance")
        if sign.duration:
            yield self.duration()
        if sign.ect:
            yield self.procedure(sign.ect.counts)
        if sign.diagnosis:
            sets = ", ".join(self.knowledge.codesets[name].label for name in sign.diagnosis)
            found = {"met": f"{sets} recorded", "not met": f"no diagnosis of {sets}"}
            hidden = say_hidden(self.gaps, "condition", sign.diagnosis)
            yield found.get(verdict, f"nobody can say whether there is a diagnosis of {sets}{hidden}")
        if sign.score:
            yield self.score()
        if sign.unrecorded:
            yield f"{sign.label.capitalize()}: in no record table"

    def duration(self) -> str:
        """How long the episode has lasted."""
        n = self.row["n_days_episode"]
        if n is None:
            return "No episode recorded"
        words = f"The episode has lasted {show_days(n)}, up to {show_date(self.row['index_date'])}"
        if self.row["is_onset_known"]:
            return words
        undated = say_hidden(self.gaps, "condition", DEPRESSION)
        return words + (undated or "; the time before it was not observed for long enough")

    def score(self) -> str:
        """The latest score around the index day, or which one would settle it."""
        row = self.row
        if row["instrument"] is None:
            names = " or ".join(self.knowledge.instruments[i].label for i in self.staging.instruments)
            if row["index_date"] is None:
                return f"Not scored: {names} would settle it"
            window = self.staging.window
            first, last = (row["index_date"] - timedelta(window.before), row["index_date"] + timedelta(window.after))
            undated = say_hidden(self.gaps, "measurement", self.staging.instruments)
            return f"Not scored: {names} from {show_date(first)} to {show_date(last)} would settle it{undated}"
        instrument = self.knowledge.instruments[row["instrument"]]
        band = [b.label for b in instrument.bands if row["severity_total"] >= b.at_least]
        words = f"{instrument.label} {show_number(row['severity_total'])} on {show_date(row['severity_date'])}"
        words += f" ({band[-1]})" if band else ""
        if self.staging.psychotic_sets and row["is_psychotic"] is not False:
            known = row["is_psychotic"] is True
            words += "; psychotic by a diagnosis" if known else "; nobody knows whether the episode is psychotic"
        return words

    def counted(self, name: str, words: str, one: str = "drug", many: str = "drugs") -> str:
        """How many there are, and how many there may be."""
        n, possible = self.row[name], self.row[f"{name}_possible"]
        said = f"{n or 'no'} {one if n == 1 else many} {words}"
        if possible is None:
            undated = say_hidden(self.gaps, "condition", DEPRESSION)
            return said + (undated or "; more may be missing from the record")
        return f"{said}; {possible}, if everything unknown counted" if possible > n else said

    def procedure(self, counts: str) -> str:
        """Whether it was given."""
        n = self.row["n_ect"]
        if n is None:
            hidden = say_hidden(self.gaps, "procedure", self.staging.procedures)
            why = hidden or "; procedures, or this person, were not observed"
            return f"Electroconvulsive therapy: nobody can say{why}"
        if not n:
            return "No electroconvulsive therapy recorded"
        doubt = "; whether it failed is not recorded" if counts == "failed" else ""
        return f"Electroconvulsive therapy on {show_days(n)}{doubt}"

    def _row(self, path: str, item: Cited, verdict: str, words: str, value: str | None) -> dict:
        words = words[0].upper() + words[1:]
        asked = item_rule(item, self.knowledge)
        return {
            "definition": self.staging.name,
            "person_id": self.row["person_id"],
            "branch": None,
            "trial_number": None,
            "criterion": path,
            "verdict": verdict,
            "value": value,
            "unit": None if value is None else "points",
            "limit": None,
            "comparison": None,
            "source": f"{item.source}, {item.locator}" if item.source else None,
            "seen": item.seen,
            "choice": item.choice,
            "address": None,
            "found": words,
            "sentence": f"{words}. Asked: {asked} ({provenance(item, self.knowledge).strip('[]')})",
        }


def _points(low: float | None, high: float | None, bare: bool = False) -> str:
    """`8`, `8 to 9`, `8 or more`, with the unit or without."""
    words = f"{low:g} or more" if high is None else f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return words if bare else f"{words} {'point' if words == '1' else 'points'}"
