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
from .rows import BEGUN, DETERMINATIONS, EPISODES, EXPOSURES, JUDGED, STAGED, STAGES, STEPS, TRIALS, Incomplete
from .staging.stage import find_stage
from .step import find_steps
from .switching import find_other_drugs
from .trial import find_trials


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
    n, keys, score_keys, first_judged = made.n, room.keys, room.score_keys, room.first_judged
    rows = records.medication[records.medication_first[i] : records.medication_first[i + 1]]
    periods = records.period[records.period_first[i] : records.period_first[i + 1]]
    conditions = records.condition[records.condition_first[i] : records.condition_first[i + 1]]
    procedures = records.procedure[records.procedure_first[i] : records.procedure_first[i + 1]]
    gaps = records.code_gap[records.code_gap_first[i] : records.code_gap_first[i + 1]]
    person = records.person[i]
    incomplete = Incomplete(person.lacks_drugs == 1, person.is_given_in_care_only == 1)
    scores = records.score[records.score_first[i] : records.score_first[i + 1]]

    exposures = made.exposure[n[EXPOSURES] : n[EXPOSURES] + len(rows)]
    exposures = exposures[: find_exposures(rows, known.drug, keys, room.doses, exposures)]
    n[EXPOSURES] += belong_to(number, exposures)
    n_scores = find_scores(scores, score_keys)
    rule, definition, staged_rule, staging = 0, 0, 0, 0
    for s in range(len(request.setting)):
        how = request.setting[s]
        trials = made.trial[n[TRIALS] : n[TRIALS] + len(exposures)]
        trials = trials[
            : find_trials(exposures, known.drug, known.minimum[how.dose_standard], periods, how, keys, trials)
        ]
        episodes = made.episode[n[EPISODES] : n[EPISODES] + len(trials) + len(conditions)]
        episodes = episodes[: find_episodes(trials, conditions, request.sets.depression, how, keys, episodes)]
        for t in trials:
            find_other_drugs(t, trials, how)
            next_day = earlier(t.switch_day, t.added_day)
            find_response(t, next_day, scores, score_keys, n_scores, known.instrument, how)
            t.outcome, t.setting = find_outcome(t, known.instrument), s
        for e in episodes:
            e.setting = s
        n[TRIALS] += belong_to(number, trials)
        n[EPISODES] += belong_to(number, episodes)
        if s == request.step_setting:
            steps = made.step[n[STEPS] : n[STEPS] + len(trials)]
            n_steps, n[BEGUN] = find_steps(
                trials,
                episodes,
                periods,
                scores,
                score_keys,
                n_scores,
                known.instrument,
                how,
                incomplete,
                made.begun,
                n[BEGUN],
                steps,
            )
            n[STEPS] += belong_to(number, steps[:n_steps])

        while rule < len(request.rule) and request.rule[rule].setting == s:
            judged = made.judged[n[JUDGED] : n[JUDGED] + len(trials)]
            for k in range(len(trials)):
                judge_trial(
                    trials[k],
                    trials,
                    conditions,
                    periods,
                    gaps,
                    incomplete,
                    request.asked,
                    request.rule[rule],
                    request.sets,
                    keys,
                    judged[k],
                )
                judged[k].rule = rule
            first_judged[rule] = n[JUDGED]
            n[JUDGED] += belong_to(number, judged)
            rule += 1
            first_judged[rule] = n[JUDGED]
        while definition < len(request.definition) and request.definition[definition].setting == s:
            d = made.determination[n[DETERMINATIONS]]
            determine(
                person, trials, made.judged, first_judged, episodes, conditions, procedures, periods, gaps,
                request.definition[definition], request, room, d,
            )  # fmt: skip
            d.person_id, d.definition = number, definition
            n[DETERMINATIONS] += 1
            definition += 1
        n_staged = find_last_episode_trials(trials, episodes, room.staged_trials)
        staged_trials = room.staged_trials[:n_staged]
        stagings = request.stagings
        while staged_rule < len(stagings.rule) and stagings.rule[staged_rule].setting == s:
            judged = made.staged[n[STAGED] : n[STAGED] + n_staged]
            for k in range(n_staged):
                judge_trial(
                    staged_trials[k], staged_trials, conditions, periods, gaps, incomplete, stagings.asked,
                    stagings.rule[staged_rule], request.sets, keys, judged[k],
                )  # fmt: skip
                judged[k].rule = staged_rule
            n[STAGED] += belong_to(number, judged)
            while staging < len(stagings.staging) and stagings.staging[staging].rule == staged_rule:
                stage = made.stage[n[STAGES]]
                find_stage(
                    staging, staged_trials, judged, episodes, conditions, procedures, periods, gaps, incomplete, scores,
                    n_scores, how, stagings, request.sets, room, stage,
                )  # fmt: skip
                stage.person_id, stage.staging = number, staging
                n[STAGES] += 1
                staging += 1
            staged_rule += 1


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
