"""READ THIS FIRST. Everything that is said of one person, from the records to the verdicts: one line per stage.

Each stage is one file with one public function, named after the row that it fills, and a section of docs/engine.md that says
its rule in words. The functions are compiled to machine code; with `NUMBA_DISABLE_JIT=1` they run as plain Python.
"""

from __future__ import annotations

from .compiled import compiled, compiled_entry
from .days import earlier
from .determination import determine
from .episode import find_episodes
from .exposure import find_exposures
from .judgement import judge_trial
from .response import find_outcome, find_response, find_scores
from .rows import (
    BEGUN,
    DETERMINATIONS,
    EPISODES,
    EXPOSURES,
    JUDGED,
    STAGED,
    STAGES,
    STEPS,
    TRIALS,
    Incomplete,
    PersonRows,
)
from .staging.stage import find_stage
from .step import find_steps
from .switching import find_other_drugs
from .trial import find_trials
from .verdicts import MET, UNKNOWN


@compiled_entry
def judge_people(first_person, first_number, records, known, request, room, made):
    """Judges the people from `first_person` on, until all are done or the next one's rows may not fit into `made`. Returns the
    first person that is not done. Person i of `records` is numbered `first_number + i`."""
    for i in range(first_person, len(records.person)):
        if not fits(i, records, request, made):
            return i
        judge_person(i, first_number + i, records, known, request, room, made)
    return len(records.person)


@compiled
def judge_person(i, number, records, known, request, room, made):
    """One person. The rows made are added to `made`."""
    own, n = rows_of_person(i, records), made.n
    exposures = made.exposure[n[EXPOSURES] : n[EXPOSURES] + len(own.medication)]
    exposures = exposures[: find_exposures(own.medication, False, known.drug, room.keys, room.doses, exposures)]
    n[EXPOSURES] += belong_to(number, exposures)
    n_supplied = 0
    if request.setting.is_supplied_only.any():
        n_supplied = find_exposures(own.medication, True, known.drug, room.keys, room.doses, room.supplied)
    supplied = room.supplied[:n_supplied]
    n_scores = find_scores(own.scores, room.score_keys)
    for s in range(len(request.setting)):
        is_supplied_only = request.setting[s].is_supplied_only == 1
        taken = supplied if is_supplied_only else exposures
        seen = without_orders(own, exposures) if is_supplied_only else own
        trials, episodes = find_courses(number, s, seen, taken, n_scores, known, request, room, made)
        if s == request.step_setting:
            climb_the_ladder(number, seen, trials, episodes, n_scores, known, request.setting[s], room, made)
        judge_by_rules(number, s, seen, trials, request, room, made)
        determine_by_definitions(number, s, seen, trials, episodes, request, room, made)
        stage_by_models(number, s, seen, trials, episodes, n_scores, request, room, made)


@compiled
def find_courses(number, s, own, exposures, n_scores, known, request, room, made):
    """The trials and the episodes of one way of building trials, each trial with what else was taken and what it did."""
    n, how = made.n, request.setting[s]
    trials = made.trial[n[TRIALS] : n[TRIALS] + len(exposures)]
    minimum = known.minimum[how.dose_standard]
    trials = trials[: find_trials(exposures, known.drug, minimum, own.periods, how, room.keys, trials)]
    episodes = made.episode[n[EPISODES] : n[EPISODES] + len(trials) + len(own.conditions)]
    episodes = episodes[
        : find_episodes(trials, own.conditions, own.gaps, request.sets.depression, how, room.keys, episodes)
    ]
    for t in trials:
        find_other_drugs(t, trials, how)
        next_day = earlier(t.switch_day, t.added_day)
        # A supply of unknown length may have lasted until the next one would have begun another trial.
        possible_end_day = t.end_day if t.is_end_known == MET else t.end_day + how.unknown_supply
        t.may_be_scored = find_response(
            t, possible_end_day, next_day, own.scores, room.score_keys, n_scores, own.gaps, known.instrument, how
        )
        t.outcome, t.setting = find_outcome(t, known.instrument), s
    for e in episodes:
        e.setting = s
    n[TRIALS] += belong_to(number, trials)
    n[EPISODES] += belong_to(number, episodes)
    return trials, episodes


@compiled
def climb_the_ladder(number, own, trials, episodes, n_scores, known, how, room, made):
    """The steps of the ladder."""
    n = made.n
    steps = made.step[n[STEPS] : n[STEPS] + len(trials)]
    n_steps, n[BEGUN] = find_steps(
        trials, episodes, own.periods, own.scores, room.score_keys, n_scores, own.gaps, known.instrument, how, own.incomplete,
        made.begun, n[BEGUN], steps,
    )  # fmt: skip
    n[STEPS] += belong_to(number, steps[:n_steps])


@compiled
def judge_by_rules(number, s, own, trials, request, room, made):
    """Every trial under every rule of the setting."""
    n = made.n
    for r in range(len(request.rule)):
        if request.rule[r].setting != s:
            continue
        judged = made.judged[n[JUDGED] : n[JUDGED] + len(trials)]
        judge_trials(r, request.rule[r], own, trials, request.asked, request.sets, room, judged)
        room.first_judged[r], room.first_judged[r + 1] = n[JUDGED], n[JUDGED] + len(trials)
        n[JUDGED] += belong_to(number, judged)


@compiled
def judge_trials(number_of_rule, rule, own, trials, asked, sets, room, judged):
    """Every trial under one rule."""
    for k in range(len(trials)):
        judge_trial(
            trials[k], trials, own.conditions, own.periods, own.gaps, own.incomplete, asked, rule, sets, room.keys,
            judged[k],
        )  # fmt: skip
        judged[k].rule = number_of_rule


@compiled
def determine_by_definitions(number, s, own, trials, episodes, request, room, made):
    """What every definition of the setting says of the person."""
    for definition in range(len(request.definition)):
        if request.definition[definition].setting != s:
            continue
        d = made.determination[made.n[DETERMINATIONS]]
        determine(
            own.person[0], trials, made.judged, room.first_judged, episodes, own.conditions, own.procedures, own.periods,
            own.gaps, own.incomplete, request.definition[definition], request, room, d,
        )  # fmt: skip
        d.person_id, d.definition = number, definition
        made.n[DETERMINATIONS] += 1


@compiled
def stage_by_models(number, s, own, trials, episodes, n_scores, request, room, made):
    """How far every staging model of the setting says that resistance has gone in the last episode."""
    n, stagings = made.n, request.stagings
    last_trials = room.staged_trials[: find_last_episode_trials(trials, episodes, room.staged_trials)]
    for r in range(len(stagings.rule)):
        if stagings.rule[r].setting != s:
            continue
        judged = made.staged[n[STAGED] : n[STAGED] + len(last_trials)]
        judge_trials(r, stagings.rule[r], own, last_trials, stagings.asked, request.sets, room, judged)
        n[STAGED] += belong_to(number, judged)
        for staging in range(len(stagings.staging)):
            if stagings.staging[staging].rule != r:
                continue
            stage = made.stage[n[STAGES]]
            find_stage(
                staging, last_trials, judged, episodes, own.conditions, own.procedures, own.periods, own.gaps,
                own.incomplete, own.scores, n_scores, request.setting[s], stagings, request.sets, room, stage,
            )  # fmt: skip
            stage.person_id, stage.staging = number, staging
            n[STAGES] += 1


@compiled
def rows_of_person(i, records):
    """The rows that speak of person i."""
    person = records.person[i]
    return PersonRows(
        records.person[i : i + 1],
        records.medication[records.medication_first[i] : records.medication_first[i + 1]],
        records.period[records.period_first[i] : records.period_first[i + 1]],
        records.condition[records.condition_first[i] : records.condition_first[i + 1]],
        records.procedure[records.procedure_first[i] : records.procedure_first[i + 1]],
        records.score[records.score_first[i] : records.score_first[i + 1]],
        records.code_gap[records.code_gap_first[i] : records.code_gap_first[i + 1]],
        Incomplete(person.lacks_drugs == 1, person.has_undated_drugs == 1, person.is_given_in_care_only == 1),
    )


@compiled
def without_orders(own, exposures):
    """The person's rows as a definition sees them that reads what was supplied. What may have been supplied, and nobody recorded
    whether it was, makes the drug records incomplete."""
    lacks_drugs = own.incomplete.lacks_drugs
    for e in exposures:
        lacks_drugs = lacks_drugs or e.is_supplied == UNKNOWN
    return PersonRows(
        own.person, own.medication, own.periods, own.conditions, own.procedures, own.scores, own.gaps,
        Incomplete(lacks_drugs, own.incomplete.has_undated_drugs, own.incomplete.is_given_in_care_only),
    )  # fmt: skip


@compiled
def find_last_episode_trials(trials, episodes, found):
    """Fills `found` with the trials of the last episode, and returns how many there are."""
    n = 0
    for t in trials:
        if len(episodes) > 0 and t.episode_number == episodes[len(episodes) - 1].episode_number:
            found[n] = t
            n += 1
    return n


@compiled
def belong_to(number, rows):
    """Gives the rows the number of the person whose they are, and returns how many they are."""
    for row in rows:
        row.person_id = number
    return len(rows)


@compiled
def fits(i, records, request, made):
    """Whether there is room for all rows that person i can have."""
    rows = records.medication_first[i + 1] - records.medication_first[i]
    conditions = records.condition_first[i + 1] - records.condition_first[i]
    n, n_settings = made.n, len(request.setting)
    return (
        n[EXPOSURES] + rows <= len(made.exposure)
        and n[TRIALS] + rows * n_settings <= len(made.trial)
        and n[EPISODES] + (rows + conditions) * n_settings <= len(made.episode)
        and n[JUDGED] + rows * len(request.rule) <= len(made.judged)
        and n[DETERMINATIONS] + len(request.definition) <= len(made.determination)
        and n[STEPS] + rows <= len(made.step)
        and n[BEGUN] + rows <= len(made.begun)
        and n[STAGED] + rows * len(request.stagings.rule) <= len(made.staged)
        and n[STAGES] + len(request.stagings.staging) <= len(made.stage)
    )
