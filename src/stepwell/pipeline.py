"""READ THIS FIRST. The engine's table of contents: one line per stage, in order.

`plan` builds every stage as an expression over named tables that belong to no connection. A plan is compiled once and run
many times: once per bucket of people of a large source, or once for the one person on a clinician's screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from stepwell.engine.adherence import judge_series, judge_session
from stepwell.engine.arm import find_arm, find_arm_response, until_another_arm
from stepwell.engine.beside import add_beside, find_beside
from stepwell.engine.code_gap import CODE_GAP
from stepwell.engine.count import count_trials
from stepwell.engine.determine import determine, find_candidate, find_treated
from stepwell.engine.effect import find_effect, find_followed, find_load, find_series_response
from stepwell.engine.episode import add_episode, find_activity, find_episode
from stepwell.engine.exposure import find_exposure
from stepwell.engine.incomplete import add_incomplete, add_incomplete_to_trial, find_incomplete
from stepwell.engine.indicated import find_indicated
from stepwell.engine.intervals import engine_schema
from stepwell.engine.judge import by_rule, judge_trial
from stepwell.engine.look_back import look_back, looks_back
from stepwell.engine.occasion import find_occasion
from stepwell.engine.points import find_points
from stepwell.engine.presenting import count_failed, find_presenting, judge_failed
from stepwell.engine.response import add_response, find_score
from stepwell.engine.series import find_series
from stepwell.engine.session import find_session
from stepwell.engine.sheet import Sheet, judged_sheet, sheet_of
from stepwell.engine.staging import find_stage
from stepwell.engine.step import find_step
from stepwell.engine.treatments import KNOWN_TREATMENTS, known_treatments, lengths
from stepwell.engine.trial import find_trial
from stepwell.knowledge.definition import Definition, TrialBuilding
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.rules import Rule, rule_id, rules_of, setting_id
from stepwell.knowledge.staging import Staging
from stepwell.tables import DERIVED, RECORDS

_DERIVED = {table.name: table for table in DERIVED}


@dataclass(frozen=True)
class Stage:
    """One step of the work: an expression, and the name of the table that holds its rows once it has run."""

    name: str
    expression: ir.Table


@dataclass(frozen=True)
class Plan:
    """The stages in order, and for every table of the result the sheets of which it is made, one after the other in the order of
    its key."""

    stages: tuple[Stage, ...]
    results: Mapping[str, Sequence[Sheet]]
    settings: Mapping[str, TrialBuilding]
    setting_of: Mapping[str, str]
    """The setting of each definition, by the definition's name."""
    rules_of: Mapping[str, Sequence[str]]
    """The rules by which each definition judges trials, branch by branch, by the definition's name."""
    step_setting: str
    rule_of: Mapping[str, str]
    """The rule by which each staging model calls a trial failed, by the model's name."""


def plan(
    definitions: Sequence[Definition],
    knowledge: Knowledge,
    has: Iterable[str],
    stagings: Sequence[Staging] = (),
    *,
    has_sessions: bool = False,
) -> Plan:
    """The stages that judge these definitions on records of which `has` names the tables that exist at all, and stage people by
    these models. Without definitions the plan still finds exposures, trials, steps and series. Without any record of a treatment
    given in sessions (`has_sessions`) there are no stages for them, and they cost nothing."""
    has = frozenset(has)
    record = {table.name: ibis.table(engine_schema(table), name=table.name) for table in RECORDS}
    known = {name: ibis.table(ibis.schema(schema), name=name) for name, schema in _KNOWN.items()}
    drug, dose_minimum, instrument = known["known_drug"], known["known_dose_minimum"], known["known_instrument"]
    make = _Stages()
    # A source without gaps has no table of them, and nothing asks for one.
    of_source = {name: rows for name, rows in record.items() if name != CODE_GAP or name in has}

    asks_eras = any(form.trials.basis.is_ == "eras" for form in (*definitions, *stagings))
    exposure = make("exposure", find_exposure(record["medication"], drug, asks_eras=asks_eras))
    score = make("score", find_score(record["measurement"]))
    incomplete = None
    if "incomplete_medication" in has:
        incomplete = make("incomplete", find_incomplete(record["incomplete_medication"]))

    settings = {setting_id(d.trials): d.trials for d in (*definitions, *stagings)}
    if not definitions:
        settings[setting_id(knowledge.building)] = knowledge.building
    setting_of = {d.name: setting_id(d.trials) for d in (*definitions, *stagings)}
    trials, episodes, people = {}, {}, {}
    for setting, how in sorted(settings.items()):
        course = find_trial(exposure, drug, dose_minimum, record["observation_period"], how)
        course = make(f"course_{setting}", add_incomplete_to_trial(course, incomplete, how))
        activity = make(f"activity_{setting}", find_activity(course, record["condition"], how))
        episodes[setting] = make(f"episode_{setting}", find_episode(activity))
        beside = make(f"beside_{setting}", find_beside(course, how))
        trial = add_response(add_episode(add_beside(course, beside), activity), score, instrument, how)
        trials[setting] = make(f"trial_{setting}", trial)
        treated = find_treated(record["person"], record["observation_period"], trials[setting])
        people[setting] = make(f"treated_{setting}", add_incomplete(treated, incomplete))

    rules = {form.name: rules_of(form) for form in (*definitions, *stagings)}
    judged = {}
    for name, asked in _by_sheet(rules.values()).items():
        trial, of_trial = trials[asked[0].setting], asked[0].branch.trial
        if looks_back(of_trial):
            trial = look_back(trial, of_source, of_trial)
        judged[name] = make(f"judged_{name}", judge_trial(trial, asked))

    determined = {}
    for number, definition in enumerate(definitions):
        ways = [by_rule(judged[rule.sheet], rule) for rule in rules[definition.name]]
        counted = count_trials(ways, record["condition"], record["procedure"], definition)
        counted = make(f"counted_{number}", counted)
        candidate = make(f"candidate_{number}", find_candidate(people[setting_of[definition.name]], ways, counted))
        determined[definition.name] = determine(candidate, of_source, definition, has)

    # Steps are found once, in the setting that most definitions share; without definitions, in that of trials.yaml.
    uses = [setting_of[d.name] for d in definitions] or [setting_id(knowledge.building)]
    step_setting = min(settings, key=lambda s: (-uses.count(s), s))
    step = find_step(trials[step_setting], score, instrument, settings[step_setting])

    presenting, counted, staged_trials, stages = {}, {}, {}, {}
    rule_of = {s.name: rule_id(s) for s in stagings}
    for setting in sorted({setting_of[s.name] for s in stagings}):
        present = find_presenting(
            record["person"], record["observation_period"], episodes[setting], settings[setting], has
        )
        presenting[setting] = make(f"presenting_{setting}", add_incomplete(present, incomplete))
    for number, staging in enumerate(stagings):
        setting, rule = setting_of[staging.name], rule_of[staging.name]
        if rule not in staged_trials:
            (way,) = rules[staging.name]
            failed = judge_failed(trials[setting], by_rule(judged[way.sheet], way), presenting[setting])
            failed = make(f"failed_{rule}", failed)
            classes = sorted({c for s in stagings if rule_of[s.name] == rule for c in s.classes})
            counted[rule] = make(f"failures_{rule}", count_failed(failed, staging.failed, classes))
            staged_trials[rule] = failed
        points = find_points(presenting[setting], counted[rule], of_source, score, instrument, staging, knowledge, has)
        stages[staging.name] = find_stage(make(f"points_{number}", points), staging)

    own_rules = [rules[definition.name] for definition in definitions]
    results = {
        "exposure": [sheet_of(_DERIVED["exposure"], _with_names(exposure, drug))],
        "episode": _together("episode", "setting", episodes),
        "trial": _together("trial", "setting", trials),
        "judged_trial": [judged_sheet(judged[name], asked) for name, asked in _by_sheet(own_rules).items()],
        "determination": _together("determination", "definition", determined),
        "step": [sheet_of(_DERIVED["step"], step)],
    }
    if has_sessions and knowledge.treatments:
        ladder = {
            "trial": trials[step_setting],
            "episode": episodes[step_setting],
            "exposure": exposure,
            "score": score,
        }
        results |= _plan_sessions(make, of_source | known | ladder, incomplete, knowledge, has)
    if stagings:
        results["staged_trial"] = _together("staged_trial", "rule", staged_trials)
        results["stage"] = _together("stage", "staging", stages)
    rule_ids = {d.name: tuple(rule.id for rule in rules[d.name]) for d in definitions}
    return Plan(tuple(make.stages), results, settings, setting_of, rule_ids, step_setting, rule_of)


def _plan_sessions(
    make: _Stages, t: Mapping[str, ir.Table], incomplete: ir.Table | None, knowledge: Knowledge, has: frozenset[str]
) -> dict[str, list[Sheet]]:
    """The stages of treatments given in sessions, and the results that they give. `t` holds all tables made so far."""
    period, following = t["observation_period"], knowledge.following
    occasion = make("occasion", find_occasion(t["dose"], t["procedure"], t))
    found = find_session(occasion, t, t, has, lengths(knowledge, "repeated"), lengths(knowledge, "again"))
    session = make("session", found)
    series = make("series", add_incomplete(find_series(session, t, t), incomplete))
    judged_session, judged_series = {}, {}
    for number, regimen in enumerate(knowledge.regimens.values()):
        indicated = None
        if regimen.indicated is not None:
            instruments = knowledge.all_instruments.values()
            indicated = make(f"indicated_{number}", find_indicated(series, t, regimen, instruments, has))
        judged = make(f"regimen_{number}", judge_session(session, series, t["monitoring"], regimen, indicated))
        judged_session[regimen.name] = judged
        judged_series[regimen.name] = make(f"regimen_{number}_series", judge_series(judged, series, regimen))
    declared, checkpoint = t["declared_session"], t["known_checkpoint"]
    alone = until_another_arm(series, declared)
    followed = make("followed", find_followed(alone, t["score"], t["known_instrument"], following))
    arm = make("arm", find_arm(declared))
    made = {
        "session": session,
        "series": series,
        "series_response": make("series_response", find_series_response(series, followed, checkpoint)),
        "effect": make("effect", find_effect(series, session, followed, t["trial"], t["episode"], period, following)),
        "load": make(
            "load", find_load(series, t["exposure"], t["known_drug"], period, t["known_label_maximum"], following)
        ),
        "arm_response": make(
            "arm_response", find_arm_response(arm, t["score"], t["known_instrument"], checkpoint, following)
        ),
    }
    return {name: [sheet_of(_DERIVED[name], rows)] for name, rows in made.items()} | {
        "judged_session": _together("judged_session", "regimen", judged_session),
        "judged_series": _together("judged_series", "regimen", judged_series),
    }


_KNOWN = {
    "known_drug": {
        "drug": "int64",
        "ingredient": "string",
        "role": "string",
        "drug_class": "string",
        "low_dose_mg_per_day": "float64",
    },
    "known_dose_minimum": {"standard": "string", "ingredient": "string", "min_mg_per_day": "float64"},
    "known_instrument": {
        "instrument": "string",
        "rank": "int64",
        "remission_at_most": "float64",
        "response_at_least_pct": "float64",
    },
    **KNOWN_TREATMENTS,
}


def known_tables(knowledge: Knowledge) -> dict[str, pa.Table]:
    """What the engine needs of the knowledge files, as small tables."""
    low_dose: dict[str, float] = {}
    for rule in knowledge.role_rules:
        low_dose[rule.ingredient] = max(rule.at_most_mg_per_day, low_dose.get(rule.ingredient, 0))
    rows = {
        # Numbered in the order of their names: the engine puts trials of one day in the order of the numbers.
        "known_drug": [
            {
                "drug": number,
                "ingredient": i.ingredient,
                "role": i.role,
                "drug_class": i.drug_class,
                "low_dose_mg_per_day": low_dose.get(i.ingredient),
            }
            for number, i in enumerate(sorted(knowledge.ingredients.values(), key=lambda i: i.ingredient), 1)
            if i.role != "set-aside"
        ],
        "known_dose_minimum": [
            {"standard": d.standard, "ingredient": d.ingredient, "min_mg_per_day": d.min_mg_per_day}
            for d in knowledge.dose_minima
        ],
        "known_instrument": [
            {
                "instrument": i.id,
                "rank": i.rank,
                "remission_at_most": i.remission.at_most,
                "response_at_least_pct": i.response.at_least,
            }
            for i in knowledge.instruments.values()
        ],
        **known_treatments(knowledge),
    }
    return {
        name: pa.Table.from_pylist(rows[name], schema=ibis.schema(schema).to_pyarrow())
        for name, schema in _KNOWN.items()
    }


@dataclass
class _Stages:
    """Collects the stages; calling it adds one and gives back its table, by name only."""

    stages: list[Stage] = field(default_factory=list)

    def __call__(self, name: str, expression: ir.Table) -> ir.Table:
        self.stages.append(Stage(name, expression))
        return ibis.table(expression.schema(), name=name)


def _with_names(exposure: ir.Table, drug: ir.Table) -> ir.Table:
    """The exposures with the names of their ingredients, which are numbers inside the engine."""
    return exposure.join(drug.select("drug", "ingredient"), "drug", how="inner")


def _by_sheet(rules: Iterable[Sequence[Rule]]) -> dict[str, list[Rule]]:
    """The different rules in the order of their ids, by the trials that they judge."""
    sheets: dict[str, list[Rule]] = {}
    for _, rule in sorted({rule.id: rule for of_form in rules for rule in of_form}.items()):
        sheets.setdefault(rule.sheet, []).append(rule)
    return sheets


def _together(name: str, column: str, parts: Mapping[str, ir.Table]) -> list[Sheet]:
    """The parts of one table, told apart by `column`, the first of its key."""
    return [sheet_of(_DERIVED[name], rows, **{column: key}) for key, rows in sorted(parts.items())]
