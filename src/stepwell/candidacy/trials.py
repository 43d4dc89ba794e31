"""A person's trials, judged by the engine as of one day, in the episode of that day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from stepwell.errors import Problem, QuestionError
from stepwell.in_memory import determine_records
from stepwell.knowledge.definition import CRITERIA, Branch, Definition, fields
from stepwell.knowledge.fill import closest
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.incomplete_words import of_trials
from stepwell.knowledge.rules import rules_of, setting_id
from stepwell.why.found import show_days
from stepwell.why.rows import evidence_of_trials, of_branches

from .chart import Chart

KEY = {"ingredient": "ingredient", "class": "drug_class", "course": "trial_number"}
"""The column by which trials that count are told apart, by what a definition counts."""

_BY_LENGTH = {"trial.min_duration": "n_days", "trial.min_dose": "n_days_adequate"}
"""The criteria of which a trial may nearly meet the limit, and the column that says how much of it."""


@dataclass(frozen=True)
class Judged:
    """One definition's judgement of one person on one day.

    Where the definition counts within an episode, everything is of the last one: `episode` is its row (None: there is none) and
    `is_present` says whether it still goes on (None: nobody can say)."""

    definition: Definition
    determination: dict
    trials: Mapping[int, dict]
    rows: tuple[dict, ...]
    """The rows of `judged_trial`, by branch."""
    episode: dict | None
    is_present: bool | None

    @property
    def counts_in_episode(self) -> bool:
        """Whether the definition counts within an episode."""
        return _in_episode(self.definition)

    def verdict(self, name: str) -> bool | None:
        """`determination.verdict`, or one of its columns, for the episode that goes on."""
        value = self.determination[name]
        met = {"met": True, "not met": False, "unknown": None}[value] if name == "verdict" else value
        if met is not True or not self.counts_in_episode:
            return met
        return self.is_present

    def nearly(self, share: float) -> tuple[tuple[str, str], ...]:
        """The trials that fall short only by their length and reach so many per cent of it, where with them there would be
        enough if everything unknown counted too: the ingredient of each, and by how much it falls short."""
        for number, branch in enumerate(self.definition.branch, 1):
            rows = [r for r in self.rows if r["branch"] == number]
            key = KEY[branch.count.distinct]
            possible = {self.trials[r["trial_number"]][key] for r in rows if r["counts"] is not False}
            short = [r for r in rows if _falls_short_by_length(r, self.trials[r["trial_number"]], branch, share)]
            if short and len(possible | {self.trials[r["trial_number"]][key] for r in short}) >= branch.count.at_least:
                return tuple(_how_short(r, self.trials[r["trial_number"]], branch) for r in short)
        return ()

    def added(self) -> tuple[int, int, int]:
        """Different drugs that the definition counts as added: for certain, possibly, and how many it asks for."""
        branch = next(b for b in self.definition.branch if b.added is not None)
        drugs = {
            verdict: {self.trials[r["trial_number"]]["ingredient"] for r in self.rows if r["added"] is verdict}
            for verdict in (True, None)
        }
        other = {t["ingredient"] for t in self.trials.values() if t["role"] != "antidepressant"}
        return len(drugs[True]), len(drugs[True] | (drugs[None] & other)), branch.added.at_least

    def evidence(self, knowledge: Knowledge) -> list[dict]:
        """The criteria of each trial, as rows of `evidence`."""
        person_id = self.determination["person_id"]
        return list(evidence_of_trials(self.trials, self.rows, self.definition, knowledge, person_id))


def without_further_parts(definition: Definition) -> Definition:
    """The same definition asking for failed trials only: what must be added or taken beside them is asked for by itself."""
    if all(b.added is None and b.taken is None for b in definition.branch):
        return definition
    branches = tuple(b.model_copy(update={"added": None, "taken": None}) for b in definition.branch)
    return definition.model_copy(update={"id": f"{definition.id}-trials", "branch": branches})


def find_definition(name: str, knowledge: Knowledge) -> Definition:
    """The definition of that id. Raises `QuestionError` where there is none."""
    definition = knowledge.definitions.get(name)
    if definition is None:
        meant = closest(name, knowledge.definitions)
        remedy = f"did you mean `{meant}`?" if meant else "see `stepwell knowledge list`"
        known = f"one of {', '.join(sorted(knowledge.definitions))}"
        raise QuestionError("There is no such definition.", [Problem(name, "unknown definition", known, remedy)])
    return definition


def judge(chart: Chart, definitions: Iterable[Definition]) -> dict[str, Judged]:
    """Every definition's judgement by its id."""
    wanted = sorted(dict.fromkeys(definitions), key=lambda d: d.name)
    judged = _judge(chart, wanted, None)
    # What was met in an earlier episode is not met in this one: where there was one, the drugs before it are left out.
    starts = {j.episode["start_date"] for j in judged.values() if _came_after_another(j, chart)}
    for start in sorted(starts):
        again = [j.definition for j in judged.values() if j.episode and j.episode["start_date"] == start]
        for name, later in _judge(chart, [d for d in again if _in_episode(d)], start).items():
            judged[name] = replace(later, episode=judged[name].episode, is_present=judged[name].is_present)
    return judged


def _judge(chart: Chart, definitions: list[Definition], begun_from: date | None) -> dict[str, Judged]:
    if not definitions:
        return {}
    tables = determine_records(chart.records(begun_from), definitions, chart.knowledge, has=chart.has, stagings=())
    rows = {name: tables[name].to_pylist() for name in ("determination", "trial", "judged_trial", "episode")}
    judged = {}
    for definition in definitions:
        setting = setting_id(definition.trials)
        episodes = [row for row in rows["episode"] if row["setting"] == setting]
        last = max(episodes, key=lambda row: row["episode_number"], default=None)
        judged[definition.id] = Judged(
            definition=definition,
            determination=next(row for row in rows["determination"] if row["definition"] == definition.name),
            trials={row["trial_number"]: row for row in rows["trial"] if row["setting"] == setting},
            rows=tuple(of_branches(rows["judged_trial"], [rule.id for rule in rules_of(definition)])),
            episode=last,
            is_present=_is_present(chart, last, definition),
        )
    return judged


def _in_episode(definition: Definition) -> bool:
    return all(branch.within.is_ == "episode" for branch in definition.branch)


def _came_after_another(judged: Judged, chart: Chart) -> bool:
    start = judged.episode["start_date"] if judged.episode else None
    return start is not None and any(row["start_date"] < start for row in chart.exposure)


def _is_present(chart: Chart, episode: dict | None, definition: Definition) -> bool | None:
    """Whether the episode goes on: not after a longer pause than the definition allows, if that pause was observed."""
    if episode is None:
        return None
    until = episode["end_date"] + timedelta(definition.trials.episode_gap.at_most)
    if chart.day <= until:
        return True
    was_observed = any(first <= episode["end_date"] and chart.day <= last for first, last in chart.periods)
    return (
        False if was_observed and {"condition", "medication"} <= chart.has and not of_trials(chart.incomplete) else None
    )


def _falls_short_by_length(row: dict, trial: dict, branch: Branch, share: float) -> bool:
    if row["counts"] is not False or row["failed"] is False:
        return False
    asked = {f"trial.{name}": field for name, field in fields(branch.trial)}
    short = [path for path in CRITERIA if path in asked and row[path] is False]
    return bool(short) and all(
        path in _BY_LENGTH and trial[_BY_LENGTH[path]] >= share / 100 * asked[path].at_least for path in short
    )


def _how_short(row: dict, trial: dict, branch: Branch) -> tuple[str, str]:
    path = next(path for path in _BY_LENGTH if row[path] is False)
    limit = getattr(branch.trial, path.removeprefix("trial.")).at_least
    at_dose = " at an adequate dose" if path == "trial.min_dose" else ""
    return trial["ingredient"], f"{trial[_BY_LENGTH[path]]} of {show_days(limit)}{at_dose}"
