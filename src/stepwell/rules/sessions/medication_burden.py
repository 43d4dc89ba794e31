"""Series and exposures -> the medicines taken before, during and after a series (docs/engine.md, 13)."""

from __future__ import annotations

import numpy as np

from stepwell.tables import LOAD, TRIAL
from stepwell.tables.row_type import NA

from ..compiled import compiled
from ..days import observed_from_until
from ..exposure import sum_of
from ..trial import ANTIDEPRESSANT
from ..verdicts import MET, NOT_MET, UNKNOWN

BEFORE, DURING, AFTER = (LOAD.by_name["stretch"].values.index(s) for s in ("before", "during", "after"))
N_STRETCHES = 3
ANTIPSYCHOTIC, AUGMENTATION = (TRIAL.by_name["role"].values.index(r) for r in ("antipsychotic", "augmentation"))


@compiled
def find_medication_burden(number, series, person, exposures, drugs, periods, treatments, doses, rows):
    """One row is one series in one stretch: the medicines taken in it, and their greatest doses as shares of the label's. Fills
    the three `rows`.

    Rule: an ingredient counts in a stretch when its supply covers any day of it; the drugs of sessions themselves never do.
    Unknown when: the stretch was not observed without a break (`is_observed`); no dose and label are known (`label_share_pct`).
    """
    how = treatments.following[0]
    for stretch in range(N_STRETCHES):
        r = rows[stretch]
        r.treatment, r.series_number, r.stretch_number, r.stretch = number, series.series_number, stretch + 1, stretch
        r.start_day, r.end_day = series.start_day, series.end_day
        if stretch == BEFORE:
            r.start_day, r.end_day = series.start_day - how.stretch_before, series.start_day - 1
        elif stretch == AFTER:
            r.start_day, r.end_day = series.end_day + 1, series.end_day + how.stretch_after
        r.is_observed = NOT_MET if person.lacks_drugs else judge_observed(r.start_day, r.end_day, periods)
        count_medicines(exposures, drugs, treatments, doses, r)


@compiled
def judge_observed(from_day, until_day, periods):
    """Whether these days lie inside one unbroken observation; unknown for a person who was never observed."""
    if len(periods) == 0:
        return UNKNOWN
    observed_from, observed_until = observed_from_until(from_day, periods)
    return MET if observed_from != NA and observed_until >= until_day else NOT_MET


@compiled
def count_medicines(exposures, drugs, treatments, doses, r):
    """Exposures are in the order of their drugs, so that those of one drug follow one another."""
    r.n_antidepressants = r.n_psychotropics = r.n_dose_known = 0
    i, n_shares = 0, 0
    while i < len(exposures):
        drug, is_taken, most = exposures[i].drug, False, np.nan
        while i < len(exposures) and exposures[i].drug == drug:
            e = exposures[i]
            counts = drugs[drug].role != ANTIDEPRESSANT or e.is_antidepressant_use != NOT_MET
            if counts and e.start_day <= r.end_day and e.end_day >= r.start_day:
                is_taken = True
                if not np.isnan(e.mg_per_day) and (np.isnan(most) or e.mg_per_day > most):
                    most = e.mg_per_day
            i += 1
        if not is_taken or drugs[drug].role not in (ANTIDEPRESSANT, ANTIPSYCHOTIC, AUGMENTATION):
            continue
        r.n_psychotropics += 1
        r.n_antidepressants += drugs[drug].role == ANTIDEPRESSANT
        share = 100 * most / treatments.label_maximum[drug]
        if not np.isnan(share):
            doses[n_shares] = share
            n_shares += 1
    r.n_dose_known = n_shares
    r.label_share_pct = sum_of(doses, n_shares) if n_shares > 0 else np.nan
