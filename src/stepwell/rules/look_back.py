"""What lies behind a trial's first day: other drugs and diagnoses, inside one time of observation (docs/engine.md, 6)."""

from __future__ import annotations

from stepwell.tables.row_type import NA

from .code_gap import CONDITIONS, is_hidden
from .compiled import compiled
from .criterion_numbers import NONE
from .days import observed_from_until
from .diagnoses import find_diagnosed_days


@compiled
def look_back(t, trials, conditions, periods, gaps, asked, rule, sets, keys, j):
    """Fills in how many of the drugs, and days with the diagnoses, that the rule asks for lie behind the trial.

    Rule: only what lies inside the unbroken observation that holds the trial's first day; a course must begin and end in it.
    Unknown when: no observation period holds that day, or the trial is of a role that the rule is not about (NA); no such
    diagnosis was found, but records of those days may hide one (NA).
    """
    j.n_recent_drugs = j.n_recent_drugs_before = j.n_recent_diagnoses = NA
    if (rule.recent == NONE and rule.diagnosed == NONE) or not sets.drug[rule.of_role, t.drug]:
        return
    observed_from, observed_until = observed_from_until(t.start_day, periods)
    if observed_from == NA:
        return
    if rule.recent != NONE:
        recent = asked[rule.recent]
        j.n_recent_drugs = j.n_recent_drugs_before = 0
        for k in range(len(trials)):
            if is_recent(trials[k], t, recent, sets, observed_from, observed_until):
                j.n_recent_drugs += is_first_recent(k, trials, t, recent, sets, observed_from, observed_until, False)
                if trials[k].start_day < t.start_day:
                    j.n_recent_drugs_before += is_first_recent(
                        k, trials, t, recent, sets, observed_from, observed_until, True
                    )
    if rule.diagnosed != NONE:
        diagnosed = asked[rule.diagnosed]
        j.n_recent_diagnoses = 0
        for k in range(find_diagnosed_days(conditions, sets.codeset[diagnosed.set], keys)):
            if max(t.start_day - diagnosed.within, observed_from) <= keys[k] <= t.start_day:
                j.n_recent_diagnoses += 1
        from_day = t.start_day - diagnosed.within
        if j.n_recent_diagnoses == 0 and is_hidden(
            gaps, CONDITIONS, sets.codeset[diagnosed.set], from_day, t.start_day
        ):
            j.n_recent_diagnoses = NA


@compiled
def is_recent(u, t, recent, sets, observed_from, observed_until):
    """Whether the course `u` is one of the drugs asked, begun by the first day of `t` and not over long before it."""
    if not sets.drug[recent.set, u.drug] or u.start_day > t.start_day or u.end_day < t.start_day - recent.within:
        return False
    return u.start_day >= observed_from and u.end_day <= observed_until


@compiled
def is_first_recent(k, trials, t, recent, sets, observed_from, observed_until, is_before):
    """1 where no earlier row of the same drug was counted already, else 0. `is_before`: among those begun before `t`."""
    for i in range(k):
        u = trials[i]
        counts = u.drug == trials[k].drug and (not is_before or u.start_day < t.start_day)
        if counts and is_recent(u, t, recent, sets, observed_from, observed_until):
            return 0
    return 1
