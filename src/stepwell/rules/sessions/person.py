"""Everything that is said of one person's treatments given in sessions: one line per stage.

This is a second pass over the people, after `rules/person.py`: a source without such treatments need not compile it.
"""

from __future__ import annotations

from ..code_gap import PROCEDURES, is_hidden
from ..compiled import compiled, compiled_entry
from ..criterion_numbers import NONE
from ..response import find_scores
from ..verdicts import MET, NOT_MET
from .adherence import judge_series, judge_sessions
from .arm import describe_arm, find_runs
from .effect import find_effect, find_series_response
from .indicated import judge_indicated
from .medication_burden import N_STRETCHES, find_medication_burden
from .rows import ARMS, BURDENS, EFFECTS, JUDGED_SERIES, JUDGED_SESSIONS, RESPONSES, SERIES, SESSIONS
from .series import find_series
from .session import judge_days, string_together
from .treatment_day import find_treatment_days


@compiled_entry
def judge_people_sessions(
    first_person, end_person, first_number, records, known, request, treatments, room, made, found
):
    """The people from `first_person` up to `end_person`, whose exposures, trials and episodes are in `made`, in their order. Adds
    what is found to `found`."""
    exposure_end, trial_end, episode_end = 0, 0, 0
    for i in range(first_person, end_person):
        number = first_number + i
        exposure_first, exposure_end = rows_of(number, exposure_end, made.exposure, made.n[0])
        trial_first, trial_end = rows_of(number, trial_end, made.trial, made.n[1])
        episode_first, episode_end = rows_of(number, episode_end, made.episode, made.n[2])
        n_records = 0
        for begins in (records.dose_first, records.procedure_first, records.declared_first):
            n_records += begins[i + 1] - begins[i]
        if n_records == 0:
            continue
        exposures = made.exposure[exposure_first:exposure_end]
        first, end = rows_of_setting(request.step_setting, trial_first, trial_end, made.trial)
        trials = made.trial[first:end]
        first, end = rows_of_setting(request.step_setting, episode_first, episode_end, made.episode)
        episodes = made.episode[first:end]
        n_scores = find_scores(records.score[records.score_first[i] : records.score_first[i + 1]], room.score_keys)
        for t in range(len(treatments.treatment)):
            judge_treatment(
                t, i, number, exposures, trials, episodes, n_scores, records, known, request, treatments, room, found
            )


@compiled
def rows_of(number, first, rows, n_rows):
    """The places of the rows of one person, which begin at `first` or after rows of people before."""
    while first < n_rows and rows[first].person_id < number:
        first += 1
    end = first
    while end < n_rows and rows[end].person_id == number:
        end += 1
    return first, end


@compiled
def rows_of_setting(setting, first, end, rows):
    """The places of the rows of one setting among those from `first` up to `end`. They follow one another."""
    while first < end and rows[first].setting != setting:
        first += 1
    last = first
    while last < end and rows[last].setting == setting:
        last += 1
    return first, last


@compiled
def judge_treatment(number, i, person_number, exposures, trials, episodes, n_scores, records, known, request, treatments,
                    room, found):  # fmt: skip
    """One treatment of one person. The rows found are added to `found`."""
    n, person = found.n, records.person[i]
    conditions = records.condition[records.condition_first[i] : records.condition_first[i + 1]]
    procedures = records.procedure[records.procedure_first[i] : records.procedure_first[i + 1]]
    periods = records.period[records.period_first[i] : records.period_first[i + 1]]
    scores = records.score[records.score_first[i] : records.score_first[i + 1]]
    doses = records.dose[records.dose_first[i] : records.dose_first[i + 1]]
    monitoring = records.monitoring[records.monitoring_first[i] : records.monitoring_first[i + 1]]
    gaps = records.code_gap[records.code_gap_first[i] : records.code_gap_first[i + 1]]
    declared = records.declared[records.declared_first[i] : records.declared_first[i + 1]]
    answers = records.answer[records.answer_first[i] : records.answer_first[i + 1]]

    judge_arms(number, person_number, declared, scores, n_scores, gaps, known, treatments, room, found)
    days = found.session[n[SESSIONS] :]
    days = days[: find_treatment_days(number, doses, procedures, treatments, request.sets, room, days)]
    if len(days) == 0:
        return
    for d in days:
        d.person_id, d.treatment = person_number, number
    judge_days(number, person, days, declared, conditions, procedures, periods, gaps, treatments, request.sets)
    series = found.series[n[SERIES] : n[SERIES] + string_together(number, days, treatments)]
    find_series(number, person, days, declared, periods, treatments, series)
    n[SESSIONS] += len(days)
    n[SERIES] += len(series)
    n_checkpoints = treatments.treatment[number].n_checkpoints
    for s in series:
        s.person_id = person_number
        judge_regimens(
            number, s, person, days, monitoring, conditions, answers, periods, gaps, treatments, request.sets, found
        )
        responses = found.response[n[RESPONSES] : n[RESPONSES] + n_checkpoints]
        find_series_response(
            number, s, scores, room.score_keys, n_scores, gaps, known.instrument, treatments, responses
        )
        effect = found.effect[n[EFFECTS]]
        find_effect(
            number, s, person, days, trials, episodes, periods, scores, room.score_keys, n_scores, gaps,
            known.instrument, treatments, request.sets.depression, effect,
        )  # fmt: skip
        burdens = found.burden[n[BURDENS] : n[BURDENS] + N_STRETCHES]
        find_medication_burden(number, s, person, exposures, known.drug, periods, treatments, room.doses, burdens)
        effect.person_id = person_number
        for r in responses:
            r.person_id = person_number
        for b in burdens:
            b.person_id = person_number
        n[RESPONSES] += n_checkpoints
        n[EFFECTS] += 1
        n[BURDENS] += N_STRETCHES


@compiled
def judge_arms(number, person_number, declared, scores, n_scores, gaps, known, treatments, room, found):
    """The declared sessions of one treatment, and of what it was compared with, arm by arm."""
    n, n_checkpoints = found.n, treatments.treatment[number].n_checkpoints
    for k in range(find_runs(number, declared, room.keys, room.runs)):
        rows = found.arm[n[ARMS] : n[ARMS] + n_checkpoints]
        run = room.runs[k]
        find_series_response(number, run, scores, room.score_keys, n_scores, gaps, known.instrument, treatments, rows)
        for row in rows:
            describe_arm(run, number, row)
            row.person_id = person_number
        n[ARMS] += n_checkpoints


@compiled
def judge_regimens(
    number, series, person, days, monitoring, conditions, answers, periods, gaps, treatments, sets, found
):
    """One series under each regimen of its treatment. A regimen whose indication does not apply has no rows."""
    n, procedures = found.n, treatments.treatment[number].procedures
    # A session without a usable day may be one that seems to have been missed.
    may_have_more = person.has_unidentified_drugs == 1
    if procedures != NONE:
        may_have_more |= is_hidden(gaps, PROCEDURES, sets.codeset[procedures], series.start_day, series.end_day)
    for r in range(len(treatments.regimen)):
        regimen = treatments.regimen[r]
        if regimen.treatment != number:
            continue
        is_indicated = MET
        if regimen.asks_indication:
            is_indicated = judge_indicated(series, regimen, conditions, answers, periods, gaps, treatments, sets)
        if is_indicated == NOT_MET:
            continue
        judged = found.judged_session[n[JUDGED_SESSIONS] :]
        judged = judged[: judge_sessions(r, days, series, person, monitoring, is_indicated, treatments, judged)]
        judged_series = found.judged_series[n[JUDGED_SERIES]]
        judge_series(r, judged, series, may_have_more, treatments, judged_series)
        for j in judged:
            j.person_id = series.person_id
        judged_series.person_id = series.person_id
        n[JUDGED_SESSIONS] += len(judged)
        n[JUDGED_SERIES] += 1
