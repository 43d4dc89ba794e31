"""What was counted -> points, signs and stages of one person under one staging model (docs/engine.md, 9).

Every number is a span: so much is certain, and so much possible. Where its ends differ, the record leaves room for both; NA, or
NaN, as the upper end means that nobody can say how much more there is.
"""

from __future__ import annotations

import numpy as np

from stepwell.tables.row_type import NA

from ..code_gap import CONDITIONS, PROCEDURES, count_undated, is_hidden
from ..compiled import compiled
from ..criterion_numbers import NONE
from ..diagnoses import has_diagnosis
from ..verdicts import MET, NOT_MET, UNKNOWN, judge
from .failed_trials import (
    N_ADDED_TO,
    N_AUGMENTED,
    N_CLASSES,
    N_DAYS_FAILED,
    N_FAILED,
    N_INTOLERANT,
    N_RAISED,
    class_verdict,
    count_failed,
)
from .index_episode import count_procedure_days, find_severity, is_onset_known
from .numbers import ADDED_TO, AUGMENTED, DURATION, ECT, FAILED, NOT_ASKED_PROCEDURE, RAISED, SEVERITY
from .points import find_points, judge_procedure, label_of, most_of, reaches, sum_of_points

EVER = -(2**30)
"""Before every day."""


@compiled
def find_stage(number, trials, judged, episodes, conditions, procedures, periods, gaps, incomplete, scores, n_scores, how,
               stagings, sets, room, stage):  # fmt: skip
    """Fills `stage`: one person under staging model `number`, with what was found, the points, the stage, and what is present or
    unknown. `trials` are those of the last episode, `judged` the same as judged by the model's rule.

    Rule: where the model does not apply there are no points and no stage; where that is unknown, those of the case that it does.
    Unknown when: a trial may have failed; nobody scored; nobody knows of procedures; the onset was not observed.
    """
    staging, s, keys = stagings.staging[number], stage, room.keys
    is_observed = len(periods) > 0
    knows_drugs = is_observed and stagings.has_medication and not incomplete.lacks_drugs
    knows_diagnoses = is_observed and stagings.has_condition
    knows_procedures = is_observed and stagings.has_procedure
    describe_episode(episodes, periods, gaps, sets.depression, how, incomplete, stagings, s)
    if s.episode_number == NA:
        # A diagnosis of depression without a usable day is an episode too.
        knows_diagnoses &= count_undated(gaps, sets.depression, NA, NA) == 0
    elif episodes[len(episodes) - 1].joined_number != s.episode_number:
        knows_drugs = False  # trials of an episode before it may be of the same one
    has_episode = s.index_day != NA
    start_day = episodes[len(episodes) - 1].start_day if has_episode else NA

    counted = room.counted
    count_failed(trials, judged, incomplete, staging.distinct, keys, counted)
    note_counted(counted, knows_drugs, s)
    s.instrument, s.severity_day, s.severity_total = NONE, NA, np.nan
    if staging.asks_score and has_episode:
        s.instrument, s.severity_day, s.severity_total = find_severity(
            s.index_day, staging, sets.points, scores, room.score_keys, n_scores, gaps
        )
    n_ect = 0
    if staging.procedures != NONE:
        knows_procedures &= not is_hidden(gaps, PROCEDURES, sets.codeset[staging.procedures], NA, NA)
    if staging.procedures != NONE and has_episode:
        # A session soon after the last treatment or diagnosis still belongs to the episode, as an added drug would.
        until = s.index_day + how.episode_gap
        n_ect = count_procedure_days(procedures, sets.codeset[staging.procedures], start_day, until, keys)
    s.n_ect = n_ect if staging.procedures != NONE and (knows_procedures or n_ect > 0) else NA
    s.is_psychotic = UNKNOWN
    if staging.psychotic != NONE:
        is_found = has_episode and has_diagnosis(conditions, sets.codeset[staging.psychotic], start_day, s.index_day)
        may_be_hidden = is_hidden(gaps, CONDITIONS, sets.codeset[staging.psychotic], start_day, s.index_day)
        s.is_psychotic = judge(is_found, may_be_hidden or not knows_diagnoses)

    s.applies = reaches(counted, N_FAILED, staging.failed_at_least, knows_drugs)
    if staging.is_profile:
        s.applies = judge(has_episode, not knows_drugs or not knows_diagnoses)
    find_points(number, counted, n_ect, knows_drugs, knows_diagnoses, knows_procedures, stagings, s, room.points)
    total_least, total_most = sum_of_points(number, stagings, room.points)
    stage_least, stage_most = NONE, NONE
    s.present, s.unknown = 0, 0
    has_unknown_sign = False
    for k in range(staging.n_signs):
        sign = stagings.sign[staging.first_sign + k]
        verdict = judge_sign(
            sign,
            counted,
            judged,
            conditions,
            gaps,
            n_ect,
            knows_drugs,
            knows_diagnoses,
            knows_procedures,
            stagings,
            sets,
            s,
        )
        if verdict == MET:
            s.present |= np.int64(1) << k
        if verdict == UNKNOWN:
            s.unknown |= np.int64(1) << k
            has_unknown_sign |= staging.is_profile == 1
        if staging.has_rungs and verdict == MET:
            stage_least = sign.label
        if staging.has_rungs and verdict != NOT_MET:
            stage_most = sign.label
    if staging.n_ranges > 0:
        stage_least = label_of(total_least, staging, stagings.range)
        stage_most = label_of(total_most, staging, stagings.range)
    conclude_stage(total_least, total_most, stage_least, stage_most, has_unknown_sign, staging, room.points, s)


@compiled
def describe_episode(episodes, periods, gaps, is_depression, how, incomplete, stagings, s):
    """Number, last recorded day and length of the last episode; NA without one. It may have begun earlier where diagnoses of
    depression without a usable day may lie before it."""
    s.episode_number, s.index_day, s.n_days_episode, s.is_onset_known = NA, NA, NA, NOT_MET
    if len(episodes) == 0:
        return
    last = episodes[len(episodes) - 1]
    s.episode_number, s.index_day, s.n_days_episode = (
        last.episode_number,
        last.end_day,
        last.end_day - last.start_day + 1,
    )
    is_complete = stagings.has_medication and stagings.has_condition and not incomplete.lacks_drugs
    may_begin_earlier = count_undated(gaps, is_depression, NA, last.start_day - 1) > 0
    if is_complete and is_onset_known(last, periods, how) and not may_begin_earlier:
        s.is_onset_known = MET


@compiled
def note_counted(counted, knows_drugs, s):
    """Writes down what was counted; where nobody can say how much more there is, the possible number is NA."""
    s.n_failed, s.n_failed_possible = counted[N_FAILED, 0], most_of(counted, N_FAILED, knows_drugs)
    s.n_classes, s.n_classes_possible = counted[N_CLASSES, 0], most_of(counted, N_CLASSES, knows_drugs)
    s.n_days_failed, s.n_days_failed_possible = counted[N_DAYS_FAILED, 0], most_of(counted, N_DAYS_FAILED, knows_drugs)
    s.n_raised, s.n_raised_possible = counted[N_RAISED, 0], most_of(counted, N_RAISED, knows_drugs)
    s.n_added_to, s.n_added_to_possible = counted[N_ADDED_TO, 0], most_of(counted, N_ADDED_TO, knows_drugs)
    s.n_augmented, s.n_augmented_possible = counted[N_AUGMENTED, 0], most_of(counted, N_AUGMENTED, knows_drugs)
    s.n_intolerant, s.n_intolerant_possible = counted[N_INTOLERANT, 0], most_of(counted, N_INTOLERANT, knows_drugs)


@compiled
def judge_sign(
    sign, counted, judged, conditions, gaps, n_ect, knows_drugs, knows_diagnoses, knows_procedures, stagings, sets, s
):
    """A stage or a sign: everything that it asks."""
    verdict = MET
    if sign.failed != NA:
        verdict = min(verdict, reaches(counted, N_FAILED, sign.failed, knows_drugs))
    if sign.classes != NA:
        verdict = min(verdict, reaches(counted, N_CLASSES, sign.classes, knows_drugs))
    if sign.days_failed != NA:
        verdict = min(verdict, reaches(counted, N_DAYS_FAILED, sign.days_failed, knows_drugs))
    if sign.augmented != NA:
        verdict = min(verdict, reaches(counted, N_AUGMENTED, sign.augmented, knows_drugs))
    if sign.intolerant != NA:
        verdict = min(verdict, reaches(counted, N_INTOLERANT, sign.intolerant, knows_drugs))
    if sign.days_episode != NA:
        lasts = s.n_days_episode != NA and s.n_days_episode >= sign.days_episode
        verdict = min(verdict, judge(lasts, s.is_onset_known == NOT_MET))
    if sign.of_classes != NONE:
        for drug_class in range(stagings.classes.shape[1]):
            if stagings.classes[sign.of_classes, drug_class]:
                found = class_verdict(judged, drug_class)
                verdict = min(verdict, UNKNOWN if found == NOT_MET and not knows_drugs else found)
    if sign.procedure != NOT_ASKED_PROCEDURE:
        verdict = min(verdict, judge_procedure(sign.procedure, n_ect, knows_procedures))
    if sign.diagnosis != NONE:
        is_found = s.index_day != NA and has_diagnosis(conditions, sets.codeset[sign.diagnosis], EVER, s.index_day)
        may_be_hidden = is_hidden(gaps, CONDITIONS, sets.codeset[sign.diagnosis], NA, s.index_day)
        verdict = min(verdict, judge(is_found, may_be_hidden or not knows_diagnoses))
    if sign.points != NONE:
        least = sets.points[sign.points, s.instrument] if s.instrument != NONE else np.nan
        verdict = min(verdict, UNKNOWN if np.isnan(least) else judge(s.severity_total >= least, False))
    return min(verdict, UNKNOWN) if sign.is_unrecorded else verdict


@compiled
def conclude_stage(total_least, total_most, stage_least, stage_most, has_unknown_sign, staging, points, s):
    """Writes points and stage where the model applies or may apply, and whether nothing that is missing could change them."""
    is_settled = s.applies == MET and is_same(total_least, total_most) and stage_least == stage_most
    s.is_complete = MET if s.applies == NOT_MET or (is_settled and not has_unknown_sign) else NOT_MET
    s.points_at_least, s.points_at_most = total_least, total_most
    s.stage_at_least, s.stage_at_most = stage_least, stage_most
    if s.applies == UNKNOWN:
        s.stage_at_least = NONE  # a person who may not be staged at all has no stage for certain
    if s.applies == NOT_MET or staging.n_signs == 0:
        s.present = s.unknown = NONE
    if s.applies == NOT_MET:
        s.points_at_least = s.points_at_most = np.nan
        s.stage_at_least = s.stage_at_most = NONE
        points[:, :] = np.nan
    s.duration_points_at_least, s.duration_points_at_most = points[DURATION, 0], points[DURATION, 1]
    s.severity_points_at_least, s.severity_points_at_most = points[SEVERITY, 0], points[SEVERITY, 1]
    s.failed_points_at_least, s.failed_points_at_most = points[FAILED, 0], points[FAILED, 1]
    s.raised_points_at_least, s.raised_points_at_most = points[RAISED, 0], points[RAISED, 1]
    s.added_to_points_at_least, s.added_to_points_at_most = points[ADDED_TO, 0], points[ADDED_TO, 1]
    s.augmented_points_at_least, s.augmented_points_at_most = points[AUGMENTED, 0], points[AUGMENTED, 1]
    s.ect_points_at_least, s.ect_points_at_most = points[ECT, 0], points[ECT, 1]


@compiled
def is_same(a, b):
    """Whether two ends are alike, missing ones too."""
    return a == b or (np.isnan(a) and np.isnan(b))
