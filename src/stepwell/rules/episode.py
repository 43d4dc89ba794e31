"""Trials and diagnoses -> episodes (docs/engine.md, 3)."""

from __future__ import annotations

from .code_gap import count_undated
from .compiled import compiled
from .diagnoses import find_diagnosed_days
from .trial import may_be_antidepressant


@compiled
def find_episodes(trials, conditions, gaps, is_depression, how, keys, episodes):
    """One row is one depressive episode as the records show it: antidepressant trials and diagnoses of depression without a
    pause of more than `how.episode_gap` days. Fills `episodes`, gives the trials their `episode_number`, and returns how many
    episodes there are. `is_depression` tells the code sets of depression. Diagnoses of them without a usable day may lie in the
    pause between two episodes, which are then one (`joined_number`).

    An added drug belongs to the episode that is running, or ended at most `how.episode_gap` days before it began.
    """
    n_diagnosed_days = find_diagnosed_days(conditions, is_depression, keys)
    n, i, d = 0, 0, 0
    while i < len(trials) or d < n_diagnosed_days:
        if i < len(trials) and not may_be_antidepressant(trials[i]):
            i += 1
            continue
        is_trial = i < len(trials) and (d >= n_diagnosed_days or trials[i].start_day <= keys[d])
        start = trials[i].start_day if is_trial else keys[d]
        if n == 0 or start - episodes[n - 1].end_day - 1 > how.episode_gap:
            e = episodes[n]
            n += 1
            e.episode_number, e.start_day, e.end_day, e.n_trials, e.n_diagnoses = n, start, start, 0, 0
            is_open = n > 1 and may_be_one(episodes[n - 2], start, gaps, is_depression, how)
            e.joined_number = episodes[n - 2].joined_number if is_open else n
        e = episodes[n - 1]
        if is_trial:
            trials[i].episode_number = n
            e.end_day = max(e.end_day, trials[i].end_day)
            e.n_trials += 1
            i += 1
        else:
            e.end_day = max(e.end_day, keys[d])
            e.n_diagnoses += 1
            d += 1
    for t in trials:
        if not may_be_antidepressant(t):
            for k in range(n):
                if episodes[k].start_day <= t.start_day <= episodes[k].end_day + how.episode_gap:
                    t.episode_number = k + 1
    return n


@compiled
def may_be_one(episode, next_start_day, gaps, is_depression, how):
    """Whether diagnoses without a usable day may fill the pause between an episode and the next, so that none is left that is
    too long."""
    pause = next_start_day - episode.end_day - 1
    n = count_undated(gaps, is_depression, episode.end_day + 1, next_start_day - 1)
    return n > 0 and pause <= how.episode_gap + n * (how.episode_gap + 1)
