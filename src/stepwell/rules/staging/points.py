"""Spans of numbers -> points (docs/engine.md, 9)."""

from __future__ import annotations

import numpy as np

from stepwell.tables.row_type import NA

from ..compiled import compiled
from ..verdicts import MET, NOT_MET, judge
from .failed_trials import N_ADDED_TO, N_AUGMENTED, N_FAILED, N_RAISED
from .numbers import ADDED_TO, AUGMENTED, DURATION, ECT, FAILED, FAILED_PROCEDURE, RAISED, SEVERITY


@compiled
def most_of(counted, what, knows_drugs):
    """The possible number; NA where nobody can say."""
    return counted[what, 1] if knows_drugs else NA


@compiled
def reaches(counted, what, n, knows_drugs):
    """Whether a number is at least n."""
    return judge(counted[what, 0] >= n, not knows_drugs or counted[what, 1] >= n)


@compiled
def judge_procedure(asked, n_given, knows_procedures):
    """Whether it was given. That it failed is never known from its record."""
    is_given = n_given > 0
    if asked == FAILED_PROCEDURE:
        return judge(False, is_given or not knows_procedures)
    return judge(is_given, not knows_procedures)


@compiled
def find_points(number, counted, n_ect, knows_drugs, knows_diagnoses, knows_procedures, stagings, s, points):
    """Fills `points[item, 0]` (at least) and `points[item, 1]` (at most); NaN where the model does not ask, or nobody can say.
    `s` is the row of `stage` with the episode, the score and the psychosis found."""
    staging, item = stagings.staging[number], stagings.item[number]
    points[:, :] = np.nan
    if not staging.has_points:
        return
    n_days = s.n_days_episode
    grade_or_times(item[DURATION], n_days, n_days if s.is_onset_known == MET else NA, stagings.grade, points[DURATION])
    if item[SEVERITY].is_asked:
        find_severity_points(staging, stagings.band, s, points[SEVERITY])
    # A person who is staged has as many failed trials as the model asks for, though it may be unknown which.
    least = max(counted[N_FAILED, 0], staging.failed_at_least)
    grade_or_times(item[FAILED], least, most_of(counted, N_FAILED, knows_drugs), stagings.grade, points[FAILED])
    for which, what in ((RAISED, N_RAISED), (ADDED_TO, N_ADDED_TO), (AUGMENTED, N_AUGMENTED)):
        most = most_of(counted, what, knows_drugs)
        grade_or_times(item[which], counted[what, 0], most, stagings.grade, points[which])
    if item[ECT].is_asked:
        given = judge_procedure(item[ECT].option, n_ect, knows_procedures)
        points[ECT, 0] = item[ECT].each if given == MET else 0.0
        points[ECT, 1] = item[ECT].each if given != NOT_MET else 0.0


@compiled
def grade_or_times(item, least, most, grades, ends):
    """The points of the highest grade reached, and of the highest that may be; or so many points for each."""
    if not item.is_asked:
        return
    if not np.isnan(item.each):
        ends[0] = least * item.each
        ends[1] = np.nan if most == NA else most * item.each
        return
    ends[0] = points_of(item, 0 if least == NA else least, grades)
    ends[1] = grades[item.first_grade + item.n_grades - 1].points if most == NA else points_of(item, most, grades)


@compiled
def points_of(item, value, grades):
    """The points of the highest grade reached; 0 below the lowest."""
    points = 0.0
    for g in range(item.first_grade, item.first_grade + item.n_grades):
        if value >= grades[g].at_least:
            points = grades[g].points
    return points


@compiled
def find_severity_points(staging, bands, s, ends):
    """The points of the band of the latest score; unscored, anything from the least to the most. Where the score gives
    `psychotic_of` points and the episode is psychotic, `psychotic_points`."""
    points = np.nan
    for b in range(staging.first_band, staging.first_band + staging.n_bands):
        if bands[b].instrument == s.instrument and s.severity_total >= bands[b].at_least:
            points = bands[b].points
            break
    ends[0] = staging.least_severity if np.isnan(points) else points
    ends[1] = staging.most_severity if np.isnan(points) else points
    if not np.isnan(staging.psychotic_of):
        if points == staging.psychotic_of and s.is_psychotic == MET:
            ends[0] = staging.psychotic_points
        if (np.isnan(points) or points == staging.psychotic_of) and s.is_psychotic != NOT_MET:
            ends[1] = staging.psychotic_points


@compiled
def sum_of_points(number, stagings, points):
    """The sum of the items that are asked, and of what no record holds from its least to its most; NaN for a model without
    points."""
    staging = stagings.staging[number]
    least, most = np.nan, np.nan
    if staging.has_points:
        least, most = staging.unrecorded_at_least, staging.unrecorded_at_most
        for k in range(len(points)):
            if stagings.item[number, k].is_asked:
                least, most = least + points[k, 0], most + points[k, 1]
    return least, most


@compiled
def label_of(points, staging, ranges):
    """What so many points are called; where nobody can say how many, what the highest range is called."""
    last = staging.first_range + staging.n_ranges - 1
    if np.isnan(points):
        return ranges[last].label
    label = -1
    for r in range(staging.first_range, last + 1):
        if points >= ranges[r].at_least:
            label = ranges[r].label
    return label
