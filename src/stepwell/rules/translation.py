"""Forms and knowledge -> the numbers that the rules read (`numbers.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from stepwell.knowledge.criteria import Switched
from stepwell.knowledge.definition import DEPRESSION, Branch, Definition, TrialBuilding, fields
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.rules import Rule, rule_id, rules_of, setting_id
from stepwell.knowledge.staging import Staging
from stepwell.tables import RECORDS, SESSIONS, TRIAL
from stepwell.tables.row_type import NA

from .criteria import ANOTHER_CLASS, ANY_DRUG, NEXT_PRESCRIPTION
from .criterion_numbers import (
    AFTER_DIAGNOSIS,
    AFTER_TRIAL,
    BASES,
    BEFORE_PROCEDURE,
    CRITERIA_OF_A_TRIAL,
    DATED_AT,
    DIAGNOSED,
    DISTINCT,
    EVER,
    IN_DAYS,
    IN_EPISODE,
    NONE,
    NOT_TIED,
    RECENT,
    ROLE,
    TIED_TO,
)
from .numbers import ASKED, BRANCH, DEFINITION, DRUG, INSTRUMENT, RULE, SETTING, Known, Request
from .sessions.numbers import Treatments
from .sessions.translation import session_codesets, session_names, translate_treatments
from .sets import Names, SetRows, as_array, or_na
from .staging.translation import StagingRows

ROLES = TRIAL.by_name["role"].values
_ALL_TABLES = frozenset(table.name for table in RECORDS)


@dataclass(frozen=True)
class Question:
    """What is asked and known, as numbers, and the names behind them. `treatments` is None where the records hold no treatment
    given in sessions."""

    names: Names
    known: Known
    request: Request
    treatments: Treatments | None

    @property
    def results(self) -> tuple[str, ...]:
        """The names of the result tables."""
        staged = ("staged_trial", "stage") if self.names.staging else ()
        sessions = tuple(table.name for table in SESSIONS) if self.treatments is not None else ()
        return ("exposure", "trial", "episode", "judged_trial", "determination", "step", *staged, *sessions)


@lru_cache(maxsize=16)
def translate(
    definitions: tuple[Definition, ...],
    stagings: tuple[Staging, ...],
    knowledge: Knowledge,
    has: frozenset[str],
    has_sessions: bool,
) -> Question:
    """The definitions and staging models, and what is known of drugs and instruments, as numbers. `has` names the record tables
    that the source holds at all."""
    drugs = sorted((i for i in knowledge.ingredients.values() if i.role != "set-aside"), key=lambda i: i.ingredient)
    settings = settings_of(definitions, stagings, knowledge)
    rules = {rule.id: rule for d in definitions for rule in rules_of(d)}
    staged_rules = {rule_id(s): rules_of(s)[0] for s in stagings}
    definitions = sorted(definitions, key=lambda d: (setting_id(d.trials), d.name))
    stagings = sorted(stagings, key=lambda s: (setting_id(s.trials), rule_id(s), s.name))
    standards = sorted({how.dose_standard.is_ for how in settings.values()})
    named_classes = {name for s in stagings for name in s.classes}
    names = Names(
        drug=tuple(d.ingredient for d in drugs),
        drug_class=tuple(sorted({d.drug_class for d in drugs} | named_classes)),
        instrument=tuple(i.id for i in sorted(knowledge.instruments.values(), key=lambda i: i.rank)),
        codeset=tuple(sorted(_codesets(definitions, stagings) | session_codesets(knowledge))),
        setting=tuple(sorted(settings)),
        rule=tuple(sorted(rules, key=lambda r: (rules[r].setting, r))),
        definition=tuple(d.name for d in definitions),
        staged_rule=tuple(sorted(staged_rules, key=lambda r: (staged_rules[r].setting, r))),
        staging=tuple(s.name for s in stagings),
        signs=tuple(tuple(sign.id for sign in s.asked_signs) for s in stagings),
        **session_names(knowledge),
    )
    sets = SetRows(names, {d.ingredient: d.drug_class for d in drugs}, {d.ingredient: d.role for d in drugs})
    asked, staged_asked, branches = [], [], []
    rule_rows = [_rule(rules[name], asked, names, sets) for name in names.rule]
    staged_rows = [_rule(staged_rules[name], staged_asked, names, sets) for name in names.staged_rule]
    definition_rows = [_definition(d, branches, names, sets, has) for d in definitions]
    staging_rows = StagingRows(names, sets, knowledge)
    for s in stagings:
        staging_rows.add(s, names.staged_rule.index(rule_id(s)))
    treatments = translate_treatments(names, sets, knowledge, has) if has_sessions else None
    request = Request(
        setting=as_array(SETTING, [_setting(settings[s], standards) for s in names.setting]),
        asked=as_array(ASKED, asked),
        rule=as_array(RULE, rule_rows),
        branch=as_array(BRANCH, branches),
        definition=as_array(DEFINITION, definition_rows),
        stagings=staging_rows.as_arrays(as_array(RULE, staged_rows), as_array(ASKED, staged_asked), has),
        sets=sets.as_arrays(),
        step_setting=names.setting.index(step_setting_of(definitions, settings, knowledge)),
    )
    names = replace(names, stage=tuple(staging_rows.labels))
    return Question(names, _known(drugs, names, standards, knowledge), request, treatments)


def settings_of(
    definitions: Sequence[Definition], stagings: Sequence[Staging], knowledge: Knowledge
) -> dict[str, TrialBuilding]:
    """The ways of building trials that are asked, by name; without definitions, that of `trials.yaml` too."""
    forms = [form.trials for form in (*definitions, *stagings)]
    if not definitions:
        forms.append(knowledge.building)
    return {setting_id(form): form for form in forms}


def step_setting_of(definitions: Sequence[Definition], settings: Iterable[str], knowledge: Knowledge) -> str:
    """The setting on which the ladder is climbed, once: the one that most definitions share."""
    uses = [setting_id(d.trials) for d in definitions] or [setting_id(knowledge.building)]
    return min(settings, key=lambda s: (-uses.count(s), s))


def _known(drugs, names: Names, standards: list[str], knowledge: Knowledge) -> Known:
    low_dose: dict[str, float] = {}
    for rule in knowledge.role_rules:
        low_dose[rule.ingredient] = max(rule.at_most_mg_per_day, low_dose.get(rule.ingredient, 0))
    minimum = np.full((len(standards), len(drugs)), np.nan)
    for m in knowledge.dose_minima:
        if m.standard in standards and m.ingredient in names.drug:
            minimum[standards.index(m.standard), names.drug.index(m.ingredient)] = m.min_mg_per_day
    rows = [
        (ROLES.index(d.role), names.drug_class.index(d.drug_class), low_dose.get(d.ingredient, np.nan)) for d in drugs
    ]
    instruments = [knowledge.instruments[name] for name in names.instrument]
    return Known(
        drug=as_array(DRUG, rows),
        instrument=as_array(INSTRUMENT, [(i.remission.at_most, i.response.at_least) for i in instruments]),
        minimum=minimum,
    )


def _codesets(definitions: Sequence[Definition], stagings: Sequence[Staging]) -> set[str]:
    """All code sets that any of the forms names."""
    named = set(DEPRESSION)
    for d in definitions:
        for asked in (d.who.diagnosis, d.who.never):
            named |= set(asked.any_of) if asked else set()
        for branch in d.branch:
            named |= set(branch.within.before)
            named |= set(branch.trial.diagnosed.any_of) if branch.trial.diagnosed else set()
    for s in stagings:
        named |= {name for sets in (*s.diagnoses, s.procedures, s.psychotic_sets) for name in sets}
    return named


def _setting(how: TrialBuilding, standards: list[str]) -> tuple:
    return (
        BASES.index(how.basis.is_),
        standards.index(how.dose_standard.is_),
        how.medication_evidence.is_ == "supplied",
        how.max_gap.at_most,
        how.unknown_supply.at_most,
        how.cross_taper.at_most,
        how.episode_gap.at_most,
        how.baseline.before,
        how.baseline.after,
        how.endpoint.after_start,
        how.endpoint.after_end,
    )


def _rule(rule: Rule, asked: list[tuple], names: Names, sets: SetRows) -> tuple:
    """The rule; what it asks is added to `asked`."""
    first = len(asked)
    for part, form in (("trial", rule.branch.trial), ("failure", rule.branch.failure)):
        asked += [_asked(CRITERIA_OF_A_TRIAL.index(f"{part}.{name}"), field, sets) for name, field in fields(form)]
    places = {one[0]: first + n for n, one in enumerate(asked[first:])}
    return (
        names.setting.index(rule.setting),
        first,
        len(asked) - first,
        DATED_AT.index(rule.branch.dated.at),
        NA if rule.branch.added is None else rule.branch.added.for_,
        places.get(RECENT, NONE),
        places.get(DIAGNOSED, NONE),
        asked[places[ROLE]][1],
        rule.knows_unknown,
    )


def _asked(criterion: int, form, sets: SetRows) -> tuple:
    """One filled-in field, as a row of `ASKED`."""
    what = {"criterion": criterion, "set": NONE, "option": 0, "is_unscored_only": 0, "is_limit_included": 0}
    what |= {"at_least": NA, "at_most": NA, "within": NA, "limit": np.nan}
    match CRITERIA_OF_A_TRIAL[criterion].split(".")[1]:
        case "role":
            what["set"] = sets.of_drugs(roles=form.roles)
        case "drug":
            what["set"] = sets.of_drugs(ingredients=form.any_of, classes=form.of_class)
        case "use":
            what["option"] = form.is_ == "antidepressant dose"
        case "min_duration":
            what["at_least"] = form.at_least
            what["at_most"] = NA if form.single_until_next is None else form.single_until_next
        case "min_dose" | "min_supplies":
            what["at_least"] = form.at_least
        case "preceded_by":
            what["within"] = form.within
        case "recent":
            what |= {"set": sets.of_drugs(ingredients=form.any_of), "at_least": form.at_least, "within": form.within}
            what["at_most"] = form.begun_before or 0
        case "diagnosed":
            what |= {"set": sets.of_codesets(form.any_of), "within": form.within}
        case "still_ill":
            what["set"] = sets.of_points(form.limits)
        case "improvement":
            what |= {"limit": form.limit, "is_limit_included": form.below is None}
        case "switched":
            what |= {"within": form.within, "option": _to(form), "is_unscored_only": form.when == "unscored"}
        case "added_to":
            what["is_unscored_only"] = form.when == "unscored"
    return tuple(what[name] for name in ASKED.names)


def _to(form: Switched) -> int:
    if form.by == "next prescription":
        return NEXT_PRESCRIPTION
    return ANOTHER_CLASS if form.to == "another class" else ANY_DRUG


def _definition(d: Definition, branches: list[tuple], names: Names, sets: SetRows, has: frozenset[str]) -> tuple:
    """The definition; its branches are added to `branches`."""
    first = len(branches)
    branches += [_branch(b, rule.id, names, sets) for b, rule in zip(d.branch, rules_of(d), strict=True)]
    held = _ALL_TABLES if d.as_code is not None else has
    age, diagnosis, never, washout = d.who.age, d.who.diagnosis, d.who.never, d.who.washout
    what = {
        "setting": names.setting.index(setting_id(d.trials)),
        "first_branch": first,
        "n_branches": len(branches) - first,
        "is_program": d.as_code is not None,
        "can_count": held >= _counted_in(d),
        "has_diagnoses": "condition" in held,
        "asks_age": age is not None,
        "age_at_least": or_na(age and age.at_least),
        "age_at_most": or_na(age and age.at_most),
        "diagnosis": sets.of_codesets(diagnosis.any_of) if diagnosis else NONE,
        "diagnosis_at_least": diagnosis.at_least if diagnosis else NA,
        "is_diagnosis_by_record": bool(diagnosis) and diagnosis.counted == "records",
        "is_diagnosis_before": bool(diagnosis) and diagnosis.when == "before",
        "diagnosis_within": or_na(diagnosis and diagnosis.within),
        "counts_from_diagnosis": any(b.within.after == "first diagnosis" for b in d.branch),
        "counted_before": _procedures_counted_before(d, sets),
        "never": sets.of_codesets(never.any_of) if never else NONE,
        "is_never_before": bool(never) and never.when == "before",
        "is_never_in_one_period": bool(never) and never.in_one_period,
        "washout_at_least": or_na(washout and washout.at_least),
    }
    return tuple(what[name] for name in DEFINITION.names)


def _procedures_counted_before(d: Definition, sets: SetRows) -> int:
    before = {name for b in d.branch for name in b.within.before}
    return sets.of_codesets(before) if before else NONE


def _counted_in(definition: Definition) -> set[str]:
    """The record tables without which nobody can say that there were too few trials."""
    tables = {"medication"}
    tables |= {"condition" for b in definition.branch if b.within.after == "first diagnosis"}
    return tables | {"procedure" for b in definition.branch if b.within.before}


def _branch(b: Branch, rule: str, names: Names, sets: SetRows) -> tuple:
    within = b.within
    stretch = IN_DAYS if within.is_ is None else IN_EPISODE if within.is_ == "episode" else EVER
    tied = {None: NOT_TIED, TIED_TO[AFTER_DIAGNOSIS]: AFTER_DIAGNOSIS, TIED_TO[AFTER_TRIAL]: AFTER_TRIAL}[within.after]
    what = {
        "rule": names.rule.index(rule),
        "at_least": b.count.at_least,
        "distinct": DISTINCT.index(b.count.distinct),
        "stretch": stretch,
        "days": or_na(within.days),
        "tied_to": BEFORE_PROCEDURE if within.before else tied,
        "procedures": sets.of_codesets(within.before) if within.before else NONE,
        "taken_at_least": b.taken.at_least if b.taken else 0,
        "taken_distinct": DISTINCT.index(b.taken.distinct) if b.taken else 0,
        "is_taken_by_then": b.taken is not None and b.taken.when == "by then",
        "added_at_least": b.added.at_least if b.added else 0,
    }
    return tuple(what[name] for name in BRANCH.names)
